"""Floods at the shipped nginx, and the others who come meanwhile: the real program, real handshakes, one network per 127.0.0.x.

Behind it stands an application that keeps whoever asks for ``/held`` waiting until the test lets them go, so that no clock decides what is
under way. The limits are the shipped lines with smaller numbers; that the shipped numbers are those of our own entrance is a test of its own.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from akashi.api.door import Pace
from akashi.api.entrance.limits import from_settings
from akashi.app.config import GatewaySettings
from tests.api.served import Member, World
from tests.deploy.terminated import NGINX, SHIPPED, prepared, running
from tests.ports import free_ports
from tests.waiting import PATIENCE_S, soon, until

pytestmark = pytest.mark.network
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

OURS, THEIRS, OTHERS = "127.0.0.1", "127.0.0.2", "127.0.0.3"
BUSY = "混み合っています"
NARROW = (
    ("limit_conn origin 1536;", "limit_conn origin 6;"),
    ("limit_conn network 1024;", "limit_conn network 4;"),
    ("limit_conn device 128;", "limit_conn device 2;"),
)
FEW_LINES = ("worker_connections 4096;", "worker_connections 64;")
_HELLO = b"\x16\x03\x01\x02\x00\x01"
"""A record that says it holds a ClientHello, and begins one."""


class Application:
    """What nginx stands before: answers at once, and ``/held`` when the test says so."""

    def __init__(self, path: Path) -> None:
        self._released, self._lock = threading.Event(), threading.Lock()
        self._held = 0
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(path))
        self._listening.listen(512)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def held(self) -> int:
        """How many requests are kept waiting."""
        with self._lock:
            return self._held

    def release(self) -> None:
        """Answer them all."""
        self._released.set()

    def stop(self) -> None:
        """Nobody is answered any more."""
        self.release()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._listening.accept()
                threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line: socket.socket) -> None:
        with line, suppress(OSError):
            while head := line.recv(65536):
                if b" /held " in head:
                    with self._lock:
                        self._held += 1
                    self._released.wait(PATIENCE_S)
                    with self._lock:
                        self._held -= 1
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


class Flooded:
    """A running nginx and who comes to it."""

    def __init__(self, world: World, port: int, behind: Application, told: bool, closing: ExitStack) -> None:
        self._world, self._port, self._told, self._closing = world, port, told, closing
        self.behind = behind

    def raw(self, address: str) -> socket.socket:
        """A connection that says nothing; it stays open until the test ends."""
        source = OURS if self._told else address
        line = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE_S, source_address=(source, 0))
        if self._told:
            line.sendall(f"PROXY TCP6 {address} 2001:db8:ffff::1 4000 443\r\n".encode())
        return self._closing.enter_context(line)

    def connect(self, member: Member, address: str) -> ssl.SSLSocket:
        """A connection of a device, shaken hands."""
        context = ssl.create_default_context(cadata=self._world.ca)
        context.load_cert_chain(member.key_file)
        return self._closing.enter_context(context.wrap_socket(self.raw(address), server_hostname="localhost"))

    def ask(self, member: Member, address: str) -> str:
        """What a device reads for a page, status and body."""
        line = self.connect(member, address)
        line.sendall(b"GET /page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        found = bytearray()
        while piece := line.recv(65536):
            found += piece
        return found.decode()

    def comes(self, member: Member, address: str) -> bool:
        """Whether the page comes; a connection that is cut is a no."""
        with suppress(OSError):
            return self.ask(member, address).startswith("HTTP/1.1 200")
        return False

    def hold(self, count: int, member: Member, address: str) -> None:
        """So many requests more are under way when this returns."""
        then = self.behind.held + count
        for _ in range(count):
            self.connect(member, address).sendall(b"GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: self.behind.held == then, "requests under way", lambda: self.behind.held)


Start = Callable[..., Flooded]


@pytest.fixture
def start(world: World, tmp_path: Path) -> Iterator[Start]:
    """The shipped nginx with certain lines changed; ``told``: the client's address is told by the PROXY protocol, for addresses that this machine lacks."""
    with ExitStack() as closing:

        def started(*changes: tuple[str, str], told: bool = False) -> Flooded:
            (port,) = free_ports(1)
            folder = prepared(world, tmp_path / "nginx", port, tmp_path)
            if told:
                listen = f"listen 127.0.0.1:{port} ssl"
                given = "set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;"
                changes = (*changes, (listen, f"{listen} proxy_protocol"), ("server_tokens off;", given))
            _change(folder / "nginx.conf", changes)
            closing.enter_context(running(folder, port))
            behind = Application(tmp_path / "gateway.sock")
            closing.callback(behind.stop)
            return Flooded(world, port, behind, told, closing.enter_context(ExitStack()))

        yield started


def _change(file: Path, changes: tuple[tuple[str, str], ...]) -> None:
    text = file.read_text(encoding="utf-8")
    for was, becomes in changes:
        assert was in text
        text = text.replace(was, becomes)
    file.write_text(text, encoding="utf-8")


def turned_away(answer: str) -> bool:
    """Is this the page that explains, with when to come again?"""
    return answer.startswith("HTTP/1.1 503") and BUSY in answer and "Retry-After: 10" in answer


