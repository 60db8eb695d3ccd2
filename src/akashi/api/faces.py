"""The route tables of this service for the self check, and a way to ask them in this process.

Guarantees: every route of the applications' own documents is in the table, so that none is forgotten; what answers without a session by
design is named here and nowhere else. A request of :func:`asgi_ask` passes the same door as one from outside. Refuses nothing; trusts
the applications to list their routes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, MutableMapping
from functools import cache
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from akashi.api.gateway.app import gateway_api, gateway_origin
from akashi.api.server.app import bare_server_app, server_app
from akashi.api.tls import ClientCertificate
from akashi.app.gateway.home import Gateway
from akashi.app.selfcheck.faces import Answer, Ask, Face, silent
from akashi.app.server.dashboard import ErrorCounter
from akashi.app.server.home import Server
from akashi.clock import Clock, SystemClock
from akashi.web.app import web_app

OPEN_API = frozenset(
    {
        ("POST", "/api/v1/session"),
        ("POST", "/api/v1/session/options"),
        ("POST", "/api/v1/session/passkey"),
        ("POST", "/api/v1/resets/redeem"),
    }
)
"""Signing in, in one step or with a passkey, and setting a password with a reset ticket."""
OPEN_PAGES = frozenset(
    {
        ("GET", "/login"),
        ("POST", "/login"),
        ("POST", "/login/second"),
        ("GET", "/reset"),
        ("POST", "/reset"),
        ("GET", "/static/akashi.css"),
        ("GET", "/static/akashi.js"),
    }
)
"""The pages for it, with their style sheet and script."""


def faces(gateway: Gateway, server: Server | None, clock: Clock) -> tuple[Face, ...]:
    """The tables of the gateway's API and pages, and of the server's machine API (in another process: asked over HTTPS)."""
    errors, tables = ErrorCounter(clock), route_tables()
    ask = asgi_ask(gateway_origin(gateway, errors))
    machines = silent if server is None else asgi_ask(server_app(server, errors))
    return (
        Face("gateway", tables["gateway"], ask, OPEN_API),
        Face("pages", tables["pages"], ask, OPEN_PAGES),
        Face("server", tables["server"], machines, sessions=False),
    )


@cache
def route_tables() -> Mapping[str, tuple[tuple[str, str], ...]]:
    """``(method, path)`` of every route by face; made once, for they are the program's."""
    errors = ErrorCounter(SystemClock())
    apps = {
        "gateway": gateway_api(None, errors),
        "pages": web_app(None, errors),
        "server": bare_server_app(None, errors),
    }
    return {name: routes_of(app) for name, app in apps.items()}


def routes_of(app: FastAPI) -> tuple[tuple[str, str], ...]:
    """``(method, path)`` of every route, as the application's own document has them."""
    return tuple(
        (method.upper(), path)
        for path, operations in sorted(app.openapi()["paths"].items())
        for method in sorted(operations)
    )


def asgi_ask(app: ASGIApp) -> Ask:
    """Ask an application in this process; the certificate comes as the TLS layer would hand it on."""

    def ask(method: str, path: str, certificate: bytes | None) -> Answer:
        return asyncio.run(_ask(app, method, path, certificate))

    return ask


async def _ask(app: ASGIApp, method: str, path: str, certificate: bytes | None) -> Answer:
    tls = {} if certificate is None else {"akashi.client_certificate": ClientCertificate(b"", certificate, 0)}
    scope: MutableMapping[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1),
        "server": ("localhost", 443), "extensions": {"tls": tls},
        "headers": [(b"host", b"localhost"), (b"accept", b"application/json"), (b"sec-fetch-site", b"same-origin")],
    }  # fmt: skip
    heard: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        heard.append(message)

    await app(scope, receive, send)
    nothing: MutableMapping[str, Any] = {"status": 0, "headers": []}
    start = next((one for one in heard if one["type"] == "http.response.start"), nothing)
    body = b"".join(one.get("body", b"") for one in heard if one["type"] == "http.response.body")
    headers = {name.lower(): value for name, value in start["headers"]}
    return Answer(int(start["status"]), headers.get(b"location", b"").decode("latin-1"), _code(body))


def _code(body: bytes) -> str:
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    return str(told.get("code", "")) if isinstance(told, dict) else ""
