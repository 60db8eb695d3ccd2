"""Factors and codes in the gateway's database.

Guarantees: what may be used once is used up by one statement that says whether it was there, so that parallel uses cannot share
it; seeds are under the keystore, codes as digests. Refuses to be asked for secrets of other people: every query names the person.
Trusted: whoever can write the database can drop factors, or add some of their own.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from akashi.identity.errors import StoreFailed
from akashi.identity.factors.errors import FactorKnown
from akashi.identity.factors.model import Factor, FactorKind, FactorState
from akashi.identity.store import Cell, Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS factors (
    id TEXT PRIMARY KEY, person TEXT NOT NULL, kind INTEGER NOT NULL, label TEXT NOT NULL, state INTEGER NOT NULL,
    secret BLOB, spki BLOB, credential BLOB UNIQUE, counter INTEGER NOT NULL, discoverable INTEGER NOT NULL,
    made_ms INTEGER NOT NULL, used_ms INTEGER) STRICT;
CREATE INDEX IF NOT EXISTS factors_person ON factors (person);
CREATE TABLE IF NOT EXISTS codes (
    digest BLOB PRIMARY KEY, person TEXT NOT NULL, temporary INTEGER NOT NULL, left INTEGER NOT NULL, until_ms INTEGER,
    issuer TEXT, method INTEGER, document BLOB, made_ms INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS codes_person ON codes (person);
"""
_FACTOR = "SELECT id, person, kind, label, state, secret, spki, credential, counter, discoverable, made_ms, used_ms FROM factors"


@dataclass(frozen=True, slots=True)
class FactorRow:
    """One row of ``factors``: what is told of it, and what is not."""

    factor: Factor
    secret: bytes = field(repr=False)
    """The seed under the keystore (TOTP), the COSE key (passkeys) or the proof of possession (browser and device keys)."""
    counter: int
    """The last accepted time step (TOTP) or signature counter (passkeys)."""


