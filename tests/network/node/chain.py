"""Nodes of one invented chain on this machine, set up by our own functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from akashi.network.node.config import GenesisValidator, NodeSettings, Peer, genesis_json
from akashi.network.node.home import NodeHome
from akashi.network.node.keys import make_keys, own_node_id, validator_public_key
from akashi.network.node.preparing import prepare
from akashi.network.node.rules import timeouts
from tests.ports import free_ports
from tests.waiting import until as wait_until

CHAIN = "akashi-invented"
GENESIS_MS = 1_780_000_000_000


def free_place() -> str:
    """A port of this machine that nobody listens on."""
    (port,) = free_ports(1)
    return f"127.0.0.1:{port}"


def settings(home: NodeHome, listen: str, peers: Sequence[Peer], name: str = "server-1") -> NodeSettings:
    """A node of the invented chain."""
    return NodeSettings(CHAIN, name, listen, tuple(peers), home.app_socket, home.rpc_socket, timeouts(0))


def found(root: Path, count: int) -> list[NodeHome]:
    """``count`` homes of nodes that know each other and vote."""
    homes = [NodeHome(root / str(number)) for number in range(1, count + 1)]
    for home in homes:
        make_keys(home)
    everybody = [Peer(own_node_id(home), free_place()) for home in homes]
    voters = [GenesisValidator(validator_public_key(home), f"server-{n}") for n, home in enumerate(homes, 1)]
    genesis = genesis_json(CHAIN, GENESIS_MS, voters, b"")
    for number, (home, own) in enumerate(zip(homes, everybody, strict=True), 1):
        others = [peer for peer in everybody if peer is not own]
        prepare(home, settings(home, own.place, others, f"server-{number}"), genesis)
    return homes


def until(true: Callable[[], bool], homes: Sequence[NodeHome] = ()) -> None:
    """Look again and again; fails with the last words of these nodes."""
    wait_until(true, "the nodes", lambda: [_last_words(home) for home in homes])


def _last_words(home: NodeHome) -> str:
    return home.log.read_text(encoding="utf-8", errors="replace")[-800:] if home.log.exists() else "nothing"
