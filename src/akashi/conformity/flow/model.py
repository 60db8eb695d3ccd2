"""The values of the flow: requests to vendors, boundaries of responsibility, reports, production starts, assessments, third parties' certificates.

Guarantees: frozen values; permanent enum numbers, only appended. What the ledger records holds handles, digests, enums, counts and times.
What a person wrote (texts, names, tables) is in :class:`Certificate` and in sealed documents only, and does not show in ``repr``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum


class Wanted(IntEnum):
    """What is asked of a vendor."""

    SHEET = 1
    MDS_SDS = 2
    DISCLOSURE = 3
    SLA = 4
    CHECKLIST = 5


class RequestStatus(IntEnum):
    """Where a request stands; overdue is computed, not recorded."""

    OPEN = 1
    ANSWERED = 2
    CLOSED = 3


class BoundaryStatus(IntEnum):
    """Where a boundary of responsibility stands."""

    PROPOSED = 1
    AGREED = 2
    ENDED = 3


class ApplicantKind(IntEnum):
    """Who applies: a provider of a service, or the operator of a network of institutions. Each has its own sheets."""

    PROVIDER = 1
    OPERATOR = 2


class DocumentKind(IntEnum):
    """What a submitted document is."""

    EVIDENCE = 1
    SHEET = 2
    MANUAL = 3
    IMPORTANT_MATTERS = 4
    """重要事項説明: what users are told before they sign."""
    BOUNDARY = 5
    BUNDLE = 6


class Phase(IntEnum):
    """Where an assessment stands. REJECTED and WITHDRAWN are final."""

    APPLIED = 1
    EVALUATED = 2
    ENDORSED = 3
    """The committee has agreed."""
    APPROVED = 4
    """The board has agreed."""
    PUBLISHED = 5
    REJECTED = 6
    WITHDRAWN = 7


class Finding(IntEnum):
    """What the evaluator found."""

    FIT = 1
    FIT_WITH_CONDITIONS = 2
    UNFIT = 3


class Ruling(IntEnum):
    """What committee and board may decide; RETURNED sends it back to the evaluator."""

    AGREED = 1
    RETURNED = 2
    REJECTED = 3


class WithdrawnReason(IntEnum):
    """Why an assessment or its publication was withdrawn."""

    REQUESTED = 1
    SERVICE_CHANGED = 2
    SERVICE_ENDED = 3
    UNTRUE = 4
    ERROR = 5


@dataclass(frozen=True, slots=True)
class Hand:
    """Who acts, as the ledger knows them: an enabled person of an enabled institution, with their roles."""

    institution: str
    person: str
    roles: int


@dataclass(frozen=True, slots=True)
class Request:
    """A customer's request to a vendor. ``payload``: the newest sealed answer."""

    handle: str
    requester: str
    vendor: str
    what: Wanted
    status: RequestStatus
    made_ms: int
    due_ms: int
    commitment: bytes
    answered_ms: int | None = None
    answer: bytes | None = None
    payload: bytes | None = None


@dataclass(frozen=True, slots=True)
class Boundary:
    """A boundary of responsibility between two institutions; ``digest`` is that of the table both agreed to."""

    handle: str
    proposer: str
    other: str
    status: BoundaryStatus
    digest: bytes
    payload: bytes
    proposed_ms: int
    agreed_ms: int | None = None
    ended_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A signed report to a person of the own institution, for a clause that asks for one."""

    handle: str
    institution: str
    maker: str
    to: str
    catalogue: bytes
    commitment: bytes
    made_ms: int
    received_ms: int | None = None
    payload: bytes | None = None


@dataclass(frozen=True, slots=True)
class Production:
    """A system about to start production: ``counts`` of the five verdicts by number, of one run. ``risk_until_ms`` 0: no risk accepted."""

    handle: str
    institution: str
    run: str
    catalogue: bytes
    counts: tuple[int, ...]
    flagged_ms: int
    risk_until_ms: int = 0
    started_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """One application with everybody who had a say; the three people differ."""

    handle: str
    applicant: str
    assessor: str
    kind: ApplicantKind
    phase: Phase
    sheets: tuple[bytes, ...]
    bundle: bytes
    boundary: bytes
    overview: bytes
    payload: bytes
    applied_ms: int
    open_questions: int = 0
    evaluator: str | None = None
    finding: Finding | None = None
    report: bytes | None = None
    report_payload: bytes | None = None
    committee: str | None = None
    board: str | None = None
    renews: str | None = None
    valid_until_ms: int | None = None
    changed_ms: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """An assessor's question with the applicant's reply; both texts are sealed."""

    handle: str
    assessment: str
    commitment: bytes
    payload: bytes
    asked_ms: int
    reply: bytes | None = None
    reply_payload: bytes | None = None
    replied_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of the public list. ``bundle``: SHA-256 of the redacted bundle that the mark links to."""

    assessment: str
    applicant: str
    assessor: str
    kind: ApplicantKind
    published_ms: int
    valid_until_ms: int
    bundle: bytes
    withdrawn_ms: int | None = None
    reason: WithdrawnReason | None = None
    renewed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """A third party's certificate, kept here in sealed storage only."""

    number: str = field(repr=False)
    scope: str = field(repr=False)
    issuer: str = field(repr=False)
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Application:
    """What an applicant submits: the digests go on the ledger, the ``documents`` (name, bytes) sealed to the assessor.

    ``kinds``: what each named document is (evidence where it is not said); ``certificates`` of third parties go along.
    """

    assessor: str
    kind: ApplicantKind
    sheets: tuple[bytes, ...]
    bundle: bytes
    boundary: bytes
    overview: str = field(repr=False)
    documents: tuple[tuple[str, bytes], ...] = field(repr=False)
    renews: str | None = None
    kinds: tuple[tuple[str, DocumentKind], ...] = field(repr=False, default=())
    certificates: tuple[Certificate, ...] = field(repr=False, default=())
