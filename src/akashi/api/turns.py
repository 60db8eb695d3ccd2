"""Turns at the sign-in: how many attempts are under way at once, decided before one takes a thread that pages need.

Guarantees: at most ``at_once`` attempts run and ``waiting`` more wait in the event loop, in the order in which they came; who comes then is refused
at once (:class:`SignInBusy`), and so is one device's third, or its second while half of the waiting places are taken, so that no device keeps
the others out for long. The refusal knows the certificate that TLS saw and nothing else: it is the same for every login, counts as no failure and
touches no store. Refuses nothing but that. Trusts TLS for the certificate. Thread-safe, for an application may be served by several loops.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from akashi.identity.factors.errors import SignInBusy

SIGN_INS = frozenset(
    {
        ("POST", "/login"),
        ("POST", "/reset"),
        ("POST", "/api/v1/session"),
        ("POST", "/api/v1/session/passkey"),
        ("POST", "/api/v1/resets/redeem"),
    }
)
"""What hashes a password or verifies a passkey for somebody who is not signed in."""
AT_ONCE, WAITING, EACH = 2, 14, 2
"""One hashes while another one's device and account are looked at; what waits is over in seconds; one device's own attempts at once."""


class _Waiting:
    """One attempt that waits in its loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.turn = self._loop.create_future()

    def call(self) -> bool:
        """It is their turn; false where their loop has ended."""
        try:
            self._loop.call_soon_threadsafe(self._called)
        except RuntimeError:
            return False
        return True

    def _called(self) -> None:
        if not self.turn.done():
            self.turn.set_result(None)


class Turns:
    """The turns of one gateway."""

    def __init__(self, *, at_once: int = AT_ONCE, waiting: int = WAITING, each: int = EACH) -> None:
        self._at_once, self._most, self._each = at_once, waiting, each
        self._lock = threading.Lock()
        self._running = 0
        self._waiting: deque[_Waiting] = deque()
        self._of: Counter[bytes] = Counter()

    def governs(self, method: str, path: str) -> bool:
        """Whether such a request needs a turn."""
        return (method, path) in SIGN_INS

    @asynccontextmanager
    async def turn(self, device: bytes) -> AsyncIterator[None]:
        """Wait for a turn of the device with this certificate digest, and keep it while the block runs. Raises :class:`SignInBusy`."""
        waiting = self._enter(device)
        try:
            if waiting is not None:
                await waiting.turn
            yield
        finally:
            self._leave(device, waiting)

    def _enter(self, device: bytes) -> _Waiting | None:
        with self._lock:
            at_work = self._running >= self._at_once
            crowded = at_work and 2 * len(self._waiting) >= self._most
            each = 1 if crowded else self._each
            if self._of[device] >= each or (at_work and len(self._waiting) >= self._most):
                raise SignInBusy
            self._of[device] += 1
            if not at_work:
                self._running += 1
                return None
            waiting = _Waiting()
            self._waiting.append(waiting)
            return waiting

    def _leave(self, device: bytes, waiting: _Waiting | None) -> None:
        with self._lock:
            self._of[device] -= 1
            if not self._of[device]:
                del self._of[device]
            if waiting is not None and waiting in self._waiting:  # they left before their turn came
                self._waiting.remove(waiting)
                return
            # The turn is handed on, so that nobody who comes later is before those who wait.
            while self._waiting:
                if self._waiting.popleft().call():
                    return
            self._running -= 1
