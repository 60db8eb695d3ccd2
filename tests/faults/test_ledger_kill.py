"""Fault matrix of the ledger: killed at every point of a commit, then opened again. No acknowledged operation is lost, none invented."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from akashi.ledger.audit import audit
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from tests.ledger.world import KINDS, SUBJECT, World

POINTS = ("begin", "written", "committed", "published")


def run_child(directory: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the writing process to its end."""
    command = [sys.executable, "-m", "tests.faults.ledger_child", str(directory), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(("occurrence", "batch"), [(1, 1), (4, 1), (1, 4), (3, 4)])
def test_kill_loses_nothing_acknowledged(tmp_path: Path, point: str, occurrence: int, batch: int) -> None:
    """After SIGKILL at a point of the n-th block: all acknowledged leaves are there, at their index, and the audit is clean."""
    world, directory = World(), tmp_path / "ledger"
    world.create(directory).close()

    died = run_child(directory, point, occurrence, batch)

    assert died.returncode == -signal.SIGKILL
    acknowledged = [line.split() for line in died.stdout.splitlines()]
    assert len(acknowledged) == (occurrence - 1) * batch
    engine = world.open(directory)
    for _, operation, index in acknowledged:
        found = engine.entry(bytes.fromhex(operation))
        assert found is not None
        assert found.index == int(index)
    # Between acknowledgement and disk lies at most the one block that was durable but not yet answered.
    durable = (occurrence - (point in ("begin", "written"))) * batch
    assert len(engine.entries(SUBJECT)) == durable
    engine.close()
    assert audit(directory, KINDS, cosigner=world.cosigner).findings == ()


@pytest.mark.parametrize("point", POINTS)
def test_resubmission_after_a_kill_records_once(tmp_path: Path, point: str) -> None:
    """A caller that never got its answer submits again: exactly one leaf per operation, in the end the same ones."""
    world, directory = World(), tmp_path / "ledger"
    world.create(directory).close()
    run_child(directory, point, 2, 4)

    done = run_child(directory, "never", 1, 4)

    assert done.returncode == 0
    engine = world.open(directory)
    nonces = [parse_operation(parse_leaf(e.leaf).envelope).statement.nonce for e in engine.entries(SUBJECT)]
    assert sorted(nonces) == [n.to_bytes(16, "big") for n in range(100, 112)]
    engine.close()


def test_kill_while_creating_leaves_no_half_ledger(tmp_path: Path) -> None:
    """A process killed while the genesis is written leaves no ledger file; creating again works."""
    directory = tmp_path / "ledger"
    script = (
        "import os, signal, sys, pathlib\n"
        "import akashi.ledger.service as service\n"
        "from tests.ledger.world import World\n"
        "service.os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "World().create(pathlib.Path(sys.argv[1]))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    died = subprocess.run([sys.executable, "-c", script, str(directory)], env=environment, check=False)

    assert died.returncode == -signal.SIGKILL
    assert not (directory / "ledger.db").exists()
    engine = World().create(directory)
    assert engine.size == 2
    engine.close()
