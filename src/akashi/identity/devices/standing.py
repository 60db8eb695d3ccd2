"""What the ledger says about devices beside their rows: requests, limits, successors, installations.

Guarantees: pure readers of the replicated state, and the writers that ``apply`` uses. Refuses nothing. Stands below ``identity.events``, so
that enrolling a device can ask here.

State: ``dreq`` device to ``[institution, responsible, purpose, by, stage, ms, approver or null]``; ``dlim`` institution to ``[institution,
number]``; ``dsuc`` device to ``[institution, successor]``; ``dins`` device to ``[institution, ms]``. Each begins with whose it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from akashi.identity.devices.model import DevicePurpose, DeviceWanted, RequestStage
from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value

REQUESTS, LIMITS, SUCCESSORS, INSTALLED = "dreq", "dlim", "dsuc", "dins"


def wanted(state: ReadState, device: str) -> DeviceWanted | None:
    """The request for a device, whatever became of it."""
    row = state.get(REQUESTS, device.encode())
    return None if row is None else _wanted(device, row)


def all_wanted(state: ReadState, institution: str) -> Iterator[DeviceWanted]:
    """All requests of an institution in the order of their handles."""
    for key, row in state.scan(REQUESTS):
        found = _wanted(key.decode(), row)
        if found.institution == institution:
            yield found


def put_wanted(state: WriteState, value: DeviceWanted) -> None:
    """Keep a request's row; for ``apply`` only."""
    row: list[Value] = [value.institution, value.responsible, int(value.purpose), value.by, int(value.stage)]
    state.put(REQUESTS, value.device.encode(), [*row, value.requested_ms, value.approver])


def limit_of(state: ReadState, institution: str) -> int | None:
    """How many devices the institution may have; ``None``: no limit."""
    match state.get(LIMITS, institution.encode()):
        case [str(), int(limit)]:
            return limit
    return None


def successor(state: ReadState, device: str) -> str | None:
    """The device that was issued to take this one's place."""
    match state.get(SUCCESSORS, device.encode()):
        case [str(), str(new)]:
            return new
    return None


def installed_ms(state: ReadState, device: str) -> int | None:
    """When the device was first used, as its gateway said."""
    match state.get(INSTALLED, device.encode()):
        case [str(), int(at)]:
            return at
    return None


def _wanted(device: str, row: Value) -> DeviceWanted:
    match row:
        case [str(of), str(responsible), int(purpose), str(by), int(stage), int(at), (str() | None) as approver]:
            who = (device, of, responsible, DevicePurpose(purpose), by)
            return DeviceWanted(*who, RequestStage(stage), at, approver)
    raise LedgerDamaged("state.dreq")
