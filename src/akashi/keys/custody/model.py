"""The values of shares, and why they were made and used.

Guarantees: a share's value is never in ``repr``; building a value checks nothing, ``rules`` and ``writing`` do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

MAX_SHARES = 16
SECRET_SIZE = 32
SET_SIZE = 16


class SharePurpose(IntEnum):
    """What the whole opens. Permanent numbers, only appended."""

    KEYSTORE = 1
    """A key store, by its recovery file."""


class ShareUse(IntEnum):
    """Why shares were brought together. Permanent numbers, only appended."""

    RECOVERY = 1
    DRILL = 2


@dataclass(frozen=True, slots=True)
class Share:
    """One share: of which set, how many are needed, which number (the x of Shamir's polynomial), and its 32 bytes."""

    of_set: bytes
    threshold: int
    number: int
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ShareSet:
    """What the ledger knows of a set."""

    of_set: bytes
    institution: str
    threshold: int
    digests: tuple[bytes, ...]
    purpose: SharePurpose
    uses: int
