"""Attacks on cells: texts that fold into another number, day or flag than they say."""

from __future__ import annotations

from datetime import date

import pytest

from akashi.checkup import Status
from akashi.checkup.cells.dates import read_date
from akashi.checkup.cells.numbers import NumberRule, read_number


@pytest.mark.parametrize("text", ["120 80", "1 234", "12\n80", "１２　５", "5 6 mg/dL", "<1 2"])
def test_two_numbers_in_one_cell_are_no_number(text: str) -> None:
    """A space between digits parts them: folding must not make one of two."""
    read = read_number(text, NumberRule(unit="mg/dL"))

    assert (read.status, read.findings) == (Status.UNMATCHED, ("cell.number",))


@pytest.mark.parametrize("text", ["2026/5/1 6", "S43 0101", "2026 0516"])
def test_digits_parted_by_a_space_are_no_day(text: str) -> None:
    """The sixth of nothing is not the sixteenth of May."""
    assert read_date(text, date(2026, 6, 1)).status is Status.UNMATCHED


@pytest.mark.parametrize(("text", "day"), [("2026/ 5/16", "2026-05-16"), ("令和8年 5月16日", "2026-05-16")])
def test_spaces_that_only_align_are_nothing(text: str, day: str) -> None:
    """Systems pad months and days with spaces."""
    assert read_date(text, date(2026, 6, 1)).standard == day


def test_litres_are_not_a_low_number_of_millilitres() -> None:
    """L after a number counted in a litre's parts may be the unit: nothing is guessed, nothing flagged."""
    read = read_number("3.5L", NumberRule(unit="mL"))

    assert (read.status, read.flag, read.findings) == (Status.UNMATCHED, "", ("cell.unit",))


def test_low_after_a_unit_is_still_a_flag() -> None:
    """Elsewhere L is what the source says."""
    assert read_number("12L", NumberRule(unit="mg")).flag == "L"
