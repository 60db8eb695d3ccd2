"""Links: what waits, what gives way, and that nobody who commits ever waits."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from akashi.network.peers.client import Peer, PeerAddress
from akashi.network.peers.errors import PeerAway, PeerRefused
from akashi.network.peers.links import MAX_ERRANDS, PeerLink, PeerLinks
from akashi.network.peers.wire import MAX_NOTES
from tests.waiting import PATIENCE_S, soon


def no_context() -> ssl.SSLContext:
    """Nobody connects here."""
    raise AssertionError("connected")


class Recorder(Peer):
    """A peer that writes down what it is sent, and can be made to hang or fail."""

    def __init__(self, server: str = "srv-0002", port: int = 1) -> None:
        super().__init__(PeerAddress(server, "127.0.0.1", port, b"k" * 32), no_context)
        self.sent: list[list[bytes]] = []
        self.errands: list[str] = []
        self.error: Exception | None = None
        self.attempts = 0
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()

    def send_cosignatures(self, notes: Sequence[bytes]) -> None:
        self.entered.set()
        self.open.wait(PATIENCE_S)
        self.attempts += 1
        if self.error is not None:
            raise self.error
        self.sent.append(list(notes))


@contextmanager
def running(link: PeerLink) -> Iterator[PeerLink]:
    """Started, and stopped at the end."""
    link.start()
    try:
        yield link
    finally:
        if isinstance(link.peer, Recorder):
            link.peer.open.set()
        link.stop()


def note(number: int) -> bytes:
    """Stands for a note."""
    return b"%d" % number


def test_a_full_queue_drops_the_old() -> None:
    """While a peer hangs the newest few notes wait and the oldest give way; handing over never waits for the peer."""
    peer = Recorder()
    peer.open.clear()
    with running(PeerLink(peer)) as link:
        link.push(note(0))
        assert peer.entered.wait(PATIENCE_S)
        for number in range(1, 101):
            link.push(note(number))
        lost = link.state.lost
        peer.open.set()
        assert soon(lambda: len(peer.sent) == 2)

    assert lost == 100 - MAX_NOTES
    assert peer.sent == [[note(0)], [note(number) for number in range(101 - MAX_NOTES, 101)]]


def test_a_peer_that_is_away_gets_the_newest_when_it_is_back() -> None:
    """What could not be sent is tried again, in order, as far as nothing newer took its place; the link says how it is."""
    peer = Recorder()
    peer.error = PeerAway(server="srv-0002")
    with running(PeerLink(peer)) as link:
        for number in range(MAX_NOTES + 3):
            link.push(note(number))
        assert soon(lambda: peer.attempts >= 2)
        down = link.state
        peer.error = None
        assert soon(lambda: bool(peer.sent))
        assert soon(lambda: link.state.up)

    assert (down.up, down.problem) == (False, "network.peer.away")
    assert peer.sent[-1][-1] == note(MAX_NOTES + 2)
    assert link.state.problem is None


def test_what_was_refused_is_not_said_again() -> None:
    """A peer that answers with a refusal was reached: the note is not repeated, the reason is shown, the next note is sent."""
    peer = Recorder()
    peer.error = PeerRefused(server="srv-0002", status=403, reason="unknown")
    with running(PeerLink(peer)) as link:
        link.push(note(1))
        assert soon(lambda: link.state.problem is not None)
        refused = link.state
        peer.error = None
        link.push(note(2))
        assert soon(lambda: bool(peer.sent))

    assert (refused.up, refused.problem) == (True, "network.peer.refused")
    assert (peer.attempts, peer.sent) == (2, [[note(2)]])


def test_an_errand_is_done_once_and_replaced_by_name() -> None:
    """Errands of one name that wait are one errand, the newest; too many of different names drop the oldest."""
    peer = Recorder()
    peer.open.clear()
    done: list[str] = []
    with running(PeerLink(peer)) as link:
        link.push(note(0))
        assert peer.entered.wait(PATIENCE_S)
        for turn in range(3):
            link.offer("checkpoint", lambda _peer, turn=turn: done.append(f"checkpoint {turn}"))  # type: ignore[misc]  # bound now
        for other in range(MAX_ERRANDS - 1):
            link.offer(f"other {other}", lambda _peer: done.append("other"))
        link.offer("last", lambda _peer: done.append("last"))
        peer.open.set()
        assert soon(lambda: done[-1:] == ["last"])

    assert done == ["other"] * (MAX_ERRANDS - 1) + ["last"]


def test_a_link_outlives_a_broken_errand() -> None:
    """Whatever an errand raises, the link goes on."""
    peer = Recorder()

    def breaking(_peer: Peer) -> None:
        raise RuntimeError

    with running(PeerLink(peer)) as link:
        link.offer("breaking", breaking)
        link.push(note(1))

        assert soon(lambda: bool(peer.sent))


def test_a_change_of_servers_keeps_the_links_that_stay() -> None:
    """A peer that stays keeps its link and its queue; one that goes gets nothing more; one with another address gets a new link."""
    links = PeerLinks()
    stays, goes, moves, moved = (
        Recorder("srv-0002"),
        Recorder("srv-0003"),
        Recorder("srv-0004"),
        Recorder("srv-0004", 2),
    )
    links.set_peers({one.address.server: one for one in (stays, goes, moves)})
    links.set_peers({one.address.server: one for one in (Recorder("srv-0002"), moved)})
    links.push(note(1))
    assert soon(lambda: bool(stays.sent and moved.sent))
    links.stop()
    links.push(note(2))

    assert (goes.sent, moves.sent, stays.sent) == ([], [], [[note(1)]])
    assert links.states() == {}
