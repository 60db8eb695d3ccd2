"""Hot copies: of one moment, whole or not there, beside a writer that does not stop."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from akashi.app.mirrors.copying import copy_database
from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.service import LedgerExists
from tests.waiting import PATIENCE_S


def _database(path: Path, rows: int) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (i INTEGER PRIMARY KEY, twice INTEGER, b BLOB)")
    for number in range(rows):
        connection.execute("INSERT INTO t VALUES (?, ?, ?)", (number, 2 * number, bytes(100_000)))
    return connection


def test_a_copy_is_of_one_moment_while_somebody_writes(tmp_path: Path) -> None:
    """Transactions of two rows go on all the while: the copy has whole ones only, is sound, and nothing else is left."""
    connection, ended, first = _database(tmp_path / "a.db", 40), threading.Event(), threading.Event()

    def write() -> None:
        number = 1_000
        while not ended.is_set():
            connection.execute("BEGIN")
            for _ in range(2):
                connection.execute("INSERT INTO t VALUES (?, ?, ?)", (number, 2 * number, b"x" * 1_000))
                number += 1
            connection.execute("COMMIT")
            first.set()
            ended.wait(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    first.wait(PATIENCE_S)
    copy_database(tmp_path / "a.db", tmp_path / "b.db", share=50)
    ended.set()
    writer.join()
    connection.close()
    made = sqlite3.connect(tmp_path / "b.db")
    sound = made.execute("PRAGMA integrity_check").fetchone()
    late = made.execute("SELECT count(*) FROM t WHERE i >= 1000").fetchone()[0]
    wrong = made.execute("SELECT count(*) FROM t WHERE twice <> 2 * i").fetchone()[0]
    made.close()

    assert (sound, late % 2, wrong) == (("ok",), 0, 0)
    assert late > 0
    assert not list(tmp_path.glob("*.new"))


def test_a_copy_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    """Must fail: a second copy of the same name; the first is as it was."""
    _database(tmp_path / "a.db", 1).close()
    (tmp_path / "b.db").write_bytes(b"older")
    with pytest.raises(LedgerExists):
        copy_database(tmp_path / "a.db", tmp_path / "b.db")

    assert (tmp_path / "b.db").read_bytes() == b"older"


def test_remains_of_a_killed_copy_are_no_obstacle(tmp_path: Path) -> None:
    """What was left without its name is made anew."""
    _database(tmp_path / "a.db", 1).close()
    (tmp_path / ".b.db.new").write_bytes(b"half")
    copy_database(tmp_path / "a.db", tmp_path / "b.db")

    assert sqlite3.connect(tmp_path / "b.db").execute("SELECT count(*) FROM t").fetchone() == (1,)


def test_a_source_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Must fail: nothing to copy; nothing appears."""
    with pytest.raises(LedgerDamaged):
        copy_database(tmp_path / "a.db", tmp_path / "b.db")

    assert list(tmp_path.iterdir()) == []
