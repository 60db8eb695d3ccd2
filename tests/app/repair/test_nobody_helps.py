"""A repair that nobody can help with touches nothing; one that is wanted waits for the others, says so, and can be ended."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from akashi.app.config import ServerSettings, server_paths
from akashi.app.errors import ServerRebuilding
from akashi.app.keys.opening import open_keystore
from akashi.app.network import local
from akashi.app.network.control import ask
from akashi.app.network.places import NetworkPlaces
from akashi.app.network.serving import ReplicaServer
from akashi.app.repair import repairing
from akashi.app.repair.mending import repair_home
from akashi.app.repair.repairing import QUARANTINE, want_repair
from akashi.clock import FixedClock
from akashi.ledger.store import DATABASE
from akashi.network.errors import ServerNotRunning
from akashi.network.model import IncidentPlace
from akashi.network.peers.client import Peer
from akashi.network.peers.errors import PeerAway
from akashi.network.scrub.errors import NobodyHelps
from akashi.network.scrub.marks import Mark
from akashi.network.scrub.model import Damage
from tests.app.network.four import PASSPHRASE, Homes, found_four
from tests.ports import free_ports

pytestmark = pytest.mark.network
START = 1_795_219_200_000
FOUND = Damage(IncidentPlace.LEAVES, "leaf.7", 7)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    """Four homes, handed over; none of them runs."""
    return found_four(tmp_path_factory.mktemp("alone"), FixedClock(START), free_ports(8))


def _network(folder: Path) -> Path:
    return NetworkPlaces.of(server_paths(folder)).root


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other server answers, and that is known at once."""

    def away(peer: Peer, _start: int, _end: int) -> list[bytes]:
        raise PeerAway(server=peer.address.server)

    monkeypatch.setattr(Peer, "leaves", away)


@pytest.mark.usefixtures("nobody")
def test_a_repair_asked_for_while_all_stand_still_changes_nothing(made: Homes) -> None:
    """Must fail, at each of the four one after the other: with every ledger put aside nobody could help anybody. All open as before."""
    for folder in made.folders:
        with pytest.raises(NobodyHelps):
            repair_home(folder, PASSPHRASE, FixedClock(START))

        assert (server_paths(folder).ledger / DATABASE).is_file()
        assert not (_network(folder) / QUARANTINE).exists()
        assert Mark.read(_network(folder)) is None


@pytest.mark.usefixtures("nobody")
def test_damage_that_nobody_helps_with_stays_where_it_is(made: Homes) -> None:
    """Must fail: damage was found and the others are away. The server may not vote, and its ledger is still in its place."""
    folder = made.folders[1]
    want_repair(server_paths(folder), FOUND, FixedClock(START))
    try:
        with pytest.raises(NobodyHelps):
            repair_home(folder, PASSPHRASE, FixedClock(START))

        assert (server_paths(folder).ledger / DATABASE).is_file()
        mark = Mark.read(_network(folder))
        assert mark is not None
        assert (mark.step, mark.damage) == ("aside", FOUND)
    finally:
        Mark.remove(_network(folder))


@pytest.mark.usefixtures("nobody")
def test_a_server_waits_for_those_who_can_help_it(made: Homes, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a power cut one of them is to be rebuilt and starts first: it tries again and again, says that it is rebuilt, and ends when it is told to."""
    folder = made.folders[2]
    monkeypatch.setattr(repairing, "PAUSES_S", (0.01,))
    want_repair(server_paths(folder), FOUND, FixedClock(START))
    tried, ended, problems = threading.Semaphore(0), threading.Event(), list[Exception]()
    away = Peer.leaves

    def counted(peer: Peer, start: int, end: int) -> list[bytes]:
        tried.release()
        return away(peer, start, end)

    monkeypatch.setattr(Peer, "leaves", counted)
    keystore = open_keystore(folder, server_paths(folder).keys, PASSPHRASE, ServerSettings())

    def run() -> None:
        try:
            ReplicaServer.reopen(folder, keystore, FixedClock(START), ended=ended)
        except NobodyHelps as error:
            problems.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        for _ in range(3 * 4):  # three peers, four rounds
            assert tried.acquire(timeout=60)
        with pytest.raises(ServerRebuilding):
            ask(_network(folder), "status")
        assert ask(_network(folder), "pid")["pid"]
        (state,) = local.states(folder)
        assert (state.status, state.repairing) == (None, True)
    finally:
        ended.set()
        thread.join()
        Mark.remove(_network(folder))

    assert len(problems) == 1
    with pytest.raises(ServerNotRunning):
        ask(_network(folder), "status")
