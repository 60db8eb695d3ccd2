"""Kinds between a customer and its vendors, and within an institution: requests, boundaries, reports, production starts.

Guarantees: ``apply`` decides by ``rules`` alone, with the block time, over people and institutions of the replicated state. Texts, tables
and answers are behind commitments and in sealed payloads. Refuses: whatever ``rules`` denies; a run that is not recorded. Trusts: the
signing gateway for which person acted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from akashi.conformity.deliveries import deliver
from akashi.conformity.events import RUNS
from akashi.conformity.flow.model import (
    Boundary,
    BoundaryStatus,
    Hand,
    Production,
    Report,
    Request,
    RequestStatus,
    Wanted,
)
from akashi.conformity.flow.records import (
    boundary,
    hand_of,
    production,
    report,
    request,
    save_boundary,
    save_production,
    save_report,
    save_request,
)
from akashi.conformity.flow.rules import (
    decide_accept_risk,
    decide_agree,
    decide_answer,
    decide_close,
    decide_end,
    decide_flag,
    decide_propose,
    decide_receive,
    decide_report,
    decide_request,
    decide_start,
)
from akashi.identity.events import institution
from akashi.ledger.errors import Refused
from akashi.ledger.events import (
    AnyKind,
    Context,
    Kind,
    digest,
    enum,
    event,
    handle,
    integer,
    many,
    moment,
    number,
    octets,
    require,
)
from akashi.ledger.model import Purpose
from akashi.ledger.state import ReadState, WriteState
from akashi.vault.model import MAX_WRAPS
from akashi.vault.receipt import MAX_COPIES, MAX_RECEIPT

MAX_COUNT = 1 << 20
_GATEWAY = {Purpose.GATEWAY}


@event("conformity.request_made", signers=_GATEWAY)
class RequestMade:
    """A customer asks a vendor for something by a day; ``commitment``: what it needs of the answer."""

    request: str = number(1, handle("req"))
    vendor: str = number(2, handle("inst"))
    what: Wanted = number(3, enum(Wanted))
    due_ms: int = number(4, moment())
    commitment: bytes = number(5, digest())


@event("conformity.request_answered", signers=_GATEWAY)
class RequestAnswered:
    """The vendor's signed answer, sealed to the customer; a later one replaces it."""

    request: str = number(1, handle("req"))
    commitment: bytes = number(2, digest())
    payload: bytes = number(3, octets(16, 16))
    body_digest: bytes = number(4, digest())
    wraps: tuple[bytes, ...] = number(5, many(digest(), MAX_WRAPS))
    storage: bytes = number(6, octets(1, 1024))
    copies: tuple[bytes, ...] | None = number(7, many(octets(1, MAX_RECEIPT), MAX_COPIES), default=None)


@event("conformity.request_closed", signers=_GATEWAY)
class RequestClosed:
    """The customer needs nothing more."""

    request: str = number(1, handle("req"))


@event("conformity.boundary_proposed", signers=_GATEWAY)
class BoundaryProposed:
    """A table of who does what, sealed to the other side; ``table`` is its SHA-256."""

    boundary: str = number(1, handle("bnd"))
    other: str = number(2, handle("inst"))
    table: bytes = number(3, digest())
    payload: bytes = number(4, octets(16, 16))
    body_digest: bytes = number(5, digest())
    wraps: tuple[bytes, ...] = number(6, many(digest(), MAX_WRAPS))
    storage: bytes = number(7, octets(1, 1024))
    copies: tuple[bytes, ...] | None = number(8, many(octets(1, MAX_RECEIPT), MAX_COPIES), default=None)


@event("conformity.boundary_agreed", signers=_GATEWAY)
class BoundaryAgreed:
    """The other side agrees to exactly this table."""

    boundary: str = number(1, handle("bnd"))
    table: bytes = number(2, digest())


@event("conformity.boundary_ended", signers=_GATEWAY)
class BoundaryEnded:
    """Either side ends it."""

    boundary: str = number(1, handle("bnd"))


@event("conformity.report_made", signers=_GATEWAY)
class ReportMade:
    """A report that a clause asks for; ``commitment``: catalogue, item and text. Attached files are sealed, if any."""

    report: str = number(1, handle("rep"))
    to: str = number(2, handle("per"))
    catalogue: bytes = number(3, digest())
    commitment: bytes = number(4, digest())
    payload: bytes | None = number(5, octets(16, 16), default=None)
    body_digest: bytes | None = number(6, digest(), default=None)
    wraps: tuple[bytes, ...] | None = number(7, many(digest(), MAX_WRAPS), default=None)
    storage: bytes | None = number(8, octets(1, 1024), default=None)
    copies: tuple[bytes, ...] | None = number(9, many(octets(1, MAX_RECEIPT), MAX_COPIES), default=None)


