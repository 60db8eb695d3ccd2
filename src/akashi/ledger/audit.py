"""The whole ledger, re-done: every leaf, signature, node, header, checkpoint, effect and derived row.

Guarantees: an empty list of findings means that

1. the file is a ledger of this version and SQLite finds its structure sound,
2. every leaf parses and its columns are what it says,
3. its operation was signed by a key that was enrolled and allowed at that point, and re-executing it gives the recorded effects,
4. every stored tree node is the one recomputed from the leaves,
5. every header is the one recomputed, and heights are without gap,
6. every checkpoint is of its block and signed by the log key of that moment and by the cosigner,
7. the derived state equals the rebuild, row by row, and (with the cosigner's key) its seals hold.

Left to the caller: whether the log and cosigner keys in leaf 0 are the ones to believe, and whether others have seen a newer checkpoint
(``Engine.open(witnessed=…)``). Memory: the state; leaves stream. Reads one snapshot, so a ledger in use can be audited.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from akashi.errors import AkashiError
from akashi.ledger.admission import admit
from akashi.ledger.engine.chain import OWN_KINDS, verify_note
from akashi.ledger.engine.rowseal import RowSeal, share
from akashi.ledger.errors import EncodingError, LedgerDamaged, ProofError, Refused
from akashi.ledger.events import KindTable
from akashi.ledger.keyring.members import LogSigner, signers
from akashi.ledger.model import Header, Leaf
from akashi.ledger.registry import log_identity
from akashi.ledger.state import Memory, Overlay
from akashi.ledger.store import DATABASE, STORE_FAULTS, BlockRow, LeafRow, Tables, check_schema, connect, translate
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import ZERO_HASH, effects_digest, encode_header, header_hash, parse_leaf
from akashi.ledger.wire.merkle import Frontier, leaf_hash
from akashi.ledger.wire.note import NoteKind, NoteSigner, key_hash, origin_parts, parse_checkpoint

MAX_FINDINGS = 1_000
_PROGRESS_EVERY = 256

Progress = Callable[[int, int], None]
"""Told how many of how many leaves are done."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement: which step, a stable failure class, and where (leaf index or block height)."""

    step: int
    failure: str
    at: int


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What was checked and what did not agree; the first ``MAX_FINDINGS`` of it."""

    leaves: int
    blocks: int
    rows: int
    origin: str
    findings: tuple[Finding, ...]
    sealed: bool
    """Whether the seals of the rows were checked too (step 7 with the cosigner's key)."""

    @property
    def clean(self) -> bool:
        """Nothing disagreed."""
        return not self.findings


def audit(
    directory: Path, kinds: KindTable, *, cosigner: NoteSigner | None = None, progress: Progress | None = None
) -> AuditReport:
    """Audit the ledger in ``directory``. Damage is reported, not raised; a missing file raises ``LedgerDamaged``."""
    path = directory / DATABASE
    if not path.is_file():
        raise LedgerDamaged("store.missing")
    replay = Replay(kinds)
    walk = _Walk(replay, cosigner, progress)
    try:
        connection = connect(path)
    except STORE_FAULTS as error:
        return AuditReport(0, 0, 0, "", (Finding(1, _failure(translate(error)), 0),), sealed=False)
    try:
        connection.execute("BEGIN")
        walk.run(connection)
    except STORE_FAULTS as error:
        walk.found(walk.step, _failure(translate(error)), replay.frontier.size)
    except AkashiError as error:
        walk.found(walk.step, _failure(error), replay.frontier.size)
    except (TypeError, ValueError, OverflowError):
        walk.found(walk.step, "store.row", replay.frontier.size)
    finally:
        connection.close()
    return walk.report()


def _failure(error: AkashiError) -> str:
    if isinstance(error, Refused):
        return error.reason
    return str(error.params.get("failure", error.code))


class Replay:
    """Leaves in, state and chain out: what a rebuild and an audit have in common."""

    def __init__(self, kinds: KindTable) -> None:
        self._kinds = kinds
        self.state = Memory()
        self.frontier = Frontier()
        self.height = 0
        self.previous = ZERO_HASH
        self.block_ms = 0
        self.ledger_id: bytes | None = None

    def leaf(self, leaf: Leaf) -> tuple[bytes, str | None, str]:
        """Re-execute one leaf; returns operation id, subject, kind. Raises what ``admit`` raises, and ``effects``."""
        operation = parse_operation(leaf.envelope)
        if self.ledger_id is None:
            self.ledger_id = operation.statement.ledger
        if leaf.result != 0:
            raise ProofError("leaf.result")
        changes = admit(self._kinds, self.state, operation, self.ledger_id, leaf.block_ms)
        if effects_digest(changes) != leaf.effects:
            raise ProofError("effects")
        self.state.absorb(changes)
        return operation.id, operation.statement.subject, operation.statement.kind

    def header(self, leaf_height: int, block_ms: int) -> bytes:
        """Close the block: the header that the chain must have."""
        header = Header(leaf_height, self.previous, self.frontier.size, self.frontier.root(), block_ms)
        encoded = encode_header(header)
        self.previous, self.height, self.block_ms = header_hash(encoded), leaf_height, block_ms
        return encoded


class _Walk:
    def __init__(self, replay: Replay, cosigner: NoteSigner | None, progress: Progress | None) -> None:
        self._replay = replay
        self._cosigner = cosigner
        self._progress = progress
        self._findings: list[Finding] = []
        self._blocks = 0
        self._rows = 0
        self._total = 0
        self._signers: list[LogSigner] = []
        self.step = 1

    def found(self, step: int, failure: str, at: int) -> None:
        """Note one disagreement."""
        if len(self._findings) < MAX_FINDINGS:
            self._findings.append(Finding(step, failure, at))

    def report(self) -> AuditReport:
        """What came of it."""
        identity = log_identity(Overlay(self._replay.state))
        origin = "" if identity is None else identity.origin
        size = self._replay.frontier.size
        return AuditReport(size, self._blocks, self._rows, origin, tuple(self._findings), self._cosigner is not None)

    def run(self, connection: sqlite3.Connection) -> None:
        """All steps in order."""
        check_schema(connection)  # (1)
        for (line,) in connection.execute("PRAGMA integrity_check(100)"):
            if line != "ok":
                self.found(1, "store.structure", 0)
        tables = Tables(connection)
        self._total = tables.size()
        # As the table says; step 7 compares this row with the rebuild.
        self._signers = sorted(signers(Overlay(tables.state)))
        blocks = tables.blocks(1, 1 << 62)
        for rows in _by_block(tables.leaves(0, 1 << 62)):
            self._block(rows, next(blocks, None))
        for extra in blocks:
            self.found(5, "chain.extra_block", extra.height)
        if connection.execute("SELECT count(*) FROM blocks").fetchone() != (self._blocks,):
            self.found(5, "chain.extra_block", self._blocks)
        if self._replay.frontier.size == 0:
            self.found(2, "chain.empty", 0)
        self._state(tables)

    def _block(self, rows: list[LeafRow], block: BlockRow | None) -> None:
        replay, first = self._replay, rows[0].index
        block_ms = -1
        for row in rows:
            block_ms = self._leaf(row, block_ms)
        if block_ms < replay.block_ms:
            self.found(5, "chain.time", first)
        if rows[0].height != replay.height + 1:
            self.found(5, "chain.height", rows[0].height)
        self.step = 5
        encoded = replay.header(rows[0].height, block_ms)
        self._blocks += 1
        if block is None or block.height != rows[0].height or block.header != encoded:
            self.found(5, "chain.header", rows[0].height)
            return
        self._note(block)

    def _leaf(self, row: LeafRow, block_ms: int) -> int:
        """Steps 2 to 4 of one leaf; returns its block time."""
        replay, self.step = self._replay, 2
        index = replay.frontier.size
        hashed = leaf_hash(row.leaf)
        nodes = hashed + b"".join(replay.frontier.append(hashed))
        if self._progress is not None and index % _PROGRESS_EVERY == 0:
            self._progress(index, self._total)
        if row.index != index:
            self.found(2, "leaf.index", index)
        if row.nodes != nodes:
            self.found(4, "tree.node", index)
        try:
            leaf = parse_leaf(row.leaf)
        except EncodingError as error:
            self.found(2, error.failure, index)
            return block_ms
        if leaf.height != row.height or (block_ms >= 0 and leaf.block_ms != block_ms):
            self.found(2, "leaf.block", index)
        self._execute(row, leaf, index)
        return leaf.block_ms

    def _execute(self, row: LeafRow, leaf: Leaf, index: int) -> None:
        self.step = 3
        try:
            said = self._replay.leaf(leaf)
        except AkashiError as error:
            self.found(3, _failure(error), index)
            return
        operation_id, subject, kind = said
        if (row.operation_id, row.subject, row.kind, row.own) != (operation_id, subject, kind, kind in OWN_KINDS):
            self.found(2, "leaf.columns", index)

    def _note(self, block: BlockRow) -> None:
        self.step = 6
        replay = self._replay
        identity = log_identity(Overlay(replay.state))
        if identity is None:
            self.found(6, "state.log", block.height)
            return
        header = Header(block.height, b"", replay.frontier.size, replay.frontier.root(), 0)
        try:
            # The cosigner is told by its key, its name by the line: a name alone proves nothing.
            names = [line.name for line in parse_checkpoint(block.note).lines[1:]]
            name = names[0] if len(names) == 1 else ""
            pair = self._pair(block.note, LogSigner(identity.log_key, identity.cosigner_key), identity.origin)
            verify_note(block.note, header, identity.origin, pair.log_key, (name, pair.cosigner_key))
        except (EncodingError, ProofError) as error:
            self.found(6, error.failure, block.height)

    def _pair(self, note: bytes, alone: LogSigner, origin: str) -> LogSigner:
        """Whose keys signed: those of the log while one server keeps it, else of an enrolled server, which stores what it signed itself."""
        line = parse_checkpoint(note).lines[0]
        for one in (alone, *self._signers):
            if line.hash == key_hash(origin, NoteKind.ED25519, one.log_key):
                return one
        return alone

    def _state(self, tables: Tables) -> None:
        """Step 7: the table beside the rebuild."""
        self.step = 7
        seal = self._seal()
        amount = 0
        rebuilt = ((space, key, value) for (space, key), value in sorted(self._replay.state.rows.items()))
        for stored, right in zip_longest(tables.state.rows(), rebuilt):
            if stored is None or right is None or stored[:3] != right:
                self.found(7, "state.row", self._rows)
                return  # everything after the first difference would differ in place
            self._rows += 1
            if seal is not None:
                tag = seal.row(*right)
                amount ^= share(tag)
                if tag[: len(stored[3])] != stored[3] or len(stored[3]) != 16:
                    self.found(7, "state.seal", self._rows)
        newest = tables.newest_block()
        if seal is not None and newest is not None and newest.rows != seal.total(self._replay.previous, amount):
            self.found(7, "state.total", newest.height)

    def _seal(self) -> RowSeal | None:
        identity = log_identity(Overlay(self._replay.state))
        if self._cosigner is None or identity is None:
            return None
        sealers = {identity.cosigner_key, *(one.cosigner_key for one in self._signers)}
        if self._cosigner.public_key not in sealers:
            return None
        return RowSeal.of(self._cosigner, origin_parts(identity.origin)[0])


def _by_block(rows: Iterator[LeafRow]) -> Iterator[list[LeafRow]]:
    """Leaves grouped by the height in their row; a block holds at most 1,000, so this streams."""
    group: list[LeafRow] = []
    for row in rows:
        if group and row.height != group[0].height:
            yield group
            group = []
        group.append(row)
    if group:
        yield group
