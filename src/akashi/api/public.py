"""The public origin: no client certificate, nothing secret.

Guarantees: hands out what anybody may have: the trust file, the CA certificate, the revocation list, OCSP answers, the names of institutions.
A P12 that waits for its owner
goes to who has its code, once. Refuses everything else. Trusts nobody.
"""

from __future__ import annotations

from base64 import b64decode

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from akashi import __version__
from akashi.api.door import Door
from akashi.api.problems import as_json, install
from akashi.api.server.callers import Body
from akashi.app.server.dashboard import ErrorCounter
from akashi.app.server.devices import ocsp_answer
from akashi.app.server.home import Server
from akashi.app.server.pickups import PickupUnknown
from akashi.errors import AkashiError
from akashi.web.public import public_page, stylesheet
from akashi.web.visitors import Posted

router = APIRouter(tags=["public"])
_PEM, _OCSP = "application/x-pem-file", "application/ocsp-response"


def rebuilding_page(request: Request, error: AkashiError) -> Response:
    """The same while there is no server to ask who takes part: plain words for a person."""
    if _is_person(request):
        lines = (error.sentence("ja"), error.hint("ja"), "", error.sentence("en"), error.hint("en"))
        return PlainTextResponse("\n".join(lines) + "\n", error.http_status)
    return as_json(request, error)


def _is_person(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


def _told(request: Request, error: AkashiError) -> Response:
    """An error as a browser wants it, or as a program does."""
    if _is_person(request):
        return _page(request, error)
    return as_json(request, error)


@router.get("/trust.txt")
def trust(request: Request) -> Response:
    """The trust file that members pin (docs/spec/trust.md)."""
    return Response(_server(request).trust_text(), media_type="text/plain; charset=utf-8")


@router.get("/ca.pem")
def ca(request: Request) -> Response:
    """The CA certificate."""
    return Response(_server(request).ca_certificate, media_type=_PEM)


@router.get("/crl.pem")
def crl(request: Request) -> Response:
    """The newest revocation list."""
    return Response(_server(request).crl(), media_type=_PEM)


@router.post("/ocsp", openapi_extra={"x-permission": "open.ocsp"})
def ocsp(request: Request, body: Body) -> Response:
    """What holds of one device certificate (RFC 6960 A.1): an ``application/ocsp-request`` in, an ``application/ocsp-response`` out."""
    return Response(ocsp_answer(_server(request), body), media_type=_OCSP, headers={"Cache-Control": "no-store"})


@router.get("/ocsp/{asked:path}")
def ocsp_by_address(request: Request, asked: str) -> Response:
    """The same, with the request in base 64 in the address."""
    try:
        body = b64decode(asked, validate=True)
    except ValueError:
        body = b""
    return Response(ocsp_answer(_server(request), body), media_type=_OCSP, headers={"Cache-Control": "no-store"})


@router.get("/api/v1/institutions")
def institutions(request: Request) -> dict[str, object]:
    """Who takes part."""
    entries = _server(request).directory.entries()
    return {"institutions": [{"handle": e.handle, "name": e.name, "number": e.number} for e in entries]}


@router.get("/")
def page(request: Request) -> Response:
    """The same for a browser."""
    return _page(request)


@router.post("/enrol", openapi_extra={"x-permission": "open.enrol"})
def enrol(request: Request, form: Posted) -> Response:
    """Hand out the P12 file that waits under a code, once."""
    try:
        p12 = _server(request).pickups.collect(form.get("code"))
    except PickupUnknown as error:
        return _page(request, error)
    headers = {"Content-Disposition": 'attachment; filename="akashi-device.p12"', "Cache-Control": "no-store"}
    return Response(p12, media_type="application/x-pkcs12", headers=headers)


@router.get("/static/akashi.css")
def style() -> Response:
    """The style sheet."""
    return stylesheet()


def bare_public_app(server: Server | None, errors: ErrorCounter) -> FastAPI:
    """The routes without the door: for tests of the route table and for the generated documentation."""
    app = FastAPI(
        title="Akashi public pages",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would name the host that the request named
        telemetry={"auto_configure": False},
    )
    app.state.server = server
    install(app, errors, _told)
    app.include_router(router)
    return app


def public_app(server: Server, errors: ErrorCounter) -> ASGIApp:
    """The public pages behind a door that asks nobody who they are."""
    return Door(bare_public_app(server, errors), errors, admit=None)


def _page(request: Request, error: AkashiError | None = None) -> Response:
    return public_page(request, [entry.label for entry in _server(request).directory.entries()], error)


def _server(request: Request) -> Server:
    found: Server = request.app.state.server
    return found
