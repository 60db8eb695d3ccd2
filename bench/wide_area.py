"""Servers in several places: what an operation, a batch, a failure and a payload cost when the lines between them are as long as real ones.

Four whole servers (``bench.site_process``), each in a network namespace of its own; every frame between them waits in ``tests.faults.network.delays``. What is simulated: round trip,
jitter, width and queues of each line, for CometBFT's port and for the peer plane alike. What is not: loss by radio or overload elsewhere, and four machines: all processes share this machine's
processors, so a figure holds the better the more of it is waiting. The limit beside each latency is the round trip that a quorum needs at least (:func:`quorum_round_trip`), measured in the same run.

Where the round trips come from: straight distances between the cities (Tokyo-Osaka 400 km, Osaka-Fukuoka 490, Tokyo-Sapporo 820; public tables), light in fibre at 200,000 km/s, and a way
2.5 times as long as the straight line (assumed; it gives the 10 ms between Tokyo and Osaka that operators and textbooks name). LTE: 50 ms more with 5 ms of jitter each way
(assumed; published means of 2025 for 4G and 5G together lie near 20), 20 Mbit/s away and 100 to it (ICT 総研, February 2022: 19 to 25 and 150). Geostationary: 600 ms (FAU, 2024; the
way alone is 480 to 540). Widths of fixed lines: assumed.

Run: ``PYTHONPATH=src:. python -m bench.wide_area [scenario …]`` as root; some four minutes for all on a quiet machine.

>>> round(quorum_round_trip({(1, 2): 10, (1, 3): 22, (1, 4): 20, (2, 3): 12, (2, 4): 30, (3, 4): 42}, [1, 2, 3, 4]))
22
>>> round(quorum_round_trip({(1, 2): 10, (1, 3): 22, (1, 4): 20, (2, 3): 12, (2, 4): 30, (3, 4): 42}, [1, 3, 4]))
42
"""

from __future__ import annotations

import itertools
import os
import statistics
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from akashi.network.node.rules import timeouts
from bench.measurement import Measurement
from bench.sites import Sites, percentile
from tests.faults.network.delays import Access, Area
from tests.faults.network.wires import why_not

SINGLE, BATCH, PAYLOAD_MIB = 60, 2_000, 10
FAR_SINGLE, FAR_BATCH = 16, 500
LOST = 2
"""Which server is switched off: the nearest to the first, so that a farther one is needed."""


@dataclass(frozen=True)
class Scenario:
    """One picture; ``far``: so slow that fewer operations must do."""

    name: str
    told: str
    area: Area
    far: bool = False


def _alike(round_trip: float) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(0.0 if one == other else round_trip for other in range(4)) for one in range(4))


_TOKYO_OSAKA_FUKUOKA_SAPPORO = ((0, 10, 22, 20), (10, 0, 12, 30), (22, 12, 0, 42), (20, 30, 42, 0))
_CITY, _LTE = Access(100, 100, 0, 0.2), Access(20, 100, 50, 5)
_SATELLITE = Access(10, 50, 600, 5)
SCENARIOS = (
    Scenario("site", "one site, 1 Gbit/s", Area(_alike(0.3), (Access(),) * 4)),
    Scenario("region", "two data centres of one region, 2 and 2, 2 ms, 1 Gbit/s",
             Area(((0, 0.3, 2, 2), (0.3, 0, 2, 2), (2, 2, 0, 0.3), (2, 2, 0.3, 0)), (Access(),) * 4)),
    Scenario("cities", "Tokyo, Osaka, Fukuoka, Sapporo, 100 Mbit/s", Area(_TOKYO_OSAKA_FUKUOKA_SAPPORO, (_CITY,) * 4)),
    Scenario("lte", "the same, Sapporo over LTE",
             Area(_TOKYO_OSAKA_FUKUOKA_SAPPORO, (_CITY, _CITY, _CITY, _LTE))),
    Scenario("satellite", "the same, Sapporo over a geostationary satellite",
             Area(_TOKYO_OSAKA_FUKUOKA_SAPPORO, (_CITY, _CITY, _CITY, _SATELLITE)), far=True),
)  # fmt: skip


