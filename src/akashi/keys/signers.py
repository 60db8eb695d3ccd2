"""Signers over keys in memory.

Guarantees: implement :class:`akashi.ledger.wire.envelope.Signer` and the ledger's ``NoteSigner``; thread-safe; ``repr``
shows the algorithm and nothing of the key. Refuses: giving the private key back. Trusted: this process's memory (Python
cannot erase it; the threat model says so).
"""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi.ledger.model import Algorithm

_COORDINATE = 32


class Ed25519Signer:
    """Ed25519 (RFC 8032), deterministic."""

    algorithm = Algorithm.ED25519

    def __init__(self, key: ed25519.Ed25519PrivateKey) -> None:
        self._key = key
        self._spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def __repr__(self) -> str:
        return "Ed25519Signer()"

    @property
    def spki(self) -> bytes:
        """The public key, DER SubjectPublicKeyInfo."""
        return self._spki

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message)


class P256Signer:
    """ECDSA over P-256 with SHA-256, as ``r || s`` (RFC 9053 section 2.1)."""

    algorithm = Algorithm.ESP256

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self._spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def __repr__(self) -> str:
        return "P256Signer()"

    @property
    def spki(self) -> bytes:
        """The public key, DER SubjectPublicKeyInfo."""
        return self._spki

    def sign(self, message: bytes) -> bytes:
        """64 bytes, ``r || s`` big-endian."""
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")


class Ed25519NoteSigner:
    """Signs checkpoints under a note name (C2SP signed-note); Ed25519 only."""

    def __init__(self, key: ed25519.Ed25519PrivateKey, name: str) -> None:
        self._key = key
        self._name = name
        self._public = key.public_key().public_bytes_raw()

    def __repr__(self) -> str:
        return f"Ed25519NoteSigner(name={self._name!r})"

    @property
    def name(self) -> str:
        """The name on the signature line."""
        return self._name

    @property
    def public_key(self) -> bytes:
        """32 bytes."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message)
