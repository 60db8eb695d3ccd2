"""A batch killed at any moment: at most the file in hand is lost, and nothing half written counts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import active_children
from pathlib import Path

import pytest

from akashi.app.checkup import batch, batch_state
from akashi.app.checkup.batch import run_batch
from akashi.app.checkup.batch_inputs import Found
from akashi.app.checkup.batch_products import Terms
from akashi.app.checkup.batch_work import Outcome
from akashi.durable import DiskFull, write_file
from tests.app.checkup.batches import contents, lay, run, sample, tables
from tests.waiting import PATIENCE_S, until

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}

# batch.json, then per file: the entry that says "writing", the CSV, the persons, the entry; then the summaries.
WRITES = 1 + 2 * 4 + 3


def _in_a_child(work: Callable[[], object]) -> int:
    """The signal that ended a process of its own in which ``work`` was done (0: none did)."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _dying(at: int, half: bool) -> Callable[[Path, bytes], None]:
    """A ``write_file`` that dies of SIGKILL at its ``at``-th call: before it, or with half a temporary file written."""
    calls = 0

    def write(path: Path, data: bytes) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            if half:
                path.with_name(f".{path.name}.0.new").write_bytes(data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        write_file(path, data)

    return write


@pytest.mark.parametrize("at", range(1, WRITES + 1))
def test_killed_at_any_write(tmp_path: Path, at: int) -> None:
    """SIGKILL at each write in turn: going on makes what an unbroken run makes, and keeps every file that was finished."""
    source = lay(tmp_path / "in", {"a.csv": sample("hoshi"), "b.csv": sample("hoshi", 2, 5)})
    run(source, tmp_path / "whole")
    out = tmp_path / "out"

    dying = _dying(at, half=at % 2 == 0)

    def work() -> None:
        for module in (batch, batch_state):
            setattr(module, "write_file", dying)  # noqa: B010 - the fault
        run(source, out)

    assert _in_a_child(work) == -signal.SIGKILL
    begun = out.exists() and any(out.iterdir())
    if at == 1:  # nothing of ours was there yet
        for left in out.iterdir():
            left.unlink()
    summary = run(source, out, resume=begun and at > 1)

    assert contents(out) == contents(tmp_path / "whole")
    assert [one.kept for one in summary.outcomes] == [at > 5, at > 9]


def test_a_full_disk_stops_the_batch_and_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room left is no fault of a file: the batch stops with its own error, and goes on when there is room."""
    source = lay(tmp_path / "in", {"a.csv": sample("hoshi"), "b.csv": sample("hoshi", 2, 5)})

    def full(path: Path, data: bytes) -> None:
        if path.name == "standard.csv" and path.parent.name.startswith("b"):
            raise DiskFull(name=path.name)
        write_file(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(batch_state, "write_file", full)
        with pytest.raises(DiskFull):
            run(source, tmp_path / "out")
    summary = run(source, tmp_path / "out", resume=True)

    assert [(one.kept, one.entry.again) for one in summary.outcomes] == [(True, ""), (False, "unfinished")]


class _Killer:
    """Kills every process of the pool when the first input is through."""

    def __init__(self) -> None:
        self.done = 0

    def begun(self, total: int) -> None:
        """Nothing to see yet."""

    def reading(self, found: Found, done: int, total: int) -> None:
        """Nothing to see here."""

    def finished(self, outcome: Outcome) -> None:
        """Strike once."""
        self.done += 1
        for child in active_children() if self.done == 1 else ():
            os.kill(child.pid or 0, signal.SIGKILL)


def test_a_process_that_dies_costs_its_file_only(tmp_path: Path) -> None:
    """Attack: the machine kills processes for want of memory. Their files are told as failed, all others are made."""
    source = lay(tmp_path / "in", {f"{number}.csv": sample("hoshi", 1, number) for number in range(5)})
    summary = run_batch([source], tmp_path / "out", tables(), Terms(), jobs=2, watch=_Killer())
    codes = [one.entry.code for one in summary.outcomes]
    mended = run(source, tmp_path / "out", resume=True)

    assert len(codes) == 5
    assert set(codes) == {"", "app.batch_worker"}
    assert codes.count("app.batch_worker") <= 2
    assert {one.entry.state for one in mended.outcomes} == {"done"}


def test_processes_end_with_the_first_one(tmp_path: Path) -> None:
    """When the command itself is killed, no process of it stays behind."""
    lay(tmp_path / "in", {f"{number}.csv": sample("hoshi", 1, number) for number in range(4)})
    command = [sys.executable, "-m", "tests.app.checkup.orphans", str(tmp_path / "in"), str(tmp_path / "out")]
    ended = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=False, timeout=PATIENCE_S)
    left = [int(word) for word in ended.stdout.split()]

    assert ended.returncode == -signal.SIGKILL
    assert left
    until(lambda: not any(map(_alive, left)), "the end of its processes", lambda: [one for one in left if _alive(one)])


def _alive(process: int) -> bool:
    """Whether it runs; one that waits to be reaped does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in "ZX"
