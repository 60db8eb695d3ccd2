"""Waiting for what another thread or process does: as long as a slow machine may need, and not a moment longer than it takes.

A limit costs nothing while all is well, so there is one for all tests, far beyond what anything needs here.

>>> until(lambda: True, "the doctest")
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 120.0


def soon(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> bool:
    """Whether the condition came true before the patience ended."""
    ends = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > ends:
            return bool(condition())
        time.sleep(0.01)
    return True


def until(condition: Callable[[], object], what: str, seen: Callable[[], object] = lambda: "") -> None:
    """Returns when the condition holds; fails with ``what`` was waited for and what is ``seen`` instead."""
    assert soon(condition), f"waited {PATIENCE_S:.0f} s in vain for {what}: {seen()!r}"
