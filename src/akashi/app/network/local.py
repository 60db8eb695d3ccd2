"""Several servers on one machine: made, started, stopped and asked together.

Guarantees: each has its own home, keys, ledger and vault below ``servers/`` of the first one's; they share nothing but the machine. Refuses to found twice. This shows what a network
does; it does not survive this machine, and says so.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from akashi.app.config import ServerPaths, ServerSettings, load_settings, server_paths
from akashi.app.errors import HomeMissing, ServerRebuilding
from akashi.app.keys.opening import open_keystore
from akashi.app.network.control import ask
from akashi.app.network.joining import accept, found, make_server, prove, settle
from akashi.app.network.places import AddressBook, NetworkPlaces
from akashi.app.network.status import NetworkStatus
from akashi.app.passphrase import FILE_VARIABLE
from akashi.app.roster.papers import Offer
from akashi.app.roster.ports import UNPRIVILEGED, require_apart, service_ports
from akashi.app.roster.regrowing import SET_ASIDE, invitation_from, next_folder, next_number, set_aside_lost
from akashi.app.server.home import Server
from akashi.clock import Clock
from akashi.durable import make_directory
from akashi.keys.model import STANDARD_COST, Cost
from akashi.ledger.store import DATABASE, Tables, connect
from akashi.ledger.wire.note import origin_parts
from akashi.network.errors import (
    NetworkExists,
    NetworkMissing,
    NetworkNotReady,
    ServerCount,
    ServerNotRunning,
)
from akashi.network.model import Address
from akashi.network.node.install import pinned
from akashi.network.scrub.marks import Mark

FIRST_PORT = 26_650
MOST = 10
_POLL_S = 0.2
_HEARD_S = 5.0
"""Longer than two beats (``running``)."""
_STOP_S = 120.0
"""A node that is asked to stop may take its grace, and a slow machine longer; whoever is told that all ended shall find them ended."""
_MOST_SAID = 10 << 20
"""Bytes of a server's own words that are kept over a start."""


@dataclass(frozen=True, slots=True)
class LocalServer:
    """One server of this machine and how it is; ``status`` is ``None`` while it does not answer, ``repairing`` if its data is yet to be rebuilt then."""

    number: int
    home: Path
    status: NetworkStatus | None
    repairing: bool = False


def require_home(home: Path) -> ServerPaths:
    """Where the server of a home is. Raises :class:`HomeMissing`."""
    paths = server_paths(home)
    if not paths.settings.exists():
        raise HomeMissing(name=home.name)
    return paths


def homes(home: Path) -> list[Path]:
    """The homes of all servers of this machine, the first one's first. Raises :class:`NetworkMissing`, :class:`HomeMissing`."""
    paths = require_home(home)
    if not NetworkPlaces.of(paths).exists:
        raise NetworkMissing
    others = (home / "servers").glob("server-*")
    known = [one for one in others if NetworkPlaces.of(server_paths(one)).exists]
    return [home, *sorted(known, key=number_of)]


def make_network(
    home: Path, servers: int, first_port: int, passphrase: bytes, clock: Clock, cost: Cost = STANDARD_COST
) -> list[Path]:
    """Hand the ledger of ``home`` over to ``servers`` servers of this machine; their homes. Where that was cut off after the handover it is finished. Raises :class:`NetworkExists`."""
    if not 1 <= servers <= MOST:
        raise ServerCount(most=MOST)
    places = [Address("127.0.0.1", first_port + 2 * at, first_port + 2 * at + 1) for at in range(servers)]
    if NetworkPlaces.of(require_home(home)).exists:
        if not _finish(home, passphrase):
            raise NetworkExists
        return homes(home)
    # before the handover, which there is no way back from
    require_apart(places, taken=service_ports(home), least=UNPRIVILEGED)
    pinned()  # before anything is made: without the program nothing could run
    set_aside_lost(home)
    server = Server.open(home, passphrase, clock)
    try:
        with server.engine.view() as state:
            first = max(next_number(state), next_folder(home))
        folders = [home / "servers" / f"server-{number}" for number in range(first, first + servers - 1)]
        offers = [
            _offer(folder, place, server, passphrase, cost) for folder, place in zip(folders, places[1:], strict=True)
        ]
        invitations = found(server, places[0], offers, first)
        leaves = list(server.engine.leaves(0, server.engine.size))
    finally:
        server.close()
    for folder, invitation in zip(folders, invitations, strict=True):
        keystore = open_keystore(folder, server_paths(folder).keys, passphrase, ServerSettings())
        accept(folder, keystore, invitation, leaves)
    return homes(home)


