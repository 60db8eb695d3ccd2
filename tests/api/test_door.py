"""The door by itself: limits, deadlines, unexpected faults. No sockets: the application is called as a server would call it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from akashi.api.door import Door, Pace
from akashi.api.tls import ClientCertificate
from akashi.app.admission import CALLER, Caller
from akashi.app.server.dashboard import ErrorCounter
from akashi.clock import FixedClock
from akashi.identity.errors import CertificateRefused
from akashi.identity.model import InstitutionRole

CERTIFICATE = ClientCertificate(b"der", bytes(32), 7)
CANARY = "canary-4f1d"
Receive = Callable[[], Awaitable[dict[str, Any]]]


def admit(certificate: bytes) -> Caller:
    """Everybody with a certificate."""
    return Caller("dev-aaaa", "inst-aaaa", InstitutionRole.SENDER, certificate)


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Reads the whole body and tells its length and the caller."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(f"{len(body)} {scope[CALLER].device}")(scope, receive, send)


async def broken(scope: Any, receive: Any, send: Any) -> None:
    """Fails with what it was working on in its message."""
    raise RuntimeError(CANARY)


def pieces(*bodies: bytes, pause_s: float = 0.0) -> Receive:
    """A body that comes in these pieces."""
    waiting = list(bodies)

    async def receive() -> dict[str, Any]:
        if pause_s:
            await asyncio.sleep(pause_s)
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    return receive


def call(
    door: Door, receive: Receive, *, certificate: ClientCertificate | None = CERTIFICATE, length: int = 0
) -> Response:
    """One POST; what came back."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/x",
        "headers": [(b"content-length", str(length).encode())] if length else [],
        "extensions": {"tls": {"akashi.client_certificate": certificate}},
        CALLER: Caller("dev-evil", "inst-evil", InstitutionRole.SECRETARIAT, b""),
    }
    asyncio.run(door(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Response(body, sent[0]["status"], headers=headers)


def door(app: Any = echo, **more: Any) -> Door:
    """A door before ``app``."""
    given: dict[str, Any] = {"admit": admit, "limit": lambda _method, _path: 10} | more
    return Door(app, ErrorCounter(FixedClock(0)), **given)


def test_the_caller_is_the_certificates() -> None:
    """What stood in the scope before is overwritten."""
    assert call(door(), pieces(b"abc")).body == b"3 dev-aaaa"


def test_no_certificate_no_entry() -> None:
    """401 where TLS let somebody through without one."""
    assert call(door(), pieces(b""), certificate=None).status_code == 401


def test_a_refused_certificate_stops_before_the_body() -> None:
    """The body of a refused device is not even read."""

    def refuse(_certificate: bytes) -> Caller:
        raise CertificateRefused(reason="device.revoked")

    answer = call(door(admit=refuse), pieces())

    assert (answer.status_code, b"device.revoked" in bytes(answer.body)) == (403, True)


@pytest.mark.parametrize(
    ("receive", "length", "status"),
    [
        (pieces(b"x" * 10), 0, 200),
        (pieces(b"x" * 11), 0, 413),
        (pieces(b"x" * 6, b"x" * 6), 0, 413),
        (pieces(b"x"), 11, 413),
        (pieces(b"x"), 10, 200),
    ],
)
def test_bodies_end_at_the_limit(receive: Receive, length: int, status: int) -> None:
    """Declared or not, in one piece or several: one byte more is refused."""
    assert call(door(), receive, length=length).status_code == status


def test_a_silent_body_is_cut() -> None:
    """Nothing for longer than the pace allows: 408."""
    pace = Pace(idle_s=0.01)

    assert call(door(pace=pace), pieces(b"x", b"y", pause_s=0.05)).status_code == 408


def test_a_dripping_body_is_cut() -> None:
    """Always a little, never enough: 408 once the grace is over."""
    pace = Pace(idle_s=1, grace_s=0.03, bytes_per_s=1_000)

    assert call(door(pace=pace), pieces(*[b"x"] * 8, pause_s=0.01)).status_code == 408


def test_unexpected_faults_say_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """500 with a code; neither the answer nor the log has the exception's text."""
    with caplog.at_level(logging.DEBUG):
        answer = call(door(broken), pieces(b""))

    assert (answer.status_code, b"akashi.error" in bytes(answer.body)) == (500, True)
    assert CANARY not in caplog.text + bytes(answer.body).decode()


def test_every_answer_is_dressed() -> None:
    """Refusals too carry the policy that lets a page load nothing from elsewhere and run nothing."""
    answer = call(door(), pieces(b""), certificate=None)

    assert answer.headers["content-security-policy"].startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'"
    )
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


def test_large_bodies_wait_their_turn() -> None:
    """While as many large bodies as allowed are on their way, one more is refused at once and small ones still pass."""
    seen: list[int] = []

    async def nested(scope: Any, receive: Any, send: Any) -> None:
        if not seen:
            seen.append(await one(scope))
            seen.append(await one({**scope, "path": "/small"}))
        await echo(scope, receive, send)

    guarded = door(nested, limit=lambda _, path: 10 if path == "/small" else 1 << 20, pace=Pace(large_at_once=1))

    async def one(scope: Any) -> int:
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(message)

        seen_before = list(seen)
        seen.append(0)
        await guarded({**scope}, pieces(b""), send)
        seen[:] = seen_before
        return int(sent[0]["status"])

    first = call(guarded, pieces(b"x"))

    assert (first.status_code, seen) == (200, [503, 200])
