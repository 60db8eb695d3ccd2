"""Ed25519 as the nodes check it: ordinary signatures, odd ones, and none that nobody made."""

from __future__ import annotations

from hashlib import sha256
from itertools import product

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.network.light.ed25519 import _decode, _is_signed_cofactored, is_signed
from tests.vectors.network.torsion import NOT_CANONICAL, SMALL_ORDER, L, cofactored_signature

SEED = sha256(b"an invented validator").digest()
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
PUBLIC = KEY.public_key().public_bytes_raw()
SAME_POINTS = list(product([*SMALL_ORDER, *NOT_CANONICAL], repeat=2))


@settings(max_examples=10)
@given(st.binary(max_size=100))
def test_what_the_strict_check_accepts_the_cofactored_one_accepts(message: bytes) -> None:
    """So the fast path never says more than ZIP-215 would."""
    assert _is_signed_cofactored(PUBLIC, message, KEY.sign(message))


@settings(max_examples=15)
@given(st.binary(max_size=50), st.integers(0, 511), st.booleans())
def test_a_flipped_bit_is_no_signature(message: bytes, bit: int, of_key: bool) -> None:
    """Of the signature or of the key, whatever point it then is."""
    signature, public = bytearray(KEY.sign(message)), bytearray(PUBLIC)
    changed = public if of_key else signature
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8

    assert not is_signed(bytes(public), message, bytes(signature))


@given(st.binary(max_size=70), st.binary(max_size=40), st.binary(max_size=20))
@settings(max_examples=15)
def test_random_bytes_are_no_signature(signature: bytes, public: bytes, message: bytes) -> None:
    """Whatever their length."""
    assert not is_signed(public.ljust(32, b"\x07"), message, signature.ljust(64, b"\x07"))
    assert not is_signed(public, message, signature)


@pytest.mark.parametrize("group", range(4))
def test_every_pair_of_small_points_is_read_as_zip_215_does(group: int) -> None:
    """ZIP-215's own table: s = 0 and any two points whose order divides 8, in any spelling, is valid."""
    pairs = SAME_POINTS[group::4]

    accepted = [is_signed(bytes.fromhex(key), b"Zcash", bytes.fromhex(point) + bytes(32)) for key, point in pairs]

    assert len(pairs) == 49
    assert all(accepted)


def test_a_cofactored_signature_is_accepted_here_and_not_by_the_strict_check() -> None:
    """The case for which the slow path is there."""
    signature = cofactored_signature(SEED, b"vote")

    assert is_signed(PUBLIC, b"vote", signature)
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(PUBLIC).verify(signature, b"vote")
    assert not is_signed(PUBLIC, b"veto", signature)


def test_s_is_below_the_order() -> None:
    """Adding the order gives the same equation, and must not give a second signature."""
    signature = KEY.sign(b"vote")
    s = int.from_bytes(signature[32:], "little") + L

    assert not is_signed(PUBLIC, b"vote", signature[:32] + s.to_bytes(32, "little"))


def test_bytes_that_are_no_point_are_not_read_as_one() -> None:
    """About half of all y have no x."""
    read = [_decode(y.to_bytes(32, "little")) for y in range(2, 60)]

    assert read[0] is None  # y = 2
    assert 10 < sum(one is None for one in read) < 50
