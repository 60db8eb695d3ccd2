"""Handles that a person or a page names: what cannot be one of ours is not found, and never reaches the journal."""

from __future__ import annotations

from akashi.identity.lifecycle.errors import NoSuchRecord
from akashi.ledger.model import HANDLE


def named(handle: str, kind: str = "") -> str:
    """``handle`` as it is, if it has the form of one, of ``kind`` where that is given. Raises ``NoSuchRecord`` without repeating it."""
    if not HANDLE.fullmatch(handle) or not handle.startswith(f"{kind}-" if kind else ""):
        raise NoSuchRecord(name="-")
    return handle
