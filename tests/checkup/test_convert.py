"""Converting files: golden lines, findings with their places, and nothing lost."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.checkup import (
    FINDING_KINDS,
    ConversionReport,
    FormatDefinition,
    ItemTable,
    LayoutMap,
    NeutralRecord,
    Severity,
    Status,
    convert,
    load_map,
    read_records,
    stops,
)
from akashi.checkup.errors import (
    AmbiguousHeader,
    HeadingMissing,
    LayoutUnknown,
    MapInvalid,
    MapNotValid,
    MissingColumn,
    NoRows,
)
from akashi.checkup.formats.maps import Locator
from akashi.checkup.tabular.tables import TABLE_LIMIT
from akashi.checkup.writers.standard_csv import Finisher, is_formula
from tests.checkup.conftest import ON, TINY_HEADERS, TINY_MAP, TINY_ROW


class World:
    """The tiny layout with everything a conversion needs; cells alone, nothing across them."""

    def __init__(self, layout_map: LayoutMap, definition: FormatDefinition, items: ItemTable) -> None:
        self.map, self.definition, self.items = layout_map, definition, items

    def convert(self, *rows: list[str], headers: list[str] = TINY_HEADERS) -> tuple[list[list[str]], ConversionReport]:
        """(output rows without the heading, report)."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([headers, *rows])
        out = io.BytesIO()
        report = convert(
            io.BytesIO(text.getvalue().encode()), self.map, self.definition, out, on=ON, items=self.items, checks=()
        )
        return list(csv.reader(io.StringIO(out.getvalue().decode(self.definition.encoding), newline="")))[1:], report

    def records(self, *rows: list[str]) -> list[NeutralRecord]:
        """The neutral records."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([TINY_HEADERS, *rows])
        return list(read_records(io.BytesIO(text.getvalue().encode()), self.map, on=ON, items=self.items, checks=()))


@pytest.fixture
def world(tiny: LayoutMap, tiny_format: FormatDefinition, items: ItemTable) -> World:
    """The tiny world."""
    return World(tiny, tiny_format, items)


def changed(**cells: str) -> list[str]:
    """The model row with some cells replaced (by heading)."""
    row = list(TINY_ROW)
    for name, value in cells.items():
        row[TINY_HEADERS.index(name)] = value
    return row


def test_the_golden_row(world: World) -> None:
    """Every kind of column at once."""
    rows, report = world.convert(TINY_ROW)

    assert rows == [
        [
            "P1",
            "2026-05-16",
            "星　空",
            "",
            "165.5",
            "１６５．５",
            "cm",
            "要再検査（6か月）",
            "＋",
            "95",
            "",
            "喘息",
            "不整脈",
            "",
            "",
        ]
    ]
    assert report.counts() == {"rows.in": 1, "rows.out": 1, "rows.skipped": 0}
    assert (report.map_id, report.format_id, report.encoding) == ("tiny", "tiny-1", "utf-8")


def test_the_heading_line_names_the_columns(world: World) -> None:
    """And is left out where the format says so."""
    text = ",".join(TINY_HEADERS) + "\r\n" + ",".join(TINY_ROW) + "\r\n"
    out, bare = io.BytesIO(), io.BytesIO()

    convert(io.BytesIO(text.encode()), world.map, world.definition, out, on=ON, items=world.items)
    silent = replace(world.definition, heading=False, encoding="utf-8-sig")
    convert(io.BytesIO(text.encode()), world.map, silent, bare, on=ON, items=world.items)

    assert out.getvalue().startswith("本人,日,氏名,空き,".encode())
    assert bare.getvalue().startswith(b"\xef\xbb\xbfP1,")
    assert out.getvalue().endswith("不整脈,,\r\n".encode())


def test_a_value_goes_to_the_item_its_deciding_column_names(world: World) -> None:
    """空腹 and 随時 are exclusive; an undecided value goes nowhere and is said."""
    rows, report = world.convert(TINY_ROW, changed(区分="随時"), changed(区分=""), changed(血糖="", 区分=""))

    assert [row[9:11] for row in rows] == [["95", ""], ["", "95"], ["", ""], ["", ""]]
    assert report.counts_by_code == {"pair.undecided": 1}
    assert [(f.row, f.line, f.column, f.header, f.original) for f in report.findings] == [(3, 4, 6, "血糖", "95")]


def test_multiple_entries_are_joined(world: World) -> None:
    """Blank parts leave no comma behind."""
    rows, _report = world.convert(
        changed(既往1="喘息", 既往2="胃炎"), changed(既往1="", 既往2="胃炎"), changed(既往1="", 既往2=" ")
    )

    assert [row[11] for row in rows] == ["喘息、胃炎", "胃炎", ""]


def test_every_occurrence_of_a_finding_is_counted_and_examples_are_bounded(world: World) -> None:
    """A hundred equal mistakes are a hundred, but only twenty are shown."""
    rows, report = world.convert(*[changed(身長="ほげ")] * 100)

    assert report.counts_by_code == {"cell.number": 100}
    assert len(report.findings) == 20
    assert [f.row for f in report.findings] == list(range(1, 21))
    assert {row[4] for row in rows} == {"ほげ"}


def test_findings_never_show_the_text_by_repr(world: World) -> None:
    """Reports may be logged; originals are for the gateway's screen."""
    _rows, report = world.convert(changed(身長="かんじゃ"))

    assert report.findings[0].original == "かんじゃ"
    assert "かんじゃ" not in repr(report)
    assert "かんじゃ" not in repr(report.findings)
    assert "かんじゃ" not in str(report.counts())


