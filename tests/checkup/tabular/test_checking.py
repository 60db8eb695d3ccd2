"""Checks in the compiled engine: bound to columns, said at their places, the same as over records."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from akashi.checkup import (
    ConversionReport,
    Finding,
    FormatDefinition,
    ItemTable,
    LayoutMap,
    NeutralRecord,
    Status,
    convert,
    read_records,
)
from akashi.checkup.checks.model import Check, Outcome, Said, Wanted
from akashi.checkup.checks.running import check_records
from akashi.checkup.formats.maps import Locator
from akashi.checkup.generate import Maker, encode_file
from akashi.checkup.model import Role
from akashi.checkup.tabular import checking
from tests.checkup.conftest import ON, TINY_HEADERS, TINY_ROW, headers_of

HEIGHT, SUGAR, CASUAL, MISSING = "9N001000000000001", "1A020000000191111", "3D010129901999901", "9N006000000000001"


def tall_or_not(cells: tuple[Outcome, ...]) -> tuple[Said, ...]:
    """Says something of every height over 180, at the height; and of a missing second cell, at that."""
    height, other = cells
    tall = height.status is Status.VALUE and float(height.standard) > 180
    said = (Said("bmi.differs", 0),) if tall else ()
    return (*said, Said("item.required", 1)) if tall and other.status is Status.EMPTY else said


def tiny_file(*rows: list[str]) -> io.BytesIO:
    """A file of the tiny layout."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([TINY_HEADERS, *rows])
    return io.BytesIO(text.getvalue().encode())


def person(number: int, **cells: str) -> list[str]:
    """A row of its own person."""
    row = [f"P{number}", *TINY_ROW[1:]]
    for name, value in cells.items():
        row[TINY_HEADERS.index(name)] = value
    return row


class Tiny:
    """The tiny layout, converted with some checks."""

    def __init__(self, layout_map: LayoutMap, definition: FormatDefinition, items: ItemTable) -> None:
        self.map, self.definition, self.items = layout_map, definition, items

    def report(self, rows: list[list[str]], checks: tuple[Check, ...] | None) -> ConversionReport:
        """What converting says."""
        return convert(
            tiny_file(*rows), self.map, self.definition, io.BytesIO(), on=ON, items=self.items, checks=checks
        )

    def records(
        self, rows: list[list[str]], checks: tuple[Check, ...] | None
    ) -> tuple[list[NeutralRecord], list[Finding]]:
        """The records and what is said of them."""
        found: list[Finding] = []
        stream = tiny_file(*rows)
        records = read_records(stream, self.map, on=ON, items=self.items, finding_sink=found.append, checks=checks)
        return list(records), found


@pytest.fixture
def world(tiny: LayoutMap, tiny_format: FormatDefinition, items: ItemTable) -> Tiny:
    """The tiny world."""
    return Tiny(tiny, tiny_format, items)


@pytest.mark.parametrize("few", [True, False])
def test_a_check_speaks_at_the_cell_it_is_about(world: Tiny, few: bool) -> None:
    """Row, line, column, heading, original and item; whether answers are remembered or not."""
    check = Check("tall", (Wanted(HEIGHT), Wanted(SUGAR)), tall_or_not, few=few)

    report = world.report([person(1), person(2, 身長="190"), person(3, 身長="191", 尿糖="")], (check,))

    assert [(f.code, f.row, f.line, f.column, f.header, f.original, f.item) for f in report.findings] == [
        ("bmi.differs", 2, 3, 4, "身長", "190", HEIGHT),
        ("bmi.differs", 3, 4, 4, "身長", "191", HEIGHT),
        ("item.required", 3, 4, 5, "尿糖", "", SUGAR),
    ]


@pytest.mark.parametrize("few", [True, False])
def test_a_cell_that_the_layout_lacks_is_empty(world: Tiny, few: bool) -> None:
    """Its finding stands at the first cell that is there, and names the item that is not."""
    check = Check("tall", (Wanted(HEIGHT), Wanted(MISSING)), tall_or_not, few=few)

    report = world.report([person(1, 身長="190")], (check,))

    assert [(f.code, f.header, f.item) for f in report.findings] == [
        ("bmi.differs", "身長", HEIGHT), ("item.required", "身長", MISSING),
    ]  # fmt: skip


def test_a_check_none_of_whose_cells_is_there_is_dropped(world: Tiny) -> None:
    """It could only speak of what nobody sent."""
    always = Check(
        "always", (Wanted(MISSING), Wanted(HEIGHT, role=Role.METHOD)), lambda _cells: (Said("cell.date", 0),)
    )

    assert world.report([TINY_ROW], (always,)).counts_by_code == {}


