"""CometBFT's own store, block by block: its LevelDB drops what is damaged and says nothing (knowledge/ledger.md 1.9), so somebody else must ask.

Guarantees: a height that passed is there, signed by more than two thirds of the validators that *our* state named for it, holds exactly the transactions under its header,
whose operations are our leaves in order, and its header's app hash is our tree before it. So every stretch of leaves since the handover hangs from a signed header.
Refuses nothing; reads only. Trusts the ledger for who votes; the node for nothing. A node that does not answer proves nothing either way: :class:`Unavailable` is the caller's.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from akashi.errors import AkashiError, IntegrityError
from akashi.ledger.store import Tables
from akashi.network.errors import CommitUnproven, TransactionMalformed
from akashi.network.light.parsing import parse_block, parse_commit
from akashi.network.light.values import Header, ValidatorSet
from akashi.network.light.verifying import verify_commit, verify_txs
from akashi.network.model import IncidentPlace
from akashi.network.node.errors import NodeRefused
from akashi.network.scrub.model import Damage
from akashi.network.scrub.rules import Anchor, advanced, tree_of
from akashi.network.scrub.trees import root_at
from akashi.network.transactions import unpack
from akashi.network.validators import POWER, ValidatorHistory


class Blocks(Protocol):
    """The node's answers that are needed (``network.node.rpc.NodeClient``)."""

    def block(self, height: int) -> dict[str, Any]:
        """A block's JSON. Raises ``BadAnswer`` for a block that is not there."""
        ...

    def commit(self, height: int) -> dict[str, Any]:
        """A signed header's JSON."""
        ...


class Looked(NamedTuple):
    """One height: the first leaf that the next block can bring, or what is wrong."""

    next_leaf: int
    damage: Damage | None


class BlockWalk:
    """Looks at one height after the other; the caller keeps the place."""

    def __init__(self, node: Blocks, chain_id: str, history: ValidatorHistory) -> None:
        self._node, self._chain_id, self._history = node, chain_id, history

    def look(self, tables: Tables, height: int, index: int) -> Looked:
        """Look at ``height``, whose first leaf would be ``index`` (ignored for the first block: it says where the chain began).

        Raises ``Unavailable`` where the node does not answer at all.
        """
        try:
            header, txs = self._read(height)
            tree = self._proven(tables, header, index if height > 1 else None)
            after = advanced(tree.size, [_place(tables, id_) for tx in txs for id_ in _operations(tx)])
        except NodeRefused:  # it answers, and cannot read what it must have
            return _wrong(index, "block.unreadable", height)
        except CommitUnproven as error:
            return _wrong(index, f"block.{error.failure}", height)
        except IntegrityError as error:
            return _wrong(index, str(error.params.get("failure", "block.missing")), height)
        if after is None:
            return _wrong(index, "block.leaves", height)
        return Looked(after, None)

    def _read(self, height: int) -> tuple[Header, tuple[bytes, ...]]:
        """The block with its commit, verified. Raises ``CommitUnproven``, ``IntegrityError``, ``NodeRefused``."""
        block, signed = self._node.block(height), self._node.commit(height)
        whole = {"block_id": dict(signed.get("commit") or {}).get("block_id"), "block": block}
        try:
            header, commit = parse_commit({"signed_header": signed, "canonical": False})
            said, txs, _ = parse_block(whole)
        except AkashiError as error:
            raise CommitUnproven("unreadable") from error
        if header.height != height or said != header:
            raise CommitUnproven("height")
        voters = self._history.at(height)
        verify_commit(self._chain_id, header, commit, ValidatorSet.of((key, POWER) for key in voters))
        verify_txs(header, txs)
        return header, txs

    @staticmethod
    def _proven(tables: Tables, header: Header, index: int | None) -> Anchor:
        """The tree before this block, which the signed header names and ours must be. Raises ``CommitUnproven``."""
        tree = tree_of(header.app_hash)
        if tree is None or (index is not None and tree.size != index) or root_at(tables, tree.size) != tree.root:
            raise CommitUnproven("app_hash")
        return tree


def _wrong(index: int, failure: str, height: int) -> Looked:
    return Looked(index, Damage(IncidentPlace.CONSENSUS, failure, height))


def _operations(tx: bytes) -> list[bytes]:
    """Ids; a transaction that nobody could read brought nothing."""
    try:
        return [operation.id for operation in unpack(tx)]
    except TransactionMalformed:
        return []


def _place(tables: Tables, operation_id: bytes) -> int | None:
    row = tables.leaf(operation_id)
    return None if row is None else row.index
