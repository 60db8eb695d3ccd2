"""What a gateway asks the secretariat's server about its own devices: issue one, revoke one, keep a P12 for pick-up.

Guarantees: a request counts only under the institution's own gateway key, as enrolled and valid on the ledger now: a device's
certificate alone can ask for nothing, or every stolen terminal could make more of itself. Requests are COSE_Sign1 over strict CBOR,
good for five minutes and for one time: each has a nonce, and a server remembers those it has seen. Trusts the gateway for having asked its manager (``device.manage``).
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from enum import IntEnum

from akashi.clock import Clock
from akashi.errors import Denied
from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.model import Purpose
from akashi.ledger.registry import key_record
from akashi.ledger.state import ReadState
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import Signer, parse_cose, sign_cose, verify_signature

TYPE = "application/vnd.akashi.device-request"
FRESH_MS = 5 * 60_000
NONCE_SIZE = 16
_MOST_KEPT = 100_000


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
    ISSUE_REQUESTED = 4
    """Issue what was requested and approved on the ledger."""
    RENEW = 5


PATHS = {
    Ask.ISSUE: "/api/v1/devices",
    Ask.REVOKE: "/api/v1/devices/revoke",
    Ask.PICK_UP: "/api/v1/pickups",
    Ask.ISSUE_REQUESTED: "/api/v1/devices/requested",
    Ask.RENEW: "/api/v1/devices/renew",
}
"""Where the server's API takes each question."""


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """``subject``: who answers for the new device, or the device meant; ``detail``: SPKI, P12, or the reason's number."""

    ask: Ask
    institution: str
    subject: str
    at_ms: int
    detail: bytes = field(repr=False)
    nonce: bytes = field(default_factory=lambda: secrets.token_bytes(NONCE_SIZE))


class SeenRequests:
    """Which requests a server has carried out. Thread-safe; in memory, so what was made before this process began is refused."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._since = clock, clock.now_ms()
        self._lock = threading.Lock()
        self._seen: dict[bytes, int] = {}

    def require_new(self, request: DeviceRequest) -> None:
        """Remember the request. Raises :class:`RequestDistrusted` for one that was seen, or that an earlier process may have seen."""
        now = self._clock.now_ms()
        if request.at_ms < self._since:
            raise RequestDistrusted(reason="request.time")
        with self._lock:
            # Twice the time that one is fresh: its own clock may be that much ahead of ours.
            for nonce in [nonce for nonce, at in self._seen.items() if abs(now - at) > 2 * FRESH_MS]:
                del self._seen[nonce]
            if request.nonce in self._seen or len(self._seen) >= _MOST_KEPT:
                raise RequestDistrusted(reason="request.again")
            self._seen[request.nonce] = now


def sign_request(signer: Signer, ledger_id: bytes, request: DeviceRequest) -> bytes:
    """The signed bytes to send."""
    fields: list[cbor.Value] = [int(request.ask), ledger_id, request.institution, request.subject, request.at_ms]
    return sign_cose(signer, TYPE, cbor.encode([*fields, request.detail, request.nonce]))


def verify_request(
    state: ReadState, ledger_id: bytes, ask: Ask, institution: str, now_ms: int, data: bytes
) -> DeviceRequest:
    """The request, if it is of ``institution`` and fresh. Raises :class:`RequestDistrusted`.

    1. well formed, for this ledger, this question and this institution; 2. made within five minutes; 3. the key is a gateway key of the
    institution, valid now and not revoked; 4. the signature verifies. Left to the caller: that it is not a repeat (:class:`SeenRequests`), and whether the subject is the institution's.
    """
    try:
        algorithm, key, payload, message, signature = parse_cose(data, TYPE)
        match cbor.decode(payload):
            case [int(asked), bytes(ledger), str(who), str(subject), int(at_ms), bytes(detail), bytes(nonce)]:  # (1)
                if len(nonce) != NONCE_SIZE:
                    raise RequestDistrusted(reason="request.shape")
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
    return DeviceRequest(ask, institution, subject, at_ms, detail, nonce)
