"""The gateway's database beside other processes: what is written here is not lost when somebody else closes it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from akashi.durable import make_private
from akashi.identity.store import Database, Store

VISITOR = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); print(db.execute('SELECT count(*) FROM people').fetchone()[0]); db.close()"


def visit(path: Path) -> int:
    """How many people another process reads; it closes the database again."""
    done = subprocess.run([sys.executable, "-c", VISITOR, str(path)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_a_visitor_never_takes_the_log_away(tmp_path: Path) -> None:
    """With several connections of one process open, another process that opens and closes the file leaves the write-ahead log."""
    path = tmp_path / "gateway.db"
    first, second = Database(path), Database(path)
    try:
        Store(first).insert_person("per-1", "mori", "架空 一", 1)
        seen = [visit(path)]
        there = path.with_name("gateway.db-wal").exists()
        Store(second).insert_person("per-2", "hara", "架空 二", 1)
        seen.append(visit(path))
    finally:
        first.close()
        second.close()

    assert (there, seen) == (True, [1, 2])


def test_what_no_text_is_nobodys(tmp_path: Path) -> None:
    """A name typed at a terminal of another encoding (Shift_JIS read as UTF-8) is nobody's login or handle, and no failure of ours."""
    database = Database(tmp_path / "gateway.db")
    store = Store(database)
    store.insert_person("per-1", "mori", "架空 一", 1)
    typed = "森".encode("cp932").decode("utf-8", "surrogateescape")

    assert (store.person_by_login(typed), store.person(typed)) == (None, None)
    assert store.person_by_login("mori") is not None
    database.close()


def test_an_existing_file_is_left_as_it_is(tmp_path: Path) -> None:
    """An empty file comes to be for its owner alone; one that is there keeps its bytes, and a link is refused."""
    path, link = tmp_path / "a.db", tmp_path / "b.db"
    make_private(path)
    mode = path.stat().st_mode & 0o777
    path.write_bytes(b"kept")
    make_private(path)
    link.symlink_to(path)

    assert (mode, path.read_bytes()) == (0o600, b"kept")
    with pytest.raises(OSError, match=os.strerror(17)):
        make_private(link)
