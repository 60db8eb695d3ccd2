"""Periodic reviews of accounts (棚卸): begin, decide on each finding, close, take out.

Guarantees: what a review found is on the ledger before it is shown; a finding about oneself is not offered; the page closes a review only when
every finding is decided, as the rules do. Refuses what ``app.people.reviews`` refuses, with nothing changed.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.people import reviews
from akashi.app.people.reviews import Line
from akashi.errors import AkashiError
from akashi.identity.lifecycle.model import Decision, Finding
from akashi.identity.model import Role
from akashi.web.exchange import chosen, download, words
from akashi.web.staff.fields import chosen_roles, filled, names_of, part, refusal, role_choices, role_words
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_ROLES = (Finding.UNUSED_ROLES, Finding.CONFLICTING_ROLES)
_DAYS = (Finding.DORMANT, Finding.NEVER_USED)


@router.get("/reviews", **needs("person.review"))
def listing(visitor: Here, page: str = "1") -> Response:
    """All reviews, and when the next one is due."""
    return _listing(visitor, page=page)


def _listing(visitor: Visitor, error: AkashiError | None = None, page: str = "1") -> Response:
    status, said = refusal(visitor, error)
    due = reviews.due_ms(visitor.gateway)
    return visitor.page(
        "reviews.html",
        status,
        error=said,
        place=part(reviews.listed(visitor.gateway, visitor.session), page),
        due_ms=due,
        late=visitor.gateway.clock.now_ms() >= due,
    )


@router.post("/reviews", **needs("person.review"))
def begin(visitor: Here, _form: OwnForm) -> Response:
    """Compute what there is to decide."""
    try:
        made = reviews.opened(visitor.gateway, visitor.session)
    except AkashiError as error:
        return _listing(visitor, error)
    return to(f"/reviews/{made.handle}")


@router.get("/reviews/{review}", **needs("person.review"))
def show(visitor: Here, review: str, page: str = "1") -> Response:
    """The findings."""
    return _show(visitor, review, page=page)


def _show(visitor: Visitor, review: str, error: AkashiError | None = None, page: str = "1") -> Response:
    status, said = refusal(visitor, error)
    lines = reviews.lines(visitor.gateway, visitor.session, review)
    shown, names = part(sorted(lines, key=lambda one: one.decision is not None), page), names_of(visitor)
    return visitor.page(
        "reviews_one.html",
        status,
        error=said,
        review=visitor.gateway.people.reviews.review(review),
        place=shown,
        rows=[_row(visitor, one, names) for one in shown.rows],
        waiting=sum(one.decision is None for one in lines),
        roles=role_choices(visitor),
    )


def _row(visitor: Visitor, one: Line, names: dict[str, str]) -> dict[str, object]:
    found = one.found
    is_person = found.subject.startswith("per-")
    choices = [word for word in words(Decision) if is_person or word != "reduce"]
    return {
        "subject": found.subject,
        "name": names.get(found.subject, found.subject),
        "finding": found.finding.name.lower(),
        "roles": role_words(visitor, found.detail) if found.finding in _ROLES else "",
        "days": found.detail if found.finding in _DAYS else 0,
        "decision": None if one.decision is None else one.decision.name.lower(),
        "by": names.get(one.by, one.by),
        "note": one.note,
        "choices": choices,
        "own": found.subject == visitor.session.person,
    }


@router.post("/reviews/{review}/decide", **needs("person.review"))
def decide(visitor: Here, review: str, form: OwnForm) -> Response:
    """Decide on one finding; roles count only where they are reduced."""
    try:
        decision = chosen(Decision, form, "decision")
        roles: Role | None = chosen_roles(form) if decision is Decision.REDUCE else None
        subject, finding = filled(form, "subject"), chosen(Finding, form, "finding")
        args = (visitor.gateway, visitor.session, review, subject, finding, decision)
        reviews.decided(*args, roles=roles, note=form.get("note"))
    except AkashiError as error:
        return _show(visitor, review, error)
    return to(f"/reviews/{review}", notice="stepped")


@router.post("/reviews/{review}/close", **needs("person.review"))
def close(visitor: Here, review: str, _form: OwnForm) -> Response:
    """End the review."""
    try:
        reviews.closed(visitor.gateway, visitor.session, review)
    except AkashiError as error:
        return _show(visitor, review, error)
    return to("/reviews", notice="stepped")


@router.get("/reviews/{review}/file", **needs("person.review"))
def take_out(visitor: Here, review: str, form: str = "csv") -> Response:
    """Findings and decisions as a file."""
    return download(reviews.taken_out(visitor.gateway, visitor.session, review, as_json=form == "json"))
