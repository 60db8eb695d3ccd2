"""An assessment, from both sides: apply, ask and reply, evaluate, decide, publish, withdraw, renew.

Guarantees: each step is one signed operation by a named person with the role that the step asks for; sheets, evidence, questions, replies
and the report are sealed to the other side and compared with the ledger's commitment when they are opened. Refuses (as ``StepRefused``,
with the ledger's reason): steps out of order, the same person twice. Trusts: the caller for permissions and for who acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType

from akashi.conformity.errors import RecordUnknown, StepRefused
from akashi.conformity.flow import records
from akashi.conformity.flow.events import (
    AssessmentApplied,
    AssessmentEvaluated,
    AssessmentPublished,
    AssessmentWithdrawn,
    BoardDecided,
    CommitteeDecided,
    QuestionAsked,
    QuestionReplied,
)
from akashi.conformity.flow.model import (
    ApplicantKind,
    Application,
    Assessment,
    Certificate,
    DocumentKind,
    Finding,
    Listed,
    Phase,
    Question,
    Ruling,
    WithdrawnReason,
)
from akashi.conformity.flow.speaking import Speaker, Spoken
from akashi.conformity.proof.codec import Fields
from akashi.identity.handles import new_handle
from akashi.identity.model import Session
from akashi.ledger.author import prepared
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf

_BUNDLE = "flow.bundle"
CERTIFICATES = "certificates.cbor"
SHEETS_OF: Mapping[ApplicantKind, tuple[str, ...]] = MappingProxyType(
    {
        ApplicantKind.PROVIDER: ("hispro-ipsec", "hispro-cloud", "hispro-online", "hispro-phr"),
        ApplicantKind.OPERATOR: ("hispro-regional", "hispro-sns"),
    }
)
"""Which catalogues are for whom (seed S002: sheets for providers of services, sheets for who runs a network)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation about an assessment, as both sides see it."""

    index: int
    kind: str
    block_ms: int
    institution: str
    person: str | None
    accepted: bool


class Applying(Speaker):
    """The steps of an assessment."""

    def apply(self, application: Application, session: Session) -> str:
        """Submit: overview, boundary, filled sheets, evidence, third parties' certificates. Returns the handle.

        Raises ``StepRefused`` where a kind names no document, or a document's name is taken.
        """
        name = prepared(session.approving, "assessment", lambda: new_handle("asm"))
        staged = self.seal_once(_spoken(application), application.assessor, session)
        body = AssessmentApplied(
            assessment=name,
            assessor=application.assessor,
            kind=application.kind,
            sheets=application.sheets,
            bundle=application.bundle,
            boundary=application.boundary,
            overview=staged.commitment,
            payload=staged.payload,
            body_digest=staged.body_digest,
            wraps=staged.wraps,
            storage=staged.storage,
            renews=application.renews,
            copies=staged.copies,
        )
        self.say(body, name, session)
        return name

    def read_application(self, name: str) -> Spoken:
        """Overview and documents, opened and compared."""
        found = self.assessment(name)
        return self.open(found.payload, found.overview, name)

    def application_kinds(self, spoken: Spoken) -> dict[str, DocumentKind]:
        """What each document of an application is; evidence where nothing (known) is said."""
        said, known = dict(spoken.rows), set(DocumentKind)
        return {
            name: DocumentKind(said[name]) if said.get(name) in known else DocumentKind.EVIDENCE
            for name, _ in spoken.files
            if name != CERTIFICATES
        }

    def application_certificates(self, spoken: Spoken) -> list[Certificate]:
        """The third parties' certificates of an application. Raises ``EncodingError`` where their list is damaged."""
        data = dict(spoken.files).get(CERTIFICATES)
        rows = cbor.decode(data) if data is not None else []
        made = []
        for row in rows if isinstance(rows, list) else []:
            fields = Fields(row, 4)
            made.append(Certificate(fields.text(), fields.text(), fields.text(), fields.number()))
        return made

    def ask_applicant(self, name: str, spoken: Spoken, session: Session) -> str:
        """The assessor asks; returns the question's handle."""
        question = new_handle("que")
        staged = self.seal(spoken, self.assessment(name).applicant)
        body = QuestionAsked(
            name,
            question,
            staged.commitment,
            staged.payload,
            staged.body_digest,
            staged.wraps,
            staged.storage,
            staged.copies,
        )
        self.say(body, name, session)
        return question

    def reply(self, name: str, question: str, spoken: Spoken, session: Session) -> None:
        """The applicant replies to a question."""
        staged = self.seal(spoken, self.assessment(name).assessor)
        body = QuestionReplied(
            name,
            question,
            staged.commitment,
            staged.payload,
            staged.body_digest,
            staged.wraps,
            staged.storage,
            staged.copies,
        )
        self.say(body, name, session)

    def questions(self, name: str) -> list[Question]:
        """All questions of an assessment, in the order in which they were asked."""
        self.assessment(name)
        with self._ledger.view() as state:
            return sorted(records.questions(state, name), key=lambda one: (one.asked_ms, one.handle))

    def read_question(self, one: Question) -> tuple[Spoken, Spoken | None]:
        """A question and its reply, if there is one, opened and compared."""
        asked = self.open(one.payload, one.commitment, one.assessment)
        if one.reply_payload is None or one.reply is None:
            return asked, None
        return asked, self.open(one.reply_payload, one.reply, one.assessment)

    def evaluate(self, name: str, finding: Finding, report: Spoken, session: Session) -> None:
        """The evaluator's finding, with a report sealed to the applicant."""
        staged = self.seal_once(report, self.assessment(name).applicant, session)
        body = AssessmentEvaluated(
            name,
            finding,
            staged.commitment,
            staged.payload,
            staged.body_digest,
            staged.wraps,
            staged.storage,
            staged.copies,
        )
        self.say(body, name, session)

    def read_evaluation(self, name: str) -> Spoken:
        """The newest evaluator's report, opened and compared. Raises ``RecordUnknown`` before there is one."""
        found = self.assessment(name)
        if found.report is None or found.report_payload is None:
            raise RecordUnknown(name=name)
        return self.open(found.report_payload, found.report, name)

    def decide_in_committee(self, name: str, ruling: Ruling, session: Session) -> None:
        """The committee's ruling."""
        self.say(CommitteeDecided(name, ruling), name, session)

    def decide_on_board(self, name: str, ruling: Ruling, session: Session) -> None:
        """The board's ruling."""
        self.say(BoardDecided(name, ruling), name, session)

    def publish(self, name: str, valid_until_ms: int, bundle: bytes, session: Session, data: bytes = b"") -> None:
        """Put it on the public list; ``bundle``: SHA-256 of the redacted bundle ``data``, kept so that the list can be written with it."""
        said = self.worded(AssessmentPublished(name, valid_until_ms, bundle), name, session)
        if data:
            self.keep(_BUNDLE, name, [data])
        self.send(said)

    def kept_bundles(self) -> dict[str, bytes]:
        """Assessment to the redacted bundle that its entry of the public list names, where it is kept here."""
        found: dict[str, bytes] = {}
        for one in self.listing():
            kept = self._documents.get(_BUNDLE, one.assessment)
            data = b"" if kept is None else Fields(kept.value, 1).octets()
            if sha256(data).digest() == one.bundle:
                found[one.assessment] = data
        return found

    def withdraw(self, name: str, reason: WithdrawnReason, session: Session) -> None:
        """Take it back, for good."""
        self.say(AssessmentWithdrawn(name, reason), name, session)

    def assessment(self, name: str) -> Assessment:
        """One assessment. Raises ``RecordUnknown`` for everybody but its two sides."""
        with self._ledger.view() as state:
            found = records.assessment(state, name)
        if found is None or self.institution not in (found.applicant, found.assessor):
            raise RecordUnknown(name=name)
        return found

    def assessments(self) -> list[Assessment]:
        """All assessments that this institution applied for or does, the newest first."""
        with self._ledger.view() as state:
            found = [records.assessment(state, name) for name in records.names_of(state, self.institution, "asm")]
        return sorted((one for one in found if one is not None), key=lambda one: (-one.applied_ms, one.handle))

    def trail(self, name: str) -> list[Step]:
        """The signed operations of an assessment, in order; the same for both sides."""
        self.assessment(name)
        steps = []
        for entry in self._ledger.entries(name):
            leaf = parse_leaf(entry.leaf)
            statement = parse_operation(leaf.envelope).statement
            actor = statement.actor
            steps.append(
                Step(entry.index, statement.kind, leaf.block_ms, actor.institution, actor.person, leaf.result == 0)
            )
        return steps

    def listing(self) -> list[Listed]:
        """The public list, the newest first."""
        with self._ledger.view() as state:
            return records.all_listed(state)

    def waiting_assessments(self) -> list[Assessment]:
        """Assessments in which the next step is this institution's."""
        return [one for one in self.assessments() if self._is_ours(one)]

    def _is_ours(self, one: Assessment) -> bool:
        if one.phase is Phase.APPLIED:
            return self.institution == (one.applicant if one.open_questions else one.assessor)
        return one.phase in (Phase.EVALUATED, Phase.ENDORSED, Phase.APPROVED) and self.institution == one.assessor


def _spoken(application: Application) -> Spoken:
    names = [name for name, _ in application.documents]
    if len({*names, CERTIFICATES}) != len(names) + 1 or {name for name, _ in application.kinds} - set(names):
        raise StepRefused(reason="assessment.documents")
    files = application.documents
    if application.certificates:
        rows: list[Value] = [[one.number, one.scope, one.issuer, one.expires_ms] for one in application.certificates]
        files = (*files, (CERTIFICATES, cbor.encode(rows)))
    return Spoken(application.overview, files, tuple((name, int(kind)) for name, kind in application.kinds))
