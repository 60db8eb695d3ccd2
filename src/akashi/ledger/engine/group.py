"""Group commit without a timer: the first waiter commits, what arrives meanwhile is the next batch.

Guarantees: every operation handed in gets exactly one outcome; one batch at a time; first come, first served; a lone caller
never waits for others. Refuses: more than ``MAX_WAITING`` operations at a time (``LedgerBusy``). Knows nothing of ledgers: what a
batch means is the ``commit`` function's, which must give every pending operation an outcome.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from akashi.errors import AkashiError
from akashi.ledger.errors import LedgerBusy, LedgerStopped
from akashi.ledger.model import Operation
from akashi.ledger.port import Acknowledged

MAX_BATCH = 1_000
MAX_WAITING = 10_000

Outcome = Acknowledged | AkashiError


class Pending:
    """One operation on its way, and how it ended."""

    __slots__ = ("id", "operation", "outcome", "ticket", "verified")

    def __init__(self, operation: Operation, ticket: Ticket) -> None:
        self.operation = operation
        self.id = operation.id
        self.ticket = ticket
        self.outcome: Outcome | None = None
        self.verified: bytes | None = (
            None  # the public key (SPKI) under which the operation's signature was found right
        )


class Ticket:
    """One caller's wait: for its outcomes, or for being told to lead."""

    __slots__ = ("lead", "open", "wake")

    def __init__(self) -> None:
        self.wake = threading.Event()
        self.lead = False
        self.open = 0


class GroupCommit:
    """Gathers operations of many threads into batches. Thread-safe."""

    def __init__(self, commit: Callable[[list[Pending]], None]) -> None:
        self._commit = commit
        self._gate = threading.Lock()  # guards _queue, _leading and every Ticket's lead and open
        self._queue: deque[Pending] = deque()
        self._alone: deque[Ticket] = deque()
        self._leading = False

    def run(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Commit ``operations`` in order; returns when all have an outcome."""
        ticket = Ticket()
        pending = [Pending(operation, ticket) for operation in operations]
        if not pending:
            return []
        with self._gate:
            if len(self._queue) + len(pending) > MAX_WAITING:
                return [LedgerBusy() for _ in pending]
            ticket.open = len(pending)
            self._queue.extend(pending)
            leads, self._leading = not self._leading, True
        if leads:
            self._lead(ticket)
        else:
            ticket.wake.wait()
            if ticket.lead:
                self._lead(ticket)
        return [entry.outcome or LedgerStopped("commit.interrupted") for entry in pending]

    def run_alone(self, act: Callable[[], None]) -> None:
        """Run ``act`` while no batch is being committed, after what already waits."""
        ticket = Ticket()
        with self._gate:
            self._alone.append(ticket)
            leads = not self._leading
            if leads:
                self._leading, ticket.lead = True, True
                self._alone.remove(ticket)
        if not leads:
            ticket.wake.wait()
        try:
            act()
        finally:
            self._hand_over()

    def _lead(self, mine: Ticket) -> None:
        """Commit batch after batch until one's own operations are done, then hand over."""
        try:
            while mine.open:
                with self._gate:
                    batch = [self._queue.popleft() for _ in range(min(MAX_BATCH, len(self._queue)))]
                try:
                    self._commit(batch)
                finally:
                    self._release(batch)
        finally:
            self._hand_over()

    def _release(self, batch: list[Pending]) -> None:
        with self._gate:
            for entry in batch:
                entry.ticket.open -= 1
                if not entry.ticket.open:
                    entry.ticket.wake.set()

    def _hand_over(self) -> None:
        with self._gate:
            if self._queue:
                successor = self._queue[0].ticket
                successor.lead = True
                successor.wake.set()
            elif self._alone:
                self._alone.popleft().wake.set()
            else:
                self._leading = False
