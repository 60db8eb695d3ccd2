"""Handles: names for things that say nothing about them and are never used twice.

Guarantees: 100 random bits after the prefix, in Crockford's base 32 (no i, l, o, u), so that a handle can be read
out over the telephone. Refuses prefixes that the ledger would not accept.

>>> handle = new_handle("per")
>>> handle[:4], len(handle)
('per-', 24)
"""

from __future__ import annotations

import secrets

from akashi.errors import Misuse
from akashi.ledger.model import HANDLE

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 20

INSTITUTION, PERSON, DEVICE, TRANSFER = "inst", "per", "dev", "tr"
DEPARTMENT, RIGHTS, REVIEW, CLIENT = "dep", "req", "rev", "cli"
EMERGENCY, VISIT, RESET, ADMISSION = "emg", "vis", "rst", "adm"


def new_handle(prefix: str) -> str:
    """A fresh handle such as ``per-…``; ``prefix`` is two to five lower-case letters, else :class:`Misuse`."""
    handle = f"{prefix}-{''.join(secrets.choice(ALPHABET) for _ in range(LENGTH))}"
    if not HANDLE.fullmatch(handle):
        raise Misuse(what="handle prefix")
    return handle
