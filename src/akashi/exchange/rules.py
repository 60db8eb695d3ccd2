"""Who may do what to a transfer, and when: pure decisions over values and one time.

Guarantees: every decision is a function of the transfer, the actor and ``now`` (the block time when the ledger applies,
the clock when a gateway asks beforehand); whatever is not allowed here is denied with a stable reason. The life of a
transfer::

    sent ──▶ opened ──▶ confirmed            (receiver)
      │        ├──────▶ refused              (receiver; also from sent)
      ├──────────────── withdrawn            (sender, before the first opening)
      └────────┴──────▶ expired (server, from the expiry on) | superseded (sender, by a new version)

Refuses: any step out of a final state, with one exception: a confirmed transfer may be opened and exported until its
retention is over. Trusts nobody: the caller resolves who the actor is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from akashi.exchange.model import MAX_LIFE_MS, Status, Transfer
from akashi.ledger.rules import Allowed, Denied

Decision = Allowed | Denied

OPEN = frozenset({Status.SENT, Status.OPENED})
SENDER, RECEIVER, AGENT = 1, 2, 4
"""Roles of an institution (bitmask of ``institution.registered``)."""
MIN_LIFE_MS = 60 * 1000
MAX_BUCKET = 48


@dataclass(frozen=True, slots=True)
class Party:
    """What the rules need to know of an institution at one moment."""

    handle: str
    roles: int
    enabled: bool
    opening_key: bool = False
    """Has an opening key that is enrolled, valid and not revoked."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The agreed terms of a new transfer."""

    expires_ms: int
    retention_ms: int
    wraps: Sequence[bytes]
    persons: Sequence[str]


def decide_send(sender: Party | None, receiver: Party | None, terms: Terms, now_ms: int) -> Decision:
    """May ``sender`` announce a transfer on these terms? ``None`` stands for an institution that is not registered."""
    if sender is None or not sender.enabled:
        return Denied("transfer.sender_disabled")
    if not sender.roles & SENDER:
        return Denied("transfer.sender_role")
    if receiver is None:
        return Denied("transfer.receiver_unknown")
    if receiver.handle == sender.handle:
        return Denied("transfer.receiver_self")
    if not receiver.enabled:
        return Denied("transfer.receiver_disabled")
    if not receiver.roles & (RECEIVER | AGENT):
        return Denied("transfer.receiver_role")
    if not receiver.opening_key:
        return Denied("transfer.receiver_key")
    return decide_terms(terms, now_ms)


def decide_terms(terms: Terms, now_ms: int) -> Decision:
    """Every payload has a maximum life, somebody to open it and no one named twice."""
    if not MIN_LIFE_MS <= terms.expires_ms - now_ms <= MAX_LIFE_MS:
        return Denied("transfer.life")
    if not 0 <= terms.retention_ms <= MAX_LIFE_MS:
        return Denied("transfer.retention")
    if not terms.wraps or len(set(terms.wraps)) != len(terms.wraps):
        return Denied("transfer.wraps")
    if len(set(terms.persons)) != len(terms.persons):
        return Denied("transfer.persons")
    return Allowed()


def decide_supersede(old: Transfer | None, sender: str, receiver: str) -> Decision:
    """A new version follows an own transfer to the same receiver, and each version has one successor."""
    if old is None or old.sender != sender:
        return Denied("transfer.unknown")
    if old.receiver != receiver:
        return Denied("transfer.receiver_differs")
    if old.superseded_by is not None:
        return Denied("transfer.superseded")
    return Allowed()


def status_after_supersede(status: Status) -> Status:
    """An open transfer ends when its successor is sent; a final one stays what it was."""
    return Status.SUPERSEDED if status in OPEN else status


def _live(transfer: Transfer, now_ms: int) -> Decision:
    if transfer.status not in OPEN:
        return Denied(f"transfer.{transfer.status.name.lower()}")
    if now_ms >= transfer.expires_ms:
        return Denied("transfer.expired")
    return Allowed()


