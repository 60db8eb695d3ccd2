"""The way to one other server: bounded, and not narrowed by a fault."""

from __future__ import annotations

import threading

import pytest

from akashi.network.payloads.lanes import Lane
from tests.waiting import PATIENCE_S, until


def test_what_finds_no_room_is_refused_at_once() -> None:
    """One on its way, one waiting: the third is told no, nothing is kept for it, and the others run."""
    lane, go_on, begun, done = Lane("a", workers=1, waiting=1), threading.Event(), threading.Event(), []

    def slow() -> None:
        begun.set()
        go_on.wait(PATIENCE_S)
        done.append("slow")

    first = lane.offer(slow)
    begun.wait(PATIENCE_S)
    answers = [first, lane.offer(lambda: done.append("next")), lane.offer(lambda: done.append("never"))]
    go_on.set()
    until(lambda: len(done) == 2, "both jobs", lambda: done)
    lane.close()
    lane.join(PATIENCE_S)

    assert answers == [True, True, False]
    assert done == ["slow", "next"]


def test_a_fault_costs_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    """A job that raises is logged by its type alone; the next one runs in the same lane."""
    lane, done = Lane("a", workers=1), threading.Event()

    def faulty() -> None:
        raise ValueError("a secret")

    lane.offer(faulty)
    lane.offer(done.set)

    assert done.wait(PATIENCE_S)
    lane.close()
    lane.join(PATIENCE_S)
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_closing_drops_what_waits() -> None:
    """What has begun ends; what waits does not begin."""
    lane, go_on, begun, done = Lane("a", workers=1), threading.Event(), threading.Event(), []

    def slow() -> None:
        begun.set()
        go_on.wait(PATIENCE_S)
        done.append("slow")

    lane.offer(slow)
    lane.offer(lambda: done.append("waiting"))
    begun.wait(PATIENCE_S)
    lane.close()
    go_on.set()
    lane.join(PATIENCE_S)

    assert done == ["slow"]
