"""The audit finds each class of damage where it is; snapshots are consistent; a rebuild restores the derived table."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from akashi.ledger.audit import Finding, audit
from akashi.ledger.engine.copies import rebuild, snapshot
from akashi.ledger.errors import LedgerDamaged, LedgerLocked
from akashi.ledger.service import Engine, LedgerExists
from akashi.ledger.store import DATABASE
from tests.ledger.world import KINDS, ORIGIN, SoftNoteSigner, World


def grow(engine: Engine, world: World) -> None:
    """Leaves 2 to 6 in heights 3 to 5."""
    engine.submit(world.noted(1))
    engine.submit_many([world.noted(2), world.noted(3, slot=4), world.noted(999, slot=4)])
    engine.submit(world.noted(4))
    engine.close()


def tamper(directory: Path, sql: str) -> None:
    """Change the file of a closed ledger with SQLite itself."""
    other = sqlite3.connect(directory / DATABASE)
    other.execute(sql)
    other.commit()
    other.close()


def test_untouched_ledger_is_clean(engine: Engine, world: World, directory: Path) -> None:
    """Everything agrees: the report counts what there is and finds nothing."""
    grow(engine, world)

    report = audit(directory, KINDS, cosigner=world.cosigner)

    assert report.clean
    assert (report.leaves, report.blocks, report.origin, report.sealed) == (7, 5, ORIGIN, True)


def test_ledger_in_use_can_be_audited(engine: Engine, world: World, directory: Path) -> None:
    """The audit reads one snapshot while the writer is open."""
    engine.submit(world.noted(1))

    assert audit(directory, KINDS).clean


def test_ledger_with_every_own_kind_is_clean(engine: Engine, world: World, directory: Path) -> None:
    """Revocation, a new log key and an explained clock are re-executed like anything else."""
    engine.submit(world.noted(1))
    engine.rekey(world.next_log, world.rekeying(SoftNoteSigner(ORIGIN, "third")))
    world.clock.advance(-3_600_000)
    engine.submit(world.stepping(world.clock.now_ms() + 3_600_000, world.clock.now_ms(), life_ms=90_000_000))
    engine.submit(world.say_revoked())
    engine.close()

    report = audit(directory, KINDS, cosigner=world.cosigner)

    assert report.findings == ()


@pytest.mark.parametrize(
    ("sql", "step", "failure", "at"),
    [
        (
            "UPDATE leaves SET leaf = CAST(substr(leaf, 1, length(leaf) - 1) || x'00' AS BLOB) WHERE idx = 3",
            3,
            "effects",
            3,
        ),
        ("UPDATE leaves SET leaf = x'80' WHERE idx = 3", 2, "leaf.shape", 3),
        ("UPDATE leaves SET nodes = zeroblob(64) WHERE idx = 3", 4, "tree.node", 3),
        ("UPDATE leaves SET op_id = zeroblob(32) WHERE idx = 3", 2, "leaf.columns", 3),
        ("UPDATE leaves SET subject = 'tr-other' WHERE idx = 3", 2, "leaf.columns", 3),
        ("UPDATE leaves SET own = 0 WHERE idx = 1", 2, "leaf.columns", 1),
        ("DELETE FROM leaves WHERE idx = 2", 2, "leaf.index", 2),
        ("UPDATE blocks SET header = zeroblob(9) WHERE height = 3", 5, "chain.header", 3),
        ("DELETE FROM blocks WHERE height = 5", 5, "chain.header", 5),
        ("INSERT INTO blocks SELECT 9, header, note, rows FROM blocks WHERE height = 1", 5, "chain.extra_block", 9),
        ("UPDATE blocks SET note = (SELECT note FROM blocks WHERE height = 2) WHERE height = 3", 6, "note.head", 3),
        ("UPDATE state SET value = x'01' WHERE space = 'test'", 7, "state.row", 6),
        ("DELETE FROM state WHERE space = 'test'", 7, "state.row", 6),
        ("UPDATE state SET tag = zeroblob(16) WHERE space = 'test'", 7, "state.seal", 7),
        ("UPDATE blocks SET rows = zeroblob(32) WHERE height = 5", 7, "state.total", 5),
    ],
)
def test_damage_is_located(
    engine: Engine, world: World, directory: Path, sql: str, step: int, failure: str, at: int
) -> None:
    """Each class of damage is reported with its step, class and place."""
    grow(engine, world)
    tamper(directory, sql)

    report = audit(directory, KINDS, cosigner=world.cosigner)

    assert Finding(step, failure, at) in report.findings


def test_signature_swapped_between_operations_is_found(engine: Engine, world: World, directory: Path) -> None:
    """A leaf whose envelope carries a wrong signature is found by its signature, not only by its hash."""
    grow(engine, world)
    other = sqlite3.connect(directory / DATABASE)
    (leaf,) = other.execute("SELECT leaf FROM leaves WHERE idx = 4").fetchone()
    at = len(leaf) - 40  # inside the signature: after it come result (1) and effects (2 + 32)
    other.execute("UPDATE leaves SET leaf = ? WHERE idx = 4", (leaf[:at] + bytes((leaf[at] ^ 1,)) + leaf[at + 1 :],))
    other.commit()
    other.close()

    report = audit(directory, KINDS)

    assert Finding(3, "signature", 4) in report.findings


def test_progress_is_told(engine: Engine, world: World, directory: Path) -> None:
    """A long audit can show how far it is."""
    grow(engine, world)
    told: list[tuple[int, int]] = []

    audit(directory, KINDS, progress=lambda done, total: told.append((done, total)))

    assert told == [(0, 7)]


def test_missing_ledger_is_damage(tmp_path: Path) -> None:
    """There is nothing to audit, snapshot or rebuild where no ledger is."""
    with pytest.raises(LedgerDamaged, match="missing"):
        audit(tmp_path, KINDS)
    with pytest.raises(LedgerDamaged, match="missing"):
        snapshot(tmp_path, tmp_path / "copy")
    with pytest.raises(LedgerDamaged, match="missing"):
        rebuild(tmp_path, KINDS, World().cosigner)


def test_rebuild_restores_a_damaged_state(engine: Engine, world: World, directory: Path) -> None:
    """The derived table can be thrown away: rebuilt from the leaves it is the same, and the ledger opens again."""
    grow(engine, world)
    tamper(directory, "DELETE FROM state WHERE space != 'log'")

    rows = rebuild(directory, KINDS, world.cosigner)

    report = audit(directory, KINDS, cosigner=world.cosigner)
    assert report.clean
    assert report.rows == rows
    world.open(directory).close()


def test_rebuild_refuses_damaged_leaves(engine: Engine, world: World, directory: Path) -> None:
    """Leaves that do not re-execute are no source; the old table stays."""
    grow(engine, world)
    tamper(directory, "UPDATE leaves SET leaf = x'80' WHERE idx = 3")

    with pytest.raises(LedgerDamaged, match="rebuild"):
        rebuild(directory, KINDS, world.cosigner)

    assert sqlite3.connect(directory / DATABASE).execute("SELECT count(*) FROM state").fetchone() == (7,)


def test_rebuild_needs_the_writer_lock(engine: Engine, world: World, directory: Path) -> None:
    """A ledger in use is not rebuilt under its writer."""
    with pytest.raises(LedgerLocked):
        rebuild(directory, KINDS, world.cosigner)


def test_snapshot_while_writing_is_consistent(engine: Engine, world: World, directory: Path, tmp_path: Path) -> None:
    """A copy made while others write is one height: it audits clean and opens."""
    envelopes = [world.noted(n, slot=n % 50) for n in range(1000, 1200)]
    writer = threading.Thread(target=lambda: [engine.submit(envelope) for envelope in envelopes])
    writer.start()

    snapshot(directory, tmp_path / "copy")

    writer.join()
    report = audit(tmp_path / "copy", KINDS, cosigner=world.cosigner)
    assert report.clean
    assert 2 <= report.leaves <= 202
    assert engine.size == 202
    world.open(tmp_path / "copy").close()


def test_snapshot_is_not_overwritten(engine: Engine, directory: Path, tmp_path: Path) -> None:
    """An existing copy is never replaced."""
    snapshot(directory, tmp_path / "copy")

    with pytest.raises(LedgerExists):
        snapshot(directory, tmp_path / "copy")
