"""The shelf: own, adopted and shipped maps, drafts under way; a version's page with receipt, sharing and its end.

Guarantees: what is offered is what the person may do; acts on the ledger answer with the version's page. Refuses: texts that are no map.
Trusts: the desk for permission and journal.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from akashi.app.checkup import mapdesk
from akashi.app.desk.transfers import Download
from akashi.app.mapmaking import trial
from akashi.checkup.approval.model import MAX_CHILDREN, MapState, MapVersion, RetireReason
from akashi.checkup.errors import MapInvalid
from akashi.checkup.formats.maps import load_map
from akashi.errors import AkashiError, Unavailable
from akashi.web.exchange import chosen, download, words
from akashi.web.forms import Form, FormInvalid
from akashi.web.maps.outcomes import fates, story_values
from akashi.web.maps.showing import STATE_TONES, day_words, draft_row
from akashi.web.maps.trying import brought, cell_place
from akashi.web.rendering import told
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_MEMBER = "inst-"


@router.get("/maps", **needs("maps.read"))
def shelf(visitor: Here) -> Response:
    """Every map and every draft."""
    return _shelf(visitor)


def _shelf(visitor: Visitor, error: AkashiError | None = None, story: dict[str, object] | None = None) -> Response:
    gateway, session = visitor.gateway, visitor.session
    rows = [_row(visitor, one) for one in mapdesk.versions(gateway, session)]
    people = _people(visitor)
    drafts = [draft_row(one, people) for one in mapdesk.drafts(gateway, session) if not one.closed]
    return visitor.page(
        "maps.html",
        200 if error is None else error.http_status,
        versions=rows,
        drafts=drafts,
        shipped=[
            {
                "id": one.map_id,
                "from": day_words(one.valid_from, visitor.language),
                "to": day_words(one.valid_to, visitor.language),
                "rules": len(one.rules),
            }
            for one in gateway.maps.shipped()
        ],
        lying=len(gateway.maps.lying()),
        story=story,
        error=None if error is None else told(error, visitor.language),
    )


def _people(visitor: Visitor) -> dict[str, str]:
    return {one.person: one.name for one in visitor.gateway.accounts.accounts()}


def _row(visitor: Visitor, one: MapVersion) -> dict[str, object]:
    found, names = one.approval, visitor.gateway.names()
    return {
        "map": one.map,
        "version": one.version,
        "id": one.map_id,
        "state": one.state.value,
        "tone": STATE_TONES[one.state],
        "own": one.own,
        "owner": names.get(found.owner, found.owner) if found else "",
        "by": _people(visitor).get(found.person, found.person) if found else "",
        "at_ms": found.approved_ms if found else None,
        "from_ms": found.from_ms if found else None,
        "until_ms": found.until_ms if found else None,
        "digest": found.digest.hex() if found else "",
        "layout": f"sha256:{found.layout.hex()}" if found else "",
        "children": [names.get(child, child) for child in found.children] if found else [],
        "retired_ms": found.retired_ms or None if found else None,
        "reason": found.reason.name.lower() if found and found.reason else "",
    }


@router.post("/maps/drafts", **needs("checkup.convert"))
def start(visitor: Here, form: OwnForm) -> Response:
    """Draft a map for the layout of a file; the file is held so that the draft can be tried on it."""
    gateway, session = visitor.gateway, visitor.session
    try:
        name, data = brought(form)
        draft = mapdesk.start_draft(gateway, session, name, data)
    except AkashiError as error:
        return _shelf(visitor, error)
    gateway.map_files.keep(session.id, draft, name, data)
    return to(f"/maps/drafts/{draft}", notice="map_drafted")


@router.post("/maps/texts", **needs("checkup.convert"))
def hand_in(visitor: Here, form: OwnForm) -> Response:
    """Keep a finished map for approval."""
    try:
        draft = mapdesk.hand_in(visitor.gateway, visitor.session, _text(form))
    except AkashiError as error:
        return _shelf(visitor, error)
    return to(f"/maps/drafts/{draft}", notice="map_drafted")


@router.post("/maps/adopt", **needs("maps.manage"))
def adopt(visitor: Here, form: OwnForm) -> Response:
    """Use a map that another institution shared."""
    try:
        made = mapdesk.adopt(visitor.gateway, visitor.session, _text(form))
    except AkashiError as error:
        return _shelf(visitor, error)
    return to(f"/maps/{made.map}/{made.version}", notice="map_adopted")


def _text(form: Form) -> str:
    data = brought(form)[1]
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MapInvalid(line=data[: error.start].count(b"\n") + 1, what="not UTF-8") from error


@router.post("/maps/cell", **needs("checkup.convert"))
def cell(visitor: Here, form: OwnForm) -> Response:
    """What becomes of one cell of a file, and why."""
    gateway = visitor.gateway
    try:
        (name, data), place = brought(form), cell_place(form.get("row"), form.get("column"))
        story = trial.story_of_file(gateway, visitor.session, name, data, place)
    except AkashiError as error:
        return _shelf(visitor, error)
    return _shelf(visitor, story=story_values(story, gateway.maps.items(), visitor.language))


@router.get("/maps/{name}/{version:int}", **needs("maps.read"))
def show(visitor: Here, name: str, version: int) -> Response:
    """One version."""
    return _show(visitor, name, version)


def _show(visitor: Visitor, name: str, version: int, error: AkashiError | None = None) -> Response:
    gateway, session, language = visitor.gateway, visitor.session, visitor.language
    one, text = mapdesk.version(gateway, session, name, version)
    earlier = version > 1 and one.own
    told_changes = mapdesk.changes(gateway, session, name, version - 1, version) if earlier else None
    row, layout_map = _row(visitor, one), load_map(text)
    known = set(one.approval.children) if one.approval else set()
    others = [entry for entry in gateway.directory.entries() if entry.handle != gateway.institution]
    return visitor.page(
        "maps_version.html",
        200 if error is None else error.http_status,
        map=row,
        fates=fates(layout_map),
        text=text,
        days=[day_words(one, language) for one in (layout_map.valid_from, layout_map.valid_to)],
        changes=None if told_changes is None else [c.ja if language == "ja" else c.en for c in told_changes],
        receipt=_receipt(visitor, one),
        others=[{"handle": e.handle, "name": e.label, "on": e.handle in known} for e in others],
        may_share=one.own and one.state is MapState.APPROVED and visitor.may("maps.manage"),
        may_retire=one.own and one.state in (MapState.APPROVED, MapState.ALTERED) and visitor.may("maps.manage"),
        reasons=words(RetireReason),
        error=None if error is None else told(error, language),
    )


def _receipt(visitor: Visitor, one: MapVersion) -> str:
    """The receipt's text; empty while the ledger does not have the operation."""
    if one.approval is None or one.state is MapState.WAITING:
        return ""
    try:
        return mapdesk.receipt(visitor.gateway, visitor.session, one.map, one.version).decode("utf-8", "replace")
    except Unavailable:
        return ""


