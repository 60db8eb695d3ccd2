"""What the probes of a self check stand on: the gateway, the server where it is in reach, and scratch copies of databases.

Guarantees: nothing here changes the system; copies are made with SQLite's own backup (one snapshot), lie in a folder of their own that
only the owner may read, and are removed when the probe is done. Refuses: to copy where there is no home. Trusts: whoever calls, for the
session in whose name test accounts are made (``None``: the console, as for the first person of a gateway).
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from akashi.app.config import ServerPaths, server_paths
from akashi.app.databases import translated
from akashi.app.gateway.home import Gateway
from akashi.app.selfcheck.faces import Face
from akashi.app.server.home import Server
from akashi.clock import Clock
from akashi.conformity.errors import Unreached
from akashi.conformity.probing import Bench
from akashi.durable import make_directory, make_private
from akashi.identity.model import Session

TOOL = "akashi selfcheck 1"
"""What measurements name as their tool."""
TRIAL_LOGIN = "probe-"
"""How the logins of test accounts begin."""


@dataclass(frozen=True, slots=True)
class SelfContext:
    """One self check. ``server`` is ``None`` beside a running service; its databases are then read from ``home``."""

    gateway: Gateway
    server: Server | None
    home: Path | None
    base_url: str = ""
    """Where the gateway's own origin is served (``https://…``); empty where nothing is served."""
    by: Session | None = field(default=None, repr=False)
    faces: tuple[Face, ...] = ()
    """The route tables to try without a session (``akashi.api.faces`` makes them; ``app`` cannot see them)."""

    @property
    def server_paths(self) -> ServerPaths:
        """Where the server's databases are. Raises :class:`Unreached` without a home."""
        if self.server is not None:
            return self.server.paths
        if self.home is None or not server_paths(self.home).settings.is_file():
            raise Unreached(reason="server.home")
        return server_paths(self.home)


class Shifted:
    """A clock that is ``ms`` ahead of another: for asking what will be, on a copy."""

    def __init__(self, clock: Clock, ms: int) -> None:
        self._clock, self._ms = clock, ms

    def now_ms(self) -> int:
        """The other clock's moment, shifted."""
        return self._clock.now_ms() + self._ms


@contextmanager
def scratch(bench: Bench) -> Iterator[Path]:
    """A fresh folder below the bench's, gone afterwards: copies hold names and hashes."""
    folder = bench.scratch / f"self-{secrets.token_hex(8)}"
    make_directory(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def copy_database(source: Path, to: Path) -> Path:
    """A snapshot of a database in use. Raises :class:`Unreached` where there is none, ``StoreFailed`` where it is broken."""
    if not source.is_file():
        raise Unreached(reason="database")
    make_private(to)
    with (
        translated(source),
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=rw", uri=True, timeout=10)) as old,
        closing(sqlite3.connect(to)) as new,
    ):
        old.execute("PRAGMA query_only = ON")
        old.backup(new)
    return to


def newest(gateway: Gateway) -> int:
    """The number of the journal's newest entry."""
    head = gateway.journal.head()
    return 0 if head is None else head.count
