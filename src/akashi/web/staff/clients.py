"""Machine clients: made, given a new secret, stopped.

Guarantees: a secret is on one page, once, never kept by the browser; what a client may do is chosen from what a machine can be given at all.
Refuses everybody without ``client.manage``, and without a fresh proof.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.desk import devices
from akashi.app.people import clients, rights
from akashi.errors import AkashiError
from akashi.identity.access.model import ClientReason, ClientTerms, Issued
from akashi.identity.permissions import CLIENT_BITS, TABLE, client_actions
from akashi.web.exchange import chosen, words
from akashi.web.forms import Form
from akashi.web.staff.fields import DAY_MS, FieldUnusable, day_ms, filled, names_of, part, refusal, side
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()


@router.get("/clients", **needs("client.manage"))
def listing(visitor: Here, page: str = "1") -> Response:
    """All clients, and the form for a new one."""
    return _page(visitor, page=page)


@router.post("/clients", **needs("client.manage"))
def make(visitor: Here, form: OwnForm) -> Response:
    """A new client; its secret is shown this once."""
    try:
        made = clients.enrolled(
            visitor.gateway,
            visitor.session,
            filled(form, "device"),
            ClientTerms(
                frozenset(name for name in CLIENT_BITS if form.get(f"action_{name}") == "1"),
                day_ms(form.get("until"), "until") + DAY_MS,
                filled(form, "responsible"),
                form.get("counterpart") or None,
            ),
            label=form.get("label").strip(),
            networks=tuple(one.strip() for one in form.get("networks").splitlines() if one.strip()),
        )
    except AkashiError as error:
        return _page(visitor, error, entered=form)
    return _secret(visitor, made)


@router.post("/clients/{client}/rotate", **needs("client.manage"))
def rotate(visitor: Here, client: str, form: OwnForm) -> Response:
    """A new secret."""
    try:
        days = form.get("days")
        if not (days.isascii() and days.isdigit() and len(days) < 4):
            raise FieldUnusable(field="days")
        made = clients.rotated(visitor.gateway, visitor.session, client, overlap_ms=int(days) * DAY_MS)
    except AkashiError as error:
        return _page(visitor, error)
    return _secret(visitor, made)


@router.post("/clients/{client}/disable", **needs("client.manage"))
def disable(visitor: Here, client: str, form: OwnForm) -> Response:
    """Stop it, for good."""
    if form.get("sure") != "1":
        return to("/clients", notice="unsure")
    try:
        clients.disabled(visitor.gateway, visitor.session, client, chosen(ClientReason, form, "reason"))
    except AkashiError as error:
        return _page(visitor, error)
    return to("/clients", notice="stepped")


def _secret(visitor: Visitor, made: Issued) -> Response:
    answer = visitor.page("clients_secret.html", made=made)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _page(visitor: Visitor, error: AkashiError | None = None, page: str = "1", entered: Form | None = None) -> Response:
    status, said = refusal(visitor, error)
    gateway, at = visitor.gateway, side(visitor.language)
    actions = [(name, (TABLE[name].ja, TABLE[name].en)[at]) for name in CLIENT_BITS]
    shown = part(clients.listed(gateway, visitor.session), page)
    machine = gateway.machine_certificate()
    return visitor.page(
        "clients.html",
        status,
        error=said,
        place=shown,
        may={
            one.client.handle: [word for name, word in actions if name in client_actions(one.client.actions)]
            for one in shown.rows
        },
        actions=actions,
        names=names_of(visitor),
        institutions=[row for row in sorted(gateway.names().items()) if row[0] != gateway.institution],
        choices=rights.present(gateway),
        devices=[
            (one.handle, one.handle)
            for one in devices.listed(gateway, visitor.session)
            if one.revoked_ms is None and one.certificate != machine
        ],
        reasons=words(ClientReason),
        entered=entered or Form({}),
    )
