"""Requests, boundaries, reports, production and sealed deliveries on the replicated state; who may see what of them."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.app.server.visibility import MemberView, decide_subject
from akashi.conformity.deliveries import decide_delivered, may_read, ordered
from akashi.conformity.events import EvidenceKept
from akashi.conformity.flow.agreements import (
    BoundaryAgreed,
    BoundaryEnded,
    BoundaryProposed,
    ProductionFlagged,
    ProductionStarted,
    ReportMade,
    ReportReceived,
    RequestAnswered,
    RequestClosed,
    RequestMade,
    RiskAccepted,
)
from akashi.conformity.flow.model import BoundaryStatus, RequestStatus, Wanted
from akashi.conformity.flow.records import (
    PARTY_SPACES,
    all_listed,
    boundary,
    names_of,
    production,
    report,
    request,
)
from akashi.conformity.flow.rules import is_overdue, was_late
from akashi.conformity.model import DAY_MS, Audience
from akashi.identity.model import Role
from akashi.ledger.rules import Allowed
from akashi.ledger.wire.cbor import Value, encode
from akashi.vault.events import PayloadErasureOrdered
from akashi.vault.model import ErasureReason
from tests.conformity.flowdesk import (
    ASM,
    ASSESSOR,
    BOSS,
    CLERK,
    DIGEST,
    HOSPITAL,
    OTHER,
    SALES,
    SELLER,
    STRANGER,
    VENDOR,
    FlowDesk,
    open_flow_desk,
)
from tests.exchange.desk import START, storage_receipt

TEMPLATE = open_flow_desk()
REQ, BND, REP, PRD = "req-0001", "bnd-0001", "rep-0001", "prd-0001"
DUE = START + 14 * DAY_MS
GOOD = (10, 2, 0, 3, 0)


@pytest.fixture
def desk() -> FlowDesk:
    """A state of one's own."""
    return copy.deepcopy(TEMPLATE)


def asked(due: int = DUE, vendor: str = VENDOR) -> RequestMade:
    """A request for a sheet."""
    return RequestMade(REQ, vendor, Wanted.SHEET, due, DIGEST)


def answered(desk: FlowDesk) -> RequestAnswered:
    """An answer with a new payload."""
    return RequestAnswered(REQ, DIGEST, *desk.delivery())


def test_a_request_is_answered_and_closed(desk: FlowDesk) -> None:
    """The vendor answers, also again; after the customer has closed no more."""
    steps = [
        desk.by(asked(), CLERK, REQ), desk.by(answered(desk), SALES, REQ), desk.by(answered(desk), SELLER, REQ),
        desk.by(RequestClosed(REQ), CLERK, REQ), desk.by(answered(desk), SALES, REQ), desk.by(RequestClosed(REQ), CLERK, REQ),
    ]  # fmt: skip

    assert steps == [None, None, None, None, "request.closed", "request.closed"]


@pytest.mark.parametrize(
    ("body", "person", "reason"),
    [
        (asked(due=START), CLERK, "request.due"),
        (asked(due=START + 400 * DAY_MS), CLERK, "request.due"),
        (asked(vendor=HOSPITAL), CLERK, "flow.self"),
        (asked(vendor="inst-nobody"), CLERK, "flow.institution"),
        (asked(), "per-nobody1", "flow.person"),
    ],
)
def test_requests_that_are_refused(desk: FlowDesk, body: RequestMade, person: str, reason: str) -> None:
    """A day that is over or too far, oneself, nobody, by nobody."""
    assert desk.reason(body, HOSPITAL, person, subject=REQ) == reason


def test_only_the_vendor_answers_and_only_the_customer_closes(desk: FlowDesk) -> None:
    """For everybody else there is no such request."""
    desk.by(asked(), CLERK, REQ)

    assert desk.by(answered(desk), STRANGER, REQ) == "request.unknown"
    assert desk.by(answered(desk), CLERK, REQ) == "request.unknown"
    assert desk.by(RequestClosed(REQ), SALES, REQ) == "request.unknown"


