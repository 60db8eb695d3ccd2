"""How far the other servers are, from which the limits of a consensus round follow."""

from __future__ import annotations

import pytest

from akashi.app.network.company import round_trip_ms
from akashi.app.network.places import AddressBook, Reached
from akashi.network.model import Address
from tests.ports import free_ports

pytestmark = pytest.mark.network


def _book(port: int) -> AddressBook:
    places = [Address("127.0.0.1", port, port), Address("127.0.0.1", port, port)]
    return AddressBook(
        "srv-a",
        tuple(
            Reached(name, at, place, b"")
            for at, (name, place) in enumerate(zip(("srv-a", "srv-b"), places, strict=True), start=1)
        ),
    )


def test_a_shut_door_is_an_answer() -> None:
    """Where all servers start together, each is refused by the others; the refusal took a round trip, so it is not taken for none."""
    assert round_trip_ms(_book(free_ports(1)[0])) >= 1
