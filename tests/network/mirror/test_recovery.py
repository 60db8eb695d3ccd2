"""Everything but the mirror and the officers' shares is lost; the service comes back, and what was erased does not."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest

from akashi.app.config import gateway_paths, gateways_in
from akashi.app.gateway.following import may_follow
from akashi.app.mirrors import epochs
from akashi.app.mirrors.adopting import adopt, parse_epoch
from akashi.app.mirrors.recovering import Wish, recover
from akashi.app.server.home import Server
from akashi.app.wiring import KINDS
from akashi.keys.custody.model import Share
from akashi.keys.custody.service import make_shares
from akashi.keys.custody.service import recover as unlock_with
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.ledger.audit import Replay, audit
from akashi.ledger.proof.evidence import export_subject
from akashi.ledger.proof.trust import parse_trust
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_file, verify_receipt
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.network.mirror.errors import MirrorKeysMissing, RecoveryRefused
from akashi.network.mirror.events import NOT_CARRIED, carried, carried_digest
from akashi.network.mirror.model import Recovered
from akashi.vault.errors import PayloadMissing
from akashi_verifier.steps import verify as second
from tests.app.service import Service, checkup_file
from tests.network.mirror.carrying import Carried

NEW_PASSPHRASE = b"another invented passphrase"


@dataclass
class Disaster:
    """What was there before it, and what is left."""

    carried: Carried
    kept: str
    erased: str
    receipt: bytes
    key_copy: Path
    shares: list[Share]

    def unlock(self, folder: Path) -> FileKeystore:
        """Two of three officers, on a fresh machine."""
        return unlock_with(folder, self.shares[1:], NEW_PASSPHRASE, cost=FAST_UNSAFE_COST)

    def recover(self, *, same_log: bool, seen: tuple[bytes, ...] = ()) -> Recovered:
        """From the mirror and the shares alone."""
        home, mirror = self.carried.service.home, self.carried.mirror
        wish = Wish(same_log=same_log, seen=seen)
        return recover(mirror, home, self.key_copy, self.unlock, NEW_PASSPHRASE, wish, self.carried.service.clock)

    def lose_the_server(self) -> None:
        """The server's whole folder is gone; the institutions' own gateways are at the institutions."""
        self.carried.service.close()
        shutil.rmtree(self.carried.service.home / "server")

    def begin_again(self) -> Service:
        """The recovered service; the passphrase of the gateways is their own."""
        home = self.carried.service.home
        server = Server.open(home, NEW_PASSPHRASE, self.carried.service.clock)
        server.keystore.rotate_passphrase(b"invented passphrase of a test home", cost=FAST_UNSAFE_COST)
        server.close()
        return Service(home, self.carried.service.cast, self.carried.service.clock)


@pytest.fixture
def disaster(carried: Carried, tmp_path: Path) -> Disaster:
    """One transfer that is alive, one that was erased everywhere, all of it at the mirror, and the key store copied with its recovery file."""
    server = carried.service.server
    kept, erased = carried.send(1), carried.send(2)
    carried.carry()
    carried.erase(erased)
    carried.carry()
    shares = make_shares(server.keystore, 2, 3)
    shutil.copytree(server.paths.keys, tmp_path / "kept-by-officers")
    carried.mirror.take(carried.export().path)
    sent = carried.service.clinic.exchange.show(kept).transfer.operation
    return Disaster(carried, kept, erased, server.engine.receipt(sent), tmp_path / "kept-by-officers", shares)


def test_the_same_log_goes_on(disaster: Disaster) -> None:
    """From the mirror and two shares: same origin, clean audit, the transfer opens, the erased one stays erased, old receipts verify."""
    origin = disaster.carried.service.server.engine.origin
    payload = disaster.carried.payload(disaster.erased)
    notes = [disaster.carried.service.server.engine.note(height) for height in range(1, 6)]
    disaster.lose_the_server()
    made = disaster.recover(same_log=True)

    assert (made.origin, made.payloads, made.without_wraps, made.previous) == (origin, 1, 0, None)
    with disaster.begin_again() as again:
        assert again.open(disaster.kept).documents
        assert [again.server.engine.note(height) for height in range(1, 6)] == notes
        with pytest.raises(PayloadMissing):
            again.server.vault.body(payload)
        verdict = verify_receipt(disaster.receipt, parse_trust(again.server.trust_text().encode()))
        assert verdict.status is Status.VERIFIED
        again.confirm(disaster.kept)
    assert audit(disaster.carried.service.home / "server" / "ledger", KINDS).clean


def test_the_mirror_goes_on_with_what_was_recovered(disaster: Disaster) -> None:
    """Its receipt is carried in first, and tells which bundles it has; then it is fed as before."""
    disaster.lose_the_server()
    disaster.recover(same_log=True)
    disaster.carried.service = disaster.begin_again()
    disaster.carried.answer()
    made = disaster.carried.carry()

    assert made.header.number == 4
    assert disaster.carried.mirror.copy.size == made.header.end
    assert disaster.carried.pending() == []


def test_the_same_log_does_not_go_on_where_more_was_seen(disaster: Disaster) -> None:
    """Something was acknowledged after the last bundle and a gateway remembers it: the same log is refused."""
    disaster.carried.send(3)
    disaster.lose_the_server()
    with pytest.raises(RecoveryRefused) as caught:
        disaster.recover(same_log=True)

    assert caught.value.params["reason"] == "newer_known"


def test_a_new_epoch_names_the_last_checkpoint_and_enters_everything_again(disaster: Disaster) -> None:
    """Where more was seen a new epoch begins: its genesis names the mirror's checkpoint, operations, trails and evidence are there, the former log is kept."""
    disaster.carried.send(3)
    before = disaster.carried.service.server.engine.origin
    disaster.lose_the_server()
    made = disaster.recover(same_log=False)
    home = disaster.carried.service.home
    epoch = parse_epoch((home / "server" / "public" / "epoch-2.akashi-epoch").read_bytes())
    adopted = [adopt(gateway_paths(home, one), epoch) for one in gateways_in(home)]

    assert made.origin == before[:-1] + "2"
    assert made.previous == disaster.carried.mirror.copy.note
    assert {one.origin for one in adopted} == {made.origin}
    with disaster.begin_again() as again:
        assert again.open(disaster.kept).documents
        assert again.trail(disaster.kept) == ["transfer.sent", "transfer.opened"]
        with pytest.raises(PayloadMissing):
            again.server.vault.body(again.clinic.exchange.show(disaster.erased).transfer.payload)
        fresh = again.send(again.draft(checkup_file(people=2, seed=9))).transfer
        trust = again.server.trust_text().encode()
        bundles = [export_subject(again.server.engine, name) for name in (fresh, disaster.kept)]
        assert [verify_file(bundle, trust, KINDS).status for bundle in bundles] == [Status.VERIFIED, Status.VERIFIED]
        assert [second(bundle, trust)["status"] for bundle in bundles] == ["verified", "verified"]
        assert may_follow(parse_trust(trust))  # when several servers keep it again
        old = parse_trust((home / "server" / "public" / "trust-1.txt").read_bytes())
        assert verify_receipt(disaster.receipt, old).status is Status.VERIFIED
    assert audit(home / "server" / "ledger", KINDS).clean


