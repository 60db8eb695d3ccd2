"""Routes that only look: the institution's keys, a signed document, institutions that join or leave.

Guarantees: the same use cases as the pages; no key and no name that stands in a certificate is in an answer. A document stays in memory.
"""

from __future__ import annotations

from fastapi import APIRouter

from akashi.api.gateway.bodies import Upload
from akashi.api.gateway.session import GatewayHere, SessionHere, person
from akashi.app.duty import keys
from akashi.app.duty.documents import judged
from akashi.app.duty.memberships import MANAGE, memberships
from akashi.app.duty.telling import keys_row, membership_row
from akashi.signatures.saying import document_told

router = APIRouter(prefix="/api/v1", tags=["duty"])


@router.get("/keys", **person(keys.MANAGE))
def keys_seen(gateway: GatewayHere, session: SessionHere) -> dict[str, object]:
    """Where the institution's keys live, their terms, the module's own words, the suites."""
    return keys_row(keys.keys_seen(gateway, session))


@router.post("/documents/verify", **person("ledger.read"))
def verify(gateway: GatewayHere, session: SessionHere, data: Upload) -> dict[str, object]:
    """Judge the signatures of a PDF; ``recorded``: how many of them the ledger knows."""
    found = judged(gateway, session, data)
    return document_told(found.seen) | {"recorded": len(found.records)}


@router.get("/memberships", **person(MANAGE))
def listed(gateway: GatewayHere, session: SessionHere) -> dict[str, object]:
    """Institutions that join or leave; for the secretariat."""
    return {"memberships": [membership_row(one) for one in memberships(gateway, session)]}
