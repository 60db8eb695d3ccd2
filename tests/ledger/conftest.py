"""Fixtures of the ledger's tests: an invented ledger on disk, closed afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from akashi.ledger.service import Engine
from tests.ledger.world import World


@pytest.fixture
def world() -> World:
    """Keys and clock of an invented ledger."""
    return World()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the ledger lies."""
    return tmp_path / "ledger"


@pytest.fixture
def engine(world: World, directory: Path) -> Iterator[Engine]:
    """A ledger of two leaves: genesis, and the sender's gateway key."""
    opened = world.create(directory)
    yield opened
    opened.close()
