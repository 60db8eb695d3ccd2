"""Routes of conformity: overview, sheets, items, answers, evidence, runs with progress, bundles.

Guarantees: the same views and the same use cases as the pages, so the same permissions and journal entries; addresses of targets and raw
output never leave here. Refuses unknown enum names, and answers that name evidence which is not here. Trusts: the session.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from akashi.api.gateway.bodies import FileName, Upload, download
from akashi.api.gateway.session import GatewayHere, SessionHere, Strict, person
from akashi.app.conformity import desk, exports, views
from akashi.app.conformity.seat import Seat
from akashi.app.conformity.telling import counts_row, decision_row, summary_row, target_row
from akashi.app.desk.transfers import Download
from akashi.conformity.model import Answer, Audience, Basis, Measurement, Reply, Verdict
from akashi.conformity.service import RunRecord

router = APIRouter(prefix="/api/v1/conformity", tags=["conformity"])
Run = Annotated[str, Path(pattern=r"^run-[0-9a-z]{4,32}$")]
Evidence = Annotated[str, Field(pattern=r"^evd-[0-9a-z]{4,32}$")]
VerdictName = Literal["conforms", "partial", "fails", "not_applicable", "undecided"]
BasisName = Literal["measured", "document", "word", "none"]
AudienceName = Literal["public", "customers", "assessor"]


class AnswerBody(Strict):
    """A person's answer to one item; days are Unix milliseconds, 0 for none."""

    reply: Literal["yes", "partly", "no", "not_applicable"]
    text: str = Field(default="", max_length=20_000, repr=False)
    owner: str = Field(default="", max_length=100, repr=False)
    due_ms: int = Field(default=0, ge=0, le=1 << 48)
    audience: AudienceName = "assessor"
    evidence: list[Evidence] = Field(default_factory=list, max_length=64)


class FeaturesBody(Strict):
    """The conditions that hold from now on."""

    features: list[Annotated[str, Field(max_length=60)]] = Field(max_length=200)


def seat_of(request: Request) -> Seat:
    """The seat of this gateway, shared with its pages."""
    found: Seat = request.app.state.seat
    return found


SeatHere = Annotated[Seat, Depends(seat_of)]


@router.get("", **person("conformity.read"))
def overview(gateway: GatewayHere, seat: SeatHere) -> dict[str, object]:
    """Every sheet by what decides it, contradictions first, what expires soon."""
    found = views.overview(gateway.conformity, seat.results())
    return {
        "contradictions": [decision_row(one) for one in found.contradictions],
        "expiring": [decision_row(one) for one in found.expiring],
        "features": sorted(found.features),
        "sheets": [summary_row(one) for one in found.sheets],
    }


class SheetQuery(BaseModel):
    """What of a sheet is asked for; empty means all."""

    model_config = ConfigDict(extra="forbid")

    group: str = Field(default="", max_length=40)
    verdict: VerdictName | None = None
    basis: BasisName | None = None
    q: str = Field(default="", max_length=100)
    applicable: bool = False

    def filters(self) -> views.Filters:
        """As the views want it."""
        verdict = Verdict[self.verdict.upper()] if self.verdict else None
        basis = Basis[self.basis.upper()] if self.basis else None
        return views.Filters(self.group, verdict, basis, self.q, self.applicable)


@router.get("/sheets/{catalogue}", **person("conformity.read"))
def sheet(
    gateway: GatewayHere,
    session: SessionHere,
    seat: SeatHere,
    catalogue: str,
    query: Annotated[SheetQuery, Query()],
) -> dict[str, object]:
    """The items of a sheet that the filters let through, each with its verdict."""
    with desk.journalled(gateway, session, desk.READ):
        book, rows = views.sheet(gateway.conformity, catalogue, query.filters(), seat.results(), seat.answers())
    return {
        "catalogue": book.id,
        "edition": book.edition,
        "status": book.status,
        "title": {"en": book.title.en, "ja": book.title.ja},
        "items": [
            {
                "clause": row.item.clause,
                "group": row.item.group,
                "mode": row.item.mode.value,
                "parent": row.item.parent,
                "reply": row.answer.reply.name.lower() if row.answer else None,
                "text": {"en": row.item.text.en, "ja": row.item.text.ja},
                **decision_row(row.decision),
            }
            for row in rows
        ],
    }


