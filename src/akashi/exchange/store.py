"""The exchange's tables in the gateway's database: what must survive a crash and must not be on the ledger.

Guarantees: every write is one durable transaction (WAL, ``synchronous=FULL``); a row is there before the outside effect it
announces. Refuses: content, file names, wraps, keys; only handles, digests, keyed marks, signed envelopes and times. Trusted:
whoever can change this file can hide that something is pending or was sent before; the ledger shows what really happened.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from akashi.durable import DiskFull, make_directory
from akashi.errors import Unavailable
from akashi.exchange.model import Notice, Pending, Scan, Status

_TABLES = """
CREATE TABLE IF NOT EXISTS exchange_sendings (
    transfer TEXT PRIMARY KEY, receiver TEXT NOT NULL, payload BLOB, mark BLOB NOT NULL, source_mark BLOB,
    state TEXT NOT NULL CHECK (state IN ('staging', 'announcing', 'sent', 'abandoned')), begun_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS exchange_sendings_mark ON exchange_sendings (mark);
CREATE INDEX IF NOT EXISTS exchange_sendings_source ON exchange_sendings (source_mark);
CREATE TABLE IF NOT EXISTS exchange_outbox (
    operation BLOB PRIMARY KEY, transfer TEXT NOT NULL, kind TEXT NOT NULL, envelope BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'acknowledged', 'refused', 'dropped')),
    begun_ms INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, reason TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS exchange_outbox_state ON exchange_outbox (state, begun_ms);
