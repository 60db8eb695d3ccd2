"""Where time comes from.

Guarantees: the rest of the system reads the time only through a :class:`Clock`, so every rule can be
tested at any moment. Trusted: whoever sets the system clock can shift claimed times; block times never
run backwards (``ledger``), and RFC 3161 stamps bound them from outside.

>>> FixedClock(1_000).now_ms()
1000
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Milliseconds since the Unix epoch, as an integer. Thread-safe; may step in either direction."""

    def now_ms(self) -> int:
        """The present moment."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch."""
        return time.time_ns() // 1_000_000


class FixedClock:
    """A clock that moves only when told to; for tests, benches and replays."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """The moment last set."""
        return self._now_ms

    def set(self, now_ms: int) -> None:
        """Jump to ``now_ms`` (either direction)."""
        self._now_ms = now_ms

    def advance(self, ms: int) -> None:
        """Move forward by ``ms`` milliseconds."""
        self._now_ms += ms
