"""Handles that a person or a page names: what cannot be one of ours is not found, and never reaches the journal."""

from __future__ import annotations

from akashi.identity.lifecycle.errors import NoSuchRecord
from akashi.ledger.model import HANDLE


def named(handle: str) -> str:
    """``handle`` as it is, if it has the form of one. Raises ``NoSuchRecord`` without repeating it."""
    if not HANDLE.fullmatch(handle):
        raise NoSuchRecord(name="-")
    return handle
