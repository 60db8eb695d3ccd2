"""The kinds of an exchange and what they do to the state (permanent tags and numbers; docs/exchange.md).

Guarantees: ``apply`` decides by ``rules`` alone, with the block time; whoever replays the ledger gets the same transfers.
A payload is announced once, ever, and only with a server's storage receipt for exactly these bytes and wraps. The
statement's subject is the transfer, so that a trail is one look-up. Refuses: whatever ``rules`` denies, people who are
unknown, disabled or of another institution. Where no person acted, a machine client of the institution must have (``identity.access``).
Trusts: the signing gateway for which person or client acted.
"""

from __future__ import annotations

from dataclasses import replace

from akashi.exchange.model import (
    MAX_NAMED,
    MAX_RECIPIENTS,
    Destination,
    Form,
    Format,
    ReadPurpose,
    RefuseReason,
    Scan,
    Status,
    Transfer,
    WithdrawReason,
)
from akashi.exchange.records import (
    dump_transfer,
    erasure_pending,
    forget_due,
    party,
    save_transfer,
    transfer,
)
from akashi.exchange.rules import (
    MAX_BUCKET,
    Decision,
    Terms,
    decide_confirm,
    decide_expire,
    decide_read,
    decide_refuse,
    decide_send,
    decide_supersede,
    decide_withdraw,
    size_bucket,
    status_after_read,
    status_after_supersede,
)
from akashi.identity import events as identity
from akashi.identity.access.events import acting_client
from akashi.ledger.errors import Refused
from akashi.ledger.events import (
    AnyKind,
    Context,
    Kind,
    digest,
    enum,
    event,
    handle,
    integer,
    many,
    moment,
    number,
    octets,
    truth,
)
from akashi.ledger.model import AuthMethod, Purpose
from akashi.ledger.rules import Denied
from akashi.ledger.state import ReadState, WriteState
from akashi.vault.events import PayloadPhase, payload_record, register_payload
from akashi.vault.receipt import MAX_COPIES, MAX_RECEIPT, check_storage

MAX_COUNT = 1 << 32


@event("transfer.sent", signers={Purpose.GATEWAY})
class TransferSent:
    """A sealed payload is there for one receiver, on these terms."""

    transfer: str = number(1, handle("tr"))
    receiver: str = number(2, handle("inst"))
    payload: bytes = number(3, octets(16, 16))
    body_digest: bytes = number(4, digest())
    wraps: tuple[bytes, ...] = number(5, many(digest(), MAX_RECIPIENTS))
    commitment: bytes = number(6, digest())
    size_bucket: int = number(7, integer(0, MAX_BUCKET))
    format: Format = number(8, enum(Format))
    persons: tuple[str, ...] = number(9, many(handle("per"), MAX_NAMED))
    expires_ms: int = number(10, moment())
    retention_ms: int = number(11, moment())
    scan: Scan = number(12, enum(Scan))
    storage: bytes = number(13, octets(1, 1024))
    supersedes: str | None = number(14, handle("tr"), default=None)
    counts: tuple[int, ...] | None = number(15, many(integer(0, MAX_COUNT), 3), default=None)
    record_bucket: int | None = number(16, integer(0, MAX_BUCKET), default=None)
    copies: tuple[bytes, ...] | None = number(17, many(octets(1, MAX_RECEIPT), MAX_COPIES), default=None)
    """Storage receipts of further servers, where several keep the ledger."""


@event("transfer.opened", signers={Purpose.GATEWAY})
class TransferOpened:
    """Somebody is about to see the content; recorded before the first byte."""

    transfer: str = number(1, handle("tr"))
    purpose: ReadPurpose = number(2, enum(ReadPurpose))


@event("transfer.exported", signers={Purpose.GATEWAY})
class TransferExported:
    """Somebody takes the content out; recorded before the first byte."""

    transfer: str = number(1, handle("tr"))
    purpose: ReadPurpose = number(2, enum(ReadPurpose))
    destination: Destination = number(3, enum(Destination))
    form: Form = number(4, enum(Form))


