"""The values of the key part: kinds of keys and the cost of guessing a passphrase.

Guarantees: frozen values without secrets; numbers are permanent and only appended. Source of the standard cost: RFC 9106
section 4, second recommended option (64 MiB).

>>> STANDARD_COST.memory_kib
65536
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)


class KeyKind(IntEnum):
    """What a key is. Permanent numbers, only appended."""

    ED25519 = 1
    """Signs (RFC 8032)."""
    P256 = 2
    """Signs (ECDSA P-256 with SHA-256); also for X.509."""
    XWING = 3
    """Opens wraps of suite 1 (ML-KEM-768 + X25519)."""
    HPKE_P256 = 4
    """Opens wraps of suite 2 (ECDH P-256)."""


class KeyForm(IntEnum):
    """Where a key's secret is. Permanent numbers (they stand in the key files), only appended."""

    FILE = 1
    """In its file, under the key store's master key."""
    TOKEN = 2
    """In a PKCS#11 token, not extractable; the file names it."""
    WRAPPED = 3
    """In its file, wrapped by the token's own key as well: the token must be there to unlock it into memory."""


@dataclass(frozen=True, slots=True)
class Cost:
    """argon2id parameters: passes, KiB of memory, lanes. Recorded in the keystore, so a later change stays readable."""

    passes: int
    memory_kib: int
    lanes: int

    def within_bounds(self) -> bool:
        """Whether a reader may spend this much: a planted file must not take all the memory of the machine."""
        return (
            1 <= self.passes <= 64
            and 1 <= self.lanes <= 16
            and 8 * self.lanes <= self.memory_kib <= 1 << 20  # argon2 itself asks for 8 KiB per lane; at most 1 GiB
        )


STANDARD_COST = Cost(passes=3, memory_kib=64 * 1024, lanes=4)
FAST_UNSAFE_COST = Cost(passes=1, memory_kib=8, lanes=1)
"""For tests and throw-away demos only: protects nothing against guessing."""
