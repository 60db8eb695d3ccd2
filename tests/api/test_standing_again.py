"""A service's server that is opened again after a repair: what fails on the way leaves nothing that holds the home."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from akashi.api.chores import Chores
from akashi.api.standing import Standing
from akashi.app.server.dashboard import ErrorCounter
from akashi.app.server.home import Server
from akashi.clock import SystemClock
from akashi.ledger.errors import LedgerLocked
from tests.waiting import PATIENCE_S


class Home:
    """Stands for a home: one server at a time has it open."""

    def __init__(self) -> None:
        self.open: list[object] = []

    def reopen(self, _last: Server | None, _ended: threading.Event) -> Server:
        """Raises ``LedgerLocked`` while another server has it."""
        if self.open:
            raise LedgerLocked
        made: Any = SimpleNamespace(node=None, damaged=threading.Event(), alarms=[], close=self.open.clear)
        self.open.append(made)
        return cast("Server", made)


async def _app(_scope: object, _receive: object, _send: object) -> None:
    """Serves nothing."""


def test_a_server_that_cannot_be_served_is_closed_before_the_next_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The repair ended and the disk fails when the chores begin: the home is let go, and the next attempt has it."""
    monkeypatch.setattr("akashi.api.standing._PAUSES_S", (0.01,))
    home, begun = Home(), list[int]()
    standing = Standing(home.reopen, ErrorCounter(SystemClock()), cast("Any", None))

    def start() -> None:
        begun.append(1)
        if len(begun) == 2:
            raise OSError

    chores = cast("Chores", SimpleNamespace(start=start, stop=lambda: None))
    first = standing.open()
    standing.begin(lambda _: (_app, _app), lambda _: chores)
    standing._close(first)
    attempts = threading.Thread(target=standing._open_again, daemon=True)
    attempts.start()
    attempts.join(PATIENCE_S)
    standing._ended.set()

    assert (len(begun), len(home.open), standing.server is not None) == (3, 1, True)
