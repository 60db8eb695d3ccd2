"""The door of an origin: what holds for every request before any route sees it.

Guarantees: with an ``admit``, no request passes without the certificate of a device that the ledger says is good now (asked at every
request, whatever TLS let through); bodies end at the route's limit and at a deadline; every answer carries the security headers;
no exception reaches the server's log with its text. Refuses with the error shape of ``problems``. Trusts ``tls`` for the
certificate. With ``turns``, a sign-in waits for its turn before it costs a thread, and holds it only once its body is whole. The caller is left in ``scope["akashi.caller"]`` (:class:`akashi.app.admission.Caller`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from akashi.api.problems import BodyTooLarge, BodyTooSlow, Render, TooManyUploads, as_json
from akashi.api.tls import client_certificate
from akashi.api.turns import Turns
from akashi.app.admission import CALLER, Caller
from akashi.app.server.dashboard import ErrorCounter
from akashi.errors import AkashiError, Unavailable
from akashi.identity.errors import NoCertificate

_LOG = logging.getLogger("akashi.api")
SMALL_BODY = 64 * 1024
RETRY_S = "3"
"""After how many seconds what was unavailable may be asked again (``Retry-After``)."""
_SECURITY = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    # No page of ours is framed, and nothing but our own pages may ask a passkey.
    "Permissions-Policy": (
        "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=()"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """How slowly a body may come. Trusted: whoever can change this can let clients hold the server up."""

    idle_s: float = 20.0
    grace_s: float = 30.0
    bytes_per_s: int = 32 * 1024
    large_at_once: int = 4
    """Bodies over the small limit that may be on their way at the same time: a gateway holds them in memory."""


class Door:
    """ASGI: admits, limits, dresses the answer."""

    def __init__(
        self,
        app: ASGIApp,
        errors: ErrorCounter,
        *,
        admit: Callable[[bytes], Caller] | None,
        limit: Callable[[str, str], int] = lambda _method, _path: SMALL_BODY,
        render: Render = as_json,
        pace: Pace | None = None,
        turns: Turns | None = None,
    ) -> None:
        self._app, self._errors, self._admit, self._limit, self._render = app, errors, admit, limit, render
        self._pace, self._turns = pace or Pace(), turns
        self._large = 0  # touched in the event loop's thread only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request (or the lifespan, which passes through)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Dressed(send)
        try:
            await self._serve(scope, receive, answer)
        except AkashiError as error:
            await self._refuse(scope, receive, answer, error)
        except Exception as error:  # noqa: BLE001 - the last wall: nothing may reach the log with its text
            _LOG.error("unexpected %s", type(error).__name__)
            await self._refuse(scope, receive, answer, AkashiError())

    async def _serve(self, scope: Scope, receive: Receive, answer: _Dressed) -> None:
        if self._admit is None:
            await self._limited(scope, receive, answer)
            return
        certificate = client_certificate(scope)
        if certificate is None:
            raise NoCertificate
        if self._turns is None or not self._turns.governs(scope["method"], scope["path"]):
            scope[CALLER] = await run_in_threadpool(self._admit, certificate.digest)
            await self._limited(scope, receive, answer)
            return
        # Whole first: whoever sends slowly must not hold a turn meanwhile.
        body = await _whole(_Metered(receive, SMALL_BODY, self._pace))
        async with self._turns.turn(certificate.digest):
            scope[CALLER] = await run_in_threadpool(self._admit, certificate.digest)
            await self._limited(scope, _Again(body, receive), answer)

    async def _limited(self, scope: Scope, receive: Receive, answer: _Dressed) -> None:
        limit = self._limit(scope["method"], scope["path"])
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared[:16]) > limit:
            raise BodyTooLarge(limit=limit)
        metered = _Metered(receive, limit, self._pace)
        if limit <= SMALL_BODY:
            await self._app(scope, metered, answer)
            return
        if self._large >= self._pace.large_at_once:
            raise TooManyUploads
        self._large += 1
        try:
            await self._app(scope, metered, answer)
        finally:
            self._large -= 1

    async def _refuse(self, scope: Scope, receive: Receive, answer: _Dressed, error: AkashiError) -> None:
        if answer.started:
            return  # too late to say anything: the connection ends short of its length
        self._errors.add(error.code)
        await self._render(Request(scope, receive), error)(scope, receive, answer)


class _Dressed:
    """``send`` with the security headers on the first message."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in _SECURITY.items():
                headers.setdefault(name, value)
            if message["status"] == Unavailable.http_status:
                headers.setdefault("Retry-After", RETRY_S)
        await self._send(message)


class _Metered:
    """``receive`` that counts and watches the clock. Raises :class:`BodyTooLarge`, :class:`BodyTooSlow`."""

    def __init__(self, receive: Receive, limit: int, pace: Pace) -> None:
        self._receive, self._limit, self._pace = receive, limit, pace
        self._seen, self._more = 0, True
        self._begun = asyncio.get_running_loop().time()

    async def __call__(self) -> Message:
        if not self._more:
            return await self._receive()  # waits for the client to leave; nothing to meter
        try:
            message = await asyncio.wait_for(self._receive(), self._pace.idle_s)
        except TimeoutError as error:
            raise BodyTooSlow from error
        self._more = message["type"] == "http.request" and bool(message.get("more_body"))
        self._seen += len(message.get("body", b""))
        if self._seen > self._limit:
            raise BodyTooLarge(limit=self._limit)
        allowed = self._pace.grace_s + self._seen / self._pace.bytes_per_s
        if self._more and asyncio.get_running_loop().time() - self._begun > allowed:
            raise BodyTooSlow
        return message


async def _whole(receive: Receive) -> bytes:
    """The whole body. Raises as ``receive`` does, and :class:`BodyTooSlow` where the client left."""
    pieces: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise BodyTooSlow
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


class _Again:
    """``receive`` for a body that was read before, and then what comes after it."""

    def __init__(self, body: bytes, after: Receive) -> None:
        self._body: bytes | None = body
        self._after = after

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._after()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}
