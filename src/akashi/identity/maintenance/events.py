"""What is said on the ledger about maintenance visits, and how the state follows.

Guarantees: what ``rules`` refuses no gateway can do, also one that lies to its own people: self-approval, another plan than was applied for,
work outside the window, reading what was not approved, a review by the visitor. Refuses texts, addresses and names: digests, enums, counts.
Trusts: the signing gateway for which person acted, unless that person approved with a key of their own.
"""

from __future__ import annotations

from dataclasses import replace

from akashi.identity import events as identity
from akashi.identity.lifecycle.acting import acting_person, own
from akashi.identity.lifecycle.standing import standing
from akashi.identity.maintenance import records, rules
from akashi.identity.maintenance.model import ALL_READS, Reads, Saw, TrialData, Visit, VisitStage, VisitVerdict
from akashi.identity.model import Role
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
    moment,
    number,
    require,
    truth,
)
from akashi.ledger.model import Purpose
from akashi.ledger.state import ReadState, WriteState

_GATEWAY = {Purpose.GATEWAY}
MAX_COUNT = 1_000_000


@event("visit.requested", signers=_GATEWAY)
class VisitRequested:
    """A visitor's work is applied for: plan and networks by their digests, the window, what is to be read."""

    visit: str = number(1, handle("vis"))
    maintainer: str = number(2, handle("per"))
    plan: bytes = number(3, digest())
    from_ms: int = number(4, moment())
    to_ms: int = number(5, moment())
    sources: bytes = number(6, digest())
    reads: int = number(7, integer(0, ALL_READS))
    impersonates: bool = number(8, truth())
    emergency: bool = number(9, truth())


@event("visit.decided", signers=_GATEWAY)
class VisitDecided:
    """Somebody else decides on that very plan."""

    visit: str = number(1, handle("vis"))
    verdict: VisitVerdict = number(2, enum(VisitVerdict))
    plan: bytes = number(3, digest())


@event("visit.begun", signers=_GATEWAY)
class VisitBegun:
    """The visitor begins: from now on what was approved may be read."""

    visit: str = number(1, handle("vis"))


@event("visit.impersonated", signers=_GATEWAY)
class VisitImpersonated:
    """The visitor acts as a test account of the plan from now on."""

    visit: str = number(1, handle("vis"))
    account: str = number(2, handle("per"))


@event("visit.ended", signers=_GATEWAY)
class VisitEnded:
    """The work is over: the visitor is let in no more."""

    visit: str = number(1, handle("vis"))


@event("visit.reported", signers=_GATEWAY)
class VisitReported:
    """The journal was compared with the plan; ``report`` commits to what was found."""

    visit: str = number(1, handle("vis"))
    report: bytes = number(2, digest())
    saw: Saw = number(3, enum(Saw))
    subjects: int = number(4, integer(0, MAX_COUNT))
    impersonated: bool = number(5, truth())
    test_data: TrialData = number(6, enum(TrialData))
    deviations: int = number(7, integer(0, MAX_COUNT))


@event("visit.reviewed", signers=_GATEWAY)
class VisitReviewed:
    """Somebody who neither did nor reported the work looked at the report."""

    visit: str = number(1, handle("vis"))
    verdict: VisitVerdict = number(2, enum(VisitVerdict))


def _hand(state: ReadState, context: Context, roles: Role) -> str:
    """The acting person, working at the acting institution with one of ``roles``; else ``Refused``."""
    return acting_person(state, context, roles, rules.decide_person).handle


def _own(state: ReadState, name: str, context: Context) -> Visit:
    return own(records.visit(state, name), context, "visit.unknown")


def apply_requested(state: WriteState, body: VisitRequested, context: Context) -> None:
    """Remember the application."""
    actor = _hand(state, context, rules.REQUESTERS)
    if records.visit(state, body.visit) is not None:
        raise Refused("visit.exists")
    of, now = context.statement.actor.institution, context.block_ms
    window = (body.from_ms, body.to_ms, Reads(body.reads), body.impersonates, body.emergency, now)
    made = Visit(body.visit, of, body.maintainer, actor, body.plan, body.sources, *window)
    require(rules.decide_request(made, identity.person(state, body.maintainer), now))
    records.save_visit(state, made)


