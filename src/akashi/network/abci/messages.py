"""The messages of ABCI 2.0 (CometBFT v0.38) that go over the socket, with their field numbers.

Guarantees: names and numbers are those of ``proto/tendermint/abci/types.proto``, v0.38.25; the defaults are proto3's. Refuses:
requests of the reserved numbers, and a request or response with none or several of its alternatives (:func:`parse_request`,
:func:`parse_response`). Leaves the meaning to :mod:`akashi.network.abci.server`.

>>> format_request(Request(echo=Echo("hi"))).hex(), parse_request(bytes.fromhex("0a040a026869"))
('0a040a026869', ('echo', Echo(message='hi')))
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Any, Final

from akashi.network.abci.errors import WireMalformed
from akashi.network.abci.protobuf import decode, encode
from akashi.network.abci.values import (
    NO_COMMIT,
    NO_EXTENDED_COMMIT,
    ZERO_TIME,
    CheckTxType,
    CommitInfo,
    ConsensusParams,
    Echo,
    ExtendedCommitInfo,
    Misbehavior,
    Nothing,
    Snapshot,
    SnapshotVerdict,
    Timestamp,
    ValidatorUpdate,
    Verdict,
    wire,
)


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """The node's versions."""

    version: Annotated[str, wire(1, "string")] = ""
    block_version: Annotated[int, wire(2, "uint64")] = 0
    p2p_version: Annotated[int, wire(3, "uint64")] = 0
    abci_version: Annotated[str, wire(4, "string")] = ""


@dataclass(frozen=True, slots=True)
class RequestInitChain:
    """The genesis of the chain, handed over once."""

    time: Annotated[Timestamp, wire(1, "message")] = ZERO_TIME
    chain_id: Annotated[str, wire(2, "string")] = ""
    consensus_params: Annotated[ConsensusParams | None, wire(3, "message")] = None
    validators: Annotated[tuple[ValidatorUpdate, ...], wire(4, "message")] = ()
    app_state_bytes: Annotated[bytes, wire(5, "bytes")] = b""
    initial_height: Annotated[int, wire(6, "int64")] = 0


@dataclass(frozen=True, slots=True)
class RequestQuery:
    """A question to the application that came over the node's RPC; answered with code 1."""

    data: Annotated[bytes, wire(1, "bytes")] = b""
    path: Annotated[str, wire(2, "string")] = ""
    height: Annotated[int, wire(3, "int64")] = 0
    prove: Annotated[bool, wire(4, "bool")] = False


@dataclass(frozen=True, slots=True)
class RequestCheckTx:
    """A transaction that wants into the pool."""

    tx: Annotated[bytes, wire(1, "bytes")] = b""
    type: Annotated[CheckTxType, wire(2, "enum")] = CheckTxType.NEW


@dataclass(frozen=True, slots=True)
class RequestOfferSnapshot:
    """A snapshot that peers have."""

    snapshot: Annotated[Snapshot | None, wire(1, "message")] = None
    app_hash: Annotated[bytes, wire(2, "bytes")] = b""


@dataclass(frozen=True, slots=True)
class RequestLoadSnapshotChunk:
    """A peer wants a piece of a snapshot."""

    height: Annotated[int, wire(1, "uint64")] = 0
    format: Annotated[int, wire(2, "uint32")] = 0
    chunk: Annotated[int, wire(3, "uint32")] = 0


@dataclass(frozen=True, slots=True)
class RequestApplySnapshotChunk:
    """A piece of a snapshot that a peer sent."""

    index: Annotated[int, wire(1, "uint32")] = 0
    chunk: Annotated[bytes, wire(2, "bytes")] = b""
    sender: Annotated[str, wire(3, "string")] = ""


@dataclass(frozen=True, slots=True)
class RequestPrepareProposal:
    """The node proposes: which of these transactions, and in which order."""

    max_tx_bytes: Annotated[int, wire(1, "int64")] = 0
    txs: Annotated[tuple[bytes, ...], wire(2, "bytes")] = ()
    local_last_commit: Annotated[ExtendedCommitInfo, wire(3, "message")] = NO_EXTENDED_COMMIT
    misbehavior: Annotated[tuple[Misbehavior, ...], wire(4, "message")] = ()
    height: Annotated[int, wire(5, "int64")] = 0
    time: Annotated[Timestamp, wire(6, "message")] = ZERO_TIME
    next_validators_hash: Annotated[bytes, wire(7, "bytes")] = b""
    proposer_address: Annotated[bytes, wire(8, "bytes")] = b""


