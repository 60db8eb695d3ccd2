"""Pure decisions about visits. No file, clock, database or random source in here.

Guarantees: who decides is neither the visitor nor whoever applied; a window is 72 hours at most (24 where work begins before the decision);
what a visitor may read is what was approved, while the visit lasts, and nothing before; from the plan's networks only.
Refuses everything else with a short stable reason.

>>> decide_source(("192.0.2.0/24",), "192.0.2.9"), decide_source(("192.0.2.0/24",), "198.51.100.1")
(Allowed(), Denied(reason='visit.address'))
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from ipaddress import ip_address, ip_network

from akashi.identity.maintenance.model import (
    ALL_READS,
    MAX_EMERGENCY_MS,
    MAX_SOURCES,
    MAX_TEXTS,
    MAX_WINDOW_MS,
    READ_ACTIONS,
    Reads,
    Visit,
    VisitStage,
    VisitVerdict,
    WorkPlan,
)
from akashi.identity.model import Person, Role
from akashi.ledger.rules import ALLOWED, Allowed, Denied

REQUESTERS = Role.OPERATIONS | Role.MAINTENANCE
DECIDERS = REVIEWERS = Role.MANAGER | Role.PLANNER
REPORTERS = Role.OPERATIONS | Role.MANAGER | Role.PLANNER | Role.MAINTENANCE
Decision = Allowed | Denied


_NARROWEST = {4: 8, 6: 19}
"""The widest network of a plan: what one organisation can have (10.0.0.0/8; the largest IPv6 allotments). Wider, or "anywhere" in two halves, is no limit."""


def decide_plan(plan: WorkPlan) -> Decision:
    """Is there enough in the plan to decide on? The reason names the field."""
    if not plan.systems or len(plan.systems) > MAX_TEXTS or not all(one.strip() for one in plan.systems):
        return Denied("systems")
    if not plan.steps or len(plan.steps) > MAX_TEXTS or not all(one.strip() for one in plan.steps):
        return Denied("steps")
    if not 0 < len(plan.sources) <= MAX_SOURCES or not all(_is_network(one) for one in plan.sources):
        return Denied("sources")
    if len(plan.test_accounts) > MAX_TEXTS:
        return Denied("test_accounts")
    return ALLOWED


def _is_network(text: str) -> bool:
    try:
        network = ip_network(text)
    except ValueError:
        return False
    return network.prefixlen >= _NARROWEST[network.version]


def decide_source(sources: Sequence[str], address: str) -> Decision:
    """Does ``address`` lie in one of the plan's networks? An IPv4 address in IPv6 clothes is the IPv4 address."""
    try:
        peer = ip_address(address)
    except ValueError:
        return Denied("visit.address")
    plain = getattr(peer, "ipv4_mapped", None) or peer
    for one in sources:
        network = ip_network(one)
        if plain.version == network.version and plain in network:
            return ALLOWED
    return Denied("visit.address")


def decide_person(person: Person | None, institution: str, roles: Role) -> Decision:
    """Is this a working person of ``institution`` with one of ``roles``?"""
    if person is None or person.institution != institution:
        return Denied("actor.person")
    if not person.enabled:
        return Denied("actor.disabled")
    return ALLOWED if person.roles & roles else Denied("actor.roles")


def decide_request(visit: Visit, maintainer: Person | None, now_ms: int) -> Decision:
    """May this be applied for? For a visitor of one's own institution, for a window ahead; an emergency by somebody else than the visitor."""
    if maintainer is None or maintainer.institution != visit.institution or not maintainer.enabled:
        return Denied("visit.maintainer")
    if maintainer.roles != Role.MAINTENANCE:
        return Denied("visit.maintainer")
    most = MAX_EMERGENCY_MS if visit.emergency else MAX_WINDOW_MS
    if not 0 < visit.to_ms - visit.from_ms <= most or visit.to_ms <= now_ms:
        return Denied("visit.window")
    if visit.reads & ~ALL_READS:
        return Denied("visit.reads")
    if visit.emergency and visit.requester == visit.maintainer:
        return Denied("visit.self")
    return ALLOWED


def decide_decision(visit: Visit | None, actor: str, plan: bytes, now_ms: int) -> Decision:
    """May ``actor`` decide, and on this very plan? Work that began before the decision can be decided on after its end too."""
    if visit is None:
        return Denied("visit.unknown")
    if visit.verdict is not None:
        return Denied("visit.decided")
    if actor in (visit.requester, visit.maintainer):
        return Denied("visit.self")
    if plan != visit.plan:
        return Denied("visit.plan")
    if not visit.emergency and now_ms >= visit.to_ms:
        return Denied("visit.over")
    return ALLOWED


