"""The values of factors: what a person has enrolled, what they show at sign-in, what the ledger is told.

Guarantees: frozen values; secrets, codes, labels and assertions do not show in ``repr``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from akashi.ledger.model import ApprovalKind

FACTOR = "fac"
"""Prefix of factors' handles; they stay in their gateway."""


class FactorKind(IntEnum):
    """What somebody enrolled. Permanent numbers, only appended."""

    TOTP = 1
    PASSKEY = 2
    BROWSER_KEY = 3
    """A WebCrypto key that approves operations; it does not sign in."""
    DEVICE_KEY = 4
    """A key of the command line that approves operations; it does not sign in."""


class FactorState(IntEnum):
    """Where a factor stands. Permanent numbers, only appended."""

    PENDING = 0
    ACTIVE = 1
    SUSPENDED = 2
    """Its counter went back: there may be a copy of it."""


class Ceremony(IntEnum):
    """What a challenge is for; an answer to one is no answer to another. Permanent numbers, only appended."""

    SIGN_IN = 1
    PROOF = 2
    ENROL = 3


@dataclass(frozen=True, slots=True)
class Site:
    """The gateway's web address as browsers see it (WebAuthn: relying party id and origin)."""

    rp_id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Factor:
    """One enrolled factor, without its secret. ``label`` is the person's own word for it."""

    id: str
    person: str
    kind: FactorKind
    label: str = field(repr=False)
    state: FactorState
    made_ms: int
    used_ms: int | None
    discoverable: bool = False
    """Whether a passkey is found without a login name (resident); others only prove again and approve."""
    spki: bytes = field(default=b"", repr=False)
    """Public key (DER) of passkeys, browser and device keys."""
    credential: bytes = field(default=b"", repr=False)
    """Credential id of a passkey."""
    possession: bytes = field(default=b"", repr=False)
    """64 bytes by which a browser's or device's key proved to be there; for the ledger."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What somebody shows to prove who they are. ``assertion``: the JSON of ``navigator.credentials.get``, made for ``ceremony`` over the
    connection with ``certificate`` (SHA-256).
    """

    password: str = field(default="", repr=False)
    code: str | None = field(default=None, repr=False)
    assertion: str | None = field(default=None, repr=False)
    certificate: bytes = b""
    ceremony: Ceremony = Ceremony.SIGN_IN


@dataclass(frozen=True, slots=True)
class LedgerKey:
    """What the ledger is told when a person's key is enrolled (``key.enrolled``, purpose person)."""

    kind: ApprovalKind
    spki: bytes = field(repr=False)
    rp: bytes | None = None
    """SHA-256 of the relying party id; passkeys only."""
    origin: bytes | None = None
    """SHA-256 of the origin; passkeys only."""
    possession: bytes | None = field(default=None, repr=False)
    """64 bytes; browser and device keys only."""


@dataclass(frozen=True, slots=True)
class Means:
    """How a person can sign in, in numbers."""

    totp: int
    passkeys: int
    recovery: int
    """Recovery codes left."""
    temporary_until_ms: int | None
    suspended: int = 0
    """Factors that may have a copy: they prove nothing, and the password alone does not step in for them."""

    @property
    def has_factor(self) -> bool:
        """Whether there is a second factor in force that lasts."""
        return self.totp + self.passkeys > 0
