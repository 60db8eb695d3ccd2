"""Which network somebody comes from, how many may begin in a second, and whose turn it is.

Guarantees: pure bookkeeping; times are handed in (seconds of any clock that does not go back). Turns go round the networks, and inside one in the
order of coming, so that a network with many who wait delays the others by one turn each round, however many it has. Refuses nothing, trusts the
caller for addresses. The network is an IPv4 address, or an IPv6 /64: what one site has at the least.

>>> network_of("192.0.2.7"), network_of("::ffff:192.0.2.7"), network_of("2001:db8:1:2:3::4")
('192.0.2.7', '192.0.2.7', '2001:db8:1:2::/64')
>>> rounds = Rounds[int]()
>>> for number in (1, 2, 3): rounds.add("192.0.2.7", number)
>>> rounds.add("192.0.2.8", 4)
>>> [rounds.take(lambda _network: True) for _ in range(5)]
[1, 4, 2, 3, None]
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Generic, TypeVar

T = TypeVar("T")
_HOST_BITS = 64


def network_of(address: str) -> str:
    """The network that an address is counted with; what is no address counts as one of its own."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found) >> _HOST_BITS << _HOST_BITS, _HOST_BITS)))


class Allowance:
    """So many in a second, and so many saved up while nobody came."""

    def __init__(self, per_s: float, most: float) -> None:
        self._per_s, self._most = per_s, most
        self._left, self._then = most, 0.0

    def wait_s(self, now_s: float) -> float:
        """Seconds until one may be taken; 0 if now."""
        self._left = min(self._most, self._left + max(0.0, now_s - self._then) * self._per_s)
        self._then = now_s
        return max(0.0, (1.0 - self._left) / self._per_s)

    def take(self) -> None:
        """One is taken."""
        self._left -= 1.0


class Rounds(Generic[T]):
    """Who waits for a turn, by network. All are different from each other (they are kept as keys)."""

    def __init__(self) -> None:
        self._of: dict[str, dict[T, None]] = {}

    def __len__(self) -> int:
        """How many networks wait."""
        return len(self._of)

    def count(self, network: str) -> int:
        """How many of a network wait."""
        return len(self._of.get(network, ()))

    def add(self, network: str, one: T) -> None:
        """``one`` waits, behind the others of its network; a network that was not waiting is behind the other networks."""
        self._of.setdefault(network, {})[one] = None

    def drop(self, network: str, one: T) -> None:
        """``one`` waits no more."""
        held = self._of.get(network, {})
        held.pop(one, None)
        if not held:
            self._of.pop(network, None)

    def oldest(self, network: str) -> T | None:
        """Who of a network has waited longest."""
        return next(iter(self._of.get(network, ())), None)

    def newest(self, network: str) -> T | None:
        """Who of a network came last."""
        return next(reversed(self._of.get(network, {})), None)

    def take(self, may: Callable[[str], bool]) -> T | None:
        """The next in turn of the networks that ``may``, who waits no more; its network is now behind the others."""
        for network, held in self._of.items():
            if may(network):
                one = next(iter(held))
                del self._of[network], held[one]
                if held:
                    self._of[network] = held
                return one
        return None
