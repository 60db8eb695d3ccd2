"""The values of access: what a permission is about, how far it reaches, who asks, and machine clients.

Guarantees: frozen values; the numbers of enums are permanent and only appended. Holds handles and numbers, no names and no secrets but
in :class:`Issued`, which hides its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from akashi.identity.model import Job, Role


class Information(IntEnum):
    """What an action lets somebody reach (情報区分, guideline 14.2). Permanent numbers, only appended."""

    RESULTS = 1
    """The content of checkup results."""
    TRANSFERS = 2
    """That something was sent, by whom to whom, when and how it ended; sealed bytes."""
    PEOPLE = 3
    """Accounts, roles, departments."""
    DEVICES = 4
    """Certificates and machine clients."""
    RECORDS = 5
    """The ledger, evidence, access journal and reports of access."""
    CONFORMITY = 6
    """Check sheets, measurements and agreements."""
    MAPS = 7
    """How layouts are converted; no results."""
    SERVICE = 8
    """Running the service: figures, alerts, keys, windows of work."""


class Scope(IntEnum):
    """How far an action reaches. Permanent numbers, only appended."""

    OWN = 1
    """The person themselves."""
    DEPARTMENT = 2
    """People of the departments that they manage; a manager of the institution and its planner reach all."""
    INSTITUTION = 3
    """Everything of their own institution, and the transfers that it is a party of."""
    SERVICE = 4
    """All institutions (the secretariat, and those who assess)."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One row of the table (``identity.permissions.TABLE``)."""

    action: str
    information: Information
    scope: Scope
    roles: Role
    critical: bool
    """Needs a proof within the last minutes (``Policy``)."""
    signed: bool
    """A person who has a key of their own signs the operation with it."""
    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of whoever asks. ``actions`` is set for a machine client, whose roles do not count."""

    institution: str
    roles: Role
    person: str | None = None
    job: Job | None = None
    department: str | None = None
    manages: frozenset[str] = frozenset()
    """Departments whose manager they are."""
    actions: frozenset[str] | None = None
    granted: frozenset[str] = frozenset()
    """Actions that an approved visit adds to the roles for as long as it lasts."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about. ``institutions``: whose it is; two for a transfer, none for what belongs to nobody."""

    institutions: frozenset[str] = frozenset()
    person: str | None = None
    department: str | None = None


class ClientReason(IntEnum):
    """Why a machine client was disabled. Permanent numbers, only appended."""

    RETIRED = 1
    REPLACED = 2
    SUSPECTED_LEAK = 3
    RESPONSIBLE_LEFT = 4
    ERROR = 5


@dataclass(frozen=True, slots=True)
class Client:
    """A machine client as the ledger records it; ``actions`` are bits of ``permissions.CLIENT_BITS``."""

    handle: str
    institution: str
    device: str
    actions: int
    until_ms: int
    responsible: str
    counterpart: str | None
    """The one institution whose transfers it may touch; ``None``: any."""
    enabled: bool
    enrolled_ms: int


@dataclass(frozen=True, slots=True)
class ClientTerms:
    """What a client may do, until when, and who answers for it."""

    actions: frozenset[str]
    until_ms: int
    responsible: str
    counterpart: str | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A new bearer secret, shown this once; ``until_ms`` is when the one before it stops working (rotation)."""

    client: str
    bearer: str = field(repr=False)
    ends_ms: int
    overlap_until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ClientAccount:
    """A client with what only its gateway knows: label, networks, when its secrets end."""

    client: Client
    label: str = field(repr=False)
    networks: tuple[str, ...] = ()
    secrets_end_ms: tuple[int, ...] = ()
