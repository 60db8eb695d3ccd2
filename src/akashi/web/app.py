"""The pages of a gateway as one ASGI application (behind the door of ``api``).

Guarantees: every page but the sign-in needs a session; every error is a page with a sentence, a hint and a code; whoever is not signed
in is led to the sign-in, whoever must sign, prove or confirm first to the page for it (``people.approving``, ``people.places``). Refuses unknown addresses with the same page as everything else.
"""

from __future__ import annotations

import logging

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from akashi.app.conformity.seat import Seat
from akashi.app.gateway.asking import LIFE_MS
from akashi.app.gateway.home import Gateway
from akashi.app.server.dashboard import ErrorCounter
from akashi.clock import SystemClock
from akashi.errors import AkashiError, NotFound
from akashi.identity.errors import SessionEnded
from akashi.identity.presence.errors import ConfirmationNeeded, PasskeyNeeded, ProofNeeded
from akashi.ledger.keyring.approving import ApprovalWanted
from akashi.web import devices, exchange, proof, results, sending, signing, words
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
from akashi.web.duty import declaring as declared_emergencies
from akashi.web.duty import documents, emergencies, emergency_reviews, keys, landing, memberships, requests, visits
from akashi.web.forms import Form, FormInvalid
from akashi.web.maps import columns, one_column, shelf, trying
from akashi.web.people import account, approving, own_factors, places
from akashi.web.people.held import Held
from akashi.web.public import script, stylesheet
from akashi.web.rendering import language_of, page, sentences
from akashi.web.signing import STEP_MS, FirstStep
from akashi.web.staff import alerts, clients, listing, reports, resets, reviews, rights, servers
from akashi.web.visitors import record_forged, to

PARTS = (
    signing, sending, exchange, results, proof, devices,
    overview, sheets, answering, declaring, downloads, desk, agreements, reporting, assessing,
    columns, one_column, trying, shelf, words,
    account, own_factors, approving, places,
    landing, emergencies, emergency_reviews, declared_emergencies, visits, requests, keys, documents, memberships,
    listing, rights, reviews, resets, reports, alerts, clients, servers,
)  # fmt: skip
_LOG = logging.getLogger("akashi.web")


class PageUnknown(NotFound):
    """No such page."""

    code = "web.page"
    ja, en = "ページが見つかりません。", "There is no such page."


def error_page(request: Request, error: AkashiError) -> Response:
    """An error for a person."""
    return page(request, "error.html", error.http_status, error=sentences(error, language_of(request)))


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
    clock = SystemClock() if gateway is None else gateway.clock
    app.state.steps = Held[FirstStep](clock, life_ms=STEP_MS, most=1024, each=16)
    app.state.files = Held[Form](clock, life_ms=LIFE_MS, most=8, each=2)  # each as large as an upload may be
    for part in PARTS:
        app.include_router(part.router)
    app.add_api_route("/static/akashi.css", stylesheet, methods=["GET"])
    app.add_api_route("/static/akashi.js", script, methods=["GET"])

    def handle(request: Request, error: Exception) -> Response:
        known = _error_of(error)
        asking = _asking(request, known)
        if asking is not None:  # to be asked is no error
            return asking
        errors.add(known.code)
        if isinstance(known, FormInvalid):
            record_forged(request)
        return error_page(request, known)

    for kind in (AkashiError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, handle)
    return app


def _asking(request: Request, error: AkashiError) -> Response | None:
    """The page on which the person says what is missing."""
    if isinstance(error, SessionEnded):
        return places.left()
    if isinstance(error, ConfirmationNeeded):
        return to("/place")
    if isinstance(error, PasskeyNeeded):
        return to("/me")  # a banner there says why
    if isinstance(error, ProofNeeded):
        return to("/prove", next=approving.nearest(request))
    if isinstance(error, ApprovalWanted):
        return approving.approval_page(request, error)
    return None


def _error_of(error: Exception) -> AkashiError:
    if isinstance(error, AkashiError):
        return error
    if isinstance(error, HTTPException):
        return error.__cause__ if isinstance(error.__cause__, AkashiError) else PageUnknown()
    if isinstance(error, RequestValidationError):
        return FormInvalid()
    _LOG.error("unexpected %s", type(error).__name__)  # never its text: it may quote what was being worked on
    return AkashiError()
