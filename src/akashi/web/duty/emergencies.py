"""Emergency accounts for those who open them: sealed, asked for, confirmed by a second person, open with the time that is left, closed, rotated.

Guarantees: a secret is on one page, once; who asked cannot confirm, and the page does not offer it; one person alone is offered the listed reasons
only. Refuses everything else with the sentence of the rule. The review is on pages of its own (``emergency_reviews``).
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.duty import emergencies
from akashi.errors import AkashiError
from akashi.identity.emergency.model import AccountState, EmergencyAccount, Opening, OpenReason, Stage
from akashi.identity.emergency.rules import CODED
from akashi.web.duty.banners import declared
from akashi.web.duty.fields import error_values, hours, left, people_of
from akashi.web.exchange import chosen, words
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_MOST = 50


@router.get("/emergency", **needs("emergency.open"))
def overview(visitor: Here) -> Response:
    """Accounts, what is open or asked for, and the forms."""
    return _page(visitor)


@router.post("/emergency/accounts", **needs("emergency.prepare"))
def prepare(visitor: Here, form: OwnForm) -> Response:
    """A new sealed account; its secret is shown if it goes into an envelope."""
    gateway, session, paper = visitor.gateway, visitor.session, form.get("paper") == "1"
    try:
        made = emergencies.prepare(gateway, session, form.get("login").strip(), form.get("name").strip(), paper=paper)
    except AkashiError as error:
        return _page(visitor, error)
    return _secret(visitor, made.login, made.secret) if made.secret else to("/emergency", notice="stepped")


@router.post("/emergency/accounts/{account}/rotate", **needs("emergency.prepare"))
def rotate(visitor: Here, account: str, form: OwnForm) -> Response:
    """A new secret."""
    try:
        made = emergencies.rotate(visitor.gateway, visitor.session, account, paper=form.get("paper") == "1")
    except AkashiError as error:
        return _page(visitor, error)
    return _secret(visitor, made.login, made.secret) if made.secret else to("/emergency", notice="stepped")


@router.post("/emergency/seals", **needs("emergency.prepare"))
def seals(visitor: Here, _form: OwnForm) -> Response:
    """Look at every seal now."""
    try:
        broken = emergencies.check_seals(visitor.gateway, visitor.session)
    except AkashiError as error:
        return _page(visitor, error)
    return _page(visitor, broken=broken)


@router.post("/emergency/accounts/{account}/ask", **needs("emergency.open"))
def ask(visitor: Here, account: str, form: OwnForm) -> Response:
    """Ask for an opening that somebody else confirms."""
    return _done(
        visitor,
        lambda: emergencies.ask(
            visitor.gateway, visitor.session, account, chosen(OpenReason, form, "reason"), hours(form)
        ),
    )


@router.post("/emergency/accounts/{account}/open", **needs("emergency.open"))
def open_alone(visitor: Here, account: str, form: OwnForm) -> Response:
    """Open alone, for a listed reason."""
    return _done(
        visitor,
        lambda: emergencies.open_alone(
            visitor.gateway, visitor.session, account, chosen(OpenReason, form, "reason"), hours(form)
        ),
    )


@router.post("/emergency/openings/{opening}/confirm", **needs("emergency.open"))
def confirm(visitor: Here, opening: str, _form: OwnForm) -> Response:
    """The second person opens it."""
    return _done(visitor, lambda: emergencies.confirm(visitor.gateway, visitor.session, opening))


@router.post("/emergency/openings/{opening}/take", **needs("emergency.open"))
def take(visitor: Here, opening: str, _form: OwnForm) -> Response:
    """The secret, once, to the opener."""
    gateway = visitor.gateway
    try:
        secret = emergencies.take(gateway, visitor.session, opening)
    except AkashiError as error:
        return _page(visitor, error)
    account = gateway.people.emergencies.opening(opening).account
    return _secret(visitor, gateway.accounts.account(account).login, secret)


@router.post("/emergency/openings/{opening}/close", **needs("emergency.review", "emergency.open"))
def close(visitor: Here, opening: str, _form: OwnForm) -> Response:
    """Close it."""
    back = "/emergency" if visitor.may("emergency.open") else "/emergency/reviews"
    return _done(visitor, lambda: emergencies.close(visitor.gateway, visitor.session, opening), back)


def _done(visitor: Visitor, step: Callable[[], object], back: str = "/emergency") -> Response:
    try:
        step()
    except AkashiError as error:
        return _page(visitor, error)
    return to(back, notice="stepped")


def _secret(visitor: Visitor, login: str, secret: str) -> Response:
    return visitor.page("emergency_secret.html", login=login, secret=secret)


def _page(visitor: Visitor, error: AkashiError | None = None, broken: list[str] | None = None) -> Response:
    status, said = error_values(visitor, error)
    found = emergencies.standing(visitor.gateway, visitor.session)
    people, now = people_of(visitor), visitor.gateway.clock.now_ms()
    by_handle = {one.handle: one for one in found.openings}
    return visitor.page(
        "emergency.html",
        status,
        error=said,
        broken=broken,
        declared=declared(visitor.gateway),
        declarations=[one for one in found.declarations if one.ended_ms is not None][:_MOST],
        accounts=[_account(visitor, one, people, by_handle, now) for one in found.accounts],
        openings=[_opening(visitor, one, people, now) for one in found.openings[:_MOST]],
        more=max(0, len(found.openings) - _MOST),
        reasons=words(OpenReason),
        alone=[one.name.lower() for one in OpenReason if one in CODED],
        causes=[one for one in words(OpenReason) if one != "agreed"],
    )


def _account(
    visitor: Visitor, one: EmergencyAccount, people: dict[str, str], openings: dict[str, Opening], now: int
) -> dict[str, object]:
    opening = openings.get(one.opening or "")
    live = opening is not None and opening.is_live(now)
    spent = one.state is AccountState.SPENT or (one.state is AccountState.OPEN and not live)
    return {
        "handle": one.person,
        "name": people.get(one.person, one.person),
        "state": "spent" if spent else one.state.name.lower(),
        "generation": one.generation,
        "since_ms": one.since_ms,
        "left": left(opening.until_ms, now, visitor.language) if opening is not None and live else "",
        "openable": not spent,
        "rotatable": not live,
    }


def _opening(visitor: Visitor, one: Opening, people: dict[str, str], now: int) -> dict[str, object]:
    me, live = visitor.session.person, one.is_live(now)
    takes = one.opener == me or one.declaration is not None
    return {
        "one": one,
        "account": people.get(one.account, one.account),
        "opener": people.get(one.opener, one.opener),
        "second": people.get(one.second or "", one.second),
        "taken_by": people.get(one.taken_by or "", one.taken_by),
        "reason": one.reason.name.lower(),
        "stage": "over" if one.stage is Stage.OPEN and not live else one.stage.name.lower(),
        "live": live,
        "left": left(one.until_ms, now, visitor.language) if live else "",
        "can_confirm": one.stage is Stage.ASKED and one.opener != me,
        "can_take": live and one.taken_by is None and takes,
        "can_close": one.stage is Stage.OPEN,
    }
