"""Four servers, founded once and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.network.payloads.servers import Network


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a network on which nothing was sent yet; closed."""
    home = tmp_path_factory.mktemp("founded") / "home"
    Network(home).close()
    return home


@pytest.fixture
def home(founded: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(founded, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def network(home: Path) -> Iterator[Network]:
    """Four servers, all up."""
    world = Network(home)
    yield world
    world.close()
