"""RFC 3161 time-stamp tokens: a strict DER reader, CMS SignedData (RFC 5652) and the path to a trusted root.

Guarantees: `open_token` returns a time only if the token's signer signed it over this imprint; `path_holds` is true
only for a complete path. Refuses: BER, more than one signer, weak digests (`stamp`). Trusts: the roots it is handed;
`cryptography` for X.509 and signatures.

>>> [part.tag for part in read(bytes.fromhex("30030201053000"))]
[48, 48]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import new as new_hash
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from akashi_verifier import Failure, demand

_SEQUENCE, _SET, _OID, _OCTETS, _INTEGER, _TIME = 0x30, 0x31, 0x06, 0x04, 0x02, 0x18
MAX_CERTIFICATES = 64  # looked at for a path; bounds the work that a hostile token can ask for
# Object identifiers by their DER content.
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_TST_INFO = bytes.fromhex("2a864886f70d0109100104")
_CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_ESS_V1 = bytes.fromhex("2a864886f70d010910020c")
_ESS_V2 = bytes.fromhex("2a864886f70d010910022f")
_DIGESTS = {
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
_HASHES: dict[str, HashAlgorithm] = {"sha256": SHA256(), "sha384": SHA384(), "sha512": SHA512()}
_RSA = bytes.fromhex("2a864886f70d010101")
_WITH_DIGEST = {
    bytes.fromhex("2a864886f70d01010b"): ("rsa", "sha256"),
    bytes.fromhex("2a864886f70d01010c"): ("rsa", "sha384"),
    bytes.fromhex("2a864886f70d01010d"): ("rsa", "sha512"),
    bytes.fromhex("2a8648ce3d040302"): ("ec", "sha256"),
    bytes.fromhex("2a8648ce3d040303"): ("ec", "sha384"),
    bytes.fromhex("2a8648ce3d040304"): ("ec", "sha512"),
}
_GENERALIZED = re.compile(rb"([0-9]{14})(?:\.([0-9]{0,17}[1-9]))?Z")


@dataclass(frozen=True, slots=True)
class Tlv:
    """One DER element: tag byte, content, and the whole encoding."""

    tag: int
    content: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """A token whose own signature holds: its time, its signer, and the certificates that came with it."""

    time_ms: int
    signer: bytes
    certificates: list[bytes]


def read(data: bytes) -> list[Tlv]:
    """Split bytes into DER elements (definite, shortest lengths; low tag numbers)."""
    found, position = [], 0
    while position < len(data):
        start = position
        demand(len(data) - position >= 2 and data[position] & 31 != 31, "stamp", "der")
        tag, length = data[position], data[position + 1]
        position += 2
        if length >= 128:
            width = length - 128
            demand(1 <= width <= 4 and width <= len(data) - position, "stamp", "der")
            length = int.from_bytes(data[position : position + width], "big")
            demand(length >= 128 and length >> (8 * (width - 1)) > 0, "stamp", "der")
            position += width
        demand(length <= len(data) - position, "stamp", "der")
        found.append(Tlv(tag, data[position : position + length], data[start : position + length]))
        position += length
    return found


def _inside(data: bytes, *tags: int, more: bool = False) -> list[Tlv]:
    """The elements of `data`, which begin with these tags (`more`: others may follow)."""
    parts = read(data)
    demand(tuple(part.tag for part in parts[: len(tags)]) == tags, "stamp", "der")
    demand(more or len(parts) == len(tags), "stamp", "der")
    return parts


def _digest_name(algorithm: bytes) -> str:
    """The digest that an AlgorithmIdentifier's content names; its parameters are absent or NULL."""
    parts = _inside(algorithm, _OID, more=True)
    name = _DIGESTS.get(parts[0].content)
    demand(name is not None and [part.raw for part in parts[1:]] in ([], [b"\x05\0"]), "stamp", "digest")
    return name or ""


def _signed_data(token: bytes) -> list[Tlv]:
    """The fields of SignedData (RFC 5652 5.1)."""
    outer = _inside(_inside(token, _SEQUENCE)[0].content, _OID, 0xA0)
    demand(outer[0].content == _SIGNED_DATA, "stamp", "content type")
    data = _inside(outer[1].content, _SEQUENCE)[0]
    return _inside(data.content, _INTEGER, _SET, _SEQUENCE, more=True)


