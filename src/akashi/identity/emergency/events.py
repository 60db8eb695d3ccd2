"""What is said on the ledger about emergency accounts and declared emergencies, and how the state follows.

Guarantees: what ``rules`` refuses no gateway can do, also one that lies to its own people: opening alone without a listed reason, twice the
same person, longer than 24 hours, again without a new secret, a review by whoever used it. Refuses secrets and texts: digests only.
Trusts: the signing gateway for which person acted, unless that person approved with a key of their own.
"""

from __future__ import annotations

from dataclasses import replace

from akashi.identity import events as identity
from akashi.identity.emergency import records, rules
from akashi.identity.emergency.model import (
    MAX_OPEN_MS,
    MAX_POOL,
    MAX_STEPS,
    AccountState,
    Declaration,
    EmergencyAccount,
    Opening,
    OpenReason,
    ReviewVerdict,
    Stage,
    StepOutcome,
    Tick,
)
from akashi.identity.lifecycle.acting import acting_person, own
from akashi.identity.lifecycle.standing import standing
from akashi.identity.model import ALL_ROLES, Role
from akashi.identity.rules import decide_roles
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
    require,
    truth,
)
from akashi.ledger.model import Purpose
from akashi.ledger.rules import Allowed
from akashi.ledger.state import ReadState, WriteState

_GATEWAY = {Purpose.GATEWAY}
MAX_CHECKLIST = 10_000


@event("emergency.prepared", signers=_GATEWAY)
class EmergencyPrepared:
    """An account is sealed: ``sealed`` commits to its secret, ``grants`` are its roles while it is open."""

    account: str = number(1, handle("per"))
    sealed: bytes = number(2, digest())
    grants: int = number(3, integer(1, ALL_ROLES))


@event("emergency.asked", signers=_GATEWAY)
class EmergencyAsked:
    """Somebody asks for an account to be opened; another person must confirm within the hour."""

    opening: str = number(1, handle("emg"))
    account: str = number(2, handle("per"))
    reason: OpenReason = number(3, enum(OpenReason))
    length_ms: int = number(4, integer(1, MAX_OPEN_MS))


@event("emergency.opened", signers=_GATEWAY)
class EmergencyOpened:
    """The account signs in until ``until_ms``: confirmed by another person, or ``alone`` for a reason of the list."""

    opening: str = number(1, handle("emg"))
    account: str = number(2, handle("per"))
    reason: OpenReason = number(3, enum(OpenReason))
    until_ms: int = number(4, moment())
    opener: str = number(5, handle("per"))
    alone: bool = number(6, truth())


@event("emergency.taken", signers=_GATEWAY)
class EmergencyTaken:
    """The acting person was given the secret, once."""

    opening: str = number(1, handle("emg"))


@event("emergency.closed", signers=_GATEWAY)
class EmergencyClosed:
    """The account signs in no more and is spent."""

    opening: str = number(1, handle("emg"))


@event("emergency.reviewed", signers=_GATEWAY)
class EmergencyReviewed:
    """Somebody who had no part in it looked at everything that was touched; ``notes`` commits to what they wrote."""

    opening: str = number(1, handle("emg"))
    verdict: ReviewVerdict = number(2, enum(ReviewVerdict))
    notes: bytes = number(3, digest())


@event("emergency.rotated", signers=_GATEWAY)
class EmergencyRotated:
    """A new secret seals the account; the old one is dead."""

    account: str = number(1, handle("per"))
    sealed: bytes = number(2, digest())


@event("emergency.declared", signers=_GATEWAY)
class EmergencyDeclared:
    """An emergency is declared: the pool of sealed accounts opens until ``until_ms``, and the checklist of that version begins."""

    declaration: str = number(1, handle("emg"))
    cause: OpenReason = number(2, enum(OpenReason))
    checklist: int = number(3, integer(1, MAX_CHECKLIST))
    until_ms: int = number(4, moment())
    accounts: tuple[str, ...] = number(5, many(handle("per"), MAX_POOL))
    openings: tuple[str, ...] = number(6, many(handle("emg"), MAX_POOL))


@event("emergency.step_done", signers=_GATEWAY)
class EmergencyStepDone:
    """The acting person did a step of the checklist, or found that it is not needed or fails."""

    declaration: str = number(1, handle("emg"))
    step: int = number(2, integer(1, MAX_STEPS))
    outcome: StepOutcome = number(3, enum(StepOutcome))


@event("emergency.ended", signers=_GATEWAY)
class EmergencyEnded:
    """The emergency is over: what it opened is closed, and must be reviewed and rotated."""

    declaration: str = number(1, handle("emg"))


