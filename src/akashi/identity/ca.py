"""The private certificate authority: device and server certificates, revocation lists, and strict reading of certificates.

Guarantees: P-256 keys and ECDSA with SHA-256 only; device certificates carry exactly one name, the URI
``urn:akashi:<ledger id>:<institution>:<device>``, and serve for client authentication only; server certificates never do
(RFC 5280 4.2.1.12). Refuses: names of people, intermediate authorities, other curves. Trusted: whoever holds the CA key can
make certificates, but a device counts only if the ledger has its digest (``device.enrolled``), at every request.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from akashi.errors import Misuse
from akashi.identity.errors import CertificateRefused

DAY_MS = 24 * 3600 * 1000
CA_LIFE_MS = 3653 * DAY_MS
DEVICE_LIFE_MS = 365 * DAY_MS
SERVER_LIFE_MS = 365 * DAY_MS
CRL_LIFE_MS = 7 * DAY_MS
BACKDATE_MS = 5 * 60 * 1000
P12_ROUNDS = 200_000
_NAME = re.compile(r"urn:akashi:([0-9a-f]{32}):(inst-[0-9a-z]{4,32}):(dev-[0-9a-z]{4,32})", re.ASCII)
_CLIENT, _SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
# Everything that the library is known to raise over a damaged certificate (tests flip every bit).
_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_Extension = tuple[x509.ExtensionType, bool]


@dataclass(frozen=True, slots=True)
class DeviceCertificate:
    """What a device certificate says: the fields of ``device.enrolled``. ``digest`` and ``key`` are SHA-256 of DER and SPKI."""

    ledger: bytes
    institution: str
    device: str
    serial: bytes
    digest: bytes
    key: bytes
    from_ms: int
    to_ms: int


def _moment(ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ms // 1000, dt.UTC)


def _ms(moment: dt.datetime) -> int:
    return int(moment.timestamp()) * 1000


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


class CertificateAuthority:
    """One P-256 authority over one key (from the keystore). Stateless: what it issued is on the ledger."""

    def __init__(self, private_key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        if certificate.public_key() != private_key.public_key():
            raise Misuse(what="CA key and certificate differ")
        self._key = private_key
        self.certificate = certificate

    @classmethod
    def create(cls, private_key: ec.EllipticCurvePrivateKey, ledger_id: bytes, now_ms: int) -> CertificateAuthority:
        """A self-signed authority for the ledger, good for ten years from ``now_ms``."""
        if not isinstance(private_key.curve, ec.SECP256R1):
            raise Misuse(what="CA curve")
        name = _common_name(f"Akashi CA {ledger_id.hex()}")
        public = private_key.public_key()
        extensions: list[_Extension] = [
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (_usage(authority=True), True),
        ]
        certificate = _sign(private_key, name, name, public, (now_ms - BACKDATE_MS, now_ms + CA_LIFE_MS), extensions)
        return cls(private_key, certificate)

    @property
    def pem(self) -> bytes:
        """The authority's certificate, PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue_device(
        self,
        public_key: ec.EllipticCurvePublicKey | x509.CertificateSigningRequest,
        ledger_id: bytes,
        institution: str,
        device: str,
        from_ms: int,
        to_ms: int | None = None,
    ) -> x509.Certificate:
        """A client certificate, one year by default. Of a request only the key counts, once its signature verified."""
        name = f"urn:akashi:{ledger_id.hex()}:{institution}:{device}"
        if not _NAME.fullmatch(name):
            raise Misuse(what="device name")
        extensions: list[_Extension] = [
            (x509.ExtendedKeyUsage([_CLIENT]), True),
            (x509.SubjectAlternativeName([x509.UniformResourceIdentifier(name)]), False),
        ]
        validity = (from_ms, to_ms or from_ms + DEVICE_LIFE_MS)
        return self._issue(_common_name(device), _requested_key(public_key), validity, extensions)

    def issue_server(
        self,
        public_key: ec.EllipticCurvePublicKey | x509.CertificateSigningRequest,
        names: Sequence[str],
        from_ms: int,
        to_ms: int | None = None,
    ) -> x509.Certificate:
        """A server certificate for DNS names and IP addresses, one year by default; never good for a client."""
        extensions: list[_Extension] = [
            (x509.ExtendedKeyUsage([_SERVER]), False),
            (x509.SubjectAlternativeName([_general_name(name) for name in names]), False),
        ]
        validity = (from_ms, to_ms or from_ms + SERVER_LIFE_MS)
        return self._issue(_common_name("Akashi server"), _requested_key(public_key), validity, extensions)

    def issue_responder(self, public_key: ec.EllipticCurvePublicKey, from_ms: int, to_ms: int) -> x509.Certificate:
        """A certificate that may sign OCSP answers for this authority and nothing else (RFC 6960 4.2.2.2), not itself asked about."""
        extensions: list[_Extension] = [
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
            (x509.OCSPNoCheck(), False),
        ]
        return self._issue(_common_name("Akashi OCSP"), public_key, (from_ms, to_ms), extensions)

    def _issue(
        self,
        subject: x509.Name,
        public: ec.EllipticCurvePublicKey,
        validity: tuple[int, int],
        extensions: list[_Extension],
    ) -> x509.Certificate:
        basic: list[_Extension] = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_usage(authority=False), True),
        ]
        # Nothing may outlive its issuer: a longer leaf would fail on the day the CA ends anyway, with a worse message.
        validity = (validity[0] - BACKDATE_MS, min(validity[1], _ms(self.certificate.not_valid_after_utc)))
        return _sign(self._key, self.certificate.subject, subject, public, validity, basic + extensions)

    def crl(self, revoked: Iterable[tuple[int, int]], number: int, now_ms: int) -> bytes:
        """A signed CRL (PEM) of ``(serial, revoked ms)``, good for seven days; ``number`` only grows (RFC 5280 5.2.3)."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(_moment(now_ms - BACKDATE_MS))
            .next_update(_moment(now_ms + CRL_LIFE_MS))
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(_issuer_identifier(self._key), critical=False)
        )
        for serial, at_ms in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(_moment(at_ms)).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def p12(self, private_key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, password: bytes) -> bytes:
        """Key, certificate and CA as PKCS #12 under PBES2 with AES-256 and a SHA-256 MAC (RFC 9879 explains why not less)."""
        protection = (
            PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(P12_ROUNDS)
            .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
            .hmac_hash(hashes.SHA256())
            .build(password)
        )
        return pkcs12.serialize_key_and_certificates(None, private_key, certificate, [self.certificate], protection)


