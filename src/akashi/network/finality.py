"""What makes a block final, and what others are told of it: the node's commits verified, and the quorum notes as the engine needs them.

Guarantees: a block counts only if more than two thirds of the servers that our own ledger names signed its header, and that header holds exactly the transactions that
were executed here, on exactly the tree that they were executed on: so a block proves those before it. Refuses what the node cannot show. Trusts the node for nothing but being asked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from akashi.errors import Unavailable
from akashi.ledger.engine.chain import Head
from akashi.network.application import Committed
from akashi.network.errors import CommitUnproven
from akashi.network.light.parsing import parse_commit
from akashi.network.light.values import ValidatorSet
from akashi.network.light.verifying import verify_commit, verify_txs
from akashi.network.node.rpc import NodeClient, Sent
from akashi.network.peers.rounds import Rounds
from akashi.network.store import NetworkStore
from akashi.network.validators import POWER, ValidatorHistory

_POLL_S = 1.0


class NodeBusy(Unavailable):
    """The node took no further transaction; it is handed in again."""

    code = "network.busy"
    ja, en = "サーバー間の処理が混み合っています（{reason}）。", "The servers are busy ({reason})."
    hint_ja, hint_en = "自動でやり直します。", "It is tried again by itself."


class LocalNode:
    """The node beside this server. Implements ``service.Broadcast``."""

    def __init__(self, client: NodeClient, chain_id: str, history: ValidatorHistory) -> None:
        self._client, self._chain_id, self._history = client, chain_id, history

    def broadcast(self, tx: bytes) -> None:
        """Hand a transaction in; that the node knows it already is fine. Raises ``Unavailable``."""
        sent = self._client.broadcast_tx_sync(tx)
        if sent not in {Sent.TAKEN, Sent.KNOWN}:
            raise NodeBusy(reason=sent.value)

    def prove(self, committed: Committed) -> None:
        """Verify the commit of a block that was executed here. Raises :class:`CommitUnproven`, ``Unavailable``."""
        header, commit = parse_commit({"signed_header": self._client.commit(committed.height), "canonical": False})
        if header.height != committed.height:
            raise CommitUnproven("height")
        voters = self._history.at(committed.height)
        verify_commit(self._chain_id, header, commit, ValidatorSet.of((key, POWER) for key in voters))
        verify_txs(header, committed.transactions)
        if header.app_hash != committed.before:
            raise CommitUnproven("app_hash")


class CosignedNotes:
    """Quorum notes for the engine: implements ``service.Notes``. ``grew`` is told of newer quorums."""

    def __init__(self, rounds: Rounds, store: NetworkStore, grew: Callable[[], None]) -> None:
        self._rounds, self._notes, self._store, self._grew = rounds, rounds.notes, store, grew
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="network-quorum", daemon=True)

    def start(self) -> None:
        """Begin to tell of newer quorums."""
        self._thread.start()

    def close(self) -> None:
        """Stop telling."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(2 * _POLL_S)

    def publish(self, head: Head) -> None:
        """Cosign a head that is final, and tell the others."""
        self._rounds.publish(head.header.size, head.header.root, head.header.block_ms)

    def newest(self, at_most: int | None = None) -> tuple[bytes, int] | None:
        """The newest quorum note (of at most so many leaves) and its size."""
        newest = self._notes.newest()
        if newest is None or at_most is None or newest[0] <= at_most:
            return None if newest is None else (newest[1], newest[0])
        older = self._store.note_upto(at_most)
        return None if older is None else (older[1], older[0])

    def _watch(self) -> None:
        newest = self._notes.newest()
        size = 0 if newest is None else newest[0]
        while not self._ended.is_set():
            note = self._notes.wait(size + 1, _POLL_S)
            newest = self._notes.newest()
            if note is not None and newest is not None and newest[0] > size:
                size = newest[0]
                self._grew()
