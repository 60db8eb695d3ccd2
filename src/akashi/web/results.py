"""Results on the screen: the people of a transfer, a draft or a file; one person; paper and the emergency export.

Guarantees: what is shown is held for this session only and was recorded before it is shown (``app.checkup.showing``); an address names a
person by their place in the list, never by an id or a name, and what is searched for stands in no address. Refuses other words than the
enums' own.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.checkup import showing
from akashi.checkup.errors import PersonUnknown
from akashi.checkup.report.paper import MOST_PRINTED
from akashi.checkup.report.people import Person
from akashi.checkup.report.view import Cell, PersonView, Row, remarks
from akashi.checkup.report.words import SEXES, day, one_of, words
from akashi.errors import AkashiError
from akashi.exchange.model import Destination, ReadPurpose
from akashi.web.exchange import chosen, download
from akashi.web.exchange import words as enum_words
from akashi.web.forms import FormInvalid
from akashi.web.rendering import told
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_PER_PAGE = 100
_MAX_NAME = 200


@router.get("/results", **needs("checkup.convert"))
def choose(visitor: Here) -> Response:
    """The form for a file whose results are to be looked at; nothing is sent."""
    return _choose(visitor)


def _choose(visitor: Visitor, error: AkashiError | None = None) -> Response:
    shown = None if error is None else told(error, visitor.language)
    return visitor.page("results_choose.html", 200 if error is None else error.http_status, error=shown)


@router.post("/results", **needs("checkup.convert"))
def open_file(visitor: Here, form: OwnForm) -> Response:
    """Read a file of any format in memory and show its people."""
    if form.data is None:
        raise FormInvalid
    name = "".join(c for c in form.file_name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())[:_MAX_NAME]
    try:
        key = showing.open_file(visitor.gateway, visitor.session, name, form.data)
    except AkashiError as error:
        return _choose(visitor, error)
    return to(f"/results/{key}")


@router.post("/transfers/{name}/results", **needs("transfer.open"))
def open_received(visitor: Here, name: str, form: OwnForm) -> Response:
    """Open a received transfer, recorded first, and show its people."""
    purpose = chosen(ReadPurpose, form, "purpose")
    return to(f"/results/{showing.open_received(visitor.gateway, visitor.session, name, purpose)}")


@router.post("/send/{draft}/results", **needs("transfer.send"))
def open_draft(visitor: Here, draft: str, _form: OwnForm) -> Response:
    """Show the people of a draft as its receiver will see them."""
    return to(f"/results/{showing.open_draft(visitor.gateway, visitor.session, draft)}")


@router.get("/results/{held}", **needs("checkup.convert"))
def people(visitor: Here, held: str, page: str = "1") -> Response:
    """The list of people."""
    return _people(visitor, held, "", _number(page))


@router.post("/results/{held}", **needs("checkup.convert"))
def search(visitor: Here, held: str, form: OwnForm) -> Response:
    """The people whose id, kana, name or birth fits; a form, so that what is searched for stands in no address."""
    return _people(visitor, held, form.get("wanted"), 1)


def _people(visitor: Visitor, held: str, wanted: str, page: int) -> Response:
    found, fitting = showing.listed(visitor.gateway, visitor.session, held, wanted)
    pages = max(1, -(-len(fitting) // _PER_PAGE))
    page = min(max(page, 1), pages)
    return visitor.page(
        "results.html",
        held=held,
        found={
            "total": len(found.people),
            "fitting": len(fitting),
            "transfer": found.transfer,
            "findings": found.findings,
            "unread": found.unread,
            "left_out": found.left_out,
            "sources": [(one.name, one.format) for one in found.sources],
        },
        people=[_line(one, visitor.language) for one in fitting[(page - 1) * _PER_PAGE : page * _PER_PAGE]],
        wanted=wanted,
        # A search is one page: it is to be narrowed, not leafed through, and an address cannot carry it.
        pages=range(1, pages + 1) if not wanted and pages > 1 else (),
        at=page,
        most_printed=MOST_PRINTED,
        **_ways(found.purpose),
    )


def _line(one: Person, language: str) -> dict[str, object]:
    return {
        "number": one.number,
        "id": one.identifier,
        "kana": one.kana,
        "name": one.name,
        "birth": day(one.birth, language),
        "sex": one_of(SEXES[one.sex], language) if one.sex in SEXES else one.sex,
        "visits": "、".join(text or "－" for text in one.visits),
    }


def _ways(purpose: ReadPurpose | None) -> dict[str, Any]:
    """What the forms for taking out offer; the purpose of the opening stands first."""
    chosen_first = (purpose or ReadPurpose.CHECKUP_RESULT).name.lower()
    return {"purposes": enum_words(ReadPurpose), "purpose": chosen_first, "destinations": enum_words(Destination)}


@router.get("/results/{held}/{number}", **needs("checkup.convert"))
def person(visitor: Here, held: str, number: str) -> Response:
    """One person's results."""
    found, view = showing.person(visitor.gateway, visitor.session, held, _number(number), visitor.language)
    return visitor.page(
        "results_person.html",
        held=held,
        number=_number(number),
        total=len(found.people),
        view=_shown(view),
        said=words(view.language),
        **_ways(found.purpose),
    )


