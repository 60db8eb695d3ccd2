"""Floods at a TLS port, and the others who come meanwhile: real sockets, real handshakes, one network per 127.0.0.x.

Nothing here looks at a clock of its own: where something must come before something else, deadlines of the server's one loop decide it, in
their order, on a machine as slow as it likes.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from akashi.api import tls as tls_module
from akashi.api.entrance import listener
from akashi.api.entrance.limits import Limits
from akashi.api.tls import TlsServer
from akashi.api.tls_process import Refusals
from tests.api.pki import GET, Client, Pki, Receive, Scope, Send, ask, is_cut, reply, whoami
from tests.waiting import PATIENCE_S, soon, until

pytestmark = pytest.mark.network

OURS, THEIRS, OTHERS = "127.0.0.1", "127.0.0.2", "127.0.0.3"
Start = Callable[..., TlsServer]
NEVER = {
    "hello_seconds": 3600,
    "patience_seconds": 3600,
    "handshake_seconds": 3600,
    "header_seconds": 3600,
    "idle_seconds": 3600,
    "handshakes_second": 500,
}
"""No deadline ends anything: each test shortens the one that it is about."""


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    """A fresh authority with nothing revoked."""
    return Pki(tmp_path)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Refusals:
    """What the entrance refused in this test, and no other server of the session."""
    made = Refusals()
    monkeypatch.setattr(listener, "REFUSALS", made)
    monkeypatch.setattr(tls_module, "REFUSALS", made)
    return made


@pytest.fixture
def start(pki: Pki) -> Iterator[Start]:
    """Servers with certain limits; all are stopped at the end."""
    with ExitStack() as running:

        def started(**limits: float) -> TlsServer:
            server = pki.server(**(NEVER | limits))
            server.start()
            running.callback(server.stop)
            return server

        yield started


def few_handshakes(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """So many under way at once, whatever the pace and the deadline would give."""
    monkeypatch.setattr(Limits, "handshakes", property(lambda _self: most))


def is_closed(line: socket.socket) -> bool:
    """Is a connection ended by the server, whatever it said before?"""
    with suppress(ConnectionError):
        try:
            while line.recv(65536):
                pass
        except TimeoutError:
            return False
    return True


def dial(server: TlsServer, source: str) -> socket.socket:
    """A connection that says nothing yet, from an address."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S, source_address=(source, 0))


def enter(server: TlsServer, client: Client, source: str) -> ssl.SSLSocket:
    """A connection with its handshake done."""
    return client.context().wrap_socket(dial(server, source), server_hostname="localhost")


def served(server: TlsServer, client: Client, source: str) -> str:
    """The answer that a client gets who comes from an address."""
    with enter(server, client, source) as connection:
        return ask(connection).decode()


def who(client: Client, source: str) -> str:
    """What the application answers to this client."""
    return sha256(client.certificate.public_bytes(Encoding.DER)).hexdigest() + " " + source


def hello(pki: Pki) -> bytes:
    """A whole ClientHello."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = pki.anonymous().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        asking.do_handshake()
    return outgoing.read()


def here(server: TlsServer) -> int:
    """How many are at the entrance, not in."""
    entrance = server._server._entrance
    assert entrance is not None
    return entrance._total


def shaking(server: TlsServer) -> int:
    """How many handshakes are under way."""
    entrance = server._server._entrance
    assert entrance is not None
    return len(entrance._under_way)


def inside(server: TlsServer) -> int:
    """How many are in."""
    return len(server._gate._inside)


def test_a_flood_that_never_speaks(pki: Pki, start: Start, seen: Refusals) -> None:
    """Of silent connections as many wait as may, the longest silent gives way, and whoever says hello comes in, from the flood's own address too."""
    server, desk = start(waiting=30, waiting_each=20), pki.device("dev-desk")
    with enter(server, desk, OURS) as open_before, ExitStack() as flood:
        silent = [flood.enter_context(closing(dial(server, THEIRS))) for _ in range(60)]
        assert soon(lambda: seen.counts() == {"DOOR_FULL": 40})

        assert is_closed(silent[0])
        until(lambda: here(server) == 20, "twenty that wait")
        assert served(server, desk, OURS) == who(desk, OURS)
        assert served(server, desk, THEIRS) == who(desk, THEIRS)
        assert ask(open_before).decode() == who(desk, OURS)


def test_the_network_with_most_gives_way(pki: Pki, start: Start, seen: Refusals) -> None:
    """Where the whole entrance is full, the flood's own wait in vain, not somebody of a network with few."""
    server = start(waiting=10, waiting_each=8)
    with ExitStack() as flood:
        one = flood.enter_context(closing(dial(server, OURS)))
        assert soon(lambda: here(server) == 1)
        for source in (THEIRS, OTHERS) * 12:
            flood.enter_context(closing(dial(server, source)))
        assert soon(lambda: sum(seen.counts().values()) == 15)
        one.sendall(hello(pki))

        assert one.recv(1) == b"\x16"


