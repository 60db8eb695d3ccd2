"""The tables of one ledger: leaves with their tree nodes, blocks, and the replicated state, in one SQLite file.

Guarantees: a reader sees one height; a write is one transaction (WAL, ``synchronous=FULL``), wholly there or not at all; every
SQLite error leaves as one of ours. State rows are sealed: each carries a MAC, and each block the MACs' sum, under a key that only the
holder of the cosigner's key can derive, so that a changed, added, removed or exchanged row is noticed when it is read or at the next open.
Refuses: to judge operations. Trusted: whoever can change this file can destroy the ledger, and is noticed; whoever also holds the log's
and the cosigner's keys can rewrite it, and is noticed only by checkpoints kept elsewhere.

Row ``idx`` of ``leaves`` also holds the hashes of all complete subtrees that end with it, lowest first: a proof is O(log n) reads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from akashi.errors import AkashiError
from akashi.ledger.engine.rowseal import TAG_SIZE, RowSeal, share
from akashi.ledger.errors import LedgerBusy, LedgerDamaged, LedgerFull, LedgerStopped
from akashi.ledger.state import Change, RawState
from akashi.ledger.wire.merkle import HASH_SIZE, Frontier, node_hash, split

DATABASE = "ledger.db"
SCHEMA_VERSION = 1
APPLICATION_ID = 0x416B6C67  # "Aklg"
_SCHEMA = """
CREATE TABLE leaves (
    idx INTEGER PRIMARY KEY, op_id BLOB NOT NULL UNIQUE, subject TEXT, kind TEXT NOT NULL, own INTEGER NOT NULL,
    height INTEGER NOT NULL, nodes BLOB NOT NULL, leaf BLOB NOT NULL
) STRICT;
CREATE INDEX leaves_of_subject ON leaves (subject, idx) WHERE subject IS NOT NULL;
CREATE INDEX leaves_of_registry ON leaves (idx) WHERE own = 1;
CREATE TABLE blocks (height INTEGER PRIMARY KEY, header BLOB NOT NULL, note BLOB NOT NULL, rows BLOB NOT NULL) STRICT;
CREATE TABLE state (
    space TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, tag BLOB NOT NULL, PRIMARY KEY (space, key)
) STRICT, WITHOUT ROWID;
"""


STORE_FAULTS = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises; the second where a damaged file puts its own bytes into an error message."""


