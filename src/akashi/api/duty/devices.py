"""Routes of the life of devices: ask, approve, renew, hand on, lose.

Guarantees: the same use cases as the pages; code and password are in one answer, once. Refuses devices of others, as if they did not exist.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from akashi.api.gateway.session import GatewayHere, SessionHere, Strict, person
from akashi.app.desk.devices import Added
from akashi.app.duty.telling import device_row, wanted_row
from akashi.app.people import devices
from akashi.identity.devices.model import DevicePurpose

router = APIRouter(prefix="/api/v1/devices", tags=["devices"])
Handle = Annotated[str, Path(pattern=r"^dev-[a-z0-9]{1,64}$")]


class AskBody(Strict):
    """What the device is for, and who will answer for it (else whoever asks)."""

    purpose: Literal["workplace", "portable", "replacement", "spare"]
    responsible: str = Field(default="", max_length=80)


class OwnerBody(Strict):
    """Who answers for it from now on."""

    responsible: str = Field(max_length=80)


@router.get("", **person("device.manage"))
def listed(gateway: GatewayHere, session: SessionHere) -> dict[str, object]:
    """The institution's devices, those to look at first."""
    return {"devices": [device_row(one) for one in devices.standings(gateway, session)]}


@router.get("/mine", **person("self.manage"))
def mine(gateway: GatewayHere, session: SessionHere) -> dict[str, object]:
    """The devices that one answers for."""
    return {"devices": [device_row(one) for one in devices.mine(gateway, session)]}


@router.get("/requests", **person("device.request"))
def requests(gateway: GatewayHere, session: SessionHere) -> dict[str, object]:
    """Requests for devices; who may only ask sees their own."""
    return {"requests": [wanted_row(one) for one in devices.requests(gateway, session)]}


@router.post("/requests", status_code=201, **person("device.request"))
def request(gateway: GatewayHere, session: SessionHere, body: AskBody) -> dict[str, object]:
    """Ask for a device."""
    made = devices.request(gateway, session, DevicePurpose[body.purpose.upper()], body.responsible)
    return {"device": made}


@router.post("/requests/{device}/approve", **person("device.manage"))
def approve(gateway: GatewayHere, session: SessionHere, device: Handle) -> dict[str, object]:
    """Approve what somebody else asked for, and issue it."""
    return _made(devices.approve(gateway, session, device))


@router.post("/{device}/renew", **person("self.manage"))
def renew(gateway: GatewayHere, session: SessionHere, device: Handle) -> dict[str, object]:
    """A successor for a device near its end."""
    return _made(devices.renew(gateway, session, device))


@router.post("/{device}/reassign", **person("device.manage"))
def reassign(gateway: GatewayHere, session: SessionHere, device: Handle, body: OwnerBody) -> dict[str, object]:
    """Somebody else answers for it."""
    devices.reassign(gateway, session, device, body.responsible)
    return {"device": device}


@router.post("/{device}/lost", **person("self.manage"))
def lost(gateway: GatewayHere, session: SessionHere, device: Handle) -> dict[str, object]:
    """It is lost: revoked at once."""
    devices.lost(gateway, session, device)
    return {"device": device}


def _made(made: Added) -> dict[str, object]:
    return {"device": made.device, "code": made.code, "password": made.password}
