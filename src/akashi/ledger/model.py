"""The values of the ledger: operations, leaves, blocks, keys.

Guarantees: frozen values with exactly the fields of ``docs/spec``; building one checks nothing, parsing does
(``wire.envelope``, ``wire.leaf``). Trusts nobody; holds no personal data: handles, digests, numbers.

What is built for every operation is a named tuple and not a frozen dataclass: that takes a quarter of the time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import NamedTuple

from akashi.ledger.wire.cbor import Value

HANDLE = re.compile(r"[a-z]{2,5}-[0-9a-z]{4,32}", re.ASCII)
"""Institutions ``inst-``, persons ``per-``, devices ``dev-``, transfers ``tr-`` …; never reused, never a name."""

KIND = re.compile(r"[a-z][a-z_]{1,23}\.[a-z][a-z_]{1,31}", re.ASCII)

MAX_OPERATION_BYTES = 32 * 1024
MAX_LIFETIME_MS = 7 * 24 * 3600 * 1000
MAX_AHEAD_MS = 5 * 60 * 1000


class Algorithm(IntEnum):
    """Signature algorithms, fully specified COSE identifiers (RFC 9864)."""

    ED25519 = -19
    ESP256 = -9


class AuthMethod(IntEnum):
    """How the person was authenticated when the gateway let them act. Permanent numbers, only appended."""

    MACHINE = 0
    PASSWORD = 1
    PASSWORD_TOTP = 2


class Purpose(IntEnum):
    """What an enrolled key is for. Permanent numbers, only appended."""

    SECRETARIAT = 1
    GATEWAY = 2
    SERVER = 3
    DEVICE = 4
    OPENING = 5


@dataclass(frozen=True, slots=True)
class Actor:
    """For whom the operation was done; the *signer* is told by the envelope's key id."""

    institution: str
    person: str | None = None
    device: str | None = None


class Auth(NamedTuple):
    """How the acting person was authenticated, as the signing gateway asserts it."""

    method: AuthMethod
    at_ms: int
    certificate: bytes | None = None
    """SHA-256 of the client certificate (DER) of the device in use."""


class Statement(NamedTuple):
    """Who did what to what (docs/spec/operation.md section 2)."""

    ledger: bytes
    kind: str
    version: int
    actor: Actor
    auth: Auth
    subject: str | None
    body: dict[int, Value]
    claimed_ms: int
    not_after_ms: int
    nonce: bytes


class Operation(NamedTuple):
    """One parsed, not yet verified envelope."""

    envelope: bytes
    statement: Statement
    statement_bytes: bytes
    algorithm: Algorithm
    key: bytes
    """Key id: SHA-256 of the signer's SubjectPublicKeyInfo."""
    signed_bytes: bytes
    """The COSE Sig_structure (RFC 9052 section 4.4)."""
    signature: bytes

    id: bytes
    """SHA-256("akashi/op/1" 00 statement): derived from what is said, never chosen."""


def operation_id(statement_bytes: bytes) -> bytes:
    """The operation id of an encoded statement."""
    return sha256(b"akashi/op/1\x00" + statement_bytes).digest()


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry of the tree: ``[1, height, block ms, operation, result, effects]``."""

    height: int
    block_ms: int
    envelope: bytes
    result: int
    effects: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """One block of the chain: ``[1, height, previous header hash, tree size, root, block ms]``."""

    height: int
    previous: bytes
    size: int
    root: bytes
    block_ms: int


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """An enrolled public key as the ledger records it."""

    key: bytes
    algorithm: int
    spki: bytes
    institution: str
    purpose: Purpose
    valid_from_ms: int
    valid_to_ms: int
    revoked_ms: int | None = None
    compromised_since_ms: int | None = None
