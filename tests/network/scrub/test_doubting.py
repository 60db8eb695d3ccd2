"""A node that garbles: asked again, started again, and only then disbelieved."""

from __future__ import annotations

from typing import cast

import pytest

from akashi.errors import Unavailable
from akashi.network.application import Committed
from akashi.network.errors import CommitUnproven, NodeGarbled
from akashi.network.light.errors import LightMalformed
from akashi.network.node.errors import BadAnswer, NodeAway
from akashi.network.scrub.doubting import PATIENCE_S, TRIES, DoubtedNode

BLOCK = cast("Committed", object())


class _Node:
    """Says what it is told to; ``starts`` counts how often it was started again."""

    def __init__(self) -> None:
        self.says: Exception | None = BadAnswer(method="commit")
        self.starts = 0
        self.now_s = 0.0

    def broadcast(self, _tx: bytes) -> None:
        if self.says is not None:
            raise self.says

    def prove(self, _committed: Committed) -> None:
        self.now_s += 2.0
        self.broadcast(b"")

    def restart(self) -> None:
        self.starts += 1


@pytest.fixture
def node() -> _Node:
    """One that garbles."""
    return _Node()


@pytest.fixture
def doubted(node: _Node) -> DoubtedNode:
    """It, doubted."""
    return DoubtedNode(node, node.restart, lambda: node.now_s)


def _garbled(doubted: DoubtedNode, times: int) -> None:
    for _ in range(times):
        with pytest.raises(NodeGarbled):
            doubted.prove(BLOCK)


def test_a_garbled_answer_proves_nothing(node: _Node, doubted: DoubtedNode) -> None:
    """It is asked for again, as one that did not come; a readable one ends the matter."""
    _garbled(doubted, TRIES - 1)
    node.says = None

    doubted.prove(BLOCK)

    assert issubclass(NodeGarbled, Unavailable)
    assert node.starts == 0


def test_the_node_is_started_again_before_it_is_disbelieved(node: _Node, doubted: DoubtedNode) -> None:
    """Once; only what it garbles after that puts this server's data aside."""
    node.says = LightMalformed("header")
    _garbled(doubted, 2 * TRIES - 1)
    started = node.starts

    with pytest.raises(CommitUnproven, match="garbled"):
        doubted.prove(BLOCK)

    assert started == 1


def test_many_garbled_answers_at_once_are_one_bad_moment(node: _Node) -> None:
    """Without the time that it takes to recover nothing is started again."""
    doubted = DoubtedNode(node, node.restart, lambda: 0.0)

    _garbled(doubted, 3 * TRIES)

    assert PATIENCE_S > 0
    assert node.starts == 0


def test_a_readable_answer_begins_the_count_anew(node: _Node, doubted: DoubtedNode) -> None:
    """Also after the node was started again."""
    _garbled(doubted, TRIES)
    node.says = None
    doubted.prove(BLOCK)
    node.says = BadAnswer(method="commit")

    _garbled(doubted, TRIES)

    assert node.starts == 2


@pytest.mark.parametrize("said", [CommitUnproven("hash"), NodeAway(method="commit")], ids=["disproven", "away"])
def test_what_can_be_read_or_does_not_come_is_handed_on(node: _Node, doubted: DoubtedNode, said: Exception) -> None:
    """A commit that does not verify is damage at once; a node that is away is no garbled one."""
    node.says = said

    with pytest.raises(type(said)):
        doubted.prove(BLOCK)

    assert node.starts == 0


def test_a_garbled_answer_to_a_transaction_is_sent_again(doubted: DoubtedNode) -> None:
    """Handing in counts for nothing, so nothing is wrong with it."""
    with pytest.raises(NodeGarbled):
        doubted.broadcast(b"tx")


def test_a_node_that_cannot_be_started_again_is_garbled_still(node: _Node) -> None:
    """Who watches the process tells why; the block is asked for again."""

    def away() -> None:
        raise NodeAway(method="status")

    doubted = DoubtedNode(node, away, lambda: node.now_s)

    _garbled(doubted, TRIES)
