"""What a witness remembers: the checkpoints that it cosigned and what it refused, in one SQLite file.

Guarantees: ``writing`` is one transaction (WAL, ``synchronous=FULL``) that excludes every other writer, also of another process, from its
first read on; when it ends the rows are on the disk. Bounded: the newest 10,000 checkpoints and the first 1,000 findings of each kind per log.
Trusted: whoever can change this file can make the witness forget what it saw, and then cosign a second history.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from akashi.durable import make_private
from akashi.network.witness.errors import WitnessStore
from akashi.network.witness.model import Finding, Latest, Suspicion

HISTORY = 10_000
FINDINGS = 1_000
_APPLICATION_ID = 0x416B7769  # "Akwi"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS cosigned (
    origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL, time_ms INTEGER NOT NULL,
    PRIMARY KEY (origin, size)
) STRICT;
CREATE TABLE IF NOT EXISTS findings (
    number INTEGER PRIMARY KEY AUTOINCREMENT, origin TEXT NOT NULL, suspicion INTEGER NOT NULL, size INTEGER NOT NULL,
    time_ms INTEGER NOT NULL, ours BLOB NOT NULL, theirs BLOB NOT NULL, proof BLOB NOT NULL, digest BLOB NOT NULL,
    UNIQUE (origin, suspicion, digest)
) STRICT;
"""


class Memory:
    """One open file. Thread-safe: callers take turns."""

    def __init__(self, path: Path) -> None:
        """Open, making it if needed. Raises :class:`WitnessStore`."""
        self._lock = threading.Lock()
        make_private(path)
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
            self._connection.execute("PRAGMA trusted_schema = OFF")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            (found,) = self._connection.execute("PRAGMA application_id").fetchone()
            if found not in (0, _APPLICATION_ID):
                raise WitnessStore
            self._connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise WitnessStore from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[Turn]:
        """One durable transaction; rolled back if the body raises. Raises :class:`WitnessStore`."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield Turn(self._connection)
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise WitnessStore from error

    def latest(self, origin: str) -> Latest:
        """The newest tree cosigned for ``origin``. Raises :class:`WitnessStore`."""
        with self.writing() as turn:
            return turn.latest(origin)

    def findings(self) -> list[Finding]:
        """All findings, oldest first. Raises :class:`WitnessStore`."""
        with self._lock:
            try:
                rows = self._connection.execute(
                    "SELECT number, origin, suspicion, size, time_ms, ours, theirs, proof FROM findings ORDER BY number"
                ).fetchall()
            except sqlite3.Error as error:
                raise WitnessStore from error
        return [Finding(row[0], row[1], Suspicion(row[2]), *row[3:]) for row in rows]


class Turn:
    """What may be done while holding the file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def latest(self, origin: str) -> Latest:
        """The newest tree cosigned for ``origin``."""
        row = self._connection.execute(
            "SELECT size, root FROM cosigned WHERE origin = ? ORDER BY size DESC LIMIT 1", (origin,)
        ).fetchone()
        return Latest() if row is None else Latest(*row)

    def at_size(self, origin: str, size: int) -> tuple[bytes, bytes] | None:
        """Root and note that were cosigned at exactly this size."""
        row = self._connection.execute(
            "SELECT root, note FROM cosigned WHERE origin = ? AND size = ?", (origin, size)
        ).fetchone()
        return None if row is None else (row[0], row[1])

    def newest_note(self, origin: str) -> bytes:
        """The newest note cosigned for ``origin``, empty where there is none."""
        row = self._connection.execute(
            "SELECT note FROM cosigned WHERE origin = ? ORDER BY size DESC LIMIT 1", (origin,)
        ).fetchone()
        return b"" if row is None else bytes(row[0])

    def remember(self, origin: str, size: int, root: bytes, note: bytes, now_ms: int) -> None:
        """Make it the newest tree; the oldest beyond the bound are forgotten."""
        self._connection.execute(
            "INSERT OR IGNORE INTO cosigned VALUES (?, ?, ?, ?, ?)", (origin, size, root, note, now_ms)
        )
        self._connection.execute(
            "DELETE FROM cosigned WHERE origin = ?1 AND size <= "
            "(SELECT size FROM cosigned WHERE origin = ?1 ORDER BY size DESC LIMIT 1 OFFSET ?2)",
            (origin, HISTORY),
        )

    def unproven(self, origin: str, size: int) -> list[tuple[bytes, bytes]]:
        """Refused notes of exactly this size, and the lines that came with each."""
        return self._connection.execute(
            "SELECT theirs, proof FROM findings WHERE origin = ? AND suspicion = ? AND size = ?",
            (origin, int(Suspicion.UNPROVEN), size),
        ).fetchall()

    def settle(self, origin: str, note: bytes) -> None:
        """A tree that was refused for its proof, and has been shown to extend the others since, is no finding any more."""
        self._connection.execute(
            "DELETE FROM findings WHERE origin = ? AND suspicion = ? AND digest = ?",
            (origin, int(Suspicion.UNPROVEN), _tree(note)),
        )

    def find(
        self, origin: str, suspicion: Suspicion, size: int, ours: bytes, theirs: bytes, proof: bytes, now_ms: int
    ) -> Finding | None:
        """Keep a finding; ``None`` if it is known already or the log has too many."""
        (count,) = self._connection.execute(
            "SELECT count(*) FROM findings WHERE origin = ? AND suspicion = ?", (origin, int(suspicion))
        ).fetchone()
        if count >= FINDINGS:
            return None
        row = self._connection.execute(
            "INSERT OR IGNORE INTO findings (origin, suspicion, size, time_ms, ours, theirs, proof, digest) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
            (origin, int(suspicion), size, now_ms, ours, theirs, proof, _tree(theirs)),
        ).fetchone()
        return None if row is None else Finding(row[0], origin, suspicion, size, now_ms, ours, theirs, proof)


def _tree(note: bytes) -> bytes:
    """What is new is the tree that was shown, however often and with whatever signatures it is shown."""
    return sha256(note.partition(b"\n\n")[0]).digest()
