"""Faults done to a network of four servers on this machine: ``python -m tools.faults --seed 1 --rounds 20 [--item kill]``.

Guarantees: each item founds a network of its own, in network namespaces where that is permitted (else on the loopback, and says why; items that need cut lines are then left out), does
its faults, and ends with every home re-done from its files against the driver's own books. Exits 1 if anything was lost, invented, left unrepaired, or not as promised.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.network import clocks, damages, determinism, disks, items, kills, lies, rewrites
from tests.faults.network.books import Report
from tests.faults.network.fleet import Fleet
from tests.faults.network.wires import why_not


@dataclass(frozen=True)
class Item:
    """One fault: what does it, how often unless told, whether servers watch themselves, whether it must cut lines."""

    run: Callable[[Fleet, int], None]
    rounds: int
    guarded: bool = False
    lines: bool = False


ITEMS = {
    "kill": Item(kills.kill, 20),
    "down": Item(items.down, 2),
    "halves": Item(items.halves, 2, lines=True),
    "outvoted": Item(items.outvoted, 1, lines=True),
    "flapping": Item(items.flapping, 20, lines=True),
    "skew": Item(items.skew, 1),
    "wiped": Item(damages.wiped, 10, guarded=True),
    "rollback": Item(damages.rollback, 1, guarded=True),
    "differs": Item(damages.differs, 1, guarded=True),
    "tamper": Item(damages.tamper, 1, guarded=True),
    "rewrite": Item(rewrites.rewrite, 1, guarded=True),
    "twice": Item(damages.twice, 3),
    "node clock": Item(clocks.node_clock, 1),
    "proposer": Item(lies.proposer, 1),
    "corrupt": Item(lies.corrupt, 1, lines=True),
    "versions": Item(determinism.versions, 1),
    "disk": Item(damages.disk, 1),
    "disk errors": Item(disks.errors, 1),
    "slow disk": Item(disks.slow, 1),
}


def run(name: str, seed: int, rounds: int | None = None) -> Report:
    """Found, hurt, heal, judge. What was not as promised stands among the findings."""
    item = ITEMS[name]
    folder = Path(tempfile.mkdtemp(prefix="akashi-faults-"))
    try:
        with Fleet(folder, seed, item=name, guarded=item.guarded) as fleet:
            begun = time.monotonic()
            try:
                item.run(fleet, item.rounds if rounds is None else rounds)
            except Exception as error:  # noqa: BLE001 - the homes are judged all the same
                fleet.report.findings.append(f"{type(error).__name__}: {error}")
            if not fleet.report.leaves:
                fleet.judged()
            fleet.report.seen["run s"] = round(time.monotonic() - begun)
            return fleet.report
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Run what was asked for and print a line for each."""
    parser = argparse.ArgumentParser(description="faults done to four servers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=None, help="per item; each has a small number of its own")
    parser.add_argument("--item", choices=sorted(ITEMS), action="append")
    wanted = parser.parse_args()
    missing = why_not()
    if missing:
        print(f"no network namespaces here ({missing}): on the loopback, without items that cut lines")
    good = True
    for name in wanted.item or ITEMS:
        if missing and ITEMS[name].lines:
            print(f"{name}: left out", flush=True)
            continue
        report = run(name, wanted.seed, wanted.rounds)
        good = good and report.good
        print(report.line(), flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
