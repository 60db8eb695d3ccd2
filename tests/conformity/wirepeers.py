"""Peers that speak IKE, SSH and HTTP just far enough to be measured, as well or as badly as they are told."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from akashi.conformity.wire import ike
from tests.conformity.wirestand import HOST, Handler

STRONG = {(1, 20), (1, 12), (2, 6), (2, 5), (3, 12), (3, 13), (4, 19), (4, 14)}
WEAK_CIPHER = {(1, 3), (1, 12), (2, 5), (3, 12), (4, 14)}
WEAK_GROUP = {(1, 12), (2, 5), (3, 12), (4, 14), (4, 2)}
WEAK_HASH = {(1, 12), (2, 5), (2, 1), (3, 12), (3, 2), (4, 14)}


@dataclass
class Gateway:
    """What a VPN gateway takes. ``known``: IKEv2 transforms (type, id)."""

    known: set[tuple[int, int]] = field(default_factory=lambda: set(STRONG))
    main: bool = False
    aggressive: bool = False
    cookies: bool = False
    half_open: int = 1000
    garbage: bytes = b""

    def answer(self, data: bytes) -> bytes:
        """The reply to one datagram without its marker; empty for silence."""
        if self.garbage:
            return self.garbage
        spi, version, exchange = data[:8], data[17], data[18]
        if version == 0x10:
            return self._first(spi, exchange, data)
        return self._second(spi, data)

    def _first(self, spi: bytes, exchange: int, data: bytes) -> bytes:
        taken = self.main if exchange == 2 else self.aggressive
        if not taken:
            return b""
        self.half_open -= 1
        start = 28 + 4 + 8 + 8  # header, payload, DOI and situation, proposal
        transform = bytearray(data[start : start + int.from_bytes(data[start + 2 : start + 4], "big")])
        transform[0] = 0
        proposal = b"\x00\x00" + (8 + len(transform)).to_bytes(2, "big") + b"\x01\x01\x00\x01" + bytes(transform)
        payloads = [(1, bytes.fromhex("0000000100000001") + proposal)]
        return _message(spi, 0x10, exchange, 0, payloads)

    def _second(self, spi: bytes, data: bytes) -> bytes:
        kinds, bodies = data[16], {}
        at, kind = 28, kinds
        while kind:
            size = int.from_bytes(data[at + 2 : at + 4], "big")
            bodies[kind] = data[at + 4 : at + size]
            kind, at = data[at], at + size
        if self.half_open <= 0:
            return b""
        if self.cookies and 41 not in bodies:
            return self._notify(spi, 16390, b"c" * 16)
        chosen = self._choose(bodies[33])
        if chosen is None:
            return self._notify(spi, 14, b"")
        group = next(number for kind, number, _ in chosen if kind == ike.DH)
        if int.from_bytes(bodies[34][:2], "big") != group:
            return self._notify(spi, 17, group.to_bytes(2, "big"))
        self.half_open -= 1
        body = b"".join(
            ike._transform(kind, number, bits, last=at == len(chosen))
            for at, (kind, number, bits) in enumerate(chosen, 1)
        )
        proposal = b"\x00\x00" + (8 + len(body)).to_bytes(2, "big") + bytes([1, 1, 0, len(chosen)]) + body
        return _message(
            spi, 0x20, 34, 0x20, [(33, proposal), (34, group.to_bytes(2, "big") + bytes(66)), (40, bytes(32))]
        )

    def _choose(self, body: bytes) -> list[tuple[int, int, int]] | None:
        at = 0
        while at < len(body):
            size = int.from_bytes(body[at + 2 : at + 4], "big")
            inner, offered = at + 8, []
            while inner < at + size:
                length = int.from_bytes(body[inner + 2 : inner + 4], "big")
                bits = int.from_bytes(body[inner + 10 : inner + 12], "big") if length >= 12 else 0
                offered.append((body[inner + 4], int.from_bytes(body[inner + 6 : inner + 8], "big"), bits))
                inner += length
            wanted = list(dict.fromkeys(kind for kind, _, _ in offered))
            chosen = [
                next((one for one in offered if one[0] == kind and one[:2] in self.known), None) for kind in wanted
            ]
            if all(one is not None for one in chosen):
                return [one for one in chosen if one is not None]
            at += size
        return None

    def _notify(self, spi: bytes, number: int, data: bytes) -> bytes:
        return _message(spi, 0x20, 34, 0x20, [(41, b"\x00\x00" + number.to_bytes(2, "big") + data)])


def _message(spi: bytes, version: int, exchange: int, flags: int, payloads: list[tuple[int, bytes]]) -> bytes:
    made = ike.message(spi, version, exchange, flags, payloads)
    return made[:8] + os.urandom(8) + made[16:]


@contextmanager
def gateway(peer: Gateway) -> Iterator[int]:
    """The peer on a UDP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind((HOST, 0))
        door.settimeout(0.1)
        stop = threading.Event()

        def run() -> None:
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    data, sender = door.recvfrom(65536)
                    reply = peer.answer(data.removeprefix(bytes(4)))
                    if reply:
                        door.sendto(bytes(4) + reply, sender)

        worker = threading.Thread(target=run, daemon=True)
        worker.start()
        try:
            yield door.getsockname()[1]
        finally:
            stop.set()
            worker.join()


GOOD_SSH = {
    "kex": "curve25519-sha256,diffie-hellman-group16-sha512,kex-strict-s-v00@openssh.com",
    "keys": "ssh-ed25519,rsa-sha2-512",
    "ciphers": "aes256-gcm@openssh.com,chacha20-poly1305@openssh.com",
    "macs": "hmac-sha2-256-etm@openssh.com",
}


def kexinit(lists: dict[str, str]) -> bytes:
    """The packet of RFC 4253 7.1."""
    order = [lists["kex"], lists["keys"], *[lists["ciphers"]] * 2, *[lists["macs"]] * 2, "none", "none", "", ""]
    body = b"\x14" + os.urandom(16)
    body += b"".join(len(one).to_bytes(4, "big") + one.encode() for one in order) + bytes(5)
    padding = 8 - (len(body) + 5) % 8 + 8
    return (len(body) + padding + 1).to_bytes(4, "big") + bytes([padding]) + body + bytes(padding)


def ssh_handler(lists: dict[str, str], banner: bytes = b"SSH-2.0-Example_1\r\n", packet: bytes = b"") -> Handler:
    """Say the banner and the lists, or ``packet`` instead."""

    def handle(line: socket.socket) -> None:
        line.sendall(b"a line before it\r\n" + banner + (packet or kexinit(lists)))
        line.recv(4096)

    return handle


def screen_handler(let_in: set[str], *, way: str = "basic", bare: int = 401, bad: int = 401) -> Handler:
    """A management screen that lets in the ``login:password`` pairs of ``let_in``; ``*`` lets in everybody."""

    def handle(line: socket.socket) -> None:
        data = line.recv(65536)
        while b"\r\n\r\n" not in data:
            data += line.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        if way == "json":
            size = next(
                int(one.split(b":")[1]) for one in head.lower().split(b"\r\n") if one.startswith(b"content-length")
            )
            while len(body) < size:
                body += line.recv(65536)
            page = json.loads(body)
            given = f"{page['login']}:{page['password']}"
        else:
            words = [one.split()[-1] for one in head.split(b"\r\n") if one.lower().startswith(b"authorization")]
            given = base64.b64decode(words[0]).decode() if words else ""
        status = 200 if "*" in let_in or given in let_in else bad if given else bare
        line.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    return handle
