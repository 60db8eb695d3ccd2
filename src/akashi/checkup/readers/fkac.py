"""FKAC522: the results that the 国保連合会's 特定健診等データ管理システム takes and gives as CSV.

Guarantees: the four record types are told apart by their first cell: 1 the insurer and the file's date, 2 the
institution, the day and the item codes of the columns, 5 one person, 9 the number of persons, which is compared.
Refuses: persons before the item codes or after the count; meanings that no public source gives: those cells stay
among the originals, under the names that begin with ``fkac.``. Trusts: the item table for what a code is.

The columns are facts read from public programs that read and write such files (docs/checkup-readers.md); to correct
one, correct the tables here: reader and writer have no other knowledge of the format.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import BinaryIO, NamedTuple

from akashi.checkup.cells.fold import fold
from akashi.checkup.cells.kinds import CellRule, Reader, reader
from akashi.checkup.errors import NoRows, NotThisFormat
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import Finding, ItemResult, NeutralRecord, Status
from akashi.checkup.readers.lines import rows_cp932
from akashi.checkup.readers.values import CodedValues, FindingSink, is_code
from akashi.checkup.tabular.reading import DEFAULT_LIMIT

MAP_ID = "format:fkac522"
SIGN = "FKAC522"
FILE, COLUMNS, PERSON, COUNT = "1", "2", "5", "9"


class Cell(NamedTuple):
    """One cell before the examinations: number from 1, Japanese name, target (or name for the originals), kind."""

    number: int
    name: str
    target: str
    kind: str = "text"
    digits: int = 0


# fmt: off
FILE_CELLS = (
    Cell(2, "保険者番号", "insurance.insurer", "digits", 8),
    Cell(3, "保険者名", "insurance.insurer_name"),
    Cell(4, "作成日", "visit.created", "date"),
)
SIGN_COLUMN = 5
COLUMNS_CELLS = (
    Cell(2, "健診機関番号", "institution.code", "digits", 10),
    Cell(3, "健診機関名", "institution.name"),
    Cell(4, "健診年月日", "visit.date", "date"),
    Cell(5, "（不明）", "fkac.columns.5"),
    Cell(6, "（不明）", "fkac.columns.6"),
)
# NAME is one cell; whether it is kana is seen from its signs.
NAME = "fkac.name"
PERSON_CELLS = (
    Cell(2, "（不明）", "fkac.person.2"),
    Cell(3, "氏名", NAME),
    Cell(4, "被保険者番号", "insurance.number"),
    Cell(5, "生年月日", "person.birth", "date"),
    Cell(6, "整理番号", "ticket.number", "digits", 11),
)
FIRST_ITEM = 7
# fmt: on

_KANA = re.compile(r"[ァ-ヶー・ヽヾｦ-ﾟ\s　]+")
_VALUE_LIKE = re.compile(r"[0-9.+-]+")
# Statuses for which public sources show how a cell says them; the writer leaves the others out.
SAYABLE = frozenset({Status.VALUE, Status.UNMATCHED})


class FkacRow:
    """Turns rows of one file into records; also what the writer asks what its own row would mean."""

    def __init__(self, items: ItemTable, on: date, sink: FindingSink | None) -> None:
        self._items, self._sink = items, sink
        self._values = CodedValues(items, on)
        self._kana, self._name = (reader(kind, CellRule(on=on)) for kind in ("kana", "name"))
        self._readers: dict[str, Reader] = {
            cell.target: reader(cell.kind, CellRule(on=on, digits=cell.digits))
            for cell in (*FILE_CELLS, *COLUMNS_CELLS, *PERSON_CELLS)
        }
        self._head: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
        self.codes: tuple[str, ...] = ()

    def _say(self, code: str, at: tuple[int, int], column: int, name: str, text: str, item: str = "") -> None:
        if self._sink is not None:
            self._sink(Finding(code, at[0], at[1], column, name, text, item))

    def _cells(
        self, cells: Sequence[Cell], row: Sequence[str], at: tuple[int, int]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """(fields, originals) of the cells that come before the examinations."""
        fields: dict[str, str] = {}
        originals: dict[str, str] = {}
        for cell in cells:
            text = row[cell.number - 1].strip() if len(row) >= cell.number else ""
            if not text:
                continue
            target, read = cell.target, self._readers[cell.target]
            if target == NAME:
                kana = _KANA.fullmatch(text) is not None
                target, read = ("person.kana", self._kana) if kana else ("person.name", self._name)
            originals[target] = text
            if target.startswith("fkac."):
                continue
            outcome = read(text)
            if outcome.status is Status.VALUE:
                fields[target] = outcome.coded or outcome.standard
            for code in outcome.findings:
                self._say(code, at, cell.number, cell.name, text, target)
        return fields, originals

    def file(self, row: Sequence[str], at: tuple[int, int]) -> None:
        """A row of type 1."""
        self._head[FILE] = self._cells(FILE_CELLS, row, at)

    def columns(self, row: Sequence[str], at: tuple[int, int]) -> None:
        """A row of type 2; it also names the columns of the persons that follow."""
        self._head[COLUMNS] = self._cells(COLUMNS_CELLS, row, at)
        codes = [fold(cell) for cell in row[FIRST_ITEM - 1 :]]
        while codes and not codes[-1]:
            codes.pop()
        self.codes = tuple(codes)

    def person(self, row: Sequence[str], at: tuple[int, int]) -> NeutralRecord:
        """The record of a row of type 5 that stands under its columns; ``at`` is (number of the person, line)."""
        fields: dict[str, str] = {}
        originals: dict[str, str] = {}
        for part in (*self._head.values(), self._cells(PERSON_CELLS, row, at)):
            fields |= part[0]
            originals |= part[1]
        results: list[ItemResult] = []
        seen: Counter[str] = Counter()
        # Over the row's own cells: a short row must not cost as much as the row of codes is long.
        for place, (code, cell) in enumerate(zip(self.codes, row[FIRST_ITEM - 1 :], strict=False), FIRST_ITEM - 1):
            text = cell.strip()
            if not text:
                continue
            if not is_code(code):
                self._say("read.item_unknown", at, place + 1, "", text)
                originals[f"fkac.unnamed.{place + 1}"] = text
                continue
            item = self._items.items.get(code)
            outcome = self._values.read(code, text)
            for finding in outcome.findings:
                self._say(finding, at, place + 1, item.name if item else "", text, code)
            if outcome.status is Status.EMPTY:
                continue
            seen[code] += 1
            made = ItemResult(
                code=code, occurrence=seen[code], status=outcome.status, unit=item.unit if item else "",
                original=text, standard=outcome.standard, coded=outcome.coded, qualifier=outcome.qualifier,
                flag=outcome.flag, group=item.group if item else "", name=item.name if item else "",
            )  # fmt: skip
            results.append(made)
        return NeutralRecord(at[0], at[1], MAP_ID, self._items.table_id, fields, originals, tuple(results))

    def fits(self, row: Sequence[str], at: tuple[int, int]) -> bool:
        """Whether a row of type 5 stands under its columns; one text too many is a message of the insurer's.

        A number too many is none: a comma in a name has moved every value under its neighbour's code.
        """
        width = FIRST_ITEM - 1 + len(self.codes)
        extra = [cell.strip() for cell in row[width:] if cell.strip()]
        if len(extra) == 1 and not _VALUE_LIKE.fullmatch(extra[0]):
            self._say("fkac.returned", at, len(row), "", extra[0])
        elif extra or len(row) < FIRST_ITEM - 1:
            self._say("row.width", at, 0, "", "")
            return False
        return True


class _Course:
    """Where in the file we are: what may come, how many persons were met."""

    def __init__(self, rows: FkacRow, sink: FindingSink | None) -> None:
        self._rows, self._sink = rows, sink
        self._opened = self._closed = False
        self.persons = 0

    def _say(self, code: str, line: int, text: str = "") -> None:
        if self._sink is not None:
            self._sink(Finding(code, self.persons, line, 0, "", text))

    def take(self, line: int, row: Sequence[str]) -> NeutralRecord | None:
        """The record of a person's row, or ``None`` for the other types."""
        kind = fold(row[0])
        if kind == COUNT and not self._closed:
            self._closed = True
            said = fold(row[1]) if len(row) > 1 else ""
            if not (said.isascii() and said.isdigit()) or int(said[:9]) != self.persons:
                self._say("fkac.count", line, said)
        elif self._closed or (kind == PERSON and not self._opened):
            self._say("fkac.order", line)
        elif kind == FILE:
            self._rows.file(row, (0, line))
        elif kind == COLUMNS:
            self._opened = True
            self._rows.columns(row, (0, line))
        elif kind == PERSON:
            self.persons += 1
            at = (self.persons, line)
            return self._rows.person(row, at) if self._rows.fits(row, at) else None
        else:
            self._say("fkac.record_type", line)
        return None

    def end(self, line: int) -> None:
        """The file is over."""
        if not self._closed:
            self._say("fkac.unclosed", line)


def is_fkac(row: Sequence[str]) -> bool:
    """Whether a first row names the format."""
    return len(row) >= SIGN_COLUMN and fold(row[0]) == FILE and fold(row[SIGN_COLUMN - 1]) == SIGN


def read_fkac522(
    stream: BinaryIO,
    items: ItemTable,
    *,
    on: date,
    finding_sink: Callable[[Finding], None] | None = None,
    limit_bytes: int = DEFAULT_LIMIT,
) -> Iterator[NeutralRecord]:
    """The neutral records of an FKAC522 file. Raises the reading errors, ``NotThisFormat`` and ``NoRows``."""
    rows = FkacRow(items, on, finding_sink)
    course = _Course(rows, finding_sink)
    line = 0
    for number, (line, row) in enumerate(rows_cp932(stream, limit_bytes)):
        if not number and not is_fkac(row):
            raise NotThisFormat(format=SIGN, line=line)
        record = course.take(line, row)
        if record is not None:
            yield record
    course.end(line)
    if not course.persons:
        raise NoRows
