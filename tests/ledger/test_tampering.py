"""Attacks on the file of a ledger: what is noticed while it runs, at the next start, and from a checkpoint kept elsewhere."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.service import Engine
from akashi.ledger.store import DATABASE
from tests.ledger.world import SoftSigner, World


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE blocks SET header = zeroblob(80) WHERE height = 2",
        "UPDATE leaves SET leaf = zeroblob(9) WHERE idx = 1",
        "UPDATE state SET value = x'01' WHERE space = 'log'",
        "DELETE FROM state",
        "INSERT INTO blocks SELECT 3, header, note, rows FROM blocks WHERE height = 2",
    ],
)
def test_foreign_write_stops_the_open_engine(engine: Engine, world: World, directory: Path, tampering: str) -> None:
    """Whoever writes to the file beside the engine is noticed at the next append; after that nothing is taken."""
    other = sqlite3.connect(directory / DATABASE)
    other.execute(tampering)
    other.commit()
    other.close()

    with pytest.raises(LedgerDamaged):
        engine.submit(world.noted(1))
    with pytest.raises(LedgerDamaged):
        engine.submit(world.noted(2))


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE blocks SET header = zeroblob(80) WHERE height = 2",
        "UPDATE blocks SET header = zeroblob(80) WHERE height = 1",
        "UPDATE blocks SET note = (SELECT note FROM blocks WHERE height = 1) WHERE height = 2",
        "UPDATE blocks SET rows = zeroblob(32) WHERE height = 2",
        "DELETE FROM blocks WHERE height = 2",
        "UPDATE leaves SET leaf = zeroblob(9) WHERE idx = 1",
        "UPDATE leaves SET nodes = zeroblob(64) WHERE idx = 1",
        "UPDATE leaves SET op_id = zeroblob(32) WHERE idx = 1",
        "DELETE FROM leaves WHERE idx = 1",
        "UPDATE state SET value = x'01' WHERE space = 'log' AND key = x'6b6579'",
        "UPDATE state SET value = x'01' WHERE space = 'keyof'",
        "DELETE FROM state WHERE space = 'keyof'",
        "INSERT INTO state VALUES ('key', x'00', x'01', zeroblob(16))",
        "PRAGMA user_version = 9",
        "PRAGMA application_id = 9",
        "DROP TABLE blocks",
    ],
)
def test_tampered_store_does_not_open(engine: Engine, world: World, directory: Path, tampering: str) -> None:
    """Changes made while the ledger was closed are found at the next start."""
    engine.close()
    other = sqlite3.connect(directory / DATABASE)
    other.execute(tampering)
    other.commit()
    other.close()

    with pytest.raises(LedgerDamaged):
        world.open(directory)


def test_a_key_added_to_the_state_by_hand_signs_nothing(engine: Engine, world: World, directory: Path) -> None:
    """Attack: copy a valid key row under another key id, seal and all, to let a stranger sign."""
    stranger = SoftSigner("a stranger")
    engine.close()
    other = sqlite3.connect(directory / DATABASE)
    other.execute(
        "INSERT INTO state SELECT space, ?, value, tag FROM state WHERE space = 'key' LIMIT 1", (stranger.key,)
    )
    other.commit()
    other.close()

    with pytest.raises(LedgerDamaged, match=r"state\.row"):
        world.open(directory)


def test_an_older_value_of_a_row_is_noticed(engine: Engine, world: World, directory: Path) -> None:
    """Attack: put back the row of a key as it was before its revocation; row seals hold, the sum does not."""
    sql = "SELECT value, tag FROM state WHERE space = 'key' AND key = ?"
    other = sqlite3.connect(directory / DATABASE)
    before = other.execute(sql, (world.gateway.key,)).fetchone()
    engine.submit(world.revocation(world.gateway.key))
    engine.close()
    other.execute("UPDATE state SET value = ?, tag = ? WHERE space = 'key' AND key = ?", (*before, world.gateway.key))
    other.commit()
    other.close()

    with pytest.raises(LedgerDamaged, match=r"state\.total"):
        world.open(directory)


def test_old_copy_is_refused_when_somebody_has_seen_more(engine: Engine, world: World, directory: Path) -> None:
    """A ledger restored from an old copy must not fork the log."""
    engine.close()
    old = (directory / DATABASE).read_bytes()
    ahead = world.open(directory)
    ahead.submit(world.noted(1))
    seen = ahead.checkpoint()
    ahead.close()
    (directory / DATABASE).write_bytes(old)

    with pytest.raises(LedgerDamaged, match="rolled_back"):
        world.open(directory, witnessed=(seen,))


def test_other_history_of_the_same_size_is_refused(engine: Engine, world: World, directory: Path) -> None:
    """A ledger that differs from a checkpoint somebody has seen is a fork."""
    engine.close()
    old = (directory / DATABASE).read_bytes()
    ahead = world.open(directory)
    ahead.submit(world.noted(1))
    seen = ahead.checkpoint()
    ahead.close()
    (directory / DATABASE).write_bytes(old)
    fork = world.open(directory)
    fork.submit(world.noted(2))
    fork.close()

    with pytest.raises(LedgerDamaged, match="forked"):
        world.open(directory, witnessed=(seen,))


def test_the_home_remembers_the_newest_checkpoint(world: World, directory: Path, tmp_path: Path) -> None:
    """The file outside the ledger's directory shows an old copy for what it is."""
    seen = tmp_path / "seen.note"
    world.create(directory, seen=seen).close()
    old = (directory / DATABASE).read_bytes()
    ahead = world.open(directory, seen=seen)
    ahead.submit(world.noted(1))
    ahead.close()
    (directory / DATABASE).write_bytes(old)

    with pytest.raises(LedgerDamaged, match="rolled_back"):
        world.open(directory, seen=seen)
