"""The server's own work on transfers: end what nobody finished, erase what has done its duty, drop what nobody announced.

Guarantees: every step is an operation on the ledger and can be repeated: an order without a receipt is found again by the
next run, and the first outcome wins. The order of an erasure is decide, order (ledger), erase (vault), receipt (ledger), done.
Refuses: to erase what is open or within its retention. Trusts: the server's clock for when to look; the block time decides.
Who is told: both parties, by the trail and by notices (``Exchange.poll``).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from akashi.clock import Clock
from akashi.errors import Unavailable
from akashi.exchange.events import TransferErased, TransferExpired
from akashi.exchange.model import DAY_MS, Status, Transfer
from akashi.exchange.records import due_by, transfer_of_payload
from akashi.exchange.rules import OPEN, decide_erase
from akashi.ledger.author import Author
from akashi.ledger.errors import Refused
from akashi.ledger.rules import Denied
from akashi.vault.events import ErasureOrdered, PayloadErased, erasure_of
from akashi.vault.model import ErasureOutcome, ErasureReason

ORPHAN_AGE_MS = 8 * DAY_MS
"""Longer than a signed announcement may wait in an outbox (7 days): what is older and unannounced never will be."""
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

    def expire_orphans(self, known: Callable[[bytes], bool], older_than_ms: int) -> int:
        """Drop staged payloads that ``known`` does not know and that were staged before ``older_than_ms``."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """What one run did; ``waiting`` were due but could not be finished now and are tried again."""

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
        self._orphan_age_ms = orphan_age_ms

    def run_once(self) -> Report:
        """Do everything that is due. Raises nothing that waiting cures; stops at the first silence of the ledger."""
        report = Report()
        for item in self._due():
            try:
                report = self._tend(item, report)
            except (Unavailable, Refused):
                # Refused: a party was faster (confirmed in the last moment); the next run sees the new state.
                report = replace(report, waiting=report.waiting + 1)
        with suppress(Unavailable):
            report = replace(report, orphans=self._drop_orphans())
        return report

    def _due(self) -> list[Transfer]:
        with self._ledger.view() as state:
            return list(due_by(state, self._clock.now_ms()))

    def _tend(self, item: Transfer, report: Report) -> Report:
        name = item.handle
        if item.status in OPEN:
            self._author.submit(TransferExpired(name), subject=name)
            report = replace(report, expired=report.expired + 1)
            item = replace(item, status=Status.EXPIRED, closed_ms=self._clock.now_ms())
        if isinstance(decide_erase(item, self._clock.now_ms()), Denied):
            return report
        return self._erase(item, report)

    def _erase(self, item: Transfer, report: Report) -> Report:
        name, payload = item.handle, item.payload
        with self._ledger.view() as state:
            record = erasure_of(state, payload)
        if record is None:
            order = self._author.submit(ErasureOrdered(payload, _REASONS[item.status]), subject=name).operation_id
            report = replace(report, ordered=report.ordered + 1)
        else:
            order = record.order_id
        if record is None or not record.erased:
            outcome = self._vault.erase(payload, order)
            self._author.submit(PayloadErased.of(outcome), subject=name)
            report = replace(report, erased=report.erased + 1)
        self._author.submit(TransferErased(name), subject=name)
        return report

    def _drop_orphans(self) -> int:
        before = self._clock.now_ms() - self._orphan_age_ms
        with self._ledger.view() as state:
            return self._vault.expire_orphans(lambda payload: transfer_of_payload(state, payload) is not None, before)