@dataclass(frozen=True, slots=True)
class RequestBlock:
    """``RequestProcessProposal`` and ``RequestFinalizeBlock``: the same fields under the same numbers."""

    txs: Annotated[tuple[bytes, ...], wire(1, "bytes")] = ()
    last_commit: Annotated[CommitInfo, wire(2, "message")] = NO_COMMIT
    misbehavior: Annotated[tuple[Misbehavior, ...], wire(3, "message")] = ()
    hash: Annotated[bytes, wire(4, "bytes")] = b""
    height: Annotated[int, wire(5, "int64")] = 0
    time: Annotated[Timestamp, wire(6, "message")] = ZERO_TIME
    next_validators_hash: Annotated[bytes, wire(7, "bytes")] = b""
    proposer_address: Annotated[bytes, wire(8, "bytes")] = b""


@dataclass(frozen=True, slots=True)
class RequestExtendVote:
    """Asks for data to go with a vote; we have none."""

    hash: Annotated[bytes, wire(1, "bytes")] = b""
    height: Annotated[int, wire(2, "int64")] = 0
    time: Annotated[Timestamp, wire(3, "message")] = ZERO_TIME
    txs: Annotated[tuple[bytes, ...], wire(4, "bytes")] = ()
    proposed_last_commit: Annotated[CommitInfo, wire(5, "message")] = NO_COMMIT
    misbehavior: Annotated[tuple[Misbehavior, ...], wire(6, "message")] = ()
    next_validators_hash: Annotated[bytes, wire(7, "bytes")] = b""
    proposer_address: Annotated[bytes, wire(8, "bytes")] = b""


@dataclass(frozen=True, slots=True)
class RequestVerifyVoteExtension:
    """Another server's extension of a vote."""

    hash: Annotated[bytes, wire(1, "bytes")] = b""
    validator_address: Annotated[bytes, wire(2, "bytes")] = b""
    height: Annotated[int, wire(3, "int64")] = 0
    vote_extension: Annotated[bytes, wire(4, "bytes")] = b""


@dataclass(frozen=True, slots=True)
class ResponseException:
    """The application cannot go on; the node ends itself."""

    error: Annotated[str, wire(1, "string")] = ""


@dataclass(frozen=True, slots=True)
class ResponseInfo:
    """Where the application stands: the last height it committed, and that height's hash."""

    data: Annotated[str, wire(1, "string")] = ""
    version: Annotated[str, wire(2, "string")] = ""
    app_version: Annotated[int, wire(3, "uint64")] = 0
    last_block_height: Annotated[int, wire(4, "int64")] = 0
    last_block_app_hash: Annotated[bytes, wire(5, "bytes")] = b""


@dataclass(frozen=True, slots=True)
class ResponseInitChain:
    """What the application changes of the genesis; no validators means: those of the genesis."""

    consensus_params: Annotated[ConsensusParams | None, wire(1, "message")] = None
    validators: Annotated[tuple[ValidatorUpdate, ...], wire(2, "message")] = ()
    app_hash: Annotated[bytes, wire(3, "bytes")] = b""


@dataclass(frozen=True, slots=True)
class ResponseQuery:
    """The answer to a query: never more than a code here."""

    code: Annotated[int, wire(1, "uint32")] = 0
    height: Annotated[int, wire(9, "int64")] = 0


@dataclass(frozen=True, slots=True)
class ResponseCheckTx:
    """0 lets a transaction into the pool."""

    code: Annotated[int, wire(1, "uint32")] = 0


@dataclass(frozen=True, slots=True)
class ResponseCommit:
    """Blocks below ``retain_height`` may go; 0 keeps all."""

    retain_height: Annotated[int, wire(3, "int64")] = 0


@dataclass(frozen=True, slots=True)
class ResponseListSnapshots:
    """The snapshots that we offer."""

    snapshots: Annotated[tuple[Snapshot, ...], wire(1, "message")] = ()


@dataclass(frozen=True, slots=True)
class ResponseSnapshot:
    """``ResponseOfferSnapshot`` and ``ResponseApplySnapshotChunk``: the answer is under number 1 in both."""

    result: Annotated[SnapshotVerdict, wire(1, "enum")] = SnapshotVerdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class ResponseLoadSnapshotChunk:
    """A piece of a snapshot; empty means none."""

    chunk: Annotated[bytes, wire(1, "bytes")] = b""


@dataclass(frozen=True, slots=True)
class ResponsePrepareProposal:
    """The transactions of the proposed block."""

    txs: Annotated[tuple[bytes, ...], wire(1, "bytes")] = ()


@dataclass(frozen=True, slots=True)
class ResponseVerdict:
    """``ResponseProcessProposal`` and ``ResponseVerifyVoteExtension``: the status is under number 1 in both."""

    status: Annotated[Verdict, wire(1, "enum")] = Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class ResponseExtendVote:
    """The data that goes with a vote."""

    vote_extension: Annotated[bytes, wire(1, "bytes")] = b""


