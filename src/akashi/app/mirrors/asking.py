"""The commands about mirrors at a server: asked of the process that serves the home, done here where none does.

Guarantees: both ways give the same answers and the same errors; never do two processes write. Refuses a home that another process holds and that does
not answer (``LedgerLocked``). Trusts: as the control socket does, whoever runs as this user.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from akashi.app.config import ServerPaths, server_paths
from akashi.app.mirrors.daily import MirrorDesk
from akashi.app.network.control import ControlSocket, ask, control_path
from akashi.app.server.home import Server
from akashi.clock import Clock
from akashi.durable import make_directory
from akashi.errors import AkashiError
from akashi.network.errors import ServerNotRunning

_LOG = logging.getLogger("akashi.mirrors")
_ANSWER_S = 4 * 3600.0
"""A first bundle of a large vault takes long, and others may be before us."""
_LONGEST = 100
"""A Unix socket's address has room for this many bytes."""


class Desk(Protocol):
    """What a command can ask for (``daily.MirrorDesk``)."""

    def export(self, folder: Path, mirror: str = "", *, again: bool = False) -> dict[str, Any]:
        """The next bundle."""
        ...

    def accept(self, file: Path) -> dict[str, Any]:
        """What was carried back."""
        ...

    def retire(self, mirror: str) -> dict[str, Any]:
        """No more for this one."""
        ...

    def status(self) -> dict[str, Any]:
        """The mirrors."""
        ...


class RunningDesk:
    """The desk of the process that serves a home."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def export(self, folder: Path, mirror: str = "", *, again: bool = False) -> dict[str, Any]:
        """As ``MirrorDesk.export``."""
        return self._ask("export", folder=os.fspath(folder.absolute()), mirror=mirror, again=again)

    def accept(self, file: Path) -> dict[str, Any]:
        """As ``MirrorDesk.accept``."""
        return self._ask("accept", file=os.fspath(file.absolute()))

    def retire(self, mirror: str) -> dict[str, Any]:
        """As ``MirrorDesk.retire``."""
        return self._ask("retire", mirror=mirror)

    def status(self) -> dict[str, Any]:
        """As ``MirrorDesk.status``."""
        return self._ask("status")

    def _ask(self, verb: str, **fields: Any) -> dict[str, Any]:
        return ask(self._folder, verb, answer_s=_ANSWER_S, **fields)


def answering(paths: ServerPaths, desk: MirrorDesk) -> Callable[[], None]:
    """Answer :class:`RunningDesk` from now on; returns what ends that. Where the home's path is too long for a socket nobody is answered."""
    folder = _folder(paths)
    path = control_path(folder)
    if len(os.fsencode(path)) > _LONGEST:
        _LOG.warning("mirrors: the home's path is too long to be asked while it is served")
        return lambda: None
    make_directory(path.parent)
    control = ControlSocket(path, desk.verbs())
    control.start()
    return control.stop


@contextmanager
def mirror_desk(home: Path, passphrase: Callable[[], bytes], clock: Clock) -> Iterator[Desk]:
    """The desk of ``home``: that of the process that serves it, else one of our own, with the home opened by ``passphrase``."""
    folder = _folder(server_paths(home))
    if _answers(folder):
        yield RunningDesk(folder)
        return
    server = Server.open(home, passphrase(), clock)
    try:
        yield MirrorDesk(server)
    finally:
        server.close()


def _folder(paths: ServerPaths) -> Path:
    return paths.root / "mirrors"


def _answers(folder: Path) -> bool:
    """Whether somebody serves this home: one that is silent was killed, and left its socket's file."""
    try:
        ask(folder, "status", answer_s=_ANSWER_S)
    except ServerNotRunning:
        return False
    except AkashiError:
        return True  # somebody refused
    return True
