"""What a gateway keeps of visits: plans and reports under the keystore, the plan's networks, which alerts were told.

Guarantees: each is one durable row. Networks are kept in the clear, because every request asks them; the ledger commits to them, so that a
row that somebody changed lets nobody in. Trusted: whoever can write this file can stop a visit, not widen it.
"""

from __future__ import annotations

from collections.abc import Sequence

from akashi.identity.store import Cell, Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS visit_papers (
    visit TEXT NOT NULL, paper TEXT NOT NULL CHECK (paper IN ('plan', 'report')), salt BLOB NOT NULL, protected BLOB NOT NULL,
    PRIMARY KEY (visit, paper)) STRICT;
CREATE TABLE IF NOT EXISTS visit_sources (visit TEXT PRIMARY KEY, lines TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS visit_told (
    code TEXT NOT NULL, visit TEXT NOT NULL, mark INTEGER NOT NULL, PRIMARY KEY (code, visit, mark)) STRICT;
"""


class VisitStore:
    """The tables of this part in ``gateway.db``."""

    def __init__(self, database: Database) -> None:
        self._db = database
        database.ensure(_SCHEMA)

    def put_paper(self, visit: str, paper: str, salt: bytes, protected: bytes) -> None:
        """Keep a plan or a report."""
        self._run("INSERT OR REPLACE INTO visit_papers VALUES (?, ?, ?, ?)", visit, paper, salt, protected)

    def paper(self, visit: str, paper: str) -> tuple[bytes, bytes] | None:
        """``(salt, protected)`` of a plan or a report."""
        match self._db.read("SELECT salt, protected FROM visit_papers WHERE visit = ? AND paper = ?", visit, paper):
            case [(bytes(salt), bytes(protected))]:
                return salt, protected
        return None

    def put_sources(self, visit: str, sources: Sequence[str]) -> None:
        """Keep the networks of a plan."""
        self._run("INSERT OR REPLACE INTO visit_sources VALUES (?, ?)", visit, "\n".join(sources))

    def sources(self, visit: str) -> tuple[str, ...]:
        """The networks of a plan; empty where nothing is kept."""
        match self._db.read("SELECT lines FROM visit_sources WHERE visit = ?", visit):
            case [(str(lines),)]:
                return tuple(lines.split("\n"))
        return ()

    def drop(self, visit: str) -> None:
        """Forget an application that the ledger refused."""
        self._run("DELETE FROM visit_papers WHERE visit = ?", visit)
        self._run("DELETE FROM visit_sources WHERE visit = ?", visit)

    def was_told(self, code: str, visit: str, mark: int) -> bool:
        """Was this alert raised?"""
        query = "SELECT 1 FROM visit_told WHERE code = ? AND visit = ? AND mark = ?"
        return bool(self._db.read(query, code, visit, mark))

    def told(self, code: str, visit: str, mark: int) -> None:
        """Remember that this alert was raised."""
        self._run("INSERT OR IGNORE INTO visit_told VALUES (?, ?, ?)", code, visit, mark)

    def _run(self, query: str, *cells: Cell) -> None:
        with self._db.transaction() as db:
            db.execute(query, cells)
