"""Values of the witness protocol. Guarantees: immutable; hold checkpoints, proofs and digests, nothing about any person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from akashi.ledger.wire.merkle import EMPTY_ROOT
from akashi.ledger.wire.note import Checkpoint, NoteKey


@dataclass(frozen=True, slots=True)
class KnownLog:
    """A log that the witness's operator listed: one of ``keys`` must have signed, and at least ``need`` of ``cosigners``.

    Of a ledger that several servers keep, ``need`` is their quorum: one server alone, or its stolen key, gets nothing cosigned.
    """

    origin: str
    keys: tuple[NoteKey, ...]
    need: int = 0
    cosigners: tuple[NoteKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Submission:
    """What a log sends: the size that the witness is thought to know, the proof from there, and its newest checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest tree of one log that a witness cosigned; of a log that it never cosigned: the empty tree."""

    size: int = 0
    root: bytes = EMPTY_ROOT


class Suspicion(IntEnum):
    """What a finding says about a log."""

    SPLIT = 1
    """Two checkpoints of one size with different roots, both signed by the log: proof by itself."""
    UNPROVEN = 2
    """A checkpoint signed by the log that was not shown to extend what was cosigned: a fork, or a bad proof."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong that a witness has kept: ``ours`` was cosigned before (empty: none), ``theirs`` was refused."""

    number: int
    origin: str
    suspicion: Suspicion
    size: int
    time_ms: int
    ours: bytes
    theirs: bytes
    proof: bytes
    """The submission's lines before its checkpoint, as they came."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer: status, body, media type."""

    status: int
    body: bytes = b""
    media_type: str = "text/plain; charset=utf-8"
