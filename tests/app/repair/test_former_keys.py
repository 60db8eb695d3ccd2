"""A server that signs two votes of one height and takes a new key at once is accused all the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from akashi.app.repair.accusing import report_accused
from akashi.errors import AkashiError
from akashi.network.errors import Misbehaved
from akashi.network.events import ServerIncident, ServerRekeyed
from akashi.network.model import IncidentKind, IncidentPlace
from akashi.network.records import incidents, server, servers
from akashi.network.scrub.accusing import Accusations, validator_address
from tests.network.payloads.conftest import founded, home, network
from tests.network.payloads.servers import Network

__all__ = ["founded", "home", "network"]

LIAR = "srv-0003"


def _key(network: Network, handle: str) -> bytes:
    with network.engine.view() as state:
        found = server(state, handle)
    assert found is not None
    return found.keys.validator


def _rekeyed(network: Network, new: bytes, subject: str) -> None:
    network.nodes[3].author.submit(ServerRekeyed(server=LIAR, validator=new), subject=subject)


def _node(network: Network, folder: Path, told: list[AkashiError]) -> Any:
    """As much of the first server as an accusation needs; after a restart, when it is made again."""

    def roll() -> Sequence[Any]:
        with network.engine.view() as state:
            return servers(state)

    return SimpleNamespace(
        engine=network.engine,
        accusations=Accusations(folder),
        tell=told.append,
        roll=SimpleNamespace(servers=roll),
        seat=SimpleNamespace(book=SimpleNamespace(own="srv-0001")),
    )


@pytest.mark.parametrize("subject", [LIAR, "inst-hidden0000000"], ids=["openly", "hidden"])
def test_a_new_key_lets_nobody_off(network: Network, tmp_path: Path, subject: str) -> None:
    """The evidence comes in a block after the one with the new keys, and this server is started anew before it can be said: told, and put on the ledger, once, of the right server.

    Two keys were changed at once, the first of them in an operation that says it is about somebody else.
    """
    told: list[AkashiError] = []
    _rekeyed(network, b"\xa1" * 32, subject)
    signed_twice = _key(network, LIAR)
    _rekeyed(network, b"\xa2" * 32, LIAR)
    before = _node(network, tmp_path, told)
    found = [(validator_address(signed_twice), 9)]

    assert before.accusations.keep(before.roll.servers(), found, network.clock.now_ms()) == []
    for _ in range(3):
        report_accused(_node(network, tmp_path, told), network.nodes[1].author, network.clock)

    assert [(type(one), dict(one.params)) for one in told] == [(Misbehaved, {"server": LIAR, "height": 9})]
    with network.engine.view() as state:
        said = [(one.server, one.kind, one.at, one.about) for one in incidents(state)]
    assert said == [("srv-0001", IncidentKind.MISBEHAVED, 9, LIAR)]
    assert Accusations(tmp_path).all() == ()


def test_it_is_said_once_whoever_knows_the_key(network: Network, tmp_path: Path) -> None:
    """Another server saw the evidence before the new key and said it: this one finds it on the ledger and is done."""
    told: list[AkashiError] = []
    old = _key(network, LIAR)
    other = network.nodes[2]
    other.author.submit(
        ServerIncident(other.handle, IncidentKind.MISBEHAVED, IncidentPlace.CONSENSUS, 9, LIAR), subject=other.handle
    )
    _rekeyed(network, b"\xa3" * 32, LIAR)
    node = _node(network, tmp_path, told)
    node.accusations.keep(node.roll.servers(), [(validator_address(old), 9)], network.clock.now_ms())

    report_accused(node, network.nodes[1].author, network.clock)

    assert (node.accusations.all(), node.accusations.unnamed()) == ((), ())
    with network.engine.view() as state:
        assert [one.server for one in incidents(state)] == [other.handle]
