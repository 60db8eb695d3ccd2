"""Signers of checkpoints made from a number: the same in every run."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True)
class Signer:
    """An invented log's key."""

    name: str
    key: Ed25519PrivateKey = field(repr=False)

    @property
    def public_key(self) -> bytes:
        """32 bytes, raw."""
        return self.key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Ed25519."""
        return self.key.sign(message)


def signer(name: str, seed: int = 1) -> Signer:
    """A log's key under this name."""
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))
