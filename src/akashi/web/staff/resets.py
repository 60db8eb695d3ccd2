"""Password resets: the check and the ticket at the desk, the new password on the person's own device, and telling them afterwards.

Guarantees: the ticket is on one page, once, for the person who checked; the new password is typed where only its owner is, and every failure
there reads the same. Refuses a password that was typed in two ways. Trusts the door for the device certificate.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from akashi.app.people import resets, rights
from akashi.errors import AkashiError, InputError
from akashi.identity.lifecycle.model import ResetMethod
from akashi.web.exchange import chosen, words
from akashi.web.rendering import language_of, page, sentences
from akashi.web.staff.fields import filled, names_of, part, refusal
from akashi.web.visitors import Here, OwnForm, Posted, Visitor, caller_of, gateway_of, needs, to

router = APIRouter()


class NotTheSame(InputError):
    """Two passwords that should be one."""

    code = "web.password_twice"
    ja, en = "2回入れたパスワードが同じではありません。", "The two passwords are not the same."
    hint_ja, hint_en = "もう一度、同じものを2回入れてください。", "Enter the same one twice."


@router.get("/resets", **needs("person.reset"))
def listing(visitor: Here, page: str = "1", person: str = "") -> Response:
    """The ledger of resets, and the form for a new ticket."""
    return _listing(visitor, page=page, person=person)


def _listing(visitor: Visitor, error: AkashiError | None = None, page: str = "1", person: str = "") -> Response:
    status, said = refusal(visitor, error)
    me = visitor.session.person
    return visitor.page(
        "resets.html",
        status,
        error=said,
        place=part(resets.listed(visitor.gateway, visitor.session), page),
        names=names_of(visitor),
        choices=[row for row in rights.present(visitor.gateway) if row[0] != me],
        methods=words(ResetMethod),
        chosen=person,
    )


@router.post("/resets", **needs("person.reset"))
def issue(visitor: Here, form: OwnForm) -> Response:
    """Record the check; the ticket is shown this once."""
    try:
        person, method = filled(form, "person"), chosen(ResetMethod, form, "method")
        ticket = resets.issued(
            visitor.gateway,
            visitor.session,
            person,
            method,
            document=form.data or None,
            witness=form.get("witness") or None,
        )
    except AkashiError as error:
        return _listing(visitor, error, person=form.get("person"))
    answer = visitor.page("resets_ticket.html", ticket=ticket, name=names_of(visitor).get(person, person))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get("/resets/{reset}/document", **needs("person.reset"))
def document(visitor: Here, reset: str) -> Response:
    """The copy that was looked at, as a file of unknown kind: it is never shown in the page."""
    data = resets.document(visitor.gateway, visitor.session, reset)
    headers = {
        "Content-Disposition": f'attachment; filename="{reset}.bin"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(data, media_type="application/octet-stream", headers=headers)


# The person themselves, not signed in


@router.get("/reset")
def redeem_page(request: Request) -> Response:
    """Where a ticket is used."""
    return _redeem(request)


def _redeem(request: Request, error: AkashiError | None = None, login: str = "", *, done: bool = False) -> Response:
    status, said = (200, None) if error is None else (error.http_status, sentences(error, language_of(request)))
    return page(request, "resets_redeem.html", status, error=said, login=login, done=done)


@router.post("/reset", openapi_extra={"x-permission": "open.login"})
async def redeem(request: Request, form: Posted) -> Response:
    """Set the new password."""
    gateway, certificate, login = gateway_of(request), caller_of(request).certificate, form.get("login")[:64].strip()
    try:
        if form.get("password") != form.get("again"):
            raise NotTheSame
        given = (login, form.get("ticket")[:64], certificate, form.get("password")[:256])
        await run_in_threadpool(resets.redeemed, gateway, *given)
    except AkashiError as error:
        return await run_in_threadpool(_redeem, request, error, login)
    return await run_in_threadpool(_redeem, request, done=True)


@router.post("/me/reset", **needs("self.manage"))
def noticed(visitor: Here, _form: OwnForm) -> Response:
    """I have read that my password was reset."""
    resets.noticed(visitor.gateway, visitor.session)
    return to("/")
