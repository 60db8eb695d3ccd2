"""One served home, and a real nginx before one of its gateways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.served import World, served
from tests.deploy.terminated import Front, fronted


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The home; it lives for the session."""
    with served(tmp_path_factory.mktemp("served")) as made:
        yield made


@pytest.fixture(scope="session")
def front(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The clinic's gateway on a Unix socket, with nginx and our shipped configuration before it."""
    with fronted(world, tmp_path_factory.mktemp("front")) as made:
        yield made
