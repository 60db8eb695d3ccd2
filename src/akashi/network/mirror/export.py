"""Making a bundle, and remembering what was put into bundles.

Guarantees: a bundle holds the leaves since the last one, a checkpoint that covers them, the bodies that the mirror has not been sent, and the wraps
of every payload that is alive: never of one that is ordered to be erased, also if the order came while the bundle was being made. What
was sent is remembered before the file has its name, so that nothing is thought to be there that is not (a lost bundle: ``again``).
Refuses: a mirror that is not enrolled. Trusts its own vault to know what it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from akashi.durable import write_file, write_pieces
from akashi.ledger.errors import EncodingError
from akashi.ledger.state import ReadState
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.envelope import Signer
from akashi.ledger.wire.note import parse_checkpoint
from akashi.network.mirror.errors import MirrorDamaged, ReceiptMalformed
from akashi.network.mirror.framing import Item, written
from akashi.network.mirror.generation import RecoveryKey, seal_generation
from akashi.network.mirror.importing import BODY, CHECKPOINT, ERASE, LEAVES, PIECE, orders
from akashi.network.mirror.model import BundleHeader, MirrorRecord, SealedWraps, ServiceFile
from akashi.network.mirror.service import ENROLMENT, RECEIPTS
from akashi.vault.errors import PayloadErased, PayloadMissing, WrapMissing
from akashi.vault.events import SPACE, payload_record

_LEAF_BYTES, _LEAF_COUNT = 4 << 20, 1000
_MAX_FILE = 64 << 20


class MirroredLedger(Protocol):
    """What an export reads: an embedded engine, or a server of a network."""

    def checkpoint(self) -> bytes:
        """The newest published checkpoint."""
        ...

    def leaves(self, start: int, end: int) -> Iterator[bytes]:
        """Leaves ``[start, end)``."""
        ...

    def view(self) -> AbstractContextManager[ReadState]:
        """The state."""
        ...


class Sealed(Protocol):
    """What an export takes from a vault."""

    def body(self, payload_id: bytes) -> Iterator[bytes]:
        """The sealed body. Raises ``PayloadErased``, also in the middle."""
        ...

    def size(self, payload_id: bytes) -> int | None:
        """Bytes of the body; ``None`` where it is not there."""
        ...

    def wraps(self, payload_id: bytes) -> Sequence[bytes]:
        """All its wraps."""
        ...


@dataclass(frozen=True, slots=True)
class Sent:
    """What one mirror was sent: the last bundle's number and end, and the bodies with the number of their bundle."""

    number: int = 0
    end: int = 0
    bodies: tuple[tuple[bytes, int], ...] = ()
    transport: int = 0
    """The newest transport key that any bundle's wraps were sealed to, lost bundles included."""

    def since(self, record: MirrorRecord, *, again: bool) -> Sent:
        """What to build on: with ``again`` only what the mirror has acknowledged counts."""
        if (
            self.number < record.number
        ):  # this file is older than what the ledger knows: all may have been sent, to any key
            return Sent(record.number, record.size, self.bodies, record.transport.number)
        if not again:
            return self
        kept = tuple(one for one in self.bodies if one[1] <= record.number)
        return Sent(self.number, record.size, kept, self.transport)


def read_sent(path: Path) -> Sent:
    """What was sent; nothing where there is no file. Raises :class:`MirrorDamaged`."""
    if not path.is_file():
        return Sent()
    try:
        match cbor.decode(path.read_bytes()):
            case [1, int(number), int(end), list(rows), int(transport)]:
                return Sent(number, end, tuple(_sent_body(row) for row in rows), transport)
    except EncodingError as error:
        raise MirrorDamaged("sent.format") from error
    raise MirrorDamaged("sent.format")


def _sent_body(row: Value) -> tuple[bytes, int]:
    match row:
        case [bytes(payload), int(number)]:
            return payload, number
    raise MirrorDamaged("sent.format")