def _number(text: str) -> int:
    """A place in the list. Raises ``PersonUnknown``."""
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise PersonUnknown
    return int(text)


def _shown(view: PersonView) -> dict[str, object]:
    return {
        "title": view.title,
        "facts": view.facts,
        "visits": [{"day": one.day or one.shown, "shown": one.shown, "facts": one.facts} for one in view.visits],
        "left_out": words(view.language)["left_out"].format(count=view.left_out) if view.left_out else "",
        "sections": [
            {"title": one.title, "rows": [_row(row, view.language) for row in one.rows]} for one in view.sections
        ],
    }


def _row(row: Row, language: str) -> dict[str, object]:
    cells = [_cell(one, language) if one else None for one in row.cells]
    return {
        "name": row.name,
        "note": row.note,
        "unit": row.unit,
        "range": row.range,
        "wide": row.wide,
        "now": cells[0],
        "cells": cells,
    }


def _cell(cell: Cell, language: str) -> dict[str, object]:
    return {
        "value": cell.value,
        "unit": cell.unit,
        "range": cell.range,
        "flag": cell.flag,
        "judgement": cell.judgement,
        "differs": cell.differs,
        "original": cell.original,
        "remarks": remarks(cell, language),
    }


@router.post("/results/{held}/{number}/paper", **needs("checkup.convert"))
def paper(visitor: Here, held: str, number: str, form: OwnForm) -> Response:
    """One person's results as an A4 PDF; taking it out is recorded first."""
    purpose, destination = chosen(ReadPurpose, form, "purpose"), chosen(Destination, form, "destination")
    gateway, session = visitor.gateway, visitor.session
    return download(showing.paper(gateway, session, held, _number(number), purpose, destination, visitor.language))


@router.post("/results/{held}/papers", **needs("checkup.convert"))
def papers(visitor: Here, held: str, form: OwnForm) -> Response:
    """Several people's results as one A4 PDF; taking it out is recorded first."""
    purpose, destination = chosen(ReadPurpose, form, "purpose"), chosen(Destination, form, "destination")
    numbers = _number(form.get("first")), _number(form.get("last"))
    gateway, session = visitor.gateway, visitor.session
    return download(showing.papers(gateway, session, held, numbers, purpose, destination, visitor.language))


@router.post("/results/{held}/emergency", **needs("checkup.convert"))
def emergency(visitor: Here, held: str, form: OwnForm) -> Response:
    """Everybody's results in a zip that opens without Akashi; taking it out is recorded first."""
    purpose, destination = chosen(ReadPurpose, form, "purpose"), chosen(Destination, form, "destination")
    gateway, session = visitor.gateway, visitor.session
    return download(showing.emergency(gateway, session, held, purpose, destination, visitor.language))
