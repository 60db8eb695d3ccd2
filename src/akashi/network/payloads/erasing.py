"""What one server does to erase a payload everywhere: destroy, scrub, say so under its own key.

Guarantees: every order on the ledger is carried out here, again and again until the receipt is on the ledger, whether there is a copy here or
not; what is not here is barred, so that it cannot come any more. A server that was away, or whose vault was restored from an older copy, erases before
it serves (:func:`erase_before_serving`). The receipt waits a day for the sealed bytes to be out of the files. Refuses to erase without an order.
Trusts the state for what was ordered.
"""

from __future__ import annotations

from typing import NamedTuple

from akashi.clock import Clock
from akashi.errors import Unavailable
from akashi.ledger.author import Author
from akashi.ledger.errors import Refused
from akashi.ledger.port import Ledger
from akashi.ledger.state import ReadState
from akashi.vault.accounting import Owed, number_of, overdue, owed_by
from akashi.vault.errors import PayloadMissing
from akashi.vault.events import PayloadRecord, erased_event, owes_receipt, payload_record
from akashi.vault.model import ErasureLevel, ErasureOutcome
from akashi.vault.service import Vault

DAY_MS = 24 * 3600 * 1000
SCRUB_PATIENCE_MS = DAY_MS
"""How long a receipt waits for the bytes to be scrubbed (a reader may hold them) before it says level 1."""
ALARM_AFTER_MS = DAY_MS + 3600 * 1000
"""How long a server may owe its receipt before that is an alarm: the scrub's patience, and an hour to say so."""


SWEEP_EVERY_MS = 3600 * 1000
"""How often all stored copies are held against the orders, beside the receipts that are owed (which are looked at in every run)."""


class Erased(NamedTuple):
    """What one run did: copies destroyed here, receipts put on the ledger, and orders that are tried again by the next run."""

    destroyed: int
    reported: int
    waiting: int


class Erasures:
    """One server's erasures. ``author`` signs with this server's key. Not thread-safe: one runs per server."""

    def __init__(self, author: Author, vault: Vault, clock: Clock) -> None:
        self._author, self._ledger, self._vault, self._clock = author, author.ledger, vault, clock
        self._swept_ms: int | None = None

    def run_once(self) -> Erased:
        """Carry out every order, then report what this server owes. Costs next to nothing where nothing is owed, but for a sweep each hour."""
        destroyed = self._swept()
        due = self._due()
        destroyed += sum(self._vault.size(payload) is not None for payload, _ in due)
        gone = [one for one in due if self._destroyed(*one)]
        if any(self._vault.outcome(payload).level < ErasureLevel.FILE for payload, _ in gone):
            self._vault.scrub()
        reported = sum(self._reported(payload, record) for payload, record in gone)
        return Erased(destroyed, reported, len(due) - reported)

    def _swept(self) -> int:
        now_ms = self._clock.now_ms()
        if self._swept_ms is not None and now_ms - self._swept_ms < SWEEP_EVERY_MS:
            return 0
        self._swept_ms = now_ms
        return erase_before_serving(self._ledger, self._vault)

    def _due(self) -> list[tuple[bytes, PayloadRecord]]:
        with self._ledger.view() as state:
            number = number_of(state, self._author.key)
            owed = [] if number is None else list(owed_by(state, number))
            found = [(one.payload, payload_record(state, one.payload)) for one in owed]
        return [(payload, record) for payload, record in found if record is not None]

    def _destroyed(self, payload: bytes, record: PayloadRecord) -> bool:
        try:
            carry_out(self._vault, payload, record)
        except Unavailable:
            return False
        return True

    def _reported(self, payload: bytes, record: PayloadRecord) -> bool:
        outcome = self._vault.outcome(payload)
        if outcome.level < ErasureLevel.FILE and self._clock.now_ms() - outcome.erased_ms < SCRUB_PATIENCE_MS:
            return False
        with self._ledger.view() as state:
            if not owes_receipt(state, payload, self._author.key):
                return False
        try:
            self._author.submit(erased_event(outcome), subject=record.subject)
        except (Unavailable, Refused):
            return False
        return True


def carry_out(vault: Vault, payload: bytes, record: PayloadRecord) -> ErasureOutcome:
    """Erase what is here, or bar the id of what is not. Idempotent. Raises ``VaultDamaged`` where a key could not be overwritten."""
    order = record.order_id or b""
    try:
        return vault.erase(payload, order)
    except PayloadMissing:
        return vault.bar(payload, order, record.body_digest, record.wrap_digests)


def erase_before_serving(ledger: Ledger, vault: Vault) -> int:
    """Erase every stored copy whose erasure is ordered; how many there were. At every start, before a peer or a party is answered.

    Also for copies that this server owes no receipt for (any more): a vault restored from an older copy, or a late arrival.
    """
    with ledger.view() as state:
        ordered = [(payload, record) for payload in vault.stored() if (record := _ordered(state, payload)) is not None]
    for payload, record in ordered:
        carry_out(vault, payload, record)
    if ordered:
        vault.scrub()
    return len(ordered)


def overdue_receipts(ledger: Ledger, now_ms: int, after_ms: int = ALARM_AFTER_MS) -> list[Owed]:
    """Which servers owe an erasure receipt for too long, and for what: one alarm each."""
    with ledger.view() as state:
        return overdue(state, now_ms, after_ms)


def _ordered(state: ReadState, payload: bytes) -> PayloadRecord | None:
    record = payload_record(state, payload)
    return record if record is not None and record.order_id is not None else None
