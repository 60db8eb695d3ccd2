"""Devices as people ask for them: one's own, a request, its approval, renewal, handing on, and a loss.

Guarantees: whoever asks does not approve; code and password are on one page, once; a loss is told without a fresh proof. Refuses devices of
others, as if they did not exist.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.desk.devices import Added
from akashi.app.people import devices
from akashi.app.people.rights import present
from akashi.errors import AkashiError
from akashi.identity.devices.model import DevicePurpose, DeviceStanding, DeviceWanted, RequestStage
from akashi.web.devices import renewable
from akashi.web.duty.fields import error_values, people_of
from akashi.web.exchange import chosen, words
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_MOST = 200


@router.get("/devices/requests", **needs("self.manage"))
def listing(visitor: Here) -> Response:
    """One's own devices, requests, and the form to ask."""
    return _page(visitor)


@router.post("/devices/requests", **needs("device.request"))
def request(visitor: Here, form: OwnForm) -> Response:
    """Ask for a device."""
    purpose, owner = chosen(DevicePurpose, form, "purpose"), form.get("person")
    return _done(visitor, lambda: devices.request(visitor.gateway, visitor.session, purpose, owner))


@router.post("/devices/requests/{device}/approve", **needs("device.manage"))
def approve(visitor: Here, device: str, _form: OwnForm) -> Response:
    """Approve, and issue it."""
    return _made(visitor, lambda: devices.approve(visitor.gateway, visitor.session, device))


@router.post("/devices/{device}/renew", **needs("self.manage"))
def renew(visitor: Here, device: str, _form: OwnForm) -> Response:
    """A successor for a device near its end."""
    return _made(visitor, lambda: devices.renew(visitor.gateway, visitor.session, device))


@router.post("/devices/{device}/lost", **needs("self.manage"))
def lost(visitor: Here, device: str, _form: OwnForm) -> Response:
    """It is lost: revoked at once."""
    return _done(visitor, lambda: devices.lost(visitor.gateway, visitor.session, device), "revoked")


@router.post("/devices/{device}/reassign", **needs("device.manage"))
def reassign(visitor: Here, device: str, form: OwnForm) -> Response:
    """Somebody else answers for it from now on."""
    person = form.get("person")
    return _done(visitor, lambda: devices.reassign(visitor.gateway, visitor.session, device, person), back="/devices")


def _made(visitor: Visitor, step: Callable[[], Added]) -> Response:
    try:
        made = step()
    except AkashiError as error:
        return _page(visitor, error)
    return visitor.page("device.html", made=made)


def _done(
    visitor: Visitor, step: Callable[[], object], notice: str = "stepped", back: str = "/devices/requests"
) -> Response:
    try:
        step()
    except AkashiError as error:
        return _page(visitor, error)
    return to(back, notice=notice)


def _page(visitor: Visitor, error: AkashiError | None = None) -> Response:
    status, said = error_values(visitor, error)
    asks = visitor.may("device.request")
    wanted = devices.requests(visitor.gateway, visitor.session) if asks else []
    people = people_of(visitor)
    return visitor.page(
        "devices_requests.html",
        status,
        error=said,
        asks=asks,
        mine=[_own(one, visitor) for one in devices.mine(visitor.gateway, visitor.session)],
        wanted=[_wanted(one, people, visitor) for one in wanted[:_MOST]],
        more=max(0, len(wanted) - _MOST),
        people=present(visitor.gateway),
        purposes=words(DevicePurpose),
    )


def _own(one: DeviceStanding, visitor: Visitor) -> dict[str, object]:
    return {
        "handle": one.device.handle,
        "to_ms": one.device.to_ms,
        "days": one.days_left,
        "successor": one.successor,
        "here": one.device.handle == visitor.caller.device,
        "machine": one.device.machine,
        "renewable": renewable(one, visitor.gateway.clock.now_ms()),
    }


def _wanted(one: DeviceWanted, people: dict[str, str], visitor: Visitor) -> dict[str, object]:
    waits = one.stage in {RequestStage.REQUESTED, RequestStage.APPROVED}
    return {
        "handle": one.device,
        "purpose": one.purpose.name.lower(),
        "stage": one.stage.name.lower(),
        "by": people.get(one.by, one.by),
        "person": people.get(one.responsible, one.responsible),
        "requested_ms": one.requested_ms,
        "can_approve": waits and visitor.may("device.manage") and one.by != visitor.session.person,
    }
