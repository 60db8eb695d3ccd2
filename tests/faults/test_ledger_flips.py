"""Every byte of a small ledger file, flipped: found at the next start or by the audit, or without any meaning at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from akashi.ledger.audit import audit
from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.service import Engine
from akashi.ledger.store import DATABASE
from tests.ledger.world import KINDS, SENDER, SUBJECT, World

SIDE_FILES = (f"{DATABASE}-wal", f"{DATABASE}-shm")


def content(engine: Engine) -> list[object]:
    """Everything that a reader can ask for."""
    leaves = list(engine.leaves(0, 100))
    ids = [entry.operation_id for subject in (SUBJECT, SENDER) for entry in engine.entries(subject)]
    with engine.view() as state:
        rows = [list(state.scan(space)) for space in ("key", "keyof", "log", "test")]
    heights = range(1, engine.height + 1)
    chain = [(engine.header(height), engine.note(height)) for height in heights]
    return [leaves, ids, [engine.receipt(each) for each in ids], rows, chain, engine.registry(), engine.checkpoint()]


def outcome_of(directory: Path, world: World, expected: list[object]) -> str:
    """``refused``, ``found`` or ``harmless``; anything else fails the test by its own exception."""
    for name in SIDE_FILES:
        (directory / name).unlink(missing_ok=True)
    report = audit(directory, KINDS, cosigner=world.cosigner)
    try:
        engine = world.open(directory)
    except LedgerDamaged:
        return "refused"
    try:
        same = content(engine) == expected
    except LedgerDamaged:
        return "found"
    finally:
        engine.close()
    if report.clean:
        assert same, "a clean audit and another content"
        return "harmless"
    return "found"


def flips(data: bytes, step: int) -> Iterator[int]:
    """Positions: every ``step``-th byte that is not zero, and a few of the zeros between."""
    written = [at for at, byte in enumerate(data) if byte]
    yield from written[::step]
    yield from [at for at, byte in enumerate(data) if not byte][:: step * 30]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A ledger of five leaves, closed."""
    world, directory = World(), tmp_path / "ledger"
    engine = world.create(directory)
    engine.submit(world.noted(1))
    engine.submit_many([world.noted(2), world.noted(3, slot=4)])
    engine.close()
    return directory


def meaningless(directory: Path, data: bytes) -> set[int]:
    """Positions that carry nothing: the letters of the schema's SQL (page 1), zeros, and state sums of superseded blocks."""
    connection = sqlite3.connect(directory / DATABASE)
    sums = [row[0] for row in connection.execute("SELECT rows FROM blocks ORDER BY height DESC LIMIT -1 OFFSET 1")]
    connection.close()
    spans = [set(range(data.find(each), data.find(each) + len(each))) for each in sums]
    return set(range(4096)).union(*spans, {at for at, byte in enumerate(data) if not byte})


def flip_all(directory: Path, step: int) -> dict[str, set[int]]:
    """Flip one bit at each position and put it back; the positions by outcome."""
    world, path = World(), directory / DATABASE
    engine = world.open(directory)
    expected = content(engine)
    engine.close()
    original = path.read_bytes()
    outcomes: dict[str, set[int]] = {"refused": set(), "found": set(), "harmless": set()}
    for at in flips(original, step):
        path.write_bytes(original[:at] + bytes((original[at] ^ (1 << at % 8),)) + original[at + 1 :])
        outcomes[outcome_of(directory, world, expected)].add(at)
    path.write_bytes(original)
    return outcomes


def test_flipped_bytes_are_noticed_or_meaningless(small: Path) -> None:
    """A sample of all bytes: no flip gives a traceback, and what passes the audit carried nothing."""
    outcomes = flip_all(small, 17)

    assert outcomes["harmless"] <= meaningless(small, (small / DATABASE).read_bytes())
    assert len(outcomes["refused"]) > 100


@pytest.mark.slow
def test_every_flipped_byte_is_noticed_or_meaningless(small: Path) -> None:
    """Every byte that was written, one by one."""
    outcomes = flip_all(small, 1)

    assert outcomes["harmless"] <= meaningless(small, (small / DATABASE).read_bytes())
    assert len(outcomes["refused"]) > 2000


@pytest.mark.parametrize("share", [0, 1, 2, 3, 50, 90, 99])
def test_truncated_file_is_refused(small: Path, share: int) -> None:
    """A file cut at any of these percentages is refused by the engine and reported by the audit."""
    path = small / DATABASE
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * share // 100])

    report = audit(small, KINDS)

    assert not report.clean
    with pytest.raises(LedgerDamaged):
        World().open(small)
