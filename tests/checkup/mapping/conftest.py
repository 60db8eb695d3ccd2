"""The word list, and a small file of which everything is known."""

from __future__ import annotations

import io
from datetime import date

import pytest

from akashi.checkup import ItemTable
from akashi.checkup.mapping.draft import draft
from akashi.checkup.mapping.model import ColumnDraft, Draft
from akashi.checkup.mapping.words import WordList, load_words
from tests.checkup.conftest import FORMATS

ON = date(2026, 6, 1)


@pytest.fixture(scope="session")
def words() -> WordList:
    """The shipped word list."""
    return load_words((FORMATS / "map-words.yaml").read_text())


class Desk:
    """Drafts small files made of columns: heading -> cells."""

    def __init__(self, items: ItemTable, words: WordList) -> None:
        self._items, self._words = items, words

    def draft(self, columns: dict[str, list[str]] | list[tuple[str, list[str]]]) -> Draft:
        """The draft of one heading row and the given cells."""
        pairs = list(columns.items()) if isinstance(columns, dict) else columns
        lines = [",".join(heading for heading, _ in pairs)]
        lines += [",".join(cells) for cells in zip(*(cells for _, cells in pairs), strict=True)]
        return self.text("\r\n".join(lines) + "\r\n")

    def text(self, text: str) -> Draft:
        """The draft of a file given as text."""
        return draft(io.BytesIO(text.encode()), self._items, self._words, institution="here", on=ON)

    def column(self, heading: str, cells: list[str]) -> ColumnDraft:
        """The draft of a file with this column alone (and an id)."""
        return self.draft({"受診者番号": [f"P{n}" for n in range(len(cells))], heading: cells}).columns[1]


@pytest.fixture(scope="session")
def desk(items: ItemTable, words: WordList) -> Desk:
    """A drafter at hand."""
    return Desk(items, words)
