"""Opened results while somebody looks at them: in memory only, for a short while, for one session.

Guarantees: results are handed out only to the session that opened them; they are forgotten fifteen minutes after the last look
(``sweep`` runs beside the requests), when the session signs out, and when the gateway stops; nothing is written to a disk. Refuses: more
than a bounded number and size in all; of one session the oldest gives way.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field, replace

from akashi.app.errors import ResultsFull, ResultsMissing
from akashi.checkup.report.people import People, Source
from akashi.clock import Clock
from akashi.exchange.model import ReadPurpose

LIFE_MS = 15 * 60_000
MOST_OPEN, MOST_EACH = 32, 3
MOST_BYTES = 512 << 20


@dataclass(frozen=True, slots=True)
class Opened:
    """What somebody looks at. ``transfer`` and ``purpose`` are those of a received transfer; a file at the desk has neither.

    ``findings`` counts what reading remarked, ``unread`` the documents that hold no results, ``left_out`` the rows and documents
    of people that could not be read.
    """

    people: People = field(repr=False)
    sources: tuple[Source, ...] = field(repr=False)
    findings: int = 0
    unread: int = 0
    left_out: int = 0
    transfer: str | None = None
    purpose: ReadPurpose | None = None


@dataclass(frozen=True, slots=True)
class _Held:
    opened: Opened
    session: bytes
    until_ms: int


class HeldResults:
    """The results that are open at one gateway. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}

    def keep(self, opened: Opened, session: bytes) -> str:
        """Hold results for ``session``; returns their id. Raises :class:`ResultsFull`."""
        now = self._clock.now_ms()
        with self._lock:
            self._forget(now)
            own = [name for name, held in self._held.items() if held.session == session]
            for name in own[: max(0, len(own) - MOST_EACH + 1)]:
                del self._held[name]
            size = opened.people.size + sum(held.opened.people.size for held in self._held.values())
            if len(self._held) >= MOST_OPEN or size > MOST_BYTES:
                raise ResultsFull
            name = secrets.token_urlsafe(16)
            self._held[name] = _Held(opened, session, now + LIFE_MS)
            return name

    def look(self, name: str, session: bytes) -> Opened:
        """The results; they stay, and their time begins anew. Raises :class:`ResultsMissing`."""
        now = self._clock.now_ms()
        with self._lock:
            self._forget(now)
            held = self._held.get(name)
            if held is None or held.session != session:
                raise ResultsMissing
            self._held[name] = replace(held, until_ms=now + LIFE_MS)
            return held.opened

    def forget(self, session: bytes) -> None:
        """Forget what a session held: it has ended."""
        with self._lock:
            for name in [name for name, held in self._held.items() if held.session == session]:
                del self._held[name]

    def sweep(self) -> int:
        """Forget what is too old; returns how many. Run it every minute or so."""
        with self._lock:
            before = len(self._held)
            self._forget(self._clock.now_ms())
            return before - len(self._held)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._held.clear()

    def _forget(self, now_ms: int) -> None:
        for name in [name for name, held in self._held.items() if held.until_ms <= now_ms]:
            del self._held[name]
