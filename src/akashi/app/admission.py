"""Who is calling: the device behind a client certificate, asked again at every request.

Guarantees: a caller is an enrolled, valid, unrevoked device of an enabled institution, as the ledger says now. Refuses everything
else (:class:`CertificateRefused`), with the reason as a dotted code. Trusts the TLS layer for possession of the key.
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.identity import events
from akashi.identity.errors import CertificateRefused
from akashi.identity.model import InstitutionRole
from akashi.identity.rules import decide_device
from akashi.ledger.rules import Denied
from akashi.ledger.state import ReadState

CALLER = "akashi.caller"
"""Where the door of an origin leaves the caller, in the ASGI scope; no request can write there."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A device that may talk to us, and whose it is. ``certificate``: SHA-256 of its DER."""

    device: str
    institution: str
    roles: InstitutionRole
    certificate: bytes


def admit(
    state: ReadState, certificate: bytes, now_ms: int, *, only: str | None = None, machine: bool = False
) -> Caller:
    """The caller behind ``certificate``; with ``only``, of that institution; with ``machine``, a gateway's own device.

    Raises ``CertificateRefused``.
    """
    device = events.device_of_certificate(state, certificate)
    decision = decide_device(device, certificate, now_ms)
    if isinstance(decision, Denied) or device is None:
        raise CertificateRefused(reason=decision.reason if isinstance(decision, Denied) else "device.unknown")
    if only is not None and device.institution != only:
        raise CertificateRefused(reason="device.institution")
    if machine and not device.machine:
        raise CertificateRefused(reason="device.not_machine")  # a person's device has no business at the server
    institution = events.institution(state, device.institution)
    if institution is None or not institution.enabled:
        raise CertificateRefused(reason="institution.disabled")
    return Caller(device.handle, device.institution, institution.roles, certificate)
