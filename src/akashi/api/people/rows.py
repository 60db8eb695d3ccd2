"""How people, applications, reviews and the like look in JSON, and parts of long lists.

Guarantees: words of enums in lower case, times in milliseconds, at most a hundred rows an answer. Refuses nothing.

>>> paged([{"n": n} for n in range(120)], 2)["page"], len(paged([{"n": n} for n in range(120)], 2)["rows"])
(2, 20)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Path, Query

from akashi.app.people.reports import AccessReview
from akashi.app.people.reviews import Line
from akashi.app.people.rights import Application, Colleague
from akashi.identity.access.model import ClientAccount, Issued
from akashi.identity.lifecycle.model import Department, Reset, Review
from akashi.identity.lifecycle.reporting import AccessReport
from akashi.identity.model import Role
from akashi.identity.permissions import client_actions
from akashi.identity.presence.model import Alert

PAGE = 100
Page = Annotated[int, Query(ge=1, le=100_000)]
_HANDLE = r"-[0-9a-z]{1,64}$"
PersonHere = Annotated[str, Path(pattern="^per" + _HANDLE)]
DepartmentHere = Annotated[str, Path(pattern="^dep" + _HANDLE)]
RequestHere = Annotated[str, Path(pattern="^req" + _HANDLE)]
ReviewHere = Annotated[str, Path(pattern="^rev" + _HANDLE)]
ResetHere = Annotated[str, Path(pattern="^rst" + _HANDLE)]
ClientHere = Annotated[str, Path(pattern="^cli" + _HANDLE)]


def paged(rows: Sequence[dict[str, Any]], page: int) -> dict[str, Any]:
    """One part of a list; a page behind the last is empty."""
    return {"page": page, "last": max(1, -(-len(rows) // PAGE)), "rows": list(rows[(page - 1) * PAGE : page * PAGE])}


def role_names(roles: int) -> list[str]:
    """The words of roles."""
    return [role.name.lower() for role in Role if roles & role and role.name]


def roles_of(names: Sequence[str]) -> Role:
    """The roles that words stand for; the body's type allowed known words only."""
    roles = Role(0)
    for name in names:
        roles |= Role[name.upper()]
    return roles


def colleague_row(one: Colleague) -> dict[str, Any]:
    """A person."""
    return {
        "person": one.account.person,
        "login": one.account.login,
        "name": one.account.name,
        "enabled": one.enabled,
        "roles": role_names(one.roles),
        "roles_until_ms": one.until_ms,
        "department": one.department,
        "job": None if one.job is None else one.job.name.lower(),
        "has_password": one.account.has_password,
        "has_factor": one.has_factor,
        "last_sign_in_ms": one.last_ms,
        "alerts": one.alerts,
    }


def department_row(one: Department, name: str) -> dict[str, Any]:
    """A department."""
    kind = one.kind.name.lower()
    return {"department": one.handle, "name": name, "manager": one.manager, "kind": kind, "open": one.open}


def application_row(one: Application) -> dict[str, Any]:
    """An application for rights."""
    asked = one.request
    return {
        "request": asked.handle,
        "person": asked.person,
        "login": one.texts.login,
        "name": one.texts.name,
        "basis": one.texts.basis,
        "roles": role_names(asked.roles),
        "department": asked.department,
        "job": asked.job.name.lower(),
        "until_ms": asked.until_ms,
        "stage": asked.stage.name.lower(),
        "requester": asked.requester,
        "requested_ms": asked.requested_ms,
        "decider": asked.decider,
        "decided_ms": asked.decided_ms,
        "confirmer": asked.confirmer,
    }


def review_row(one: Review) -> dict[str, Any]:
    """A periodic review."""
    return {
        "review": one.handle,
        "digest": one.digest.hex(),
        "count": one.count,
        "decided": one.decided,
        "opened_ms": one.opened_ms,
        "closed_ms": one.closed_ms,
    }


def line_row(one: Line) -> dict[str, Any]:
    """A finding."""
    return {
        "subject": one.found.subject,
        "login": one.login,
        "finding": one.found.finding.name.lower(),
        "detail": one.found.detail,
        "decision": None if one.decision is None else one.decision.name.lower(),
        "by": one.by,
        "note": one.note,
    }


def reset_row(one: Reset) -> dict[str, Any]:
    """A reset."""
    return {
        "reset": one.handle,
        "person": one.person,
        "method": one.method.name.lower(),
        "document": None if one.document is None else one.document.hex(),
        "checker": one.checker,
        "witness": one.witness,
        "at_ms": one.at_ms,
    }


def report_rows(one: AccessReport, most: int) -> dict[str, Any]:
    """A report of access; of each list at most ``most`` rows, with the count of all."""
    stays = [
        {"person": s.person, "device": s.device, "start_ms": s.start_ms, "end_ms": s.end_ms} for s in one.stays[:most]
    ]
    touched = [
        {"person": t.person, "subject": t.subject, "count": t.count, "first_ms": t.first_ms, "last_ms": t.last_ms}
        for t in one.touched[:most]
    ]
    marks = [
        {
            "number": m.number,
            "at_ms": m.at_ms,
            "person": m.person,
            "mark": m.mark.name.lower(),
            "what": m.what.name.lower(),
            "subject": m.subject,
        }
        for m in one.marks[:most]
    ]
    counts = {"stays": len(one.stays), "touched": len(one.touched), "marks": len(one.marks)}
    return {
        "from_ms": one.from_ms,
        "to_ms": one.to_ms,
        "people": [{"person": person, "entries": count} for person, count in one.people[:most]],
        "stays": stays,
        "touched": touched,
        "marks": marks,
        "counts": counts,
    }


def access_review_row(one: AccessReview) -> dict[str, Any]:
    """A review of access."""
    return {
        "from_ms": one.from_ms,
        "to_ms": one.to_ms,
        "head": one.head.hex(),
        "findings": one.findings,
        "verdict": one.verdict.name.lower(),
        "by": one.by,
        "at_ms": one.at_ms,
        "approved": one.approved,
    }


def alert_row(one: Alert) -> dict[str, Any]:
    """An alert."""
    return {
        "number": one.number,
        "kind": one.kind,
        "subject": one.subject,
        "person": one.person,
        "count": one.count,
        "first_ms": one.first_ms,
        "last_ms": one.last_ms,
        "acknowledged_ms": one.acknowledged_ms,
        "acknowledged_by": one.acknowledged_by,
    }


def client_row(one: ClientAccount) -> dict[str, Any]:
    """A machine client."""
    client = one.client
    return {
        "client": client.handle,
        "label": one.label,
        "device": client.device,
        "actions": sorted(client_actions(client.actions)),
        "until_ms": client.until_ms,
        "responsible": client.responsible,
        "counterpart": client.counterpart,
        "networks": list(one.networks),
        "enabled": client.enabled,
        "secrets_end_ms": list(one.secrets_end_ms),
    }


def secret_row(one: Issued) -> dict[str, Any]:
    """A new secret, in this answer only."""
    return {
        "client": one.client,
        "bearer": one.bearer,
        "ends_ms": one.ends_ms,
        "overlap_until_ms": one.overlap_until_ms,
    }
