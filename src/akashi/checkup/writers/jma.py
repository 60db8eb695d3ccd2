"""Neutral records written in the 日医特定健診 format (its columns: ``readers/jma.py``).

Guarantees: every cell quoted, CP932, CRLF; what the format cannot say is left out with a finding, and
:func:`expressible_jma` tells what remains. Refuses: an apostrophe before a formula: machines read this format, and it
would change the value; ``write.formula`` warns instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import BinaryIO

from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import ItemResult, NeutralRecord, Status
from akashi.checkup.readers.jma import (
    DONE,
    FLAGS,
    FORMS,
    HEADER,
    ITEM,
    NOT_DONE_MARK,
    UNMEASURABLE_MARK,
    JmaRow,
    Said,
    read_range,
)
from akashi.checkup.readers.values import MEASURED, CodedValues, half_kana, is_date, same_unit
from akashi.checkup.writers.standard_csv import is_formula
from akashi.checkup.writers.tally import FindingSink, Tally, answer, bound, carried, contradicts, quoted

_MARKS = {Status.NOT_DONE: NOT_DONE_MARK, Status.UNMEASURABLE: UNMEASURABLE_MARK}
_FORM_OF = {sign: letter for letter, sign in FORMS.items()}


def _reference(result: ItemResult) -> str:
    """The range in one text, or nothing where it cannot be read back the same."""
    low, high = result.low, result.high
    if not low and not high:
        return ""
    if low and high:
        text = f"{low}-{high}"
    elif high:
        text = high if read_range(high) else f"{high}以下"
    else:
        text = low if read_range(low) else f"{low}以上"
    return text if read_range(text) == (low, high) else ""


def _value(result: ItemResult, items: ItemTable) -> tuple[str, str]:
    """(form, value)."""
    if result.status in {Status.BELOW, Status.ABOVE}:
        number, sign = bound(result)
        return _FORM_OF[sign], number
    item = items.items.get(result.code)
    text = answer(result, item) or result.original
    return "", text.replace("-", "") if item is not None and is_date(item) else text


def _said(result: ItemResult, items: ItemTable) -> Said:
    form, value = ("", "") if result.status in _MARKS else _value(result, items)
    item = items.items.get(result.code)
    return Said(
        code=result.code, name=result.name or (item.name if item else ""), done=_MARKS.get(result.status, DONE),
        flag=result.flag if result.flag in FLAGS else "", form=form, value=value, unit=result.unit,
        reference=_reference(result),
    )  # fmt: skip


def _header(record: NeutralRecord) -> list[str]:
    cells = []
    for column in HEADER:
        text = record.fields.get(column.target, "") or record.originals.get(column.target, "")
        if column.kind == "kana":
            text = half_kana(text)
        elif column.kind == "date" and record.fields.get(column.target):
            text = text.replace("-", "")
        cells.append(text)
    return cells


def _turns(result: ItemResult, items: ItemTable, understood: CodedValues) -> bool:
    """Whether the cells would be read as something else: another table's answer, a mark turned round, an unread text."""
    if result.status in MEASURED:
        item = items.items.get(result.code)
        return contradicts(result) or bool(item and result.coded and result.answers and result.answers != item.oid)
    if result.status is not Status.UNMATCHED:
        return False
    item = items.items.get(result.code)
    unit = item is None or same_unit(result.unit, item)
    return unit and understood.read(result.code, result.standard or result.original).status is not Status.UNMATCHED


def _lost(result: ItemResult) -> bool:
    """Whether something of the result has no cell."""
    said_range = bool(result.low or result.high) and not _reference(result)
    lost = (result.text, result.judgement, result.method, result.performer, result.flag and result.flag not in FLAGS)
    return said_range or any(lost)


def _line(record: NeutralRecord, items: ItemTable, tally: Tally) -> list[str]:
    """The cells of one person, as the encoding carries them."""
    cells: list[str] = []
    for column, text in zip(HEADER, _header(record), strict=True):
        cells.append(_carried(text, record, column.target, column.name, tally))
    understood = CodedValues(items, date.max)
    for result in record.items:
        if result.status is Status.EMPTY or result.system or _turns(result, items, understood):
            tally.say("write.left_out", record, result.code, original=result.original)
            continue
        if _lost(result):
            tally.say("write.part", record, result.code)
        cells += [_carried(text, record, result.code, ITEM[at], tally) for at, text in enumerate(_said(result, items))]
    # A person without any examination still needs the width of one.
    return cells + [""] * (len(ITEM) if len(cells) == len(HEADER) else 0)


def _carried(text: str, record: NeutralRecord, item: str, header: str, tally: Tally) -> str:
    # Most cells are codes, marks and numbers.
    if not text or (text.isascii() and text.isalnum()):
        return text
    cell, replaced = carried(text)
    if replaced:
        tally.say("cell.unencodable", record, item, header, text)
    if is_formula(cell):
        tally.say("write.formula", record, item, header, text)
    return cell


def write_jma(
    records: Iterable[NeutralRecord], items: ItemTable, out: BinaryIO, *, finding_sink: FindingSink | None = None
) -> dict[str, int]:
    """Write ``records`` to ``out``; returns ``rows.out`` and findings per code."""
    tally = Tally(finding_sink)
    for record in records:
        out.write(quoted(_line(record, items, tally)))
        tally.records += 1
    return tally.counts()


def expressible_jma(record: NeutralRecord, items: ItemTable) -> NeutralRecord:
    """``record`` as far as the format carries it: no judgement, method, finding text, performer, address or insurer.

    A value that was not understood is what its text means when read again; doctors' names are items of their own.
    """
    return JmaRow(items, date.max, None).record(record.row, record.line, _line(record, items, Tally(None)))