def test_overdue_is_computed_and_a_late_answer_is_told(desk: FlowDesk) -> None:
    """On the day it is due and not before; a late answer counts but is late."""
    desk.by(asked(), CLERK, REQ)
    before = request(desk.state, REQ)
    desk.now = DUE + 1
    desk.by(answered(desk), SALES, REQ)
    after = request(desk.state, REQ)

    assert before is not None
    assert after is not None
    assert [is_overdue(before, DUE - 1), is_overdue(before, DUE), is_overdue(after, DUE + 1)] == [False, True, False]
    assert (after.status, was_late(after)) == (RequestStatus.ANSWERED, True)


def test_a_boundary_needs_both_managers_and_the_same_table(desk: FlowDesk) -> None:
    """Not the proposer, not a clerk, not another table; once; either side ends it."""
    proposed = BoundaryProposed(BND, VENDOR, DIGEST, *desk.delivery())
    assert desk.by(proposed, CLERK, BND) == "flow.role"
    assert desk.by(proposed, BOSS, BND) is None

    assert desk.by(BoundaryAgreed(BND, DIGEST), BOSS, BND) == "boundary.unknown"
    assert desk.by(BoundaryAgreed(BND, DIGEST), SALES, BND) == "flow.role"
    assert desk.by(BoundaryAgreed(BND, bytes(32)), SELLER, BND) == "boundary.digest"
    assert desk.by(BoundaryAgreed(BND, DIGEST), SELLER, BND) is None
    assert desk.by(BoundaryAgreed(BND, DIGEST), SELLER, BND) == "boundary.not_proposed"
    assert desk.by(BoundaryEnded(BND), STRANGER, BND) == "boundary.unknown"
    assert desk.by(BoundaryEnded(BND), SELLER, BND) is None
    found = boundary(desk.state, BND)
    assert found is not None
    assert found.status is BoundaryStatus.ENDED


def test_a_report_is_received_by_whom_it_was_made_to(desk: FlowDesk) -> None:
    """Not to oneself, not to a stranger; only that person receives it, once; attached files need all four fields."""
    assert desk.by(ReportMade(REP, CLERK, DIGEST, DIGEST), CLERK, REP) == "report.self"
    assert desk.by(ReportMade(REP, SELLER, DIGEST, DIGEST), CLERK, REP) == "report.to"
    assert desk.by(ReportMade(REP, BOSS, DIGEST, DIGEST, bytes(16)), CLERK, REP) == "report.delivery"
    assert desk.by(ReportMade(REP, BOSS, DIGEST, DIGEST, *desk.delivery()), CLERK, REP) is None
    assert desk.by(ReportReceived(REP), CLERK, REP) == "report.unknown"
    assert desk.by(ReportReceived(REP), BOSS, REP) is None
    assert desk.by(ReportReceived(REP), BOSS, REP) == "report.received"
    found = report(desk.state, REP)
    assert found is not None
    assert found.received_ms == START


counts_of = st.tuples(*[st.integers(0, 4)] * 5)


@settings(max_examples=80, deadline=None)
@given(counts_of, counts_of, st.booleans(), st.booleans())
def test_production_starts_only_when_nothing_is_open_or_failing(
    run: tuple[int, ...], counts: tuple[int, ...], accept: bool, late: bool
) -> None:
    """Started means: of a recorded run, nothing undecided, nothing failing without an accepted risk in force."""
    desk = copy.deepcopy(TEMPLATE)
    desk.run(run)
    flagged = desk.by(ProductionFlagged(PRD, "run-0001", DIGEST, counts, counts[4]), BOSS, PRD)
    if accept:
        desk.by(RiskAccepted(PRD, DIGEST, START + DAY_MS), BOSS, PRD)
    desk.now += DAY_MS if late else 0
    started = desk.by(ProductionStarted(PRD), BOSS, PRD)

    possible = sum(counts) > 0 and all(one <= most for one, most in zip(counts, run, strict=True))
    assert (flagged is None) is possible
    assert (started is None) is (possible and counts[4] == 0 and (counts[2] == 0 or (accept and not late)))


