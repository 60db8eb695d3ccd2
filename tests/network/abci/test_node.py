"""The ABCI server beside a real node: a chain of one validator runs, catches up, and stops alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.network.abci.chain import Chain, wait_until
from tests.network.abci.counting import Counting
from tests.network.cometbft import needs_cometbft

pytestmark = [pytest.mark.network, needs_cometbft]


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    """One node beside one application."""
    with Chain(tmp_path, [Counting()]) as running:
        yield running


def application(chain: Chain) -> Counting:
    """The only one."""
    found = chain.applications[0]
    assert isinstance(found, Counting)
    return found


def test_transactions_come_in_and_are_counted(chain: Chain) -> None:
    """InitChain, CheckTx, both proposals, FinalizeBlock and Commit are spoken as the node speaks them."""
    app = application(chain)

    codes = [chain.submit(tx) for tx in (b"one", b"bad", b"two")]

    wait_until(lambda: app.count == 2, "two transactions")
    assert codes == [0, 1, 0]
    assert app.genesis is not None
    assert (app.genesis.chain_id, len(app.genesis.validators)) == (chain.chain_id, 1)
    assert app.genesis.block_max_bytes > 0
    assert [tx for block in app.blocks for tx in block.txs] == [b"one", b"two"]
    assert chain.ask(0, "abci_query", path="/anything")["response"]["code"] == 1


def test_the_rpc_asks_for_info_at_any_time(chain: Chain) -> None:
    """``abci_info`` reaches the application while blocks are made: what it answers is durable, and no block is lost by it."""
    app = application(chain)
    for number in range(5):
        chain.submit(b"tx %d" % number)
        told = int(chain.ask(0, "abci_info")["response"].get("last_block_height", 0))
        assert told <= app.height

    wait_until(lambda: app.count == 5, "five transactions")


def test_an_application_that_lost_a_block_gets_it_again(chain: Chain) -> None:
    """Info tells the height that is durable: blocks above it come again when the node starts."""
    app = application(chain)
    chain.submit(b"one")
    wait_until(lambda: app.count == 1, "a transaction")
    chain.stop(0)
    lost = next(block for block in app.blocks if block.txs)
    later = [block for block in app.blocks if block.height >= lost.height]
    app.blocks, app.height, app.count = [], lost.height - 1, 0

    chain.start(0)

    wait_until(lambda: app.count == 1, "the block to come again")
    assert app.blocks[: len(later)] == later


def test_an_application_that_fails_stops_its_node(chain: Chain) -> None:
    """The node ends itself, and what the exception said stands nowhere."""
    app = application(chain)
    chain.submit(b"one")
    wait_until(lambda: app.count == 1, "a transaction")
    app.poison = b"two"

    chain.submit(b"two")

    wait_until(lambda: chain.nodes[0].poll() is not None, "the node to end")
    failure = chain.servers[0].failure
    log = chain.log(0).read_text()
    assert failure is not None
    assert failure.failure == "ValueError"
    assert "ValueError" in log
    assert "nobody may read" not in log + str(failure)
    assert app.count == 1
