"""Staging where several servers keep the ledger: here, and at enough others before anybody is told that it is stored.

Guarantees: ``stage`` returns only when a quorum of the voting servers, this one included, has the bytes on disk, with the signed receipts of
exactly these servers; otherwise it raises and nothing was announced. The number of payloads on their way is bounded, and so is the
way to each server (``lanes``): whoever comes when it is full waits a little and is then sent away. Refuses to count a receipt that it did not verify
against the ledger. Trusts no peer. Where one server keeps the ledger alone it is that server's vault and nothing more.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from akashi.errors import AkashiError
from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.keyring.members import members, quorum
from akashi.ledger.port import Ledger
from akashi.ledger.registry import key_record
from akashi.network.payloads.errors import CopiesBusy, CopiesMissing
from akashi.network.payloads.intake import Peers
from akashi.network.payloads.lanes import Lane
from akashi.network.payloads.port import PeerVault
from akashi.network.payloads.streams import container_of, offer_head
from akashi.vault.receipt import StorageReceipt, joined_receipts, parse_storage_receipt, verify_storage_receipt
from akashi.vault.service import Vault

_CLOSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much, and how long (seconds). Trusted: whoever can change these can make staging slow or impossible, not unsafe."""

    at_once: int = 16
    """Payloads that are being staged at the same time."""
    wait_place: float = 5.0
    wait_copies: float = 8.0
    """With ``wait_place`` well below what a gateway waits for an answer (30 s), so that it hears why; a person hears it within 12 s."""
    pause: float = 0.1
    """Before another attempt; doubles each time, up to 20 times as much."""


class _Round:
    """One payload on its way to the others: who is tried, and whose receipts have come."""

    def __init__(self, offered: StorageReceipt, head: bytes, ends_at: float) -> None:
        self.offered, self.head, self.ends_at = offered, head, ends_at
        self.arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.over = threading.Event()

    def left(self) -> float:
        """Seconds until the caller gives up."""
        return max(0.0, self.ends_at - time.monotonic())


class Copies:
    """Implements :class:`akashi.vault.port.PayloadStore` over this server's vault and its peers. Thread-safe; ``close`` it."""

    def __init__(self, ledger: Ledger, vault: Vault, peers: Peers, bounds: Bounds | None = None) -> None:
        self._ledger, self._vault, self._peers = ledger, vault, peers
        self._bounds = bounds or Bounds()
        self._places = threading.BoundedSemaphore(self._bounds.at_once)
        self._lanes: dict[str, Lane] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def close(self) -> None:
        """Stop pushing and wait a little for what is on its way; what did not arrive is fetched by the others."""
        self._closed.set()
        with self._lock:
            lanes, self._lanes = self._lanes, {}
        for lane in lanes.values():
            lane.close()
        for lane in lanes.values():
            lane.join(_CLOSE_S)

    def stage(self, payload_id: bytes, wraps: Sequence[bytes], body: Iterable[bytes]) -> bytes:
        """See :class:`~akashi.vault.port.PayloadStore`. Also raises :class:`CopiesBusy`, :class:`CopiesMissing`."""
        if not self._places.acquire(timeout=self._bounds.wait_place):
            raise CopiesBusy
        try:
            own = self._vault.stage(payload_id, wraps, body)
            return joined_receipts([own, *self._gather(own)])
        finally:
            self._places.release()

    def wrap(self, payload_id: bytes, key_id: bytes) -> bytes:
        """See :class:`~akashi.vault.port.PayloadStore`."""
        return self._vault.wrap(payload_id, key_id)

    def body(self, payload_id: bytes) -> Iterator[bytes]:
        """See :class:`~akashi.vault.port.PayloadStore`."""
        return self._vault.body(payload_id)

    def size(self, payload_id: bytes) -> int | None:
        """See :class:`~akashi.vault.port.PayloadStore`."""
        return self._vault.size(payload_id)

    def _gather(self, own: bytes) -> list[bytes]:
        """As many verified receipts of others as make a quorum with ours. Raises :class:`CopiesMissing`."""
        with self._ledger.view() as state:
            voting = {one.server_key for one in members(state)}
            keys = {key: record.spki for key in voting if (record := key_record(state, key)) is not None}
        if not voting:
            return []
        offered, mine = parse_storage_receipt(own)
        needed = quorum(len(voting)) - (mine in voting)
        tour = _Round(offered, offer_head(own), time.monotonic() + self._bounds.wait_copies)
        found: dict[bytes, bytes] = {}
        try:
            self._push(tour)
            while len(found) < needed:
                receipt = _next(tour)
                if receipt is None:
                    raise CopiesMissing(have=len(found) + (mine in voting), wanted=quorum(len(voting)))
                key = _verified(receipt, keys, offered)
                if key is not None and key != mine:
                    found.setdefault(key, receipt)
        except BaseException:
            tour.over.set()
            raise
        return list(found.values())

    def _push(self, tour: _Round) -> None:
        """Start every peer's job; one that finds no room in its lane, or comes too late, fetches the copy itself later."""
        for peer in self._peers():
            self._lane(peer.server).offer(lambda peer=peer: self._deliver(peer, tour))  # type: ignore[misc]  # a default binds the loop's variable

    def _lane(self, server: str) -> Lane:
        with self._lock:
            if server not in self._lanes:
                self._lanes[server] = Lane(server)
            return self._lanes[server]

    def _deliver(self, peer: PeerVault, tour: _Round) -> None:
        """Try until it is there or the round is over. From the second attempt on only the offer travels: the peer fetches what it lacks."""
        pause, payload_id = self._bounds.pause, tour.offered.payload_id
        stream: Callable[[], Iterator[bytes]] = lambda: self._copy(tour)  # noqa: E731 - begun anew by the peer's client
        while not (self._closed.is_set() or tour.over.is_set()):
            try:
                tour.arrived.put(peer.put(payload_id, stream))
            except (AkashiError, OSError):
                stream = lambda: iter((tour.head,))  # noqa: E731 - as above
            else:
                return
            if tour.left() == 0 or tour.over.wait(min(pause, tour.left())):
                return
            pause = min(2 * pause, 20 * self._bounds.pause)

    def _copy(self, tour: _Round) -> Iterator[bytes]:
        yield tour.head
        yield from container_of(self._vault, self._ledger.ledger_id, tour.offered.payload_id)


def _next(tour: _Round) -> bytes | None:
    try:
        return tour.arrived.get(timeout=tour.left())
    except queue.Empty:
        return None


def _verified(receipt: bytes, keys: dict[bytes, bytes], offered: StorageReceipt) -> bytes | None:
    """Whose receipt for exactly the offered bytes this is, or ``None``."""
    try:
        _, key = parse_storage_receipt(receipt)
        return key if key in keys and verify_storage_receipt(receipt, keys[key]) == offered else None
    except (EncodingError, ProofError):
        return None
