"""The route of the machine API that hands out evidence bundles.

Guarantees: a bundle goes to those who may read the operations on its subject; it proves itself (docs/spec/bundle.md), so the server
need not be believed. Refuses subjects of others, as if they did not exist.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from akashi.api.server.callers import CallerHere, ServerHere, machine
from akashi.api.server.ledger import Handle, require_subject
from akashi.ledger.proof.evidence import export_subject

router = APIRouter(prefix="/api/v1", tags=["ledger"])


@router.get("/subjects/{subject}/evidence", **machine("ledger.read"))
def evidence(server: ServerHere, caller: CallerHere, subject: Handle) -> Response:
    """The evidence bundle of a subject."""
    require_subject(server, caller.institution, subject)
    return Response(export_subject(server.witnessing.source(subject), subject), media_type="application/octet-stream")