def test_a_check_sees_the_text_that_its_rule_got(world: Tiny) -> None:
    """Of an exclusive pair only one rule has the value."""
    check = Check("casual", (Wanted(CASUAL),), lambda cells: (Said("draw.casual", 0),) if cells[0].standard else ())

    report = world.report([person(1), person(2, 区分="随時")], (check,))

    assert [(f.row, f.header, f.original) for f in report.findings] == [(2, "血糖", "95")]


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("rows", [15, 16, 17, 511, 512, 513, 1100])
def test_findings_stand_at_their_rows_however_many_wait_for_checks(world: Tiny, few: bool, rows: int) -> None:
    """In the order of the file, with rows left out between, at every place where blocks meet."""
    check = Check("demo", (Wanted(HEIGHT), Wanted(MISSING)), tall_or_not, few=few)
    tall = {number for number in (1, 15, 16, 17, 18, 511, 512, 513, 514, 1100) if number <= rows}
    broken = {number for number in (2, 16, 500, 512) if number <= rows} - {rows}
    people = [person(number, 身長="190" if number in tall else "165") for number in range(1, rows + 1)]
    for number in broken:
        people[number - 1] = people[number - 1][:5]

    report = world.report(people, (check,))
    records, said = world.records(people, (check,))

    expected = sorted(
        [(number, code) for number in tall - broken for code in ("bmi.differs", "item.required")]
        + [(number, "row.width") for number in broken]
    )
    assert [(one.row, one.code) for one in report.findings] == expected
    assert [(one.row, one.code) for one in said] == expected
    assert len(records) == report.rows_out == rows - len(broken)


def test_answers_do_not_depend_on_what_was_remembered(world: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for three answers as with room for all."""
    check = Check("tall", (Wanted(HEIGHT), Wanted(SUGAR)), tall_or_not)
    rows = [person(n, 身長=str(150 + n % 50)) for n in range(120)]
    expected = world.report(rows, (check,)).findings
    monkeypatch.setattr(checking, "ANSWERS_LIMIT", 3)

    assert world.report(rows, (check,)).findings == expected
    assert len(expected) == 20


def test_records_hear_the_same_checks(world: Tiny) -> None:
    """And each record's findings come before it, at the same places."""
    check = Check("tall", (Wanted(HEIGHT), Wanted(SUGAR)), tall_or_not)
    rows = [person(1), person(2, 身長="190", 尿糖="多め"), person(3, 身長="191")]
    report = world.report(rows, (check,))

    records, found = world.records(rows, (check,))

    assert len(records) == 3
    assert found == list(report.findings)


def test_a_records_findings_come_before_it(world: Tiny) -> None:
    """Whoever takes a record knows what was said of it; rows left out are said too."""
    heard: list[Finding] = []
    stream = tiny_file(person(1, 身長="ほげ"), TINY_ROW[:-1], person(3, 身長="ほげ"))
    records = read_records(stream, world.map, on=ON, items=world.items, finding_sink=heard.append, checks=())

    codes = [(record.row, [(f.code, f.row) for f in heard]) for record in records]

    first, second = [("cell.number", 1)], [("row.width", 2), ("cell.number", 3)]
    assert codes == [(1, first), (3, first + second)]


def test_watched_columns_speak_when_they_fill(world: Tiny) -> None:
    """Each cell that is not blank; blank ones say nothing."""
    watching = Tiny(replace(world.map, ignored=(), watched=(Locator(header="備考"),)), world.definition, world.items)

    report = watching.report([person(1, 備考=""), person(2, 備考=" "), person(3, 備考="新しい値")], ())

    assert [(f.code, f.row, f.column, f.original) for f in report.findings] == [("column.watched", 3, 12, "新しい値")]
    assert report.coverage.watched == 1


def test_a_person_twice_is_said_at_the_later_row(world: Tiny) -> None:
    """Same id and same day, however far apart."""
    rows = [*(person(n) for n in range(40)), person(7), person(8, 受診日="2026/5/17")]

    report = world.report(rows, None)

    assert [(f.row, f.item) for f in report.findings if f.code == "persons.duplicate"] == [(41, "person.id")]


def test_what_the_layout_lacks_is_said_once(world: Tiny) -> None:
    """Not in every row: row 0."""
    specific = Tiny(replace(world.map, program="010"), world.definition, world.items)

    report = specific.report([person(1), person(2)], None)

    lacking = [f for f in report.findings if f.code.startswith("column.")]
    assert MISSING in {f.item for f in lacking if f.code == "column.required"}
    assert {f.row for f in lacking} == {0}
    assert "item.required" not in report.counts_by_code


@pytest.mark.parametrize("messy", [False, True])
def test_the_engine_says_of_rows_what_is_said_of_their_records(
    midori: LayoutMap, subset: FormatDefinition, items: ItemTable, messy: bool
) -> None:
    """One meaning on both roads: every check across cells, over a file whose rows got cells of other persons."""
    headers, random = headers_of("midori"), Random(7)
    rows = list(Maker(headers, midori, items, ON, messy=messy).rows(5, 150))
    for row in rows:
        for place in random.sample(range(len(row)), 60):
            row[place] = random.choice(rows)[place]
    data = b"".join(encode_file(headers, iter(rows), encoding="cp932"))
    named = replace(midori, program="010")
    report = convert(io.BytesIO(data), named, subset, io.BytesIO(), on=ON, items=items, examples=10_000)
    across: list[Finding] = []
    records = read_records(io.BytesIO(data), named, on=ON, items=items, checks=())

    taken = sum(1 for _record in check_records(records, items, "010", ON, across.append))

    of_cells = ("cell.", "column.", "pair.")
    said = Counter((f.code, f.row, f.item) for f in report.findings if not f.code.startswith(of_cells))
    heard = Counter((f.code, f.row, f.item) for f in across if not f.code.startswith(of_cells))
    # The layout has no names of medicines at all, which is no matter of its rows.
    expected = Counter({place: count for place, count in heard.items() if place[0] != "flag.medicine"})
    assert taken == report.rows_out == 150
    assert {"bmi.differs", "flag.contradicts", "visit.year"} <= {code for code, _row, _item in said}
    assert said == expected
