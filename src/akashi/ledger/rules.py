"""What the ledger itself decides: who may sign, which times are right, who may enrol or revoke which key.

Guarantees: pure functions of values and a block time; the same answer on every server and in every rebuild. ``decide_*``
returns :class:`Allowed` or :class:`Denied` with a stable reason; nothing given means denied. Refuses: clocks, files, sockets,
chance. Left to the caller: that the record is the one the envelope names, and that the signature verifies
(``wire.envelope.verify_signature``). Source: docs/spec/registry.md.

>>> decide_clock(last_ms=100_000, now_ms=30_000, stepped_to_ms=None)
Denied(reason='clock.stepped')
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.ledger.model import (
    MAX_AHEAD_MS,
    Algorithm,
    Approval,
    ApprovalKind,
    Basis,
    KeyRecord,
    Purpose,
    Statement,
)

CLOCK_TOLERANCE_MS = 60_000
SIGNING = frozenset({Purpose.SECRETARIAT, Purpose.GATEWAY, Purpose.SERVER})
"""Purposes whose keys sign operations; device, opening and persons' keys never do."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The rules allow it."""


@dataclass(frozen=True, slots=True)
class Denied:
    """The rules do not allow it; ``reason`` is a stable short code."""

    reason: str


Decision = Allowed | Denied
ALLOWED = Allowed()


def is_current(record: KeyRecord, block_ms: int) -> bool:
    """Whether a key is within its validity (end excluded) and not revoked."""
    return record.valid_from_ms <= block_ms < record.valid_to_ms and record.revoked_ms is None


def decide_signer(record: KeyRecord | None, statement: Statement, algorithm: Algorithm, block_ms: int) -> Decision:
    """Whether the enrolled key may sign ``statement`` at ``block_ms``. Whether the kind lists the purpose: ``Kind.run``."""
    if record is None:
        return Denied("signer.unknown")
    if not record.valid_from_ms <= block_ms < record.valid_to_ms:
        return Denied("signer.expired")
    if record.revoked_ms is not None:
        return Denied("signer.revoked")
    if record.institution != statement.actor.institution:
        return Denied("signer.institution")
    if record.purpose not in SIGNING:
        return Denied("signer.purpose")
    if record.algorithm != algorithm:
        return Denied("signer.algorithm")
    return ALLOWED


def decide_time(statement: Statement, ledger_id: bytes, block_ms: int) -> Decision:
    """Whether the statement belongs to this ledger and to this moment (verification.md step 4)."""
    if statement.ledger != ledger_id:
        return Denied("op.foreign")
    if block_ms > statement.not_after_ms:
        return Denied("op.expired")
    if statement.claimed_ms > block_ms + MAX_AHEAD_MS:
        return Denied("op.ahead")
    return ALLOWED


def decide_clock(last_ms: int, now_ms: int, stepped_to_ms: int | None) -> Decision:
    """Whether a block may be written now: block times never run back, so a clock far behind the last block is wrong.

    ``stepped_to_ms`` is what the newest accepted ``clock.stepped`` says the right time was; from there on the clock may
    be behind the last block, and block times stand still until it has caught up.
    """
    earliest = last_ms if stepped_to_ms is None else min(last_ms, stepped_to_ms)
    return ALLOWED if now_ms >= earliest - CLOCK_TOLERANCE_MS else Denied("clock.stepped")


def decide_enrolment(purpose: Purpose, institution: str, signer: KeyRecord, gateways: list[KeyRecord]) -> Decision:
    """Who may enrol a key of ``purpose`` for ``institution``; ``gateways``: that institution's current gateway keys."""
    own_gateway = signer.purpose is Purpose.GATEWAY and signer.institution == institution
    if purpose is Purpose.OPENING:
        # Only the institution itself says what opens its payloads; nobody can slip in a key that reads along.
        return ALLOWED if own_gateway else Denied("enrolment.opening")
    if purpose is Purpose.PERSON:
        return ALLOWED if own_gateway else Denied("enrolment.person")
    if purpose is Purpose.GATEWAY and gateways:
        return ALLOWED if own_gateway else Denied("enrolment.gateway")
    return ALLOWED if signer.purpose is Purpose.SECRETARIAT else Denied("enrolment.secretariat")


def decide_person_key_form(record: KeyRecord) -> Decision:
    """Whether the fields of a person's key stand, all of them, for such a key and for no other (registry.md)."""
    said = (record.person, record.approval, record.basis)
    for_passkeys = (record.rp_id_hash, record.origin_digest)
    if record.purpose is not Purpose.PERSON:
        return ALLOWED if set(said + for_passkeys) == {None} else Denied("enrolment.person")
    passkey = record.approval is ApprovalKind.PASSKEY
    if None in said or any((value is None) == passkey for value in for_passkeys):
        return Denied("enrolment.person")
    return ALLOWED


def decide_person_key(record: KeyRecord, actor: str | None, approvers: frozenset[str], *, before: bool) -> Decision:
    """On whose word a new key is its person's.

    ``actor``: the person for whom the operation was done; ``approvers``: persons whose approvals were verified; ``before``: whether the person
    ever had a key at this institution.
    """
    match record.basis:
        case Basis.INTRODUCED:
            allowed = not before
        case Basis.OWN_KEY:
            allowed = record.person in approvers
        case Basis.RESET:
            allowed = actor is not None and actor != record.person
        case _:
            allowed = False
    return ALLOWED if allowed else Denied("enrolment.basis")


def decide_approver(record: KeyRecord | None, approval: Approval, institution: str, block_ms: int) -> Decision:
    """Whether the enrolled key may approve for ``institution`` at ``block_ms`` (operation.md section 4)."""
    if record is None:
        return Denied("approval.unknown")
    if record.purpose is not Purpose.PERSON or record.person is None or record.basis is None:
        return Denied("approval.purpose")
    if record.approval is not approval.kind:
        return Denied("approval.kind")
    if record.institution != institution:
        return Denied("approval.institution")
    if not record.valid_from_ms <= block_ms < record.valid_to_ms:
        return Denied("approval.expired")
    if record.revoked_ms is not None:
        return Denied("approval.revoked")
    return ALLOWED


def decide_revocation(record: KeyRecord | None, signer: KeyRecord, secretariats: list[KeyRecord]) -> Decision:
    """Who may revoke ``record``; ``secretariats``: all current secretariat keys, of which one must remain."""
    if record is None:
        return Denied("key.unknown")
    if record.revoked_ms is not None:
        return Denied("key.revoked_before")
    if signer.purpose is Purpose.GATEWAY and record.institution != signer.institution:
        return Denied("key.institution")
    if record.purpose is Purpose.SECRETARIAT and [other.key for other in secretariats] == [record.key]:
        return Denied("key.last_secretariat")
    return ALLOWED
