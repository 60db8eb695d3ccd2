"""Pure decisions of the vault: no file, clock or random source.

Guarantees: the same row and the same request always give the same answer. What was erased never comes back, and an
erasure once begun is never abandoned.

>>> decide_stage(None, b"b", b"w")
<StageDecision.STORE: 'store'>
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from akashi.vault.model import Account, CopyAccount, ErasureLevel, PayloadStatus, StoredPayload, Survival


class StageDecision(Enum):
    """What to do with bytes handed in under an id."""

    STORE = "store"
    SAME = "same"
    DIFFERS = "differs"
    GONE = "gone"


class EraseDecision(Enum):
    """What an order to erase means for a row."""

    BEGIN = "begin"
    RESUME = "resume"
    DONE = "done"


def decide_stage(row: StoredPayload | None, body_digest: bytes, wraps_digest: bytes) -> StageDecision:
    """Whether to keep what was received, given what is stored under the id."""
    if row is None:
        return StageDecision.STORE
    if row.status in (PayloadStatus.ERASING, PayloadStatus.ERASED):
        return StageDecision.GONE
    if row.body_digest == body_digest and row.wraps_digest == wraps_digest:
        return StageDecision.SAME
    return StageDecision.DIFFERS


def decide_erase(row: StoredPayload) -> EraseDecision:
    """The first order begins, a repetition resumes what a crash interrupted, the rest is done."""
    if row.status is PayloadStatus.ERASED:
        return EraseDecision.DONE
    return EraseDecision.RESUME if row.status is PayloadStatus.ERASING else EraseDecision.BEGIN


def is_readable(row: StoredPayload) -> bool:
    """Whether body and wraps may be handed out."""
    return row.status in (PayloadStatus.STAGED, PayloadStatus.ANNOUNCED)


def is_stale(row: StoredPayload, now_ms: int, older_than_ms: int) -> bool:
    """Whether a staged payload has waited for its announcement for more than ``older_than_ms``."""
    return row.status is PayloadStatus.STAGED and now_ms - row.staged_ms > older_than_ms


class Closing(NamedTuple):
    """What all copies together came to: the latest time, the latest horizon, the lowest level that a server proved."""

    erased_ms: int
    backup_horizon_ms: int
    level: ErasureLevel


def decide_closing(copies: Sequence[CopyAccount]) -> Closing | None:
    """Whether a payload is erased everywhere: nobody owes a word, and at least one server proved it. The order of words does not matter.

    >>> gone = CopyAccount(1, Account.ERASED, 5, 5, ErasureLevel.FILE)
    >>> decide_closing([gone, CopyAccount(2)]) is None
    True
    >>> decide_closing([gone, CopyAccount(2, Account.NOT_PROVEN, 9, 9)])
    Closing(erased_ms=5, backup_horizon_ms=5, level=<ErasureLevel.FILE: 2>)
    """
    proven = [one for one in copies if one.account in (Account.ERASED, Account.NOTHING_HELD)]
    if not proven or any(one.account is Account.WAITING for one in copies):
        return None
    return Closing(
        max(one.at_ms for one in proven),
        max(one.backup_horizon_ms for one in proven),
        min(one.level for one in proven),
    )


def is_overdue(ordered_ms: int, now_ms: int, after_ms: int) -> bool:
    """Whether a receipt that was owed since ``ordered_ms`` is missing for longer than it may."""
    return now_ms - ordered_ms > after_ms


def survives(copy: CopyAccount, now_ms: int) -> Survival:
    """What is left of one copy by its server's own word. Backups count until the horizon has passed."""
    if copy.account is Account.WAITING:
        return Survival.EVERYTHING
    if copy.account is Account.NOT_PROVEN:
        return Survival.UNKNOWN
    if copy.backup_horizon_ms > max(now_ms, copy.at_ms):
        return Survival.BACKUPS
    return Survival.NOTHING if copy.level is ErasureLevel.FILE else Survival.SEALED_BYTES
