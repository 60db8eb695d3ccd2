"""Kill -9, as often as wanted: servers at every step, nodes alone, both, all four at once, while starting, while repairing.

Guarantees: a seed draws the plan; nothing waits for a whole network between two kills (every :data:`REST`-th comes to rest), so the next one may meet a server that still catches up;
each kill is counted under what it was, and one whose step did not come is counted as ``any time``. Every operation handed in stays in the books whatever became of its server.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from akashi.app.config import server_paths
from akashi.app.network.places import NetworkPlaces
from akashi.clock import SystemClock
from akashi.network.model import IncidentPlace
from akashi.network.scrub.marks import Mark
from akashi.network.scrub.model import Damage
from tests.faults.network.dying import POINTS
from tests.faults.network.fleet import Fleet, Gone, Way

REST = 8
_STEP_S = 1.5
"""How long a step is waited for: a round with a proposer that is away takes longer than one with all four."""
PLAN = (*POINTS, "any time", "node alone", "both", "starting")


class Killing:
    """One run of kills over a fleet."""

    def __init__(self, fleet: Fleet, rounds: int) -> None:
        self._fleet, self._rounds = fleet, rounds
        self._done: Counter[str] = Counter()
        self._answers: list[Callable[[float], int]] = []
        self._slowest = 0.0

    @property
    def killed(self) -> int:
        """How many processes were killed."""
        return sum(self._done.values())

    def run(self) -> None:
        """All of it; what was seen stands in the report."""
        fleet, turn, began = self._fleet, first_turn(self._fleet), time.monotonic()
        fleet.start()
        fleet.until_acknowledged(1)
        while self.killed < self._rounds:
            how = PLAN[turn % len(PLAN)]
            turn += 1
            if turn % (3 * len(PLAN)) == 0:
                self._while_repairing()
            victims = fleet.all if fleet.draw.random() < 0.06 else [fleet.draw.choice(fleet.all)]
            self._once(how, victims)
            if turn % REST == 0:
                self._rest()
        self._rest()
        seconds = time.monotonic() - began
        fleet.report.seen.update(
            {"kills": self.killed, **{f"at {how}": number for how, number in sorted(self._done.items())}}
        )
        fleet.report.seen["s per kill"] = round(seconds / max(1, self.killed), 2)

    def _once(self, how: str, victims: list[int]) -> None:
        fleet = self._fleet
        if how in POINTS:
            for number in victims:
                with suppress(Gone, TimeoutError):
                    fleet.running[number].ask("die_at", point=how, occurrence=fleet.draw.randint(1, 2))
        for asked in fleet.draw.sample(fleet.all, 2):
            self._answers.append(fleet.hand_in(asked, fleet.draw.randint(1, 3)))
        if how.startswith(("que", "set")):  # these steps are the victim's own
            self._answers.append(fleet.hand_in(victims[0]))
        done = self._killed(how, victims)
        for number, as_what in done.items():
            self._done[as_what] += 1
            if as_what != "node alone":
                self._begin(number)
        for number in done:
            fleet.running[number].hears("ready")

    def _begin(self, number: int) -> None:
        """Start it again."""
        self._fleet.spawn(number)

    def _killed(self, how: str, victims: list[int]) -> dict[int, str]:
        fleet = self._fleet
        if how in POINTS:
            with suppress(TimeoutError):
                fleet.wait(lambda: not any(fleet.running[number].alive for number in victims), _STEP_S)
            done = {number: "any time" if fleet.running[number].alive else how for number in victims}
        else:
            time.sleep(fleet.draw.uniform(0.0, 0.2))
            done = dict.fromkeys(victims, how)
        for number in victims:
            if how in {"node alone", "both"} and not self._node_killed(number) and how == "node alone":
                del done[number]  # it was down already: no kill
            if how == "both":
                time.sleep(fleet.draw.uniform(0.0, 0.05))
            if how != "node alone":
                fleet.kill(number)
            if how == "starting":
                fleet.spawn(number)
                time.sleep(fleet.draw.uniform(0.0, 0.4))
                fleet.kill(number)
                self._done[how] += 1
        return done

    def _node_killed(self, number: int) -> bool:
        try:
            return self._fleet.running[number].ask("kill_node")["pid"] is not None
        except (Gone, TimeoutError):
            return False

    def _while_repairing(self) -> None:
        """A server is told to repair itself and killed while it does; started again it goes on with the repair."""
        fleet = self._fleet
        number = fleet.draw.choice(fleet.all)
        fleet.kill(number)
        network = NetworkPlaces.of(server_paths(fleet.homes[number - 1])).root
        Mark(SystemClock().now_ms(), Damage(IncidentPlace.LEAVES, "asked", 0)).write(network)
        fleet.ways[number] = Way(("--guarded",))
        fleet.spawn(number).hears("repairing")
        time.sleep(fleet.draw.uniform(0.0, 1.5))
        repaired = any("repaired" in one for one in fleet.running[number].said)
        fleet.kill(number)
        self._done["after a repair" if repaired else "repairing"] += 1
        fleet.spawn(number).hears("ready")
        del fleet.ways[number]
        shutil.rmtree(network / "quarantine", ignore_errors=True)  # room for the next: nothing in it was damaged

    def _rest(self) -> None:
        """Hear all answers, hand in again what was not acknowledged, wait until all four stand at one tree: the time of that is the repair's."""
        fleet = self._fleet
        begun = time.monotonic()
        for answered in self._answers:
            answered(60.0)
        self._answers.clear()
        fleet.settle()
        fleet.report.repair.append(time.monotonic() - begun)


def first_turn(fleet: Fleet) -> int:
    """Where in the plan this seed begins."""
    return fleet.seed * 5


def kill(fleet: Fleet, rounds: int) -> None:
    """Kill -9, ``rounds`` times."""
    Killing(fleet, rounds).run()
