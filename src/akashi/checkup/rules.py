"""Pure decisions about rows and files: no stream, clock or random source.

>>> row_fit(["a", "b", ""], 2), row_fit(["a"], 2)
(<RowFit.TRIM: 'trim'>, <RowFit.BROKEN: 'broken'>)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

from akashi.checkup.cells.dates import parse_date
from akashi.checkup.cells.fold import fold

LONGEST_HEADING = 200
"""Signs of a heading that are looked at; a longer cell is a text, not a heading."""


class RowFit(Enum):
    """Whether a row's cells stand under its headings."""

    EXACT = "exact"
    # Only empty cells too many: spreadsheets add them, nothing is shifted.
    TRIM = "trim"
    # Cells may have moved under wrong headings: nothing of the row can be trusted.
    BROKEN = "broken"


def row_fit(row: Sequence[str], size: int) -> RowFit:
    """How ``row`` fits a layout of ``size`` columns."""
    if len(row) == size:
        return RowFit.EXACT
    if len(row) > size and not any(cell.strip() for cell in row[size:]):
        return RowFit.TRIM
    return RowFit.BROKEN


def _is_data(cell: str) -> bool:
    bare = fold(cell[:LONGEST_HEADING])
    return bool(bare) and (bare.replace(".", "").isdigit() or parse_date(cell) is not None)


def is_persons(row: Sequence[str]) -> bool:
    """Whether a row looks like a person's and not like headings: nothing in it, or more than a fifth numbers and dates.

    >>> is_persons(["氏名", "身長", "聴力 1000"]), is_persons(["P001", "2026-05-16", "165.5"])
    (False, True)
    """
    filled = [cell for cell in row if cell.strip()]
    return not filled or sum(map(_is_data, filled)) > len(filled) / 5


def heading_rows(rows: Sequence[Sequence[str]], is_heading: Callable[[str], bool]) -> int:
    """How many of a file's first rows are headings: 1 or 2; 0 where the first row looks like a person's.

    A second heading row stands under merged cells (blank or repeated above) and reads like headings itself: taking a person's
    row for one would show that person. ``is_heading`` says whether a cell is made of words that headings are made of.

    >>> words = {"身長", "体重", "結果", "判定"}.__contains__
    >>> rows = ["身長", ""], ["結果", "判定"], ["170", "A"]
    >>> heading_rows(rows, words), heading_rows([["氏名", ""], ["星", "空"]], words), heading_rows(rows[2:], words)
    (2, 1, 0)
    """
    if is_persons(rows[0]):
        return 0
    filled = [cell for cell in rows[0] if cell.strip()]
    if len(rows) < 2 or len(rows[1]) != len(rows[0]):
        return 1
    merged = len(filled) < len(rows[0]) or len(set(filled)) < len(filled)
    below = [cell for cell in rows[1] if cell.strip()]
    if not merged or not below or sum(map(_is_data, below)) > len(below) / 20:
        return 1
    known = sum(len(cell) <= LONGEST_HEADING and is_heading(cell) for cell in below)
    return 2 if known >= len(below) / 2 else 1
