"""A peer that spreads its answer over hours is cut as one that says nothing; one that is slow and steady is not."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle

import pytest

from akashi.ledger.wire.note import NoteKey, NoteKind
from akashi.network.node.errors import NodeAway
from akashi.network.node.rpc import NodeClient
from akashi.network.peers.certificates import server_context
from akashi.network.peers.client import Patience, Peer, PeerAddress
from akashi.network.peers.errors import PeerAway, PeerRefused
from akashi.network.peers.timed import HEAD, RATE, TimedSocket
from akashi.network.witness.client import WitnessClient
from akashi.network.witness.errors import WitnessAway
from tests.network.peers.servers import Home
from tests.waiting import PATIENCE_S

DRIPS = 400
EVERY_S = 0.05


class Dripping:
    """A trusted peer that answers a request at once with ``first`` and then a byte of ``rest`` now and then; ``cut``: set when the caller has gone before the end."""

    def __init__(self, first: bytes, rest: bytes) -> None:
        self.home, self.caller = Home(1), Home(2)
        self._first, self._rest = first, rest
        self._context = server_context(self.home.identity, [self.caller.certificate])
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.cut, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        context = self.caller.context(self.home)
        address = PeerAddress("srv-0001", "127.0.0.1", self._socket.getsockname()[1], self.home.spki)
        patience = Patience(attempts=1, connect=PATIENCE_S, answer=0.4, stream=0.4)
        self.peer = Peer(address, lambda: context, patience)

    def _serve(self) -> None:
        raw, _ = self._socket.accept()
        with raw, self._context.wrap_socket(raw, server_side=True) as connection:
            connection.recv(65_536)
            try:
                connection.sendall(self._first)
                for _, piece in zip(range(DRIPS), cycle(self._rest), strict=False):
                    connection.sendall(bytes([piece]))
                    self._over.wait(EVERY_S)
            except (OSError, ssl.SSLError):
                self.cut.set()

    def close(self) -> None:
        """End."""
        self._over.set()
        self.peer.close()
        self._thread.join(PATIENCE_S)
        self._socket.close()


@pytest.fixture
def dripping() -> Iterator[Callable[[bytes, bytes], Dripping]]:
    """Makes them, and ends them."""
    with ExitStack() as held:

        def make(first: bytes, rest: bytes) -> Dripping:
            made = Dripping(first, rest)
            held.callback(made.close)
            return made

        yield make


@pytest.mark.network
@pytest.mark.parametrize(
    ("first", "rest"),
    [
        (b"", b"HTTP/1.1 200 OK\r\nX-A: "),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n{", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 409 Conflict\r\nContent-Length: 60\r\n\r\n", b"x"),
    ],
    ids=["first line", "headers", "continue", "body", "chunks", "refusal"],
)
def test_an_answer_that_drips_is_given_up(
    dripping: Callable[[bytes, bytes], Dripping], first: bytes, rest: bytes
) -> None:
    """Each byte comes in time and the answer never ends: the thread is free again, and the connection is closed."""
    made = dripping(first, rest)
    # Where this machine was too slow for the head, a refusal is no answer in time like any other.
    with pytest.raises((PeerRefused, PeerAway) if b" 409 " in first else PeerAway):
        made.peer.status()

    assert made.cut.wait(PATIENCE_S)


@pytest.mark.network
def test_a_copy_that_drips_is_given_up(dripping: Callable[[bytes, bytes], Dripping]) -> None:
    """The same for a payload's copy, however long it says it is."""
    made = dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b"x")
    with pytest.raises(PeerAway):
        list(made.peer.payload("p1"))

    assert made.cut.wait(PATIENCE_S)


class Moments:
    """A clock on which each wait lasts ``step`` seconds, and what is done between two waits as long."""

    def __init__(self, step: float) -> None:
        self.now, self._step = 0.0, step

    def __call__(self) -> float:
        self.now += self._step
        return self.now


def answered(body: bytes, piece: int, step: float, allowed: tuple[float, int]) -> bytes:
    """What is read of an answer with ``body`` that comes in pieces, one in each ``step`` seconds of waiting."""
    whole = io.BytesIO(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    ours, theirs = socket.socketpair()
    with theirs, _Pieces(ours, whole, piece) as pieces:
        timed = TimedSocket(pieces, Moments(step))
        timed.allow(*allowed)
        answer = http.client.HTTPResponse(timed)  # type: ignore[arg-type]  # all that it needs of a socket
        with answer:
            answer.begin()
            return answer.read()


class _Pieces(socket.socket):
    """A connection whose bytes come in pieces."""

    def __init__(self, of: socket.socket, source: io.BytesIO, piece: int) -> None:
        super().__init__(fileno=of.detach())
        self._source, self._piece = source, piece

    def recv_into(self, buffer: memoryview, nbytes: int = 0, flags: int = 0) -> int:  # type: ignore[override]  # narrower
        got = self._source.read(min(self._piece, len(buffer)))
        buffer[: len(got)] = got
        return len(got)


def test_who_is_slow_and_steady_is_waited_for() -> None:
    """Ten times what may be taken at once, at a little more than the least rate."""
    body = bytes(20 * RATE)

    assert answered(body, 4096, 4096 / RATE * 0.9, (2.0, len(body))) == body


def test_who_is_slower_than_the_least_rate_is_not() -> None:
    """Half of it: given up, although every piece came in time."""
    with pytest.raises(TimeoutError):
        answered(bytes(20 * RATE), 4096, 4096 / RATE * 2, (2.0, 20 * RATE))


def test_more_than_was_allowed_is_not_read() -> None:
    """Fast and without end: who earns time by bytes cannot earn it for ever."""
    with pytest.raises(TimeoutError):
        answered(bytes(4 * HEAD), 4096, 0.0, (2.0, HEAD))


def test_a_new_exchange_has_its_own_time() -> None:
    """What one exchange left or used up is nothing to the next on the same connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        timed = TimedSocket(ours, Moments(4.0))
        timed.allow(3.0, 10)
        timed.sendall(b"a")
        with pytest.raises(TimeoutError):
            timed.sendall(b"b")
        timed.allow(3.0, 10)
        timed.sendall(b"c")

        assert theirs.recv(10) == b"ac"


@contextmanager
def dripping_plainly(door: socket.socket) -> Iterator[None]:
    """Whoever calls here gets an answer of which one byte comes now and then."""
    over = threading.Event()

    def drip() -> None:
        connection, _ = door.accept()
        with connection:
            connection.recv(65_536)
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
                while not over.wait(EVERY_S):
                    connection.sendall(b" ")
            except OSError:
                return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(PATIENCE_S)


def test_a_node_that_drips_is_given_up(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Also our own node, which is a stranger here: what it never ends is an answer that did not come."""
    path = tmp_path_factory.mktemp("n") / "s"
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen()
        with dripping_plainly(door), pytest.raises(NodeAway):
            NodeClient(path, 0.4).status()


@pytest.mark.network
def test_a_witness_that_drips_is_given_up() -> None:
    """A witness of another organisation holds up nobody either."""
    key = NoteKey("w.example/1", NoteKind.COSIGNATURE, bytes(32))
    with socket.create_server(("127.0.0.1", 0)) as door:
        client = WitnessClient(f"http://127.0.0.1:{door.getsockname()[1]}", key, timeout_s=0.4)
        with dripping_plainly(door), pytest.raises(WitnessAway):
            client._post(b"old 0\n\n")
