"""All servers of a network are lost; the service comes back from its mirror, and several servers keep it again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from akashi.app.config import gateway_paths, server_paths
from akashi.app.network.trusting import turns_of
from akashi.app.server.founding import SERVER_KEY
from akashi.app.wiring import KINDS
from akashi.ledger.audit import audit
from akashi.ledger.keyring.members import handed_over, members
from akashi.ledger.proof.evidence import export_subject
from akashi.ledger.proof.trust import parse_trust
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.registry import key_record
from akashi.ledger.wire.envelope import key_id
from akashi.network.model import ServerRecord
from akashi.network.records import servers
from akashi.network.trustchain import servers_of
from tests.app.mirrors.regrown import Regrown, copied_keys, recovered
from tests.app.mirrors.two import Two
from tests.app.service import CLINIC, checkup_file
from tests.network.cometbft import needs_cometbft
from tests.network.mirror.carrying import Carried

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]


@pytest.fixture
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Two servers at work."""
    made = Two(tmp_path_factory.mktemp("g"))  # names of sockets are short
    yield made
    with suppress(AttributeError):  # lost by the test itself
        made.stop()


def test_a_recovered_network_is_several_servers_again(two: Two, tmp_path: Path) -> None:
    """Four keep it, numbered on; lost ones stay retired with void keys; gateways follow by themselves; what was sent before opens, and new ones are sent."""
    carried = Carried(tmp_path, two.service)
    kept = carried.send(1)
    carried.carry()
    carried.mirror.take(carried.export().path)
    with two.service.server.engine.view() as state:
        before = {one.number: one for one in servers(state)}
    keys = copied_keys(two.service.server.paths, tmp_path / "kept")
    two.lose()
    recovered(carried.mirror, two.home, keys, two.clock)

    regrown = Regrown(two.home, two.cast, 4)
    try:
        again = regrown.service
        fresh = again.send(again.draft(checkup_file(people=2, seed=9))).transfer
        documents = [again.open(one).documents for one in (kept, fresh)]
        again.confirm(kept)
        trust, engine = again.server.trust_text().encode(), again.server.engine
        with engine.view() as state:
            found, voting, chain = servers(state), members(state), handed_over(state)
            lost = key_record(state, before[2].keys.server_key)
        pinned = parse_trust(gateway_paths(two.home, two.cast.handles[CLINIC]).trust.read_bytes())

        assert all(documents)
        assert [one.number for one in found if one.retired_ms is None] == [1, 3, 4, 5] == [one.number for one in voting]
        assert lost is not None
        assert lost.revoked_ms is not None
        assert chain is not None
        assert chain.endswith("-2")  # the former log's was the first
        assert found[0].keys.server_key == key_id(again.server.keystore.signer(SERVER_KEY).spki)
        assert {found[0].keys.validator, found[0].keys.node, found[0].keys.peer}.isdisjoint(_keys(before[1]))
        assert sorted(servers_of(parse_trust(trust))) == [1, 3, 4, 5]
        assert sorted(servers_of(pinned)) == [1, 3, 4, 5]
        assert len(turns_of(engine)) == 1
        for transfer in (kept, fresh):
            assert verify_file(export_subject(engine, transfer), trust, KINDS).status is Status.VERIFIED
    finally:
        regrown.stop()
    assert audit(server_paths(two.home).ledger, KINDS).clean


def _keys(record: ServerRecord) -> set[bytes]:
    keys = record.keys
    return {keys.validator, keys.node, keys.peer}
