"""The faults that are done to a running network: switched off, parted, skewed. Each leaves the fleet to be judged; what was seen stands in its report.

Guarantees: every item draws from the fleet's seed only, heals what it broke, and raises :class:`NotAsPromised` where the network did something that it must not.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from akashi.network.errors import NotFinal
from tests.faults.network.fleet import PATIENCE_S, Fleet

NO_QUORUM_S = 15.0


class NotAsPromised(Exception):
    """The network did what it must not, or not what it must."""


def require(holds: bool, told: str) -> None:
    """Raise :class:`NotAsPromised` with what was seen."""
    if not holds:
        raise NotAsPromised(told)


def made_final(
    fleet: Fleet, asked: int, count: int = 1, timeout_s: float = PATIENCE_S, again: Sequence[str] = ()
) -> float:
    """Hand in new operations (or those of ``again``) until all are acknowledged, as a caller who is told "not final yet" does: seconds.

    Raises :class:`NotAsPromised`, also where one is refused.
    """
    envelopes, begun, before = [*again] or fleet.composer.make(count), time.monotonic(), set(fleet.books.refused)
    while fleet.hand_in(asked, again=envelopes)(timeout_s) < len(envelopes):
        refused = {one for one in set(fleet.books.refused) - before if not one.startswith(NotFinal.code)}
        require(not refused, f"server {asked} refused: {refused}")
        require(time.monotonic() - begun < timeout_s, f"server {asked} acknowledges nothing for {timeout_s} s")
    return time.monotonic() - begun


# -- switched off -----------------------------------------------------------------------------------------------------


def down(fleet: Fleet, rounds: int) -> None:
    """One of four off: the others go on. Two of four off: nobody is told success, what is handed in is kept; one returns: it becomes final."""
    fleet.start()
    fleet.until_acknowledged(1)
    slowest: list[float] = []
    for turn in range(rounds):
        one, two, asked = fleet.draw.sample(fleet.all, 3)
        fleet.kill(one)
        slowest += [made_final(fleet, asked) for _ in range(20)]
        fleet.kill(two)
        size = fleet.status(asked)["size"]
        answered = fleet.hand_in(asked, 3)
        require(answered(NO_QUORUM_S) == 0, "acknowledged while two of four were down")
        fleet.wait(lambda asked=asked: fleet.status(asked)["unfinished"] == 3, told="not kept as unfinished")  # type: ignore[misc]  # bound now
        require(fleet.status(asked)["size"] == size, "executed while two of four were down")
        back = two if turn % 2 else one
        fleet.start(back)
        begun = time.monotonic()
        left = fleet.books.unanswered()
        while fleet.hand_in(asked, again=left)(60.0) < len(left):
            require(time.monotonic() - begun < PATIENCE_S, "not final though a third server is ready")
        fleet.report.repair.append(time.monotonic() - begun)
        fleet.start(one if back == two else two)
        fleet.settle()
    slowest.sort()
    fleet.report.seen.update(
        {
            "one down: p50 ms": round(1000 * slowest[len(slowest) // 2]),
            "one down: p99 ms": round(1000 * slowest[int(len(slowest) * 0.99)]),
            "two down: acknowledged": 0,
            "resumed within 10 s": sum(one <= 10 for one in fleet.report.repair),
        }
    )


# -- parted -----------------------------------------------------------------------------------------------------------


def halves(fleet: Fleet, rounds: int) -> None:
    """2|2: neither half says success; after healing everything that was handed in is final."""
    fleet.start()
    fleet.until_acknowledged(1)
    for _ in range(rounds):
        order = fleet.draw.sample(fleet.all, 4)
        fleet.wires.part(order[:2], order[2:])
        answers = [fleet.hand_in(order[0], 2), fleet.hand_in(order[2], 2)]
        require([answered(NO_QUORUM_S) for answered in answers] == [0, 0], "half of the servers acknowledged")
        fleet.wires.heal()
        fleet.report.repair.append(fleet.settle())


def outvoted(fleet: Fleet, rounds: int) -> None:
    """3|1, then one-way (heard by nobody, hearing all), then a bridge node (two groups that meet in one server only)."""
    fleet.start()
    fleet.until_acknowledged(1)
    for _ in range(rounds):
        alone, *rest = fleet.draw.sample(fleet.all, 4)
        fleet.wires.part([alone], rest)
        lonely = fleet.hand_in(alone, 2)
        fleet.report.detect.append(fleet.until_acknowledged(rest[0]))
        require(lonely(NO_QUORUM_S) == 0, "one server alone acknowledged")
        fleet.wires.heal()
        fleet.report.repair.append(fleet.settle())
        for other in rest:
            fleet.wires.cut(alone, other)
        fleet.report.detect.append(fleet.until_acknowledged(rest[1]))
        fleet.wires.heal()
        fleet.report.repair.append(fleet.settle())
        fleet.wires.part([alone], rest[:2])  # rest[2] is the only one that reaches both sides
        fleet.report.detect.append(fleet.until_acknowledged(rest[0]))
        fleet.wires.heal()
        fleet.report.repair.append(fleet.settle())


def flapping(fleet: Fleet, rounds: int) -> None:
    """Cables that come and go while operations are handed in everywhere."""
    fleet.start()
    fleet.until_acknowledged(1)
    answers = []
    for _ in range(rounds):
        number = fleet.draw.choice(fleet.all)
        fleet.wires.unplug(number)
        answers.append(fleet.hand_in(fleet.draw.choice(fleet.all), 2))
        time.sleep(fleet.draw.uniform(0.05, 0.8))
        fleet.wires.plug(number)
        time.sleep(fleet.draw.uniform(0.05, 0.4))
    fleet.report.seen["acknowledged meanwhile"] = sum(answered(60.0) for answered in answers)
    fleet.report.repair.append(fleet.settle())


# -- clocks -----------------------------------------------------------------------------------------------------------


def skew(fleet: Fleet, rounds: int) -> None:
    """The ledger process's clock 10 minutes off on one, then on two servers, and jumping back; CometBFT's is the machine's and stays right."""
    fleet.start()
    fleet.until_acknowledged(1)
    for _ in range(rounds):
        first, second = fleet.draw.sample(fleet.all, 2)
        for number, ms in ((first, 600_000), (second, -600_000), (first, -600_000), (first, 0), (second, 0)):
            fleet.running[number].ask("skew", ms=ms)
            for asked in fleet.all:
                made_final(fleet, asked, 2)
    fleet.report.seen["block times"] = "never backwards (audit)"
