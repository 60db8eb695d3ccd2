"""What the node asks of the application, in our own words: values without protobuf, and the interface.

Guarantees: times are integer milliseconds, addresses 20 bytes, keys 32, counts as the node bounds them; what arrives otherwise is
:class:`WireMalformed`, and an answer that the node could not use is :class:`Misuse`. Refuses to guess: nothing is filled in. Trusts
nobody; that a block is one that the validators decided is the node's word until :mod:`akashi.network.light` has verified it.

>>> proto_size([b"abc", b""])
7
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from akashi.errors import Misuse
from akashi.network.abci.errors import WireMalformed
from akashi.network.abci.messages import ExecTxResult, RequestBlock, RequestInitChain, ResponseFinalizeBlock
from akashi.network.abci.protobuf import varint
from akashi.network.abci.values import Misbehavior, MisbehaviourKind, PublicKey, ValidatorUpdate

KEY_SIZE: Final = 32
ADDRESS_SIZE: Final = 20
_HASH_SIZE = 32
_MAX_APP_HASH = 64


@dataclass(frozen=True, slots=True)
class Info:
    """The last height that is durable here, 0 before the first, and the application's hash after it."""

    height: int
    app_hash: bytes


@dataclass(frozen=True, slots=True)
class InitChain:
    """The genesis: ``validators`` are ``(Ed25519 key, power)``; ``block_max_bytes`` is 0 where it does not say."""

    chain_id: str
    initial_height: int
    time_ms: int
    validators: tuple[tuple[bytes, int], ...]
    app_state: bytes
    block_max_bytes: int


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """A server was proved to have signed two different votes, or to have attacked a light client."""

    kind: MisbehaviourKind
    address: bytes
    power: int
    height: int
    time_ms: int
    total_power: int


@dataclass(frozen=True, slots=True)
class Block:
    """A decided block. ``hash`` is its header's; ``time_ms`` is BFT time rounded down; ``proposer`` is an address."""

    height: int
    time_ms: int
    hash: bytes
    txs: tuple[bytes, ...]
    proposer: bytes
    misbehaviour: tuple[Misbehaviour, ...] = ()


@dataclass(frozen=True, slots=True)
class TxResult:
    """What became of a transaction: 0 and whatever bytes every server computes alike."""

    code: int = 0
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Finalized:
    """The outcome of a block: a result for each transaction, the new hash, and changed voters as ``(key, power)``."""

    results: Sequence[TxResult]
    app_hash: bytes
    updates: Sequence[tuple[bytes, int]] = ()


class Application(Protocol):
    """What a replica does. Calls come one at a time, from different threads; whatever is raised stops this server alone."""

    def info(self) -> Info:
        """What is durable. Changes nothing: a node asks when it starts, but its RPC (``abci_info``) asks at any time, also

        between :meth:`finalize` and :meth:`commit`. A block left open by a node that died comes again, to :meth:`finalize`.
        """
        ...

    def init_chain(self, request: InitChain) -> bytes:
        """The hash of the state before the first block. Called once in the life of a chain; raises to stop."""
        ...

    def check_tx(self, tx: bytes) -> int:
        """0 lets ``tx`` into the pool. Advice only: a proposer need not heed it."""
        ...

    def prepare(self, txs: Sequence[bytes], max_bytes: int) -> Sequence[bytes]:
        """The transactions to propose; :func:`proto_size` of them must not exceed ``max_bytes``."""
        ...

    def process(self, txs: Sequence[bytes]) -> bool:
        """Whether a proposed block is fine. A pure function of ``txs`` and the state before."""
        ...

    def finalize(self, block: Block) -> Finalized:
        """Executes a decided block; nothing may be durable before :meth:`commit`. The next or the same height may come again
        after a node's crash: whatever was open is then dropped.
        """
        ...

    def commit(self) -> int:
        """Makes the last block durable before it returns. The height below which the node may forget; 0 for never."""
        ...


def proto_size(txs: Sequence[bytes]) -> int:
    """The bytes that ``txs`` take in a block: each has a tag and its length in front."""
    return sum(1 + len(varint(len(tx))) + len(tx) for tx in txs)


def genesis_of(request: RequestInitChain) -> InitChain:
    """The genesis in our words. Raises :class:`WireMalformed` ``genesis``."""
    params = request.consensus_params
    validators = tuple((one.pub_key.ed25519, one.power) for one in request.validators)
    if request.initial_height < 1 or any(len(key) != KEY_SIZE or power < 1 for key, power in validators):
        raise WireMalformed("genesis")
    return InitChain(
        chain_id=request.chain_id,
        initial_height=request.initial_height,
        time_ms=request.time.ms,
        validators=validators,
        app_state=request.app_state_bytes,
        block_max_bytes=params.block.max_bytes if params is not None and params.block is not None else 0,
    )


def block_of(request: RequestBlock) -> Block:
    """A decided block in our words. Raises :class:`WireMalformed` ``block`` or ``time``."""
    if request.height < 1 or len(request.hash) != _HASH_SIZE or len(request.proposer_address) != ADDRESS_SIZE:
        raise WireMalformed("block")
    return Block(
        height=request.height,
        time_ms=request.time.ms,
        hash=request.hash,
        txs=request.txs,
        proposer=request.proposer_address,
        misbehaviour=tuple(_misbehaviour(one) for one in request.misbehavior),
    )


def _misbehaviour(message: Misbehavior) -> Misbehaviour:
    if len(message.validator.address) != ADDRESS_SIZE:
        raise WireMalformed("misbehaviour")
    return Misbehaviour(
        kind=message.type,
        address=message.validator.address,
        power=message.validator.power,
        height=message.height,
        time_ms=message.time.ms,
        total_power=message.total_voting_power,
    )


def finalized_message(outcome: Finalized, txs: int) -> ResponseFinalizeBlock:
    """The answer for the node. Raises :class:`Misuse` where it does not fit a block of ``txs`` transactions."""
    if len(outcome.results) != txs or len(outcome.app_hash) > _MAX_APP_HASH:
        raise Misuse(what="outcome of a block")
    keys = [key for key, _ in outcome.updates]
    if len(set(keys)) < len(keys) or any(len(key) != KEY_SIZE or power < 0 for key, power in outcome.updates):
        raise Misuse(what="validator updates")
    return ResponseFinalizeBlock(
        tx_results=tuple(ExecTxResult(one.code, one.data) for one in outcome.results),
        validator_updates=tuple(ValidatorUpdate(PublicKey(ed25519=key), power) for key, power in outcome.updates),
        app_hash=outcome.app_hash,
    )
