"""A voting key that is used twice: every honest server alarms, and one of them says it on the ledger, once."""

from __future__ import annotations

import json

import pytest

from akashi.network.errors import Misbehaved
from akashi.network.model import IncidentKind
from tests.app.repair.lab import Lab, until
from tests.network.cometbft import needs_cometbft

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]


def _accusations(lab: Lab) -> list[tuple[str, str | None, int]]:
    return [(one.server, one.about, one.at) for one in lab.incidents() if one.kind is IncidentKind.MISBEHAVED]


def test_a_twin_is_told_by_all_and_said_by_one(lab: Lab) -> None:
    """Server 4 votes with a copy of server 3's key: the ledger says so of server 3, at each height once, by one of the others; the rest alarm."""
    owner, thief = lab.servers[2], lab.servers[3]
    thief.stop()
    own, other = thief.places.node, owner.places.node
    kept = [(one, one.read_bytes()) for one in (own.validator_key, own.sign_state)]
    own.validator_key.write_bytes(other.validator_key.read_bytes())
    own.sign_state.write_text(json.dumps({"height": "0", "round": 0, "step": 0}))
    thief.start()
    until(thief.is_running, thief)

    def evidence() -> bool:
        lab.submit(1)
        return bool(_accusations(lab))

    until(evidence)
    thief.stop()
    for path, data in kept:
        path.write_bytes(data)
    thief.start()
    until(thief.is_running, thief)
    lab.submit(1)
    found = _accusations(lab)
    honest = [one.server for one in lab.servers[:2] if one.server is not None]
    until(lambda: all(any(isinstance(one, Misbehaved) for one in server.alarms) for server in honest))

    assert owner.server is not None
    name = owner.server.node.seat.book.own
    assert {about for _, about, _ in found} == {name}
    assert name not in {who for who, _, _ in found}
    assert len({at for _, _, at in found}) == len(found)
