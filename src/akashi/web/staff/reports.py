"""Reports of access and their reviews, and the explanation of a permission.

Guarantees: a report shows handles, names of the institution's own people, counts and times, never content; each list is bounded, and says how
much it leaves out. A review is about the whole period, whatever is shown of it. Refuses periods that are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.people import explaining, reports, rights
from akashi.errors import AkashiError
from akashi.identity.lifecycle.model import AccessVerdict
from akashi.identity.lifecycle.reporting import AccessReport
from akashi.identity.permissions import TABLE
from akashi.web.exchange import chosen, words
from akashi.web.staff.fields import DAY_MS, day_ms, day_text, names_of, refusal, side
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_MOST, _WEEK = 200, 7 * DAY_MS
_MAX_DAYS = 366 * DAY_MS


@dataclass(frozen=True, slots=True)
class Asked:
    """What a visitor wants to see: days as the form has them, and one person or everybody."""

    from_day: str
    to_day: str
    person: str = ""


@router.get("/reports", **needs("access.read"))
def show(visitor: Here, begin: str = "", end: str = "", person: str = "") -> Response:
    """A period; without one the seven days before today."""
    today = day_text(visitor.gateway.clock.now_ms())
    last = day_text(day_ms(today, "end") - DAY_MS)
    first = day_text(day_ms(today, "begin") - _WEEK)
    return _page(visitor, Asked(begin or first, end or last, person))


def _page(visitor: Visitor, asked: Asked, error: AkashiError | None = None) -> Response:
    found: AccessReport | None = None
    try:
        from_ms, to_ms = _period(asked)
        found = reports.shown(visitor.gateway, visitor.session, from_ms, to_ms)
    except AkashiError as wrong:
        error = error or wrong
    status, said = refusal(visitor, error)
    names = names_of(visitor)
    return visitor.page(
        "reports.html",
        status,
        error=said,
        asked=asked,
        names=names,
        people=sorted(names.items(), key=lambda row: row[1]),
        report=None if found is None else _narrowed(found, asked.person),
        reviews=reports.reviews(visitor.gateway, visitor.session)[:_MOST],
        verdicts=words(AccessVerdict),
    )


def _period(asked: Asked) -> tuple[int, int]:
    from_ms, to_ms = day_ms(asked.from_day, "begin"), day_ms(asked.to_day, "end") + DAY_MS
    if not from_ms < to_ms <= from_ms + _MAX_DAYS:
        raise reports.PeriodUnusable
    return from_ms, to_ms


def _narrowed(found: AccessReport, person: str) -> dict[str, Any]:
    def bounded(rows: Sequence[Any]) -> dict[str, Any]:
        mine = [one for one in rows if not person or one.person == person]
        return {"rows": mine[:_MOST], "more": max(0, len(mine) - _MOST)}

    return {
        "people": [(who, count) for who, count in found.people if not person or who == person][:_MOST],
        "marks": bounded(found.marks),
        "touched": bounded(found.touched),
        "stays": bounded(found.stays),
    }


@router.post("/reports", **needs("access.review"))
def review(visitor: Here, form: OwnForm) -> Response:
    """Say that one has looked at the period."""
    asked = Asked(form.get("begin"), form.get("end"))
    try:
        from_ms, to_ms = _period(asked)
        reports.reviewed(visitor.gateway, visitor.session, from_ms, to_ms, chosen(AccessVerdict, form, "verdict"))
    except AkashiError as error:
        return _page(visitor, asked, error)
    return to("/reports", begin=asked.from_day, end=asked.to_day, notice="stepped")


# Explaining


@router.get("/access", **needs("self.manage"))
def explain(visitor: Here, who: str = "", action: str = "", about: str = "") -> Response:
    """Who may do what, and why; about oneself everybody asks."""
    wide = visitor.may("access.read") or visitor.may("person.manage")
    found, error = None, None
    if action:
        try:
            found = explaining.explained(
                visitor.gateway, visitor.session, who or visitor.session.person, action, about.strip() or None
            )
        except AkashiError as wrong:
            error = wrong
    status, said = refusal(visitor, error)
    me = visitor.session.person
    choices = rights.present(visitor.gateway) if wide else [(me, names_of(visitor).get(me, me))]
    at = side(visitor.language)
    return visitor.page(
        "reports_access.html",
        status,
        error=said,
        found=found,
        choices=choices,
        who=who or me,
        action=action,
        about=about,
        actions=[(name, (row.ja, row.en)[at]) for name, row in TABLE.items()],
    )
