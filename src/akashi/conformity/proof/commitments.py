"""Salted commitments: each fact, answer and verdict of a run can be shown or withheld by itself, and none can be changed.

Guarantees: a commitment tells nothing about its value (16 random bytes of salt each); the root over all commitments is what the ledger
holds; whoever has salt and value can recompute it. Refuses: salts of another size. Source: docs/spec/conformity-bundle.md.

>>> one = commit([1, "a"], bytes(16))
>>> verify_commitment(one.digest, one.salt, one.value)
True
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest

from akashi.errors import Misuse
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.merkle import leaf_hash, root_of

SALT = 16
_ITEM = b"akashi/conformity/item/1\x00"


@dataclass(frozen=True, slots=True)
class Committed:
    """One value with its salt and commitment; ``value`` is deterministic CBOR."""

    digest: bytes
    salt: bytes = field(repr=False)
    value: bytes = field(repr=False)


def new_salt() -> bytes:
    """A fresh salt, for a commitment that is made twice: to be shown, and to be signed."""
    return secrets.token_bytes(SALT)


def commit(value: Value, salt: bytes | None = None) -> Committed:
    """Commit to a value."""
    return commit_bytes(cbor.encode(value), salt)


def commit_bytes(value: bytes, salt: bytes | None = None) -> Committed:
    """Commit to bytes as they are."""
    salt = new_salt() if salt is None else salt
    return Committed(_digest(salt, value), salt, value)


def verify_commitment(digest: bytes, salt: bytes, value: bytes) -> bool:
    """Whether ``digest`` commits to ``value`` under ``salt``."""
    return len(salt) == SALT and compare_digest(digest, _digest(salt, value))


def _digest(salt: bytes, value: bytes) -> bytes:
    if len(salt) != SALT:
        raise Misuse(what="salt size")
    return sha256(_ITEM + salt + value).digest()


def commitment_root(commitments: Sequence[bytes]) -> bytes:
    """The Merkle root (RFC 6962 2.1) over the commitments in order."""
    return root_of([leaf_hash(one) for one in commitments])
