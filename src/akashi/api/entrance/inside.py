"""Who is in: the connections of an origin beyond their handshake, counted by network and by client certificate.

Guarantees: never more than the limits say; where one is full, a connection *at rest* (no request under way) ends for the next that comes: of a full
network or certificate the one of its own that has rested longest, of a full origin that of the network which has most. A request under way is
never cut for somebody else. Refuses whoever comes where nobody rests. Belongs to the event loop. Trusts the connections for what they say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from akashi.api.entrance.limits import Limits

K = TypeVar("K")


class Seated(Protocol):
    """A connection that is in."""

    network: str
    serial: int | None
    rested_at: float | None
    """Since when it rests (seconds of the event loop); ``None`` while a request is under way."""

    def part(self) -> None:
        """Say farewell, and end."""
        ...


class Inside:
    """The connections of one origin."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._all: set[Seated] = set()
        self._of_network: dict[str, set[Seated]] = {}
        self._of_device: dict[int, set[Seated]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def of(self, network: str) -> int:
        """How many of a network are in."""
        return len(self._of_network.get(network, ()))

    def may_come(self, coming: int) -> bool:
        """Whether the origin has room for one more beside those who are about to come in, or could make it."""
        return len(self._all) + coming < self._limits.connections or _rests(self._all)

    def may_come_from(self, network: str, coming: int) -> bool:
        """The same for a network and those of it who are about to come in."""
        own = self._of_network.get(network, ())
        return len(own) + coming < self._limits.connections_each or _rests(own)

    def make_room(self, network: str, coming: int, coming_each: int) -> None:
        """One of ``network`` comes in: whoever has to give way for it ends."""
        own = self._of_network.get(network, ())
        if len(own) + coming_each >= self._limits.connections_each:
            self._end_one(own)
        if len(self._all) + coming >= self._limits.connections:
            self._end_one(self._of_most())

    def enter(self, connection: Seated) -> bool:
        """Register a connection; false where its certificate has too many already and none of them rests."""
        if connection.serial is not None:
            same = self._of_device.get(connection.serial, set())
            if len(same) >= self._limits.connections_device and not self._end_one(same):
                return False
            self._of_device.setdefault(connection.serial, set()).add(connection)
        self._all.add(connection)
        self._of_network.setdefault(connection.network, set()).add(connection)
        return True

    def leave(self, connection: Seated) -> None:
        """Forget one that has ended; again is no harm."""
        if connection not in self._all:
            return
        self._all.discard(connection)
        _forget(self._of_network, connection.network, connection)
        if connection.serial is not None:
            _forget(self._of_device, connection.serial, connection)

    def _of_most(self) -> Iterable[Seated]:
        """Those of the network that has most, of the networks where somebody rests."""
        return max((held for held in self._of_network.values() if _rests(held)), key=len, default=())

    def _end_one(self, of: Iterable[Seated]) -> bool:
        resting = [(one.rested_at, one) for one in of if one.rested_at is not None]
        if not resting:
            return False
        _, longest = min(resting, key=lambda pair: pair[0])
        self.leave(longest)  # now, so that its farewell keeps nobody out
        longest.part()
        return True


def _rests(of: Iterable[Seated]) -> bool:
    return any(one.rested_at is not None for one in of)


def _forget(held: dict[K, set[Seated]], key: K, one: Seated) -> None:
    held[key].discard(one)
    if not held[key]:
        del held[key]
