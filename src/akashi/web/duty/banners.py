"""What stands at the top of every page while it holds: a declared emergency, a session that is no ordinary one.

Guarantees: nobody overlooks that an emergency was declared, or that they work as an emergency account, in the temporary way or as a visitor.
A ledger that is away hides the first and says nothing false. Refuses nothing. Trusts: the session.
"""

from __future__ import annotations

from akashi.app.gateway.home import Gateway
from akashi.errors import Unavailable
from akashi.identity.emergency.model import Declaration
from akashi.identity.emergency.rules import OPENERS
from akashi.identity.model import Role, Session
from akashi.ledger.model import AuthMethod

_METHODS = {AuthMethod.EMERGENCY: "banner.emergency", AuthMethod.TEMPORARY: "banner.temporary"}


def declared(gateway: Gateway) -> Declaration | None:
    """The emergency that was declared and has not ended."""
    try:
        found = gateway.people.emergencies.declarations()
    except Unavailable:
        return None
    return next((one for one in found if one.ended_ms is None), None)


def banners_of(gateway: Gateway, session: Session) -> list[dict[str, str]]:
    """``{tone, key, path, link}`` for each thing that must be said; ``key`` and ``link``: of the texts."""
    found = []
    emergency = declared(gateway)
    if emergency is not None:
        path = f"/emergency/declared/{emergency.handle}" if session.roles & OPENERS else ""
        found.append({"tone": "stop", "key": "banner.declared", "path": path, "link": "banner.checklist"})
    if session.method in _METHODS:
        found.append({"tone": "warn", "key": _METHODS[session.method], "path": "", "link": ""})
    if session.owes_passkey:
        found.append({"tone": "stop", "key": "banner.passkey", "path": "/me/passkey", "link": "banner.enrol"})
    if session.roles & Role.MAINTENANCE:
        found.append({"tone": "warn", "key": "banner.maintenance", "path": "/visits", "link": "banner.visits"})
    return found
