"""What a gateway asks the secretariat's server about its own devices: issue one, revoke one, keep a P12 for pick-up.

Guarantees: a request counts only under the institution's own gateway key, as enrolled and valid on the ledger now: a device's
certificate alone can ask for nothing, or every stolen terminal could make more of itself. Requests are COSE_Sign1 over strict CBOR,
good for five minutes. Trusts the gateway for having asked its manager (``device.manage``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from akashi.errors import Denied
from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.model import Purpose
from akashi.ledger.registry import key_record
from akashi.ledger.state import ReadState
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import Signer, parse_cose, sign_cose, verify_signature

TYPE = "application/vnd.akashi.device-request"
FRESH_MS = 5 * 60_000


class RequestDistrusted(Denied):
    """A request that the institution's gateway did not sign, or not now."""

    code = "app.device_request"
    ja, en = (
        "端末についての依頼を確かめられませんでした（{reason}）。",
        "The device request does not verify ({reason}).",
    )
    hint_ja = "ゲートウェイの時計と鍵を確かめてください。"
    hint_en = "Check the gateway's clock and keys."


class Ask(IntEnum):
    """What is asked. Permanent numbers, only appended."""

    ISSUE = 1
    REVOKE = 2
    PICK_UP = 3


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """``subject``: who answers for the new device, or the device to revoke; ``detail``: SPKI, P12, or the reason's number."""

    ask: Ask
    institution: str
    subject: str
    at_ms: int
    detail: bytes = field(repr=False)


def sign_request(signer: Signer, ledger_id: bytes, request: DeviceRequest) -> bytes:
    """The signed bytes to send."""
    fields: list[cbor.Value] = [int(request.ask), ledger_id, request.institution, request.subject, request.at_ms]
    return sign_cose(signer, TYPE, cbor.encode([*fields, request.detail]))


def verify_request(
    state: ReadState, ledger_id: bytes, ask: Ask, institution: str, now_ms: int, data: bytes
) -> DeviceRequest:
    """The request, if it is of ``institution`` and fresh. Raises :class:`RequestDistrusted`.

    1. well formed, for this ledger, this question and this institution; 2. made within five minutes; 3. the key is a gateway key of the
    institution, valid now and not revoked; 4. the signature verifies. Left to the caller: whether the subject is the institution's.
    """
    try:
        algorithm, key, payload, message, signature = parse_cose(data, TYPE)
        match cbor.decode(payload):
            case [int(asked), bytes(ledger), str(who), str(subject), int(at_ms), bytes(detail)]:  # (1)
                if (asked, ledger, who) != (int(ask), ledger_id, institution):
                    raise RequestDistrusted(reason="request.scope")
            case _:
                raise RequestDistrusted(reason="request.shape")
        if abs(now_ms - at_ms) > FRESH_MS:  # (2)
            raise RequestDistrusted(reason="request.time")
        record = key_record(state, key)  # (3)
        if record is None or record.institution != institution or record.purpose is not Purpose.GATEWAY:
            raise RequestDistrusted(reason="request.key")
        if record.revoked_ms is not None or not record.valid_from_ms <= now_ms < record.valid_to_ms:
            raise RequestDistrusted(reason="request.key")
        verify_signature(algorithm, record.spki, message, signature)  # (4)
    except (EncodingError, ProofError) as error:
        raise RequestDistrusted(reason=error.failure) from error
    return DeviceRequest(ask, institution, subject, at_ms, detail)
