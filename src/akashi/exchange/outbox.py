"""Delivers signed operations to the ledger: durable first, then sent, then settled by the ledger's answer.

Guarantees: an operation is in the gateway's database before it is submitted; submitting again is harmless (same envelope,
same id, first acknowledgement); tries are bounded and backed off, and whatever is left stays pending until
:meth:`Outbox.resume`. Refuses: to call anything done that the ledger has not acknowledged. Trusts: the ledger's
acknowledgement (its receipt proves it).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from akashi.clock import Clock
from akashi.errors import AkashiError, Unavailable
from akashi.exchange.errors import TransferDenied, Unacknowledged
from akashi.exchange.model import Acting
from akashi.exchange.store import Queued, Store
from akashi.ledger.author import HOUR_MS, Author
from akashi.ledger.errors import Refused
from akashi.ledger.events import info_of
from akashi.ledger.model import MAX_LIFETIME_MS
from akashi.ledger.port import Acknowledged, Ledger
from akashi.ledger.wire.envelope import parse_operation

READING = frozenset({"transfer.opened", "transfer.exported"})
"""Operations that precede handing out content: without an answer nothing is handed out, and they are not sent again."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how patiently something unavailable is tried again."""

    attempts: int = 4
    first_s: float = 0.2
    factor: float = 3.0
    sleep: Callable[[float], None] = time.sleep

    def pauses(self) -> list[float | None]:
        """The pause after each attempt; ``None`` after the last."""
        return [self.first_s * self.factor**n for n in range(self.attempts - 1)] + [None]


@dataclass(frozen=True, slots=True)
class Resumed:
    """What :meth:`Outbox.resume` did: operations acknowledged, refused by the rules, dropped, still pending."""

    acknowledged: int = 0
    refused: int = 0
    dropped: int = 0
    pending: int = 0


class Outbox:
    """Thread-safe as its store, author and ledger are."""

    def __init__(self, store: Store, author: Author, clock: Clock, retry: Retry) -> None:
        self._store = store
        self._author = author
        self._clock = clock
        self._retry = retry

    def deliver(self, body: object, transfer: str, acting: Acting) -> Acknowledged:
        """Say ``body`` about ``transfer``. Raises :class:`TransferDenied` or, kept for later, :class:`Unacknowledged`."""
        kind = info_of(type(body)).tag
        envelope = self._author.compose(
            body,
            subject=transfer,
            person=acting.person,
            device=acting.device,
            auth=acting.auth,
            lifetime_ms=HOUR_MS if kind in READING else MAX_LIFETIME_MS,
        )
        queued = Queued(parse_operation(envelope).id, transfer, kind, envelope, 0)
        self._store.enqueue(queued, self._clock.now_ms())
        return self._push(queued)

    def _push(self, queued: Queued) -> Acknowledged:
        for pause in self._retry.pauses():
            self._store.attempted(queued.operation)
            try:
                acknowledged = self._ledger.submit(queued.envelope)
            except Refused as error:
                self._store.settle(queued, "refused", error.reason)
                raise TransferDenied(error.reason) from error
            except Unavailable:
                if pause is not None:
                    self._retry.sleep(pause)
                continue
            self._store.settle(queued, "acknowledged")
            return acknowledged
        raise Unacknowledged

    @property
    def _ledger(self) -> Ledger:
        return self._author.ledger

    def resume(self) -> Resumed:
        """Settle what is pending: after a crash, and whenever the ledger can be reached again. Stops at the first silence.

        An answer that cannot be used or does not verify leaves its own operation pending, and no other.
        """
        done = {"acknowledged": 0, "refused": 0, "dropped": 0}
        waiting = self._store.queued()
        for queued in waiting:
            try:
                done[self._settle(queued)] += 1
            except Unavailable:
                break
            except AkashiError:
                continue
        return Resumed(**done, pending=len(waiting) - sum(done.values()))

    def _settle(self, queued: Queued) -> str:
        known = self._ledger.entry(queued.operation) is not None
        if queued.kind in READING:
            # Nothing was handed out without an acknowledgement, so saying it now would record what did not happen.
            outcome = "acknowledged" if known else "dropped"
            self._store.settle(queued, outcome)
            return outcome
        try:
            # Also if it is said to be there: the answer is then the first acknowledgement, with its receipt, and no mere word.
            self._push(queued)
        except TransferDenied:
            return "refused"
        return "acknowledged"
