"""The values of identity: institutions, people, devices, sessions.

Guarantees: frozen values. What the ledger records (``Institution``, ``Person``, ``Device``) holds handles, digests, numbers;
names are in ``Account`` only, which never leaves the gateway. Secrets do not show in ``repr``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Protocol

from akashi.ledger.author import Approving
from akashi.ledger.model import Auth, AuthMethod


class Role(IntFlag):
    """What a person may be. Permanent bits, only appended; combinations are unions."""

    OPERATOR = 1
    APPROVER = 2
    MANAGER = 4
    SECRETARIAT = 8
    AUDITOR = 16
    ASSESSOR = 32
    COMMITTEE = 64
    BOARD = 128
    PLANNER = 256
    """企画管理者: plans and reviews safety management."""
    OPERATIONS = 512
    """システム運用担当者: runs the institution's gateway."""
    MAINTENANCE = 1024
    """A visiting maintainer; works in approved windows only (``identity.maintenance``)."""
    EMERGENCY = 2048
    """A break-glass account; dead until it is opened (``identity.emergency``)."""
    PATIENT = 4096
    """A patient; no action is theirs yet."""


ALL_ROLES = sum(Role)
NO_ROLE = Role(0)


class InstitutionRole(IntFlag):
    """What an institution does on this ledger. Permanent bits, only appended."""

    SENDER = 1
    RECEIVER = 2
    AGENT = 4
    SECRETARIAT = 8
    ASSESSOR = 16


ALL_INSTITUTION_ROLES = 31


class Job(IntEnum):
    """職種: what somebody was trained for; limits what their roles reach (``identity.access``). Permanent numbers, only appended."""

    DOCTOR = 1
    DENTIST = 2
    PHARMACIST = 3
    NURSE = 4
    PUBLIC_HEALTH_NURSE = 5
    LABORATORY_TECHNOLOGIST = 6
    RADIOGRAPHER = 7
    DIETITIAN = 8
    CLERK = 9
    SYSTEMS = 10
    OTHER = 11


class InstitutionReason(IntEnum):
    """Why an institution was disabled or enabled. Permanent numbers, only appended."""

    WITHDRAWN = 1
    SUSPECTED_LEAK = 2
    CONTRACT = 3
    RESUMED = 4
    ERROR = 5


class PersonReason(IntEnum):
    """Why a person was disabled. Permanent numbers, only appended."""

    LEFT = 1
    MOVED = 2
    SUSPECTED_LEAK = 3
    UNUSED = 4
    ERROR = 5


class DeviceReason(IntEnum):
    """Why a device was revoked. Permanent numbers, only appended."""

    LOST = 1
    KEY_COMPROMISED = 2
    REPLACED = 3
    RETIRED = 4
    ERROR = 5


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution as the ledger records it; its name is behind ``directory`` (a salted commitment)."""

    handle: str
    roles: InstitutionRole
    directory: bytes
    enabled: bool
    registered_ms: int


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the ledger records them. Disabled for good: the id is never used again."""

    handle: str
    institution: str
    roles: Role
    enabled: bool
    registered_ms: int


@dataclass(frozen=True, slots=True)
class Device:
    """A device certificate as the ledger records it; valid in ``[from_ms, to_ms)``."""

    handle: str
    institution: str
    serial: bytes
    certificate: bytes
    key: bytes
    from_ms: int
    to_ms: int
    responsible: str
    revoked_ms: int | None = None
    revoked_since_ms: int | None = None
    machine: bool = False
    """A gateway's own device: the only kind that may speak to the server."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person in their gateway's database: the only place with login and name."""

    person: str
    login: str = field(repr=False)
    name: str = field(repr=False)
    has_password: bool
    has_totp: bool


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in on a device. ``id`` is the token's hash and may be logged; the token may not."""

    id: bytes
    person: str
    institution: str
    device: str
    roles: Role
    method: AuthMethod
    certificate: bytes
    started_ms: int
    seen_ms: int
    token: str = field(repr=False)
    approving: Approving | None = field(default=None, repr=False, compare=False)
    """How the person approves with a key of their own during this request; never stored."""
    proved_ms: int = 0
    """When the person last proved who they are, by signing in or again within the session."""
    unconfirmed: bool = False
    """The session began in a place that was not on the list, and nobody said yet that it was them: nothing else works before."""
    place: bytes | None = None
    """Which browser (digest of its cookie); ``None`` where no browser told (the command line, a program)."""
    place_token: str = field(default="", repr=False, compare=False)
    """The value for the browser's place cookie, at sign-in only, where it is a new one. It signs nobody in."""
    job: Job | None = None
    department: str | None = None
    """Where the person is placed now, as the ledger says (``identity.lifecycle``)."""
    actions: frozenset[str] | None = None
    """What a machine client may do (``identity.access``); ``None`` for a person, whose roles say it."""
    counterpart: str | None = None
    """The one institution whose transfers a machine client may touch; ``None``: all of its institution."""
    granted: frozenset[str] = frozenset()
    """Actions that an approved visit adds while it lasts (``identity.maintenance``)."""
    owes_passkey: bool = False
    """The policy asks this person for a passkey, and the session began without one: it is good for enrolling one, nothing else."""

    @property
    def auth(self) -> Auth:
        """What an operation of this session says about authentication."""
        return Auth(self.method, self.started_ms, self.certificate)


@dataclass(frozen=True, slots=True)
class Arrival:
    """From where somebody signs in: a browser with (or still without) a place cookie, and its kind in our own words."""

    cookie: str = field(default="", repr=False)
    browser: str = "other"
    address: str = field(default="", repr=False)
    """The address of the TLS peer; visitors are let in from the networks of their plan only (``identity.maintenance``)."""


@dataclass(frozen=True, slots=True)
class TotpSeed:
    """A new TOTP seed, to be shown once (as QR code of ``uri``) and confirmed with a code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits of sign-in; the defaults follow the guideline 7.0 draft (14.1.1). Trusted: whoever can change these weakens sign-in."""

    idle_ms: int = 15 * 60 * 1000
    absolute_ms: int = 10 * 3600 * 1000
    failures: int = 5
    device_failures: int = 20
    lock_ms: int = 15 * 60 * 1000
    second_factor: bool = False
    """Whether a person without a second factor is refused."""
    passkey: Role = NO_ROLE
    """Whoever has one of these roles works with a passkey only; without one they can enrol one and nothing else."""
    temporary_ms: int = 24 * 3600 * 1000
    """How long a temporary code is good after the loss of a token."""
    temporary_uses: int = 3
    """How many sign-ins a temporary code is good for."""
    proof_ms: int = 5 * 60 * 1000
    """How old a proof may be for a critical action."""
    parallel: int = 20
    """Sessions of one person at once; a further one ends the one used longest ago."""
    spray_failures: int = 100
    """Failures in the whole institution within ``lock_ms``; beyond, only known places may try."""
    orphan_grace_ms: int = 14 * 24 * 3600 * 1000
    """How long a device whose responsible person left is still good."""
    confirm_places: bool = True
    """Whether a second browser or device asks for confirmation."""


class SecretBox(Protocol):
    """Encrypts small secrets under the gateway's keystore (``akashi.keys.FileKeystore``)."""

    def protect(self, label: str, secret: bytes) -> bytes:
        """Authenticated encryption bound to ``label``."""
        ...

    def reveal(self, label: str, protected: bytes) -> bytes:
        """The inverse; raises an ``IntegrityError`` for anything else."""
        ...
