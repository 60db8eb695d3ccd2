"""Pure decisions about bundles, erasures and recovery.

Guarantees: a bundle is taken only where it joins what the mirror has; an erasure is final only when no transport key that could have
opened its wraps is left; the same log goes on only if its keys are there and nothing newer is known. No file, clock or random source.

>>> decide_import(None, 0, start=0, end=5, number=1, digest=b"")
<ImportDecision.TAKE: 'take'>
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from akashi.network.mirror.model import Imported, MirrorRecord


class ImportDecision(Enum):
    """What to do with a bundle, by its header alone."""

    TAKE = "take"
    REPEAT = "repeat"
    """It is the newest one, handed in again: finish what a crash interrupted and answer."""
    GAP = "gap"
    REPLAYED = "replayed"
    ROLLBACK = "rollback"


class OriginDecision(Enum):
    """How a recovered service goes on."""

    CONTINUE = "continue"
    NO_LOG_KEY = "log_key"
    NEWER_KNOWN = "newer_known"
    FORKED = "forked"


def decide_import(
    last: Imported | None, size: int, *, start: int, end: int, number: int, digest: bytes
) -> ImportDecision:
    """Whether a bundle joins a mirror of ``size`` leaves whose newest import is ``last``."""
    if last is not None and number == last.number and digest == last.digest:
        return ImportDecision.REPEAT
    if last is not None and number <= last.number:
        return ImportDecision.REPLAYED
    if start > size:
        return ImportDecision.GAP
    if end < size:
        return ImportDecision.ROLLBACK
    return ImportDecision.TAKE


def destroyable(held: Iterable[int], in_use: int) -> list[int]:
    """The transport keys to destroy: all older than the one that the newest generation is sealed to (0: there is none yet)."""
    return sorted(number for number in held if number < in_use)


def decide_origin(*, has_log_key: bool, size: int, seen: Iterable[tuple[int, bool]]) -> OriginDecision:
    """Whether the log of ``size`` leaves may go on. ``seen``: of each known checkpoint its size, and whether it is of this history."""
    for other, same in seen:
        if other > size:
            return OriginDecision.NEWER_KNOWN
        if not same:
            return OriginDecision.FORKED
    return OriginDecision.CONTINUE if has_log_key else OriginDecision.NO_LOG_KEY


def is_overdue(record: MirrorRecord, now_ms: int, after_ms: int) -> bool:
    """Whether a serving mirror was last heard of (its receipt, else its enrolment) more than ``after_ms`` ago; 0: it never is."""
    heard = max(record.accounted_ms, record.enrolled_ms)
    return record.retired_ms is None and after_ms > 0 and now_ms - heard > after_ms
