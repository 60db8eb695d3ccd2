"""The embedded engine: one process, one SQLite file, one writer.

Guarantees: implements :class:`akashi.ledger.port.Ledger`; what is acknowledged is durable, signed, chained and in the tree; a kill at any
point loses no acknowledged operation and invents none; every append verifies the signature and the chain head. Refuses: a second
process, a store that disagrees with itself (it still reads), a store older than a checkpoint somebody else has seen. Trusts: the
keys handed in; whoever holds both the log's and the cosigner's can rewrite this file, and is noticed only by checkpoints kept elsewhere.

::

    engine = Engine.create(home / "ledger", genesis, kinds=kinds, log_key=log, cosigner=cosigner, clock=SystemClock())
    done = engine.submit(envelope)
    receipt = engine.receipt(done.operation_id)
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from akashi.clock import Clock
from akashi.durable import fsync_directory, make_directory, write_file
from akashi.errors import AkashiError, Conflict, Unavailable
from akashi.ledger.engine.chain import Chain, Head, LogKeys, Trace, silent
from akashi.ledger.engine.group import MAX_BATCH, GroupCommit, Outcome, Pending, Ticket
from akashi.ledger.engine.opening import check_witnessed, open_checks
from akashi.ledger.engine.reading import LedgerReader, UnknownOperation
from akashi.ledger.engine.rowseal import RowSeal
from akashi.ledger.errors import EncodingError, LedgerDamaged, LedgerLocked, LedgerStopped
from akashi.ledger.events import KindTable
from akashi.ledger.model import Operation
from akashi.ledger.port import Acknowledged
from akashi.ledger.registry import LogIdentity
from akashi.ledger.store import DATABASE, Pool, Tables, connect, create_tables, translated
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.note import NoteSigner, origin_parts

SEEN_EVERY_MS = 1_000

__all__ = ["Engine", "LedgerExists", "UnknownOperation", "WriterLock"]


class LedgerExists(Conflict):
    """There is a ledger already; creating another one over it would lose it."""

    code = "ledger.exists"
    ja, en = "台帳はすでにあります。", "There is a ledger here already."


class WriterLock:
    """Held while a process writes; the operating system lets go of it when the process ends, however it ends."""

    def __init__(self, directory: Path) -> None:
        self._handle = os.open(directory / "writer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._handle)
            raise LedgerLocked from error

    def release(self) -> None:
        """Let go; the empty file stays."""
        os.close(self._handle)


def create_store(directory: Path, genesis: Operation, kinds: KindTable, keys: LogKeys, clock: Clock) -> None:
    """A ledger file with its genesis block; it appears under its name only when complete."""
    final, building = directory / DATABASE, directory / f"{DATABASE}.new"
    for leftover in (building, building.with_name(f"{building.name}-wal"), building.with_name(f"{building.name}-shm")):
        leftover.unlink(missing_ok=True)
    create_tables(building)
    building.chmod(0o600)
    ledger_id = genesis.statement.ledger
    with translated():
        connection = connect(building, write=True)
        try:
            chain = Chain(connection, RowSeal.of(keys.cosigner, ledger_id), kinds, keys, clock, ledger_id)
            entry = Pending(genesis, Ticket())
            chain.commit([entry])
        finally:
            connection.close()  # checkpoints the WAL into the file and removes it
    if not isinstance(entry.outcome, Acknowledged):
        building.unlink()
        raise entry.outcome or LedgerStopped("genesis")
    os.replace(building, final)
    fsync_directory(directory)


class Engine(LedgerReader):
    """One open ledger. Thread-safe; see the module for what it promises."""

    def __init__(
        self,
        lock: WriterLock,
        path: Path,
        connection: sqlite3.Connection,
        chain: Chain,
        pool: Pool,
        identity: LogIdentity,
    ) -> None:
        super().__init__(path, pool, identity)
        self._lock = lock
        self._connection = connection
        self._chain = chain
        self._group = GroupCommit(self._commit)
        self._seen: Path | None = None
        self._seen_ms = 0

    @classmethod
    def create(
        cls,
        directory: Path,
        genesis: bytes,
        *,
        kinds: KindTable,
        log_key: NoteSigner,
        cosigner: NoteSigner,
        clock: Clock,
        seen: Path | None = None,
        trace: Trace = silent,
    ) -> Engine:
        """Begin a ledger with a signed ``ledger.genesis``. Raises ``LedgerExists``, ``Refused``, ``EncodingError``."""
        make_directory(directory)
        lock = WriterLock(directory)
        try:
            if (directory / DATABASE).exists():
                raise LedgerExists
            operation = parse_operation(genesis)
            if operation.statement.kind != "ledger.genesis":
                raise EncodingError("genesis.kind")
            create_store(directory, operation, kinds, LogKeys(log_key, cosigner), clock)
        finally:
            lock.release()
        return cls.open(directory, kinds=kinds, log_key=log_key, cosigner=cosigner, clock=clock, seen=seen, trace=trace)

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        kinds: KindTable,
        log_key: NoteSigner,
        cosigner: NoteSigner,
        clock: Clock,
        witnessed: Iterable[bytes] = (),
        seen: Path | None = None,
        trace: Trace = silent,
    ) -> Engine:
        """Open and check a ledger. Raises ``LedgerLocked``, ``LedgerDamaged`` (also ``rolled_back``), ``LedgerStopped``.

        ``witnessed``: checkpoints that others have seen. ``seen``: a file outside ``directory`` that remembers the newest one here.
        Trusted: whoever can hand in witnessed checkpoints can keep this ledger from opening, and nothing more.
        """
        path = directory / DATABASE
        if not path.is_file():
            raise LedgerDamaged("store.missing")
        lock = WriterLock(directory)
        connection: sqlite3.Connection | None = None
        try:
            with translated():
                connection = connect(path, write=True)
                identity = open_checks(connection, LogKeys(log_key, cosigner))
                ledger_id, _ = origin_parts(identity.origin)
                seal = RowSeal.of(cosigner, ledger_id)
                notes = [*witnessed, *([seen.read_bytes()] if seen is not None and seen.is_file() else [])]
                check_witnessed(Tables(connection, seal), identity.origin, notes)
                chain = Chain(connection, seal, kinds, LogKeys(log_key, cosigner), clock, ledger_id, trace)
                chain.load()
        except BaseException:
            if connection is not None:
                connection.close()
            lock.release()
            raise
        engine = cls(lock, path, connection, chain, Pool(path, seal), identity)
        engine._seen = seen
        engine._remember(force=True)
        return engine

    def close(self) -> None:
        """Stop writing and let go of the files; closing twice is fine. Waiting callers get ``LedgerStopped``."""
        if self._closed:
            return
        self._closed = True
        self._chain.stopped = self._chain.stopped or LedgerStopped("closed")
        self._group.run_alone(self._close_files)

    def _close_files(self) -> None:
        with suppress(OSError, Unavailable):  # only a reminder: what it would say is in the ledger itself
            self._remember(force=True)
        self._pool.close()
        self._connection.close()
        self._lock.release()

    def _head(self) -> Head:
        if self._chain.head is None:
            raise LedgerStopped("closed")
        return self._chain.head

    def _commit(self, batch: list[Pending]) -> None:
        self._chain.commit(batch)
        with suppress(OSError, Unavailable):  # the batch is durable; the reminder is tried again with the next one
            self._remember(force=False)

    def _remember(self, *, force: bool) -> None:
        """Keep the newest checkpoint outside the ledger's directory, at most once a second: it shows an old copy for one."""
        block_ms = self._head().header.block_ms
        if self._seen is not None and (force or block_ms - self._seen_ms >= SEEN_EVERY_MS):
            write_file(self._seen, self._head().row.note)
            self._seen_ms = block_ms

    def submit(self, envelope: bytes) -> Acknowledged:
        """Append one operation; durable when this returns. A known operation id is answered with the first acknowledgement."""
        (outcome,) = self._group.run([parse_operation(envelope)])
        if isinstance(outcome, AkashiError):
            raise outcome
        return outcome

    def submit_many(self, envelopes: Sequence[bytes]) -> list[Outcome]:
        """Append many in order; each has its own outcome. Not all-or-nothing: every block is, a block holds up to 1,000."""
        outcomes: list[Outcome] = []
        for start in range(0, len(envelopes), MAX_BATCH):
            parsed = [_parsed(envelope) for envelope in envelopes[start : start + MAX_BATCH]]
            done = iter(self._group.run([entry for entry in parsed if isinstance(entry, Operation)]))
            outcomes += [next(done) if isinstance(entry, Operation) else entry for entry in parsed]
        return outcomes

    def rekey(self, new_log_key: NoteSigner, envelope: bytes) -> Acknowledged:
        """Append ``log.rekeyed``: from its block on ``new_log_key`` signs the checkpoints."""
        self._chain.successor = new_log_key
        return self.submit(envelope)


def _parsed(envelope: bytes) -> Operation | EncodingError:
    try:
        return parse_operation(envelope)
    except EncodingError as error:
        return error
