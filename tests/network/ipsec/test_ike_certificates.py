"""IKE certificates: a server's peer key vouches for a key of its own, and for nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from akashi.network.ipsec.certificates import (
    LIFE_MS,
    ike_certificate,
    ike_name,
    new_ike_key,
    read_ike_certificate,
    read_ike_key,
    verify_time,
)
from akashi.network.ipsec.errors import CertificateUnfit
from akashi.network.peers.certificates import peer_certificate

NOW = 1_795_219_200_000
PEER_KEY = ec.generate_private_key(ec.SECP256R1())
PEER = peer_certificate(PEER_KEY, ["10.0.0.5"], NOW)
KEY = read_ike_key(new_ike_key())
GOOD = ike_certificate(KEY, PEER_KEY, PEER, NOW)
Change = Callable[[x509.CertificateBuilder], x509.CertificateBuilder]


def test_what_the_peer_key_signed_is_read() -> None:
    """The name follows from the key; it counts from a few minutes ago on, for three years."""
    found = read_ike_certificate(GOOD, PEER)

    assert found.name == ike_name(KEY.public_key())
    assert found.from_ms < NOW < found.to_ms <= NOW + LIFE_MS
    verify_time(found, NOW)


def test_a_renewed_peer_certificate_vouches_too() -> None:
    """The peer plane renews its certificate over the same key; IKE certificates stay good."""
    renewed = peer_certificate(PEER_KEY, ["10.0.0.9"], NOW + 300 * 86_400_000)

    assert read_ike_certificate(GOOD, renewed).pem == GOOD


def test_another_servers_certificate_is_not_this_ones() -> None:
    """Must fail: signed by another peer key, or by its own key."""
    other_key = ec.generate_private_key(ec.SECP256R1())
    other = peer_certificate(other_key, ["10.0.0.6"], NOW)

    for pem in (ike_certificate(KEY, other_key, other, NOW), ike_certificate(KEY, other_key, PEER, NOW)):
        with pytest.raises(CertificateUnfit) as refused:
            read_ike_certificate(pem, PEER)
        assert refused.value.reason == "issuer"


def test_a_servers_tls_certificate_is_none() -> None:
    """Must fail: the peer certificate itself, though the peer key signed it."""
    with pytest.raises(CertificateUnfit):
        read_ike_certificate(PEER, PEER)


def _replaced(old: type[x509.ExtensionType], new: x509.ExtensionType, critical: bool = True) -> Change:
    def change(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
        kept = [one for one in builder._extensions if not isinstance(one.value, old)]
        builder._extensions = [*kept, x509.Extension(new.oid, critical, new)]
        return builder

    return change


def _made(key: ec.EllipticCurvePrivateKey, change: Change) -> bytes:
    """As ours, signed by the peer key, but for one thing."""
    good = x509.load_pem_x509_certificate(GOOD)
    builder = (
        x509.CertificateBuilder()
        .issuer_name(good.issuer).subject_name(good.subject).public_key(key.public_key()).serial_number(7)
        .not_valid_before(good.not_valid_before_utc).not_valid_after(good.not_valid_after_utc)
    )  # fmt: skip
    for one in good.extensions:
        builder = builder.add_extension(one.value, one.critical)
    return change(builder).sign(PEER_KEY, hashes.SHA256()).public_bytes(Encoding.PEM)


def _longer(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    assert builder._not_valid_after is not None
    builder._not_valid_after += dt.timedelta(days=1)
    return builder


CHANGES: dict[str, tuple[Change, str]] = {
    "authority": (_replaced(x509.BasicConstraints, x509.BasicConstraints(ca=True, path_length=0)), "usage"),
    "other-use": (_replaced(x509.ExtendedKeyUsage, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])), "usage"),
    "other-name": (
        _replaced(x509.SubjectAlternativeName, x509.SubjectAlternativeName([x509.DNSName("server-1.example")])), "name",
    ),
    "too-long": (_longer, "validity"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(CHANGES))
def test_other_certificates_of_the_same_peer_key_are_refused(case: str) -> None:
    """Must fail: an authority, another use, a name that does not follow from the key, four years."""
    change, reason = CHANGES[case]

    with pytest.raises(CertificateUnfit) as refused:
        read_ike_certificate(_made(KEY, change), PEER)
    assert refused.value.reason == reason


def test_another_curve_is_refused() -> None:
    """Must fail: a P-256 key in a certificate that is right in all else."""
    with pytest.raises(CertificateUnfit) as refused:
        read_ike_certificate(_made(ec.generate_private_key(ec.SECP256R1()), lambda builder: builder), PEER)
    assert refused.value.reason == "key"


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_no_changed_byte_passes(at: int, mask: int) -> None:
    """Must fail: any byte of the file changed."""
    changed = bytes([*GOOD[:at], GOOD[at] ^ mask, *GOOD[at + 1 :]])

    with pytest.raises(CertificateUnfit):
        read_ike_certificate(changed, PEER)


@given(st.binary(max_size=200))
def test_rubbish_is_refused_without_being_quoted(data: bytes) -> None:
    """Must fail: anything else, as certificate and as key; the message does not show it."""
    for reading in (lambda: read_ike_certificate(data, PEER), lambda: read_ike_key(data)):
        with pytest.raises(CertificateUnfit) as refused:
            reading()
        assert refused.value.params == {"reason": refused.value.reason, "name": "-"}


def test_time_is_looked_at() -> None:
    """Must fail: before its first and after its last day."""
    found = read_ike_certificate(GOOD, PEER)

    for moment in (found.from_ms - 1, found.to_ms):
        with pytest.raises(CertificateUnfit):
            verify_time(found, moment)