def test_who_says_nothing_is_turned_away(start: Start, seen: Refusals) -> None:
    """After the time for a hello the connection is closed, and nothing was said on it."""
    server = start(hello_seconds=0.2)
    with closing(dial(server, THEIRS)) as silent:
        assert is_closed(silent)

    assert seen.counts() == {"DOOR_HELLO_LATE": 1}
    assert here(server) == 0


def test_a_hello_that_drips_is_turned_away(pki: Pki, start: Start, seen: Refusals) -> None:
    """Half a hello is like none: it takes no handshake, and its time does not begin again with each byte."""
    server, said = start(hello_seconds=0.6), hello(pki)
    with closing(dial(server, THEIRS)) as slow:
        with suppress(ConnectionError):  # on a slow machine its time may be over before
            for byte in said[:-1]:
                slow.sendall(bytes([byte]))

        assert is_closed(slow)
    assert seen.counts() == {"DOOR_HELLO_LATE": 1}


def test_a_hello_in_pieces_comes_in(pki: Pki, start: Start) -> None:
    """A network that cuts a hello in three keeps nobody out."""
    server, said = start(), hello(pki)
    with closing(dial(server, OURS)) as slow:
        for piece in (said[:3], said[3:100], said[100:]):
            slow.sendall(piece)
            until(lambda: here(server) + shaking(server) == 1, "the hello's arrival")

        assert slow.recv(1) == b"\x16"


@pytest.mark.parametrize(
    "said", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff", b"\x16\x03\x01\x00\x00", b"\x80\x2e\x01\x00\x02"]
)
def test_what_is_no_tls_is_turned_away(start: Start, seen: Refusals, said: bytes) -> None:
    """No hello, or one of an impossible length, ends the connection with nothing said, before any TLS."""
    server = start()
    with closing(dial(server, THEIRS)) as stranger:
        stranger.sendall(said)

        assert is_closed(stranger)
    assert seen.counts() == {"DOOR_NOT_TLS": 1}


def test_who_leaves_is_forgotten(start: Start, seen: Refusals) -> None:
    """A connection that comes and goes (a health check) is neither refused nor kept, also in the middle of a hello."""
    server = start()
    dial(server, THEIRS).close()
    with closing(dial(server, THEIRS)) as other:
        other.sendall(b"\x16\x03\x01\x01\x00half")
        assert soon(lambda: here(server) == 1)
    assert soon(lambda: here(server) == 0)

    assert seen.counts() == {}


def test_a_handshake_that_stops_ends(pki: Pki, start: Start, seen: Refusals) -> None:
    """Who says hello and then nothing is cut when the time for handshakes is over."""
    server = start(handshake_seconds=0.3)
    with closing(dial(server, THEIRS)) as slow:
        slow.sendall(hello(pki))
        assert soon(lambda: seen.counts() == {"DOOR_HANDSHAKE_LATE": 1})

    assert soon(lambda: shaking(server) == 0)


