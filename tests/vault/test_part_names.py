"""Part names: the list of code points is the page's, leaves out nothing that is dangerous, and refuses no letter."""

from __future__ import annotations

import re
import sys
import unicodedata
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.vault.sealing.names import REFUSED, SEPARATORS, is_part_name
from tests.vault.independent_opener import name_allowed

PAGE = Path(__file__).parents[2] / "docs" / "spec" / "sealed-payload.md"
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
EVERY = range(sys.maxunicode + 1)
LISTED = {point for low, high in REFUSED for point in range(low, high + 1)}
ODD = [
    "con",
    "COM",
    "nul",
    "Lpt",
    "0",
    "\u00b9",
    "$",
    ".",
    " ",
    "CONIN$",
    "\u0131",
    "\u212a",
    "\u017f",
    "a",
    "証",
    "\u202e",
    "/",
]


def test_the_list_is_that_of_the_page() -> None:
    """Who builds a reader from the page refuses the same code points."""
    found = re.findall(r"(?<![\w-])([0-9A-F]{4,6})-([0-9A-F]{4,6})(?= |\n)", PAGE.read_text("utf-8").split("```")[1])
    assert [(int(low, 16), int(high, 16)) for low, high in found] == list(REFUSED)


def test_no_unseen_character_is_left_out() -> None:
    """Every control, format, private and separating character that this edition of Unicode knows, and every noncharacter."""
    unseen = {point for point in EVERY if unicodedata.category(chr(point)) in UNSEEN}
    noncharacters = {point for point in EVERY if point & 0xFFFE == 0xFFFE} | set(range(0xFDD0, 0xFDF0))
    assert (unseen | noncharacters) - LISTED == set()


def test_no_letter_is_refused() -> None:
    """Beyond those the list holds only code points that are no characters; all letters, digits and marks may be used."""
    assert {unicodedata.category(chr(point)) for point in LISTED} - UNSEEN == {"Cn"}


def test_folding_is_that_of_the_edition_that_the_page_names() -> None:
    """A Python with a newer table must not silently take two names for one: the page says Unicode 14.0."""
    folds = "\n".join(f"{point:X} {chr(point).casefold()}" for point in EVERY if not 0xD800 <= point < 0xE000)
    assert sha256(folds.encode()).hexdigest() == "5c3859a9764be5d47cc5451a628ab3c05336c23e3333d4214ef3c2da4a48aa69"


@pytest.mark.parametrize(
    "name", ["結果 2.csv", " a", "a..b", "a.b.c", "COM", "com10", "null", "x.nul", "葛\U000e0100.csv"]
)
def test_names_that_are_allowed(name: str) -> None:
    """Odd, and a plain file on every system."""
    assert is_part_name(name)


@pytest.mark.parametrize("name", [f"a{one}b" for one in SEPARATORS] + ["a.", "a ", ".a", "nul", "Aux.csv", "COM3 .x.y"])
def test_names_that_no_system_should_get(name: str) -> None:
    """Separators, hidden files, names that Windows changes, and its devices."""
    assert not is_part_name(name)


@given(name=st.text(max_size=8) | st.lists(st.sampled_from(ODD), max_size=5).map("".join))
def test_two_readings_of_the_rule_agree(name: str) -> None:
    """Ours is two patterns, the other is written out from the page."""
    assert is_part_name(name) == name_allowed(name)
