"""How an institution joins: its gateway makes keys, the secretariat enrols them, both pin each other.

Guarantees: private keys are made in the gateway's home and stay there; what crosses is a request (public keys and a proof of
possession) and an answer (certificates, trust file), both JSON that a person may carry. The opening key is enrolled by the
gateway itself, so that the secretariat cannot put its own in place. Refuses: a home that is already in use.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from akashi.app.config import DAY_MS, GatewayPaths, GatewaySettings, gateway_paths, save_settings
from akashi.app.errors import HomeExists
from akashi.app.gateway.home import GATEWAY_KEY, MACHINE_KEY, OPENING_KEY, WEB_KEY, Gateway, local_line
from akashi.app.keys.opening import create_keystore
from akashi.app.server.home import IssuedDevice, Server
from akashi.clock import Clock
from akashi.durable import make_directory, write_file
from akashi.errors import Misuse
from akashi.identity.model import InstitutionRole, Role
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import STANDARD_COST, Cost, KeyKind
from akashi.keys.openers import opening_key_id
from akashi.ledger.model import Purpose
from akashi.ledger.registry import NO_ALGORITHM, KeyEnrolled, possession_message
from akashi.ledger.wire.envelope import key_id

OPENING_LIFE_MS = 3 * 365 * DAY_MS
OPENING_KINDS = {1: KeyKind.XWING, 2: KeyKind.HPKE_P256}
"""Which opening key a suite needs."""


@dataclass(frozen=True, slots=True)
class FirstPerson:
    """The person who will manage the institution's gateway; the password and the code's seed are set afterwards."""

    login: str
    name: str
    roles: Role


@dataclass(frozen=True, slots=True)
class Joined:
    """An institution that has joined, with its gateway opened."""

    institution: str
    person: str
    gateway: Gateway


def join(
    server: Server,
    home: Path,
    *,
    name: str,
    number: str,
    roles: InstitutionRole,
    first: FirstPerson,
    passphrase: bytes,
    settings: GatewaySettings,
    clock: Clock,
    cost: Cost = STANDARD_COST,
) -> Joined:
    """Register an institution and make its gateway beside the server's home (each with its own folder, keys and database)."""
    handle = server.register_institution(name, number, int(roles))
    return equip(server, home, handle, first, passphrase, settings, clock, cost=cost)


def equip(
    server: Server,
    home: Path,
    institution: str,
    first: FirstPerson,
    passphrase: bytes,
    settings: GatewaySettings,
    clock: Clock,
    *,
    cost: Cost = STANDARD_COST,
) -> Joined:
    """Make the gateway of an institution that is on the ledger. Raises :class:`HomeExists`."""
    paths = gateway_paths(home, institution)
    if paths.root.exists():
        raise HomeExists(name=paths.root.name)
    make_directory(paths.root)
    keystore = create_keystore(home, paths.keys, passphrase, settings, cost=cost)
    for key, kind in (
        (GATEWAY_KEY, KeyKind.ED25519 if settings.suite == 1 else KeyKind.P256),
        (OPENING_KEY, OPENING_KINDS[settings.suite]),
        (MACHINE_KEY, KeyKind.P256),
        (WEB_KEY, KeyKind.P256),
    ):
        keystore.generate(key, kind, in_memory=key in (MACHINE_KEY, WEB_KEY))  # Python's TLS takes the bytes of a key
    _enrol(server, institution, keystore)
    _pin(paths, server, settings, institution)
    gateway = Gateway(paths, keystore, local_line(server, paths), clock)
    _enrol_opening_key(gateway, settings.suite, clock)
    person = gateway.accounts.add_person(login=first.login, name=first.name, roles=first.roles)
    machine = server.issue_device(institution, person, _p256(keystore.public(MACHINE_KEY)), machine=True)
    write_file(paths.certificate, machine.certificate, 0o644)
    write_file(paths.server_certificate, server.issue_web(_p256(keystore.public(WEB_KEY)), ["localhost", "127.0.0.1"]))
    return Joined(institution, person, gateway)


def _enrol(server: Server, institution: str, keystore: FileKeystore) -> None:
    signer = keystore.signer(GATEWAY_KEY)
    message = possession_message(server.engine.ledger_id, key_id(signer.spki), institution)
    server.enrol_gateway_key(institution, signer.spki, signer.algorithm, signer.sign(message))


def _pin(paths: GatewayPaths, server: Server, settings: GatewaySettings, institution: str) -> None:
    from_server = f"https://{server.settings.host}:{server.settings.port}"
    filled = GatewaySettings(
        **{
            **{name: getattr(settings, name) for name in GatewaySettings.__dataclass_fields__},
            "institution": institution,
            "server_url": settings.server_url or from_server,
        }
    )
    save_settings(paths.settings, filled)
    write_file(paths.trust, server.trust_text().encode(), 0o644)
    write_file(paths.ca, server.ca_certificate, 0o644)


def _enrol_opening_key(gateway: Gateway, suite: int, clock: Clock) -> None:
    public, now = gateway.keystore.public(OPENING_KEY), clock.now_ms()
    body = KeyEnrolled(
        key=opening_key_id(public),
        algorithm=NO_ALGORITHM,
        public=public,
        institution=gateway.institution,
        purpose=Purpose.OPENING,
        valid_from_ms=now - DAY_MS,
        valid_to_ms=now + OPENING_LIFE_MS,
        suite=suite,
    )
    gateway.author.submit(body, subject=gateway.institution)


def _p256(spki: bytes) -> ec.EllipticCurvePublicKey:
    key = load_der_public_key(spki)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Misuse(what="a P-256 key")
    return key


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device for a person: certificate and key as P12 and PEM, under a password shown once."""

    issued: IssuedDevice
    p12: bytes = field(repr=False)
    pem: bytes = field(repr=False)
    password: str = field(repr=False)


def make_device(server: Server, institution: str, responsible: str) -> NewDevice:
    """Make a key pair and a client certificate for a browser or terminal; neither is kept here."""
    key = ec.generate_private_key(ec.SECP256R1())
    issued = server.issue_device(institution, responsible, key.public_key())
    password = "-".join(secrets.token_hex(3) for _ in range(4))
    return NewDevice(issued, *server.pack_device(key, issued, password.encode()), password)
