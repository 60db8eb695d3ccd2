"""Who waits for what: nobody is forgotten, and nothing that was lost holds up the rest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from akashi.errors import AkashiError
from akashi.ledger.errors import Refused
from akashi.ledger.wire.envelope import parse_operation
from akashi.network.queueing import FRESH_AGE, MAX_AGE, MAX_UNDER_WAY, Latch, Queue
from tests.ledger.world import Noted, World
from tests.waiting import PATIENCE_S


def _envelope(world: World) -> bytes:
    return world.say(Noted(slot=1, count=1, digest=bytes(32)), world.gateway)


def test_transactions_that_a_fallen_node_forgot_give_way() -> None:
    """A node that fell has forgotten what it was given; after a while others are sent all the same, and not before."""
    queue, world = Queue(), World()
    for number in range(MAX_UNDER_WAY):
        queue.sent(bytes([number]))
    envelope = _envelope(world)
    queue.add([(parse_operation(envelope), envelope)])
    for _ in range(MAX_AGE - 1):
        queue.age()
    early = queue.take(0)

    queue.age()

    assert early == []
    assert [one for _, one in queue.take(0)] == [envelope]


def test_what_was_sent_only_now_is_not_sent_again() -> None:
    """An operation under way is not sent a second time until it is late; another one is, and so is this one once its transaction came without it."""
    queue = Queue()
    queue.sent(b"first", [b"a"])
    queue.sent(b"second", [b"b"])
    queue.age()
    queue.again([(b"a", b"A"), (b"c", b"C")])
    early = queue.take(0)
    queue.arrived([b"second"])
    queue.again([(b"b", b"B")])
    arrived = queue.take(0)
    for _ in range(FRESH_AGE - 1):
        queue.age()

    queue.again([(b"a", b"A")])

    assert (early, arrived, queue.take(0)) == ([(b"c", b"C")], [(b"b", b"B")], [(b"a", b"A")])


def test_who_gives_up_takes_nobody_with_him() -> None:
    """Two wait for one operation; the first gives up; the second is told how it ended."""
    queue = Queue()
    envelope = _envelope(World())
    operation = parse_operation(envelope)
    (first,) = queue.add([(operation, envelope)])
    (second,) = queue.add([(operation, envelope)])
    outcome: AkashiError = Refused("noted.unlucky")

    queue.forget(operation.id, first)
    queue.finish([(operation.id, outcome)])

    assert second.done.is_set()
    assert second.outcome is outcome


def test_a_latch_lets_everybody_through() -> None:
    """Eight who wait are all let through by one opening, and so is who comes later; before it nobody is."""
    latch = Latch()
    early = latch.wait(0)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(latch.wait, PATIENCE_S) for _ in range(8)]

        latch.set()

        assert [one.result() for one in waiting] == [True] * 8
    assert (early, latch.is_set()) == (False, True)
