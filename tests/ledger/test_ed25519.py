"""Which Ed25519 signatures the ledger counts: every server must count the same, and none that another verifier would refuse.

The signatures that no honest signer makes are computed here with plain arithmetic (``tests.vectors.network.torsion``), so that another build of the
library that counts more or fewer is noticed before any server runs on it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from hashlib import sha256, sha512
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.ledger.errors import ProofError
from akashi.ledger.model import Algorithm
from akashi.ledger.wire.ed25519 import is_signed
from akashi.ledger.wire.envelope import verify_public_key, verify_signature
from akashi.network.light import ed25519 as consensus
from akashi_verifier import operation as second
from tests.vectors.network.torsion import (
    BASE,
    NOT_CANONICAL,
    SMALL_ORDER,
    TORSION,
    ZERO,
    L,
    P,
    Point,
    add,
    cofactored_signature,
    encoded,
    times,
)

SEED = sha256(b"an invented signer").digest()
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
PUBLIC = KEY.public_key().public_bytes_raw()
SECRET, NONCE = (int.from_bytes(sha256(one).digest(), "little") % L for one in (b"secret", b"nonce"))
POINTS = [bytes.fromhex(one) for one in [*SMALL_ORDER, *NOT_CANONICAL]]


def challenge(commitment: bytes, public: bytes, message: bytes) -> int:
    """The number that binds a signature to key and message (RFC 8032 section 5.1.7)."""
    return int.from_bytes(sha512(commitment + public + message).digest(), "little") % L


def made(public: bytes, commitment: bytes, message: bytes, secret: int = SECRET, nonce: int = NONCE) -> bytes:
    """What somebody who knows the logarithms signs, whatever odd points he writes."""
    return commitment + ((nonce + challenge(commitment, public, message) * secret) % L).to_bytes(32, "little")


def message_where(good: Callable[[bytes], bool]) -> bytes:
    """The first message for which the challenge falls as wanted."""
    return next(one for one in (b"%d" % number for number in range(1_000)) if good(one))


def counts(public: bytes, message: bytes, signature: bytes) -> bool:
    """What the ledger says, and with it the second verifier, which asks OpenSSL and refuses odd points itself."""
    said = is_signed(public, message, signature)
    assert second.ed25519_holds(public, signature, message) == said
    return said


def by_openssl(public: bytes, message: bytes, signature: bytes) -> bool:
    """What ``cryptography`` says."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def shifted(point: Point, eighths: int) -> bytes:
    """The point with so many times the point of order 8 on top."""
    return encoded(add(point, times(eighths, TORSION)))


# RFC 8032 section 7.1, tests 1 to 3: key, message, signature
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_the_standards_own_signatures_count(public: str, message: str, signature: str) -> None:
    """Also over nothing at all."""
    assert counts(*map(bytes.fromhex, (public, message, signature)))


@settings(max_examples=50)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=600))
def test_what_an_honest_signer_makes_counts_everywhere(seed: bytes, message: bytes) -> None:
    """Here, for OpenSSL and for consensus."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)

    assert counts(public, message, signature)
    assert by_openssl(public, message, signature)
    assert consensus.is_signed(public, message, signature)


@pytest.mark.parametrize("public", POINTS, ids=bytes.hex)
def test_a_key_of_small_order_signs_nothing(public: bytes) -> None:
    """It would sign any message for whoever asks: s·B is a right commitment for one in eight messages and for all of them where the key is zero.

    OpenSSL counts some of these signatures.
    """
    for number in range(16):
        message = b"%d" % number
        assert not counts(public, message, made(public, encoded(times(NONCE, BASE)), message, secret=0))


def test_openssl_counts_what_a_key_of_small_order_signed() -> None:
    """So the rule above refuses something, and this file tells the two libraries apart."""
    assert by_openssl(encoded(ZERO), b"", made(encoded(ZERO), encoded(times(NONCE, BASE)), b"", secret=0))


@pytest.mark.parametrize("commitment", POINTS, ids=bytes.hex)
def test_a_commitment_of_small_order_signs_nothing(commitment: bytes) -> None:
    """In whatever way it is written; a right one would give the secret key away."""
    public = encoded(times(SECRET, BASE))

    assert not counts(public, b"", made(public, commitment, b"", nonce=0))


@pytest.mark.parametrize("eighths", range(1, 8))
def test_the_equation_has_no_cofactor(eighths: int) -> None:
    """A commitment or a key that is off by a point of small order: consensus counts it, the ledger does not."""
    public = encoded(times(SECRET, BASE))
    off = made(public, shifted(times(NONCE, BASE), eighths), b"")
    assert not counts(public, b"", off)
    assert consensus.is_signed(public, b"", off)

    mixed, commitment = shifted(times(SECRET, BASE), eighths), encoded(times(NONCE, BASE))
    message = message_where(lambda one: challenge(commitment, mixed, one) * eighths % 8 != 0)
    signature = made(mixed, commitment, message)
    assert not counts(mixed, message, signature)
    assert consensus.is_signed(mixed, message, signature)


@pytest.mark.parametrize("eighths", range(1, 8))
def test_a_mixed_key_counts_where_the_plain_equation_holds(eighths: int) -> None:
    """One message in two to eight; OpenSSL says the same, so no verifier disagrees about it."""
    mixed, commitment = shifted(times(SECRET, BASE), eighths), encoded(times(NONCE, BASE))
    message = message_where(lambda one: challenge(commitment, mixed, one) * eighths % 8 == 0)
    signature = made(mixed, commitment, message)

    assert counts(mixed, message, signature)
    assert by_openssl(mixed, message, signature)


def test_the_known_cofactored_signature_does_not_count() -> None:
    """The vector of the network's own verifier."""
    assert not counts(PUBLIC, b"vote", cofactored_signature(SEED, b"vote"))


