"""The item table with guidance items, and an invented sender."""

from __future__ import annotations

import pytest

from akashi.checkup import ItemTable, SubmissionContext, load_items
from tests.checkup.archive.invented import DAY, INSTITUTION
from tests.checkup.conftest import FORMATS


@pytest.fixture(scope="session")
def items() -> ItemTable:
    """National, additional and guidance items."""
    names = ("items-v4.csv", "items-additional.csv", "items-guidance.csv")
    return load_items([(FORMATS / name).read_text() for name in names], (FORMATS / "codes-v4.csv").read_text())


@pytest.fixture(scope="session")
def context(items: ItemTable) -> SubmissionContext:
    """A checkup archive's sender."""
    return SubmissionContext(INSTITUTION, "架空健診センター", DAY, items)
