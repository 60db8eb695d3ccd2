"""The chain's head in memory, and the one way to write a block.

Guarantees: before every block the head on disk is compared with the head in memory and recomputed (header hash, tree size, right edge, root,
state sum), every operation is admitted in order over what came before it in the same batch, and the block is one transaction. Outcomes are
given only after the commit is durable. Whatever fails on the way leaves the disk at the old head or at the new one, never between;
the head in memory is then read again from the disk. Refuses to go on once the store disagrees with itself.

Refused operations are not leaves in this engine. Trusted: the clock, within the signers' claimed times (``rules.decide_time``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

from akashi.clock import Clock
from akashi.errors import AkashiError
from akashi.ledger.admission import admit
from akashi.ledger.engine.group import Outcome, Pending
from akashi.ledger.engine.rowseal import RowSeal
from akashi.ledger.errors import (
    ClockStepped,
    EncodingError,
    LedgerDamaged,
    LedgerStopped,
    ProofError,
    Refused,
)
from akashi.ledger.events import KindTable
from akashi.ledger.keyring.members import LogSigner, handed_over, signers
from akashi.ledger.model import Header, Leaf
from akashi.ledger.port import Acknowledged
from akashi.ledger.registry import LEDGER_KINDS, LogIdentity, log_identity, record_of, stepped_to
from akashi.ledger.rules import Denied, decide_clock
from akashi.ledger.state import Overlay, ReadState
from akashi.ledger.store import STORE_FAULTS, BlockRow, LeafRow, Tables, translate
from akashi.ledger.wire.envelope import verify_signature
from akashi.ledger.wire.leaf import (
    ZERO_HASH,
    effects_digest,
    encode_header,
    encode_leaf,
    header_hash,
    parse_header,
    parse_leaf,
)
from akashi.ledger.wire.merkle import Frontier, leaf_hash
from akashi.ledger.wire.note import (
    NoteKey,
    NoteKind,
    NoteSigner,
    cosign,
    parse_checkpoint,
    sign_checkpoint,
    verify_cosignatures,
    verify_log,
)

OWN_KINDS = frozenset(kind.info.tag for kind in LEDGER_KINDS)

HANDED_OVER = "ledger.handed_over"
"""The reason for which an operation after a handover is refused here: it is one for whoever orders from then on."""

Trace = Callable[[str], None]
"""Told when a block is begun, written, committed, published; tests fail and kill there."""


def silent(_: str) -> None:
    """The trace of production: nobody listens."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest block, as it is on the disk and as it was checked."""

    row: BlockRow
    header: Header
    hash: bytes
    frontier: Frontier
    nodes: bytes
    """The node hashes stored with the newest leaf."""


@dataclass(frozen=True, slots=True)
class LogKeys:
    """What signs: the log's key, the server's cosigner."""

    log: NoteSigner
    cosigner: NoteSigner


def verify_note(note: bytes, header: Header, origin: str, log_key: bytes, cosigner: tuple[str, bytes] | None) -> None:
    """A stored checkpoint is of this block and signed by these keys. Raises ``EncodingError`` or ``ProofError``."""
    checkpoint = parse_checkpoint(note)
    if (checkpoint.origin, checkpoint.size, checkpoint.root) != (origin, header.size, header.root):
        raise ProofError("note.head")
    verify_log(checkpoint, [NoteKey(origin, NoteKind.ED25519, log_key)])
    if cosigner is not None:
        key = NoteKey(cosigner[0], NoteKind.COSIGNATURE, cosigner[1])
        if not verify_cosignatures(checkpoint, {"server": key}):
            raise ProofError("note.cosignature")


def require_signer(state: ReadState, identity: LogIdentity, keys: LogKeys) -> None:
    """These keys may sign this log's checkpoints: the log's own, or those of an enrolled server. Raises ``Refused``."""
    own = LogSigner(keys.log.public_key, keys.cosigner.public_key)
    if own != LogSigner(identity.log_key, identity.cosigner_key) and own not in signers(state):
        raise Refused("log.key")