CREATE TABLE IF NOT EXISTS exchange_pins (
    institution TEXT PRIMARY KEY, key BLOB NOT NULL, pinned_ms INTEGER NOT NULL, person TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS exchange_seen (
    transfer TEXT PRIMARY KEY, scan INTEGER NOT NULL, at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS exchange_notices (
    number INTEGER PRIMARY KEY AUTOINCREMENT, transfer TEXT NOT NULL, status INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, read_ms INTEGER, UNIQUE (transfer, status)
) STRICT;
CREATE TABLE IF NOT EXISTS exchange_secrets (label TEXT PRIMARY KEY, protected BLOB NOT NULL) STRICT;
"""


class StoreUnavailable(Unavailable):
    """The gateway's database cannot be written or read now; nothing was done."""

    code = "exchange.store_unavailable"
    ja, en = "ゲートウェイの記録簿に書き込めません。", "The gateway's database cannot be used."
    hint_ja, hint_en = "ディスクの状態を確かめてください。何も送られていません。", "Check the disk; nothing was done."


@dataclass(frozen=True, slots=True)
class Queued:
    """One signed operation on its way."""

    operation: bytes
    transfer: str
    kind: str
    envelope: bytes = field(repr=False)
    attempts: int


class Store:
    """Thread-safe; one connection. Several stores may share the file (SQLite orders the writers)."""

    def __init__(self, path: Path) -> None:
        make_directory(path.parent)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        path.chmod(0o600)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            self._db.execute(f"PRAGMA {pragma}").fetchall()
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Release the database."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError):
                    if "full" in str(error):
                        raise DiskFull(name="gateway.db") from error
                    raise StoreUnavailable from error
                raise

    def _rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    # sendings

    def begin_sending(self, transfer: str, receiver: str, marks: tuple[bytes, bytes | None], now_ms: int) -> None:
        """The intent to send, before anything leaves."""
        with self._write() as db:
            row = (transfer, receiver, *marks, now_ms)
            db.execute(
                "INSERT INTO exchange_sendings (transfer, receiver, mark, source_mark, state, begun_ms)"
                " VALUES (?, ?, ?, ?, 'staging', ?)",
                row,
            )

    def staging(self, transfer: str, payload: bytes) -> None:
        """Which payload id the next attempt to stage uses."""
        with self._write() as db:
            db.execute("UPDATE exchange_sendings SET payload = ? WHERE transfer = ?", (payload, transfer))

    def end_sending(self, transfer: str, state: str) -> None:
        """``sent`` or ``abandoned``."""
        with self._write() as db:
            db.execute("UPDATE exchange_sendings SET state = ? WHERE transfer = ?", (state, transfer))

    def abandon_staging(self) -> list[str]:
        """At start: sendings that never reached the outbox cannot be finished, since their content is gone."""
        with self._write() as db:
            rows = db.execute(
                "UPDATE exchange_sendings SET state = 'abandoned' WHERE state = 'staging' RETURNING transfer"
            ).fetchall()
        return [row[0] for row in rows]

    def sent_before(self, mark: bytes, source_mark: bytes | None) -> list[str]:
        """Transfers with the same content, or made from the same file, that were sent or are on their way; newest first."""
        rows = self._rows(
            "SELECT transfer FROM exchange_sendings WHERE (mark = ? OR source_mark = ?)"
            " AND state IN ('staging', 'announcing', 'sent') ORDER BY begun_ms DESC",
            mark,
            source_mark,
        )
        return [str(row[0]) for row in rows]

    # outbox

    def enqueue(self, queued: Queued, now_ms: int) -> None:
        """Keep a signed operation until the ledger has answered; a sending moves to ``announcing`` with it."""
        with self._write() as db:
            db.execute(
                "INSERT INTO exchange_outbox (operation, transfer, kind, envelope, state, begun_ms)"
                " VALUES (?, ?, ?, ?, 'pending', ?)",
                (queued.operation, queued.transfer, queued.kind, queued.envelope, now_ms),
            )
            if queued.kind == "transfer.sent":
                db.execute("UPDATE exchange_sendings SET state = 'announcing' WHERE transfer = ?", (queued.transfer,))

    def attempted(self, operation: bytes) -> None:
        """Count one try."""
        with self._write() as db:
            db.execute("UPDATE exchange_outbox SET attempts = attempts + 1 WHERE operation = ?", (operation,))

    def settle(self, queued: Queued, state: str, reason: str | None = None) -> None:
        """``acknowledged``, ``refused`` or ``dropped``; a sending ends with it."""
        with self._write() as db:
            db.execute(
                "UPDATE exchange_outbox SET state = ?, reason = ? WHERE operation = ?",
                (state, reason, queued.operation),
            )
            if queued.kind == "transfer.sent":
                end = "sent" if state == "acknowledged" else "abandoned"
                db.execute("UPDATE exchange_sendings SET state = ? WHERE transfer = ?", (end, queued.transfer))

    def queued(self) -> list[Queued]:
        """Everything pending, oldest first."""
        rows = self._db_queued()
        return [Queued(*row) for row in rows]

    def _db_queued(self) -> list[tuple[bytes, str, str, bytes, int]]:
        with self._lock:
            return self._db.execute(
                "SELECT operation, transfer, kind, envelope, attempts FROM exchange_outbox"
                " WHERE state = 'pending' ORDER BY begun_ms, rowid"
            ).fetchall()

    def pending(self) -> list[Pending]:
        """What a person sees as 未確定 (or as interrupted), oldest first."""
        rows = self._rows(
            "SELECT transfer, kind, state, begun_ms, attempts FROM exchange_outbox WHERE state = 'pending'"
            " UNION ALL SELECT transfer, 'transfer.sent', state, begun_ms, 0 FROM exchange_sendings"
            " WHERE state = 'staging' ORDER BY 4"
        )
        return [Pending(*row) for row in rows]  # type: ignore[arg-type]  # columns are typed by the STRICT tables

    # pins, openings, secrets

    def pinned(self, institution: str) -> bytes | None:
        """The opening key last used for an institution."""
        rows = self._rows("SELECT key FROM exchange_pins WHERE institution = ?", institution)
        return bytes(rows[0][0]) if rows and isinstance(rows[0][0], bytes) else None

    def pin(self, institution: str, key: bytes, now_ms: int, person: str | None) -> None:
        """Use this key from now on; ``person`` is who accepted a change."""
        with self._write() as db:
            db.execute(
                "INSERT OR REPLACE INTO exchange_pins (institution, key, pinned_ms, person) VALUES (?, ?, ?, ?)",
                (institution, key, now_ms, person),
            )

    def saw(self, transfer: str, scan: Scan, now_ms: int) -> None:
        """The content was opened here and is what the sender committed to."""
        with self._write() as db:
            db.execute("INSERT OR REPLACE INTO exchange_seen VALUES (?, ?, ?)", (transfer, int(scan), now_ms))

    def seen(self, transfer: str) -> Scan | None:
        """The scanner's verdict at the last good opening here, or ``None``."""
        rows = self._rows("SELECT scan FROM exchange_seen WHERE transfer = ?", transfer)
        return Scan(int(str(rows[0][0]))) if rows else None

    def secret(self, label: str, fresh: bytes) -> bytes:
        """The protected secret kept under ``label``; the first call keeps ``fresh``."""
        with self._write() as db:
            db.execute("INSERT OR IGNORE INTO exchange_secrets VALUES (?, ?)", (label, fresh))
            row = db.execute("SELECT protected FROM exchange_secrets WHERE label = ?", (label,)).fetchone()
        return bytes(row[0])

    # notices

    def notify(self, news: list[tuple[str, Status]], now_ms: int) -> int:
        """Add what is new; each (transfer, status) is told once. Returns how many were new."""
        if not news:
            return 0
        with self._write() as db:
            before = db.total_changes
            db.executemany(
                "INSERT OR IGNORE INTO exchange_notices (transfer, status, at_ms) VALUES (?, ?, ?)",
                [(transfer, int(status), now_ms) for transfer, status in news],
            )
            return db.total_changes - before

    def notices(self, unread_only: bool) -> list[Notice]:
        """Notices, newest first."""
        rows = self._rows(
            "SELECT number, transfer, status, at_ms, read_ms FROM exchange_notices"
            " WHERE read_ms IS NULL OR ? ORDER BY number DESC",
            int(not unread_only),
        )
        return [
            Notice(number, transfer, Status(status), at_ms, read_ms)  # type: ignore[arg-type]  # STRICT tables
            for number, transfer, status, at_ms, read_ms in rows
        ]

    def told(self) -> set[tuple[str, int]]:
        """All (transfer, status) pairs for which there is a notice."""
        rows = self._rows("SELECT transfer, status FROM exchange_notices")
        return {(str(transfer), int(str(status))) for transfer, status in rows}

    def mark_read(self, number: int, now_ms: int) -> None:
        """Somebody looked at it."""
        with self._write() as db:
            db.execute("UPDATE exchange_notices SET read_ms = ? WHERE number = ? AND read_ms IS NULL", (now_ms, number))