class FactorStore:
    """The tables ``factors`` and ``codes``."""

    def __init__(self, database: Database) -> None:
        self._db = database
        database.ensure(_SCHEMA)
        self._adopt_old_seeds()

    def _adopt_old_seeds(self) -> None:
        # Until issue 5 a person had one seed, in their own row; the label it is protected under stays the same.
        if not self._db.read("SELECT 1 FROM people WHERE totp IS NOT NULL LIMIT 1"):
            return
        with self._db.transaction() as db:
            db.execute(
                "INSERT INTO factors SELECT 'fac-' || lower(hex(randomblob(10))), person, 1, '', 1, totp, NULL, NULL, totp_step, 0, 0, NULL"
                " FROM people WHERE totp IS NOT NULL"
            )
            db.execute("UPDATE people SET totp = NULL, totp_pending = NULL WHERE totp IS NOT NULL")

    def insert(self, factor: Factor, secret: bytes, counter: int) -> None:
        """Keep a new factor. Raises :class:`FactorKnown` if its credential is enrolled, by whomever."""
        spki, credential = factor.spki or None, factor.credential or None
        cells: tuple[Cell, ...] = (factor.id, factor.person, int(factor.kind), factor.label, int(factor.state))
        cells += (secret, spki, credential, counter, int(factor.discoverable), factor.made_ms, factor.used_ms)
        try:
            self._run(f"INSERT INTO factors VALUES ({', '.join('?' * 12)})", *cells)
        except sqlite3.IntegrityError as error:
            raise FactorKnown from error

    def rows(self, person: str, kind: FactorKind | None = None) -> list[FactorRow]:
        """A person's factors, oldest first."""
        rows = self._db.read(f"{_FACTOR} WHERE person = ? ORDER BY rowid", person)
        found = [_row(row) for row in rows]
        return [one for one in found if kind is None or one.factor.kind is kind]

    def row(self, person: str, id_: str) -> FactorRow | None:
        """One factor of this person."""
        rows = self._db.read(f"{_FACTOR} WHERE person = ? AND id = ?", person, id_)
        return _row(rows[0]) if rows else None

    def of_credential(self, credential: bytes) -> FactorRow | None:
        """The passkey with this credential id."""
        rows = self._db.read(f"{_FACTOR} WHERE credential = ?", credential)
        return _row(rows[0]) if rows else None

    def advance(self, id_: str, counter: int, now_ms: int, *, pending: bool = False) -> bool:
        """Use a factor at a higher counter (or zero where it has none); false if another use was first.

        ``pending``: this first use puts it in force.
        """
        query = (
            "UPDATE factors SET counter = ?, used_ms = ?, state = 1 WHERE id = ? AND state = ?"
            " AND (counter < ? OR (counter = 0 AND ? = 0))"
        )
        return self._run(query, counter, now_ms, id_, int(not pending), counter, counter) == 1

    def suspend(self, id_: str) -> bool:
        """Stop a factor that may have a copy; false if it was not in force."""
        return self._run("UPDATE factors SET state = 2 WHERE id = ? AND state = 1", id_) == 1

    def remove(self, person: str, id_: str) -> bool:
        """Forget a factor; false if there is none."""
        return self._run("DELETE FROM factors WHERE person = ? AND id = ?", person, id_) == 1

    def drop_pending(self, person: str) -> None:
        """Forget seeds that no code confirmed."""
        self._run("DELETE FROM factors WHERE person = ? AND state = 0", person)

    def replace_recovery(self, person: str, digests: list[bytes], now_ms: int) -> None:
        """These recovery codes and no others."""
        with self._db.transaction() as db:
            db.execute("DELETE FROM codes WHERE person = ? AND temporary = 0", (person,))
            rows = [(digest, person, 0, 1, None, None, None, None, now_ms) for digest in digests]
            db.executemany("INSERT INTO codes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def use_recovery(self, person: str, digest: bytes) -> bool:
        """Use one up; false if it was used, or never was one. Nothing is written then."""
        query = "SELECT 1 FROM codes WHERE person = ? AND digest = ? AND temporary = 0"
        if not self._db.read(query, person, digest):
            return False
        return self._run("DELETE FROM codes WHERE person = ? AND digest = ? AND temporary = 0", person, digest) == 1

    def recovery_left(self, person: str) -> int:
        """How many recovery codes are left."""
        return len(self._db.read("SELECT 1 FROM codes WHERE person = ? AND temporary = 0", person))

    def issue_temporary(
        self,
        person: str,
        digest: bytes,
        *,
        uses: int,
        until_ms: int,
        issuer: str,
        method: int,
        document: bytes,
        now_ms: int,
    ) -> None:
        """Replace the person's temporary code."""
        with self._db.transaction() as db:
            db.execute("DELETE FROM codes WHERE person = ? AND temporary = 1", (person,))
            row = (digest, person, 1, uses, until_ms, issuer, method, document, now_ms)
            db.execute("INSERT INTO codes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def use_temporary(self, person: str, digest: bytes, now_ms: int) -> bool:
        """Use it once more; false past its time or uses, or if it is none. Nothing is written then."""
        where = "person = ? AND digest = ? AND temporary = 1 AND left > 0 AND until_ms > ? AND made_ms <= ?"
        if not self._db.read(f"SELECT 1 FROM codes WHERE {where}", person, digest, now_ms, now_ms):
            return False
        return self._run(f"UPDATE codes SET left = left - 1 WHERE {where}", person, digest, now_ms, now_ms) == 1

    def temporary_until(self, person: str, now_ms: int) -> int | None:
        """Until when the person's temporary code is good."""
        query = "SELECT until_ms FROM codes WHERE person = ? AND temporary = 1 AND left > 0 AND until_ms > ?"
        for (until,) in self._db.read(query, person, now_ms):
            return until if isinstance(until, int) else None
        return None

    def temporary_issuer(self, person: str, now_ms: int) -> str | None:
        """Who issued the temporary code of the person that is in force."""
        query = "SELECT issuer FROM codes WHERE person = ? AND temporary = 1 AND until_ms > ?"
        for (issuer,) in self._db.read(query, person, now_ms):
            return issuer if isinstance(issuer, str) else None
        return None

    def end_temporary(self, person: str) -> bool:
        """Forget the person's temporary code; false if there was none."""
        if not self._db.read("SELECT 1 FROM codes WHERE person = ? AND temporary = 1", person):
            return False
        return self._run("DELETE FROM codes WHERE person = ? AND temporary = 1", person) > 0

    def drop_codes(self, person: str) -> None:
        """Forget all codes of a person."""
        self._run("DELETE FROM codes WHERE person = ?", person)

    def _run(self, query: str, *cells: Cell) -> int:
        with self._db.transaction() as db:
            return db.execute(query, cells).rowcount


def _row(row: tuple[Cell, ...]) -> FactorRow:
    match row:
        case (
            str(id_), str(person), int(kind), str(label), int(state), (bytes() | None) as secret, (bytes() | None) as spki,
            (bytes() | None) as credential, int(counter), int(discoverable), int(made), (int() | None) as used,
        ):  # fmt: skip
            held = secret if FactorKind(kind) in (FactorKind.BROWSER_KEY, FactorKind.DEVICE_KEY) else None
            known = (bool(discoverable), spki or b"", credential or b"", held or b"")
            factor = Factor(id_, person, FactorKind(kind), label, FactorState(state), made, used, *known)
            return FactorRow(factor, secret or b"", counter)
    raise StoreFailed(name="factors")
