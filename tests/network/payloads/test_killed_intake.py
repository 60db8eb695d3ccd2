"""A server that is killed while it takes a copy: started again it has the whole copy or none, and gets it."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from akashi.network.payloads.intake import fetch_missing
from tests.exchange.world import CLERK, request
from tests.network.payloads.servers import Network

_STANDS_STILL_S = 60


def _prepared(home: Path) -> bytes:
    """A transfer that everybody has but server 3, which is away: its payload."""
    network = Network(home)
    network.nodes[3].stop()
    name = network.sender.send(request(), network.acting(CLERK)).transfer
    for number in (2, 4):
        fetch_missing(network.nodes[number].intake)
    payload = network.sender.show(name).transfer.payload
    network.close()
    return payload


def _killed(home: Path, at: int) -> bool:
    """Take the copies in a process that is killed at its n-th step; false where it needs fewer."""
    while True:
        pid = os.fork()
        if not pid:
            code = 1
            try:
                # A fork that stands still, because a thread of another test held a lock as it was made, is tried again.
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.alarm(_STANDS_STILL_S)
                _take(home, Steps(at))
                code = 0
            finally:
                os._exit(code)
        status = os.waitpid(pid, 0)[1]
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM):
            break
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the process that takes the copies failed"
    return os.WIFSIGNALED(status)


class Steps:
    """Before and after every fsync, before every COMMIT and at the statement that follows one; at the n-th of them: SIGKILL."""

    def __init__(self, at: int) -> None:
        self._left, self.counting = at, False
        self._fsync, self._connect = os.fsync, sqlite3.connect

    def _step(self) -> None:
        self._left -= self.counting
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)

    def fsync(self, handle: int) -> None:
        """In place of ``os.fsync``."""
        self._step()
        self._fsync(handle)
        self._step()

    def connect(self, *words: Any, **named: Any) -> sqlite3.Connection:
        """In place of ``sqlite3.connect``."""
        connection: sqlite3.Connection = self._connect(*words, **named)
        committed = False

        def told(statement: str) -> None:
            nonlocal committed
            if committed or statement.startswith("COMMIT"):
                self._step()
            committed = statement.startswith("COMMIT")

        connection.set_trace_callback(told)
        return connection


def _take(home: Path, steps: Steps) -> None:
    sqlite3.connect = steps.connect  # type: ignore[assignment] # this process ends with it
    network = Network(home)
    os.fsync = steps.fsync  # type: ignore[assignment] # as above
    steps.counting = True
    fetch_missing(network.nodes[3].intake)


@pytest.mark.slow
def test_a_copy_is_whole_or_not_there(home: Path, tmp_path: Path) -> None:
    """SIGKILL at every step of taking a copy, one after the other: what lies there opens, the copy is fetched, and is byte for byte the others'."""
    payload = _prepared(home)
    kills = 0
    for at in count(1):
        again = tmp_path / f"again-{at}"
        shutil.copytree(home, again)
        if not _killed(again, at):
            break
        kills += 1
        network = Network(again)
        left = fetch_missing(network.nodes[3].intake).missing
        copies = {b"".join(network.nodes[number].vault.body(payload)) for number in (1, 3)}
        network.close()
        assert (left, len(copies)) == ((), 1)
        shutil.rmtree(again)
    assert kills >= 5
