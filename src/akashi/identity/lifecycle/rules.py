"""Pure decisions about rights, reviews and resets. No file, clock, database or random source in here.

Guarantees: ``decide_*`` return ``Allowed`` or ``Denied(reason)``; whoever applies, decides and confirms are different people where it
matters. Refuses: deciding on oneself, on one's own application, confirming one's own decision.
The masks are part of the ledger's rules and so never follow a change of the permission table by themselves (a test compares them).
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from akashi.identity.lifecycle.model import (
    Activity,
    Department,
    Finding,
    Found,
    ResetMethod,
    RightsRequest,
    RightsStage,
)
from akashi.identity.model import Person, Role
from akashi.ledger.rules import ALLOWED, Allowed, Denied
from akashi.ledger.wire import cbor

APPLIERS = Role.OPERATOR | Role.APPROVER | Role.MANAGER | Role.PLANNER
DECIDERS = Role.MANAGER | Role.PLANNER
CHECKERS = Role.MANAGER | Role.OPERATIONS
REVIEWERS = Role.PLANNER | Role.AUDITOR
GRANTABLE = ~(Role.EMERGENCY | Role.PATIENT | Role.SECRETARIAT) & Role(sum(Role))
"""Emergency accounts are prepared sealed, secretariats manage their few people by hand, patients have no rights yet."""
ALONE = Role.EMERGENCY | Role.MAINTENANCE
"""Accounts that are dead most of the time: each is made as what it is, and stays so."""
MAX_FOR_A_TIME_MS = 366 * 24 * 3600 * 1000
CONFLICTS = (
    (Role.MANAGER, Role.AUDITOR),
    (Role.PLANNER, Role.AUDITOR),
    (Role.OPERATIONS, Role.AUDITOR),
    (Role.OPERATIONS, Role.MANAGER),
    (Role.MAINTENANCE, Role.MANAGER),
)
"""Who checks must not be who does; who runs the machine must not hand out the rights."""
_DAY_MS = 24 * 3600 * 1000
_GRACE_MS = 14 * _DAY_MS
"""How long a new account may wait for its first use."""


def text_commitment(text: str, salt: bytes) -> bytes:
    """What the ledger has of a text that stays here: ``SHA-256("akashi/text/1" 00 || salt || text)``, salt of 32 bytes, text in UTF-8."""
    return sha256(b"akashi/text/1\x00" + salt + text.encode()).digest()


def decide_person(person: Person | None, institution: str, wanted: Role) -> Allowed | Denied:
    """May ``person`` (with the roles that count now) act for ``institution`` in one of the roles ``wanted``?"""
    if person is None or not person.enabled or person.institution != institution:
        return Denied("actor.person")
    return ALLOWED if person.roles & wanted else Denied("actor.roles")


def decide_request(
    actor: Person,
    placed: str | None,
    department: Department | None,
    concerned: Person | None,
    until_ms: int | None,
    roles: int,
    now_ms: int,
) -> Allowed | Denied:
    """May ``actor``, placed in department ``placed``, apply in the name of ``department`` for ``concerned`` (``None``: a newcomer)?"""
    if department is None or not department.open or department.institution != actor.institution:
        return Denied("rights.department")
    if placed != department.handle and department.manager != actor.handle and not actor.roles & Role.MANAGER:
        return Denied("rights.other_department")
    if concerned is not None and (concerned.institution != actor.institution or not concerned.enabled):
        return Denied("person.unknown")
    if until_ms is not None and not now_ms < until_ms <= now_ms + MAX_FOR_A_TIME_MS:
        return Denied("rights.until")
    if roles & ~int(GRANTABLE):
        return Denied("rights.roles")
    return decide_alone(concerned, roles, until_ms)


def decide_alone(concerned: Person | None, roles: int, until_ms: int | None) -> Allowed | Denied:
    """A visitor's or a break-glass account gets no other roles, nobody else becomes one, and none is one for a time only.

    Else the roles that were granted would let it in without an opening or a window, and with the password alone.
    """
    had = Role(0) if concerned is None else concerned.roles
    changes = bool(had) and bool((int(had) ^ roles) & ALONE)
    return Denied("person.roles_alone") if changes or (roles & ALONE and until_ms is not None) else ALLOWED


def decide_decision(request: RightsRequest, actor: str) -> Allowed | Denied:
    """May ``actor`` decide on the application? Neither who applied nor whom it is about."""
    if request.stage is not RightsStage.REQUESTED:
        return Denied("rights.decided")
    if actor == request.requester:
        return Denied("rights.own_request")
    if actor == request.person:
        return Denied("actor.self")
    return ALLOWED


def decide_confirmation(request: RightsRequest, manager: Person | None, actor: Person) -> Allowed | Denied:
    """May ``actor`` confirm? The department's manager; where they cannot (gone, decided, concerned), another who may decide."""
    if request.stage is not RightsStage.APPROVED:
        return Denied("rights.stage")
    if actor.handle == request.decider:
        return Denied("rights.own_decision")
    if actor.handle == request.person:
        return Denied("actor.self")
    if manager is not None and actor.handle == manager.handle:
        return ALLOWED
    away = manager is None or not manager.enabled or manager.handle in (request.decider, request.person)
    return ALLOWED if away and actor.roles & DECIDERS else Denied("rights.not_manager")


