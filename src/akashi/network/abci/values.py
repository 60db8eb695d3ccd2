"""The values that ABCI 2.0's messages (CometBFT v0.38) are made of, with their field numbers.

Guarantees: names and numbers are those of the ``.proto`` files of v0.38.25 (``abci``, ``types``, ``crypto``); the defaults are
proto3's. Refuses nothing itself: :mod:`akashi.network.abci.protobuf` does. Trusts nobody.

>>> Timestamp(1_700_000_000, 1_999_999).ms
1700000000001
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Final

from akashi.network.abci.errors import WireMalformed
from akashi.network.abci.protobuf import Kind, Wire

_NANOS_PER_MS = 1_000_000
_MAX_NANOS = 999_999_999


def wire(number: int, kind: str) -> Wire:
    """The field ``number`` of a message, written as ``kind``: a word of :class:`Kind`."""
    return Wire(number, Kind(kind))


class CheckTxType(IntEnum):
    """Whether a transaction is new to the pool, or looked at again after a block."""

    NEW = 0
    RECHECK = 1


class BlockIdFlag(IntEnum):
    """What a validator's place in a commit holds."""

    UNKNOWN = 0
    ABSENT = 1
    COMMIT = 2
    NIL = 3


class MisbehaviourKind(IntEnum):
    """What a server was proved to have done."""

    UNKNOWN = 0
    DUPLICATE_VOTE = 1
    LIGHT_CLIENT_ATTACK = 2


class Verdict(IntEnum):
    """The answer to a proposal or a vote extension."""

    UNKNOWN = 0
    ACCEPT = 1
    REJECT = 2


class SnapshotVerdict(IntEnum):
    """The answer to an offered snapshot or one of its chunks; we take none."""

    UNKNOWN = 0
    ACCEPT = 1
    ABORT = 2


@dataclass(frozen=True, slots=True)
class Nothing:
    """A message without fields."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """``google.protobuf.Timestamp``: UTC, ``nanos`` counts forward from ``seconds``."""

    seconds: Annotated[int, wire(1, "int64")] = 0
    nanos: Annotated[int, wire(2, "int32")] = 0

    @property
    def ms(self) -> int:
        """Integer milliseconds since 1970, rounded down. Raises :class:`WireMalformed` ``time``."""
        if not 0 <= self.nanos <= _MAX_NANOS:
            raise WireMalformed("time")
        return self.seconds * 1000 + self.nanos // _NANOS_PER_MS


@dataclass(frozen=True, slots=True)
class Duration:
    """``google.protobuf.Duration``."""

    seconds: Annotated[int, wire(1, "int64")] = 0
    nanos: Annotated[int, wire(2, "int32")] = 0


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One of two algorithms; only Ed25519 is in use."""

    ed25519: Annotated[bytes, wire(1, "bytes")] = b""
    secp256k1: Annotated[bytes, wire(2, "bytes")] = b""


@dataclass(frozen=True, slots=True)
class ValidatorUpdate:
    """A validator's key and its new voting power; 0 removes it."""

    pub_key: Annotated[PublicKey, wire(1, "message")] = PublicKey()
    power: Annotated[int, wire(2, "int64")] = 0


@dataclass(frozen=True, slots=True)
class BlockParams:
    """Bounds of a block, bytes and gas."""

    max_bytes: Annotated[int, wire(1, "int64")] = 0
    max_gas: Annotated[int, wire(2, "int64")] = 0


@dataclass(frozen=True, slots=True)
class EvidenceParams:
    """How old and how large evidence of misbehaviour may be."""

    max_age_num_blocks: Annotated[int, wire(1, "int64")] = 0
    max_age_duration: Annotated[Duration, wire(2, "message")] = Duration()
    max_bytes: Annotated[int, wire(3, "int64")] = 0


@dataclass(frozen=True, slots=True)
class ValidatorParams:
    """Which kinds of keys validators may have."""

    pub_key_types: Annotated[tuple[str, ...], wire(1, "string")] = ()


@dataclass(frozen=True, slots=True)
class VersionParams:
    """The application's version."""

    app: Annotated[int, wire(1, "uint64")] = 0


@dataclass(frozen=True, slots=True)
class AbciParams:
    """The height from which votes carry extensions; 0 means never."""

    vote_extensions_enable_height: Annotated[int, wire(1, "int64")] = 0


@dataclass(frozen=True, slots=True)
class ConsensusParams:
    """What all validators of a chain agree on, beside the blocks."""

    block: Annotated[BlockParams | None, wire(1, "message")] = None
    evidence: Annotated[EvidenceParams | None, wire(2, "message")] = None
    validator: Annotated[ValidatorParams | None, wire(3, "message")] = None
    version: Annotated[VersionParams | None, wire(4, "message")] = None
    abci: Annotated[AbciParams | None, wire(5, "message")] = None


@dataclass(frozen=True, slots=True)
class Validator:
    """A validator by its address, 20 bytes."""

    address: Annotated[bytes, wire(1, "bytes")] = b""
    power: Annotated[int, wire(3, "int64")] = 0


@dataclass(frozen=True, slots=True)
class VoteInfo:
    """Whether a validator voted for the previous block."""

    validator: Annotated[Validator, wire(1, "message")] = Validator()
    block_id_flag: Annotated[BlockIdFlag, wire(3, "enum")] = BlockIdFlag.UNKNOWN


@dataclass(frozen=True, slots=True)
class ExtendedVoteInfo:
    """As :class:`VoteInfo`, with the extension that we do not use."""

    validator: Annotated[Validator, wire(1, "message")] = Validator()
    vote_extension: Annotated[bytes, wire(3, "bytes")] = b""
    extension_signature: Annotated[bytes, wire(4, "bytes")] = b""
    block_id_flag: Annotated[BlockIdFlag, wire(5, "enum")] = BlockIdFlag.UNKNOWN


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """Who voted for the previous block, in which round."""

    round: Annotated[int, wire(1, "int32")] = 0
    votes: Annotated[tuple[VoteInfo, ...], wire(2, "message")] = ()


@dataclass(frozen=True, slots=True)
class ExtendedCommitInfo:
    """As :class:`CommitInfo`, for a proposer."""

    round: Annotated[int, wire(1, "int32")] = 0
    votes: Annotated[tuple[ExtendedVoteInfo, ...], wire(2, "message")] = ()


@dataclass(frozen=True, slots=True)
class Misbehavior:
    """Evidence against a validator that the block carries."""

    type: Annotated[MisbehaviourKind, wire(1, "enum")] = MisbehaviourKind.UNKNOWN
    validator: Annotated[Validator, wire(2, "message")] = Validator()
    height: Annotated[int, wire(3, "int64")] = 0
    time: Annotated[Timestamp, wire(4, "message")] = Timestamp()
    total_voting_power: Annotated[int, wire(5, "int64")] = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot of another application's state; ours has none."""

    height: Annotated[int, wire(1, "uint64")] = 0
    format: Annotated[int, wire(2, "uint32")] = 0
    chunks: Annotated[int, wire(3, "uint32")] = 0
    hash: Annotated[bytes, wire(4, "bytes")] = b""
    metadata: Annotated[bytes, wire(5, "bytes")] = b""


@dataclass(frozen=True, slots=True)
class Echo:
    """A word that comes back; request and response alike."""

    message: Annotated[str, wire(1, "string")] = ""


ZERO_TIME: Final = Timestamp()
NO_COMMIT: Final = CommitInfo()
NO_EXTENDED_COMMIT: Final = ExtendedCommitInfo()