@event("transfer.confirmed", signers={Purpose.GATEWAY})
class TransferConfirmed:
    """The receiver has it and says whether the content is what the sender committed to, and what its scanner said."""

    transfer: str = number(1, handle("tr"))
    matches: bool = number(2, truth())
    scan: Scan = number(3, enum(Scan))


@event("transfer.withdrawn", signers={Purpose.GATEWAY})
class TransferWithdrawn:
    """The sender takes it back before the receiver has opened it."""

    transfer: str = number(1, handle("tr"))
    reason: WithdrawReason = number(2, enum(WithdrawReason))


@event("transfer.refused", signers={Purpose.GATEWAY})
class TransferRefused:
    """The receiver does not take it."""

    transfer: str = number(1, handle("tr"))
    reason: RefuseReason = number(2, enum(RefuseReason))


@event("transfer.expired", signers={Purpose.SERVER})
class TransferExpired:
    """Nobody finished it in time."""

    transfer: str = number(1, handle("tr"))


@event("transfer.erased", signers={Purpose.SERVER})
class TransferErased:
    """The payload's erasure receipt is on the ledger: the server has nothing left to do."""

    transfer: str = number(1, handle("tr"))


def _require(decision: Decision) -> None:
    if isinstance(decision, Denied):
        raise Refused(decision.reason)


def _acting(state: ReadState, context: Context, action: str, counterpart: str) -> str:
    """Who acts: a person of the institution, or its machine client with this action for ``counterpart``; all must be enabled."""
    actor = context.statement.actor
    found = identity.institution(state, actor.institution)
    if found is None or not found.enabled:
        raise Refused("transfer.institution_disabled")
    if actor.person is None and context.statement.auth.method is AuthMethod.CLIENT:
        return acting_client(state, context, action, counterpart)
    if actor.person is None or not identity.is_person_of(state, actor.person, actor.institution):
        raise Refused("transfer.person")
    return actor.person


def _of(state: ReadState, of: Transfer, context: Context, action: str) -> str:
    """Who acts on an announced transfer."""
    other = of.receiver if context.statement.actor.institution == of.sender else of.sender
    return _acting(state, context, action, other)


def _known(state: ReadState, name: str, context: Context) -> Transfer:
    found = transfer(state, name)
    if context.statement.subject != name:
        raise Refused("transfer.subject")
    if found is None:
        raise Refused("transfer.unknown")
    return found


def _apply_sent(state: WriteState, body: TransferSent, context: Context) -> None:
    sender = context.statement.actor.institution
    _acting(state, context, "transfer.send", body.receiver)
    if context.statement.subject != body.transfer:
        raise Refused("transfer.subject")
    if transfer(state, body.transfer) is not None:
        raise Refused("transfer.again")
    now = context.block_ms
    terms = Terms(body.expires_ms, body.retention_ms, body.wraps, body.persons)
    _require(decide_send(party(state, sender, now), party(state, body.receiver, now), terms, now))
    if not all(identity.is_person_of(state, person, body.receiver) for person in body.persons):
        raise Refused("transfer.persons")
    if body.scan is Scan.INFECTED:
        raise Refused("transfer.infected")
    _check_storage(state, body, context)
    if body.supersedes is not None:
        _supersede(state, body.supersedes, body.transfer, body.receiver, context)
    new = Transfer(
        handle=body.transfer,
        sender=sender,
        receiver=body.receiver,
        payload=body.payload,
        status=Status.SENT,
        sent_ms=now,
        expires_ms=body.expires_ms,
        retention_ms=body.retention_ms,
        format=body.format,
        commitment=body.commitment,
        body_digest=body.body_digest,
        wraps=body.wraps,
        persons=body.persons,
        size_bucket=body.size_bucket,
        operation=context.operation_id,
        counts=body.counts or (),
        supersedes=body.supersedes,
    )
    save_transfer(state, new, None)
    register_payload(
        state,
        body.payload,
        subject=body.transfer,
        institution=sender,
        body_digest=body.body_digest,
        wrap_digests=body.wraps,
    )


