"""The first flight of TLS, written and read by hand: what a server chooses, without any TLS library deciding what may be asked.

Guarantees: one ClientHello is what its arguments say (RFC 5246 7.4.1.2, RFC 8446 4.1.2); the answer is read strictly up to
ServerHelloDone, HelloRetryRequest or ServerHello, within :data:`MAX_FLIGHT` bytes. An answer that is not TLS, or that chooses what was
not offered, is ``Kind.NONSENSE``. Refuses: to go on with the handshake. Trusts nobody.

In TLS 1.3 no key share is sent, so that the server says by HelloRetryRequest which group it wants.
"""

from __future__ import annotations

import csv
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from akashi.conformity.wire.dial import Reader

MAX_FLIGHT = 96 << 10
VERSIONS = {"SSLv3": 0x0300, "TLSv1.0": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}
NAMES = {number: name for name, number in VERSIONS.items()}
GROUPS = {
    0x001D: "x25519", 0x0017: "secp256r1", 0x0018: "secp384r1", 0x0019: "secp521r1", 0x001E: "x448",
    0x11EC: "x25519mlkem768", 0x11EB: "secp256r1mlkem768", 0x11ED: "secp384r1mlkem1024",
    0x001A: "brainpoolP256r1", 0x001B: "brainpoolP384r1", 0x001C: "brainpoolP512r1",
    0x001F: "brainpoolP256r1tls13", 0x0020: "brainpoolP384r1tls13", 0x0021: "brainpoolP512r1tls13",
    0x0100: "ffdhe2048", 0x0101: "ffdhe3072", 0x0102: "ffdhe4096", 0x0103: "ffdhe6144", 0x0104: "ffdhe8192",
    0x0016: "secp256k1", 0x0015: "secp224r1", 0x0014: "secp224k1", 0x0013: "secp192r1", 0x0012: "secp192k1",
    0x0010: "secp160r2", 0x0009: "sect283k1", 0x000A: "sect283r1", 0x000D: "sect571k1", 0x000E: "sect571r1",
    0x0006: "sect233k1", 0x0007: "sect233r1", 0x0001: "sect163k1", 0x0003: "sect163r2",
}  # fmt: skip
_SIGNATURES = (
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601,
    0x0303, 0x0301, 0x0302, 0x0402, 0x0203, 0x0201, 0x0202, 0x0101,
)  # fmt: skip
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
_RENEGOTIATION = 0x00FF
with Path(__file__).with_name("suites.csv").open(encoding="ascii") as _table:
    SUITES = {int(row["code"], 16): row["name"] for row in csv.DictReader(_table)}


class Kind(Enum):
    """What came back."""

    HELLO = "hello"
    ALERT = "alert"
    CLOSED = "closed"
    NONSENSE = "nonsense"


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's first flight, as far as it is in the clear. Certificates are DER."""

    kind: Kind
    version: int = 0
    suite: int = 0
    group: str = ""
    alert: int = -1
    asks_certificate: bool = False
    certificates: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a ClientHello offers."""

    version: int
    suites: Sequence[int]
    groups: Sequence[int] = tuple(GROUPS)
    server_name: str = field(default="", repr=False)

    def wire(self) -> bytes:
        """The record to send."""
        legacy = min(self.version, 0x0303)
        suites = [*self.suites] + ([_RENEGOTIATION] if self.version < VERSIONS["TLSv1.3"] else [])
        body = legacy.to_bytes(2, "big") + os.urandom(32) + _vector(os.urandom(32), 1) + _vector(_shorts(suites), 2)
        body += b"\x01\x00"  # the null compression
        if self.version > VERSIONS["SSLv3"]:
            body += _vector(self._extensions(), 2)
        message = b"\x01" + _vector(body, 3)
        return b"\x16" + min(legacy, 0x0301).to_bytes(2, "big") + _vector(message, 2)

    def _extensions(self) -> bytes:
        made = b""
        if self.server_name:
            made += _extension(0, _vector(b"\x00" + _vector(self.server_name.encode("ascii"), 2), 2))
        made += _extension(10, _vector(_shorts(self.groups), 2)) + _extension(11, b"\x01\x00")
        if self.version >= VERSIONS["TLSv1.2"]:
            made += _extension(13, _vector(_shorts(_SIGNATURES), 2))
        if self.version >= VERSIONS["TLSv1.3"]:
            made += _extension(43, _vector(_shorts([self.version]), 1))
            made += _extension(45, b"\x01\x01") + _extension(51, b"\x00\x00")
        return made


def read_answer(reader: Reader, offer: Offer) -> Answer:
    """The server's answer to ``offer``. Raises ``TimeoutError`` where nothing comes."""
    try:
        return _Flight(reader, offer).read()
    except (_Broken, IndexError):
        return Answer(Kind.NONSENSE)
    except (ConnectionError, ssl.SSLError):
        return Answer(Kind.CLOSED)


