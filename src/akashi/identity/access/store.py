"""What only the gateway knows of its machine clients: secrets as keyed hashes, labels, networks; tables of ``gateway.db``.

Guarantees: a bearer secret is stored as ``HMAC-SHA256(key, SHA-256(secret))``, the key under the keystore, so that the database alone
neither signs in nor tells a guess right; a label is under the keystore too; writes are durable when they return. Refuses nothing: the
service asks. Trusted: whoever can write ``gateway.db`` and holds the keystore can make secrets, but no client: those are on the ledger.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from akashi.identity.errors import StoreFailed
from akashi.identity.model import SecretBox
from akashi.identity.rules import standing_failures
from akashi.identity.store import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS clients (client TEXT PRIMARY KEY, label BLOB NOT NULL, networks TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS client_secrets (
    number INTEGER PRIMARY KEY AUTOINCREMENT, client TEXT NOT NULL, digest BLOB NOT NULL, ends_ms INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS client_secrets_client ON client_secrets (client);
CREATE TABLE IF NOT EXISTS client_key (one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB NOT NULL) STRICT;
"""
_KEY_LABEL = "client-key"
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class SecretRow:
    """One secret's keyed hash; good before ``ends_ms``."""

    number: int
    digest: bytes = field(repr=False)
    ends_ms: int


class ClientStore:
    """Labels, networks and secrets of clients. Thread-safe as the database is."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        database.ensure(_SCHEMA)
        self._db, self._box = database, box

    def key(self) -> bytes:
        """The key of the hashes; made when it is first asked for."""
        with self._db.transaction() as db:
            # In one transaction: two processes must not make two keys.
            row = db.execute("SELECT key FROM client_key").fetchone()
            if row is None:
                made = self._box.protect(_KEY_LABEL, secrets.token_bytes(KEY_BYTES))
                db.execute("INSERT INTO client_key VALUES (1, ?)", (made,))
                row = (made,)
        return self._box.reveal(_KEY_LABEL, row[0])

    def insert(self, client: str, label: str, networks: tuple[str, ...]) -> None:
        """A client before its enrolment on the ledger."""
        with self._db.transaction() as db:
            db.execute(
                "INSERT INTO clients VALUES (?, ?, ?)", (client, self._sealed(client, label), " ".join(networks))
            )

    def remove(self, client: str) -> None:
        """Forget a client whom the ledger refused."""
        with self._db.transaction() as db:
            db.execute("DELETE FROM client_secrets WHERE client = ?", (client,))
            db.execute("DELETE FROM clients WHERE client = ?", (client,))

    def set_networks(self, client: str, networks: tuple[str, ...]) -> None:
        """From where the client may come; empty: from anywhere."""
        with self._db.transaction() as db:
            db.execute("UPDATE clients SET networks = ? WHERE client = ?", (" ".join(networks), client))

    def details(self, client: str) -> tuple[str, tuple[str, ...]] | None:
        """Label and networks; ``None`` for a client that this gateway does not know."""
        match self._db.read("SELECT label, networks FROM clients WHERE client = ?", client):
            case [(bytes(label), str(networks))]:
                return self._box.reveal(f"client:{client}", label).decode(), tuple(networks.split())
            case []:
                return None
        raise StoreFailed(name="clients")

    def networks(self, client: str) -> tuple[str, ...] | None:
        """The networks alone, for every request: no label is decrypted for it."""
        match self._db.read("SELECT networks FROM clients WHERE client = ?", client):
            case [(str(networks),)]:
                return tuple(networks.split())
        return None

    def add_secret(self, client: str, digest: bytes, ends_ms: int, older_end_ms: int) -> None:
        """A new secret; those before it end at ``older_end_ms`` at the latest."""
        with self._db.transaction() as db:
            db.execute("UPDATE client_secrets SET ends_ms = min(ends_ms, ?) WHERE client = ?", (older_end_ms, client))
            db.execute(
                "INSERT INTO client_secrets (client, digest, ends_ms) VALUES (?, ?, ?)", (client, digest, ends_ms)
            )

    def secrets(self, client: str) -> list[SecretRow]:
        """The secrets of a client, oldest first."""
        query = "SELECT number, digest, ends_ms FROM client_secrets WHERE client = ? ORDER BY number"
        found = []
        for row in self._db.read(query, client):
            match row:
                case (int(number), bytes(digest), int(ends)):
                    found.append(SecretRow(number, digest, ends))
        return found

    def drop_secrets(self, client: str) -> None:
        """No secret of the client is good any more."""
        with self._db.transaction() as db:
            db.execute("DELETE FROM client_secrets WHERE client = ?", (client,))

    def locked(self, who: str, now_ms: int, limit: int, lapse_ms: int) -> bool:
        """Has ``who`` failed too often just now? Reads only: a good request of a machine costs no write."""
        match self._db.read("SELECT count, last_ms FROM failures WHERE who = ?", who):
            case [(int(count), int(last_ms))]:
                return standing_failures(count, last_ms, now_ms, lapse_ms) >= limit
        return False

    def _sealed(self, client: str, label: str) -> bytes:
        return self._box.protect(f"client:{client}", label.encode())
