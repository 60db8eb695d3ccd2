"""The writer of one server among several: it executes the blocks that a network has ordered, with the embedded engine's own step.

Guarantees: ``execute`` writes a block's accepted operations, state and checkpoint into one open transaction and says what the tree would be;
``settle`` commits it together with the consensus height, so that after a kill the file is at the old height or at the new one. The same blocks give the same tree
everywhere: the clock is the block's, refused operations are no leaves, an operation that is known is answered with its first place. Refuses: a
ledger that was not handed over, a height out of order, to go on once the store disagrees with itself. Trusts its caller for the order
(``network`` verifies that more than two thirds signed it) and its own keys for what it stores.

The note stored with a block is this server's own; what others believe is the note with a quorum of cosignatures (``network.peers``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar, NamedTuple

from akashi.ledger.engine.chain import Chain, Draft, Head, LogKeys
from akashi.ledger.engine.group import Outcome, Pending, Ticket
from akashi.ledger.errors import LedgerBusy, LedgerDamaged, LedgerStopped
from akashi.ledger.keyring.members import handed_over
from akashi.ledger.model import Operation
from akashi.ledger.registry import LogIdentity
from akashi.ledger.state import Overlay, ReadState
from akashi.ledger.store import STORE_FAULTS, translated

_CONSENSUS = """CREATE TABLE IF NOT EXISTS consensus (
    one INTEGER PRIMARY KEY CHECK (one = 1), height INTEGER NOT NULL, app_hash BLOB NOT NULL
) STRICT"""


class Position(NamedTuple):
    """How far the network's blocks are executed and committed here; ``app_hash`` is what :func:`app_hash` says of the tree."""

    height: int
    app_hash: bytes


class Executed(NamedTuple):
    """What a block did: an outcome for each operation in order, and the tree after it."""

    outcomes: list[Outcome]
    app_hash: bytes
    head: Head
    state: ReadState
    """As it is with the block, until the block is settled or abandoned."""
    touched: frozenset[str]
    """The namespaces of the state in which the block changed something."""


def app_hash(size: int, root: bytes) -> bytes:
    """What servers must agree on: 8 bytes of size, 32 of root. Effects are inside the leaves, so a state that differs shows here."""
    return size.to_bytes(8, "big") + root


class ReplicaChain(Chain):
    """One connection, one head, at most one block under way. Only one thread may be inside."""

    orders_alone: ClassVar[bool] = False

    _position: Position | None = None
    _under_way: tuple[Position, Executed, LogKeys, bool] | None = None

    def load(self) -> Head:
        """Read and check the head, and the place in the network's chain. Raises ``LedgerDamaged``, ``LedgerStopped``."""
        head = super().load()
        if handed_over(Overlay(self._tables.state)) is None:
            raise LedgerStopped("not_handed_over")
        self._connection.execute(_CONSENSUS)
        self._position = self._read_position(head)
        self._under_way = None
        return head

    def _read_position(self, head: Head) -> Position:
        row = self._connection.execute("SELECT height, app_hash FROM consensus").fetchone()
        stands = app_hash(head.header.size, head.header.root)
        if row is None:
            return Position(0, stands)
        height, recorded = row
        if not isinstance(height, int) or recorded != stands:
            raise LedgerDamaged("consensus.app_hash")
        return Position(height, stands)

    def ends_with_handover(self) -> bool:
        """Whether the newest leaf is a ``log.handover``: nothing was ordered after it."""
        size = self._tables.size()
        return any(row.kind == "log.handover" for row in self._tables.leaves(size - 1, size))

    def begin_anew(self) -> None:
        """Forget how far the former chain was: the next one begins with its first block on the tree as it is. Repeatable."""
        self.abandon()
        with translated():
            self._connection.execute("DELETE FROM consensus")
        self._position, self.over = Position(0, self.position.app_hash), False

    def handed_over(self) -> str | None:
        """The id of the chain that orders this ledger."""
        return handed_over(Overlay(self._tables.state))

    @property
    def position(self) -> Position:
        """The newest committed place."""
        if self._position is None:
            raise LedgerStopped("closed")
        return self._position

    def execute(self, height: int, block_ms: int, operations: Sequence[Operation]) -> Executed:
        """Write block ``height`` into an open transaction; whatever was under way before is given up. Raises after rolling back."""
        if self.stopped is not None:
            raise self.stopped
        self.abandon()
        if height != self.position.height + 1:
            raise LedgerStopped("consensus.height")
        try:
            self._trace("begin")
            return self._execute(height, block_ms, operations)
        except BaseException as error:
            raise self._recover(error) from error

    def _execute(self, height: int, block_ms: int, operations: Sequence[Operation]) -> Executed:
        self._connection.execute("BEGIN IMMEDIATE")
        head = self._check_head()
        now_ms = max(head.header.block_ms, block_ms)
        draft = Draft(self, head, now_ms, now_ms)
        ticket = Ticket()  # one for all: nobody waits for it
        outcomes = draft.take_all([Pending(operation, ticket) for operation in operations])
        keys = self._keys
        if draft.rows:
            head, keys = self._store(draft, head)
        position = Position(height, app_hash(head.header.size, head.header.root))
        self._connection.execute("INSERT OR REPLACE INTO consensus VALUES (1, ?, ?)", position)
        self._trace("written")
        touched = frozenset(space for space, _ in draft.state.changes)
        done = Executed(outcomes, position.app_hash, head, draft.state, touched)
        self._under_way = position, done, keys, draft.over
        return done

    def settle(self) -> Executed:
        """Commit the block that :meth:`execute` wrote; durable when this returns."""
        if self._under_way is None:
            raise LedgerStopped("consensus.nothing")
        position, done, keys, over = self._under_way
        try:
            self._connection.execute("COMMIT")
        except BaseException as error:
            raise self._recover(error) from error
        self._trace("committed")
        self.head, self._position, self._keys, self._under_way = done.head, position, keys, None
        self.over = over
        self._trace("published")
        return done

    def abandon(self) -> None:
        """Forget a block that was executed and not committed, as after a node that starts over."""
        self._under_way = None
        if self._connection.in_transaction:
            with suppress(*STORE_FAULTS, sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def hurry(self) -> None:
        """Until :meth:`make_durable` a power cut may cost the newest blocks, whole ones, which whoever fetched them fetches again.

        For a server that follows and tells nobody anything: waiting for the disk at every block takes it as long as executing.
        """
        with translated():
            self._connection.execute("PRAGMA synchronous = NORMAL")

    def make_durable(self) -> None:
        """All that is settled is on the disk when this returns, as is from here on whatever is settled. Raises what the disk says."""
        self.abandon()
        with translated():
            self._connection.execute("PRAGMA synchronous = FULL")
            (busy, *_) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise LedgerBusy

    def _require_signer(self, state: ReadState, identity: LogIdentity, keys: LogKeys) -> None:
        """Its own keys sign what it stores, also of the time before its enrolment; others count it only while the state names it."""
