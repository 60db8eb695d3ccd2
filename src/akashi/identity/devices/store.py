"""What a gateway remembers of its devices: since when nobody answers for one, and which reminders were given.

Guarantees: as ``identity.store.Database``. Trusted: whoever can write the database can prolong the grace of a device that nobody answers for.
"""

from __future__ import annotations

from akashi.identity.store import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS orphans (device TEXT PRIMARY KEY, since_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS reminders (device TEXT NOT NULL, days INTEGER NOT NULL, PRIMARY KEY (device, days)) STRICT;
"""


class DeviceStore:
    """The rows. Thread-safe as the database is."""

    def __init__(self, database: Database) -> None:
        self._db = database
        database.ensure(_SCHEMA)

    def orphaned_since(self, device: str, now_ms: int) -> int:
        """Since when it is known that nobody answers for the device: from now, if that is news."""
        for (since,) in self._db.read("SELECT since_ms FROM orphans WHERE device = ?", device):
            return int(str(since))
        with self._db.transaction() as db:
            db.execute("INSERT OR IGNORE INTO orphans VALUES (?, ?)", (device, now_ms))
        return now_ms

    def adopted(self, device: str) -> None:
        """Somebody answers for the device again."""
        with self._db.transaction() as db:
            db.execute("DELETE FROM orphans WHERE device = ?", (device,))
            db.execute("DELETE FROM reminders WHERE device = ? AND days < 0", (device,))

    def reminded(self, device: str, days: int) -> bool:
        """Note that somebody was reminded; false if they had been."""
        with self._db.transaction() as db:
            cursor = db.execute("INSERT OR IGNORE INTO reminders VALUES (?, ?)", (device, days))
            return cursor.rowcount == 1
