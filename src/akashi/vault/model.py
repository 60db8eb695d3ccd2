"""The values of the vault and the numbers of its format.

Guarantees: frozen values; whatever could identify a person or open a payload (part names, salts, content digests) stays
out of ``repr``. Building a value checks nothing; sealing and storing do. Source: docs/spec/sealed-payload.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256

CHUNK_SIZE = 1 << 20
TAG_SIZE = 16
PAYLOAD_ID_SIZE = 16
MAX_PARTS = 16
MAX_WRAPS = 32
MAX_WRAP_BYTES = 3 * 1024
MAX_BODY_BYTES = 2 << 30
MAX_WINDOW = 8 << 20
MAX_CONTENT_BYTES = 8 << 30


@dataclass(frozen=True, slots=True)
class Part:
    """One named content: ``chunks`` are read once, in order, of any sizes."""

    name: str = field(repr=False)
    chunks: Iterable[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One opening key: ``key_id`` = SHA-256 of ``public``, the raw HPKE public key of ``suite``."""

    key_id: bytes
    suite: int
    public: bytes


@dataclass(frozen=True, slots=True)
class SealedSummary:
    """What the ledger is told about a sealed payload, and two values that stay with the sealer."""

    payload_id: bytes
    body_digest: bytes
    wrap_digests: tuple[bytes, ...]
    wraps_digest: bytes
    size: int
    """Bytes of the body."""
    salt: bytes = field(repr=False)
    content_digest: bytes = field(repr=False)
    """SHA-256 of all contents: low-entropy content can be guessed from it, so it never leaves the sealer."""
    commitment: bytes = b""


class PayloadStatus(IntEnum):
    """Where a stored payload is in its life. Permanent numbers, only appended."""

    STAGED = 1
    ANNOUNCED = 2
    ERASING = 3
    ERASED = 4


class ErasureLevel(IntEnum):
    """How far an erasure has come (docs/vault.md). Permanent numbers, only appended."""

    NONE = 0
    KEY = 1
    """Every wrapped key was overwritten in place: nobody can open the body any more."""
    FILE = 2
    """The body's bytes are gone from the store's files too."""


class ErasureReason(IntEnum):
    """Why a payload was ordered to be erased. Permanent numbers, only appended."""

    CONFIRMED = 1
    WITHDRAWN = 2
    REFUSED = 3
    EXPIRED = 4
    REQUESTED = 5


class Account(IntEnum):
    """What one server has said of its copy after an order to erase. Permanent numbers, only appended."""

    WAITING = 0
    ERASED = 1
    NOTHING_HELD = 2
    """It had no copy when it carried out the order, and takes none any more."""
    NOT_PROVEN = 3
    """It was retired without a word: nobody knows what it still holds."""


@dataclass(frozen=True, slots=True)
class CopyAccount:
    """One server's copy of an ordered payload: what it said of it, and when."""

    number: int
    account: Account = Account.WAITING
    at_ms: int = 0
    backup_horizon_ms: int = 0
    level: ErasureLevel = ErasureLevel.NONE


class Survival(IntEnum):
    """What is left of a copy, by its server's own word. Permanent numbers, only appended."""

    NOTHING = 0
    SEALED_BYTES = 1
    """Sealed bytes that no key opens any more."""
    BACKUPS = 2
    """A bounded backup may still hold a wrapped key until its horizon."""
    EVERYTHING = 3
    """The server has not said yet."""
    UNKNOWN = 4
    """The server left without a word."""


@dataclass(frozen=True, slots=True)
class StoredPayload:
    """One row of the store: no key, no content."""

    payload_id: bytes
    status: PayloadStatus
    body_digest: bytes
    wraps_digest: bytes
    wrap_digests: tuple[bytes, ...]
    size: int
    staged_ms: int
    order_id: bytes | None = None
    erased_ms: int | None = None
    level: ErasureLevel = ErasureLevel.NONE


@dataclass(frozen=True, slots=True)
class ErasureOutcome:
    """What an erasure did: the facts of a ``payload.erased`` operation."""

    payload_id: bytes
    order_id: bytes
    body_digest: bytes
    wrap_digests: tuple[bytes, ...]
    erased_ms: int
    backup_horizon_ms: int
    level: ErasureLevel
    held: bool = True
    """False: there was nothing here to destroy; the id is barred."""


@dataclass(frozen=True, slots=True)
class ScrubReport:
    """What a scrub reached: payloads raised to level FILE, or how many still wait for a reader to finish."""

    scrubbed: tuple[bytes, ...]
    waiting: int


def content_commitment(salt: bytes, content_digest: bytes) -> bytes:
    """SHA-256("akashi/commit/1" 00 salt content digest)."""
    return sha256(b"akashi/commit/1\x00" + salt + content_digest).digest()
