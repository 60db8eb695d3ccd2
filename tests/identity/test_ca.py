"""Certificates: what we issue, what openssl thinks of it, and what we refuse to read."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from akashi.errors import Misuse
from akashi.identity.ca import CRL_LIFE_MS, CertificateAuthority, parse_device_certificate, verify_issued
from akashi.identity.errors import CertificateRefused

LEDGER = bytes(range(16))
NOW = 1_800_000_000_000
YEAR = 365 * 24 * 3600 * 1000


def p256() -> ec.EllipticCurvePrivateKey:
    """A fresh key."""
    return ec.generate_private_key(ec.SECP256R1())


CA = CertificateAuthority.create(p256(), LEDGER, NOW)
KEY = p256()
DEVICE = CA.issue_device(KEY.public_key(), LEDGER, "inst-clin0000", "dev-desk", NOW)
DER = DEVICE.public_bytes(Encoding.DER)


def test_device_certificate_says_which_device() -> None:
    """Ledger, institution, device, serial, digest and times are read back."""
    parsed = parse_device_certificate(DER)

    assert (parsed.ledger, parsed.institution, parsed.device) == (LEDGER, "inst-clin0000", "dev-desk")
    assert int.from_bytes(parsed.serial, "big") == DEVICE.serial_number
    assert parsed.digest == DEVICE.fingerprint(hashes.SHA256())
    assert parsed.from_ms < NOW < parsed.to_ms == NOW + YEAR + 1000


def test_certificates_name_no_people() -> None:
    """The subject is the device's handle and nothing else."""
    assert DEVICE.subject.rfc4514_string() == "CN=dev-desk"


def test_openssl_accepts_device_and_server_for_their_purpose_only(tmp_path: Path) -> None:
    """In strict mode, with the CRL, openssl takes each certificate for its purpose and not for the other's."""
    now = int(dt.datetime.now(dt.UTC).timestamp()) * 1000
    authority = CertificateAuthority.create(p256(), LEDGER, now)
    (tmp_path / "ca.pem").write_bytes(authority.pem + authority.crl([], 1, now))
    made = {
        "sslclient": authority.issue_device(p256().public_key(), LEDGER, "inst-clin0000", "dev-desk", now),
        "sslserver": authority.issue_server(p256().public_key(), ["localhost", "127.0.0.1"], now),
    }
    verdicts: dict[tuple[str, str], int] = {}
    for kind, certificate in made.items():
        path = tmp_path / f"{kind}.pem"
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
        for purpose in made:
            how = ["-x509_strict", "-crl_check", "-purpose", purpose, "-CAfile", str(tmp_path / "ca.pem")]
            verdicts[kind, purpose] = subprocess.run(
                ["openssl", "verify", *how, str(path)], capture_output=True, check=False
            ).returncode

    assert {at: code == 0 for at, code in verdicts.items()} == {
        (kind, purpose): kind == purpose for kind in made for purpose in made
    }


