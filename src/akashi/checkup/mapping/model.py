"""What is said about the columns of a file nobody has mapped yet: values only.

Guarantees: frozen; examples are masked texts. Refuses: cell values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from akashi.checkup.model import Coverage, Role


class Decision(Enum):
    """How far a person has come with a column (knowledge 2.4). WATCH: empty so far, tell when it fills."""

    UNREVIEWED = "unreviewed"
    ADOPT = "adopt"
    IGNORE = "ignore"
    NEEDS_CONFIRMATION = "needs_confirmation"
    DEFERRED = "deferred"
    WATCH = "watch"


class Placing(Enum):
    """What the draft proposes for a column. DECIDES: its words choose between two items of another column."""

    MAP = "map"
    DECIDES = "decides"
    IGNORE = "ignore"
    SPARE = "spare"
    WATCH = "watch"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable code and what it is about (a word of our list, an item's name, a column number; never a cell)."""

    code: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a column may be. ``confidence`` runs from 0 to 100. ``when_column`` counts from 1 (0: no condition)."""

    placing: Placing
    confidence: int
    reasons: tuple[Reason, ...]
    target: str = ""
    role: Role = Role.VALUE
    occurrence: int = 1
    kind: str = ""
    unit: str = ""
    factor: str = "1"
    digits: int = 0
    table: str = ""
    when_column: int = 0
    when_words: tuple[str, ...] = ()
    terms: str = ""
    """The modality whose thesaurus reads a column of findings."""


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """What the cells of a column look like. Shares run from 0 to 1 and count the filled cells.

    ``words`` (folded, where there are few) and ``middle`` are cells: they exist only while a draft is made, never in a :class:`Draft`.
    """

    rows: int
    filled: int
    distinct: int
    kind: str
    shares: Mapping[str, float]
    examples: tuple[str, ...]
    words: tuple[str, ...] = field(default=(), repr=False)
    middle: float | None = field(default=None, repr=False)

    @property
    def blank_rate(self) -> float:
        """Share of the rows in which the cell is empty; 1 where there are no rows."""
        return 1 - self.filled / self.rows if self.rows else 1.0


@dataclass(frozen=True, slots=True)
class ColumnDraft:
    """One column of the file: heading, shape, proposal, and up to three others. ``column`` counts from 1.

    ``twins`` holds further proposals that share the column (exclusive-one); ``suggested`` is what a person may simply confirm.
    """

    column: int
    heading: str = field(repr=False)
    shape: ColumnShape
    proposal: Proposal
    alternatives: tuple[Proposal, ...] = ()
    twins: tuple[Proposal, ...] = ()
    suggested: Decision = Decision.NEEDS_CONFIRMATION
    state: Decision = Decision.UNREVIEWED


@dataclass(frozen=True, slots=True)
class Choice:
    """A person's decision about one column; with ``proposal`` another than the drafted one."""

    state: Decision
    proposal: Proposal | None = None


@dataclass(frozen=True)
class Draft:
    """A proposal for a whole layout. ``tables`` are lookup tables the proposals name."""

    institution: str
    on: date
    encoding: str
    delimiter: str
    layout_hash: str
    headers: tuple[tuple[str, ...], ...] = field(repr=False)
    columns: tuple[ColumnDraft, ...] = field(repr=False)
    tables: Mapping[str, Mapping[str, str]] = field(repr=False)
    sampled_rows: int = 0

    def counts(self) -> dict[str, int]:
        """Columns per placing, and how many proposals want a person's eye."""
        found = {placing.value: 0 for placing in Placing}
        for column in self.columns:
            found[column.proposal.placing.value] += 1
        doubtful = sum(column.suggested is Decision.NEEDS_CONFIRMATION for column in self.columns)
        return found | {"needs_confirmation": doubtful}


@dataclass(frozen=True, slots=True)
class ItemFilling:
    """How often one target of a map was filled in the rows looked at."""

    target: str
    role: Role
    occurrence: int
    filled: int
    distinct: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LayoutChange:
    """How the file's headings differ from what the map expects. Names are headings."""

    known: bool
    vanished: tuple[str, ...] = field(repr=False)
    unmapped: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class MapCheck:
    """A dry run. Column names are headings; ``unmatched`` counts distinct words per table or kind; nothing is a cell value."""

    map_id: str
    rows: int
    coverage: Coverage
    used: tuple[str, ...] = field(repr=False)
    ignored: tuple[str, ...] = field(repr=False)
    spare: tuple[str, ...] = field(repr=False)
    watched: tuple[str, ...] = field(repr=False)
    undecided: tuple[str, ...] = field(repr=False)
    filling: tuple[ItemFilling, ...] = field(repr=False)
    blank_rates: Mapping[str, float] = field(repr=False)
    unmatched: Mapping[str, int]
    counts: Mapping[str, int]
    layout: LayoutChange


class ChangeKind(Enum):
    """What happened to one thing of a map between two versions."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``what`` names the thing (a target with its role, a table, a setting), ``field`` the property."""

    kind: ChangeKind
    what: str
    field: str
    before: str = ""
    after: str = ""
    ja: str = ""
    en: str = ""
