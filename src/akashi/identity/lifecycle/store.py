"""What of joining, moving and leaving stays in the gateway: names, reasons, findings, reset tickets.

Guarantees: texts, copies of documents and names of departments lie under the keystore; tickets as hashes only; a ticket is taken once,
also by parallel requests. Logins lie open, as in ``people``. Trusted: whoever can write this file can forge tickets for people of
this gateway, as they could set passwords.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from akashi.identity.errors import LoginTaken, StoreFailed
from akashi.identity.lifecycle.model import Finding, Found, ResetMethod, Texts
from akashi.identity.model import SecretBox
from akashi.identity.store import Cell, Database
from akashi.ledger.wire import cbor

_SCHEMA = """
CREATE TABLE IF NOT EXISTS departments (department TEXT PRIMARY KEY, name BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS applications (
    request TEXT PRIMARY KEY, person TEXT NOT NULL, login TEXT UNIQUE, texts BLOB NOT NULL, salt BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS findings (
    review TEXT NOT NULL, subject TEXT NOT NULL, finding INTEGER NOT NULL, detail INTEGER NOT NULL, note BLOB,
    PRIMARY KEY (review, subject, finding)) STRICT;
CREATE TABLE IF NOT EXISTS resets (
    reset TEXT PRIMARY KEY, person TEXT NOT NULL, ticket BLOB NOT NULL UNIQUE, made_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL,
    checker TEXT NOT NULL, certificate BLOB NOT NULL, method INTEGER NOT NULL, document BLOB, document_until_ms INTEGER,
    used_ms INTEGER, told_ms INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS review_duty (one INTEGER PRIMARY KEY CHECK (one = 1), since_ms INTEGER NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One reset as the gateway keeps it; ``certificate`` is that of the checker's device."""

    reset: str
    person: str
    made_ms: int
    until_ms: int
    checker: str
    certificate: bytes = field(repr=False)
    method: ResetMethod
    used_ms: int | None


_TICKET = "SELECT reset, person, made_ms, until_ms, checker, certificate, method, used_ms FROM resets"


class LifecycleStore:
    """The tables of lifecycle in ``gateway.db``."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._db, self._box = database, box
        database.ensure(_SCHEMA)

    # Departments

    def put_department(self, department: str, name: str) -> None:
        """Keep (or replace) a department's name."""
        sealed = self._box.protect(f"department:{department}", name.encode())
        self._run("INSERT OR REPLACE INTO departments VALUES (?, ?)", department, sealed)

    def department_names(self) -> dict[str, str]:
        """Department to name."""
        rows = self._db.read("SELECT department, name FROM departments")
        return {
            handle: self._box.reveal(f"department:{handle}", sealed).decode()
            for handle, sealed in rows
            if isinstance(handle, str) and isinstance(sealed, bytes)
        }

    # Applications

    def insert_application(self, request: str, person: str, texts: Texts, salt: bytes) -> None:
        """Keep an application's texts and reserve the newcomer's login. Raises :class:`LoginTaken`."""
        plain = cbor.encode([texts.login, texts.name, texts.basis])
        sealed = self._box.protect(f"application:{request}", plain)
        try:
            self._run(
                "INSERT INTO applications VALUES (?, ?, ?, ?, ?)", request, person, texts.login or None, sealed, salt
            )
        except sqlite3.IntegrityError as error:
            raise LoginTaken from error

    def is_reserved(self, login: str) -> bool:
        """Whether an application has asked for this login."""
        return bool(self._db.read("SELECT 1 FROM applications WHERE login = ?", login))

    def drop_application(self, request: str) -> None:
        """Forget an application that the ledger refused."""
        self._run("DELETE FROM applications WHERE request = ?", request)

    def free_login(self, request: str) -> None:
        """The application was turned down before the login was ever anybody's: it may be asked for again."""
        self._run("UPDATE applications SET login = NULL WHERE request = ?", request)

    def texts(self, request: str) -> tuple[Texts, bytes] | None:
        """The texts of an application and the salt of their commitment."""
        match self._db.read("SELECT texts, salt FROM applications WHERE request = ?", request):
            case [(bytes(sealed), bytes(salt))]:
                return self._opened(request, sealed), salt
        return None

    def newcomers(self) -> list[tuple[str, str]]:
        """``(request, person)`` of applications that came with a login and have no account yet."""
        query = """SELECT request, person FROM applications WHERE login IS NOT NULL
                   AND person NOT IN (SELECT person FROM people) ORDER BY request"""
        return [(str(request), str(person)) for request, person in self._db.read(query)]

    def _opened(self, request: str, sealed: bytes) -> Texts:
        match cbor.decode(self._box.reveal(f"application:{request}", sealed)):
            case [str(login), str(name), str(basis)]:
                return Texts(login, name, basis)
        raise StoreFailed(name="applications")

    # Findings

    def put_findings(self, review: str, found: list[Found]) -> None:
        """Keep what a review found."""
        with self._db.transaction() as db:
            rows = [(review, one.subject, int(one.finding), one.detail) for one in found]
            db.executemany("INSERT INTO findings (review, subject, finding, detail) VALUES (?, ?, ?, ?)", rows)

    def drop_findings(self, review: str) -> None:
        """Forget the findings of a review that the ledger refused."""
        self._run("DELETE FROM findings WHERE review = ?", review)

    def findings(self, review: str) -> list[tuple[Found, str]]:
        """What a review found, with the note of whoever decided (empty before), by subject and finding."""
        query = "SELECT subject, finding, detail, note FROM findings WHERE review = ? ORDER BY subject, finding"
        result = []
        for row in self._db.read(query, review):
            match row:
                case (str(subject), int(finding), int(detail), (bytes() | None) as note):
                    text = self._box.reveal(_note(review, subject, finding), note).decode() if note else ""
                    result.append((Found(subject, Finding(finding), detail), text))
        return result

    def put_note(self, review: str, subject: str, finding: Finding, note: str) -> None:
        """Keep why a finding was decided so."""
        sealed = self._box.protect(_note(review, subject, int(finding)), note.encode())
        query = "UPDATE findings SET note = ? WHERE review = ? AND subject = ? AND finding = ?"
        self._run(query, sealed, review, subject, int(finding))

    def review_duty(self, now_ms: int) -> int:
        """Since when reviews are due here: the first time that anybody asked."""
        self._run("INSERT OR IGNORE INTO review_duty VALUES (1, ?)", now_ms)
        match self._db.read("SELECT since_ms FROM review_duty"):
            case [(int(since),)]:
                return since
        raise StoreFailed(name="review_duty")

    # Resets

    def insert_ticket(self, row: TicketRow, ticket: bytes, document: bytes | None, keep_until_ms: int) -> None:
        """Keep a ticket as its hash, and the copy of the document that was looked at, sealed, until ``keep_until_ms``."""
        sealed = None if document is None else self._box.protect(f"document:{row.reset}", document)
        self._run(
            "INSERT INTO resets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
            row.reset,
            row.person,
            ticket,
            row.made_ms,
            row.until_ms,
            row.checker,
            row.certificate,
            int(row.method),
            sealed,
            None if sealed is None else keep_until_ms,
        )

    def drop_ticket(self, reset: str) -> None:
        """Forget a ticket that the ledger refused."""
        self._run("DELETE FROM resets WHERE reset = ?", reset)

    def ticket(self, ticket: bytes) -> TicketRow | None:
        """The reset whose ticket has this hash."""
        rows = self._db.read(f"{_TICKET} WHERE ticket = ?", ticket)
        return _ticket(rows[0]) if rows else None

    def take_ticket(self, reset: str, now_ms: int) -> bool:
        """Use it up; false if it was, or is out of time."""
        query = "UPDATE resets SET used_ms = ? WHERE reset = ? AND used_ms IS NULL AND until_ms > ?"
        return self._run(query, now_ms, reset, now_ms) == 1

    def give_back(self, reset: str) -> None:
        """The new password was not good enough: the ticket still counts."""
        self._run("UPDATE resets SET used_ms = NULL WHERE reset = ?", reset)

    def void_tickets(self, person: str, now_ms: int) -> None:
        """A newer ticket makes the older ones of a person useless."""
        self._run(
            "UPDATE resets SET until_ms = ? WHERE person = ? AND used_ms IS NULL AND until_ms > ?",
            now_ms,
            person,
            now_ms,
        )

    def used(self, person: str) -> list[TicketRow]:
        """Resets of a person that were used and that they were not told about yet."""
        query = f"{_TICKET} WHERE person = ? AND used_ms IS NOT NULL AND told_ms IS NULL ORDER BY used_ms"
        return [_ticket(row) for row in self._db.read(query, person)]

    def checked(self, person: str, checker: str, now_ms: int) -> bool:
        """Whether ``checker`` has a ticket out for the person, or one was used that the person was not told about yet."""
        query = """SELECT 1 FROM resets WHERE person = ? AND checker = ? AND told_ms IS NULL
                   AND (used_ms IS NOT NULL OR until_ms > ?)"""
        return bool(self._db.read(query, person, checker, now_ms))

    def told(self, person: str, now_ms: int) -> None:
        """The person has read that their password was reset."""
        query = "UPDATE resets SET told_ms = ? WHERE person = ? AND used_ms IS NOT NULL AND told_ms IS NULL"
        self._run(query, now_ms, person)

    def document(self, reset: str) -> bytes | None:
        """The copy of the document that was looked at, while it is kept."""
        match self._db.read("SELECT document FROM resets WHERE reset = ?", reset):
            case [(bytes(sealed),)]:
                return self._box.reveal(f"document:{reset}", sealed)
        return None

    def expire_documents(self, now_ms: int) -> int:
        """Erase copies whose time is over; returns how many."""
        query = "UPDATE resets SET document = NULL WHERE document IS NOT NULL AND document_until_ms <= ?"
        return self._run(query, now_ms)

    def _run(self, query: str, *cells: Cell) -> int:
        with self._db.transaction() as db:
            return db.execute(query, cells).rowcount


def _note(review: str, subject: str, finding: int) -> str:
    return f"note:{review}:{subject}:{finding}"


def _ticket(row: tuple[Cell, ...]) -> TicketRow:
    match row:
        case (
            str(reset), str(person), int(made), int(until), str(checker), bytes(certificate), int(method), (int() | None) as used,
        ):  # fmt: skip
            return TicketRow(reset, person, made, until, checker, certificate, ResetMethod(method), used)
    raise StoreFailed(name="resets")