def _named(transfer: Transfer, person: str | None) -> Decision:
    if person is None:
        return Denied("transfer.person")
    if transfer.persons and person not in transfer.persons:
        return Denied("transfer.person_not_named")
    return Allowed()


def _readable(transfer: Transfer, institution: str, now_ms: int) -> Decision:
    """Whether a party may see the content at this stage at all, whoever the person is."""
    if institution not in (transfer.sender, transfer.receiver):
        return Denied("transfer.unknown")
    if transfer.status is not Status.CONFIRMED:
        return _live(transfer, now_ms)
    erase = transfer.erase_after_ms
    return Denied("transfer.retention_over") if erase is not None and now_ms >= erase else Allowed()


def decide_fetch(transfer: Transfer, institution: str, now_ms: int) -> Decision:
    """May the server hand ``institution``'s gateway the sealed bytes? The receiver's only after an opening is on record."""
    readable = _readable(transfer, institution, now_ms)
    if isinstance(readable, Allowed) and institution == transfer.receiver and transfer.status is Status.SENT:
        return Denied("transfer.not_opened")
    return readable


def decide_read(transfer: Transfer, institution: str, person: str | None, now_ms: int) -> Decision:
    """Opening and exporting: the receiver's named persons, or anybody of the sender (who keeps a key to its own data)."""
    readable = _readable(transfer, institution, now_ms)
    if isinstance(readable, Denied):
        return readable
    if institution == transfer.sender:
        return Allowed() if person is not None else Denied("transfer.person")
    return _named(transfer, person)


def status_after_read(transfer: Transfer, institution: str) -> Status:
    """The receiver's first look is the receipt; the sender's own look changes nothing."""
    if institution == transfer.receiver and transfer.status is Status.SENT:
        return Status.OPENED
    return transfer.status


def decide_confirm(transfer: Transfer, institution: str, person: str | None, now_ms: int) -> Decision:
    """Only what was opened can be confirmed, once, by the receiver, in time."""
    if institution != transfer.receiver:
        return Denied("transfer.not_receiver")
    live = _live(transfer, now_ms)
    if isinstance(live, Denied):
        return live
    if transfer.status is not Status.OPENED:
        return Denied("transfer.not_opened")
    return _named(transfer, person)


def decide_refuse(transfer: Transfer, institution: str, person: str | None, now_ms: int) -> Decision:
    """The receiver may refuse, opened or not; anybody there may, since refusing shows nothing."""
    if institution != transfer.receiver:
        return Denied("transfer.not_receiver")
    if person is None:
        return Denied("transfer.person")
    return _live(transfer, now_ms)


def decide_withdraw(transfer: Transfer, institution: str, person: str | None, now_ms: int) -> Decision:
    """The sender may take back what the receiver has not opened."""
    if institution != transfer.sender:
        return Denied("transfer.not_sender")
    if person is None:
        return Denied("transfer.person")
    live = _live(transfer, now_ms)
    if isinstance(live, Denied):
        return live
    return Allowed() if transfer.status is Status.SENT else Denied("transfer.opened")


def decide_expire(transfer: Transfer, now_ms: int) -> Decision:
    """Open transfers end at their expiry, not before."""
    if transfer.status not in OPEN:
        return Denied(f"transfer.{transfer.status.name.lower()}")
    return Allowed() if now_ms >= transfer.expires_ms else Denied("transfer.not_due")


def decide_erase(transfer: Transfer, now_ms: int) -> Decision:
    """The payload goes when the transfer is final and, if confirmed, its retention is over."""
    due = transfer.erase_after_ms
    if due is None:
        return Denied("transfer.open")
    return Allowed() if now_ms >= due else Denied("transfer.retention")


def size_bucket(size: int) -> int:
    """The exponent of the next power of two: members of the ledger see only this.

    >>> [size_bucket(size) for size in (0, 1, 2, 3, 1024, 1025)]
    [0, 0, 1, 2, 10, 11]
    """
    return min(max(size - 1, 0).bit_length(), MAX_BUCKET)
