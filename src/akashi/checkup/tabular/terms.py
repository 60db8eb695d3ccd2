"""What a rule's words mean: the thesaurus of a findings column, the judgement vocabulary of each row's day.

Guarantees: a letter is read by the edition that held on the day of the visit; without a readable day, by that of the
day of conversion. Refuses: a map that names a vocabulary nobody gave, and reading a letter by another time's edition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from akashi.checkup.cells.dates import read_date
from akashi.checkup.cells.terms import of_edition, split_findings
from akashi.checkup.errors import MapInvalid
from akashi.checkup.formats.maps import LayoutMap, MapRule
from akashi.checkup.model import Finding, Status
from akashi.checkup.thesaurus.judgements import JudgementVocabulary
from akashi.checkup.thesaurus.lexicon import Lexicon
from akashi.checkup.thesaurus.queue import DISTINCT_LIMIT, Unmatched
from akashi.checkup.thesaurus.thesaurus import ALWAYS
from akashi.checkup.thesaurus.vocabulary import Vocabulary

NO_WORDS = Vocabulary()
UNMATCHED = "term.unmatched"
Fill = Callable[[tuple[str, ...]], tuple[str, ...]]


@dataclass(frozen=True)
class Words:
    """What a map's rules may ask on one day."""

    layout_map: LayoutMap
    vocabulary: Vocabulary
    on: date

    def lexicon(self, rule: MapRule) -> Lexicon | None:
        """The thesaurus words of a rule, if it names a modality that somebody knows."""
        if not rule.terms:
            return None
        return self.vocabulary.terms(rule.terms, self.layout_map.institution, self.on)

    def editions(self, rule: MapRule) -> tuple[JudgementVocabulary, ...]:
        """The editions of the rule's judgement vocabulary. Raises :class:`MapInvalid` where there is none."""
        if not rule.vocabulary:
            return ()
        found = self.vocabulary.editions(rule.vocabulary, self.layout_map.institution)
        if not found:
            raise MapInvalid(line=0, what=f"vocabulary {rule.vocabulary} is not known here")
        return found

    def dated(self, rule: MapRule) -> bool:
        """Whether the meaning of the rule's letters hangs on the day of the visit."""
        return any(one.valid != ALWAYS for one in self.editions(rule))

    def fill(self, rule: MapRule) -> Fill:
        """From the letter (and the text of the visit's day, where the file has it) to the letter with its edition."""
        editions, on = self.editions(rule), self.on

        def fill(cells: tuple[str, ...]) -> tuple[str, ...]:
            text, *day = cells
            if not text or text.isspace():
                return ("",)
            seen = read_date(day[0] if day else "", on)
            visit = date.fromisoformat(seen.standard) if seen.status is Status.VALUE else on
            number = next((place for place, one in enumerate(editions) if one.valid_on(visit)), None)
            return (of_edition(text, number),)

        return fill


class TermQueue:
    """Counts the cells that a thesaurus did not understand, and says at the end which of their parts a person should see."""

    def __init__(self, words: Words) -> None:
        self._rules = {rule.target: rule for rule in words.layout_map.rules if words.lexicon(rule) is not None}
        self._words = words
        self._cells: Counter[tuple[str, str]] = Counter()

    def take(self, finding: Finding) -> None:
        """Count a finding if it is one of a thesaurus."""
        if finding.code == UNMATCHED:
            cell = finding.item, finding.original
            if cell in self._cells or len(self._cells) < DISTINCT_LIMIT:
                self._cells[cell] += 1

    def counts(self) -> dict[str, dict[str, int]]:
        """Modality -> text not understood -> how often."""
        found = Unmatched()
        for (target, text), count in self._cells.items():
            rule = self._rules[target]
            lexicon = self._words.lexicon(rule)
            if lexicon is not None:
                chunks, _advice, _controls = split_findings(text, rule.separators, spaces=rule.spaces)
                for part in lexicon.unknown(chunks):
                    found.add(rule.terms, part, count)
        return found.counts()
