"""The flow in the replicated state: its one encoding, its index, and the readers that everybody uses.

Guarantees: every row begins with the list of institutions that may see it, so that visibility is one rule; a record and its index change
together. Readers return frozen values in handle order. Refuses: rows of another shape (``LedgerDamaged``). Decides nothing.

State (owned here): ``cfreq``, ``cfbnd``, ``cfrep``, ``cfprd``, ``cfasm`` handle -> record; ``cfqst`` assessment/question -> question;
``cfof`` institution/handle -> 1 (what concerns an institution); ``cflst`` assessment -> entry of the public list, for all members.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from akashi.conformity.flow.model import (
    ApplicantKind,
    Assessment,
    Boundary,
    BoundaryStatus,
    Finding,
    Hand,
    Listed,
    Phase,
    Production,
    Question,
    Report,
    Request,
    RequestStatus,
    Wanted,
    WithdrawnReason,
)
from akashi.identity import events as identity
from akashi.identity.lifecycle.standing import standing
from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value

REQUESTS, BOUNDARIES, REPORTS, PRODUCTIONS, ASSESSMENTS = "cfreq", "cfbnd", "cfrep", "cfprd", "cfasm"
QUESTIONS, CONCERNS, LISTED = "cfqst", "cfof", "cflst"
SPACE_OF = {"req": REQUESTS, "bnd": BOUNDARIES, "rep": REPORTS, "prd": PRODUCTIONS, "asm": ASSESSMENTS}
"""Prefix of a handle to the namespace that holds its record."""
PARTY_SPACES = frozenset({*SPACE_OF.values(), QUESTIONS})


def hand_of(state: ReadState, institution: str, person: str | None, now_ms: int) -> Hand | None:
    """The acting person with the roles that count at ``now_ms``, if they are an enabled person of this enabled institution."""
    of = identity.institution(state, institution)
    found = standing(state, identity.person(state, person), now_ms) if person is not None else None
    if of is None or not of.enabled or found is None or not found.enabled or found.institution != institution:
        return None
    return Hand(institution, found.handle, int(found.roles))


def names_of(state: ReadState, institution: str, prefix: str) -> list[str]:
    """The handles with ``prefix`` (``req``, ``asm`` …) that concern an institution."""
    start = f"{institution}/".encode()
    return [key[len(start) :].decode() for key, _ in state.scan(CONCERNS, start + f"{prefix}-".encode())]


def is_party(row: Value, institution: str) -> bool:
    """Whether a row of the flow names ``institution`` among those who may see it."""
    match row:
        case [list(parties), *_]:
            return institution in parties
    return False


def _save(state: WriteState, handle: str, parties: Sequence[str], row: Sequence[Value]) -> None:
    listed: list[Value] = [*parties]
    state.put(SPACE_OF[handle[:3]], handle.encode(), [listed, *row])
    for party in parties:
        state.put(CONCERNS, f"{party}/{handle}".encode(), 1)


def request(state: ReadState, handle: str) -> Request | None:
    """The request, or ``None``."""
    match state.get(REQUESTS, handle.encode()):
        case None:
            return None
        case [
            [str(requester), str(vendor)], int(what), int(status), int(made), int(due), bytes(commitment),
            (int() | None) as answered, (bytes() | None) as answer, (bytes() | None) as payload,
        ]:  # fmt: skip
            return Request(
                handle, requester, vendor, Wanted(what), RequestStatus(status), made, due, commitment,
                answered, answer, payload,
            )  # fmt: skip
    raise LedgerDamaged("state.cfreq")


def save_request(state: WriteState, one: Request) -> None:
    """Keep a request."""
    row: list[Value] = [
        int(one.what), int(one.status), one.made_ms, one.due_ms, one.commitment, one.answered_ms, one.answer, one.payload,
    ]  # fmt: skip
    _save(state, one.handle, (one.requester, one.vendor), row)


def boundary(state: ReadState, handle: str) -> Boundary | None:
    """The boundary of responsibility, or ``None``."""
    match state.get(BOUNDARIES, handle.encode()):
        case None:
            return None
        case [
            [str(proposer), str(other)], int(status), bytes(digest), bytes(payload), int(proposed),
            (int() | None) as agreed, (int() | None) as ended,
        ]:  # fmt: skip
            return Boundary(handle, proposer, other, BoundaryStatus(status), digest, payload, proposed, agreed, ended)
    raise LedgerDamaged("state.cfbnd")


def save_boundary(state: WriteState, one: Boundary) -> None:
    """Keep a boundary."""
    row: list[Value] = [int(one.status), one.digest, one.payload, one.proposed_ms, one.agreed_ms, one.ended_ms]
    _save(state, one.handle, (one.proposer, one.other), row)


def report(state: ReadState, handle: str) -> Report | None:
    """The report, or ``None``."""
    match state.get(REPORTS, handle.encode()):
        case None:
            return None
        case [
            [str(institution)], str(maker), str(to), bytes(catalogue), bytes(commitment), int(made),
            (int() | None) as received, (bytes() | None) as payload,
        ]:  # fmt: skip
            return Report(handle, institution, maker, to, catalogue, commitment, made, received, payload)
    raise LedgerDamaged("state.cfrep")


def save_report(state: WriteState, one: Report) -> None:
    """Keep a report."""
    row: list[Value] = [
        one.maker, one.to, one.catalogue, one.commitment, one.made_ms, one.received_ms, one.payload,
    ]  # fmt: skip
    _save(state, one.handle, (one.institution,), row)


def production(state: ReadState, handle: str) -> Production | None:
    """The production start, or ``None``."""
    match state.get(PRODUCTIONS, handle.encode()):
        case None:
            return None
        case [
            [str(institution)], str(run), bytes(catalogue), list(counts), int(flagged), int(risk),
            (int() | None) as started,
        ]:  # fmt: skip
            numbers = tuple(one for one in counts if isinstance(one, int))
            return Production(handle, institution, run, catalogue, numbers, flagged, risk, started)
    raise LedgerDamaged("state.cfprd")


def save_production(state: WriteState, one: Production) -> None:
    """Keep a production start."""
    row: list[Value] = [
        one.run, one.catalogue, list(one.counts), one.flagged_ms, one.risk_until_ms, one.started_ms,
    ]  # fmt: skip
    _save(state, one.handle, (one.institution,), row)


def assessment(state: ReadState, handle: str) -> Assessment | None:
    """The assessment, or ``None``."""
    match state.get(ASSESSMENTS, handle.encode()):
        case None:
            return None
        case [
            [str(applicant), str(assessor)], [int(kind), int(phase), int(applied), int(changed), int(questions)],
            list(sheets), bytes(bundle), bytes(boundary_), bytes(overview), bytes(payload),
            (str() | None) as evaluator, (int() | None) as finding, (bytes() | None) as report_,
            (bytes() | None) as report_payload, (str() | None) as committee,
            (str() | None) as board, (str() | None) as renews, (int() | None) as until,
        ]:  # fmt: skip
            return Assessment(
                handle=handle,
                applicant=applicant,
                assessor=assessor,
                kind=ApplicantKind(kind),
                phase=Phase(phase),
                sheets=tuple(one for one in sheets if isinstance(one, bytes)),
                bundle=bundle,
                boundary=boundary_,
                overview=overview,
                payload=payload,
                applied_ms=applied,
                open_questions=questions,
                evaluator=evaluator,
                finding=None if finding is None else Finding(finding),
                report=report_,
                report_payload=report_payload,
                committee=committee,
                board=board,
                renews=renews,
                valid_until_ms=until,
                changed_ms=changed,
            )
    raise LedgerDamaged("state.cfasm")


def save_assessment(state: WriteState, one: Assessment) -> None:
    """Keep an assessment."""
    numbers: list[Value] = [int(one.kind), int(one.phase), one.applied_ms, one.changed_ms, one.open_questions]
    finding = None if one.finding is None else int(one.finding)
    row: list[Value] = [
        numbers, list(one.sheets), one.bundle, one.boundary, one.overview, one.payload,
        one.evaluator, finding, one.report, one.report_payload, one.committee, one.board, one.renews, one.valid_until_ms,
    ]  # fmt: skip
    _save(state, one.handle, (one.applicant, one.assessor), row)


def question(state: ReadState, of: str, handle: str) -> Question | None:
    """The question ``handle`` of the assessment ``of``, or ``None``."""
    row = state.get(QUESTIONS, _question_key(of, handle))
    return None if row is None else _question(of, handle, row)


def questions(state: ReadState, of: str) -> Iterator[Question]:
    """All questions of an assessment."""
    start = f"{of}/".encode()
    for key, row in state.scan(QUESTIONS, start):
        yield _question(of, key[len(start) :].decode(), row)


def save_question(state: WriteState, one: Question, parties: Sequence[str]) -> None:
    """Keep a question, visible to ``parties``."""
    listed: list[Value] = [*parties]
    row: list[Value] = [
        listed, one.commitment, one.payload, one.asked_ms, one.reply, one.reply_payload, one.replied_ms,
    ]  # fmt: skip
    state.put(QUESTIONS, _question_key(one.assessment, one.handle), row)


def listed(state: ReadState, assessment_: str) -> Listed | None:
    """The public entry of an assessment, or ``None`` where it was never published."""
    row = state.get(LISTED, assessment_.encode())
    return None if row is None else _listed(assessment_, row)


def all_listed(state: ReadState) -> list[Listed]:
    """The public list, withdrawn and expired entries included, the newest first."""
    found = [_listed(key.decode(), row) for key, row in state.scan(LISTED)]
    return sorted(found, key=lambda one: (-one.published_ms, one.assessment))


def save_listed(state: WriteState, one: Listed) -> None:
    """Keep a public entry."""
    reason = None if one.reason is None else int(one.reason)
    row: list[Value] = [
        one.applicant, one.assessor, int(one.kind), one.published_ms, one.valid_until_ms, one.bundle,
        one.withdrawn_ms, reason, one.renewed_by,
    ]  # fmt: skip
    state.put(LISTED, one.assessment.encode(), row)


def _question_key(of: str, handle: str) -> bytes:
    return f"{of}/{handle}".encode()


def _question(of: str, handle: str, row: Value) -> Question:
    match row:
        case [
            list(), bytes(commitment), bytes(payload), int(asked),
            (bytes() | None) as reply, (bytes() | None) as reply_payload, (int() | None) as replied,
        ]:  # fmt: skip
            return Question(handle, of, commitment, payload, asked, reply, reply_payload, replied)
    raise LedgerDamaged("state.cfqst")


def _listed(handle: str, row: Value) -> Listed:
    match row:
        case [
            str(applicant), str(assessor), int(kind), int(published), int(until), bytes(bundle),
            (int() | None) as withdrawn, (int() | None) as reason, (str() | None) as renewed,
        ]:  # fmt: skip
            why = None if reason is None else WithdrawnReason(reason)
            return Listed(
                handle, applicant, assessor, ApplicantKind(kind), published, until, bundle, withdrawn, why, renewed
            )
    raise LedgerDamaged("state.cflst")
