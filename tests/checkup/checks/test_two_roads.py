"""One meaning on both roads: the compiled engine and the records say the same of the same file."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from random import Random

import pytest

from akashi.checkup import FormatDefinition, ItemTable, LayoutMap, convert, read_records
from akashi.checkup.checks.running import check_records
from akashi.checkup.findings.checks import KINDS
from akashi.checkup.generate import Maker, encode_file
from tests.checkup.conftest import ON, headers_of

# What hangs on a column that the layout lacks is said once per file on one road and in each record on the other.
ALIKE = {kind.code for kind in KINDS} - {
    "item.required",
    "item.one_of",
    "flag.text_missing",
    "flag.missing",
    "flag.medicine",
}
ALIKE = {code for code in ALIKE if not code.startswith(("column.", "draw.missing"))} | {"cell.answer", "cell.bytes"}


def mixed(name: str, layout_map: LayoutMap, items: ItemTable, *, messy: bool) -> bytes:
    """A file in which each column is shuffled over the rows, so that people no longer agree with themselves."""
    headers = headers_of(name)
    rows = list(Maker(headers, layout_map, items, ON, messy=messy).rows(11, 80))
    columns = [list(column) for column in zip(*rows, strict=True)]
    random = Random(5)
    for column in columns:
        random.shuffle(column)
    shuffled = [list(row) for row in zip(*columns, strict=True)]
    return b"".join(encode_file(headers, iter([*shuffled, shuffled[0]]), encoding="utf-8"))


@pytest.mark.parametrize("messy", [False, True])
@pytest.mark.parametrize("name", ["hoshi", "midori"])
def test_the_engine_and_the_records_say_the_same(
    name: str, messy: bool, subset: FormatDefinition, items: ItemTable, request: pytest.FixtureRequest
) -> None:
    """Row, code and item of every finding across cells, for a programme with required items."""
    layout_map = replace(request.getfixturevalue(name), program="010")
    data = mixed(name, layout_map, items, messy=messy)
    apart: set[tuple[int, str, str]] = set()

    report = convert(io.BytesIO(data), layout_map, subset, io.BytesIO(), on=ON, items=items, examples=10_000)
    records = read_records(io.BytesIO(data), layout_map, on=ON, items=items)
    for _record in check_records(records, items, "010", ON, lambda one: apart.add((one.row, one.code, one.item))):
        pass

    together = {(one.row, one.code, one.item) for one in report.findings}
    assert {one for one in together if one[1] in ALIKE} == {one for one in apart if one[1] in ALIKE}
    assert len({code for _row, code, _item in together if code in ALIKE}) >= 4


def test_a_repeated_row_is_said_on_both_roads(hoshi: LayoutMap, subset: FormatDefinition, items: ItemTable) -> None:
    """Once, at the later row."""
    data = mixed("hoshi", hoshi, items, messy=False)
    count = len(list(csv.reader(io.StringIO(data.decode())))) - 1

    report = convert(io.BytesIO(data), hoshi, subset, io.BytesIO(), on=ON, items=items)

    assert [one.row for one in report.findings if one.code == "persons.duplicate"] == [count]
