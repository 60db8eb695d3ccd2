"""Disks that fail, are full, cannot be written, or are slow.

Guarantees as in ``items``. Errors and slowness are put between one server's process (Python and SQLite) and its disk by a preloaded library (``shim.c``, compiled where there is a C compiler):
``fsync`` and ``pwrite`` fail or wait while a file says so. The node is a Go program without such a library: its disk is right, and full or read-only with the server's.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from tests.faults.network.fleet import Fleet, Gone, Way
from tests.faults.network.items import made_final, require

_LIBRARY = Path(__file__).with_name("shim.c")
_SLOW_MS = 300


def why_not() -> str:
    """Why errors cannot be put in between here; empty if they can."""
    return "" if shutil.which("cc") else "no C compiler"


class Shim:
    """The library, between one server and its disk. Made before that server starts."""

    def __init__(self, fleet: Fleet, number: int, folder: Path) -> None:
        library, self._order = folder / "shim.so", folder / f"disk-{number}"
        words = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(_LIBRARY), "-ldl"]
        subprocess.run(words, check=True, capture_output=True)
        fleet.ways[number] = Way(environment={"LD_PRELOAD": str(library), "AKASHI_FAULT": str(self._order)})

    def says(self, word: str) -> None:
        """``eio``, ``write``, ``slow N``, or nothing: the disk is well."""
        if not word:
            self._order.unlink(missing_ok=True)
            return
        self._order.with_suffix(".new").write_text(word)
        self._order.with_suffix(".new").replace(self._order)


def errors(fleet: Fleet, rounds: int) -> None:
    """Every fsync of one server fails, then every write: it says so and acknowledges nothing more, the others go on; with a good disk and a new start it catches up."""
    number, *rest = fleet.draw.sample(fleet.all, 4)
    shim = Shim(fleet, number, fleet.homes[0].parent)
    fleet.start()
    fleet.until_acknowledged(number)
    for _ in range(rounds):
        for word in ("eio", "write"):
            shim.says(word)
            begun = time.monotonic()
            require(fleet.hand_in(number, 2)(12.0) == 0, "acknowledged by a server whose disk keeps nothing")
            for turn in range(40):
                made_final(fleet, rest[turn % 3], 2)
                if stopped(fleet, number, f"every {'fsync' if word == 'eio' else 'write'} fails"):
                    break
            require(stopped(fleet, number, "at last"), f"a disk that answers EIO ({word}) was not noticed")
            fleet.report.seen.pop("at last", None)
            fleet.report.detect.append(time.monotonic() - begun)
            fleet.running[number].kill()
            shim.says("")
            begun = time.monotonic()
            fleet.spawn(number).hears("ready")  # a program of its own, which imports everything again
            fleet.settle()
            fleet.report.repair.append(time.monotonic() - begun)


def slow(fleet: Fleet, rounds: int) -> None:
    """Every fsync of one server takes 0.3 s longer: the others acknowledge as before, the slow one acknowledges late, and nothing halts."""
    number, *rest = fleet.draw.sample(fleet.all, 4)
    shim = Shim(fleet, number, fleet.homes[0].parent)
    fleet.start()
    fleet.until_acknowledged(number)
    for _ in range(rounds):
        shim.says(f"slow {_SLOW_MS}")
        others = sorted(made_final(fleet, rest[turn % 3]) for turn in range(15))
        own = sorted(made_final(fleet, number) for _ in range(4))
        shim.says("")
        fleet.report.seen.update(
            {"others p50 s": round(others[7], 2), "others max s": round(others[-1], 2), "own p50 s": round(own[2], 2)}
        )
        now = fleet.status(number)
        require(now["node"] == "RUNNING", f"a slow disk stopped it: {now['node']}")
        fleet.report.repair.append(fleet.settle())


def stopped(fleet: Fleet, number: int, name: str) -> bool:
    """Whether a server has stopped voting or has ended; what it says goes into the report under this name."""
    try:
        now = fleet.status(number)
    except (Gone, TimeoutError):
        fleet.report.seen[name] = "ended"
        return True
    if now["node"] in {"HALTED", "FAILED", "PAUSING", "STOPPED"}:
        fleet.report.seen[name] = f"{now['node']} {'+'.join(sorted(set(now['alarms'])))}"
        return True
    return False
