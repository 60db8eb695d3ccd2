"""The routes of the machine API that prove the log's keys and, with several servers, who signs.

Guarantees: hands every member the evidence from which a changed log key follows (docs/spec/trust.md, ``#!genesis``); it holds leaves of
the ledger's own registry only and proves itself, so the server need not be believed.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from akashi.api.server.callers import ServerHere, machine
from akashi.errors import NotFound
from akashi.ledger.proof.evidence import export_log_keys

router = APIRouter(prefix="/api/v1", tags=["ledger"])


@router.get("/log/evidence", **machine("ledger.read"))
def log_evidence(server: ServerHere) -> Response:
    """The evidence bundle of the log's keys: genesis, each change of the key, and the secretariat's keys."""
    return Response(export_log_keys(server.engine), media_type="application/octet-stream")


@router.get("/log/trust", **machine("ledger.read"))
def log_trust(server: ServerHere) -> Response:
    """The chain of proven changes of who signs, since the handover (docs/spec/network.md, "Trust chain"); 404 where one server keeps the ledger alone."""
    if server.node is None:
        raise NotFound
    return Response(server.node.trust.chain(), media_type="application/octet-stream")
