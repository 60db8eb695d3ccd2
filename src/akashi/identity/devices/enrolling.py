"""What must hold before a device joins an institution: its request, whose successor it is, the institution's limit.

Guarantees: deterministic; asked by ``apply`` of ``device.enrolled``. Refuses what was requested and not approved as it is, renewals long
before the end, and devices beyond the limit; where there is neither request nor limit, nothing changes for old ledgers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from akashi.identity.devices.model import RequestStage
from akashi.identity.devices.rules import decide_limit, decide_renewal
from akashi.identity.devices.standing import SUCCESSORS, limit_of, put_wanted, successor, wanted
from akashi.identity.model import Device
from akashi.ledger.errors import Refused
from akashi.ledger.events import require
from akashi.ledger.state import ReadState, WriteState


def require_enrolment(
    state: WriteState, made: Device, replaces: str | None, old: Device | None, others: Iterable[Device], now_ms: int
) -> None:
    """Raise ``Refused`` unless ``made`` may join, and note what becomes of its request and of the device that it ``replaces``.

    ``old``: the row of the replaced device; ``others``: all devices.
    """
    asked = wanted(state, made.handle)
    if asked is not None:
        approved = (RequestStage.APPROVED, made.institution, made.responsible)
        if (asked.stage, asked.institution, asked.responsible) != approved:
            raise Refused("device.unapproved")
    if replaces is not None:
        renewed = successor(state, replaces) is not None
        require(decide_renewal(old, made.institution, renewed=renewed, now_ms=now_ms))
        state.put(SUCCESSORS, replaces.encode(), [made.institution, made.handle])
    elif not made.machine:
        limit = limit_of(state, made.institution)
        if limit is not None:
            require(decide_limit(active_devices(state, others, made.institution, now_ms), limit))
    if asked is not None:
        put_wanted(state, replace(asked, stage=RequestStage.ENROLLED))


def active_devices(state: ReadState, among: Iterable[Device], institution: str, now_ms: int) -> int:
    """How many devices count against an institution's limit: not revoked, not over, not replaced, not a gateway's own."""
    return sum(
        one.institution == institution
        and not one.machine
        and one.revoked_ms is None
        and now_ms < one.to_ms
        and successor(state, one.handle) is None
        for one in among
    )
