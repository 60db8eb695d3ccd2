"""network.db: what a server must still know after a power cut to be one of several.

Guarantees: every write is durable when it returns (WAL, ``synchronous=FULL``) and whole or not there at all; deleted rows are zeroed; the file is its
owner's only; tables are bounded (old quorum notes give way, evidence of a member is kept :data:`MAX_EVIDENCE` times). Refuses nothing: what a note is worth, its readers judge.
Trusted: whoever can change this file can lose pending operations (their callers still hold them, unacknowledged)
and hide evidence, but make no note that verifies. Holds signed envelopes as the ledger does, no keys and no payloads.

Tables: ``quorum_notes`` by size; ``pending`` operations, accepted here but not yet final; ``split_views``, pairs of notes that cannot both be true; ``scrub``, how
far this server has gone through its own data and what it found.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from akashi.durable import DiskFull, make_private
from akashi.errors import Unavailable
from akashi.ledger.errors import EncodingError
from akashi.ledger.wire.note import parse_checkpoint

KEPT_NOTES = 4096
"""Quorum notes that are kept; any newer one serves an older operation as well."""
MAX_EVIDENCE = 16
"""Split views kept of one pair of members: the first prove it, and a liar shall not fill the disk."""
_PRUNE_EVERY = 256
# Pending operations had an index by their time: it was written twice for each of them and read every few seconds, over rows that are few by then.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS quorum_notes (size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS pending (op_id BLOB PRIMARY KEY, envelope BLOB NOT NULL, queued_ms INTEGER NOT NULL) STRICT;
DROP INDEX IF EXISTS pending_in_order;
CREATE TABLE IF NOT EXISTS voters (height INTEGER PRIMARY KEY, keys BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS scrub (one INTEGER PRIMARY KEY CHECK (one = 1), report BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS split_views (
    member INTEGER NOT NULL, against INTEGER NOT NULL, size INTEGER NOT NULL, one BLOB NOT NULL, other BLOB NOT NULL,
    found_ms INTEGER NOT NULL, PRIMARY KEY (member, against, size, other)) STRICT;
"""


class NetworkStoreFailed(Unavailable):
    """network.db did not answer; nothing was changed."""

    code = "network.store"
    ja, en = "ネットワークのデータベースを使えません（{name}）。", "The network's database cannot be used ({name})."
    hint_ja = "ディスクとファイルを確かめてください。確定していない操作は、やり直すと続きから進みます。"
    hint_en = "Check the disk and the file; operations that are not final go on when they are asked for again."


class Pending(NamedTuple):
    """An operation that was accepted here and is not final yet; ``op_id`` is SHA-256 of what was signed, ``queued_ms`` when it came."""

    op_id: bytes
    envelope: bytes
    queued_ms: int


class Evidence(NamedTuple):
    """Two notes for one size that cannot both be true: ``other`` signed by ``member``, ``one`` by ``against`` (the same, if it contradicts itself)."""

    member: int
    against: int
    size: int
    one: bytes
    other: bytes
    found_ms: int


