"""A health-care PKI of our own for tests: invented people, invented authorities, a fixed clock.

Guarantees: everything is made here, from keys that live for one test run; nothing resembles a real authority's certificate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID, ObjectIdentifier

from akashi.clock import FixedClock
from akashi.ledger.proof.stamp import LocalTsa
from akashi.ledger.proof.tsa import local_root, local_tsa_certificate
from akashi.signatures.model import Trust

NOW_MS = 1_790_000_000_000
"""2026-09-21."""
DAY_MS = 86_400_000
PASSPHRASE = b"invented-passphrase"
SIGNING_POLICY = "1.2.392.100495.1.5.1.1.0.1"
AUTHENTICATION_POLICY = "1.2.392.100495.1.5.1.2.0.1"
ROLE_SCHEME = "1.2.392.100495.1.6.1.1"


def moment(ms: int) -> datetime:
    """A time of ``cryptography``."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def tagged(number: int, inner: bytes) -> bytes:
    """``[number] EXPLICIT`` around DER."""
    return bytes([0xA0 | number]) + _length(inner)


def sequence(*items: bytes) -> bytes:
    """A DER SEQUENCE."""
    return b"\x30" + _length(b"".join(items))


def set_of(*items: bytes) -> bytes:
    """A DER SET OF."""
    return b"\x31" + _length(b"".join(sorted(items)))


def _length(content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets + content


def oid(dotted: str) -> bytes:
    """A DER OBJECT IDENTIFIER."""
    return bytes(core.ObjectIdentifier(dotted).dump())


def actor(name: str, scheme: str = ROLE_SCHEME) -> bytes:
    """One HCActor with the qualification's name as free text (ISO 17090-2, HPKI)."""
    text = bytes(core.UTF8String(name).dump())
    return sequence(tagged(0, set_of(tagged(0, oid(scheme)), tagged(2, text))))


def role_attribute(*names: str) -> bytes:
    """The hcRole attribute: type, then a SET with one HCActorData."""
    return sequence(oid("1.0.17090.0.1"), set_of(set_of(*(actor(name) for name in names))))


def directory_attributes(*attributes: bytes) -> bytes:
    """The value of subjectDirectoryAttributes."""
    return sequence(*attributes)


@dataclass
class Authority:
    """A CA with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def pem(self) -> bytes:
        """Its certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    def revocations(self, *revoked: tuple[x509.Certificate, int], at_ms: int = NOW_MS, days: int = 30) -> bytes:
        """A CRL (DER) of ``at_ms``; ``revoked`` pairs a certificate and its revocation time."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        builder = builder.last_update(moment(at_ms)).next_update(moment(at_ms + days * DAY_MS))
        for certificate, when in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(moment(when)).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


def authority(name: str, above: Authority | None = None) -> Authority:
    """A root, or a CA under ``above``."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signer = (subject, key) if above is None else (above.certificate.subject, above.key)
    builder = _builder(subject, issuer, key.public_key(), -3650, 3650)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_usage(ca=True), critical=True)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
    )
    return Authority(builder.sign(signer, hashes.SHA256()), key)


@dataclass
class Holder:
    """Somebody invented who signs."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def p12(self, *chain: x509.Certificate) -> bytes:
        """Key and certificates under :data:`PASSPHRASE`."""
        kind = BestAvailableEncryption(PASSPHRASE)
        return pkcs12.serialize_key_and_certificates(b"signer", self.key, self.certificate, list(chain), kind)


def holder(
    issuer: Authority,
    name: str = "架空 花子",
    roles: bytes | None = None,
    policy: str = "",
    days: tuple[int, int] = (-30, 700),
    *,
    signs: bool = True,
    ocsp: bool = False,
) -> Holder:
    """A signer's certificate; ``roles`` is the DER of subjectDirectoryAttributes."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = _builder(subject, issuer.certificate.subject, key.public_key(), *days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(ca=False, signs=signs), critical=True)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False
    )
    if ocsp:
        place = x509.UniformResourceIdentifier("http://ocsp.example/")
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    if policy:
        information = x509.PolicyInformation(ObjectIdentifier(policy), None)
        builder = builder.add_extension(x509.CertificatePolicies([information]), critical=False)
    if roles is not None:
        builder = builder.add_extension(x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.9"), roles), critical=False)
    return Holder(builder.sign(issuer.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, begin_days: int, end_days: int
) -> x509.CertificateBuilder:
    now = moment(NOW_MS)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=begin_days))
        .not_valid_after(now + timedelta(days=end_days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, ca: bool, signs: bool = True) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca, content_commitment=signs and not ca, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False,
    )  # fmt: skip


@dataclass
class World:
    """A root, an HPKI root, their CRLs, a signer, and a local time-stamping authority."""

    root: Authority
    hpki: Authority
    signer: Holder
    doctor: Holder
    stamps: LocalTsa
    stamp_root: x509.Certificate
    clock: FixedClock

    def trust(self, *lists: bytes, hpki: bool = True) -> Trust:
        """What a verifier believes; ``lists`` beside the fresh ones of both roots."""
        der = Encoding.DER
        return Trust(
            roots=(self.root.certificate.public_bytes(der),),
            hpki_roots=(self.hpki.certificate.public_bytes(der),) if hpki else (),
            stamp_roots=(self.stamp_root.public_bytes(der),),
            crls=lists or (self.root.revocations(), self.hpki.revocations()),
        )


def world(clock: FixedClock | None = None) -> World:
    """A fresh one."""
    clock = clock or FixedClock(NOW_MS)
    root, hpki = authority("架空認証局"), authority("架空HPKI認証局")
    root_key, stamp_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    stamp_root = local_root(root_key, NOW_MS - DAY_MS)
    stamp_certificate = local_tsa_certificate(stamp_key.public_key(), stamp_root, root_key, NOW_MS - DAY_MS)
    roles = directory_attributes(role_attribute("Medical Doctor"))
    return World(
        root, hpki, holder(root), holder(hpki, "架空 太郎", roles, SIGNING_POLICY),
        LocalTsa(stamp_key, stamp_certificate, clock), stamp_root, clock,
    )  # fmt: skip


def blank_pdf(pages: int = 1, text: str = "A report of nobody") -> bytes:
    """A small PDF with a classical cross-reference table."""
    kids = " ".join(f"{4 + index * 2} 0 R" for index in range(pages))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>",
               "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]  # fmt: skip
    for index in range(pages):
        stream = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + index * 2} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    return assembled(objects)


def assembled(objects: list[str]) -> bytes:
    """A PDF of these objects, the first being the catalogue."""
    made, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n{body}\nendobj\n".encode()
    start = len(made)
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    made += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    identity = "00112233445566778899aabbccddeeff"
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /ID [<{identity}> <{identity}>] >>\n"
    return made + f"{trailer}startxref\n{start}\n%%EOF\n".encode()
