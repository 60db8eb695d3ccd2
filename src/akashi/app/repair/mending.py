"""From damage to a server that votes again, without anybody's hand.

Guarantees: a home whose repair was asked for or cut off is repaired before it is opened; one that refuses to open because its data is damaged is repaired once and opened again; a server that finds
damage while it runs is closed, repaired and started again in the same process. Refuses to repair for other reasons: a wrong passphrase, a busy file, a full disk or an absent program is no damage.
Trusts as ``repairing`` does.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

from akashi.app.config import ServerPaths, ServerSettings, load_settings, server_paths
from akashi.app.errors import HomeMissing
from akashi.app.keys.opening import open_keystore
from akashi.app.network.company import Seat
from akashi.app.network.places import NetworkPlaces
from akashi.app.repair.repairing import (
    ASKED,
    Repaired,
    Repairer,
    Told,
    has_room,
    opens_whole,
    repair_wanted,
    silent,
    want_repair,
)
from akashi.app.server.logkeys import current_log_key, log_key_by_notes
from akashi.clock import Clock
from akashi.durable import make_directory
from akashi.errors import AkashiError
from akashi.ledger.errors import LedgerDamaged, LedgerStopped
from akashi.ledger.store import DATABASE
from akashi.network.model import IncidentPlace
from akashi.network.node.errors import ConsensusHalted, NodeGaveUp
from akashi.network.scrub.model import Damage
from akashi.network.store import NetworkStoreFailed

T = TypeVar("T")


class Running(Protocol):
    """A server that watches itself."""

    @property
    def damaged(self) -> threading.Event:
        """Set when it found damage and stopped voting."""
        ...

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End."""
        ...


def damage_of(error: AkashiError, paths: ServerPaths) -> Damage | None:
    """What an error at opening or starting says of this home's data, or ``None`` where it says nothing of it."""
    match error:
        case LedgerDamaged():
            place = {"notes": IncidentPlace.NOTES, "state": IncidentPlace.STATE}.get(error.failure.partition(".")[0])
            return Damage(place or IncidentPlace.LEAVES, error.failure, 0)
        case LedgerStopped() if not (paths.ledger / DATABASE).is_file():
            return Damage(IncidentPlace.LEAVES, "store.missing", 0)
        case NetworkStoreFailed() if not opens_whole(NetworkPlaces.of(paths).store):
            return Damage(IncidentPlace.NOTES, "store.structure", 0)
        case NodeGaveUp() | ConsensusHalted() if has_room(paths) and not _is_taken(paths):
            return Damage(IncidentPlace.CONSENSUS, "node.stopped", 0)
    return None


def _is_taken(paths: ServerPaths) -> bool:
    """Whether another process listens where this server's node must: then its falls say nothing of its data."""
    mine = Seat.of(paths).book.me.address
    try:
        socket.create_server((mine.host, mine.node_port)).close()
    except OSError:
        return True
    return False


def open_repaired(repairer: Callable[[], Repairer], paths: ServerPaths, make: Callable[[], T]) -> T:
    """What ``make`` opens, after the repair that the home needs, if any. Raises what repair or opening raise."""
    make_directory(paths.ledger)  # gone altogether is damage like any other
    if repair_wanted(paths):
        repairer().run(Damage(IncidentPlace.NOTES, "repair.marker", 0))
    try:
        return make()
    except AkashiError as error:
        damage = damage_of(error, paths)
        if damage is None:
            raise
    repairer().run(damage)
    return make()


def start_repaired(make: Callable[[], T], paths: ServerPaths, clock: Clock) -> T:
    """What ``make`` opens and starts; where that falls over damage of one of several servers, once more after a repair (:func:`open_repaired` makes it)."""
    try:
        return make()
    except AkashiError as error:
        damage = damage_of(error, paths) if NetworkPlaces.of(paths).exists else None
        if damage is None:
            raise
    want_repair(paths, damage, clock)
    return make()


def repair_home(home: Path, passphrase: bytes, clock: Clock, told: Told = silent) -> Repaired:
    """For ``akashi network repair``: rebuild a home that does not run from the others, whether it looks damaged or not; it votes again at its next start.

    Raises ``HomeMissing``, ``NetworkMissing``, ``LedgerLocked`` while it runs, and what the repair raises.
    """
    paths = server_paths(home)
    if not paths.settings.exists():
        raise HomeMissing(name=home.name)
    settings = load_settings(paths.settings, ServerSettings)
    keystore = open_keystore(home, paths.keys, passphrase, settings)
    log_name = log_key_by_notes(paths, keystore) or current_log_key(paths, keystore)
    repairer = Repairer(paths, keystore, clock, log_name=log_name, told=told)
    return repairer.run(Damage(IncidentPlace.LEAVES, ASKED, 0))


def keep_running(open_: Callable[[], Running], paths: ServerPaths, clock: Clock, ended: threading.Event) -> None:
    """Run a server until ``ended``; whenever it finds damage it is closed and opened again, which repairs it.

    Raises what keeps it from opening, and what keeps it from starting unless that is damage; a second fall at the start is raised.
    """
    falls = 0
    while not ended.is_set():
        server = open_()
        try:
            server.start()
            falls = 0
            while not (ended.is_set() or server.damaged.is_set()):
                ended.wait(0.1)
        except AkashiError as error:
            damage, falls = damage_of(error, paths), falls + 1
            if damage is None or falls > 1:
                raise
            want_repair(paths, damage, clock)
        finally:
            with suppress(AkashiError):  # a damaged store may not even close
                server.stop()
