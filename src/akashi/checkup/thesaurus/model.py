"""What a thesaurus is made of: values only.

Guarantees: frozen; a term's text follows one rule. Refuses: showing a term in ``repr`` (it is somebody's result).

>>> Term("ポリープ", ("胃体部",), ("疑い",)).text
'胃体部 ポリープ（疑い）'
>>> Term("脂肪肝").text
'脂肪肝'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class WordKind(Enum):
    """What a word of a text is. A FILLER adds nothing; NOTHING says that there is no finding."""

    FINDING = "finding"
    LOCATION = "location"
    SIDE = "side"
    QUALIFIER = "qualifier"
    NOTHING = "nothing"
    FILLER = "filler"


@dataclass(frozen=True, slots=True)
class Word:
    """The meaning of one spelling: its kind and the standard word."""

    kind: WordKind
    standard: str


@dataclass(frozen=True, slots=True)
class Term:
    """One finding as a thesaurus says it. Locations carry their side; qualifiers (疑い, 軽度, 5mm) stand as in the text."""

    finding: str = field(repr=False)
    locations: tuple[str, ...] = field(default=(), repr=False)
    qualifiers: tuple[str, ...] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        """``location・location finding（qualifier・qualifier）``; what is absent leaves no sign."""
        place = "・".join(self.locations) + " " if self.locations else ""
        more = f"（{'・'.join(self.qualifiers)}）" if self.qualifiers else ""
        return f"{place}{self.finding}{more}"


@dataclass(frozen=True, slots=True)
class TermSection:
    """Words of some modalities: standard -> synonyms. ``pairs``: finding -> the only locations it may stand with."""

    modalities: tuple[str, ...]
    locations: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    findings: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    nothing: tuple[str, ...] = field(default=(), repr=False)
    pairs: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Grade:
    """One judgement of one vocabulary. ``rank`` orders grades within it (1 is best) and says nothing beyond it."""

    word: str
    rank: int
    vocabulary: str
