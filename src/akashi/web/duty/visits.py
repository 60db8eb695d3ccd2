"""Visits of maintainers: the list, an application with its plan, and one visit with everything that can be done about it.

Guarantees: whoever decides sees the plan as the ledger commits to it; the comparison of journal and plan stands on the page from the beginning of the
work. A visitor sees their own visits only. Refuses a plan without systems, steps or networks, and times that are none.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.duty import visits
from akashi.errors import AkashiError
from akashi.identity.events import person
from akashi.identity.journal import What
from akashi.identity.maintenance.errors import VisitUnknown
from akashi.identity.maintenance.model import (
    NO_READS,
    Reads,
    TrialData,
    Visit,
    VisitStage,
    VisitVerdict,
    WorkPlan,
    WorkPurpose,
)
from akashi.identity.maintenance.rules import REPORTERS
from akashi.identity.model import Account, Role
from akashi.web.duty.fields import FieldUnusable, error_values, left, lines, minute, people_of
from akashi.web.exchange import chosen, words
from akashi.web.forms import Form
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
EXPECTABLE = (
    What.ACTION, What.LISTED, What.READ, What.OPENED, What.DOWNLOADED, What.CONVERTED, What.JOURNAL_READ, What.REPORT_READ,
    What.DEVICE_CHANGED, What.DEVICE_INSTALLED, What.KEYS_CHANGED,
)  # fmt: skip
"""What the form offers to expect; the plan of the command line and of the API may name any."""
_MOST, _ENTRIES = 100, 500


@router.get("/visits", **needs("maintenance.request", "maintenance.review"))
def listing(visitor: Here) -> Response:
    """All visits, and the form for a new one."""
    return _list(visitor)


@router.post("/visits", **needs("maintenance.request"))
def request(visitor: Here, form: OwnForm) -> Response:
    """Apply for a visit."""
    gateway, session = visitor.gateway, visitor.session
    try:
        window = minute(form, "from"), minute(form, "to")
        emergency = form.get("emergency") == "1"
        made = visits.request(gateway, session, form.get("visitor"), _plan(visitor, form), window, emergency=emergency)
    except AkashiError as error:
        return _list(visitor, error, form)
    return to(f"/visits/{made}", notice="stepped")


@router.get("/visits/{visit}", **needs("maintenance.request", "maintenance.review"))
def show(visitor: Here, visit: str) -> Response:
    """One visit."""
    return _page(visitor, visit)


@router.post("/visits/{visit}/decide", **needs("maintenance.decide"))
def decide(visitor: Here, visit: str, form: OwnForm) -> Response:
    """Accept or refuse the plan."""
    verdict = chosen(VisitVerdict, form, "verdict")
    return _done(visitor, visit, lambda: visits.decide(visitor.gateway, visitor.session, visit, verdict))


@router.post("/visits/{visit}/begin", **needs("maintenance.work"))
def begin(visitor: Here, visit: str, _form: OwnForm) -> Response:
    """The visitor begins."""
    return _done(visitor, visit, lambda: visits.begin(visitor.gateway, visitor.session, visit))


@router.post("/visits/{visit}/act-as", **needs("maintenance.work"))
def act_as(visitor: Here, visit: str, form: OwnForm) -> Response:
    """The visitor says as whom they act from now on."""
    account = form.get("account")
    return _done(visitor, visit, lambda: visits.act_as(visitor.gateway, visitor.session, visit, account))


@router.post("/visits/{visit}/end", **needs("maintenance.request", "maintenance.review"))
def end(visitor: Here, visit: str, _form: OwnForm) -> Response:
    """The work is over; a visitor who ends it is signed out by that."""
    back = "/login" if visitor.session.roles & Role.MAINTENANCE else f"/visits/{visit}"
    return _done(visitor, visit, lambda: visits.end(visitor.gateway, visitor.session, visit), back)


@router.post("/visits/{visit}/report", **needs("maintenance.request", "maintenance.review"))
def report(visitor: Here, visit: str, form: OwnForm) -> Response:
    """Record the comparison with words."""
    gateway, session = visitor.gateway, visitor.session
    trial, text = chosen(TrialData, form, "test_data"), form.get("text").strip()
    return _done(visitor, visit, lambda: visits.report(gateway, session, visit, trial, text))


@router.post("/visits/{visit}/review", **needs("maintenance.review"))
def review(visitor: Here, visit: str, form: OwnForm) -> Response:
    """The report was looked at."""
    verdict = chosen(VisitVerdict, form, "verdict")
    return _done(visitor, visit, lambda: visits.review(visitor.gateway, visitor.session, visit, verdict))


def _done(visitor: Visitor, visit: str, step: Callable[[], object], back: str = "") -> Response:
    try:
        step()
    except VisitUnknown:
        raise
    except AkashiError as error:
        return _page(visitor, visit, error)
    return to(back) if back == "/login" else to(back or f"/visits/{visit}", notice="stepped")


def _plan(visitor: Visitor, form: Form) -> WorkPlan:
    reads = NO_READS
    for one in Reads:
        if form.get(f"reads_{_name(one)}") == "1":
            reads |= one
    logins = lines(form, "test_accounts")
    found = [visitor.gateway.accounts.person_of_login(one) or one for one in logins]
    if any(not one.startswith("per-") for one in found):
        raise FieldUnusable(field="test_accounts")
    expects = tuple(one for one in EXPECTABLE if form.get(f"expects_{one.name.lower()}") == "1")
    texts = lines(form, "systems"), lines(form, "steps"), lines(form, "sources")
    purpose = chosen(WorkPurpose, form, "purpose")
    return WorkPlan(purpose, *texts, expects, reads, tuple(found), form.get("text").strip())


def _list(visitor: Visitor, error: AkashiError | None = None, form: Form | None = None) -> Response:
    status, said = error_values(visitor, error)
    found = visits.listed(visitor.gateway, visitor.session)
    people = people_of(visitor)
    return visitor.page(
        "visits.html",
        status,
        error=said,
        entered=form.values if form is not None else {},
        visits=[_row(visitor, one, people) for one in found[:_MOST]],
        more=max(0, len(found) - _MOST),
        visitors=_maintainers(visitor),
        purposes=words(WorkPurpose),
        expects=[one.name.lower() for one in EXPECTABLE],
        reads=[_name(one) for one in Reads],
    )


def _maintainers(visitor: Visitor) -> list[Account]:
    accounts = visitor.gateway.accounts.accounts()
    with visitor.gateway.ledger.view() as state:
        people = {one.person: person(state, one.person) for one in accounts}
    found = {handle for handle, one in people.items() if one and one.enabled and one.roles & Role.MAINTENANCE}
    return [one for one in accounts if one.person in found]


def _row(visitor: Visitor, one: Visit, people: dict[str, str]) -> dict[str, object]:
    now = visitor.gateway.clock.now_ms()
    running = one.stage is VisitStage.BEGUN
    return {
        "one": one,
        "visitor": people.get(one.maintainer, one.maintainer),
        "requester": people.get(one.requester, one.requester),
        "stage": one.stage.name.lower(),
        "verdict": "open" if one.verdict is None else one.verdict.name.lower(),
        "left": left(one.to_ms, now, visitor.language) if running else "",
    }


def _page(visitor: Visitor, handle: str, error: AkashiError | None = None) -> Response:
    status, said = error_values(visitor, error)
    found = visits.shown(visitor.gateway, visitor.session, handle)
    one, me, people = found.visit, visitor.session.person, people_of(visitor)
    row = _row(visitor, one, people)
    return visitor.page(
        "visit.html",
        status,
        error=said,
        visit=row,
        one=one,
        plan=found.plan,
        reads=[_name(each) for each in Reads if each in found.plan.reads],
        entries=found.entries[:_ENTRIES],
        count=len(found.entries),
        comparison=found.comparison,
        report=None if found.report is None else json.loads(found.report),
        people=people,
        trial_data=words(TrialData),
        can=_can(visitor, one, me),
    )


def _can(visitor: Visitor, one: Visit, me: str) -> dict[str, bool]:
    """What the page offers; the ledger decides again."""
    roles = visitor.session.roles
    begun, mine = one.stage is VisitStage.BEGUN, one.maintainer == me
    approved = one.verdict is VisitVerdict.ACCEPTED or (one.emergency and one.verdict is None)
    return {
        "decide": one.verdict is None
        and visitor.may("maintenance.decide")
        and me not in {one.requester, one.maintainer},
        "begin": mine and one.stage is VisitStage.REQUESTED and approved,
        "act_as": mine and begun and one.impersonates and one.verdict is VisitVerdict.ACCEPTED,
        "end": begun,
        "report": one.stage is VisitStage.ENDED and bool(roles & REPORTERS),
        "review": one.stage is VisitStage.REPORTED
        and visitor.may("maintenance.review")
        and me not in {one.maintainer, one.reporter},
    }


def _name(one: Reads) -> str:
    return (one.name or "").lower()
