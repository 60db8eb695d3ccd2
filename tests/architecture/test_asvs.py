"""docs/asvs.md is whole: every requirement of OWASP ASVS 5.0.0 once, with a test or document that is there, or a reason."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import pytest

from tests.architecture.source import ROOT

PAGE = ROOT / "docs" / "asvs.md"
ROW = re.compile(r"^\| (\d+)\.(\d+)\.(\d+) \| ([123]) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
SECTIONS = {
    1: (2, 10, 12, 3, 3), 2: (3, 3, 5, 2), 3: (1, 3, 5, 8, 8, 1, 5), 4: (5, 5, 2, 4), 5: (1, 6, 3, 3), 6: (3, 12, 8, 6, 8, 4, 2, 4),
    7: (3, 4, 2, 5, 3, 2), 8: (4, 4, 3, 2), 9: (3, 4), 10: (2, 3, 5, 16, 5, 2, 3), 11: (4, 5, 5, 4, 2, 2, 2), 12: (5, 2, 5),
    13: (4, 6, 4, 7), 14: (2, 8, 3), 15: (5, 5, 7, 4), 16: (1, 5, 4, 3, 4), 17: (2, 8, 2),
}  # fmt: skip
"""How many requirements each section of each chapter of the standard has."""
LEVELS = {"1": 70, "2": 183, "3": 92}
KINDS = ("test", "document", "does not apply", "not met")


@cache
def rows() -> list[tuple[tuple[int, int, int], str, str, str]]:
    """``(id, level, what is asked, how)`` of each line."""
    found = ROW.findall(PAGE.read_text(encoding="utf-8"))
    return [((int(a), int(b), int(c)), level, asked, how) for a, b, c, level, asked, how in found]


def kind(how: str) -> str:
    """The one kind of a line."""
    return how.partition(":")[0]


def test_every_requirement_stands_once() -> None:
    """All 345 ids of the 17 chapters, in order, with as many of each level as the standard has."""
    wanted = [
        (chapter, section, number)
        for chapter, sizes in SECTIONS.items()
        for section, size in enumerate(sizes, 1)
        for number in range(1, size + 1)
    ]

    assert [one for one, *_ in rows()] == wanted
    assert Counter(level for _, level, *_ in rows()) == LEVELS


def test_every_line_has_one_answer() -> None:
    """A test, a document, a reason why it does not apply, or plainly that it is not met and why: one of them, and not empty."""
    assert [one for one, _, _, how in rows() if kind(how) not in KINDS or len(how.partition(": ")[2]) < 5] == []
    assert [one for one, _, _, how in rows() if kind(how) == "test" and "`tests/" not in how] == []


@pytest.mark.parametrize("chapter", sorted(SECTIONS))
def test_named_tests_exist(chapter: int) -> None:
    """Each named test is in the file that is named; tests named in reasons exist too."""
    missing = []
    for one, _, _, how in rows():
        for path, name in re.findall(r"`(tests/[\w/.]+)::(test_\w+)`", how) if one[0] == chapter else ():
            file = ROOT / path
            if not file.is_file() or not re.search(rf"def {name}\(", file.read_text(encoding="utf-8")):
                missing.append((one, path, name))

    assert missing == []


def test_tests_in_reasons_exist() -> None:
    """A reason that cites a test cites one that is there."""
    named = {name for _, _, _, how in rows() for name in re.findall(r"`(test_\w+)`", how)}
    defined: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        defined |= set(re.findall(r"def (test_\w+)\(", path.read_text(encoding="utf-8")))

    assert sorted(named - defined) == []
    assert named


def test_named_documents_exist() -> None:
    """A requirement on documentation names a document of this tree."""
    documents = [
        (one, re.findall(r"(?:docs|bench)/[\w/.-]+\w", how)) for one, _, _, how in rows() if kind(how) == "document"
    ]

    assert [one for one, found in documents if not found] == []
    assert [(one, name) for one, found in documents for name in found if not (ROOT / name).exists()] == []


def test_the_counts_are_right() -> None:
    """The table at the top says what the lines say, level by level."""
    text = PAGE.read_text(encoding="utf-8")
    for level in (*LEVELS, "all"):
        counted = Counter(kind(how) for _, one, _, how in rows() if level in (one, "all"))
        figures = [sum(counted.values()), *(counted[one] for one in KINDS)]

        assert f"| {level} | " + " | ".join(map(str, figures)) + " |" in text
