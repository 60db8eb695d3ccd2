"""An assessment from both sides: apply, ask and reply, evaluate, decide in committee and board, publish, withdraw.

Guarantees: an application is put together from what is recorded here (filled sheets, evidence, the bundle sealed to the assessor); each
form is shown only to whom the flow's rules would allow the step now; what is published names the SHA-256 of the redacted bundle. Refuses:
what the rules deny, the same person twice among them. Trusts: ``app.conformity`` for permission and journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.conformity import desk, exports, flows
from akashi.app.conformity.bundles import make_bundle
from akashi.app.conformity.flows import ASSESS, DECIDE, PUBLISH
from akashi.conformity.errors import RecordUnknown
from akashi.conformity.flow import rules
from akashi.conformity.flow.listing import export_list
from akashi.conformity.flow.model import (
    ApplicantKind,
    Application,
    Assessment,
    Finding,
    Hand,
    Phase,
    Question,
    Ruling,
    WithdrawnReason,
)
from akashi.conformity.flow.service import Flow
from akashi.conformity.model import DAY_MS, Audience
from akashi.errors import AkashiError
from akashi.identity.model import InstitutionRole
from akashi.ledger.rules import Allowed
from akashi.web.conformity.agreements import agreed
from akashi.web.conformity.answering import FieldWrong
from akashi.web.conformity.desk import HOME, assessment_row, at_desk, hand, known, nth, others, place, spoken
from akashi.web.conformity.downloads import archive, file_response
from akashi.web.conformity.overview import crumbs
from akashi.web.conformity.showing import Typed, day_end
from akashi.web.exchange import chosen, words
from akashi.web.forms import Form, FormInvalid
from akashi.web.rendering import texts, told
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_BOOK = "book-"
_STEPS = {
    "ask": ASSESS,
    "reply": desk.ANSWER,
    "evaluate": ASSESS,
    "committee": DECIDE,
    "board": DECIDE,
    "publish": PUBLISH,
    "withdraw": desk.SUBMIT,
    "revoke": PUBLISH,
}


@router.get("/conformity/desk/apply", **needs("conformity.submit"))
def draft(visitor: Here) -> Response:
    """The form of an application."""
    return _draft(visitor)


def _draft(visitor: Visitor, error: AkashiError | None = None, typed: Mapping[str, str] | None = None) -> Response:
    language, names = visitor.language, visitor.gateway.names()
    with at_desk(visitor, desk.SUBMIT) as flow:
        boundaries = agreed(flow.boundaries())
        published = [one for one in flow.assessments() if one.phase is Phase.PUBLISHED]
    books = visitor.gateway.conformity.books.shelf.catalogues
    assessors = desk_assessors(visitor)
    return visitor.page(
        "conformity_apply.html",
        200 if error is None else error.http_status,
        error=None if error is None else told(error, language),
        crumbs=crumbs(visitor, (HOME, texts(language)("cf.desk")), ("", texts(language)("cf.apply_new"))),
        assessors=assessors,
        applicants=words(ApplicantKind),
        books=[(one.id, one.title.of(language)) for one in books if one.status != "superseded"],
        boundaries=[
            (one.handle, names.get(one.other if one.proposer == visitor.gateway.institution else one.proposer, ""))
            for one in boundaries
        ],
        published=[one.handle for one in published if one.applicant == visitor.gateway.institution],
        form=Typed(typed or {}),
    )


def desk_assessors(visitor: Visitor) -> list[tuple[str, str]]:
    """Institutions that assess."""
    return others(visitor, InstitutionRole.ASSESSOR)


@router.post("/conformity/desk/assessments", **needs("conformity.submit"))
def apply(visitor: Here, form: OwnForm) -> Response:
    """Submit an application."""
    try:
        with at_desk(visitor, desk.SUBMIT) as flow:
            name = flow.apply(_application(visitor, flow, form), visitor.session)
    except AkashiError as error:
        return _draft(visitor, error, form.values)
    return to(place(name), notice="stepped")


def _application(visitor: Visitor, flow: Flow, form: Form) -> Application:
    """Sheets, evidence and bundle as they are recorded here now. Raises :class:`FieldWrong`, ``RecordUnknown`` without a run."""
    gateway = visitor.gateway
    books = tuple(name.removeprefix(_BOOK) for name in form.values if name.startswith(_BOOK))
    assessor = form.get("assessor")
    if assessor not in dict(desk_assessors(visitor)):
        raise FieldWrong(field="assessor")
    if not books:
        raise FieldWrong(field="books")
    if not form.get("overview").strip():
        raise FieldWrong(field="overview")
    wish = exports.Wish(exports.Form.HISPRO, Audience.ASSESSOR, books)
    sheets = exports.export(gateway, visitor.session, wish)
    bundle = make_bundle(gateway, audience=Audience.ASSESSOR, assessor=assessor)
    boundary = flow.boundary(known(form.get("boundary"))).digest if form.get("boundary") else sha256(b"").digest()
    documents = [*sheets.items(), ("bundle.akashi", bundle), *_evidence(visitor, frozenset(books))]
    return Application(
        assessor,
        chosen(ApplicantKind, form, "kind"),
        tuple(sha256(data).digest() for data in sheets.values()),
        sha256(bundle).digest(),
        boundary,
        form.get("overview").strip(),
        tuple(documents),
        known(form.get("renews")) if form.get("renews") else None,
    )


def _evidence(visitor: Visitor, books: frozenset[str]) -> list[tuple[str, bytes]]:
    """The evidence files that the answers of these sheets name, in one archive: a sealed payload has few parts."""
    answers = visitor.gateway.conformity.answers
    named = {handle for one in answers.all() if one.catalogue in books for handle in one.evidence}
    files = {}
    for handle in sorted(named):
        file, data = answers.read_evidence(handle)
        files[f"{handle}/{file.name}"] = data
    return [("evidence.zip", archive(files))] if files else []


@router.get("/conformity/desk/assessments/{assessment}", **needs("conformity.read"))
def assessment(visitor: Here, assessment: str) -> Response:
    """One assessment: where it stands, what was asked and replied, and the steps that this person may take."""
    return _page(visitor, assessment)


def _page(
    visitor: Visitor, name: str, error: AkashiError | None = None, typed: Mapping[str, str] | None = None
) -> Response:
    names, language = visitor.gateway.names(), visitor.language
    with at_desk(visitor, desk.READ, known(name)) as flow:
        found = flow.assessment(name)
        questions = [_question(flow, one) for one in flow.questions(name)]
        report = flow.read_evaluation(name) if found.report is not None else None
        application = flow.read_application(name)
        trail = flow.trail(name)
    own = {one.person: one.name for one in visitor.gateway.accounts.accounts()}
    return visitor.page(
        "conformity_assessment.html",
        200 if error is None else error.http_status,
        error=None if error is None else told(error, language),
        crumbs=crumbs(visitor, (HOME, texts(language)("cf.desk")), (place(name), name)),
        row=assessment_row(found, names),
        assessment=found,
        overview=application.text,
        documents=[(at, file, len(data)) for at, (file, data) in enumerate(application.files)],
        questions=questions,
        report=report,
        trail=[
            {
                "index": one.index,
                "kind": one.kind.replace(".", "_"),
                "block_ms": one.block_ms,
                "institution": names.get(one.institution, one.institution),
                "person": own.get(one.person or "", one.person or ""),
                "accepted": one.accepted,
            }
            for one in trail
        ],
        steps=_steps(visitor, found, hand(visitor)),
        findings=words(Finding),
        rulings=words(Ruling),
        reasons=words(WithdrawnReason),
        form=Typed(typed or {}),
    )


def _question(flow: Flow, one: Question) -> dict[str, object]:
    asked, replied = flow.read_question(one)
    return {
        "handle": one.handle,
        "asked_ms": one.asked_ms,
        "replied_ms": one.replied_ms,
        "text": asked.text,
        "reply": replied.text if replied else "",
        "files": [name for name, _ in asked.files],
        "reply_files": [name for name, _ in replied.files] if replied else [],
    }


def _steps(visitor: Visitor, found: Assessment, who: Hand) -> set[str]:
    """What the rules would allow this person now."""
    now = visitor.gateway.clock.now_ms()
    decided = {
        "ask": rules.decide_question(found, who),
        "reply": rules.decide_reply(found, who, replied=False),
        "evaluate": rules.decide_evaluate(found, who),
        "committee": rules.decide_committee(found, who, Ruling.RETURNED),
        "board": rules.decide_board(found, who),
        "publish": rules.decide_publish(found, who, now + DAY_MS, now),
        "withdraw" if found.applicant == who.institution else "revoke": rules.decide_withdraw(found, who),
    }
    return {name for name, one in decided.items() if isinstance(one, Allowed) and visitor.may(_STEPS[name])}


@router.get("/conformity/desk/assessments/{assessment}/documents/{number}", **needs("conformity.read"))
def document(visitor: Here, assessment: str, number: int) -> Response:
    """One submitted document, opened here."""
    with at_desk(visitor, desk.READ, known(assessment)) as flow:
        return nth(flow.read_application(assessment).files, number, assessment)


@router.get("/conformity/desk/assessments/{assessment}/evaluation/{number}", **needs("conformity.read"))
def evaluation_file(visitor: Here, assessment: str, number: int) -> Response:
    """A file of the evaluator's report, opened here."""
    with at_desk(visitor, desk.READ, known(assessment)) as flow:
        return nth(flow.read_evaluation(assessment).files, number, assessment)