def open_token(token: bytes, imprint: bytes, extra: list[bytes], crls: list[bytes]) -> Opened:
    """Check a token over the imprint (SHA-256); `extra` and `crls` came with it (raises `stamp`)."""
    fields = _signed_data(token)
    encapsulated = _inside(fields[2].content, _OID, 0xA0)
    demand(encapsulated[0].content == _TST_INFO, "stamp", "content type")
    info = _inside(encapsulated[1].content, _OCTETS)[0].content
    rest = fields[3:]
    own: list[bytes] = []
    if rest and rest[0].tag == 0xA0:
        own = [part.raw for part in read(rest.pop(0).content) if part.tag == _SEQUENCE]
    if rest and rest[0].tag == 0xA1:
        rest.pop(0)
    demand(len(rest) == 1 and rest[0].tag == _SET, "stamp", "signer")
    signer_info = _inside(rest[0].content, _SEQUENCE)[0].content
    certificates = own + extra
    _all_parse(certificates, crls)
    signer = _check_signer(signer_info, info, certificates)
    return Opened(_check_info(info, imprint), signer, certificates)


def _all_parse(certificates: list[bytes], crls: list[bytes]) -> None:
    try:
        for raw in certificates:
            x509.load_der_x509_certificate(raw)
        for raw in crls:
            x509.load_der_x509_crl(raw)
    except Exception:  # noqa: BLE001 - X.509 parsing fails in many classes; all mean the same here
        raise Failure("stamp", "certificate or CRL") from None


def _check_info(info: bytes, imprint: bytes) -> int:
    """TSTInfo (RFC 3161 2.4.2): the imprint is ours; return genTime in milliseconds."""
    body = _inside(info, _SEQUENCE)[0].content
    fields = _inside(body, _INTEGER, _OID, _SEQUENCE, _INTEGER, _TIME, more=True)
    demand(fields[0].content == b"\1", "stamp", "version")
    algorithm, digest = _inside(fields[2].content, _SEQUENCE, _OCTETS)
    demand(_digest_name(algorithm.content) == "sha256" and digest.content == imprint, "stamp", "imprint")
    found = _GENERALIZED.fullmatch(fields[4].content)
    if found is None:
        raise Failure("stamp", "time")
    try:
        whole = datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise Failure("stamp", "time") from None
    fraction = int((found[2] or b"").ljust(3, b"0")[:3])
    return int(whole.timestamp()) * 1000 + fraction


def _attributes(signed: bytes) -> dict[bytes, bytes]:
    """Signed attributes as type -> the one value's encoding; each type once."""
    found: dict[bytes, bytes] = {}
    for attribute in read(signed):
        demand(attribute.tag == _SEQUENCE, "stamp", "attributes")
        name, values = _inside(attribute.content, _OID, _SET)
        inner = read(values.content)
        demand(len(inner) == 1 and name.content not in found, "stamp", "attributes")
        found[name.content] = inner[0].raw
    return found


def _check_signer(signer_info: bytes, info: bytes, certificates: list[bytes]) -> bytes:
    """RFC 5652 5.3 with the demands of RFC 3161: return the certificate that signed."""
    parts = read(signer_info)
    tags = [part.tag for part in parts]
    demand(tags[:1] == [_INTEGER] and tags[2:6] == [_SEQUENCE, 0xA0, _SEQUENCE, _OCTETS], "stamp", "signer")
    demand(tags[1] in (_SEQUENCE, 0x80) and tags[6:] in ([], [0xA1]), "stamp", "signer")
    digest_name = _digest_name(parts[2].content)
    attributes = _attributes(parts[3].content)
    demand(attributes.get(_CONTENT_TYPE) == bytes([_OID, len(_TST_INFO)]) + _TST_INFO, "stamp", "content type")
    expected = new_hash(digest_name, info).digest()
    demand(attributes.get(_MESSAGE_DIGEST) == bytes([_OCTETS, len(expected)]) + expected, "stamp", "message digest")
    signer = _named_certificate(attributes, certificates)
    algorithm = _inside(parts[4].content, _OID, more=True)[0].content
    family, name = ("rsa", digest_name) if algorithm == _RSA else _WITH_DIGEST.get(algorithm, ("", ""))
    demand(name == digest_name, "stamp", "algorithm")
    # The attributes are signed under their SET OF tag, not under the [0] they stand in (RFC 5652 5.4).
    message = bytes([_SET]) + parts[3].raw[1:]
    try:
        _names(parts[1], x509.load_der_x509_certificate(signer))
        _verify(signer, family, _HASHES[name], parts[5].content, message)
    except Exception:  # noqa: BLE001 - X.509 and key parsing fail in many classes; all mean the same here
        raise Failure("stamp", "signature") from None
    return signer


