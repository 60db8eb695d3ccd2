"""The mirror's own ledger file: leaves that were executed again, headers that were recomputed, and the newest signed checkpoint.

Guarantees: nothing is in the file that did not follow from the pinned genesis: every operation's signature and rules are checked, its recorded
effect recomputed, every block's place in the chain too, and the tree must be the one that a checkpoint signed under the pinned trust file names.
An extension is one transaction, wholly there or not at all. Refuses leaves that do not join, and another history (:class:`MirrorForked`).
Trusted: the pinned trust file; whoever can change this file is noticed by :meth:`LedgerCopy.verify` and at the next opening.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from akashi.errors import AkashiError
from akashi.ledger.admission import admit
from akashi.ledger.audit import Replay
from akashi.ledger.engine.chain import OWN_KINDS, read_head
from akashi.ledger.engine.rowseal import RowSeal
from akashi.ledger.errors import EncodingError, LedgerDamaged, ProofError, Refused
from akashi.ledger.events import KindTable
from akashi.ledger.keyring.members import Member, handed_over, members, quorum
from akashi.ledger.model import Header, Leaf
from akashi.ledger.proof.trust import Trust
from akashi.ledger.registry import log_identity
from akashi.ledger.state import Overlay, ReadState
from akashi.ledger.store import (
    DATABASE,
    BlockRow,
    LeafRow,
    Tables,
    check_schema,
    connect,
    create_tables,
    translated,
)
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import (
    ZERO_HASH,
    effects_digest,
    encode_header,
    header_hash,
    parse_leaf,
)
from akashi.ledger.wire.merkle import Frontier, leaf_hash
from akashi.ledger.wire.note import (
    Checkpoint,
    NoteKey,
    NoteKind,
    NoteSigner,
    origin_parts,
    parse_checkpoint,
    verify_cosignatures,
    verify_log,
)
from akashi.network.mirror.errors import BundleForged, MirrorDamaged, MirrorForked
from akashi.network.peers.lines import signed_by

_FLUSH = 500
_EVERYWHERE = 1 << 62


def verify_trusted_note(
    note: bytes, origin: str, state: ReadState, trust: Trust, former: ReadState | None = None
) -> tuple[int, bytes]:
    """(size, root) of a checkpoint that the pinned trust file, or the log key that followed from its genesis, signed; quorum included.

    Where several servers keep the ledger, a quorum of those that ``state`` names must have signed too. ``former``: a state that was verified before; where
    that names servers already, more than a third of them must be among who signed, instead of what the file says: servers come and go, and of any
    third one is honest. Raises ``EncodingError`` or ``ProofError``.
    """
    checkpoint = parse_checkpoint(note)
    if checkpoint.origin != origin:
        raise ProofError("note.origin")
    if handed_over(state) is not None:
        _verify_servers(checkpoint, members(state), quorum(len(members(state))))
        if former is not None and handed_over(former) is not None:
            _verify_servers(checkpoint, members(former), len(members(former)) // 3 + 1)
            return checkpoint.size, checkpoint.root
    keys = [key for key in trust.logs if key.name == origin]
    identity = log_identity(state)
    if trust.genesis is not None and identity is not None:
        keys.append(NoteKey(origin, NoteKind.ED25519, identity.log_key))
    verify_log(checkpoint, keys)
    if not trust.quorum_met(set(verify_cosignatures(checkpoint, trust.witnesses))):
        raise ProofError("note.quorum")
    return checkpoint.size, checkpoint.root


def _verify_servers(checkpoint: Checkpoint, voting: Sequence[Member], needed: int) -> None:
    """At least ``needed`` of ``voting`` cosigned. Raises ``ProofError``."""
    if sum(signed_by(checkpoint, one, whole=False) is not None for one in voting) < max(1, needed):
        raise ProofError("note.quorum")


class Source(Protocol):
    """What a follower pulls from: a server's API, a peer plane, an engine in this process."""

    def checkpoint(self) -> bytes:
        """The newest signed checkpoint."""
        ...

    def leaves(self, start: int, end: int) -> Iterator[bytes]:
        """Leaves ``[start, end)``."""
        ...


