"""What a server does with payloads for its peers: takes copies, gives copies, fetches those that it lacks.

Guarantees: nothing is kept that is not, byte for byte, what a voting server's signed offer or the ledger names; nothing is taken, given or
fetched once its erasure is ordered, also if the order comes in between (the copy is then erased before anybody is told of it). A copy that
breaks off goes on from any other server at the byte where it stopped. Refuses offers by keys that do not vote. Trusts the state, no peer.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from akashi.errors import AkashiError
from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.keyring.members import members
from akashi.ledger.port import Ledger
from akashi.ledger.registry import key_record
from akashi.ledger.state import ReadState
from akashi.network.payloads.errors import CopyBroken, CopyDiffers, CopyRefused
from akashi.network.payloads.port import PeerVault
from akashi.network.payloads.streams import checked, container_of, resumed, take_offer
from akashi.vault.errors import PayloadDiffers, PayloadErased, SealError
from akashi.vault.events import SPACE, PayloadPhase, PayloadRecord, payload_record
from akashi.vault.receipt import StorageReceipt, parse_storage_receipt, verify_storage_receipt
from akashi.vault.sealing import read_container
from akashi.vault.sealing.pieces import Pieces
from akashi.vault.sealing.wraps import digest_of_digests, wraps_digest
from akashi.vault.service import Vault

IDS = 1000
"""Ids in one answer, at most."""
Peers = Callable[[], Sequence[PeerVault]]


class Wanted(NamedTuple):
    """What a copy must be. ``size``: of the body, 0 where only its digest is known."""

    body_digest: bytes
    wraps_digest: bytes
    size: int


class Intake:
    """One server's side of the payload plane. Thread-safe."""

    def __init__(self, ledger: Ledger, vault: Vault, peers: Peers) -> None:
        self._ledger, self._vault, self._peers = ledger, vault, peers
        self._busy: set[bytes] = set()
        self._changed = threading.Condition()
        self.mistrusted: Counter[str] = Counter()
        """How often each server handed out other bytes than it should have: for the dashboard and the alarm."""

    def take(self, server: str, payload_id: bytes, pieces: Iterator[bytes]) -> bytes:
        """Keep the copy that ``server`` offers; this server's storage receipt. What is here already is not read again.

        Raises :class:`CopyRefused`, :class:`CopyDiffers`, :class:`CopyBroken`, ``PayloadErased``, ``PayloadDiffers``, ``SealError``.
        """
        source = Pieces(pieces)
        offered = self._offered(payload_id, take_offer(source))
        wanted = Wanted(offered.body_digest, offered.wraps_digest, offered.size)
        with self._alone(payload_id):
            if self._has(payload_id, wanted):
                return self._vault.receipt(payload_id)
            peers = self._beginning_with(server)
            return self._keep(payload_id, wanted, resumed(payload_id, source.rest(), peers, wanted.size))

    def give(self, payload_id: bytes, start: int) -> Iterator[bytes]:
        """The container's bytes from ``start``. Raises ``PayloadMissing``, ``PayloadErased`` (also once the erasure is ordered)."""
        with self._ledger.view() as state:
            _require_open(state, payload_id)
        return container_of(self._vault, self._ledger.ledger_id, payload_id, start)

    def ids(self, after: bytes) -> list[bytes]:
        """Ids of announced payloads that are here, ascending, greater than ``after``; at most :data:`IDS`."""
        with self._ledger.view() as state:
            held = [one for one in self._vault.stored() if one > after]
            return [one for one in held if payload_record(state, one) is not None][:IDS]

    def missing(self) -> list[bytes]:
        """Announced payloads of which this server has no copy, by id."""
        held = set(self._vault.stored())
        with self._ledger.view() as state:
            rows = [payload for payload, _ in state.scan(SPACE) if payload not in held]
            records = [(payload, payload_record(state, payload)) for payload in rows]
        return [payload for payload, record in records if record and record.phase is PayloadPhase.ANNOUNCED]

    def fetch(self, payload_id: bytes) -> bool:
        """Fetch an announced payload from whoever has it; false if nothing is (any more) to be fetched. Raises as :meth:`take`."""
        with self._alone(payload_id):
            with self._ledger.view() as state:
                record = payload_record(state, payload_id)
            if record is None or record.phase is not PayloadPhase.ANNOUNCED:
                return False
            wanted = Wanted(record.body_digest, digest_of_digests(record.wrap_digests), 0)
            if self._has(payload_id, wanted):
                return False
            try:
                self._keep(payload_id, wanted, resumed(payload_id, None, self._peers(), 0))
            except (CopyDiffers, SealError):
                self._fetch_singly(payload_id, wanted)
        return True

    def _fetch_singly(self, payload_id: bytes, wanted: Wanted) -> None:
        """Somebody lies: each server's copy on its own, so that a bad one spoils no other's."""
        for peer in self._peers():
            try:
                self._keep(payload_id, wanted, resumed(payload_id, None, [peer, peer], 0))
            except (CopyDiffers, SealError):
                self.mistrusted[peer.server] += 1
            except CopyBroken:
                continue
            else:
                return
        raise CopyBroken(payload=payload_id.hex())

    def _offered(self, payload_id: bytes, data: bytes) -> StorageReceipt:
        """The offer, if a server that votes now signed it for what the ledger does not contradict."""
        try:
            _, key = parse_storage_receipt(data)
        except EncodingError as error:
            raise CopyRefused("offer.encoding") from error
        with self._ledger.view() as state:
            record = key_record(state, key)
            if record is None or key not in {one.server_key for one in members(state)}:
                raise CopyRefused("offer.signer")
            announced = _require_open(state, payload_id)
        try:
            offered = verify_storage_receipt(data, record.spki)
        except ProofError as error:
            raise CopyRefused("offer.signature") from error
        if offered.ledger_id != self._ledger.ledger_id or offered.payload_id != payload_id:
            raise CopyRefused("offer.payload")
        if announced is not None:
            said = (announced.body_digest, digest_of_digests(announced.wrap_digests))
            if said != (offered.body_digest, offered.wraps_digest):
                raise CopyRefused("offer.announced")
        return offered

    def _has(self, payload_id: bytes, wanted: Wanted) -> bool:
        if self._vault.size(payload_id) is None:
            return False
        row = self._vault.find(payload_id)
        if row is not None and (row.body_digest, row.wraps_digest) != (wanted.body_digest, wanted.wraps_digest):
            raise PayloadDiffers(payload=payload_id.hex())
        return True

    def _keep(self, payload_id: bytes, wanted: Wanted, pieces: Iterator[bytes]) -> bytes:
        container = read_container(pieces, self._ledger.ledger_id)
        if wraps_digest(container.wraps) != wanted.wraps_digest:
            raise CopyDiffers(payload=payload_id.hex())
        body = checked(payload_id, container.body, wanted.body_digest)
        receipt = self._vault.stage(payload_id, container.wraps, body)
        with self._ledger.view() as state:
            record = payload_record(state, payload_id)
        if record is not None and record.order_id is not None:  # ordered while it was on its way
            self._vault.erase(payload_id, record.order_id)
            raise PayloadErased(payload=payload_id.hex())
        return receipt

    def _beginning_with(self, server: str) -> list[PeerVault]:
        """All peers; whoever offers first, and once more at the end: it surely has it."""
        offering = [one for one in self._peers() if one.server == server]
        return [*offering, *(one for one in self._peers() if one.server != server), *offering]

    @contextmanager
    def _alone(self, payload_id: bytes) -> Iterator[None]:
        """One at a time for each payload: who comes second finds what the first one brought."""
        with self._changed:
            while payload_id in self._busy:
                self._changed.wait()
            self._busy.add(payload_id)
        try:
            yield
        finally:
            with self._changed:
                self._busy.discard(payload_id)
                self._changed.notify_all()


class Fetching(NamedTuple):
    """What one run of :func:`fetch_missing` did: copies brought, and payloads of which the copy is still missing."""

    fetched: int
    missing: tuple[bytes, ...]


def fetch_missing(intake: Intake, most: int = 100) -> Fetching:
    """Fetch up to ``most`` of the copies that this server lacks, one after the other. What fails is found again by the next run."""
    fetched, left = 0, []
    for payload in intake.missing()[:most]:
        try:
            fetched += intake.fetch(payload)
        except AkashiError:
            left.append(payload)
    return Fetching(fetched, tuple(left))


def _require_open(state: ReadState, payload_id: bytes) -> PayloadRecord | None:
    """The announcement, or ``None`` before there is one. Raises ``PayloadErased`` once the erasure is ordered."""
    record = payload_record(state, payload_id)
    if record is not None and record.phase is not PayloadPhase.ANNOUNCED:
        raise PayloadErased(payload=payload_id.hex())
    return record
