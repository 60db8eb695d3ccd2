"""Sealed bodies in their own SQLite database, apart from the ledger's.

Guarantees: a payload row appears only together with its whole body (one commit); what was received in between belongs
to an *upload* that recovery drops. WAL with ``synchronous=FULL`` and ``secure_delete``. Reading takes one row at a time,
so that a slow download never keeps an old snapshot alive (it would keep erased pages in the WAL). Refuses: holding wraps
or keys; they are not even in its vocabulary. Trusted: whoever can write this database can lose bodies, not read them.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from akashi.durable import DiskFull, write_file
from akashi.errors import AkashiError
from akashi.ledger.wire import cbor
from akashi.vault.errors import VaultDamaged, VaultLocked
from akashi.vault.model import ErasureLevel, PayloadStatus, StoredPayload

_SCHEMA = """
CREATE TABLE IF NOT EXISTS payloads (
    payload_id BLOB PRIMARY KEY, status INTEGER NOT NULL, body_digest BLOB NOT NULL, wraps_digest BLOB NOT NULL,
    wrap_digests BLOB NOT NULL, size INTEGER NOT NULL, staged_ms INTEGER NOT NULL, order_id BLOB, erased_ms INTEGER,
    level INTEGER NOT NULL DEFAULT 0, upload INTEGER, slots BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads (upload INTEGER PRIMARY KEY AUTOINCREMENT, started_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS chunks (
    upload INTEGER NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE (upload, number)
) STRICT;
"""
_COLUMNS = "payload_id, status, body_digest, wraps_digest, wrap_digests, size, staged_ms, order_id, erased_ms, level"


class BodyStore:
    """The tables. Thread-safe; one writing connection, one reading connection."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            write_file(path, b"")  # with its mode from the first byte on: the log and index files take it over
        self._writer = _connect(path)
        try:
            self._writer.execute("PRAGMA page_size=16384")
            self._writer.execute("PRAGMA journal_mode=WAL")
            self._writer.executescript(_SCHEMA)
            self._reader = _connect(path)
        except sqlite3.DatabaseError as error:
            self._writer.close()
            raise _ours(error) from error
        self._write_lock, self._read_lock = threading.Lock(), threading.Lock()

    def close(self) -> None:
        """Close both connections; the last one checkpoints."""
        with self._write_lock, self._read_lock:
            self._reader.close()
            self._writer.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._write_lock:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._writer.execute("COMMIT")
            except sqlite3.DatabaseError as error:
                self._undo()
                raise _ours(error) from error
            except BaseException:
                self._undo()
                raise

    def _undo(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    def _rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        # fetchall ends the statement and with it the read transaction.
        with self._read_lock:
            try:
                return self._reader.execute(statement, tuple(values)).fetchall()
            except sqlite3.DatabaseError as error:
                raise _ours(error) from error

    def begin_upload(self, now_ms: int) -> int:
        """A number under which chunks may be added."""
        with self._transaction() as db:
            return int(db.execute("INSERT INTO uploads (started_ms) VALUES (?)", (now_ms,)).lastrowid or 0)

    def add_chunks(self, upload: int, first: int, chunks: Sequence[bytes]) -> None:
        """Store consecutive chunks durably."""
        with self._transaction() as db:
            rows = [(upload, first + n, data) for n, data in enumerate(chunks)]
            db.executemany("INSERT INTO chunks VALUES (?, ?, ?)", rows)

    def drop_upload(self, upload: int) -> None:
        """Remove an upload that no payload refers to."""
        with self._transaction() as db:
            _delete_upload(db, upload)

    def drop_strays(self) -> int:
        """Remove all uploads that no payload refers to; how many there were."""
        rows = self._rows(
            "SELECT upload FROM uploads WHERE upload NOT IN (SELECT upload FROM payloads WHERE upload IS NOT NULL)"
        )
        for (upload,) in rows:
            if isinstance(upload, int):
                self.drop_upload(upload)
        return len(rows)

    def insert(self, row: StoredPayload, upload: int | None, slots: Sequence[int]) -> None:
        """Make an upload a payload; without one, a tombstone."""
        values = (
            row.payload_id,
            int(row.status),
            row.body_digest,
            row.wraps_digest,
            b"".join(row.wrap_digests),
            row.size,
            row.staged_ms,
            row.order_id,
            row.erased_ms,
            int(row.level),
            upload,
            cbor.encode(list(slots)),
        )
        with self._transaction() as db:
            marks = ", ".join("?" * len(values))
            db.execute(f"INSERT INTO payloads VALUES ({marks})", values)

    def find(self, payload_id: bytes) -> StoredPayload | None:
        """One row, or ``None``."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM payloads WHERE payload_id = ?", (payload_id,))
        return _stored(rows[0]) if rows else None

    def with_status(self, *statuses: PayloadStatus) -> list[StoredPayload]:
        """All rows in one of the states, by id."""
        marks = ", ".join("?" * len(statuses))
        values = [int(status) for status in statuses]
        rows = self._rows(f"SELECT {_COLUMNS} FROM payloads WHERE status IN ({marks}) ORDER BY payload_id", values)
        return [_stored(row) for row in rows]

    def slots_of(self, payload_id: bytes) -> list[int]:
        """The slot numbers that the payload was given when it was staged."""
        rows = self._rows("SELECT slots FROM payloads WHERE payload_id = ?", (payload_id,))
        return _numbers(rows[0][0]) if rows else []

    def listed_slots(self) -> set[int]:
        """The slot numbers of all payloads that are not erased."""
        rows = self._rows("SELECT slots FROM payloads WHERE status != ?", (int(PayloadStatus.ERASED),))
        return {number for row in rows for number in _numbers(row[0])}

    def chunk(self, payload_id: bytes, number: int) -> bytes | None:
        """One stored piece of a body, or ``None`` past its end (or after its erasure)."""
        rows = self._rows(
            "SELECT data FROM chunks WHERE number = ? AND upload = (SELECT upload FROM payloads WHERE payload_id = ?)",
            (number, payload_id),
        )
        data = rows[0][0] if rows else None
        return data if isinstance(data, bytes) else None

    def mark(self, payload_id: bytes, status: PayloadStatus, order_id: bytes | None = None) -> None:
        """Move a row to another state; the first order id is kept."""
        with self._transaction() as db:
            db.execute(
                "UPDATE payloads SET status = ?, order_id = coalesce(order_id, ?) WHERE payload_id = ?",
                (int(status), order_id, payload_id),
            )

    def finish_erasure(self, payload_id: bytes, erased_ms: int, *, forget: bool) -> None:
        """Delete the body's rows and keep a tombstone (or, for what was never announced, nothing)."""
        with self._transaction() as db:
            found = db.execute("SELECT upload FROM payloads WHERE payload_id = ?", (payload_id,)).fetchall()
            for (upload,) in found:
                if upload is not None:
                    _delete_upload(db, upload)
            if forget:
                db.execute("DELETE FROM payloads WHERE payload_id = ?", (payload_id,))
                return
            db.execute(
                "UPDATE payloads SET status = ?, erased_ms = ?, level = ?, upload = NULL, slots = ? "
                "WHERE payload_id = ?",
                (int(PayloadStatus.ERASED), erased_ms, int(ErasureLevel.KEY), cbor.encode([]), payload_id),
            )

    def raise_levels(self, payload_ids: Iterable[bytes]) -> None:
        """Record that the bytes of erased payloads are out of the files."""
        with self._transaction() as db:
            rows = [(int(ErasureLevel.FILE), payload_id) for payload_id in payload_ids]
            db.executemany("UPDATE payloads SET level = ? WHERE payload_id = ?", rows)

    def truncate_log(self) -> bool:
        """Checkpoint and empty the WAL file; false while a reader holds an older snapshot."""
        with self._write_lock, self._read_lock:
            try:
                busy, _, _ = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError:
                return False
            return not busy

    def vacuum(self) -> bool:
        """Rewrite the database from its live rows only; false if another connection is in the way."""
        with self._write_lock, self._read_lock:
            try:
                self._writer.execute("VACUUM")
            except sqlite3.OperationalError:
                return False
            return True


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=0.2, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("synchronous=FULL", "secure_delete=ON", "journal_size_limit=0", "trusted_schema=OFF"):
            connection.execute("PRAGMA " + pragma).fetchall()
    except sqlite3.DatabaseError as error:
        connection.close()
        raise _ours(error) from error
    return connection


def _ours(error: sqlite3.DatabaseError) -> AkashiError:
    if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
        return DiskFull(name="bodies.db")
    if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return VaultLocked()
    return VaultDamaged("bodies.database")


def _delete_upload(db: sqlite3.Connection, upload: int) -> None:
    db.execute("DELETE FROM chunks WHERE upload = ?", (upload,))
    db.execute("DELETE FROM uploads WHERE upload = ?", (upload,))


def _numbers(encoded: object) -> list[int]:
    value = cbor.decode(encoded) if isinstance(encoded, bytes) else None
    return [item for item in value if isinstance(item, int)] if isinstance(value, list) else []


def _stored(row: tuple[object, ...]) -> StoredPayload:
    match row:
        case (
            bytes(identity),
            int(status),
            bytes(body),
            bytes(wraps),
            bytes(digests),
            int(size),
            int(staged),
            (bytes() | None) as order,
            (int() | None) as erased,
            int(level),
        ):
            each = tuple(digests[at : at + 32] for at in range(0, len(digests), 32))
            return StoredPayload(
                identity,
                PayloadStatus(status),
                body,
                wraps,
                each,
                size,
                staged,
                order,
                erased,
                ErasureLevel(level),
            )
        case _:
            raise VaultDamaged("bodies.row")
