"""What a server's keeping of copies has come to: for the page, the status and the alarm.

Guarantees: counts by server number and handle only. Each server that owes an erasure receipt for too long is told of once in :data:`AGAIN_MS`, not in every turn. Trusts the state for who owes what.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from akashi.ledger.port import Ledger
from akashi.network.payloads.erasing import overdue_receipts
from akashi.network.payloads.errors import ReceiptOverdue

AGAIN_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class CopyOverview:
    """``overdue``: server number to how many erasure receipts it has owed for too long; ``mistrusted``: handle to how often it handed out other bytes than it should have."""

    overdue: Mapping[int, int] = field(default_factory=dict)
    mistrusted: Mapping[str, int] = field(default_factory=dict)


class Reminders:
    """Who owes receipts, and of whom nobody was told lately. One thread."""

    def __init__(self) -> None:
        self._told_ms: dict[int, int] = {}

    def look(self, ledger: Ledger, now_ms: int) -> tuple[dict[int, int], list[ReceiptOverdue]]:
        """Who owes how many for too long, and the alarms that are due."""
        owed = dict(sorted(Counter(one.number for one in overdue_receipts(ledger, now_ms)).items()))
        self._told_ms = {number: at for number, at in self._told_ms.items() if number in owed}
        due = [number for number in owed if not 0 <= now_ms - self._told_ms.get(number, -AGAIN_MS) < AGAIN_MS]
        self._told_ms.update(dict.fromkeys(due, now_ms))
        return owed, [ReceiptOverdue(number=number, count=owed[number]) for number in due]
