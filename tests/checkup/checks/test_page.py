"""docs/checkup-checks.md lists every check and every code it says."""

from __future__ import annotations

import re
from datetime import date

from akashi.checkup import ItemTable
from akashi.checkup.checks.national import checks_for
from akashi.checkup.findings.checks import KINDS
from tests.checkup.checks.test_golden import CASES
from tests.checkup.conftest import ROOT

PAGE = (ROOT / "docs/checkup-checks.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([a-z_]+)` \| ([^|]+) \|", PAGE, re.MULTILINE))


def test_the_page_lists_every_check(items: ItemTable) -> None:
    """By the first word of its name, and no other."""
    names = {check.name.split(".")[0] for check in checks_for(items, "010", on=date(2026, 6, 1))}

    assert set(ROWS) == names


def test_the_page_says_what_each_check_says() -> None:
    """The codes of a row are those its golden cases show."""
    shown: dict[str, set[str]] = {}
    for name, _cells, expected in CASES:
        shown.setdefault(name.split(".")[0], set()).update(code for code, _at in expected)

    assert {name: set(re.findall(r"`([a-z_.]+)`", codes)) for name, codes in ROWS.items()} == shown


def test_the_page_names_every_code_of_the_checks() -> None:
    """Those of columns and persons too."""
    assert [kind.code for kind in KINDS if f"`{kind.code}`" not in PAGE] == []


def test_each_row_names_its_source() -> None:
    """No rule without saying where it comes from."""
    table = [line for line in PAGE.splitlines() if line.startswith("| `") and line.count("|") == 5]

    assert len(table) == len(ROWS)
    assert all(line.split("|")[4].strip() for line in table)
