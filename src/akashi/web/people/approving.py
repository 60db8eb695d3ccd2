"""Being asked again: the page on which a person signs an operation, and the one on which they prove who they are.

Guarantees: whatever page a use case was run from, the person sees what would be recorded (:func:`said`) and signs exactly that; the original
form is sent again with the signature, to the address that it came to. Files wait in memory for it, for minutes. Refuses addresses of elsewhere.
Trusts ``app.people.signing`` for what is signed, ``web.visitors`` for taking the answer.
"""

from __future__ import annotations

import json
import re
from enum import Enum

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from akashi.app.people import factors, presence
from akashi.app.people.signing import asked_of
from akashi.app.wiring import KINDS
from akashi.errors import AkashiError, Unauthenticated
from akashi.exchange.model import Destination, ReadPurpose, RefuseReason, WithdrawReason
from akashi.exchange.model import Form as TransferForm
from akashi.identity.devices.model import DevicePurpose
from akashi.identity.emergency.model import OpenReason, ReviewVerdict
from akashi.identity.factors.model import Secrets
from akashi.identity.maintenance.model import Saw, TrialData, VisitVerdict
from akashi.identity.model import Role
from akashi.ledger.keyring.approving import ApprovalWanted
from akashi.ledger.model import Statement
from akashi.web.forms import Form
from akashi.web.people.held import Held
from akashi.web.people.places import entered
from akashi.web.rendering import moment, texts, told
from akashi.web.visitors import APPROVAL, HELD, Here, OwnForm, Visitor, needs, to

router = APIRouter()
LOCAL = re.compile(r"/(?!/)[A-Za-z0-9/_.~-]{0,200}")
"""Where one goes on: an address of ours without host, query or anything that a browser reads otherwise."""
_LONGEST = 64
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_SPAN_MS = 10 * 366 * DAY_MS
"""Longer than any span that is recorded, shorter than any date."""
_FAMILIES: dict[type[Enum], str] = {
    ReadPurpose: "purpose",
    Destination: "destination",
    TransferForm: "form",
    RefuseReason: "refuse",
    WithdrawReason: "withdraw",
    DevicePurpose: "dreq.purpose",
    OpenReason: "emg.reason",
    ReviewVerdict: "emg.verdict",
    TrialData: "vis.test_data",
    VisitVerdict: "vis.verdict",
    Saw: "vis.saw",
}
"""Words that other pages have already."""


def approval_page(request: Request, wanted: ApprovalWanted) -> Response:
    """What the person is asked to sign, with the form that asked; raises the error where no form of ours did."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    form: Form | None = getattr(request.state, "form", None)
    if visitor is None or form is None:
        raise wanted
    fields = {name: value for name, value in form.values.items() if name not in {"csrf", APPROVAL, HELD}}
    if form.data is not None:
        files: Held[Form] = request.app.state.files
        fields[HELD] = files.keep(visitor.session.id, Form({}, form.file_name, form.data))
    shown, rest = said(visitor, wanted.statement)
    return visitor.page(
        "approve.html",
        200,
        notice=None,
        action=request.url.path,
        fields=fields,
        answered=form.get(APPROVAL),
        back=nearest(request),
        sentence=texts(visitor.language)(f"sign.{wanted.statement.kind.replace('.', '_')}"),
        shown=shown,
        rest=rest,
        kind=wanted.statement.kind,
        operation=wanted.operation.hex(),
        options=json.dumps(asked_of(visitor.gateway, visitor.session, wanted)),
        script=True,
    )


def said(visitor: Visitor, statement: Statement) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What a statement says, as label and value: first what a person decides on, then digests and the like; nothing is left out."""
    t, names = texts(visitor.language), _names(visitor)
    rows: dict[str, object] = {
        name: shape.load(statement.body[number])
        for number, name, shape, _ in KINDS.find(statement.kind, statement.version).info.fields
        if number in statement.body
    }
    if statement.subject is not None and statement.subject not in rows.values():
        rows = {"subject": statement.subject} | rows
    shown: list[tuple[str, str]] = []
    rest: list[tuple[str, str]] = []
    for name, value in rows.items():
        known = f"signf.{name}" in t
        line = (t(f"signf.{name}") if known else name, _word(name, value, names, visitor.language))
        (shown if known and not isinstance(value, bytes) else rest).append(line)
    return shown, rest


def _names(visitor: Visitor) -> dict[str, str]:
    """Institutions and one's own people by handle."""
    return visitor.gateway.names() | {one.person: one.name for one in visitor.gateway.accounts.accounts()}


def _word(name: str, value: object, names: dict[str, str], language: str) -> str:
    t = texts(language)
    if isinstance(value, bytes):
        return value.hex() if len(value) <= _LONGEST else f"{value[:_LONGEST].hex()}… ({len(value)})"
    if isinstance(value, bool):
        return t("sign.yes" if value else "sign.no")
    if isinstance(value, tuple):
        return "、".join([_word(name, one, names, language) for one in value]) or "－"
    if isinstance(value, Enum):
        key = f"{_FAMILIES.get(type(value), type(value).__name__)}.{value.name.lower()}"
        return t(key) if key in t else value.name.lower().replace("_", " ")
    if isinstance(value, int):
        return _number(name, value, language)
    text = str(value)
    return f"{names[text]} ({text})" if text in names else text


def _number(name: str, value: int, language: str) -> str:
    t = texts(language)
    if name == "roles":
        return "、".join([t(f"signr.{role.name.lower()}") for role in Role if role & value and role.name])
    if not name.endswith("_ms"):
        return str(value)
    if value > _SPAN_MS:
        return moment(value, language)
    days, rest = divmod(value, DAY_MS)
    return t("signv.days", count=days) if not rest else t("signv.hours", count=-(-value // HOUR_MS))


def nearest(request: Request) -> str:
    """The page that a form stood on, as far as its address tells: itself or the nearest above that can be looked at."""
    path = request.url.path
    while path != "/":
        scope = {**request.scope, "type": "http", "method": "GET", "path": path}
        if LOCAL.fullmatch(path) and any(one.matches(scope)[0] is Match.FULL for one in request.app.routes):
            return path
        path = path.rpartition("/")[0] or "/"
    return path


# Proving again


@router.get("/prove", **needs("self.manage"))
def prove_page(visitor: Here, next: str = "/") -> Response:  # noqa: A002 - the word of the address
    """Password and code, or a passkey, once more."""
    return _prove(visitor, next)


def _prove(visitor: Visitor, after: str, error: AkashiError | None = None) -> Response:
    gateway, session = visitor.gateway, visitor.session
    standing = gateway.accounts.factors.standing(session.person)
    return visitor.page(
        "prove.html",
        200 if error is None else error.http_status,
        after=after if LOCAL.fullmatch(after) else "/",
        standing=standing,
        options=json.dumps(factors.proof_options(gateway, session)) if standing.passkeys else "",
        error=None if error is None else told(error, visitor.language),
        script=True,
    )


@router.post("/prove", **needs("self.manage"))
def prove(visitor: Here, form: OwnForm) -> Response:
    """Go on with a new cookie."""
    secrets = Secrets(form.get("password"), form.get("code") or None, form.get("assertion") or None)
    after = form.get("next")
    try:
        session = presence.prove(visitor.gateway, visitor.session, secrets)
    except Unauthenticated as error:
        return _prove(visitor, after, error)
    return entered(session, to(after if LOCAL.fullmatch(after) else "/"))
