"""Who may take which step of the flow, and when: pure decisions over values and one time.

Guarantees: every decision is a function of the record, the acting person and ``now`` (the block time when the ledger applies); what is not
allowed here is denied with a stable reason. The life of an assessment::

    applied ──▶ evaluated ──▶ endorsed ──▶ approved ──▶ published
      ▲  (assessor's   │ (committee)  │ (board)      (board)
      │   evaluator)   │              │
      ├──── returned ──┴──────────────┤          any of these ──▶ withdrawn (applicant or board; final)
      └──── (open questions first)    └─ rejected (final)

Evaluator, committee member and board member are three different people of the assessor. Refuses any step out of a final state. Trusts
nobody: the caller resolves who the hand is from the replicated state.
"""

from __future__ import annotations

from collections.abc import Sequence

from akashi.conformity.flow.model import (
    Assessment,
    Boundary,
    BoundaryStatus,
    Finding,
    Hand,
    Phase,
    Production,
    Report,
    Request,
    RequestStatus,
    Ruling,
)
from akashi.conformity.model import DAY_MS, Verdict
from akashi.identity.model import Institution, InstitutionRole, Role
from akashi.ledger.rules import ALLOWED, Allowed, Denied

Decision = Allowed | Denied
YEAR_MS = 366 * DAY_MS
MAX_DUE_MS = YEAR_MS
MAX_VALID_MS = 3 * YEAR_MS
MAX_RISK_MS = YEAR_MS
"""A risk is accepted for a year at most; then somebody looks again."""
FINAL = frozenset({Phase.REJECTED, Phase.WITHDRAWN})
STAFF = Role.OPERATOR | Role.APPROVER | Role.MANAGER
_AFTER = {Ruling.RETURNED: Phase.APPLIED, Ruling.REJECTED: Phase.REJECTED}


def _role(hand: Hand, roles: Role) -> Decision:
    return ALLOWED if hand.roles & roles else Denied("flow.role")


def _first(*decisions: Decision) -> Decision:
    """The first denial, or allowed."""
    return next((one for one in decisions if isinstance(one, Denied)), ALLOWED)


def _that(condition: bool, reason: str) -> Decision:
    return ALLOWED if condition else Denied(reason)


def decide_other(hand: Hand, other: Institution | None) -> Decision:
    """Is ``other`` somebody else who is there?"""
    if other is None or not other.enabled:
        return Denied("flow.institution")
    return _that(other.handle != hand.institution, "flow.self")


# requests


def decide_request(hand: Hand, vendor: Institution | None, due_ms: int, now_ms: int) -> Decision:
    """May ``hand`` ask ``vendor`` until ``due_ms``?"""
    due = _that(now_ms < due_ms <= now_ms + MAX_DUE_MS, "request.due")
    return _first(_role(hand, STAFF), decide_other(hand, vendor), due)


def decide_answer(request: Request | None, hand: Hand) -> Decision:
    """The vendor answers, also again and also late, until the requester closes."""
    if request is None or request.vendor != hand.institution:
        return Denied("request.unknown")
    return _first(_role(hand, STAFF), _that(request.status is not RequestStatus.CLOSED, "request.closed"))


def decide_close(request: Request | None, hand: Hand) -> Decision:
    """The requester closes, once."""
    if request is None or request.requester != hand.institution:
        return Denied("request.unknown")
    return _first(_role(hand, STAFF), _that(request.status is not RequestStatus.CLOSED, "request.closed"))


def is_overdue(request: Request, now_ms: int) -> bool:
    """Whether the answer is missing at ``now_ms`` though it was due."""
    return request.status is RequestStatus.OPEN and now_ms >= request.due_ms


def was_late(request: Request) -> bool:
    """Whether the newest answer came after it was due."""
    return request.answered_ms is not None and request.answered_ms > request.due_ms


# boundaries


def decide_propose(hand: Hand, other: Institution | None) -> Decision:
    """A manager proposes a boundary to another institution."""
    return _first(_role(hand, Role.MANAGER), decide_other(hand, other))


