"""The route of the machine API that proves the log's keys.

Guarantees: hands every member the evidence from which a changed log key follows (docs/spec/trust.md, ``#!genesis``); it holds leaves of
the ledger's own registry only and proves itself, so the server need not be believed.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from akashi.api.server.callers import ServerHere, machine
from akashi.ledger.proof.evidence import export_log_keys

router = APIRouter(prefix="/api/v1", tags=["ledger"])


@router.get("/log/evidence", **machine("ledger.read"))
def log_evidence(server: ServerHere) -> Response:
    """The evidence bundle of the log's keys: genesis, each change of the key, and the secretariat's keys."""
    return Response(export_log_keys(server.engine), media_type="application/octet-stream")
