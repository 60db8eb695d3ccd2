"""Verify evidence on the spot, and the secretariat's dashboard of counts.

Guarantees: a file to verify stays in this gateway's memory; the verdict says what was proven and what was not. The dashboard has
counts only: it comes from the server, which knows no more. Refuses the dashboard to other institutions than the secretariat.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from akashi.app.desk import transfers
from akashi.errors import Misuse
from akashi.ledger.proof.report import render
from akashi.ledger.proof.verdict import Status
from akashi.web.forms import FormInvalid
from akashi.web.visitors import Here, OwnForm, needs

router = APIRouter()
_TONES = {Status.VERIFIED: "good", Status.SELF_CONSISTENT: "warn", Status.FAILED: "stop"}
_FIGURES = ("transfers", "open", "erased", "size")


@router.get("/verify", **needs("ledger.read"))
def ask(visitor: Here) -> Response:
    """The form for a bundle or receipt."""
    return visitor.page("verify.html", verdict=None)


@router.post("/verify", **needs("ledger.read"))
async def verify(visitor: Here, form: OwnForm) -> Response:
    """The verdict over a file."""
    if form.data is None:
        raise FormInvalid
    verdict = await run_in_threadpool(transfers.verified, visitor.gateway, visitor.session, form.data)
    report = render(verdict, visitor.language)
    shown = {"status": str(verdict.status), "tone": _TONES[verdict.status], "report": report}
    return await run_in_threadpool(visitor.page, "verify.html", verdict=shown)


@router.get("/dashboard", **needs("dashboard.read"))
def dashboard(visitor: Here) -> Response:
    """Counts of conversions, transfers and errors."""
    channel = visitor.gateway.line.channel
    if channel is None:
        raise Misuse(what="a dashboard without a line over HTTPS")
    found = channel.json("/api/v1/dashboard")
    statuses = found["statuses"]
    total = sum(statuses.values()) if isinstance(statuses, dict) else 0
    values = {"transfers": total, "open": found["open"], "erased": found["erased"]}
    values["size"] = found["ledger_size"]
    return visitor.page(
        "dashboard.html",
        figures=[(key, values[key]) for key in _FIGURES],
        stamp_ms=found["stamp_ms"],
        institutions=found["institutions"],
        errors=found["errors"],
    )
