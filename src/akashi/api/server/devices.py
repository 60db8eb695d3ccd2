"""Routes of the machine API about devices: issue, renew, revoke, keep for pick-up. Each body is a request signed by the institution's gateway key.

Guarantees: a certificate alone gets nothing here, and a request counts once (``app.server.devices``); devices are issued for, and revoked by,
their own institution only. Refuses people and devices of others, as if they did not exist.
"""

from __future__ import annotations

from fastapi import APIRouter

from akashi.api.server.callers import Body, CallerHere, ServerHere, machine
from akashi.app.device_requests import Ask
from akashi.app.server.devices import answer_request

router = APIRouter(prefix="/api/v1", tags=["devices"])


@router.post("/devices", status_code=201, **machine("device.manage"))
def issue(server: ServerHere, caller: CallerHere, body: Body) -> dict[str, object]:
    """Issue a certificate for a new device of a person of the caller's institution."""
    return answer_request(server, caller.institution, Ask.ISSUE, body)


@router.post("/devices/requested", status_code=201, **machine("device.manage"))
def issue_requested(server: ServerHere, caller: CallerHere, body: Body) -> dict[str, object]:
    """Issue a certificate for a device that was requested and approved on the ledger."""
    return answer_request(server, caller.institution, Ask.ISSUE_REQUESTED, body)


@router.post("/devices/renew", status_code=201, **machine("device.manage"))
def renew(server: ServerHere, caller: CallerHere, body: Body) -> dict[str, object]:
    """Issue a successor for a device whose certificate ends soon; the old one stays good until its end."""
    return answer_request(server, caller.institution, Ask.RENEW, body)


@router.post("/devices/revoke", **machine("device.manage"))
def revoke(server: ServerHere, caller: CallerHere, body: Body) -> dict[str, object]:
    """Revoke a device of the caller's institution."""
    return answer_request(server, caller.institution, Ask.REVOKE, body)


@router.post("/pickups", status_code=201, **machine("device.manage"))
def keep(server: ServerHere, caller: CallerHere, body: Body) -> dict[str, object]:
    """Keep an encrypted P12 until its owner fetches it on the public origin; answers with the code."""
    return answer_request(server, caller.institution, Ask.PICK_UP, body)
