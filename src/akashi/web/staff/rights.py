"""Applications for rights: made in the name of a department, decided by somebody else, confirmed by the department's manager.

Guarantees: the page offers a step only to those who may do it now; what is asked for stands beside what the person has. A newcomer is made
here too: there is no other way to give somebody rights. Refuses what the rules refuse, with what was entered still there.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.people import rights
from akashi.app.people.rights import Application
from akashi.errors import AkashiError
from akashi.identity.lifecycle.errors import RequestUnusable
from akashi.identity.lifecycle.model import RightsReason, RightsRequest, RightsStage, Verdict
from akashi.identity.model import Job, Role
from akashi.web.exchange import chosen
from akashi.web.forms import Form
from akashi.web.staff.fields import (
    DAY_MS,
    chosen_roles,
    day_ms,
    filled,
    job_choices,
    job_word,
    names_of,
    part,
    refusal,
    role_choices,
    role_words,
)
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_TONES = {
    RightsStage.REQUESTED: "warn",
    RightsStage.APPROVED: "warn",
    RightsStage.REFUSED: "stop",
    RightsStage.CONFIRMED: "good",
    RightsStage.SUSPENDED: "stop",
}
_FOR = {
    Verdict.APPROVED: (RightsReason.WORK_NEEDS_IT, RightsReason.FOR_A_TIME),
    Verdict.REFUSED: (
        RightsReason.NOT_NEEDED,
        RightsReason.TOO_WIDE,
        RightsReason.TRAINING_MISSING,
        RightsReason.ERROR,
    ),
}


@router.get("/rights", **needs("person.apply"))
def listing(visitor: Here, page: str = "1") -> Response:
    """All applications; those that wait for somebody come first."""
    found = rights.applications(visitor.gateway, visitor.session)
    waits = (RightsStage.REQUESTED, RightsStage.APPROVED)
    shown = part(sorted(found, key=lambda one: one.request.stage not in waits), page)
    return visitor.page("rights.html", place=shown, rows=[_row(visitor, one) for one in shown.rows])


@router.get("/rights/new", **needs("person.apply"))
def new(visitor: Here, person: str = "") -> Response:
    """The form; ``person``: for somebody who is here already."""
    return _form(visitor, Form({"person": person}))


@router.post("/rights/new", **needs("person.apply"))
def apply(visitor: Here, form: OwnForm) -> Response:
    """Apply."""
    person = form.get("person")
    try:
        until = day_ms(form.get("until"), "until") + DAY_MS if form.get("until") else None
        made = rights.applied(
            visitor.gateway,
            visitor.session,
            department=filled(form, "department"),
            roles=_some(chosen_roles(form)),
            job=chosen(Job, form, "job"),
            basis=filled(form, "basis"),
            person=person or None,
            login="" if person else filled(form, "login"),
            name="" if person else filled(form, "name"),
            until_ms=until,
        )
    except AkashiError as error:
        return _form(visitor, form, error)
    return to(f"/rights/{made.handle}", notice="stepped")


def _some(roles: Role) -> Role:
    if not roles:
        raise RequestUnusable(reason="rights.roles")
    return roles


def _form(visitor: Visitor, entered: Form, error: AkashiError | None = None) -> Response:
    status, said = refusal(visitor, error)
    found = visitor.gateway.people.lifecycle.departments()
    return visitor.page(
        "rights_new.html",
        status,
        error=said,
        departments=[(one.handle, name or one.handle) for one, name in found if one.open],
        choices=rights.present(visitor.gateway),
        roles=role_choices(visitor),
        jobs=job_choices(visitor),
        entered=entered,
    )


@router.get("/rights/{request}", **needs("person.apply"))
def show(visitor: Here, request: str) -> Response:
    """One application."""
    return _show(visitor, request)


@router.post("/rights/{request}/decide", **needs("person.decide"))
def decide(visitor: Here, request: str, form: OwnForm) -> Response:
    """Approve or refuse; the word of the button carries both."""
    try:
        verdict = chosen(Verdict, form, "verdict")
        reason = chosen(RightsReason, form, "reason" if verdict is Verdict.APPROVED else "refusal")
        rights.decided(visitor.gateway, visitor.session, request, verdict, reason)
    except AkashiError as error:
        return _show(visitor, request, error)
    return to(f"/rights/{request}", notice="stepped")


@router.post("/rights/{request}/confirm", **needs("person.confirm"))
def confirm(visitor: Here, request: str, form: OwnForm) -> Response:
    """Say whether what is in force is what was applied for."""
    try:
        matches = {"yes": True, "no": False}.get(filled(form, "matches"), False)
        rights.confirmed(visitor.gateway, visitor.session, request, matches=matches)
    except AkashiError as error:
        return _show(visitor, request, error)
    return to(f"/rights/{request}", notice="stepped")


def _show(visitor: Visitor, request: str, error: AkashiError | None = None) -> Response:
    status, said = refusal(visitor, error)
    one = rights.application(visitor.gateway, visitor.session, request)
    me, asked = visitor.session.person, one.request
    not_mine = me not in (asked.requester, asked.person)
    return visitor.page(
        "rights_request.html",
        status,
        error=said,
        row=_row(visitor, one),
        before=_before(visitor, asked),
        basis=one.texts.basis,
        may_decide=asked.stage is RightsStage.REQUESTED and not_mine and visitor.may("person.decide"),
        may_confirm=_may_confirm(visitor, asked),
        good=[reason.name.lower() for reason in _FOR[Verdict.APPROVED]],
        bad=[reason.name.lower() for reason in _FOR[Verdict.REFUSED]],
    )


def _may_confirm(visitor: Visitor, asked: RightsRequest) -> bool:
    """The department's manager, or where that one cannot another who may decide; the rules say the last word."""
    me = visitor.session.person
    if asked.stage is not RightsStage.APPROVED or me in (asked.decider, asked.person):
        return False
    manager = next(
        (dep.manager for dep, _ in visitor.gateway.people.lifecycle.departments() if dep.handle == asked.department), ""
    )
    here = {handle for handle, _ in rights.present(visitor.gateway)}
    away = manager not in here or manager in (asked.decider, asked.person)
    return visitor.may("person.confirm") and (me == manager or (away and visitor.may("person.decide")))


