"""The same blocks under another Python and another SQLite must give the same roots.

Guarantees as in ``items``; ``AKASHI_OTHER_PYTHON`` names the other interpreter (an environment with our packages and, for another SQLite, ``pysqlite3``); without one the same interpreter
executes them once more, and the report says so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

from tests.faults.network.fleet import ROOT, Fleet, Way
from tests.faults.network.items import require


def versions(fleet: Fleet, rounds: int) -> None:
    """Blocks of a run, some with refused and repeated operations, executed again from the founding on."""
    folder = fleet.homes[0].parent
    blocks, start = folder / "blocks.jsonl", folder / "replayed"
    shutil.copytree(fleet.homes[0], start)
    fleet.ways[1] = Way(("--record", str(blocks)))
    fleet.start()
    fleet.until_acknowledged(1)
    for turn in range(10 * rounds):
        fleet.submit(fleet.all[turn % 4], 1 + turn % 7)
    fleet.settle()
    stands = fleet.status(1)
    fleet.judged()
    other = os.environ.get("AKASHI_OTHER_PYTHON") or sys.executable
    done = subprocess.run(
        [other, "-m", "tests.faults.network.replaying", str(start), str(blocks)],
        cwd=ROOT, env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": "src:verifier:."}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    require(done.returncode == 0, f"the other interpreter: {done.stdout} {done.stderr[-500:]}")
    told = json.loads(done.stdout)
    require((told["leaves"], told["root"]) == (stands["size"], stands["root"]), f"another tree: {told}")
    fleet.report.seen.update({"blocks": told["blocks"], "other Python": told["python"], "other SQLite": told["sqlite"]})
    fleet.report.seen["here"] = _here()


def _here() -> str:
    words = "import sqlite3, platform; print(platform.python_version(), sqlite3.sqlite_version)"
    return subprocess.run([sys.executable, "-c", words], check=True, capture_output=True, text=True).stdout.strip()
