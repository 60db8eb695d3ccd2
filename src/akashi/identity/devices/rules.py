"""Pure decisions about the life of a device.

Guarantees: the same facts give the same decision. Refuses: approving one's own request, adding devices alone, renewing long before the end.

>>> reminder_due(days_left(20 * DAY_MS, 0))
30
>>> reminder_due(40) is None
True
"""

from __future__ import annotations

from collections.abc import Sequence

from akashi.identity.model import Device
from akashi.ledger.rules import Allowed, Denied

DAY_MS = 24 * 3600 * 1000
RENEW_MS = 60 * DAY_MS
"""How long before its end a certificate may be renewed: so long may two be good at once."""
REMIND_DAYS = (30, 14, 7, 0)
ORPHANED = -1
"""The reminder that nobody answers for a device, in the list of reminders given."""
MAX_DEVICES = 100_000


def days_left(to_ms: int, now_ms: int) -> int:
    """Whole days until the certificate ends; negative when it has."""
    return (to_ms - now_ms) // DAY_MS


def reminder_due(left: int) -> int | None:
    """The reminder that a certificate with ``left`` days is due for, ``None`` for none: the tightest of 30, 14, 7, 0."""
    due = [days for days in REMIND_DAYS if left <= days]
    return min(due) if due else None


def decide_renewal(old: Device | None, institution: str, *, renewed: bool, now_ms: int) -> Allowed | Denied:
    """May ``old`` of ``institution`` get a successor now? Once, while it is good, and not long before its end."""
    if old is None or old.institution != institution:
        return Denied("device.unknown")
    if old.revoked_ms is not None:
        return Denied("device.revoked")
    if renewed:
        return Denied("device.renewed")
    if old.to_ms <= now_ms:
        return Denied("device.validity")
    if old.to_ms - now_ms > RENEW_MS:
        return Denied("device.early")
    return Allowed()


def decide_approval(requester: str, approver: str | None) -> Allowed | Denied:
    """May ``approver`` approve what ``requester`` asked for? Somebody, and somebody else."""
    if approver is None:
        return Denied("actor.person")
    return Denied("actor.self") if requester == approver else Allowed()


def decide_alone(own: Sequence[Device], now_ms: int, *, emergency: bool) -> Allowed | Denied:
    """May one manager add a device that nobody asked for? The first that people work at, and any while an emergency is declared.

    ``own``: the institution's devices, whatever became of them; a gateway's own machine is nobody's place of work.
    """
    good = [one for one in own if not one.machine and one.revoked_ms is None and one.from_ms <= now_ms < one.to_ms]
    return Denied("device.alone") if good and not emergency else Allowed()


def decide_limit(count: int, limit: int | None) -> Allowed | Denied:
    """May an institution with ``count`` devices get one more?"""
    return Denied("device.limit") if limit is not None and count >= limit else Allowed()
