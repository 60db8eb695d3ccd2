"""What is said on the ledger about mirrors: which there are, and which erasures they have answered for.

Guarantees: a mirror is enrolled with the key that signed its own receipt; an erasure counts as done at a mirror only by that mirror's
signed receipt, for a payload that is ordered to be erased and for that very order; a receipt never takes anything back. A retired mirror
closes what it had not answered for as *not proven*. A payload counts as erased everywhere only with the mirror's word (``vault.accounting``). Refuses free text. Trusts a mirror's key for what the mirror did.

A new epoch of a ledger (docs/spec/checkpoint.md section 1) begins with the former state: the secretariat carries its rows over, in the order of namespace
and key, and closes with their digest, so that whoever has the former log can recompute them. Nothing is carried into a first epoch, twice, or
over what the new genesis says.

State: ``mir`` handle -> record; ``mirg`` payload id, handle -> [order, erased ms]; ``epoch`` carried -> [rows, digest, closed].
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from akashi.ledger.errors import EncodingError, LedgerDamaged, ProofError, Refused
from akashi.ledger.events import AnyKind, Context, Kind, digest, event, handle, integer, number, octets
from akashi.ledger.model import Purpose
from akashi.ledger.registry import log_identity
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.envelope import key_id
from akashi.ledger.wire.note import origin_parts
from akashi.network.mirror.model import Gone, MirrorReceipt, MirrorRecord, Survivor, Transport
from akashi.network.mirror.receipt import MAX_RECEIPT_BYTES, verify_mirror_receipt
from akashi.vault.accounting import accounts, add_holder, number_of
from akashi.vault.events import account_copy, close_copies, payload_record
from akashi.vault.model import Account, ErasureLevel

MIRRORS, GONE, EPOCH = "mir", "mirg", "epoch"
NOT_CARRIED = frozenset({"log", EPOCH})
"""Namespaces that a new epoch begins anew: the log's own identity, and what was carried into the former one."""
MAX_CARRIED_BYTES = 24 * 1024
_CARRIED = b"carried"
_SPACE = re.compile(r"[a-z][a-z0-9_]{0,15}", re.ASCII)


@event("mirror.enrolled", signers={Purpose.SECRETARIAT})
class MirrorEnrolled:
    """An isolated copy of the ledger and of the sealed payloads, with the key that signs its receipts."""

    mirror: str = number(1, handle("mir"))
    algorithm: int = number(2, integer(-(1 << 15), -1))
    public: bytes = number(3, octets(32, 512))
    receipt: bytes = number(4, octets(1, MAX_RECEIPT_BYTES))


@event("mirror.accounted", signers={Purpose.SERVER, Purpose.SECRETARIAT})
class MirrorAccounted:
    """A mirror's receipt came back: what it has, and which erasures it answers for."""

    mirror: str = number(1, handle("mir"))
    receipt: bytes = number(2, octets(1, MAX_RECEIPT_BYTES))


@event("mirror.retired", signers={Purpose.SECRETARIAT})
class MirrorRetired:
    """It gets nothing more; what it had not answered for is not proven erased."""

    mirror: str = number(1, handle("mir"))


@event("epoch.carried", signers={Purpose.SECRETARIAT})
class EpochCarried:
    """Rows of the former epoch's state, ``[[namespace, key, value], …]``; the last one closes with the digest over all."""

    rows: bytes = number(1, octets(1, MAX_CARRIED_BYTES))
    total: bytes | None = number(2, digest(), default=None)


def mirror_record(state: ReadState, mirror: str) -> MirrorRecord | None:
    """One mirror, also a retired one."""
    value = state.get(MIRRORS, mirror.encode())
    return None if value is None else _record(mirror, value)


def mirrors(state: ReadState) -> Iterator[MirrorRecord]:
    """All mirrors that ever were, by handle."""
    for key, value in state.scan(MIRRORS):
        yield _record(key.decode(), value)


def gone_ms(state: ReadState, mirror: str, payload: bytes) -> int | None:
    """When a mirror had erased a payload, as its receipt says; ``None`` before that."""
    match state.get(GONE, payload + mirror.encode()):
        case [bytes(), int(erased)]:
            return erased
        case _:
            return None


def survivors(state: ReadState, payload: bytes) -> tuple[Survivor, ...]:
    """The mirrors that have not answered for the ordered erasure of a payload; empty where nothing was ordered."""
    record = payload_record(state, payload)
    if record is None or record.order_id is None:
        return ()
    return tuple(
        Survivor(one.handle, retired=one.retired_ms is not None)
        for one in mirrors(state)
        if gone_ms(state, one.handle, payload) is None
    )


def _apply_enrolled(state: WriteState, body: MirrorEnrolled, context: Context) -> None:
    if mirror_record(state, body.mirror) is not None:
        raise Refused("mirror.again")
    if any(one.spki == body.public for one in mirrors(state)):
        raise Refused("mirror.key")
    receipt = _verified(body.receipt, body.algorithm, body.public, context)
    if receipt.mirror != body.mirror or (receipt.number, receipt.size, receipt.gone) != (0, 0, ()):
        raise Refused("mirror.receipt")
    _put(state, MirrorRecord(body.mirror, body.algorithm, body.public, context.block_ms, receipt.transport))
    add_holder(state, key_id(body.public))


