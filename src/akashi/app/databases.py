"""What SQLite says in the words of our error tree, for the small databases of this part.

Guarantees: no exception of the driver leaves a block under :func:`translated`, and none of its messages does. Refuses to tell a full
disk from a broken one where SQLite cannot: it says then that the database cannot be used.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from akashi.durable import DiskFull
from akashi.identity.errors import StoreFailed


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise ``DiskFull`` or ``StoreFailed``, naming the file only."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise DiskFull(name=path.name) from error
        raise StoreFailed(name=path.name) from error
