"""The newest checkpoint a gateway has seen, kept so that a server that forgets or forks is found out.

Guarantees: durable before the acknowledgement that carried it counts; only ever replaced by one that was proven to extend it
(the caller proves it). Refuses nothing; trusts whoever can write the gateway's database.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from akashi.app.databases import translated
from akashi.durable import make_private
from akashi.ledger.wire.note import parse_checkpoint


class SeenCheckpoint:
    """One row. Thread-safe."""

    def __init__(self, database: Path) -> None:
        self._path, self._lock = database, threading.Lock()
        make_private(database)
        self._connection = sqlite3.connect(database, timeout=10, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        with self._connection:
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS seen_checkpoint (one INTEGER PRIMARY KEY CHECK (one = 1), note BLOB NOT NULL) STRICT"
            )

    @staticmethod
    def peek(database: Path) -> bytes | None:
        """The note in a gateway's database that is not opened here; ``None`` where there is none."""
        if not database.is_file():
            return None
        connection = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True, timeout=10)
        try:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'seen_checkpoint'").fetchone():
                return None
            row = connection.execute("SELECT note FROM seen_checkpoint").fetchone()
            return None if row is None else bytes(row[0])
        finally:
            connection.close()

    def close(self) -> None:
        """Release the database."""
        with self._lock:
            self._connection.close()

    def read(self) -> bytes | None:
        """The note, or ``None`` before the first."""
        with self._lock, translated(self._path):
            row = self._connection.execute("SELECT note FROM seen_checkpoint").fetchone()
        return None if row is None else bytes(row[0])

    def forget(self) -> None:
        """Remember none: the log goes on under another origin (``app.mirrors.adopting``). Raises ``DiskFull``, ``StoreFailed``."""
        with self._lock, translated(self._path), self._connection:
            self._connection.execute("DELETE FROM seen_checkpoint")

    def keep(self, note: bytes) -> None:
        """Replace it unless a larger one is there already. Raises ``DiskFull``, ``StoreFailed``."""
        with self._lock, translated(self._path), self._connection:
            row = self._connection.execute("SELECT note FROM seen_checkpoint").fetchone()
            if row is None or parse_checkpoint(bytes(row[0])).size <= parse_checkpoint(note).size:
                self._connection.execute("INSERT OR REPLACE INTO seen_checkpoint VALUES (1, ?)", (note,))
