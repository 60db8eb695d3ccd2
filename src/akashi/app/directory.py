"""The directory of institutions: names and public numbers, beside the ledger.

Guarantees: the ledger holds a salted commitment to each entry, and :func:`commitment` recomputes it, so that nobody can
rename an institution unseen. Refuses: entries without a name. Names of institutions are public; names of people never
come here. Trusts whoever can write the server's folder no further than the commitments reach.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from akashi.app.databases import translated
from akashi.errors import InputError
from akashi.identity.rules import directory_commitment

_SCHEMA = """
CREATE TABLE IF NOT EXISTS institutions (
  handle TEXT PRIMARY KEY, name TEXT NOT NULL, number TEXT NOT NULL, salt BLOB NOT NULL
) STRICT
"""
_MAX_NAME = 100
_NUMBER_DIGITS = 10


class DirectoryEntryInvalid(InputError):
    """A name or number that cannot stand in the directory."""

    code = "app.directory_entry"
    ja, en = "機関の名前または番号が正しくありません（{field}）。", "The institution's {field} is not valid."
    hint_ja = "名前は100文字まで、番号は10桁の数字（無い場合は空）です。"
    hint_en = "A name has at most 100 characters; a number has 10 digits, or is empty."


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """One institution as people know it."""

    handle: str
    name: str
    number: str
    salt: bytes

    @property
    def label(self) -> str:
        """What is shown, and what the ledger commits to: the name, with the number where there is one."""
        return f"{self.name}（{self.number}）" if self.number else self.name


def commitment(entry: DirectoryEntry) -> bytes:
    """What ``institution.registered`` carries for this entry."""
    return directory_commitment(entry.handle, entry.label, entry.salt)


class Directory(Protocol):
    """Names by handle. Reading is thread-safe."""

    def entries(self) -> Sequence[DirectoryEntry]:
        """All institutions, by name."""
        ...


class LocalDirectory:
    """The server's own table."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._connected() as connection:
            connection.execute(_SCHEMA)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """One transaction. Raises ``DiskFull``, ``StoreFailed``."""
        with translated(self._path), closing(sqlite3.connect(self._path, timeout=10)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            with connection:
                yield connection

    def entries(self) -> Sequence[DirectoryEntry]:
        """All institutions, by name."""
        with self._connected() as connection:
            rows = connection.execute("SELECT handle, name, number, salt FROM institutions ORDER BY name, handle")
            return [DirectoryEntry(*row) for row in rows]

    def prepare(self, handle: str, name: str, number: str) -> DirectoryEntry:
        """A checked entry with a fresh salt; not stored yet. Raises :class:`DirectoryEntryInvalid`."""
        if not name.strip() or len(name) > _MAX_NAME or not name.isprintable():
            raise DirectoryEntryInvalid(field="name")
        if number and not (len(number) == _NUMBER_DIGITS and number.isascii() and number.isdigit()):
            raise DirectoryEntryInvalid(field="number")
        return DirectoryEntry(handle, name.strip(), number, secrets.token_bytes(16))

    def store(self, entry: DirectoryEntry) -> None:
        """Keep an entry whose commitment is on the ledger; durable on return."""
        with self._connected() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO institutions VALUES (?, ?, ?, ?)",
                (entry.handle, entry.name, entry.number, entry.salt),
            )
