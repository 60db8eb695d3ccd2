"""Whose rights were applied for, whether accounts are reviewed in time, how people were identified, and whether access was looked at.

Guarantees: read from the ledger as every gateway has it; facts are counts and days. Refuses: to count test accounts. Trusts the ledger that
the gateway follows, and the gateway's settings for how often a review is due.
"""

from __future__ import annotations

import json

from akashi.app.gateway.home import Gateway
from akashi.app.selfcheck.context import TOOL, TRIAL_LOGIN, SelfContext
from akashi.conformity.model import DAY_MS, Fact, Target
from akashi.conformity.probing import Bench, Observed
from akashi.identity.lifecycle.model import AccessVerdict, RightsRequest, RightsStage
from akashi.identity.lifecycle.review_events import AccessReviewed
from akashi.identity.lifecycle.reviewing import CONFIRM_WITHIN_MS, people_of
from akashi.identity.lifecycle.standing import effective_roles
from akashi.identity.model import Role
from akashi.ledger.events import load_body
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf

_OWN_WAY = Role.EMERGENCY | Role.MAINTENANCE
"""Roles that are prepared or visited under, not applied for."""
_IN_FORCE = (RightsStage.APPROVED, RightsStage.CONFIRMED)
_KIND = "access.reviewed"


def trials_of(gateway: Gateway) -> set[str]:
    """The people of the self check's own test accounts."""
    return {one.person for one in gateway.accounts.accounts() if one.login.startswith(TRIAL_LOGIN)}


def rights(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """Of everybody who may do anything: whether a department applied for just that, somebody else decided, and its manager confirmed."""
    gateway, now = here.gateway, here.gateway.clock.now_ms()
    trials, lifecycle = trials_of(gateway), gateway.people.lifecycle
    with gateway.ledger.view() as state:
        people = {
            one.handle: roles
            for one in people_of(state, gateway.institution)
            if one.enabled and one.handle not in trials and (roles := effective_roles(state, one, now)) & ~_OWN_WAY
        }
    requests = lifecycle.requests()
    given = {one.person: one for one in reversed(requests) if one.stage in _IN_FORCE}
    without = [who for who, roles in people.items() if who not in given or roles & ~given[who].roles]
    current = [given[who] for who in people if who in given]
    facts: dict[str, Fact] = {
        "departments": sum(1 for one, _ in lifecycle.departments() if one.open),
        "people": len(people),
        "people.without_application": len(without),
        "applications": len(requests),
        "applications.by_themselves": sum(1 for one in requests if _by_themselves(one)),
        "applications.unconfirmed": sum(1 for one in current if one.stage is RightsStage.APPROVED),
        "applications.overdue": sum(1 for one in current if _is_overdue(one, now)),
        "applications.confirmed": sum(1 for one in current if one.stage is RightsStage.CONFIRMED),
    }
    return Observed(facts, json.dumps(sorted(without)).encode(), TOOL)


def _by_themselves(one: RightsRequest) -> bool:
    return one.decider is not None and one.decider in (one.requester, one.person)


def _is_overdue(one: RightsRequest, now: int) -> bool:
    return one.stage is RightsStage.APPROVED and (one.decided_ms or 0) + CONFIRM_WITHIN_MS <= now


def reviews(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """When the accounts were last reviewed to the end, and what is left open."""
    gateway, now = here.gateway, here.gateway.clock.now_ms()
    made = gateway.people.reviews.reviews()
    closed = [one.closed_ms for one in made if one.closed_ms is not None]
    due = gateway.people.reviews.due_ms(gateway.settings.review_every_days)
    facts: dict[str, Fact] = {
        "reviews": len(made),
        "reviews.closed": len(closed),
        "findings": sum(one.count for one in made),
        "findings.undecided": sum(one.count - one.decided for one in made),
        "days_since": (now - max(closed)) // DAY_MS if closed else 0,
        "every_days": gateway.settings.review_every_days,
        "overdue": now >= due,
    }
    return Observed(facts, json.dumps([one.handle for one in made]).encode(), TOOL)


def identity_checks(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """The ledger of resets: how each person was identified, and whether it was by somebody else."""
    made = here.gateway.people.resets.resets()
    facts: dict[str, Fact] = {
        "resets": len(made),
        "resets.with_document": sum(1 for one in made if one.document is not None),
        "resets.with_witness": sum(1 for one in made if one.witness is not None),
        "resets.of_themselves": sum(1 for one in made if one.checker == one.person),
        "methods": tuple(sorted({one.method.name.lower() for one in made})),
    }
    return Observed(facts, json.dumps([one.handle for one in made]).encode(), TOOL)


def access_reviews(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """Until when somebody has looked at who read what, and whether they signed for it themselves."""
    gateway, now = here.gateway, here.gateway.clock.now_ms()
    found: list[tuple[AccessReviewed, bool]] = []
    for entry in gateway.ledger.entries(gateway.institution):
        leaf = parse_leaf(entry.leaf)
        operation = parse_operation(leaf.envelope)
        if leaf.result == 0 and operation.statement.kind == _KIND:
            found.append((load_body(AccessReviewed, operation.statement.body), bool(operation.approvals)))
    begun = next((one.at_ms for one in gateway.journal.entries()), now)
    newest = max((one.to_ms for one, _ in found), default=begun)
    facts: dict[str, Fact] = {
        "reviews": len(found),
        "reviews.signed": sum(1 for _, signed in found if signed),
        "reviews.open": sum(1 for one, _ in found if one.verdict is AccessVerdict.TO_BE_FOLLOWED_UP),
        "days_unseen": max(0, now - newest) // DAY_MS,
    }
    return Observed(facts, json.dumps(facts).encode(), TOOL)