class NetworkStore:
    """One connection for all threads of the server. Durable when a method returns; every method may be repeated."""

    def __init__(self, path: Path) -> None:
        make_private(path)
        self._path = path
        self._lock = threading.RLock()
        self._puts = 0
        with self._translated():
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "trusted_schema=OFF"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.executescript(_SCHEMA)

    def is_sound(self) -> bool:
        """Whether SQLite finds the file's structure sound. Raises ``NetworkStoreFailed`` for one that cannot even be read."""
        return self._read("PRAGMA integrity_check(1)") == [("ok",)]

    def close(self) -> None:
        """Close the file; later use is an error."""
        with self._lock:
            self._connection.close()

    # -- quorum notes -------------------------------------------------------------------------------------------------

    def put_note(self, size: int, note: bytes) -> None:
        """Keep a quorum note; a newer one of the same size replaces it. Raises ``NetworkStoreFailed``."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO quorum_notes VALUES (?, ?)", (size, note))
            self._puts += 1
            if self._puts % _PRUNE_EVERY == 1:
                last = "SELECT size FROM quorum_notes ORDER BY size DESC LIMIT 1 OFFSET ?"
                db.execute(f"DELETE FROM quorum_notes WHERE size <= ({last})", (KEPT_NOTES,))

    def newest_note(self) -> tuple[int, bytes] | None:
        """(size, quorum note) of the largest size."""
        rows = self._read("SELECT size, note FROM quorum_notes ORDER BY size DESC LIMIT 1")
        return (int(rows[0][0]), bytes(rows[0][1])) if rows else None

    def note_upto(self, size: int) -> tuple[int, bytes] | None:
        """(size, quorum note) of the largest size that is at most ``size``."""
        rows = self._read("SELECT size, note FROM quorum_notes WHERE size <= ? ORDER BY size DESC LIMIT 1", size)
        return (int(rows[0][0]), bytes(rows[0][1])) if rows else None

    def note_from(self, size: int) -> bytes | None:
        """The quorum note of the smallest size that is at least ``size``."""
        rows = self._read("SELECT note FROM quorum_notes WHERE size >= ? ORDER BY size LIMIT 1", size)
        return bytes(rows[0][0]) if rows else None

    def root_at(self, size: int) -> bytes | None:
        """The root that a quorum signed for exactly this size, if that note is still kept."""
        rows = self._read("SELECT note FROM quorum_notes WHERE size = ?", size)
        try:
            found = parse_checkpoint(bytes(rows[0][0])) if rows else None
        except EncodingError:
            return None  # damaged: no quorum signed that
        return found.root if found is not None and found.size == size else None

    def notes(self) -> Iterator[tuple[int, bytes]]:
        """All (size, quorum note), ascending."""
        for size, note in self._read("SELECT size, note FROM quorum_notes ORDER BY size"):
            yield int(size), bytes(note)

    def drop_notes(self, sizes: Iterable[int]) -> None:
        """Forget notes that are no quorum's."""
        with self._transaction() as db:
            db.executemany("DELETE FROM quorum_notes WHERE size = ?", [(size,) for size in sizes])

    # -- the scrub -----------------------------------------------------------------------------------------------------

    def put_scrub(self, report: bytes) -> None:
        """Keep how far the scrub is (``network.scrub``)."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO scrub VALUES (1, ?)", (report,))

    def scrub(self) -> bytes | None:
        """What :meth:`put_scrub` kept last."""
        rows = self._read("SELECT report FROM scrub")
        return bytes(rows[0][0]) if rows else None

    # -- pending operations -------------------------------------------------------------------------------------------

    def queue(self, operations: Iterable[Pending]) -> None:
        """Keep operations until :meth:`settle`; one that is there already stays as it came first."""
        with self._transaction() as db:
            db.executemany("INSERT OR IGNORE INTO pending VALUES (?, ?, ?)", list(operations))

    def pending(self, limit: int = 1000) -> list[Pending]:
        """The oldest pending operations."""
        rows = self._read("SELECT op_id, envelope, queued_ms FROM pending ORDER BY queued_ms, op_id LIMIT ?", limit)
        return [Pending(bytes(op_id), bytes(envelope), int(queued)) for op_id, envelope, queued in rows]

    def is_pending(self, op_id: bytes) -> bool:
        """Whether this operation waits here."""
        return bool(self._read("SELECT 1 FROM pending WHERE op_id = ?", op_id))

    def envelope(self, op_id: bytes) -> bytes | None:
        """What was handed in under this id and waits here."""
        rows = self._read("SELECT envelope FROM pending WHERE op_id = ?", op_id)
        return bytes(rows[0][0]) if rows else None

    def pending_count(self) -> int:
        """How many wait."""
        return int(self._read("SELECT count(*) FROM pending")[0][0])

    def settle(self, op_ids: Iterable[bytes]) -> None:
        """Forget operations that are final or refused; unknown ones are fine."""
        with self._transaction() as db:
            db.executemany("DELETE FROM pending WHERE op_id = ?", [(op_id,) for op_id in op_ids])

    # -- who votes from which height ----------------------------------------------------------------------------------

    def put_voters(self, height: int, keys: Iterable[bytes]) -> None:
        """From ``height`` on these keys (32 bytes each) vote; what was kept for later heights is of blocks that are executed again."""
        with self._transaction() as db:
            db.execute("DELETE FROM voters WHERE height >= ?", (height,))
            db.execute("INSERT INTO voters VALUES (?, ?)", (height, b"".join(sorted(keys))))

    def voters(self) -> tuple[tuple[int, frozenset[bytes]], ...]:
        """All sets with their first heights, ascending."""
        rows = self._read("SELECT height, keys FROM voters ORDER BY height")
        return tuple((int(height), _split_keys(bytes(keys))) for height, keys in rows)

    # -- evidence -----------------------------------------------------------------------------------------------------

    def put_evidence(self, found: Evidence) -> bool:
        """Keep a split view; false if this one is known, or if this member's are full."""
        with self._transaction() as db:
            pair = (found.member, found.against)
            count = db.execute("SELECT count(*) FROM split_views WHERE member = ? AND against = ?", pair).fetchone()[0]
            if count >= MAX_EVIDENCE:
                return False
            return db.execute("INSERT OR IGNORE INTO split_views VALUES (?, ?, ?, ?, ?, ?)", found).rowcount == 1

    def evidence(self) -> list[Evidence]:
        """All split views that were ever seen, oldest first."""
        rows = self._read(
            "SELECT member, against, size, one, other, found_ms FROM split_views ORDER BY found_ms, rowid"
        )
        return [Evidence(int(m), int(a), int(s), bytes(one), bytes(other), int(at)) for m, a, s, one, other, at in rows]

    # -- SQLite -------------------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _read(self, query: str, *cells: int | bytes) -> list[tuple[Any, ...]]:
        with self._lock, self._translated():
            return self._connection.execute(query, cells).fetchall()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise DiskFull(name=self._path.name) from error
            raise NetworkStoreFailed(name=self._path.name) from error


def _split_keys(joined: bytes) -> frozenset[bytes]:
    return frozenset(joined[at : at + 32] for at in range(0, len(joined), 32))
