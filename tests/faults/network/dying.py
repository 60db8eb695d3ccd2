"""Where a server of the driver can be killed by its own hand: at the steps of a block, and around each commit of network.db.

Guarantees: SIGKILL at exactly the named step, the n-th time that it is passed, on the thread that passes it. ``committing`` is after the statement was written and before its COMMIT, ``kept`` after.

>>> sorted(STORE_POINTS)[:2]
['noting', 'queued']
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from akashi.app.network.running import NetworkNode

CHAIN_POINTS = ("begin", "written", "committed", "published")
"""The steps of ``ReplicaChain``."""
STORE_POINTS = {
    "queueing": "INSERT OR IGNORE INTO pending",
    "queued": "INSERT OR IGNORE INTO pending",
    "settling": "DELETE FROM pending",
    "settled": "DELETE FROM pending",
    "noting": "INSERT OR REPLACE INTO quorum_notes",
}
"""Steps of network.db and the statement that belongs to each; ``…ing``: before its COMMIT, ``…ed``: after it."""
POINTS = (*CHAIN_POINTS, *STORE_POINTS)


def die() -> None:
    """SIGKILL to oneself."""
    os.kill(os.getpid(), signal.SIGKILL)


def counted(occurrence: int, then: Callable[[], None]) -> Callable[[], None]:
    """What calls ``then`` the n-th time that it is called."""
    left = occurrence

    def passed() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            then()

    return passed


def arm(node: NetworkNode, point: str, occurrence: int) -> None:
    """Die when this point is passed for the n-th time from now."""
    passed = counted(occurrence, die)
    if point in CHAIN_POINTS:
        node.chain._trace = lambda name: passed() if name == point else None
    else:
        node.store._connection.set_trace_callback(_watching(STORE_POINTS[point], point.endswith("ing"), passed))


def _watching(statement: str, before: bool, passed: Callable[[], None]) -> Callable[[str], None]:
    """Called by SQLite with each statement before it is executed; after a commit is where the next statement begins, whoever's it is."""
    seen = committed = False

    def told(sql: str) -> None:
        nonlocal seen, committed
        if committed:
            seen = committed = False
            passed()
        if sql.startswith(statement):
            seen = True
        elif sql.startswith("ROLLBACK"):
            seen = False
        elif sql.startswith("COMMIT") and seen:
            if before:
                seen = False
                passed()
            else:
                committed = True

    return told
