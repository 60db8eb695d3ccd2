"""One gateway's origin: its pages and its REST API behind one door.

Guarantees: every request comes from an enrolled device of this institution, asked on the ledger each time, and a refused one stands
in the access journal. Sign-ins have turns, so that many of them at once do not take what pages need. ``/api/`` answers JSON, everything else is a page. Trusts the server's answers about state as far as
``app.gateway.remote`` does.
"""

from __future__ import annotations

import re

from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from akashi import __version__
from akashi.api.door import SMALL_BODY, Door, Pace
from akashi.api.duty import devices, emergencies, looking, visits
from akashi.api.gateway import checkup, conformity, maps, self, session, transfers, words
from akashi.api.people import care, clients, rights
from akashi.api.problems import as_json, install
from akashi.api.turns import Turns
from akashi.app.admission import Caller, admit
from akashi.app.conformity.seat import Contexts, Seat
from akashi.app.gateway.home import Gateway
from akashi.app.gateway.snapshot import one_request
from akashi.app.selfcheck.context import SelfContext
from akashi.app.server.dashboard import ErrorCounter
from akashi.errors import AkashiError
from akashi.identity.errors import CertificateRefused
from akashi.identity.journal import Outcome, What
from akashi.web.app import error_page, web_app

_UPLOADS = {
    "/api/v1/checkup/inspect",
    "/api/v1/checkup/convert",
    "/api/v1/checkup/claims",
    "/api/v1/verify",
    "/send/preview",
    "/verify",
    "/results",
    "/resets",
    "/api/v1/resets",
    "/documents",
    "/api/v1/documents/verify",
}
_UPLOADS_BELOW = (
    "/conformity/answers/",
    "/conformity/desk/",
    "/conformity/files",
    "/conformity/report/",
    "/api/v1/conformity/evidence",
)
# Decisions and approvals of a draft are small: only its file and its finished text are not.
_MAP_UPLOADS = re.compile(r"(/api/v1)?/maps/(drafts(/[^/]+/preview)?|texts|adopt|cell)")
_FORM = 16 * 1024


def gateway_api(gateway: Gateway | None, errors: ErrorCounter, seat: Seat | None = None) -> FastAPI:
    """The REST API without the door (``None``: only its route table is of interest); ``seat``: what it shares with the pages."""
    app = FastAPI(
        title="Akashi gateway",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would name the host that the request named
        telemetry={"auto_configure": False},
    )
    app.state.gateway, app.state.seat = gateway, seat
    install(app, errors, session.rendered)
    for part in (
        session.router,
        self.router,
        checkup.router,
        maps.router,
        words.router,
        transfers.router,
        conformity.router,
        emergencies.router,
        visits.router,
        devices.router,
        looking.router,
        rights.router,
        care.router,
        clients.router,
    ):
        app.include_router(part)
    return app


def gateway_origin(
    gateway: Gateway, errors: ErrorCounter, *, pace: Pace | None = None, contexts: Contexts | None = None
) -> ASGIApp:
    """Pages and API behind the door; ``contexts``: what a self check started here stands on (else this gateway and its home)."""

    def admitted(certificate: bytes) -> Caller:
        try:
            with gateway.ledger.view() as state:
                return admit(state, certificate, gateway.clock.now_ms(), only=gateway.institution)
        except CertificateRefused as error:
            reason = str(error.params.get("reason", "device.unknown"))
            gateway.journal.record(What.ACTION, Outcome.REFUSED, institution=gateway.institution, reason=reason)
            raise

    def limit(method: str, path: str) -> int:
        takes_files = path in _UPLOADS or path.startswith(_UPLOADS_BELOW) or _MAP_UPLOADS.fullmatch(path)
        return gateway.settings.upload_limit_bytes + _FORM if method == "POST" and takes_files else SMALL_BODY

    def render(request: Request, error: AkashiError) -> Response:
        return as_json(request, error) if request.url.path.startswith("/api/") else error_page(request, error)

    home = gateway.paths.root.parent.parent
    seat = Seat(gateway, contexts or (lambda session: SelfContext(gateway, None, home, by=session)))
    faces = _Faces(gateway_api(gateway, errors, seat), web_app(gateway, errors, seat))
    return _Scoped(Door(faces, errors, admit=admitted, limit=limit, render=render, pace=pace, turns=Turns()))


class _Scoped:
    """Each request goes by one state of the ledger as far as it has not moved on (``app.gateway.snapshot``)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with one_request():
            await self._app(scope, receive, send)


class _Faces:
    """``/api/`` to one application, everything else to the other. Neither has a lifespan."""

    def __init__(self, api: ASGIApp, pages: ASGIApp) -> None:
        self._api, self._pages = api, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._api if scope["type"] == "http" and scope["path"].startswith("/api/") else self._pages
        await app(scope, receive, send)
