"""Reaching a target: its address taken apart, a bounded connection, bounded reading.

Guarantees: no connection waits longer than the pace's patience says, none is made faster than the target bears, no answer is read beyond
its limit. Refuses: an address that is not a host and a port. Trusts nobody: what comes back is a stranger's bytes. Addresses show in
no message and in no ``repr``.

>>> place("[::1]:8443").port, place("server.example", 22).port
(8443, 22)
"""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass, field

from akashi.conformity.errors import Unreached
from akashi.conformity.probing import Pace

_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")
_SIX = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Place:
    """A host and a port."""

    host: str = field(repr=False)
    port: int

    @property
    def named(self) -> bool:
        """Whether the host is a name (SNI carries names only, RFC 6066 3)."""
        return not re.fullmatch(r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", self.host)


def place(address: str, port: int = 0) -> Place:
    """``host``, ``host:port``, ``[IPv6]`` or ``[IPv6]:port``. Raises :class:`Unreached` (``address``)."""
    six = _SIX.fullmatch(address)
    host, _, given = (six[1], "", six[2] or "") if six else address.partition(":")
    if (given and not re.fullmatch(r"[0-9]{1,5}", given)) or not (six or _NAME.fullmatch(host)):
        raise Unreached(reason="address")
    number = int(given) if given else port
    if not 0 < number < 1 << 16:
        raise Unreached(reason="address")
    return Place(host, number)


def connect(at: Place, pace: Pace, seconds: float = 0.0) -> socket.socket:
    """A TCP connection, waited for ``seconds`` (else as for an answer). Raises :class:`Unreached`: ``refused``, ``silent`` or ``network``."""
    pace.wait()
    seconds = seconds or pace.patience.answer_s
    try:
        return socket.create_connection((at.host, at.port), timeout=seconds)
    except ConnectionRefusedError as error:
        raise Unreached(reason="refused") from error
    except TimeoutError as error:
        pace.ran_out(seconds)
        raise Unreached(reason="silent") from error
    except OSError as error:
        raise Unreached(reason="network") from error


class Reader:
    """Bounded reading from one connection: so many bytes, for as long as an answer is waited for, then it counts as silent."""

    def __init__(self, line: socket.socket, limit: int, pace: Pace) -> None:
        self._line, self._limit, self._pace = line, limit, pace
        self._until = time.monotonic() + pace.patience.answer_s

    def some(self) -> bytes:
        """What is there next; empty at the end. Raises ``TimeoutError``; beyond the limit it reads as the end."""
        return self._next(65536)

    def exactly(self, size: int) -> bytes:
        """``size`` bytes, or fewer where the other side ends."""
        made = bytearray()
        while len(made) < size:
            data = self._next(size - len(made))
            if not data:
                break
            made += data
        return bytes(made)

    def _next(self, most: int) -> bytes:
        left = self._until - time.monotonic()
        try:
            if left <= 0:
                raise TimeoutError
            self._line.settimeout(left)
            data = self._line.recv(min(most, self._limit)) if self._limit else b""
        except TimeoutError:
            self._pace.ran_out(self._pace.patience.answer_s)
            raise
        self._limit -= len(data)
        return data
