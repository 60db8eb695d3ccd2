"""What an outbox believes when it settles what is pending: receipts, not words; and one bad entry does not hold up the others.

Attack: the operator says "it is on the ledger" of an operation that never got there, or answers one operation with nonsense for ever.
"""

from __future__ import annotations

import pytest

from akashi.errors import IntegrityError
from akashi.exchange.errors import Unacknowledged
from akashi.exchange.model import Status
from akashi.ledger.port import Acknowledged, Entry
from akashi.ledger.wire.envelope import parse_operation
from tests.exchange.world import CLERK, SENDER, FlakyLedger, World, request

TRIES = 4


class Nonsense(IntegrityError):
    """An answer that does not verify."""

    code = "testing.nonsense"


def unacknowledged(world: World, content: bytes) -> None:
    """Send while nobody takes the announcement."""
    world.gateways[SENDER].outage.before["submit"] = TRIES
    with pytest.raises(Unacknowledged):
        world.sender.send(request(content), world.acting(CLERK))


def test_the_servers_word_is_no_acknowledgement(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that claims to have the operation, but does not acknowledge it, leaves it pending: nothing is called sent."""
    unacknowledged(world, b"a,b\r\n1,2\r\n")
    monkeypatch.setattr(FlakyLedger, "entry", lambda _self, operation_id: Entry(3, operation_id, b"as if"))
    world.gateways[SENDER].outage.before["submit"] = TRIES
    resumed = world.sender.resume()

    assert (resumed.acknowledged, resumed.pending) == (0, 1)
    assert [one.kind for one in world.sender.pending()] == ["transfer.sent"]


def test_one_answer_that_does_not_verify_holds_up_nobody_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first pending announcement fails for ever: it stays pending, the one behind it goes out, and the gateway starts."""
    unacknowledged(world, b"a,b\r\n1,2\r\n")
    unacknowledged(world, b"a,b\r\n3,4\r\n")
    bad, true = world.sender.pending()[0].transfer, FlakyLedger.submit

    def submit(self: FlakyLedger, envelope: bytes) -> Acknowledged:
        if parse_operation(envelope).statement.subject == bad:
            raise Nonsense
        return true(self, envelope)

    monkeypatch.setattr(FlakyLedger, "submit", submit)
    resumed = world.gateways[SENDER].exchange.recover()

    assert (resumed.acknowledged, resumed.pending) == (1, 1)
    assert [one.transfer for one in world.sender.pending()] == [bad]
    assert [one.status for one in world.receiver.inbox()] == [Status.SENT]