@router.get("/sheets/{catalogue}/{item}", **person("conformity.read"))
def item(gateway: GatewayHere, session: SessionHere, seat: SeatHere, catalogue: str, item: str) -> dict[str, object]:
    """One item: verdict, checks, what was measured, answer, neighbours in other sheets."""
    with desk.journalled(gateway, session, desk.READ):
        seen = views.item_view(gateway.conformity, catalogue, item, seat.results())
    return {
        "clause": seen.item.clause,
        "mode": seen.item.mode.value,
        "plain": seen.item.plain,
        "report": seen.item.report,
        "text": {"en": seen.item.text.en, "ja": seen.item.text.ja},
        "decision": decision_row(seen.decision),
        "checks": [
            {
                "check": one.check,
                "judge_version": one.judge_version,
                "verdict": one.opinion.verdict.name.lower(),
                "why": {"en": one.opinion.why.en, "ja": one.opinion.why.ja},
            }
            for one in seen.decision.checks
        ],
        "measurements": [_measured(one) for one in seen.measurements],
        "answer": _answered(seen.answer),
        "answers": len(seen.history),
        "neighbours": [
            {"item": name, "reason": reason, "relation": relation.value, "verdict": one.verdict.name.lower()}
            for name, relation, reason, one in seen.neighbours
        ],
    }


def _measured(one: Measurement) -> dict[str, object]:
    return {
        "probe": one.probe,
        "version": one.version,
        "target": one.target,
        "vantage": one.vantage,
        "tool": one.tool,
        "started_ms": one.started_ms,
        "ended_ms": one.ended_ms,
        "reach": one.reach.name.lower(),
        "facts": {key: list(value) if isinstance(value, tuple) else value for key, value in one.facts.items()},
        "note": one.note,
        "raw_sha256": one.raw_digest.hex(),
    }


def _answered(one: Answer | None) -> dict[str, object] | None:
    if one is None:
        return None
    return {
        "reply": one.reply.name.lower(),
        "text": one.text,
        "owner": one.owner,
        "due_ms": one.due_ms,
        "audience": one.audience.name.lower(),
        "evidence": list(one.evidence),
        "answered_ms": one.answered_ms,
    }


@router.post("/sheets/{catalogue}/{item}/answer", status_code=201, **person("conformity.answer"))
def answer(
    gateway: GatewayHere, session: SessionHere, catalogue: str, item: str, body: AnswerBody
) -> dict[str, object]:
    """Answer an item; answers with the handle of this act on the ledger."""
    said = Answer(
        catalogue,
        item,
        Reply[body.reply.upper()],
        0,
        tuple(dict.fromkeys(body.evidence)),
        Audience[body.audience.upper()],
        body.due_ms,
        body.owner,
        body.text,
    )
    return {"answers": desk.answer(gateway, session, [said])}


@router.post("/evidence", status_code=201, **person("conformity.answer"))
def keep_evidence(
    gateway: GatewayHere, session: SessionHere, data: Upload, name: FileName, audience: AudienceName = "assessor"
) -> dict[str, object]:
    """Seal an evidence file (the body; its name in ``X-File-Name``); answers with its handle."""
    readers = Audience[audience.upper()]
    kept = desk.keep_evidence(gateway, session, name, data, "application/octet-stream", readers)
    return {"evidence": kept.handle, "bytes": kept.size}


@router.put("/features", **person("conformity.answer"))
def declare(gateway: GatewayHere, session: SessionHere, body: FeaturesBody) -> dict[str, object]:
    """Declare the conditions that decide which items apply."""
    desk.declare(gateway, session, body.features)
    return {"features": sorted(gateway.conformity.features())}


@router.get("/targets", **person("conformity.probe"))
def targets(gateway: GatewayHere) -> list[dict[str, object]]:
    """What may be probed and until when; addresses stay in the gateway."""
    return [target_row(one) for one in gateway.conformity.targets()]


@router.post("/runs", status_code=202, **person("conformity.probe"))
def run(seat: SeatHere, session: SessionHere) -> dict[str, object]:
    """Start measuring everything that is registered, unless that is under way."""
    return {"started": seat.start(session), **_standing(seat)}


@router.get("/runs", **person("conformity.read"))
def runs(seat: SeatHere) -> dict[str, object]:
    """How the run under way stands, and the recorded runs, the newest first."""
    return {**_standing(seat), "runs": [_run(one) for one in seat.runs()]}


def _standing(seat: Seat) -> dict[str, object]:
    now = seat.standing
    return {"running": now.running, "done": now.done, "total": now.total, "failure": now.failure or None}


def _run(one: RunRecord) -> dict[str, object]:
    return {
        "run": one.run,
        "judged_ms": one.judged_ms,
        "index": one.index,
        "items": one.items,
        "counts": counts_row(one.counts),
    }


@router.get("/runs/{run}/bundle", **person("conformity.read"))
def bundle(
    gateway: GatewayHere, session: SessionHere, run: Run, audience: AudienceName = "public"
) -> StreamingResponse:
    """The bundle of a run, for anybody to verify offline."""
    wish = exports.Wish(exports.Form.BUNDLE, Audience[audience.upper()], run=run)
    data = b"".join(exports.export(gateway, session, wish).values())
    return download(Download(f"{run}-{audience}.akashi", "application/octet-stream", iter([data])))
