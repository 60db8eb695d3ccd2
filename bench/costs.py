"""What one operation, one idle day and one gigabyte cost each server: processor time and bytes on disk, for ``bench.scale`` and docs/scale.md.

Four whole servers in namespaces without delay. Processor time is that of a server's two processes (ours and CometBFT), so neighbours on the machine disturb it little; waiting rounds of consensus under
load do cost some. Bytes are those of files of *stopped* servers (write-ahead logs are folded in then); CometBFT's diary ``cs.wal`` and the logs are apart, for they are bounded (1 GiB and 20 MB).

Run: ``PYTHONPATH=src:. python -m bench.costs`` as root; some three minutes.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from akashi.app.config import server_paths
from akashi.app.network.places import NetworkPlaces
from bench.measurement import Measurement
from bench.sites import Sites

SINGLE, BATCH, IDLE_S, PAYLOAD_MIB = 120, 3_000, 92, 64
GIB = 1 << 30
_BOUNDED = {"cs.wal", "log"}


def stores(home: Path) -> Counter[str]:
    """Bytes of the files of one home, by what they are."""
    paths = server_paths(home)
    node = NetworkPlaces.of(paths).node
    found: Counter[str] = Counter()
    for name, folder in (
        ("ledger", paths.ledger), ("vault", paths.vault), ("blocks", node.cometbft / "data" / "blockstore.db"),
        ("state", node.cometbft / "data" / "state.db"), ("cs.wal", node.cometbft / "data" / "cs.wal"), ("log", node.log.parent),
    ):  # fmt: skip
        found[name] = sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())
    found["network.db"] = NetworkPlaces.of(paths).store.stat().st_size
    return found


class Ledger:
    """The books over one run."""

    def __init__(self, sites: Sites) -> None:
        self.sites = sites

    def cpu(self) -> list[float]:
        """Processor seconds of each server until now."""
        return [one.cpu() for one in self.sites.servers]

    def at_rest(self) -> list[Counter[str]]:
        """Stop all, count, start again."""
        for one in self.sites.servers:
            one.stop()
        found = [stores(home) for home in self.sites.homes]
        for number in range(1, len(self.sites.homes) + 1):
            self.sites.revive(number)
        for one in self.sites.servers:
            one.ready()
        return found


def _mean(after: list[float], before: list[float], what: float) -> float:
    return sum(late - early for late, early in zip(after, before, strict=True)) / len(after) / what


def _grown(after: list[Counter[str]], before: list[Counter[str]], count: int) -> tuple[float, str]:
    """Bytes for one of ``count`` and server, without what is bounded; and of what they consist."""
    names = after[0].keys()
    each = {
        name: sum(late[name] - early[name] for late, early in zip(after, before, strict=True)) / len(after) / count
        for name in names
    }
    told = ", ".join(f"{name} {value:,.0f}" for name, value in each.items() if abs(value) >= 1)
    return sum(value for name, value in each.items() if name not in _BOUNDED), told


def _row(name: str, value: float, unit: str, told: str = "") -> Measurement:
    return Measurement(f"{name}{f' ({told})' if told else ''}", value, unit, None, None, "")


def figures() -> Iterator[Measurement]:
    """All of it, as it comes."""
    with Sites(None) as sites:
        sites.start()
        books = Ledger(sites)
        yield from _idle(books)
        yield from _payloads(books)
        sites.batch(500)
        yield from _operations(books)
    yield _row("load of the machine at the end", os.getloadavg()[0], "processes")


def measure() -> list[Measurement]:
    """All of it."""
    return list(figures())


def _operations(books: Ledger) -> Iterator[Measurement]:
    sites, files = books.sites, books.at_rest()
    for name, count, work in (("single", SINGLE, sites.singles), ("batched", BATCH, sites.batch)):
        before = books.cpu()
        work(count)
        sites.until(_settled(sites), 120)
        spent = 1000 * _mean(books.cpu(), before, count)
        after = books.at_rest()
        grown, told = _grown(after, files, count)
        files = after
        yield _row(f"{name}: processor time for an operation and server", spent, "ms")
        yield _row(f"{name}: disk for an operation and server", grown, "bytes", told)


def _settled(sites: Sites) -> Callable[[], bool]:
    """Whether all stand at one tree with nothing left to finish."""

    def equal() -> bool:
        found = [one.ask("status") for one in sites.servers]
        return len({one["size"] for one in found}) == 1 and not any(one["unfinished"] for one in found)

    return equal


def _idle(books: Ledger) -> Iterator[Measurement]:
    time.sleep(5)
    before, heights = books.cpu(), [one.ask("status")["height"] for one in books.sites.servers]
    begun = time.monotonic()
    time.sleep(IDLE_S)
    spent = _mean(books.cpu(), before, time.monotonic() - begun)
    blocks = books.sites.servers[0].ask("status")["height"] - heights[0]
    yield _row("idle: processor time of a server", 100 * spent, "% of a core", f"{blocks} empty blocks in {IDLE_S} s")


def _payloads(books: Ledger) -> Iterator[Measurement]:
    sites, size = books.sites, PAYLOAD_MIB * (1 << 20) / GIB
    sealed = sites.servers[0].ask("seal", mib=PAYLOAD_MIB, seed=1)
    yield _row("payload: processor time of sealing at the gateway", sealed["cpu"] / size, "s/GiB")
    before = books.cpu()
    pushed = sites.servers[0].ask("push")
    yield _row(f"payload: {PAYLOAD_MIB} MiB at a quorum", pushed["seconds"], "s", pushed.get("error", ""))
    if "error" in pushed:
        return
    payload = pushed["payload"]
    sites.until(lambda: all(one.ask("holds", payload=payload)["size"] for one in sites.servers), 60)
    first, *others = (late - early for late, early in zip(books.cpu(), before, strict=True))
    read = sites.servers[1].ask("read", payload=payload)
    yield _row("payload: processor time at the first server, with three copies sent", first / size, "s/GiB")
    yield _row("payload: processor time at each other server", sum(others) / len(others) / size, "s/GiB")
    yield _row("payload: processor time of reading a copy through for the scrub", read["cpu"] / size, "s/GiB")


if __name__ == "__main__":
    for row in figures():
        print(f"{row.name}: {row.value:,.2f} {row.unit}", flush=True)
