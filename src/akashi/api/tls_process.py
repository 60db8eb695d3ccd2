"""What a serving process needs of Python and the kernel: TLS alerts that arrive, and memory that stays where it is.

Guarantees: both are safe to call more than once. Refuses nothing. Trusts the kernel; root can still read the process's memory.
"""

from __future__ import annotations

import ctypes
import resource
from asyncio import sslproto
from typing import Any

_PR_SET_DUMPABLE = 4


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
            self._transport.close()  # flushes what was written; abort() would drop the alert
        else:
            fatal(self, error, message)

    protocol._on_handshake_complete, protocol._fatal_error = on_complete, on_fatal  # noqa: SLF001 - as above
    protocol._akashi_alerts = True  # noqa: SLF001 - as above
