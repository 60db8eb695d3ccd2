"""Requests to vendors and boundaries of responsibility: make, read, answer, compare, agree, end.

Guarantees: answers and tables are opened here and compared with the ledger's commitments before they are shown; a refused form comes back
with what was typed. Refuses: what the flow's rules deny. Trusts: ``app.conformity.flows`` for permission and journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.conformity import desk
from akashi.app.conformity.library import boundary_tasks
from akashi.conformity.flow.boundary import Gap, Share, Situation, Table, compare_tables
from akashi.conformity.flow.comparison import Need
from akashi.conformity.flow.model import Boundary, RequestStatus, Wanted
from akashi.conformity.flow.rules import MAX_DUE_MS, decide_agree, decide_answer, decide_close, decide_end
from akashi.conformity.model import Reply
from akashi.errors import AkashiError
from akashi.ledger.rules import Allowed
from akashi.web.conformity.answering import FieldWrong
from akashi.web.conformity.desk import HOME, at_desk, desk_page, hand, known, nth, others, place, spoken, tone
from akashi.web.conformity.overview import crumbs
from akashi.web.conformity.showing import Typed, day_end
from akashi.web.exchange import chosen
from akashi.web.forms import Form
from akashi.web.rendering import texts, told
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_ASK = ("vendor", "what", "due", "text", "needs")
_REPLIES = {one.name.lower(): one for one in Reply}
_WORDS = {"はい": Reply.YES, "一部": Reply.PARTLY, "いいえ": Reply.NO, "対象外": Reply.NOT_APPLICABLE, **_REPLIES}
_MAX_ROWS, _MAX_RISK = 400, 5
_US, _THEM, _BOTH, _NONE = "us", "them", "both", "none"


def pairs(text: str, field: str) -> list[tuple[str, Reply, int]]:
    """Lines of ``item reply [risk]``. Raises :class:`FieldWrong`.

    >>> pairs("13-6 はい 3", "needs")
    [('13-6', <Reply.YES: 1>, 3)]
    """
    made = []
    for line in text.splitlines()[:_MAX_ROWS]:
        parts = line.split()
        if not parts:
            continue
        risk = parts[2] if len(parts) == 3 else "1"
        fits = len(parts) in (2, 3) and parts[1] in _WORDS and risk.isascii() and risk.isdigit()
        if not fits or not 1 <= int(risk[:3]) <= _MAX_RISK:
            raise FieldWrong(field=field)
        made.append((parts[0], _WORDS[parts[1]], int(risk)))
    return made


@router.post("/conformity/desk/requests", **needs("conformity.answer"))
def ask(visitor: Here, form: OwnForm) -> Response:
    """Ask a vendor for something by a day."""
    try:
        due = day_end(form.get("due"))
        now = visitor.gateway.clock.now_ms()
        if due is None or not now < due <= now + MAX_DUE_MS:
            raise FieldWrong(field="due")
        wanted = [Need(item, reply, risk) for item, reply, risk in pairs(form.get("needs"), "needs")]
        what = chosen(Wanted, form, "what")
        with at_desk(visitor, desk.ANSWER) as flow:
            name = flow.ask(form.get("vendor"), what, due, form.get("text").strip(), wanted, visitor.session)
    except AkashiError as error:
        return desk_page(visitor, error, {one: form.get(one) for one in _ASK}, "request")
    return to(place(name), notice="stepped")


@router.get("/conformity/desk/requests/{request}", **needs("conformity.read"))
def request(visitor: Here, request: str) -> Response:
    """A request, its answer, and how it compares with what is needed."""
    return _request(visitor, request)


def _request(
    visitor: Visitor, name: str, error: AkashiError | None = None, typed: Mapping[str, str] | None = None
) -> Response:
    gateway, names = visitor.gateway, visitor.gateway.names()
    with at_desk(visitor, desk.READ, known(name)) as flow:
        found = flow.request(name)
        ours = found.requester == gateway.institution
        answered = flow.read_answer(name) if found.status is not RequestStatus.OPEN and found.answer else None
        compared = flow.compare_answer(name) if ours and answered else []
        wanted = flow.needs(name) if ours else []
    who = hand(visitor)
    return visitor.page(
        "conformity_request.html",
        200 if error is None else error.http_status,
        error=None if error is None else told(error, visitor.language),
        crumbs=_trail(visitor, name),
        record=found,
        ours=ours,
        state=found.status.name.lower(),
        tone=tone(found.status),
        what=found.what.name.lower(),
        requester=names.get(found.requester, found.requester),
        vendor=names.get(found.vendor, found.vendor),
        answer=answered,
        needs=[(one.item, one.reply.name.lower(), one.risk) for one in wanted],
        compared=[
            {
                "item": one.item,
                "outcome": one.outcome.name.lower(),
                "needed": one.needed.name.lower(),
                "given": one.given.name.lower() if one.given else "",
                "risk": one.risk,
            }
            for one in compared
        ],
        form=Typed(typed or {}),
        can_answer=visitor.may(desk.ANSWER) and isinstance(decide_answer(found, who), Allowed),
        can_close=visitor.may(desk.ANSWER) and isinstance(decide_close(found, who), Allowed),
    )


def _trail(visitor: Visitor, name: str) -> list[tuple[str, str]]:
    return crumbs(visitor, (HOME, texts(visitor.language)("cf.desk")), (place(name), name))


@router.post("/conformity/desk/requests/{request}/answer", **needs("conformity.answer"))
def answer(visitor: Here, request: str, form: OwnForm) -> Response:
    """The signed answer, sealed to who asked."""
    try:
        said = spoken(form)
        rows = tuple((item, int(reply)) for item, reply, _ in pairs(form.get("rows"), "rows"))
        with at_desk(visitor, desk.ANSWER, known(request)) as flow:
            flow.answer(request, type(said)(said.text, said.files, rows), visitor.session)
    except AkashiError as error:
        return _request(visitor, request, error, {"text": form.get("text"), "rows": form.get("rows")})
    return to(place(request), notice="stepped")


@router.get("/conformity/desk/requests/{request}/files/{number}", **needs("conformity.read"))
def answer_file(visitor: Here, request: str, number: int) -> Response:
    """A file of the answer, opened here."""
    with at_desk(visitor, desk.READ, known(request)) as flow:
        return nth(flow.read_answer(request).files, number, request)


@router.post("/conformity/desk/requests/{request}/close", **needs("conformity.answer"))
def close(visitor: Here, request: str, _form: OwnForm) -> Response:
    """Nothing more is needed."""
    with at_desk(visitor, desk.ANSWER, known(request)) as flow:
        flow.close_request(request, visitor.session)
    return to(place(request), notice="stepped")


@router.get("/conformity/desk/boundary", **needs("conformity.submit"))
def draft(visitor: Here) -> Response:
    """The form for a new boundary of responsibility."""
    return _draft(visitor)


def _draft(visitor: Visitor, error: AkashiError | None = None, typed: Mapping[str, str] | None = None) -> Response:
    language = visitor.language
    rows = [
        (f"{task.id}-{situation.name.lower()}", task.title.of(language), situation.name.lower())
        for task in boundary_tasks()
        for situation in task.situations
    ]
    return visitor.page(
        "conformity_boundary_new.html",
        200 if error is None else error.http_status,
        error=None if error is None else told(error, language),
        crumbs=crumbs(visitor, (HOME, texts(language)("cf.desk")), ("", texts(language)("cf.boundary_new"))),
        rows=rows,
        choices=(_US, _THEM, _BOTH, _NONE),
        form=Typed(typed or {}),
        institutions=others(visitor),
    )


@router.post("/conformity/desk/boundaries", **needs("conformity.submit"))
def propose(visitor: Here, form: OwnForm) -> Response:
    """Propose a table to the other side, sealed."""
    try:
        other = form.get("other")
        if other not in dict(others(visitor)):
            raise FieldWrong(field="other")
        table = _table(form, visitor.gateway.institution, other)
        with at_desk(visitor, desk.SUBMIT) as flow:
            name = flow.propose(other, table, form.get("text").strip(), visitor.session)
    except AkashiError as error:
        return _draft(visitor, error, form.values)
    return to(place(name), notice="stepped")


def _table(form: Form, own: str, other: str) -> Table:
    """What the form shares out; what stays empty is nobody's."""
    parties = {_US: (own,), _THEM: (other,), _BOTH: (own, other), _NONE: ("",)}
    shares = []
    for task in boundary_tasks():
        for situation in task.situations:
            key = f"{task.id}-{situation.name.lower()}"
            beneath = form.get(f"sub-{key}").strip()[:100]
            shares += [
                Share(task.id, situation, party, beneath if party else "")
                for party in parties.get(form.get(f"who-{key}"), ())
            ]
    return Table((own, other), tuple(shares))


