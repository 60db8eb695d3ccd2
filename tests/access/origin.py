"""A gateway's pages and API asked in this process, as a browser on an enrolled device would, and people of every role.

Guarantees: a request passes the same door, session check and permission as one from outside; only TLS is left out, whose certificate is put
where the TLS layer puts it. Routes come from the applications' own documents, so that none is forgotten.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyotp

from akashi.api.gateway.app import gateway_api, gateway_origin
from akashi.api.tls import ClientCertificate
from akashi.app.gateway.enrolment import FirstPerson, join
from akashi.app.gateway.home import Gateway
from akashi.app.server.dashboard import ErrorCounter
from akashi.clock import SystemClock
from akashi.identity.model import InstitutionRole, Role
from akashi.identity.permissions import PERMISSIONS
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.web.app import web_app
from akashi.web.visitors import COOKIE
from tests.app.service import PASSPHRASE, PASSWORD, Service

OPEN = {None, "open.login", "open.enrol"}
"""Routes without a permission of the table; which they are, tests/api/test_permissions lists."""
KNOWN = {
    "{name}": "tr-aaaaaaaaaaaaaaaaaaaa",
    "{operation}": "00" * 32,
    "{version}": "1",
    "{number}": "1",
    "{column}": "1",
}


@dataclass(frozen=True, slots=True)
class Route:
    """One route that needs a permission."""

    face: str
    method: str
    path: str
    permission: str
    instead: tuple[str, ...] = ()

    @property
    def roles(self) -> Role:
        """Who may use it: by its permission, or by another that does as well."""
        found = Role(0)
        for one in (self.permission, *self.instead):
            found |= PERMISSIONS[one]
        return found

    @property
    def filled(self) -> str:
        """The path with something well formed and unknown in its places."""
        return self.with_places({})

    def with_places(self, values: dict[str, str]) -> str:
        """The path with ``values`` in their places, else something well formed and unknown."""

        def fill(found: re.Match[str]) -> str:
            place = found.group(0)
            return values.get(place) or KNOWN.get(place) or f"{place[1:4]}-aaaaaaaaaaaaaaaaaaaa"

        return re.sub(r"\{\w+\}", fill, self.path)


@cache
def routes() -> tuple[Route, ...]:
    """Every route of a gateway's two faces that names a permission."""
    errors = ErrorCounter(SystemClock())
    found = []
    for face, app in (("gateway", gateway_api(None, errors)), ("pages", web_app(None, errors))):
        for path, operations in app.openapi()["paths"].items():
            for method, operation in operations.items():
                if operation.get("x-permission") not in OPEN:
                    instead = tuple(operation.get("x-permission-instead", ()))
                    found.append(Route(face, method.upper(), path, operation["x-permission"], instead))
    return tuple(found)


Body = Callable[[str], bytes]


def unusable(_path: str) -> bytes:
    """A list where an object or a form is wanted: whoever may come in is told that it cannot be used, and nothing runs."""
    return b"[]"


@dataclass(frozen=True, slots=True)
class Told:
    """What was answered."""

    status: int
    location: str
    code: str
    body: bytes


class Origin:
    """One gateway's origin, on one of its devices."""

    def __init__(self, gateway: Gateway, certificate: bytes) -> None:
        self.gateway, self._certificate = gateway, certificate
        self._app = gateway_origin(gateway, ErrorCounter(gateway.clock))

    def ask(self, asked: Sequence[tuple[str, str]], token: str = "", body: Body = unusable) -> list[Told]:
        """The answers to ``(method, path)`` in order, with the session of ``token`` as bearer and as cookie, and ``body`` of each."""

        async def all_() -> list[Told]:
            return [await self._one(method, path, token, body(path)) for method, path in asked]

        return asyncio.run(all_())

    async def _one(self, method: str, path: str, token: str, body: bytes) -> Told:
        kind = b"application/json" if path.startswith("/api/") else b"application/x-www-form-urlencoded"
        headers = [(b"host", b"localhost"), (b"sec-fetch-site", b"same-origin"), (b"content-type", kind)]
        if token:
            headers += [(b"authorization", f"Bearer {token}".encode()), (b"cookie", f"{COOKIE}={token}".encode())]
        tls = {"akashi.client_certificate": ClientCertificate(b"", self._certificate, 0)}
        scope: MutableMapping[str, Any] = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https", "path": path,
            "raw_path": path.encode(), "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1), "server": ("localhost", 443),
            "extensions": {"tls": tls}, "headers": headers,
        }  # fmt: skip
        heard: list[MutableMapping[str, Any]] = []

        gone = False

        async def receive() -> MutableMapping[str, Any]:
            nonlocal gone
            if gone:  # a stream is being sent, and listens whether anybody still reads it
                await asyncio.Event().wait()
            gone = True
            return {
                "type": "http.request",
                "body": body if method not in {"GET", "DELETE"} else b"",
                "more_body": False,
            }

        async def send(message: MutableMapping[str, Any]) -> None:
            heard.append(message)

        await self._app(scope, receive, send)
        start = next(one for one in heard if one["type"] == "http.response.start")
        said = b"".join(one.get("body", b"") for one in heard if one["type"] == "http.response.body")
        where = {name.lower(): value for name, value in start["headers"]}.get(b"location", b"").decode("latin-1")
        return Told(int(start["status"]), where, _code(said), said)


def _code(body: bytes) -> str:
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    return str(told.get("code", "")) if isinstance(told, dict) else ""


def with_assessor(service: Service) -> Gateway:
    """A fourth institution, which assesses, sends and receives: its people can have every role but the secretariat's."""
    first = FirstPerson("shinsa", "架空 審査", Role.ASSESSOR)
    joined = join(
        service.server,
        service.home,
        name="架空審査機関",
        number="1339999903",
        roles=InstitutionRole.ASSESSOR | InstitutionRole.SENDER | InstitutionRole.RECEIVER,
        first=first,
        passphrase=PASSPHRASE,
        settings=service.clinic.settings,
        clock=service.clock,
        cost=FAST_UNSAFE_COST,
    )
    return joined.gateway


def signed_in_as(gateway: Gateway, role: Role, tail: str = "") -> str:
    """The token of a new person with ``role``, who signed in with two factors. Raises ``SignInFailed``."""
    accounts, now = gateway.accounts, gateway.clock.now_ms() // 1000
    login = f"try-{int(role)}{tail}"
    person = accounts.add_person(login=login, name="架空 試行", roles=role)
    if role is Role.EMERGENCY:  # takes no factor, and has no secret of its own until it is opened
        return accounts.sign_in(login, PASSWORD, "000000", gateway.machine_certificate()).token
    seed = accounts.enrol_totp(person).secret
    accounts.confirm_totp(person, pyotp.TOTP(seed).at(now - 30))
    accounts.set_password(person, PASSWORD)
    return accounts.sign_in(login, PASSWORD, pyotp.TOTP(seed).at(now), gateway.machine_certificate()).token
