"""The values of maintenance visits: the work plan, the visit as the ledger has it, the report.

Guarantees: frozen values; enum numbers are permanent and only appended. A plan's texts stay in the gateway, sealed; the ledger has their
commitment. Refuses nothing itself: ``rules`` does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag

from akashi.identity.journal import What
from akashi.identity.presence.model import AlertKind

HOUR_MS = 3600 * 1000
MAX_WINDOW_MS = 72 * HOUR_MS
MAX_EMERGENCY_MS = 24 * HOUR_MS
MAX_SOURCES = 16
MAX_TEXTS = 64

Alerting = Callable[[AlertKind, str, int], object]
"""``Alerts.raise_``: tells the administrators about a subject, durably."""


class WorkPurpose(IntEnum):
    """What the work is for. Permanent numbers, only appended."""

    PREVENTIVE = 1
    FAULT = 2
    UPDATE = 3
    SECURITY = 4
    INSPECTION = 5
    OTHER = 6


class Reads(IntFlag):
    """What a visitor may look at for the time of an approved visit, beyond their role. Permanent bits, only appended."""

    TRANSFERS = 1
    RESULTS = 2
    MAPS = 4
    CONFORMITY = 8
    DASHBOARD = 16


ALL_READS = sum(Reads)
NO_READS = Reads(0)
PERSONAL = Reads.RESULTS
READ_ACTIONS: dict[Reads, str] = {
    Reads.TRANSFERS: "transfer.read",
    Reads.RESULTS: "transfer.open",
    Reads.MAPS: "maps.read",
    Reads.CONFORMITY: "conformity.read",
    Reads.DASHBOARD: "dashboard.read",
}
"""The action (``identity.permissions``) that each of them allows while the visit lasts."""


class VisitStage(IntEnum):
    """Where a visit stands. Permanent numbers, only appended. Whether it was approved stands beside it."""

    REQUESTED = 1
    BEGUN = 2
    ENDED = 3
    REPORTED = 4
    REVIEWED = 5


class VisitVerdict(IntEnum):
    """What was decided about a plan, or about a report. Permanent numbers, only appended."""

    ACCEPTED = 1
    REFUSED = 2


class Saw(IntEnum):
    """Whether the visitor saw personal data. Permanent numbers, only appended."""

    NOTHING = 1
    PLANNED = 2
    UNPLANNED = 3


class TrialData(IntEnum):
    """What became of test data. Permanent numbers, only appended."""

    NONE = 1
    ERASED = 2
    KEPT = 3


@dataclass(frozen=True, slots=True)
class WorkPlan:
    """What a visitor is going to do. ``expects``: the kinds of acts that may stand in the journal; ``sources``: networks (CIDR) from which
    they come; ``test_accounts``: persons that exist for tests, as whom they may act.
    """

    purpose: WorkPurpose
    systems: tuple[str, ...] = field(repr=False)
    steps: tuple[str, ...] = field(repr=False)
    sources: tuple[str, ...]
    expects: tuple[What, ...] = ()
    reads: Reads = NO_READS
    test_accounts: tuple[str, ...] = ()
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as the ledger records it. ``emergency``: may begin before it is decided on; ``plan`` and ``sources`` are digests."""

    handle: str
    institution: str
    maintainer: str
    requester: str
    plan: bytes
    sources: bytes
    from_ms: int
    to_ms: int
    reads: Reads
    impersonates: bool
    emergency: bool
    requested_ms: int
    stage: VisitStage = VisitStage.REQUESTED
    verdict: VisitVerdict | None = None
    decider: str | None = None
    decided_ms: int | None = None
    begun_ms: int | None = None
    ended_ms: int | None = None
    report: bytes | None = None
    reporter: str | None = None
    saw: Saw | None = None
    deviations: int | None = None
    reviewer: str | None = None
    review: VisitVerdict | None = None
    acted_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deviation:
    """Something in the journal that the plan does not say. ``code``: what is wrong; ``number``: the journal entry, 0 for the visit as a whole."""

    code: str
    number: int
    what: What | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The journal of a visit against its plan."""

    entries: int
    seen: tuple[str, ...]
    """The subjects that were opened, read or taken out, each once."""
    acted_as: tuple[str, ...]
    deviations: tuple[Deviation, ...]
    saw: Saw


@dataclass(frozen=True, slots=True)
class Report:
    """What is reported of a visit: the comparison, what became of test data, and words."""

    visit: str
    comparison: Comparison
    test_data: TrialData
    text: str = field(default="", repr=False)
