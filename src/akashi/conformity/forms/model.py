"""The values of forms: what a sheet says of an item, a workbook as plain cells, a mapping, matches, local wording, statements.

Guarantees: frozen values without behaviour. What people wrote (answers, evidence, comments, cells, official wording) does not show in
``repr`` and never enters an error. Rows and columns count from 1, as people see them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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


REASONS: Mapping[str, Words] = {
    "another_file": Words("突き合わせたときの Excel と違います", "not the file that was matched"),
    "bomb": Words("展開すると大きすぎます", "unpacks to too much"),
    "broken_zip": Words("ファイルが壊れています", "the file is damaged"),
    "cell_order": Words("セルの並びが正しくありません", "cells out of order"),
    "compression": Words("使えない圧縮方式です", "a compression that is not supported"),
    "doctype": Words("外部の定義を含んでいます", "contains a document type declaration"),
    "duplicate": Words("同じ番号が二度あります", "the same id twice"),
    "duplicate_member": Words("同じ名前の部品が二つあります", "two parts of one name"),
    "duplicate_sheet": Words("同じシートが二つあります", "the same sheet twice"),
    "encoding": Words("文字コードが UTF-8 ではありません", "not UTF-8"),
    "encrypted_or_old": Words(
        "パスワード付きか古い形式（.xls）です。.xlsx で保存し直してください", "encrypted, or an old .xls"
    ),
    "formula": Words("数式の入ったセルには書き込みません", "a formula is not overwritten"),
    "header": Words("見出しが違います", "another heading"),
    "heading": Words("この様式にない見出しです", "a heading that the form does not have"),
    "id": Words("この様式にない項目です", "an item that the form does not have"),
    "macro": Words("マクロを含むファイルは読みません", "contains macros"),
    "member_name": Words("部品の名前が正しくありません", "a part's name is not allowed"),
    "merged": Words("結合されたセルがあります", "merged cells"),
    "no_clause": Words("条項が一つも見つかりません", "no clause was found"),
    "no_workbook": Words("Excel（.xlsx）のファイルではありません", "not an .xlsx workbook"),
    "not_open": Words("この行または項目は、もう決まっているか、ありません", "this row or item is not open"),
    "other_form": Words("別の様式です", "another form"),
    "reference": Words("セルの番地が正しくありません", "no such cell"),
    "row_added": Words("行が足されています", "a row was added"),
    "row_changed": Words("印刷された文か並びが変わっています", "printed sentences or their order changed"),
    "row_missing": Words("行が消えています", "rows are missing"),
    "sheet": Words("シートがありません", "no such sheet"),
    "string_index": Words("文字の表が壊れています", "the table of strings is damaged"),
    "too_large": Words("ファイルが大きすぎます", "the file is too large"),
    "too_long": Words("一つのセルに入りきらない長さです", "longer than a cell can hold"),
    "too_many_cells": Words("セルが多すぎます", "too many cells"),
    "too_many_merged": Words("結合が多すぎます", "too many merged areas"),
    "too_many_rows": Words("行が多すぎます（5万行まで）", "too many rows (50,000 at most)"),
    "too_many_sheets": Words("シートが多すぎます（64枚まで）", "too many sheets (64 at most)"),
    "too_many_strings": Words("文字の表が大きすぎます", "too many strings"),
    "xml": Words("中身を読み取れません", "the content cannot be read"),
}
"""What the reasons of a refused workbook mean, for people."""
