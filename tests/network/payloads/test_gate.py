"""A server that was away answers no peer before it knows, and has done, what was ordered in the meantime."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from akashi.errors import Unavailable
from akashi.network.payloads.erasing import erase_before_serving
from akashi.network.payloads.errors import CopiesBehind
from akashi.network.payloads.gate import Gate
from akashi.network.payloads.intake import fetch_missing
from akashi.network.payloads.plane import PayloadSide
from akashi.vault.errors import PayloadErased
from tests.exchange.world import CLERK, request
from tests.network.payloads.servers import Network
from tests.waiting import PATIENCE_S


class Away(Unavailable):
    """The node does not answer."""

    code = "testing.node"


def raising() -> bool:
    """A node that does not answer."""
    raise Away


@pytest.mark.parametrize("caught_up", [lambda: False, raising])
def test_closed_while_the_node_is_behind(caught_up: Callable[[], bool]) -> None:
    """Behind, or unknown: nobody passes and nothing is called done."""
    done: list[int] = []
    gate = Gate(caught_up, lambda: done.append(1))

    for _ in range(2):
        with pytest.raises(CopiesBehind):
            gate()

    assert done == []


def test_open_after_the_erasing_and_then_for_good() -> None:
    """It opens once the node is level, erases once before that, and asks nobody any more."""
    answers, done = [False, True], []
    gate = Gate(lambda: answers.pop(0), lambda: done.append(len(answers)))
    with pytest.raises(CopiesBehind):
        gate()

    for _ in range(3):
        gate()

    assert (answers, done) == ([], [0])


def test_a_failed_erasing_keeps_it_closed() -> None:
    """What could not be erased is not served: the error leaves, and the next one tries again."""
    tries: list[int] = []

    def erase() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise Away

    gate = Gate(lambda: True, erase)
    with pytest.raises(Away):
        gate()
    gate()

    assert len(tries) == 2


def test_those_who_come_together_wait_for_one_erasing() -> None:
    """Several peers at once: one erasing, and nobody passes before its end."""
    begun, go_on, passed = threading.Event(), threading.Event(), []

    def erase() -> None:
        begun.set()
        go_on.wait(PATIENCE_S)

    gate = Gate(lambda: True, erase)

    def come() -> None:
        gate()
        passed.append(1)

    threads = [threading.Thread(target=come) for _ in range(3)]
    for thread in threads:
        thread.start()
    begun.wait(PATIENCE_S)
    early = list(passed)
    go_on.set()
    for thread in threads:
        thread.join(PATIENCE_S)

    assert early == []
    assert len(passed) == 3


def test_a_returning_server_gives_nothing_that_was_ordered_meanwhile(network: Network) -> None:
    """All three payload calls are refused while it is behind; level, the ordered copy is gone before the first answer."""
    name = network.sender.send(request(), network.acting(CLERK)).transfer
    payload = network.sender.show(name).transfer.payload
    node = network.nodes[3]
    fetch_missing(node.intake)
    level: list[bool] = []
    gate = Gate(lambda: bool(level), lambda: erase_before_serving(network.engine, node.vault))
    side = PayloadSide(node.intake, gate)
    for call in (
        lambda: side.payload_ids(""),
        lambda: side.payload("srv-0001", payload.hex(), 0),
        lambda: side.take_payload("srv-0001", payload.hex(), 0, iter(())),
    ):
        with pytest.raises(CopiesBehind):
            call()
    network.order(payload, name)
    level.append(True)

    with pytest.raises(PayloadErased):
        side.payload("srv-0001", payload.hex(), 0)

    assert side.payload_ids("") == []
    assert node.vault.stored() == []