def quorum_round_trip(round_trips: Mapping[tuple[int, int], float], alive: Collection[int]) -> float:
    """What the best quorum of four (three servers, the first among them) needs to hear of each other once: the least that agreement can cost."""
    found = [
        max(round_trips[pair] for pair in itertools.combinations(sorted(three), 2))
        for three in itertools.combinations(alive, 3)
        if 1 in three
    ]
    return min(found)


def _told_limits(sites: Sites, longest_s: float) -> str:
    """What each node waits for a proposal, and what follows from the longest round trip of the run."""
    told = sorted(one.limits()["timeout_propose"] for one in sites.servers)
    return f"each node waits for a proposal {told} ms; from the longest round trip would follow {timeouts(int(longest_s * 1000) + 1).propose_ms}"


def _payload(sites: Sites, name: str, quorum_s: float) -> Measurement:
    """10 MiB at a quorum, against the time that its bytes need on the first server's line when all copies share it."""
    sites.push(0.1, 1)
    pushed = sites.push(PAYLOAD_MIB, 2)
    up = sites.area.ends[0].up if sites.area is not None else 1_000.0
    limit = 3 * PAYLOAD_MIB * 8 * 1.048576 / up + quorum_s
    what = f"{name}: payload of {PAYLOAD_MIB} MiB at a quorum" + (f" ({pushed['error']})" if "error" in pushed else "")
    return Measurement(what, pushed["seconds"], "s", limit, pushed["seconds"] / limit, "three copies over one line")


def run(scenario: Scenario) -> Iterator[Measurement]:
    """All figures of one picture as they come, with the machine's load in the first row."""
    name = scenario.name
    single, batch = (FAR_SINGLE, FAR_BATCH) if scenario.far else (SINGLE, BATCH)
    with Sites(scenario.area) as sites:
        started = sites.start()
        round_trips = sites.round_trips()
        longest, quorum_s = max(round_trips.values()), quorum_round_trip(round_trips, [1, 2, 3, 4])
        simulated = scenario.area.longest()
        what = f"{name}: {scenario.told}; longest round trip (load {os.getloadavg()[0]:.0f})"
        yield Measurement(what, 1000 * longest, "ms", simulated, 1000 * longest / simulated, "as simulated")
        told = _told_limits(sites, longest)
        yield Measurement(f"{name}: all started until the first operation", started, "s", None, None, told)
        sites.singles(4)
        yield from _latencies(f"{name}: one operation until cosigned", sites.singles(single), quorum_s)
        done, seconds = sites.batch(batch)
        yield Measurement(
            f"{name}: {done} of {batch} operations at once", done / seconds, "operations/s", None, None, ""
        )
        yield _payload(sites, name, quorum_s)
        sites.servers[LOST - 1].kill()
        left = quorum_round_trip(round_trips, {1, 2, 3, 4} - {LOST})
        yield from _latencies(f"{name}: one operation, server {LOST} killed", sites.singles(single), left)


def _latencies(what: str, seconds: list[float], limit_s: float) -> list[Measurement]:
    limit = 1000 * limit_s
    found = (("p50", statistics.median(seconds)), ("p99", percentile(seconds, 0.99)))
    return [
        Measurement(f"{what}, {part}", 1000 * value, "ms", limit, 1000 * value / limit, "round trips of a quorum")
        for part, value in found
    ]


def figures(names: Collection[str]) -> Iterator[Measurement]:
    """Those of the named scenarios (all, if none is named), as they come. Raises ``OSError`` where namespaces cannot be had."""
    if why := why_not():
        raise OSError(f"network namespaces: {why}")
    for scenario in SCENARIOS:
        if not names or scenario.name in names:
            yield from run(scenario)


def measure() -> list[Measurement]:
    """All."""
    return list(figures(()))


if __name__ == "__main__":
    for row in figures(sys.argv[1:]):
        limit = "" if row.limit is None else f" (limit {row.limit:.1f}, ratio {row.ratio:.1f})"
        print(f"{row.name}: {row.value:.1f} {row.unit}{limit} {row.budget}", flush=True)
