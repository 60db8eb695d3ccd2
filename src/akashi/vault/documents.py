"""Sealed documents beside the ledger: answers, runs, evidence lists, maps, drafts; every version is kept.

Guarantees: a write is one durable transaction and never replaces an earlier version; contents are encrypted under the gateway's keystore
and bound to their place, so that a row cannot be moved. Refuses: to list contents without the key. Trusted: whoever can write the file
can drop the newest versions; what was said on the ledger shows it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from akashi.durable import DiskFull, make_directory, make_private
from akashi.errors import Unavailable
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    space TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, at_ms INTEGER NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (space, key, version)) STRICT, WITHOUT ROWID;
"""


class Box(Protocol):
    """Authenticated encryption bound to a label (the gateway's keystore)."""

    def protect(self, label: str, secret: bytes) -> bytes:
        """Encrypt."""
        ...

    def reveal(self, label: str, protected: bytes) -> bytes:
        """Decrypt; raises an ``IntegrityError`` for anything else."""
        ...


class DocumentsFailed(Unavailable):
    """The store cannot be used now; nothing was done."""

    code = "vault.documents"
    ja, en = "記録「{name}」を読み書きできません。", "The store `{name}` cannot be used."
    hint_ja, hint_en = (
        "ディスクの状態を確かめてください。何も変わっていません。",
        "Check the disk; nothing was changed.",
    )


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one document."""

    key: str
    version: int
    at_ms: int
    value: Value = field(repr=False)


class Documents:
    """Thread-safe; one connection. ``domain`` is part of what a content is bound to: stores of two parts never read each other's rows."""

    def __init__(self, path: Path, box: Box, domain: str) -> None:
        make_directory(path.parent)
        make_private(path)
        self._box, self._domain, self._name, self._lock = box, domain, path.name, threading.RLock()
        with self._translated():
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                self._db.execute(f"PRAGMA {pragma}").fetchall()
            self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                if "full" in str(error):
                    raise DiskFull(name=self._name) from error
                raise DocumentsFailed(name=self._name) from error

    def stamp(self) -> tuple[int, int]:
        """Another value after every write, whoever wrote: what was computed from the documents holds as long as it stays."""
        with self._translated():
            others = self._db.execute("PRAGMA data_version").fetchone()
            return self._db.total_changes, int(others[0])

    def put(self, space: str, key: str, value: Value, at_ms: int) -> int:
        """Keep a new version; its number. Durable on return."""
        return self.put_all(space, [(key, value)], at_ms)[0]

    def put_all(self, space: str, rows: Iterable[tuple[str, Value]], at_ms: int) -> list[int]:
        """Keep new versions of several documents, all or none."""
        versions = []
        with self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for key, value in rows:
                    version = self._next(space, key)
                    sealed = self._box.protect(self._label(space, key, version), cbor.encode(value))
                    self._db.execute(
                        "INSERT INTO documents VALUES (?, ?, ?, ?, ?)", (space, key, version, at_ms, sealed)
                    )
                    versions.append(version)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        return versions

    def _next(self, space: str, key: str) -> int:
        query = "SELECT max(version) FROM documents WHERE space = ? AND key = ?"
        row = self._db.execute(query, (space, key)).fetchone()
        return int(row[0] or 0) + 1

    def get(self, space: str, key: str) -> Document | None:
        """The newest version."""
        query = "SELECT key, version, at_ms, sealed FROM documents WHERE space = ? AND key = ? ORDER BY version DESC LIMIT 1"
        return next(iter(self._read(space, query, (space, key))), None)

    def history(self, space: str, key: str) -> list[Document]:
        """All versions, the newest first."""
        query = "SELECT key, version, at_ms, sealed FROM documents WHERE space = ? AND key = ? ORDER BY version DESC"
        return self._read(space, query, (space, key))

    def newest(self, space: str) -> list[Document]:
        """The newest version of every document of a space, by key."""
        query = """SELECT key, version, at_ms, sealed FROM documents AS d WHERE space = ? AND version =
            (SELECT max(version) FROM documents WHERE space = d.space AND key = d.key) ORDER BY key"""
        return self._read(space, query, (space,))

    def last(self, space: str) -> str | None:
        """The key of the document that was written last, or ``None`` where there is none."""
        query = "SELECT key FROM documents WHERE space = ? ORDER BY at_ms DESC, key DESC LIMIT 1"
        with self._translated():
            row = self._db.execute(query, (space,)).fetchone()
        return None if row is None else str(row[0])

    def keys(self, space: str) -> list[str]:
        """The keys of a space."""
        with self._translated():
            rows = self._db.execute("SELECT DISTINCT key FROM documents WHERE space = ? ORDER BY key", (space,))
            return [str(row[0]) for row in rows]

    def _read(self, space: str, query: str, values: tuple[str, ...]) -> list[Document]:
        with self._translated():
            rows = self._db.execute(query, values).fetchall()
        return [
            Document(key, version, at_ms, cbor.decode(self._box.reveal(self._label(space, key, version), sealed)))
            for key, version, at_ms, sealed in rows
        ]

    def _label(self, space: str, key: str, version: int) -> str:
        return f"{self._domain}/{space}/{key}/{version}"
