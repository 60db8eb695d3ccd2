r"""Shamir's secret sharing over GF(2^8), byte by byte (Shamir 1979; the field of FIPS 197, x^8 + x^4 + x^3 + x + 1).

Guarantees: any ``threshold`` shares give the secret back, fewer are consistent with every secret; the arithmetic uses neither tables
nor branches that depend on secrets (Python's integers are not constant-time by promise, so this is a habit, not a proof). The random
coefficients come from the caller. Refuses: plans outside 2 <= k <= n <= 16, mixed sets, a share twice. Pure.

>>> made = split(b"\x2a" * 32, bytes(16), 2, 3, bytes(32))
>>> combine(made[1:]) == b"\x2a" * 32
True
"""

from __future__ import annotations

from collections.abc import Sequence

from akashi.keys.custody.errors import ShareMalformed, SharePlanInvalid, SharesDiffer, SharesTooFew
from akashi.keys.custody.model import MAX_SHARES, SECRET_SIZE, Share

_REDUCTION = 0x1B


def multiply(a: int, b: int) -> int:
    """The product in GF(2^8); always eight rounds, masks instead of branches."""
    product = 0
    for _ in range(8):
        product ^= a & -(b & 1)
        a = ((a << 1) & 0xFF) ^ (_REDUCTION & -(a >> 7))
        b >>= 1
    return product


def invert(a: int) -> int:
    """The inverse: ``a`` to the power 254; 0 for 0."""
    result = 1
    for bit in (1, 1, 1, 1, 1, 1, 1, 0):  # 254, most significant first
        result = multiply(result, result)
        result = multiply(result, a) if bit else result
    return result


def coefficients_needed(threshold: int) -> int:
    """How many random bytes :func:`split` takes."""
    return SECRET_SIZE * (threshold - 1)


def split(secret: bytes, of_set: bytes, threshold: int, count: int, randomness: bytes) -> list[Share]:
    """``count`` shares of which ``threshold`` are needed. ``randomness``: 32 uniform bytes for each share needed beyond the first."""
    if not 2 <= threshold <= count <= MAX_SHARES:
        raise SharePlanInvalid(threshold=threshold, count=count)
    if len(secret) != SECRET_SIZE or len(randomness) != coefficients_needed(threshold):
        raise ShareMalformed(failure="length")
    rows = [secret] + [randomness[at : at + SECRET_SIZE] for at in range(0, len(randomness), SECRET_SIZE)]
    made = []
    for x in range(1, count + 1):
        value = bytearray(SECRET_SIZE)
        for row in reversed(rows):  # Horner
            for at in range(SECRET_SIZE):
                value[at] = multiply(value[at], x) ^ row[at]
        made.append(Share(of_set, threshold, x, bytes(value)))
    return made


def combine(shares: Sequence[Share]) -> bytes:
    """The secret of ``threshold`` or more shares of one set. That it is the right one is for the caller's AEAD to say."""
    if not shares:
        raise SharesTooFew(given=0, needed=2)
    first = shares[0]
    if len({(share.of_set, share.threshold) for share in shares}) != 1 or len({s.number for s in shares}) != len(
        shares
    ):
        raise SharesDiffer
    if len(shares) < first.threshold:
        raise SharesTooFew(given=len(shares), needed=first.threshold)
    chosen = shares[: first.threshold]
    secret = bytearray(SECRET_SIZE)
    for one in chosen:
        weight = _weight(one.number, [other.number for other in chosen if other is not one])
        for at in range(SECRET_SIZE):
            secret[at] ^= multiply(weight, one.value[at])
    return bytes(secret)


def _weight(x: int, others: Sequence[int]) -> int:
    """Lagrange's coefficient at zero; subtraction in this field is exclusive or. Depends on numbers of shares only."""
    over, under = 1, 1
    for other in others:
        over, under = multiply(over, other), multiply(under, other ^ x)
    return multiply(over, invert(under))
