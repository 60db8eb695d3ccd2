"""Time-stamping authorities of several decades, each with its own root, key, algorithms and years."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from akashi.clock import FixedClock
from akashi.ledger.proof.renewal import DEFAULT_POLICY, Believed, RecordVerdict, verify_record
from akashi.ledger.proof.stamp import LocalTsa
from tests.vectors.world import seed

_HASHES: dict[str, hashes.SHA256 | hashes.SHA512] = {"sha256": hashes.SHA256(), "sha512": hashes.SHA512()}


def year(number: int, month: int = 6) -> int:
    """The first of a month, in milliseconds."""
    return int(datetime(number, month, 1, tzinfo=UTC).timestamp()) * 1000


@dataclass(frozen=True)
class Authority:
    """An authority whose certificates hold from ``start`` to ``end`` (years)."""

    label: str
    start: int
    end: int
    hashed: str = "sha256"

    @cached_property
    def _curve(self) -> ec.EllipticCurve:
        return ec.SECP256R1() if self.hashed == "sha256" else ec.SECP384R1()

    def _key(self, what: str) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(int.from_bytes(seed(f"{self.label} {what}"), "big") >> 8, self._curve)

    @cached_property
    def root(self) -> bytes:
        """DER of its root."""
        key = self._key("root")
        return self._certificate("root", "root", key.public_key(), key).public_bytes(Encoding.DER)

    @cached_property
    def certificate(self) -> x509.Certificate:
        """Of the key that stamps."""
        return self._certificate("tsa", "root", self._key("tsa").public_key(), self._key("root"))

    def _certificate(
        self, subject: str, issuer: str, public: ec.EllipticCurvePublicKey, signer: ec.EllipticCurvePrivateKey
    ) -> x509.Certificate:
        def name(what: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{self.label} {what} (invented)")])

        builder = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name(issuer))
            .public_key(public)
            .serial_number(7)
            .not_valid_before(datetime(self.start, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(self.end, 12, 31, tzinfo=UTC))
            .add_extension(x509.BasicConstraints(ca=subject == "root", path_length=None), critical=True)
        )
        if subject != "root":
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(signer, _HASHES[self.hashed], ecdsa_deterministic=True)

    def at(self, number: int, month: int = 6) -> LocalTsa:
        """Stamping in that year."""
        return LocalTsa(self._key("tsa"), self.certificate, FixedClock(year(number, month)), self.hashed)

    def revoked(self, number: int) -> bytes:
        """A CRL that says that the stamping key was revoked in that year."""
        moment = datetime(number, 6, 1, tzinfo=UTC)
        entry = x509.RevokedCertificateBuilder(7, moment).build()
        issuer = x509.load_der_x509_certificate(self.root).subject
        builder = x509.CertificateRevocationListBuilder(issuer, moment, moment.replace(year=number + 40), [], [entry])
        return builder.sign(self._key("root"), _HASHES[self.hashed], ecdsa_deterministic=True).public_bytes(
            Encoding.DER
        )


FIRST = Authority("first", 2026, 2035)
SECOND = Authority("second", 2034, 2044)
THIRD = Authority("third", 2042, 2052)
FOURTH = Authority("fourth", 2048, 2058, "sha512")
ROOTS = tuple(one.root for one in (FIRST, SECOND, THIRD, FOURTH))


def judged(record: bytes, objects: list[bytes], at: int, roots: tuple[bytes, ...] = ROOTS) -> RecordVerdict:
    """The verdict in that year, under the default policy."""
    return verify_record(record, objects, Believed(roots), DEFAULT_POLICY, year(at))