@pytest.mark.parametrize(
    ("body", "person", "reason"),
    [
        (ProductionFlagged(PRD, "run-0001", DIGEST, GOOD, 1), BOSS, "production.counts"),
        (ProductionFlagged(PRD, "run-0001", DIGEST, GOOD[:4], 0), BOSS, "production.counts"),
        (ProductionFlagged(PRD, "run-0009", DIGEST, GOOD, 0), BOSS, "production.run"),
        (ProductionFlagged(PRD, "run-0001", DIGEST, GOOD, 0), SELLER, "production.run"),
        (ProductionFlagged(PRD, "run-0001", DIGEST, GOOD, 0), CLERK, "flow.role"),
        (ProductionStarted(PRD), BOSS, "production.unknown"),
    ],
)
def test_flags_that_are_refused(desk: FlowDesk, body: object, person: str, reason: str) -> None:
    """Figures that do not add up, of no run or another institution's, by who may not."""
    desk.run(GOOD)

    assert desk.by(body, person, PRD) == reason


def test_flagged_again_an_accepted_risk_is_void(desk: FlowDesk) -> None:
    """What was accepted for one run is not accepted for the next; after the start it is flagged no more."""
    desk.run((5, 0, 2, 0, 0))
    flag = ProductionFlagged(PRD, "run-0001", DIGEST, (5, 0, 2, 0, 0), 0)
    desk.by(flag, BOSS, PRD)
    desk.by(RiskAccepted(PRD, DIGEST, START + DAY_MS), BOSS, PRD)
    desk.by(flag, BOSS, PRD)
    assert desk.by(ProductionStarted(PRD), BOSS, PRD) == "production.fails"
    desk.by(RiskAccepted(PRD, DIGEST, START + DAY_MS), BOSS, PRD)
    assert desk.by(ProductionStarted(PRD), BOSS, PRD) is None

    assert desk.by(flag, BOSS, PRD) == "production.started"
    found = production(desk.state, PRD)
    assert found is not None
    assert found.started_ms == START


def filled() -> FlowDesk:
    """One of everything between hospital and vendor, a report, and a published assessment of the vendor."""
    desk = copy.deepcopy(TEMPLATE)
    desk.run(GOOD)
    desk.by(asked(), CLERK, REQ)
    desk.by(answered(desk), SALES, REQ)
    desk.by(BoundaryProposed(BND, VENDOR, DIGEST, *desk.delivery()), BOSS, BND)
    desk.by(ReportMade(REP, BOSS, DIGEST, DIGEST), CLERK, REP)
    desk.by(ProductionFlagged(PRD, "run-0001", DIGEST, GOOD, 0), BOSS, PRD)
    desk.by(EvidenceKept("evd-0001", DIGEST, Audience.ASSESSOR, *desk.delivery()), CLERK, "evd-0001")
    desk.published()
    return desk


FILLED = filled()


@pytest.mark.parametrize(
    ("institution", "prefixes"),
    [
        (HOSPITAL, {"req", "bnd", "rep", "prd"}),
        (VENDOR, {"req", "bnd", "asm"}),
        (ASSESSOR, {"asm"}),
        (OTHER, set()),
    ],
)
def test_members_see_what_concerns_them(institution: str, prefixes: set[str]) -> None:
    """Rows, index, trails and payload records are for the parties; a third institution sees the public list and nothing else."""
    view = MemberView(FILLED.state, institution)
    seen = {prefix for prefix in ("req", "bnd", "rep", "prd", "asm") if names_of(view, institution, prefix)}
    rows = {key.decode()[:3] for space in PARTY_SPACES for key, _ in view.scan(space)}
    trails = {
        one[:3]
        for one in (REQ, BND, REP, PRD, ASM)
        if isinstance(decide_subject(FILLED.state, institution, one), Allowed)
    }
    others = {key for key, _ in view.scan("cfof") if not key.startswith(institution.encode())}

    assert seen == rows == trails == prefixes
    assert others == set()
    assert [one.assessment for one in all_listed(view)] == [ASM]


