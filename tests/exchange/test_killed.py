"""The process is killed (SIGKILL) in the middle; everything is opened again from the files alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from akashi.exchange.housekeeping import Report
from akashi.exchange.model import ReadPurpose
from tests.exchange.world import CONTENT, NAMED, SENDER, World
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


def kill_at(home: Path, point: str) -> World:
    """Run until killed at ``point``, then start again on the same home."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, str(Path(__file__).with_name("killed.py")), str(home), point]
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    return World(home)


@pytest.mark.parametrize(("point", "sent"), [("stage", 0), ("queue", 1), ("submit", 1)])
def test_a_killed_gateway_sends_once_or_not_at_all(tmp_path: Path, point: str, sent: int) -> None:
    """After the restart the transfer is there once and opens, or it never left and nothing pends."""
    world = kill_at(tmp_path / "home", point)
    world.gateways[SENDER].exchange.recover()
    inbox = world.receiver.inbox()
    opened = [world.receiver.open(item.handle, ReadPurpose.INQUIRY, world.acting(NAMED)) for item in inbox]

    assert [item.documents[0][1] for item in opened] == [CONTENT] * sent
    assert world.sender.pending() == []
    world.close()


@pytest.mark.parametrize("point", ["intent", "destroy"])
def test_a_killed_server_finishes_its_erasure(tmp_path: Path, point: str) -> None:
    """Killed between order and receipt: the next start and the next round put exactly one receipt on the ledger."""
    world = kill_at(tmp_path / "home", point)
    reports = [world.housekeeping().run_once() for _ in range(2)]
    trail = [step.kind for step in world.sender.show(world.sender.outbox()[0].handle).trail]

    assert reports == [Report(erased=1), Report()]
    assert trail[2:] == ["payload.erasure_ordered", "payload.erased", "transfer.erased"]
    world.close()