def _finish(home: Path, passphrase: bytes) -> bool:
    """Let the servers begin that a founding left with keys and without a ledger; whether there were any. What they need follows from this home's files."""
    paths = server_paths(home)
    book = AddressBook.read(NetworkPlaces.of(paths).book)
    left = [(one, home / "servers" / f"server-{one.number}") for one in book.others]
    left = [(one, folder) for one, folder in left if _is_unbegun(folder)]
    for one, folder in left:
        invitation = invitation_from(paths, book, one.server)
        if (server_paths(folder).ledger / DATABASE).exists():  # it is there whole or not at all
            settle(server_paths(folder), invitation)
            continue
        with closing(connect(paths.ledger / DATABASE)) as connection:
            leaves = [row.leaf for row in Tables(connection).leaves(0, invitation.size)]
        keystore = open_keystore(folder, server_paths(folder).keys, passphrase, ServerSettings())
        accept(folder, keystore, invitation, leaves)
    return bool(left)


def _is_unbegun(folder: Path) -> bool:
    """A home with keys that is no server yet and was not set aside."""
    paths = server_paths(folder)
    book = NetworkPlaces.of(paths).book
    return paths.settings.exists() and not book.exists() and not book.with_name(SET_ASIDE).exists()


def _offer(folder: Path, place: Address, server: Server, passphrase: bytes, cost: Cost) -> Offer:
    """A further server's offer; what an interrupted founding left is not used again (its ports may be others) and stays where it is."""
    make_directory(folder.parent)
    settings = load_settings(server.paths.settings, ServerSettings)
    made = make_server(folder, settings, place, passphrase, server.clock, cost)
    keystore = open_keystore(folder, server_paths(folder).keys, passphrase, settings)
    return prove(keystore, made, origin_parts(server.engine.origin)[0], server.secretariat_handle)


def start_all(home: Path, timeout_s: float = 60.0) -> list[LocalServer]:
    """Start every server that does not run, in the background, and wait until operations become final. Raises :class:`NetworkNotReady`."""
    for one in homes(home):
        if _pid(one) is None:
            _spawn(one, home)
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        found_ = states(home)
        if all(one.status is not None for one in found_) and any(one.status and one.status.ordering for one in found_):
            return _all_heard(home, found_)
        time.sleep(_POLL_S)
    raise NetworkNotReady(seconds=int(timeout_s))


def _all_heard(home: Path, found_: list[LocalServer]) -> list[LocalServer]:
    """The same once each has heard from each other, if that comes soon: a quorum is there before everybody has asked everybody."""
    ends = time.monotonic() + _HEARD_S
    while time.monotonic() < ends and any(
        line.up is False for one in found_ if one.status for line in one.status.servers
    ):
        time.sleep(_POLL_S)
        found_ = states(home)
    return found_


def _spawn(home: Path, first: Path) -> None:
    """The first server also serves its gateways and pages; all outlive this process and its terminal, and share its passphrase."""
    words = ["serve"] if home == first else ["network", "run"]
    surroundings = {FILE_VARIABLE: str((first / "passphrase").absolute()), **os.environ}
    said = NetworkPlaces.of(server_paths(home)).root / "log" / "server.log"
    if said.is_file() and said.stat().st_size > _MOST_SAID:
        said.unlink()
    with open(said, "ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "akashi.cli", *words, "--home", str(home)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env=surroundings,
        )  # fmt: skip


def stop_all(home: Path, timeout_s: float = _STOP_S) -> int:
    """End every server of this machine; how many ran."""
    return _stop(homes(home), timeout_s)


def stop_one(home: Path, timeout_s: float = _STOP_S) -> int:
    """End the server of one home; 1 if it ran."""
    return _stop([home], timeout_s)


def _stop(ended: Sequence[Path], timeout_s: float) -> int:
    """Waits for the processes, not for their silence: one that answers no more still holds its home and its ports for a while."""
    ends = time.monotonic() + timeout_s
    with ExitStack() as held:
        running: list[int] = []
        for one in ended:
            with suppress(ProcessLookupError):  # it ended between its answer and now
                if (pid := _pid(one)) is not None:
                    running.append(os.pidfd_open(pid))
                    held.callback(os.close, running[-1])
        for process in running:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, signal.SIGTERM)
        for process in running:
            gone = select.poll()
            gone.register(process, select.POLLIN)
            gone.poll(max(0.0, ends - time.monotonic()) * 1000)
        return len(running)


def states(home: Path) -> list[LocalServer]:
    """How each server of this machine is."""
    return [LocalServer(number_of(one), one, _status(one), _is_repaired(one)) for one in homes(home)]


def _is_repaired(home: Path) -> bool:
    mark = Mark.read(NetworkPlaces.of(server_paths(home)).root)
    return mark is not None and not mark.is_whole


def number_of(home: Path) -> int:
    """The number of the server of a home that is one of several."""
    return AddressBook.read(NetworkPlaces.of(server_paths(home)).book).me.number


def _status(home: Path) -> NetworkStatus | None:
    try:
        return NetworkStatus.decode(ask(NetworkPlaces.of(server_paths(home)).root, "status"))
    except (ServerNotRunning, ServerRebuilding):
        return None


def _pid(home: Path) -> int | None:
    try:
        return int(ask(NetworkPlaces.of(server_paths(home)).root, "pid")["pid"])
    except ServerNotRunning:
        return None