def decide_check(
    person: str, checker: str, method: ResetMethod, document: bytes | None, witness: str | None
) -> Allowed | Denied:
    """Is the identity check whole? A photo id leaves a copy's digest, a colleague's word the colleague; nobody checks themselves."""
    if checker == person:
        return Denied("reset.self")
    if witness in (person, checker):
        return Denied("reset.witness")
    if method is ResetMethod.PHOTO_ID and document is None:
        return Denied("reset.document")
    if method is ResetMethod.CARD_AND_COLLEAGUE and witness is None:
        return Denied("reset.witness")
    return ALLOWED


def findings_digest(pairs: Iterable[tuple[str, int]]) -> bytes:
    """What a review commits to: ``SHA-256("akashi/review/1" 00 || [[subject, finding], …])``, sorted by subject, then finding."""
    rows: list[cbor.Value] = [[subject, int(finding)] for subject, finding in sorted(pairs)]
    return sha256(b"akashi/review/1\x00" + cbor.encode(rows)).digest()


def conflicts(roles: Role) -> Role:
    """Those of the roles that should not be in one hand.

    >>> conflicts(Role.MANAGER | Role.AUDITOR | Role.OPERATOR) == Role.MANAGER | Role.AUDITOR
    True
    """
    found = Role(0)
    for one, other in CONFLICTS:
        if one in roles and other in roles:
            found |= one | other
    return found


def judge_activity(one: Activity, now_ms: int, dormant_days: int) -> list[Found]:
    """What is odd about one account."""
    if not one.enabled:
        return [Found(one.subject, Finding.DISABLED_WITH_KEYS, one.live_keys)] if one.live_keys else []
    if not one.on_ledger:
        return [Found(one.subject, Finding.NOT_ON_LEDGER)]
    found: list[Found] = []
    if not one.has_account:
        found.append(Found(one.subject, Finding.NO_ACCOUNT))
    limit = dormant_days * _DAY_MS
    idle_days = (now_ms - (one.last_ms if one.last_ms is not None else one.since_ms)) // _DAY_MS
    is_old = now_ms - one.since_ms >= limit
    if one.has_account and one.last_ms is None:
        if now_ms - one.since_ms >= min(limit, _GRACE_MS):
            found.append(Found(one.subject, Finding.NEVER_USED, idle_days))
    elif one.last_ms is not None and now_ms - one.last_ms >= limit:
        found.append(Found(one.subject, Finding.DORMANT, idle_days))
    elif is_old and (unused := one.roles & ~one.used_roles):
        found.append(Found(one.subject, Finding.UNUSED_ROLES, int(unused)))
    if both := conflicts(one.roles):
        found.append(Found(one.subject, Finding.CONFLICTING_ROLES, int(both)))
    if one.department is None:
        found.append(Found(one.subject, Finding.NO_DEPARTMENT))
    if one.unconfirmed:
        found.append(Found(one.subject, Finding.UNCONFIRMED))
    return found
