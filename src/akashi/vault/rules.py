"""Pure decisions of the vault: no file, clock or random source.

Guarantees: the same row and the same request always give the same answer. What was erased never comes back, and an
erasure once begun is never abandoned.

>>> decide_stage(None, b"b", b"w")
<StageDecision.STORE: 'store'>
"""

from __future__ import annotations

from enum import Enum

from akashi.vault.model import PayloadStatus, StoredPayload


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
