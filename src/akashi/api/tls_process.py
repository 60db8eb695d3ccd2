"""What a serving process needs of Python and the kernel: TLS alerts that arrive, refused handshakes told, memory that stays where it is.

Guarantees: all are safe to call more than once; of a refused handshake the log has OpenSSL's reason and how often, nothing that the peer
sent, and a line a minute for each reason at most. Refuses nothing. Trusts the kernel; root can still read the process's memory.
"""

from __future__ import annotations

import ctypes
import logging
import re
import resource
import threading
from asyncio import sslproto
from collections import Counter
from typing import Any

_LOG = logging.getLogger("akashi.tls")
_PR_SET_DUMPABLE = 4
_QUIET_S = 60.0
_READ_BYTES = 64 * 1024
_REASON = re.compile(r"[A-Z][A-Z0-9_]{2,63}", re.ASCII)


class Refusals:
    """Handshakes that failed: who is refused there has no name yet, so OpenSSL's reason is all that is known. Thread-safe.

    >>> seen = Refusals()
    >>> seen.add(ConnectionResetError("anything"), 0.0)
    >>> seen.counts()
    {'ConnectionResetError': 1}
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._told: dict[str, tuple[float, int]] = {}

    def add(self, error: BaseException, now_s: float) -> None:
        """Count a failure at ``now_s`` (seconds of the event loop), and tell the log unless it heard of this reason within a minute."""
        reason = str(getattr(error, "reason", None) or "")
        self.count(reason if _REASON.fullmatch(reason) else type(error).__name__, now_s)

    def count(self, name: str, now_s: float) -> None:
        """As :meth:`add`, for a reason of ours (a constant of the code, never what a peer sent)."""
        with self._lock:
            self._counts[name] += 1
            count, (last, told) = self._counts[name], self._told.get(name, (now_s - _QUIET_S, 0))
            if now_s - last < _QUIET_S:
                return
            self._told[name] = (now_s, count)
            # Still under the lock: whoever has read the count finds the line.
            _LOG.warning("handshakes refused: %s, %d", name, count - told)

    def counts(self) -> dict[str, int]:
        """How many of each reason since the start."""
        with self._lock:
            return dict(self._counts)


REFUSALS = Refusals()
"""Those of this process."""


def lean_connections() -> None:
    """Let a TLS connection of asyncio hold 64 KiB for what it reads, not 256: hundreds of them are held at once, and a record has 16 KiB.

    Patches the standard library.
    """
    protocol: Any = sslproto.SSLProtocol
    protocol.max_size = _READ_BYTES


def forbid_core_dumps() -> None:
    """No core file, no debugger of the same user: keys and payloads in memory stay there. Call once at the start.

    The limit alone does not hold where cores are piped to a program (core(5)), hence ``PR_SET_DUMPABLE``.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def deliver_fatal_alerts() -> None:
    """Let asyncio send the TLS alert of a failed handshake before it drops the connection (CPython gh-98078, not in 3.11).

    Without it a browser shows "connection closed" instead of "certificate rejected". Patches the standard library, once.
    """
    protocol: Any = sslproto.SSLProtocol
    if getattr(protocol, "_akashi_alerts", False):
        return
    complete, fatal = protocol._on_handshake_complete, protocol._fatal_error  # noqa: SLF001 - there is no public way

    def on_complete(self: Any, error: BaseException | None) -> None:
        if error is not None and self._outgoing.pending and self._transport is not None:
            self._transport.write(self._outgoing.read())
        complete(self, error)

    def on_fatal(self: Any, error: BaseException, message: str = "Fatal error on transport") -> None:
        if message.startswith("SSL handshake failed") and self._transport is not None:
            REFUSALS.add(error, self._loop.time())
            self._transport.close()  # flushes what was written; abort() would drop the alert
        else:
            fatal(self, error, message)

    protocol._on_handshake_complete, protocol._fatal_error = on_complete, on_fatal  # noqa: SLF001 - as above
    protocol._akashi_alerts = True  # noqa: SLF001 - as above
