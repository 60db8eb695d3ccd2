"""Who is looking at a page: the session behind the cookie, permissions, and proof that a form is ours.

Guarantees: the session's token is in a ``__Host-`` cookie that scripts and other sites cannot read or send; a form carries a value
derived from the token, and the browser must say that it came from this very origin. A page names the permission it needs. A form may bring the
person's own signature of what they were shown (``approval``); then the use case runs with it, whatever the page. Refuses: posts without
all of these, and everything before a second place was confirmed. Trusts the door for the device certificate.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from akashi.app.admission import CALLER, Caller
from akashi.app.gateway.home import Gateway
from akashi.app.people.signing import answers_from, approving_for
from akashi.identity.access.rules import decide_access, standing_of
from akashi.identity.errors import NoCertificate, SessionEnded
from akashi.identity.journal import Outcome, What
from akashi.identity.model import InstitutionRole, Session
from akashi.identity.permissions import PERMISSIONS
from akashi.identity.presence.errors import ConfirmationNeeded
from akashi.ledger.rules import Allowed
from akashi.web.duty.banners import banners_of
from akashi.web.forms import Form, FormInvalid, read_form
from akashi.web.people.held import Held
from akashi.web.rendering import language_of, page, texts

COOKIE = "__Host-akashi"
APPROVAL, HELD = "approval", "held"
"""Fields of a form that was signed: the person's answers, and the name of the file that waited for them."""
MENU = (
    ("/", "menu.home", "ledger.read"),
    ("/send", "menu.send", "transfer.send"),
    ("/inbox", "menu.inbox", "transfer.read"),
    ("/sent", "menu.sent", "transfer.read"),
    ("/maps", "menu.maps", "maps.read"),
    ("/verify", "menu.verify", "ledger.read"),
    ("/conformity", "menu.conformity", "conformity.read"),
    ("/devices", "menu.devices", "device.manage"),
    ("/dashboard", "menu.dashboard", "dashboard.read"),
    ("/duty", "menu.duty", "ledger.read"),
    ("/people", "menu.people", "self.manage"),
    ("/me", "menu.me", "self.manage"),
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
    "map_drafted": "good",
    "map_saved": "good",
    "map_dropped": "warn",
    "map_approved": "good",
    "map_retired": "warn",
    "map_shared": "good",
    "map_adopted": "good",
    "word_learnt": "good",
    "word_kept": "good",
    "word_back": "warn",
    "stay_ended": "good",
    "unsure": "warn",
    "device_lost": "warn",
    "factor_set": "good",
    "factor_waits": "warn",
}


@dataclass(slots=True)
class Visitor:
    """A signed-in person with their gateway; ``csrf`` goes into every form. The form's signatures join the session when it is read."""

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
        return isinstance(decide_access(standing_of(self.session), action), Allowed)

    def page(self, template: str, status: int = 200, **values: object) -> Response:
        """Render a page of this person."""
        shown: dict[str, object] = {"me": self._me(), "menu": MENU, "csrf": self.csrf, "notice": self._notice()}
        shown |= {"banners": banners_of(self.gateway, self.session)} | values
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


def asked_visitor(request: Request) -> Visitor:
    """Whoever is signed in, also where they have not said yet that it is them. Raises ``SessionEnded``."""
    token = request.cookies.get(COOKIE)
    if not token:
        raise SessionEnded
    gateway, caller = gateway_of(request), caller_of(request)
    visitor = Visitor(request, gateway, caller, gateway.accounts.session(token, caller.certificate))
    request.state.visitor = visitor
    return visitor


Asked = Annotated[Visitor, Depends(asked_visitor)]


def visitor_of(visitor: Asked) -> Visitor:
    """Whoever is signed in and known to be here. Raises ``SessionEnded``, ``ConfirmationNeeded``."""
    if visitor.session.unconfirmed:
        raise ConfirmationNeeded
    return visitor


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


def record_forged(request: Request) -> None:
    """Put a form that no page of this session made into the journal; where nobody is signed in, it is only counted."""
    visitor = getattr(request.state, "visitor", None)
    if isinstance(visitor, Visitor):
        visitor.gateway.journal.record(What.ACTION, Outcome.REFUSED, session=visitor.session, reason=FormInvalid.code)


async def posted(request: Request) -> Form:
    """The form of a request that came from a page of ours; for the sign-in, where there is no session yet."""
    require_same_origin(request)
    return await read_form(request)


Posted = Annotated[Form, Depends(posted)]


def asked_form(visitor: Asked, form: Posted) -> Form:
    """The form, after its session-bound value was compared."""
    if not hmac.compare_digest(form.get("csrf").encode(), visitor.csrf.encode()):
        raise FormInvalid
    return form


AskedForm = Annotated[Form, Depends(asked_form)]


def own_form(visitor: Here, form: AskedForm) -> Form:
    """The form of one who may go on, with what they signed; a file that waited for the signature is there again."""
    session = visitor.session
    answers = answers_from(visitor.gateway, session, form.get(APPROVAL))
    visitor.session = replace(session, approving=approving_for(visitor.gateway, session, answers))
    files: Held[Form] = visitor.request.app.state.files
    waited = files.find(form.get(HELD), session.id) if form.get(HELD) else None
    if waited is not None:
        form = replace(form, file_name=waited.file_name, data=waited.data)
    visitor.request.state.form = form
    return form


OwnForm = Annotated[Form, Depends(own_form)]


def needs(action: str, *instead: str) -> dict[str, Any]:
    """What a route says about its permission: the check, and a line for the test that counts routes; ``instead``: others that do as well.

    Only to look (GET) no fresh proof is asked for.
    """
    wanted = (action, *instead)
    for one in wanted:
        if one not in PERMISSIONS:
            raise KeyError(one)
    said: dict[str, object] = {"x-permission": action} | ({"x-permission-instead": list(instead)} if instead else {})
    return {"dependencies": [Depends(_check(wanted))], "openapi_extra": said}


def _check(wanted: tuple[str, ...]) -> Callable[[Visitor], None]:
    def check(visitor: Here) -> None:
        asked = next((one for one in wanted if visitor.may(one)), wanted[0])
        visitor.gateway.accounts.require(visitor.session, asked, proof=visitor.request.method != "GET")

    return check


def to(path: str, **query: str) -> RedirectResponse:
    """Go on with a page after a form (303); ``query`` values are handles and words of ours."""
    tail = "&".join(f"{name}={value}" for name, value in query.items())
    return RedirectResponse(f"{path}?{tail}" if tail else path, 303)
