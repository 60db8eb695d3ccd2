"""Sealed bytes go to a receiver only after its opening is on the ledger, and to nobody once the transfer is over.

Attack: the receiver's gateway was changed to fetch wrap and body first and to say nothing, so that the sender, who sees no opening,
withdraws what was read long ago.
"""

from __future__ import annotations

import pytest

from akashi.exchange.records import transfer
from akashi.ledger.registry import opening_key
from tests.api.served import Member, World, checkup_file, deliver

pytestmark = pytest.mark.network


def answers(world: World, member: Member, name: str, key_of: Member) -> list[tuple[int, str]]:
    """Status and code with which ``member``'s machine is answered that asks for wrap and body."""
    with world.server.engine.view() as state:
        found, key = transfer(state, name), opening_key(state, key_of.institution, world.server.clock.now_ms())
    assert found is not None
    assert key is not None
    base = f"/api/v1/payloads/{found.payload.hex()}"
    client = world.client(member, world.server.settings.port)
    got = [client.get(f"{base}/wraps/{key.key.hex()}"), client.get(f"{base}/body")]
    return [(one.status_code, "" if one.is_success else str(one.json()["code"])) for one in got]


def test_the_receiver_gets_nothing_before_its_opening_is_recorded(world: World) -> None:
    """Refused while nobody of the receiver has opened it; handed out once a person's opening is on the ledger."""
    name = deliver(world, checkup_file(world, seed=9041))
    before = answers(world, world.payer, name, world.payer)
    opened = world.signed_in(world.payer).post(f"/api/v1/transfers/{name}/open", json={"purpose": "checkup_result"})

    assert opened.status_code == 200
    assert before == [(409, "exchange.denied")] * 2
    assert answers(world, world.payer, name, world.payer) == [(200, "")] * 2


def test_the_sender_may_fetch_its_own(world: World) -> None:
    """The sender's own wrap and the body are there from the start: it knows the content."""
    name = deliver(world, checkup_file(world, seed=9042))

    assert answers(world, world.clinic, name, world.clinic) == [(200, "")] * 2


@pytest.mark.parametrize("side", ["clinic", "payer"])
def test_what_was_withdrawn_nobody_gets(world: World, side: str) -> None:
    """From the withdrawal on, not from the erasure on, both sides are refused."""
    name = deliver(world, checkup_file(world, seed=9043 + len(side)))
    member: Member = getattr(world, side)
    done = world.signed_in(world.clinic).post(f"/api/v1/transfers/{name}/withdraw", json={"reason": "wrong_receiver"})
    got = answers(world, member, name, member)

    assert done.status_code == 200
    assert all(status in {404, 409} for status, _ in got)
