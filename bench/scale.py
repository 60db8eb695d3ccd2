"""How much a service of so many institutions needs: servers, processor, disk, lines, and how long it takes to add or rebuild a server.

Guarantees: pure arithmetic from two tables that stand here and can be changed: what was measured (:class:`Costs`) and what is assumed of the institutions (:class:`Use`). Nothing is
rounded in favour of the answer. Refuses fewer than four servers: fewer survive no failure. What the figures rest on is said in docs/scale.md.

Run: ``PYTHONPATH=src:. python -m bench.scale [INSTITUTIONS …]`` prints the table of docs/scale.md.

>>> small, large = needs(100), needs(10_000)
>>> small.operations_a_day, large.operations_a_day
(22300.0, 2230000.0)
>>> round(large.operations_a_second_at_peak)
232
>>> needs(1, Use(transfers_a_day=0, other_operations_a_day=0)).ledger_bytes_a_year
0.0
>>> needs(100, servers=3)
Traceback (most recent call last):
ValueError: fewer than four servers survive no failure
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

DAY_S, WORKDAY_S, DAYS = 86_400, 28_800, 365
MB, GB = 10**6, 10**9


@dataclass(frozen=True)
class Costs:
    """Measured on one machine of two shared cores, 2026-11-22 (``bench.costs``, ``bench.network``, the soak); for one server each unless it says otherwise."""

    cpu_ms_batched: float = 0.7
    """Processor time of an operation (server and node) where many travel together: four servers, 793 a second on two cores, so at most 0.63."""
    cpu_ms_single: float = 47.0
    """The same where each travels alone (it makes two blocks): two cores for 95 ms and four servers bound it on a quiet machine. In the soak, overloaded, 79."""
    disk_batched: float = 1_500.0
    """Bytes of an operation of 511 bytes on disk where 200 travel together: 920 in the ledger, 470 in CometBFT's blocks, its part of the block (soak)."""
    disk_single: float = 6_300.0
    """The same alone: 550 more in the ledger, 1,300 of quorum notes, two blocks of consensus of 1,490 each (soak)."""
    disk_bounded: float = 1.1 * GB
    """What does not grow for ever: CometBFT's diary at its limit (1 GiB; 9.7 KB a block until then), logs, write-ahead logs."""
    idle_bytes_a_day: float = 2_880 * 1_490.0
    """Empty blocks, one each 30 s."""
    wire_bytes: float = 6_000.0
    """Sent for an operation from one server to each other (assumed: ten times its bytes, for it is gossiped, proposed and voted on)."""
    alone_a_second: float = 5.0
    """From so many operations a second on they begin to share transactions (two blocks of 95 ms for each that is alone)."""
    replay_a_second: float = 1_209.0
    """Operations that a wiped server executes again while the others go on."""
    batched_a_second: float = 793.0
    """Operations that four servers made final in a second, sharing two cores."""
    push_cpu_s_a_gib: float = 20.0
    """Processor time of the first server for a GiB that it stores and sends to three others (16 MiB under load: 50 with what it does anyway meanwhile, some 20 without)."""
    idle_cores: float = 0.04
    """What server and node take while nothing happens."""
    scrub_rest: float = 3.0
    """Rest for each second of the scrub's work (``app.repair.scrubbing.Pace``)."""
    scrub_operations_a_second: float = 2_000.0
    """Leaves that the scrub re-does in a second of work (assumed between replaying, 1,209, and verifying alone, 7,447)."""
    scrub_mib_a_second: float = 400.0
    """Payload bytes that it re-reads in a second of work (assumed: a tenth of what a warm cache gives)."""


@dataclass(frozen=True)
class Use:
    """Assumed of an institution: change it. A transfer is one file for one receiver, as in the demo; its operations are counted in docs/exchange.md: sent, opened, confirmed, erasure
    ordered, one ``payload.erased`` for each server, erased.
    """

    transfers_a_day: float = 20.0
    megabytes: float = 1.0
    """Of a transfer, sealed (a checkup result of 5 to 35 KB a person, some tens of persons a file)."""
    kept_days: float = 30.0
    """Until it is erased; at most 90 + 90 by the ledger's rules."""
    other_operations_a_day: float = 23.0
    """Persons, devices, keys, reviews, conformity."""
    peak: float = 9.0
    """The busiest hour's rate against the mean of 24 hours: three times that of an eight-hour day."""
    line_mbit: float = 100.0
    """Between servers."""

    def operations(self, servers: int) -> float:
        """A day and institution."""
        return self.transfers_a_day * (5 + servers + 1) + self.other_operations_a_day