def decide_window(visit: Visit, now_ms: int) -> Decision:
    """May the visitor be here now? Approved (or an emergency nobody refused), in the window, not ended."""
    if visit.verdict is VisitVerdict.REFUSED or (visit.verdict is None and not visit.emergency):
        return Denied("visit.not_approved")
    if not visit.from_ms <= now_ms < visit.to_ms:
        return Denied("visit.window")
    if visit.stage not in (VisitStage.REQUESTED, VisitStage.BEGUN):
        return Denied("visit.ended")
    return ALLOWED


def decide_begin(visit: Visit | None, actor: str, now_ms: int, *, other_begun: bool) -> Decision:
    """May ``actor`` begin the work? Only the visitor, once, one visit at a time."""
    if visit is None:
        return Denied("visit.unknown")
    if actor != visit.maintainer:
        return Denied("visit.maintainer")
    if visit.stage is not VisitStage.REQUESTED:
        return Denied("visit.begun")
    if other_begun:
        return Denied("visit.other")
    return decide_window(visit, now_ms)


def decide_end(visit: Visit | None, *, named: bool, now_ms: int) -> Decision:
    """May the visit be ended? By a person at any time, by the gateway alone once the window is over."""
    if visit is None:
        return Denied("visit.unknown")
    if visit.stage is not VisitStage.BEGUN:
        return Denied("visit.not_begun")
    return ALLOWED if named or now_ms >= visit.to_ms else Denied("actor.person")


def decide_impersonation(visit: Visit | None, actor: str, account: Person | None, now_ms: int) -> Decision:
    """May the visitor act as a test account? Where the approved plan says so, during the visit, and not as somebody who manages."""
    if visit is None:
        return Denied("visit.unknown")
    if actor != visit.maintainer:
        return Denied("visit.maintainer")
    if visit.stage is not VisitStage.BEGUN:
        return Denied("visit.not_begun")
    if visit.verdict is not VisitVerdict.ACCEPTED or not visit.impersonates:
        return Denied("visit.not_approved")
    if account is None or account.institution != visit.institution or not account.enabled or account.handle == actor:
        return Denied("visit.account")
    if account.roles & ~(Role.OPERATOR | Role.APPROVER | Role.AUDITOR):
        return Denied("visit.account")
    return decide_window(visit, now_ms)


def decide_report(visit: Visit | None) -> Decision:
    """May it be reported? After its end, once."""
    if visit is None:
        return Denied("visit.unknown")
    return ALLOWED if visit.stage is VisitStage.ENDED else Denied("visit.not_ended")


def decide_review(visit: Visit | None, actor: str) -> Decision:
    """May ``actor`` review the report? Not the visitor, not who reported; and no emergency that was never decided on."""
    if visit is None:
        return Denied("visit.unknown")
    if visit.stage is not VisitStage.REPORTED:
        return Denied("visit.not_reported")
    if actor in (visit.maintainer, visit.reporter):
        return Denied("visit.self")
    return Denied("visit.undecided") if visit.verdict is None else ALLOWED


def granted(visit: Visit | None, now_ms: int) -> frozenset[str]:
    """The actions that the visit adds now: those that were asked for and approved, between its beginning and its end."""
    if visit is None or visit.stage is not VisitStage.BEGUN or visit.verdict is not VisitVerdict.ACCEPTED:
        return frozenset()
    if isinstance(decide_window(visit, now_ms), Denied):
        return frozenset()
    return frozenset(action for bit, action in READ_ACTIONS.items() if bit in visit.reads)


def plan_text(plan: WorkPlan) -> str:
    """The one text of a plan, of which the ledger has the commitment: JSON with sorted keys."""
    return json.dumps(
        {
            "expects": sorted(int(one) for one in plan.expects),
            "purpose": int(plan.purpose),
            "reads": int(plan.reads),
            "sources": list(plan.sources),
            "steps": list(plan.steps),
            "systems": list(plan.systems),
            "test_accounts": list(plan.test_accounts),
            "text": plan.text,
        },
        ensure_ascii=False,
        sort_keys=True,
    )


def sources_digest(visit: str, sources: Sequence[str]) -> bytes:
    """What the ledger knows of a plan's networks: ``SHA-256("akashi/visit-sources/1" 00 || visit || 00 || lines)``."""
    return sha256(b"akashi/visit-sources/1\x00" + visit.encode() + b"\x00" + "\n".join(sources).encode()).digest()


def has_personal(reads: Reads) -> bool:
    """Does the plan need personal data?"""
    return bool(reads & Reads.RESULTS)
