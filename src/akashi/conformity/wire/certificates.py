"""Certificates: what a stranger's says of itself, and those of a foreign CA made on the spot.

Guarantees: facts are key types and sizes, hash names, usages and times, never a name; a foreign CA's keys live in memory only and are
forgotten with the measurement. Refuses: to judge. Trusts nobody: a certificate that cannot be read counts as unreadable.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from akashi.conformity.model import Fact

_USAGES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "any",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """A certificate chain and its key, PEM."""

    chain: bytes
    key: bytes = field(repr=False)


def describe(ders: Iterable[bytes], prefix: str) -> dict[str, Fact]:
    """Facts of certificates: ``<prefix>.keys``, ``.signatures``, ``.usages``, ``.not_before_ms``, ``.not_after_ms``, ``.unreadable``.

    Of several, the latest start and the earliest end.
    """
    keys, signatures, usages = set(), set(), set()
    starts, ends, unreadable = [], [], 0
    for der in ders:
        try:
            one = x509.load_der_x509_certificate(der)
            keys.add(key_name(one.public_key()))
            signatures.add(_signature(one))
            usages |= _usages(one)
            starts.append(int(one.not_valid_before_utc.timestamp()) * 1000)
            ends.append(int(one.not_valid_after_utc.timestamp()) * 1000)
        except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
            unreadable += 1
    return {
        f"{prefix}.keys": tuple(sorted(keys)),
        f"{prefix}.signatures": tuple(sorted(signatures)),
        f"{prefix}.usages": tuple(sorted(usages)),
        f"{prefix}.not_before_ms": max(starts, default=0),
        f"{prefix}.not_after_ms": min(ends, default=0),
        f"{prefix}.unreadable": unreadable,
    }


def key_name(key: object) -> str:
    """``rsa-2048``, ``ec-256``, ``ed25519``, ``dsa-1024``, ``other``."""
    if isinstance(key, rsa.RSAPublicKey):
        return f"rsa-{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ec-{key.key_size}"
    if isinstance(key, dsa.DSAPublicKey):
        return f"dsa-{key.key_size}"
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519"
    return "ed448" if isinstance(key, ed448.Ed448PublicKey) else "other"


def _signature(one: x509.Certificate) -> str:
    """The hash of the signature; Ed25519 and Ed448 bring their own."""
    used = one.signature_hash_algorithm
    return used.name if used is not None else "intrinsic"


def _usages(one: x509.Certificate) -> set[str]:
    try:
        usage = one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return {"unrestricted"}
    return {_USAGES.get(use, "other") for use in usage}


def leaf(pem: bytes) -> x509.Certificate:
    """The first certificate of a PEM file. Raises ``ValueError``."""
    return x509.load_pem_x509_certificate(pem)


def foreign(now_ms: int, like: x509.Certificate | None = None, *, server: bool = False) -> Credentials:
    """A certificate of a CA that nobody knows, valid around ``now_ms``: it must fail for its CA and for nothing else.

    ``like``: with subject, issuer and names of this one, so that a server that compares names only is caught.
    """
    ca_key = ec.generate_private_key(ec.SECP256R1())
    key = _stranger()
    issuer = like.issuer if like else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Foreign CA")])
    subject = like.subject if like else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "foreign")])
    now = datetime.fromtimestamp(now_ms // 1000, UTC)
    usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=365)).not_valid_after(now + timedelta(days=365))
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    )  # fmt: skip
    if like is not None:
        builder = _same_names(builder, like)
    made = builder.sign(ca_key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Credentials(made.public_bytes(Encoding.PEM), private)


def _same_names(builder: x509.CertificateBuilder, like: x509.Certificate) -> x509.CertificateBuilder:
    try:
        names = like.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return builder
    return builder.add_extension(names.value, critical=names.critical)


@cache
def _stranger() -> rsa.RSAPrivateKey:
    """One key for all strangers of a process: it proves nothing, and RSA is what every server can at least read."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@contextmanager
def in_memory(credentials: Credentials) -> Iterator[str]:
    """A path under which ``ssl`` can read chain and key while the block runs; nothing is written to a disk."""
    handle = os.memfd_create("conformity", os.MFD_CLOEXEC)
    try:
        view = memoryview(credentials.chain + credentials.key)
        while view:
            view = view[os.write(handle, view) :]
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)


def load(context: ssl.SSLContext, credentials: Credentials) -> None:
    """Give a context its certificate."""
    with in_memory(credentials) as path:
        context.load_cert_chain(path)
