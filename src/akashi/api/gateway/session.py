"""Sessions of the REST API: sign in, prove again, who am I, sign out; and the check that every other route declares.

Guarantees: a route names one action of the permissions table and runs only for a live session whose roles may do it, over the
device it began on. The token travels in ``Authorization: Bearer`` only, so that a browser sends it nowhere by itself. Where a person signs with
a key of their own, the answer is 403 with what to sign, and the same request with ``Akashi-Approval`` does it. Refuses
tokens in URLs and cookies, and everything before a second place was confirmed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from akashi.api.problems import as_json, body_of
from akashi.app.admission import CALLER, Caller
from akashi.app.gateway.home import Gateway
from akashi.app.people import clients, factors, presence
from akashi.app.people.signing import answers_from, approving_for, asked_of
from akashi.errors import AkashiError
from akashi.identity.access.rules import decide_access, standing_of
from akashi.identity.errors import NoCertificate, SessionEnded
from akashi.identity.factors.model import Secrets
from akashi.identity.handles import CLIENT
from akashi.identity.model import Arrival, Role, Session
from akashi.identity.permissions import PERMISSIONS
from akashi.identity.presence.errors import ConfirmationNeeded
from akashi.identity.presence.model import Answer
from akashi.ledger.keyring.approving import ApprovalWanted
from akashi.ledger.rules import Allowed

router = APIRouter(prefix="/api/v1", tags=["session"])
_BEARER = HTTPBearer(auto_error=False)
APPROVAL = "Akashi-Approval"
"""Header: a JSON list of approvals, each ``{operation, key, kind, signature, authenticator_data, client_data}``."""
_SEEING = frozenset({"GET", "HEAD"})


class Strict(BaseModel):
    """A request body: unknown fields are refused, and values do not show in a ``repr``."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class SignIn(Strict):
    """What a person signs in with."""

    login: str = Field(max_length=64)
    password: str = Field(max_length=256, repr=False)
    code: str | None = Field(default=None, max_length=40, repr=False)
    assertion: str | None = Field(default=None, max_length=16_384, repr=False)
    """The JSON of a passkey's answer to ``/session/options``, beside or instead of a code."""
    place: str | None = Field(default=None, max_length=200, repr=False)
    """For clients that act as a browser: the ``place`` of an earlier sign-in, empty at the first; others leave it out."""


class PasskeySignIn(Strict):
    """A passkey alone."""

    assertion: str = Field(max_length=16_384, repr=False)
    place: str | None = Field(default=None, max_length=200, repr=False)


class Proof(Strict):
    """What a person proves again with."""

    password: str = Field(default="", max_length=256, repr=False)
    code: str | None = Field(default=None, max_length=40, repr=False)
    assertion: str | None = Field(default=None, max_length=16_384, repr=False)


class PlaceAnswer(Strict):
    """Whether the second place is the person's own."""

    answer: Literal["yes", "no"]


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


def asked_session(request: Request, gateway: GatewayHere, caller: CallerHere, bearer: Bearer) -> Session:
    """The session of this request: a person's, also where nobody has said yet that it is them, or a machine client's.

    Raises ``SessionEnded``, ``ClientRefused``.
    """
    if bearer is None:
        raise SessionEnded
    if bearer.credentials.startswith(f"{CLIENT}-"):  # a session's token has neither this beginning nor a dot
        address = request.client.host if request.client else None
        session = clients.authenticate(gateway, f"Bearer {bearer.credentials}", caller.certificate, address)
    else:
        session = gateway.accounts.session(bearer.credentials, caller.certificate)
    request.state.session = session
    return session


AskedSession = Annotated[Session, Depends(asked_session)]


def session_of(request: Request, gateway: GatewayHere, session: AskedSession) -> Session:
    """The live session of this request, with what its person signed. Raises ``ConfirmationNeeded``, ``ApprovalMismatch``."""
    if session.unconfirmed:
        raise ConfirmationNeeded
    if request.method in _SEEING:
        return session
    answers = answers_from(gateway, session, request.headers.get(APPROVAL, ""))
    return replace(session, approving=approving_for(gateway, session, answers))


SessionHere = Annotated[Session, Depends(session_of)]


def rendered(request: Request, error: AkashiError) -> Response:
    """An error as JSON; where a signature is wanted, with what to sign (``approval``)."""
    session: Session | None = getattr(request.state, "session", None)
    if not isinstance(error, ApprovalWanted) or session is None:
        return as_json(request, error)
    wanted = asked_of(gateway_of(request), session, error)
    return JSONResponse({**body_of(error), "approval": wanted}, error.http_status)