def _check_storage(state: ReadState, body: TransferSent, context: Context) -> None:
    """The servers hold exactly this payload, and it is as large as the announcement says."""
    stored = check_storage(
        state,
        context,
        body.storage,
        payload=body.payload,
        body_digest=body.body_digest,
        wraps=body.wraps,
        copies=body.copies or (),
    )
    if size_bucket(stored.size) != body.size_bucket:
        raise Refused("storage.body")


def _supersede(state: WriteState, name: str, successor: str, receiver: str, context: Context) -> None:
    old = transfer(state, name)
    _require(decide_supersede(old, context.statement.actor.institution, receiver))
    if old is None:  # decide_supersede has denied this
        raise Refused("transfer.unknown")
    status = status_after_supersede(old.status)
    closed = context.block_ms if status is Status.SUPERSEDED else old.closed_ms
    changed = replace(old, status=status, closed_ms=closed, superseded_by=successor)
    if erasure_pending(state, old):
        save_transfer(state, changed, old)
    else:
        state.put("tr", changed.handle.encode(), dump_transfer(changed))


def _apply_read(state: WriteState, body: TransferOpened | TransferExported, context: Context) -> None:
    old = _known(state, body.transfer, context)
    institution = context.statement.actor.institution
    _require(decide_read(old, institution, _of(state, old, context, "transfer.open"), context.block_ms))
    payload = payload_record(state, old.payload)
    if payload is None or payload.phase is not PayloadPhase.ANNOUNCED:
        raise Refused("transfer.payload_gone")
    status = status_after_read(old, institution)
    if status is not old.status:
        save_transfer(state, replace(old, status=status, opened_ms=context.block_ms), old)


def _close(state: WriteState, old: Transfer, status: Status, context: Context) -> None:
    save_transfer(state, replace(old, status=status, closed_ms=context.block_ms), old)


def _apply_confirmed(state: WriteState, body: TransferConfirmed, context: Context) -> None:
    old = _known(state, body.transfer, context)
    actor = context.statement.actor
    _require(decide_confirm(old, actor.institution, _of(state, old, context, "transfer.confirm"), context.block_ms))
    if not body.matches or body.scan is Scan.INFECTED:
        raise Refused("transfer.unfit")  # what does not match or is infected is refused, not confirmed
    _close(state, old, Status.CONFIRMED, context)


def _apply_refused(state: WriteState, body: TransferRefused, context: Context) -> None:
    old = _known(state, body.transfer, context)
    actor = context.statement.actor
    _require(decide_refuse(old, actor.institution, _of(state, old, context, "transfer.refuse"), context.block_ms))
    _close(state, old, Status.REFUSED, context)


def _apply_withdrawn(state: WriteState, body: TransferWithdrawn, context: Context) -> None:
    old = _known(state, body.transfer, context)
    actor = context.statement.actor
    _require(decide_withdraw(old, actor.institution, _of(state, old, context, "transfer.withdraw"), context.block_ms))
    _close(state, old, Status.WITHDRAWN, context)


def _apply_expired(state: WriteState, body: TransferExpired, context: Context) -> None:
    old = _known(state, body.transfer, context)
    _require(decide_expire(old, context.block_ms))
    _close(state, old, Status.EXPIRED, context)


def _apply_erased(state: WriteState, body: TransferErased, context: Context) -> None:
    old = _known(state, body.transfer, context)
    payload = payload_record(state, old.payload)
    if payload is None or payload.phase is not PayloadPhase.ERASED or not erasure_pending(state, old):
        raise Refused("transfer.not_erased")
    forget_due(state, old)


EXCHANGE_KINDS: tuple[AnyKind, ...] = (
    Kind(TransferSent, _apply_sent),
    Kind(TransferOpened, _apply_read),
    Kind(TransferExported, _apply_read),
    Kind(TransferConfirmed, _apply_confirmed),
    Kind(TransferWithdrawn, _apply_withdrawn),
    Kind(TransferRefused, _apply_refused),
    Kind(TransferExpired, _apply_expired),
    Kind(TransferErased, _apply_erased),
)
"""The kinds that ``app`` hands to the ledger for this part."""
