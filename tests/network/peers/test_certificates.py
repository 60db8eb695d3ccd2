"""Certificates between servers: what is made, what is read, whom a context trusts."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.errors import Misuse
from akashi.network.peers.certificates import (
    LIFE_MS,
    PeerIdentity,
    client_context,
    peer_certificate,
    peer_identity,
    read_certificate,
    server_context,
    spki_digest,
)
from akashi.network.peers.errors import PeerCertificateUnsuitable
from tests.network.peers.servers import Home

DAY_MS = 24 * 3600 * 1000
NOW_MS = 1_790_000_000_000
USES = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
KEY = ec.generate_private_key(ec.SECP256R1())


def made(
    key: ec.EllipticCurvePrivateKey = KEY,
    *,
    uses: Sequence[x509.ObjectIdentifier] = USES,
    authority: bool = False,
    days: int = 300,
    issuer: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """A certificate with one thing another way."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Akashi peer")])
    begin = dt.datetime.fromtimestamp(NOW_MS // 1000, dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=True)
        .sign(issuer or key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )


def test_a_certificate_is_good_both_ways_for_397_days() -> None:
    """What a server makes for itself has both uses, its names, no authority, and ends within 397 days of its beginning."""
    pem = peer_certificate(KEY, ["server-2.example.jp", "127.0.0.1"], NOW_MS)
    certificate = x509.load_pem_x509_certificate(pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    read = read_certificate(pem)

    assert list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == USES
    assert names.get_values_for_type(x509.DNSName) == ["server-2.example.jp"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert read.from_ms <= NOW_MS
    assert read.to_ms - read.from_ms <= LIFE_MS + 1000


def test_a_new_certificate_over_the_same_key_keeps_its_digest() -> None:
    """What the ledger names stays when a certificate is renewed."""
    older, newer = (peer_certificate(KEY, ["127.0.0.1"], NOW_MS + later) for later in (0, 300 * DAY_MS))

    assert older != newer
    assert read_certificate(older).spki == read_certificate(newer).spki
    assert spki_digest(x509.load_pem_x509_certificate(older).public_bytes(Encoding.DER)) == read_certificate(older).spki


@pytest.mark.parametrize(("names", "life"), [([], LIFE_MS // 2), (["127.0.0.1"], LIFE_MS + DAY_MS), (["127.0.0.1"], 0)])
def test_no_other_certificate_is_made(names: list[str], life: int) -> None:
    """None without a name, none for longer than 397 days."""
    with pytest.raises(Misuse):
        peer_certificate(KEY, names, NOW_MS, life)


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (made(authority=True), "usage"),
        (made(uses=USES[:1]), "usage"),
        (made(uses=USES[1:]), "usage"),
        (made(uses=[*USES, ExtendedKeyUsageOID.CODE_SIGNING]), "usage"),
        (made(days=398), "validity"),
        (made(issuer=ec.generate_private_key(ec.SECP256R1())), "issuer"),
        (made(ec.generate_private_key(ec.SECP384R1())), "key"),
        (made() + made(), "form"),
        (b"# comment\n" + made(), "form"),
        (b"", "form"),
    ],
    ids=[
        "authority",
        "server only",
        "client only",
        "more uses",
        "too long",
        "issued",
        "curve",
        "two",
        "comment",
        "empty",
    ],
)
def test_other_certificates_are_not_read(pem: bytes, reason: str) -> None:
    """Only certificates of exactly the form that servers make for themselves can be trusted."""
    with pytest.raises(PeerCertificateUnsuitable) as refused:
        read_certificate(pem)

    assert refused.value.params == {"reason": reason}


@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
@settings(max_examples=60)
def test_damaged_certificates_are_refused_or_whole(position: int, bit: int) -> None:
    """A flipped bit gives an error of ours, or a certificate that still verifies under its own key."""
    pem = bytearray(peer_certificate(KEY, ["127.0.0.1"], NOW_MS))
    pem[position % len(pem)] ^= 1 << bit
    try:
        read = read_certificate(bytes(pem))
    except PeerCertificateUnsuitable:
        return
    assert read.spki == read_certificate(peer_certificate(KEY, ["127.0.0.1"], NOW_MS)).spki


def test_a_key_and_anothers_certificate_are_no_identity() -> None:
    """A server cannot start with a certificate that is not over its key."""
    with pytest.raises(PeerCertificateUnsuitable):
        peer_identity(ec.generate_private_key(ec.SECP256R1()), peer_certificate(KEY, ["127.0.0.1"], NOW_MS))


def test_the_key_is_not_shown() -> None:
    """An identity's repr holds no private key."""
    identity = Home(1).identity

    assert "PRIVATE" not in repr(identity)
    assert b"PRIVATE" in identity.key


# -- handshakes, in memory --------------------------------------------------------------------------------------------


def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> str:
    """Let two contexts meet without a socket: ``"met"``, or the reason of the side that refused."""
    wires = [ssl.MemoryBIO() for _ in range(2)]
    ends = [
        server.wrap_bio(wires[0], wires[1], server_side=True),
        client.wrap_bio(wires[1], wires[0], server_hostname="127.0.0.1"),
    ]
    done = [False, False]
    for _ in range(10):
        for at, end in enumerate(ends):
            try:
                end.do_handshake() if not done[at] else end.read(1)
                done[at] = True
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as error:
                return error.reason or "refused"
    return "met" if all(done) else "stuck"


def contexts(server: Home, client: Home, server_trusts: list[bytes], client_trusts: list[bytes]) -> str:
    """The outcome of a handshake between two homes."""
    return handshake(server_context(server.identity, server_trusts), client_context(client.identity, client_trusts))


def test_two_that_trust_each_other_meet() -> None:
    """Both certificates handed in on the other side: the handshake succeeds, with TLS 1.3."""
    one, two = Home(1), Home(2)

    assert contexts(one, two, [two.certificate], [one.certificate]) == "met"


def test_a_stranger_is_refused_by_both_sides() -> None:
    """Whose certificate was not handed in meets nobody, as client or as server; with nothing handed in nobody is trusted."""
    one, two, stranger = Home(1), Home(2), Home(3)

    assert contexts(one, stranger, [two.certificate], [one.certificate]) == "CERTIFICATE_VERIFY_FAILED"
    assert contexts(stranger, two, [two.certificate], [one.certificate]) == "CERTIFICATE_VERIFY_FAILED"
    assert contexts(one, two, [], [one.certificate]) == "CERTIFICATE_VERIFY_FAILED"


def test_a_peer_is_no_authority() -> None:
    """A certificate that a trusted peer's key signed for another key is worth nothing."""
    one, peer = Home(1), Home(2)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.load_pem_x509_certificate(peer.certificate).subject
    template = x509.load_pem_x509_certificate(peer_certificate(key, ["127.0.0.1"], NOW_MS))
    builder = (
        x509.CertificateBuilder()
        .subject_name(template.subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2036, 1, 1, tzinfo=dt.UTC))
    )
    for extension in template.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(extension.value, extension.critical)
    issued = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(peer.key.public_key()), critical=False
    ).sign(peer.key, hashes.SHA256())
    forged = PeerIdentity(
        issued.public_bytes(Encoding.PEM) + peer.certificate,
        peer_identity(key, peer_certificate(key, ["a"], NOW_MS)).key,
    )

    outcome = handshake(server_context(one.identity, [peer.certificate]), client_context(forged, [one.certificate]))
    assert outcome == "CERTIFICATE_VERIFY_FAILED"


def test_an_expired_certificate_is_refused() -> None:
    """A certificate counts only in its time, also one that was handed in."""
    one, two = Home(1), Home(2)
    two.certificate = peer_certificate(two.key, ["127.0.0.1"], 1_600_000_000_000)

    assert contexts(one, two, [two.certificate], [one.certificate]) == "CERTIFICATE_VERIFY_FAILED"


def test_during_a_renewal_both_certificates_count() -> None:
    """While old and new are handed in together either is accepted, over one key."""
    one, two = Home(1), Home(2)
    both = [two.certificate]
    before = contexts(one, two, both, [one.certificate])
    two.certificate = peer_certificate(two.key, ["localhost"], read_certificate(two.certificate).from_ms + 600_000)
    both.append(two.certificate)

    assert (before, contexts(one, two, both, [one.certificate])) == ("met", "met")


def test_older_tls_is_refused() -> None:
    """Nobody talks to a peer below TLS 1.3."""
    one, two = Home(1), Home(2)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname = False
    old.verify_mode = ssl.CERT_NONE
    old.maximum_version = ssl.TLSVersion.TLSv1_2

    assert handshake(server_context(one.identity, [two.certificate]), old) == "UNSUPPORTED_PROTOCOL"
