"""Shares: any k recover, k-1 say nothing, and the arithmetic is that of the field of FIPS 197."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.keys.custody.errors import ShareMalformed, SharePlanInvalid, SharesDiffer, SharesTooFew
from akashi.keys.custody.model import MAX_SHARES, SECRET_SIZE, Share
from akashi.keys.custody.rules import coefficients_needed, combine, invert, multiply, split

SET = bytes(range(16))
SECRETS = st.binary(min_size=SECRET_SIZE, max_size=SECRET_SIZE)


@st.composite
def plans(draw: st.DrawFn) -> tuple[int, int, bytes]:
    """A threshold, a count, and the randomness that a splitting takes."""
    threshold = draw(st.integers(2, 6))
    count = draw(st.integers(threshold, 8))
    size = coefficients_needed(threshold)
    return threshold, count, draw(st.binary(min_size=size, max_size=size))


@pytest.mark.parametrize(("a", "b", "product"), [(0x57, 0x83, 0xC1), (0x57, 0x13, 0xFE), (0x02, 0x80, 0x1B), (0, 9, 0)])
def test_products_are_those_of_the_standard(a: int, b: int, product: int) -> None:
    """FIPS 197 section 4.2 gives 57 x 83 = c1 and 57 x 13 = fe."""
    assert multiply(a, b) == multiply(b, a) == product


def test_every_element_but_zero_has_its_inverse() -> None:
    """All 255 of them; zero stays zero."""
    assert [multiply(a, invert(a)) for a in range(256)] == [0] + [1] * 255


def test_products_agree_with_another_way_to_compute_them() -> None:
    """Powers of the generator 3 give logarithms; all 65,536 products agree with them."""
    powers = [1]
    for _ in range(254):
        last = powers[-1]
        doubled = (last << 1) ^ (0x11B if last & 0x80 else 0)
        powers.append(doubled ^ last)
    logs = {value: exponent for exponent, value in enumerate(powers)}

    wrong = [
        (a, b) for a in range(1, 256) for b in range(1, 256) if multiply(a, b) != powers[(logs[a] + logs[b]) % 255]
    ]

    assert len(logs) == 255
    assert wrong == []


def test_a_known_vector() -> None:
    """The polynomial is secret + r x + s x^2, worked out by hand for single bytes."""
    secret, first, second = bytes([0x2A] * 32), bytes([0x57] * 32), bytes([0x83] * 32)
    made = split(secret, SET, 3, 4, first + second)

    by_hand = [
        0x2A ^ 0x57 ^ 0x83,
        0x2A ^ multiply(0x57, 2) ^ multiply(0x83, 4),
        0x2A ^ multiply(0x57, 3) ^ multiply(0x83, 5),  # 3 * 3 = 5 in this field
        0x2A ^ multiply(0x57, 4) ^ multiply(0x83, 16),
    ]
    assert [share.value[0] for share in made] == by_hand


@given(secret=SECRETS, plan=plans(), seed=st.integers(0, 1 << 32))
@settings(max_examples=40)
def test_any_threshold_of_shares_recovers(secret: bytes, plan: tuple[int, int, bytes], seed: int) -> None:
    """Whichever k of the n are brought, in whatever order, and also more than k."""
    threshold, count, randomness = plan
    made = split(secret, SET, threshold, count, randomness)
    picked = random.Random(seed).sample(made, random.Random(seed).randint(threshold, count))

    assert combine(picked) == secret


@given(secret=SECRETS, other=SECRETS, plan=plans())
@settings(max_examples=25)
def test_fewer_shares_are_consistent_with_every_secret(
    secret: bytes, other: bytes, plan: tuple[int, int, bytes]
) -> None:
    """k-1 shares reveal nothing: for any other secret there is randomness that gives exactly these shares.

    Shown by construction: the k-1 shares and the other secret (as the value at 0) fix one polynomial, whose value at the missing place
    completes a set that combines to the other secret.
    """
    threshold, count, randomness = plan
    held = split(secret, SET, threshold, count, randomness)[: threshold - 1]
    missing = Share(SET, threshold, threshold, bytes(SECRET_SIZE))
    with_zeros = combine([*held, missing])
    weight = combine(
        [Share(SET, threshold, one.number, bytes(SECRET_SIZE)) for one in held]
        + [Share(SET, threshold, threshold, b"\x01" * SECRET_SIZE)]
    )[0]
    needed = bytes(multiply(invert(weight), a ^ b) for a, b in zip(with_zeros, other, strict=True))

    assert combine([*held, Share(SET, threshold, threshold, needed)]) == other


def test_one_share_is_uniform_whatever_the_secret() -> None:
    """Over all 256 coefficients a single share takes every value exactly once, for the secret 0 as for 255."""
    for byte in (0, 255):
        seen = {split(bytes([byte] * 32), SET, 2, 2, bytes([r] * 32))[1].value[0] for r in range(256)}
        assert seen == set(range(256))


def test_every_choice_of_three_of_five() -> None:
    """All ten choices, once through."""
    made = split(bytes(range(32)), SET, 3, 5, bytes(range(64)))
    assert {combine(choice) for choice in combinations(made, 3)} == {bytes(range(32))}


@pytest.mark.parametrize(("threshold", "count"), [(1, 3), (0, 0), (4, 3), (2, MAX_SHARES + 1)])
def test_plans_out_of_bounds_are_refused(threshold: int, count: int) -> None:
    """One share alone would be the key itself; 16 officers are enough."""
    with pytest.raises(SharePlanInvalid):
        split(bytes(32), SET, threshold, count, bytes(32 * max(threshold - 1, 0)))


@pytest.mark.parametrize(("secret", "randomness"), [(bytes(31), bytes(32)), (bytes(32), bytes(31)), (bytes(32), b"")])
def test_wrong_lengths_are_refused(secret: bytes, randomness: bytes) -> None:
    """Too little randomness would make a share tell about the secret."""
    with pytest.raises(ShareMalformed):
        split(secret, SET, 2, 3, randomness)


def test_too_few_mixed_and_doubled_shares_are_refused() -> None:
    """Each by name, before anything is combined."""
    made = split(bytes(32), SET, 3, 4, bytes(64))
    stranger = split(bytes(32), bytes(16), 3, 4, bytes(64))[2]
    with pytest.raises(SharesTooFew):
        combine(made[:2])
    with pytest.raises(SharesTooFew):
        combine([])
    with pytest.raises(SharesDiffer):
        combine([*made[:2], stranger])
    with pytest.raises(SharesDiffer):
        combine([made[0], made[1], made[1]])
