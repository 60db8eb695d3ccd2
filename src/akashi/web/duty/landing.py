"""One page from which emergencies, visits, devices, keys, documents and memberships are reached.

Guarantees: it offers what the person may do. Refuses nobody who is signed in: each page asks for its own permission.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from akashi.identity.model import InstitutionRole
from akashi.web.visitors import Here, needs

router = APIRouter()
_CARDS = (
    ("emergency", "/emergency", ("emergency.open",)),
    ("reviews", "/emergency/reviews", ("emergency.review",)),
    ("visits", "/visits", ("maintenance.request", "maintenance.review")),
    ("requests", "/devices/requests", ("self.manage",)),
    ("keys", "/keys", ("keys.manage",)),
    ("documents", "/documents", ("ledger.read",)),
)
_OFFICE = ("memberships", "/memberships", ("institution.manage",))


@router.get("/duty", **needs("ledger.read"))
def landing(visitor: Here) -> Response:
    """What there is to do."""
    cards = (*_CARDS, _OFFICE) if visitor.caller.roles & InstitutionRole.SECRETARIAT else _CARDS
    offered = [(name, path) for name, path, actions in cards if any(visitor.may(one) for one in actions)]
    return visitor.page("duty.html", cards=offered)