def decide_agree(boundary: Boundary | None, hand: Hand, digest: bytes) -> Decision:
    """The other side's manager agrees to exactly the table that was proposed."""
    if boundary is None or boundary.other != hand.institution:
        return Denied("boundary.unknown")
    open_ = _that(boundary.status is BoundaryStatus.PROPOSED, "boundary.not_proposed")
    return _first(_role(hand, Role.MANAGER), open_, _that(boundary.digest == digest, "boundary.digest"))


def decide_end(boundary: Boundary | None, hand: Hand) -> Decision:
    """Either side's manager ends it, once."""
    if boundary is None or hand.institution not in (boundary.proposer, boundary.other):
        return Denied("boundary.unknown")
    return _first(_role(hand, Role.MANAGER), _that(boundary.status is not BoundaryStatus.ENDED, "boundary.ended"))


# reports


def decide_report(hand: Hand, to_is_colleague: bool, to: str) -> Decision:
    """A report goes to another, enabled person of the own institution."""
    return _first(_role(hand, STAFF), _that(to_is_colleague, "report.to"), _that(to != hand.person, "report.self"))


def decide_receive(report: Report | None, hand: Hand) -> Decision:
    """Whom it was made to receives it, once."""
    if report is None or report.institution != hand.institution or report.to != hand.person:
        return Denied("report.unknown")
    return _that(report.received_ms is None, "report.received")


# production


def decide_flag(
    hand: Hand, known: Production | None, counts: Sequence[int], open_: int, run: Sequence[int] | None
) -> Decision:
    """A manager flags a system with the verdicts of a run of their own; again, with a newer run, until production has started.

    ``run``: the counts that the recorded run has in all, ``None`` where there is no such run.
    """
    if known is not None and known.institution != hand.institution:
        return Denied("production.unknown")
    if known is not None and known.started_ms is not None:
        return Denied("production.started")
    if run is None or len(run) != len(Verdict):
        return Denied("production.run")
    shape = len(counts) == len(Verdict) and sum(counts) > 0 and counts[Verdict.UNDECIDED - 1] == open_
    within = shape and all(one <= most for one, most in zip(counts, run, strict=True))
    return _first(_role(hand, Role.MANAGER), _that(shape, "production.counts"), _that(within, "production.run"))


def decide_accept_risk(production: Production | None, hand: Hand, until_ms: int, now_ms: int) -> Decision:
    """A manager accepts, for a time, that something fails; what is undecided cannot be accepted."""
    if production is None or production.institution != hand.institution:
        return Denied("production.unknown")
    until = _that(now_ms < until_ms <= now_ms + MAX_RISK_MS, "production.risk_until")
    return _first(_role(hand, Role.MANAGER), _that(production.started_ms is None, "production.started"), until)


def decide_start(production: Production | None, hand: Hand, now_ms: int) -> Decision:
    """Production starts only when nothing is undecided, and nothing fails without an accepted risk in force."""
    if production is None or production.institution != hand.institution:
        return Denied("production.unknown")
    if production.started_ms is not None:
        return Denied("production.started")
    undecided, failed = production.counts[Verdict.UNDECIDED - 1], production.counts[Verdict.FAILS - 1]
    risk = _that(not failed or production.risk_until_ms > now_ms, "production.fails")
    return _first(_role(hand, Role.MANAGER), _that(not undecided, "production.open"), risk)


# assessment


def decide_apply(
    hand: Hand, assessor: Institution | None, kind: int, renewed: Assessment | None, renewing: bool
) -> Decision:
    """A manager applies to another institution that assesses; a renewal is of one's own published assessment of the same kind."""
    first = _first(_role(hand, Role.MANAGER), decide_other(hand, assessor))
    if isinstance(first, Denied):
        return first
    if assessor is None or not assessor.roles & InstitutionRole.ASSESSOR:
        return Denied("assessment.assessor")
    if not renewing:
        return ALLOWED
    same = (
        renewed is not None
        and renewed.applicant == hand.institution
        and renewed.phase is Phase.PUBLISHED
        and renewed.kind == kind
    )
    return _that(same, "assessment.renews")


