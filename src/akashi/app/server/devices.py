"""What the secretariat's server does about devices when an institution's gateway asks, and what it tells anybody about their certificates.

Guarantees: every request is signed by the institution's gateway key, fresh, and carried out once (``app.device_requests``); devices are issued
for people of that institution and revoked for it only. Refuses people and devices of others, as if they did not exist. What is asked here
is the same over HTTPS and in one process.
"""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from akashi.app.device_requests import Ask, DeviceRequest, verify_request
from akashi.app.server.home import IssuedDevice, Server
from akashi.errors import InputError, NotFound
from akashi.identity import events
from akashi.identity.devices.ocsp import answer_ocsp
from akashi.identity.devices.standing import wanted
from akashi.identity.model import DeviceReason
from akashi.ledger.state import ReadState


class DeviceDetail(InputError):
    """A part of a device request that is not what it should be."""

    code = "app.device_detail"
    ja, en = "端末についての依頼の内容が正しくありません（{field}）。", "The device request is misshapen ({field})."


def answer_request(server: Server, institution: str, ask: Ask, body: bytes) -> dict[str, object]:
    """Carry out one signed request of ``institution``. Raises ``RequestDistrusted``, ``NotFound``, ``DeviceDetail``, ``Refused``."""
    with server.engine.view() as state:
        request = verify_request(state, server.engine.ledger_id, ask, institution, server.clock.now_ms(), body)
    server.asked.require_new(request)
    if ask is Ask.PICK_UP:
        return {"code": server.pickups.offer(request.detail)}
    if ask is Ask.REVOKE:
        return _revoke(server, request)
    made = _issue(server, request)
    return {"device": made.device, "certificate": made.certificate.decode("ascii"), "expires_ms": made.expires_ms}


def ocsp_answer(server: Server, data: bytes) -> bytes:
    """What OCSP says about a device certificate (DER in, DER out)."""

    def look(serial: int) -> tuple[bool, int | None]:
        with server.engine.view() as state:
            for one in events.devices(state):
                if int.from_bytes(one.serial, "big") == serial:
                    return True, one.revoked_ms
        return False, None

    return answer_ocsp(server.responders, data, look)


def _issue(server: Server, request: DeviceRequest) -> IssuedDevice:
    subject, institution = request.subject, request.institution
    with server.engine.view() as state:
        responsible = _responsible(state, request)
        person = None if responsible is None else events.person(state, responsible)
    if person is None or person.institution != institution or not person.enabled:
        raise NotFound
    public = _p256(request.detail)
    if request.ask is Ask.RENEW:
        return server.issue_device(institution, person.handle, public, replaces=subject)
    if request.ask is Ask.ISSUE_REQUESTED:
        return server.issue_device(institution, person.handle, public, device=subject)
    return server.issue_device(institution, person.handle, public)


def _responsible(state: ReadState, request: DeviceRequest) -> str | None:
    """Who answers for the device to be: named, asked for, or of the old one; ``None`` if that is not the institution's."""
    if request.ask is Ask.ISSUE:
        return request.subject
    if request.ask is Ask.RENEW:
        old = events.device(state, request.subject)
        return old.responsible if old is not None and old.institution == request.institution else None
    asked = wanted(state, request.subject)
    return asked.responsible if asked is not None and asked.institution == request.institution else None


def _revoke(server: Server, request: DeviceRequest) -> dict[str, object]:
    with server.engine.view() as state:
        device = events.device(state, request.subject)
    if device is None or device.institution != request.institution:
        raise NotFound
    try:
        reason = DeviceReason(int.from_bytes(request.detail, "big"))
    except ValueError as error:
        raise DeviceDetail(field="reason") from error
    server.revoke_device(request.subject, reason)
    return {"device": request.subject}


def _p256(spki: bytes) -> ec.EllipticCurvePublicKey:
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise DeviceDetail(field="public_key") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise DeviceDetail(field="public_key")
    return key
