"""One world per test, closed whatever happens; founding it is done once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exchange.world import World


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a world in which everybody is registered and nothing was sent."""
    home = tmp_path_factory.mktemp("exchange") / "home"
    World(home).close()
    return home


@pytest.fixture
def world(founded: Path, tmp_path: Path) -> Iterator[World]:
    """Sender, receiver, a third institution and a server on real parts."""
    shutil.copytree(founded, tmp_path / "home")
    made = World(tmp_path / "home")
    yield made
    made.close()
