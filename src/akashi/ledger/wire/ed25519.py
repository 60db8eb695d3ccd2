"""Ed25519 as the ledger checks it: by libsodium, in half the processor time that OpenSSL takes, and stricter.

Guarantees: :func:`is_signed` accepts only what RFC 8032's equation without the cofactor accepts, so whatever counts here counts for OpenSSL, for the second
verifier and for ZIP-215 too; every signature that an honest signer makes counts. Refuses: a public key or a commitment (R) of small order, a public key or a
commitment that is not written in its one way, ``s`` not below the group's order, other lengths. The set is part of the ledger's format: all servers must accept
the same, so another build of the library is taken only when ``tests/ledger/test_ed25519.py`` holds (docs/adr/0013-network.md). Works on public values only.

>>> is_signed(bytes(32), b"", bytes(64))
False
"""

from __future__ import annotations

from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

_PUBLIC_SIZE = 32
_SIGNATURE_SIZE = 64


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` over ``message`` is by ``public``; ``False`` for anything malformed."""
    if len(public) != _PUBLIC_SIZE or len(signature) != _SIGNATURE_SIZE:
        return False  # the library does not look how long a key is
    try:
        crypto_sign_open(signature + message, public)
    except BadSignatureError:
        return False
    return True
