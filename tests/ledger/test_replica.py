"""A replica that hurries: what a power cut may cost it, and what it may not."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from akashi.ledger.engine import replica
from akashi.ledger.engine.chain import LogKeys
from akashi.ledger.engine.replica import ReplicaChain
from akashi.ledger.engine.rowseal import RowSeal
from akashi.ledger.errors import LedgerBusy
from akashi.ledger.store import DATABASE, connect
from akashi.ledger.wire.envelope import parse_operation
from tests.ledger.world import KINDS, LEDGER, START_MS, World


@dataclass
class Lab:
    """A ledger that others order, and the connection that writes it."""

    world: World
    path: Path
    connection: sqlite3.Connection
    chain: ReplicaChain

    def block(self) -> None:
        """One more block with one operation, settled."""
        operation = parse_operation(self.world.noted(self.chain.position.height))
        self.chain.execute(self.chain.position.height + 1, START_MS, [operation])
        self.chain.settle()


def _chain(world: World, connection: sqlite3.Connection) -> ReplicaChain:
    keys = LogKeys(world.log, world.cosigner)
    made = ReplicaChain(connection, RowSeal.of(world.cosigner, LEDGER), KINDS, keys, world.clock, LEDGER)
    made.load()
    return made


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """Two leaves of its own time, none yet of the network's."""
    monkeypatch.setattr(replica, "handed_over", lambda _state: "chain-1")
    world = World()
    world.create(tmp_path).close()
    connection = connect(tmp_path / DATABASE, write=True)
    yield Lab(world, tmp_path / DATABASE, connection, _chain(world, connection))
    connection.close()


def _after_a_cut(lab: Lab, folder: Path, kept: int | None) -> ReplicaChain:
    """The chain over copies of the files as the disk holds them: of the log only the first ``kept`` bytes, all where it says none."""
    folder.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{lab.path}{suffix}", folder / f"{DATABASE}{suffix}")
    if kept is not None:
        with open(folder / f"{DATABASE}-wal", "r+b") as log:
            log.truncate(kept)
    return _chain(lab.world, connect(folder / DATABASE, write=True))


def test_a_cut_costs_a_hurrying_replica_whole_blocks(lab: Lab, tmp_path: Path) -> None:
    """The log of the file is cut anywhere, as by a power cut: the chain stands at one of its blocks and goes on from there."""
    lab.chain.hurry()
    for _ in range(3):
        lab.block()
    length = Path(f"{lab.path}-wal").stat().st_size

    stands = [
        _after_a_cut(lab, tmp_path / str(part), length * part // 8).position for part in range(9)
    ]  # each load() has compared tree, head and place

    heights = [one.height for one in stands]
    assert heights == sorted(heights)
    assert (heights[0], heights[-1]) == (0, 3)
    assert stands[-1] == lab.chain.position


def test_what_was_made_durable_no_cut_costs(lab: Lab, tmp_path: Path) -> None:
    """Nothing of it is left in the log of the file, a block that was only begun is given up, and commits wait for the disk again."""
    lab.chain.hurry()
    lab.block()
    lab.chain.execute(2, START_MS, [parse_operation(lab.world.noted(7))])

    lab.chain.make_durable()

    assert _after_a_cut(lab, tmp_path / "cut", 0).position == lab.chain.position
    assert lab.chain.position.height == 1
    assert lab.connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_who_cannot_be_made_durable_is_told_so(lab: Lab) -> None:
    """Must fail: somebody reads an older state, so the log of the file cannot be emptied."""
    reader = connect(lab.path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM leaves").fetchone()
    lab.connection.execute("PRAGMA busy_timeout = 0")
    lab.chain.hurry()
    lab.block()

    with pytest.raises(LedgerBusy):
        lab.chain.make_durable()

    reader.close()
