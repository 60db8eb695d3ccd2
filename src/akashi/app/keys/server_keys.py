"""Rotation of a server's keys: secretariat, server, CA, time stamps, its web key, and the log's (see ``app.server.rekeying``).

Guarantees: a new authority is published beside the old one (CA file, trust file, the gateways of this home) before it issues anything;
until the old one is withdrawn both are believed and both have a revocation list. A new time-stamping certificate stands beside the old
one before the key switches; roots stay in the trust file, so that old stamps verify. Refuses other kinds of keys. Trusts the console.
Gateways of other homes take the new CA file from the secretariat, as they took the first one.
"""

from __future__ import annotations

import base64

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from akashi.app.config import DAY_MS, gateway_paths, gateways_in
from akashi.app.keys.errors import KeyRoleUnknown
from akashi.app.keys.ledger_keys import LedgerKeys
from akashi.app.keys.rotation import KeyRole, Rotated, Step, advance, target_generation
from akashi.app.server.authorities import CA_KEY, matching
from akashi.app.server.founding import SECRETARIAT_KEY, SERVER_KEY, TSA_KEY, WEB_KEY, tsa_certificate
from akashi.app.server.home import Server
from akashi.app.server.logkeys import TRUST_FILE, current_log_key, number_of
from akashi.app.server.rekeying import rekey
from akashi.durable import write_file
from akashi.identity.ca import DEVICE_LIFE_MS, CertificateAuthority
from akashi.keys.model import KeyKind
from akashi.ledger.proof.trust import parse_trust

SERVER_ROLES = (KeyRole.LOG, KeyRole.SECRETARIAT, KeyRole.SERVER, KeyRole.CA, KeyRole.TSA, KeyRole.SERVER_WEB)
CA_OVERLAP_MS = DEVICE_LIFE_MS + 30 * DAY_MS
"""As long as a device certificate of the old authority can live, and a month."""
_NAMES = {KeyRole.CA: CA_KEY, KeyRole.TSA: TSA_KEY, KeyRole.SERVER_WEB: WEB_KEY}


def ledger_keys(server: Server, role: KeyRole) -> LedgerKeys:
    """The secretariat's or the server's key, as the ledger knows it."""
    name = {KeyRole.SECRETARIAT: SECRETARIAT_KEY, KeyRole.SERVER: SERVER_KEY}[role]
    return LedgerKeys(
        server.keystore, server.clock, server.secretariat_handle, server.author, role, name, SECRETARIAT_KEY
    )


def rotate_server(server: Server, role: KeyRole, kind: KeyKind | None = None) -> Rotated:
    """Begin or finish a change of one of the server's keys. Raises :class:`KeyRoleUnknown`."""
    match role:
        case KeyRole.LOG:
            rekey(server)
            number = number_of(current_log_key(server.paths, server.keystore))
            return Rotated(role, number, ("rekeyed",), None)
        case KeyRole.SECRETARIAT | KeyRole.SERVER:
            return ledger_keys(server, role).rotate(server.settings.key_overlap_ms, kind)
        case KeyRole.CA:
            return _rotate_ca(server)
        case KeyRole.TSA | KeyRole.SERVER_WEB:
            return _rotate_certified(server, role)
    raise KeyRoleUnknown(role=role.value, known=", ".join(SERVER_ROLES))


def ca_retires_ms(server: Server) -> int | None:
    """When the old authority may go; ``None`` if there is none."""
    if len(server.keystore.generations(CA_KEY)) < 2:
        return None
    certificates = x509.load_pem_x509_certificates((server.paths.public / "ca.pem").read_bytes())
    current = matching(certificates, server.keystore.private_key(CA_KEY).public_key())
    return int(current.not_valid_before_utc.timestamp()) * 1000 + CA_OVERLAP_MS


def _rotate_ca(server: Server) -> Rotated:
    keys, path = server.keystore, server.paths.public / "ca.pem"
    older = keys.generations(CA_KEY)[0] < keys.generation(CA_KEY)
    goal = target_generation(keys, CA_KEY, overlapping=older)
    did = advance(
        (
            Step(
                "made",
                lambda: goal in keys.generations(CA_KEY),
                lambda: _forget(keys.generate(CA_KEY, KeyKind.P256, generation=goal)),
            ),
            Step("certified", lambda: _certified(server, "ca.pem", CA_KEY, goal), lambda: _certify_ca(server, goal)),
            Step("published", lambda: _published(server), lambda: _publish(server)),
            Step("switched", lambda: keys.generation(CA_KEY) == goal, lambda: keys.make_current(CA_KEY, goal)),
        )
    )
    ends = ca_retires_ms(server)
    if ends is not None and server.clock.now_ms() >= ends:
        withdraw_old_authorities(server)
        did, ends = (*did, "retired"), None
    server.ca_certificate = path.read_bytes()
    return Rotated(KeyRole.CA, goal, did, ends)


