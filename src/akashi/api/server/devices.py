"""Routes of the machine API about devices: issue, revoke, keep for pick-up. Each body is a request signed by the institution's gateway key.

Guarantees: a certificate alone gets nothing here (``app.device_requests``); devices are issued for, and revoked by, their own institution
only. Refuses people and devices of others, as if they did not exist.
"""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from fastapi import APIRouter

from akashi.api.problems import RequestInvalid
from akashi.api.server.callers import Body, CallerHere, ServerHere, machine
from akashi.app.admission import Caller
from akashi.app.device_requests import Ask, DeviceRequest, verify_request
from akashi.app.server.home import Server
from akashi.errors import NotFound
from akashi.identity import events
from akashi.identity.model import DeviceReason

router = APIRouter(prefix="/api/v1", tags=["devices"])


@router.post("/devices", status_code=201, **machine("device.manage"))
def issue(server: ServerHere, caller: CallerHere, body: Body) -> dict[str, object]:
    """Issue a certificate for a new device of a person of the caller's institution."""
    request = _verified(server, caller, Ask.ISSUE, body)
    with server.engine.view() as state:
        person = events.person(state, request.subject)
    if person is None or person.institution != caller.institution or not person.enabled:
        raise NotFound
    made = server.issue_device(caller.institution, request.subject, _p256(request.detail))
    return {"device": made.device, "certificate": made.certificate.decode("ascii"), "expires_ms": made.expires_ms}


@router.post("/devices/revoke", **machine("device.manage"))
def revoke(server: ServerHere, caller: CallerHere, body: Body) -> dict[str, object]:
    """Revoke a device of the caller's institution."""
    request = _verified(server, caller, Ask.REVOKE, body)
    with server.engine.view() as state:
        device = events.device(state, request.subject)
    if device is None or device.institution != caller.institution:
        raise NotFound
    try:
        reason = DeviceReason(int.from_bytes(request.detail, "big"))
    except ValueError as error:
        raise RequestInvalid(field="reason") from error
    server.revoke_device(request.subject, reason)
    return {"device": request.subject}


@router.post("/pickups", status_code=201, **machine("device.manage"))
def keep(server: ServerHere, caller: CallerHere, body: Body) -> dict[str, object]:
    """Keep an encrypted P12 until its owner fetches it on the public origin; answers with the code."""
    return {"code": server.pickups.offer(_verified(server, caller, Ask.PICK_UP, body).detail)}


def _verified(server: Server, caller: Caller, ask: Ask, body: bytes) -> DeviceRequest:
    with server.engine.view() as state:
        return verify_request(state, server.engine.ledger_id, ask, caller.institution, server.clock.now_ms(), body)


def _p256(spki: bytes) -> ec.EllipticCurvePublicKey:
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise RequestInvalid(field="public_key") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RequestInvalid(field="public_key")
    return key
