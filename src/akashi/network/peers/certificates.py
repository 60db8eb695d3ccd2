"""The TLS certificates by which servers know each other, and contexts that trust exactly those handed in.

Guarantees: TLS 1.3, both sides show a certificate, the private key is never written to a disk; a certificate counts because it *is* one of those
handed in, never because somebody issued it (no chains, no authorities, no tickets). Which key belongs to which server is for the ledger: both sides
compare :func:`spki_digest` with it after the handshake, before anything is answered or asked. Host names are not compared: the pinned key says more.
Refuses: certificates of authorities, other curves, more than 397 days. Trusts the caller for what it hands in, and the machine's clock for validity.

A server makes its certificate itself, over a P-256 key of its key store. A new certificate over the same key is handed round before the old one ends;
contexts trust both meanwhile, and the digest on the ledger does not change.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from akashi.errors import Misuse
from akashi.network.peers.errors import PeerCertificateUnsuitable

DAY_MS = 24 * 3600 * 1000
LIFE_MS = 397 * DAY_MS
"""Validity at most, the backdated minutes included: what CA/Browser Forum BR 6.3.2 allows."""
RENEW_MS = 60 * DAY_MS
"""A server hands round its next certificate when the present one has less than this left."""
BACKDATE_MS = 5 * 60 * 1000
MAX_CERTIFICATE_BYTES = 4 * 1024
_USES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
_UNREADABLE = (
    ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound, x509.DuplicateExtension, x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PeerIdentity:
    """A server's own certificate (PEM) and its private key (PKCS #8 PEM, for memory only)."""

    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PeerCertificate:
    """What a checked certificate says; ``spki`` is SHA-256 of its SubjectPublicKeyInfo, ``to_ms`` is excluded."""

    pem: bytes = field(repr=False)
    spki: bytes
    from_ms: int
    to_ms: int


def spki_digest(der: bytes) -> bytes:
    """SHA-256 over the SubjectPublicKeyInfo of a DER certificate: what the ledger names. Raises ``PeerCertificateUnsuitable``."""
    try:
        return _digest(x509.load_der_x509_certificate(der))
    except _UNREADABLE as error:
        raise PeerCertificateUnsuitable(reason="form") from error


def _digest(certificate: x509.Certificate) -> bytes:
    return sha256(certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def peer_certificate(
    key: ec.EllipticCurvePrivateKey, names: Sequence[str], now_ms: int, life_ms: int = LIFE_MS - BACKDATE_MS
) -> bytes:
    """A self-made certificate (PEM) for DNS names and IP addresses, good as client and as server, 397 days at most."""
    if not isinstance(key.curve, ec.SECP256R1) or not names or not 0 < life_ms <= LIFE_MS - BACKDATE_MS:
        raise Misuse(what="peer certificate")
    public = key.public_key()
    spki = sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Akashi peer {spki[:16]}")])
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (signing_usage(), True),
        (x509.ExtendedKeyUsage(_USES), True),
        (x509.SubjectAlternativeName([_general_name(one) for one in names]), False),
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False),
    ]
    builder = (
        x509.CertificateBuilder()
        .issuer_name(name)
        .subject_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_moment(now_ms - BACKDATE_MS))
        .not_valid_after(_moment(now_ms + life_ms))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def peer_identity(key: ec.EllipticCurvePrivateKey, certificate: bytes) -> PeerIdentity:
    """The identity of a server from a key of its key store and its certificate. Raises ``PeerCertificateUnsuitable``."""
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if read_certificate(certificate).spki != sha256(public).digest():
        raise PeerCertificateUnsuitable(reason="key")
    return PeerIdentity(certificate, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def read_certificate(pem: bytes) -> PeerCertificate:
    """Strictly read one certificate of a peer. Raises ``PeerCertificateUnsuitable``.

    1. one PEM block, re-encoding to itself; 2. P-256, signed by its own key; 3. no authority, both uses and no others; 4. 397 days at most. Left to
    the caller: that the ledger names its key, and that it is valid now (TLS looks).
    """
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        public, extensions = certificate.public_key(), certificate.extensions
        uses = list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
        authority = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        encoded = certificate.public_bytes(Encoding.PEM)
    except _UNREADABLE as error:
        raise PeerCertificateUnsuitable(reason="form") from error
    if encoded != pem or len(pem) > MAX_CERTIFICATE_BYTES:
        raise PeerCertificateUnsuitable(reason="form")
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise PeerCertificateUnsuitable(reason="key")
    try:
        certificate.verify_directly_issued_by(certificate)
    except (InvalidSignature, *_UNREADABLE) as error:
        raise PeerCertificateUnsuitable(reason="issuer") from error
    if authority or sorted(uses, key=str) != sorted(_USES, key=str):
        raise PeerCertificateUnsuitable(reason="usage")
    from_ms, to_ms = _ms(certificate.not_valid_before_utc), _ms(certificate.not_valid_after_utc) + 1000
    if to_ms - from_ms > LIFE_MS + 1000:
        raise PeerCertificateUnsuitable(reason="validity")
    return PeerCertificate(pem, _digest(certificate), from_ms, to_ms)


def server_context(own: PeerIdentity, trusted: Iterable[bytes]) -> ssl.SSLContext:
    """For listening: whoever calls must hold the key of one of ``trusted`` (PEM)."""
    context = _context(ssl.PROTOCOL_TLS_SERVER, own, trusted)
    context.num_tickets = 0  # a ticket would let a certificate back in that is trusted no more
    context.set_alpn_protocols(["http/1.1"])
    return context


def client_context(own: PeerIdentity, trusted: Iterable[bytes]) -> ssl.SSLContext:
    """For calling: whoever answers must hold the key of one of ``trusted`` (PEM)."""
    return _context(ssl.PROTOCOL_TLS_CLIENT, own, trusted)


def _context(protocol: int, own: PeerIdentity, trusted: Iterable[bytes]) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # the key is compared instead, and addresses may move
    context.verify_mode = ssl.CERT_REQUIRED
    # Trust ends at the certificate itself: without this OpenSSL looks for an authority above it.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    for pem in trusted:
        context.load_verify_locations(cadata=read_certificate(pem).pem.decode("ascii"))
    with _in_memory_file(own.certificate + own.key) as path:
        context.load_cert_chain(path)
    return context


@contextmanager
def _in_memory_file(data: bytes) -> Iterator[str]:
    """A path for OpenSSL, which reads keys from files only; nothing is written to a disk (memfd_create(2))."""
    handle = os.memfd_create("akashi-peer", os.MFD_CLOEXEC)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)


def signing_usage() -> x509.KeyUsage:
    """What the key of a server's certificate may do: sign, and nothing besides (RFC 5280 4.2.1.3)."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _moment(ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ms // 1000, dt.UTC)


def _ms(moment: dt.datetime) -> int:
    return int(moment.timestamp()) * 1000
