"""Send: choose a file and what to make of it, see what becomes of it, take the findings along, confirm.

Guarantees: the file is converted in memory and held for this session only; nothing leaves before the second form, which names the
terms; findings that are taken along are in the journal. Refuses to send what has findings that stop it, and the same content twice without a tick.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from akashi.app.checkup.naming import thing
from akashi.app.desk import conversion, sending
from akashi.app.desk.drafts import Draft
from akashi.app.desk.transfers import Download, recorded
from akashi.app.errors import DraftMissing
from akashi.checkup import FINDING_KINDS, Finding, ItemTable
from akashi.checkup.archive.claim_table import empty_table
from akashi.checkup.readers.detection import FormatName
from akashi.errors import AkashiError, InputError, Unavailable
from akashi.exchange.errors import Unacknowledged
from akashi.exchange.model import DAY_MS
from akashi.identity.journal import What
from akashi.web.exchange import download
from akashi.web.forms import Form, FormInvalid
from akashi.web.rendering import texts, told
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_MOST_FINDINGS = 200
_MAX_NAME = 200
_FIRST = 3
_TONES = {"stops": "stop", "warns": "warn", "informs": ""}
_KINDS = {kind: f"to_{kind.value}" for kind in conversion.CHOICES}
"""What may be chosen, and the field that says so."""
_UNMADE = frozenset({"write.nobody", "write.sender"})
"""Findings about a file that was not made: their heading names its kind."""
_OF_CLAIMS = frozenset({"claims.cell", "claims.key", "claims.unused"})
"""Findings whose line and column are those of the table of claims, not of the results."""
_DAYS = {"life_days": range(1, 91), "keep_days": range(91)}
_TERMS = {"life_days": "30", "keep_days": "7"}
"""What is chosen before anybody chooses."""


@router.get("/send", **needs("transfer.send"))
def choose(visitor: Here) -> Response:
    """The form for a file and its receiver."""
    return _choose(visitor)


def _choose(visitor: Visitor, error: AkashiError | None = None) -> Response:
    receivers = [e for e in visitor.gateway.directory.entries() if e.handle != visitor.gateway.institution]
    shown = None if error is None else told(error, visitor.language)
    values = {"receivers": receivers, "kinds": [kind.value for kind in _KINDS], "error": shown}
    return visitor.page("send.html", 200 if error is None else error.http_status, **values)


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
    kinds = [kind for kind, field in _KINDS.items() if form.get(field) == "1"]
    with recorded(gateway, session, What.CONVERTED):
        draft = conversion.make_draft(
            gateway, name, form.data, receiver=form.get("receiver"), kinds=kinds, claims=form.beside
        )
        key = gateway.drafts.keep(draft, session.id)
    gateway.journal.record(What.CONVERTED, session=session, count=draft.report.rows_out)
    return key


@router.get("/send/claims.csv", **needs("transfer.send"))
def claims_table(_visitor: Here) -> Response:
    """The headings of a table of claims, to be filled in."""
    return download(Download("claims.csv", "text/csv; charset=utf-8", iter([empty_table()])))


@router.get("/send/{draft}", **needs("transfer.send"))
def preview(visitor: Here, draft: str, show: str = "") -> Response:
    """What would be sent, and what is odd about it; ``show`` names the only severity to list."""
    return _preview(visitor, draft, only=show if show in _TONES else "")


@router.get("/send/{draft}/findings.{form}", **needs("checkup.convert"))
def findings(visitor: Here, draft: str, form: conversion.FindingsForm) -> Response:
    """The findings as a file, with what to do about each."""
    try:
        taken = conversion.findings_taken(visitor.gateway, visitor.session, draft, form, visitor.language)
    except DraftMissing as missing:
        return _choose(visitor, missing)
    return download(taken)


def _preview(
    visitor: Visitor, key: str, error: AkashiError | None = None, only: str = "", form: Form | None = None
) -> Response:
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
    values = {"draft": _shown(visitor, key, draft, seen.earlier, only), "receiver_name": name, "error": shown}
    kept_ms = gateway.drafts.kept_until(key) if _is_later(error) else None
    status = 200 if error is None else error.http_status
    return visitor.page("preview.html", status, chosen=_chosen(form), kept_ms=kept_ms, **values)


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
        return _preview(visitor, draft, error, form=form)
    gateway.journal.record(What.SENT, session=session, subject=sent.transfer, count=held.report.rows_out)
    return to(f"/transfers/{sent.transfer}", notice="sent", t=sent.transfer)


def _is_later(error: AkashiError | None) -> bool:
    """Whether the same press does it when servers are back."""
    return isinstance(error, Unavailable)


def _chosen(form: Form | None) -> dict[str, str]:
    """The terms as the person gave them, so that a second press is on the same ones."""
    given = {name: form.get(name) if form else "" for name in (*_TERMS, "persons", "again")}
    return given | {name: given[name] or usual for name, usual in _TERMS.items()}


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


def _shown(visitor: Visitor, key: str, draft: Draft, earlier: str | None, only: str) -> dict[str, object]:
    report, counts = draft.report, dict(zip(_TONES, draft.severities, strict=True))
    wanted = [one for one in report.findings if only in {"", FINDING_KINDS[one.code].severity.value}]
    listed = _listed(wanted, visitor.gateway.maps.items(), visitor.language)
    return {
        "id": key,
        "file_name": draft.file_name,
        "source": draft.format,
        "table": draft.format == FormatName.LAYOUT.value,
        "map_name": report.map_id,
        "rows": report.rows_out,
        "mapped": report.coverage.mapped,
        "columns": report.coverage.total,
        "made": draft.made,
        "counts": counts,
        "stops": counts["stops"],
        "words": sum(map(len, report.unmatched.values())),
        "all": sum(counts.values()),
        "only": only,
        "findings": listed[:_MOST_FINDINGS],
        "more": max(0, len(listed) - _MOST_FINDINGS),
        "earlier": earlier,
    }


def _listed(findings: list[Finding], items: ItemTable, language: str) -> list[dict[str, object]]:
    """One row for each kind of finding at each place, the gravest first: in which lines, and the first few originals."""
    alike: dict[tuple[str, str], list[Finding]] = {}
    for one in sorted(findings, key=_gravity):
        alike.setdefault((one.code, _place(one, items, language)), []).append(one)
    return [_told(code, place, same, language) for (code, place), same in alike.items()]


def _place(one: Finding, items: ItemTable, language: str) -> str:
    """The column or item as a person knows it."""
    if one.code in _UNMADE:
        return texts(language)(f"kind.{one.header}")
    if one.code in _OF_CLAIMS:
        t = texts(language)
        return t("preview.of_claims", column=one.header) if one.header else t("preview.claims")
    return thing(one.header or one.item, items.items, language) or str(one.column or "－")


def _told(code: str, place: str, same: list[Finding], language: str) -> dict[str, object]:
    kind = FINDING_KINDS[code]
    lines = list(dict.fromkeys(one.line or one.row for one in same if one.line or one.row))
    more = texts(language)("preview.more_lines", count=len(lines) - _FIRST) if len(lines) > _FIRST else ""
    return {
        "severity": kind.severity.value,
        "tone": _TONES[kind.severity.value],
        "row": (", ".join(map(str, lines[:_FIRST])) or "－") + more,
        "column": place,
        "originals": list(dict.fromkeys(one.original for one in same if one.original))[:_FIRST],
        "sentence": kind.sentence(language),
        "todo": kind.todo(language),
    }


def _gravity(one: Finding) -> tuple[int, int]:
    """Findings that stop first, then in the order of the file."""
    return list(_TONES).index(FINDING_KINDS[one.code].severity.value), one.row
