"""Neutral records, whatever format they came from, written as the standard CSV of a format definition.

Guarantees: the same cells as the compiled engine (``tabular``) writes for the same record, finished by the same
``Finisher``; an item without a column, and a unit that is not the column's, are said. Refuses: filling a column that
the record says nothing about.

Where the engine knows more than the record: it writes ranges, flags and methods of an examination that has no result,
and an original of nothing but separators; a record has no item for these (docs/checkup-readers.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import BinaryIO, NamedTuple

from akashi.checkup.cells.fold import clean, key
from akashi.checkup.cells.numbers import WORD_OF_QUALIFIER
from akashi.checkup.cells.terms import NOT_DONE, SEX_LABELS, UNMEASURABLE, read_absence
from akashi.checkup.formats.definitions import FormatColumn, FormatDefinition
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import ItemResult, NeutralRecord, Status
from akashi.checkup.readers.standard_csv import DATE_FIELDS, StandardRow, unmarked
from akashi.checkup.readers.values import MEASURED, CodedValues, is_date
from akashi.checkup.writers.standard_csv import Finisher, heading, is_formula, write_lines
from akashi.checkup.writers.tally import FindingSink, Tally, bound, contradicts, in_signs_of

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ABSENT = {Status.NOT_DONE: NOT_DONE, Status.UNMEASURABLE: UNMEASURABLE}
_SIGN_OF = {"iso": "-", "compact": "", "slash": "/"}


class Shown(NamedTuple):
    """One text of one record with its column."""

    column: FormatColumn
    finish: Finisher
    text: str
    item: str


class _Place(NamedTuple):
    column: FormatColumn
    finish: Finisher


def _dated(text: str, dates: str) -> str:
    return text.replace("-", _SIGN_OF[dates]) if _ISO.fullmatch(text) else text


def _field(record: NeutralRecord, target: str, dates: str) -> str:
    """A field as the standard CSV shows it; what could not be read stands there as it was written."""
    text = record.fields.get(target, "")
    if not text:
        original = record.originals.get(target, "")
        absent = read_absence(original)
        return absent.standard if absent is not None else clean(original)[0]
    if target == "person.sex":
        return SEX_LABELS.get(text, text)
    return _dated(text, dates) if target in DATE_FIELDS else text


_SIMPLE: dict[str, Callable[[ItemResult], str]] = {
    "original": lambda result: result.original.strip(),
    "judgement": lambda result: result.judgement_standard or result.judgement,
    "low": lambda result: result.low,
    "high": lambda result: result.high,
    "flag": lambda result: result.flag,
    "method": lambda result: result.method,
    "text": lambda result: result.text,
}


class StandardLines:
    """Turns records into lines of one definition."""

    def __init__(self, definition: FormatDefinition, items: ItemTable, tally: Tally) -> None:
        self._items, self._tally, self._dates = items, tally, definition.dates
        self._understood = CodedValues(items, date.max)
        # Where another unit than the column's has a place of its own; elsewhere it stays with its number.
        self._with_unit: set[tuple[str, int]] = set()
        self._blank = [b""] * len(definition.columns)
        self._fields: list[_Place] = []
        self._places: dict[tuple[str, int], list[_Place]] = {}
        for column in definition.columns:
            place = _Place(column, Finisher(column.max_bytes, definition.encoding, b""))
            if column.kind == "field":
                self._fields.append(place)
            elif column.kind != "spare":
                if column.kind == "unit":
                    self._with_unit.add((column.source, column.occurrence))
                self._places.setdefault((column.source, column.occurrence), []).append(place)

    def _cell(self, column: FormatColumn, result: ItemResult, record: NeutralRecord) -> str:
        if column.kind in _SIMPLE:
            return _SIMPLE[column.kind](result)
        item = self._items.items.get(result.code)
        measured = result.status in MEASURED and (item is None or item.type == "PQ")
        other = measured and column.unit and result.unit and key(column.unit) != key(result.unit)
        if other:
            # A number is never put under another unit's heading unsaid.
            self._tally.say("cell.unit", record, result.code, column.name, result.unit)
        if column.kind == "standard":
            text = self._standard(result, record)
            if other and (result.code, result.occurrence) not in self._with_unit:
                text += result.unit
            return _dated(text, self._dates) if item is not None and is_date(item) else text
        if not measured:
            return ""
        return result.unit if other else column.unit or result.unit

    def _standard(self, result: ItemResult, record: NeutralRecord) -> str:
        """The text, unless it would be read as a number that nobody stated: an unread one, or one whose mark is turned round."""
        item = self._items.items.get(result.code)
        if item is None or item.type != "PQ":
            return result.standard
        if result.status in MEASURED and not contradicts(result):
            plain, sign = bound(result)
            return plain + WORD_OF_QUALIFIER.get(sign, "")
        unread = result.status is Status.UNMATCHED
        if not unread and result.status not in MEASURED:
            return _ABSENT.get(result.status, "")
        if unread and self._understood.read(result.code, result.standard).status is Status.UNMATCHED:
            return result.standard
        self._tally.say("write.left_out", record, result.code, original=result.original)
        return ""

    def shown(self, record: NeutralRecord) -> Iterator[Shown]:
        """Every text that the definition shows of ``record``, and findings about what it does not show."""
        for column, finish in self._fields:
            yield Shown(column, finish, _field(record, column.source, self._dates), column.source)
        for result in record.items:
            places = self._places.get((result.code, result.occurrence))
            if places is None or result.system:
                if result.status is not Status.EMPTY:
                    self._tally.say("write.no_column", record, result.code, original=result.original)
                continue
            for column, finish in places:
                text = self._cell(column, result, record)
                if text:
                    yield Shown(column, finish, text, result.code)

    def line(self, record: NeutralRecord) -> bytes:
        """The finished line of ``record``."""
        cells = self._blank[:]
        for column, finish, text, item in self.shown(record):
            cells[column.number - 1], marks = finish(text)
            for code in marks:
                self._tally.say(code, record, item, column.name, text)
        return b",".join(cells) + b"\r\n"


def write_standard(
    records: Iterable[NeutralRecord],
    definition: FormatDefinition,
    items: ItemTable,
    out: BinaryIO,
    *,
    finding_sink: FindingSink | None = None,
) -> dict[str, int]:
    """Write ``records`` as the standard CSV; returns ``rows.out`` and findings per code."""
    tally = Tally(finding_sink)
    lines = StandardLines(definition, items, tally)

    def finished() -> Iterator[bytes]:
        yield heading(definition)
        for record in records:
            tally.records += 1
            yield lines.line(record)

    write_lines(out, finished())
    return tally.counts()


def expressible_standard(record: NeutralRecord, definition: FormatDefinition, items: ItemTable) -> NeutralRecord:
    """``record`` as far as ``definition`` has columns for it, in the signs of its encoding.

    No performer, and no answer code beside a text that the item's answer table does not have.
    """
    cells = [""] * len(definition.columns)
    for column, _finish, text, _item in StandardLines(definition, items, Tally(None)).shown(record):
        marked = f"'{text}" if is_formula(text) else text
        cells[column.number - 1] = unmarked(in_signs_of(marked, definition.encoding)[0])
    return StandardRow(definition, items, None).record(record.row, record.line, cells)
