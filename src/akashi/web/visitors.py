"""Who is looking at a page: the session behind the cookie, permissions, and proof that a form is ours.

Guarantees: the session's token is in a ``__Host-`` cookie that scripts and other sites cannot read or send; a form carries a value
derived from the token, and the browser must say that it came from this very origin. A page names the permission it needs. Refuses:
posts without all of these. Trusts the door for the device certificate.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from akashi.app.admission import CALLER, Caller
from akashi.app.gateway.home import Gateway
from akashi.identity.errors import NoCertificate, SessionEnded
from akashi.identity.model import InstitutionRole, Session
from akashi.identity.permissions import PERMISSIONS, decide_permission
from akashi.ledger.rules import Allowed
from akashi.web.forms import Form, FormInvalid, read_form
from akashi.web.rendering import language_of, page, texts

COOKIE = "__Host-akashi"
MENU = (
    ("/", "menu.home", "ledger.read"),
    ("/send", "menu.send", "transfer.send"),
    ("/inbox", "menu.inbox", "transfer.read"),
    ("/sent", "menu.sent", "transfer.read"),
    ("/verify", "menu.verify", "ledger.read"),
    ("/conformity", "menu.conformity", "conformity.read"),
    ("/devices", "menu.devices", "device.manage"),
    ("/dashboard", "menu.dashboard", "dashboard.read"),
)
NOTICES = {
    "sent": "good",
    "opened": "good",
    "confirmed": "good",
    "refused": "warn",
    "withdrawn": "warn",
    "revoked": "warn",
    "pending": "warn",
    "signed_out": "good",
    "new_device": "stop",
    "measuring": "good",
    "measuring_already": "warn",
    "answered": "good",
    "unsaid": "warn",
    "carried": "good",
    "declared": "good",
    "registered": "good",
    "consent_ended": "warn",
    "stepped": "good",
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in person with their gateway; ``csrf`` goes into every form."""

    request: Request = field(repr=False)
    gateway: Gateway = field(repr=False)
    caller: Caller
    session: Session

    @property
    def csrf(self) -> str:
        """A value that only pages of this session can know."""
        return hmac.new(self.session.token.encode(), b"akashi/csrf/1", sha256).hexdigest()

    @property
    def language(self) -> str:
        """Of the page."""
        return language_of(self.request)

    def may(self, action: str) -> bool:
        """Whether the person's roles allow it (asked again by the use case)."""
        return isinstance(decide_permission(self.session.roles, action), Allowed)

    def page(self, template: str, status: int = 200, **values: object) -> Response:
        """Render a page of this person."""
        shown = {"me": self._me(), "menu": MENU, "csrf": self.csrf, "notice": self._notice()} | values
        return page(self.request, template, status, **shown)

    def _me(self) -> dict[str, object]:
        actions = {action for action in PERMISSIONS if self.may(action)}
        if not self.caller.roles & InstitutionRole.SECRETARIAT:
            actions.discard("dashboard.read")
        if not self.caller.roles & InstitutionRole.SENDER:
            actions.discard("transfer.send")  # the ledger would refuse it; what cannot be done is not offered
        account = self.gateway.accounts.account(self.session.person)
        names = self.gateway.names()
        return {
            "actions": actions,
            "name": account.name,
            "institution_name": names.get(self.session.institution, self.session.institution),
            "unread": self._unread() if "transfer.read" in actions else {},
        }

    def _unread(self) -> dict[str, int]:
        """How many unread notices stand behind each entry of the menu."""
        news = [notice.transfer for notice in self.gateway.exchange.notices()]
        received = {one.handle for one in self.gateway.exchange.inbox()} if news else set()
        arrived = sum(name in received for name in news)
        return {"menu.inbox": arrived, "menu.sent": len(news) - arrived}

    def _notice(self) -> dict[str, str] | None:
        key = self.request.query_params.get("notice", "")
        if key not in NOTICES:
            return None
        values = {"transfer": self.request.query_params.get("t", "")[:40], "device": self.session.device}
        return {"tone": NOTICES[key], "text": texts(self.language)(f"notice.{key}", **values)}


def caller_of(request: Request) -> Caller:
    """The device behind this request."""
    found = request.scope.get(CALLER)
    if not isinstance(found, Caller):
        raise NoCertificate
    return found


def gateway_of(request: Request) -> Gateway:
    """The gateway behind this app."""
    found: Gateway = request.app.state.gateway
    return found


def visitor_of(request: Request) -> Visitor:
    """Whoever is signed in. Raises ``SessionEnded``."""
    token = request.cookies.get(COOKIE)
    if not token:
        raise SessionEnded
    gateway, caller = gateway_of(request), caller_of(request)
    return Visitor(request, gateway, caller, gateway.accounts.session(token, caller.certificate))


Here = Annotated[Visitor, Depends(visitor_of)]


def require_same_origin(request: Request) -> None:
    """The browser says that its own page sent this. Raises :class:`FormInvalid`.

    ``Sec-Fetch-Site`` first: with ``Referrer-Policy: no-referrer`` browsers send ``Origin: null`` even from the same origin.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        ours = site == "same-origin"
    else:
        ours = request.headers.get("origin") == f"https://{request.headers.get('host', '')}"
    if not ours:
        raise FormInvalid


async def posted(request: Request) -> Form:
    """The form of a request that came from a page of ours; for the sign-in, where there is no session yet."""
    require_same_origin(request)
    return await read_form(request)


Posted = Annotated[Form, Depends(posted)]


def own_form(visitor: Here, form: Posted) -> Form:
    """The form, after its session-bound value was compared."""
    if not hmac.compare_digest(form.get("csrf").encode(), visitor.csrf.encode()):
        raise FormInvalid
    return form


OwnForm = Annotated[Form, Depends(own_form)]


def needs(action: str) -> dict[str, Any]:
    """What a route says about its permission: the check, and a line for the test that counts routes."""
    if action not in PERMISSIONS:
        raise KeyError(action)
    return {"dependencies": [Depends(_check(action))], "openapi_extra": {"x-permission": action}}


def _check(action: str) -> Callable[[Visitor], None]:
    def check(visitor: Here) -> None:
        visitor.gateway.accounts.require(visitor.session, action)

    return check


def to(path: str, **query: str) -> RedirectResponse:
    """Go on with a page after a form (303); ``query`` values are handles and words of ours."""
    tail = "&".join(f"{name}={value}" for name, value in query.items())
    return RedirectResponse(f"{path}?{tail}" if tail else path, 303)