class LedgerCopy:
    """One open copy. One thread at a time."""

    def __init__(self, directory: Path, kinds: KindTable, trust: Trust, seal: NoteSigner) -> None:
        self.path = directory / DATABASE
        self._kinds, self._trust = kinds, trust
        if not self.path.is_file():
            create_tables(self.path)
            self.path.chmod(0o600)
        self._seal = RowSeal.of(seal, bytes(16))
        with translated():
            self.connection = connect(self.path, write=True)
            try:
                check_schema(self.connection)
                self.tables = Tables(self.connection, self._seal)
                self._load()
            except BaseException:
                self.connection.close()
                raise

    def _load(self) -> None:
        """Read the head; what it says must be what the rows add up to."""
        self.note = b""
        self.header = Header(0, ZERO_HASH, 0, b"", 0)
        self.hash, self.frontier, self.amount = ZERO_HASH, Frontier(), 0
        if self.tables.newest_block() is None:
            return
        try:
            head, amount = read_head(self.tables), self.tables.state.amount()
        except LedgerDamaged as error:
            raise MirrorDamaged(error.failure) from error
        self.note, self.header, self.hash, self.frontier = head.row.note, head.header, head.hash, head.frontier
        self.amount = int.from_bytes(head.row.rows[:16], "big")
        if amount != self.amount or self._seal.total(self.hash, self.amount) != head.row.rows:
            raise MirrorDamaged("state.total")

    def close(self) -> None:
        """Release the file."""
        self.connection.close()

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return self.frontier.size

    @property
    def state(self) -> ReadState:
        """The state after the newest leaf."""
        return Overlay(self.tables.state)

    @property
    def origin(self) -> str:
        """The origin of the log; empty before the first leaf."""
        identity = log_identity(self.state)
        return "" if identity is None else identity.origin

    @contextmanager
    def extending(self) -> Iterator[Extension]:
        """Leaves and a checkpoint in one transaction; an exception leaves everything as it was."""
        with translated():
            self.connection.execute("BEGIN IMMEDIATE")
            extension = Extension(self, self._kinds, self._trust)
            try:
                yield extension
                extension.require_closed()
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
            self._load()

    def contradicts(self, note: bytes) -> bool:
        """Whether a checkpoint that the pinned keys signed shows another tree of a size that is held here. False for any other note."""
        try:
            size, root = verify_trusted_note(note, self.origin, self.state, self._trust, self.state)
        except (EncodingError, ProofError):
            return False
        return 0 < size <= self.size and self.tables.frontier(size).root() != root

    def leaves(self, start: int, end: int) -> Iterator[bytes]:
        """Leaves ``[start, end)`` as stored."""
        for row in self.tables.leaves(start, end):
            yield row.leaf

    def verify(self) -> int:
        """Do everything again from the first leaf; returns how many there are. Raises :class:`MirrorDamaged` at the first disagreement."""
        with translated():
            try:
                return self._verify()
            except MirrorDamaged:
                raise
            except Refused as error:
                raise MirrorDamaged(error.reason) from error
            except AkashiError as error:
                raise MirrorDamaged(str(error.params.get("failure", error.code))) from error

    def _verify(self) -> int:
        replay, blocks = Replay(self._kinds), self.tables.blocks(1, _EVERYWHERE)
        block: BlockRow | None = None
        for row in self.tables.leaves(0, _EVERYWHERE):
            if row.height != replay.height:
                self._close(replay, block)
                block = next(blocks, None)
                if block is None or block.height != row.height or row.height != replay.height + 1:
                    raise MirrorDamaged("chain.height")
                replay.height = row.height
            self._again(replay, row)
        self._close(replay, block)
        if next(blocks, None) is not None or replay.frontier.size != self.size:
            raise MirrorDamaged("chain.extra_block")
        kept = [(space, key, value) for space, key, value, _ in self.tables.state.rows()]
        if kept != [(space, key, value) for (space, key), value in sorted(replay.state.rows.items())]:
            raise MirrorDamaged("state.row")
        if self.size:
            verify_trusted_note(self.note, self.origin, self.state, self._trust, self.state)
        return self.size

    @staticmethod
    def _again(replay: Replay, row: LeafRow) -> None:
        hashed = leaf_hash(row.leaf)
        if row.index != replay.frontier.size or row.nodes != hashed + b"".join(replay.frontier.append(hashed)):
            raise MirrorDamaged("tree.node")
        leaf = parse_leaf(row.leaf)
        if leaf.height != row.height or leaf.block_ms < replay.block_ms:
            raise MirrorDamaged("leaf.block")
        replay.block_ms = leaf.block_ms
        said = replay.leaf(leaf)
        if (row.operation_id, row.subject, row.kind) != said:
            raise MirrorDamaged("leaf.columns")

    @staticmethod
    def _close(replay: Replay, block: BlockRow | None) -> None:
        if replay.height and (block is None or block.header != replay.header(replay.height, replay.block_ms)):
            raise MirrorDamaged("chain.header")


