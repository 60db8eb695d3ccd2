"""The threat model cites tests; a guarantee whose test is gone is no guarantee."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("docs/threat-model.md", "docs/exchange.md")


def defined_tests() -> set[str]:
    """The names of all test functions in the tree."""
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        found |= set(re.findall(r"^\s*(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_cited_tests_exist(page: str) -> None:
    """Every test that the page names in code marks is there."""
    cited = set(re.findall(r"`(test_\w+)`", (ROOT / page).read_text(encoding="utf-8")))

    assert cited, page
    assert sorted(cited - defined_tests()) == []