def test_a_third_institution_sees_no_payload() -> None:
    """Neither the record of a payload nor who may read it; owner and readers see both."""
    payloads = [key for key, _ in FILLED.state.scan("cfp")]
    seen = {
        institution: sum(
            MemberView(FILLED.state, institution).get("pay", one) is not None
            and MemberView(FILLED.state, institution).get("cfp", one) is not None
            for one in payloads
        )
        for institution in (HOSPITAL, VENDOR, ASSESSOR, OTHER)
    }

    assert len(payloads) == 5
    assert seen == {HOSPITAL: 3, VENDOR: 4, ASSESSOR: 2, OTHER: 0}


@pytest.mark.parametrize(("passed", "reason"), [(DAY_MS - 1, None), (DAY_MS, "flow.role")])
def test_a_manager_for_a_day_proposes_that_day(desk: FlowDesk, passed: int, reason: str | None) -> None:
    """Attack: the role that was given for a day has run out, and a step of the flow is said with it all the same."""
    row: list[Value] = [HOSPITAL, int(Role.MANAGER), START + DAY_MS, "req-rights"]
    desk.memory.absorb({("tmp", CLERK.encode()): encode(row)})
    desk.now = START + passed
    assert desk.by(BoundaryProposed(BND, VENDOR, DIGEST, *desk.delivery()), CLERK, BND) == reason


def test_who_is_no_manager_for_a_day_proposes_nothing(desk: FlowDesk) -> None:
    """Roles for a time replace a person's own, also where they are less."""
    row: list[Value] = [HOSPITAL, int(Role.OPERATOR), START + DAY_MS, "req-rights"]
    desk.memory.absorb({("tmp", BOSS.encode()): encode(row)})
    assert desk.by(BoundaryProposed(BND, VENDOR, DIGEST, *desk.delivery()), BOSS, BND) == "flow.role"


def test_the_owner_orders_the_erasure_and_then_nobody_fetches(desk: FlowDesk) -> None:
    """Not the reader; from the order on neither side is handed the bytes, and the server has it to do."""
    desk.by(asked(), CLERK, REQ)
    body = answered(desk)
    desk.by(body, SALES, REQ)
    order = PayloadErasureOrdered(body.payload, ErasureReason.REQUESTED)

    assert may_read(desk.state, body.payload, HOSPITAL)
    assert isinstance(decide_delivered(desk.state, body.payload, HOSPITAL), Allowed)
    assert desk.by(order, CLERK, REQ) == "payload.foreign"
    assert desk.by(order, SALES, REQ) is None
    assert not isinstance(decide_delivered(desk.state, body.payload, HOSPITAL), Allowed)
    assert [payload for payload, _ in ordered(desk.state)] == [body.payload]


def test_a_delivery_is_refused_without_its_bytes_at_the_server(desk: FlowDesk) -> None:
    """A receipt for other wraps, no wraps at all, or a payload that was announced before."""
    desk.by(asked(), CLERK, REQ)
    payload, body, wraps, storage = desk.delivery()
    other = storage_receipt(payload, (bytes(32),))

    assert desk.by(RequestAnswered(REQ, DIGEST, payload, body, wraps, other), SALES, REQ) == "storage.wraps"
    assert desk.by(RequestAnswered(REQ, DIGEST, payload, body, (), storage), SALES, REQ) == "delivery.wraps"
    assert desk.by(RequestAnswered(REQ, DIGEST, payload, body, wraps, storage), SALES, REQ) is None
    assert desk.by(RequestAnswered(REQ, DIGEST, payload, body, wraps, storage), SALES, REQ) == "payload.exists"