@dataclass(frozen=True, slots=True)
class ExecTxResult:
    """What became of one transaction; both fields enter the hash of the results."""

    code: Annotated[int, wire(1, "uint32")] = 0
    data: Annotated[bytes, wire(2, "bytes")] = b""


@dataclass(frozen=True, slots=True)
class ResponseFinalizeBlock:
    """What became of a block: one result for each transaction, who votes from two blocks on, the hash of the state."""

    tx_results: Annotated[tuple[ExecTxResult, ...], wire(2, "message")] = ()
    validator_updates: Annotated[tuple[ValidatorUpdate, ...], wire(3, "message")] = ()
    consensus_param_updates: Annotated[ConsensusParams | None, wire(4, "message")] = None
    app_hash: Annotated[bytes, wire(5, "bytes")] = b""


@dataclass(frozen=True, slots=True)
class Request:
    """Exactly one of these."""

    echo: Annotated[Echo | None, wire(1, "message")] = None
    flush: Annotated[Nothing | None, wire(2, "message")] = None
    info: Annotated[RequestInfo | None, wire(3, "message")] = None
    init_chain: Annotated[RequestInitChain | None, wire(5, "message")] = None
    query: Annotated[RequestQuery | None, wire(6, "message")] = None
    check_tx: Annotated[RequestCheckTx | None, wire(8, "message")] = None
    commit: Annotated[Nothing | None, wire(11, "message")] = None
    list_snapshots: Annotated[Nothing | None, wire(12, "message")] = None
    offer_snapshot: Annotated[RequestOfferSnapshot | None, wire(13, "message")] = None
    load_snapshot_chunk: Annotated[RequestLoadSnapshotChunk | None, wire(14, "message")] = None
    apply_snapshot_chunk: Annotated[RequestApplySnapshotChunk | None, wire(15, "message")] = None
    prepare_proposal: Annotated[RequestPrepareProposal | None, wire(16, "message")] = None
    process_proposal: Annotated[RequestBlock | None, wire(17, "message")] = None
    extend_vote: Annotated[RequestExtendVote | None, wire(18, "message")] = None
    verify_vote_extension: Annotated[RequestVerifyVoteExtension | None, wire(19, "message")] = None
    finalize_block: Annotated[RequestBlock | None, wire(20, "message")] = None


@dataclass(frozen=True, slots=True)
class Response:
    """Exactly one of these."""

    exception: Annotated[ResponseException | None, wire(1, "message")] = None
    echo: Annotated[Echo | None, wire(2, "message")] = None
    flush: Annotated[Nothing | None, wire(3, "message")] = None
    info: Annotated[ResponseInfo | None, wire(4, "message")] = None
    init_chain: Annotated[ResponseInitChain | None, wire(6, "message")] = None
    query: Annotated[ResponseQuery | None, wire(7, "message")] = None
    check_tx: Annotated[ResponseCheckTx | None, wire(9, "message")] = None
    commit: Annotated[ResponseCommit | None, wire(12, "message")] = None
    list_snapshots: Annotated[ResponseListSnapshots | None, wire(13, "message")] = None
    offer_snapshot: Annotated[ResponseSnapshot | None, wire(14, "message")] = None
    load_snapshot_chunk: Annotated[ResponseLoadSnapshotChunk | None, wire(15, "message")] = None
    apply_snapshot_chunk: Annotated[ResponseSnapshot | None, wire(16, "message")] = None
    prepare_proposal: Annotated[ResponsePrepareProposal | None, wire(17, "message")] = None
    process_proposal: Annotated[ResponseVerdict | None, wire(18, "message")] = None
    extend_vote: Annotated[ResponseExtendVote | None, wire(19, "message")] = None
    verify_vote_extension: Annotated[ResponseVerdict | None, wire(20, "message")] = None
    finalize_block: Annotated[ResponseFinalizeBlock | None, wire(21, "message")] = None


def parse_request(data: bytes) -> tuple[str, Any]:
    """The name and the message of the one alternative in ``data``. Raises :class:`WireMalformed`."""
    return _only(decode(Request, data))


def parse_response(data: bytes) -> tuple[str, Any]:
    """As :func:`parse_request`, for the node's side of the socket (tests)."""
    return _only(decode(Response, data))


def format_request(request: Request) -> bytes:
    """The bytes of ``request``, without the length in front."""
    return encode(request)


def format_response(response: Response) -> bytes:
    """The bytes of ``response``, without the length in front."""
    return encode(response)


_ALTERNATIVES: Final[dict[type, tuple[str, ...]]] = {
    cls: tuple(field.name for field in fields(cls)) for cls in (Request, Response)
}


def _only(message: Request | Response) -> tuple[str, Any]:
    values = ((name, getattr(message, name)) for name in _ALTERNATIVES[type(message)])
    present = [(name, value) for name, value in values if value is not None]
    if len(present) != 1:
        raise WireMalformed("oneof")
    return present[0]
