"""The overview of conformity: what decides how much as a picture, contradictions first, what expires soon, the run under way.

Guarantees: reading measures nothing; the button starts one run at a time, whose progress the page shows by asking again every two
seconds without a script. Refuses people without the permission. Trusts: ``app.conformity`` for what it says.
"""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.conformity import desk, views
from akashi.app.conformity.seat import Seat
from akashi.conformity.model import Answer, Decision, Verdict
from akashi.conformity.service import RunRecord
from akashi.web.conformity.showing import SIGNS, TONES, added, bar, parts, verdict
from akashi.web.rendering import texts
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
FIRST = 5
"""So many contradictions and expiries stand on the overview itself."""
_REFRESH = "2; url=/conformity"


def seat_of(visitor: Visitor) -> Seat:
    """The seat of this gateway."""
    found: Seat = visitor.request.app.state.seat
    return found


def address(catalogue: str, item: str = "") -> str:
    """The page of a sheet or an item."""
    path = f"/conformity/sheets/{quote(catalogue, safe='')}"
    return f"{path}/{quote(item, safe='')}" if item else path


@router.get("/conformity", **needs("conformity.read"))
def overview(visitor: Here) -> Response:
    """Every sheet at a glance, contradictions first."""
    seat = seat_of(visitor)
    standing = seat.standing
    answer = visitor.page("conformity.html", 200, **_values(visitor, seat), standing=standing, runs=_runs(seat))
    if standing.running:
        answer.headers["Refresh"] = _REFRESH
    return answer


def _values(visitor: Visitor, seat: Seat) -> dict[str, object]:
    conformity, language = visitor.gateway.conformity, visitor.language
    found = views.overview(conformity, seat.results())
    shares = added([one.shares for one in found.sheets])
    return {
        "bar": bar(shares),
        "parts": parts(shares),
        "total": shares.total,
        "sheets": [_sheet(one, language) for one in sorted(found.sheets, key=_rank)],
        "contradictions": [line(visitor, one) for one in found.contradictions[:FIRST]],
        "clashes": len(found.contradictions),
        "expiring": [line(visitor, one) for one in found.expiring[:FIRST]],
        "expiries": len(found.expiring),
        "features": len(found.features),
        "targets": len(conformity.targets()),
        "empty": not seat.runs() and not found.contradictions and shares.open + shares.not_applicable == shares.total,
    }


def _rank(one: views.SheetSummary) -> tuple[bool, bool, bool]:
    """Contradicted sheets first, then those of which something applies, superseded editions after the others."""
    return (
        not one.contradictions,
        one.shares.not_applicable == one.shares.total,
        one.catalogue.status == "superseded",
    )


def _runs(seat: Seat) -> list[RunRecord]:
    return seat.runs()[:FIRST]


def _sheet(one: views.SheetSummary, language: str) -> dict[str, object]:
    book = one.catalogue
    return {
        "href": address(book.id),
        "id": book.id,
        "title": book.title.of(language),
        "document": f"{book.publisher} {book.document}".strip(),
        "edition": book.edition,
        "status": book.status,
        "bar": bar(one.shares),
        "parts": parts(one.shares),
        "total": one.shares.total,
        "counts": [(kind.name.lower(), TONES[kind], SIGNS[kind], one.counts[kind]) for kind in Verdict],
        "contradictions": one.contradictions,
        "unanswered": one.unanswered,
        "half": one.half,
    }


def line(visitor: Visitor, one: Decision, answer: Answer | None = None) -> dict[str, object]:
    """One decision in a list over all sheets."""
    shelf, language = visitor.gateway.conformity.books.shelf, visitor.language
    item = shelf.item(one.catalogue, one.item)
    return {
        "href": address(one.catalogue, one.item),
        "sheet": shelf.catalogue(one.catalogue).title.of(language),
        "item": one.item,
        "clause": item.clause,
        "text": item.text.of(language),
        "why": one.why.of(language),
        "reply": answer.reply.name.lower() if answer else "",
        **verdict(one, visitor.gateway.clock.now_ms()),
    }


@router.get("/conformity/contradictions", **needs("conformity.read"))
def contradictions(visitor: Here) -> Response:
    """Where a declaration stands against a measurement."""
    conformity = visitor.gateway.conformity
    with desk.journalled(visitor.gateway, visitor.session, desk.READ):
        results = seat_of(visitor).results()
        answers = {(one.catalogue, one.item): one for one in conformity.answers.all()}
        found = conformity.contradictions(results)
    rows = [line(visitor, one, answers.get((one.catalogue, one.item))) for one in found]
    return visitor.page("conformity_contradictions.html", rows=rows)


@router.post("/conformity/run", **needs("conformity.probe"))
def run(visitor: Here, _form: OwnForm) -> Response:
    """Measure everything that is registered, beside the pages."""
    started = seat_of(visitor).start(visitor.session)
    return to("/conformity", notice="measuring" if started else "measuring_already")


def crumbs(visitor: Visitor, *more: tuple[str, str]) -> list[tuple[str, str]]:
    """The way back: (address, words); the last is where one is."""
    return [("/conformity", texts(visitor.language)("cf.title")), *more]
