"""Odd but valid Ed25519 signatures: what ZIP-215 accepts and RFC 8032's strict equation does not.

Independent of the product's arithmetic: affine coordinates and the textbook formulas of RFC 8032 section 5.1, slow and plain.
"""

from __future__ import annotations

from hashlib import sha512

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ZERO = (0, 1)

SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
"""The points whose order divides 8."""
NOT_CANONICAL = [
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]
"""Other ways to write some of them, which ZIP-215 reads."""

Point = tuple[int, int]


def add(p: Point, q: Point) -> Point:
    """x3 = (x1*y2 + y1*x2)/(1 + d*x1*x2*y1*y2), y3 = (y1*y2 + x1*x2)/(1 - d*x1*x2*y1*y2)."""
    product = D * p[0] * q[0] * p[1] * q[1] % P
    x = (p[0] * q[1] + p[1] * q[0]) * pow(1 + product, -1, P) % P
    y = (p[1] * q[1] + p[0] * q[0]) * pow(1 - product, -1, P) % P
    return x, y


def times(scalar: int, p: Point) -> Point:
    """Double and add."""
    found = ZERO
    while scalar:
        if scalar & 1:
            found = add(found, p)
        p = add(p, p)
        scalar >>= 1
    return found


def encoded(p: Point) -> bytes:
    """y, with the lowest bit of x above it."""
    return (p[1] | (p[0] & 1) << 255).to_bytes(32, "little")


def on_curve(y: int, odd: int) -> Point:
    """The point with this y whose x is odd or even."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert x * x % P == square
    return (x if x & 1 == odd else -x % P), y


BASE = on_curve(4 * pow(5, -1, P) % P, 0)
TORSION = on_curve(int.from_bytes(bytes.fromhex(SMALL_ORDER[4]), "little"), 0)
"""A point of order 8."""


def cofactored_signature(seed: bytes, message: bytes) -> bytes:
    """A signature by ``seed``'s key whose commitment is off by a point of order 8."""
    digest = sha512(seed).digest()
    secret = (int.from_bytes(digest[:32], "little") & ((1 << 254) - 8)) | 1 << 254
    public = encoded(times(secret, BASE))
    nonce = int.from_bytes(sha512(digest[32:] + message).digest(), "little") % L
    commitment = encoded(add(times(nonce, BASE), TORSION))
    k = int.from_bytes(sha512(commitment + public + message).digest(), "little") % L
    return commitment + ((nonce + k * secret) % L).to_bytes(32, "little")
