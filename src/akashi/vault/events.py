"""What the ledger records about payloads: that one exists, that it is to be erased, that it was (namespace ``pay``).

Guarantees: a payload is registered once; it can be ordered to be erased once, by a server, the secretariat, or a gateway
of the institution that sent it; an erasure is recorded only after its order and only for the bytes that were registered;
the first outcome stands. Where several servers hold copies, that is each server's first outcome, and the payload counts as erased when all
that held one when it was ordered have said so (``accounting``). Refuses: anything else, with a stable reason. ``apply`` sees state and
block time only.

Parts above register payloads and order erasures inside their own ``apply`` with :func:`register_payload` and
:func:`order_payload_erasure`; the two kinds here serve those who do so on their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from typing import NamedTuple

from akashi.ledger.errors import Refused
from akashi.ledger.events import AnyKind, Context, Kind, digest, enum, event, many, moment, number, octets
from akashi.ledger.model import Purpose
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value
from akashi.vault.accounting import (
    accounts,
    drop_holder,
    not_proven,
    number_of,
    open_accounts,
    ordered_ms,
    owed_by,
    settle,
)
from akashi.vault.model import MAX_WRAPS, Account, CopyAccount, ErasureLevel, ErasureOutcome, ErasureReason, Survival
from akashi.vault.rules import decide_closing, survives

SPACE = "pay"


class PayloadPhase(IntEnum):
    """Where the ledger sees a payload. Permanent numbers, only appended."""

    ANNOUNCED = 1
    ORDERED = 2
    """Being erased (消去中): the order is there, and a server that holds a copy has not said that it is gone."""
    ERASED = 3


class ErasureMethod(IntEnum):
    """How bytes were destroyed. Permanent numbers, only appended."""

    SLOT_OVERWRITTEN = 1
    NOTHING_HELD = 2
    """There was no copy when the order was carried out; the id is barred. Only where several servers hold copies."""


@dataclass(frozen=True, slots=True)
class PayloadRecord:
    """The state's row: ``[phase, subject, institution, body digest, [wrap digests], order, reason, erased, horizon, level]``."""

    phase: PayloadPhase
    subject: str
    """The transfer (or other handle) that it belongs to."""
    institution: str
    """Who sent it."""
    body_digest: bytes
    wrap_digests: tuple[bytes, ...]
    order_id: bytes | None = None
    reason: ErasureReason | None = None
    erased_ms: int | None = None
    backup_horizon_ms: int | None = None
    level: ErasureLevel = ErasureLevel.NONE


class ErasureStatus(Enum):
    """How far an erasure is, for whoever is told of it."""

    KEPT = "kept"
    ERASING = "erasing"
    """消去中: ordered, and not every copy is accounted for."""
    ERASED = "erased"


class Remains(NamedTuple):
    """What is left of one server's copy, and until when where that is known."""

    number: int
    survival: Survival
    until_ms: int


@dataclass(frozen=True, slots=True)
class ErasureProgress:
    """Where an erasure stands; ``missing`` and ``not_proven`` are numbers of servers, both empty where one keeps everything."""

    status: ErasureStatus
    ordered_ms: int | None = None
    missing: tuple[int, ...] = ()
    not_proven: tuple[int, ...] = ()
    remains: tuple[Remains, ...] = ()
    """Every copy from which something survives, the ones that are missing included."""


@event("payload.erasure_ordered", signers={Purpose.SERVER, Purpose.GATEWAY, Purpose.SECRETARIAT})
class PayloadErasureOrdered:
    """The intent: this payload is to be destroyed."""

    payload: bytes = number(1, octets(16, 16))
    reason: ErasureReason = number(2, enum(ErasureReason))


@event("payload.erased", signers={Purpose.SERVER})
class PayloadErased:
    """The outcome: the erasure receipt of docs/spec/sealed-payload.md section 6."""

    payload: bytes = number(1, octets(16, 16))
    order: bytes = number(2, digest())
    body_digest: bytes = number(3, digest())
    wraps: tuple[bytes, ...] = number(4, many(digest(), MAX_WRAPS))
    method: ErasureMethod = number(5, enum(ErasureMethod))
    erased_ms: int = number(6, moment())
    backup_horizon_ms: int = number(7, moment())
    level: ErasureLevel = number(8, enum(ErasureLevel))


