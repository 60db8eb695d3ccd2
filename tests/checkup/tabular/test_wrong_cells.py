"""Attacks on columns: what stands beside a value must not get lost on the way to the output."""

from __future__ import annotations

import csv
import io

import pytest

from akashi.checkup import (
    FormatDefinition,
    ItemTable,
    LayoutMap,
    NeutralRecord,
    Status,
    convert,
    layout_hash,
    load_definition,
    load_map,
)
from akashi.checkup.errors import MapInvalid
from tests.checkup.conftest import ON, TINY_FORMAT, TINY_HEADERS, TINY_MAP, TINY_ROW

HEIGHT, ECG = "9N001000000000001", "9A110160800000049"
MARK = '- {to: "9N001000000000001", role: QUALIFIER, at: "備考", kind: text, table: marks}\n'
OWN = '- {to: "9A110160800000049", role: JUDGEMENT, at: "備考", kind: text}\n'


def _map(rule: str, *, value: str = '"身長"') -> LayoutMap:
    text = TINY_MAP.format(layout=layout_hash([TINY_HEADERS], ",")).replace('ignore: ["備考"]\n', rule)
    text = text.replace("tables:\n", 'tables:\n  marks: {"E": "以下", "＝": ""}\n')
    return load_map(text.replace('at: "身長"', f"at: {value}"))


def _converted(layout_map: LayoutMap, items: ItemTable, **cells: str) -> tuple[list[str], NeutralRecord, set[str]]:
    """Output cells, record and finding codes of one row."""
    row = [cells.get(name, cell) for name, cell in zip(TINY_HEADERS, TINY_ROW, strict=True)]
    text, out, records = io.StringIO(), io.BytesIO(), list[NeutralRecord]()
    csv.writer(text).writerows([TINY_HEADERS, row])
    definition: FormatDefinition = load_definition(TINY_FORMAT)
    data = io.BytesIO(text.getvalue().encode())
    report = convert(data, layout_map, definition, out, on=ON, items=items, record_sink=records.append)
    [_heading, line] = csv.reader(io.StringIO(out.getvalue().decode()))
    return line, records[0], {finding.code for finding in report.findings if finding.header == "身長"}


@pytest.mark.parametrize(
    ("mark", "shown", "status", "qualifier"),
    [
        ("未満", "165.5未満", Status.BELOW, "<"),
        ("E", "165.5以下", Status.BELOW, "<="),
        ("≧", "165.5以上", Status.ABOVE, ">="),
        ("超", "165.5超", Status.ABOVE, ">"),
        ("＝", "165.5", Status.VALUE, ""),
        ("", "165.5", Status.VALUE, ""),
    ],
)
def test_a_mark_in_a_column_of_its_own_reaches_output_and_record(
    items: ItemTable, mark: str, shown: str, status: Status, qualifier: str
) -> None:
    """Role QUALIFIER: 以上 and 未満 belong to the number, wherever the source keeps them."""
    line, record, _codes = _converted(_map(MARK), items, 備考=mark)

    result = record.item(HEIGHT)
    assert result is not None
    assert (line[4], result.standard, result.status, result.qualifier) == (shown, shown, status, qualifier)


@pytest.mark.parametrize("mark", ["L", "?", "H", "約", "-"])
def test_a_mark_that_nobody_knows_makes_the_number_doubtful(items: ItemTable, mark: str) -> None:
    """Never dropped, never taken for a flag: the cell stays a text, with a finding."""
    line, record, codes = _converted(_map(MARK), items, 備考=mark)

    result = record.item(HEIGHT)
    assert result is not None
    assert (line[4], result.status, result.flag) == (f"１６５．５（{mark}）", Status.UNMATCHED, "")
    assert codes & {"cell.number", "cell.unit"}


def test_a_mark_needs_one_value_column(items: ItemTable) -> None:
    """Of several columns nobody knows which one it marks."""
    with pytest.raises(MapInvalid):
        _converted(_map(MARK, value='["身長", "既往2"]'), items)


def test_advice_beside_a_judgement_of_its_own_stays_in_the_findings(items: ItemTable) -> None:
    """Where the judgement column is taken, 「要受診」 would have no place but its text."""
    line, record, _codes = _converted(_map(OWN), items, 備考="Ｃ６")

    result = record.item(ECG)
    assert result is not None
    assert (line[-3], result.standard, result.judgement) == ("不整脈、要受診", "不整脈、要受診", "Ｃ６")
