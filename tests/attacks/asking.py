"""Requests as an attacker makes them: any header, any cookie, any body, at a gateway's real origin in this process.

Guarantees: a request passes the same door, session check and permission as one from outside; only TLS is left out, whose certificate is
put where the TLS layer puts it. Routes, bodies and fields come from the applications' own documents and templates, so that a page that is
added later is attacked without anybody thinking of it.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette.types import Receive, Scope, Send

from akashi.api.gateway.app import gateway_api, gateway_origin
from akashi.api.tls import ClientCertificate
from akashi.app.gateway.home import Gateway
from akashi.app.server.dashboard import ErrorCounter
from akashi.clock import SystemClock
from akashi.web.app import web_app
from akashi.web.rendering import FOLDER
from akashi.web.visitors import COOKIE
from tests.access.origin import Route

OURS = {"sec-fetch-site": "same-origin"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
SAFE = {"GET", "HEAD", "OPTIONS"}
LEAVING = {
    ("POST", "/logout"), ("POST", "/me/everywhere"), ("POST", "/me/leak"),
    ("DELETE", "/api/v1/session"), ("DELETE", "/api/v1/me/sessions"), ("POST", "/api/v1/me/leak"),
}  # fmt: skip
"""Routes that rightly end the session that asks; :func:`alive` tells when one is missing here."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


class Attacker:
    """Somebody at one gateway's origin with the certificate of an enrolled device."""

    def __init__(self, gateway: Gateway, certificate: bytes | None = None) -> None:
        self.gateway = gateway
        self.errors = ErrorCounter(gateway.clock)
        self._certificate = certificate or gateway.machine_certificate()
        self._app = gateway_origin(gateway, self.errors)

    def send(self, asked: Sequence[Asked]) -> list[httpx.Response]:
        """The answers, in order; one connection after another, nothing is remembered in between."""

        async def all_() -> list[httpx.Response]:
            transport = httpx.ASGITransport(app=self._over_tls, raise_app_exceptions=False)
            return [await self._one(transport, one) for one in asked]

        return asyncio.run(all_())

    def one(self, method: str, path: str, headers: Mapping[str, str], content: bytes = b"") -> httpx.Response:
        """One answer."""
        return self.send([Asked(method, path, headers, content)])[0]

    @staticmethod
    async def _one(transport: httpx.ASGITransport, asked: Asked) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="https://localhost") as client:
            return await client.request(
                asked.method, asked.path, headers=dict(asked.headers), content=asked.content or None
            )

    async def _over_tls(self, scope: Scope, receive: Receive, send: Send) -> None:
        tls = {"akashi.client_certificate": ClientCertificate(b"", self._certificate, 0)}
        await self._app({**scope, "extensions": {"tls": tls}}, receive, send)


def signed(token: str, face: str = "pages") -> dict[str, str]:
    """The headers of a session: a cookie for pages, a bearer for the API."""
    return {"cookie": f"{COOKIE}={token}"} if face == "pages" else {"authorization": f"Bearer {token}"}


def csrf(token: str) -> str:
    """What the pages of a session put into their forms."""
    return hmac.new(token.encode(), b"akashi/csrf/1", sha256).hexdigest()


def form(**fields: str) -> bytes:
    """A form's body."""
    return urlencode(fields).encode()


@cache
def every_route() -> tuple[Route, ...]:
    """Every route of a gateway's two faces, those that are open among them."""
    errors = ErrorCounter(SystemClock())
    return tuple(
        Route(
            face,
            method.upper(),
            path,
            operation.get("x-permission") or "",
            tuple(operation.get("x-permission-instead", ())),
        )
        for face, app in (("gateway", gateway_api(None, errors)), ("pages", web_app(None, errors)))
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    )


def changing(face: str, *, leaving: bool = False) -> list[Route]:
    """The routes of a face that are no safe methods, without those that sign out."""
    found = [one for one in every_route() if one.face == face and one.method not in SAFE]
    return [one for one in found if leaving or (one.method, one.path) not in LEAVING]


def alive(attacker: Attacker, token: str) -> bool:
    """Whether the session is one still: else what was asked last was asked by nobody."""
    return attacker.one("GET", "/api/v1/session", signed(token, "gateway")).status_code == 200


@cache
def field_names() -> tuple[str, ...]:
    """The names of all fields of all forms, as the templates have them, at most as many as a form may carry."""
    found: set[str] = set()
    for template in sorted((FOLDER / "templates").rglob("*.html")):
        found |= set(re.findall(r'\bname="([a-z][a-z0-9_]*)"', template.read_text(encoding="utf-8")))
    return tuple(sorted(found - {"csrf", "file", "approval"}))


def in_forms(names: Sequence[str], most: int = 90) -> Iterator[Sequence[str]]:
    """The names in portions that one form may carry."""
    for start in range(0, len(names), most):
        yield names[start : start + most]


@cache
def schemas() -> Mapping[tuple[str, str], dict[str, Any]]:
    """The schema of each JSON body of the API, references resolved one level at a time by :func:`example`."""
    document = gateway_api(None, ErrorCounter(SystemClock())).openapi()
    parts = document.get("components", {}).get("schemas", {})
    found = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            if body is not None:
                found[method.upper(), path] = {**resolved(body, parts), "$parts": parts}
    return found


def resolved(schema: dict[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
    """The schema behind a reference; of several, the first that is not null."""
    while True:
        if "$ref" in schema:
            schema = parts[schema["$ref"].rpartition("/")[2]]
        elif "anyOf" in schema:
            schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
        else:
            return schema


def example(schema: dict[str, Any], text: str, parts: Mapping[str, Any] | None = None) -> Any:
    """A value that the schema takes, with ``text`` in every place that takes free text."""
    parts = schema.get("$parts", {}) if parts is None else parts
    schema = resolved(schema, parts)
    if "enum" in schema or "const" in schema:
        return schema.get("enum", [schema.get("const")])[0]
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: example(one, text, parts) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema.get("items", {"type": "string"}), text, parts)]
    if kind == "string":
        return matching(schema, text)
    return {"integer": schema.get("minimum", 0), "number": schema.get("minimum", 0), "boolean": False}.get(kind)


def matching(schema: dict[str, Any], text: str) -> str:
    """A string for the schema: of the form that its pattern asks for, else the text, cut to its length."""
    pattern = schema.get("pattern", "")
    prefix = re.match(r"\^([a-z]+-)\[", pattern)
    if prefix:
        return prefix[1] + "a" * 20
    if "[0-9a-f]{64}" in pattern:
        return "0" * 64
    if pattern:
        return next((word for word in ("2026-11-21", "1", "aaaa", "a.b") if re.search(pattern, word)), text)
    return text[: schema.get("maxLength", 4096)]


def as_json(value: object) -> bytes:
    """A JSON body."""
    return json.dumps(value, ensure_ascii=True).encode()