def payload_record(state: ReadState, payload_id: bytes) -> PayloadRecord | None:
    """What the ledger knows about a payload."""
    match state.get(SPACE, payload_id):
        case [
            int(phase),
            str(subject),
            str(institution),
            bytes(body),
            list(wraps),
            order,
            reason,
            erased,
            horizon,
            int(level),
        ]:
            return PayloadRecord(
                PayloadPhase(phase),
                subject,
                institution,
                body,
                tuple(item for item in wraps if isinstance(item, bytes)),
                order if isinstance(order, bytes) else None,
                ErasureReason(reason) if isinstance(reason, int) else None,
                erased if isinstance(erased, int) else None,
                horizon if isinstance(horizon, int) else None,
                ErasureLevel(level),
            )
        case _:
            return None


def register_payload(
    state: WriteState,
    payload_id: bytes,
    *,
    subject: str,
    institution: str,
    body_digest: bytes,
    wrap_digests: tuple[bytes, ...],
) -> None:
    """Enter a payload that an accepted operation announces. Refuses ``payload.exists``: ids are never used twice."""
    if payload_record(state, payload_id) is not None:
        raise Refused("payload.exists")
    _put(state, payload_id, PayloadRecord(PayloadPhase.ANNOUNCED, subject, institution, body_digest, wrap_digests))


def order_payload_erasure(
    state: WriteState, payload_id: bytes, operation_id: bytes, reason: ErasureReason, *, block_ms: int
) -> None:
    """Order the erasure in the name of the operation being applied. Refuses ``payload.unknown``, ``payload.ordered``."""
    record = payload_record(state, payload_id)
    if record is None:
        raise Refused("payload.unknown")
    if record.phase is not PayloadPhase.ANNOUNCED:
        raise Refused("payload.ordered")
    _put(state, payload_id, replace(record, phase=PayloadPhase.ORDERED, order_id=operation_id, reason=reason))
    open_accounts(state, payload_id, block_ms)


def owes_receipt(state: ReadState, payload_id: bytes, server_key: bytes) -> bool:
    """Whether the server with this key (id) still has to say that it erased the payload: its order is there, its receipt is not."""
    record = payload_record(state, payload_id)
    if record is None or record.phase is not PayloadPhase.ORDERED:
        return False
    copies = accounts(state, payload_id)
    number = number_of(state, server_key)
    return not copies or any(one.number == number and one.account is Account.WAITING for one in copies)


def erasure_progress(state: ReadState, payload_id: bytes, now_ms: int) -> ErasureProgress:
    """How far the erasure of a payload is, who is missing, and what survives where (docs/network-payloads.md section 3)."""
    record = payload_record(state, payload_id)
    if record is None or record.phase is PayloadPhase.ANNOUNCED:
        return ErasureProgress(ErasureStatus.KEPT)
    copies = accounts(state, payload_id)
    left = [Remains(one.number, survives(one, now_ms), one.backup_horizon_ms) for one in copies]
    return ErasureProgress(
        ErasureStatus.ERASED if record.phase is PayloadPhase.ERASED else ErasureStatus.ERASING,
        ordered_ms(state, payload_id),
        tuple([one.number for one in copies if one.account is Account.WAITING]),
        tuple([one.number for one in copies if one.account is Account.NOT_PROVEN]),
        tuple([one for one in left if one.survival is not Survival.NOTHING]),
    )


def account_copy(state: WriteState, payload_id: bytes, said: CopyAccount) -> None:
    """Enter what a copy's holder said in an operation of another kind (a mirror's carried receipt), and close the erasure with the last one.

    Raises ``Refused`` ``payload.not_ordered``, ``payload.holder`` (it owes none), ``payload.said``.
    """
    record = payload_record(state, payload_id)
    if record is None or not accounts(state, payload_id):
        raise Refused("payload.not_ordered")
    _close(state, payload_id, record, settle(state, payload_id, said))


