"""What a hot backup does to the latency of commits: one acknowledged operation with and without copies being made beside it.

A ledger of some thousand leaves and 64 MiB of sealed bodies lie on one disk. Rounds alternate: single operations alone, then single
operations while another process makes one whole copy after the other (ledger and bodies, ``app.mirrors.mirroring.back_up``) without a pause between
copies (each at its usual share of the time): the worst case, a schedule makes one an hour. The machine is shared; what counts is the ratio within one run, at p50 and at p99.

Run: ``PYTHONPATH=src:. python -m bench.mirror``
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from akashi.errors import AkashiError
from akashi.network.mirror.service import MirrorPaths
from akashi.vault.store import BodyStore
from bench.ledger import _Desk
from bench.measurement import Measurement

ROUNDS, SINGLE, LEAVES, BODIES = 4, 200, 5_000, 64
_COPYING = """
import os, shutil, sys
from pathlib import Path
from akashi.app.mirrors.mirroring import back_up
from akashi.network.mirror.service import MirrorPaths

os.nice(15)  # as `akashi mirror backup --every` does

paths, target = MirrorPaths(Path(sys.argv[1])), Path(sys.argv[2])
number = 0
sys.stdout.write("ready\\n")
sys.stdout.flush()
while True:
    back_up(paths, target / str(number))
    shutil.rmtree(target / str(number))
    number += 1
    (target / "done").write_text(str(number))
"""


def _latencies(desk: _Desk) -> list[float]:
    """Milliseconds of single acknowledged operations."""
    found = []
    for operation in desk.operations(SINGLE):
        began = time.perf_counter()
        desk.engine.submit(operation)
        found.append((time.perf_counter() - began) * 1000)
    return found


def _beside_copies(desk: _Desk, root: Path, target: Path) -> tuple[list[float], int]:
    """The same while copies are made; and how many were."""
    target.mkdir(exist_ok=True)
    environment = os.environ | {"PYTHONPATH": f"src{os.pathsep}."}
    copying = subprocess.Popen(
        [sys.executable, "-c", _COPYING, str(root), str(target)], env=environment, stdout=subprocess.PIPE
    )
    try:
        if copying.stdout is not None:
            copying.stdout.readline()
        found = _latencies(desk)
        done = target / "done"
        return found, int(done.read_text()) if done.is_file() else 0
    finally:
        copying.kill()
        copying.wait()
        if copying.stdout is not None:
            copying.stdout.close()
        shutil.rmtree(target)


def _fill(desk: _Desk, paths: MirrorPaths) -> None:
    for at in range(0, LEAVES, 1_000):
        for outcome in desk.engine.submit_many(desk.operations(min(1_000, LEAVES - at))):
            if isinstance(outcome, AkashiError):
                raise outcome
    bodies = BodyStore(paths.bodies)
    upload = bodies.begin_upload(0)
    for number in range(BODIES):
        bodies.add_chunks(upload, number, [os.urandom(1 << 20)])
    bodies.close()


def _at(values: list[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]


def measure() -> list[Measurement]:
    """p50 and p99 with copies, against the same without."""
    root = Path(tempfile.mkdtemp(prefix="bench-mirror-", dir=Path(__file__).resolve().parent))
    paths = MirrorPaths(root)
    alone: list[float] = []
    beside: list[float] = []
    copies = 0
    try:
        desk = _Desk(paths.ledger)
        _fill(desk, paths)
        for _ in range(ROUNDS):
            alone += _latencies(desk)
            found, made = _beside_copies(desk, root, root / "copies")
            beside += found
            copies += made
        desk.engine.close()
    finally:
        shutil.rmtree(root)
    figures = []
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        ours, limit = _at(beside, share), _at(alone, share)
        title = f"mirror: one acknowledged operation while copies are made without a pause ({copies} were finished meanwhile), {name}"
        figures.append(
            Measurement(title, ours, "ms", limit, ours / limit, "printed beside it: the same without copies")
        )
    mean, base = statistics.mean(beside), statistics.mean(alone)
    figures.append(
        Measurement("mirror: the same, mean", mean, "ms", base, mean / base, "printed beside it: without copies")
    )
    return figures


if __name__ == "__main__":
    for figure in measure():
        sys.stdout.write(
            f"{figure.name}: {figure.value:.3f} {figure.unit}, without {figure.limit:.3f}, ratio {figure.ratio:.2f}\n"
        )
