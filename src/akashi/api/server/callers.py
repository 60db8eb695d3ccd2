"""Who calls the machine API, and what their institution may do there.

Guarantees: every route names its action; the caller is the institution of the certificate's device, as the door found it. Denies by
default: what is not in :data:`MACHINE_ACTIONS` no machine may do. The people behind a machine are judged by the ledger's own
rules, because every operation says who acted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request

from akashi.api.door import SMALL_BODY
from akashi.api.problems import BodyTooLarge, CallerDenied
from akashi.app.admission import CALLER, Caller
from akashi.app.server.dashboard import ErrorCounter
from akashi.app.server.home import Server
from akashi.identity.errors import NoCertificate
from akashi.identity.model import ALL_INSTITUTION_ROLES, InstitutionRole

MACHINE_ACTIONS = {
    "ledger.read": ALL_INSTITUTION_ROLES,
    "ledger.submit": ALL_INSTITUTION_ROLES,
    "payload.store": ALL_INSTITUTION_ROLES,
    "payload.fetch": ALL_INSTITUTION_ROLES,
    "device.manage": ALL_INSTITUTION_ROLES,
    "dashboard.read": int(InstitutionRole.SECRETARIAT),
}
"""Action to the institution roles whose machines may do it."""


def caller_of(request: Request) -> Caller:
    """The device behind this request. Raises ``NoCertificate`` where the door let nobody in."""
    found = request.scope.get(CALLER)
    if not isinstance(found, Caller):
        raise NoCertificate
    return found


def server_of(request: Request) -> Server:
    """The server behind this app."""
    found: Server = request.app.state.server
    return found


def counter_of(request: Request) -> ErrorCounter:
    """The error counter of this app."""
    found: ErrorCounter = request.app.state.errors
    return found


def machine(action: str) -> dict[str, Any]:
    """What a route says about its permission: the check, and the line in the OpenAPI document."""
    return {"dependencies": [Depends(_check(action))], "openapi_extra": {"x-permission": action}}


def _check(action: str) -> Callable[[Request], None]:
    allowed = MACHINE_ACTIONS.get(action, 0)

    def check(request: Request) -> None:
        if not int(caller_of(request).roles) & allowed:
            raise CallerDenied(action=action)

    return check


async def small_body(request: Request) -> bytes:
    """A whole body of at most 64 KiB."""
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if len(pieces) > SMALL_BODY:
            raise BodyTooLarge(limit=SMALL_BODY)
    return bytes(pieces)


CallerHere = Annotated[Caller, Depends(caller_of)]
ServerHere = Annotated[Server, Depends(server_of)]
Body = Annotated[bytes, Depends(small_body)]
