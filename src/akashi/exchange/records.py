"""Transfers in the replicated state: their one encoding, their indexes, and the readers that everybody uses.

Guarantees: a record and its indexes change together (:func:`save_transfer`); readers return frozen values in a fixed
order. Refuses: rows of another shape (``LedgerDamaged``). Trusts nobody; decides nothing, that is ``rules``.

State (owned here): ``tr`` transfer -> record; ``trin`` receiver/transfer and ``trout`` sender/transfer -> status;
``trdue`` due time, transfer -> status, while the server has something to do.
"""

from __future__ import annotations

from collections.abc import Iterator

from akashi.exchange.model import Format, Status, Transfer
from akashi.exchange.rules import OPEN, Party
from akashi.identity import events as identity
from akashi.identity.lifecycle.standing import is_at_work
from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.registry import opening_key
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value
from akashi.vault.events import payload_record


def transfer(state: ReadState, name: str) -> Transfer | None:
    """The transfer ``name`` as the state has it, or ``None``."""
    return _load(name, state.get("tr", name.encode()))


def transfer_of_payload(state: ReadState, payload: bytes) -> Transfer | None:
    """The transfer that announced a payload, or ``None`` for one that nobody announced."""
    found = payload_record(state, payload)
    return None if found is None else transfer(state, found.subject)


def received_by(state: ReadState, institution: str) -> list[tuple[str, Status]]:
    """All transfers to an institution with their status, in handle order."""
    return _index(state, "trin", institution)


def sent_by(state: ReadState, institution: str) -> list[tuple[str, Status]]:
    """All transfers of an institution with their status, in handle order."""
    return _index(state, "trout", institution)


def due_by(state: ReadState, now_ms: int) -> Iterator[Transfer]:
    """Transfers for which the server has something to do by ``now_ms`` (expire, or erase), earliest first."""
    for at, _ in state.scan("trdue"):
        if int.from_bytes(at[:8], "big") > now_ms:
            return
        found = transfer(state, at[8:].decode())
        if found is not None:
            yield found


def visible_to(state: ReadState, name: str, institution: str) -> bool:
    """Whether ``institution`` may know of the transfer at all: it is one of its two parties."""
    found = transfer(state, name)
    return found is not None and institution in (found.sender, found.receiver)


def party(state: ReadState, institution: str, now_ms: int) -> Party | None:
    """What the rules need to know of an institution now; ``None`` if it is not registered."""
    found = identity.institution(state, institution)
    if found is None:
        return None
    enabled = found.enabled and is_at_work(state, institution)
    return Party(institution, int(found.roles), enabled, opening_key(state, institution, now_ms) is not None)


def _index(state: ReadState, space: str, institution: str) -> list[tuple[str, Status]]:
    prefix = f"{institution}/".encode()
    rows = state.scan(space, prefix)
    return [(at[len(prefix) :].decode(), Status(value)) for at, value in rows if isinstance(value, int)]


def _load(name: str, value: Value) -> Transfer | None:
    match value:
        case None:
            return None
        case [
            str(sender), str(receiver), bytes(payload), int(status), [int(sent), int(expires), int(retention)],
            int(form), bytes(commitment), bytes(body), list(wraps), list(persons), int(bucket), bytes(operation),
            list(counts), opened, closed, supersedes, successor,
        ]:  # fmt: skip
            return Transfer(
                handle=name,
                sender=sender,
                receiver=receiver,
                payload=payload,
                status=Status(status),
                sent_ms=sent,
                expires_ms=expires,
                retention_ms=retention,
                format=Format(form),
                commitment=commitment,
                body_digest=body,
                wraps=tuple(item for item in wraps if isinstance(item, bytes)),
                persons=tuple(item for item in persons if isinstance(item, str)),
                size_bucket=bucket,
                operation=operation,
                counts=tuple(item for item in counts if isinstance(item, int)),
                opened_ms=opened if isinstance(opened, int) else None,
                closed_ms=closed if isinstance(closed, int) else None,
                supersedes=supersedes if isinstance(supersedes, str) else None,
                superseded_by=successor if isinstance(successor, str) else None,
            )
    raise LedgerDamaged("state.transfer")


def save_transfer(state: WriteState, new: Transfer, old: Transfer | None) -> None:
    """Record and indexes together; ``trdue`` has the next moment at which the server must act."""
    state.put("tr", new.handle.encode(), dump_transfer(new))
    state.put("trin", f"{new.receiver}/{new.handle}".encode(), int(new.status))
    state.put("trout", f"{new.sender}/{new.handle}".encode(), int(new.status))
    if old is not None:
        state.delete("trdue", _due(old))
    state.put("trdue", _due(new), int(new.status))


def _due(of: Transfer) -> bytes:
    at = of.erase_after_ms if of.status not in OPEN else of.expires_ms
    return (at or 0).to_bytes(8, "big") + of.handle.encode()


def dump_transfer(of: Transfer) -> Value:
    """The one encoding of a record."""
    return [
        of.sender,
        of.receiver,
        of.payload,
        int(of.status),
        [of.sent_ms, of.expires_ms, of.retention_ms],
        int(of.format),
        of.commitment,
        of.body_digest,
        list(of.wraps),
        list(of.persons),
        of.size_bucket,
        of.operation,
        list(of.counts),
        of.opened_ms,
        of.closed_ms,
        of.supersedes,
        of.superseded_by,
    ]


def erasure_pending(state: ReadState, of: Transfer) -> bool:
    """Whether the server still has something to do about a transfer; false once its payload is erased."""
    return state.get("trdue", _due(of)) is not None


def forget_due(state: WriteState, of: Transfer) -> None:
    """The server is done with this transfer."""
    state.delete("trdue", _due(of))