def test_one_network_never_holds_all_handshakes(pki: Pki, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one network's stopped handshakes hold all places that it may have, another's come in at once."""
    few_handshakes(monkeypatch, 8)
    server, desk, said = start(), pki.device("dev-desk"), hello(pki)
    with ExitStack() as flood:
        for _ in range(9):
            flood.enter_context(closing(dial(server, THEIRS))).sendall(said)
        until(lambda: (shaking(server), here(server)) == (4, 5), "four under way and five that wait")

        assert served(server, desk, OURS) == who(desk, OURS)
        until(lambda: (shaking(server), here(server)) == (4, 5), "the same four and five")


def test_turns_go_round_while_hellos_pour_in(pki: Pki, start: Start, seen: Refusals) -> None:
    """Behind thirty hellos of another network somebody has the next turn but one; in the order of coming they would have been turned away."""
    server, desk, said = start(handshakes_second=2, patience_seconds=6), pki.device("dev-desk"), hello(pki)
    with ExitStack() as flood:
        for _ in range(30):
            flood.enter_context(closing(dial(server, THEIRS))).sendall(said)

        assert served(server, desk, OURS) == who(desk, OURS)
    assert set(seen.counts()) <= {"DOOR_TURN_LATE"}


def test_who_has_left_costs_no_turn(pki: Pki, start: Start, seen: Refusals) -> None:
    """Hellos of clients that have gone meanwhile are passed over: behind eight of them somebody still comes in time."""
    server, desk, said = start(handshakes_second=1, patience_seconds=4), pki.device("dev-desk"), hello(pki)
    assert served(server, desk, OURS) == who(desk, OURS)
    for _ in range(8):
        with closing(dial(server, OURS)) as gone:
            gone.sendall(said)

    assert served(server, desk, OURS) == who(desk, OURS)
    assert "DOOR_TURN_LATE" not in seen.counts()


def test_who_waits_too_long_is_turned_away(
    pki: Pki, start: Start, seen: Refusals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client whose turn has not come within the patience is closed, so that no turn is spent on who has given up."""
    few_handshakes(monkeypatch, 2)
    server, said = start(patience_seconds=0.2), hello(pki)
    with ExitStack() as flood:
        for _ in range(6):
            flood.enter_context(closing(dial(server, THEIRS))).sendall(said)

        until(lambda: seen.counts() == {"DOOR_TURN_LATE": 5}, "five refusals", seen.counts)
        until(lambda: (shaking(server), here(server)) == (1, 0), "one under way, nobody that waits")


def test_a_flood_that_completes_handshakes(pki: Pki, start: Start) -> None:
    """Connections that come in and rest give way to the next: of one address its own, never somebody else's, and everybody who asks is answered."""
    server, desk = start(connections=12, connections_each=8), pki.device("dev-desk")
    with enter(server, desk, OURS) as open_before, ExitStack() as flood:
        assert ask(open_before).decode() == who(desk, OURS)
        lines = [flood.enter_context(enter(server, pki.device(f"dev-{n:04d}"), THEIRS)) for n in range(20)]
        assert soon(lambda: inside(server) <= 9)

        assert is_cut(lines[0])
        assert served(server, desk, OTHERS) == who(desk, OTHERS)
        assert ask(open_before).decode() == who(desk, OURS)
        assert b"127.0.0.2" in ask(lines[-1])


def test_a_stolen_device_takes_its_own_room_only(pki: Pki, start: Start, seen: Refusals) -> None:
    """With one certificate only so many connections are open; its own longest rest ends for the next, others' stay."""
    server, lost, kept = start(connections_device=3), pki.device("dev-lost"), pki.device("dev-kept")
    with enter(server, kept, OURS) as ours, ExitStack() as flood:
        theirs = [flood.enter_context(enter(server, lost, THEIRS)) for _ in range(6)]
        assert soon(lambda: inside(server) == 4)

        assert is_cut(theirs[0])
        assert ask(ours).decode() == who(kept, OURS)
        assert ask(theirs[-1]).decode() == who(lost, THEIRS)
    assert "DOOR_FULL" not in seen.counts()


class Held:
    """An application whose answers wait until the test says so."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Semaphore(0), threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as ``whoami`` once it may."""
        if scope["type"] == "http":
            self.begun.release()
            await asyncio.to_thread(self.go_on.wait, PATIENCE_S)
        await whoami(scope, receive, send)


def test_a_request_under_way_is_never_cut_for_another(pki: Pki, start: Start, seen: Refusals) -> None:
    """Where everybody is at work, a newcomer waits and is turned away; the answers come."""
    app, desk = Held(), pki.device("dev-desk")
    server = start(connections=2, connections_each=2, patience_seconds=0.3)
    server._server.config.loaded_app = app
    with enter(server, desk, OURS) as one, enter(server, desk, OURS) as two:
        for line in (one, two):
            line.sendall(GET)
            assert app.begun.acquire(timeout=PATIENCE_S)
        with closing(dial(server, THEIRS)) as newcomer:
            newcomer.sendall(hello(pki))
            assert is_closed(newcomer)
        app.go_on.set()

        assert [reply(line).decode() for line in (one, two)] == [who(desk, OURS)] * 2
    assert seen.counts() == {"DOOR_TURN_LATE": 1}


async def endless(scope: Scope, _receive: Receive, send: Send) -> None:
    """An answer larger than any buffer between."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % (64 << 20))]})
        await send({"type": "http.response.body", "body": bytes(64 << 20)})


def test_who_never_reads_the_answer_is_cut(pki: Pki, start: Start) -> None:
    """An answer that nobody takes off the line holds a connection for so long and no longer."""
    server = start(stalled_seconds=1)
    server._server.config.loaded_app = endless
    with enter(server, pki.device("dev-desk"), THEIRS) as deaf:
        deaf.sendall(GET)
        assert soon(lambda: inside(server) == 1)

        assert soon(lambda: inside(server) == 0)


def test_stopping_turns_everybody_away(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is silent, who waits and who shakes hands when the server stops is closed; nothing stays behind."""
    few_handshakes(monkeypatch, 2)
    server, said = pki.server(**NEVER), hello(pki)
    server.start()
    with ExitStack() as flood:
        lines = [flood.enter_context(closing(dial(server, source))) for source in (OURS, OURS, THEIRS, THEIRS)]
        for line in lines[1:]:
            line.sendall(said)
        until(lambda: (shaking(server), here(server)) == (2, 2), "two under way, one that waits and one that is silent")
        server.stop()

        assert all(is_closed(line) for line in lines)
    assert server._failure is None
    assert here(server) == 0
