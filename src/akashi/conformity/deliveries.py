"""Sealed payloads of conformity: evidence, sheets, questions, answers, for one institution's eyes or a few.

Guarantees: a payload is delivered once, ever, only by its owner's own operation and only with a server's storage receipt for exactly
these bytes and wraps; its readers are fixed then. Who may read is the owner and the readers, until the owner orders its erasure.
Refuses: whatever the vault refuses, readers that are not registered, an owner who is not acting. Pure but for the state.

State (owned here): ``cfp`` payload -> ``[owner, [readers], subject]``. Rows are never deleted: a payload's id is never used twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from akashi.identity.events import institution
from akashi.ledger.errors import LedgerDamaged, Refused
from akashi.ledger.events import Context
from akashi.ledger.rules import ALLOWED, Allowed, Denied
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value
from akashi.vault.events import PayloadPhase, PayloadRecord, payload_record, register_payload
from akashi.vault.receipt import check_storage

SPACE = "cfp"
MAX_READERS = 8


@dataclass(frozen=True, slots=True)
class Delivered:
    """Whose a payload is, who else may read it, and what it belongs to (a handle)."""

    payload: bytes
    owner: str
    readers: tuple[str, ...]
    subject: str


def deliver(
    state: WriteState,
    context: Context,
    *,
    payload: bytes,
    body_digest: bytes,
    wraps: tuple[bytes, ...],
    storage: bytes,
    copies: Sequence[bytes] = (),
    owner: str,
    readers: Sequence[str],
    subject: str,
) -> None:
    """Enter a sealed payload that the operation being applied announces.

    Raises ``Refused``: ``storage.*``, ``payload.exists``, ``delivery.owner`` (not who acts), ``delivery.readers`` (unknown, twice, the
    owner, or more than 8), ``delivery.wraps`` (none, or one twice).
    """
    if owner != context.statement.actor.institution:
        raise Refused("delivery.owner")
    known = all(institution(state, reader) is not None for reader in readers)
    if not known or len({owner, *readers}) != len(readers) + 1 or len(readers) > MAX_READERS:
        raise Refused("delivery.readers")
    if not wraps or len(set(wraps)) != len(wraps):
        raise Refused("delivery.wraps")
    check_storage(state, context, storage, payload=payload, body_digest=body_digest, wraps=wraps, copies=copies)
    register_payload(state, payload, subject=subject, institution=owner, body_digest=body_digest, wrap_digests=wraps)
    row: list[Value] = [owner, list(readers), subject]
    state.put(SPACE, payload, row)


def delivered(state: ReadState, payload: bytes) -> Delivered | None:
    """What was delivered under this id, or ``None``."""
    row = state.get(SPACE, payload)
    return None if row is None else _load(payload, row)


def may_read(state: ReadState, payload: bytes, of: str) -> bool:
    """Whether the institution ``of`` is the owner of a delivered payload or one of its readers."""
    found = delivered(state, payload)
    return found is not None and of in (found.owner, *found.readers)


def decide_delivered(state: ReadState, payload: bytes, of: str) -> Allowed | Denied:
    """May the server hand ``of`` the sealed bytes now? Not once the erasure is ordered."""
    if not may_read(state, payload, of):
        return Denied("delivery.unknown")
    record = payload_record(state, payload)
    if record is None or record.phase is not PayloadPhase.ANNOUNCED:
        return Denied("delivery.erased")
    return ALLOWED


def ordered(state: ReadState) -> Iterator[tuple[bytes, PayloadRecord]]:
    """Delivered payloads whose erasure is ordered and not recorded yet: what the server has to do."""
    for payload, _ in state.scan(SPACE):
        record = payload_record(state, payload)
        if record is not None and record.phase is PayloadPhase.ORDERED:
            yield payload, record


def _load(payload: bytes, row: Value) -> Delivered:
    match row:
        case [str(owner), list(readers), str(subject)]:
            return Delivered(payload, owner, tuple(one for one in readers if isinstance(one, str)), subject)
    raise LedgerDamaged("state.cfp")
