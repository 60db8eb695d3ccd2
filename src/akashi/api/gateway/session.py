"""Sessions of the REST API: sign in, who am I, sign out; and the check that every other route declares.

Guarantees: a route names one action of the permissions table and runs only for a live session whose roles may do it, over the
device it began on. The token travels in ``Authorization: Bearer`` only, so that a browser sends it nowhere by itself. Refuses
tokens in URLs and cookies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from akashi.app.admission import CALLER, Caller
from akashi.app.gateway.home import Gateway
from akashi.identity.errors import NoCertificate, SessionEnded
from akashi.identity.model import Role, Session
from akashi.identity.permissions import PERMISSIONS, decide_permission
from akashi.ledger.rules import Allowed

router = APIRouter(prefix="/api/v1", tags=["session"])
_BEARER = HTTPBearer(auto_error=False)


class Strict(BaseModel):
    """A request body: unknown fields are refused, and values do not show in a ``repr``."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class SignIn(Strict):
    """What a person signs in with."""

    login: str = Field(max_length=64)
    password: str = Field(max_length=256, repr=False)
    code: str | None = Field(default=None, max_length=12, repr=False)


def gateway_of(request: Request) -> Gateway:
    """The gateway behind this app."""
    found: Gateway = request.app.state.gateway
    return found


def caller_of(request: Request) -> Caller:
    """The device behind this request."""
    found = request.scope.get(CALLER)
    if not isinstance(found, Caller):
        raise NoCertificate
    return found


GatewayHere = Annotated[Gateway, Depends(gateway_of)]
CallerHere = Annotated[Caller, Depends(caller_of)]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


def session_of(gateway: GatewayHere, caller: CallerHere, bearer: Bearer) -> Session:
    """The live session of this request. Raises ``SessionEnded``."""
    if bearer is None:
        raise SessionEnded
    return gateway.accounts.session(bearer.credentials, caller.certificate)


SessionHere = Annotated[Session, Depends(session_of)]


def person(action: str) -> dict[str, Any]:
    """What a route says about its permission: the check, and the line in the OpenAPI document."""
    if action not in PERMISSIONS:
        raise KeyError(action)
    return {"dependencies": [Depends(_check(action))], "openapi_extra": {"x-permission": action}}


def _check(action: str) -> Callable[[Gateway, Session], None]:
    def check(gateway: GatewayHere, session: SessionHere) -> None:
        gateway.accounts.require(session, action)

    return check


@router.post("/session", status_code=201, openapi_extra={"x-permission": "open.login"})
def sign_in(gateway: GatewayHere, caller: CallerHere, body: SignIn) -> dict[str, object]:
    """Sign in with the device's certificate, the password and the code; answers with the bearer token."""
    session = gateway.accounts.sign_in(body.login, body.password, body.code, caller.certificate)
    return {"token": session.token, **_me(gateway, session)}


@router.get("/session")
def me(gateway: GatewayHere, session: SessionHere) -> dict[str, object]:
    """Who is signed in, and what they may do."""
    return _me(gateway, session)


@router.delete("/session", status_code=204, openapi_extra={"x-permission": "open.login"})
def sign_out(gateway: GatewayHere, session: SessionHere) -> Response:
    """Sign out."""
    gateway.drafts.forget(session.id)
    gateway.accounts.sign_out(session.token)
    return Response(status_code=204)


def _me(gateway: Gateway, session: Session) -> dict[str, object]:
    return {
        "person": session.person,
        "institution": session.institution,
        "device": session.device,
        "roles": [role.name.lower() for role in Role if role & session.roles and role.name],
        "actions": [name for name in PERMISSIONS if isinstance(decide_permission(session.roles, name), Allowed)],
        "since_ms": session.started_ms,
        "idle_timeout_ms": gateway.settings.idle_timeout_ms,
    }
