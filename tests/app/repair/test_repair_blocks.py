"""CometBFT's own store through our eyes: every block is asked for, and what the node says of it is believed for no byte."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from akashi.network.model import IncidentKind, IncidentPlace
from akashi.network.node.errors import BadAnswer, NodeRefused
from akashi.network.scrub.blocks import BlockWalk, Looked
from tests.app.repair.lab import Lab, until
from tests.network.cometbft import needs_cometbft

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]
Json = dict[str, Any]
Change = Callable[[Json, Json], None]


class Told:
    """A node that says what a test makes of the real one's answers."""

    def __init__(self, lab: Lab, change: Change) -> None:
        assert lab.first.server is not None
        self._client, self._change = lab.first.server.node.process.client, change

    def _both(self, height: int) -> tuple[Json, Json]:
        block, commit = (copy.deepcopy(one) for one in (self._client.block(height), self._client.commit(height)))
        self._change(block, commit)
        return block, commit

    def block(self, height: int) -> Json:
        """As changed."""
        return self._both(height)[0]

    def commit(self, height: int) -> Json:
        """As changed."""
        return self._both(height)[1]


def walk(lab: Lab, change: Change) -> Looked:
    """Look at all blocks; what the first one with transactions came to, or the last."""
    assert lab.first.server is not None
    node = lab.first.server.node
    walking = BlockWalk(Told(lab, change), node.chain_id, node.history)
    looked = Looked(0, None)
    with node.engine._pool.reading() as tables:
        for height in range(1, node.chain.position.height):
            looked = walking.look(tables, height, looked.next_leaf)
            if looked.damage is not None:
                break
    return looked


def _nothing(_block: Json, _commit: Json) -> None:
    """As it is."""


def _gone(_block: Json, _commit: Json) -> None:
    raise BadAnswer(method="block")


def _unreadable(_block: Json, _commit: Json) -> None:
    raise NodeRefused(method="block", number=-32603)


def _without_txs(block: Json, _commit: Json) -> None:
    block["data"]["txs"] = []


def _one_signature(_block: Json, commit: Json) -> None:
    """One server's signature in everybody's place."""
    rows = commit["commit"]["signatures"]
    first = next(row for row in rows if row["block_id_flag"] == 2)
    commit["commit"]["signatures"] = [dict(first) for _ in rows]


def _two_signatures(_block: Json, commit: Json) -> None:
    """Only two of four."""
    rows = commit["commit"]["signatures"]
    absent = {"block_id_flag": 1, "validator_address": "", "timestamp": "0001-01-01T00:00:00Z", "signature": None}
    commit["commit"]["signatures"] = [*rows[:2], dict(absent), dict(absent)]


def _other_app_hash(block: Json, commit: Json) -> None:
    for one in (block, commit):
        one["header"]["app_hash"] = "00" * 40


def test_all_blocks_hold_all_leaves(lab: Lab) -> None:
    """From the handover to now: every leaf came in a signed block."""
    assert lab.first.server is not None
    looked = walk(lab, _nothing)
    assert looked.damage is None
    assert looked.next_leaf > lab.first.server.engine.size - 4


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        (_gone, "block.missing"),
        (_unreadable, "block.unreadable"),
        (_without_txs, "block.data"),
        (_one_signature, "block.address"),
        (_two_signatures, "block.power"),
        (_other_app_hash, "block.block"),
    ],
)
def test_what_a_node_says_is_not_believed(lab: Lab, change: Change, failure: str) -> None:
    """Must fail: a block that is not there, without its transactions, with copied or too few signatures, over another tree."""
    looked = walk(lab, change)
    assert looked.damage is not None
    assert (looked.damage.place, looked.damage.failure) == (IncidentPlace.CONSENSUS, failure)


def test_a_block_that_vanishes_is_noticed_while_the_node_looks_healthy(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What LevelDB drops is null and the node says nothing: the scrub asks for each height, stops the vote and rebuilds."""
    victim, before, opened = lab.victim, len(lab.incidents()), lab.victim.opened
    assert victim.server is not None
    client = victim.server.node.process.client
    true = client.block

    def dropped(height: int) -> Json:
        if height == 3:
            raise BadAnswer(method="block")
        return true(height)

    monkeypatch.setattr(client, "block", dropped)

    found = until(lambda: victim.marked() or victim.opened > opened, victim)
    mended = until(lambda: victim.opened > opened and not victim.marked(), victim)
    print(f"null block: found after {found:.2f} s, repaired after {mended:.2f} s more")
    until(lab.level)
    told = lab.incidents()[before:]
    assert [(one.kind, one.place, one.at) for one in told] == [
        (IncidentKind.DAMAGED, IncidentPlace.CONSENSUS, 3),
        (IncidentKind.REPAIRED, IncidentPlace.CONSENSUS, 3),
    ]
    lab.submit()
    until(lab.level)
