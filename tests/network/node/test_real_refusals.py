"""What the real CometBFT refuses is noticed: it does not run, and whoever started it is told."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from akashi.errors import AkashiError
from akashi.network.abci.server import AbciServer
from akashi.network.node.errors import ConsensusHalted, NodeGaveUp
from akashi.network.node.home import NodeHome
from akashi.network.node.process import NodeProcess, NodeState, Patience
from tests.network.abci.counting import Counting
from tests.network.cometbft import cometbft, needs_cometbft
from tests.network.node.chain import found, until

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]


def process(home: NodeHome, problems: list[AkashiError], *arguments: str) -> NodeProcess:
    """The real program, which is started twice at most."""
    patience = Patience(most=2)
    given = ("--proxy_app=kvstore", *arguments)
    return NodeProcess(cometbft(), home, report=problems.append, patience=patience, arguments=given)


@pytest.mark.parametrize("broken", ["settings", "genesis", "validator_key", "node_key"])
def test_what_it_cannot_read_stops_it(tmp_path: Path, broken: str) -> None:
    """Settings, premises or keys that are no such thing: it never runs, and says why in its log."""
    (home,) = found(tmp_path, 1)
    getattr(home, broken).write_text("= no such thing", encoding="utf-8")
    problems: list[AkashiError] = []
    node = process(home, problems)

    with pytest.raises(NodeGaveUp):
        node.start()

    assert [problem.code for problem in problems] == ["network.node.died"] * 2 + ["network.node.gave_up"]
    assert home.log.stat().st_size > 0


def test_other_premises_are_noticed(tmp_path: Path) -> None:
    """Started with the digest of the premises that were agreed on, it refuses a file that somebody changed."""
    (home,) = found(tmp_path, 1)
    digest = sha256(home.genesis.read_bytes()).hexdigest()
    home.genesis.write_bytes(home.genesis.read_bytes().replace(b'"100000"', b'"1"'))
    right = process(home, [], f"--genesis_hash={sha256(home.genesis.read_bytes()).hexdigest()}")
    wrong = process(home, [], f"--genesis_hash={digest}")

    with pytest.raises(NodeGaveUp):
        wrong.start()
    right.start()
    right.stop()

    assert right.state is NodeState.STOPPED


def test_a_ledger_that_fails_halts_its_node(tmp_path: Path) -> None:
    """Beside our own server of ABCI it agrees; when the ledger cannot take a block it stops, and is not started again."""
    (home,) = found(tmp_path, 1)
    problems: list[AkashiError] = []
    node = NodeProcess(cometbft(), home, report=problems.append)
    ledger = Counting()
    with AbciServer(home.app_socket, ledger):
        node.start()
        node.client.broadcast_tx_sync(b"one")
        until(lambda: ledger.count == 1)
        node.client.broadcast_tx_sync(ledger.poison)
        until(lambda: node.state is NodeState.HALTED)

    assert [type(problem) for problem in problems] == [ConsensusHalted]
    assert "a name that nobody may read" not in home.log.read_text(encoding="utf-8")
