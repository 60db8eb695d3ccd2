"""The values of emergencies: sealed accounts, their openings, declared emergencies and the checklist of recovery.

Guarantees: frozen values; enum numbers are permanent and only appended, because they stand on the ledger. Secrets do not show in ``repr``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from akashi.identity.model import Role
from akashi.identity.presence.model import AlertKind

HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
MAX_OPEN_MS = 24 * HOUR_MS
ASKED_MS = HOUR_MS
"""How long the second person has to confirm."""
MAX_POOL = 16
MAX_STEPS = 64


class OpenReason(IntEnum):
    """Why an account was opened. Permanent numbers, only appended. One person alone must give one of the first five."""

    DISASTER = 1
    CYBER_ATTACK = 2
    AUTHENTICATION_DOWN = 3
    LIFE_THREATENING = 4
    AUTHORISED_UNREACHABLE = 5
    AGREED = 6
    """Two people agreed that it is needed; no reason of the list."""
    DRILL = 7


class AccountState(IntEnum):
    """Where an account stands. Permanent numbers, only appended."""

    SEALED = 1
    OPEN = 2
    """Signs in until its opening ends; after that time it is spent."""
    SPENT = 3
    """Was used; must be rotated before it can be opened again."""


class Stage(IntEnum):
    """Where an opening stands. Permanent numbers, only appended."""

    ASKED = 1
    OPEN = 2
    CLOSED = 3
    REVIEWED = 4


class ReviewVerdict(IntEnum):
    """What the review found. Permanent numbers, only appended."""

    JUSTIFIED = 1
    NOT_JUSTIFIED = 2
    INCIDENT = 3


class StepOutcome(IntEnum):
    """How a step of the checklist ended. Permanent numbers, only appended."""

    DONE = 1
    NOT_NEEDED = 2
    FAILED = 3


class Notice(IntEnum):
    """What administrators are told, once each (per day where it lasts). Permanent numbers: the local table of what was told keeps them."""

    OPENED = 1
    USED_SEALED = 2
    """Somebody tried to sign in with an account that is not open."""
    SEAL_BROKEN = 3
    REVIEW_OVERDUE = 4
    DECLARED = 5
    ROTATION_DUE = 6


Alerting = Callable[[AlertKind, str, int], object]
"""``Alerts.raise_``: tells the administrators about a subject, durably."""


@dataclass(frozen=True, slots=True)
class EmergencyPolicy:
    """Trusted: whoever can change this can make emergency accounts stronger or live longer (24 hours is the ledger's limit)."""

    grants: Role = Role.OPERATOR
    open_ms: int = 8 * HOUR_MS
    review_ms: int = DAY_MS
    """From when on a closed opening without a review is overdue; told again every day."""


@dataclass(frozen=True, slots=True)
class EmergencyAccount:
    """A sealed account as the ledger records it. ``sealed``: digest of its present secret; ``grants``: its roles while open."""

    person: str
    institution: str
    state: AccountState
    sealed: bytes
    generation: int
    grants: Role
    opening: str | None
    since_ms: int


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening, from being asked for to its review. ``second`` confirmed; ``alone`` is true where nobody did."""

    handle: str
    institution: str
    account: str
    reason: OpenReason
    opener: str
    alone: bool
    stage: Stage
    asked_ms: int
    until_ms: int
    second: str | None = None
    opened_ms: int | None = None
    taken_by: str | None = None
    closed_ms: int | None = None
    reviewer: str | None = None
    verdict: ReviewVerdict | None = None
    notes: bytes | None = None
    declaration: str | None = None
    generation: int = 0
    """Which secret of the account was opened."""

    def is_live(self, now_ms: int) -> bool:
        """May the account sign in now?"""
        return self.stage is Stage.OPEN and now_ms < self.until_ms

    def ended_ms(self, now_ms: int) -> int | None:
        """When the account stopped signing in, if it has."""
        if self.closed_ms is not None:
            return self.closed_ms
        return self.until_ms if self.stage is Stage.OPEN and now_ms >= self.until_ms else None


@dataclass(frozen=True, slots=True)
class Tick:
    """One step of the checklist, done by somebody."""

    step: int
    outcome: StepOutcome
    person: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declared emergency as the ledger records it."""

    handle: str
    institution: str
    cause: OpenReason
    checklist: int
    by: str
    declared_ms: int
    ended_ms: int | None
    openings: tuple[str, ...] = ()
    ticks: tuple[Tick, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A freshly sealed account. ``secret`` only where it is to be printed for an envelope; else nobody has seen it."""

    account: str
    login: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the checklist in words."""

    number: int
    ja: str
    en: str
    who_ja: str
    who_en: str


@dataclass(frozen=True, slots=True)
class Checklist:
    """The steps of recovery; ``version`` stands on the ledger, so a text is never changed under its number."""

    version: int
    steps: tuple[Step, ...]