@pytest.mark.parametrize(
    ("name", "text", "code", "severity"),
    [
        ("身長", "300", "cell.range", Severity.WARNS),
        ("身長", "165.55", "cell.decimals", Severity.INFORMS),
        ("身長", "1.6m", "cell.unit", Severity.STOPS),
        ("尿糖", "多め", "cell.qualitative", Severity.WARNS),
        ("尿糖", "4+", "cell.term", Severity.WARNS),
        ("受診日", "昨日", "cell.date", Severity.WARNS),
        ("受診日", "2026/7/1", "cell.date_future", Severity.WARNS),
        ("判定", "Ｚ", "cell.judgement", Severity.WARNS),
        ("ID", "", "cell.required", Severity.STOPS),
        ("ID", "123456789", "cell.too_long", Severity.STOPS),
        ("氏名", "=cmd|' /C calc'!A0", "cell.formula", Severity.WARNS),
        ("氏名", "星\n空", "cell.control", Severity.INFORMS),
    ],
)
def test_each_bad_cell_gets_its_code_at_its_place(
    world: World, name: str, text: str, code: str, severity: Severity
) -> None:
    """Row, column and heading are those of the file; the severity is the code's."""
    _rows, report = world.convert(TINY_ROW, changed(**{name: text}))

    assert report.counts_by_code == {code: 1}
    assert (report.findings[0].row, report.findings[0].header) == (2, name)
    assert report.findings[0].column == TINY_HEADERS.index(name) + 1
    assert FINDING_KINDS[code].severity is severity
    assert stops(dict(report.counts_by_code)) == (1 if severity is Severity.STOPS else 0)


@pytest.mark.parametrize("text", ["=1+1", "+cmd|x", "-cmd", "@SUM(A1)", "＝１", '=HYPERLINK("x")', "-1+2", "+81-90"])
def test_formulas_are_neutralised_on_output_and_kept_in_the_record(world: World, text: str) -> None:
    """A spreadsheet must not run a cell; the original is not lost."""
    rows, report = world.convert(changed(身長=text))
    record = world.records(changed(身長=text))[0]
    height = record.item("9N001000000000001")

    assert rows[0][5] == "'" + text
    assert report.counts_by_code["cell.formula"] == 1
    assert height is not None
    assert height.original == text


@pytest.mark.parametrize("text", ["-3.5", "+5", "-", "+", "+-", "++", "－", "A=1", "10", "", "-20dB"])
def test_plain_signs_are_no_formulas(text: str) -> None:
    """Numbers and graded results start with signs too."""
    assert not is_formula(text)