def person(action: str, *instead: str) -> dict[str, Any]:
    """What a route says about its permission: the check, and the line in the OpenAPI document; ``instead``: others that do as well.

    Only to look (GET) no fresh proof is asked for.
    """
    wanted = (action, *instead)
    for one in wanted:
        if one not in PERMISSIONS:
            raise KeyError(one)
    said: dict[str, object] = {"x-permission": action} | ({"x-permission-instead": list(instead)} if instead else {})
    return {"dependencies": [Depends(_check(wanted))], "openapi_extra": said}


def _check(wanted: tuple[str, ...]) -> Callable[[Request, Gateway, Session], None]:
    def check(request: Request, gateway: GatewayHere, session: SessionHere) -> None:
        able = (one for one in wanted if isinstance(decide_access(standing_of(session), one), Allowed))
        gateway.accounts.require(session, next(able, wanted[0]), proof=request.method != "GET")

    return check


def _arrival(place: str | None) -> Arrival | None:
    return None if place is None else Arrival(place, "other")


def _begun(gateway: Gateway, session: Session) -> dict[str, object]:
    return {"token": session.token, "place": session.place_token or None, **_me(gateway, session)}


@router.post("/session/options", openapi_extra={"x-permission": "open.login"})
def options(gateway: GatewayHere, caller: CallerHere) -> dict[str, object]:
    """What to ask a passkey at sign-in (``parseRequestOptionsFromJSON``); the same for everybody, good for five minutes."""
    return factors.sign_in_options(gateway, caller.certificate)


@router.post("/session", status_code=201, openapi_extra={"x-permission": "open.login"})
def sign_in(gateway: GatewayHere, caller: CallerHere, body: SignIn) -> dict[str, object]:
    """Sign in with the device's certificate, the password and the code or passkey; answers with the bearer token.

    ``unconfirmed``: answer ``/session/place`` first. A recovery or temporary code goes into ``code``.
    """
    secrets = Secrets(body.password, body.code, body.assertion)
    person = gateway.accounts.person_of_login(body.login)
    return _begun(gateway, gateway.accounts.admit(person, secrets, caller.certificate, _arrival(body.place)))


@router.post("/session/passkey", status_code=201, openapi_extra={"x-permission": "open.login"})
def sign_in_by_passkey(gateway: GatewayHere, caller: CallerHere, body: PasskeySignIn) -> dict[str, object]:
    """Sign in with the device's certificate and a passkey alone."""
    person = gateway.accounts.factors.claimed(body.assertion)
    secrets = Secrets(assertion=body.assertion)
    return _begun(gateway, gateway.accounts.admit(person, secrets, caller.certificate, _arrival(body.place)))


@router.post("/session/place", openapi_extra={"x-permission": "open.login"})
def answer_place(gateway: GatewayHere, session: AskedSession, body: PlaceAnswer) -> dict[str, object]:
    """Say whether a second place is one's own; after a no all sessions of the person have ended."""
    said = Answer.YES if body.answer == "yes" else Answer.NO
    return {"confirmed": not presence.confirm(gateway, session, said).unconfirmed}


@router.post("/session/proof-options", **person("self.manage"))
def proof_options(gateway: GatewayHere, session: SessionHere) -> dict[str, object]:
    """What to ask a passkey for ``/session/prove``."""
    return factors.proof_options(gateway, session)


@router.post("/session/prove", **person("self.manage"))
def prove(gateway: GatewayHere, session: SessionHere, body: Proof) -> dict[str, object]:
    """Prove again who is signed in, for critical actions; the session goes on under the new token only."""
    secrets = Secrets(body.password, body.code, body.assertion)
    return {"token": presence.prove(gateway, session, secrets).token}


@router.get("/session")
def me(gateway: GatewayHere, session: AskedSession) -> dict[str, object]:
    """Who is signed in, and what they may do."""
    return _me(gateway, session)


@router.delete("/session", status_code=204, openapi_extra={"x-permission": "open.login"})
def sign_out(gateway: GatewayHere, session: AskedSession) -> Response:
    """Sign out."""
    gateway.drafts.forget(session.id)
    gateway.results.forget(session.id)
    gateway.map_files.forget(session.id)
    gateway.accounts.sign_out(session.token)
    return Response(status_code=204)


def _me(gateway: Gateway, session: Session) -> dict[str, object]:
    return {
        "person": session.person,
        "institution": session.institution,
        "device": session.device,
        "roles": [role.name.lower() for role in Role if role & session.roles and role.name],
        "actions": [name for name in PERMISSIONS if isinstance(decide_access(standing_of(session), name), Allowed)],
        "since_ms": session.started_ms,
        "proved_ms": session.proved_ms,
        "unconfirmed": session.unconfirmed,
        "idle_timeout_ms": gateway.settings.idle_timeout_ms,
    }