@dataclass(frozen=True)
class Need:
    """The answer, for one server unless it says otherwise."""

    institutions: int
    servers: int
    operations_a_day: float
    operations_a_second_at_peak: float
    share_of_measured_rate: float
    """The peak against what four servers on two shared cores made final: above 0.5, measure again on the real machines."""
    cores_at_peak: float
    ledger_bytes_a_year: float
    payload_bytes: float
    """Sealed bytes that are kept at any time."""
    disk_bytes: float
    """After five years."""
    line_mbit_at_peak: float
    """Away from the first server, which sends every copy to each other server."""
    rebuild_s: float
    """A wiped or new server after five years: executing every operation again and fetching every copy."""
    scrub_s: float
    """A whole round of the scrub after five years."""


def needs(institutions: int, use: Use | None = None, costs: Costs | None = None, servers: int = 4) -> Need:
    """What that many institutions need. Raises ``ValueError`` for fewer than four servers."""
    if servers < 4:
        raise ValueError("fewer than four servers survive no failure")
    use, costs = use or Use(), costs or Costs()
    daily = institutions * use.operations(servers)
    at_peak = daily / DAY_S * use.peak
    sent_mb = institutions * use.transfers_a_day * use.megabytes
    kept = sent_mb * MB * use.kept_days
    a_year = DAYS * daily * _mixed(costs, daily / WORKDAY_S, costs.disk_single, costs.disk_batched)
    idle = DAYS * costs.idle_bytes_a_day if daily else 0.0
    operations = 5 * DAYS * daily
    sent_at_peak = sent_mb / DAY_S * use.peak
    cpu_ms = at_peak * _mixed(costs, at_peak, costs.cpu_ms_single, costs.cpu_ms_batched)
    return Need(
        institutions=institutions,
        servers=servers,
        operations_a_day=daily,
        operations_a_second_at_peak=at_peak,
        share_of_measured_rate=at_peak / costs.batched_a_second,
        cores_at_peak=costs.idle_cores + cpu_ms / 1000 + sent_at_peak * MB / 2**30 * costs.push_cpu_s_a_gib,
        ledger_bytes_a_year=a_year + idle,
        payload_bytes=kept,
        disk_bytes=5 * (a_year + idle) + kept + costs.disk_bounded,
        line_mbit_at_peak=(servers - 1) * (8 * sent_at_peak + 8 * at_peak * costs.wire_bytes / MB),
        rebuild_s=operations / costs.replay_a_second + kept * 8 / MB / use.line_mbit,
        scrub_s=(1 + costs.scrub_rest)
        * (operations / costs.scrub_operations_a_second + kept / 2**20 / costs.scrub_mib_a_second),
    )


def _mixed(costs: Costs, rate: float, single: float, batched: float) -> float:
    """The mean cost of an operation at a rate: beyond :attr:`Costs.alone_a_second` the rest travels together."""
    alone = min(1.0, costs.alone_a_second / rate) if rate else 1.0
    return alone * single + (1 - alone) * batched


def _bytes(value: float) -> str:
    for limit, unit in ((10**12, "TB"), (GB, "GB"), (MB, "MB")):
        if value >= limit:
            return f"{value / limit:,.1f} {unit}"
    return f"{value / 1000:,.1f} kB"


def _time(seconds: float) -> str:
    for limit, unit in ((DAY_S, "days"), (3_600, "h"), (60, "min")):
        if seconds >= limit:
            return f"{seconds / limit:,.1f} {unit}"
    return f"{seconds:,.1f} s"


def table(answers: list[Need]) -> str:
    """The answers side by side, as Markdown."""
    rows = [
        ("institutions", [f"{one.institutions:,}" for one in answers]),
        ("operations a day", [f"{one.operations_a_day:,.0f}" for one in answers]),
        ("operations a second in the busiest hour", [f"{one.operations_a_second_at_peak:,.1f}" for one in answers]),
        ("that against the measured rate", [f"{100 * one.share_of_measured_rate:,.1f} %" for one in answers]),
        ("cores of a server in the busiest hour", [f"{one.cores_at_peak:,.2f}" for one in answers]),
        ("ledger and blocks a year and server", [_bytes(one.ledger_bytes_a_year) for one in answers]),
        ("payloads kept at any time, each server", [_bytes(one.payload_bytes) for one in answers]),
        ("disk of a server after five years", [_bytes(one.disk_bytes) for one in answers]),
        ("line away from the first server, busiest hour", [f"{one.line_mbit_at_peak:,.1f} Mbit/s" for one in answers]),
        ("a new or wiped server after five years", [_time(one.rebuild_s) for one in answers]),
        ("a round of the scrub after five years", [_time(one.scrub_s) for one in answers]),
    ]
    head, *body = ["| " + " | ".join([name, *cells]) + " |" for name, cells in rows]
    return "\n".join([head, "|---" * (len(answers) + 1) + "|", *body])


if __name__ == "__main__":
    print(table([needs(int(count)) for count in sys.argv[1:] or ("10", "100", "10000")]))
