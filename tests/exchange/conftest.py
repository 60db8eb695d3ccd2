"""One world per test, closed whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exchange.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Sender, receiver, a third institution and a server on real parts."""
    made = World(tmp_path)
    yield made
    made.close()
