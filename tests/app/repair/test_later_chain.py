"""A repair of a server that missed the end of a chain: whose word counts for where the next one began."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from akashi.app.repair.repairing import Repairer
from akashi.app.roster.succeeding import Asked, later_starts
from akashi.network.node.home import NodeHome
from akashi.network.peers.client import PeerAddress
from akashi.network.peers.errors import PeerAway
from akashi.network.scrub.errors import NobodyHelps

CHAIN = f"akashi-{'0' * 32}-"
BEGUN, LATER, FORGED = ((size).to_bytes(8, "big") + bytes([size]) * 32 for size in (5, 9, 7))


class Told:
    """A peer that names the tree of the next chain, and keeps up to where it was asked for leaves."""

    def __init__(self, tree: bytes | None, server: str = "srv-a") -> None:
        self.address = PeerAddress(server, "127.0.0.1", 1, bytes(32))
        self._tree = tree
        self.asked: list[int] = []

    def status(self) -> dict[str, Any]:
        """Its word."""
        return {} if self._tree is None else {"chain": f"{CHAIN}2", "tree": self._tree.hex()}

    def leaves(self, _start: int, end: int) -> list[bytes]:
        """None: it is gone by then."""
        self.asked.append(end)
        raise PeerAway(server=self.address.server)


@pytest.mark.parametrize(
    ("words", "up_to"),
    [
        ([FORGED, None, None], 5),
        ([FORGED, LATER, None], 5),
        ([FORGED, LATER, LATER], 9),
        ([LATER, LATER, LATER], 9),
        ([LATER], 9),
    ],
)
def test_one_servers_word_for_a_later_chain_is_not_followed(
    tmp_path: Path, words: list[bytes | None], up_to: int
) -> None:
    """Attack: one of three names a tree of its own making, and would hand out a ledger that never was. What the genesis names is asked for, or what more name than may lie."""
    node = NodeHome(tmp_path / "node")
    node.make()
    node.genesis.write_text(f'{{"chain_id": "{CHAIN}1", "app_hash": "{BEGUN.hex()}"}}')
    repairer = object.__new__(Repairer)
    repairer._paths = SimpleNamespace(ledger=tmp_path)  # type: ignore[assignment]  # all that is looked at
    repairer._seat = SimpleNamespace(places=SimpleNamespace(node=node))  # type: ignore[assignment]  # as above
    repairer._keys = repairer._ended = threading.Event()  # type: ignore[assignment]  # nothing is signed
    peers = [Told(one, f"srv-{at}") for at, one in enumerate(words)]

    with pytest.raises(NobodyHelps):
        repairer._adopt(peers)  # type: ignore[arg-type]  # peers of this test

    assert {end for one in peers for end in one.asked} == {up_to}


def test_a_server_that_never_ends_its_answer_holds_up_nobody(tmp_path: Path) -> None:
    """Attack: one that sends a byte now and then. Whoever compares before it votes goes on without it, and asks it no second time meanwhile."""
    node = NodeHome(tmp_path / "node")
    node.make()
    node.genesis.write_text(f'{{"chain_id": "{CHAIN}1", "app_hash": "{BEGUN.hex()}"}}')
    ended, asked = threading.Event(), list[int]()

    class Slow(Told):
        def status(self) -> dict[str, Any]:
            """Nothing, until the test is over."""
            asked.append(1)
            ended.wait(20)
            return super().status()

    peers = [Slow(FORGED, "srv-0"), Told(LATER, "srv-1")]
    under_way: Asked = {}
    try:
        found = [later_starts(node, peers, under_way, 0.1) for _ in range(2)]  # type: ignore[arg-type]  # peers of this test
    finally:
        ended.set()

    assert ([[one.size for one in each] for each in found], asked) == ([[9], [9]], [1])
