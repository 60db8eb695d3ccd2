"""Converted files between preview and sending, and tables of claims before it: in memory only, for a short while, for one session.

Guarantees: a draft (or a table) is handed out only to the session that made it, sent by one request at a time, and forgotten after fifteen
minutes (``sweep`` runs beside the requests), when it is sent, when its session signs out, or when the gateway stops; one that could not be sent because servers
are away is kept for as long again, an hour at most. Refuses: more than a bounded number and size of both together, in all and for one session; nothing is ever written to a disk.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from akashi.app.errors import DraftBusy, DraftMissing, DraftsFull
from akashi.checkup import ConversionReport
from akashi.clock import Clock
from akashi.errors import Unavailable

LIFE_MS, LONGEST_MS = 15 * 60_000, 60 * 60_000
_MOST_OPEN, MOST_EACH = 32, 8
_MOST_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Made:
    """One file of a draft, as it is told: its name, what it is (``outputs.Kind``), for how many people, how large."""

    name: str
    kind: str
    people: int
    size: int


@dataclass(frozen=True, slots=True)
class Draft:
    """One converted file: what to show, and the documents that would be sealed."""

    file_name: str = field(repr=False)
    report: ConversionReport = field(repr=False)
    severities: tuple[int, int, int]
    """Findings that (stop, warn, inform)."""
    documents: tuple[tuple[str, bytes], ...] = field(repr=False)
    source_digest: bytes = field(repr=False)
    receiver: str = ""
    map_digest: bytes = b""
    """SHA-256 of the text of the map that was used: what an approval on the ledger names."""
    format: str = ""
    """What the file was (``readers.detection.FormatName``)."""
    made: tuple[Made, ...] = ()

    @property
    def size(self) -> int:
        """Bytes held."""
        return sum(len(data) for _, data in self.documents)


@dataclass(frozen=True, slots=True)
class ClaimsGiven:
    """A table of claims that was given before the file that it belongs to."""

    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes held."""
        return len(self.data)


@dataclass(frozen=True, slots=True)
class _Held:
    draft: Draft | ClaimsGiven
    session: bytes
    until_ms: int
    latest_ms: int


class Drafts:
    """The drafts of one gateway. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}
        self._claimed: set[str] = set()

    def keep(self, draft: Draft | ClaimsGiven, session: bytes) -> str:
        """Hold a draft or a table of claims for ``session``; returns its id. Raises :class:`DraftsFull`."""
        now = self._clock.now_ms()
        with self._lock:
            self._forget(now)
            held = self._held.values()
            own = sum(one.session == session for one in held)
            size = draft.size + sum(one.draft.size for one in held)
            if len(held) >= _MOST_OPEN or own >= MOST_EACH or size > _MOST_BYTES:
                raise DraftsFull
            key = secrets.token_urlsafe(16)
            self._held[key] = _Held(draft, session, now + LIFE_MS, now + LONGEST_MS)
            return key

    def peek(self, key: str, session: bytes) -> Draft:
        """The draft; it stays. Raises :class:`DraftMissing`."""
        found = self._own(key, session)
        if not isinstance(found, Draft):
            raise DraftMissing
        return found

    def claims(self, key: str, session: bytes) -> bytes:
        """The table of claims; it stays. Raises :class:`DraftMissing`."""
        found = self._own(key, session)
        if not isinstance(found, ClaimsGiven):
            raise DraftMissing
        return found.data

    def drop_own(self, key: str, session: bytes) -> None:
        """Forget a draft or a table of this session. Raises :class:`DraftMissing`."""
        self._own(key, session)
        self.drop(key)

    def _own(self, key: str, session: bytes) -> Draft | ClaimsGiven:
        with self._lock:
            self._forget(self._clock.now_ms())
            held = self._held.get(key)
        if held is None or held.session != session:
            raise DraftMissing
        return held.draft

    @contextmanager
    def claimed(self, key: str, session: bytes) -> Iterator[Draft]:
        """The draft for sending it: nobody else gets it so meanwhile. Raises :class:`DraftMissing`, :class:`DraftBusy`.

        Where servers are away (``Unavailable``) it is kept for longer: whoever confirmed it need not convert it again.
        """
        draft = self.peek(key, session)
        with self._lock:
            if key in self._claimed:
                raise DraftBusy
            if key not in self._held:  # the request before this one has just sent it
                raise DraftMissing
            self._claimed.add(key)
        try:
            yield draft
        except Unavailable:
            self._prolong(key)
            raise
        finally:
            with self._lock:
                self._claimed.discard(key)

    def kept_until(self, key: str) -> int:
        """Until when (ms) a draft is here; 0 for one that is not."""
        with self._lock:
            held = self._held.get(key)
        return 0 if held is None else held.until_ms

    def _prolong(self, key: str) -> None:
        with self._lock:
            held = self._held.get(key)
            if held is not None:
                until = min(held.latest_ms, self._clock.now_ms() + LIFE_MS)
                self._held[key] = replace(held, until_ms=max(held.until_ms, until))

    def forget(self, session: bytes) -> None:
        """Forget what a session held: it has ended."""
        with self._lock:
            for key in [key for key, held in self._held.items() if held.session == session]:
                del self._held[key]

    def sweep(self) -> int:
        """Forget what is too old; returns how many. Run it every minute or so."""
        with self._lock:
            before = len(self._held)
            self._forget(self._clock.now_ms())
            return before - len(self._held)

    def drop(self, key: str) -> None:
        """Forget a draft or a table; an unknown one is fine."""
        with self._lock:
            self._held.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._held.clear()

    def _forget(self, now_ms: int) -> None:
        for key in [key for key, held in self._held.items() if held.until_ms <= now_ms]:
            del self._held[key]
