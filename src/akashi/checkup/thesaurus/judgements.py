"""Judgement vocabularies: an institution's letters, their words and their order, for certain days.

Guarantees: within one vocabulary a sign has one meaning. Refuses: comparing grades of two vocabularies, and two
editions of one vocabulary that hold on the same day (``vocabulary``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from akashi.checkup.cells.fold import key
from akashi.checkup.errors import VocabularyInvalid
from akashi.checkup.formats.documents import Node, SchemaError, parse
from akashi.checkup.thesaurus.model import Grade
from akashi.checkup.thesaurus.thesaurus import dates, identifier
from akashi.errors import Misuse


@dataclass(frozen=True)
class JudgementVocabulary:
    """One file: one edition of a vocabulary. ``words`` are folded signs and words (:func:`fold.key`) -> standard words."""

    vocabulary_id: str
    version: int
    label: str
    institution: str
    valid: tuple[date, date]
    words: Mapping[str, str] = field(repr=False)
    ranks: Mapping[str, int] = field(repr=False)
    digest: bytes = field(default=b"", repr=False, compare=False)

    def valid_on(self, day: date) -> bool:
        """Whether ``day`` lies within its dates, both ends included."""
        return self.valid[0] <= day <= self.valid[1]

    def grade(self, text: str) -> Grade | None:
        """What a sign or word means here; ``None`` where it is not in the vocabulary."""
        word = self.words.get(key(text))
        return Grade(word, self.ranks[word], f"{self.vocabulary_id}/{self.version}") if word is not None else None


def worse(one: Grade, other: Grade) -> Grade:
    """The worse of two grades (the first where they are equal). Raises :class:`Misuse` across vocabularies."""
    if one.vocabulary != other.vocabulary:
        raise Misuse(what="grades of two vocabularies")
    return other if other.rank > one.rank else one


def _grades(node: Node) -> tuple[dict[str, str], dict[str, int]]:
    words: dict[str, str] = {}
    ranks: dict[str, int] = {}
    least = 1
    for child in node.items():
        found = child.fields({"word", "rank", "signs"})
        word, rank = found["word"].text(), found["rank"].integer(1, 99)
        if rank < least:
            raise found["rank"].wrong("grades are listed from best to worst")
        if not key(word) or word in ranks:
            raise found["word"].wrong("a word is expected, each once")
        ranks[word], least = rank, rank
        for place in (found["word"], *found["signs"].items()):
            sign = key(place.text())
            if not sign or words.setdefault(sign, word) != word:
                raise place.wrong("a sign with two meanings, or none")
    if not words:
        raise node.wrong("at least one grade is expected")
    return words, ranks


def _load(text: str) -> JudgementVocabulary:
    found = parse(text).fields({"judgements", "id", "label", "grades"}, {"version", "institution", "valid"})
    if found["judgements"].text() != "1":
        raise found["judgements"].wrong("only schema 1 is known")
    words, ranks = _grades(found["grades"])
    return JudgementVocabulary(
        vocabulary_id=identifier(found["id"]),
        version=found["version"].integer(1, 99_999) if "version" in found else 1,
        label=found["label"].text(),
        institution=found["institution"].text() if "institution" in found else "",
        valid=dates(found),
        words=words,
        ranks=ranks,
        digest=sha256(text.encode()).digest(),
    )


def load_judgements(text: str) -> JudgementVocabulary:
    """Parse a judgement vocabulary strictly. Raises :class:`VocabularyInvalid` with the line."""
    try:
        return _load(text)
    except SchemaError as error:
        raise VocabularyInvalid(line=error.line, what=error.what) from None
