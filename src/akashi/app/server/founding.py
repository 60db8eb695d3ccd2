"""How a service begins: keys, genesis, CA, time-stamping certificate, trust file.

Guarantees: run once for an empty folder; the genesis commits to the next log key before the first checkpoint is signed. The
time-stamping authority made here serves tests and demonstrations and says so in its name: it proves nothing legally.
"""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from akashi.app.config import ServerPaths, ServerSettings
from akashi.app.wiring import KINDS
from akashi.clock import Clock
from akashi.durable import make_directory, write_file
from akashi.identity.ca import CertificateAuthority
from akashi.identity.handles import new_handle
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import KeyKind
from akashi.ledger.events import dump_body, info_of
from akashi.ledger.model import MAX_LIFETIME_MS, Actor, Auth, AuthMethod, Statement
from akashi.ledger.registry import Genesis, log_key_commitment
from akashi.ledger.service import Engine
from akashi.ledger.wire.envelope import NONCE_SIZE, Signer, seal_operation
from akashi.ledger.wire.merkle import leaf_hash
from akashi.ledger.wire.note import NoteKind, origin_of, vkey

SECRETARIAT_KEY, SERVER_KEY, LOG_KEY, NEXT_LOG_KEY = "secretariat", "server", "log-1", "log-2"
COSIGNER_KEY, CA_KEY, TSA_KEY, WEB_KEY = "cosigner", "ca", "tsa", "web"
_KEYS = (
    (SECRETARIAT_KEY, KeyKind.ED25519),
    (SERVER_KEY, KeyKind.ED25519),
    (LOG_KEY, KeyKind.ED25519),
    (NEXT_LOG_KEY, KeyKind.ED25519),
    (COSIGNER_KEY, KeyKind.ED25519),
    (CA_KEY, KeyKind.P256),
    (TSA_KEY, KeyKind.P256),
    (WEB_KEY, KeyKind.P256),
)


def found(paths: ServerPaths, settings: ServerSettings, keystore: FileKeystore, clock: Clock) -> None:
    """Make keys, CA and TSA certificates and the genesis block in an empty server home."""
    for name, kind in _KEYS:
        keystore.generate(name, kind, in_memory=name == WEB_KEY)  # Python's TLS takes the bytes of a key
    ledger_id = secrets.token_bytes(16)
    origin = origin_of(settings.domain, ledger_id, 1)
    cosigner = f"{settings.domain}/akashi/{ledger_id.hex()}/server/1"
    handle = new_handle("inst")
    for name, text in (("origin", origin), ("cosigner", cosigner), ("secretariat", handle)):
        write_file(paths.public / name, f"{text}\n".encode(), 0o644)
    _issue_authorities(paths, keystore, ledger_id, clock)
    genesis = _genesis(ledger_id, origin, handle, keystore, clock)
    make_directory(paths.ledger)
    Engine.create(
        paths.ledger,
        genesis,
        kinds=KINDS,
        log_key=keystore.note_signer(LOG_KEY, origin),
        cosigner=keystore.note_signer(COSIGNER_KEY, cosigner),
        clock=clock,
    ).close()
    _write_trust(paths, keystore, origin, cosigner, clock)


def _issue_authorities(paths: ServerPaths, keystore: FileKeystore, ledger_id: bytes, clock: Clock) -> None:
    now = clock.now_ms()
    ca = CertificateAuthority.create(keystore.private_key(CA_KEY), ledger_id, now)
    write_file(paths.public / "ca.pem", ca.pem, 0o644)
    tsa = tsa_certificate(ca.certificate, keystore.private_key(CA_KEY), keystore.private_key(TSA_KEY).public_key(), now)
    write_file(paths.public / "tsa.pem", tsa.public_bytes(Encoding.PEM), 0o644)


def tsa_certificate(
    ca: x509.Certificate, issuer: ec.EllipticCurvePrivateKey, public: ec.EllipticCurvePublicKey, now_ms: int
) -> x509.Certificate:
    """A certificate for time stamping only (RFC 3161 section 2.3: the one extended usage, critical)."""
    start = datetime.fromtimestamp(now_ms // 1000, UTC)
    builder = (
        x509.CertificateBuilder()
        .issuer_name(ca.subject)
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Akashi TEST TSA (no legal effect)")]))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - timedelta(minutes=5))
        .not_valid_after(start + timedelta(days=3650 - 1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
    )
    return builder.sign(issuer, hashes.SHA256())


def _genesis(ledger_id: bytes, origin: str, secretariat: str, keystore: FileKeystore, clock: Clock) -> bytes:
    signer = keystore.signer(SECRETARIAT_KEY)
    body = Genesis(
        origin=origin,
        log_key=keystore.note_signer(LOG_KEY, origin).public_key,
        next_log_key=log_key_commitment(keystore.note_signer(NEXT_LOG_KEY, origin).public_key),
        cosigner_key=keystore.note_signer(COSIGNER_KEY, origin).public_key,
        secretariat_spki=signer.spki,
        secretariat_algorithm=int(signer.algorithm),
        secretariat=secretariat,
    )
    return seal_genesis(body, ledger_id, signer, clock)


def seal_genesis(body: Genesis, ledger_id: bytes, signer: Signer, clock: Clock) -> bytes:
    """The first operation of a log, of a new service or of a new epoch, in the name of the secretariat that it names."""
    now, info = clock.now_ms(), info_of(Genesis)
    statement = Statement(
        ledger=ledger_id,
        kind=info.tag,
        version=info.version,
        actor=Actor(body.secretariat),
        auth=Auth(AuthMethod.MACHINE, now),
        subject=body.secretariat,
        body=dump_body(body),
        claimed_ms=now,
        not_after_ms=now + MAX_LIFETIME_MS,
        nonce=secrets.token_bytes(NONCE_SIZE),
    )
    return seal_operation(statement, signer)


def _write_trust(paths: ServerPaths, keystore: FileKeystore, origin: str, cosigner: str, clock: Clock) -> None:
    engine = Engine.open(
        paths.ledger,
        kinds=KINDS,
        log_key=keystore.note_signer(LOG_KEY, origin),
        cosigner=keystore.note_signer(COSIGNER_KEY, cosigner),
        clock=clock,
    )
    try:
        first = next(iter(engine.leaves(0, 1)))
    finally:
        engine.close()
    ca = x509.load_pem_x509_certificate((paths.public / "ca.pem").read_bytes()).public_bytes(Encoding.DER)
    lines = [
        f"log {vkey(origin, NoteKind.ED25519, keystore.note_signer(LOG_KEY, origin).public_key)}",
        f"witness server-1 {vkey(cosigner, NoteKind.COSIGNATURE, keystore.note_signer(COSIGNER_KEY, cosigner).public_key)}",
        "quorum server-1",
        f"#!genesis {leaf_hash(first).hex()}",
        f"#!ca-root {base64.b64encode(ca).decode()}",
        # The demonstration's time-stamping authority is issued by the same CA; with an outside TSA its root stands here.
        f"#!tsa-root {base64.b64encode(ca).decode()}",
    ]
    write_file(paths.public / "trust.txt", ("\n".join(lines) + "\n").encode(), 0o644)


def trust_digest(text: str) -> str:
    """What two people compare over the telephone before pinning a trust file: the first 16 hex digits of its SHA-256."""
    return sha256(text.encode()).hexdigest()[:16]
