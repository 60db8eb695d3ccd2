"""Send: choose a file, see what becomes of it, confirm.

Guarantees: the file is converted in memory and held for this session only; nothing leaves before the second form, which names the
terms. Refuses to send what has findings that stop it, and the same content twice without a tick.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from akashi.app.desk import conversion, sending
from akashi.app.desk.drafts import Draft
from akashi.app.desk.transfers import recorded
from akashi.app.errors import DraftMissing
from akashi.checkup import FINDING_KINDS, Finding
from akashi.errors import AkashiError, InputError
from akashi.exchange.errors import Unacknowledged
from akashi.exchange.model import DAY_MS
from akashi.identity.journal import What
from akashi.web.forms import Form, FormInvalid
from akashi.web.rendering import told
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_MOST_FINDINGS = 200
_MAX_NAME = 200
_TONES = {"stops": "stop", "warns": "warn", "informs": ""}
_DAYS = {"life_days": range(1, 91), "keep_days": range(91)}


@router.get("/send", **needs("transfer.send"))
def choose(visitor: Here) -> Response:
    """The form for a file and its receiver."""
    return _choose(visitor)


def _choose(visitor: Visitor, error: AkashiError | None = None) -> Response:
    receivers = [e for e in visitor.gateway.directory.entries() if e.handle != visitor.gateway.institution]
    shown = None if error is None else told(error, visitor.language)
    return visitor.page("send.html", 200 if error is None else error.http_status, receivers=receivers, error=shown)


@router.post("/send/preview", **needs("transfer.send"))
async def convert(visitor: Here, form: OwnForm) -> Response:
    """Convert, hold as a draft, show it."""
    try:
        key = await run_in_threadpool(_draft, visitor, form)
    except InputError as error:
        return await run_in_threadpool(_choose, visitor, error)
    return to(f"/send/{key}")


def _draft(visitor: Visitor, form: Form) -> str:
    gateway, session = visitor.gateway, visitor.session
    if form.data is None or not form.get("receiver"):
        raise FormInvalid
    name = "".join(c for c in form.file_name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())[:_MAX_NAME]
    with recorded(gateway, session, What.CONVERTED):
        draft = conversion.make_draft(gateway, name, form.data, receiver=form.get("receiver"))
        key = gateway.drafts.keep(draft, session.id)
    gateway.journal.record(What.CONVERTED, session=session, count=draft.report.rows_out)
    return key


@router.get("/send/{draft}", **needs("transfer.send"))
def preview(visitor: Here, draft: str) -> Response:
    """What would be sent, and what is odd about it."""
    return _preview(visitor, draft)


def _preview(visitor: Visitor, key: str, error: AkashiError | None = None) -> Response:
    gateway = visitor.gateway
    try:
        draft = gateway.drafts.peek(key, visitor.session.id)
    except DraftMissing as missing:
        return _choose(visitor, missing)
    try:
        seen = sending.preview(gateway, draft, draft.receiver)
    except AkashiError as refused:
        return _choose(visitor, refused)
    name = gateway.names().get(draft.receiver, draft.receiver)
    shown = None if error is None else told(error, visitor.language)
    values = {"draft": _shown(visitor, key, draft, seen.earlier), "receiver_name": name, "error": shown}
    return visitor.page("preview.html", 200 if error is None else error.http_status, **values)


@router.post("/send/{draft}", **needs("transfer.send"))
def send(visitor: Here, draft: str, form: OwnForm) -> Response:
    """Seal and send."""
    gateway, session = visitor.gateway, visitor.session
    try:
        with gateway.drafts.claimed(draft, session.id) as held:
            with recorded(gateway, session, What.SENT):
                sent = sending.send(gateway, session, held, _terms(held, form))
            gateway.drafts.drop(draft)
    except Unacknowledged:
        gateway.drafts.drop(draft)
        return to("/sent", notice="pending")
    except AkashiError as error:
        return _preview(visitor, draft, error)
    gateway.journal.record(What.SENT, session=session, subject=sent.transfer, count=held.report.rows_out)
    return to(f"/transfers/{sent.transfer}", notice="sent", t=sent.transfer)


def _terms(draft: Draft, form: Form) -> sending.Terms:
    days = {name: form.get(name) for name in _DAYS}
    for name, text in days.items():
        if not (text.isascii() and text.isdigit() and len(text) <= 2 and int(text) in _DAYS[name]):
            raise FormInvalid
    return sending.Terms(
        draft.receiver,
        int(days["life_days"]) * DAY_MS,
        int(days["keep_days"]) * DAY_MS,
        tuple(form.get("persons").split()),
        form.get("again") == "1",
    )


def _shown(visitor: Visitor, key: str, draft: Draft, earlier: str | None) -> dict[str, object]:
    report, (stops, warns, informs) = draft.report, draft.severities
    findings = [
        {
            "severity": kind.severity.value,
            "tone": _TONES[kind.severity.value],
            "row": one.row or "－",
            "column": one.header or (one.column or "－"),
            "original": one.original,
            "sentence": kind.sentence(visitor.language),
        }
        for one in sorted(report.findings, key=_gravity)[:_MOST_FINDINGS]
        for kind in (FINDING_KINDS[one.code],)
    ]
    return {
        "id": key,
        "file_name": draft.file_name,
        "map_name": report.map_id,
        "rows": report.rows_out,
        "mapped": report.coverage.mapped,
        "columns": report.coverage.total,
        "formats": [f"{name}（{len(data):,} bytes）" for name, data in draft.documents],
        "stops": stops,
        "warns": warns,
        "informs": informs,
        "findings": findings,
        "more": max(0, stops + warns + informs - len(findings)),
        "earlier": earlier,
    }


def _gravity(one: Finding) -> tuple[int, int]:
    """Findings that stop first, then in the order of the file."""
    return list(_TONES).index(FINDING_KINDS[one.code].severity.value), one.row
