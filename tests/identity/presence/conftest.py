"""A clinic with browsers, and its presence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from akashi.identity.presence.service import Presence
from tests.identity.twin import Clinic, clinic


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Clinic]:
    """A clinic with people and devices."""
    made = clinic(tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def presence(home: Clinic) -> Presence:
    """The presence of the clinic's people."""
    accounts = home.accounts
    return Presence(home.database, accounts._author, accounts, home.clock)
