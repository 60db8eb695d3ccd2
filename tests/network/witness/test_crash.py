"""A witness is killed at the worst moments: a cosignature never outlives the memory of what it was for."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.network.witness.logs import Stage, ToyLog
from tests.waiting import PATIENCE_S

HONEST = ToyLog.of(20)
ROOT = Path(__file__).resolve().parents[3]
DYING = """
import os, signal, sys
from pathlib import Path
from akashi.network.witness import service, store
from tests.network.witness.logs import Stage, ToyLog

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

stage = Stage(Path(sys.argv[1]))
stage.ask(ToyLog.of(20).asks(0, 7))
if sys.argv[2] == "before":
    store.Turn.settle = die      # the row is written, the transaction is still open
else:
    service.cosign = die         # the row is on the disk, the cosignature is not made yet
stage.ask(ToyLog.of(20).asks(7, 12))
"""


def killed(folder: Path, moment: str) -> int:
    """Run a witness that dies at ``moment``; its exit status."""
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(folder), moment],
        cwd=ROOT,
        env={"PYTHONPATH": f"src:{ROOT}"},
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode


@pytest.mark.parametrize(("moment", "known"), [("before", 7), ("after", 12)])
def test_killed_between_check_and_answer(tmp_path: Path, moment: str, known: int) -> None:
    """After kill -9 the witness knows either tree whole, refuses a fork of it, and goes on with the honest one."""
    assert killed(tmp_path, moment) == -signal.SIGKILL
    stage = Stage(tmp_path)
    fork = HONEST.branch(3, 20, "other")

    assert stage.size() == known
    assert stage.ask(fork.asks(known, 12)).status == 422
    assert stage.ask(HONEST.asks(known, 12)).status == 200
    stage.memory.close()


def test_a_lost_answer_is_asked_for_again(tmp_path: Path) -> None:
    """Persisted and not answered: 409 names the size, and an empty proof from there gets the cosignature."""
    killed(tmp_path, "after")
    stage = Stage(tmp_path)
    stale = stage.ask(HONEST.asks(7, 12))
    again = stage.ask(HONEST.asks(12, 12))

    assert (stale.status, stale.body) == (409, b"12\n")
    assert stage.cosigned(HONEST.note(12), again)
    stage.memory.close()
