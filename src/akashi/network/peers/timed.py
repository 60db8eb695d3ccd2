"""A connection whose other side has a bounded time for a whole exchange, however it spreads its bytes.

Guarantees: all waits for the other side together last at most the seconds that were allowed, and one more for each :data:`RATE` bytes that came or went since; no more bytes are read than
were allowed. So who drips a byte now and then is cut as soon as who says nothing, and who is slow but steady is not. Time that our own side takes between two waits does not count.
Refuses with ``TimeoutError``, an ``OSError`` as any that breaks a connection. Trusts nobody; the caller says what is allowed, anew for each exchange. One thread at a time.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from typing import Any

RATE = 64 * 1024
"""Bytes per second: who is faster is never cut, who is slower sooner or later."""
HEAD = 64 * 1024
"""What an answer's head may be, with all that comes before it and the marks of its chunks."""


class TimedSocket:
    """What ``http.client`` needs of a connected socket, around one (plain, TLS or Unix), whose own timeout it sets."""

    def __init__(self, sock: socket.socket, now_s: Callable[[], float] = time.monotonic) -> None:
        self._sock, self._now_s = sock, now_s
        self._left_s, self._room = 0.0, 0

    def allow(self, seconds: float, most: int) -> None:
        """From here on: so many seconds of waiting, and at most ``most`` bytes of content in what comes."""
        self._left_s, self._room = seconds, 2 * most + HEAD

    def makefile(self, mode: str, _buffering: int | None = None) -> io.BufferedReader:
        """For reading, as a socket's; the connection closes when both are closed."""
        if mode != "rb":
            raise ValueError(mode)
        return io.BufferedReader(_Incoming(self, self._sock.makefile("rb", buffering=0)))

    def sendall(self, data: Any) -> None:
        """All of it, in as many steps as the other side takes."""
        view = memoryview(data).cast("B")
        while view:
            view = view[self._timed(lambda piece=view: self._sock.send(piece)) :]  # type: ignore[misc]  # bound now

    def read_into(self, raw: io.RawIOBase, buffer: Any) -> int:
        """What has come, at least one byte unless it ended."""
        got = self._timed(lambda: raw.readinto(buffer) or 0)
        self._room -= got
        if self._room < 0:
            raise TimeoutError("more than was allowed")
        return got

    def close(self) -> None:
        """As a socket's."""
        self._sock.close()

    def _timed(self, step: Callable[[], int]) -> int:
        if self._left_s <= 0:
            raise TimeoutError("the time of this exchange is over")
        self._sock.settimeout(self._left_s)
        began = self._now_s()
        done = step()
        self._left_s += done / RATE - (self._now_s() - began)
        return done


class _Incoming(io.RawIOBase):
    """The reading end; ``raw`` holds the socket open until it is closed."""

    def __init__(self, of: TimedSocket, raw: io.RawIOBase) -> None:
        self._of, self._raw = of, raw

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """As :meth:`TimedSocket.read_into`."""
        return self._of.read_into(self._raw, buffer)

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()