def _names(sid: Tlv, certificate: x509.Certificate) -> None:
    """Refuse a SignerIdentifier (RFC 5652 5.3) that does not name the certificate."""
    if sid.tag == _SEQUENCE:
        issuer, serial = _inside(sid.content, _SEQUENCE, _INTEGER)
        same = int.from_bytes(serial.content, "big", signed=True) == certificate.serial_number
        demand(same and issuer.raw == certificate.issuer.public_bytes(), "stamp", "signer")
    else:
        known = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        demand(known.digest == sid.content, "stamp", "signer")


def _verify(signer: bytes, family: str, algorithm: HashAlgorithm, signature: bytes, message: bytes) -> None:
    """Raise unless the certificate may stamp (critical, only timeStamping) and its key made the signature."""
    certificate = x509.load_der_x509_certificate(signer)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    demand(usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING], "stamp", "usage")
    key = certificate.public_key()
    if family == "rsa" and isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, message, padding.PKCS1v15(), algorithm)
    elif family == "ec" and isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, message, ec.ECDSA(algorithm))
    else:
        raise Failure("stamp", "algorithm")


def _named_certificate(attributes: dict[bytes, bytes], certificates: list[bytes]) -> bytes:
    """The certificate that the first ESSCertIDv2 (RFC 5035), else ESSCertID (RFC 2634), names by its digest."""
    attribute, default = attributes.get(_ESS_V2), "sha256"
    if attribute is None:
        attribute, default = attributes.get(_ESS_V1), "sha1"
    if attribute is None:
        raise Failure("stamp", "signing certificate")
    listed = _inside(_inside(attribute, _SEQUENCE)[0].content, _SEQUENCE, more=True)[0].content
    fields = read(_inside(listed, _SEQUENCE, more=True)[0].content)
    if default == "sha256" and fields and fields[0].tag == _SEQUENCE:
        default = _digest_name(fields.pop(0).content)
    demand(bool(fields) and fields[0].tag == _OCTETS, "stamp", "signing certificate")
    for certificate in certificates:
        if new_hash(default, certificate, usedforsecurity=False).digest() == fields[0].content:
            return certificate
    raise Failure("stamp", "signing certificate")


def path_holds(opened: Opened, roots: list[bytes], crls: list[bytes]) -> bool:
    """Whether a path leads from the signer to one of the roots, all of it valid and unrevoked at the token's time."""
    at = datetime.fromtimestamp(opened.time_ms / 1000, UTC)
    others = {sha256(raw).digest(): raw for raw in opened.certificates[:MAX_CERTIFICATES]}
    trusted = {sha256(raw).digest() for raw in roots}
    revocations = [x509.load_der_x509_crl(raw) for raw in crls]
    reached, waiting = {sha256(opened.signer).digest()}, [opened.signer]
    pool = {**others, **{sha256(raw).digest(): raw for raw in roots}}
    while waiting:
        subject_raw = waiting.pop()
        if sha256(subject_raw).digest() in trusted:
            return True
        for name, issuer_raw in pool.items():
            if name not in reached and _issued(subject_raw, issuer_raw, at, revocations):
                reached.add(name)
                waiting.append(issuer_raw)
    return False


def _issued(subject_raw: bytes, issuer_raw: bytes, at: datetime, crls: list[x509.CertificateRevocationList]) -> bool:
    """Whether this step of a path holds: CA:true, signature, validity, and no revocation up to the time."""
    try:
        subject, issuer = map(x509.load_der_x509_certificate, (subject_raw, issuer_raw))
        subject.verify_directly_issued_by(issuer)
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        if not constraints.ca or not subject.not_valid_before_utc <= at <= subject.not_valid_after_utc:
            return False
        key: Any = issuer.public_key()
        for crl in crls:
            if crl.issuer == issuer.subject and crl.is_signature_valid(key):
                entry = crl.get_revoked_certificate_by_serial_number(subject.serial_number)
                if entry is not None and entry.revocation_date_utc <= at:
                    return False
    except Exception:  # noqa: BLE001 - a certificate that cannot be read or checked is no step of a path
        return False
    return True
