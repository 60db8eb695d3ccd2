"""The real CometBFT on what we write for it, with its own little key-value store in place of the ledger.

Four servers on this machine. What is promised: they agree; one may be killed and comes back; a stranger is not let in; and the
sign state goes on where it was.
"""

from __future__ import annotations

import base64
import json
import os
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from akashi.network.node.config import Peer
from akashi.network.node.errors import NodeRefused
from akashi.network.node.home import NodeHome
from akashi.network.node.keys import make_keys, own_node_id
from akashi.network.node.preparing import forget_blocks, prepare
from akashi.network.node.process import NodeProcess, NodeState
from akashi.network.node.rpc import NodeClient, Sent
from tests.network.cometbft import cometbft, needs_cometbft
from tests.network.node.chain import CHAIN, found, free_place, settings, until

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]

STORE = ("--proxy_app=kvstore",)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> list[NodeHome]:
    """Four homes of one chain. They are used one test after the other, as servers are."""
    return found(tmp_path_factory.mktemp("chain"), 4)


@pytest.fixture(scope="module")
def servers(homes: list[NodeHome]) -> Iterator[list[NodeProcess]]:
    """Their nodes; what runs in the end is stopped."""
    servers = [NodeProcess(cometbft(), home, arguments=STORE) for home in homes]
    yield servers
    for node in servers:
        node.stop()


@pytest.fixture
def nodes(servers: list[NodeProcess]) -> list[NodeProcess]:
    """The four of them, running and connected, whatever the test before left."""
    for node in servers:
        if node.state is not NodeState.RUNNING:
            node.start()
    homes = [node.home for node in servers]
    until(lambda: all(len(node.client.net_info()) == 3 for node in servers), homes)
    until(lambda: all(node.client.status().height > 0 for node in servers), homes)
    return servers


def written(home: NodeHome) -> int:
    """The height at which the server voted last."""
    return int(json.loads(home.sign_state.read_bytes())["height"])


def agree(clients: list[NodeClient], key: str) -> int:
    """Hand a transaction to the first; the height of the block that has it, the same for all of ``clients``."""
    tx = f"{key}=v".encode()
    height = clients[0].status().height
    assert clients[0].broadcast_tx_sync(tx) is Sent.TAKEN
    while True:
        height += 1
        until(lambda: all(client.status().height >= height for client in clients))  # noqa: B023 - called in this turn
        blocks = [client.block(height) for client in clients]
        assert all(block["header"] == blocks[0]["header"] for block in blocks)
        if base64.b64encode(tx).decode() in blocks[0]["data"]["txs"]:
            return height


def test_four_servers_agree(nodes: list[NodeProcess]) -> None:
    """A transaction given to one is in the same block at all four, under a commit of four places, on the chain we named."""
    clients = [node.client for node in nodes]
    height = agree(clients, "first")
    commit = clients[3].commit(height)["commit"]

    assert (int(commit["height"]), len(commit["signatures"])) == (height, 4)
    assert len(clients[0].validators(height)) == 4
    assert clients[0].status().chain_id == CHAIN
    assert clients[0].broadcast_tx_sync(b"first=v") is Sent.KNOWN
    with pytest.raises(NodeRefused):
        clients[0].commit(height + 1_000)


def test_one_may_be_killed_and_comes_back(nodes: list[NodeProcess]) -> None:
    """With one of four gone the others go on; started again it has what was agreed without it, and votes with them."""
    nodes[3].stop()
    rest = [node.client for node in nodes[:3]]
    heights = [agree(rest, f"without{number}") for number in range(3)]
    nodes[3].start()
    back = nodes[3].client
    until(lambda: not back.status().catching_up and back.status().height >= heights[-1], [nodes[3].home])

    assert [back.block(height)["header"] for height in heights] == [
        rest[0].block(height)["header"] for height in heights
    ]
    until(lambda: len(back.net_info()) == 3, [nodes[3].home])
    agree([back, *rest], "again")


def test_a_kill_is_mended(nodes: list[NodeProcess], homes: list[NodeHome]) -> None:
    """After SIGKILL it is started again alone, on its own sign state, which goes on and never back."""
    agree([node.client for node in nodes], "before")
    voted, pid = written(homes[1]), nodes[1].pid
    assert pid is not None
    assert voted > 0
    os.kill(pid, signal.SIGKILL)
    until(lambda: nodes[1].state is NodeState.RUNNING and nodes[1].pid not in {None, pid}, homes)
    until(lambda: len(nodes[1].client.net_info()) == 3, homes)
    turns = count()

    def votes_again() -> bool:
        # What was agreed before it has caught up, it copies without a vote of its own.
        agree([node.client for node in nodes], f"after{next(turns)}")
        return written(homes[1]) > voted

    until(votes_again, homes)


def test_forgotten_blocks_come_back(nodes: list[NodeProcess], homes: list[NodeHome]) -> None:
    """A server whose store is thrown away has every block again from the others, and its sign state never went back."""
    height = agree([node.client for node in nodes], "kept")
    nodes[2].stop()
    voted = homes[2].sign_state.read_bytes()
    forget_blocks(homes[2])
    left = [path.name for path in homes[2].sign_state.parent.iterdir()]
    nodes[2].start()
    back = nodes[2].client
    until(lambda: not back.status().catching_up and back.status().height >= height, [homes[2]])

    assert left == ["priv_validator_state.json"]
    assert [back.block(n)["header"] for n in (1, height)] == [nodes[0].client.block(n)["header"] for n in (1, height)]
    assert written(homes[2]) >= int(json.loads(voted)["height"])


def test_a_stranger_is_not_let_in(nodes: list[NodeProcess], homes: list[NodeHome], tmp_path: Path) -> None:
    """A node that knows the chain, the addresses and the names of all, and is on no list, is connected to nobody."""
    stranger = NodeHome(tmp_path / "stranger")
    make_keys(stranger)
    places = [home.settings.read_text(encoding="utf-8").partition('laddr = "tcp://')[2].split('"')[0] for home in homes]
    peers = [Peer(own_node_id(home), place) for home, place in zip(homes, places, strict=True)]
    prepare(stranger, settings(stranger, free_place(), peers), homes[0].genesis.read_text(encoding="utf-8"))
    outside = NodeProcess(cometbft(), stranger, arguments=STORE)
    try:
        outside.start()
        # Each of the four says so in its log when it turns somebody away.
        until(
            lambda: any("Ignoring inbound connection" in home.log.read_text(encoding="utf-8") for home in homes), homes
        )
        agree([node.client for node in nodes], "among us")

        assert outside.client.status().height == 0
        assert all(own_node_id(stranger) not in {peer.node_id for peer in node.client.net_info()} for node in nodes)
    finally:
        outside.stop()