@router.get(
    "/conformity/desk/assessments/{assessment}/questions/{question}/{side}/{number}", **needs("conformity.read")
)
def question_file(visitor: Here, assessment: str, question: str, side: str, number: int) -> Response:
    """A file of a question (``asked``) or of its reply (``replied``), opened here."""
    with at_desk(visitor, desk.READ, known(assessment)) as flow:
        found = next((one for one in flow.questions(assessment) if one.handle == question), None)
        if found is None:
            raise RecordUnknown(name=assessment)
        asked, replied = flow.read_question(found)
        chosen_ = asked if side == "asked" else replied
        return nth(chosen_.files if chosen_ else (), number, assessment)


@router.post("/conformity/desk/assessments/{assessment}/questions", **needs("conformity.assess"))
def ask(visitor: Here, assessment: str, form: OwnForm) -> Response:
    """Ask the applicant."""
    try:
        _said(form)
        with at_desk(visitor, ASSESS, known(assessment)) as flow:
            flow.ask_applicant(assessment, spoken(form), visitor.session)
    except AkashiError as error:
        return _page(visitor, assessment, error, {"ask": form.get("text")})
    return to(place(assessment), notice="stepped")


def _said(form: Form) -> None:
    if not form.get("text").strip():
        raise FieldWrong(field="text")


