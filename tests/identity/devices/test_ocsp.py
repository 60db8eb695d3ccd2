"""OCSP as others read it: openssl accepts the answers, and odd requests are refused in the standard's own words."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.clock import FixedClock, SystemClock
from akashi.identity.ca import CertificateAuthority, parse_device_certificate
from akashi.identity.devices.ocsp import MAX_REQUEST, OcspResponder, answer_ocsp
from akashi.identity.errors import CertificateRefused

LEDGER, DAY = b"L" * 16, 24 * 3600 * 1000


def authority(now: int) -> CertificateAuthority:
    """A fresh authority."""
    return CertificateAuthority.create(ec.generate_private_key(ec.SECP256R1()), LEDGER, now)


def device(of: CertificateAuthority, now: int) -> x509.Certificate:
    """A device of the authority."""
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return of.issue_device(public, LEDGER, "inst-clin0000", "dev-desk", now)


NOW = SystemClock().now_ms()
CA = authority(NOW)
DEVICE = device(CA, NOW)
RESPONDER = OcspResponder(CA, SystemClock())


def openssl(folder: Path, revoked_ms: int | None, *, known: bool = True, nonce: bool = True) -> str:
    """What openssl makes of our answer to its own request about :data:`DEVICE`."""
    (folder / "ca.pem").write_bytes(CA.pem)
    (folder / "device.pem").write_bytes(DEVICE.public_bytes(Encoding.PEM))
    about = ["-issuer", "ca.pem", "-cert", "device.pem"]
    odd = [] if nonce else ["-no_nonce"]
    subprocess.run(["openssl", "ocsp", *about, *odd, "-reqout", "ask.der"], cwd=folder, check=True, capture_output=True)

    def look(serial: int) -> tuple[bool, int | None]:
        return known and serial == DEVICE.serial_number, revoked_ms

    (folder / "answer.der").write_bytes(answer_ocsp([RESPONDER], (folder / "ask.der").read_bytes(), look))
    read = ["openssl", "ocsp", "-reqin", "ask.der", "-respin", "answer.der", "-no_nonce", *about, "-CAfile", "ca.pem"]
    done = subprocess.run(read, cwd=folder, check=False, capture_output=True, text=True)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("revoked_ms", "known", "word"),
    [(None, True, "good"), (NOW - DAY, True, "revoked"), (None, False, "unknown")],
    ids=["good", "revoked", "unknown"],  # the time of today in an id would differ between two test processes
)
def test_openssl_accepts_the_answer(tmp_path: Path, revoked_ms: int | None, word: str, known: bool) -> None:
    """Signature, responder's certificate, nonce and times are what openssl wants; the word is the ledger's."""
    said = openssl(tmp_path, revoked_ms, known=known)

    assert "Response verify OK" in said
    assert f"device.pem: {word}" in said
    assert "WARNING" not in said


def test_openssl_accepts_an_answer_without_a_nonce(tmp_path: Path) -> None:
    """Who sends none gets none."""
    assert "Response verify OK" in openssl(tmp_path, None, nonce=False)


def asked(
    about: x509.Certificate, issuer: x509.Certificate, nonce: bytes = b"", algorithm: hashes.HashAlgorithm | None = None
) -> bytes:
    """A request about a certificate."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(about, issuer, algorithm or hashes.SHA256())
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def status(data: bytes) -> ocsp.OCSPResponseStatus:
    """The answer's status."""
    return ocsp.load_der_ocsp_response(answer_ocsp([RESPONDER], data, lambda _: (True, None))).response_status


def test_certificates_of_other_authorities_are_unauthorized() -> None:
    """The same serial under another authority is nothing that we say anything about."""
    foreign = authority(NOW)

    assert status(asked(device(foreign, NOW), foreign.certificate)) is ocsp.OCSPResponseStatus.UNAUTHORIZED


def test_long_nonces_and_other_hashes_are_malformed() -> None:
    """RFC 8954 allows 32 bytes; issuer hashes are SHA-1 or SHA-256; nothing longer than 4 KiB is read."""
    malformed = ocsp.OCSPResponseStatus.MALFORMED_REQUEST

    assert status(asked(DEVICE, CA.certificate, b"n" * 33)) is malformed
    assert status(asked(DEVICE, CA.certificate, algorithm=hashes.SHA384())) is malformed
    assert status(b"\x30" + bytes(MAX_REQUEST)) is malformed
    assert status(asked(DEVICE, CA.certificate, b"n" * 32)) is ocsp.OCSPResponseStatus.SUCCESSFUL


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_damaged_requests_get_an_answer_and_never_a_crash(at: int, change: int) -> None:
    """Any flipped byte gives some status of the standard."""
    data = bytearray(asked(DEVICE, CA.certificate, b"n" * 16))
    data[at % len(data)] ^= change

    assert status(bytes(data)) in set(ocsp.OCSPResponseStatus)


def test_the_responder_may_do_nothing_else() -> None:
    """Its certificate is for OCSP only: it is no device, and no authority; it is renewed before it ends."""
    clock = FixedClock(NOW)
    responder = OcspResponder(CA, clock)
    first = responder._current(NOW)
    clock.advance(6 * DAY + 1)
    with pytest.raises(CertificateRefused):
        parse_device_certificate(first.public_bytes(Encoding.DER))

    usage = first.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.ExtendedKeyUsageOID.OCSP_SIGNING]
    assert not first.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert responder._current(clock.now_ms()).serial_number != first.serial_number
