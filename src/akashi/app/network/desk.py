"""What a server shows to the other servers of its ledger.

Guarantees: who is enrolled is what the ledger says at the newest block; leaves are given to enrolled servers only. Refuses everybody else by
naming nobody. Trusts its own ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from akashi.errors import NotFound
from akashi.ledger.engine.reading import LedgerReader
from akashi.ledger.keyring.members import Member, members
from akashi.network.model import ServerRecord
from akashi.network.peers.cosigning import QuorumNotes
from akashi.network.records import servers


class PayloadCopies(Protocol):
    """The payload plane's side of the routes (``network.payloads``)."""

    def payload_ids(self, after: str) -> list[str]:
        """Some ids held here, in order."""
        ...

    def payload(self, server: str, payload: str, offset: int) -> Iterator[bytes]:
        """A copy's bytes."""
        ...

    def take_payload(self, server: str, payload: str, offset: int, body: Iterator[bytes]) -> bytes:
        """Keep a copy; the storage receipt."""
        ...


class Roll:
    """The servers as the newest block names them, in memory. Read by any thread; :meth:`refresh` by one."""

    def __init__(self, ledger: LedgerReader) -> None:
        self._ledger = ledger
        self._members: tuple[Member, ...] = ()
        self._servers: tuple[ServerRecord, ...] = ()
        self._by_peer: dict[bytes, str] = {}
        self.refresh()

    def refresh(self) -> bool:
        """Read the state again; whether anything is different."""
        with self._ledger.view() as state:
            found, voting = servers(state), members(state)
        if (found, voting) == (self._servers, self._members):
            return False
        self._servers, self._members = found, voting
        self._by_peer = {one.keys.peer: one.handle for one in found if one.retired_ms is None}
        return True

    def members(self) -> tuple[Member, ...]:
        """Who votes."""
        return self._members

    def servers(self) -> tuple[ServerRecord, ...]:
        """All, retired ones too."""
        return self._servers

    def caller(self, spki_digest: bytes) -> str | None:
        """Who holds the key with this digest."""
        return self._by_peer.get(spki_digest)

    def number(self, server: str) -> int:
        """A server's number, 0 if there is none."""
        return next((one.number for one in self._servers if one.handle == server), 0)


class PeerDesk:
    """Implements ``network.peers.routes.PeerSide``."""

    def __init__(self, ledger: LedgerReader, roll: Roll, notes: QuorumNotes) -> None:
        self._ledger, self._roll, self._notes = ledger, roll, notes
        self.copies: PayloadCopies | None = None
        """Set where there is a vault beside the ledger."""
        self.certificates: Callable[[], Mapping[str, object]] = dict
        """What is said of certificates (``company``)."""
        self.more: Callable[[], Mapping[str, object]] = dict
        """What else is said: ``disk_free``, ``scrubbed_ms``."""
        self.begun: dict[str, str] = {}
        """Which chain orders, and the tree that it began on (``roster.succeeding``)."""

    def caller(self, spki_digest: bytes) -> str | None:
        """The handle of an enrolled server."""
        return self._roll.caller(spki_digest)

    def take_cosignature(self, server: str, note: bytes) -> None:
        """A peer signed a head."""
        self._notes.take(self._roll.number(server), note)

    def checkpoint(self, after: int) -> bytes | None:
        """The newest of which more than ``after`` leaves are signed."""
        return self._notes.checkpoint(after)

    def leaves(self, start: int, end: int) -> Iterator[bytes]:
        """Leaves as stored."""
        return self._ledger.leaves(start, end)

    def payload_ids(self, after: str) -> list[str]:
        """Payloads held here."""
        return [] if self.copies is None else self.copies.payload_ids(after)

    def payload(self, server: str, payload: str, offset: int) -> Iterator[bytes]:
        """One copy."""
        return self._plane().payload(server, payload, offset)

    def take_payload(self, server: str, payload: str, offset: int, body: Iterator[bytes]) -> bytes:
        """Keep one."""
        return self._plane().take_payload(server, payload, offset, body)

    def _plane(self) -> PayloadCopies:
        if self.copies is None:
            raise NotFound
        return self.copies

    def status(self) -> Mapping[str, Any]:
        """What a peer may see: how far this server is, and how."""
        said = {"height": self._ledger.height, "size": self._ledger.size, "lag": self._notes.lag()}
        return {**self.more(), **self.certificates(), **said, **self.begun}
