"""What the ledger takes of a server that accuses another."""

from __future__ import annotations

import pytest

from akashi.ledger.errors import Refused
from akashi.network.events import ServerIncident
from akashi.network.model import IncidentKind, IncidentPlace
from akashi.network.records import incidents, is_accused
from tests.network.payloads.servers import Network


def _said(network: Network, by: int, about: str | None, at: int = 7) -> None:
    node = network.nodes[by]
    body = ServerIncident(node.handle, IncidentKind.MISBEHAVED, IncidentPlace.CONSENSUS, at, about)
    node.author.submit(body, subject=node.handle)


def test_two_signatures_of_one_height_are_said_once(network: Network) -> None:
    """Every server has the same evidence; the second to say it is refused, another height is not."""
    _said(network, 1, "srv-0003")

    with pytest.raises(Refused, match=r"incident\.known"):
        _said(network, 2, "srv-0003")
    _said(network, 2, "srv-0003", 8)

    with network.engine.view() as state:
        found = {(one.server, one.about, one.at) for one in incidents(state)}
        known = [is_accused(state, "srv-0003", at) for at in (7, 8, 9)]
    assert found == {("srv-0001", "srv-0003", 7), ("srv-0002", "srv-0003", 8)}
    assert known == [True, True, False]


@pytest.mark.parametrize("about", [None, "srv-0001"], ids=["nobody", "itself"])
def test_who_signed_twice_is_somebody_else(network: Network, about: str | None) -> None:
    """An accusation names the accused."""
    with pytest.raises(Refused, match=r"incident\.about"):
        _said(network, 1, about)
