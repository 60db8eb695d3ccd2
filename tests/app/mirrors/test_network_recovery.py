"""Several servers keep a ledger and all of them are lost: the service comes back from a mirror and the founding server's key store alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from akashi.app.config import gateway_paths, gateways_in, server_paths
from akashi.app.gateway.home import acting
from akashi.app.mirrors.adopting import adopt, parse_epoch
from akashi.app.mirrors.mirroring import LedgerFile
from akashi.app.mirrors.recovering import Wish, recover
from akashi.app.wiring import KINDS
from akashi.exchange.model import WithdrawReason
from akashi.keys.keystore import FileKeystore
from akashi.ledger.audit import audit
from akashi.ledger.proof.evidence import export_subject
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_file
from akashi.network.mirror.errors import RecoveryRefused
from akashi.network.records import servers
from akashi.vault.errors import PayloadMissing
from tests.app.mirrors.two import Two
from tests.app.service import CLINIC, PASSPHRASE, Service, checkup_file
from tests.network.cometbft import needs_cometbft
from tests.network.mirror.carrying import Carried
from tests.waiting import until

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    """Two servers at work."""
    made = Two(tmp_path)
    yield made
    made.stop()


def test_all_servers_are_lost_and_the_service_comes_back(two: Two, tmp_path: Path) -> None:
    """Bundles and receipts of a network, the follower's pull, then everything is lost: a new epoch runs on one server, with every operation entered again."""
    carried = Carried(tmp_path, two.service)
    kept, gone = carried.send(1), carried.send(2)
    carried.carry()
    payload = carried.payload(gone)
    two.service.clinic.exchange.withdraw(gone, WithdrawReason.WRONG_CONTENT, acting(two.service.session(CLINIC)))
    _until_erased(two, carried, payload)
    carried.carry()
    two.now()
    pulled = carried.mirror.pull(LedgerFile.of_home(two.home))
    carried.mirror.take(carried.export().path)
    trust = two.service.server.trust_text().encode()
    bundle = export_subject(two.service.server.engine, kept)
    key_copy = tmp_path / "kept"
    shutil.copytree(two.service.server.paths.keys, key_copy)
    two.lose()

    def unlock(folder: Path) -> FileKeystore:
        return FileKeystore.open(folder, PASSPHRASE)

    with pytest.raises(RecoveryRefused) as refused:
        recover(carried.mirror, tmp_path / "no", key_copy, unlock, PASSPHRASE, Wish(same_log=True), two.clock)
    made = recover(carried.mirror, two.home, key_copy, unlock, PASSPHRASE, Wish(same_log=False), two.clock)
    public = server_paths(two.home).public
    epoch = parse_epoch((public / "epoch-2.akashi-epoch").read_bytes())
    adopted = [adopt(gateway_paths(two.home, one), epoch) for one in gateways_in(two.home)]

    assert pulled >= 0
    assert refused.value.params["reason"] == "network"
    assert (made.payloads, made.without_wraps) == (1, 0)
    assert {one.origin for one in adopted} == {made.origin}
    assert (public / "trust-1.txt").read_bytes() == trust
    assert verify_file(bundle, (public / "trust-1.txt").read_bytes(), KINDS).status is Status.VERIFIED
    with Service(two.home, two.cast, two.clock) as again:
        assert again.open(kept).documents
        with pytest.raises(PayloadMissing):
            again.server.vault.body(payload)
        fresh = again.send(again.draft(checkup_file(people=2, seed=9))).transfer
        again.confirm(kept)
        new = again.server.trust_text().encode()
        assert verify_file(export_subject(again.server.engine, fresh), new, KINDS).status is Status.VERIFIED
        assert verify_file(export_subject(again.server.engine, kept), new, KINDS).status is Status.VERIFIED
        with again.server.engine.view() as state:
            assert [one.number for one in servers(state) if one.retired_ms is None] == [1]
    assert audit(server_paths(two.home).ledger, KINDS).clean


def _until_erased(two: Two, carried: Carried, payload: bytes) -> None:
    """Every server erases, in its own time."""

    def erased() -> bool:
        two.now()
        two.service.server.housekeeping.run_once()
        if two.service.server.keeper is not None:
            two.service.server.keeper.run_once()
        return carried.order_of(payload) is not None

    until(erased, "the word of both servers that it is erased")
