"""The values of forms: what a sheet says of an item, a workbook as plain cells, a mapping, matches, local wording, statements.

Guarantees: frozen values without behaviour. What people wrote (answers, evidence, comments, cells, official wording) does not show in
``repr`` and never enters an error. Rows and columns count from 1, as people see them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from akashi.conformity.errors import WORKBOOK_REASONS
from akashi.conformity.model import Reply, Verdict, Words


@dataclass(frozen=True, slots=True)
class FormRow:
    """What a sheet says of one item. ``date``: when it was confirmed, ISO 8601 (``2026-11-21``) or empty."""

    item: str
    reply: Reply | None = None
    text: str = field(default="", repr=False)
    """対応策, 対応状況 or 備考: what is done."""
    evidence: str = field(default="", repr=False)
    comment: str = field(default="", repr=False)
    date: str = ""
    assessed: Verdict | None = None
    """What the evaluator's block says."""


@dataclass(frozen=True, slots=True)
class FormFinding:
    """Something odd in one cell that was left out: ``where`` as ``sheet2!C5``, ``code`` a stable word."""

    where: str
    code: str


@dataclass(frozen=True, slots=True)
class FilledForm:
    """A form that came back: its rows that say anything, in the order of the sheet, and what was left out."""

    rows: tuple[FormRow, ...]
    findings: tuple[FormFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class CellSheet:
    """One sheet as plain text: cached values only, dates as ISO 8601, by (row, column)."""

    name: str = field(repr=False)
    number: int
    texts: Mapping[tuple[int, int], str] = field(repr=False)
    formulas: frozenset[tuple[int, int]] = frozenset()
    merged: tuple[tuple[int, int, int, int], ...] = ()
    """First row, first column, last row, last column."""


@dataclass(frozen=True, slots=True)
class CellBook:
    """A workbook as plain text. ``digest``: SHA-256 of the file."""

    digest: bytes
    sheets: tuple[CellSheet, ...]


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """How a user's own sheet is read: the headings that must be there, the column of each field, the words for replies."""

    name: str
    catalogue: str
    sheet: str
    """The sheet's name, or its number as decimal digits."""
    header_row: int
    header: Mapping[int, str]
    columns: Mapping[str, int]
    """Some of ``id clause text reply answer evidence comment date``."""
    replies: Mapping[Reply, str]
    first_row: int
    last_row: int
    """0: to the end."""


@dataclass(frozen=True, slots=True)
class MappedRow:
    """One row of the user's sheet as the mapping reads it; ``said`` names no item yet."""

    row: int
    id: str
    clause: str
    text: str = field(repr=False)
    said: FormRow


@dataclass(frozen=True, slots=True)
class Proposal:
    """A guess that a person confirms or not: this row is about this item. ``score``: likeness of the texts in per mille."""

    row: int
    item: str
    score: int


@dataclass(frozen=True, slots=True)
class Matching:
    """Rows of one file matched to items: by id or clause, exactly; the rest as proposals. ``digest`` names the file."""

    digest: bytes
    exact: Mapping[int, str]
    proposals: tuple[Proposal, ...]
    unmatched: tuple[int, ...]
    """Rows with neither."""
    missing: tuple[str, ...]
    """Items that no row was matched to exactly."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Official wording that a user attached to a catalogue here. ``digest``: SHA-256 of the user's file. Never shipped."""

    catalogue: str
    digest: bytes
    texts: Mapping[str, str] = field(repr=False)
    unmatched: tuple[int, ...] = ()
    """Lines or rows that no item was found for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a statement's outline; ``items`` of ``catalogue`` have answers that can fill it."""

    id: str
    title: str
    ask: str = ""
    """What belongs here, in a sentence."""
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an outline: 組織的, 物理的, 技術的 and so on."""

    id: str
    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """The form of a disclosure, a service level agreement or a table of roles: data, in our own words."""

    id: str
    title: str
    kind: str
    """``statement`` (free text) or ``roles`` (はい・いいえ and a date)."""
    catalogue: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A filled outline. ``subject``: the product or service; ``texts`` by entry id."""

    outline: str
    subject: str
    date: str
    texts: Mapping[str, str] = field(repr=False)


REASONS: Mapping[str, Words] = {code: Words(*said) for code, said in WORKBOOK_REASONS.items()}
"""What the reasons of a refused workbook mean, for people."""
