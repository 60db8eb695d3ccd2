"""Checks made to the measure of a layout, and what a layout lacks: said once, not in each row."""

from __future__ import annotations

from datetime import date

from akashi.checkup import ItemTable
from akashi.checkup.checks.model import Wanted
from akashi.checkup.checks.national import checks_for, missing_columns
from akashi.checkup.model import Outcome, Role, Status

ON = date(2026, 6, 1)
ECG, ECG_TEXT = "9A110160700000011", "9A110160800000049"
DRAW, FASTING_TG = "9N141000000000011", "3F015000002327101"
EMPTY = Outcome()


def cells(*targets: str) -> frozenset[Wanted]:
    """A layout that has these cells."""
    return frozenset(map(Wanted, targets))


def names(items: ItemTable, present: frozenset[Wanted], program: str = "") -> set[str]:
    """The checks made for a layout."""
    return {check.name for check in checks_for(items, program, on=ON, present=present)}


def told(items: ItemTable, present: frozenset[Wanted], program: str = "") -> set[tuple[str, str]]:
    """Code and item of what is said of a layout as a whole."""
    return {(found.code, found.item) for found in missing_columns(items, program, present)}


def test_a_pair_is_checked_where_both_halves_have_a_column(items: ItemTable) -> None:
    """A missing half would be said in every row."""
    both = f"pair.{ECG_TEXT}"

    assert both in names(items, cells(ECG, ECG_TEXT))
    assert both in names(items, frozenset({Wanted(ECG), Wanted(ECG, role=Role.TEXT)}))
    assert both not in names(items, cells(ECG))
    assert both not in names(items, cells(ECG_TEXT))


def test_a_missing_half_is_said_once(items: ItemTable) -> None:
    """Whichever half it is; nothing where both or none are there."""
    assert told(items, cells(ECG)) == {("column.partner", ECG_TEXT)}
    assert told(items, cells(ECG_TEXT)) == {("column.partner", ECG)}
    assert told(items, cells(ECG, ECG_TEXT)) == set()
    assert told(items, cells()) == set()


def test_the_draw_time_is_asked_for_once_when_its_column_is_missing(items: ItemTable) -> None:
    """And in each row when the column is there."""
    assert told(items, cells(FASTING_TG)) == {("column.partner", DRAW)}
    assert names(items, cells(FASTING_TG)) == set()
    assert f"draw.{FASTING_TG}" in names(items, cells(FASTING_TG, DRAW))


def test_required_items_without_a_column_are_said_once(items: ItemTable) -> None:
    """And their check is not made; items with a column are checked in each row."""
    present = cells("9N001000000000001", "3B035000002327201")
    found = told(items, present, "010")

    assert ("column.required", "9N006000000000001") in found
    assert ("column.required", "9N001000000000001") not in found
    assert {name for name in names(items, present, "010") if name.startswith(("required", "one_of"))} == {
        "required.9N001000000000001",
        "one_of.G",
    }


def test_a_group_without_any_column_is_said_once(items: ItemTable) -> None:
    """One column of the group is enough; fasting sugar, casual sugar and HbA1c are one group."""
    groups = [item for code, item in told(items, cells(), "010") if code == "column.one_of"]
    with_sugar = [item for code, item in told(items, cells("3D046000001999902"), "010") if code == "column.one_of"]

    assert len(groups) == 12
    assert len(with_sugar) == 11


def test_a_group_check_wants_only_the_columns_there_are(items: ItemTable) -> None:
    """So that a finding stands at a column of the file."""
    (check,) = checks_for(items, "010", present=cells("3B035000002399901"))

    assert check.wanted == (Wanted("3B035000002399901"),)
    assert check.judge((EMPTY,))[0].code == "item.one_of"


def test_no_programme_asks_for_nothing(items: ItemTable) -> None:
    """Nor does a programme the table does not know."""
    assert told(items, cells()) == told(items, cells(), "123") == set()
    assert not any(name.startswith(("required", "one_of")) for name in names(items, cells("9N001000000000001")))


def test_texts_that_hang_on_a_flag_are_not_required_by_themselves(items: ItemTable) -> None:
    """具体的な既往歴 is marked as mandatory in the table, and is written only where there is a history."""
    assert ("column.required", "9N056160400000049") not in told(items, cells(), "010")
    assert ("column.required", "9N056000000000011") in told(items, cells(), "010")


def test_findings_about_columns_stand_in_no_row(items: ItemTable) -> None:
    """Row 0, with the item's name as heading."""
    found = missing_columns(items, "", cells(ECG))[0]

    assert (found.row, found.column, found.header) == (0, 0, "心電図(所見)")


def test_the_age_of_the_source_is_optional(items: ItemTable) -> None:
    """Birth and visit are enough to check the age for the programme."""
    (check,) = checks_for(items, "010", present=cells("visit.date", "person.birth"))
    day, birth = Outcome("2026-05-16", Status.VALUE), Outcome("2000-01-01", Status.VALUE)

    assert [said.code for said in check.judge((day, birth, EMPTY))] == ["visit.age"]
