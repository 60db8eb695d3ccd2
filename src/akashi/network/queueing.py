"""Who waits for which operation, and what goes to consensus next.

Guarantees: an operation has one place in the queue however often it is handed in; everybody who waits for it gets the same outcome; a lone operation is
never held back for company. Refuses more than :data:`MAX_WAITING` operations at a time (``LedgerBusy``). Knows nothing of consensus. Thread-safe.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from akashi.ledger.engine.group import Outcome
from akashi.ledger.errors import LedgerBusy
from akashi.ledger.model import Operation
from akashi.network.transactions import batches

MAX_WAITING = 20_000
MAX_UNDER_WAY = 4
"""Transactions of this server that consensus works on at a time: what arrives meanwhile travels together."""
FRESH_AGE = 2
"""How many calls of :meth:`Queue.age` an operation under way is waited for before it may be sent once more."""
MAX_AGE = 3
"""After how many calls of :meth:`Queue.age` a transaction that came back in no block gives way: a node that fell has forgotten it."""


class Latch:
    """Opens once, for everybody who waits. One is made for every operation, and this takes a tenth of what ``threading.Event`` does.

    >>> latch = Latch(); latch.is_set(), latch.set(), latch.wait(0), latch.wait(0), latch.is_set()
    (False, None, True, True, True)
    """

    __slots__ = ("_closed",)

    def __init__(self) -> None:
        self._closed = threading.Lock()
        self._closed.acquire()

    def set(self) -> None:
        """Open it; to be called once."""
        self._closed.release()

    def is_set(self) -> bool:
        """Whether it is open."""
        return self.wait(0)

    def wait(self, timeout_s: float) -> bool:
        """Wait until it is open, no longer than this; whether it is."""
        if not self._closed.acquire(timeout=timeout_s):
            return False
        self._closed.release()  # who waits next goes through as well
        return True


class Wait:
    """One operation's outcome, once there is one, for everybody who waits for it."""

    __slots__ = ("callers", "done", "outcome")

    def __init__(self) -> None:
        self.callers = 0
        self.done = Latch()
        self.outcome: Outcome | None = None


class Queue:
    """Operations on their way to consensus, and those who wait for them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[tuple[bytes, bytes]] = deque()
        self._queued: set[bytes] = set()
        self._waits: dict[bytes, Wait] = {}
        self._under_way: dict[bytes, int] = {}  # name of a transaction -> how often the queue has aged since
        self._inside: dict[bytes, frozenset[bytes]] = {}  # the same names -> ids of the operations in it
        self._closed = False

    def add(self, operations: Iterable[tuple[Operation, bytes]]) -> list[Wait]:
        """Queue ``(operation, envelope)`` pairs; what to wait on, one each. Raises ``LedgerBusy`` and queues none."""
        pairs = list(operations)
        with self._changed:
            if len(self._waits) + len(pairs) > MAX_WAITING:
                raise LedgerBusy
            waits = []
            for operation, envelope in pairs:
                wait = self._waits.get(operation.id)
                if wait is None:
                    wait = self._waits[operation.id] = Wait()
                    self._put(operation.id, envelope)
                wait.callers += 1
                waits.append(wait)
            self._changed.notify_all()
        return waits

    def again(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        """Queue ``(operation id, envelope)`` pairs that nobody waits for any more, or that may have been lost; not those that were sent only now.

        Sending a large batch takes longer than the pause before the next try: whoever sent all of it again would make a slow network slower.
        """
        with self._changed:
            fresh = frozenset[bytes]().union(
                *(self._inside[one] for one, age in self._under_way.items() if age < FRESH_AGE)
            )
            for id_, envelope in pairs:
                if id_ not in fresh:
                    self._put(id_, envelope)
            self._changed.notify_all()

    def _put(self, id_: bytes, envelope: bytes) -> None:
        if id_ not in self._queued:
            self._queued.add(id_)
            self._queue.append((id_, envelope))

    def take(self, timeout_s: float) -> list[tuple[bytes, bytes]]:
        """What the next transaction holds: as much as fits of what waits; empty when nothing came in time, or when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._ready(), timeout_s)
            if self._closed or not self._ready():
                return []
            first = next(batches(envelope for _, envelope in self._queue))
            taken = [self._queue.popleft() for _ in first]
            self._queued.difference_update(id_ for id_, _ in taken)
            return taken

    def _ready(self) -> bool:
        return bool(self._queue) and len(self._under_way) < MAX_UNDER_WAY

    def sent(self, name: bytes, ids: Iterable[bytes] = ()) -> None:
        """A transaction of these operations is with consensus."""
        with self._changed:
            self._under_way[name] = 0
            self._inside[name] = frozenset(ids)

    def age(self) -> None:
        """Some time has passed: what has been under way for long holds up nobody any more. Its operations are kept, and sent again."""
        with self._changed:
            self._under_way = {name: age + 1 for name, age in self._under_way.items() if age + 1 < MAX_AGE}
            self._inside = {name: self._inside[name] for name in self._under_way}
            self._changed.notify_all()

    def arrived(self, names: Iterable[bytes]) -> None:
        """Transactions came back in a block, or are given up: there is room for others."""
        with self._changed:
            for name in names:
                self._under_way.pop(name, None)
                self._inside.pop(name, None)
            self._changed.notify_all()

    def waiting(self, ids: Iterable[bytes]) -> bool:
        """Whether somebody here waits for one of these."""
        with self._changed:
            return any(id_ in self._waits for id_ in ids)

    def finish(self, outcomes: Iterable[tuple[bytes, Outcome]]) -> None:
        """Tell those who wait; nobody else is told anything."""
        with self._changed:
            for id_, outcome in outcomes:
                wait = self._waits.pop(id_, None)
                if wait is not None:
                    wait.outcome = outcome
                    wait.done.set()

    def forget(self, id_: bytes, wait: Wait) -> None:
        """A caller of an operation gave up waiting; it stays queued, and others go on waiting."""
        with self._changed:
            wait.callers -= 1
            if wait.callers == 0 and self._waits.get(id_) is wait:
                del self._waits[id_]

    def close(self) -> None:
        """Wake everybody without an outcome."""
        with self._changed:
            self._closed = True
            for wait in self._waits.values():
                wait.done.set()
            self._waits.clear()
            self._changed.notify_all()