def test_a_carried_state_is_the_former_one(disaster: Disaster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first secretariat key is gone the state is carried: from the former log alone anybody recomputes the digest under which it was."""
    disaster.lose_the_server()
    monkeypatch.setattr(epochs, "_key_of", lambda *_: None)
    disaster.recover(same_log=False)
    home, total, batch = disaster.carried.service.home, bytes(32), b""
    server = Server.open(home, NEW_PASSPHRASE, disaster.carried.service.clock)
    with server.engine.view() as state:
        count, stated, closed = carried(state)
    new = [parse_operation(parse_leaf(one).envelope).statement for one in server.engine.leaves(0, 100)]
    server.close()
    for statement in new:
        if statement.kind == "epoch.carried" and isinstance(statement.body[1], bytes):
            batch += statement.body[1]
            total = carried_digest(total, statement.body[1])
    replay = Replay(KINDS)
    database = sqlite3.connect(home / "server" / "former" / "1" / "ledger.db")
    for (leaf,) in database.execute("SELECT leaf FROM leaves ORDER BY idx"):
        replay.leaf(parse_leaf(leaf))
    database.close()
    former = [row for row in sorted(replay.state.rows.items()) if row[0][0] not in NOT_CARRIED]

    assert (stated, closed) == (total, True)
    assert all(value in batch for (space, key), value in former if (space, key) not in _of_genesis(home))
    assert len(former) - count == len([row for row in former if row[0] in _of_genesis(home)])


def _of_genesis(home: Path) -> set[tuple[str, bytes]]:
    """The rows that a genesis writes itself: they are the new log's own."""
    replay = Replay(KINDS)
    database = sqlite3.connect(home / "server" / "ledger" / "ledger.db")
    (leaf,) = database.execute("SELECT leaf FROM leaves WHERE idx = 0").fetchone()
    database.close()
    replay.leaf(parse_leaf(leaf))
    return set(replay.state.rows)


def test_a_copy_of_the_keys_from_before_the_mirror_does_not_do(carried: Carried, tmp_path: Path) -> None:
    """The recovery key is made when a mirror is enrolled: an older copy of the key store lacks it, and recovery says so."""
    server = carried.service.server
    carried.send()
    carried.mirror.take(carried.export().path)
    shares = make_shares(server.keystore, 2, 3)
    shutil.copytree(server.paths.keys, tmp_path / "old")
    (tmp_path / "old" / "mirror.key").unlink()
    made = Disaster(carried, "", "", b"", tmp_path / "old", shares)
    made.lose_the_server()

    with pytest.raises(MirrorKeysMissing):
        made.recover(same_log=True)
