"""The values of an institution's admission and withdrawal.

Guarantees: frozen values of handles, digests, enums, times; operating rules and lists of trained people stay with the secretariat.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag


class AdmissionStage(IntEnum):
    """Where an institution stands between applying and being gone. Permanent numbers, only appended."""

    APPLIED = 1
    ATTESTED = 2
    MAP_APPROVED = 3
    COMPLETED = 4
    """At work."""
    WITHDRAWING = 5
    SETTLED = 6
    """Nothing is open, evidence is exported, deletion is certified."""
    WITHDRAWN = 7


class AttestedKind(IntEnum):
    """What the secretariat looked at. Permanent numbers, only appended."""

    OPERATING_RULES = 1
    TRAINING = 2


class Attested(IntFlag):
    """What was looked at so far."""

    RULES = 1
    TRAINING = 2


@dataclass(frozen=True, slots=True)
class Admission:
    """An institution's way in and out as the ledger records it. ``handle`` is ``None`` for one that joined before there were admissions."""

    institution: str
    handle: str | None
    stage: AdmissionStage
    rules: bytes = bytes(32)
    training: bytes = bytes(32)
    trained_ms: int = 0
    attested: Attested = Attested(0)  # noqa: RUF009 - an immutable value
    map: str | None = None
    receipts: bytes | None = None
    """Digest of the deletion certificate's receipts, once settled."""
