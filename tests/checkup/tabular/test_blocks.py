"""Blocks of rows: where they end makes no difference, and what is said keeps the order of the file."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.checkup import ConversionReport, FormatDefinition, ItemTable, LayoutMap, convert
from akashi.checkup.errors import BrokenQuotes, LineTooLong
from akashi.checkup.tabular import blocks, tables
from akashi.checkup.tabular.reading import open_source
from tests.checkup.conftest import ON, TINY_HEADERS, TINY_ROW

Converted = tuple[list[bytes], ConversionReport]


@pytest.fixture
def tiny_convert(tiny: LayoutMap, tiny_format: FormatDefinition, items: ItemTable) -> partial[Converted]:
    """From rows to output lines and report, in the tiny layout."""
    return partial(_converted, tiny, tiny_format, items)


def _converted(
    layout_map: LayoutMap, definition: FormatDefinition, items: ItemTable, rows: list[list[str]]
) -> Converted:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([TINY_HEADERS, *rows])
    out = io.BytesIO()
    report = convert(io.BytesIO(text.getvalue().encode()), layout_map, definition, out, on=ON, items=items, checks=())
    return out.getvalue().splitlines(keepends=True)[1:], report


def person(number: int, **cells: str) -> list[str]:
    """A row of its own person."""
    row = [f"P{number}", *TINY_ROW[1:]]
    for name, value in cells.items():
        row[TINY_HEADERS.index(name)] = value
    return row


@pytest.mark.parametrize("count", [1, blocks.BLOCK_ROWS - 1, blocks.BLOCK_ROWS, blocks.BLOCK_ROWS + 1, 50])
def test_a_row_is_written_alike_wherever_its_block_ends(tiny_convert: partial[Converted], count: int) -> None:
    """A file of many rows gives the lines that its rows give alone."""
    rows = [
        person(n, 身長=str(140 + n), 氏名="星 空" if n % 3 else "𠮷　空", 区分="随時" if n % 2 else "空腹")
        for n in range(count)
    ]

    together, report = tiny_convert(rows)

    assert together == [tiny_convert([row])[0][0] for row in rows]
    assert report.rows_out == count


@pytest.mark.parametrize("limit", ["BLOCK_BYTES", "BLOCK_CELLS"])
def test_blocks_end_early_where_rows_are_large(
    tiny_convert: partial[Converted], monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """By bytes and by cells, down to one row; the result is the same."""
    rows = [person(n) for n in range(40)]
    expected = tiny_convert(rows)
    monkeypatch.setattr(blocks, limit, 1)

    assert tiny_convert(rows) == expected


def test_findings_keep_the_order_of_the_file(tiny_convert: partial[Converted]) -> None:
    """Rows left out, rows trimmed, cells and undecided pairs, across blocks: by row, then by step and rule."""
    good, short, long = person(0), person(1)[:-1], [*person(2), ""]
    bad = person(3, 身長="ほげ", 区分="")
    rows = [short, bad, long, *[good] * blocks.BLOCK_ROWS, bad, short]
    last = len(rows)

    _lines, report = tiny_convert(rows)

    assert [(f.code, f.row) for f in report.findings] == [
        ("row.width", 1), ("pair.undecided", 2), ("cell.number", 2), ("row.trailing", 3),
        ("pair.undecided", last - 1), ("cell.number", last - 1), ("row.width", last),
    ]  # fmt: skip


def test_one_finding_per_code_and_column_of_a_row(tiny_convert: partial[Converted]) -> None:
    """A text shown in three columns is too long once."""
    _lines, report = tiny_convert([person(1, 身長="ほ" * 600)])

    assert report.counts_by_code == {"cell.number": 1, "cell.too_long": 1}


def test_a_rule_that_the_format_does_not_show_writes_nothing_and_is_still_read(
    tiny: LayoutMap, tiny_format: FormatDefinition, items: ItemTable
) -> None:
    """Its findings count; its text appears nowhere, not even at the start of the next line."""
    narrow = replace(tiny_format, columns=tuple(one for one in tiny_format.columns if one.source != "person.name"))
    numbered = tuple(replace(one, number=place) for place, one in enumerate(narrow.columns, start=1))
    narrow = replace(narrow, columns=numbered)

    lines, report = _converted(tiny, narrow, items, [person(1), person(2, 氏名="=1+1"), person(3)])

    assert [line.split(b",")[0] for line in lines] == [b"P1", b"P2", b"P3"]
    assert "星".encode() not in b"".join(lines)
    assert report.counts_by_code == {"cell.formula": 1}


@pytest.mark.parametrize("limit", ["TABLE_LIMIT", "MARKS_LIMIT"])
def test_texts_that_are_not_remembered_are_read_again(
    tiny_convert: partial[Converted], monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """Without room the lines and the counts are the same."""
    rows = [person(n, 身長=("ほげ", "１７０", "170")[n % 3]) for n in range(60)]
    expected = tiny_convert(rows)
    monkeypatch.setattr(tables, limit, 0)

    assert tiny_convert(rows) == expected
    assert expected[1].counts_by_code == {"cell.number": 20}


@settings(max_examples=300)
@given(st.lists(st.sampled_from(['"', ",", "\r", "\n", "\r\n", "a", '"a"', '","', '""', " ", "漢", "\t"]), max_size=14))
def test_quick_reading_gives_what_the_csv_module_gives(pieces: list[str]) -> None:
    """Rows and lines, or a refusal, for any arrangement of quotes, delimiters and line ends."""
    data = "".join(["h,h\n", *pieces])
    # Lines end at line feeds only, as in our reader.
    reader = csv.reader(io.StringIO(data, newline="\n"), strict=True)
    expected: list[tuple[int, list[str]]] | None = []
    try:
        expected = [(reader.line_num, row) for row in reader if row]
    except csv.Error:
        expected = None

    found: list[tuple[int, list[str]]] | None
    try:
        source = open_source(io.BytesIO(data.encode()))
        source.delimiter = ","
        found = list(source.rows())
    except (BrokenQuotes, LineTooLong):
        found = None

    assert found == expected
