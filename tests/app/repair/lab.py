"""Four servers of one ledger that really run, of which one is damaged on purpose and must come back by itself."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from akashi.app.config import ServerPaths, ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network.places import NetworkPlaces
from akashi.app.network.serving import ReplicaServer
from akashi.app.repair.mending import keep_running
from akashi.app.repair.scrubbing import Pace
from akashi.app.server.founding import SECRETARIAT_KEY
from akashi.clock import SystemClock
from akashi.errors import AkashiError
from akashi.identity.events import InstitutionRegistered
from akashi.identity.handles import new_handle
from akashi.keys.keystore import FileKeystore
from akashi.ledger.author import Author
from akashi.ledger.port import Acknowledged
from akashi.ledger.store import DATABASE
from akashi.network.errors import NotFinal
from akashi.network.model import Incident
from akashi.network.node.process import NodeState
from akashi.network.records import incidents
from akashi.network.scrub.marks import MARKER
from tests.app.network.four import PASSPHRASE, Homes

SOON = Pace(quick_s=0.5, round_s=0.5, rest=0.1)
PATIENCE_S = 240.0


_PLACES: list[Place] = []
"""All servers of the tests that run, for whoever asks what they did meanwhile."""


class Place:
    """One home, and the server that runs on it now."""

    def __init__(self, folder: Path) -> None:
        self.paths: ServerPaths = server_paths(folder)
        self.keystore: FileKeystore = open_keystore(folder, self.paths.keys, PASSPHRASE, ServerSettings())
        self.folder = folder
        self.places = NetworkPlaces.of(self.paths)
        self.server: ReplicaServer | None = None
        self.opened = 0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.problem: BaseException | None = None
        _PLACES.append(self)

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.paths.ledger / DATABASE

    def _open(self) -> ReplicaServer:
        self.server = ReplicaServer.reopen(self.folder, self.keystore, SystemClock(), SOON)
        self.opened += 1
        return self.server

    def _run(self) -> None:
        try:
            keep_running(self._open, self.paths, SystemClock(), self._ended)
        except BaseException as error:  # noqa: BLE001 - shown by ``until``
            self.problem = error

    def start(self) -> None:
        """In a thread; damage is mended without us."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait for its end."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def is_running(self) -> bool:
        """Whether its node answers."""
        return self.server is not None and self.server.node.process.state is NodeState.RUNNING

    def marked(self) -> bool:
        """Whether a repair is wanted, under way, or not reported yet."""
        return (self.places.root / MARKER).exists()

    def told(self) -> str:
        """What it is like now, in one line; for messages."""
        server, said = self.server, f"{self.folder.name}: opened {self.opened} times, problem {self.problem!r}"
        if server is None:
            return said
        node, codes = server.node, [one.code for one in server.alarms][-5:]
        up = sorted(name for name, link in node.links.states().items() if link.up)
        mark = "marked" if self.marked() else "not marked"
        return f"{said}, {mark}, {node.process.state.name}, {node.engine.size} leaves, hears {up}, alarms {codes}"

    def root(self, size: int) -> bytes:
        """The tree's root at ``size``, from the file."""
        assert self.server is not None
        with self.server.engine._pool.reading() as tables:
            return tables.frontier(size).root()


def until(what: Callable[[], bool], where: Place | None = None) -> float:
    """Wait until it holds; the seconds that it took."""
    began = time.monotonic()
    while not what():
        if where is not None and where.problem is not None:
            raise where.problem
        if time.monotonic() - began > PATIENCE_S:
            pytest.fail(f"waited {PATIENCE_S:.0f} s in vain: {[one.told() for one in _PLACES]}")
        time.sleep(0.05)
    return time.monotonic() - began


class Lab:
    """Four running servers."""

    def __init__(self, homes: Homes) -> None:
        self.servers = [Place(folder) for folder in homes.folders]
        self.first, self.victim = self.servers[0], self.servers[2]

    def submit(self, count: int = 3) -> int:
        """Final operations; the size after them."""
        server = self.first.server
        assert server is not None
        secretariat = (self.first.paths.public / "secretariat").read_text().strip()
        author = Author(server.engine, self.first.keystore.signer(SECRETARIAT_KEY), secretariat, SystemClock())
        envelopes = []
        for _ in range(count):
            handle = new_handle("inst")
            body = InstitutionRegistered(institution=handle, roles=1, directory=os.urandom(32))
            envelopes.append(author.compose(body, subject=handle))
        outcomes = server.engine.submit_many(envelopes)
        ends = time.monotonic() + PATIENCE_S
        while any(isinstance(one, NotFinal) for one in outcomes) and time.monotonic() < ends:
            outcomes = server.engine.submit_many(envelopes)  # the same ones: what is final by now is said at once
        assert all(isinstance(one, Acknowledged) for one in outcomes), outcomes
        return server.engine.size

    def incidents(self) -> list[Incident]:
        """What the ledger says, as the first server has it."""
        assert self.first.server is not None
        with self.first.server.engine.view() as state:
            return list(incidents(state))

    def level(self) -> bool:
        """Whether all have the same tree, of the first one's size."""
        engines = [one.server.engine for one in self.servers if one.server is not None]
        try:
            heads = {(engine.size, engine._head().header.root) for engine in engines}
        except AkashiError:  # one is being closed: its next opening is looked at
            return False
        return len(engines) == len(self.servers) and len(heads) == 1

    def at_rest(self) -> None:
        """Wait until all four run, none is to be repaired, and all that one of them said has come to the others."""
        until(lambda: all(one.is_running() and not one.marked() for one in self.servers))
        until(self.level)


@contextmanager
def running(homes: Homes) -> Iterator[Lab]:
    """All four at work, with some operations on the ledger."""
    lab = Lab(homes)
    with ThreadPoolExecutor(4) as starting:
        list(starting.map(Place.start, lab.servers))
    try:
        for one in lab.servers:
            until(one.is_running, one)
        for _ in range(4):
            lab.submit()
        yield lab
    finally:
        with ThreadPoolExecutor(4) as ending:
            list(ending.map(Place.stop, lab.servers))
        _PLACES.clear()