def test_crl_lists_the_revoked_with_its_number() -> None:
    """The list names serials and times, carries its number and a bounded life, and is signed by the CA."""
    crl = x509.load_pem_x509_crl(CA.crl([(5, NOW - 1000), (DEVICE.serial_number, NOW)], 7, NOW))

    assert sorted(r.serial_number for r in crl) == sorted([5, DEVICE.serial_number])
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 7
    assert crl.next_update_utc == dt.datetime.fromtimestamp((NOW + CRL_LIFE_MS) // 1000, dt.UTC)
    public = CA.certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert crl.is_signature_valid(public)


def test_p12_opens_with_its_password_only() -> None:
    """The file holds key, certificate and CA, under PBES2 with AES."""
    data = CA.p12(KEY, DEVICE, b"one-time")
    key, certificate, others = pkcs12.load_key_and_certificates(data, b"one-time")

    assert (certificate, others) == (DEVICE, [CA.certificate])
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.public_key() == KEY.public_key()
    with pytest.raises(ValueError, match=r"(?i)password|mac"):
        pkcs12.load_key_and_certificates(data, b"guess")
    assert bytes.fromhex("60864801650304012a") in data  # OID aes256-CBC-PAD


def test_request_gives_its_key_and_nothing_else() -> None:
    """From a signing request only the key is taken; the names it asks for are ignored."""
    wish = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dev-other")])
    request = x509.CertificateSigningRequestBuilder().subject_name(wish).sign(KEY, hashes.SHA256())
    made = CA.issue_device(request, LEDGER, "inst-clin0000", "dev-desk", NOW)

    assert made.subject.rfc4514_string() == "CN=dev-desk"
    assert made.public_key() == KEY.public_key()


def test_other_keys_get_no_certificate() -> None:
    """Only P-256 keys are certified, and only P-256 makes an authority."""
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    for key in (ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()):
        algorithm = hashes.SHA256() if isinstance(key, ec.EllipticCurvePrivateKey) else None
        with pytest.raises(CertificateRefused):
            CA.issue_device(request.sign(key, algorithm), LEDGER, "inst-clin0000", "dev-desk", NOW)

    with pytest.raises(Misuse):
        CertificateAuthority.create(ec.generate_private_key(ec.SECP384R1()), LEDGER, NOW)


def test_certificates_end_with_their_authority() -> None:
    """No certificate is issued beyond the life of its issuer."""
    made = CA.issue_device(KEY.public_key(), LEDGER, "inst-clin0000", "dev-desk", NOW, NOW + 20 * YEAR)

    assert made.not_valid_after_utc == CA.certificate.not_valid_after_utc


@pytest.mark.parametrize("name", [("inst-x", "dev-desk"), ("inst-clin0000", "desk"), ("inst-clin0000", "dev-a:b")])
def test_odd_names_are_not_issued(name: tuple[str, str]) -> None:
    """A name that could be read in two ways is a defect of the caller."""
    with pytest.raises(Misuse):
        CA.issue_device(KEY.public_key(), LEDGER, *name, NOW)


def built(names: list[x509.GeneralName], usage: list[x509.ObjectIdentifier], *, authority: bool = False) -> bytes:
    """A certificate signed by some other authority, with what it likes inside."""
    foreign, when = p256(), dt.datetime.fromtimestamp(NOW // 1000, dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(CA.certificate.subject)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(when)
        .not_valid_after(when + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    return builder.sign(foreign, hashes.SHA256()).public_bytes(Encoding.DER)


URI = x509.UniformResourceIdentifier(f"urn:akashi:{LEDGER.hex()}:inst-clin0000:dev-desk")
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


@pytest.mark.parametrize(
    ("der", "reason"),
    [
        (b"", "certificate.form"),
        (DER[:-1], "certificate.form"),
        (DER + b"\x00", "certificate.form"),
        (CA.certificate.public_bytes(Encoding.DER), "certificate.form"),
        (built([URI], [SERVER]), "certificate.usage"),
        (built([URI], [CLIENT, SERVER]), "certificate.usage"),
        (built([URI], [CLIENT], authority=True), "certificate.usage"),
        (built([URI, URI], [CLIENT]), "certificate.name"),
        (built([x509.DNSName("dev-desk")], [CLIENT]), "certificate.name"),
        (built([x509.UniformResourceIdentifier(URI.value + "x:y")], [CLIENT]), "certificate.name"),
        (built([x509.UniformResourceIdentifier(URI.value.upper())], [CLIENT]), "certificate.name"),
    ],
)
def test_other_certificates_are_refused(der: bytes, reason: str) -> None:
    """Damaged, server, CA, doubly named or oddly named certificates are not device certificates."""
    with pytest.raises(CertificateRefused) as caught:
        parse_device_certificate(der)

    assert caught.value.params == {"reason": reason}


@pytest.mark.parametrize(
    ("der", "at_ms", "reason"),
    [
        (built([URI], [CLIENT]), NOW, "certificate.issuer"),
        (DER, NOW + YEAR + 1000, "certificate.validity"),
        (DER, NOW - YEAR, "certificate.validity"),
    ],
)
def test_foreign_and_expired_certificates_do_not_verify(der: bytes, at_ms: int, reason: str) -> None:
    """A certificate in our name by another CA, or outside its time, is refused."""
    with pytest.raises(CertificateRefused) as caught:
        verify_issued(der, CA.certificate, at_ms)

    assert caught.value.params == {"reason": reason}


def test_own_certificate_verifies() -> None:
    """What we issued verifies while it is valid."""
    assert verify_issued(DER, CA.certificate, NOW + YEAR).device == "dev-desk"


@pytest.mark.filterwarnings("ignore:.*serial number:cryptography.utils.CryptographyDeprecationWarning")
def test_no_flipped_bit_verifies() -> None:
    """Whichever bit of a certificate changes, it is refused and nothing but our own error comes out."""
    for at in range(len(DER)):
        for bit in range(8):
            flipped = DER[:at] + bytes([DER[at] ^ 1 << bit]) + DER[at + 1 :]
            with pytest.raises(CertificateRefused):
                verify_issued(flipped, CA.certificate, NOW)