@router.get("/conformity/desk/boundaries/{boundary}", **needs("conformity.read"))
def boundary(visitor: Here, boundary: str) -> Response:
    """A boundary as a table, with what nobody has."""
    gateway, names = visitor.gateway, visitor.gateway.names()
    with at_desk(visitor, desk.READ, known(boundary)) as flow:
        found, table = flow.boundary(boundary), flow.table(boundary)
    who = hand(visitor)
    return visitor.page(
        "conformity_boundary.html",
        crumbs=_trail(visitor, boundary),
        boundary=found,
        state=found.status.name.lower(),
        tone=tone(found.status),
        proposer=names.get(found.proposer, found.proposer),
        other=names.get(found.other, found.other),
        rows=_rows(visitor, table, names),
        gaps=len(_gaps(table)),
        digest=found.digest.hex(),
        can_agree=visitor.may(desk.SUBMIT) and isinstance(decide_agree(found, who, found.digest), Allowed),
        can_end=visitor.may(desk.SUBMIT) and isinstance(decide_end(found, who), Allowed),
        mine=found.proposer == gateway.institution,
    )


def _gaps(table: Table) -> Sequence[Gap]:
    return compare_tables(boundary_tasks(), [table])


def _rows(visitor: Visitor, table: Table, names: Mapping[str, str]) -> list[dict[str, object]]:
    titles = {one.id: one.title.of(visitor.language) for one in boundary_tasks()}
    gaps = {(one.task, one.situation): one.trouble.name.lower() for one in _gaps(table)}
    keys = {(task.id, situation): None for task in boundary_tasks() for situation in task.situations}
    keys |= {(one.task, one.situation): None for one in table.shares}
    return [_line(table, task, situation, titles, gaps, names) for task, situation in keys]