class Extension:
    """Leaves on their way into a copy, inside its transaction."""

    def __init__(self, copy: LedgerCopy, kinds: KindTable, trust: Trust) -> None:
        self._copy, self._kinds, self._trust = copy, kinds, trust
        self._tables = copy.tables
        self._frontier = copy.frontier.copy()
        self._header, self._hash, self._amount = copy.header, copy.hash, copy.amount
        self._height, self._block_ms = copy.header.height, copy.header.block_ms
        self._rows: list[LeafRow] = []
        self._overlay = Overlay(self._tables.state)
        self._ledger_id = origin_parts(copy.origin)[0] if copy.size else b""
        self._closed = True

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self._frontier.size

    @property
    def state(self) -> ReadState:
        """The state after the leaves so far."""
        return self._overlay

    @property
    def block_ms(self) -> int:
        """Block time of the newest leaf."""
        return self._block_ms

    def require_closed(self) -> None:
        """Raise :class:`BundleForged` if leaves were added that no checkpoint covers."""
        if not self._closed:
            raise BundleForged("checkpoint")

    def add(self, index: int, data: bytes) -> None:
        """One leaf; one that is here already must be the same. Raises :class:`BundleForged`, :class:`MirrorForked`."""
        if index < self._copy.size:
            held = next(self._tables.leaves(index, index + 1))
            if held.leaf != data:
                raise MirrorForked(size=index)
            return
        if index != self._frontier.size:
            raise BundleForged("leaf.index")
        try:
            self._add(data)
        except Refused as error:
            raise BundleForged(error.reason) from error
        except (EncodingError, ProofError) as error:
            raise BundleForged(error.failure) from error

    def _add(self, data: bytes) -> None:
        leaf = parse_leaf(data)
        if leaf.result != 0:
            raise ProofError("leaf.result")
        if self._frontier.size == 0 and self._trust.genesis not in (None, leaf_hash(data)):
            raise ProofError("trust.genesis")
        self._enter_block(leaf)
        operation = parse_operation(leaf.envelope)
        self._ledger_id = self._ledger_id or operation.statement.ledger
        changes = admit(self._kinds, self._overlay, operation, self._ledger_id, leaf.block_ms)
        if effects_digest(changes) != leaf.effects:
            raise ProofError("effects")
        self._overlay.absorb(changes)
        index, hashed = self._frontier.size, leaf_hash(data)
        nodes = hashed + b"".join(self._frontier.append(hashed))
        statement = operation.statement
        own = statement.kind in OWN_KINDS
        row = LeafRow(index, operation.id, statement.subject, statement.kind, own, leaf.height, nodes, data)
        self._rows.append(row)
        self._closed = False
        if len(self._rows) >= _FLUSH:
            self._flush()

    def _enter_block(self, leaf: Leaf) -> None:
        """A leaf is of the block under way, or of the next one."""
        if leaf.height == self._height + 1:
            if self._frontier.size > self._header.size:
                self._end_block(b"")
            if leaf.block_ms < self._block_ms:
                raise ProofError("chain.time")
            self._height, self._block_ms = leaf.height, leaf.block_ms
        elif leaf.height != self._height or self._frontier.size == self._header.size or leaf.block_ms != self._block_ms:
            raise ProofError("chain.height")

    def _end_block(self, note: bytes) -> None:
        root = self._frontier.root()
        self._header = Header(self._height, self._hash, self._frontier.size, root, self._block_ms)
        encoded = encode_header(self._header)
        self._hash = header_hash(encoded)
        rows = bytes(32)
        if note:
            self._flush()
            seal = self._tables.seal
            rows = bytes(32) if seal is None else seal.total(self._hash, self._amount)
        self._tables.write_block(BlockRow(self._height, encoded, note, rows))

    def _flush(self) -> None:
        try:
            self._tables.write_leaves(self._rows)
        except sqlite3.IntegrityError as error:
            raise BundleForged("leaf.again") from error
        self._amount ^= self._tables.write_state(self._overlay.changes, self._tables.state)
        self._rows, self._overlay = [], Overlay(self._tables.state)

    def finish(self, note: bytes) -> None:
        """End with a checkpoint. Raises :class:`BundleForged` (not signed as pinned), :class:`MirrorForked` (signed, of another tree)."""
        origin = log_identity(self._overlay)
        try:
            name, former = "" if origin is None else origin.origin, self._copy.state if self._copy.size else None
            size, root = verify_trusted_note(note, name, self._overlay, self._trust, former)
        except (EncodingError, ProofError) as error:
            raise BundleForged(error.failure) from error
        if size != self._frontier.size:
            raise BundleForged("note.size")
        if root != self._frontier.root():
            raise MirrorForked(size=size)
        if self._frontier.size > self._header.size:
            self._end_block(note)
        else:  # nothing new but, perhaps, more cosignatures
            self._tables.connection.execute("UPDATE blocks SET note = ? WHERE height = ?", (note, self._header.height))
        self._closed = True