def acting_hand(state: ReadState, context: Context, roles: Role) -> str:
    """The acting person, working at the acting institution with one of ``roles``; else ``Refused``."""
    return acting_person(state, context, roles, rules.decide_hand).handle


def _own_opening(state: ReadState, name: str, context: Context) -> Opening:
    return own(records.opening(state, name), context, "emergency.unknown")


def _own_declaration(state: ReadState, name: str, context: Context) -> Declaration:
    return own(records.declaration(state, name), context, "emergency.unknown")


def _new(state: ReadState, *names: str) -> None:
    for name in names:
        if records.opening(state, name) is not None or records.declaration(state, name) is not None:
            raise Refused("emergency.exists")


def apply_prepared(state: WriteState, body: EmergencyPrepared, context: Context) -> None:
    """Seal a new account."""
    acting_hand(state, context, rules.PREPARERS)
    of = context.statement.actor.institution
    known = records.account(state, body.account)
    require(rules.decide_prepare(known, identity.person(state, body.account), of, body.grants))
    require(decide_roles(identity.institution(state, of), body.grants))
    if records.was_used(state, body.sealed):
        raise Refused("emergency.same_secret")
    made = (body.account, of, AccountState.SEALED, body.sealed, 1, Role(body.grants), None, context.block_ms)
    records.save_account(state, EmergencyAccount(*made))


def apply_asked(state: WriteState, body: EmergencyAsked, context: Context) -> None:
    """Remember who asks, and for what."""
    actor = acting_hand(state, context, rules.OPENERS)
    of, now = context.statement.actor.institution, context.block_ms
    _new(state, body.opening)
    found = records.account(state, body.account)
    require(rules.decide_free(found, records.present_opening(state, found), of, now))
    until = now + body.length_ms
    made = Opening(body.opening, of, body.account, body.reason, actor, False, Stage.ASKED, now, until)  # noqa: FBT003
    records.save_opening(state, made)


def apply_opened(state: WriteState, body: EmergencyOpened, context: Context) -> None:
    """Open by a confirmation, by two approvals at once, or alone for a listed reason."""
    actor = acting_hand(state, context, rules.OPENERS)
    of, now = context.statement.actor.institution, context.block_ms
    found = records.account(state, body.account)
    before = records.present_opening(state, found)
    require(rules.decide_free(found, before, of, now))
    require(rules.decide_time(body.until_ms, now))
    asked = records.opening(state, body.opening)
    second = None
    if body.alone:
        _new(state, body.opening)
        owed = records.owes_review(state, actor)
        require(rules.decide_alone(body.reason, extends=before is not None and before.is_live(now), owes_review=owed))
    elif asked is None:
        _new(state, body.opening)
        second = _second_approver(state, context, actor)
    else:
        asked = _own_opening(state, body.opening, context)
        require(rules.decide_confirm(asked, actor, body.account, body.reason, now))
        second = actor
    if body.opener != (asked.opener if asked is not None else actor):
        raise Refused("emergency.opener")
    asked_ms = asked.asked_ms if asked is not None else now
    head = (body.opening, of, body.account, body.reason, body.opener, body.alone, Stage.OPEN, asked_ms, body.until_ms)
    _open(state, Opening(*head, second, now), now)


def _second_approver(state: ReadState, context: Context, actor: str) -> str:
    """Somebody else who approved this very operation with a key of their own."""
    for one in context.approvers:
        other = standing(state, identity.person(state, one.person), context.block_ms)
        decision = rules.decide_hand(other, context.statement.actor.institution, rules.OPENERS)
        if one.person != actor and isinstance(decision, Allowed):
            return one.person
    raise Refused("emergency.second")


def _open(state: WriteState, made: Opening, now: int) -> None:
    found = records.account(state, made.account)
    if found is None:
        raise Refused("emergency.unknown")
    before = records.present_opening(state, found)
    if before is not None and before.stage is Stage.OPEN:  # its time is extended: each opening has a review of its own
        records.save_opening(state, replace(before, stage=Stage.CLOSED, closed_ms=now))
    made = replace(made, generation=found.generation)
    records.save_opening(state, made)
    records.save_account(state, replace(found, state=AccountState.OPEN, opening=made.handle, since_ms=now))


def apply_taken(state: WriteState, body: EmergencyTaken, context: Context) -> None:
    """Remember who has the secret."""
    actor = acting_hand(state, context, rules.OPENERS)
    found = _own_opening(state, body.opening, context)
    require(rules.decide_take(found, actor, context.block_ms))
    records.save_opening(state, replace(found, taken_by=actor))


