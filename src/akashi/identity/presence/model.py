"""The values of presence: alerts, places, sessions as a person sees them.

Guarantees: frozen values; numbers of enums are permanent and only appended. Refuses names and browser texts: what a browser says of
itself becomes one of a few words of ours (``rules.browser_of``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from akashi.identity.model import Session


class AlertKind(StrEnum):
    """What somebody must look at: dotted codes, also those that other parts raise. Permanent, only appended."""

    LOCKED_OUT = "presence.locked_out"
    SPRAYING = "presence.spraying"
    SECOND_PLACE = "presence.second_place"
    PLACE_DENIED = "presence.place_denied"
    SUSPECTED_LEAK = "presence.suspected_leak"
    DEVICE_EXPIRING = "device.expiring"
    DEVICE_ORPHANED = "device.orphaned"
    DEVICE_LOST = "device.lost"
    RECOVERY_USED = "recovery.used"
    RECOVERY_FEW = "recovery.few"
    FACTOR_CLONED = "factor.cloned"
    TEMPORARY_ISSUED = "factor.temporary"
    PASSWORD_RESET = "reset.done"  # noqa: S105 - a code of what happened
    RIGHTS_MISMATCH = "rights.mismatch"
    REVIEW_OVERDUE = "review.overdue"
    EMERGENCY_OPENED = "emergency.opened"
    EMERGENCY_MISUSED = "emergency.misused"
    MAINTENANCE_DEVIATES = "maintenance.deviates"
    KEYS_CHANGED = "keys.changed"
    CLIENT_LOCKED = "client.locked"


class Answer(IntEnum):
    """What was answered to the question about a second place. Permanent numbers, only appended."""

    YES = 1
    NO = 2


class Standing(IntEnum):
    """What a place is to a person. Stored; permanent numbers, only appended."""

    NEW = 0
    KNOWN = 1
    WAITING = 2
    """The question was not answered yet."""
    DENIED = 3
    """Somebody said that it was not them: nobody signs in to this account from there."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something (``kind``: a dotted code) that happened ``count`` times between ``first_ms`` and ``last_ms``; open until a person acknowledged it.

    ``person``: whom it concerns and who sees it too; ``None``: only those who read alerts do.
    """

    number: int
    kind: str
    subject: str
    person: str | None
    count: int
    first_ms: int
    last_ms: int
    acknowledged_ms: int | None
    acknowledged_by: str | None


@dataclass(frozen=True, slots=True)
class Seat:
    """The place of a sign-in: its digest, what it is to the person, whether the institution lists it; ``token``: a new cookie's value."""

    digest: bytes
    standing: Standing
    listed: bool
    browser: bool
    token: str = ""

    def __repr__(self) -> str:
        """Without the token."""
        return f"Seat({self.digest.hex()[:8]}, {self.standing.name})"


@dataclass(frozen=True, slots=True)
class Stay:
    """An open session in a person's list; ``key`` names it for ending it, ``here`` whether it is the one that asks."""

    key: str
    session: Session
    browser: str
    here: bool
