"""A consistent copy of a database in use that leaves its writer in peace: small steps, each brought to the disk, with pauses between them.

Guarantees: the copy is of one moment, however long it takes; it has its name only when it is whole and durable; it works for at most ``share`` percent of
the time. While it lasts the source's log of changes (WAL) grows by what is written meanwhile. Refuses a source that is not there, and to
replace a copy. Trusts: the source's own checks are its readers'.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from akashi.durable import fsync_directory, make_private
from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.service import LedgerExists
from akashi.ledger.store import translated

SHARE = 10
"""Percent of the time: a copy of 1 GiB then takes some minutes."""
_STEP_PAGES = 64
_LONGEST_PAUSE_S = 5.0
_PRAGMAS = ("journal_mode=OFF", "synchronous=OFF", "cache_size=-512")
"""Of a file that nobody has a name for yet: what brings it to the disk is done here."""


def copy_database(source: Path, final: Path, share: int = SHARE) -> Path:
    """Copy ``source`` to ``final`` while others read and write it. Raises ``LedgerDamaged``, ``LedgerExists``, ``StoreFailed``."""
    if not source.is_file():
        raise LedgerDamaged("store.missing")
    if final.exists():
        raise LedgerExists
    building = final.with_name(f".{final.name}.new")
    building.unlink(missing_ok=True)
    make_private(building)
    address = f"{source.absolute().as_uri()}?mode=ro"
    handle = os.open(building, os.O_RDONLY)  # closed after SQLite's own: its locks end with the first close
    try:
        with (
            translated(),
            closing(sqlite3.connect(address, uri=True, timeout=10, isolation_level=None)) as reading,
            closing(sqlite3.connect(building, isolation_level=None)) as copy,
        ):
            for pragma in _PRAGMAS:
                copy.execute(f"PRAGMA {pragma}")
            reading.execute("BEGIN")  # one moment for all steps: a busy writer cannot make it start over
            reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
            reading.backup(copy, pages=_STEP_PAGES, progress=_Pace(handle, share))
            reading.execute("ROLLBACK")
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(building, final)
    fsync_directory(final.parent)
    return final


class _Pace:
    """After each step: what was written goes to the disk now, in small pieces, and then nothing is done for a while."""

    def __init__(self, handle: int, share: int) -> None:
        self._handle, self._share = handle, min(100, max(1, share))
        self._began = time.monotonic()

    def __call__(self, _status: int, remaining: int, _total: int) -> None:
        os.fdatasync(self._handle)
        worked = time.monotonic() - self._began
        if remaining:
            time.sleep(min(_LONGEST_PAUSE_S, worked * (100 - self._share) / self._share))
        self._began = time.monotonic()
