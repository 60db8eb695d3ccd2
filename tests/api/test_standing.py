"""The founding server is damaged while it is served with gateways: found, repaired and told, while the gateways go on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from akashi.api.serving import Service
from akashi.app.config import server_paths
from akashi.app.errors import ServerAway
from akashi.app.network.local import make_network
from akashi.app.network.serving import ReplicaServer
from akashi.app.repair.scrubbing import Pace
from akashi.app.server.home import Server
from akashi.clock import SystemClock
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.ledger.errors import LedgerStopped
from akashi.ledger.store import DATABASE
from akashi.network.model import IncidentKind
from akashi.network.records import incidents
from tests.api.served import PASSPHRASE, Recording, World, checkup_file, deliver, found
from tests.network.cometbft import needs_cometbft
from tests.ports import ports_in_a_row
from tests.waiting import PATIENCE_S, until

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]


@contextmanager
def _others(homes: list[Path]) -> Iterator[None]:
    """The further servers, at work."""
    with ThreadPoolExecutor(len(homes)) as pool:
        servers = list(pool.map(lambda home: ReplicaServer.open(home, PASSPHRASE, SystemClock()), homes))
        try:
            list(pool.map(ReplicaServer.start, servers))
            yield
        finally:
            list(pool.map(ReplicaServer.stop, servers))


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A service of three gateways whose ledger four servers keep; the first one looks through its data twice a second."""
    folder = tmp_path_factory.mktemp("s")  # names of sockets are short
    home = folder / "h"
    home.mkdir()
    office, clinic, payer = found(home, folder)
    homes = make_network(home, 4, ports_in_a_row(8), PASSPHRASE, SystemClock(), FAST_UNSAFE_COST)
    monkeypatch.setattr("akashi.app.gateway.remote._ANSWER_S", PATIENCE_S)
    monkeypatch.setattr(Server, "pace", Pace(quick_s=0.5, round_s=0.5, rest=0.1))
    with _others(homes[1:]):
        service = Service(home, PASSPHRASE, SystemClock())
        service.start()
        server = service.server
        assert server is not None
        made = World(home, service, server, office, clinic, payer, Recording(), server.ca_certificate.decode())
        try:
            yield made
        finally:
            for client in made.clients:
                client.close()
            service.stop()


def _flip_a_leaf(home: Path) -> None:
    path = server_paths(home).ledger / DATABASE
    with sqlite3.connect(path, timeout=PATIENCE_S) as db:
        (leaf,) = db.execute("SELECT leaf FROM leaves WHERE idx = 9").fetchone()
        changed = bytearray(leaf)
        changed[len(changed) // 2] ^= 1
        db.execute("UPDATE leaves SET leaf = ? WHERE idx = 9", (bytes(changed),))
    db.close()


def _found(world: World) -> list[IncidentKind]:
    server = world.service.server
    if server is None:
        return []
    try:
        with server.engine.view() as state:
            return [one.kind for one in incidents(state)]
    except LedgerStopped:  # closed in this very moment, to be rebuilt
        return []


def _answers(client: httpx.Client, path: str) -> tuple[int, str]:
    answer = client.get(path)
    return answer.status_code, "" if answer.is_success else str(answer.json()["code"])


def test_a_served_server_is_repaired_beneath_its_gateways(world: World) -> None:
    """A flipped bit in server 1's ledger under `serve`: its API says 503 in plain words meanwhile, the gateway that the server is away, and nothing else goes
    wrong; the same session goes on afterwards, what was acknowledged is there, and the ledger says what happened.
    """
    before = deliver(world, checkup_file(world, seed=7))
    session = world.signed_in(world.clinic)
    api = world.client(world.clinic, world.server.settings.port)
    said: set[tuple[int, str]] = set()
    gateway: set[tuple[int, str]] = set()

    def seen() -> bool:
        said.add(now := _answers(api, "/api/v1/directory"))
        gateway.add(_answers(session, "/api/v1/session"))
        return now == (200, "") and _found(world)[-2:] == [IncidentKind.DAMAGED, IncidentKind.REPAIRED]

    assert not seen()
    _flip_a_leaf(world.home)
    until(seen, "damage that is found, repaired and said", lambda: (_found(world), said, gateway))
    after = deliver(world, checkup_file(world, seed=8))
    shown = [session.get(f"/api/v1/transfers/{name}") for name in (before, after)]

    assert said == {(200, ""), (503, "app.rebuilding")}
    assert gateway <= {(200, ""), (503, ServerAway.code)}
    assert [(one.status_code, one.json()["status"]) for one in shown] == [(200, "sent")] * 2
    assert world.service.server is not world.server
