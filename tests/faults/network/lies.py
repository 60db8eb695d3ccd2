"""Servers that lie in their proposals, and lines that lie about what was sent.

Guarantees as in ``items``; every lie is driven until it was told (and, where it must be, voted against) at least once, while operations that honest servers were handed become final.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from itertools import cycle
from typing import Self

from tests.faults.network.evil import LIES, REJECTED
from tests.faults.network.fleet import ROOT, Fleet, Way
from tests.faults.network.items import NotAsPromised, made_final, require

_MOST = 40
_FEWEST, _TURNS = 14, 200


def proposer(fleet: Fleet, rounds: int) -> None:
    """One server proposes what it must not, or leaves out what others handed in: voted against or harmless, and everything becomes final through the other proposers."""
    fleet.start()
    fleet.until_acknowledged(1)
    for _ in range(rounds):
        liar, *honest = fleet.draw.sample(fleet.all, 4)
        for lie in LIES:
            fleet.running[liar].ask("lie", lie=lie)
            before = _rejected(fleet, honest)
            slowest = _until_told(fleet, lie, liar, honest, before)
            told = fleet.running[liar].ask("lie", lie="")
            made_final(fleet, honest[0])
            fleet.settle()  # a lie that was under way still is this lie's, also where it is heard late
            rejected = _rejected(fleet, honest) - before
            require(bool(rejected) is (lie in REJECTED), f"{lie}: an honest server voted against {rejected} proposals")
            fleet.report.seen[lie] = f"{told['lied']} told, {rejected} voted against, slowest {slowest:.1f} s"
    fleet.settle()


def _rejected(fleet: Fleet, honest: list[int]) -> int:
    return sum(int(fleet.status(number)["rejected"]) for number in honest)


def _until_told(fleet: Fleet, lie: str, liar: int, honest: list[int], before: int) -> float:
    """Hand in operations at honest servers until the lie was told twice and, if it must be, voted against: the slowest acknowledgement, in seconds.

    An operation takes two blocks, so that of four servers two may never be asked to propose one with operations: others, handed in while a block is on its way, change the turn.
    """
    slowest = 0.0
    for attempt, asked in zip(range(_MOST), cycle(honest), strict=False):
        ahead = fleet.composer.make(1) if attempt % 2 else []
        if ahead:
            fleet.hand_in(honest[0], again=ahead)
        time.sleep(0.01 * (attempt % 10))
        slowest = max(slowest, made_final(fleet, asked, 2))
        if ahead:
            made_final(fleet, honest[0], again=ahead)
        heard = lie not in REJECTED or _rejected(fleet, honest) > before
        if attempt and heard and fleet.status(liar)["lied"] >= 2:
            return slowest
    raise NotAsPromised(f"{lie}: never told in {_MOST} operations")


def corrupt(fleet: Fleet, rounds: int) -> None:
    """Every line of one server's node goes through somebody who changes bytes: its connections break, nothing is accepted, the others go on; with honest lines again it catches up."""
    number, *rest = fleet.draw.sample(fleet.all, 4)
    book = {other: fleet.wires.addresses[other - 1] for other in fleet.all}
    lines = [f"{book[number].host}:{book[number].node_port}=127.0.0.1:{book[number].node_port}"]
    flags = ["--listen", f"127.0.0.1:{book[number].node_port}"]
    for other in rest:
        target, through = f"{book[other].host}:{book[other].node_port}", f"127.0.0.1:{20_000 + other}"
        lines.append(f"{through}={target}")
        flags += ["--through", f"{target}={through}"]
    fleet.ways[number] = Way(tuple(flags))
    with _Liar(fleet.wires.before(number), lines) as liar:
        fleet.start()
        fleet.until_acknowledged(number)
        for _ in range(rounds):
            liar.says("on")
            begun = time.monotonic()
            for turn in range(_TURNS):
                made_final(fleet, rest[turn % 3], 2)
                told = liar.says("on")
                if turn >= _FEWEST and told["changed"] and told["broken"]:
                    break
            waiting = fleet.hand_in(number, 2)
            took = time.monotonic() - begun
            told = liar.says("off")
            fleet.report.seen.update({**told, "for s": round(took, 1)})
            require(told["changed"] > 0 and told["broken"] > 0, f"nothing was changed, or no connection broke: {told}")
            begun = time.monotonic()
            waiting(60.0)
            fleet.settle()
            fleet.report.repair.append(time.monotonic() - begun)
        fleet.judged()
    del fleet.ways[number]


class _Liar:
    """The program between the lines."""

    def __init__(self, before: list[str], lines: list[str]) -> None:
        self._process = subprocess.Popen(
            [*before, sys.executable, "-m", "tests.faults.network.corrupting", *lines],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            with suppress(BrokenPipeError):
                self._process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def says(self, word: str) -> dict[str, int]:
        """Give an order: what was done so far."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        changed, broken = self._process.stdout.readline().split()
        return {"changed": int(changed), "broken": int(broken)}
