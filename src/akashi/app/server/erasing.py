"""Erases what conformity delivered and its owner ordered to be erased: evidence, sheets, questions, answers.

Guarantees: an order on the ledger is carried out in the vault and its receipt put on the ledger, again and again until both are
done; the receipt waits a day for the higher level, as the exchange's does. Refuses: to erase anything without an order. Transfers are
``exchange.housekeeping``'s.
"""

from __future__ import annotations

from akashi.clock import Clock
from akashi.conformity.deliveries import ordered
from akashi.errors import NotFound, Unavailable
from akashi.exchange.housekeeping import SCRUB_PATIENCE_MS, Eraser
from akashi.ledger.author import Author
from akashi.ledger.errors import Refused
from akashi.vault.events import PayloadRecord, erased_event, owes_receipt
from akashi.vault.model import ErasureLevel


def erase_ordered(author: Author, vault: Eraser, clock: Clock) -> int:
    """Carry out every order; returns how many receipts were recorded. What cannot be done now is found again by the next run."""
    with author.ledger.view() as state:
        due = list(ordered(state))
    destroyed = [(payload, record) for payload, record in due if _destroy(vault, payload, record)]
    if destroyed:
        vault.scrub()
    return sum(_report(author, vault, clock, payload, record) for payload, record in destroyed)


def _destroy(vault: Eraser, payload: bytes, record: PayloadRecord) -> bool:
    try:
        vault.erase(payload, record.order_id or b"")
    except (Unavailable, NotFound):  # not found: this vault never had it, and a receipt for its erasure would be a lie
        return False
    return True


def _report(author: Author, vault: Eraser, clock: Clock, payload: bytes, record: PayloadRecord) -> bool:
    outcome = vault.outcome(payload)
    if outcome.level < ErasureLevel.FILE and clock.now_ms() - outcome.erased_ms < SCRUB_PATIENCE_MS:
        return False
    with author.ledger.view() as state:
        if not owes_receipt(state, payload, author.key):
            return False  # said already; another server's receipt is missing
    try:
        author.submit(erased_event(outcome), subject=record.subject)
    except (Unavailable, Refused):
        return False
    return True
