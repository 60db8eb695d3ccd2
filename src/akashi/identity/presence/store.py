"""Tables of presence in the gateway's database: places, proofs and places of sessions, alerts, counts, blocks.

Guarantees: as ``identity.store.Database``: every change is durable when its method returns. Cookies and tokens are here as digests only.
Trusted: whoever can write the database can list a place or acknowledge an alert; the answers are on the ledger too.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from akashi.identity.errors import StoreFailed
from akashi.identity.model import Session
from akashi.identity.presence.model import Alert, Standing
from akashi.identity.presence.rules import KEY_LENGTH
from akashi.identity.rules import standing_failures
from akashi.identity.store import Cell, Database

MINUTE_MS = 60_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS stays (
    id BLOB PRIMARY KEY, token BLOB NOT NULL UNIQUE, proved_ms INTEGER NOT NULL, unconfirmed INTEGER NOT NULL,
    place BLOB, browser TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS places (
    digest BLOB PRIMARY KEY, device TEXT NOT NULL, browser INTEGER NOT NULL, first_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS place_people (
    digest BLOB NOT NULL, person TEXT NOT NULL, standing INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    PRIMARY KEY (digest, person)) STRICT;
CREATE INDEX IF NOT EXISTS place_people_person ON place_people (person);
CREATE TABLE IF NOT EXISTS alerts (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, subject TEXT NOT NULL, person TEXT, count INTEGER NOT NULL,
    first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, acknowledged_ms INTEGER, acknowledged_by TEXT) STRICT;
CREATE TABLE IF NOT EXISTS ends (person TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS blocks (person TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS sprayed (minute INTEGER PRIMARY KEY, count INTEGER NOT NULL) STRICT;
"""
_ALERT = "SELECT number, kind, subject, person, count, first_ms, last_ms, acknowledged_ms, acknowledged_by FROM alerts"


@dataclass(frozen=True, slots=True)
class StayRow:
    """What presence adds to a row of ``sessions``."""

    proved_ms: int
    unconfirmed: bool
    place: bytes | None
    browser: str


@dataclass(frozen=True, slots=True)
class Toll:
    """What an attempt at signing in is charged to: who, and how many failures they may have."""

    who: str
    limit: int


