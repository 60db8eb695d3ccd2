"""Kinds of an assessment, from the application to the public list and its withdrawal, and the table of all kinds of the flow.

Guarantees: ``apply`` decides by ``rules`` alone, with the block time; evaluator, committee and board are three different people of the
replicated state, or nothing is published. A withdrawal is final and shows in the public list. Sheets, evidence, questions, replies and
reports are sealed to the other side; the ledger holds digests and commitments. Trusts: the signing gateway for which person acted.
"""

from __future__ import annotations

from dataclasses import replace

from akashi.conformity.flow.agreements import AGREEMENT_KINDS, acting_hand, hand_over
from akashi.conformity.flow.model import (
    ApplicantKind,
    Assessment,
    Finding,
    Listed,
    Phase,
    Question,
    Ruling,
    WithdrawnReason,
)
from akashi.conformity.flow.records import (
    assessment,
    listed,
    question,
    save_assessment,
    save_listed,
    save_question,
)
from akashi.conformity.flow.rules import (
    decide_apply,
    decide_board,
    decide_committee,
    decide_evaluate,
    decide_publish,
    decide_question,
    decide_reply,
    decide_withdraw,
    phase_after,
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

MAX_SHEETS = 16
_GATEWAY = {Purpose.GATEWAY}


@event("conformity.assessment_applied", signers=_GATEWAY)
class AssessmentApplied:
    """An applicant submits: sheets, bundle, boundary, overview; the files are sealed to the assessor."""

    assessment: str = number(1, handle("asm"))
    assessor: str = number(2, handle("inst"))
    kind: ApplicantKind = number(3, enum(ApplicantKind))
    sheets: tuple[bytes, ...] = number(4, many(digest(), MAX_SHEETS))
    bundle: bytes = number(5, digest())
    boundary: bytes = number(6, digest())
    overview: bytes = number(7, digest())
    payload: bytes = number(8, octets(16, 16))
    body_digest: bytes = number(9, digest())
    wraps: tuple[bytes, ...] = number(10, many(digest(), MAX_WRAPS))
    storage: bytes = number(11, octets(1, 1024))
    renews: str | None = number(12, handle("asm"), default=None)
    copies: tuple[bytes, ...] | None = number(13, many(octets(1, MAX_RECEIPT), MAX_COPIES), default=None)


@event("conformity.question_asked", signers=_GATEWAY)
class QuestionAsked:
    """The assessor asks, sealed to the applicant."""

    assessment: str = number(1, handle("asm"))
    question: str = number(2, handle("que"))
    commitment: bytes = number(3, digest())
    payload: bytes = number(4, octets(16, 16))
    body_digest: bytes = number(5, digest())
    wraps: tuple[bytes, ...] = number(6, many(digest(), MAX_WRAPS))
    storage: bytes = number(7, octets(1, 1024))
    copies: tuple[bytes, ...] | None = number(8, many(octets(1, MAX_RECEIPT), MAX_COPIES), default=None)


@event("conformity.question_replied", signers=_GATEWAY)
class QuestionReplied:
    """The applicant replies, sealed to the assessor."""

    assessment: str = number(1, handle("asm"))
    question: str = number(2, handle("que"))
    commitment: bytes = number(3, digest())
    payload: bytes = number(4, octets(16, 16))
    body_digest: bytes = number(5, digest())
    wraps: tuple[bytes, ...] = number(6, many(digest(), MAX_WRAPS))
    storage: bytes = number(7, octets(1, 1024))
    copies: tuple[bytes, ...] | None = number(8, many(octets(1, MAX_RECEIPT), MAX_COPIES), default=None)


@event("conformity.assessment_evaluated", signers=_GATEWAY)
class AssessmentEvaluated:
    """The evaluator's finding; the report is sealed to the applicant."""

    assessment: str = number(1, handle("asm"))
    finding: Finding = number(2, enum(Finding))
    commitment: bytes = number(3, digest())
    payload: bytes = number(4, octets(16, 16))
    body_digest: bytes = number(5, digest())
    wraps: tuple[bytes, ...] = number(6, many(digest(), MAX_WRAPS))
    storage: bytes = number(7, octets(1, 1024))
    copies: tuple[bytes, ...] | None = number(8, many(octets(1, MAX_RECEIPT), MAX_COPIES), default=None)


@event("conformity.committee_decided", signers=_GATEWAY)
class CommitteeDecided:
    """The committee's ruling."""

    assessment: str = number(1, handle("asm"))
    ruling: Ruling = number(2, enum(Ruling))


@event("conformity.board_decided", signers=_GATEWAY)
class BoardDecided:
    """The board's ruling."""

    assessment: str = number(1, handle("asm"))
    ruling: Ruling = number(2, enum(Ruling))


@event("conformity.assessment_published", signers=_GATEWAY)
class AssessmentPublished:
    """The board puts it on the public list until a day; ``bundle``: SHA-256 of the redacted bundle."""

    assessment: str = number(1, handle("asm"))
    valid_until_ms: int = number(2, moment())
    bundle: bytes = number(3, digest())


@event("conformity.assessment_withdrawn", signers=_GATEWAY)
class AssessmentWithdrawn:
    """The applicant or the board takes it back, for good."""

    assessment: str = number(1, handle("asm"))
    reason: WithdrawnReason = number(2, enum(WithdrawnReason))


def _known(state: ReadState, name: str) -> Assessment:
    found = assessment(state, name)
    if found is None:
        raise Refused("assessment.unknown")
    return found


def _apply_applied(state: WriteState, body: AssessmentApplied, context: Context) -> None:
    hand = acting_hand(state, context, body.assessment)
    if assessment(state, body.assessment) is not None:
        raise Refused("flow.again")
    renewed = None if body.renews is None else assessment(state, body.renews)
    renewing = body.renews is not None
    require(decide_apply(hand, institution(state, body.assessor), int(body.kind), renewed, renewing))
    if not body.sheets or len(set(body.sheets)) != len(body.sheets):
        raise Refused("assessment.sheets")
    hand_over(state, context, body, body.assessor, body.assessment)
    made = Assessment(
        handle=body.assessment,
        applicant=hand.institution,
        assessor=body.assessor,
        kind=body.kind,
        phase=Phase.APPLIED,
        sheets=body.sheets,
        bundle=body.bundle,
        boundary=body.boundary,
        overview=body.overview,
        payload=body.payload,
        applied_ms=context.block_ms,
        renews=body.renews,
        changed_ms=context.block_ms,
    )
    save_assessment(state, made)


def _apply_asked(state: WriteState, body: QuestionAsked, context: Context) -> None:
    hand = acting_hand(state, context, body.assessment)
    old = assessment(state, body.assessment)
    require(decide_question(old, hand))
    known = _known(state, body.assessment)
    if question(state, known.handle, body.question) is not None:
        raise Refused("flow.again")
    hand_over(state, context, body, known.applicant, known.handle)
    asked = Question(body.question, known.handle, body.commitment, body.payload, context.block_ms)
    save_question(state, asked, (known.applicant, known.assessor))
    save_assessment(state, replace(known, open_questions=known.open_questions + 1))


def _apply_replied(state: WriteState, body: QuestionReplied, context: Context) -> None:
    hand = acting_hand(state, context, body.assessment)
    old, asked = assessment(state, body.assessment), question(state, body.assessment, body.question)
    require(decide_reply(old, hand, None if asked is None else asked.replied_ms is not None))
    if old is None or asked is None:  # decide_reply has denied this
        raise Refused("assessment.unknown")
    hand_over(state, context, body, old.assessor, old.handle)
    replied = replace(asked, reply=body.commitment, reply_payload=body.payload, replied_ms=context.block_ms)
    save_question(state, replied, (old.applicant, old.assessor))
    save_assessment(state, replace(old, open_questions=old.open_questions - 1))


def _apply_evaluated(state: WriteState, body: AssessmentEvaluated, context: Context) -> None:
    hand = acting_hand(state, context, body.assessment)
    require(decide_evaluate(assessment(state, body.assessment), hand))
    old = _known(state, body.assessment)
    hand_over(state, context, body, old.applicant, old.handle)
    evaluated = replace(
        old,
        phase=Phase.EVALUATED,
        evaluator=hand.person,
        finding=body.finding,
        report=body.commitment,
        report_payload=body.payload,
        changed_ms=context.block_ms,
    )
    save_assessment(state, evaluated)


def _ruled(old: Assessment, ruling: Ruling, agreed: Phase, context: Context) -> Assessment:
    """The assessment after a ruling; returned, nobody has had a say yet."""
    phase = phase_after(ruling, agreed)
    if phase is Phase.APPLIED:
        old = replace(old, evaluator=None, finding=None, committee=None, board=None)
    return replace(old, phase=phase, changed_ms=context.block_ms)


def _apply_committee(state: WriteState, body: CommitteeDecided, context: Context) -> None:
    hand = acting_hand(state, context, body.assessment)
    require(decide_committee(assessment(state, body.assessment), hand, body.ruling))
    old = replace(_known(state, body.assessment), committee=hand.person)
    save_assessment(state, _ruled(old, body.ruling, Phase.ENDORSED, context))


def _apply_board(state: WriteState, body: BoardDecided, context: Context) -> None:
    hand = acting_hand(state, context, body.assessment)
    require(decide_board(assessment(state, body.assessment), hand))
    old = replace(_known(state, body.assessment), board=hand.person)
    save_assessment(state, _ruled(old, body.ruling, Phase.APPROVED, context))


def _apply_published(state: WriteState, body: AssessmentPublished, context: Context) -> None:
    hand = acting_hand(state, context, body.assessment)
    require(decide_publish(assessment(state, body.assessment), hand, body.valid_until_ms, context.block_ms))
    old = _known(state, body.assessment)
    now = context.block_ms
    save_assessment(state, replace(old, phase=Phase.PUBLISHED, valid_until_ms=body.valid_until_ms, changed_ms=now))
    entry = Listed(old.handle, old.applicant, old.assessor, old.kind, now, body.valid_until_ms, body.bundle)
    save_listed(state, entry)
    before = None if old.renews is None else listed(state, old.renews)
    if before is not None and before.renewed_by is None:
        save_listed(state, replace(before, renewed_by=old.handle))


def _apply_withdrawn(state: WriteState, body: AssessmentWithdrawn, context: Context) -> None:
    hand = acting_hand(state, context, body.assessment)
    require(decide_withdraw(assessment(state, body.assessment), hand))
    old = _known(state, body.assessment)
    save_assessment(state, replace(old, phase=Phase.WITHDRAWN, changed_ms=context.block_ms))
    entry = listed(state, old.handle)
    if entry is not None:
        save_listed(state, replace(entry, withdrawn_ms=context.block_ms, reason=body.reason))


CONFORMITY_FLOW_KINDS: tuple[AnyKind, ...] = (
    *AGREEMENT_KINDS,
    Kind(AssessmentApplied, _apply_applied),
    Kind(QuestionAsked, _apply_asked),
    Kind(QuestionReplied, _apply_replied),
    Kind(AssessmentEvaluated, _apply_evaluated),
    Kind(CommitteeDecided, _apply_committee),
    Kind(BoardDecided, _apply_board),
    Kind(AssessmentPublished, _apply_published),
    Kind(AssessmentWithdrawn, _apply_withdrawn),
)
"""The kinds that ``app`` hands to the ledger for the flow."""
