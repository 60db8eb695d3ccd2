"""One's own account: what one proves oneself with, where one is signed in, which keys sign for one, what happened to it.

Guarantees: everybody sees and changes their own account only; what would let somebody in asks for a fresh proof first (``app.people``), what shuts
somebody out does not. Refuses to say more of a browser than its family and system.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.people import devices, factors, presence
from akashi.errors import AkashiError
from akashi.identity.presence.model import Stay
from akashi.web.people.places import left
from akashi.web.rendering import told
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()


@router.get("/me", **needs("self.manage"))
def account(visitor: Here) -> Response:
    """Everything about oneself on one page."""
    return show(visitor)


def show(visitor: Visitor, error: AkashiError | None = None) -> Response:
    """The page, with an error where a form of it was not taken."""
    shown = None if error is None else told(error, visitor.language)
    gateway, session = visitor.gateway, visitor.session
    seen = factors.overview(gateway, session)
    around = presence.around(gateway, session)
    return visitor.page(
        "account.html",
        200 if error is None else error.http_status,
        error=shown,
        held=[_factor(one) for one in seen.held],
        standing=seen.standing,
        stays=[_stay(one) for one in around.stays],
        devices=around.devices,
        here_device=session.device,
        keys=factors.person_keys(gateway, session.person),
        alerts=presence.own_alerts(gateway, session),
        script=True,
    )


def _factor(held: factors.Held) -> dict[str, object]:
    one = held.factor
    return {
        "id": one.id,
        "kind": one.kind.name.lower(),
        "label": one.label,
        "state": one.state.name.lower(),
        "made_ms": one.made_ms,
        "used_ms": one.used_ms,
        "approves": bool(one.spki),
        "on_ledger": held.on_ledger,
        "resident": one.discoverable,
    }


def _stay(one: Stay) -> dict[str, object]:
    return {
        "key": one.key,
        "browser": one.browser,
        "device": one.session.device,
        "since_ms": one.session.started_ms,
        "seen_ms": one.session.seen_ms,
        "method": one.session.method.name.lower(),
        "unconfirmed": one.session.unconfirmed,
        "here": one.here,
    }


@router.post("/me/password", **needs("self.manage"))
def change_password(visitor: Here, form: OwnForm) -> Response:
    """A new password; one signs in with it at once."""
    old, new = form.get("old"), form.get("new")
    try:
        visitor.gateway.accounts.change_password(visitor.session, old, new)
    except AkashiError as error:
        return show(visitor, error)
    return left()


@router.post("/me/sessions/{key}/end", **needs("self.manage"))
def end(visitor: Here, key: str, _form: OwnForm) -> Response:
    """Sign out somewhere else."""
    try:
        presence.end(visitor.gateway, visitor.session, key)
    except AkashiError as error:
        return show(visitor, error)
    return to("/me", notice="stay_ended")


@router.post("/me/sessions/{key}/disown", **needs("self.manage"))
def disown(visitor: Here, key: str, _form: OwnForm) -> Response:
    """That was somebody else: every session ends, and that browser is never let in again."""
    try:
        presence.disown(visitor.gateway, visitor.session, key)
    except AkashiError as error:
        return show(visitor, error)
    return to("/me", notice="stay_ended")


@router.post("/me/everywhere", **needs("self.manage"))
def everywhere(visitor: Here, _form: OwnForm) -> Response:
    """Sign out everywhere, here too."""
    presence.everywhere(visitor.gateway, visitor.session)
    return left()


@router.post("/me/leak", **needs("self.manage"))
def leak(visitor: Here, form: OwnForm) -> Response:
    """Somebody may know my secrets: stop them all, until somebody else has checked who I am."""
    if form.get("sure") != "1":
        return to("/me", notice="unsure")
    presence.suspect_leak(visitor.gateway, visitor.session)
    return left()


@router.post("/me/devices/{device}/lost", **needs("self.manage"))
def lost(visitor: Here, device: str, form: OwnForm) -> Response:
    """A device that one answers for is gone: its certificate is revoked."""
    if form.get("sure") != "1":
        return to("/me", notice="unsure")
    try:
        devices.lost(visitor.gateway, visitor.session, device)
    except AkashiError as error:
        return show(visitor, error)
    return to("/me", notice="device_lost")