@given(st.text(max_size=12), st.sampled_from(["utf-8", "cp932"]))
def test_no_finished_cell_starts_a_formula_or_breaks_the_line(text: str, encoding: str) -> None:
    """Whatever the text: one CSV cell, encodable, not starting with = or @."""
    data, _marks = Finisher(512, encoding, b",x\r\n")(text)

    cells = next(csv.reader(io.StringIO(data.decode(encoding), newline="")))

    assert cells[1] == "x"
    assert cells[0][:1] not in {"=", "@", "＝", "＠"}


def test_signs_outside_cp932_are_replaced_and_said(world: World) -> None:
    """Only where the format is CP932."""
    japanese = World(world.map, replace(world.definition, encoding="cp932"), world.items)

    rows, report = japanese.convert(changed(氏名="𠮷　空"))
    kept, clean = world.convert(changed(氏名="𠮷　空"))

    assert (rows[0][2], report.counts_by_code) == ("〓　空", {"cell.unencodable": 1})
    assert (kept[0][2], clean.counts_by_code) == ("𠮷　空", {})


def test_rows_of_another_width_are_left_out_or_trimmed(world: World) -> None:
    """A shifted row cannot be trusted; empty cells at the end can be dropped."""
    rows, report = world.convert(TINY_ROW[:-1], [*TINY_ROW, "", " "], [*TINY_ROW, "y"], TINY_ROW)

    assert len(rows) == 2
    assert (report.rows_in, report.rows_out, report.rows_skipped) == (4, 2, 2)
    assert report.counts_by_code == {"row.trailing": 1, "row.width": 2}
    assert [(f.code, f.row) for f in report.findings] == [("row.width", 1), ("row.trailing", 2), ("row.width", 3)]


def test_a_missing_required_column_is_named(world: World) -> None:
    """By the map's heading."""
    with pytest.raises(MissingColumn) as caught:
        world.convert(TINY_ROW, headers=["番号", *TINY_HEADERS[1:]])

    assert caught.value.params == {"header": "ID"}


def test_a_missing_optional_column_is_a_finding(world: World) -> None:
    """The rest is converted."""
    rows, report = world.convert(TINY_ROW, headers=["ID", "受診日", "氏名", "せい", *TINY_HEADERS[4:]])

    assert rows[0][4] == ""
    assert report.counts_by_code == {"column.missing": 1, "layout.changed": 1}
    assert report.findings[1].header == "身長"


def test_a_persons_row_never_passes_for_headings(world: World) -> None:
    """A map of two heading rows on a file of one, or of places by number on a file without: nobody is lost, no name becomes a heading."""
    numbered = [replace(rule, at=(Locator("", column=number),)) for number, rule in enumerate(world.map.rules[:4], 1)]
    two, by_number = replace(world.map, header_rows=2), replace(world.map, rules=tuple(numbered))
    for headers, chosen in ((TINY_HEADERS, two), (TINY_ROW, by_number)):
        with pytest.raises(HeadingMissing):
            World(chosen, world.definition, world.items).convert(TINY_ROW, TINY_ROW, headers=headers)


def test_a_file_with_no_column_of_the_map_is_refused(world: World) -> None:
    """It would make empty people of everybody, where no column is required."""
    loose = replace(world.map, rules=tuple(replace(rule, required=False) for rule in world.map.rules))
    with pytest.raises(LayoutUnknown):
        World(loose, world.definition, world.items).convert(TINY_ROW, headers=[f"別{one}" for one in TINY_HEADERS])


def test_a_duplicate_heading_is_refused(world: World) -> None:
    """The map takes 身長 for single."""
    with pytest.raises(AmbiguousHeader):
        world.convert(TINY_ROW, headers=[*TINY_HEADERS[:-1], "身長"])


def test_moved_columns_are_found_and_said(world: World) -> None:
    """Same headings in another order: same result, one remark."""
    straight, _report = world.convert(TINY_ROW)
    rows, report = world.convert(TINY_ROW[::-1], headers=TINY_HEADERS[::-1])

    assert rows == straight
    assert report.counts_by_code == {"layout.changed": 1}


def test_headings_alone_are_refused(world: World) -> None:
    """Nobody's file is not a result file."""
    with pytest.raises(NoRows):
        world.convert()


def test_an_expired_map_is_refused(world: World) -> None:
    """Also when the caller did not ask recognise."""
    with pytest.raises(MapNotValid):
        convert(io.BytesIO(b"a"), world.map, world.definition, io.BytesIO(), on=date(2027, 1, 1), items=world.items)


