"""What a gateway keeps of emergency accounts: sealed secrets, notes of reviews, which alerts were told.

Guarantees: a secret is under the keystore (``SecretBox``), bound to its account and digest, or nowhere (paper envelope); while an account is
not open its row in ``people`` has no password at all, so that nothing kept or remembered signs in. Rows of old secrets are deleted and their
bytes overwritten (``secure_delete``). Trusted: whoever can write this file can destroy a seal (the check finds it), not open an account.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from akashi.identity.errors import StoreFailed
from akashi.identity.store import Cell, Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS emergency_secrets (
    account TEXT NOT NULL, digest BLOB NOT NULL, salt BLOB NOT NULL, protected BLOB, encoded TEXT NOT NULL, made_ms INTEGER NOT NULL,
    PRIMARY KEY (account, digest)) STRICT;
CREATE TABLE IF NOT EXISTS emergency_notes (opening TEXT PRIMARY KEY, salt BLOB NOT NULL, protected BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS emergency_told (
    kind INTEGER NOT NULL, subject TEXT NOT NULL, mark INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, subject, mark)) STRICT;
CREATE TABLE IF NOT EXISTS emergency_read (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class SecretRow:
    """One sealed secret; ``protected`` is ``None`` where it is on paper, or was handed out."""

    account: str
    digest: bytes
    salt: bytes = field(repr=False)
    protected: bytes | None = field(repr=False)
    encoded: str = field(repr=False)
    """The argon2id hash that goes into ``people`` when the account opens."""


class EmergencyStore:
    """The tables of this part in ``gateway.db``."""

    def __init__(self, database: Database) -> None:
        self._db = database
        database.ensure(_SCHEMA)

    def stage(self, row: SecretRow, at_ms: int) -> None:
        """Keep a secret before the ledger hears of it."""
        self._run(
            "INSERT INTO emergency_secrets VALUES (?, ?, ?, ?, ?, ?)",
            row.account, row.digest, row.salt, row.protected, row.encoded, at_ms,
        )  # fmt: skip

    def secret(self, account: str, digest: bytes) -> SecretRow | None:
        """The secret that the ledger's digest names."""
        found = self._db.read(
            "SELECT account, digest, salt, protected, encoded FROM emergency_secrets WHERE account = ? AND digest = ?",
            account,
            digest,
        )
        return _secret(found[0]) if found else None

    def keep_only(self, account: str, digest: bytes) -> None:
        """Forget every other secret of the account."""
        self._run("DELETE FROM emergency_secrets WHERE account = ? AND digest <> ?", account, digest)

    def drop(self, account: str, digest: bytes) -> None:
        """Forget a secret that the ledger refused."""
        self._run("DELETE FROM emergency_secrets WHERE account = ? AND digest = ?", account, digest)

    def handed_out(self, account: str, digest: bytes) -> None:
        """The secret is with somebody now; here only its hash stays until the account is closed."""
        self._run("UPDATE emergency_secrets SET protected = NULL WHERE account = ? AND digest = ?", account, digest)

    def set_live(self, account: str, encoded: str | None) -> bool:
        """Put the account's hash in force, or take every password from it; true where that changed something."""
        # `people` is identity's own table: a sealed account must have no password there, which no sign-in rule could promise as well.
        query = "UPDATE people SET password = ?, long_password = 1 WHERE person = ? AND password IS NOT ?"
        return self._run(query, encoded, account, encoded) == 1

    def has_password(self, account: str) -> bool:
        """Has the account a password in force?"""
        return bool(self._db.read("SELECT 1 FROM people WHERE person = ? AND password IS NOT NULL", account))

    def put_notes(self, opening: str, salt: bytes, protected: bytes) -> None:
        """What a reviewer wrote, under the keystore."""
        self._run("INSERT OR REPLACE INTO emergency_notes VALUES (?, ?, ?)", opening, salt, protected)

    def notes(self, opening: str) -> tuple[bytes, bytes] | None:
        """``(salt, protected)`` of a review."""
        match self._db.read("SELECT salt, protected FROM emergency_notes WHERE opening = ?", opening):
            case [(bytes(salt), bytes(protected))]:
                return salt, protected
        return None

    def was_told(self, kind: int, subject: str, mark: int) -> bool:
        """Was this alert raised?"""
        query = "SELECT 1 FROM emergency_told WHERE kind = ? AND subject = ? AND mark = ?"
        return bool(self._db.read(query, kind, subject, mark))

    def told(self, kind: int, subject: str, mark: int, at_ms: int) -> None:
        """Remember that this alert was raised."""
        self._run("INSERT OR IGNORE INTO emergency_told VALUES (?, ?, ?, ?)", kind, subject, mark, at_ms)

    def read_to(self) -> int:
        """How far the access journal was looked through for attempts on sealed accounts."""
        match self._db.read("SELECT number FROM emergency_read"):
            case [(int(number),)]:
                return number
        return 0

    def set_read(self, number: int) -> None:
        """It was looked through to this entry."""
        self._run("INSERT OR REPLACE INTO emergency_read VALUES (1, ?)", number)

    def _run(self, query: str, *cells: Cell) -> int:
        with self._db.transaction() as db:
            return db.execute(query, cells).rowcount


def _secret(row: tuple[Cell, ...]) -> SecretRow:
    match row:
        case (str(account), bytes(digest), bytes(salt), (bytes() | None) as protected, str(encoded)):
            return SecretRow(account, digest, salt, protected, encoded)
    raise StoreFailed(name="emergency")
