"""The thread that keeps a running server in company: it outlives what fails on a beat."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from akashi.app.network.running import NetworkNode
from akashi.errors import AkashiError
from akashi.network.node.errors import NodeGaveUp


def test_a_failed_restart_does_not_end_the_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """New keys are named and the node does not start: it is told, tried again at the next beat, and this server goes on noticing the end of its chain."""
    monkeypatch.setattr("akashi.app.network.running._BEAT_S", 0.01)
    ended, told, tried, beats = threading.Event(), list[AkashiError](), list[int](), list[float]()
    problem = NodeGaveUp.__new__(NodeGaveUp)

    def reach() -> None:
        tried.append(1)
        if len(tried) == 1:
            raise problem

    def beat(now_s: float) -> None:
        beats.append(now_s)
        ended.set()

    node = object.__new__(NetworkNode)
    node._ended, node._roll_changed, node._alarm, node.on_next_chain = ended, threading.Event(), told.append, []
    node._roll_changed.set()
    node.chain = SimpleNamespace(over=False, head=None)  # type: ignore[assignment]  # all that a beat looks at
    node.notes = SimpleNamespace(newest=lambda: None)  # type: ignore[assignment]  # as above
    node.roll = SimpleNamespace(servers=list)  # type: ignore[assignment]  # as above
    node.company = SimpleNamespace(reach=reach, beat=beat, seat=SimpleNamespace(book=SimpleNamespace(own="srv-a")))  # type: ignore[assignment]  # as above

    node._beat()

    assert (told, len(tried), len(beats)) == ([problem], 2, 1)
