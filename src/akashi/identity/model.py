"""The values of identity: institutions, people, devices, sessions.

Guarantees: frozen values. What the ledger records (``Institution``, ``Person``, ``Device``) holds handles, digests, numbers;
names are in ``Account`` only, which never leaves the gateway. Secrets do not show in ``repr``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Protocol

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


ALL_ROLES = sum(Role)


class InstitutionRole(IntFlag):
    """What an institution does on this ledger. Permanent bits, only appended."""

    SENDER = 1
    RECEIVER = 2
    AGENT = 4
    SECRETARIAT = 8
    ASSESSOR = 16


ALL_INSTITUTION_ROLES = 31


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

    @property
    def auth(self) -> Auth:
        """What an operation of this session says about authentication."""
        return Auth(self.method, self.started_ms, self.certificate)


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
    """Whether a person without TOTP is refused."""


class SecretBox(Protocol):
    """Encrypts small secrets under the gateway's keystore (``akashi.keys.FileKeystore``)."""

    def protect(self, label: str, secret: bytes) -> bytes:
        """Authenticated encryption bound to ``label``."""
        ...

    def reveal(self, label: str, protected: bytes) -> bytes:
        """The inverse; raises an ``IntegrityError`` for anything else."""
        ...
