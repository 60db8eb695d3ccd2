"""Ed25519 as consensus checks it (ZIP-215), so that no validator can sign what the nodes accept and we refuse.

Guarantees: :func:`is_signed` says what CometBFT's verifier says, also for the odd encodings and small-order points with which one
malicious server could otherwise make every honest one call a decided block undecided. Refuses: ``s`` not below the group's order,
points that do not decode. Works on public values only, so it need not run in constant time. Trusts the ledger's strict check for the
ordinary case: whatever that accepts, ZIP-215 accepts.

Sources: ZIP-215; RFC 8032 section 5.1 (curve, decoding); CometBFT v0.38 ``spec/core/encoding.md`` ("Ed25519 ... ZIP-215").
"""

from __future__ import annotations

from hashlib import sha512
from typing import Final, TypeAlias

from akashi.ledger.wire import ed25519

_SIZE = 32
_P: Final = (1 << 255) - 19
_L: Final = (1 << 252) + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, -1, _P) % _P
_ROOT: Final = pow(2, (_P - 1) // 4, _P)  # a square root of -1

_Point: TypeAlias = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T with x = X/Z, y = Y/Z, x*y = T/Z (RFC 8032 section 5.1.4)."""
_ZERO: Final[_Point] = (0, 1, 1, 0)


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` (64 bytes) over ``message`` is by ``key`` (32 bytes); ``False`` for anything malformed."""
    if len(key) != _SIZE or len(signature) != 2 * _SIZE:
        return False
    return ed25519.is_signed(key, message, signature) or _is_signed_cofactored(key, message, signature)


def _is_signed_cofactored(key: bytes, message: bytes, signature: bytes) -> bool:
    """ZIP-215: [8][s]B = [8]R + [8][k]A, points in any encoding."""
    public, commitment = _decode(key), _decode(signature[:_SIZE])
    s = int.from_bytes(signature[_SIZE:], "little")
    if public is None or commitment is None or s >= _L:
        return False
    k = int.from_bytes(sha512(signature[:_SIZE] + key + message).digest(), "little") % _L
    difference = _add(_times(s, _BASE), _negated(_add(commitment, _times(k, public))))
    x, y, z, _ = _times(8, difference)
    return x % _P == 0 and (y - z) % _P == 0


def _decode(encoded: bytes) -> _Point | None:
    """A point as ZIP-215 reads it: ``y`` may be written beyond the field's order, and -0 is 0."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, (number & ((1 << 255) - 1)) % _P
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    square = v * x * x % _P
    if square == -u % _P:
        x = x * _ROOT % _P
    elif square != u:
        return None
    if x & 1 != sign:
        x = -x % _P
    return (x, y, 1, x * y % _P)


def _add(p: _Point, q: _Point) -> _Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = 2 * p[3] * q[3] * _D % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _negated(p: _Point) -> _Point:
    return (-p[0] % _P, p[1], p[2], -p[3] % _P)


def _times(scalar: int, p: _Point) -> _Point:
    found = _ZERO
    while scalar:
        if scalar & 1:
            found = _add(found, p)
        p = _add(p, p)
        scalar >>= 1
    return found


def _base() -> _Point:
    """The point with y = 4/5 and an even x (RFC 8032 section 5.1)."""
    point = _decode((4 * pow(5, -1, _P) % _P).to_bytes(_SIZE, "little"))
    if point is None:
        raise ArithmeticError
    return point


_BASE: Final = _base()
