"""All thesauri and judgement vocabularies that a conversion may use, and which of them holds where and when.

Guarantees: an institution's own words win over general ones, a later file over an earlier one; of a judgement
vocabulary with an institution's own editions only these count. Refuses: two editions on one day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from akashi.checkup.errors import VocabularyInvalid
from akashi.checkup.formats.documents import SchemaError, parse
from akashi.checkup.thesaurus.judgements import JudgementVocabulary, load_judgements
from akashi.checkup.thesaurus.lexicon import Lexicon
from akashi.checkup.thesaurus.thesaurus import Thesaurus, lexicon, load_thesaurus


@dataclass(frozen=True)
class Vocabulary:
    """What is known about words. General thesauri stand before those of institutions, whatever their order here."""

    thesauri: tuple[Thesaurus, ...] = ()
    judgements: tuple[JudgementVocabulary, ...] = ()
    _made: dict[tuple[str, tuple[int, ...]], Lexicon] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse two editions of one thing on one day (:class:`VocabularyInvalid`, line 0)."""
        _refuse_overlaps([(f"{one.institution}/{one.thesaurus_id}", one.valid) for one in self.thesauri])
        _refuse_overlaps([(f"{one.institution}/{one.vocabulary_id}", one.valid) for one in self.judgements])

    def terms(self, modality: str, institution: str, on: date) -> Lexicon | None:
        """The words of a modality for an institution on a day; ``None`` where there are none."""
        places = [
            place
            for general in (True, False)
            for place, one in enumerate(self.thesauri)
            if one.institution == ("" if general else institution)
            and (general or institution)
            and one.valid_on(on)
            and modality in one.modalities
        ]
        if not places:
            return None
        wanted = (modality, tuple(places))
        if wanted not in self._made:
            self._made[wanted] = lexicon(modality, [self.thesauri[place] for place in places])
        return self._made[wanted]

    def editions(self, vocabulary_id: str, institution: str) -> tuple[JudgementVocabulary, ...]:
        """The editions of a judgement vocabulary for an institution, by their days; none where nobody knows it."""
        known = [one for one in self.judgements if one.vocabulary_id == vocabulary_id]
        own = [one for one in known if institution and one.institution == institution]
        chosen = own or [one for one in known if not one.institution]
        return tuple(sorted(chosen, key=lambda one: one.valid))

    def judgement(self, vocabulary_id: str, institution: str, day: date) -> JudgementVocabulary | None:
        """The edition that holds on ``day``."""
        return next((one for one in self.editions(vocabulary_id, institution) if one.valid_on(day)), None)


def load_vocabulary(texts: Sequence[str]) -> Vocabulary:
    """Thesauri and judgement vocabularies, told apart by their first keys. Raises :class:`VocabularyInvalid`."""
    thesauri: list[Thesaurus] = []
    judgements: list[JudgementVocabulary] = []
    for text in texts:
        try:
            is_judgements = "judgements" in parse(text).table()
        except SchemaError as error:
            raise VocabularyInvalid(line=error.line, what=error.what) from None
        if is_judgements:
            judgements.append(load_judgements(text))
        else:
            thesauri.append(load_thesaurus(text))
    return Vocabulary(tuple(thesauri), tuple(judgements))


def _refuse_overlaps(named: Sequence[tuple[str, tuple[date, date]]]) -> None:
    ordered = sorted(named)
    for (name, days), (other, later) in pairwise(ordered):
        if name == other and later[0] <= days[1]:
            raise VocabularyInvalid(line=0, what=f"two editions of {name.split('/')[1]} on one day")