@router.post("/conformity/desk/assessments/{assessment}/questions/{question}", **needs("conformity.answer"))
def reply(visitor: Here, assessment: str, question: str, form: OwnForm) -> Response:
    """Reply to a question of the assessor."""
    try:
        _said(form)
        with at_desk(visitor, desk.ANSWER, known(assessment)) as flow:
            flow.reply(assessment, known(question), spoken(form), visitor.session)
    except AkashiError as error:
        return _page(visitor, assessment, error, {question: form.get("text")})
    return to(place(assessment), notice="stepped")


@router.post("/conformity/desk/assessments/{assessment}/evaluate", **needs("conformity.assess"))
def evaluate(visitor: Here, assessment: str, form: OwnForm) -> Response:
    """The evaluator's finding and report."""
    try:
        _said(form)
        finding = chosen(Finding, form, "finding")
        with at_desk(visitor, ASSESS, known(assessment)) as flow:
            flow.evaluate(assessment, finding, spoken(form), visitor.session)
    except AkashiError as error:
        typed = {"evaluate": form.get("text"), "finding": form.get("finding")}
        return _page(visitor, assessment, error, typed)
    return to(place(assessment), notice="stepped")


@router.post("/conformity/desk/assessments/{assessment}/ruling", **needs("conformity.decide"))
def ruling(visitor: Here, assessment: str, form: OwnForm) -> Response:
    """The ruling of the committee, or of the board."""
    try:
        decided = chosen(Ruling, form, "ruling")
        with at_desk(visitor, DECIDE, known(assessment)) as flow:
            step = {"committee": flow.decide_in_committee, "board": flow.decide_on_board}.get(form.get("as"))
            if step is None:
                raise FormInvalid
            step(assessment, decided, visitor.session)
    except AkashiError as error:
        return _page(visitor, assessment, error, {"ruling": form.get("ruling")})
    return to(place(assessment), notice="stepped")


@router.post("/conformity/desk/assessments/{assessment}/publish", **needs("conformity.publish"))
def publish(visitor: Here, assessment: str, form: OwnForm) -> Response:
    """Put it on the public list with the redacted bundle's SHA-256; the bundle must verify and be of the run that was assessed."""
    try:
        until = day_end(form.get("until"))
        if until is None:
            raise FieldWrong(field="until")
        if not form.data:
            raise FieldWrong(field="file")
        with at_desk(visitor, PUBLISH, known(assessment)) as flow:
            flows.publish(visitor.gateway, flow, visitor.session, assessment, form.data, until)
    except AkashiError as error:
        return _page(visitor, assessment, error, {"until": form.get("until")})
    return to(place(assessment), notice="stepped")


@router.post("/conformity/desk/assessments/{assessment}/withdraw", **needs("conformity.submit"))
def withdraw(visitor: Here, assessment: str, form: OwnForm) -> Response:
    """The applicant takes it back, for good."""
    return _withdrawn(visitor, assessment, form, desk.SUBMIT)


@router.post("/conformity/desk/assessments/{assessment}/revoke", **needs("conformity.publish"))
def revoke(visitor: Here, assessment: str, form: OwnForm) -> Response:
    """The assessor's board takes it back, for good."""
    return _withdrawn(visitor, assessment, form, PUBLISH)


def _withdrawn(visitor: Visitor, name: str, form: Form, action: str) -> Response:
    try:
        with at_desk(visitor, action, known(name)) as flow:
            flow.withdraw(name, chosen(WithdrawnReason, form, "reason"), visitor.session)
    except AkashiError as error:
        return _page(visitor, name, error)
    return to(place(name), notice="stepped")


@router.get("/conformity/list", **needs("conformity.read"))
def listing(visitor: Here) -> Response:
    """The public list as a folder of static files, to be put on any web server."""
    with at_desk(visitor, desk.READ) as flow:
        names, now = visitor.gateway.names(), visitor.gateway.clock.now_ms()
        files = export_list(flow.listing(), names, now, flow.kept_bundles())
    return file_response("conformity-list.zip", "application/zip", archive(files))
