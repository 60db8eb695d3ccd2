"""The server's own work on transfers: end what nobody finished, erase what has done its duty, drop what nobody announced.

Guarantees: every step is an operation on the ledger and can be repeated: an order without a receipt is found again by the
next run, and each server's first outcome wins. The order of an erasure is decide, order (ledger), erase (vault), receipt (ledger), done;
where several servers hold copies, done is when all of them have put their receipts there, and the transfer waits until then.
Refuses: to erase what is open or within its retention. Trusts: the server's clock for when to look; the block time decides.
Who is told: both parties, by the trail and by notices (``Exchange.poll``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from akashi.clock import Clock
from akashi.errors import NotFound, Unavailable
from akashi.exchange.events import TransferErased, TransferExpired
from akashi.exchange.model import DAY_MS, Status, Transfer
from akashi.exchange.records import due_by
from akashi.exchange.rules import OPEN, decide_erase
from akashi.ledger.author import Author
from akashi.ledger.errors import Refused
from akashi.ledger.rules import Denied
from akashi.ledger.state import ReadState
from akashi.vault.events import PayloadErasureOrdered, PayloadPhase, erased_event, owes_receipt, payload_record
from akashi.vault.model import ErasureLevel, ErasureOutcome, ErasureReason, ScrubReport

ORPHAN_AGE_MS = 8 * DAY_MS
"""Longer than a signed announcement may wait in an outbox (7 days): what is older and unannounced never will be."""
SCRUB_PATIENCE_MS = DAY_MS
"""How long an erasure receipt waits for the bytes to be scrubbed (a reader may hold them) before it says level 1."""
_REASONS = {
    Status.CONFIRMED: ErasureReason.CONFIRMED,
    Status.WITHDRAWN: ErasureReason.WITHDRAWN,
    Status.REFUSED: ErasureReason.REFUSED,
    Status.EXPIRED: ErasureReason.EXPIRED,
    Status.SUPERSEDED: ErasureReason.WITHDRAWN,
}


class Eraser(Protocol):
    """What housekeeping needs of a vault. Idempotent and crash-safe (``akashi.vault.service.Vault``)."""

    def erase(self, payload_id: bytes, order_id: bytes) -> ErasureOutcome:
        """Destroy the wraps and the body; the same answer when asked again."""
        ...

    def scrub(self) -> ScrubReport:
        """Remove the bytes of what was erased from the files."""
        ...

    def outcome(self, payload_id: bytes) -> ErasureOutcome:
        """The facts of a finished erasure."""
        ...

    def expire_orphans(self, known: Callable[[bytes], bool], older_than_ms: int) -> list[bytes]:
        """Drop staged payloads that ``known`` does not know and that are older than this."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """What one run did; ``waiting`` were due but could not be finished now and are tried again by the next run."""

    expired: int = 0
    ordered: int = 0
    erased: int = 0
    orphans: int = 0
    waiting: int = 0


class Housekeeping:
    """Not thread-safe: one runs per server."""

    def __init__(self, author: Author, vault: Eraser, clock: Clock, *, orphan_age_ms: int = ORPHAN_AGE_MS) -> None:
        self._author = author
        self._ledger = author.ledger
        self._vault = vault
        self._clock = clock
        # A floor, not a default: dropping what a waiting outbox may still announce would make a transfer without content.
        self._orphan_age_ms = max(orphan_age_ms, ORPHAN_AGE_MS)
        self._counts: Counter[str] = Counter()

    def run_once(self) -> Report:
        """Do everything that is due. What cannot be done now is counted as ``waiting`` and found again by the next run."""
        self._counts = Counter()
        self._each(self._expire)
        destroyed = self._each(self._destroy)
        if destroyed:
            self._vault.scrub()
        for item in destroyed:
            self._attempt(self._report_erased, item)
        self._drop_orphans()
        return Report(**self._counts)

    def _each(self, step: Callable[[Transfer], bool]) -> list[Transfer]:
        """Run a step for all that is due; those for which it says that it applied."""
        with self._ledger.view() as state:
            due = list(due_by(state, self._clock.now_ms()))
        return [item for item in due if self._attempt(step, item)]

    def _attempt(self, step: Callable[[Transfer], bool], item: Transfer) -> bool:
        try:
            return step(item)
        except (Unavailable, Refused, NotFound):
            # Refused: a party was faster (confirmed in the last moment). Not found: this vault never had the payload, and
            # a receipt for its erasure would be a lie. Either way the others go on.
            self._counts["waiting"] += 1
            return False

    def _expire(self, item: Transfer) -> bool:
        if item.status not in OPEN:
            return False
        self._author.submit(TransferExpired(item.handle), subject=item.handle)
        self._counts["expired"] += 1
        return True

    def _destroy(self, item: Transfer) -> bool:
        """Order on the ledger (once), then destroy in the vault (as often as it takes)."""
        if isinstance(decide_erase(item, self._clock.now_ms()), Denied):
            return False
        with self._ledger.view() as state:
            record = payload_record(state, item.payload)
        order = None if record is None else record.order_id
        if order is None:
            body = PayloadErasureOrdered(item.payload, _REASONS[item.status])
            order = self._author.submit(body, subject=item.handle).operation_id
            self._counts["ordered"] += 1
        self._vault.erase(item.payload, order)
        return True

    def _report_erased(self, item: Transfer) -> bool:
        """Put this server's erasure receipt on the ledger; the first one stands, so it waits a while for the higher level."""
        outcome = self._vault.outcome(item.payload)
        young = self._clock.now_ms() - outcome.erased_ms < SCRUB_PATIENCE_MS
        if outcome.level < ErasureLevel.FILE and young:
            self._counts["waiting"] += 1
            return False
        with self._ledger.view() as state:
            owed = owes_receipt(state, item.payload, self._author.key)
        if owed:
            self._author.submit(erased_event(outcome), subject=item.handle)
            self._counts["erased"] += 1
        with self._ledger.view() as state:
            record = payload_record(state, item.payload)
        if record is None or record.phase is not PayloadPhase.ERASED:
            self._counts["waiting"] += 1  # another server has not said yet that its copy is gone
            return False
        self._author.submit(TransferErased(item.handle), subject=item.handle)
        return True

    def _drop_orphans(self) -> None:
        with self._ledger.view() as state:
            dropped = self._vault.expire_orphans(partial(_is_announced, state), self._orphan_age_ms)
        self._counts["orphans"] = len(dropped)


def _is_announced(state: ReadState, payload: bytes) -> bool:
    return payload_record(state, payload) is not None  # whichever part announced it
