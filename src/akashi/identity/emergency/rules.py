"""Pure decisions about emergency accounts. No file, clock, database or random source in here.

Guarantees: an account opens by two different people, or by one who names a reason of the list; never for longer than 24 hours; never
while it is spent. Who opened or took it does not review it. Whoever has an opening of their own without a review does not open alone.
Refuses everything else with a short stable reason.

>>> decide_reason(OpenReason.AGREED, alone=True)
Denied(reason='emergency.alone')
"""

from __future__ import annotations

from hashlib import sha256

from akashi.identity.emergency.model import (
    ASKED_MS,
    MAX_OPEN_MS,
    AccountState,
    Declaration,
    EmergencyAccount,
    Opening,
    OpenReason,
    Stage,
    StepOutcome,
)
from akashi.identity.model import Person, Role
from akashi.ledger.rules import ALLOWED, Allowed, Denied

PREPARERS = Role.MANAGER | Role.PLANNER
OPENERS = Role.OPERATOR | Role.APPROVER | Role.MANAGER | Role.PLANNER | Role.OPERATIONS
REVIEWERS = Role.MANAGER | Role.PLANNER | Role.AUDITOR
DECLARERS = Role.MANAGER | Role.PLANNER
GRANTABLE = Role.OPERATOR | Role.APPROVER | Role.AUDITOR
"""What an emergency account may be while it is open: the work with results; nobody manages people or devices by break-glass."""
CODED = frozenset(
    {
        OpenReason.DISASTER,
        OpenReason.CYBER_ATTACK,
        OpenReason.AUTHENTICATION_DOWN,
        OpenReason.LIFE_THREATENING,
        OpenReason.AUTHORISED_UNREACHABLE,
    }
)
Decision = Allowed | Denied


def decide_hand(person: Person | None, institution: str, roles: Role) -> Decision:
    """Is this a working person of ``institution`` with one of ``roles``? Emergency and maintenance accounts never are."""
    if person is None or person.institution != institution:
        return Denied("actor.person")
    if not person.enabled:
        return Denied("actor.disabled")
    if person.roles & (Role.EMERGENCY | Role.MAINTENANCE) or not person.roles & roles:
        return Denied("actor.roles")
    return ALLOWED


def decide_prepare(known: EmergencyAccount | None, person: Person | None, institution: str, grants: int) -> Decision:
    """May ``person`` become a sealed account with ``grants``?"""
    if person is None or person.institution != institution or not person.enabled or person.roles != Role.EMERGENCY:
        return Denied("emergency.account")
    if known is not None:
        return Denied("emergency.prepared")
    if grants == 0 or grants & ~int(GRANTABLE):
        return Denied("emergency.grants")
    return ALLOWED


def decide_reason(reason: OpenReason, *, alone: bool) -> Decision:
    """One person alone must name a reason of the list."""
    return Denied("emergency.alone") if alone and reason not in CODED else ALLOWED


def decide_free(account: EmergencyAccount | None, opening: Opening | None, institution: str, now_ms: int) -> Decision:
    """Can the account be opened? A sealed one can, and one that is open (that is how its time is extended); a spent one cannot."""
    if account is None or account.institution != institution:
        return Denied("emergency.unknown")
    if account.state is AccountState.SEALED:
        return ALLOWED
    if account.state is AccountState.OPEN and opening is not None and opening.is_live(now_ms):
        return ALLOWED
    return Denied("emergency.spent")


def decide_time(until_ms: int, now_ms: int) -> Decision:
    """At most 24 hours from now."""
    return ALLOWED if now_ms < until_ms <= now_ms + MAX_OPEN_MS else Denied("emergency.time")


def decide_confirm(asked: Opening | None, actor: str, account: str, reason: OpenReason, now_ms: int) -> Decision:
    """May ``actor`` confirm what somebody asked for? Not the same person, nothing else than was asked, within the hour."""
    if asked is None or asked.stage is not Stage.ASKED:
        return Denied("emergency.not_asked")
    if asked.opener == actor:
        return Denied("emergency.same_person")
    if (asked.account, asked.reason) != (account, reason):
        return Denied("emergency.other")
    if now_ms - asked.asked_ms > ASKED_MS:
        return Denied("emergency.late")
    return ALLOWED


def decide_alone(reason: OpenReason, *, extends: bool, owes_review: bool) -> Decision:
    """May one person open an account with nobody beside them?"""
    decision = decide_reason(reason, alone=True)
    if isinstance(decision, Denied):
        return decision
    if extends:
        return Denied("emergency.extension")
    return Denied("emergency.unreviewed") if owes_review else ALLOWED


def decide_take(opening: Opening | None, actor: str, now_ms: int) -> Decision:
    """May ``actor`` be given the secret? Its opener, once, while it is open; in a declared emergency whoever is there first."""
    if opening is None:
        return Denied("emergency.unknown")
    if not opening.is_live(now_ms):
        return Denied("emergency.closed")
    if opening.taken_by is not None:
        return Denied("emergency.taken")
    if opening.declaration is None and actor != opening.opener:
        return Denied("emergency.opener")
    return ALLOWED


def decide_close(opening: Opening | None, *, named: bool, now_ms: int) -> Decision:
    """May the opening be closed? By a person at any time, by the gateway alone once its time is over."""
    if opening is None:
        return Denied("emergency.unknown")
    if opening.stage is not Stage.OPEN:
        return Denied("emergency.closed")
    if not named and now_ms < opening.until_ms:
        return Denied("actor.person")
    return ALLOWED


def decide_review(opening: Opening | None, actor: str) -> Decision:
    """May ``actor`` review it? Not before it was closed, not twice, and nobody who opened, confirmed or used it."""
    if opening is None:
        return Denied("emergency.unknown")
    if opening.stage is Stage.REVIEWED:
        return Denied("emergency.reviewed")
    if opening.stage is not Stage.CLOSED:
        return Denied("emergency.open")
    if actor in (opening.opener, opening.second, opening.taken_by):
        return Denied("emergency.own_review")
    return ALLOWED


def decide_rotate(account: EmergencyAccount | None, institution: str, *, used: bool) -> Decision:
    """May the account get a new secret? Not while it is open; ``used``: the digest stood on the ledger before."""
    if account is None or account.institution != institution:
        return Denied("emergency.unknown")
    if account.state is AccountState.OPEN:
        return Denied("emergency.open")
    return Denied("emergency.same_secret") if used else ALLOWED


def decide_step(declaration: Declaration | None, step: int) -> Decision:
    """May a step be ticked? While the emergency stands; what is done stays done, what failed may be tried again."""
    if declaration is None or declaration.ended_ms is not None:
        return Denied("emergency.not_declared")
    if any(one.step == step and one.outcome is not StepOutcome.FAILED for one in declaration.ticks):
        return Denied("emergency.step")
    return ALLOWED


def sealed_digest(secret: str, salt: bytes) -> bytes:
    """What the ledger knows of a secret: ``SHA-256("akashi/emergency/1" 00 || salt || utf-8 secret)``, the salt 32 bytes."""
    return sha256(b"akashi/emergency/1\x00" + salt + secret.encode()).digest()


def text_commitment(text: str, salt: bytes) -> bytes:
    """What the ledger knows of a text that stays sealed: ``SHA-256("akashi/text/1" 00 || salt || utf-8 text)``, the salt 32 bytes."""
    return sha256(b"akashi/text/1\x00" + salt + text.encode()).digest()
