"""The standard CSV read back into neutral records, by the format definition it was written with.

Guarantees: original and standard stand side by side again; an apostrophe that the writer put before a formula is taken
off, and no other. Refuses: a heading that is not the definition's. Trusts: the definition for what a column is.

>>> unmarked("'=1+1"), unmarked("'quoted'"), unmarked("''=1+1")
('=1+1', "'quoted'", "'=1+1")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import BinaryIO

from akashi.checkup.cells.dates import parse_date
from akashi.checkup.cells.terms import read_sex
from akashi.checkup.errors import EmptyFile, LayoutUnknown, NoRows
from akashi.checkup.formats.definitions import FormatDefinition
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import Finding, ItemResult, NeutralRecord, Outcome, Status
from akashi.checkup.readers.lines import rows_cp932
from akashi.checkup.readers.values import CodedValues, FindingSink
from akashi.checkup.rules import RowFit, row_fit
from akashi.checkup.tabular.reading import DEFAULT_LIMIT, open_source
from akashi.checkup.writers.standard_csv import is_formula

MAP_ID = "format:akashi-csv"
_TELLING = ("standard", "judgement", "text")
DATE_FIELDS = frozenset({"person.birth", "visit.date", "visit.created", "ticket.expires"})


def unmarked(text: str) -> str:
    """``text`` without the apostrophe that the writer puts before a formula."""
    return text[1:] if text.startswith("'") and is_formula(text) else text


def _field(target: str, text: str) -> tuple[str, str]:
    """(value or nothing, finding code or nothing) of a personal column."""
    if target == "person.sex":
        sex = read_sex(text)
        return sex.coded, "".join(sex.findings)
    if target in DATE_FIELDS:
        day = parse_date(text)
        return (day.isoformat(), "") if day is not None else ("", "cell.date")
    return text, ""


class StandardRow:
    """Turns rows of one definition into records; also what the writer asks what its own row would mean."""

    def __init__(
        self, definition: FormatDefinition, items: ItemTable, sink: FindingSink | None, on: date = date.max
    ) -> None:
        self._items, self._sink = items, sink
        self._values = CodedValues(items, on, by_label=True)
        self._columns = definition.columns
        self._fields = [column for column in definition.columns if column.kind == "field"]
        self._places: dict[tuple[str, int], dict[str, int]] = {}
        # Where a row must say something for the item to be there at all.
        self._telling: list[tuple[str, int, tuple[int, ...]]] = []
        for column in definition.columns:
            if column.kind not in {"field", "spare"}:
                place = self._places.setdefault((column.source, column.occurrence), {})
                place.setdefault(column.kind, column.number - 1)
        for (code, occurrence), place in self._places.items():
            telling = tuple(place[kind] for kind in _TELLING if kind in place)
            if telling:
                self._telling.append((code, occurrence, telling))

    def _say(self, code: str, at: tuple[int, int], place: int, text: str) -> None:
        if self._sink is not None:
            column = self._columns[place]
            self._sink(Finding(code, at[0], at[1], place + 1, column.name, text, column.source))

    def record(self, number: int, line: int, row: Sequence[str]) -> NeutralRecord:
        """The record of a row whose apostrophes are already taken off."""
        at = number, line
        fields: dict[str, str] = {}
        originals: dict[str, str] = {}
        for column in self._fields:
            text = row[column.number - 1].strip()
            if not text:
                continue
            originals[column.source] = text
            value, finding = _field(column.source, text)
            if value:
                fields[column.source] = value
            if finding:
                self._say(finding, at, column.number - 1, text)
        results: list[ItemResult] = []
        for code, occurrence, telling in self._telling:
            for place in telling:
                if row[place]:
                    made = self._result(code, occurrence, row, at)
                    if made is not None:
                        results.append(made)
                    break
        return NeutralRecord(number, line, MAP_ID, self._items.table_id, fields, originals, tuple(results))

    def _result(self, code: str, occurrence: int, row: Sequence[str], at: tuple[int, int]) -> ItemResult | None:
        places = self._places[code, occurrence]

        def cell(kind: str) -> str:
            place = places.get(kind)
            return row[place].strip() if place is not None else ""

        shown, judgement, text = cell("standard"), cell("judgement"), cell("text")
        outcome = self._values.read(code, shown) if shown else Outcome()
        if outcome.status is Status.EMPTY and not judgement and not text:
            return None
        for finding in outcome.findings:
            self._say(finding, at, places["standard"], shown)
        item = self._items.items.get(code)
        return ItemResult(
            code=code, occurrence=occurrence, status=outcome.status, unit=cell("unit") or (item.unit if item else ""),
            original=cell("original") if "original" in places else shown, standard=outcome.standard,
            coded=outcome.coded, qualifier=outcome.qualifier, low=cell("low"), high=cell("high"),
            flag=cell("flag"), judgement=judgement, judgement_standard=judgement, method=cell("method"), text=text,
            group=item.group if item else "", name=item.name if item else "",
        )  # fmt: skip


def _rows(stream: BinaryIO, definition: FormatDefinition, limit_bytes: int) -> Iterator[tuple[int, list[str]]]:
    if definition.encoding == "cp932":
        return rows_cp932(stream, limit_bytes)
    source = open_source(stream, limit_bytes)
    source.delimiter = ","
    return source.rows()


def is_standard(row: Sequence[str], definition: FormatDefinition) -> bool:
    """Whether a first row is the heading of ``definition``."""
    return definition.heading and [unmarked(cell) for cell in row] == [column.name for column in definition.columns]


def read_standard(
    stream: BinaryIO,
    definition: FormatDefinition,
    items: ItemTable,
    *,
    on: date,
    finding_sink: Callable[[Finding], None] | None = None,
    limit_bytes: int = DEFAULT_LIMIT,
) -> Iterator[NeutralRecord]:
    """The neutral records of a standard CSV. Raises the reading errors, ``LayoutUnknown`` and ``NoRows``."""
    rows = _rows(stream, definition, limit_bytes)
    if definition.heading:
        _line, names = next(rows, (0, []))
        if not names:
            raise EmptyFile
        if not is_standard(names, definition):
            raise LayoutUnknown(columns=len(names))
    made = StandardRow(definition, items, finding_sink, on)
    size, number = len(definition.columns), 0
    for line, row in rows:
        number += 1
        if row_fit(row, size) is RowFit.BROKEN:
            if finding_sink is not None:
                finding_sink(Finding("row.width", number, line, 0))
            continue
        yield made.record(number, line, [unmarked(cell) if cell[:1] == "'" else cell for cell in row[:size]])
    if not number:
        raise NoRows