@needs_nginx
def test_one_address_does_not_keep_the_others_out(world: World, start: Start) -> None:
    """Attack: an address fills its room with requests that never end. Its next is refused with a page; another's page comes, and its own again when one has ended."""
    front = start(*NARROW)
    third = world.second_device(world.clinic)
    front.hold(2, world.clinic, OURS)
    front.hold(2, world.payer, OURS)

    assert turned_away(front.ask(third, OURS))
    assert front.comes(third, THEIRS)
    front.behind.release()
    until(lambda: front.comes(third, OURS), "room again")


@needs_nginx
def test_a_stolen_device_takes_its_own_room_at_nginx(world: World, start: Start) -> None:
    """Attack: one certificate from many addresses. Beyond its room it is refused wherever it comes from; the others behind the same address are not."""
    front = start(*NARROW)
    front.hold(1, world.clinic, OURS)
    front.hold(1, world.clinic, THEIRS)

    assert turned_away(front.ask(world.clinic, OTHERS))
    assert front.comes(world.payer, OURS)


@needs_nginx
def test_an_origin_takes_so_many_in_all(world: World, start: Start) -> None:
    """Attack: several addresses and devices, each within its own room. Beyond the origin's the next is told to come again."""
    front = start(*NARROW)
    third, fourth = (world.second_device(world.clinic) for _ in range(2))
    for device, address in ((world.clinic, OURS), (world.payer, OURS), (third, THEIRS)):
        front.hold(2, device, address)

    assert turned_away(front.ask(fourth, OTHERS))
    assert front.behind.held == 6


@needs_nginx
def test_connections_at_rest_take_nobodys_place(world: World, start: Start) -> None:
    """A browser keeps its connections: more than the room of its address, at rest, and its next page comes."""
    front = start(*NARROW)
    for _ in range(8):
        line = front.connect(world.clinic, OURS)
        line.sendall(b"GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 200")

    assert front.comes(world.clinic, OURS)


@needs_nginx
def test_silent_connections_give_way_at_nginx(world: World, start: Start) -> None:
    """Attack: three times as many silent connections as nginx may have. They give way; another's page comes while no deadline runs."""
    front = start(FEW_LINES, ("client_header_timeout 10s;", "client_header_timeout 3600s;"))
    for _ in range(192):
        front.raw(OURS)

    assert soon(lambda: front.comes(world.clinic, THEIRS))


@needs_nginx
def test_half_a_hello_ends(world: World, start: Start) -> None:
    """Attack: the same, each with the beginning of a hello, which nginx does not count. They last until the deadline of the headers; then another's page comes."""
    front = start(FEW_LINES, ("client_header_timeout 10s;", "client_header_timeout 1s;"))
    for _ in range(192):
        with suppress(OSError):
            front.raw(OURS).sendall(_HELLO)

    assert soon(lambda: front.comes(world.clinic, THEIRS))


@needs_nginx
def test_a_network_of_ipv6_is_a_64(world: World, start: Start) -> None:
    """Attack: an address of IPv6 for each connection. The /64 has one room; the next /64 has its own."""
    front = start(*NARROW, told=True)
    third = world.second_device(world.clinic)
    front.hold(2, world.clinic, "2001:db8:1:2::1")
    front.hold(2, world.payer, "2001:db8:1:2:ffff:ffff:ffff:ffff")

    assert turned_away(front.ask(third, "2001:db8:1:2:a:b:c:d"))
    assert front.comes(third, "2001:db8:1:3::1")


def _seconds(text: str, name: str) -> float:
    found = re.findall(rf"^\s*{name} (\d+)s;", text, re.MULTILINE)
    assert len(found) == 1
    return float(found[0])


def test_the_shipped_numbers_are_those_of_our_entrance() -> None:
    """Whoever stands behind nginx has the room and the time that our own port gives: a number changed on one side only is noticed."""
    text = (SHIPPED / "nginx.conf").read_text(encoding="utf-8")
    ours, settings, pace = from_settings(GatewaySettings()), GatewaySettings(), Pace()
    rooms = dict(re.findall(r"^\s*limit_conn (\w+) (\d+);", text, re.MULTILINE))
    buffers = re.search(r"large_client_header_buffers (\d+) (\d+)k;", text)
    body = re.search(r"client_max_body_size (\d+)m;", text)
    lines = re.search(r"worker_connections (\d+);", text)
    assert buffers is not None
    assert body is not None
    assert lines is not None

    assert rooms == {
        "origin": str(ours.connections),
        "network": str(ours.connections_each),
        "device": str(ours.connections_device),
    }
    assert _seconds(text, "client_header_timeout") == ours.header_seconds == ours.hello_seconds + ours.handshake_seconds
    assert _seconds(text, "keepalive_timeout") == ours.idle_seconds
    assert _seconds(text, "send_timeout") == ours.stalled_seconds
    assert _seconds(text, "client_body_timeout") == pace.idle_s
    assert int(buffers[1]) * int(buffers[2]) * 1024 == ours.header_bytes
    assert settings.upload_limit_bytes < int(body[1]) << 20 <= settings.upload_limit_bytes + (1 << 20)
    assert int(lines[1]) >= ours.waiting + 2 * ours.connections
