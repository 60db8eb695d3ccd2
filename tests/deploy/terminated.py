"""A real nginx with the shipped configuration, before a gateway's Unix socket, on this machine."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from akashi.api.gateway.app import gateway_origin
from akashi.api.terminator import SocketServer
from akashi.app.gateway.revocations import newest_crl
from akashi.app.server.dashboard import ErrorCounter
from akashi.clock import SystemClock
from tests.api.served import Member, World
from tests.ports import free_ports
from tests.waiting import PATIENCE_S, until

SHIPPED = Path(__file__).resolve().parents[2] / "deploy" / "nginx"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")


@dataclass
class Front:
    """nginx and what it stands before."""

    world: World
    folder: Path
    port: int
    path: Path
    program: subprocess.Popen[bytes]

    def context(self, member: Member | None) -> ssl.SSLContext:
        """A client's TLS; with a member's certificate."""
        made = ssl.create_default_context(cadata=self.world.ca)
        if member is not None:
            made.load_cert_chain(member.key_file)
        return made

    def client(self, member: Member | None, **more: str) -> httpx.Client:
        """A client of the origin behind nginx."""
        base = f"https://localhost:{self.port}"
        made = httpx.Client(
            base_url=base, verify=self.context(member), trust_env=False, timeout=PATIENCE_S, headers=more
        )
        self.world.clients.append(made)
        return made

    def reload(self) -> None:
        """Take the newest revocation list: what the timer does, then nginx's own reload; returns once the old worker takes nobody any more."""
        write_list(self.world, self.folder)
        old = _workers(self.program.pid)
        command([*_nginx(self.folder), "-s", "reload"])
        until(lambda: old and not old & _workers(self.program.pid), "nginx's new worker", lambda: old)

    def behind(self, request: bytes) -> bytes:
        """What the application answers to raw bytes on its socket: as if somebody had got past the socket's mode."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(PATIENCE_S)
            line.connect(str(self.path))
            line.sendall(request)
            return _all(line)


def _all(line: socket.socket) -> bytes:
    found = bytearray()
    while b"\r\n\r\n" not in found:
        piece = line.recv(65536)
        if not piece:
            break
        found += piece
    return bytes(found)


def command(words: list[str]) -> None:
    """Run a program of the machine to its end."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _nginx(folder: Path) -> list[str]:
    assert NGINX is not None
    return [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "logs" / "start.log")]


def write_list(world: World, folder: Path) -> None:
    """The newest revocation list, as the gateway has it."""
    (folder / "tls" / "crl.pem").write_bytes(newest_crl(world.gateway(world.clinic)))


def configured(folder: Path, port: int, sockets: Path) -> str:
    """The shipped configuration with this test's user, port, name and place of sockets; nothing else is changed."""
    text = (SHIPPED / "nginx.conf").read_text(encoding="utf-8")
    for was, becomes in (
        ("user www-data akashi;", "user root;"),
        ("worker_processes auto;", "worker_processes 1;"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("server_name akashi.example;", "server_name localhost;"),
        ("unix:/run/akashi/", f"unix:{sockets}/"),
    ):
        assert was in text
        text = text.replace(was, becomes)
    return text


def prepared(world: World, folder: Path, port: int, sockets: Path) -> Path:
    """A folder for nginx: the shipped files and the origin's certificate."""
    for name in ("tls", "run", "logs"):
        (folder / name).mkdir(parents=True)
    shutil.copytree(SHIPPED / "pages", folder / "pages")
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / "tls" / "server.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "tls" / "server.pem").write_bytes(world.server.issue_web(key.public_key(), ["localhost", "127.0.0.1"]))
    (folder / "tls" / "ca.pem").write_bytes(world.server.ca_certificate)
    write_list(world, folder)
    (folder / "nginx.conf").write_text(configured(folder, port, sockets), encoding="utf-8")
    return folder


@contextmanager
def running(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Nginx in ``folder`` until the block ends."""
    command([*_nginx(folder), "-t"])
    program = subprocess.Popen(
        [*_nginx(folder), "-g", "daemon off;"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: _listens(port), "nginx", program.poll)
        yield program
    finally:
        program.terminate()
        program.wait(PATIENCE_S)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _workers(program: int) -> set[str]:
    """Nginx's workers that take connections: one that is told to go says so in its title."""
    found = Path(f"/proc/{program}/task/{program}/children").read_text(encoding="ascii").split()
    return {one for one in found if b"worker process\0" in _title(one) + b"\0"}


def _title(process: str) -> bytes:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/cmdline").read_bytes().rstrip(b"\0 ")
    return b""


@contextmanager
def fronted(world: World, folder: Path) -> Iterator[Front]:
    """The clinic's gateway behind nginx."""
    if NGINX is None:
        pytest.skip("nginx is not installed")
    sockets = folder / "sockets"
    sockets.mkdir(mode=0o750)
    (port,) = free_ports(1)
    gateway = world.gateway(world.clinic)
    app = gateway_origin(gateway, ErrorCounter(SystemClock()))
    path = sockets / "gateway.sock"
    behind = SocketServer(app, path, now_ms=SystemClock().now_ms, authority=world.server.ca_certificate)
    behind.start()
    try:
        with running(prepared(world, folder / "nginx", port, sockets), port) as program:
            yield Front(world, folder / "nginx", port, path, program)
    finally:
        behind.stop()
