"""Visits of maintainers, as people handle them.

Guarantees: every step is permitted first and is in the access journal, refusals too; a decider sees the plan that they decide on, as the
ledger commits to it; a report is made from the journal. Refuses what ``identity`` denies and the ledger refuses. Trusts: the session.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from akashi.app.duty.emergencies import journalled
from akashi.app.gateway.home import Gateway
from akashi.identity.journal import Access, What
from akashi.identity.maintenance.errors import VisitUnknown
from akashi.identity.maintenance.model import (
    Comparison,
    Report,
    TrialData,
    Visit,
    VisitStage,
    VisitVerdict,
    WorkPlan,
)
from akashi.identity.model import Role, Session
from akashi.ledger.model import HANDLE

REQUEST, DECIDE, WORK, REVIEW = "maintenance.request", "maintenance.decide", "maintenance.work", "maintenance.review"
_DECIDERS = Role.MANAGER | Role.PLANNER


@dataclass(frozen=True, slots=True)
class Shown:
    """One visit with its plan, what the journal has of it, and how the two compare."""

    visit: Visit
    plan: WorkPlan = field(repr=False)
    entries: tuple[Access, ...]
    comparison: Comparison | None
    report: str | None = field(repr=False)


def listed(gateway: Gateway, session: Session) -> list[Visit]:
    """The visits of this institution, the newest first; a visitor sees their own."""
    _may_look(gateway, session)
    found = [one for one in gateway.people.visits.visits() if _is_mine(session, one)]
    gateway.journal.record(What.LISTED, session=session, count=len(found), reason="visit.list")
    return found


def shown(gateway: Gateway, session: Session, visit: str) -> Shown:
    """One visit in full. Raises :class:`VisitUnknown`, ``PlanAltered``."""
    _may_look(gateway, session)
    with journalled(gateway, session, What.REPORT_READ, "visit.shown", _handle(visit)):
        service = gateway.people.visits
        found = service.visit(visit)
        if not _is_mine(session, found):
            raise VisitUnknown
        begun = found.stage is not VisitStage.REQUESTED
        entries = tuple(service.entries(visit)) if begun else ()
        comparison = service.compare(visit) if begun else None
        return Shown(found, service.plan(visit), entries, comparison, service.report_text(visit))


def request(
    gateway: Gateway,
    session: Session,
    maintainer: str,
    plan: WorkPlan,
    window: tuple[int, int],
    *,
    emergency: bool = False,
) -> str:
    """Apply for a visit in a window of ``(from, to)`` milliseconds; ``emergency``: it begins before it is decided on."""
    gateway.accounts.require(session, REQUEST)
    with journalled(gateway, session, What.MAINTENANCE_REQUESTED, "visit.requested", _handle(maintainer)):
        return gateway.people.visits.request(maintainer, plan, *window, session, emergency=emergency)


def decide(gateway: Gateway, session: Session, visit: str, verdict: VisitVerdict) -> Visit:
    """Decide on the plan of a visit."""
    gateway.accounts.require(session, DECIDE)
    with journalled(gateway, session, What.MAINTENANCE_DECIDED, f"visit.{verdict.name.lower()}", _handle(visit)):
        return gateway.people.visits.decide(visit, verdict, session)


def begin(gateway: Gateway, session: Session, visit: str) -> Visit:
    """The visitor begins."""
    gateway.accounts.require(session, WORK)
    with journalled(gateway, session, What.MAINTENANCE_BEGUN, "visit.begun", _handle(visit)):
        return gateway.people.visits.begin(visit, session)


def act_as(gateway: Gateway, session: Session, visit: str, account: str) -> None:
    """The visitor acts as a test account of the plan from now on."""
    gateway.accounts.require(session, WORK)
    with journalled(gateway, session, What.MAINTENANCE_BEGUN, "visit.impersonated", _handle(account)):
        gateway.people.visits.act_as(_handle(visit), account, session)


def end(gateway: Gateway, session: Session, visit: str) -> Visit:
    """End a visit: one's own, or as whoever applies for or decides on visits."""
    _may_look(gateway, session)
    with journalled(gateway, session, What.MAINTENANCE_ENDED, "visit.ended", _handle(visit)):
        if not _is_mine(session, gateway.people.visits.visit(visit)):
            raise VisitUnknown
        return gateway.people.visits.end(visit, session)


def report(gateway: Gateway, session: Session, visit: str, trial_data: TrialData, text: str) -> Report:
    """Compare journal and plan, say what became of test data, and record it."""
    _may_look(gateway, session)
    with journalled(gateway, session, What.MAINTENANCE_REPORTED, "visit.reported", _handle(visit)):
        return gateway.people.visits.report(visit, trial_data, text, session)


def review(gateway: Gateway, session: Session, visit: str, verdict: VisitVerdict) -> Visit:
    """Record that the report was looked at."""
    gateway.accounts.require(session, REVIEW)
    with journalled(gateway, session, What.REVIEWED, f"visit.review_{verdict.name.lower()}", _handle(visit)):
        return gateway.people.visits.review(visit, verdict, session)


def _handle(text: str) -> str:
    if not HANDLE.fullmatch(text):
        raise VisitUnknown
    return text


def _may_look(gateway: Gateway, session: Session) -> None:
    wanted = REVIEW if session.roles & _DECIDERS else REQUEST
    gateway.accounts.require(session, wanted)


def _is_mine(session: Session, visit: Visit) -> bool:
    return not session.roles & Role.MAINTENANCE or visit.maintainer == session.person
