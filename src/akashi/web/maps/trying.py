"""Try a draft on a file, read one cell's story, and approve what was tried.

Guarantees: the file and what it becomes are in memory for this session only; what is signed is what the page showed (its digest is compared).
Refuses: approval of a draft that changed meanwhile. Trusts: the desk for permission and journal.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.checkup import mapdesk
from akashi.app.mapmaking import trial
from akashi.checkup.mapping.check import ROWS
from akashi.errors import AkashiError
from akashi.web.forms import Form, FormInvalid
from akashi.web.maps.outcomes import fates, filling_rows, finding_groups, record_rows, story_values, unmatched_rows
from akashi.web.maps.showing import day_words, progress
from akashi.web.rendering import told
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_MAX_NAME = 200


def brought(form: Form) -> tuple[str, bytes]:
    """The uploaded file with a harmless name. Raises ``FormInvalid``."""
    if not form.data:
        raise FormInvalid
    name = "".join(c for c in form.file_name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())[:_MAX_NAME]
    return name, form.data


def cell_place(row: str, column: str) -> tuple[int, int]:
    """A row and a column that somebody typed. Raises ``FormInvalid``."""
    if not all(one.isascii() and one.isdigit() and len(one) < 8 and int(one) for one in (row, column)):
        raise FormInvalid
    return int(row), int(column)


@router.get("/maps/drafts/{draft}/preview", **needs("checkup.convert"))
def preview(visitor: Here, draft: str, row: str = "", column: str = "") -> Response:
    """What the draft does with the file that is held; with ``row`` and ``column`` one cell's story too."""
    try:
        return _preview(visitor, draft, row, column)
    except AkashiError as error:
        return _page(visitor, draft, error=error)


@router.post("/maps/drafts/{draft}/preview", **needs("checkup.convert"))
def bring(visitor: Here, draft: str, form: OwnForm) -> Response:
    """Bring a file to try the draft on."""
    try:
        name, data = brought(form)
        trial.check_file(name, data)
    except AkashiError as error:
        return _page(visitor, draft, error=error)
    visitor.gateway.map_files.keep(visitor.session.id, draft, name, data)
    return to(f"/maps/drafts/{draft}/preview")


def _page(visitor: Visitor, draft: str, error: AkashiError | None = None, **values: object) -> Response:
    found = mapdesk.show(visitor.gateway, visitor.session, draft)
    held = visitor.gateway.map_files.look(visitor.session.id, draft)
    return visitor.page(
        "maps_preview.html",
        200 if error is None else error.http_status,
        draft={"handle": found.handle, "closed": found.closed, "map_id": found.head.map_id},
        progress=progress(found),
        drafted=found.columns is not None,
        held=held.name if held else "",
        error=None if error is None else told(error, visitor.language),
        **({"tried": None, "story": None} | values),
    )


def _preview(visitor: Visitor, draft: str, row: str, column: str) -> Response:
    gateway, session, language = visitor.gateway, visitor.session, visitor.language
    held = gateway.map_files.look(session.id, draft)
    if held is None:
        return _page(visitor, draft)
    items, story = gateway.maps.items(), None
    if row or column:
        place = cell_place(row, column)
        story = story_values(trial.story_in_draft(gateway, session, draft, held.data, place), items, language)
    seen = trial.try_out(gateway, session, draft, held.data)
    check, sampled = seen.preview.check, min(seen.preview.check.rows, ROWS)
    tried = {
        "rows": check.rows,
        "sampled": sampled,
        "coverage": check.coverage,
        "layout": check.layout,
        "names": [
            ("ignore", check.ignored),
            ("spare", check.spare),
            ("watch", check.watched),
            ("undecided", check.undecided),
        ],
        "findings": finding_groups(check, seen.findings, language),
        "filling": list(filling_rows(check, sampled, items, language)),
        "unmatched": unmatched_rows(check, language),
        "people": [(one.row, record_rows(one, items, language)) for one in seen.preview.records],
        "changes": [one.ja if language == "ja" else one.en for one in seen.preview.changes],
        "version": seen.preview.layout_map.version,
    }
    return _page(visitor, draft, tried=tried, story=story)


@router.get("/maps/drafts/{draft}/approve", **needs("maps.manage"))
def sign(visitor: Here, draft: str) -> Response:
    """What an approver is asked to sign."""
    return _sign(visitor, draft)


def _sign(visitor: Visitor, draft: str, error: AkashiError | None = None) -> Response:
    gateway, language = visitor.gateway, visitor.language
    found = mapdesk.show(gateway, visitor.session, draft)
    signing = None
    try:
        seen = trial.to_sign(gateway, visitor.session, draft)
        signing = {
            "digest": seen.digest,
            "text": seen.text,
            "map": seen.layout_map,
            "days": [day_words(one, language) for one in (seen.layout_map.valid_from, seen.layout_map.valid_to)],
            "fates": fates(seen.layout_map),
            "changes": None
            if seen.changes is None
            else [one.ja if language == "ja" else one.en for one in seen.changes],
        }
    except AkashiError as missing:
        error = error or missing
    return visitor.page(
        "maps_approve.html",
        200 if error is None else error.http_status,
        draft={"handle": found.handle, "closed": found.closed},
        progress=progress(found),
        signing=signing,
        two_persons=gateway.settings.map_approval_two_persons,
        error=None if error is None else told(error, language),
    )


@router.post("/maps/drafts/{draft}/approve", **needs("maps.manage"))
def approve(visitor: Here, draft: str, form: OwnForm) -> Response:
    """Sign and put on the ledger what the page showed."""
    gateway, session = visitor.gateway, visitor.session
    try:
        made = mapdesk.approve(gateway, session, draft, expected=form.get("digest"))
    except AkashiError as error:
        return _sign(visitor, draft, error)
    return to(f"/maps/{made.map}/{made.version}", notice="map_approved")
