"""Verify evidence on the spot, and the secretariat's dashboard of counts.

Guarantees: a file to verify stays in this gateway's memory; the verdict says what was proven and what was not. The dashboard has
counts only: it comes from the server, which knows no more. Refuses the dashboard to other institutions than the secretariat.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from akashi.app.conformity import bundles
from akashi.app.conformity.telling import report_lines
from akashi.app.desk import transfers
from akashi.conformity.proof.bundle import MAGIC
from akashi.errors import Misuse
from akashi.ledger.proof.report import render
from akashi.ledger.proof.verdict import Status
from akashi.web.forms import FormInvalid
from akashi.web.visitors import Here, OwnForm, Visitor, needs

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
    status, report = await run_in_threadpool(_told, visitor, form.data)
    shown = {"status": str(status), "tone": _TONES[status], "report": report}
    return await run_in_threadpool(visitor.page, "verify.html", verdict=shown)


def _told(visitor: Visitor, data: bytes) -> tuple[Status, str]:
    """What a file proves, in words: of a bundle of conformity each verdict is computed again."""
    if data.startswith(MAGIC):
        found = bundles.verify(data, visitor.gateway.paths.trust.read_bytes(), visitor.gateway.clock.now_ms())
        return found.status, "\n".join(report_lines(found, visitor.language))
    verdict = transfers.verified(visitor.gateway, visitor.session, data)
    return verdict.status, render(verdict, visitor.language)


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
        handshakes=_most_first(found.get("handshakes")),
    )


def _most_first(counts: object) -> list[tuple[str, int]]:
    """Reasons with their counts, the most frequent first; nothing where the server tells none."""
    rows = [(str(reason), int(count)) for reason, count in counts.items()] if isinstance(counts, dict) else []
    return sorted(rows, key=lambda row: (-row[1], row[0]))
