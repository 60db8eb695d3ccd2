"""What the key store asks of a token.

Guarantees of an implementation: private keys are generated inside, are sensitive and not extractable, and are never returned;
``wrap`` and ``unwrap`` use an AES-256 key of the token, with ``associated`` authenticated. Thread-safe. A token that was removed is
logged in again at the next call. Refuses: keys that could be taken out.
"""

from __future__ import annotations

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from akashi.keys.model import KeyKind
from akashi.keys.tokens.model import TokenFacts


class Token(Protocol):
    """A logged-in token."""

    def holds(self, kind: KeyKind) -> bool:
        """Whether keys of this kind can be made and used inside."""
        ...

    def generate(self, kind: KeyKind, label: str) -> tuple[bytes, bytes]:
        """A new key pair: its id in the token (CKA_ID, 16 bytes) and its SubjectPublicKeyInfo."""
        ...

    def p256(self, identifier: bytes, spki: bytes, name: str) -> ec.EllipticCurvePrivateKey:
        """The P-256 key behind an id. Raises ``TokenKeyMissing``, ``TokenKeyExtractable``, ``TokenKeyDiffers``."""
        ...

    def ed25519(self, identifier: bytes, spki: bytes, name: str) -> ed25519.Ed25519PrivateKey:
        """The Ed25519 key behind an id; raises as :meth:`p256`."""
        ...

    def destroy(self, identifier: bytes) -> None:
        """Destroy the pair; idempotent."""
        ...

    def wraps(self) -> bool:
        """Whether :meth:`wrap` works."""
        ...

    def wrap(self, secret: bytes, associated: bytes) -> bytes:
        """Encrypt a small secret under the token's own key."""
        ...

    def unwrap(self, wrapped: bytes, associated: bytes) -> bytes:
        """Inverse of :meth:`wrap`. Raises ``KeystoreDamaged`` for anything else."""
        ...

    def facts(self) -> TokenFacts:
        """What the module says of itself."""
        ...
