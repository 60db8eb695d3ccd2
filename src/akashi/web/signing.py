"""Sign in, sign out, and the page one lands on.

Guarantees: signing in needs the device's certificate (the door saw it) and a password with a second factor, or a passkey alone. The second step is
the same for everybody: nothing is checked before it, so that no page tells who exists or what they have. A session on a device that its person
never used before is told so on the first page. The cookie dies with the browser, the session earlier if it idles. Refuses to send a password
back to the browser between the two steps: it waits in memory, for minutes, for the device that gave it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from akashi.app.desk import transfers
from akashi.app.gateway.home import Gateway
from akashi.app.people import resets
from akashi.app.people.factors import sign_in_options
from akashi.errors import AkashiError, Unauthenticated
from akashi.exchange.model import Status
from akashi.identity.errors import SessionEnded
from akashi.identity.factors.model import Secrets
from akashi.identity.journal import Outcome, What
from akashi.identity.model import Session
from akashi.ledger.wire.note import parse_checkpoint
from akashi.web.forms import Form, FormInvalid
from akashi.web.people.held import Held
from akashi.web.people.places import arrival_of, entered, left
from akashi.web.rendering import language_of, page, told
from akashi.web.visitors import Asked, AskedForm, Here, Posted, asked_visitor, caller_of, gateway_of, needs, to

router = APIRouter()
STEP = "__Host-akashi-step"
STEP_MS = 3 * 60_000
_OPEN = (Status.SENT, Status.OPENED)
_LOOK_BACK = 5_000


@dataclass(frozen=True, slots=True)
class FirstStep:
    """What was given on the first page, until the second one is answered."""

    login: str = field(repr=False)
    password: str = field(repr=False)


def _login_page(
    request: Request, status: int = 200, error: AkashiError | None = None, *, second: bool = False
) -> Response:
    gateway, caller = gateway_of(request), caller_of(request)
    name = gateway.names().get(gateway.institution, gateway.institution)
    shown = None if error is None else told(error, language_of(request))
    return page(
        request,
        "login_second.html" if second else "login.html",
        status,
        institution_name=name,
        device=caller.device,
        error=shown,
        options=json.dumps(sign_in_options(gateway, caller.certificate)),
        one_step=not gateway.settings.require_totp,
        script=True,
    )


@router.get("/login")
def login(request: Request) -> Response:
    """The sign-in form; whoever is signed in goes home."""
    try:
        found = asked_visitor(request)
    except SessionEnded:
        return _login_page(request)
    return to("/place" if found.session.unconfirmed else "/")


@router.post("/login/second", openapi_extra={"x-permission": "open.login"})
async def second_step(request: Request, form: Posted) -> Response:
    """Keep login and password for the next page; nothing is checked here, whoever it is."""
    steps: Held[FirstStep] = request.app.state.steps
    step = FirstStep(form.get("login")[:64], form.get("password")[:256])
    name = steps.keep(caller_of(request).certificate, step)
    answer = await run_in_threadpool(_login_page, request, second=True)
    answer.set_cookie(STEP, name, secure=True, httponly=True, samesite="strict", path="/")
    return answer


@router.post("/login", openapi_extra={"x-permission": "open.login"})
async def sign_in(request: Request, form: Posted) -> Response:
    """Certificate, then a password with a code or a passkey, or a passkey alone; all failures look the same."""
    gateway = gateway_of(request)
    try:
        session = await run_in_threadpool(_admitted, gateway, request, form)
    except (Unauthenticated, FormInvalid) as error:
        return await run_in_threadpool(_login_page, request, error.http_status, error)
    known = await run_in_threadpool(_known_device, gateway, session)
    after = to("/place") if session.unconfirmed else to("/") if known else to("/", notice="new_device")
    answer = entered(session, after)
    if STEP in request.cookies:
        answer.delete_cookie(STEP, secure=True, httponly=True, samesite="strict", path="/")
    return answer


def _admitted(gateway: Gateway, request: Request, form: Form) -> Session:
    accounts, certificate, arrival = gateway.accounts, caller_of(request).certificate, arrival_of(request)
    code, assertion = form.get("code") or None, form.get("assertion") or None
    if form.get("way") == "passkey":
        return accounts.admit(
            accounts.factors.claimed(assertion or ""), Secrets(assertion=assertion), certificate, arrival
        )
    step = FirstStep(form.get("login"), form.get("password"))
    if form.get("way") == "second":
        steps: Held[FirstStep] = request.app.state.steps
        waited = steps.take(request.cookies.get(STEP, ""), certificate)
        if waited is None:
            raise FormInvalid
        step = waited
    if assertion is None:
        return accounts.sign_in(step.login, step.password, code, certificate, arrival)
    person = accounts.person_of_login(step.login)
    return accounts.admit(person, Secrets(step.password, assertion=assertion), certificate, arrival)


@router.post("/logout", openapi_extra={"x-permission": "open.login"})
def sign_out(visitor: Asked, _form: AskedForm) -> Response:
    """End the session; the one thing besides an answer that works in an unconfirmed place."""
    visitor.gateway.drafts.forget(visitor.session.id)
    visitor.gateway.results.forget(visitor.session.id)
    visitor.gateway.map_files.forget(visitor.session.id)
    visitor.gateway.accounts.sign_out(visitor.session.token)
    visitor.gateway.people.approvals.drop(visitor.session.id)
    return left()


@router.get("/", **needs("ledger.read"))
def home(visitor: Here) -> Response:
    """What waits for this institution, and where the ledger stands."""
    gateway, arrived, waiting, pending = visitor.gateway, 0, 0, 0
    if visitor.may("transfer.read"):
        arrived = _open(visitor, received=True)
        waiting = _open(visitor, received=False)
        pending = len(gateway.exchange.pending())
    checkpoint = parse_checkpoint(gateway.ledger.checkpoint())
    return visitor.page(
        "home.html",
        arrived=arrived,
        waiting=waiting,
        pending=pending,
        reads=visitor.may("transfer.read"),
        ledger_size=checkpoint.size,
        origin=checkpoint.origin,
        since=visitor.session.started_ms,
        resets=resets.notices(gateway, visitor.session),
        names={one.person: one.name for one in gateway.accounts.accounts()},
    )


def _open(visitor: Here, *, received: bool) -> int:
    found = transfers.listed(visitor.gateway, visitor.session, received=received)
    return sum(one.status in _OPEN for one in found)


def _known_device(gateway: Gateway, session: Session) -> bool:
    """Whether the person signed in on this device before, or never anywhere; looks at the newest entries only."""
    head = gateway.journal.head()
    start = max(1, (head.count if head else 0) - _LOOK_BACK)
    used = [
        entry.device
        for entry in gateway.journal.entries(start)
        if entry.what is What.SIGN_IN and entry.outcome is Outcome.DONE and entry.person == session.person
    ][:-1]
    return not used or session.device in used
