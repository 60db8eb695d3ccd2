"""Starting and stopping a served home, and what happens when a part of it fails."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from akashi.api.chores import Chore, Chores
from akashi.api.serving import Service
from akashi.api.tls import AddressUnusable
from akashi.api.tls import _listen as listen
from akashi.app.errors import HomeMissing
from akashi.app.server.dashboard import ErrorCounter
from akashi.app.server.home import Server
from akashi.clock import FixedClock, SystemClock
from akashi.identity.errors import StoreFailed
from akashi.identity.journal import Journal
from akashi.ledger.errors import LedgerLocked
from tests.api.served import PASSPHRASE, World, checkup_file, deliver, found
from tests.waiting import PATIENCE_S, until

PROGRAM = """
import sys
from pathlib import Path
from akashi.api.serving import serve
from akashi.clock import SystemClock
import resource
def say(line):
    print(line, resource.getrlimit(resource.RLIMIT_CORE)[0], flush=True)
serve(Path(sys.argv[1]), sys.stdin.readline().strip().encode(), SystemClock(), say)
print("ended", flush=True)
"""


@pytest.mark.network
def test_a_signal_ends_everything_and_the_home_opens_again(tmp_path: Path) -> None:
    """Five origins listen, cores are forbidden, SIGTERM ends all of them cleanly, nothing stays locked."""
    home = tmp_path / "home"
    home.mkdir()
    found(home, tmp_path)
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, os.fspath(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(PASSPHRASE.decode() + "\n")
    program.stdin.flush()
    lines = [program.stdout.readline() for _ in range(5)]
    with pytest.raises(LedgerLocked):
        Server.open(home, PASSPHRASE, SystemClock())
    program.send_signal(signal.SIGTERM)
    rest, _ = program.communicate(timeout=PATIENCE_S)
    Server.open(home, PASSPHRASE, SystemClock()).close()

    assert all("https://" in line and line.split()[-1] == "0" for line in lines)
    assert (rest, program.returncode) == ("ended\n", 0)


def test_no_home_is_said(tmp_path: Path) -> None:
    """An empty folder is not served."""
    with pytest.raises(HomeMissing):
        Service(tmp_path, PASSPHRASE, SystemClock()).start()


@pytest.mark.network
def test_a_taken_port_is_said_and_frees_the_rest(world: World, tmp_path: Path) -> None:
    """The start is refused, and what had begun is closed again: the home can be opened."""
    home = tmp_path / "home"
    home.mkdir()
    found(home, tmp_path, first_port=world.server.settings.port)
    with pytest.raises(AddressUnusable):
        Service(home, PASSPHRASE, SystemClock()).start()

    Server.open(home, PASSPHRASE, SystemClock()).close()


@pytest.mark.network
def test_nothing_is_handed_out_that_could_not_be_recorded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a journal that cannot be written (a full disk) there is no list, no page, no file: 503."""
    name = deliver(world, checkup_file(world, seed=41))
    client = world.signed_in(world.payer)

    def full(*_: object, **__: object) -> int:
        raise StoreFailed(name="gateway.db") from sqlite3.OperationalError("disk is full")

    monkeypatch.setattr(Journal, "record", full)
    body = {"purpose": "checkup_result", "destination": "device", "form": "plain"}
    answers = [
        client.get("/api/v1/transfers"),
        client.get(f"/api/v1/transfers/{name}"),
        client.get(f"/api/v1/transfers/{name}/evidence"),
        client.post(f"/api/v1/transfers/{name}/export", json=body),
    ]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(503, "identity.store")] * 4


def test_a_failing_chore_is_counted_and_the_others_go_on() -> None:
    """One chore that always fails keeps no other from its turns, and is tried again."""
    errors = ErrorCounter(FixedClock(0))
    turns: list[int] = []
    done = threading.Event()

    def fail() -> None:
        raise StoreFailed(name="x")

    def work() -> None:
        turns.append(1)
        if len(turns) == 3:
            done.set()

    chores = Chores([Chore("bad", 100, fail), Chore("good", 100, work)], errors)
    chores.start()
    assert done.wait(PATIENCE_S)
    until(lambda: any(one.count >= 2 for one in errors.all()), "two failures that are counted", errors.all)
    chores.stop()

    assert {one.code for one in errors.all()} == {"identity.store"}


@pytest.mark.network
def test_answers_do_not_wait_for_acknowledgements() -> None:
    """Nagle's algorithm is off on what we listen on: with it every answer took 40 ms longer."""
    with listen("127.0.0.1", 0) as made:
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