@event("conformity.report_received", signers=_GATEWAY)
class ReportReceived:
    """The person whom it was made to has it."""

    report: str = number(1, handle("rep"))


@event("conformity.production_flagged", signers=_GATEWAY)
class ProductionFlagged:
    """A system that is to start: verdicts by their numbers, of a recorded run. Flagged again, an accepted risk is void."""

    production: str = number(1, handle("prd"))
    run: str = number(2, handle("run"))
    catalogue: bytes = number(3, digest())
    counts: tuple[int, ...] = number(4, many(integer(0, MAX_COUNT), 5))
    open: int = number(5, integer(0, MAX_COUNT))


@event("conformity.risk_accepted", signers=_GATEWAY)
class RiskAccepted:
    """A manager accepts for a time that something fails; ``commitment``: what, and why."""

    production: str = number(1, handle("prd"))
    commitment: bytes = number(2, digest())
    until_ms: int = number(3, moment())


@event("conformity.production_started", signers=_GATEWAY)
class ProductionStarted:
    """The system runs from now on."""

    production: str = number(1, handle("prd"))


class Sealed(Protocol):
    """A body that announces a sealed payload."""

    @property
    def payload(self) -> bytes:
        """Its id."""
        ...

    @property
    def body_digest(self) -> bytes:
        """SHA-256 of the sealed body."""
        ...

    @property
    def wraps(self) -> tuple[bytes, ...]:
        """SHA-256 of each wrap."""
        ...

    @property
    def storage(self) -> bytes:
        """The server's storage receipt."""
        ...

    @property
    def copies(self) -> tuple[bytes, ...] | None:
        """Further servers' storage receipts."""
        ...


class _Attached(NamedTuple):
    """The delivery of a body in which it is optional."""

    payload: bytes
    body_digest: bytes
    wraps: tuple[bytes, ...]
    storage: bytes
    copies: tuple[bytes, ...] | None


def acting_hand(state: ReadState, context: Context, subject: str) -> Hand:
    """Who acts on ``subject``. Raises ``Refused`` ``flow.subject``, ``flow.person``."""
    if context.statement.subject != subject:
        raise Refused("flow.subject")
    actor = context.statement.actor
    found = hand_of(state, actor.institution, actor.person, context.block_ms)
    if found is None:
        raise Refused("flow.person")
    return found


def hand_over(state: WriteState, context: Context, body: Sealed, reader: str, subject: str) -> None:
    """Announce the payload of ``body``: the actor's own, for one reader (or for nobody else: an empty one)."""
    deliver(
        state,
        context,
        payload=body.payload,
        body_digest=body.body_digest,
        wraps=body.wraps,
        storage=body.storage,
        copies=body.copies or (),
        owner=context.statement.actor.institution,
        readers=(reader,) if reader else (),
        subject=subject,
    )


def _apply_request(state: WriteState, body: RequestMade, context: Context) -> None:
    hand = acting_hand(state, context, body.request)
    if request(state, body.request) is not None:
        raise Refused("flow.again")
    require(decide_request(hand, institution(state, body.vendor), body.due_ms, context.block_ms))
    made = Request(
        body.request, hand.institution, body.vendor, body.what, RequestStatus.OPEN, context.block_ms, body.due_ms,
        body.commitment,
    )  # fmt: skip
    save_request(state, made)


def _apply_answered(state: WriteState, body: RequestAnswered, context: Context) -> None:
    hand, old = acting_hand(state, context, body.request), request(state, body.request)
    require(decide_answer(old, hand))
    if old is None:  # decide_answer has denied this
        raise Refused("request.unknown")
    hand_over(state, context, body, old.requester, body.request)
    answered = replace(
        old,
        status=RequestStatus.ANSWERED,
        answered_ms=context.block_ms,
        answer=body.commitment,
        payload=body.payload,
    )
    save_request(state, answered)


def _apply_closed(state: WriteState, body: RequestClosed, context: Context) -> None:
    hand, old = acting_hand(state, context, body.request), request(state, body.request)
    require(decide_close(old, hand))
    if old is not None:
        save_request(state, replace(old, status=RequestStatus.CLOSED))


