"""Where a browser is: its place cookie, and the question whether a second place is really the person's.

Guarantees: the place cookie signs nobody in and outlives sessions; a session from a place that was not on the list sees the question and nothing
else. Refuses to leave the question by any other way than an answer or signing out.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from akashi.app.people import presence
from akashi.errors import AkashiError
from akashi.identity.model import Arrival, Session
from akashi.identity.presence.model import Answer
from akashi.identity.presence.rules import browser_of
from akashi.web.forms import FormInvalid
from akashi.web.rendering import page, told
from akashi.web.visitors import COOKIE, Asked, AskedForm, Visitor, to

router = APIRouter()
PLACE = "__Host-akashi-place"
_YEAR_S = 365 * 86_400
_LONGEST = 200
_ANSWERS = {"yes": Answer.YES, "no": Answer.NO}


def arrival_of(request: Request) -> Arrival:
    """How this browser comes."""
    address = request.client.host if request.client else ""
    cookie = request.cookies.get(PLACE, "")
    return Arrival(
        cookie if len(cookie) <= _LONGEST else "", browser_of(request.headers.get("user-agent", "")), address
    )


def entered(session: Session, answer: Response) -> Response:
    """Give the browser its session's cookie, and its place's where it is a new one."""
    answer.set_cookie(COOKIE, session.token, secure=True, httponly=True, samesite="strict", path="/")
    if session.place_token:
        answer.set_cookie(
            PLACE, session.place_token, max_age=_YEAR_S, secure=True, httponly=True, samesite="strict", path="/"
        )
    return answer


def left() -> Response:
    """On to the sign-in page, without a session."""
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="strict", path="/")
    return answer


@router.get("/place", openapi_extra={"x-permission": "open.login"})
def question(visitor: Asked) -> Response:
    """Is this you?"""
    return _question(visitor) if visitor.session.unconfirmed else to("/")


def _question(visitor: Visitor, error: AkashiError | None = None) -> Response:
    shown = None if error is None else told(error, visitor.language)
    browser = browser_of(visitor.request.headers.get("user-agent", ""))
    values = {"csrf": visitor.csrf, "device": visitor.session.device, "since": visitor.session.started_ms}
    status = 200 if error is None else error.http_status
    return page(visitor.request, "confirm_place.html", status, browser=browser, error=shown, **values)


@router.post("/place", openapi_extra={"x-permission": "open.login"})
def answer(visitor: Asked, form: AskedForm) -> Response:
    """Yes: go on. No: every session ends, and nobody signs in to this account from here."""
    said = _ANSWERS.get(form.get("answer"))
    if said is None:
        raise FormInvalid
    try:
        presence.confirm(visitor.gateway, visitor.session, said)
    except AkashiError as error:
        return _question(visitor, error)
    return to("/") if said is Answer.YES else left()
