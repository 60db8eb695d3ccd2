"""Damage that is done while a server does not run: rewritten, set back, cut, flipped. It is found before or soon after the server votes again, and repaired."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from akashi.app.network.places import replica_keys
from akashi.app.server.founding import SERVER_KEY
from akashi.app.wiring import KINDS
from akashi.clock import SystemClock
from akashi.ledger.author import Author
from akashi.ledger.engine.adopting import adopt
from akashi.ledger.engine.replica import ReplicaChain
from akashi.ledger.engine.rowseal import RowSeal
from akashi.ledger.store import DATABASE, Tables, connect
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.ledger.wire.note import origin_parts
from akashi.network.events import ServerIncident
from akashi.network.model import IncidentKind, IncidentPlace
from akashi.network.scrub.rules import tree_of
from akashi.network.store import NetworkStore
from tests.app.repair.lab import Lab, Place, until
from tests.network.cometbft import needs_cometbft

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]
Damaging = Callable[[Place], None]


def _cut_ledger(place: Place) -> None:
    """Half of the file is gone."""
    with open(place.ledger, "r+b") as file:
        file.truncate(place.ledger.stat().st_size // 2)


def _gone(place: Place) -> None:
    shutil.rmtree(place.paths.ledger)


def _network_cut(place: Place) -> None:
    """network.db's second half is gone."""
    with open(place.places.store, "r+b") as file:
        file.truncate(place.places.store.stat().st_size // 2)


def _flip(path: Path, count: int) -> None:
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 3, len(data), max(1, len(data) // (2 * count))):
        data[at] ^= 0xFF
    path.write_bytes(bytes(data))


def _block_store(place: Place) -> None:
    """Bytes of CometBFT's block store: LevelDB drops what they are in and says nothing."""
    folder = place.places.node.sign_state.parent / "blockstore.db"
    for one in sorted(folder.glob("*.log")) + sorted(folder.glob("*.ldb")):
        if one.stat().st_size > 100:
            _flip(one, 19)


def _state_store(place: Place) -> None:
    """CometBFT's own state."""
    for one in (place.places.node.sign_state.parent / "state.db").glob("*.log"):
        _flip(one, 19)


def _leveldb_gone(place: Place) -> None:
    shutil.rmtree(place.places.node.sign_state.parent / "blockstore.db")


def _rewritten(place: Place) -> None:
    """Another history of the same size, executed by the rules and signed by this server's own keys; every note that told of the true one is gone."""
    seat, ledger = place.places, place.paths.ledger
    origin = (place.paths.public / "origin").read_text().strip()
    assert place.server is not None
    number = place.server.node.seat.book.me.number
    keys = replica_keys(place.keystore, origin, number)
    connection = connect(place.ledger)
    leaves = [row.leaf for row in Tables(connection).leaves(0, 1 << 40)]
    (height,) = connection.execute("SELECT height FROM consensus").fetchone()
    connection.close()
    handover = tree_of(bytes.fromhex(json.loads(seat.node.genesis.read_bytes())["app_hash"]))
    assert handover is not None
    shutil.rmtree(ledger)
    adopt(ledger, leaves[: handover.size], handover.size.to_bytes(8, "big") + handover.root, KINDS, keys)
    ledger_id, _ = origin_parts(origin)
    writing = connect(ledger / DATABASE, write=True)
    chain = ReplicaChain(writing, RowSeal.of(keys.cosigner, ledger_id), KINDS, keys, SystemClock(), ledger_id)
    chain.load()
    own = place.server.node.seat.book.own
    secretariat = (place.paths.public / "secretariat").read_text().strip()
    author = Author(place.server.engine, place.keystore.signer(SERVER_KEY), secretariat, SystemClock())
    lie = author.compose(ServerIncident(own, IncidentKind.REPAIRED, IncidentPlace.LEAVES, 0), subject=own)
    later = [parse_leaf(one) for one in leaves[handover.size : -1]]
    now = parse_leaf(leaves[-1]).block_ms
    chain.execute(1, now, [parse_operation(lie), *(parse_operation(one.envelope) for one in later)])
    chain.settle()
    for further in range(2, height + 1):
        chain.execute(further, now, [])
        chain.settle()
    assert chain.head is not None
    assert chain.head.header.size == len(leaves)
    writing.close()
    store = NetworkStore(place.places.store)
    store.drop_notes([size for size, _ in store.notes()])
    store.close()


@pytest.mark.parametrize(
    "damage", [_cut_ledger, _gone, _network_cut, _block_store, _state_store, _leveldb_gone, _rewritten]
)
def test_what_was_changed_while_it_stood_still_is_repaired(lab: Lab, damage: Damaging) -> None:
    """It comes back with the tree that the others have, its sign state never set back; the ledger tells of it."""
    victim, before = lab.victim, len(lab.incidents())
    victim.stop()
    state = victim.places.node.sign_state.read_bytes()

    damage(victim)

    assert victim.places.node.sign_state.read_bytes() == state
    victim.start()
    mended = until(lambda: len(lab.incidents()) >= before + 2 and not victim.marked(), victim)
    size = lab.submit()
    until(lab.level)
    print(f"{damage.__name__}: found and repaired after {mended:.2f} s")
    assert [one.kind for one in lab.incidents()[before:]] == [IncidentKind.DAMAGED, IncidentKind.REPAIRED]
    assert victim.root(size) == lab.first.root(size)


def test_an_old_copy_of_the_ledger_is_not_continued(lab: Lab, tmp_path: Path) -> None:
    """Set back to an earlier copy of the ledger's whole folder: noticed by the note that a quorum signed since, and repaired."""
    victim, before = lab.victim, len(lab.incidents())
    victim.stop()
    shutil.copytree(victim.paths.ledger, tmp_path / "old")
    victim.start()
    size = lab.submit()
    until(lambda: victim.server is not None and victim.server.engine.size >= size and lab.level(), victim)
    until(lambda: (victim.server.node.notes.newest() or (0,))[0] >= size if victim.server else False, victim)
    victim.stop()

    shutil.rmtree(victim.paths.ledger)
    shutil.copytree(tmp_path / "old", victim.paths.ledger)

    victim.start()
    mended = until(lambda: len(lab.incidents()) >= before + 2 and not victim.marked(), victim)
    print(f"rollback: found and repaired after {mended:.2f} s")
    lab.submit()
    until(lab.level)
    assert [one.kind for one in lab.incidents()[before:]] == [IncidentKind.DAMAGED, IncidentKind.REPAIRED]


def test_a_lost_write_ahead_log_costs_nothing(lab: Lab) -> None:
    """The ledger's and the node's logs of what was written last, cut: either still the same tree, or rebuilt; never another one."""
    victim = lab.victim
    victim.stop()
    wal = victim.places.node.sign_state.parent / "cs.wal" / "wal"
    with open(wal, "r+b") as file:
        file.truncate(wal.stat().st_size // 2)
    for one in victim.paths.ledger.glob(f"{DATABASE}-wal"):
        with open(one, "r+b") as file:
            file.truncate(one.stat().st_size // 2)

    victim.start()

    size = lab.submit()
    mended = until(lambda: victim.server is not None and lab.level() and not victim.marked(), victim)
    print(f"logs: level after {mended:.2f} s")
    assert victim.root(size) == lab.first.root(size)
