"""Alerts: what somebody must look at, until they say that they did.

Guarantees: the newest first, in words; who looked at it and when stays beside it. Refuses everybody without ``alert.read``.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from akashi.app.people import presence
from akashi.errors import AkashiError
from akashi.web.staff.fields import names_of, part, refusal
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
Number = Annotated[int, Path(ge=1, le=2**53)]


@router.get("/alerts", **needs("alert.read"))
def listing(visitor: Here, page: str = "1", all: str = "") -> Response:  # noqa: A002 - the word of the address
    """What is open; with ``all=1`` also what was looked at."""
    return _page(visitor, page=page, everything=all == "1")


def _page(visitor: Visitor, error: AkashiError | None = None, page: str = "1", *, everything: bool = False) -> Response:
    status, said = refusal(visitor, error)
    found = presence.alerts(visitor.gateway, visitor.session, acknowledged=everything)
    return visitor.page(
        "alerts.html", status, error=said, place=part(found, page), names=names_of(visitor), everything=everything
    )


@router.post("/alerts/{number}/acknowledge", **needs("alert.read"))
def acknowledge(visitor: Here, number: Number, _form: OwnForm) -> Response:
    """I have looked at it."""
    try:
        presence.acknowledge(visitor.gateway, visitor.session, number)
    except AkashiError as error:
        return _page(visitor, error)
    return to("/alerts", notice="stepped")