def apply_closed(state: WriteState, body: EmergencyClosed, context: Context) -> None:
    """Close; the account is spent."""
    named = context.statement.actor.person is not None
    if named:
        acting_hand(state, context, rules.OPENERS | rules.REVIEWERS)
    found = _own_opening(state, body.opening, context)
    require(rules.decide_close(found, named=named, now_ms=context.block_ms))
    _close(state, found, context.block_ms)


def _close(state: WriteState, found: Opening, now: int) -> None:
    # Where nobody closed in time it ended when its time was over, not when somebody noticed.
    records.save_opening(state, replace(found, stage=Stage.CLOSED, closed_ms=min(now, found.until_ms)))
    account = records.account(state, found.account)
    if account is not None and account.opening == found.handle:
        records.save_account(state, replace(account, state=AccountState.SPENT, since_ms=now))


def apply_reviewed(state: WriteState, body: EmergencyReviewed, context: Context) -> None:
    """The review, by somebody who had no part in it."""
    actor = acting_hand(state, context, rules.REVIEWERS)
    found = _own_opening(state, body.opening, context)
    require(rules.decide_review(found, actor))
    done = replace(found, stage=Stage.REVIEWED, reviewer=actor, verdict=body.verdict, notes=body.notes)
    records.save_opening(state, done)


def apply_rotated(state: WriteState, body: EmergencyRotated, context: Context) -> None:
    """A new secret seals it again."""
    acting_hand(state, context, rules.PREPARERS)
    found = records.account(state, body.account)
    of = context.statement.actor.institution
    require(rules.decide_rotate(found, of, used=records.was_used(state, body.sealed)))
    if found is None:  # decide_rotate refused that
        raise Refused("emergency.unknown")
    sealed = replace(
        found, state=AccountState.SEALED, sealed=body.sealed, generation=found.generation + 1, opening=None
    )
    records.save_account(state, replace(sealed, since_ms=context.block_ms))


def apply_declared(state: WriteState, body: EmergencyDeclared, context: Context) -> None:
    """Open the pool in one operation; the declaration is what stands in for the second person."""
    actor = acting_hand(state, context, rules.DECLARERS)
    of, now = context.statement.actor.institution, context.block_ms
    names = (body.declaration, *body.openings)
    if len(body.accounts) != len(body.openings) or len({*names, *body.accounts}) != len(names) + len(body.accounts):
        raise Refused("emergency.pool")
    _new(state, *names)
    require(rules.decide_time(body.until_ms, now))
    require(rules.decide_reason(body.cause, alone=body.cause is not OpenReason.DRILL))
    for name, opened in zip(body.accounts, body.openings, strict=True):
        found = records.account(state, name)
        if found is None or found.institution != of or found.state is not AccountState.SEALED:
            raise Refused("emergency.pool")
        head = (opened, of, name, body.cause, actor, False, Stage.OPEN, now, body.until_ms, None, now)
        _open(state, replace(Opening(*head), declaration=body.declaration), now)
    made = Declaration(body.declaration, of, body.cause, body.checklist, actor, now, None, body.openings)
    records.save_declaration(state, made)


def apply_step_done(state: WriteState, body: EmergencyStepDone, context: Context) -> None:
    """Tick one step."""
    actor = acting_hand(state, context, rules.OPENERS)
    found = _own_declaration(state, body.declaration, context)
    require(rules.decide_step(found, body.step))
    tick = Tick(body.step, body.outcome, actor, context.block_ms)
    kept = tuple(one for one in found.ticks if one.step != body.step)
    records.save_declaration(state, replace(found, ticks=(*kept, tick)))


def apply_ended(state: WriteState, body: EmergencyEnded, context: Context) -> None:
    """End it and close what it opened."""
    acting_hand(state, context, rules.DECLARERS)
    found = _own_declaration(state, body.declaration, context)
    if found.ended_ms is not None:
        raise Refused("emergency.ended")
    for name in found.openings:
        one = records.opening(state, name)
        if one is not None and one.stage is Stage.OPEN:
            _close(state, one, context.block_ms)
    records.save_declaration(state, replace(found, ended_ms=context.block_ms))


EMERGENCY_KINDS: tuple[AnyKind, ...] = (
    Kind(EmergencyPrepared, apply_prepared),
    Kind(EmergencyAsked, apply_asked),
    Kind(EmergencyOpened, apply_opened),
    Kind(EmergencyTaken, apply_taken),
    Kind(EmergencyClosed, apply_closed),
    Kind(EmergencyReviewed, apply_reviewed),
    Kind(EmergencyRotated, apply_rotated),
    Kind(EmergencyDeclared, apply_declared),
    Kind(EmergencyStepDone, apply_step_done),
    Kind(EmergencyEnded, apply_ended),
)
