"""Rotation of a gateway's keys: the one that signs, the one that opens, and those of its TLS.

Guarantees: signing and opening keys as in ``ledger_keys``. A TLS key's new certificate waits beside the old one until the key store has
switched (``app.gateway.certificates``); a new machine certificate is a new device on the ledger, and the old device is revoked as replaced
after the switch. Refuses TLS keys where the server, which issues certificates, is not in this process. Trusts the console.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from akashi.app.gateway.certificates import MACHINE_KEY, WEB_KEY, settle_certificates, waiting
from akashi.app.gateway.home import GATEWAY_KEY, OPENING_KEY, Gateway
from akashi.app.keys.errors import KeyRoleUnknown, RotationNeedsServer
from akashi.app.keys.ledger_keys import LedgerKeys
from akashi.app.keys.rotation import KeyRole, Rotated, Step, advance, target_generation
from akashi.app.server.home import Server
from akashi.durable import write_file
from akashi.identity.ca import parse_device_certificate
from akashi.identity.events import device, devices
from akashi.identity.model import DeviceReason
from akashi.keys.model import KeyKind

GATEWAY_ROLES = (KeyRole.GATEWAY, KeyRole.OPENING, KeyRole.MACHINE, KeyRole.WEB)
_NAMES = {KeyRole.MACHINE: MACHINE_KEY, KeyRole.WEB: WEB_KEY}


def ledger_keys(gateway: Gateway, role: KeyRole) -> LedgerKeys:
    """The gateway's signing or opening key, as the ledger knows it."""
    name = {KeyRole.GATEWAY: GATEWAY_KEY, KeyRole.OPENING: OPENING_KEY}[role]
    return LedgerKeys(gateway.keystore, gateway.clock, gateway.institution, gateway.author, role, name, GATEWAY_KEY)


def rotate_gateway(gateway: Gateway, server: Server | None, role: KeyRole, kind: KeyKind | None = None) -> Rotated:
    """Begin or finish a change of one of the gateway's keys. Raises :class:`KeyRoleUnknown`, :class:`RotationNeedsServer`."""
    match role:
        case KeyRole.GATEWAY | KeyRole.OPENING:
            return ledger_keys(gateway, role).rotate(gateway.settings.key_overlap_ms, kind)
        case KeyRole.MACHINE | KeyRole.WEB:
            if server is None:
                raise RotationNeedsServer
            return _rotate_tls(gateway, server, role)
    raise KeyRoleUnknown(role=role.value, known=", ".join(GATEWAY_ROLES))


def _rotate_tls(gateway: Gateway, server: Server, role: KeyRole) -> Rotated:
    keys, name = gateway.keystore, _NAMES[role]
    path = gateway.paths.certificate if role is KeyRole.MACHINE else gateway.paths.server_certificate
    # An older key that is still here belongs to a change that was interrupted after its switch.
    goal = target_generation(keys, name, overlapping=keys.generations(name)[0] < keys.generation(name))
    did = advance(
        (
            Step(
                "made",
                lambda: goal in keys.generations(name),
                lambda: _forget(keys.generate(name, KeyKind.P256, generation=goal, in_memory=True)),
            ),
            Step(
                "certified",
                lambda: any(_fits(one, gateway, name, goal) for one in (waiting(path), path)),
                lambda: write_file(waiting(path), _certificate(gateway, server, role, goal), 0o644),
            ),
            Step("switched", lambda: keys.generation(name) == goal, lambda: keys.make_current(name, goal)),
            Step("placed", lambda: not waiting(path).is_file(), lambda: settle_certificates(gateway.paths, keys)),
        )
    )
    if role is KeyRole.MACHINE:
        _revoke_replaced(gateway, server)
    for generation in keys.generations(name):
        if generation < goal:
            keys.destroy(name, generation)
    return Rotated(role, goal, did, None)


def _fits(path: Path, gateway: Gateway, name: str, generation: int) -> bool:
    public = gateway.keystore.private_key(name, generation).public_key()
    return path.is_file() and x509.load_pem_x509_certificate(path.read_bytes()).public_key() == public


def _certificate(gateway: Gateway, server: Server, role: KeyRole, generation: int) -> bytes:
    public = gateway.keystore.private_key(_NAMES[role], generation).public_key()
    if role is KeyRole.WEB:
        return server.issue_web(public, _names(gateway.paths.server_certificate.read_bytes()))
    return _new_device(gateway, server, public)


def _new_device(gateway: Gateway, server: Server, public: ec.EllipticCurvePublicKey) -> bytes:
    with gateway.ledger.view() as state:
        old = device(state, parse_device_certificate(_der(gateway.paths.certificate.read_bytes())).device)
    if old is None:
        raise RotationNeedsServer
    return server.issue_device(gateway.institution, old.responsible, public, machine=True).certificate


def _revoke_replaced(gateway: Gateway, server: Server) -> None:
    """Every machine of the institution but the one whose certificate is in place, also one that a crash left without its file."""
    current = parse_device_certificate(_der(gateway.paths.certificate.read_bytes())).device
    with gateway.ledger.view() as state:
        machines = [one for one in devices(state) if one.institution == gateway.institution and one.machine]
    for one in machines:
        if one.handle != current and one.revoked_ms is None:
            server.revoke_device(one.handle, DeviceReason.REPLACED)


def _names(pem: bytes) -> list[str]:
    """The names of a server certificate: the next one has the same."""
    names = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(one.value) for one in names]


def _der(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def _forget(_: bytes) -> None:
    """The public key that ``generate`` returns is read again where it is needed."""
