"""The keys and certificates by which servers know each other in IKE.

Guarantees: a key of its own for IKE (P-384), because the IKE daemon reads it from a plain file and the key of the peer plane never lies in one; its
certificate is signed by the server's peer key, whose digest the ledger names, so a file that was carried by anybody is either that server's or refused.
The name in it follows from the key. Refuses: certificates of authorities, other curves, other uses (a TLS certificate of the same server too), names
that do not follow from the key, more than three years. Trusts the caller for the peer certificate and for the time.

Three years, not thirteen months: the file is carried by hand, and a forgotten renewal would cut the servers off from each other. Who leaves is taken out of
the configuration, not waited for.
"""

from __future__ import annotations

import datetime as dt
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from akashi.network.ipsec.errors import CertificateUnfit
from akashi.network.ipsec.model import IkeCertificate
from akashi.network.peers.certificates import signing_usage

DAY_MS = 24 * 3600 * 1000
LIFE_MS = 1096 * DAY_MS
RENEW_MS = 90 * DAY_MS
"""A new certificate over the same key is made when the present one has less than this left."""
BACKDATE_MS = 5 * 60 * 1000
MAX_CERTIFICATE_BYTES = 4 * 1024
_UNREADABLE = (
    ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound, x509.DuplicateExtension, x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)  # fmt: skip


def new_ike_key() -> bytes:
    """A private key for IKE: P-384, PKCS #8 PEM without a passphrase, as the daemon reads it."""
    key = ec.generate_private_key(ec.SECP384R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_ike_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """The key that :func:`new_ike_key` made. Raises :class:`CertificateUnfit` (``key``) for anything else."""
    try:
        key = load_pem_private_key(pem, None)
    except _UNREADABLE:
        raise CertificateUnfit("key") from None  # the cause might quote the file
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP384R1):
        raise CertificateUnfit("key")
    return key


def ike_name(public: ec.EllipticCurvePublicKey) -> str:
    """How the holder of a key calls itself in IKE: a name that no name server gives (RFC 6761 6.4)."""
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"{sha256(spki).hexdigest()[:32]}.ike.akashi.invalid"


def ike_certificate(
    key: ec.EllipticCurvePrivateKey, peer_key: ec.EllipticCurvePrivateKey, peer: bytes, now_ms: int
) -> bytes:
    """A certificate (PEM) for ``key``, signed by the peer key whose certificate is ``peer``; for IKE only (RFC 4945 5.1.3.12)."""
    public, name = key.public_key(), ike_name(key.public_key())
    issuer = x509.load_pem_x509_certificate(peer)
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (signing_usage(), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.IPSEC_IKE]), True),
        (x509.SubjectAlternativeName([x509.DNSName(name)]), False),
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(peer_key.public_key()), False),
    ]
    builder = (
        x509.CertificateBuilder()
        .issuer_name(issuer.subject)
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Akashi IKE {name[:16]}")]))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_moment(now_ms - BACKDATE_MS))
        .not_valid_after(_moment(now_ms - BACKDATE_MS + LIFE_MS))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(peer_key, hashes.SHA256()).public_bytes(Encoding.PEM)


def read_ike_certificate(pem: bytes, peer: bytes) -> IkeCertificate:
    """Strictly read the certificate of the server whose peer certificate (PEM, checked already) is ``peer``. Raises :class:`CertificateUnfit`.

    1. one PEM block, re-encoding to itself; 2. signed by the peer key; 3. P-384; 4. for IKE and nothing else, no authority; 5. the name follows
    from the key; 6. three years at most. Left to the caller: that it is valid now (:func:`verify_time`).
    """
    try:
        found = x509.load_pem_x509_certificate(pem)
        public, extensions = found.public_key(), found.extensions
        uses = list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
        authority = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        names = list(extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
        encoded = found.public_bytes(Encoding.PEM)
    except _UNREADABLE as error:
        raise CertificateUnfit("form") from error
    if encoded != pem or len(pem) > MAX_CERTIFICATE_BYTES:
        raise CertificateUnfit("form")
    try:
        found.verify_directly_issued_by(x509.load_pem_x509_certificate(peer))
    except (InvalidSignature, *_UNREADABLE) as error:
        raise CertificateUnfit("issuer") from error
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP384R1):
        raise CertificateUnfit("key")
    if authority or uses != [ExtendedKeyUsageOID.IPSEC_IKE] or usage != signing_usage():
        raise CertificateUnfit("usage")
    name = ike_name(public)
    if names != [x509.DNSName(name)]:
        raise CertificateUnfit("name")
    from_ms, to_ms = _ms(found.not_valid_before_utc), _ms(found.not_valid_after_utc) + 1000
    if to_ms - from_ms > LIFE_MS + 1000:
        raise CertificateUnfit("validity")
    return IkeCertificate(pem, name, found.fingerprint(hashes.SHA256()), from_ms, to_ms)


def verify_time(certificate: IkeCertificate, now_ms: int) -> None:
    """Raises :class:`CertificateUnfit` (``time``) for one that has ended or has not begun."""
    if not certificate.from_ms <= now_ms < certificate.to_ms:
        raise CertificateUnfit("time")


def _moment(ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ms // 1000, dt.UTC)


def _ms(moment: dt.datetime) -> int:
    return int(moment.timestamp()) * 1000
