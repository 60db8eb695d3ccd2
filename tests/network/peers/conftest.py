"""Planes that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from akashi.network.peers import server
from akashi.network.peers.routes import Bounds
from tests.network.peers.servers import Home, Plane
from tests.waiting import PATIENCE_S

Planes = Callable[..., list[Plane]]


@pytest.fixture
def planes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Planes]:
    """Start some servers' planes on this machine; all are stopped at the end. A handshake may take as long as a slow machine needs."""
    monkeypatch.setattr(server, "HANDSHAKE_SECONDS", PATIENCE_S)
    with ExitStack() as running:

        def start(count: int, bounds: Bounds | None = None, homes: Sequence[Home] | None = None) -> list[Plane]:
            homes = homes or [Home(number) for number in range(1, count + 1)]
            made = [Plane(tmp_path, home, homes, bounds) for home in homes[:count]]
            for plane in made:
                plane.start()
                running.callback(plane.stop)
            return made

        yield start
