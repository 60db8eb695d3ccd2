"""Institutions that join or leave, for the secretariat: where each stands, what is missing, which command comes next.

Guarantees: a page to look at; the steps need the secretariat's own key, which is at the console. Refuses other institutions.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.duty.memberships import MANAGE, memberships
from akashi.web.visitors import Here, needs

router = APIRouter()
_MOST = 500


@router.get("/memberships", **needs(MANAGE))
def listing(visitor: Here) -> Response:
    """All of them."""
    found = memberships(visitor.gateway, visitor.session)
    return visitor.page("admission.html", found=found[:_MOST], more=max(0, len(found) - _MOST))
