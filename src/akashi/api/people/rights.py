"""Routes of people, departments and applications for rights.

Guarantees: the same use cases as the pages, so the same permissions, journal entries and refusals. Refuses unknown fields, roles that cannot be
applied for, and handles of other forms.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from akashi.api.gateway.session import GatewayHere, SessionHere, Strict, person
from akashi.api.people import rows
from akashi.api.people.rows import DepartmentHere, Page, PersonHere, RequestHere
from akashi.app.people import presence, rights
from akashi.identity.lifecycle.model import DepartmentKind, RightsReason, Verdict
from akashi.identity.model import Job, PersonReason

router = APIRouter(prefix="/api/v1", tags=["people"])
RoleWord = Literal[
    "operator",
    "approver",
    "manager",
    "auditor",
    "assessor",
    "committee",
    "board",
    "planner",
    "operations",
    "maintenance",
]
JobWord = Literal[
    "doctor",
    "dentist",
    "pharmacist",
    "nurse",
    "public_health_nurse",
    "laboratory_technologist",
    "radiographer",
    "dietitian",
    "clerk",
    "systems",
    "other",
]
Roles = Annotated[list[RoleWord], Field(min_length=1, max_length=10)]
Handle = Annotated[str, Field(max_length=80)]


class DepartmentBody(Strict):
    """A new department."""

    name: str = Field(max_length=100, repr=False)
    manager: Handle
    kind: Literal["clinical", "laboratory", "administration", "systems", "other"]


class LeadBody(Strict):
    """Who answers for a department from now on."""

    manager: Handle


class PlaceBody(Strict):
    """Department and job of a person."""

    department: Handle
    job: JobWord


class LeaveBody(Strict):
    """Why somebody is stopped."""

    reason: Literal["left", "moved", "suspected_leak", "unused", "error"] = "left"


class ApplicationBody(Strict):
    """An application: for ``person``, or with ``login`` and ``name`` for a newcomer."""

    department: Handle
    roles: Roles
    job: JobWord
    basis: str = Field(min_length=1, max_length=2000, repr=False)
    person: Handle | None = None
    login: str = Field(default="", max_length=64, repr=False)
    name: str = Field(default="", max_length=100, repr=False)
    until_ms: int | None = Field(default=None, ge=0)


class DecisionBody(Strict):
    """What is decided on an application, and why."""

    verdict: Literal["approved", "refused"]
    reason: Literal["work_needs_it", "for_a_time", "not_needed", "too_wide", "training_missing", "error"]


class ConfirmationBody(Strict):
    """Whether what is in force is what was applied for."""

    matches: bool


@router.get("/people", **person("person.review"))
def people(gateway: GatewayHere, session: SessionHere, page: Page = 1) -> dict[str, Any]:
    """Everybody with an account, a hundred at a time."""
    return rows.paged([rows.colleague_row(one) for one in rights.colleagues(gateway, session)], page)


@router.get("/people/{person}", **person("person.review"))
def one_person(gateway: GatewayHere, session: SessionHere, person: PersonHere) -> dict[str, Any]:
    """One person."""
    return rows.colleague_row(rights.colleague(gateway, session, person))


@router.post("/people/{person}/place", **person("person.manage"))
def place(gateway: GatewayHere, session: SessionHere, person: PersonHere, body: PlaceBody) -> dict[str, Any]:
    """Department and job, without a change of roles."""
    rights.placed(gateway, session, person, body.department, Job[body.job.upper()])
    return {"person": person, "department": body.department, "job": body.job}


@router.post("/people/{person}/leave", **person("person.manage"))
def leave(gateway: GatewayHere, session: SessionHere, person: PersonHere, body: LeaveBody) -> dict[str, Any]:
    """Stop somebody for good; answers with what they leave behind."""
    gone = rights.left(gateway, session, person, PersonReason[body.reason.upper()])
    left = gone.left
    return {
        "person": person,
        "keys": left.keys,
        "sessions": left.sessions,
        "devices": list(left.devices),
        "departments": list(left.departments),
        "transfers": list(gone.transfers),
    }


@router.post("/people/{person}/sign-out", **person("person.manage"))
def sign_out(gateway: GatewayHere, session: SessionHere, person: PersonHere) -> dict[str, Any]:
    """End all sessions of somebody."""
    return {"person": person, "sessions": presence.everywhere(gateway, session, person)}


@router.post("/people/{person}/leak", **person("person.manage"))
def leak(gateway: GatewayHere, session: SessionHere, person: PersonHere) -> dict[str, Any]:
    """Somebody may know their secrets: nobody signs in as them before a reset."""
    return {"person": person, "sessions": presence.suspect_leak(gateway, session, person)}


@router.get("/departments", **person("person.apply"))
def departments(gateway: GatewayHere, session: SessionHere, page: Page = 1) -> dict[str, Any]:
    """The departments with their names."""
    found = rights.departments(gateway, session)
    return rows.paged([rows.department_row(one, name) for one, name in found], page)


@router.post("/departments", status_code=201, **person("person.manage"))
def register(gateway: GatewayHere, session: SessionHere, body: DepartmentBody) -> dict[str, Any]:
    """A new department; from the first one on rights are given by applications only."""
    kind = DepartmentKind[body.kind.upper()]
    return {"department": rights.department_registered(gateway, session, body.name, body.manager, kind)}


@router.post("/departments/{department}/manager", **person("person.manage"))
def change_manager(
    gateway: GatewayHere, session: SessionHere, department: DepartmentHere, body: LeadBody
) -> dict[str, Any]:
    """Another manager answers for it."""
    rights.department_changed(gateway, session, department, body.manager)
    return {"department": department, "manager": body.manager}


@router.post("/departments/{department}/close", **person("person.manage"))
def close(gateway: GatewayHere, session: SessionHere, department: DepartmentHere) -> dict[str, Any]:
    """Nobody works there any more."""
    rights.department_closed(gateway, session, department)
    return {"department": department, "open": False}


@router.get("/rights", **person("person.apply"))
def applications(gateway: GatewayHere, session: SessionHere, page: Page = 1) -> dict[str, Any]:
    """All applications, newest first."""
    return rows.paged([rows.application_row(one) for one in rights.applications(gateway, session)], page)


@router.post("/rights", status_code=201, **person("person.apply"))
def apply(gateway: GatewayHere, session: SessionHere, body: ApplicationBody) -> dict[str, Any]:
    """Apply in the name of a department."""
    made = rights.applied(
        gateway,
        session,
        department=body.department,
        roles=rows.roles_of(body.roles),
        job=Job[body.job.upper()],
        basis=body.basis,
        person=body.person,
        login=body.login,
        name=body.name,
        until_ms=body.until_ms,
    )
    return {"request": made.handle, "person": made.person, "stage": made.stage.name.lower()}


@router.get("/rights/{request}", **person("person.apply"))
def application(gateway: GatewayHere, session: SessionHere, request: RequestHere) -> dict[str, Any]:
    """One application."""
    return rows.application_row(rights.application(gateway, session, request))


@router.post("/rights/{request}/decide", **person("person.decide"))
def decide(gateway: GatewayHere, session: SessionHere, request: RequestHere, body: DecisionBody) -> dict[str, Any]:
    """Decide on somebody else's application about somebody else."""
    verdict, reason = Verdict[body.verdict.upper()], RightsReason[body.reason.upper()]
    found = rights.decided(gateway, session, request, verdict, reason)
    return {"request": request, "person": found.person, "stage": found.stage.name.lower()}


@router.post("/rights/{request}/confirm", **person("person.confirm"))
def confirm(gateway: GatewayHere, session: SessionHere, request: RequestHere, body: ConfirmationBody) -> dict[str, Any]:
    """Say whether it matches; a mismatch puts back what was before."""
    found = rights.confirmed(gateway, session, request, matches=body.matches)
    return {"request": request, "person": found.person, "stage": found.stage.name.lower()}
