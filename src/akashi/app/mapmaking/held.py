"""The files that drafts of maps are tried on: in memory only, for a short while, for one session.

Guarantees: a file is handed out only to the session that brought it, and forgotten fifteen minutes after it was last used (``sweep`` runs
beside the requests), when the session signs out, and when the gateway stops; nothing is written to a disk. Refuses: more than a bounded
number and size; the oldest gives way.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

from akashi.clock import Clock

LIFE_MS = 15 * 60_000
MOST_OPEN, MOST_EACH = 32, 2
MOST_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file that somebody tries a draft on."""

    name: str = field(repr=False)
    data: bytes = field(repr=False)
    until_ms: int = 0


class HeldFiles:
    """The files that drafts of maps are tried on, by session and draft. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[tuple[bytes, str], HeldFile] = {}

    def keep(self, session: bytes, draft: str, name: str, data: bytes) -> None:
        """Hold a file for a draft, in place of the one before."""
        with self._lock:
            self._forget()
            self._held.pop((session, draft), None)
            self._make_room(session, len(data))
            self._held[session, draft] = HeldFile(name, data, self._clock.now_ms() + LIFE_MS)

    def _make_room(self, session: bytes, size: int) -> None:
        own = [place for place in self._held if place[0] == session]
        for place in own[: max(0, len(own) - MOST_EACH + 1)]:
            del self._held[place]
        while self._held and (
            len(self._held) >= MOST_OPEN or size + sum(len(one.data) for one in self._held.values()) > MOST_BYTES
        ):
            del self._held[next(iter(self._held))]

    def look(self, session: bytes, draft: str) -> HeldFile | None:
        """The file; it stays, and its time begins anew. ``None`` where none is held."""
        with self._lock:
            self._forget()
            found = self._held.pop((session, draft), None)
            if found is not None:
                self._held[session, draft] = replace(found, until_ms=self._clock.now_ms() + LIFE_MS)
            return found

    def forget(self, session: bytes) -> None:
        """Forget what a session held: it has ended."""
        with self._lock:
            for place in [place for place in self._held if place[0] == session]:
                del self._held[place]

    def sweep(self) -> int:
        """Forget what is too old; returns how many. Run it every minute or so."""
        with self._lock:
            return self._forget()

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._held.clear()

    def _forget(self) -> int:
        now = self._clock.now_ms()
        old = [place for place, one in self._held.items() if one.until_ms <= now]
        for place in old:
            del self._held[place]
        return len(old)