def _before(visitor: Visitor, asked: RightsRequest) -> dict[str, str]:
    """What the person had (where decided) or has (where not)."""
    names = _departments(visitor)
    if asked.stage is not RightsStage.REQUESTED:
        roles, department, job = asked.before_roles, asked.before_department, asked.before_job
    else:
        found = next((one for one in visitor.gateway.accounts.accounts() if one.person == asked.person), None)
        if found is None:
            return {"roles": role_words(visitor, 0), "department": "－", "job": "－"}
        now = rights.standing_now(visitor.gateway, asked.person)
        roles, department, job = now.roles, now.department, now.job
    return {
        "roles": role_words(visitor, roles),
        "department": names.get(department or "", department or "－"),
        "job": job_word(visitor, job),
    }


def _departments(visitor: Visitor) -> dict[str, str]:
    return {one.handle: name or one.handle for one, name in visitor.gateway.people.lifecycle.departments()}


def _row(visitor: Visitor, one: Application) -> dict[str, object]:
    names, asked = names_of(visitor), one.request
    return {
        "one": asked,
        "person": names.get(asked.person) or one.texts.name or asked.person,
        "login": one.texts.login,
        "newcomer": asked.person not in names,
        "requester": names.get(asked.requester, asked.requester),
        "decider": names.get(asked.decider or "", asked.decider or "－"),
        "confirmer": names.get(asked.confirmer or "", asked.confirmer or "－"),
        "department": _departments(visitor).get(asked.department, asked.department),
        "roles": role_words(visitor, asked.roles),
        "job": job_word(visitor, asked.job),
        "stage": asked.stage.name.lower(),
        "tone": _TONES[asked.stage],
    }
