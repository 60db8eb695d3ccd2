"""From texts that no thesaurus knows to decisions: counting them, and writing a decision into an institution's own file.

Guarantees: the count is bounded; a new version of a file loads, and holds all that the one before held. Refuses:
deciding, and keeping anything (both are the caller's). Comments of a file do not survive; its words do.

>>> text = new_thesaurus("midori-terms", "midori", "みどり健診センターの用語")
>>> text = extend(text, "upper_gi_endoscopy", "ポリープ", "隆起性ポリープ様")
>>> load_thesaurus(text).lookup("upper_gi_endoscopy", "隆起性 ポリープ様").text
'ポリープ'
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import yaml

from akashi.checkup.errors import VocabularyInvalid
from akashi.checkup.formats.maps import MODALITIES
from akashi.checkup.thesaurus.model import TermSection
from akashi.checkup.thesaurus.thesaurus import ALWAYS, Thesaurus, load_thesaurus

DISTINCT_LIMIT = 2000


class Unmatched:
    """Counts texts by a name (a modality), within a bound of distinct ones; ``beyond`` counts the others."""

    def __init__(self, limit: int = DISTINCT_LIMIT) -> None:
        self._limit = limit
        self._counts: Counter[tuple[str, str]] = Counter()
        self.beyond = 0

    def add(self, name: str, text: str, count: int = 1) -> None:
        """Count ``text``."""
        if (name, text) in self._counts or len(self._counts) < self._limit:
            self._counts[name, text] += count
        else:
            self.beyond += count

    def counts(self) -> dict[str, dict[str, int]]:
        """Name -> text -> how often; the most frequent first."""
        found: dict[str, dict[str, int]] = {}
        for (name, text), count in sorted(self._counts.items(), key=lambda pair: (pair[0][0], -pair[1], pair[0][1])):
            found.setdefault(name, {})[text] = count
        return found


def new_thesaurus(thesaurus_id: str, institution: str, label: str) -> str:
    """An institution's own file without words yet. Raises :class:`VocabularyInvalid` for a wrong id."""
    text = written(Thesaurus(thesaurus_id, 1, label, institution, ALWAYS, ()))
    load_thesaurus(text)
    return text


def extend(thesaurus_text: str, modality: str, finding: str, synonym: str) -> str:
    """The next version of a file, in which ``synonym`` means ``finding`` (a standard word) for ``modality``.

    Raises :class:`VocabularyInvalid` where the file is wrong, the modality unknown, or the synonym a negation or
    already another word's; its line is then one of the text that was not written.
    """
    known = load_thesaurus(thesaurus_text)
    if modality not in MODALITIES:
        raise VocabularyInvalid(line=0, what="unknown modality")
    sections = list(known.sections)
    homes = [place for place, one in enumerate(sections) if modality in one.modalities and finding in one.findings]
    alone = [place for place, one in enumerate(sections) if one.modalities == (modality,)]
    if not homes and not alone:
        sections.append(TermSection((modality,)))
        alone = [len(sections) - 1]
    place = (homes or alone)[0]
    synonyms = sections[place].findings.get(finding, ())
    words = {**sections[place].findings, finding: tuple(dict.fromkeys((*synonyms, synonym)))}
    sections[place] = replace(sections[place], findings=words)
    text = written(replace(known, version=known.version + 1, sections=tuple(sections)))
    load_thesaurus(text)
    return text


def written(one: Thesaurus) -> str:
    """A thesaurus as a file that loads to the same."""
    sections = [
        {
            "for": list(section.modalities),
            "locations": {word: list(texts) for word, texts in section.locations.items()},
            "findings": {word: list(texts) for word, texts in section.findings.items()},
            "nothing": list(section.nothing),
            "pairs": {word: list(texts) for word, texts in section.pairs.items()},
        }
        for section in one.sections
    ]
    document: dict[str, object] = {
        "thesaurus": "1",
        "id": one.thesaurus_id,
        "version": str(one.version),
        "label": one.label,
        "institution": one.institution,
    }
    if one.valid != ALWAYS:
        document["valid"] = {"from": one.valid[0].isoformat(), "to": one.valid[1].isoformat()}
    words = {"sides": one.sides, "qualifiers": one.qualifiers}
    document |= {name: {word: list(texts) for word, texts in table.items()} for name, table in words.items() if table}
    if one.spellings:
        document["spellings"] = dict(one.spellings)
    document["terms"] = sections
    return str(yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=1000))