def _apply_proposed(state: WriteState, body: BoundaryProposed, context: Context) -> None:
    hand = acting_hand(state, context, body.boundary)
    if boundary(state, body.boundary) is not None:
        raise Refused("flow.again")
    require(decide_propose(hand, institution(state, body.other)))
    hand_over(state, context, body, body.other, body.boundary)
    made = Boundary(
        body.boundary,
        hand.institution,
        body.other,
        BoundaryStatus.PROPOSED,
        body.table,
        body.payload,
        context.block_ms,
    )
    save_boundary(state, made)


def _apply_agreed(state: WriteState, body: BoundaryAgreed, context: Context) -> None:
    hand, old = acting_hand(state, context, body.boundary), boundary(state, body.boundary)
    require(decide_agree(old, hand, body.table))
    if old is not None:
        save_boundary(state, replace(old, status=BoundaryStatus.AGREED, agreed_ms=context.block_ms))


def _apply_ended(state: WriteState, body: BoundaryEnded, context: Context) -> None:
    hand, old = acting_hand(state, context, body.boundary), boundary(state, body.boundary)
    require(decide_end(old, hand))
    if old is not None:
        save_boundary(state, replace(old, status=BoundaryStatus.ENDED, ended_ms=context.block_ms))


def _apply_report(state: WriteState, body: ReportMade, context: Context) -> None:
    hand = acting_hand(state, context, body.report)
    if report(state, body.report) is not None:
        raise Refused("flow.again")
    colleague = hand_of(state, hand.institution, body.to, context.block_ms)
    require(decide_report(hand, colleague is not None, body.to))
    if body.payload is not None:
        if body.body_digest is None or body.wraps is None or body.storage is None:
            raise Refused("report.delivery")
        sealed = _Attached(body.payload, body.body_digest, body.wraps, body.storage, body.copies)
        hand_over(state, context, sealed, "", body.report)
    made = Report(
        body.report, hand.institution, hand.person, body.to, body.catalogue, body.commitment, context.block_ms,
        payload=body.payload,
    )  # fmt: skip
    save_report(state, made)


def _apply_received(state: WriteState, body: ReportReceived, context: Context) -> None:
    hand, old = acting_hand(state, context, body.report), report(state, body.report)
    require(decide_receive(old, hand))
    if old is not None:
        save_report(state, replace(old, received_ms=context.block_ms))


def _run_counts(state: ReadState, run: str, institution_: str) -> Sequence[int] | None:
    """The counts of a run that this institution recorded (``conformity.run_recorded``)."""
    match state.get(RUNS, run.encode()):
        case [str(owner), int(), bytes(), int(), int(), *counts] if owner == institution_:
            return [one for one in counts if isinstance(one, int)]
    return None


def _apply_flagged(state: WriteState, body: ProductionFlagged, context: Context) -> None:
    hand, old = acting_hand(state, context, body.production), production(state, body.production)
    run = _run_counts(state, body.run, hand.institution)
    require(decide_flag(hand, old, body.counts, body.open, run))
    flagged = Production(
        body.production, hand.institution, body.run, body.catalogue, body.counts, context.block_ms
    )  # fmt: skip
    save_production(state, flagged)


def _apply_risk(state: WriteState, body: RiskAccepted, context: Context) -> None:
    hand, old = acting_hand(state, context, body.production), production(state, body.production)
    require(decide_accept_risk(old, hand, body.until_ms, context.block_ms))
    if old is not None:
        save_production(state, replace(old, risk_until_ms=body.until_ms))


def _apply_started(state: WriteState, body: ProductionStarted, context: Context) -> None:
    hand, old = acting_hand(state, context, body.production), production(state, body.production)
    require(decide_start(old, hand, context.block_ms))
    if old is not None:
        save_production(state, replace(old, started_ms=context.block_ms))


AGREEMENT_KINDS: tuple[AnyKind, ...] = (
    Kind(RequestMade, _apply_request),
    Kind(RequestAnswered, _apply_answered),
    Kind(RequestClosed, _apply_closed),
    Kind(BoundaryProposed, _apply_proposed),
    Kind(BoundaryAgreed, _apply_agreed),
    Kind(BoundaryEnded, _apply_ended),
    Kind(ReportMade, _apply_report),
    Kind(ReportReceived, _apply_received),
    Kind(ProductionFlagged, _apply_flagged),
    Kind(RiskAccepted, _apply_risk),
    Kind(ProductionStarted, _apply_started),
)
