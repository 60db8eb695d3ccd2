"""The bytes that validators sign and the hashes that a header holds (CometBFT v0.38).

Guarantees: pure functions; each tree is RFC 6962's over SHA-256, each leaf the one protobuf encoding. Refuses nothing: values
come from :mod:`akashi.network.light.parsing`. Trusts nobody.

Sources: ``spec/core/encoding.md`` and ``data_structures.md``; field numbers of ``types/types.proto``, ``types/canonical.proto``,
``types/validator.proto``, ``version/types.proto``, ``crypto/keys.proto`` of v0.38.25.

>>> data_hash([]).hex()[:8]
'e3b0c442'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Annotated

from akashi.ledger.wire.merkle import leaf_hash, root_of
from akashi.network.abci.protobuf import encode, varint
from akashi.network.abci.values import ZERO_TIME, BlockIdFlag, PublicKey, Timestamp, wire
from akashi.network.light.values import BlockId, Commit, CommitSig, Header, Validator, ValidatorSet


class VoteType(IntEnum):
    """What a vote is for."""

    UNKNOWN = 0
    PREVOTE = 1
    PRECOMMIT = 2


@dataclass(frozen=True, slots=True)
class _PartSetHeader:
    total: Annotated[int, wire(1, "uint32")] = 0
    hash: Annotated[bytes, wire(2, "bytes")] = b""


@dataclass(frozen=True, slots=True)
class _BlockId:
    hash: Annotated[bytes, wire(1, "bytes")] = b""
    part_set_header: Annotated[_PartSetHeader, wire(2, "message")] = _PartSetHeader()


@dataclass(frozen=True, slots=True)
class _CanonicalVote:
    type: Annotated[VoteType, wire(1, "enum")] = VoteType.UNKNOWN
    height: Annotated[int, wire(2, "sfixed64")] = 0
    round: Annotated[int, wire(3, "sfixed64")] = 0
    block_id: Annotated[_BlockId | None, wire(4, "message")] = None
    timestamp: Annotated[Timestamp, wire(5, "message")] = ZERO_TIME
    chain_id: Annotated[str, wire(6, "string")] = ""


@dataclass(frozen=True, slots=True)
class _CommitSig:
    flag: Annotated[BlockIdFlag, wire(1, "enum")] = BlockIdFlag.UNKNOWN
    address: Annotated[bytes, wire(2, "bytes")] = b""
    timestamp: Annotated[Timestamp, wire(3, "message")] = ZERO_TIME
    signature: Annotated[bytes, wire(4, "bytes")] = b""


@dataclass(frozen=True, slots=True)
class _SimpleValidator:
    pub_key: Annotated[PublicKey | None, wire(1, "message")] = None
    power: Annotated[int, wire(2, "int64")] = 0


@dataclass(frozen=True, slots=True)
class _Version:
    block: Annotated[int, wire(1, "uint64")] = 0
    app: Annotated[int, wire(2, "uint64")] = 0


@dataclass(frozen=True, slots=True)
class _Bytes:
    value: Annotated[bytes, wire(1, "bytes")] = b""


@dataclass(frozen=True, slots=True)
class _Text:
    value: Annotated[str, wire(1, "string")] = ""


@dataclass(frozen=True, slots=True)
class _Number:
    value: Annotated[int, wire(1, "int64")] = 0


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The RFC 6962 root over ``leaves``; SHA-256 of nothing where there are none."""
    return root_of([leaf_hash(leaf) for leaf in leaves])


def header_hash(header: Header) -> bytes:
    """The block's hash: the root over the fourteen encoded fields (types/block.go, ``Header.Hash``)."""
    return merkle_root(
        [
            encode(_Version(header.version_block, header.version_app)),
            encode(_Text(header.chain_id)),
            encode(_Number(header.height)),
            encode(header.time),
            encode(_block_id(header.last_block_id)),
            encode(_Bytes(header.last_commit_hash)),
            encode(_Bytes(header.data_hash)),
            encode(_Bytes(header.validators_hash)),
            encode(_Bytes(header.next_validators_hash)),
            encode(_Bytes(header.consensus_hash)),
            encode(_Bytes(header.app_hash)),
            encode(_Bytes(header.last_results_hash)),
            encode(_Bytes(header.evidence_hash)),
            encode(_Bytes(header.proposer_address)),
        ]
    )


def validators_hash(validators: ValidatorSet) -> bytes:
    """The root over the validators' keys and powers, in the set's order."""
    return merkle_root([_validator(one) for one in validators.validators])


def data_hash(txs: Sequence[bytes]) -> bytes:
    """The root over the SHA-256 hashes of a block's transactions, in the block's order."""
    return merkle_root([sha256(tx).digest() for tx in txs])


def commit_hash(commit: Commit) -> bytes:
    """What the next header holds as ``last_commit_hash``: the root over the places of the commit."""
    return merkle_root([_commit_sig(one) for one in commit.signatures])


def vote_bytes(chain_id: str, commit: Commit, place: CommitSig) -> bytes:
    """What the validator of ``place`` signed: its precommit for the commit's block, or for none (NIL), in canonical form."""
    vote = _CanonicalVote(
        type=VoteType.PRECOMMIT,
        height=commit.height,
        round=commit.round,
        block_id=_block_id(commit.block_id) if place.flag is BlockIdFlag.COMMIT else None,
        timestamp=place.time,
        chain_id=chain_id,
    )
    body = encode(vote)
    return varint(len(body)) + body


def _block_id(block: BlockId) -> _BlockId:
    return _BlockId(block.hash, _PartSetHeader(block.parts_total, block.parts_hash))


def _validator(validator: Validator) -> bytes:
    return encode(_SimpleValidator(PublicKey(ed25519=validator.key), validator.power))


def _commit_sig(place: CommitSig) -> bytes:
    return encode(_CommitSig(place.flag, place.address, place.time, place.signature))