def apply_decided(state: WriteState, body: VisitDecided, context: Context) -> None:
    """Record the decision; a refusal stops a visit that is under way."""
    actor = _hand(state, context, rules.DECIDERS)
    found = _own(state, body.visit, context)
    now = context.block_ms
    require(rules.decide_decision(found, actor, body.plan, now))
    made = replace(found, verdict=body.verdict, decider=actor, decided_ms=now)
    if body.verdict is VisitVerdict.REFUSED and found.stage is VisitStage.BEGUN:
        made = replace(made, stage=VisitStage.ENDED, ended_ms=now)
    records.save_visit(state, made)


def apply_begun(state: WriteState, body: VisitBegun, context: Context) -> None:
    """Begin."""
    actor = _hand(state, context, Role.MAINTENANCE)
    found = _own(state, body.visit, context)
    others = any(one.stage is VisitStage.BEGUN for one in records.pending_visits(state, actor))
    require(rules.decide_begin(found, actor, context.block_ms, other_begun=others))
    records.save_visit(state, replace(found, stage=VisitStage.BEGUN, begun_ms=context.block_ms))


def apply_impersonated(state: WriteState, body: VisitImpersonated, context: Context) -> None:
    """Remember as whom the visitor acts."""
    actor = _hand(state, context, Role.MAINTENANCE)
    found = _own(state, body.visit, context)
    account = standing(state, identity.person(state, body.account), context.block_ms)
    require(rules.decide_impersonation(found, actor, account, context.block_ms))
    if body.account not in found.acted_as:
        records.save_visit(state, replace(found, acted_as=(*found.acted_as, body.account)))


def apply_ended(state: WriteState, body: VisitEnded, context: Context) -> None:
    """End."""
    named = context.statement.actor.person is not None
    found = _own(state, body.visit, context)
    if named and _hand(state, context, rules.REPORTERS) != found.maintainer:
        _hand(state, context, rules.REPORTERS & ~Role.MAINTENANCE)
    require(rules.decide_end(found, named=named, now_ms=context.block_ms))
    # Nobody works beyond the window: where it was ended late, it ended when the window did.
    ended = min(context.block_ms, found.to_ms)
    records.save_visit(state, replace(found, stage=VisitStage.ENDED, ended_ms=ended))


def apply_reported(state: WriteState, body: VisitReported, context: Context) -> None:
    """Remember the report."""
    actor = _hand(state, context, rules.REPORTERS & ~Role.MAINTENANCE)
    found = _own(state, body.visit, context)
    require(rules.decide_report(found))
    if found.acted_as and not body.impersonated:
        raise Refused("visit.report")
    made = replace(found, stage=VisitStage.REPORTED, report=body.report, reporter=actor)
    records.save_visit(state, replace(made, saw=body.saw, deviations=body.deviations))


def apply_reviewed(state: WriteState, body: VisitReviewed, context: Context) -> None:
    """The review, by somebody who had no part in it."""
    actor = _hand(state, context, rules.REVIEWERS)
    found = _own(state, body.visit, context)
    require(rules.decide_review(found, actor))
    records.save_visit(state, replace(found, stage=VisitStage.REVIEWED, reviewer=actor, review=body.verdict))


MAINTENANCE_KINDS: tuple[AnyKind, ...] = (
    Kind(VisitRequested, apply_requested),
    Kind(VisitDecided, apply_decided),
    Kind(VisitBegun, apply_begun),
    Kind(VisitImpersonated, apply_impersonated),
    Kind(VisitEnded, apply_ended),
    Kind(VisitReported, apply_reported),
    Kind(VisitReviewed, apply_reviewed),
)
