"""The people of the institution: the list, one person with what can be done about them, and the departments.

Guarantees: whoever may not see the list is led to what they may do; roles change by an application only (``rights``). Leaving asks once more,
and says what was left behind. Refuses what ``app.people`` refuses, on the same page, with nothing changed.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.people import presence, rights
from akashi.app.people.rights import Colleague
from akashi.errors import AkashiError
from akashi.identity.lifecycle.model import DepartmentKind
from akashi.identity.model import Job, PersonReason
from akashi.web.exchange import chosen, words
from akashi.web.staff.fields import filled, job_choices, job_word, names_of, part, refusal, role_words
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
PLACES = (
    ("/people", "person.review"),
    ("/rights", "person.apply"),
    ("/resets", "person.reset"),
    ("/reports", "access.read"),
    ("/alerts", "alert.read"),
    ("/access", "self.manage"),
)
"""Where one is led, by what one may do; the first that fits."""


@router.get("/people", **needs("self.manage"))
def listing(visitor: Here, page: str = "1") -> Response:
    """Everybody, with their state; for others the first page that is theirs."""
    first = next(path for path, action in PLACES if visitor.may(action))
    if first != "/people":
        return to(first)
    found = rights.colleagues(visitor.gateway, visitor.session)
    departments = _departments(visitor)
    shown = part(found, page)
    return visitor.page("people.html", place=shown, people=[_row(visitor, one, departments) for one in shown.rows])


def _row(visitor: Visitor, one: Colleague, departments: dict[str, str]) -> dict[str, object]:
    return {
        "one": one,
        "roles": role_words(visitor, one.roles),
        "job": job_word(visitor, one.job),
        "department": departments.get(one.department or "", one.department or "－"),
    }


def _departments(visitor: Visitor) -> dict[str, str]:
    return {one.handle: name or one.handle for one, name in visitor.gateway.people.lifecycle.departments()}


# One person


@router.get("/people/{person}", **needs("person.review"))
def show(visitor: Here, person: str) -> Response:
    """One person."""
    return _person(visitor, person)


def _person(visitor: Visitor, person: str, error: AkashiError | None = None) -> Response:
    status, said = refusal(visitor, error)
    one, departments = rights.colleague(visitor.gateway, visitor.session, person), _departments(visitor)
    found = visitor.gateway.people.lifecycle.departments()
    return visitor.page(
        "people_person.html",
        status,
        error=said,
        row=_row(visitor, one, departments),
        alerts=visitor.gateway.people.alerts.of_person(person),
        departments=[(dep.handle, name or dep.handle) for dep, name in found if dep.open],
        jobs=job_choices(visitor),
        reasons=words(PersonReason),
        own=person == visitor.session.person,
    )


@router.post("/people/{person}/place", **needs("person.manage"))
def place(visitor: Here, person: str, form: OwnForm) -> Response:
    """Department and job, without a change of roles."""
    try:
        department = filled(form, "department")
        rights.placed(visitor.gateway, visitor.session, person, department, chosen(Job, form, "job"))
    except AkashiError as error:
        return _person(visitor, person, error)
    return to(f"/people/{person}", notice="stepped")


@router.post("/people/{person}/leave", **needs("person.manage"))
def leave(visitor: Here, person: str, form: OwnForm) -> Response:
    """Somebody leaves, for good."""
    if form.get("sure") != "1":
        return to(f"/people/{person}", notice="unsure")
    try:
        gone = rights.left(visitor.gateway, visitor.session, person, chosen(PersonReason, form, "reason"))
    except AkashiError as error:
        return _person(visitor, person, error)
    return visitor.page("people_left.html", gone=gone, name=names_of(visitor).get(person, person))


@router.post("/people/{person}/everywhere", **needs("person.manage"))
def everywhere(visitor: Here, person: str, _form: OwnForm) -> Response:
    """End all their sessions."""
    return _done(visitor, person, lambda: presence.everywhere(visitor.gateway, visitor.session, person))


@router.post("/people/{person}/leak", **needs("person.manage"))
def leak(visitor: Here, person: str, form: OwnForm) -> Response:
    """Somebody else may know their secrets: nobody signs in as them until they were reset."""
    if form.get("sure") != "1":
        return to(f"/people/{person}", notice="unsure")
    return _done(visitor, person, lambda: presence.suspect_leak(visitor.gateway, visitor.session, person))


def _done(visitor: Visitor, person: str, step: Callable[[], object]) -> Response:
    try:
        step()
    except AkashiError as error:
        return _person(visitor, person, error)
    return to(f"/people/{person}", notice="stepped")


# Departments


@router.get("/departments", **needs("person.apply"))
def departments(visitor: Here, page: str = "1") -> Response:
    """All departments, and the form for a new one."""
    return _departments_page(visitor, page=page)


def _departments_page(
    visitor: Visitor, error: AkashiError | None = None, page: str = "1", entered: str = ""
) -> Response:
    status, said = refusal(visitor, error)
    names = names_of(visitor)
    shown = part(rights.departments(visitor.gateway, visitor.session), page)
    return visitor.page(
        "people_departments.html",
        status,
        error=said,
        place=shown,
        names=names,
        choices=rights.present(visitor.gateway),
        kinds=words(DepartmentKind),
        entered=entered,
    )


@router.post("/departments", **needs("person.manage"))
def register(visitor: Here, form: OwnForm) -> Response:
    """A new department."""
    try:
        kind, manager = chosen(DepartmentKind, form, "kind"), filled(form, "manager")
        rights.department_registered(visitor.gateway, visitor.session, filled(form, "name"), manager, kind)
    except AkashiError as error:
        return _departments_page(visitor, error, entered=form.get("name"))
    return to("/departments", notice="stepped")


@router.post("/departments/{department}/manager", **needs("person.manage"))
def change_manager(visitor: Here, department: str, form: OwnForm) -> Response:
    """Another manager."""
    try:
        rights.department_changed(visitor.gateway, visitor.session, department, filled(form, "manager"))
    except AkashiError as error:
        return _departments_page(visitor, error)
    return to("/departments", notice="stepped")


@router.post("/departments/{department}/close", **needs("person.manage"))
def close(visitor: Here, department: str, form: OwnForm) -> Response:
    """Nobody works there any more."""
    if form.get("sure") != "1":
        return to("/departments", notice="unsure")
    try:
        rights.department_closed(visitor.gateway, visitor.session, department)
    except AkashiError as error:
        return _departments_page(visitor, error)
    return to("/departments", notice="stepped")
