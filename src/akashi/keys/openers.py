"""Openers: the private side of HPKE (RFC 9180, base mode, single shot) over keys in memory.

Guarantees: an opener opens what was wrapped to its public key under the same ``info`` and raises
:class:`~akashi.keys.errors.OpeningFailed` for everything else, without saying which part was wrong. X-Wing keys are
made from a 32-byte seed: SHAKE256(seed, 96) is the ML-KEM seed (64) and the X25519 key (32), as in
draft-connolly-cfrg-xwing-kem section 5.2. Refuses: giving the key back. Trusted: this process's memory.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256, shake_256
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi.keys.errors import OpeningFailed
from akashi.keys.suites import SUITES, hpke_suite

SEED_SIZE = 32


class Opener(Protocol):
    """Opens wrapped keys with one private key. Thread-safe. Never exposes the key."""

    @property
    def key_id(self) -> bytes:
        """SHA-256 of the raw HPKE public key."""
        ...

    @property
    def suite(self) -> int:
        """The one suite the key is for."""
        ...

    def open(self, hpke: bytes, info: bytes) -> bytes:
        """The plain text of ``hpke``; raises ``OpeningFailed``."""
        ...


def opening_key_id(public: bytes) -> bytes:
    """SHA-256 of a raw HPKE public key (docs/spec/sealed-payload.md section 3)."""
    return sha256(public).digest()


class MemoryOpener:
    """An :class:`Opener` over a key that was unlocked into memory."""

    def __init__(self, suite: int, public: bytes, decrypt: Callable[[bytes, bytes], bytes]) -> None:
        self._suite = suite
        self._key_id = opening_key_id(public)
        self._decrypt = decrypt

    def __repr__(self) -> str:
        return f"MemoryOpener(suite={self._suite})"

    @property
    def key_id(self) -> bytes:
        """SHA-256 of the raw HPKE public key."""
        return self._key_id

    @property
    def suite(self) -> int:
        """The one suite the key is for."""
        return self._suite

    def open(self, hpke: bytes, info: bytes) -> bytes:
        """The plain text of ``hpke``; raises :class:`OpeningFailed`."""
        try:
            return self._decrypt(hpke, info)
        except (InvalidTag, ValueError) as error:
            raise OpeningFailed from error


def xwing_public(seed: bytes) -> bytes:
    """The 1,216-byte raw public key of a seed: ML-KEM-768 (1,184) then X25519 (32)."""
    lattice, curve = _xwing_parts(seed)
    return lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()


def xwing_opener(seed: bytes) -> MemoryOpener:
    """The opener of suite 1 for a 32-byte seed."""
    private = MLKEM768X25519PrivateKey(*_xwing_parts(seed))
    suite = hpke_suite(SUITES[1])
    return MemoryOpener(1, xwing_public(seed), lambda hpke, info: suite.decrypt(hpke, private, info))


def p256_public(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The 65-byte uncompressed point (RFC 9180 section 7.1.1)."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def p256_opener(key: ec.EllipticCurvePrivateKey) -> MemoryOpener:
    """The opener of suite 2."""
    suite = hpke_suite(SUITES[2])
    return MemoryOpener(2, p256_public(key), lambda hpke, info: suite.decrypt(hpke, key, info))


def _xwing_parts(seed: bytes) -> tuple[mlkem.MLKEM768PrivateKey, x25519.X25519PrivateKey]:
    expanded = shake_256(seed).digest(96)
    return (
        mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64]),
        x25519.X25519PrivateKey.from_private_bytes(expanded[64:]),
    )