def _requested_key(source: ec.EllipticCurvePublicKey | x509.CertificateSigningRequest) -> ec.EllipticCurvePublicKey:
    if isinstance(source, x509.CertificateSigningRequest):
        # The signature proves that the requester holds the key; names and extensions asked for are ignored.
        if not source.is_signature_valid:
            raise CertificateRefused(reason="request.signature")
        key = source.public_key()
    else:
        key = source
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CertificateRefused(reason="request.key")
    return key


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _issuer_identifier(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _sign(
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    subject: x509.Name,
    public: ec.EllipticCurvePublicKey,
    validity: tuple[int, int],
    extensions: Iterable[_Extension],
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_moment(validity[0]))
        .not_valid_after(_moment(validity[1]))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(_issuer_identifier(key), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key, hashes.SHA256())


def parse_device_certificate(der: bytes) -> DeviceCertificate:
    """Strictly read a device certificate; raises :class:`CertificateRefused`. Says nothing about who signed it."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        public = certificate.public_key()
        extensions = certificate.extensions
        usage = list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
        names = list(extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
        authority = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except _UNREADABLE as error:
        raise CertificateRefused(reason="certificate.form") from error
    if not der.endswith(b"\x00" + certificate.signature):
        # The library skips the count of unused bits before the signature: two encodings of one certificate.
        raise CertificateRefused(reason="certificate.form")
    if authority or usage != [_CLIENT]:
        raise CertificateRefused(reason="certificate.usage")
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise CertificateRefused(reason="certificate.key")
    name = names[0] if len(names) == 1 else None
    match = _NAME.fullmatch(name.value) if isinstance(name, x509.UniformResourceIdentifier) else None
    if match is None:
        raise CertificateRefused(reason="certificate.name")
    serial = certificate.serial_number
    if serial <= 0:
        raise CertificateRefused(reason="certificate.serial")
    return DeviceCertificate(
        ledger=bytes.fromhex(match[1]),
        institution=match[2],
        device=match[3],
        serial=serial.to_bytes((serial.bit_length() + 7) // 8 or 1, "big"),
        digest=sha256(der).digest(),
        key=sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest(),
        from_ms=_ms(certificate.not_valid_before_utc),
        to_ms=_ms(certificate.not_valid_after_utc) + 1000,  # notAfter is included (RFC 5280 4.1.2.5)
    )


def verify_issued(der: bytes, authority: x509.Certificate, at_ms: int) -> DeviceCertificate:
    """Check signature, issuer and validity of a device certificate, for servers that did not do the TLS themselves.

    1. it is a well-formed device certificate; 2. ``authority`` signed it; 3. it is valid at ``at_ms``. Left to the caller:
    that the ledger has it and has not revoked it (``rules.decide_device``).
    """
    parsed = parse_device_certificate(der)
    try:
        x509.load_der_x509_certificate(der).verify_directly_issued_by(authority)
    except (InvalidSignature, *_UNREADABLE) as error:
        raise CertificateRefused(reason="certificate.issuer") from error
    if not parsed.from_ms <= at_ms < parsed.to_ms:
        raise CertificateRefused(reason="certificate.validity")
    return parsed
