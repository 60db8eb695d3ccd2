"""Sign in, sign out, and the page one lands on.

Guarantees: signing in needs the device's certificate (the door saw it), the password and the code; a session on a device that its person
never used before is told so on the first page. The cookie dies with the browser, the session earlier if it idles.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from akashi.app.desk import transfers
from akashi.app.gateway.home import Gateway
from akashi.errors import Unauthenticated
from akashi.exchange.model import Status
from akashi.identity.errors import SessionEnded
from akashi.identity.journal import Outcome, What
from akashi.identity.model import Session
from akashi.ledger.wire.note import parse_checkpoint
from akashi.web.rendering import language_of, page, told
from akashi.web.visitors import COOKIE, Here, OwnForm, Posted, caller_of, gateway_of, needs, to, visitor_of

router = APIRouter()
_OPEN = (Status.SENT, Status.OPENED)
_LOOK_BACK = 5_000


def _login_page(request: Request, status: int = 200, error: dict[str, str] | None = None) -> Response:
    gateway, caller = gateway_of(request), caller_of(request)
    name = gateway.names().get(gateway.institution, gateway.institution)
    notice = None
    return page(request, "login.html", status, institution_name=name, device=caller.device, error=error, notice=notice)


@router.get("/login")
def login(request: Request) -> Response:
    """The sign-in form; whoever is signed in goes home."""
    try:
        visitor_of(request)
    except SessionEnded:
        return _login_page(request)
    return to("/")


@router.post("/login", openapi_extra={"x-permission": "open.login"})
async def sign_in(request: Request, form: Posted) -> Response:
    """Certificate, password, code; all failures look the same."""
    gateway, certificate = gateway_of(request), caller_of(request).certificate
    secrets = form.get("login"), form.get("password"), form.get("code") or None
    try:
        session = await run_in_threadpool(gateway.accounts.sign_in, *secrets, certificate)
    except Unauthenticated as error:
        return await run_in_threadpool(_login_page, request, error.http_status, told(error, language_of(request)))
    known = await run_in_threadpool(_known_device, gateway, session)
    answer = to("/") if known else to("/", notice="new_device")
    answer.set_cookie(COOKIE, session.token, secure=True, httponly=True, samesite="strict", path="/")
    return answer


@router.post("/logout", **needs("ledger.read"))
def sign_out(visitor: Here, _form: OwnForm) -> Response:
    """End the session."""
    visitor.gateway.drafts.forget(visitor.session.id)
    visitor.gateway.accounts.sign_out(visitor.session.token)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="strict", path="/")
    return answer


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
