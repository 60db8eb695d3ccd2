"""An export that is killed at any step leaves what was there, and the next one makes up for it by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.mirrors.line import Line
from tests.app.service import PASSPHRASE, START

_PROGRAM = """
import os, signal, sys
from pathlib import Path
from akashi.app.mirrors.mirroring import export
from akashi.app.server.home import Server
from akashi.clock import FixedClock

def trace(step):
    if step == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

server = Server.open(Path(sys.argv[1]), sys.stdin.buffer.read(), FixedClock(int(sys.argv[4])))
export(server, "", Path(sys.argv[2]), trace=trace)
"""


@pytest.mark.parametrize("step", ["begun", "sent", "written"])
def test_a_killed_export_is_made_up_for(line: Line, step: str) -> None:
    """SIGKILL in the second export: the first bundle is whole, and the third holds everything since the mirror's last receipt."""
    home = line.carried.service.home
    line.carried.send()
    line.minute()
    first = {path.name: path.read_bytes() for path in line.out.iterdir()}
    line.carried.service.close()
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(home), str(line.out), step, str(START + 120_000)],
        input=PASSPHRASE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
        capture_output=True,
    )
    kept = {name: (line.out / name).read_bytes() for name in first}
    line.reopened()
    made = line.desk.export(line.out)
    steps = line.follower().turn()

    assert done.returncode == -signal.SIGKILL, done.stderr
    assert kept == first
    assert (made["start"], made["bodies"]) == (0, 1)
    assert [one.refused for one in steps] == [None] * len(steps)
    assert steps[-1].size == made["end"]


def test_remains_of_a_kill_leave_the_outbox(line: Line, tmp_path: Path) -> None:
    """A bundle that never got its name is removed with the next turn; other files are not ours to remove."""
    handle = line.desk.status()["mirrors"][0]["mirror"]
    (line.out / f".{handle}-000009.akashi-mirror.0a0b0c0d.new").write_bytes(b"half")
    (line.out / ".other.new").write_bytes(b"somebody's")
    line.minute()

    assert [one.name for one in sorted(line.out.iterdir())] == [".other.new", f"{handle}-000001.akashi-mirror"]