class PresenceStore:
    """The rows. Thread-safe as the database is."""

    def __init__(self, database: Database) -> None:
        self._db = database
        database.ensure(_SCHEMA)

    # Sessions

    def insert_stay(self, session: Session, token: bytes, browser: str) -> None:
        """What presence knows of a new session; ``token`` is its token's digest."""
        row = (session.id, token, session.proved_ms, int(session.unconfirmed), session.place, browser)
        self._run("INSERT INTO stays VALUES (?, ?, ?, ?, ?, ?)", *row)

    def session_of(self, token: bytes) -> bytes | None:
        """The id of the session with this token digest; ids stay when tokens change."""
        for (id_,) in self._db.read("SELECT id FROM stays WHERE token = ?", token):
            return bytes(id_) if isinstance(id_, bytes) else None
        return None

    def stay(self, id_: bytes) -> StayRow | None:
        """What is known of a session."""
        for row in self._db.read("SELECT proved_ms, unconfirmed, place, browser FROM stays WHERE id = ?", id_):
            match row:
                case (int(proved), int(unconfirmed), (bytes() | None) as place, str(browser)):
                    return StayRow(proved, bool(unconfirmed), place, browser)
            raise StoreFailed(name="stays")
        return None

    def prove_stay(self, id_: bytes, token: bytes, proved_ms: int) -> None:
        """A fresh proof: the old token is worth nothing from now on."""
        self._run("UPDATE stays SET token = ?, proved_ms = ? WHERE id = ?", token, proved_ms, id_)

    def confirm_stay(self, id_: bytes) -> bool:
        """The question was answered with yes; false if it was answered already."""
        return self._run("UPDATE stays SET unconfirmed = 0 WHERE id = ? AND unconfirmed = 1", id_) == 1

    def drop_stay(self, id_: bytes) -> None:
        """The session ended."""
        self._run("DELETE FROM stays WHERE id = ?", id_)

    def end_all(self, person: str) -> None:
        """Everything of the person ends: whoever is just signing in as them learns of it by :meth:`ends`."""
        self._run("INSERT INTO ends VALUES (?, 1) ON CONFLICT (person) DO UPDATE SET count = count + 1", person)

    def ends(self, person: str) -> int:
        """How often everything of the person was ended."""
        return int(str(self._db.read("SELECT coalesce(sum(count), 0) FROM ends WHERE person = ?", person)[0][0]))

    def stay_ids(self, person: str, key: str) -> list[bytes]:
        """Sessions of a person whose id begins with ``key``."""
        query = "SELECT id FROM sessions WHERE person = ? AND substr(lower(hex(id)), 1, ?) = ?"
        return [bytes(id_) for (id_,) in self._db.read(query, person, KEY_LENGTH, key) if isinstance(id_, bytes)]

    # Places

    def place_device(self, digest: bytes) -> str | None:
        """On which device a place is."""
        for (device,) in self._db.read("SELECT device FROM places WHERE digest = ?", digest):
            return str(device)
        return None

    def standing(self, digest: bytes, person: str) -> Standing:
        """What a place is to a person."""
        query = "SELECT standing FROM place_people WHERE digest = ? AND person = ?"
        for (standing,) in self._db.read(query, digest, person):
            return Standing(int(str(standing)))
        return Standing.NEW

    def known_places(self, person: str) -> int:
        """At how many browsers a person is known."""
        query = "SELECT count(*) FROM place_people JOIN places USING (digest) WHERE person = ? AND standing = ? AND browser = 1"
        return int(str(self._db.read(query, person, int(Standing.KNOWN))[0][0]))

    def listed_places(self) -> int:
        """How many browsers are on the institution's list."""
        query = "SELECT count(DISTINCT digest) FROM place_people JOIN places USING (digest) WHERE standing = ? AND browser = 1"
        return int(str(self._db.read(query, int(Standing.KNOWN))[0][0]))

    def is_listed(self, digest: bytes) -> bool:
        """Whether anybody is known at this place."""
        query = "SELECT 1 FROM place_people WHERE digest = ? AND standing = ? LIMIT 1"
        return bool(self._db.read(query, digest, int(Standing.KNOWN)))

    def put_place(
        self, digest: bytes, device: str, person: str, standing: Standing, at_ms: int, *, browser: bool
    ) -> None:
        """A place, and what it is to a person from now on; what was denied once stays denied."""
        with self._db.transaction() as db:
            db.execute("INSERT OR IGNORE INTO places VALUES (?, ?, ?, ?)", (digest, device, int(browser), at_ms))
            query = (
                "INSERT INTO place_people VALUES (?, ?, ?, ?) ON CONFLICT (digest, person)"
                " DO UPDATE SET standing = excluded.standing, at_ms = excluded.at_ms WHERE standing <> ?"
            )
            db.execute(query, (digest, person, int(standing), at_ms, int(Standing.DENIED)))

    # Alerts

    def raise_alert(self, kind: str, subject: str, person: str | None, count: int, now_ms: int) -> tuple[int, bool]:
        """One more of an open alert, or a new one; its number, and whether it is new."""
        with self._db.transaction() as db:
            found = db.execute(
                "SELECT number FROM alerts WHERE kind = ? AND subject = ? AND person IS ? AND acknowledged_ms IS NULL",
                (kind, subject, person),
            ).fetchone()
            if found is not None:
                query = "UPDATE alerts SET count = count + ?, last_ms = ? WHERE number = ?"
                db.execute(query, (count, now_ms, found[0]))
                return int(found[0]), False
            made = db.execute(
                "INSERT INTO alerts (kind, subject, person, count, first_ms, last_ms) VALUES (?, ?, ?, ?, ?, ?)",
                (kind, subject, person, count, now_ms, now_ms),
            )
            return int(made.lastrowid or 0), True

    def alerts(self, where: str, *cells: Cell, most: int = 500) -> list[Alert]:
        """Alerts, newest first; ``where`` is a fixed condition of ours."""
        return [
            _alert(row) for row in self._db.read(f"{_ALERT} WHERE {where} ORDER BY number DESC LIMIT ?", *cells, most)
        ]

    def acknowledge(self, number: int, person: str, now_ms: int) -> bool:
        """Mark an alert; false if it is marked already."""
        query = (
            "UPDATE alerts SET acknowledged_ms = ?, acknowledged_by = ? WHERE number = ? AND acknowledged_ms IS NULL"
        )
        return self._run(query, now_ms, person, number) == 1

    # Blocks and counts

    def block(self, person: str, now_ms: int) -> None:
        """Nobody signs in as this person until :meth:`unblock`."""
        self._run("INSERT OR IGNORE INTO blocks VALUES (?, ?)", person, now_ms)

    def unblock(self, person: str) -> bool:
        """Lift the block; false if there was none."""
        return self._run("DELETE FROM blocks WHERE person = ?", person) == 1

    def blocked(self, person: str) -> bool:
        """Whether a leak is suspected."""
        return bool(self._db.read("SELECT 1 FROM blocks WHERE person = ?", person))

    def standing_of(self, who: str, now_ms: int, lapse_ms: int) -> int:
        """How many failures of ``who`` stand now."""
        for count, last in self._db.read("SELECT count, last_ms FROM failures WHERE who = ?", who):
            return standing_failures(int(str(count)), int(str(last)), now_ms, lapse_ms)
        return 0

    def charge(self, tolls: tuple[Toll, ...], now_ms: int, lapse_ms: int) -> list[bool]:
        """Count an attempt on each before it is made, in one transaction; for each whether it was free. After one that was not, none is charged.

        What is locked is written too, with its old values: a refusal must not be quicker than a failure.
        """
        free: list[bool] = []
        with self._db.transaction() as db:
            for toll in tolls:
                row = db.execute("SELECT count, last_ms FROM failures WHERE who = ?", (toll.who,)).fetchone()
                count, last_ms = row or (0, now_ms)
                count = standing_failures(count, last_ms, now_ms, lapse_ms)
                may = count < toll.limit and all(free)
                kept = (count + 1, now_ms) if may else (count, last_ms)
                db.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", (toll.who, *kept))
                free.append(may)
        return free

    def refund(self, *who: str) -> None:
        """The attempt was none: take it back."""
        with self._db.transaction() as db:
            for one in who:
                db.execute("UPDATE failures SET count = count - 1 WHERE who = ? AND count > 0", (one,))

    def sprayed(self, now_ms: int, lapse_ms: int) -> int:
        """Failures in the whole institution within ``lapse_ms``; times ahead of the clock count too."""
        since = (now_ms - lapse_ms) // MINUTE_MS
        return int(str(self._db.read("SELECT coalesce(sum(count), 0) FROM sprayed WHERE minute > ?", since)[0][0]))

    def spray(self, now_ms: int, lapse_ms: int) -> None:
        """One more failure; minutes long past are forgotten."""
        with self._db.transaction() as db:
            db.execute("DELETE FROM sprayed WHERE minute <= ?", ((now_ms - lapse_ms) // MINUTE_MS,))
            query = "INSERT INTO sprayed VALUES (?, 1) ON CONFLICT (minute) DO UPDATE SET count = count + 1"
            db.execute(query, (now_ms // MINUTE_MS,))

    def _run(self, query: str, *cells: Cell) -> int:
        with self._db.transaction() as db:
            cursor: sqlite3.Cursor = db.execute(query, cells)
            return cursor.rowcount


def _alert(row: tuple[Cell, ...]) -> Alert:
    match row:
        case (
            int(number), str(kind), str(subject), (str() | None) as person, int(count), int(first), int(last),
            (int() | None) as done, (str() | None) as by,
        ):  # fmt: skip
            return Alert(number, kind, subject, person, count, first, last, done, by)
    raise StoreFailed(name="alerts")
