"""The story of one cell: told for every use of a column, and never by repr."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from akashi.checkup import FormatDefinition, ItemTable, LayoutMap, Status
from akashi.checkup.errors import CellNotThere
from akashi.checkup.formats.maps import Locator
from akashi.checkup.tabular.explaining import ColumnUse, Explanation, explain_cell
from tests.checkup.conftest import ON, TINY_HEADERS, TINY_ROW


class Teller:
    """Explains cells of the tiny layout by heading."""

    def __init__(self, layout_map: LayoutMap, definition: FormatDefinition, items: ItemTable) -> None:
        self.map, self.definition, self.items = layout_map, definition, items

    def tell(self, heading: str, *rows: list[str], row: int = 1, column: int = 0) -> Explanation:
        """The story of the cell under ``heading``."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([TINY_HEADERS, *(rows or [TINY_ROW])])
        place = column or TINY_HEADERS.index(heading) + 1
        stream = io.BytesIO(text.getvalue().encode())
        return explain_cell(stream, self.map, self.definition, self.items, on=ON, row=row, column=place)


@pytest.fixture
def teller(tiny: LayoutMap, tiny_format: FormatDefinition, items: ItemTable) -> Teller:
    """The tiny layout's."""
    return Teller(tiny, tiny_format, items)


def test_a_measurement_is_told_from_cell_to_columns(teller: Teller) -> None:
    """What stood there, how it was folded, what was read, and the three columns that show it."""
    told = teller.tell("身長")
    reading = told.readings[0]

    assert (told.row, told.line, told.column, told.header, told.use) == (1, 2, 4, "身長", ColumnUse.READ)
    assert (told.original, reading.folded, reading.outcome.standard) == ("１６５．５", "165.5", "165.5")
    assert (reading.target, reading.kind, reading.unit, reading.outcome.status) == (
        "9N001000000000001", "number", "cm", Status.VALUE,
    )  # fmt: skip
    assert [(shown.number, shown.name, shown.text) for shown in reading.shown] == [
        (5, "身長", "165.5"), (6, "身長原文", "１６５．５"), (7, "身長単位", "cm"),
    ]  # fmt: skip


def test_a_condition_is_told_with_its_outcome(teller: Teller) -> None:
    """Both rules of an exclusive pair are told: the one that got the text and the one that did not."""
    told = teller.tell("血糖")

    assert [(one.target, one.condition, one.decided_by, one.holds, one.text) for one in told.readings] == [
        ("3D010000001999901", "区分", "空腹", True, "95"), ("3D010129901999901", "区分", "空腹", False, ""),
    ]  # fmt: skip


def test_a_column_that_only_decides_says_what_it_decides(teller: Teller) -> None:
    """区分 fills no column itself."""
    told = teller.tell("区分")

    assert (told.use, len(told.readings)) == (ColumnUse.DECIDES, 2)


def test_a_joined_cell_is_told_with_its_neighbours(teller: Teller) -> None:
    """A multi-entry rule names all its headings."""
    told = teller.tell("既往1")

    assert told.readings[0].at == ("既往1", "既往2")
    assert told.readings[0].text == "喘息"


def test_columns_that_nothing_reads_say_why(teller: Teller) -> None:
    """Ignored, spare, watched or undecided."""
    place = (Locator(header="備考"),)
    maps = {
        ColumnUse.IGNORED: teller.map,
        ColumnUse.SPARE: replace(teller.map, ignored=(), spare=place),
        ColumnUse.WATCHED: replace(teller.map, ignored=(), watched=place),
        ColumnUse.UNDECIDED: replace(teller.map, ignored=()),
    }

    told = {use: Teller(changed, teller.definition, teller.items).tell("備考") for use, changed in maps.items()}

    assert {use: story.use for use, story in told.items()} == {use: use for use in maps}
    assert told[ColumnUse.WATCHED].findings == ("column.watched",)
    assert told[ColumnUse.IGNORED].readings == ()


def test_the_findings_of_the_cell_are_named(teller: Teller) -> None:
    """Those of the conversion, at this column."""
    row = [*TINY_ROW]
    row[TINY_HEADERS.index("身長")] = "1.6m"

    assert teller.tell("身長", TINY_ROW, row, row=2).findings == ("cell.unit",)


def test_a_row_that_was_left_out_is_told_as_such(teller: Teller) -> None:
    """Its cells stand under wrong headings: nothing of it is read."""
    told = teller.tell("身長", TINY_ROW[:-1], TINY_ROW)

    assert (told.line, told.readings, told.findings) == (0, (), ("row.width",))
    assert teller.tell("身長", TINY_ROW[:-1], TINY_ROW, row=2).line == 3


@pytest.mark.parametrize(("row", "column"), [(2, 4), (0, 4), (1, 13), (1, -1)])
def test_a_cell_that_is_not_there_is_refused(teller: Teller, row: int, column: int) -> None:
    """By row or by column."""
    with pytest.raises(CellNotThere):
        teller.tell("身長", row=row, column=column)


def test_a_story_never_shows_its_texts_by_repr(teller: Teller) -> None:
    """It is somebody's result."""
    told = teller.tell("所見")

    assert told.readings[0].shown[0].text == "不整脈"
    assert "不整脈" not in repr(told)
