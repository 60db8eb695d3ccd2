"""Devices of the institution: see, add, revoke. For managers.

Guarantees: the pick-up code and the password of a new device are on one page, once, and nowhere else; the page says to hand them over
separately. Refuses everybody without ``device.manage``.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.desk import devices
from akashi.app.people.devices import standings
from akashi.app.people.rights import present
from akashi.errors import AkashiError
from akashi.identity.devices.model import DeviceStanding
from akashi.identity.devices.rules import decide_renewal
from akashi.identity.model import DeviceReason
from akashi.ledger.rules import Allowed
from akashi.web.exchange import chosen, words
from akashi.web.rendering import told
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()


@router.get("/devices", **needs("device.manage"))
def listing(visitor: Here) -> Response:
    """All devices, and the form for a new one."""
    return _page(visitor)


@router.post("/devices", **needs("device.manage"))
def add(visitor: Here, form: OwnForm) -> Response:
    """A new device; its code and password are shown this once."""
    try:
        made = devices.added(visitor.gateway, visitor.session, form.get("person"))
    except AkashiError as error:
        return _page(visitor, error)
    return visitor.page("device.html", made=made)


@router.post("/devices/{device}/revoke", **needs("device.manage"))
def revoke(visitor: Here, device: str, form: OwnForm) -> Response:
    """Refuse a device from now on."""
    try:
        devices.revoked(visitor.gateway, visitor.session, device, chosen(DeviceReason, form, "reason"))
    except AkashiError as error:
        return _page(visitor, error)
    return to("/devices", notice="revoked")


def _page(visitor: Visitor, error: AkashiError | None = None) -> Response:
    people = {one.person: one.name for one in visitor.gateway.accounts.accounts()}
    return visitor.page(
        "devices.html",
        200 if error is None else error.http_status,
        error=None if error is None else told(error, visitor.language),
        devices=[_row(one, people, visitor) for one in standings(visitor.gateway, visitor.session)],
        people=present(visitor.gateway),
        reasons=words(DeviceReason),
        alone=devices.may_add_alone(visitor.gateway),
    )


def _row(found: DeviceStanding, people: dict[str, str], visitor: Visitor) -> dict[str, object]:
    one = found.device
    return {
        "handle": one.handle,
        "person": people.get(one.responsible, one.responsible),
        "from_ms": one.from_ms,
        "to_ms": one.to_ms,
        "days": found.days_left,
        "successor": found.successor,
        "orphaned": found.orphaned,
        "revoked_ms": one.revoked_ms,
        "machine": one.machine,
        "here": one.handle == visitor.caller.device,
        "renewable": renewable(found, visitor.gateway.clock.now_ms()),
    }


def renewable(found: DeviceStanding, now_ms: int) -> bool:
    """Whether a page offers a successor; machines of a gateway get theirs at the console."""
    one, renewed = found.device, found.successor is not None
    decision = decide_renewal(one, one.institution, renewed=renewed, now_ms=now_ms)
    return not one.machine and isinstance(decision, Allowed)
