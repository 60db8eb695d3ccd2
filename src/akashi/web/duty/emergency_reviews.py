"""What was done under an opening, record by record, and the verdict of somebody who had no part in it.

Guarantees: a review goes through every entry that the account made in the access journal; its words stay sealed here. Refuses reviews by whoever
opened, confirmed or took it (the ledger does), and before the opening is closed.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.duty import emergencies
from akashi.errors import AkashiError
from akashi.identity.emergency.errors import EmergencyUnknown
from akashi.identity.emergency.model import ReviewVerdict, Stage
from akashi.web.duty.fields import error_values, people_of
from akashi.web.exchange import chosen, words
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_PAGE = 200


@router.get("/emergency/reviews", **needs("emergency.review"))
def listing(visitor: Here, page: int = 1) -> Response:
    """Openings that wait for a review, and those that had one."""
    found = [
        one for one in emergencies.standing(visitor.gateway, visitor.session).openings if one.stage is not Stage.ASKED
    ]
    page = max(1, min(page, (len(found) - 1) // _PAGE + 1))
    return visitor.page(
        "emergency_reviews.html",
        openings=found[(page - 1) * _PAGE : page * _PAGE],
        place={"page": page, "last": (len(found) - 1) // _PAGE + 1},
        people=people_of(visitor),
    )


@router.get("/emergency/reviews/{opening}", **needs("emergency.review"))
def show(visitor: Here, opening: str, page: int = 1) -> Response:
    """Everything that was touched, and the form for the verdict."""
    return _page(visitor, opening, None, page)


@router.post("/emergency/reviews/{opening}", **needs("emergency.review"))
def review(visitor: Here, opening: str, form: OwnForm) -> Response:
    """Record the verdict."""
    gateway, session = visitor.gateway, visitor.session
    try:
        emergencies.review(gateway, session, opening, chosen(ReviewVerdict, form, "verdict"), form.get("text").strip())
    except AkashiError as error:
        return _page(visitor, opening, error)
    return to("/emergency/reviews", notice="stepped")


def _page(visitor: Visitor, opening: str, error: AkashiError | None = None, page: int = 1) -> Response:
    if isinstance(error, EmergencyUnknown):
        raise error
    status, said = error_values(visitor, error)
    entries = emergencies.touched(visitor.gateway, visitor.session, opening)
    found = visitor.gateway.people.emergencies.opening(opening)
    last = max(1, (len(entries) - 1) // _PAGE + 1)
    page = max(1, min(page, last))
    me = visitor.session.person
    return visitor.page(
        "emergency_review.html",
        status,
        error=said,
        one=found,
        entries=entries[(page - 1) * _PAGE : page * _PAGE],
        count=len(entries),
        place={"page": page, "last": last},
        people=people_of(visitor),
        verdicts=words(ReviewVerdict),
        notes=visitor.gateway.people.emergencies.notes(opening),
        may=found.stage is Stage.CLOSED and me not in {found.opener, found.second, found.taken_by},
        ended_ms=found.ended_ms(visitor.gateway.clock.now_ms()),
    )
