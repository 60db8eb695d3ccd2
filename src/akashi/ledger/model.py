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
    PASSKEY = 3
    """A passkey that verified its user: two factors in one gesture."""
    PASSWORD_PASSKEY = 4
    PASSWORD_RECOVERY = 5
    """Password and a recovery code."""
    TEMPORARY = 6
    """The temporary route after a lost token: password and a code that a colleague issued after an identity check."""
    CLIENT = 7
    """A machine client with a credential of its own."""
    EMERGENCY = 8
    """An emergency account that was opened (break-glass): everything done so is reviewed."""


class Purpose(IntEnum):
    """What an enrolled key is for. Permanent numbers, only appended."""

    SECRETARIAT = 1
    GATEWAY = 2
    SERVER = 3
    DEVICE = 4
    OPENING = 5
    PERSON = 6
    """A person's own key (passkey, browser key, device key): approves operations, never signs envelopes."""


class ApprovalKind(IntEnum):
    """With what a person approved an operation. Permanent numbers, only appended."""

    PASSKEY = 1
    """A WebAuthn assertion whose challenge is the operation id."""
    BROWSER_KEY = 2
    """A key that the browser keeps and does not give out (WebCrypto, P-256)."""
    DEVICE_KEY = 3
    """A key of the command line on one device: a file under a passphrase, or a token."""


class Basis(IntEnum):
    """Why a person's key was enrolled. Permanent numbers, only appended."""

    INTRODUCED = 1
    """The person's first key, on the institution's word alone."""
    OWN_KEY = 2
    """Approved with a key that the person already had."""
    RESET = 3
    """Said by another person of the institution, after an identity check."""


class Approval(NamedTuple):
    """A person's own signature over an operation id (docs/spec/operation.md section 4); not yet verified."""

    kind: ApprovalKind
    key: bytes
    """Key id: SHA-256 of the key's SubjectPublicKeyInfo, enrolled with purpose ``PERSON``."""
    signature: bytes
    """64 bytes, as in an envelope."""
    authenticator_data: bytes = b""
    client_data: bytes = b""
    """Both empty but for a passkey (WebAuthn level 3, section 6.1 and 5.8.1)."""


class Approver(NamedTuple):
    """Who approved, as ``apply`` may know it: the approval was verified under a key enrolled for this person."""

    person: str
    kind: ApprovalKind
    key: bytes
    basis: Basis = Basis.INTRODUCED
    """On whose word the key is the person's."""


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
    approvals: tuple[Approval, ...] = ()


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
    person: str | None = None
    """Whose key it is (purpose ``PERSON`` only), with the four fields below."""
    approval: ApprovalKind | None = None
    rp_id_hash: bytes | None = None
    """Passkeys: SHA-256 of the relying party id."""
    origin_digest: bytes | None = None
    """Passkeys: SHA-256 of the origin."""
    basis: Basis | None = None
