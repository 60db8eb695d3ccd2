"""A follower on a private link, copies made while it works, and the mirror's own damage."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from akashi.app.mirrors.mirroring import LedgerFile, back_up, drop_old
from akashi.ledger.store import DATABASE
from akashi.ledger.wire.note import parse_checkpoint
from akashi.network.mirror.errors import BundleForged, BundleRollback, MirrorDamaged, MirrorForked
from akashi.vault.model import PayloadStatus
from tests.network.mirror.carrying import Carried
from tests.network.mirror.story import Story, opened


def test_a_follower_has_what_the_source_has(carried: Carried) -> None:
    """After a pull it is at the source's checkpoint, behind by nothing; a further operation is a lag of one."""
    source = LedgerFile(carried.service.server.engine.path)
    carried.mirror.pull(source)
    before = carried.mirror.status(carried.service.server.engine.size).lag
    carried.send()

    assert before == 0
    assert carried.mirror.status(carried.service.server.engine.size).lag == 1
    assert carried.mirror.verify()[0] == carried.mirror.copy.size


def test_a_follower_erases_at_once_and_waits_with_its_word(carried: Carried) -> None:
    """The order came over the link: the body goes now; the receipt answers for it when the transport keys have moved on."""
    name = carried.send()
    carried.carry()
    payload = carried.payload(name)
    carried.erase(name)
    carried.mirror.pull(carried.service.server.engine)
    row = carried.mirror.bodies.find(payload)
    carried.answer()
    early = carried.pending()
    for _ in range(2):
        carried.carry()

    assert row is not None
    assert row.status is PayloadStatus.ERASED
    assert early == [payload]
    assert carried.pending() == []


class _Lying:
    """A source that shows what it likes."""

    def __init__(self, note: bytes, leaves: list[bytes]) -> None:
        self._note, self._leaves = note, leaves

    def checkpoint(self) -> bytes:
        return self._note

    def leaves(self, start: int, end: int) -> Iterator[bytes]:
        return iter(self._leaves[start:end])


def test_a_lying_source_is_refused(carried: Carried) -> None:
    """Too few leaves, a leaf twice, an older checkpoint: the follower stays where it was."""
    engine = carried.service.server.engine
    old, size = engine.note(3), engine.size
    leaves = list(engine.leaves(0, size))
    said = []
    for lie in (_Lying(engine.checkpoint(), leaves[:-1]), _Lying(engine.checkpoint(), [*leaves[:5], *leaves[4:]])):
        with pytest.raises((BundleForged, MirrorForked)) as caught:
            carried.mirror.pull(lie)
        said.append((type(caught.value), carried.mirror.copy.size))
    carried.mirror.pull(engine)
    with pytest.raises(BundleRollback):
        carried.mirror.pull(_Lying(old, leaves))

    assert said == [(BundleForged, 0), (BundleForged, 0)]
    assert carried.mirror.copy.size == parse_checkpoint(engine.checkpoint()).size


def test_a_copy_holds_ledger_and_bodies_and_no_keys(story: Story, tmp_path: Path) -> None:
    """Made while the mirror is open: one height, all bodies, neither keys nor wraps; old copies go."""
    away = story.away(1, tmp_path / "away")
    mirror = opened(away)
    for name in ("20260101T000000Z", "20260102T000000Z", "20260103T000000Z"):
        back_up(mirror.paths, tmp_path / "copies" / name)
    dropped = drop_old(tmp_path / "copies", 2)
    size = mirror.copy.size
    mirror.close()
    kept = sorted((tmp_path / "copies").iterdir())
    database = sqlite3.connect(kept[0] / DATABASE)
    (leaves,) = database.execute("SELECT count(*) FROM leaves").fetchone()
    database.close()

    assert (dropped, [one.name for one in kept]) == (1, ["20260102T000000Z", "20260103T000000Z"])
    assert leaves == size
    assert sorted(path.name for path in kept[0].iterdir()) == ["bodies.db", "ledger.db"]
    assert [path for path in kept[0].iterdir() if any(wrap in path.read_bytes() for wrap in story.wraps)] == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE leaves SET leaf = CAST(substr(leaf, 1, length(leaf) - 1) || x'00' AS BLOB) WHERE idx = 3",
        "DELETE FROM leaves WHERE idx = 3",
        "UPDATE leaves SET nodes = zeroblob(length(nodes)) WHERE idx = 2",
        "UPDATE blocks SET header = zeroblob(length(header)) WHERE height = 2",
        "DELETE FROM state WHERE key = (SELECT key FROM state LIMIT 1)",
        "UPDATE state SET value = x'00' WHERE key = (SELECT key FROM state LIMIT 1)",
    ],
)
def test_a_changed_mirror_is_noticed(story: Story, tmp_path: Path, statement: str) -> None:
    """Whoever changes the mirror's own file is found at its opening, or when it is verified."""
    away = story.away(1, tmp_path / "away")
    database = sqlite3.connect(away / "mirror" / "ledger" / DATABASE)
    with database:
        database.execute(statement)
    database.close()

    with pytest.raises(MirrorDamaged):
        opened(away).verify()


def test_a_changed_body_is_noticed(story: Story, tmp_path: Path) -> None:
    """A flipped chunk of a sealed body."""
    away = story.away(1, tmp_path / "away")
    database = sqlite3.connect(away / "mirror" / "bodies.db")
    with database:
        database.execute("UPDATE chunks SET data = zeroblob(length(data)) WHERE number = 1")
    database.close()
    mirror = opened(away)
    with pytest.raises(MirrorDamaged) as caught:
        mirror.verify()
    mirror.close()

    assert caught.value.failure == "body.digest"
