"""Where the institution's keys live: a page to look at. Keys are changed at the console (``akashi keys``).

Guarantees: no key, PIN or path; a module's validation is "not known" unless the operator declared one, and then it says so.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.duty.keys import MANAGE, keys_seen
from akashi.web.visitors import Here, needs

router = APIRouter()


@router.get("/keys", **needs(MANAGE))
def keys(visitor: Here) -> Response:
    """The report."""
    return visitor.page("keys.html", seen=keys_seen(visitor.gateway, visitor.session))
