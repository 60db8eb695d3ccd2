"""The client against listeners of ours and against ones that misbehave."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256

import pytest

from akashi.network.peers.certificates import server_context
from akashi.network.peers.client import Peer, PeerAddress
from akashi.network.peers.errors import PeerAnswerInvalid, PeerAway, PeerRefused
from akashi.network.peers.routes import Bounds
from akashi.network.peers.wire import join_parts
from tests.network.peers.conftest import Planes
from tests.network.peers.servers import SLOW, Home, Plane
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.network
ONCE = replace(SLOW, attempts=1)


@pytest.fixture
def pair(planes: Planes) -> tuple[Plane, Peer]:
    """A plane, and another server's client of it."""
    one, two = planes(2, Bounds(payload_bytes=3_000_000))
    return one, two.peer(one, patience=ONCE)


def test_connections_are_kept(pair: tuple[Plane, Peer]) -> None:
    """Requests one after the other share a connection; threads at the same time have their own."""
    plane, peer = pair
    for _ in range(5):
        peer.status()
    alone = len(plane.server._doorkeeper.live)
    threads = [threading.Thread(target=peer.status) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert alone == 1
    assert len(plane.server._doorkeeper.live) <= 4


def test_a_connection_that_was_closed_meanwhile_is_replaced(pair: tuple[Plane, Peer]) -> None:
    """A kept connection that the other side ended costs no attempt."""
    plane, peer = pair
    peer.status()
    plane.server.trust(plane.home.identity, [])
    while plane.server._doorkeeper.live:
        time.sleep(0.01)
    plane.server.trust(plane.home.identity, [one.certificate for one in plane.everybody])

    assert peer.status() == {"lag": 0}


def test_leaves_are_fetched_in_pieces(pair: tuple[Plane, Peer]) -> None:
    """A long range comes as a thousand at a time."""
    _, peer = pair
    got = [len(peer.leaves(start, 4_500)) for start in (0, 4_000)]

    assert got == [1_000, 500]


def test_a_payload_goes_there_and_comes_back(pair: tuple[Plane, Peer]) -> None:
    """A copy of some megabytes is streamed both ways, without being held in one piece."""
    plane, peer = pair
    chunk = bytes(range(256)) * 256

    def body() -> Iterator[bytes]:
        for _ in range(40):
            yield chunk

    receipt = peer.put_payload("p1", body)
    back = b"".join(peer.payload("p1"))
    tail = b"".join(peer.payload("p1", len(chunk) * 40 - 5))

    assert receipt == sha256(chunk * 40).digest()
    assert (back, tail) == (chunk * 40, chunk[-5:])
    assert peer.payload_ids() == ["p1"]
    assert plane.side.held["p1"] == back


def test_a_payload_too_large_is_refused(pair: tuple[Plane, Peer]) -> None:
    """A copy beyond the bound ends with an error for the sender, and is not kept."""
    plane, peer = pair
    with pytest.raises((PeerRefused, PeerAway)):
        peer.put_payload("p1", lambda: iter([b"x" * 500_000] * 20))

    assert plane.side.held == {}


def test_a_missing_payload_is_refused(pair: tuple[Plane, Peer]) -> None:
    """What is not there, or was erased, is answered as such before the first byte."""
    _, peer = pair
    with pytest.raises(PeerRefused) as refused:
        list(peer.payload("missing"))

    assert (refused.value.params["status"], refused.value.params["reason"]) == (404, "akashi.not_found")


def test_headers_are_bounded(pair: tuple[Plane, Peer]) -> None:
    """A peer that sends headers without end is cut off."""
    plane, _ = pair
    home = plane.everybody[1]
    context = home.context(plane.home)
    with (
        socket.create_connection(("127.0.0.1", plane.port), timeout=PATIENCE_S) as raw,
        context.wrap_socket(raw) as connection,
    ):
        try:
            connection.sendall(b"GET /peer/v1/status HTTP/1.1\r\nHost: a\r\n" + b"X-A: " + b"b" * 70_000)
            answer = connection.recv(100)
        except OSError:
            answer = b""

    assert b" 200 " not in answer


# -- listeners that misbehave -----------------------------------------------------------------------------------------


class Liar:
    """A trusted peer that answers every request with the same bytes, then closes."""

    def __init__(self, answer: bytes) -> None:
        self.home, self.caller = Home(1), Home(2)
        self._answer = answer
        self._context = server_context(self.home.identity, [self.caller.certificate])
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self.requests = 0
        context = self.caller.context(self.home)
        address = PeerAddress("srv-0001", "127.0.0.1", self._socket.getsockname()[1], self.home.spki)
        self.pauses: list[float] = []
        self.peer = Peer(address, lambda: context, SLOW, self.pauses.append)

    def _serve(self) -> None:
        while True:
            try:
                raw, _ = self._socket.accept()
            except OSError:
                return
            with raw:
                try:
                    with self._context.wrap_socket(raw, server_side=True) as connection:
                        connection.recv(65_536)
                        self.requests += 1
                        connection.sendall(self._answer)
                except (OSError, ssl.SSLError):
                    continue

    def close(self) -> None:
        """End."""
        self.peer.close()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(PATIENCE_S)


def http(body: bytes, length: int | None = None, status: str = "200 OK") -> bytes:
    """An answer with a length of its own."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


@pytest.fixture
def liars() -> Iterator[ExitStack]:
    """Ends them."""
    with ExitStack() as stack:
        yield stack


def liar(stack: ExitStack, answer: bytes) -> Liar:
    """One, ended with the test."""
    made = Liar(answer)
    stack.callback(made.close)
    return made


@pytest.mark.parametrize(
    "answer",
    [http(b"x" * 9_000), http(b"[]"), http(b"{"), http(b"\xff"), http(b'{"a":' * 12_000)],
    ids=["too long", "no object", "cut json", "no text", "too deep"],
)
def test_an_answer_of_another_form_is_refused(liars: ExitStack, answer: bytes) -> None:
    """What a peer answers is bounded and of its route's form, or an error; it is not asked again."""
    made = liar(liars, answer)
    with pytest.raises(PeerAnswerInvalid):
        made.peer.checkpoint() if answer.endswith(b"xxx") else made.peer.status()

    assert (made.requests, made.pauses) == (1, [])


@pytest.mark.parametrize("body", [b"\x00\x00", b"\x00\x00\x00\x05abc", join_parts([b"a", b"b", b"c"])])
def test_leaves_that_are_cut_or_too_many_are_refused(liars: ExitStack, body: bytes) -> None:
    """A peer cannot hand over half a leaf, or more leaves than were asked for."""
    made = liar(liars, http(body))
    with pytest.raises(PeerAnswerInvalid):
        made.peer.leaves(0, 2)


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200", b"nonsense\r\n\r\n", http(b"{}", 50), http(b"busy", status="503 Busy")],
    ids=["nothing", "cut head", "no http", "cut body", "busy"],
)
def test_what_breaks_off_is_tried_again_with_pauses(liars: ExitStack, answer: bytes) -> None:
    """A connection that does not last is tried three times, with pauses that double, then told."""
    made = liar(liars, answer)
    with pytest.raises(PeerAway):
        made.peer.status()

    assert (made.requests, made.pauses) == (3, [0.05, 0.1])


def test_a_copy_that_breaks_off_is_not_taken_for_whole(liars: ExitStack) -> None:
    """The end of the connection is not the end of a copy: neither with a length nor in chunks."""
    for answer in (
        http(b"half", 8),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ):
        made = liar(liars, answer)
        with pytest.raises(PeerAway):
            list(made.peer.payload("p1"))


def test_a_refusal_shows_codes_only(liars: ExitStack) -> None:
    """Whatever a peer writes into a refusal, our message holds a short code or nothing of it."""
    made = liar(liars, http("氏名 <script>".encode(), status="409 Conflict"))
    with pytest.raises(PeerRefused) as refused:
        made.peer.status()

    assert refused.value.params["reason"] == "other"
