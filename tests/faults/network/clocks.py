"""The clocks of the nodes themselves put wrong: what a machine without time synchronisation does to the times of blocks.

Guarantees as in ``items``; all four run the program of ``skewed``. Block times come from the medians of the votes (CometBFT's BFT time), so one wrong clock must not move them; two that
are behind hold it (a millisecond a block), which shows that the fault takes place. Three are not driven: CometBFT refuses a block more than 60 s ahead of the machine's clock, so after
three were ten minutes ahead nothing is ordered for nine minutes, right clocks or not.
"""

from __future__ import annotations

import time

from tests.faults.network import skewed
from tests.faults.network.fleet import Fleet, Way
from tests.faults.network.items import made_final, require

TEN_MINUTES = 600_000
_NEAR_MS = 30_000
_STANDS_MS = 500


def node_clock(fleet: Fleet, rounds: int) -> None:
    """Ten minutes off on one node, forward and back; on two; jumping back while it runs: operations become final throughout, block times never run back."""
    fleet.ways = {number: Way(("--binary", str(skewed.program()))) for number in fleet.all}
    fleet.start()
    fleet.until_acknowledged(1)
    for _ in range(rounds):
        one, two = fleet.draw.sample(fleet.all, 2)
        steps = {
            "one ahead": {one: TEN_MINUTES},
            "one jumps back": {one: -TEN_MINUTES},
            "two ahead": {one: TEN_MINUTES, two: TEN_MINUTES},
            "two jump back": {one: -TEN_MINUTES, two: -TEN_MINUTES},
            "one ahead, one behind": {one: TEN_MINUTES, two: -TEN_MINUTES},
            "right again": {},
        }
        for name, offsets in steps.items():
            for number in fleet.all:
                skewed.put(fleet.homes[number - 1], offsets.get(number, 0))
            _step(fleet, name, wrong=sum(bool(one) for one in offsets.values()))
    fleet.settle()


def _step(fleet: Fleet, name: str, wrong: int) -> None:
    time.sleep(0.2)  # the program reads its offset twenty times a second
    begun, slowest = time.monotonic(), made_final(fleet, 1)
    before = int(fleet.status(1)["block_ms"])
    for turn in range(8):
        slowest = max(slowest, made_final(fleet, fleet.all[turn % 4]))
    moved = int(fleet.status(1)["block_ms"]) - before
    off = [int(fleet.status(number)["block_ms"]) - round(time.time() * 1000) for number in fleet.all]
    seconds = max(off, key=abs) / 1000
    fleet.report.seen[name] = f"block time off by {seconds:+.0f} s, slowest {slowest:.1f} s"
    if name == "two jump back":
        require(moved < _STANDS_MS, f"{name}: the block time went on by {moved} ms: the clocks are not wrong")
    if wrong == 1:
        require(
            max(map(abs, off)) < _NEAR_MS + 1000 * (time.monotonic() - begun),
            f"{name}: one clock moved the block times by {off} ms",
        )
