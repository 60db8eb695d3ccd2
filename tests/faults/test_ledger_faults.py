"""Faults that a process survives: an exception at every point of a commit, a full disk, a file that may not grow."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from akashi.ledger.audit import audit
from akashi.ledger.errors import LedgerBusy, LedgerFull, LedgerStopped
from akashi.ledger.port import Acknowledged
from akashi.ledger.service import Engine
from tests.ledger.world import KINDS, SUBJECT, World


class Fault(RuntimeError):
    """What the tests throw into a commit."""


class Switch:
    """A trace that raises at one point, once armed."""

    def __init__(self) -> None:
        self.point = ""

    def __call__(self, name: str) -> None:
        if name == self.point:
            self.point = ""
            raise Fault


@contextmanager
def faulty(directory: Path, world: World) -> Iterator[tuple[Engine, Switch]]:
    """A ledger whose commits can be made to fail; audited afterwards."""
    switch = Switch()
    engine = world.create(directory, trace=switch)
    yield engine, switch
    engine.close()
    assert audit(directory, KINDS, cosigner=world.cosigner).findings == ()


@pytest.mark.parametrize("point", ["begin", "written", "committed", "published"])
def test_failure_is_told_and_a_retry_records_once(tmp_path: Path, point: str) -> None:
    """Failing before or after persisting: the caller is told so, the engine goes on, a retry makes exactly one leaf."""
    world = World()
    with faulty(tmp_path / "ledger", world) as (engine, switch):
        envelopes = [world.noted(n) for n in range(3)]
        switch.point = point

        outcomes = engine.submit_many(envelopes)

        assert [type(outcome) for outcome in outcomes] == [LedgerStopped] * 3
        again = engine.submit_many(envelopes)
        assert [outcome.index for outcome in again if isinstance(outcome, Acknowledged)] == [2, 3, 4]
        assert len(engine.entries(SUBJECT)) == 3


@pytest.mark.parametrize("point", ["begin", "written"])
def test_failed_block_changes_nothing(tmp_path: Path, point: str) -> None:
    """A block that failed before it was durable leaves checkpoint and state as they were."""
    world = World()
    with faulty(tmp_path / "ledger", world) as (engine, switch):
        before = engine.checkpoint()
        switch.point = point

        engine.submit_many([world.noted(1)])

        assert engine.checkpoint() == before
        with engine.view() as state:
            assert list(state.scan("test")) == []


def test_full_disk_acknowledges_nothing_and_passes(tmp_path: Path) -> None:
    """On a full disk nothing is acknowledged or half-written; with room again the same operations are taken."""
    world = World()
    with faulty(tmp_path / "ledger", world) as (engine, _):
        (pages,) = engine._connection.execute("PRAGMA page_count").fetchone()
        engine._connection.execute(f"PRAGMA max_page_count = {pages}")
        envelopes = [world.noted(n, slot=n) for n in range(100, 160)]

        outcomes = engine.submit_many(envelopes)

        assert {type(outcome) for outcome in outcomes} == {LedgerFull}
        assert engine.size == 2
        engine._connection.execute("PRAGMA max_page_count = 1000000")
        assert {type(outcome) for outcome in engine.submit_many(envelopes)} == {Acknowledged}


def test_refusals_of_a_failed_block_are_not_final(tmp_path: Path) -> None:
    """An operation refused because of another one in the same, failed block is told the fault, not the refusal."""
    world = World()
    with faulty(tmp_path / "ledger", world) as (engine, switch):
        revocation, late = world.revocation(world.gateway.key), world.noted(1)
        switch.point = "written"

        outcomes = engine.submit_many([revocation, late])

        assert [type(outcome) for outcome in outcomes] == [LedgerStopped, LedgerStopped]
        assert engine.submit(late).index == 2


def test_file_that_may_not_grow_stops_the_engine_until_reopened(tmp_path: Path) -> None:
    """A write error of the operating system has an unknown outcome: the engine stops; a new start finds a clean ledger."""
    world, directory = World(), tmp_path / "ledger"
    world.create(directory).close()
    script = (
        "import pathlib, resource, sys\n"
        "from tests.ledger.world import World\n"
        "world = World()\n"
        "engine = world.open(pathlib.Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (70_000, 70_000))\n"
        "first = engine.submit_many([world.noted(n, slot=n % 900) for n in range(1000, 1500)])\n"
        "second = engine.submit_many([world.noted(2000)])\n"
        "print(type(first[0]).__name__, type(second[0]).__name__, flush=True)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script, str(directory)]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.stdout.split() == ["LedgerStopped", "LedgerStopped"]
    engine = world.open(directory)
    assert engine.size == 2
    engine.close()
    assert audit(directory, KINDS, cosigner=world.cosigner).findings == ()


def test_queue_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More operations than the queue holds are turned away whole, and can be submitted again."""
    world = World()
    with faulty(tmp_path / "ledger", world) as (engine, _):
        monkeypatch.setattr("akashi.ledger.engine.group.MAX_WAITING", 2)
        envelopes = [world.noted(n) for n in range(3)]

        outcomes = engine.submit_many(envelopes)

        assert [type(outcome) for outcome in outcomes] == [LedgerBusy] * 3
        assert [type(outcome) for outcome in engine.submit_many(envelopes[:2])] == [Acknowledged] * 2


def test_interrupted_leader_tells_everyone(tmp_path: Path) -> None:
    """A KeyboardInterrupt inside a commit reaches its own caller; the engine is usable afterwards."""
    world, directory = World(), tmp_path / "ledger"
    armed = [False]

    def trace(name: str) -> None:
        if armed[0] and name == "written":
            armed[0] = False
            raise KeyboardInterrupt

    engine = world.create(directory, trace=trace)
    envelope = world.noted(1)
    armed[0] = True

    with pytest.raises(KeyboardInterrupt):
        engine.submit(envelope)

    assert engine.submit(envelope).index == 2
    engine.close()


def test_closing_under_load_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    """Closing while threads submit: each gets an acknowledgement that holds after reopening, or is told to come again."""
    world, directory = World(), tmp_path / "ledger"
    engine = world.create(directory)
    envelopes = [[world.noted(1000 + n) for n in range(start, 200, 4)] for start in range(4)]
    outcomes: list[Acknowledged | LedgerStopped] = []
    closing = threading.Event()

    def work(mine: list[bytes]) -> None:
        for n, envelope in enumerate(mine):
            if n == 10:
                closing.set()
            try:
                outcomes.append(engine.submit(envelope))
            except LedgerStopped as stopped:
                outcomes.append(stopped)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in envelopes]
    for thread in threads:
        thread.start()
    closing.wait()
    engine.close()
    for thread in threads:
        thread.join()

    acknowledged = [outcome for outcome in outcomes if isinstance(outcome, Acknowledged)]
    assert len(outcomes) == 200
    again = world.open(directory)
    assert again.size == 2 + len(acknowledged)
    assert all(again.entry(done.operation_id) is not None for done in acknowledged)
    again.close()