@pytest.mark.parametrize("multiple", range(1, 16))
def test_s_is_below_the_groups_order(multiple: int) -> None:
    """Adding the order gives the same equation and must not give a second signature."""
    signature = KEY.sign(b"")
    s = int.from_bytes(signature[32:], "little") + multiple * L
    if s < 1 << 256:
        assert not counts(PUBLIC, b"", signature[:32] + s.to_bytes(32, "little"))
    assert not counts(PUBLIC, b"", signature[:32] + (L + multiple - 1).to_bytes(32, "little"))


@pytest.mark.parametrize("y", range(19))
@pytest.mark.parametrize("sign", [0, 1])
def test_a_point_is_written_in_one_way(y: int, sign: int) -> None:
    """``y`` at or beyond the field's order is no key and no commitment, whatever else stands beside it."""
    point = (P + y | sign << 255).to_bytes(32, "little")

    assert not counts(point, b"", made(point, encoded(times(NONCE, BASE)), b""))
    assert not counts(PUBLIC, b"", made(PUBLIC, point, b""))


@settings(max_examples=100)
@given(st.binary(max_size=100), st.integers(0, 767))
def test_a_flipped_bit_signs_nothing(message: bytes, bit: int) -> None:
    """Of the key or of the signature."""
    changed = bytearray(PUBLIC + KEY.sign(message))
    changed[bit // 8] ^= 1 << bit % 8

    assert not counts(bytes(changed[:32]), message, bytes(changed[32:]))


def test_beside_small_orders_the_two_libraries_count_the_same() -> None:
    """Keys and commitments off by any point of small order, several messages each: some count, most do not, nowhere do the two disagree."""
    keys = [shifted(times(SECRET, BASE), eighths) for eighths in range(8)]
    commitments = [shifted(times(NONCE, BASE), eighths) for eighths in range(8)]
    shown = [(key, b"%d" % at, made(key, one, b"%d" % at)) for key in keys for one in commitments for at in range(4)]

    counted = [counts(*one) for one in shown]

    assert counted == [by_openssl(*one) for one in shown]
    assert 4 <= sum(counted) < 64


@pytest.mark.parametrize("size", [0, 1, 31, 33, 64])
def test_a_key_of_another_length_is_none(size: int) -> None:
    """The library reads 32 bytes wherever it is pointed at, so a short key must never reach it."""
    assert not counts((PUBLIC * 2)[:size], b"", KEY.sign(b""))


@pytest.mark.parametrize("size", [0, 1, 63, 65, 128])
def test_a_signature_of_another_length_is_none(size: int) -> None:
    """A longer one would be a shorter one over a longer message."""
    assert not counts(PUBLIC, b"", (KEY.sign(b"") * 2)[:size])


def test_a_key_of_small_order_may_stand_in_the_registry_and_signs_nothing() -> None:
    """What an operation is verified with (``verify_signature``) asks the same check, and says so in the ledger's own error."""
    small = Ed25519PublicKey.from_public_bytes(encoded(ZERO))
    spki = small.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signature = made(encoded(ZERO), encoded(times(NONCE, BASE)), b"", secret=0)

    verify_public_key(Algorithm.ED25519, spki)

    with pytest.raises(ProofError, match="signature"):
        verify_signature(Algorithm.ED25519, spki, b"", signature)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl is not installed")
def test_the_program_openssl_counts_what_counts_here(tmp_path: Path) -> None:
    """A witness outside Python."""
    (tmp_path / "key.pem").write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "message").write_bytes(b"an operation")
    (tmp_path / "signature").write_bytes(KEY.sign(b"an operation"))
    words = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "key.pem",
        "-rawin",
        "-in",
        "message",
        "-sigfile",
        "signature",
    ]

    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert counts(PUBLIC, b"an operation", KEY.sign(b"an operation"))
    assert done.returncode == 0, done.stderr