class _Broken(ValueError):
    """Not what the RFC says."""


class _Flight:
    """The handshake messages of one flight, put together from records."""

    def __init__(self, reader: Reader, offer: Offer) -> None:
        self._reader, self._offer, self._waiting = reader, offer, bytearray()

    def read(self) -> Answer:
        first = self._message()
        if isinstance(first, Answer):
            return first
        kind, body = first
        if kind != 2:
            raise _Broken
        hello = self._server_hello(body)
        if hello.version >= VERSIONS["TLSv1.3"]:
            return hello
        return self._rest(hello)

    def _rest(self, hello: Answer) -> Answer:
        """Certificate, ServerKeyExchange, CertificateRequest up to ServerHelloDone; a flight cut short tells what it told."""
        certificates: tuple[bytes, ...] = ()
        group, asks = "", False
        for _ in range(8):
            message = self._message()
            if isinstance(message, Answer) or message[0] == 14:
                break
            if message[0] == 11:
                certificates = _certificates(message[1])
            elif message[0] == 12:
                group = _key_exchange(SUITES[hello.suite], message[1])
            elif message[0] == 13:
                asks = True
        return Answer(Kind.HELLO, hello.version, hello.suite, group, -1, asks, certificates)

    def _server_hello(self, body: bytes) -> Answer:
        at = _Cursor(body)
        version, random = at.number(2), at.take(32)
        at.vector(1)
        suite, compression = at.number(2), at.number(1)
        group = ""
        extensions = _Cursor(at.vector(2)) if at.left else _Cursor(b"")
        while extensions.left:
            kind, value = extensions.number(2), _Cursor(extensions.vector(2))
            if kind == 43:
                version = value.number(2)
            elif kind == 51:
                group = GROUPS.get(value.number(2), "")
        if suite not in self._offer.suites or compression or version not in NAMES or version > self._offer.version:
            raise _Broken
        if version == VERSIONS["TLSv1.3"] and random != _RETRY:
            raise _Broken  # no key share was sent, so nothing but a retry may come (RFC 8446 4.1.4)
        return Answer(Kind.HELLO, version, suite, group)

    def _message(self) -> tuple[int, bytes] | Answer:
        while len(self._waiting) < 4 or len(self._waiting) < 4 + int.from_bytes(self._waiting[1:4], "big"):
            head = self._reader.exactly(5)
            if len(head) < 5:
                return Answer(Kind.CLOSED) if not head else Answer(Kind.NONSENSE)
            size = int.from_bytes(head[3:5], "big")
            if head[1] != 3 or size > (1 << 14) + 256 or head[0] not in (21, 22):
                raise _Broken
            data = self._reader.exactly(size)
            if len(data) < size or not data:
                raise _Broken
            if head[0] == 21:
                return Answer(Kind.ALERT, alert=data[1])
            self._waiting += data
        size = 4 + int.from_bytes(self._waiting[1:4], "big")
        kind, body = self._waiting[0], bytes(self._waiting[4:size])
        del self._waiting[:size]
        return kind, body


class _Cursor:
    """Strict reading of lengths and values."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise _Broken
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, width: int) -> bytes:
        return self.take(self.number(width))


def _certificates(body: bytes) -> tuple[bytes, ...]:
    """RFC 5246 7.4.2."""
    chain = _Cursor(_Cursor(body).vector(3))
    made: list[bytes] = []
    while chain.left and len(made) < 10:
        made.append(chain.vector(3))
    return tuple(made)


def _key_exchange(suite: str, body: bytes) -> str:
    """The named curve (RFC 8422 5.4) or ``dhe-<bits>`` (RFC 5246 7.4.3)."""
    at = _Cursor(body)
    if "_ECDHE_" in suite or "_ECDH_anon_" in suite:
        return GROUPS.get(at.number(2), "unknown") if at.number(1) == 3 else "explicit"
    if "_DHE_" in suite or "_DH_anon_" in suite:
        return f"dhe-{int.from_bytes(at.vector(2), 'big').bit_length()}"
    return f"rsa-export-{int.from_bytes(at.vector(2), 'big').bit_length()}"


def speaks_sslv2(reader: Reader) -> bool:
    """Whether an SSLv2 SERVER-HELLO comes back for :data:`SSLV2`."""
    try:
        head = reader.exactly(5)
    except (ConnectionError, TimeoutError):
        return False
    return len(head) == 5 and bool(head[0] & 0x80) and head[2] == 4


SSLV2 = bytes.fromhex("802e0100020015000000100100800200800300800400800500800600400700c0") + bytes(range(16))
"""A CLIENT-HELLO of SSLv2: seven cipher kinds, a challenge of 16 bytes."""


def _shorts(values: Sequence[int]) -> bytes:
    return b"".join(value.to_bytes(2, "big") for value in values)


def _vector(data: bytes, width: int) -> bytes:
    return len(data).to_bytes(width, "big") + data


def _extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2, "big") + _vector(data, 2)
