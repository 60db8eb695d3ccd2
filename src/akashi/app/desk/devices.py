"""A manager's work with devices: see them, add one for a person, revoke one.

Guarantees: the key pair is made here and forgotten here; what leaves is the public key, and the P12 encrypted under a password that is shown
once. The server issues and revokes only what the institution's gateway key signed for. A manager alone adds the
first device only, or one while an emergency is declared: else somebody asks and another approves (``app.people.devices``). Every step is in the access journal.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat, pkcs12

from akashi.app.desk.transfers import recorded
from akashi.app.device_requests import Ask, DeviceRequest, sign_request
from akashi.app.gateway.home import GATEWAY_KEY, Gateway
from akashi.errors import Misuse
from akashi.identity import events
from akashi.identity.ca import P12_ROUNDS
from akashi.identity.devices.errors import DeviceNotRequested
from akashi.identity.devices.rules import decide_alone
from akashi.identity.emergency.model import OpenReason
from akashi.identity.emergency.records import declarations
from akashi.identity.journal import What
from akashi.identity.model import Device, DeviceReason, Session
from akashi.ledger.rules import Allowed


@dataclass(frozen=True, slots=True)
class Added:
    """A new device: the code fetches its P12 on the public origin, the password opens it. Shown once, told apart."""

    device: str
    code: str = field(repr=False)
    password: str = field(repr=False)


def listed(gateway: Gateway, session: Session) -> list[Device]:
    """The institution's devices, revoked ones last."""
    gateway.accounts.require(session, "device.manage", proof=False)
    with gateway.ledger.view() as state:
        found = [one for one in events.devices(state) if one.institution == gateway.institution]
    gateway.journal.record(What.LISTED, session=session, count=len(found))
    return sorted(found, key=lambda one: (one.revoked_ms is not None, -one.from_ms, one.handle))


def added(gateway: Gateway, session: Session, person: str) -> Added:
    """A device for a person of this institution. Raises ``NoSuchPerson``, ``DeviceNotRequested``, ``RequestDistrusted``."""
    gateway.accounts.require(session, "device.manage")
    with recorded(gateway, session, What.DEVICE_CHANGED):
        gateway.accounts.account(person)
        require_alone(gateway)
        made = made_device(gateway, Ask.ISSUE, person)
    gateway.journal.record(What.DEVICE_CHANGED, session=session, subject=made.device)
    return made


def may_add_alone(gateway: Gateway) -> bool:
    """Whether a manager may add a device that nobody asked for: the first, or one while an emergency is declared."""
    with gateway.ledger.view() as state:
        own = [one for one in events.devices(state) if one.institution == gateway.institution]
        declared = [one for one in declarations(state) if one.institution == gateway.institution]
    emergency = any(one.ended_ms is None and one.cause is not OpenReason.DRILL for one in declared)
    return isinstance(decide_alone(own, gateway.clock.now_ms(), emergency=emergency), Allowed)


def require_alone(gateway: Gateway) -> None:
    """Raises :class:`DeviceNotRequested` where a device must be asked for and approved."""
    if not may_add_alone(gateway):
        raise DeviceNotRequested


def made_device(gateway: Gateway, ask: Ask, subject: str) -> Added:
    """Make a key pair, have the server certify it, and leave the P12 for its owner. Left to the caller: permission and journal."""
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    answer = ask_server(gateway, ask, subject, spki)
    device = str(answer["device"])
    password = "-".join(secrets.token_hex(3) for _ in range(4))
    p12 = _packed(gateway, key, str(answer["certificate"]).encode(), password.encode())
    return Added(device, str(ask_server(gateway, Ask.PICK_UP, device, p12)["code"]), password)


def revoked(gateway: Gateway, session: Session, device: str, reason: DeviceReason) -> None:
    """Refuse a device of this institution from its next request on."""
    gateway.accounts.require(session, "device.manage")
    with recorded(gateway, session, What.DEVICE_CHANGED):
        ask_server(gateway, Ask.REVOKE, device, bytes([int(reason)]))
    gateway.journal.record(What.DEVICE_CHANGED, session=session, subject=device, purpose=int(reason))


def ask_server(gateway: Gateway, ask: Ask, subject: str, detail: bytes) -> dict[str, object]:
    """Put a request to the server under the institution's key, over whatever line there is."""
    if gateway.line.ask is None:
        raise Misuse(what="a device request without a line")
    request = DeviceRequest(ask, gateway.institution, subject, gateway.clock.now_ms(), detail)
    return gateway.line.ask(ask, sign_request(gateway.keystore.signer(GATEWAY_KEY), gateway.ledger.ledger_id, request))


def _packed(gateway: Gateway, key: ec.EllipticCurvePrivateKey, certificate: bytes, password: bytes) -> bytes:
    """PKCS #12 under PBES2 with AES-256 and a SHA-256 MAC, as ``identity.ca`` makes them."""
    protection = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(P12_ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(password)
    )
    authorities = x509.load_pem_x509_certificates(gateway.paths.ca.read_bytes())
    own = x509.load_pem_x509_certificate(certificate)
    return pkcs12.serialize_key_and_certificates(None, key, own, authorities, protection)
