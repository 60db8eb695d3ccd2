"""Inbox, sent, and the page of one transfer with everything that can be done about it.

Guarantees: the page shows the same trail to both sides; what is offered is what the rules would allow now; content, receipts and
evidence are journalled before they leave (``app.desk.transfers``). Refuses other words than the enums' own.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from akashi.app.desk import transfers
from akashi.app.desk.trail import erasure_state, trail_lines
from akashi.errors import AkashiError
from akashi.exchange.model import Destination, Form, ReadPurpose, RefuseReason, Status, Transfer, WithdrawReason
from akashi.exchange.rules import decide_confirm, decide_read, decide_refuse, decide_withdraw
from akashi.exchange.service import Shown
from akashi.ledger.rules import Allowed
from akashi.web import forms
from akashi.web.rendering import moment, texts, told
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
E = TypeVar("E", bound=IntEnum)
_TONES = {Status.SENT: "warn", Status.OPENED: "warn", Status.CONFIRMED: "good", Status.REFUSED: "stop"}


def words(enum: type[E]) -> list[str]:
    """The words of an enum as forms carry them."""
    return [one.name.lower() for one in enum]


def chosen(enum: type[E], form: forms.Form, name: str) -> E:
    """The member that a form names. Raises ``FormInvalid``."""
    found = {one.name.lower(): one for one in enum}.get(form.get(name))
    if found is None:
        raise forms.FormInvalid
    return found


def download(file: transfers.Download) -> StreamingResponse:
    """Hand out a file; its name is ASCII by construction (RFC 6266)."""
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return StreamingResponse(file.pieces, media_type=file.media_type, headers=headers)


@router.get("/inbox", **needs("transfer.read"))
def inbox(visitor: Here) -> Response:
    """What arrived."""
    return _list(visitor, received=True)


@router.get("/sent", **needs("transfer.read"))
def sent(visitor: Here) -> Response:
    """What went out, and what is not on the ledger yet."""
    return _list(visitor, received=False)


def _list(visitor: Visitor, *, received: bool) -> Response:
    gateway, t = visitor.gateway, texts(visitor.language)
    names = gateway.names()
    unread = {notice.transfer for notice in gateway.exchange.notices()}
    rows = []
    for one in transfers.listed(gateway, visitor.session, received=received):
        partner = one.sender if received else one.receiver
        rows.append({**_row(one), "partner": names.get(partner, partner), "unread": one.handle in unread})
    pending = [] if received else [one.transfer for one in gateway.exchange.pending()]
    title, partner_label = ("list.inbox", "list.sender") if received else ("list.sent_title", "list.receiver")
    return visitor.page("transfers.html", title=t(title), partner_label=t(partner_label), rows=rows, pending=pending)


@router.get("/transfers/{name}", **needs("transfer.read"))
def show(visitor: Here, name: str) -> Response:
    """One transfer."""
    return _show(visitor, name)


def _show(visitor: Visitor, name: str, error: AkashiError | None = None) -> Response:
    found = transfers.shown(visitor.gateway, visitor.session, name)
    return visitor.page(
        "transfer.html",
        200 if error is None else error.http_status,
        error=None if error is None else told(error, visitor.language),
        transfer=_shown(visitor, found),
        trail=trail_lines(visitor.gateway, found.trail, visitor.language),
        purposes=words(ReadPurpose),
        destinations=words(Destination),
        forms=["sealed", "locked", "plain"],
        withdraw_reasons=words(WithdrawReason),
        refuse_reasons=words(RefuseReason),
    )


@router.post("/transfers/{name}/open", **needs("transfer.open"))
def open_(visitor: Here, name: str, form: OwnForm) -> Response:
    """Open in memory and compare, without taking anything out."""
    try:
        transfers.opened(visitor.gateway, visitor.session, name, chosen(ReadPurpose, form, "purpose"))
    except AkashiError as error:
        return _show(visitor, name, error)
    return to(f"/transfers/{name}", notice="opened")


@router.post("/transfers/{name}/export", **needs("transfer.open"))
def export(visitor: Here, name: str, form: OwnForm) -> Response:
    """Take out, with purpose, destination and form on the ledger first."""
    try:
        file = transfers.exported(
            visitor.gateway,
            visitor.session,
            name,
            chosen(ReadPurpose, form, "purpose"),
            chosen(Destination, form, "destination"),
            chosen(Form, form, "form"),
            form.get("lock"),
        )
    except AkashiError as error:
        return _show(visitor, name, error)
    return download(file)


@router.post("/transfers/{name}/confirm", **needs("transfer.confirm"))
def confirm(visitor: Here, name: str, _form: OwnForm) -> Response:
    """Confirm receipt."""
    try:
        transfers.confirmed(visitor.gateway, visitor.session, name)
    except AkashiError as error:
        return _show(visitor, name, error)
    return to(f"/transfers/{name}", notice="confirmed")


@router.post("/transfers/{name}/refuse", **needs("transfer.refuse"))
def refuse(visitor: Here, name: str, form: OwnForm) -> Response:
    """Do not take it."""
    try:
        transfers.refused(visitor.gateway, visitor.session, name, chosen(RefuseReason, form, "reason"))
    except AkashiError as error:
        return _show(visitor, name, error)
    return to(f"/transfers/{name}", notice="refused")


@router.post("/transfers/{name}/withdraw", **needs("transfer.withdraw"))
def withdraw(visitor: Here, name: str, form: OwnForm) -> Response:
    """Take back what was not opened."""
    try:
        transfers.withdrawn(visitor.gateway, visitor.session, name, chosen(WithdrawReason, form, "reason"))
    except AkashiError as error:
        return _show(visitor, name, error)
    return to(f"/transfers/{name}", notice="withdrawn")


@router.get("/transfers/{name}/evidence", **needs("export.evidence"))
def evidence(visitor: Here, name: str) -> Response:
    """The evidence bundle."""
    return download(transfers.evidence(visitor.gateway, visitor.session, name))


@router.get("/receipts/{operation}", **needs("transfer.read"))
def receipt(visitor: Here, operation: str) -> Response:
    """The receipt of one step."""
    try:
        wanted = bytes.fromhex(operation)
    except ValueError as error:
        raise forms.FormInvalid from error
    return download(transfers.receipt(visitor.gateway, visitor.session, wanted))


def _row(one: Transfer) -> dict[str, object]:
    return {
        "handle": one.handle,
        "status": one.status.name.lower(),
        "tone": _TONES.get(one.status, ""),
        "sent_ms": one.sent_ms,
        "expires_ms": one.expires_ms,
    }


def _shown(visitor: Visitor, found: Shown) -> dict[str, object]:
    one, gateway = found.transfer, visitor.gateway
    names, now = gateway.names(), gateway.clock.now_ms()
    who = (one, gateway.institution, visitor.session.person, now)
    offers = {
        "can_open": visitor.may("transfer.open") and isinstance(decide_read(*who), Allowed),
        "can_confirm": visitor.may("transfer.confirm") and isinstance(decide_confirm(*who), Allowed),
        "can_withdraw": visitor.may("transfer.withdraw") and isinstance(decide_withdraw(*who), Allowed),
        "can_refuse": visitor.may("transfer.refuse") and isinstance(decide_refuse(*who), Allowed),
    }
    sides = {side: names.get(handle, handle) for side, handle in (("sender", one.sender), ("receiver", one.receiver))}
    return {**_row(one), **offers, **sides, "erasure": _erasure(visitor, one), "pending": len(found.pending)}


def _erasure(visitor: Visitor, one: Transfer) -> object:
    t, state = texts(visitor.language), erasure_state(visitor.gateway, one)
    if state.state == "none":
        return t("transfer.not_erased")
    if state.state == "erasing":
        missing = [t("transfer.erasing_missing", count=len(state.missing))] if state.missing else []
        return [t("transfer.erasing"), *missing]
    unproven = [t("transfer.erased_unproven", count=len(state.not_proven))] if state.not_proven else []
    return [moment(state.erased_ms, visitor.language), t(f"transfer.level_{state.level}"), *unproven]
