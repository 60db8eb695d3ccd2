"""May a visitor sign in now, from where they are, and what may they do then? Asked at every sign-in and at every request.

Guarantees: reads the replicated state and the plan's networks only; outside an approved window, or from another network than the plan names,
a maintenance account is as good as none; networks that are not those the ledger commits to let nobody in. What a visit grants ends with it.
Refuses everybody else's accounts: they are not this module's to judge. Trusts: the caller for the address of the TLS peer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from akashi.identity.maintenance import records, rules
from akashi.identity.maintenance.model import Visit, VisitStage
from akashi.identity.model import Person, Role
from akashi.ledger.rules import ALLOWED, Allowed, Denied
from akashi.ledger.state import ReadState

Sources = Callable[[str], Sequence[str]]
"""The networks of a visit's plan as the gateway keeps them."""
LOCAL = "127.0.0.1"
"""The address of somebody at the gateway's own console."""


def visit_now(state: ReadState, person: Person, now_ms: int) -> Visit | Denied:
    """The visit under which the person may be here now; the one that has begun goes first."""
    reason = Denied("visit.none")
    allowed = []
    for one in records.pending_visits(state, person.handle):
        decision = rules.decide_window(one, now_ms)
        if isinstance(decision, Denied):
            reason = decision
        elif one.institution == person.institution:
            allowed.append(one)
    begun = [one for one in allowed if one.stage is VisitStage.BEGUN]
    return next(iter(begun or allowed), reason)


def visit_allows(visit: Visit, sources: Sequence[str], now_ms: int, address: str) -> Allowed | Denied:
    """May the visitor be here now, coming from ``address``? ``sources``: what is kept of the plan's networks."""
    decision = rules.decide_window(visit, now_ms)
    if isinstance(decision, Denied):
        return decision
    if rules.sources_digest(visit.handle, sources) != visit.sources:
        return Denied("visit.sources")
    return rules.decide_source(sources, address)


def sign_in_allowed(
    state: ReadState, person: Person, now_ms: int, address: str | None, sources: Sources
) -> Allowed | Denied:
    """Asked at sign-in, and at every request with no ``address`` (the session is bound to its device by then).

    People without the maintenance role are ``Allowed``: other rules judge them.
    """
    if not person.roles & Role.MAINTENANCE:
        return ALLOWED
    visit = visit_now(state, person, now_ms)
    if isinstance(visit, Denied):
        return visit
    return ALLOWED if address is None else visit_allows(visit, sources(visit.handle), now_ms, address)


def granted(state: ReadState, person: Person, now_ms: int) -> frozenset[str]:
    """The actions that the person's visit adds to their role now; empty for everybody else."""
    if not person.roles & Role.MAINTENANCE:
        return frozenset()
    visit = visit_now(state, person, now_ms)
    return frozenset() if isinstance(visit, Denied) else rules.granted(visit, now_ms)
