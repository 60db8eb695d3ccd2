"""Consistent copies of a ledger in use, and its derived table made anew.

Guarantees: ``snapshot`` copies one height while others read and write, and the copy appears under its name only when complete and durable;
``rebuild`` replaces the state table by what re-executing every leaf gives, in one transaction. Refuses: to rebuild from leaves that do not
re-execute to their recorded effects. A snapshot is as confidential as the ledger: handles and digests, no personal data, no keys.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from akashi.durable import fsync_directory, make_directory
from akashi.errors import AkashiError
from akashi.ledger.audit import Progress, Replay
from akashi.ledger.engine.rowseal import RowSeal
from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.events import KindTable
from akashi.ledger.service import LedgerExists, WriterLock
from akashi.ledger.store import DATABASE, Tables, check_schema, connect, translated
from akashi.ledger.wire.leaf import header_hash, parse_header, parse_leaf
from akashi.ledger.wire.merkle import leaf_hash
from akashi.ledger.wire.note import NoteSigner

_PROGRESS_EVERY = 256


def snapshot(directory: Path, target: Path) -> Path:
    """Copy the ledger in ``directory`` into the directory ``target`` (made if need be) without stopping it; the new file."""
    source, final = directory / DATABASE, target / DATABASE
    if not source.is_file():
        raise LedgerDamaged("store.missing")
    make_directory(target)
    if final.exists():
        raise LedgerExists
    building = target / f".{DATABASE}.new"
    building.unlink(missing_ok=True)
    with translated(), closing(connect(source)) as reading:
        check_schema(reading)
        with closing(sqlite3.connect(building)) as copy:
            # All pages in one step: one read transaction, so a busy writer cannot make it start over.
            reading.backup(copy, pages=-1)
            copy.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    building.chmod(0o600)
    handle = os.open(building, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(building, final)
    fsync_directory(target)
    return final


def rebuild(directory: Path, kinds: KindTable, cosigner: NoteSigner, progress: Progress | None = None) -> int:
    """Throw the state table away and make it from the leaves; returns its rows. Raises ``LedgerLocked``, ``LedgerDamaged``."""
    path = directory / DATABASE
    if not path.is_file():
        raise LedgerDamaged("store.missing")
    lock = WriterLock(directory)
    try:
        with translated(), closing(connect(path, write=True)) as connection:
            check_schema(connection)
            connection.execute("BEGIN IMMEDIATE")
            rows = _refill(connection, kinds, cosigner, progress)
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return rows
    finally:
        lock.release()


def _refill(connection: sqlite3.Connection, kinds: KindTable, cosigner: NoteSigner, progress: Progress | None) -> int:
    replay, tables = Replay(kinds), Tables(connection)
    total = tables.size()
    for row in tables.leaves(0, total):
        try:
            replay.leaf(parse_leaf(row.leaf))
        except AkashiError as error:
            raise LedgerDamaged("rebuild.leaf") from error
        replay.frontier.append(leaf_hash(row.leaf))
        if progress is not None and row.index % _PROGRESS_EVERY == 0:
            progress(row.index, total)
    newest = tables.newest_block()
    if newest is None or replay.ledger_id is None:
        raise LedgerDamaged("chain.empty")
    if parse_header(newest.header).root != replay.frontier.root():
        raise LedgerDamaged("rebuild.root")
    sealed = Tables(connection, RowSeal.of(cosigner, replay.ledger_id))
    connection.execute("DELETE FROM state")
    amount = sealed.write_state(dict(replay.state.rows), sealed.state)
    connection.execute(
        "UPDATE blocks SET rows = ? WHERE height = ?",
        (RowSeal.of(cosigner, replay.ledger_id).total(header_hash(newest.header), amount), newest.height),
    )
    return len(replay.state.rows)
