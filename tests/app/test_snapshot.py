"""What a gateway keeps of a state elsewhere: nothing that is older than the request, nothing of another state.

Attack: somebody who was stopped goes on because an answer from before was kept.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextvars import copy_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.app.gateway import snapshot
from akashi.app.gateway.snapshot import LARGE, STATE, Snapshot, one_request, something_sent
from akashi.errors import Unavailable


class Elsewhere:
    """A server with rows and a mark; ``asked`` are the paths in order."""

    def __init__(self) -> None:
        self.rows: dict[str, object] = {"per/01": "one"}
        self.block, self.asked = 1, list[str]()
        self.away = False

    def write(self, name: str, value: object) -> None:
        """A block that changes one row."""
        self.rows[name] = value
        self.block += 1

    def ask(self, path: str) -> Mapping[str, object]:
        """Answers as the machine API does."""
        self.asked.append(path)
        if self.away:
            raise Unavailable
        at, tail = str(self.block), path.removeprefix(STATE)
        if tail.startswith("/"):
            return (
                {"at": at, "value": self.rows.get(tail[1:])} if "?" not in tail else {"at": at, "rows": [0] * LARGE * 2}
            )
        return {"at": at, "values": [self.rows.get(one.removeprefix("key=")) for one in tail[1:].split("&") if one]}


@pytest.fixture
def server() -> Elsewhere:
    """With one row."""
    return Elsewhere()


@pytest.fixture
def kept(server: Elsewhere) -> Snapshot:
    """What a gateway knows of it."""
    return Snapshot(server.ask)


ROW, OTHER = f"{STATE}/per/01", f"{STATE}/per/02"


def test_the_second_request_asks_only_for_the_mark(server: Elsewhere, kept: Snapshot) -> None:
    """While the state is the same, an answer from an earlier request is used."""
    with one_request():
        kept.answer(ROW)
    server.asked.clear()
    with one_request():
        values = [kept.answer(ROW)["value"], kept.answer(ROW)["value"]]

    assert values == ["one", "one"]
    assert server.asked == [STATE]


def test_what_changed_is_seen_by_the_next_request(server: Elsewhere, kept: Snapshot) -> None:
    """One look at the mark, one call for all rows in use, and the new value."""
    with one_request():
        kept.answer(ROW)
        kept.answer(OTHER)
    server.write("per/01", "stopped")
    server.asked.clear()
    with one_request():
        values = [kept.answer(ROW)["value"], kept.answer(OTHER)["value"]]

    assert values == ["stopped", None]
    assert server.asked == [STATE, f"{STATE}?key=per/01&key=per/02"]


def test_one_sees_what_one_did(server: Elsewhere, kept: Snapshot) -> None:
    """After something was sent the same request goes by the new state."""
    with one_request():
        before = kept.answer(ROW)["value"]
        server.write("per/01", "changed")
        something_sent()
        after = kept.answer(ROW)["value"]

    assert (before, after) == ("one", "changed")


def test_a_long_request_looks_again(server: Elsewhere, kept: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that takes longer than a second does not go by the state of its beginning."""
    now = 100.0
    monkeypatch.setattr(snapshot, "monotonic", lambda: now)
    with one_request():
        kept.answer(ROW)
        server.write("per/01", "stopped")
        now += snapshot.LIFE_S
        value = kept.answer(ROW)["value"]

    assert value == "stopped"


def test_outside_a_request_everything_is_asked(server: Elsewhere, kept: Snapshot) -> None:
    """Chores and commands are told the newest, each time."""
    with one_request():
        kept.answer(ROW)
    server.write("per/01", "stopped")

    assert kept.answer(ROW)["value"] == "stopped"
    assert kept.answer(ROW)["value"] == "stopped"
    assert server.asked[-2:] == [ROW, ROW]


def test_nothing_kept_is_used_while_the_server_is_away(server: Elsewhere, kept: Snapshot) -> None:
    """Attack: the line is cut so that a revocation does not arrive; the next request is refused, not served from memory."""
    with one_request():
        kept.answer(ROW)
    server.away = True

    with one_request(), pytest.raises(Unavailable):
        kept.answer(ROW)


def test_threads_of_a_request_share_its_state(server: Elsewhere, kept: Snapshot) -> None:
    """Work handed to a thread with the request's context asks for no mark of its own."""
    with one_request():
        kept.answer(ROW)
        server.asked.clear()
        context = copy_context()
        thread = threading.Thread(target=lambda: context.run(kept.answer, ROW))
        thread.start()
        thread.join()

    assert server.asked == []


def test_a_large_scan_is_not_kept(server: Elsewhere, kept: Snapshot) -> None:
    """Memory holds rows that are in use, not registers."""
    path = f"{STATE}/inst?prefix="
    for _ in range(2):
        with one_request():
            kept.answer(path)

    assert server.asked.count(path) == 2


@given(st.lists(st.tuples(st.sampled_from("wr"), st.integers(0, 3)), max_size=30))
def test_no_request_is_told_less_than_the_state_it_began_with(steps: list[tuple[str, int]]) -> None:
    """Whatever is written and read in whatever order: a new request reads what the server has."""
    server = Elsewhere()
    kept = Snapshot(server.ask)
    for number, (what, row) in enumerate(steps):
        if what == "w":
            server.write(f"per/0{row}", number)
        else:
            with one_request():
                told = kept.answer(f"{STATE}/per/0{row}")["value"]
            assert told == server.rows.get(f"per/0{row}")
