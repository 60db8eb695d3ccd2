"""The gate before a server's copies: closed until it knows what was ordered while it was away, and has carried it out.

Guarantees: nothing passes before ``caught_up`` was true once after the start and ``erase`` has run after that; then it stays open. Refuses with
``Unavailable``, so that peers ask again. Trusts ``caught_up`` (the node beside this server) for having the newest blocks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from akashi.errors import Unavailable
from akashi.network.payloads.errors import CopiesBehind


class Gate:
    """Called before every answer to a peer. Thread-safe; callers wait for the erasing that another one has begun."""

    def __init__(self, caught_up: Callable[[], bool], erase: Callable[[], object]) -> None:
        self._caught_up, self._erase = caught_up, erase
        self._lock, self._open = threading.Lock(), threading.Event()

    def __call__(self) -> None:
        """Pass, or raise :class:`CopiesBehind`."""
        if self._open.is_set():
            return
        with self._lock:
            if self._open.is_set():
                return
            if not self._is_new():
                raise CopiesBehind
            self._erase()
            self._open.set()

    def _is_new(self) -> bool:
        try:
            return self._caught_up()
        except Unavailable:  # the node does not answer (yet)
            return False
