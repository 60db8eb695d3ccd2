"""A tiny time-stamping authority of RFC 3161 for tests: a DER writer and a stamped log.

Guarantees: tokens that `openssl ts` style verifiers accept, unless a test bends them. Refuses: nothing. Trusts: nobody.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.verifier import writer
from tests.verifier.writer import OFFICE, SERVER_KEY, START, Log

STAMPED_AT = START + 150_000
_SHA256 = "608648016503040201"
_ECDSA = "2a8648ce3d040302"


def der(tag: int, *parts: bytes) -> bytes:
    """One element."""
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    width = (len(content).bit_length() + 7) // 8
    return bytes([tag, 128 | width]) + len(content).to_bytes(width, "big") + content


def oid(content: str) -> bytes:
    """An object identifier from the hex of its content."""
    return der(0x06, bytes.fromhex(content))


class Authority:
    """A root, an authority's certificate under it and its tokens; P-256 keys from small numbers."""

    def __init__(self, number: int = 40, *, critical: bool = True, days: int = 3650) -> None:
        self._root_key = ec.derive_private_key(number, ec.SECP256R1())
        self._key = ec.derive_private_key(number + 1, ec.SECP256R1())
        self._number = number
        self.root = self._certify(f"Root {number}", f"Root {number}", 1, days, critical).public_bytes(Encoding.DER)
        signer = self._certify(f"TSA {number}", f"Root {number}", 2, days, critical)
        self.signer, self._issuer = signer.public_bytes(Encoding.DER), signer.issuer.public_bytes()

    @property
    def trust_line(self) -> str:
        """The line of a trust file that believes the root."""
        return f"#!tsa-root {b64encode(self.root).decode()}"

    def _certify(self, subject: str, issuer: str, serial: int, days: int, critical: bool) -> x509.Certificate:
        begin = datetime.fromtimestamp(START // 1000, UTC) - timedelta(days=1)
        names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in (subject, issuer)]
        key = self._root_key if serial == 1 else self._key
        builder = x509.CertificateBuilder(
            issuer_name=names[1],
            subject_name=names[0],
            public_key=key.public_key(),
            serial_number=serial,
            not_valid_before=begin,
            not_valid_after=begin + timedelta(days=days),
        ).add_extension(x509.BasicConstraints(ca=serial == 1, path_length=None), critical=True)
        if serial != 1:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(usage, critical=critical)
        return builder.sign(self._root_key, SHA256(), ecdsa_deterministic=True)

    def revocation(self, at_ms: int) -> bytes:
        """A CRL that revokes the authority's certificate as of a time."""
        at = datetime.fromtimestamp(at_ms // 1000, UTC)
        revoked = x509.RevokedCertificateBuilder().serial_number(2).revocation_date(at).build()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Root {self._number}")])
        builder = x509.CertificateRevocationListBuilder(name, at, at + timedelta(days=9))
        return (
            builder.add_revoked_certificate(revoked)
            .sign(self._root_key, SHA256(), ecdsa_deterministic=True)
            .public_bytes(Encoding.DER)
        )

    def token(self, imprint: bytes, at_ms: int = STAMPED_AT, fraction: str = "") -> bytes:
        """A token with the certificate inside, ESSCertIDv2 and signed attributes."""
        at = datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y%m%d%H%M%S") + fraction + "Z"
        algorithm = der(0x30, oid(_SHA256))
        info = der(
            0x30,
            der(0x02, b"\1"),
            oid("2a030405"),
            der(0x30, algorithm, der(0x04, imprint)),
            der(0x02, b"\7"),
            der(0x18, at.encode()),
        )
        named = der(0x30, der(0x30, der(0x30, der(0x04, sha256(self.signer).digest()))))
        attributes = sorted(
            der(0x30, oid(name), der(0x31, value))
            for name, value in (
                ("2a864886f70d010903", oid("2a864886f70d0109100104")),
                ("2a864886f70d010904", der(0x04, sha256(info).digest())),
                ("2a864886f70d010910022f", named),
            )
        )
        signature = self._key.sign(der(0x31, *attributes), ec.ECDSA(SHA256(), deterministic_signing=True))
        signer_info = der(
            0x30,
            der(0x02, b"\1"),
            der(0x30, self._issuer, der(0x02, b"\2")),
            algorithm,
            der(0xA0, *attributes),
            der(0x30, oid(_ECDSA)),
            der(0x04, signature),
        )
        signed = der(
            0x30,
            der(0x02, b"\3"),
            der(0x31, algorithm),
            der(0x30, oid("2a864886f70d0109100104"), der(0xA0, der(0x04, info))),
            der(0xA0, self.signer),
            der(0x31, signer_info),
        )
        return der(0x30, oid("2a864886f70d010702"), der(0xA0, signed))


@cache
def authority() -> Authority:
    """The authority most tests use."""
    return Authority()


def imprint(note: bytes) -> bytes:
    """The imprint of a note whose first signature line is the log's."""
    body, _, lines = note.partition(b"\n\n")
    return sha256(body + b"\n" + lines.split(b"\n")[0] + b"\n").digest()


def stamp_item(log: Log, size: int, token: bytes, *, crls: list[bytes] | None = None) -> list[Any]:
    """A stamp item over the checkpoint of that size."""
    proof = writer.consistency(size, log.hashes)
    return ["stamp", log.note(size=size), token, [], crls or [], proof]


def stamped() -> tuple[Log, list[Any], str]:
    """A log whose first three leaves were stamped, the stamp recorded as leaf 3, one operation after it."""
    log = writer.founded()
    token = authority().token(imprint(log.note()))
    log.add(SERVER_KEY, "log.stamped", {1: log.note(), 2: token, 3: [], 4: []}, OFFICE)
    log.add(writer.GATEWAY_KEY, "note.made", {}, "inst-0002")
    return log, [stamp_item(log, 3, token)], authority().trust_line