def _at_assessor(assessment: Assessment | None, hand: Hand, role: Role, phase: Phase) -> Decision:
    if assessment is None or assessment.assessor != hand.institution:
        return Denied("assessment.unknown")
    return _first(_role(hand, role), _that(assessment.phase is phase, f"assessment.not_{phase.name.lower()}"))


def decide_question(assessment: Assessment | None, hand: Hand) -> Decision:
    """The assessor asks while the evaluation is open."""
    return _at_assessor(assessment, hand, Role.ASSESSOR, Phase.APPLIED)


def decide_reply(assessment: Assessment | None, hand: Hand, replied: bool | None) -> Decision:
    """The applicant replies to a question, once. ``replied``: ``None`` where there is no such question."""
    if assessment is None or assessment.applicant != hand.institution or replied is None:
        return Denied("assessment.unknown")
    phase = _that(assessment.phase is Phase.APPLIED, "assessment.not_applied")
    return _first(_role(hand, STAFF), phase, _that(not replied, "assessment.replied"))


def decide_evaluate(assessment: Assessment | None, hand: Hand) -> Decision:
    """The evaluator says what they found when every question is replied to."""
    first = _at_assessor(assessment, hand, Role.ASSESSOR, Phase.APPLIED)
    if isinstance(first, Denied) or assessment is None:
        return first
    return _that(assessment.open_questions == 0, "assessment.questions_open")


def decide_committee(assessment: Assessment | None, hand: Hand, ruling: Ruling) -> Decision:
    """A committee member who did not evaluate; what was found unfit cannot be agreed to."""
    first = _at_assessor(assessment, hand, Role.COMMITTEE, Phase.EVALUATED)
    if isinstance(first, Denied) or assessment is None:
        return first
    fit = assessment.finding is not Finding.UNFIT or ruling is not Ruling.AGREED
    return _first(_that(hand.person != assessment.evaluator, "assessment.same_person"), _that(fit, "assessment.unfit"))


def decide_board(assessment: Assessment | None, hand: Hand) -> Decision:
    """A board member who neither evaluated nor sat in the committee."""
    first = _at_assessor(assessment, hand, Role.BOARD, Phase.ENDORSED)
    return _first(first, _apart(assessment, hand))


def _apart(assessment: Assessment | None, hand: Hand) -> Decision:
    if assessment is None:
        return Denied("assessment.unknown")
    return _that(hand.person not in (assessment.evaluator, assessment.committee), "assessment.same_person")


def decide_publish(assessment: Assessment | None, hand: Hand, until_ms: int, now_ms: int) -> Decision:
    """The board publishes what it approved, for at most three years."""
    first = _at_assessor(assessment, hand, Role.BOARD, Phase.APPROVED)
    valid = _that(now_ms < until_ms <= now_ms + MAX_VALID_MS, "assessment.valid_until")
    return _first(first, _apart(assessment, hand), valid)


def decide_withdraw(assessment: Assessment | None, hand: Hand) -> Decision:
    """The applicant's manager or the assessor's board, at any time before the end; it is final."""
    if assessment is None or hand.institution not in (assessment.applicant, assessment.assessor):
        return Denied("assessment.unknown")
    role = Role.MANAGER if hand.institution == assessment.applicant else Role.BOARD
    return _first(_role(hand, role), _that(assessment.phase not in FINAL, "assessment.final"))


def phase_after(ruling: Ruling, agreed: Phase) -> Phase:
    """Where a ruling leads: ``agreed``, back to the evaluator, or to the end.

    >>> phase_after(Ruling.RETURNED, Phase.ENDORSED)
    <Phase.APPLIED: 1>
    """
    return _AFTER.get(ruling, agreed)