def write_sent(path: Path, sent: Sent) -> None:
    """Remember durably."""
    rows: list[Value] = [[payload, number] for payload, number in sent.bodies]
    write_file(path, cbor.encode([1, sent.number, sent.end, rows, sent.transport]))


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes into one bundle."""

    header: BundleHeader
    note: bytes
    bodies: tuple[bytes, ...]
    erase: tuple[tuple[bytes, bytes], ...]
    live: tuple[bytes, ...]
    transport: int
    """The key to which its wraps are sealed."""

    def sent(self, before: Sent) -> Sent:
        """What was sent once this bundle is written."""
        gone = {payload for payload, _ in self.erase}
        kept = [one for one in before.bodies if one[0] not in gone]
        bodies = (*kept, *((one, self.header.number) for one in self.bodies))
        return Sent(self.header.number, self.header.end, bodies, max(before.transport, self.transport))


def plan(ledger: MirroredLedger, vault: Sealed, record: MirrorRecord, before: Sent) -> Plan:
    """Decide what the next bundle holds. The state is read before the checkpoint and again after it: what was ordered meanwhile stays out."""
    with ledger.view() as state:
        live = [payload for payload, _ in state.scan(SPACE) if _is_alive(state, payload)]
        ordered = dict(orders(state))
    note = ledger.checkpoint()
    with ledger.view() as state:
        live = [payload for payload in live if _is_alive(state, payload) and vault.size(payload) is not None]
    checkpoint = parse_checkpoint(note)
    header = BundleHeader(
        checkpoint.origin,
        record.handle,
        before.number + 1,
        min(before.end, checkpoint.size),
        checkpoint.size,
        record.number,
        before.transport,
    )
    there = {payload for payload, _ in before.bodies}
    return Plan(
        header,
        note,
        tuple(payload for payload in live if payload not in there),
        tuple((payload, ordered[payload]) for payload in sorted(there & set(ordered))),
        tuple(live),
        record.transport.number,
    )


def _is_alive(state: ReadState, payload: bytes) -> bool:
    record = payload_record(state, payload)
    return record is not None and record.order_id is None


def write_bundle(
    path: Path,
    made: Plan,
    ledger: MirroredLedger,
    vault: Sealed,
    record: MirrorRecord,
    signer: Signer,
    recovery: RecoveryKey,
    files: Sequence[ServiceFile],
) -> None:
    """Write the file, whole or not at all. Raises ``PayloadErased`` where an erasure came in between: make the plan anew."""
    items = _items(made, ledger, vault, record, recovery, files)
    write_pieces(path, written(made.header, items, signer))


def _items(
    made: Plan,
    ledger: MirroredLedger,
    vault: Sealed,
    record: MirrorRecord,
    recovery: RecoveryKey,
    files: Sequence[ServiceFile],
) -> Iterator[Item]:
    yield from _leaf_items(ledger, made.header)
    yield [CHECKPOINT, made.note]
    for payload in made.bodies:
        yield [BODY, payload, vault.size(payload)]
        for piece in vault.body(payload):
            yield [PIECE, piece]
    if made.erase:
        yield [ERASE, [[payload, order] for payload, order in made.erase]]
    wraps = _wraps(vault, made.live)
    yield from seal_generation(made.header, record.transport, recovery, wraps, files).items()


def _leaf_items(ledger: MirroredLedger, header: BundleHeader) -> Iterator[Item]:
    batch: list[Value] = []
    start, size = header.start, 0
    for leaf in ledger.leaves(header.start, header.end):
        batch.append(leaf)
        size += len(leaf)
        if size >= _LEAF_BYTES or len(batch) >= _LEAF_COUNT:
            yield [LEAVES, start, batch]
            start, batch, size = start + len(batch), [], 0
    if batch:
        yield [LEAVES, start, batch]


def _wraps(vault: Sealed, live: Iterable[bytes]) -> Iterator[SealedWraps]:
    for payload in live:
        try:
            yield SealedWraps(payload, tuple(vault.wraps(payload)))
        except (PayloadErased, PayloadMissing, WrapMissing):
            continue  # erased meanwhile, or lost here: there is nothing that a mirror could be given


def parse_enrolment(data: bytes) -> tuple[int, bytes, bytes]:
    """(algorithm, public key, receipt) of a mirror's enrolment file. Raises :class:`ReceiptMalformed`."""
    match _decoded(data):
        case [str(name), 1, int(algorithm), bytes(spki), bytes(receipt)] if name == ENROLMENT:
            return algorithm, spki, receipt
    raise ReceiptMalformed("enrolment")


def parse_receipts(data: bytes) -> list[bytes]:
    """The receipts in a carried file, in their order. Raises :class:`ReceiptMalformed`."""
    match _decoded(data):
        case [str(name), 1, list(pages)] if name == RECEIPTS and pages:
            return [page for page in pages if isinstance(page, bytes)]
    raise ReceiptMalformed("receipts")


def is_enrolment(data: bytes) -> bool:
    """Whether a carried file is an enrolment, not receipts."""
    match _decoded(data):
        case [str(name), *_]:
            return name == ENROLMENT
    return False


def _decoded(data: bytes) -> Value:
    if len(data) > _MAX_FILE:
        raise ReceiptMalformed("size")
    try:
        return cbor.decode(data)
    except EncodingError as error:
        raise ReceiptMalformed(error.failure) from error
