"""Damage to the ledger's file and to network.db, while the server runs and while it does not: found, repaired, reported, without anybody's hand."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from akashi.network.model import IncidentKind, IncidentPlace
from tests.app.repair.lab import PATIENCE_S, Lab, Place, until
from tests.network.cometbft import needs_cometbft

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]


def _flip_cell(path: Path, table: str, column: str, where: str) -> None:
    """One bit in the middle of a BLOB, with SQLite's own means: the structure stays sound."""
    with sqlite3.connect(path, timeout=PATIENCE_S) as db:
        rowid, value = db.execute(
            f"SELECT {where.split(maxsplit=1)[0]}, {column} FROM {table} WHERE {where}"
        ).fetchone()
        changed = bytearray(value)
        changed[len(changed) // 2] ^= 1
        db.execute(f"UPDATE {table} SET {column} = ? WHERE {where.split(maxsplit=1)[0]} = ?", (bytes(changed), rowid))
    db.close()


def _leaf(place: Place) -> None:
    _flip_cell(place.ledger, "leaves", "leaf", "idx = 9")


def _nodes(place: Place) -> None:
    _flip_cell(place.ledger, "leaves", "nodes", "idx = 7")


def _old_state(place: Place) -> None:
    _flip_cell(place.ledger, "state", "value", "key IS NOT NULL AND space = 'key'")


def _header(place: Place) -> None:
    _flip_cell(place.ledger, "blocks", "header", "height = 5")


def _checkpoint(place: Place) -> None:
    _flip_cell(place.ledger, "blocks", "note", "height = 4")


_ZERO = """
import sqlite3, sys
path = sys.argv[1]
db = sqlite3.connect(path, timeout=10)  # as long is waited for who reads; then it is asked again
(leaf,) = db.execute("SELECT leaf FROM leaves WHERE idx = 9").fetchone()
while db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
    pass
db.close()
with open(path, "r+b") as file:
    at = file.read().index(leaf[:200])
    file.seek(at - at % 4096)
    file.write(bytes(4096))
"""


def _page(place: Place) -> None:
    """A zeroed page beneath the running process, by another one (which does not drop this one's locks)."""
    subprocess.run([sys.executable, "-c", _ZERO, str(place.ledger)], check=True)


def _replaced(place: Place) -> None:
    """Another file in the ledger's place."""
    copy = place.ledger.with_name("copy")
    subprocess.run(["cp", str(place.ledger), str(copy)], check=True)
    copy.rename(place.ledger)


def _without_network(place: Place) -> None:
    for one in place.places.root.glob("network.db*"):
        one.unlink()


@pytest.mark.parametrize(
    "damage", [_leaf, _nodes, _old_state, _header, _checkpoint, _page, _replaced, _without_network]
)
def test_what_changes_while_it_runs_is_found_and_repaired(lab: Lab, damage: Callable[[Place], None]) -> None:
    """It stops voting by itself, rebuilds from the others, votes again; sign state and keys are the same file for file; all roots are equal; the ledger tells of it."""
    victim, before = lab.victim, len(lab.incidents())
    opened = victim.opened
    node = victim.places.node
    keys = [one.read_bytes() for one in (node.validator_key, node.node_key)]

    damage(victim)

    found = until(lambda: victim.marked() or victim.opened > opened, victim)
    mended = until(lambda: victim.opened > opened and not victim.marked(), victim)
    size = lab.submit()
    until(lab.level)
    print(f"{damage.__name__}: found after {found:.2f} s, repaired after {mended:.2f} s more")
    told = lab.incidents()[before:]
    assert [one.kind for one in told] == [IncidentKind.DAMAGED, IncidentKind.REPAIRED]
    assert victim.root(size) == lab.first.root(size)
    assert [one.read_bytes() for one in (node.validator_key, node.node_key)] == keys
    assert list((victim.places.root / "quarantine").iterdir())


def test_a_damaged_quorum_note_gives_way_to_another(lab: Lab) -> None:
    """A flipped bit in a note that was kept is no reason to rebuild: the note goes, the ledger tells of it."""
    victim, before = lab.victim, len(lab.incidents())
    opened = victim.opened
    assert victim.server is not None

    _flip_cell(victim.places.store, "quorum_notes", "note", "size > 0")

    found = until(lambda: len(lab.incidents()) >= before + 2, victim)
    print(f"note: found and told after {found:.2f} s")
    assert {one.place for one in lab.incidents()[before:]} == {IncidentPlace.NOTES}
    assert victim.opened == opened
