"""A draft: its columns as a table with one row of buttons each, what is said about the whole map, the surest ones together.

Guarantees: each press of a button is one decision, durable before the page answers; it works without a script. The page then stands at the
next column. Refuses: words that no button says, columns that are not there. Trusts: the desk for permission and journal.
"""

from __future__ import annotations

import re

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from akashi.app.checkup import mapdesk
from akashi.checkup.approval.model import DraftHead, MapDraft
from akashi.checkup.formats.maps import load_map
from akashi.checkup.mapping.model import Choice, Decision, Placing
from akashi.errors import AkashiError
from akashi.web.forms import Form, FormInvalid
from akashi.web.maps.outcomes import fates
from akashi.web.maps.showing import ORDERS, PAGE, SHOWN, View, choice_of, column_row, progress, sure_counts, visible
from akashi.web.rendering import told
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
DECISIONS = (Decision.ADOPT, Decision.IGNORE, Decision.WATCH, Decision.NEEDS_CONFIRMATION, Decision.DEFERRED)
PROGRAMS = "1.2.392.200119.6.1002"
_PRESSED = re.compile(r"([1-9][0-9]{0,5}):([a-z_]{1,20})")
_HEAD = ("map_id", "valid_from", "valid_to", "program")


@router.get("/maps/drafts/{draft}", **needs("maps.read"))
def show(visitor: Here, draft: str, show: str = "", by: str = "", page: str = "1") -> Response:
    """The draft, the columns of one view."""
    return draft_page(visitor, draft, View.read(show, by, page))


def draft_page(
    visitor: Visitor, draft: str, view: View, error: AkashiError | None = None, typed: Form | None = None
) -> Response:
    """The page of a draft; with ``error`` what was ``typed`` into the head stays there."""
    gateway = visitor.gateway
    found = mapdesk.show(gateway, visitor.session, draft)
    held = gateway.map_files.look(visitor.session.id, draft)
    head = {name: typed.get(name) if typed else str(getattr(found.head, name)) for name in _HEAD}
    values = {
        "draft": {"handle": found.handle, "closed": found.closed, "saved_ms": found.saved_ms},
        "head": head,
        "programs": sorted(gateway.maps.items().answers.get(PROGRAMS, {}).items()),
        "held": held.name if held else "",
        "error": None if error is None else told(error, visitor.language),
        **(
            _columns(visitor, found, view)
            if found.columns
            else {"text": found.text, "fates": fates(load_map(found.text))}
        ),
    }
    template = "maps_draft.html" if found.columns else "maps_text.html"
    return visitor.page(template, 200 if error is None else error.http_status, **values)


def _columns(visitor: Visitor, found: MapDraft, view: View) -> dict[str, object]:
    items, language = visitor.gateway.maps.items(), visitor.language
    kept = visible(found, view)
    pages = max(1, -(-len(kept) // PAGE))
    page = min(view.page, pages)
    rows = [column_row(found, one, items, language) for one in kept[(page - 1) * PAGE : page * PAGE]]
    sure = mapdesk.sure_columns(found)
    return {
        "rows": rows,
        "found": len(kept),
        "progress": progress(found),
        "sure": sure_counts(sure, found),
        "at_least": mapdesk.SURE,
        "decisions": [one.value for one in DECISIONS],
        "view": {"show": view.show, "by": view.by, "page": page},
        "shown": [(name, View(name, view.by).query()) for name in SHOWN],
        "orders": [(name, View(view.show, name).query()) for name in ORDERS],
        "pages": [(number, view.query(page=number)) for number in range(1, pages + 1)] if pages > 1 else [],
    }


@router.post("/maps/drafts/{draft}/decide", **needs("checkup.convert"))
def decide(visitor: Here, draft: str, form: OwnForm) -> Response:
    """One press of one button: a column and what becomes of it."""
    pressed = _PRESSED.fullmatch(form.get("d"))
    if pressed is None:
        raise FormInvalid
    column, view = int(pressed[1]), view_of(form)
    found = mapdesk.show(visitor.gateway, visitor.session, draft)
    after = _next(found, view, column)
    decide_column(visitor, found, column, pressed[2])
    return RedirectResponse(f"/maps/drafts/{draft}?{view.query()}#c{after}", 303)


def decide_column(visitor: Visitor, found: MapDraft, column: int, word: str) -> None:
    """Keep a decision; an item that a person chose before stays chosen. Raises ``FormInvalid``."""
    known = {one.value: one for one in (*DECISIONS, Decision.UNREVIEWED)}
    columns = found.columns.columns if found.columns else ()
    if word not in known or not 1 <= column <= len(columns):
        raise FormInvalid
    proposal = choice_of(found, columns[column - 1]).proposal
    chosen = proposal or columns[column - 1].proposal
    if known[word] is Decision.ADOPT and chosen.placing is Placing.UNDECIDED:
        raise FormInvalid  # there is nothing to adopt; the page offers to choose an item
    mapdesk.decide_all(visitor.gateway, visitor.session, found.handle, {column: Choice(known[word], proposal)})


def view_of(form: Form) -> View:
    """The view that a form was made in."""
    return View.read(form.get("show"), form.get("by"), form.get("page"))


def _next(found: MapDraft, view: View, column: int) -> int:
    """The column to stand at after this one was decided: the one below, or the last."""
    numbers = [one.column for one in visible(found, view)]
    if column not in numbers:
        return column
    at = numbers.index(column)
    return numbers[at + 1] if at + 1 < len(numbers) else numbers[max(0, at - 1)]


@router.post("/maps/drafts/{draft}/sure", **needs("checkup.convert"))
def adopt_sure(visitor: Here, draft: str, form: OwnForm) -> Response:
    """The surest proposals together."""
    mapdesk.adopt_sure(visitor.gateway, visitor.session, draft)
    return to(f"/maps/drafts/{draft}", notice="map_saved", show=view_of(form).show, by=view_of(form).by)


@router.post("/maps/drafts/{draft}/head", **needs("checkup.convert"))
def name(visitor: Here, draft: str, form: OwnForm) -> Response:
    """The map's id, days and kind of checkup."""
    gateway, session = visitor.gateway, visitor.session
    before = mapdesk.show(gateway, session, draft).head
    head = DraftHead(
        form.get("map_id").strip()[:60], before.institution, form.get("valid_from"), form.get("valid_to"), form.get("program")
    )  # fmt: skip
    if head.program and head.program not in gateway.maps.items().answers.get(PROGRAMS, {}):
        raise FormInvalid
    try:
        mapdesk.name_draft(gateway, session, draft, head)
    except AkashiError as error:
        return draft_page(visitor, draft, View(), error, form)
    return to(f"/maps/drafts/{draft}", notice="map_saved")


@router.post("/maps/drafts/{draft}/drop", **needs("checkup.convert"))
def drop(visitor: Here, draft: str, _form: OwnForm) -> Response:
    """Put a draft away."""
    mapdesk.drop_draft(visitor.gateway, visitor.session, draft)
    return to("/maps", notice="map_dropped")