@pytest.mark.parametrize(("old", "new"), [("9N001000000000001", "9N001000000009999"), ('unit: "cm"', 'unit: "m"')])
def test_a_map_against_the_item_table_is_refused(world: World, old: str, new: str) -> None:
    """Unknown items and other units are caught before any row."""
    text = TINY_MAP.format(layout=world.map.layout_hash).replace(old, new)

    with pytest.raises(MapInvalid):
        World(load_map(text), world.definition, world.items).convert(TINY_ROW)


def test_the_neutral_record_keeps_original_beside_standard(world: World) -> None:
    """With status, unit, judgement and the id of the table."""
    record = world.records(TINY_ROW)[0]
    height, sugar, heart = (
        record.item(code) for code in ("9N001000000000001", "1A020000000191111", "9A110160800000049")
    )

    assert height is not None
    assert sugar is not None
    assert heart is not None
    assert (height.original, height.standard, height.unit) == ("１６５．５", "165.5", "cm")
    assert (height.judgement, height.judgement_standard, height.flag, height.low) == (
        "Ｃ６",
        "要再検査（6か月）",
        "",
        "",
    )
    assert (sugar.standard, sugar.coded) == ("＋", "3")
    assert (heart.standard, heart.judgement, heart.group) == ("不整脈", "要受診", "9A110161000000049")
    assert record.item("3D010129901999901") is None
    assert (record.fields["person.name"], record.originals["person.name"]) == ("星　空", "星　空")
    assert record.table_id == world.items.table_id
    assert "星" not in repr(record)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("未実施", Status.NOT_DONE),
        ("測定不能", Status.UNMEASURABLE),
        ("100未満", Status.BELOW),
        ("200以上", Status.ABOVE),
    ],
)
def test_absence_and_bounds_reach_the_record(world: World, text: str, status: Status) -> None:
    """An examination not done is a statement, not a blank."""
    height = world.records(changed(身長=text))[0].item("9N001000000000001")

    assert height is not None
    assert (height.status, height.original) == (status, text)


def test_a_record_sink_sees_every_row_and_changes_nothing(world: World) -> None:
    """With and without a sink the output is the same."""
    text = (",".join(TINY_HEADERS) + "\r\n" + (",".join(TINY_ROW) + "\r\n") * 3).encode()
    plain, watched = io.BytesIO(), io.BytesIO()
    seen: list[NeutralRecord] = []

    convert(io.BytesIO(text), world.map, world.definition, plain, on=ON, items=world.items)
    convert(io.BytesIO(text), world.map, world.definition, watched, on=ON, items=world.items, record_sink=seen.append)

    assert plain.getvalue() == watched.getvalue()
    assert [record.row for record in seen] == [1, 2, 3]
    assert seen[0].line == 2


def test_results_do_not_depend_on_what_was_remembered(world: World) -> None:
    """More distinct values than a table remembers come out right."""
    rows, report = world.convert(*[changed(ID=f"P{n}") for n in range(TABLE_LIMIT + 50)])

    assert [row[0] for row in rows] == [f"P{n}" for n in range(TABLE_LIMIT + 50)]
    assert report.counts_by_code == {}


def test_compact_dates_where_the_format_asks(world: World) -> None:
    """The style changes dates, not texts that are no dates."""
    compact = World(world.map, replace(world.definition, dates="compact"), world.items)

    rows, _report = compact.convert(TINY_ROW, changed(受診日="a-b"))

    assert [row[1] for row in rows] == ["20260516", "a-b"]


@settings(max_examples=40)
@given(cells=st.lists(st.text(alphabet="1０未満=@,\"'\n\r あA-+\t😀", max_size=6), min_size=12, max_size=12))
def test_any_cells_give_one_line_per_row(
    cells: list[str], tiny: LayoutMap, tiny_format: FormatDefinition, items: ItemTable
) -> None:
    """Quotes, breaks and formulas in cells never change the number of lines or columns."""
    rows, report = World(tiny, tiny_format, items).convert(["P", *[cell.replace("\r", " ") for cell in cells[1:]]])

    assert [len(row) for row in rows] == [15]
    assert report.rows_out == 1
