"""The machine API of a server as one ASGI application.

Guarantees: every request passes the door (device of an enabled institution, on the ledger now) and names its permission; the
OpenAPI document is at ``/api/v1/openapi.json``; no telemetry, no pages from elsewhere. Refuses large bodies everywhere but
where payloads are staged.
"""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response
from starlette.types import ASGIApp

from akashi import __version__
from akashi.api import tls_process
from akashi.api.door import SMALL_BODY, Door, Pace
from akashi.api.problems import install
from akashi.api.server import devices, evidence, ledger, logkeys, payloads
from akashi.api.server.callers import ServerHere, counter_of, machine
from akashi.app.admission import Caller, admit
from akashi.app.network.status import codes_of, status_of
from akashi.app.server.dashboard import ErrorCounter, dashboard
from akashi.app.server.home import Server

router = APIRouter(prefix="/api/v1", tags=["service"])
_STREAMING = Pace(large_at_once=32)  # payloads go through to the disk piece by piece


@router.get("/directory", **machine("ledger.read"))
def directory(server: ServerHere) -> dict[str, object]:
    """All institutions with the salts of their commitments, so that a gateway can check the names."""
    rows = [
        {"handle": one.handle, "name": one.name, "number": one.number, "salt": one.salt.hex()}
        for one in server.directory.entries()
    ]
    return {"institutions": rows}


@router.get("/crl", **machine("ledger.read"))
def crl(server: ServerHere) -> Response:
    """The newest revocation list, PEM."""
    return Response(server.crl(), media_type="application/x-pem-file")


@router.get("/dashboard", **machine("dashboard.read"))
def counts(server: ServerHere, request: Request) -> dict[str, object]:
    """Counts for the secretariat: no values, no names of people, no file names. ``handshakes``: refused by TLS in this process, by OpenSSL's reason."""
    return {**asdict(dashboard(server, counter_of(request))), "handshakes": tls_process.REFUSALS.counts()}


@router.get("/network", **machine("dashboard.read"))
def network(server: ServerHere) -> dict[str, object]:
    """How the servers of this ledger are, as this one sees it; ``null`` where it is the only one. Numbers, handles and codes."""
    found = None if server.node is None else status_of(server.node, codes_of(server.alarms)).encode()
    return {"network": found, "size": server.engine.size}


def bare_server_app(server: Server | None, errors: ErrorCounter) -> FastAPI:
    """The routes without the door: for tests of the route table and for the generated documentation."""
    app = FastAPI(
        title="Akashi server",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would name the host that the request named
        telemetry={"auto_configure": False},
    )
    app.state.server, app.state.errors = server, errors
    install(app, errors)
    for part in (ledger.router, evidence.router, logkeys.router, payloads.router, devices.router, router):
        app.include_router(part)
    return app


def server_app(server: Server, errors: ErrorCounter, *, pace: Pace | None = None) -> ASGIApp:
    """The machine API behind its door."""

    def admitted(certificate: bytes) -> Caller:
        with server.engine.view() as state:
            return admit(state, certificate, server.clock.now_ms(), machine=True)

    def limit(method: str, path: str) -> int:
        return payloads.MAX_CONTAINER if method == "PUT" and path.startswith("/api/v1/payloads/") else SMALL_BODY

    return Door(bare_server_app(server, errors), errors, admit=admitted, limit=limit, pace=pace or _STREAMING)