@router.get("/maps/{name}/{version:int}/text", **needs("maps.read"))
def text(visitor: Here, name: str, version: int) -> Response:
    """The text of a version, byte for byte what its digest names: for the institutions that it is shared with."""
    _, found = mapdesk.version(visitor.gateway, visitor.session, name, version)
    headers = {"Content-Disposition": f'attachment; filename="{name}-{version}.yaml"'}
    return PlainTextResponse(found, headers=headers)


@router.get("/maps/{name}/{version:int}/receipt", **needs("maps.read"))
def receipt(visitor: Here, name: str, version: int) -> Response:
    """The receipt of the approval or adoption."""
    data = mapdesk.receipt(visitor.gateway, visitor.session, name, version)
    return download(Download(f"{name}-{version}.tlog-proof", "text/plain", iter([data])))


@router.post("/maps/{name}/{version:int}/retire", **needs("maps.manage"))
def retire(visitor: Here, name: str, version: int, form: OwnForm) -> Response:
    """End a version, for good."""
    reason = chosen(RetireReason, form, "reason")
    return _act(
        visitor,
        name,
        version,
        "map_retired",
        lambda: mapdesk.retire(visitor.gateway, visitor.session, name, version, reason),
    )


@router.post("/maps/{name}/{version:int}/share", **needs("maps.manage"))
def share(visitor: Here, name: str, version: int, form: OwnForm) -> Response:
    """Say who may use a version from now on: the ticked institutions and nobody else."""
    children = [field.removeprefix("child-") for field in form.values if field.startswith("child-")]
    if len(children) > MAX_CHILDREN or not all(one.startswith(_MEMBER) for one in children):
        raise FormInvalid
    return _act(
        visitor,
        name,
        version,
        "map_shared",
        lambda: mapdesk.share(visitor.gateway, visitor.session, name, version, children),
    )


def _act(visitor: Visitor, name: str, version: int, notice: str, act: Callable[[], MapVersion]) -> Response:
    try:
        act()
    except AkashiError as error:
        return _show(visitor, name, version, error)
    return to(f"/maps/{name}/{version}", notice=notice)
