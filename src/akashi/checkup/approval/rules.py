"""Who may approve, retire, share and adopt which version of a map: pure decisions of the ledger.

Guarantees: versions are counted without gaps from 1, each names the one before it, and one text is approved once by an institution; an
institution acts for its own maps only; who adopts was named and gets exactly the approved text. Refuses everything else.

>>> decide_version(None, "inst-a", 2, None)
Denied(reason='map.version')
>>> decide_version(Standing("inst-a", 1, b"1"), "inst-a", 2, b"1")
Allowed()
"""

from __future__ import annotations

from collections.abc import Sequence

from akashi.checkup.approval.model import MAX_CHILDREN, Approval, Standing
from akashi.identity.model import Role
from akashi.ledger.rules import ALLOWED, Allowed, Denied

APPROVERS = Role.APPROVER | Role.MANAGER
"""Roles that decide about maps. Part of what a ledger replays: never narrowed or widened without a new kind."""


def decide_approver(roles: int, *, enabled: bool, belongs: bool) -> Allowed | Denied:
    """May this person speak for their institution's maps?"""
    if not enabled or not belongs:
        return Denied("map.person")
    return ALLOWED if roles & int(APPROVERS) else Denied("map.role")


def decide_version(standing: Standing | None, owner: str, version: int, previous: bytes | None) -> Allowed | Denied:
    """May ``owner`` approve ``version`` after what stands? ``previous`` is the digest of the version before, none for the first."""
    if standing is None:
        if version != 1:
            return Denied("map.version")
        return ALLOWED if previous is None else Denied("map.previous")
    if standing.owner != owner:
        return Denied("map.owner")
    if version != standing.version + 1:
        return Denied("map.version")
    return ALLOWED if previous == standing.digest else Denied("map.previous")


def decide_dates(from_ms: int, until_ms: int) -> Allowed | Denied:
    """Both ends included, so they may be one day."""
    return ALLOWED if from_ms <= until_ms else Denied("map.dates")


def decide_children(owner: str, children: Sequence[str], known: Sequence[bool]) -> Allowed | Denied:
    """Others that may use the map: registered, each once, not the owner, 32 at most."""
    if len(children) > MAX_CHILDREN or len({owner, *children}) != len(children) + 1 or not all(known):
        return Denied("map.children")
    return ALLOWED


def decide_change(approval: Approval | None, owner: str) -> Allowed | Denied:
    """May ``owner`` retire this version, or change with whom it is shared?"""
    if approval is None or approval.owner != owner:
        return Denied("map.unknown")
    return Denied("map.retired") if approval.retired_ms else ALLOWED


def decide_adoption(
    approval: Approval | None, child: str, digest: bytes, before: tuple[int, bytes] | None
) -> Allowed | Denied:
    """May ``child`` adopt this version with this digest? ``before``: what it has adopted of the map until now."""
    if approval is None or child not in approval.children:
        return Denied("map.unknown")
    if approval.retired_ms:
        return Denied("map.retired")
    if approval.digest != digest:
        return Denied("map.digest")
    return Denied("map.again") if before == (approval.version, digest) else ALLOWED


def decide_use(approval: Approval | None, institution: str, digest: bytes, adopted: tuple[int, bytes] | None) -> str:
    """Empty where ``institution`` may convert with the text of ``digest``, else why not: ``unapproved``, ``withheld``, ``retired``, ``altered``."""
    if approval is None:  # or not to be seen any more: a sharing that ended takes the row out of sight
        return "withheld" if adopted is not None and adopted[1] == digest else "unapproved"
    if approval.owner != institution:
        if institution not in approval.children:
            return "withheld"
        if adopted != (approval.version, approval.digest):
            return "unapproved"
    if approval.retired_ms:
        return "retired"
    return "" if approval.digest == digest else "altered"
