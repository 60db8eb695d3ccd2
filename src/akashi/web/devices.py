"""Devices of the institution: see, add, revoke. For managers.

Guarantees: the pick-up code and the password of a new device are on one page, once, and nowhere else; the page says to hand them over
separately. Refuses everybody without ``device.manage``.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.desk import devices
from akashi.errors import AkashiError
from akashi.identity.model import Device, DeviceReason
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
        devices=[_row(one, people, visitor) for one in devices.listed(visitor.gateway, visitor.session)],
        people=sorted(people.items(), key=lambda item: item[1]),
        reasons=words(DeviceReason),
    )


def _row(one: Device, people: dict[str, str], visitor: Visitor) -> dict[str, object]:
    return {
        "handle": one.handle,
        "person": people.get(one.responsible, one.responsible),
        "from_ms": one.from_ms,
        "to_ms": one.to_ms,
        "revoked_ms": one.revoked_ms,
        "machine": one.certificate == visitor.gateway.machine_certificate(),
        "here": one.handle == visitor.caller.device,
    }
