"""The values of devices' lives: why one is wanted, where a request stands, which are due.

Guarantees: frozen values; the numbers of enums are permanent and only appended.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from akashi.identity.model import Device


class DevicePurpose(IntEnum):
    """What a device is wanted for. Permanent numbers, only appended."""

    WORKPLACE = 1
    PORTABLE = 2
    REPLACEMENT = 3
    SPARE = 4


class RequestStage(IntEnum):
    """Where a request for a device stands. Permanent numbers, only appended."""

    REQUESTED = 1
    APPROVED = 2
    ENROLLED = 3
    INSTALLED = 4


@dataclass(frozen=True, slots=True)
class DeviceWanted:
    """A request as the ledger records it; ``device`` is the handle that the device will have."""

    device: str
    institution: str
    responsible: str
    purpose: DevicePurpose
    by: str
    stage: RequestStage
    requested_ms: int
    approver: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceStanding:
    """A device with what follows from the ledger: days left, its successor, whether nobody answers for it any more."""

    device: Device
    days_left: int
    successor: str | None
    orphaned: bool
    stage: RequestStage | None