def _apply_accounted(state: WriteState, body: MirrorAccounted, context: Context) -> None:
    record = _serving(state, body.mirror)
    receipt = _verified(body.receipt, record.algorithm, record.spki, context)
    if receipt.mirror != record.handle:
        raise Refused("mirror.receipt")
    before = (record.number, record.size, record.destroyed, record.transport.number)
    said = (receipt.number, receipt.size, receipt.destroyed, receipt.transport.number)
    if any(now < then for now, then in zip(said, before, strict=True)):
        raise Refused("mirror.older")
    if said[3] == before[3] and receipt.transport != record.transport:
        raise Refused("mirror.transport")
    fresh = [one for one in receipt.gone if gone_ms(state, record.handle, one.payload) is None]
    if said == before and not fresh:
        raise Refused("mirror.nothing")
    for one in fresh:
        ordered = payload_record(state, one.payload)
        if ordered is None or ordered.order_id != one.order:
            raise Refused("mirror.order")
        state.put(GONE, one.payload + record.handle.encode(), [one.order, one.erased_ms])
        _account(state, record, one)
    _put(
        state,
        replace(
            record,
            transport=receipt.transport,
            number=receipt.number,
            size=receipt.size,
            destroyed=receipt.destroyed,
            accounted_ms=context.block_ms,
        ),
    )


def _apply_retired(state: WriteState, body: MirrorRetired, context: Context) -> None:
    record = _serving(state, body.mirror)
    _put(state, replace(record, retired_ms=context.block_ms))
    number = number_of(state, key_id(record.spki))
    if number is not None:
        close_copies(state, number, context.block_ms)


def _account(state: WriteState, record: MirrorRecord, gone: Gone) -> None:
    """The mirror's word counts like a server's, for what it owes: an order that came before it was enrolled is none of its."""
    number = number_of(state, key_id(record.spki))
    for copy in accounts(state, gone.payload):
        if copy.number == number and copy.account is Account.WAITING:
            said = replace(copy, account=Account.ERASED, at_ms=gone.erased_ms, backup_horizon_ms=gone.erased_ms)
            account_copy(state, gone.payload, replace(said, level=ErasureLevel.FILE))


def carried_digest(before: bytes, rows: bytes) -> bytes:
    """The digest after one more batch of rows: SHA-256("akashi/carried/1" 00 digest before, rows); the first one is over 32 zero bytes."""
    return sha256(b"akashi/carried/1\x00" + before + rows).digest()


def carried(state: ReadState) -> tuple[int, bytes, bool]:
    """(rows, digest, closed) of what was carried into this epoch."""
    match state.get(EPOCH, _CARRIED):
        case [int(count), bytes(total), bool(closed)]:
            return count, total, closed
        case _:
            return 0, bytes(32), False


def _apply_carried(state: WriteState, body: EpochCarried, _context: Context) -> None:
    identity = log_identity(state)
    if identity is None or origin_parts(identity.origin)[1] == 1:
        raise Refused("epoch.first")
    count, total, closed = carried(state)
    if closed:
        raise Refused("epoch.closed")
    rows = _carried_rows(body.rows)
    for space, key, value in rows:
        if space in NOT_CARRIED:
            raise Refused("epoch.space")
        if state.get(space, key) is not None:
            raise Refused("epoch.exists")
        state.put(space, key, value)
    total = carried_digest(total, body.rows)
    if body.total is not None and body.total != total:
        raise Refused("epoch.digest")
    state.put(EPOCH, _CARRIED, [count + len(rows), total, body.total is not None])


def _carried_rows(data: bytes) -> list[tuple[str, bytes, Value]]:
    found = []
    decoded = cbor.decode(data)
    for row in decoded if isinstance(decoded, list) else [None]:
        match row:
            case [str(space), bytes(key), bytes(value)] if _SPACE.fullmatch(space) and len(key) <= _LONGEST_KEY:
                found.append((space, key, cbor.decode(value)))
            case _:
                raise Refused("epoch.rows")
    return found


_LONGEST_KEY = 1024


def _serving(state: ReadState, mirror: str) -> MirrorRecord:
    record = mirror_record(state, mirror)
    if record is None or record.retired_ms is not None:
        raise Refused("mirror.unknown")
    return record


def _verified(data: bytes, algorithm: int, spki: bytes, context: Context) -> MirrorReceipt:
    """The receipt, if this key signed it for this ledger."""
    try:
        receipt = verify_mirror_receipt(data, algorithm, spki)
        ledger_id, _ = origin_parts(receipt.origin)
    except (EncodingError, ValueError) as error:
        raise Refused("mirror.receipt") from error
    except ProofError as error:
        raise Refused("mirror.signature") from error
    if ledger_id != context.statement.ledger:
        raise Refused("mirror.ledger")
    return receipt


def _put(state: WriteState, record: MirrorRecord) -> None:
    transport = record.transport
    row: list[Value] = [
        record.algorithm, record.spki, record.enrolled_ms, [transport.number, transport.suite, transport.public],
        record.number, record.size, record.destroyed, record.accounted_ms, record.retired_ms,
    ]  # fmt: skip
    state.put(MIRRORS, record.handle.encode(), row)


def _record(mirror: str, value: Value) -> MirrorRecord:
    match value:
        case [
            int(algorithm), bytes(spki), int(enrolled), [int(at), int(suite), bytes(public)], int(count), int(size),
            int(destroyed), int(accounted), None | int() as retired,
        ]:  # fmt: skip
            transport = Transport(at, suite, public)
            return MirrorRecord(
                mirror, algorithm, spki, enrolled, transport, count, size, destroyed, accounted, retired
            )
    raise LedgerDamaged("state.mirror")


def mirror_digest(spki: bytes) -> str:
    """What two people compare over the telephone before a mirror is enrolled: the first 16 hex digits of SHA-256 of its key."""
    return sha256(spki).hexdigest()[:16]


MIRROR_KINDS: tuple[AnyKind, ...] = (
    Kind(MirrorEnrolled, _apply_enrolled),
    Kind(MirrorAccounted, _apply_accounted),
    Kind(MirrorRetired, _apply_retired),
    Kind(EpochCarried, _apply_carried),
)
"""The kinds that ``app`` hands to the ledger for this part."""
