"""Four servers under a steady pace for as long as asked: what grows, and how fast, so that an hour can be extrapolated.

One operation at a time is handed to server 1, ``rate`` of them a second (a slow one delays the next, none is caught up with), and one batch a minute. Every
:data:`LINE_S` one line says what the time since the line before was like: leaves, latency, resident memory of the four servers and of the four nodes, bytes on
disk of all four homes for an operation since the beginning, processor time for an operation, what was not acknowledged (must be 0), the machine's load.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LINE_S = 300.0
BATCH, BATCH_S = 200, 60.0
_TICKS = os.sysconf("SC_CLK_TCK")
Ask = Callable[..., dict[str, Any]]


@dataclass
class _Since:
    """What was seen since the last line."""

    begun: float
    cpu: float
    seconds: list[float] = field(default_factory=list)
    batches: list[float] = field(default_factory=list)
    missing: int = 0

    @property
    def operations(self) -> int:
        """Handed in since the last line."""
        return len(self.seconds) + BATCH * len(self.batches)


class Soak:
    """One run. ``asks`` are the four servers' doors (``tests/app/network/server_process.py``), ``folders`` their homes."""

    def __init__(self, asks: Sequence[Ask], folders: Sequence[Path], rate: float, say: Callable[[str], None]) -> None:
        self._asks, self._folders, self._say, self._pause = asks, folders, say, 1 / rate
        self._seed = 0
        told = self._status()
        self._disk, self._leaves = self._used(), told[0]["size"]
        self._since = _Since(time.monotonic(), self._cpu(told))

    def run(self, seconds: float) -> None:
        """Keep the pace for so long; a line each :data:`LINE_S` and one at the end."""
        begun = due = time.monotonic()
        batch_due, line_due = begun + BATCH_S / 2, begun + LINE_S
        while (now := time.monotonic()) < begun + seconds:
            if now >= line_due:
                self._line(now - begun)
                line_due += LINE_S
            if now >= batch_due:
                self._since.batches.append(self._hand_in(BATCH))
                batch_due = max(batch_due + BATCH_S, now)
            self._since.seconds.append(self._hand_in(1))
            due = max(due + self._pause, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))
        self._line(time.monotonic() - begun)

    def _hand_in(self, count: int) -> float:
        """Seconds until that many are acknowledged; who is not is counted."""
        self._seed += 1
        envelopes = self._asks[0](do="compose", count=count, seed=1_000_000 + self._seed)["envelopes"]
        told = self._asks[0](do="submit", envelopes=envelopes)
        self._since.missing += sum(not isinstance(one, int) for one in told["outcomes"])
        return float(told["seconds"][0])

    def _line(self, elapsed: float) -> None:
        told, since = self._status(), self._since
        size, cpu, now = told[0]["size"], self._cpu(told), time.monotonic()
        disk = (self._used() - self._disk) / max(1, size - self._leaves) / len(self._folders)
        ours, nodes = (sum(_resident(one[who]) for one in told) / 2**20 for who in ("pid", "node_pid"))
        ordered = sorted(since.seconds) or [0.0]
        p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
        self._say(
            f"{elapsed / 60:5.1f} min: {size} leaves; {len(since.seconds) / (now - since.begun):.2f} single/s, "
            f"p50 {1000 * statistics.median(ordered):.0f} ms, p99 {1000 * p99:.0f} ms, longest {1000 * ordered[-1]:.0f} ms; "
            f"{len(since.batches)} batches of {BATCH}, median {1000 * statistics.median(since.batches or [0.0]):.0f} ms; "
            f"resident servers {ours:.0f} MiB, nodes {nodes:.0f} MiB; {disk:.0f} bytes on disk/operation/server; "
            f"cpu {1000 * (cpu - since.cpu) / max(1, since.operations):.1f} ms/operation (all 8 processes); "
            f"not acknowledged {since.missing}; alarms {sum(len(one['alarms']) for one in told)}; load {os.getloadavg()[0]:.1f}"
        )
        self._since = _Since(now, cpu)

    def _status(self) -> list[dict[str, Any]]:
        return [ask(do="status") for ask in self._asks]

    def _cpu(self, told: Sequence[dict[str, Any]]) -> float:
        return sum(_spent(one["pid"]) + _spent(one["node_pid"]) for one in told)

    def _used(self) -> int:
        found = (path for home in self._folders for path in home.rglob("*"))
        return sum(size for path in found if (size := _size(path)))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0  # a log or table file that was exchanged meanwhile


def _resident(pid: int) -> int:
    """Bytes of a process in memory (proc(5), ``statm``)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _spent(pid: int) -> float:
    """Seconds of processor time of a process (proc(5), ``stat``)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
