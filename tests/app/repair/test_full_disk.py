"""A full disk is no damage: servers that fill up together must not all put their ledgers aside, for nobody would be left to ask."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from akashi.app.config import server_paths
from akashi.app.network.places import AddressBook, NetworkPlaces, Reached
from akashi.app.network.running import NetworkNode
from akashi.app.repair import repairing
from akashi.app.repair.mending import damage_of
from akashi.app.repair.scrubbing import Guard
from akashi.clock import FixedClock
from akashi.durable import make_directory
from akashi.ledger.author import Author
from akashi.ledger.errors import LedgerFull
from akashi.network.abci.errors import ApplicationStopped
from akashi.network.model import Address
from akashi.network.node.errors import NodeGaveUp
from akashi.network.node.process import NodeState
from akashi.network.store import NetworkStore
from tests.ledger.world import ORIGIN, START_MS, World


def _guard(folder: Path, failure: str) -> Guard:
    """The guard of a server whose node was halted because its application said ``failure``."""
    paths = server_paths(folder)
    places = NetworkPlaces.of(paths)
    make_directory(places.root)
    World().create(paths.ledger).close()
    node = SimpleNamespace(
        seat=SimpleNamespace(paths=paths, places=places, origin=ORIGIN),
        process=SimpleNamespace(client=None, state=NodeState.HALTED),
        abci=SimpleNamespace(failure=ApplicationStopped(failure)),
        engine=SimpleNamespace(unproven=None),
        chain=SimpleNamespace(head=None, position=SimpleNamespace(height=7), over=False),
        store=NetworkStore(places.store),
        links=SimpleNamespace(peers=dict), roll=SimpleNamespace(members=tuple), chain_id="chain", history=None, before_voting=[],
    )  # fmt: skip
    return Guard(cast("NetworkNode", node), cast("Author", None), FixedClock(START_MS), lambda _: None)


def test_a_ledger_that_found_no_room_is_not_damaged(tmp_path: Path) -> None:
    """The block could not be written for want of room: nothing is put aside, also when there is room again."""
    assert _guard(tmp_path / "full", LedgerFull.code).quick() is None

    found = _guard(tmp_path / "other", "KeyError").quick()

    assert found is not None
    assert found.failure == "node.stopped"


@pytest.mark.network
def test_a_node_that_fell_on_a_full_disk_is_not_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gave up at the start: damage where there is room, and nothing of the kind where there is none."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    paths = server_paths(tmp_path)
    places = NetworkPlaces.of(paths)
    make_directory(places.root)
    AddressBook("srv-a", (Reached("srv-a", 1, Address("127.0.0.1", port, port), b""),)).write(places.book)
    make_directory(paths.public)
    (paths.public / "origin").write_text(ORIGIN, encoding="utf-8")
    fell = NodeGaveUp(count=4)
    assert damage_of(fell, paths) is not None

    monkeypatch.setattr(repairing, "LEAST_FREE", 1 << 62)

    assert damage_of(fell, paths) is None