def close_copies(state: WriteState, number: int, block_ms: int) -> int:
    """A server leaves for good (``server.retired``): what it still owes is closed as not proven; how many payloads that were.

    Call it after the server was taken off the voting members. A payload of which nobody proved anything stays as it is.
    """
    drop_holder(state, number)
    owed = list(owed_by(state, number))
    for one in owed:
        copies = settle(state, one.payload, not_proven(number, block_ms))
        record = payload_record(state, one.payload)
        if record is not None:
            _close(state, one.payload, record, copies)
    return len(owed)


def erased_event(outcome: ErasureOutcome) -> PayloadErased:
    """The operation body that reports what a vault did."""
    return PayloadErased(
        payload=outcome.payload_id,
        order=outcome.order_id,
        body_digest=outcome.body_digest,
        wraps=outcome.wrap_digests,
        method=ErasureMethod.SLOT_OVERWRITTEN if outcome.held else ErasureMethod.NOTHING_HELD,
        erased_ms=outcome.erased_ms,
        backup_horizon_ms=outcome.backup_horizon_ms,
        level=outcome.level,
    )


def _put(state: WriteState, payload_id: bytes, record: PayloadRecord) -> None:
    wraps: list[Value] = list(record.wrap_digests)
    row: list[Value] = [
        int(record.phase),
        record.subject,
        record.institution,
        record.body_digest,
        wraps,
        record.order_id,
        None if record.reason is None else int(record.reason),
        record.erased_ms,
        record.backup_horizon_ms,
        int(record.level),
    ]
    state.put(SPACE, payload_id, row)


def _apply_ordered(state: WriteState, body: PayloadErasureOrdered, context: Context) -> None:
    record = payload_record(state, body.payload)
    foreign = record is not None and record.institution != context.statement.actor.institution
    if foreign and context.signer_purpose is Purpose.GATEWAY:
        raise Refused("payload.foreign")
    order_payload_erasure(state, body.payload, context.operation_id, body.reason, block_ms=context.block_ms)


def _apply_erased(state: WriteState, body: PayloadErased, context: Context) -> None:
    record = payload_record(state, body.payload)
    if record is None:
        raise Refused("payload.unknown")
    if record.phase is PayloadPhase.ANNOUNCED:
        raise Refused("payload.not_ordered")
    if record.phase is PayloadPhase.ERASED:
        raise Refused("payload.erased")
    if body.order != record.order_id:
        raise Refused("payload.order")
    if body.body_digest != record.body_digest or body.wraps != record.wrap_digests:
        raise Refused("payload.digest")
    if body.level is ErasureLevel.NONE or body.backup_horizon_ms < body.erased_ms:
        raise Refused("payload.level")
    if accounts(state, body.payload):
        _settle(state, body, context)
        return
    if body.method is ErasureMethod.NOTHING_HELD:
        raise Refused("payload.method")  # where one server keeps everything, nobody else could have held it
    erased = replace(
        record,
        phase=PayloadPhase.ERASED,
        erased_ms=body.erased_ms,
        backup_horizon_ms=body.backup_horizon_ms,
        level=body.level,
    )
    _put(state, body.payload, erased)


def _settle(state: WriteState, body: PayloadErased, context: Context) -> None:
    """One server's word among several; the payload is erased with the last one."""
    number = number_of(state, context.signer_key)
    if number is None:
        raise Refused("payload.holder")
    nothing = body.method is ErasureMethod.NOTHING_HELD
    said = CopyAccount(
        number,
        Account.NOTHING_HELD if nothing else Account.ERASED,
        body.erased_ms,
        body.backup_horizon_ms,
        body.level,
    )
    account_copy(state, body.payload, said)


def _close(state: WriteState, payload_id: bytes, record: PayloadRecord, copies: tuple[CopyAccount, ...]) -> None:
    closing = decide_closing(copies)
    if closing is not None:
        _put(state, payload_id, replace(record, phase=PayloadPhase.ERASED, **closing._asdict()))


VAULT_KINDS: tuple[AnyKind, ...] = (
    Kind(PayloadErasureOrdered, _apply_ordered),
    Kind(PayloadErased, _apply_erased),
)
