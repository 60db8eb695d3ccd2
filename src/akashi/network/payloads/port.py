"""Another server as far as payloads go: in this process for tests, over the peer plane in service (``plane``).

Guarantees asked of an implementation: a stream that ended without an error is whole; one that breaks raises ``Unavailable``. What a peer
says is never believed: the caller checks receipts, digests and state itself. Every call may be repeated without harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol


class PeerVault(Protocol):
    """One other server's vault."""

    @property
    def server(self) -> str:
        """Its handle."""
        ...

    def put(self, payload_id: bytes, stream: Callable[[], Iterator[bytes]]) -> bytes:
        """Hand over an offer with the copy (docs/network-payloads.md section 2); its storage receipt. ``stream`` begins anew at each attempt."""
        ...

    def get(self, payload_id: bytes, start: int) -> Iterator[bytes]:
        """The container's bytes from ``start``. Raises ``NotFound``, ``Conflict``, ``Denied`` for what it does not have or give, ``Unavailable``."""
        ...

    def ids(self, after: bytes) -> list[bytes]:
        """Some ids of payloads that it holds, ascending, greater than ``after``; empty at the end."""
        ...