def translate(error: Exception) -> AkashiError:
    """Our error for one of :data:`STORE_FAULTS`; the message of the original never travels on."""
    match (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return LedgerFull()
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LedgerBusy()
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_MISUSE:
            return LedgerStopped("store.io")
    return LedgerDamaged("store.sqlite")


@contextmanager
def translated() -> Iterator[None]:
    """No SQLite error crosses this line."""
    try:
        yield
    except STORE_FAULTS as error:
        raise translate(error) from error


def connect(path: Path, *, write: bool = False) -> sqlite3.Connection:
    """A connection with the house settings; one that reads cannot write."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False, timeout=10
    )
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        if write:
            # Ids are random: a block touches as many index pages as it has operations. They must fit into the cache
            # (else they are written twice), and gathering several blocks before a checkpoint writes each of them once.
            connection.execute("PRAGMA cache_size = -65536")
            connection.execute("PRAGMA wal_autocheckpoint = 4096")
        else:
            connection.execute("PRAGMA query_only = ON")
    except STORE_FAULTS:
        connection.close()
        raise
    return connection


def create_tables(path: Path) -> None:
    """An empty ledger file in WAL mode."""
    with translated():
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            connection.executescript(_SCHEMA)
        finally:
            connection.close()


def check_schema(connection: sqlite3.Connection) -> None:
    """Refuse files that are no ledger, or one of another version. Raises :class:`LedgerDamaged`."""
    if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
        raise LedgerDamaged("store.application")
    if connection.execute("PRAGMA user_version").fetchone() != (SCHEMA_VERSION,):
        raise LedgerDamaged("store.version")
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        raise LedgerDamaged("store.journal")


def check_structure(connection: sqlite3.Connection) -> None:
    """SQLite's own check, indexes included: a lost index entry would let an operation id in twice. O(size of the file)."""
    if connection.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
        raise LedgerDamaged("store.structure")


class Pool:
    """Reading connections, handed out one at a time, each with one snapshot (one height) for as long as it is held."""

    def __init__(self, path: Path, seal: RowSeal | None) -> None:
        self._path = path
        self._seal = seal
        self._idle: list[sqlite3.Connection] = []

    @contextmanager
    def reading(self) -> Iterator[Tables]:
        """Tables at one height. SQLite errors inside leave as ours."""
        with translated():
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = connect(self._path)
            try:
                connection.execute("BEGIN")
                yield Tables(connection, self._seal)
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._idle.append(connection)

    def close(self) -> None:
        """Close what is idle; a connection that is held is closed when the process ends."""
        while self._idle:
            self._idle.pop().close()


class TableState:
    """The state table as a :class:`~akashi.ledger.state.RawState`; with a seal, every row read is checked."""

    def __init__(self, connection: sqlite3.Connection, seal: RowSeal | None) -> None:
        self._connection = connection
        self._one = connection.cursor()  # for rows by key: there is at most one, so it never holds a read open
        self._seal = seal

    def _checked(self, space: str, key: bytes, value: object, tag: object) -> bytes:
        if not isinstance(value, bytes):  # STRICT holds for what SQLite wrote, not for what a disk returns
            raise LedgerDamaged("state.row")
        if self._seal is not None and self._seal.row(space, key, value)[:TAG_SIZE] != tag:
            raise LedgerDamaged("state.row")
        return value

    def get_raw(self, space: str, key: bytes) -> bytes | None:
        """The encoded value, or ``None``."""
        sql = "SELECT value, tag FROM state WHERE space = ? AND key = ?"
        try:
            row = self._one.execute(sql, (space, key)).fetchone()
        except STORE_FAULTS as error:
            raise translate(error) from error
        return None if row is None else self._checked(space, key, row[0], row[1])

    def scan_raw(self, space: str, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Encoded pairs in byte order of the keys."""
        above = _after(prefix)
        sql = "SELECT key, value, tag FROM state WHERE space = ? AND key >= ?"
        with translated():
            rows = self._connection.execute(
                f"{sql} AND key < ? ORDER BY key" if above else f"{sql} ORDER BY key",
                (space, prefix, above) if above else (space, prefix),
            )
            for key, value, tag in rows:
                yield key, self._checked(space, key, value, tag)

    def rows(self) -> Iterator[tuple[str, bytes, bytes, bytes]]:
        """All rows: namespace, key, value, stored tag; in order of namespace and key, unchecked."""
        for row in self._connection.execute("SELECT space, key, value, tag FROM state ORDER BY space, key"):
            space, key, value, tag = row
            if [type(part) for part in row] != [str, bytes, bytes, bytes]:
                raise LedgerDamaged("state.row")
            yield space, key, value, tag

    def amount(self) -> int:
        """The sum of all rows' shares; checks every row. Needs a seal."""
        if self._seal is None:
            raise LedgerDamaged("state.seal")
        amount = 0
        for space, key, value, tag in self.rows():
            full = self._seal.row(space, key, value)
            if full[:TAG_SIZE] != tag:
                raise LedgerDamaged("state.row")
            amount ^= share(full)
        return amount


def _after(prefix: bytes) -> bytes:
    """The smallest key above all that begin with ``prefix``; empty if there is none."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes((trimmed[-1] + 1,)) if trimmed else b""


class LeafRow(NamedTuple):
    """One leaf as stored, in the order of the columns. ``nodes``: hashes of the complete subtrees that end here, the leaf's own first."""

    # A tuple: rows go to SQLite as they are, and building one is cheap.
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls on a row
    operation_id: bytes
    subject: str | None
    kind: str
    own: bool
    height: int
    nodes: bytes
    leaf: bytes


@dataclass(frozen=True, slots=True)
class BlockRow:
    """One block as stored."""

    height: int
    header: bytes
    note: bytes
    rows: bytes


_LEAF_COLUMNS = "idx, op_id, subject, kind, own, height, nodes, leaf"


class Tables:
    """Reads and writes through one connection; the transaction belongs to the caller."""

    def __init__(self, connection: sqlite3.Connection, seal: RowSeal | None = None) -> None:
        self.connection = connection
        self.seal = seal
        self.state = TableState(connection, seal)

    def newest_block(self) -> BlockRow | None:
        """The block of greatest height."""
        row = self.connection.execute(
            "SELECT height, header, note, rows FROM blocks ORDER BY height DESC LIMIT 1"
        ).fetchone()
        return None if row is None else _block_row(row)

    def blocks(self, start: int, end: int) -> Iterator[BlockRow]:
        """Blocks of heights ``[start, end)``, ascending."""
        sql = "SELECT height, header, note, rows FROM blocks WHERE height >= ? AND height < ? ORDER BY height"
        return map(_block_row, self.connection.execute(sql, (start, end)))

    def size(self) -> int:
        """One more than the greatest index."""
        (greatest,) = self.connection.execute("SELECT max(idx) FROM leaves").fetchone()
        return 0 if greatest is None else int(greatest) + 1

    def newest_leaf(self) -> tuple[int, bytes] | None:
        """Index and node hashes of the last leaf."""
        row = self.connection.execute("SELECT idx, nodes FROM leaves ORDER BY idx DESC LIMIT 1").fetchone()
        return None if row is None else (row[0], row[1])

    def known(self, operation_ids: Sequence[bytes]) -> set[bytes]:
        """Which of these operations are leaves already."""
        marks = ",".join("?" * len(operation_ids))
        rows = self.connection.execute(f"SELECT op_id FROM leaves WHERE op_id IN ({marks})", operation_ids)
        return {row[0] for row in rows}

    def leaf(self, operation_id: bytes) -> LeafRow | None:
        """The leaf of an operation."""
        sql = f"SELECT {_LEAF_COLUMNS} FROM leaves WHERE op_id = ?"
        row = self.connection.execute(sql, (operation_id,)).fetchone()
        return None if row is None else _leaf_row(row)

    def leaves(self, start: int, end: int) -> Iterator[LeafRow]:
        """Leaves ``[start, end)``, ascending."""
        sql = f"SELECT {_LEAF_COLUMNS} FROM leaves WHERE idx >= ? AND idx < ? ORDER BY idx"
        return map(_leaf_row, self.connection.execute(sql, (start, end)))

    def leaves_of(self, subject: str) -> Iterator[LeafRow]:
        """Leaves whose statement names ``subject``, ascending."""
        sql = f"SELECT {_LEAF_COLUMNS} FROM leaves WHERE subject = ? ORDER BY idx"
        return map(_leaf_row, self.connection.execute(sql, (subject,)))

    def registry_leaves(self) -> Iterator[LeafRow]:
        """Leaves of the ledger's own kinds, ascending."""
        return map(_leaf_row, self.connection.execute(f"SELECT {_LEAF_COLUMNS} FROM leaves WHERE own = 1 ORDER BY idx"))

    def node(self, last: int, level: int) -> bytes:
        """The hash of the complete subtree of ``2**level`` leaves that ends with leaf ``last``."""
        row = self.connection.execute("SELECT nodes FROM leaves WHERE idx = ?", (last,)).fetchone()
        found = b"" if row is None else bytes(row[0][level * HASH_SIZE : (level + 1) * HASH_SIZE])
        if len(found) != HASH_SIZE:
            raise LedgerDamaged("tree.node")
        return found

    def subtree(self, low: int, high: int) -> bytes:
        """The hash over leaves ``[low, high)``: a :data:`~akashi.ledger.wire.merkle.Subtree`."""
        count = high - low
        if count & (count - 1) == 0:
            return self.node(high - 1, count.bit_length() - 1)
        middle = low + split(count)
        return node_hash(self.subtree(low, middle), self.subtree(middle, high))

    def frontier(self, size: int) -> Frontier:
        """The right edge of the tree of ``size`` leaves."""
        nodes, low = [], 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                low += 1 << level
                nodes.append(self.node(low - 1, level))
        return Frontier(size, nodes)

    def write_leaves(self, rows: Iterable[LeafRow]) -> None:
        """Add leaves."""
        self.connection.executemany(
            f"INSERT INTO leaves ({_LEAF_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )

    def write_block(self, row: BlockRow) -> None:
        """Add a block."""
        sql = "INSERT INTO blocks (height, header, note, rows) VALUES (?, ?, ?, ?)"
        self.connection.execute(sql, (row.height, row.header, row.note, row.rows))

    def write_state(self, changes: dict[Change, bytes | None], before: RawState) -> int:
        """Make changes permanent; returns what they add to (and take from) the sum of shares.

        ``before`` gives the values that are in the table now. Needs a seal.
        """
        if self.seal is None:
            raise LedgerDamaged("state.seal")
        amount, puts, drops = 0, [], []
        for (space, key), value in changes.items():
            old = before.get_raw(space, key)
            if old is not None:
                amount ^= share(self.seal.row(space, key, old))
            if value is None:
                drops.append((space, key))
            else:
                tag = self.seal.row(space, key, value)
                amount ^= share(tag)
                puts.append((space, key, value, tag[:TAG_SIZE]))
        sql = "INSERT INTO state (space, key, value, tag) VALUES (?, ?, ?, ?)"
        self.connection.executemany(
            f"{sql} ON CONFLICT (space, key) DO UPDATE SET value = excluded.value, tag = excluded.tag", puts
        )
        self.connection.executemany("DELETE FROM state WHERE space = ? AND key = ?", drops)
        return amount


def _block_row(row: Sequence[object]) -> BlockRow:
    height, header, note, rows = row
    if not (
        isinstance(height, int) and isinstance(header, bytes) and isinstance(note, bytes) and isinstance(rows, bytes)
    ):
        raise LedgerDamaged("store.row")
    return BlockRow(height, header, note, rows)


def _leaf_row(row: Sequence[object]) -> LeafRow:
    index, operation_id, subject, kind, own, height, nodes, leaf = row
    if not (isinstance(index, int) and isinstance(own, int) and isinstance(height, int) and isinstance(kind, str)):
        raise LedgerDamaged("store.row")
    if not (isinstance(operation_id, bytes) and isinstance(nodes, bytes) and isinstance(leaf, bytes)):
        raise LedgerDamaged("store.row")
    if subject is not None and not isinstance(subject, str):
        raise LedgerDamaged("store.row")
    return LeafRow(index, operation_id, subject, kind, own == 1, height, nodes, leaf)
