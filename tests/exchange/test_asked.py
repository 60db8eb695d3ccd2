"""Sending when the sender must first be asked for their own signature: what was shown is what is announced, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from akashi.exchange.errors import AlreadySent
from akashi.exchange.model import Acting, SendRequest, Status
from akashi.exchange.outbox import HELD_MS
from akashi.ledger.keyring.approving import ApprovalMismatch, ApprovalWanted, KeyApproving
from akashi.ledger.model import Approval, ApprovalKind, Basis, Purpose, Statement, operation_id
from akashi.ledger.registry import KeyEnrolled, possession_message
from akashi.ledger.wire.envelope import encode_statement, parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from tests.exchange.world import CLERK, COLLEAGUE, LEDGER, SENDER, START, YEAR_MS, World, request
from tests.ledger.world import SoftSigner

T = TypeVar("T")
KEY = SoftSigner("the clerk's own key")


class Asks:
    """Asks the clerk, who answers from the second run on; ``instead`` is what they approved in place of it."""

    def __init__(self, shown: Statement | None = None, instead: str = "") -> None:
        self._shown = shown
        self._instead = instead

    @property
    def answering(self) -> tuple[bytes, ...]:
        """The operation that was shown."""
        return () if self._shown is None else (operation_id(encode_statement(self._shown)),)

    def prepared(self, name: str, make: Callable[[], T]) -> T:
        """Nothing is prepared here."""
        assert name
        return make()

    def settle(self, composed: Statement) -> tuple[Statement, tuple[Approval, ...]]:
        """As a gateway's: wanted, differs, or the statement that was shown."""
        if self._shown is None:
            raise ApprovalWanted(operation_id(encode_statement(composed)), composed, ())
        if self._instead or self._shown.body != composed.body or self._shown.subject != composed.subject:
            raise ApprovalMismatch(self._instead or "approval.differs")
        return KeyApproving(KEY, ApprovalKind.DEVICE_KEY).settle(self._shown)


def enrolled(world: World) -> None:
    """The clerk's key, on their institution's word."""
    body = KeyEnrolled(
        key=KEY.key,
        algorithm=int(KEY.algorithm),
        public=KEY.spki,
        institution=SENDER,
        purpose=Purpose.PERSON,
        valid_from_ms=START - 1,
        valid_to_ms=START + YEAR_MS,
        possession=KEY.sign(possession_message(LEDGER, KEY.key, SENDER, CLERK)),
        person=CLERK,
        approval=ApprovalKind.DEVICE_KEY,
        basis=Basis.INTRODUCED,
    )
    world.author(SENDER).submit(body)


def acting(world: World, approving: Asks, person: str = CLERK) -> Acting:
    """The clerk, who is asked."""
    return replace(world.acting(person), approving=approving)


def asked(world: World, what: SendRequest, person: str = CLERK) -> Statement:
    """The first run: what the clerk is shown."""
    with pytest.raises(ApprovalWanted) as wanted:
        world.sender.send(what, acting(world, Asks(), person))
    return wanted.value.statement


def test_what_was_shown_is_announced_without_sealing_again(world: World) -> None:
    """The second run puts the very statement on the ledger that the first one showed, with the person's approval."""
    enrolled(world)
    shown = asked(world, request())
    world.gateways[SENDER].outage.before["stage"] = 9  # sealing again would fail

    sent = world.sender.send(request(), acting(world, Asks(shown)))

    entry = world.engine.entry(sent.acknowledged.operation_id)
    assert entry is not None
    operation = parse_operation(parse_leaf(entry.leaf).envelope)
    assert (operation.statement, [one.key for one in operation.approvals]) == (shown, [KEY.key])


def test_nothing_is_sent_before_the_answer(world: World) -> None:
    """While the person is asked, nothing is announced and the receiver sees nothing."""
    shown = asked(world, request())
    assert (world.engine.entries(shown.subject or ""), world.receiver.inbox()) == ([], [])


def test_begun_anew_it_is_another_sending(world: World) -> None:
    """Whoever goes back and begins again is asked about a new one, and is not told that it was sent already."""
    first, second = asked(world, request()), asked(world, request())
    assert first.subject != second.subject


def test_a_colleague_is_told_that_it_is_on_its_way(world: World) -> None:
    """The same content by somebody else, while the first person is asked, is the same content twice."""
    asked(world, request())
    with pytest.raises(AlreadySent):
        world.sender.send(request(), world.acting(COLLEAGUE))


def test_an_answer_after_ten_minutes_is_asked_again(world: World) -> None:
    """What is held is given up when its time is over; the answer to it fits nothing any more."""
    enrolled(world)
    shown = asked(world, request())
    world.clock.advance(HELD_MS)
    with pytest.raises(ApprovalMismatch) as error:
        world.sender.send(request(), acting(world, Asks(shown)))
    assert error.value.reason == "approval.differs"


def test_an_answer_for_other_content_sends_nothing(world: World) -> None:
    """The approval of one file cannot carry another one out."""
    enrolled(world)
    shown = asked(world, request())
    with pytest.raises(ApprovalMismatch):
        world.sender.send(request(b"id,name\r\n2,other\r\n"), acting(world, Asks(shown)))
    assert world.sender.outbox() == []


def test_a_refused_answer_gives_the_sending_up(world: World) -> None:
    """After a wrong approval nothing is pending, and the same file can be sent at once."""
    enrolled(world)
    shown = asked(world, request())
    with pytest.raises(ApprovalMismatch):
        world.sender.send(request(), acting(world, Asks(shown, instead="approval.signature")))

    sent = world.sender.send(request(), world.acting(CLERK))

    assert [one.status for one in world.sender.outbox()] == [Status.SENT]
    assert sent.transfer != shown.subject


def test_another_persons_answer_does_not_take_what_is_held(world: World) -> None:
    """What the clerk was shown is announced for the clerk, not for a colleague who has the same file."""
    enrolled(world)
    shown = asked(world, request())
    with pytest.raises(AlreadySent):
        world.sender.send(request(), acting(world, Asks(shown), COLLEAGUE))


def test_a_restart_forgets_what_was_asked(world: World) -> None:
    """Held sendings live in memory; after a restart the file can be sent, and the orphan is no transfer."""
    asked(world, request())
    again = world.restart(SENDER)
    again.send(request(), world.acting(CLERK))
    assert [one.status for one in again.outbox()] == [Status.SENT]