def read_head(tables: Tables) -> Head:
    """The head from the disk, checked against the leaves' nodes. Raises :class:`LedgerDamaged`."""
    row = tables.newest_block()
    if row is None:
        raise LedgerDamaged("chain.empty")
    try:
        header = parse_header(row.header)
        frontier = tables.frontier(header.size)
    except (EncodingError, ProofError) as error:
        raise LedgerDamaged("chain.header") from error
    if header.height != row.height or tables.size() != header.size or frontier.root() != header.root:
        raise LedgerDamaged("chain.head")
    leaf = tables.newest_leaf()
    return Head(row, header, header_hash(row.header), frontier, b"" if leaf is None else leaf[1])


class Chain:
    """The writer: one connection, one head. Only one thread may be inside ``commit`` (``GroupCommit`` sees to it)."""

    orders_alone: ClassVar[bool] = True
    """Whether this process decides which operation comes next; else a network does (``engine.replica``)."""
    ends_at_handover: ClassVar[bool] = True
    """Whether nothing more is admitted after a ``log.handover``: who comes next orders what comes next."""
    over: bool = False
    """Whether a handover was admitted here: the next chain goes on."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        seal: RowSeal,
        kinds: KindTable,
        keys: LogKeys,
        clock: Clock,
        ledger_id: bytes,
        trace: Trace = silent,
    ) -> None:
        self._tables = Tables(connection, seal)
        self._connection = connection
        self._seal = seal
        self._kinds = kinds
        self._keys = keys
        self._clock = clock
        self._ledger_id = ledger_id
        self._trace = trace
        self._identity: LogIdentity | None = None  # as after the newest block; read again when a block touches it
        self.successor: NoteSigner | None = None
        self.head: Head | None = None
        self.stopped: AkashiError | None = None
        self._version = self._data_version()

    def _data_version(self) -> int:
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def load(self) -> Head:
        """Read and check the head (at start, and after any fault)."""
        self._identity = None
        self.head = head = read_head(self._tables)
        return head

    def commit(self, batch: list[Pending]) -> None:
        """Admit a batch and write one block; every entry has an outcome afterwards. Raises nothing but fatal signals."""
        if self.stopped is not None:
            for entry in batch:
                entry.outcome = self.stopped
            return
        try:
            self._trace("begin")
            outcomes = self._write(batch)
        except BaseException as error:
            fault = self._recover(error)
            for entry in batch:
                entry.outcome = fault
            if not isinstance(error, Exception):
                raise
            return
        for entry, outcome in zip(batch, outcomes, strict=True):
            entry.outcome = outcome

    def _recover(self, error: BaseException) -> AkashiError:
        """Roll back, find out where the disk is, and say what callers are told."""
        fault = translate(error) if isinstance(error, STORE_FAULTS) else error
        if not isinstance(fault, AkashiError):
            fault = LedgerStopped("commit.interrupted")
            fault.__cause__ = error
        with suppress(*STORE_FAULTS):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        if isinstance(fault, LedgerDamaged) or (isinstance(fault, LedgerStopped) and fault.failure == "store.io"):
            self.stopped = fault
            return fault
        try:
            self.load()
        except (*STORE_FAULTS, AkashiError) as failed:
            self.stopped = translate(failed) if isinstance(failed, STORE_FAULTS) else failed
        return fault

    def _check_head(self) -> Head:
        """The head on disk is the head in memory, and nobody else wrote to this database. Before every block."""
        if self._data_version() != self._version:
            raise LedgerDamaged("chain.foreign_write")
        if self.head is None:
            return Head(BlockRow(0, b"", b"", bytes(32)), Header(0, ZERO_HASH, 0, b"", 0), ZERO_HASH, Frontier(), b"")
        row, leaf, head = self._tables.newest_block(), self._tables.newest_leaf(), self.head
        if row != head.row or header_hash(row.header) != head.hash or head.frontier.root() != head.header.root:
            raise LedgerDamaged("chain.head")
        if leaf is None or leaf[0] != head.header.size - 1 or leaf[1] != head.nodes:
            raise LedgerDamaged("chain.leaf")
        return head

    def _write(self, batch: list[Pending]) -> list[Outcome]:
        self._connection.execute("BEGIN IMMEDIATE")
        head = self._check_head()
        now_ms = self._clock.now_ms()
        draft = Draft(self, head, max(head.header.block_ms, now_ms), now_ms)
        if handed_over(draft.state) is not None:
            raise LedgerStopped("handed_over")
        outcomes = draft.take_all(batch)
        if not draft.rows:
            self._connection.execute("ROLLBACK")
            return outcomes
        written, keys = self._store(draft, head)
        self._trace("written")
        self._connection.execute("COMMIT")  # durable from here on: WAL, synchronous=FULL
        self._trace("committed")
        self.head, self._keys = written, keys
        self._trace("published")
        return outcomes

    def _store(self, draft: Draft, head: Head) -> tuple[Head, LogKeys]:
        """Write a block with its leaves, state and checkpoint into the open transaction; head and keys after it."""
        self._tables.write_leaves(draft.rows)
        amount = int.from_bytes(head.row.rows[:16], "big") ^ self._tables.write_state(draft.state.changes, draft.base)
        header = Header(head.header.height + 1, head.hash, draft.frontier.size, draft.frontier.root(), draft.block_ms)
        encoded = encode_header(header)
        hashed = header_hash(encoded)
        note, keys = self._sign(draft.state, header)
        row = BlockRow(header.height, encoded, note, self._seal.total(hashed, amount))
        self._tables.write_block(row)
        return Head(row, header, hashed, draft.frontier, draft.rows[-1].nodes), keys

    def _sign(self, state: Overlay, header: Header) -> tuple[bytes, LogKeys]:
        """The checkpoint of a block, by the key that the state names as the log's after it."""
        if self._identity is None or any(space == "log" for space, _ in state.changes):
            self._identity = log_identity(state)
        identity = self._identity
        if identity is None:
            raise Refused("genesis.missing")
        keys = self._keys
        if self.successor is not None and identity.log_key == self.successor.public_key:
            keys = LogKeys(self.successor, keys.cosigner)
        self._require_signer(state, identity, keys)
        note = sign_checkpoint(identity.origin, header.size, header.root, keys.log)
        return cosign(note, keys.cosigner, header.block_ms // 1000), keys

    def _require_signer(self, state: ReadState, identity: LogIdentity, keys: LogKeys) -> None:
        require_signer(state, identity, keys)


class _Cache:
    """What one block has read from the state table: rows are checked and fetched once."""

    def __init__(self, tables: Tables) -> None:
        self._state = tables.state
        self._rows: dict[tuple[str, bytes], bytes | None] = {}
        self.scan_raw = tables.state.scan_raw

    def get_raw(self, space: str, key: bytes) -> bytes | None:
        """The encoded value, or ``None``."""
        try:
            return self._rows[space, key]
        except KeyError:
            value = self._rows[space, key] = self._state.get_raw(space, key)
            return value


class Draft:
    """A block in the making: its leaves, its changes, its tree."""

    def __init__(self, chain: Chain, head: Head, block_ms: int, now_ms: int) -> None:
        self._chain = chain
        self._tables = chain._tables  # noqa: SLF001 - the draft is a part of the chain
        self._height = head.header.height + 1
        self._last_ms = head.header.block_ms
        self._now_ms = now_ms
        self._taken: dict[bytes, Acknowledged] = {}
        self.over = chain.over
        self.known: set[bytes] = set()
        self.block_ms = block_ms
        self.frontier = head.frontier.copy()
        self.base = _Cache(self._tables)
        self.state = Overlay(self.base)
        self.rows: list[LeafRow] = []

    def take_all(self, batch: list[Pending]) -> list[Outcome]:
        """Admit a batch in its order."""
        self.known = self._tables.known([entry.id for entry in batch])
        self.verify(batch)
        return [self.take(entry) for entry in batch]

    def verify(self, batch: list[Pending]) -> None:
        """Check the signatures of a batch under the keys enrolled before it, one after the other.

        Alternating with the rules takes several percent more time: each throws the other out of the processor's caches. Whether the key
        may still sign when the operation's turn comes is for ``admit``, which checks what this could not.
        """
        for entry in batch:
            operation = entry.operation
            raw = None if entry.id in self.known else self.base.get_raw("key", operation.key)
            if raw is not None:
                spki = record_of(operation.key, raw).spki
                with suppress(ProofError):  # said in its turn, and in its order among the other reasons
                    verify_signature(operation.algorithm, spki, operation.signed_bytes, operation.signature)
                    entry.verified = spki

    def take(self, entry: Pending) -> Outcome:
        """Admit one operation as the next leaf; a refusal is its outcome."""
        known = self._taken.get(entry.id) or (self._accepted_before(entry.id) if entry.id in self.known else None)
        if known is not None:
            return known
        try:
            return self._admit(entry)
        except (Refused, EncodingError, ProofError, ClockStepped) as refusal:
            return refusal

    def _accepted_before(self, operation_id: bytes) -> Acknowledged | None:
        row = self._tables.leaf(operation_id)
        return None if row is None else acknowledged(row)

    def _admit(self, entry: Pending) -> Acknowledged:
        chain, operation, kind = self._chain, entry.operation, entry.operation.statement.kind
        if self._now_ms < self._last_ms and kind != "clock.stepped":
            self._check_clock()
        if self.over:
            raise Refused(HANDED_OVER)
        kinds, ledger_id = chain._kinds, chain._ledger_id  # noqa: SLF001 - as above
        changes = admit(kinds, self.state, operation, ledger_id, self.block_ms, entry.verified)
        if kind == "log.rekeyed" and chain.orders_alone:
            self._check_successor(changes)
        leaf = encode_leaf(Leaf(self._height, self.block_ms, operation.envelope, 0, effects_digest(changes)))
        index, hashed = self.frontier.size, leaf_hash(leaf)
        nodes = hashed + b"".join(self.frontier.append(hashed))
        self.state.absorb(changes)
        self.over = kind == "log.handover" and chain.ends_at_handover
        subject, own = operation.statement.subject, kind in OWN_KINDS
        self.rows.append(LeafRow(index, entry.id, subject, kind, own, self._height, nodes, leaf))
        self._taken[entry.id] = done = Acknowledged(entry.id, index, self._height, self.block_ms)
        return done

    def _check_clock(self) -> None:
        allowed = decide_clock(self._last_ms, self._now_ms, stepped_to(self.state))
        if isinstance(allowed, Denied):
            raise ClockStepped(behind_s=(self._last_ms - self._now_ms) // 1000)

    def _check_successor(self, changes: dict[tuple[str, bytes], bytes | None]) -> None:
        """A new log key is taken only by ``Engine.rekey``, which holds it: else nobody could sign the next checkpoint."""
        preview = Overlay(self.state)
        preview.absorb(changes)
        identity, successor = log_identity(preview), self._chain.successor
        if identity is None or successor is None or successor.public_key != identity.log_key:
            raise Refused("log.successor")


def acknowledged(row: LeafRow) -> Acknowledged:
    """The acknowledgement of a stored leaf: always the first one."""
    leaf_ms = block_ms_of(row)
    return Acknowledged(row.operation_id, row.index, row.height, leaf_ms)


def block_ms_of(row: LeafRow) -> int:
    """The block time inside a stored leaf; its own hash is checked on the way."""
    if leaf_hash(row.leaf) != row.nodes[:32]:
        raise LedgerDamaged("leaf.hash")
    return parse_leaf(row.leaf).block_ms
