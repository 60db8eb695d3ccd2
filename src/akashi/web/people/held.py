"""What a page holds in memory between two forms: a sign-in's first step, a file that waits for its sender's signature.

Guarantees: each value belongs to one owner (a device's certificate, a session) and dies after minutes; all together are bounded, an owner's oldest
gives way first. Nothing is written down. Refuses values to anybody else, without telling whether there are any.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from akashi.clock import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    owner: bytes
    until_ms: int
    value: T = field(repr=False)


class Held(Generic[T]):
    """Values by a random name (43 characters). Thread-safe."""

    def __init__(self, clock: Clock, *, life_ms: int, most: int, each: int) -> None:
        self._clock, self._life_ms, self._most, self._each = clock, life_ms, most, each
        self._kept: dict[str, _Kept[T]] = {}
        self._lock = threading.Lock()

    def keep(self, owner: bytes, value: T) -> str:
        """Hold a value; returns its name."""
        name, now = secrets.token_urlsafe(32), self._clock.now_ms()
        with self._lock:
            for old in [at for at, one in self._kept.items() if one.until_ms <= now]:
                del self._kept[old]
            own = [at for at, one in self._kept.items() if one.owner == owner]
            surplus = own[: max(0, len(own) - self._each + 1)] or list(self._kept)[: len(self._kept) - self._most + 1]
            for old in surplus:
                del self._kept[old]
            self._kept[name] = _Kept(owner, now + self._life_ms, value)
        return name

    def find(self, name: str, owner: bytes) -> T | None:
        """The owner's value of this name."""
        with self._lock:
            found = self._kept.get(name)
        good = found is not None and found.owner == owner and self._clock.now_ms() < found.until_ms
        return found.value if good and found is not None else None

    def take(self, name: str, owner: bytes) -> T | None:
        """As :meth:`find`, and it is gone."""
        found = self.find(name, owner)
        if found is not None:
            with self._lock:
                self._kept.pop(name, None)
        return found