def withdraw_old_authorities(server: Server) -> None:
    """Believe only the current authority from now on: its certificate alone stays in the CA files, the old keys are destroyed.

    The trust file keeps the old root, because stamps of its time are verified with it.
    """
    path = server.paths.public / "ca.pem"
    certificates = x509.load_pem_x509_certificates(path.read_bytes())
    current = matching(certificates, server.keystore.private_key(CA_KEY).public_key())
    write_file(path, current.public_bytes(Encoding.PEM), 0o644)
    _publish(server)
    for generation in server.keystore.generations(CA_KEY):
        if generation != server.keystore.generation(CA_KEY):
            server.keystore.destroy(CA_KEY, generation)


def _rotate_certified(server: Server, role: KeyRole) -> Rotated:
    """The time-stamping key and the server's web key: nobody pins them, so nothing overlaps but the switch."""
    keys, name = server.keystore, _NAMES[role]
    # An older key that is still here belongs to a change that was interrupted after its switch.
    goal = target_generation(keys, name, overlapping=keys.generations(name)[0] < keys.generation(name))
    steps = [
        Step(
            "made",
            lambda: goal in keys.generations(name),
            lambda: _forget(keys.generate(name, KeyKind.P256, generation=goal, in_memory=name == WEB_KEY)),
        )
    ]
    if role is KeyRole.TSA:
        steps.append(
            Step("certified", lambda: _certified(server, "tsa.pem", name, goal), lambda: _certify_tsa(server, goal))
        )
    steps.append(Step("switched", lambda: keys.generation(name) == goal, lambda: keys.make_current(name, goal)))
    did = advance(steps)
    for generation in keys.generations(name):
        if generation < goal:
            keys.destroy(name, generation)
    return Rotated(role, goal, did, None)


def _certified(server: Server, file: str, name: str, generation: int) -> bool:
    public = server.keystore.private_key(name, generation).public_key()
    certificates = x509.load_pem_x509_certificates((server.paths.public / file).read_bytes())
    return any(one.public_key() == public for one in certificates)


def _certify_ca(server: Server, generation: int) -> None:
    path, key = server.paths.public / "ca.pem", server.keystore.private_key(CA_KEY, generation)
    made = CertificateAuthority.create(key, server.engine.ledger_id, server.clock.now_ms())
    write_file(path, made.pem + path.read_bytes(), 0o644)


def _certify_tsa(server: Server, generation: int) -> None:
    path = server.paths.public / "tsa.pem"
    issuer = server.keystore.private_key(CA_KEY)
    public = server.keystore.private_key(TSA_KEY, generation).public_key()
    made = tsa_certificate(server.ca.certificate, issuer, public, server.clock.now_ms())
    current = matching(
        x509.load_pem_x509_certificates(path.read_bytes()), server.keystore.private_key(TSA_KEY).public_key()
    )
    write_file(path, made.public_bytes(Encoding.PEM) + current.public_bytes(Encoding.PEM), 0o644)


def _published(server: Server) -> bool:
    bundle = (server.paths.public / "ca.pem").read_bytes()
    trust = parse_trust((server.paths.public / TRUST_FILE).read_bytes())
    known = set(trust.ca_roots) & set(trust.tsa_roots)
    home = server.paths.root.parent
    return all(der in known for der in _roots(bundle)) and all(
        gateway_paths(home, one).ca.read_bytes() == bundle for one in gateways_in(home)
    )


def _publish(server: Server) -> None:
    """The roots of the CA file into the trust file (old ones stay), and the CA file to the gateways of this home."""
    bundle, path = (server.paths.public / "ca.pem").read_bytes(), server.paths.public / TRUST_FILE
    data = path.read_bytes()
    trust = parse_trust(data)
    lines = [
        f"#!{word} {base64.b64encode(der).decode()}\n"
        for word, known in (("ca-root", trust.ca_roots), ("tsa-root", trust.tsa_roots))
        for der in _roots(bundle)
        if der not in known
    ]
    if lines:
        added = data + "".join(lines).encode()
        parse_trust(added)
        write_file(path, added, 0o644)
    home = server.paths.root.parent
    for one in gateways_in(home):
        write_file(gateway_paths(home, one).ca, bundle, 0o644)


def _roots(bundle: bytes) -> list[bytes]:
    return [one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(bundle)]


def _forget(_: bytes) -> None:
    """The public key that ``generate`` returns is read again where it is needed."""
