"""Signed reports, the start of production, third parties' certificates.

Guarantees: a report goes to a named colleague and is asked for until that person has received it; a system stays flagged until every
applicable item has a verdict and what fails has an accepted risk. Refuses: what the flow's rules deny. Trusts: ``app.conformity.flows``.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.conformity import desk
from akashi.app.conformity.comparing import recorded_decisions
from akashi.conformity.errors import RecordUnknown
from akashi.conformity.flow.model import Certificate
from akashi.conformity.flow.rules import decide_accept_risk, decide_start
from akashi.conformity.model import DAY_MS, Mode, Verdict
from akashi.errors import AkashiError
from akashi.ledger.rules import Allowed
from akashi.web.conformity.answering import FieldWrong
from akashi.web.conformity.desk import HOME, at_desk, colleagues, desk_page, hand, known, nth, place, spoken
from akashi.web.conformity.overview import address, crumbs, seat_of
from akashi.web.conformity.showing import SIGNS, TONES, Typed, day_end
from akashi.web.rendering import texts, told
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_CERTIFICATE = ("name", "number", "scope", "issuer", "expires")
_MAX_NAME = 60


def _trail(visitor: Visitor, name: str) -> list[tuple[str, str]]:
    return crumbs(visitor, (HOME, texts(visitor.language)("cf.desk")), (place(name), name))


@router.get("/conformity/report/{catalogue}/{item}", **needs("conformity.answer"))
def draft(visitor: Here, catalogue: str, item: str) -> Response:
    """The form for a report about an item."""
    return _draft(visitor, catalogue, item)


def _draft(
    visitor: Visitor,
    catalogue: str,
    item: str,
    error: AkashiError | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    shelf, language = visitor.gateway.conformity.books.shelf, visitor.language
    book, found = shelf.catalogue(catalogue), shelf.item(catalogue, item)
    return visitor.page(
        "conformity_report_new.html",
        200 if error is None else error.http_status,
        error=None if error is None else told(error, language),
        crumbs=crumbs(
            visitor,
            (address(catalogue), book.title.of(language)),
            (address(catalogue, item), item),
            ("", texts(language)("cf.report_new")),
        ),
        text_of_item=found.text.of(language),
        post_to=f"/conformity/report/{address(catalogue, item).removeprefix('/conformity/sheets/')}",
        people=colleagues(visitor),
        form=Typed(typed or {}),
    )


@router.post("/conformity/report/{catalogue}/{item}", **needs("conformity.answer"))
def report(visitor: Here, catalogue: str, item: str, form: OwnForm) -> Response:
    """Report to a colleague, signed."""
    book = visitor.gateway.conformity.books.shelf.catalogue(catalogue)
    try:
        if not form.get("text").strip():
            raise FieldWrong(field="text")
        with at_desk(visitor, desk.ANSWER) as flow:
            name = flow.report(form.get("to"), book, item, spoken(form), visitor.session)
    except AkashiError as error:
        return _draft(visitor, catalogue, item, error, {"to": form.get("to"), "text": form.get("text")})
    return to(place(name), notice="stepped")


@router.get("/conformity/desk/reports/{report}", **needs("conformity.read"))
def show_report(visitor: Here, report: str) -> Response:
    """A report with its words."""
    with at_desk(visitor, desk.READ, known(report)) as flow:
        found = next((one for one in flow.reports() if one.record.handle == report), None)
        if found is None:
            raise RecordUnknown(name=report)
        files = [name for name, _ in flow.report_files(report)]
    people = {one.person: one.name for one in visitor.gateway.accounts.accounts()}
    return visitor.page(
        "conformity_report.html",
        crumbs=_trail(visitor, report),
        report=found,
        files=files,
        href=address(found.catalogue, found.item),
        maker=people.get(found.record.maker, found.record.maker),
        reader=people.get(found.record.to, found.record.to),
        can_receive=visitor.may(desk.ANSWER)
        and found.record.to == visitor.session.person
        and found.record.received_ms is None,
    )


@router.get("/conformity/desk/reports/{report}/files/{number}", **needs("conformity.read"))
def report_file(visitor: Here, report: str, number: int) -> Response:
    """A file of a report, opened here."""
    with at_desk(visitor, desk.READ, known(report)) as flow:
        return nth(flow.report_files(report), number, report)


@router.post("/conformity/desk/reports/{report}/receive", **needs("conformity.answer"))
def receive(visitor: Here, report: str, _form: OwnForm) -> Response:
    """Say that one has read it."""
    with at_desk(visitor, desk.ANSWER, known(report)) as flow:
        flow.receive_report(report, visitor.session)
    return to(place(report), notice="stepped")


@router.post("/conformity/desk/productions", **needs("conformity.submit"))
def flag(visitor: Here, form: OwnForm) -> Response:
    """Flag a system that is to start, with the verdicts of the newest run."""
    conformity = visitor.gateway.conformity
    try:
        book = conformity.books.shelf.catalogue(form.get("catalogue"))
        runs = seat_of(visitor).runs()
        if not runs:
            raise RecordUnknown(name="run")
        leaves = {f"{book.id}/{one.id}" for one in book.items if one.mode is not Mode.GROUP}
        recorded = recorded_decisions(conformity, runs[0].run)
        decisions = [one for one in recorded.values() if f"{one.catalogue}/{one.item}" in leaves]
        with at_desk(visitor, desk.SUBMIT) as flow:
            again = known(form.get("again")) if form.get("again") else ""
            name = flow.flag(runs[0].run, book, decisions, visitor.session, again)
    except AkashiError as error:
        return desk_page(visitor, error, {"catalogue": form.get("catalogue")}, "production")
    return to(place(name), notice="stepped")


@router.get("/conformity/desk/productions/{production}", **needs("conformity.read"))
def production(visitor: Here, production: str) -> Response:
    """A system about to start, and what keeps it."""
    return _production(visitor, production)


def _production(
    visitor: Visitor, name: str, error: AkashiError | None = None, typed: Mapping[str, str] | None = None
) -> Response:
    with at_desk(visitor, desk.READ, known(name)) as flow:
        found = next((one for one in flow.productions() if one.handle == name), None)
    if found is None:
        raise RecordUnknown(name=name)
    now, who, language = visitor.gateway.clock.now_ms(), hand(visitor), visitor.language
    books = visitor.gateway.conformity.books.shelf.catalogues
    book = next((one for one in books if one.digest == found.catalogue), None)
    return visitor.page(
        "conformity_production.html",
        200 if error is None else error.http_status,
        error=None if error is None else told(error, language),
        crumbs=_trail(visitor, name),
        production=found,
        title=book.title.of(language) if book else found.catalogue.hex()[:16],
        book=book.id if book else "",
        counts=[(kind.name.lower(), TONES[kind], SIGNS[kind], found.counts[kind - 1]) for kind in Verdict],
        open=found.counts[Verdict.UNDECIDED - 1],
        fails=found.counts[Verdict.FAILS - 1],
        can_risk=visitor.may(desk.SUBMIT) and isinstance(decide_accept_risk(found, who, now + DAY_MS, now), Allowed),
        can_start=visitor.may(desk.SUBMIT) and isinstance(decide_start(found, who, now), Allowed),
        form=Typed(typed or {}),
    )


@router.post("/conformity/desk/productions/{production}/risk", **needs("conformity.submit"))
def risk(visitor: Here, production: str, form: OwnForm) -> Response:
    """Accept, for a time and with the reason, that something fails."""
    try:
        until = day_end(form.get("until"))
        if until is None:
            raise FieldWrong(field="until")
        if not form.get("text").strip():
            raise FieldWrong(field="text")
        with at_desk(visitor, desk.SUBMIT, known(production)) as flow:
            flow.accept_risk(production, form.get("text").strip(), until, visitor.session)
    except AkashiError as error:
        return _production(visitor, production, error, {"text": form.get("text"), "until": form.get("until")})
    return to(place(production), notice="stepped")


@router.post("/conformity/desk/productions/{production}/start", **needs("conformity.submit"))
def start(visitor: Here, production: str, _form: OwnForm) -> Response:
    """The system runs from now on."""
    with at_desk(visitor, desk.SUBMIT, known(production)) as flow:
        flow.start_production(production, visitor.session)
    return to(place(production), notice="stepped")


@router.post("/conformity/desk/certificates", **needs("conformity.answer"))
def certificate(visitor: Here, form: OwnForm) -> Response:
    """Keep a third party's certificate here."""
    try:
        expires = day_end(form.get("expires"))
        for field in ("name", "number", "scope", "issuer"):
            if not form.get(field).strip() or len(form.get(field)) > _MAX_NAME * 5:
                raise FieldWrong(field=field)
        if expires is None:
            raise FieldWrong(field="expires")
        with at_desk(visitor, desk.ANSWER) as flow:
            kept = Certificate(form.get("number"), form.get("scope"), form.get("issuer"), expires)
            flow.keep_certificate(form.get("name").strip()[:_MAX_NAME], kept)
    except AkashiError as error:
        return desk_page(visitor, error, {name: form.get(name) for name in _CERTIFICATE}, "certificate")
    return to(HOME, notice="stepped")
