"""What the secretariat sees: counts. No values, no names of people, no file names.

Guarantees: everything is derived from the replicated state and the error counters. Refuses to know more: it reads statuses and the
counts that senders chose to put on the ledger.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

from akashi.app.server.home import Server
from akashi.clock import Clock
from akashi.exchange.model import Status
from akashi.exchange.records import transfer
from akashi.ledger.registry import last_stamp_ms
from akashi.vault.events import SPACE, PayloadPhase, payload_record

_FINAL = frozenset({Status.CONFIRMED, Status.REFUSED, Status.WITHDRAWN, Status.EXPIRED, Status.SUPERSEDED})


@dataclass(frozen=True, slots=True)
class InstitutionCounts:
    """One institution's numbers."""

    handle: str
    name: str
    sent: int
    received: int
    stops: int
    warns: int
    informs: int


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """How often an error code came up since the server started."""

    code: str
    count: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The whole page."""

    institutions: tuple[InstitutionCounts, ...]
    statuses: dict[str, int]
    open: int
    erased: int
    ledger_size: int
    stamp_ms: int | None
    """When the newest time stamp was recorded, or ``None``."""
    errors: tuple[ErrorCount, ...]


class ErrorCounter:
    """Counts error codes; never messages. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, int]] = {}

    def add(self, code: str) -> None:
        """One more of ``code``."""
        with self._lock:
            count, _ = self._counts.get(code, (0, 0))
            self._counts[code] = (count + 1, self._clock.now_ms())

    def all(self) -> tuple[ErrorCount, ...]:
        """Most frequent first."""
        with self._lock:
            rows = [ErrorCount(code, count, last) for code, (count, last) in self._counts.items()]
        return tuple(sorted(rows, key=lambda row: (-row.count, row.code)))


def dashboard(server: Server, errors: ErrorCounter) -> Dashboard:
    """The numbers as of now."""
    sent: Counter[str] = Counter()
    received: Counter[str] = Counter()
    findings: dict[str, Counter[int]] = {}
    statuses: Counter[str] = Counter()
    erased = 0
    with server.engine.view() as state:
        for key, _ in state.scan("tr"):
            found = transfer(state, key.decode())
            if found is None:
                continue
            sent[found.sender] += 1
            received[found.receiver] += 1
            statuses[found.status.name.lower()] += 1
            findings.setdefault(found.sender, Counter()).update(dict(enumerate(found.counts)))
        stamp_ms = last_stamp_ms(state)
        for payload, _ in state.scan(SPACE):
            record = payload_record(state, payload)
            erased += record is not None and record.phase is PayloadPhase.ERASED
    rows = tuple(
        InstitutionCounts(
            one.handle,
            one.name,
            sent[one.handle],
            received[one.handle],
            *(findings.get(one.handle, Counter())[i] for i in range(3)),
        )
        for one in server.directory.entries()
    )
    still_open = sum(count for name, count in statuses.items() if Status[name.upper()] not in _FINAL)
    return Dashboard(rows, dict(statuses), still_open, erased, server.engine.size, stamp_ms, errors.all())
