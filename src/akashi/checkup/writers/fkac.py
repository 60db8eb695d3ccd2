"""Neutral records written as FKAC522 (its columns: ``readers/fkac.py``).

Guarantees: one file holds one insurer, institution and day, as such files do; the count stands at the end; what a cell
of the format cannot say (not done, unmeasurable, 以下/未満/以上, a second reading, ranges, judgements) is left out with a
finding, and :func:`expressible_fkac522` tells what remains. Refuses: guessing how the system would say these: no
public source shows it.

>>> fkac522_name("99000001", "2026-05-16", 1)
'99000001_FKAC522_20260516_001.csv'
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import BinaryIO

from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import ItemResult, NeutralRecord, Status
from akashi.checkup.readers.fkac import (
    COLUMNS,
    COLUMNS_CELLS,
    COUNT,
    FILE,
    FILE_CELLS,
    FIRST_ITEM,
    NAME,
    PERSON,
    PERSON_CELLS,
    SAYABLE,
    SIGN,
    SIGN_COLUMN,
    Cell,
    FkacRow,
)
from akashi.checkup.readers.values import CodedValues, is_date, same_unit
from akashi.checkup.writers.standard_csv import is_formula
from akashi.checkup.writers.tally import FindingSink, Tally, answer, carried

_SHARED = ("insurance.insurer", "institution.code", "visit.date")


def fkac522_name(insurer: str, day: str, serial: int) -> str:
    """The file's name: insurer, day (ISO) and a number of three digits."""
    return f"{insurer}_{SIGN}_{day.replace('-', '')}_{serial:03d}.csv"


def shared_head(record: NeutralRecord) -> tuple[str, ...]:
    """What all persons of one file have in common: insurer, institution, day. Group records by it."""
    return tuple(record.fields.get(target, "") for target in _SHARED)


def _text(record: NeutralRecord, cell: Cell) -> str:
    if cell.target == NAME:
        return record.fields.get("person.kana") or record.fields.get("person.name", "")
    text = record.fields.get(cell.target, "")
    if text and cell.kind == "date":
        return text.replace("-", "")
    return text or record.originals.get(cell.target, "")


def _line(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().encode("cp932")


class _File:
    """One file being made: which columns it has, and what could not be said."""

    def __init__(self, records: Iterable[NeutralRecord], items: ItemTable, tally: Tally) -> None:
        self._items, self._tally = items, tally
        self._understood = CodedValues(items, date.max)
        self.records: list[NeutralRecord] = []
        for record in records:
            if self.records and shared_head(record) != shared_head(self.records[0]):
                tally.say("fkac.mixed", record, "")
                continue
            self.records.append(record)
        values = [self._values(record) for record in self.records]
        known = {code for row in values for code in row}
        self.codes = [code for code in items.items if code in known] + sorted(known - set(items.items))
        self._rows = values

    def _values(self, record: NeutralRecord) -> dict[str, str]:
        """Item code -> cell of one person."""
        cells: dict[str, str] = {}
        for result in record.items:
            text = answer(result, self._items.items.get(result.code))
            if (
                result.status not in SAYABLE
                or result.occurrence > 1
                or result.system
                or not text
                or self._turns(result)
            ):
                self._tally.say("write.left_out", record, result.code, original=result.original)
                continue
            if any((result.low, result.high, result.flag, result.judgement, result.method, result.text)):
                self._tally.say("write.part", record, result.code)
            item = self._items.items.get(result.code)
            plain = text.replace("-", "") if item is not None and is_date(item) else text
            cells[result.code] = self._carried(record, plain, result.code)
        return cells

    def _turns(self, result: ItemResult) -> bool:
        """Whether the cell would be read as something else: another unit's number, another table's answer, an unread text."""
        item = self._items.items.get(result.code)
        if item is not None and result.status is Status.VALUE:
            other = item.type == "PQ" and not same_unit(result.unit, item)
            return other or bool(result.answers and result.answers != item.oid) or bool(result.qualifier)
        return self._understood.read(result.code, result.standard).status is not Status.UNMATCHED

    def _carried(self, record: NeutralRecord, text: str, item: str) -> str:
        cell, replaced = carried(text)
        if replaced:
            self._tally.say("cell.unencodable", record, item, original=text)
        if is_formula(cell):
            self._tally.say("write.formula", record, item, original=text)
        return cell

    def _placed(self, record: NeutralRecord, kind: str, cells: Sequence[Cell], width: int) -> list[str]:
        row = [kind] + [""] * (width - 1)
        for cell in cells:
            row[cell.number - 1] = self._carried(record, _text(record, cell), cell.target)
        return row

    def lines(self) -> Iterable[bytes]:
        """The rows of the file in order."""
        if self.records:
            width = FIRST_ITEM - 1 + len(self.codes)
            head = self._placed(self.records[0], FILE, FILE_CELLS, width)
            head[SIGN_COLUMN - 1] = SIGN
            yield _line(head)
            yield _line(self._placed(self.records[0], COLUMNS, COLUMNS_CELLS, FIRST_ITEM - 1) + self.codes)
        for record, values in zip(self.records, self._rows, strict=True):
            cells = [values.get(code, "") for code in self.codes]
            yield _line(self._placed(record, PERSON, PERSON_CELLS, FIRST_ITEM - 1) + cells)
        yield _line([COUNT, str(len(self.records))])


def write_fkac522(
    records: Iterable[NeutralRecord], items: ItemTable, out: BinaryIO, *, finding_sink: FindingSink | None = None
) -> dict[str, int]:
    """Write ``records`` to ``out``; returns ``rows.out`` and findings per code.

    The columns are the items that occur, so all records are held until they are written. A person whose insurer,
    institution or day differs from the first one's is left out (``fkac.mixed``): group by :func:`shared_head` first.
    """
    tally = Tally(finding_sink)
    file = _File(records, items, tally)
    out.writelines(file.lines())
    tally.records = len(file.records)
    return tally.counts()


def expressible_fkac522(record: NeutralRecord, items: ItemTable) -> NeutralRecord:
    """``record`` as far as a file of this person alone carries it: plain values, answer codes and texts only."""
    file = _File([record], items, Tally(None))
    lines = [next(csv.reader([line.decode("cp932")])) for line in file.lines()]
    rows = FkacRow(items, date.max, None)
    rows.file(lines[0], (0, 1))
    rows.columns(lines[1], (0, 2))
    return rows.person(lines[2], (record.row, record.line))
