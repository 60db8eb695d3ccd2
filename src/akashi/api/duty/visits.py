"""Routes of visits of maintainers.

Guarantees: the same use cases as the pages; a plan is read strictly, so that nothing in it is passed over. Refuses unknown fields and words.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from akashi.api.gateway.session import GatewayHere, SessionHere, Strict, person
from akashi.app.duty import visits
from akashi.app.duty.telling import comparison_row, shown_row, visit_row
from akashi.identity.journal import What
from akashi.identity.maintenance.errors import PlanUnusable
from akashi.identity.maintenance.model import NO_READS, Reads, TrialData, VisitVerdict, WorkPlan, WorkPurpose

router = APIRouter(prefix="/api/v1/visits", tags=["visits"])
Handle = Annotated[str, Path(pattern=r"^vis-[a-z0-9]{1,64}$")]
Line = Annotated[str, Field(min_length=1, max_length=500)]
Lines = Annotated[list[Line], Field(max_length=64)]


class VisitBody(Strict):
    """An application: who comes when, and the work plan. ``expects``: names of journal entries (docs/identity.md); times in milliseconds."""

    visitor: str = Field(max_length=80)
    from_ms: int = Field(ge=0)
    to_ms: int = Field(ge=0)
    emergency: bool = False
    purpose: Literal["preventive", "fault", "update", "security", "inspection", "other"]
    systems: Lines = Field(repr=False)
    steps: Lines = Field(repr=False)
    sources: Lines = Field(repr=False)
    expects: Lines = Field(default_factory=list)
    reads: Lines = Field(default_factory=list)
    test_accounts: Lines = Field(default_factory=list)
    text: str = Field(default="", max_length=2000, repr=False)


class VerdictBody(Strict):
    """A decision about a plan, or about a report."""

    verdict: Literal["accepted", "refused"]


class ActBody(Strict):
    """As whom the visitor acts from now on."""

    account: str = Field(max_length=80)


class ReportBody(Strict):
    """What became of test data, and words."""

    test_data: Literal["none", "erased", "kept"]
    text: str = Field(default="", max_length=2000, repr=False)


@router.get("", **person("maintenance.request", "maintenance.review"))
def listed(gateway: GatewayHere, session: SessionHere) -> dict[str, object]:
    """The visits of this institution, the newest first; a visitor sees their own."""
    return {"visits": [visit_row(one) for one in visits.listed(gateway, session)]}


@router.post("", status_code=201, **person("maintenance.request"))
def request(gateway: GatewayHere, session: SessionHere, body: VisitBody) -> dict[str, object]:
    """Apply for a visit."""
    window = body.from_ms, body.to_ms
    made = visits.request(gateway, session, body.visitor, _plan(body), window, emergency=body.emergency)
    return {"visit": made}


@router.get("/{visit}", **person("maintenance.request", "maintenance.review"))
def shown(gateway: GatewayHere, session: SessionHere, visit: Handle) -> dict[str, object]:
    """One visit with plan, entries, comparison and report."""
    return shown_row(visits.shown(gateway, session, visit))


@router.post("/{visit}/decide", **person("maintenance.decide"))
def decide(gateway: GatewayHere, session: SessionHere, visit: Handle, body: VerdictBody) -> dict[str, object]:
    """Accept or refuse the plan."""
    return visit_row(visits.decide(gateway, session, visit, VisitVerdict[body.verdict.upper()]))


@router.post("/{visit}/begin", **person("maintenance.work"))
def begin(gateway: GatewayHere, session: SessionHere, visit: Handle) -> dict[str, object]:
    """The visitor begins."""
    return visit_row(visits.begin(gateway, session, visit))


@router.post("/{visit}/act-as", **person("maintenance.work"))
def act_as(gateway: GatewayHere, session: SessionHere, visit: Handle, body: ActBody) -> dict[str, object]:
    """The visitor says as whom they act."""
    visits.act_as(gateway, session, visit, body.account)
    return {"account": body.account}


@router.post("/{visit}/end", **person("maintenance.request", "maintenance.review"))
def end(gateway: GatewayHere, session: SessionHere, visit: Handle) -> dict[str, object]:
    """The work is over; the visitor's sessions end."""
    return visit_row(visits.end(gateway, session, visit))


@router.post("/{visit}/report", **person("maintenance.request", "maintenance.review"))
def report(gateway: GatewayHere, session: SessionHere, visit: Handle, body: ReportBody) -> dict[str, object]:
    """Record the comparison with words."""
    made = visits.report(gateway, session, visit, TrialData[body.test_data.upper()], body.text)
    return {"visit": made.visit, "comparison": comparison_row(made.comparison)}


@router.post("/{visit}/review", **person("maintenance.review"))
def review(gateway: GatewayHere, session: SessionHere, visit: Handle, body: VerdictBody) -> dict[str, object]:
    """The report was looked at."""
    return visit_row(visits.review(gateway, session, visit, VisitVerdict[body.verdict.upper()]))


def _plan(body: VisitBody) -> WorkPlan:
    reads = NO_READS
    try:
        expects = tuple(What[one.upper()] for one in body.expects)
        for one in body.reads:
            reads |= Reads[one.upper()]
    except KeyError as error:
        raise PlanUnusable(field="expects, reads") from error
    texts = tuple(body.systems), tuple(body.steps), tuple(body.sources)
    return WorkPlan(WorkPurpose[body.purpose.upper()], *texts, expects, reads, tuple(body.test_accounts), body.text)
