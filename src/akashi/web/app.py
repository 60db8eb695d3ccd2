"""The pages of a gateway as one ASGI application (behind the door of ``api``).

Guarantees: every page but the sign-in needs a session; every error is a page with a sentence, a hint and a code; whoever is not signed
in is led to the sign-in. Refuses unknown addresses with the same page as everything else.
"""

from __future__ import annotations

import logging

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from akashi.app.conformity.seat import Seat
from akashi.app.gateway.home import Gateway
from akashi.app.server.dashboard import ErrorCounter
from akashi.errors import AkashiError, NotFound
from akashi.identity.errors import SessionEnded
from akashi.web import devices, exchange, proof, sending, signing
from akashi.web.conformity import (
    agreements,
    answering,
    assessing,
    declaring,
    desk,
    downloads,
    overview,
    reporting,
    sheets,
)
from akashi.web.forms import FormInvalid
from akashi.web.public import stylesheet
from akashi.web.rendering import language_of, page, told
from akashi.web.visitors import COOKIE

PARTS = (
    signing, sending, exchange, proof, devices,
    overview, sheets, answering, declaring, downloads, desk, agreements, reporting, assessing,
)  # fmt: skip
_LOG = logging.getLogger("akashi.web")


class PageUnknown(NotFound):
    """No such page."""

    code = "web.page"
    ja, en = "ページが見つかりません。", "There is no such page."


def error_page(request: Request, error: AkashiError) -> Response:
    """An error for a person."""
    return page(request, "error.html", error.http_status, error=told(error, language_of(request)))


def web_app(gateway: Gateway | None, errors: ErrorCounter, seat: Seat | None = None) -> FastAPI:
    """The pages (``None``: only the route table is of interest); ``seat``: what they share with the API."""
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would name the host that the request named
        telemetry={"auto_configure": False},
    )
    app.state.gateway, app.state.seat = gateway, seat
    for part in PARTS:
        app.include_router(part.router)
    app.add_api_route("/static/akashi.css", stylesheet, methods=["GET"])

    def handle(request: Request, error: Exception) -> Response:
        known = _error_of(error)
        if not isinstance(known, SessionEnded):  # to be asked to sign in is no error
            errors.add(known.code)
        if isinstance(known, SessionEnded):
            answer = RedirectResponse("/login", 303)
            answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="strict", path="/")
            return answer
        return error_page(request, known)

    for kind in (AkashiError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, handle)
    return app


def _error_of(error: Exception) -> AkashiError:
    if isinstance(error, AkashiError):
        return error
    if isinstance(error, HTTPException):
        return error.__cause__ if isinstance(error.__cause__, AkashiError) else PageUnknown()
    if isinstance(error, RequestValidationError):
        return FormInvalid()
    _LOG.error("unexpected %s", type(error).__name__)  # never its text: it may quote what was being worked on
    return AkashiError()
