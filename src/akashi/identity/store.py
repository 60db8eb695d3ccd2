"""The gateway's database: the one place with logins, names, password hashes, sessions and the access journal.

Guarantees: every transaction is durable when it returns (WAL, ``synchronous=FULL``), the file is its owner's only, deleted
rows are zeroed. Refuses: to be shared with a server's home. Trusted: whoever can write this file can make passwords, but not
people: those are on the ledger. Whoever can read it sees names and argon2id hashes; TOTP seeds are under the keystore.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from akashi.durable import DiskFull, make_private
from akashi.identity.errors import LoginTaken, StoreFailed
from akashi.identity.model import Role, Session
from akashi.identity.rules import standing_failures
from akashi.ledger.model import AuthMethod

_SCHEMA = """
CREATE TABLE IF NOT EXISTS people (
    person TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE, name TEXT NOT NULL, roles INTEGER NOT NULL,
    password TEXT, long_password INTEGER NOT NULL DEFAULT 0,
    totp BLOB, totp_pending BLOB, totp_step INTEGER NOT NULL DEFAULT -1) STRICT;
CREATE TABLE IF NOT EXISTS sessions (
    id BLOB PRIMARY KEY, person TEXT NOT NULL, institution TEXT NOT NULL, device TEXT NOT NULL, certificate BLOB NOT NULL,
    method INTEGER NOT NULL, started_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS sessions_person ON sessions (person);
CREATE TABLE IF NOT EXISTS failures (who TEXT PRIMARY KEY, count INTEGER NOT NULL, last_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS directory (institution TEXT PRIMARY KEY, name TEXT NOT NULL, salt BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS journal (number INTEGER PRIMARY KEY, entry BLOB NOT NULL, digest BLOB NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS journal_no_update BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS journal_no_delete BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'append only'); END;
"""
Cell = int | str | bytes | None


class Database:
    """One SQLite connection for all threads of the gateway; other processes may have theirs."""

    def __init__(self, path: Path) -> None:
        make_private(path)
        self._path = path
        self._lock = threading.RLock()
        with self._translated():
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.executescript(_SCHEMA)

    def ensure(self, schema: str) -> None:
        """Make the tables of a part that keeps its own beside these; ``schema`` is a script of ``CREATE … IF NOT EXISTS``."""
        with self._lock, self._translated():
            self._connection.executescript(schema)

    def close(self) -> None:
        """Close the file; later use is an error."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, durable at the end. Raises ``DiskFull`` or ``StoreFailed``."""
        with self._lock, self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def read(self, query: str, *cells: Cell) -> list[tuple[Cell, ...]]:
        """The rows of one query."""
        with self._lock, self._translated():
            return self._connection.execute(query, cells).fetchall()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise  # the callers below know which constraint of theirs it was
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise DiskFull(name=self._path.name) from error
            raise StoreFailed(name=self._path.name) from error


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One row of ``people``."""

    person: str
    login: str = field(repr=False)
    name: str = field(repr=False)
    roles: int
    password: str | None = field(repr=False)
    long_password: bool


_SESSION = "SELECT id, person, institution, device, certificate, method, started_ms, seen_ms FROM sessions"
_PERSON = "SELECT person, login, name, roles, password, long_password FROM people"


class Store:
    """People, sessions, failures and the directory of institutions' names."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def insert_person(self, person: str, login: str, name: str, roles: int) -> None:
        """A person before their registration on the ledger. Raises :class:`LoginTaken`."""
        try:
            with self._db.transaction() as db:
                db.execute(
                    "INSERT INTO people (person, login, name, roles) VALUES (?, ?, ?, ?)", (person, login, name, roles)
                )
        except sqlite3.IntegrityError as error:
            raise LoginTaken from error

    def remove_person(self, person: str) -> None:
        """Forget a person whom the ledger refused."""
        self._run("DELETE FROM people WHERE person = ?", person)

    def people(self) -> list[PersonRow]:
        """Everybody, in the order of their handles."""
        return [_person(row) for row in self._db.read(f"{_PERSON} ORDER BY person")]

    def person(self, person: str) -> PersonRow | None:
        """The person with this handle."""
        rows = self._db.read(f"{_PERSON} WHERE person = ?", person) if is_text(person) else []
        return _person(rows[0]) if rows else None

    def person_by_login(self, login: str) -> PersonRow | None:
        """The person with this login."""
        rows = self._db.read(f"{_PERSON} WHERE login = ?", login) if is_text(login) else []
        return _person(rows[0]) if rows else None

    def set_password(self, person: str, encoded: str, *, long: bool) -> None:
        """Replace the password hash."""
        self._run("UPDATE people SET password = ?, long_password = ? WHERE person = ?", encoded, int(long), person)

    def insert_session(self, session: Session, unless: Callable[[Session], bool] | None = None) -> bool:
        """Keep a session under the hash of its token; the token itself is not stored.

        ``unless`` holds for another session of the person: nothing is kept, and the answer is false. One transaction, so that of two
        that begin at the same moment, also in two processes, one sees the other.
        """
        who = (session.id, session.person, session.institution, session.device, session.certificate)
        with self._db.transaction() as db:
            if unless is not None:
                others = db.execute(f"{_SESSION} WHERE person = ?", (session.person,)).fetchall()
                if any(unless(_session(row)) for row in others):
                    return False
            row = (*who, int(session.method), session.started_ms, session.seen_ms)
            db.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        return True

    def sessions(self, where: str = "1", *cells: Cell) -> list[Session]:
        """Sessions without their tokens and roles; ``where`` is a fixed condition of ours."""
        return [_session(row) for row in self._db.read(f"{_SESSION} WHERE {where}", *cells)]

    def touch_session(self, id_: bytes, seen_ms: int) -> None:
        """The session was used."""
        self._run("UPDATE sessions SET seen_ms = ? WHERE id = ?", seen_ms, id_)

    def delete_session(self, id_: bytes) -> bool:
        """End a session; false if it had ended."""
        return self._run("DELETE FROM sessions WHERE id = ?", id_) == 1

    def charge(self, who: str, now_ms: int, limit: int, lapse_ms: int) -> bool:
        """Count an attempt before it is made, so that parallel attempts cannot share one; false while locked."""
        with self._db.transaction() as db:
            row = db.execute("SELECT count, last_ms FROM failures WHERE who = ?", (who,)).fetchone()
            count, last_ms = row or (0, now_ms)
            count = standing_failures(count, last_ms, now_ms, lapse_ms)
            free = count < limit
            # Written also while locked, with the old values: a refusal must not be quicker than a failure.
            kept = (count + 1, now_ms) if free else (count, last_ms)
            db.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", (who, *kept))
            return free

    def refund(self, who: str, *, clear: bool) -> None:
        """The attempt succeeded: forget all failures (``clear``) or only this one."""
        if clear:
            # A person's counts at places that they are known at have names of their own (`presence.lockout`).
            self._run("DELETE FROM failures WHERE who = ? OR who GLOB ?", who, f"{who}@*")
        else:
            self._run("UPDATE failures SET count = count - 1 WHERE who = ? AND count > 0", who)

    def put_name(self, institution: str, name: str, salt: bytes) -> None:
        """Keep an institution's name with the salt that opens the ledger's commitment."""
        self._run("INSERT OR REPLACE INTO directory VALUES (?, ?, ?)", institution, name, salt)

    def names(self) -> dict[str, tuple[str, bytes]]:
        """Institution to name and salt."""
        return {
            str(i): (str(n), bytes(s)) for i, n, s in self._db.read("SELECT * FROM directory") if isinstance(s, bytes)
        }

    def _run(self, query: str, *cells: Cell) -> int:
        with self._db.transaction() as db:
            return db.execute(query, cells).rowcount


def is_text(typed: str) -> bool:
    """Whether it can be written down at all: a terminal of another encoding leaves halves of characters (lone surrogates)."""
    return not any("\ud800" <= one <= "\udfff" for one in typed)


def _person(row: tuple[Cell, ...]) -> PersonRow:
    match row:
        case (str(p), str(login), str(name), int(r), (str() | None) as h, int(n)):
            return PersonRow(p, login, name, r, h, bool(n))
    raise StoreFailed(name="people")


def _session(row: tuple[Cell, ...]) -> Session:
    match row:
        case (
            bytes(id_),
            str(person),
            str(institution),
            str(device),
            bytes(certificate),
            int(m),
            int(start),
            int(seen),
        ):
            return Session(id_, person, institution, device, Role(0), AuthMethod(m), certificate, start, seen, "")
    raise StoreFailed(name="sessions")
