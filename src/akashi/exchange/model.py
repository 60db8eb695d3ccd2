"""The values of an exchange.

Guarantees: frozen values; every enum number is permanent and only appended, because it stands on the ledger. Trusts
nobody; holds handles, digests and counts. What holds content or file names (:class:`Document`) hides it from ``repr``.

>>> Document("a.csv", lambda: [b"x"])
Document(part hidden)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from akashi.ledger.author import Approving
from akashi.ledger.model import ApprovalKind, Auth

DAY_MS = 24 * 3600 * 1000
MAX_LIFE_MS = 90 * DAY_MS
"""Longest time a transfer may stay open, and longest time its payload may stay after confirmation."""
MAX_NAMED = 32
MAX_RECIPIENTS = 16


class Status(IntEnum):
    """Where a transfer stands. SENT and OPENED are open, the others final."""

    SENT = 1
    OPENED = 2
    CONFIRMED = 3
    REFUSED = 4
    WITHDRAWN = 5
    EXPIRED = 6
    SUPERSEDED = 7


class Format(IntEnum):
    """What the content is."""

    STANDARD_CSV = 1
    HC08 = 2
    FHIR = 3
    FILE = 4


class ReadPurpose(IntEnum):
    """Why content is read or taken out."""

    CHECKUP_RESULT = 1
    HEALTH_GUIDANCE = 2
    BILLING = 3
    INQUIRY = 4
    SUBJECT_REQUEST = 5
    AUDIT = 6


class Destination(IntEnum):
    """Where an exported file goes."""

    DEVICE = 1
    INTERNAL_SYSTEM = 2
    REMOVABLE_MEDIUM = 3
    SUBJECT = 4


class RefuseReason(IntEnum):
    """Why a receiver does not take it."""

    NOT_OURS = 1
    UNREADABLE = 2
    WRONG_CONTENT = 3
    INFECTED = 4
    DUPLICATE = 5
    AGREEMENT_ENDED = 6


class WithdrawReason(IntEnum):
    """Why a sender takes it back."""

    WRONG_RECEIVER = 1
    WRONG_CONTENT = 2
    SUBJECT_REQUEST = 3
    AGREEMENT_ENDED = 4


class Scan(IntEnum):
    """Verdict of the malware scanner (infected content never becomes a transfer, but a receiver may record it)."""

    CLEAN = 1
    NOT_SCANNED = 2
    INFECTED = 3
    FAILED = 4


class Form(IntEnum):
    """How an export leaves: readable, sealed to the institution's own key, or locked under a passphrase."""

    PLAIN = 1
    SEALED = 2
    LOCKED = 3


@dataclass(frozen=True, slots=True)
class Acting:
    """The person for whom a gateway acts, and how the gateway authenticated them; or its machine client."""

    person: str | None
    auth: Auth
    device: str | None = None
    approving: Approving | None = field(default=None, repr=False, compare=False)
    """How the person approves with a key of their own; ``None``: the gateway signs on their behalf."""
    client: str | None = None
    """The machine client (``cli-…``) that acts where no person does: the ledger then names its device only."""

    @property
    def who(self) -> str:
        """The handle of whoever acts."""
        return self.person or self.client or ""


@dataclass(frozen=True, slots=True, repr=False)
class Document:
    """One file to send. ``read`` may be called more than once and yields the bytes from the beginning."""

    name: str
    read: Callable[[], Iterable[bytes]]

    def __repr__(self) -> str:
        return "Document(part hidden)"


def document(name: str, data: bytes) -> Document:
    """A document that is already in memory."""
    return Document(name, lambda: [data])


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer as the ledger's state has it; ``None`` where nothing happened yet."""

    handle: str
    sender: str
    receiver: str
    payload: bytes
    status: Status
    sent_ms: int
    expires_ms: int
    retention_ms: int
    format: Format
    commitment: bytes
    body_digest: bytes
    wraps: tuple[bytes, ...]
    persons: tuple[str, ...]
    size_bucket: int
    operation: bytes
    """The id of ``transfer.sent``."""
    counts: tuple[int, ...] = ()
    opened_ms: int | None = None
    closed_ms: int | None = None
    """Block time of the final state."""
    supersedes: str | None = None
    superseded_by: str | None = None

    @property
    def erase_after_ms(self) -> int | None:
        """From when the payload must go; ``None`` while the transfer is open."""
        if self.closed_ms is None:
            return None
        return self.closed_ms + (self.retention_ms if self.status is Status.CONFIRMED else 0)


@dataclass(frozen=True, slots=True)
class SendRequest:
    """What a sender asks for; ``supersedes`` makes it a new version of an earlier transfer."""

    receiver: str
    documents: tuple[Document, ...] = field(repr=False)
    format: Format = Format.FILE
    media_type: str = "application/octet-stream"
    persons: tuple[str, ...] = ()
    life_ms: int = 30 * DAY_MS
    retention_ms: int = 7 * DAY_MS
    supersedes: str | None = None
    counts: tuple[int, int, int] | None = None
    """Findings shown to the sender before sending: (stops, warnings, information)."""
    records: int | None = None
    again: bool = False
    """The sender knows that the same content went out before and wants it sent again."""
    source_digest: bytes | None = field(default=None, repr=False)
    """SHA-256 of the institution's own file that the documents were made from; lets a second conversion be noticed."""
    receiver_key: bytes | None = None
    """Id of the receiver's opening key as the caller proved it: nothing is sealed to another one. ``None``: not proven."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What the signed announcement of a transfer says, as the caller proved it from evidence."""

    sender: str
    receiver: str
    payload: bytes
    body_digest: bytes
    commitment: bytes


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened to a transfer and that this institution has not looked at (or has)."""

    number: int
    transfer: str
    status: Status
    at_ms: int
    read_ms: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a trail: what the ledger says, the same for both sides."""

    index: int
    operation: bytes
    kind: str
    block_ms: int
    institution: str
    person: str | None
    """Who acted; the device (``dev-…``) where a machine client did."""
    accepted: bool
    approved: tuple[ApprovalKind, ...] = ()
    """With which kinds of key persons signed for themselves; empty: the institution's gateway signed alone."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An operation or a sending that this gateway has begun and that the ledger has not settled."""

    transfer: str
    kind: str
    state: str
    begun_ms: int
    attempts: int
