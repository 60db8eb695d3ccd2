"""The values of joining, moving and leaving: departments, applications, reviews, resets.

Guarantees: frozen values; what the ledger records holds handles, enums, digests and times. Names and reasons are in
``Texts`` only, which never leaves the gateway and does not show in ``repr``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from akashi.identity.model import Job, Role

NO_ROLES = Role(0)


class DepartmentKind(IntEnum):
    """What a department does. Permanent numbers, only appended."""

    CLINICAL = 1
    LABORATORY = 2
    ADMINISTRATION = 3
    SYSTEMS = 4
    OTHER = 5


class RightsStage(IntEnum):
    """Where an application for rights stands. Permanent numbers, only appended."""

    REQUESTED = 1
    APPROVED = 2
    """In force, and to be confirmed by the department's manager."""
    REFUSED = 3
    CONFIRMED = 4
    SUSPENDED = 5
    """The department's manager says that it is not what was applied for: what was before is in force again."""


class Verdict(IntEnum):
    """What was decided on an application. Permanent numbers, only appended."""

    APPROVED = 1
    REFUSED = 2


class RightsReason(IntEnum):
    """Why an application was decided so. Permanent numbers, only appended."""

    WORK_NEEDS_IT = 1
    FOR_A_TIME = 2
    NOT_NEEDED = 3
    TOO_WIDE = 4
    TRAINING_MISSING = 5
    ERROR = 6


class Finding(IntEnum):
    """What a review found about an account, device or client. Permanent numbers, only appended."""

    NEVER_USED = 1
    DORMANT = 2
    UNUSED_ROLES = 3
    """Roles whose actions were not used."""
    CONFLICTING_ROLES = 4
    """Roles that one person should not unite."""
    NO_DEPARTMENT = 5
    NO_ACCOUNT = 6
    """On the ledger, but without an account here."""
    NOT_ON_LEDGER = 7
    """An account here that the ledger does not know."""
    DISABLED_WITH_KEYS = 8
    ORPHANED = 9
    """A device or client for which nobody answers any more."""
    UNCONFIRMED = 10
    """Rights that the department's manager has not confirmed."""


class Decision(IntEnum):
    """What was decided on a finding. Permanent numbers, only appended."""

    KEEP_NEEDED = 1
    KEEP_FOR_STANDBY = 2
    KEEP_MENDED = 3
    """It was put right by other means."""
    REDUCE = 4
    DISABLE = 5


class ResetMethod(IntEnum):
    """How the person was identified before a reset. Permanent numbers, only appended."""

    PHOTO_ID = 1
    CARD_AND_COLLEAGUE = 2
    """A staff card, and a colleague who knows the person."""
    IN_PERSON_BY_MANAGER = 3
    VIDEO_WITH_CALLBACK = 4


class AccessVerdict(IntEnum):
    """What a review of access reports came to. Permanent numbers, only appended."""

    NOTHING_TO_NOTE = 1
    EXPLAINED = 2
    TO_BE_FOLLOWED_UP = 3
    INCIDENT = 4


@dataclass(frozen=True, slots=True)
class Department:
    """A department as the ledger records it; its name is in the gateway."""

    handle: str
    institution: str
    manager: str
    kind: DepartmentKind
    open: bool


@dataclass(frozen=True, slots=True)
class RightsRequest:
    """An application: which roles ``person`` shall have, in which department, until when; and what came of it."""

    handle: str
    institution: str
    person: str
    roles: Role
    department: str
    job: Job
    until_ms: int | None
    basis: bytes | None
    requester: str
    requested_ms: int
    stage: RightsStage = RightsStage.REQUESTED
    decider: str | None = None
    decided_ms: int | None = None
    confirmer: str | None = None
    before_roles: Role = NO_ROLES
    before_department: str | None = None
    before_job: Job | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A periodic review: ``digest`` commits to its findings, all of which must be decided before it closes."""

    handle: str
    institution: str
    digest: bytes
    count: int
    decided: int
    opened_ms: int
    closed_ms: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """One finding of a review. ``detail`` is a count of days or a bitmask of roles, by kind of finding."""

    subject: str
    finding: Finding
    detail: int = 0


@dataclass(frozen=True, slots=True)
class Reset:
    """One entry of the ledger of resets."""

    handle: str
    institution: str
    person: str
    method: ResetMethod
    document: bytes | None
    checker: str
    witness: str | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class Texts:
    """What of an application stays in the gateway: a newcomer's login and name, and why the rights are needed."""

    login: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    basis: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Activity:
    """What is known here about one account: the facts that a review judges."""

    subject: str
    roles: Role
    enabled: bool
    has_account: bool
    on_ledger: bool
    department: str | None
    since_ms: int
    last_ms: int | None
    """The last sign-in; ``None`` if there never was one."""
    used_roles: Role
    """The roles that what they did in the period needed."""
    live_keys: int
    unconfirmed: bool


@dataclass(frozen=True, slots=True)
class Ticket:
    """A reset ticket, shown once: it works with the person's own device, or beside who checked them."""

    reset: str
    code: str = field(repr=False)
    until_ms: int


@dataclass(frozen=True, slots=True)
class Left:
    """What a leaver leaves behind."""

    person: str
    keys: int
    sessions: int
    devices: tuple[str, ...]
    departments: tuple[str, ...]