def _line(
    table: Table,
    task: str,
    situation: Situation,
    titles: Mapping[str, str],
    gaps: Mapping[tuple[str, Situation], str],
    names: Mapping[str, str],
) -> dict[str, object]:
    shares = [one for one in table.shares if (one.task, one.situation) == (task, situation)]
    return {
        "title": titles.get(task, task),
        "situation": situation.name.lower(),
        "parties": [(names.get(one.party, one.party), one.subcontractor) for one in shares if one.party],
        "absent": any(not one.party for one in shares),
        "trouble": gaps.get((task, situation), ""),
    }


@router.post("/conformity/desk/boundaries/{boundary}/agree", **needs("conformity.submit"))
def agree(visitor: Here, boundary: str, _form: OwnForm) -> Response:
    """Agree to the table as it was proposed."""
    with at_desk(visitor, desk.SUBMIT, known(boundary)) as flow:
        flow.agree(boundary, visitor.session)
    return to(place(boundary), notice="stepped")


@router.post("/conformity/desk/boundaries/{boundary}/end", **needs("conformity.submit"))
def end(visitor: Here, boundary: str, _form: OwnForm) -> Response:
    """End a boundary."""
    with at_desk(visitor, desk.SUBMIT, known(boundary)) as flow:
        flow.end_boundary(boundary, visitor.session)
    return to(place(boundary), notice="stepped")


def agreed(boundaries: Sequence[Boundary]) -> list[Boundary]:
    """Those that both sides agreed to."""
    return [one for one in boundaries if one.agreed_ms is not None and one.ended_ms is None]
