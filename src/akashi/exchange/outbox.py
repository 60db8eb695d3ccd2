"""Delivers signed operations to the ledger: durable first, then sent, then settled by the ledger's answer.

Guarantees: an operation is in the gateway's database before it is submitted; submitting again is harmless (same envelope,
same id, first acknowledgement); tries are bounded and backed off, and whatever is left stays pending until
:meth:`Outbox.resume`. Refuses: to call anything done that the ledger has not acknowledged. Trusts: the ledger's
acknowledgement (its receipt proves it).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from akashi.clock import Clock
from akashi.errors import AkashiError, Unavailable
from akashi.exchange.errors import TransferDenied, Unacknowledged
from akashi.exchange.events import TransferSent
from akashi.exchange.model import Acting, SendRequest
from akashi.exchange.store import Queued, Store
from akashi.ledger.author import HOUR_MS, Author
from akashi.ledger.errors import Refused
from akashi.ledger.events import info_of
from akashi.ledger.model import MAX_LIFETIME_MS
from akashi.ledger.port import Acknowledged, Ledger
from akashi.ledger.wire.envelope import parse_operation

READING = frozenset({"transfer.opened", "transfer.exported"})
"""Operations that precede handing out content: without an answer nothing is handed out, and they are not sent again."""


HELD_MS = 10 * 60 * 1000
"""How long a sending that is sealed and staged waits for the sender's own signature."""


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
            approving=acting.approving,
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
            except Unavailable as error:
                if error.waited:
                    break  # the servers have it and go on by themselves: a person is told so now
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


@dataclass(frozen=True, slots=True)
class Held:
    """One staged sending: its handle, what will be announced, the content's digest, and who was asked."""

    name: str
    body: TransferSent
    digest: bytes = field(repr=False)
    person: str | None
    device: str | None


class HeldSendings:
    """Sendings that wait for the sender's own signature, in memory; a restart forgets them. Thread-safe.

    What was shown is what is announced: the very body, once, for the same person on the same device and the same request. One that is begun anew or
    whose time is over is named by :meth:`dropped`, so that the sender gives it up; what it staged is then an orphan on the server and goes by itself.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[bytes, tuple[Held, int]] = {}

    def keep(self, operation: bytes, held: Held) -> None:
        """Until the person has answered for ``operation`` (operation id)."""
        with self._lock:
            self._waiting[operation] = (held, self._clock.now_ms() + HELD_MS)

    def taken(self, request: SendRequest, digest: bytes, acting: Acting) -> tuple[str, TransferSent] | None:
        """What was staged for the operation that ``acting`` answers, if it is of this content, receiver, person and device."""
        now = self._clock.now_ms()
        with self._lock:
            for operation in () if acting.approving is None else acting.approving.answering:
                held, until = self._waiting.get(operation, (None, 0))
                if held is None or until <= now or not _is_of(held, request, digest, acting):
                    continue
                del self._waiting[operation]
                return held.name, held.body
        return None

    def dropped(self, request: SendRequest, digest: bytes, acting: Acting) -> list[str]:
        """Forget what is over, and what this very person begins anew; their handles."""
        now = self._clock.now_ms()
        with self._lock:
            gone = [
                operation
                for operation, (held, until) in self._waiting.items()
                if until <= now or _is_of(held, request, digest, acting)
            ]
            return [self._waiting.pop(operation)[0].name for operation in gone]


def _is_of(held: Held, request: SendRequest, digest: bytes, acting: Acting) -> bool:
    body = held.body
    said = (body.receiver, body.format, body.persons, body.retention_ms, body.supersedes)
    wanted = (request.receiver, request.format, request.persons, request.retention_ms, request.supersedes)
    return said == wanted and (held.digest, held.person, held.device) == (digest, acting.person, acting.device)
