"""Pure decisions about rows and files: no stream, clock or random source.

>>> row_fit(["a", "b", ""], 2), row_fit(["a"], 2)
(<RowFit.TRIM: 'trim'>, <RowFit.BROKEN: 'broken'>)
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum


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


def looks_like_heading(row: Sequence[str]) -> bool:
    """Whether a second row may be headings too: some words, and no cell that is a number or a date."""
    filled = [cell.strip() for cell in row if cell.strip()]
    return bool(filled) and not any(cell[0].isdigit() for cell in filled)
