"""Routes that look after people: reviews, resets, reports of access, alerts, explanations.

Guarantees: the same use cases as the pages. A reset ticket is in one answer, once; the copy of a document travels as base64url and is handed out as
a file. Refuses unknown fields and words.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from akashi.api.gateway.bodies import download
from akashi.api.gateway.session import CallerHere, GatewayHere, SessionHere, Strict, person
from akashi.api.people import rows
from akashi.api.people.rights import RoleWord
from akashi.api.people.rows import Page, ResetHere, ReviewHere
from akashi.api.problems import RequestInvalid
from akashi.app.people import explaining, presence, reports, resets, reviews
from akashi.identity.factors.passkeys import from_base64
from akashi.identity.lifecycle.model import AccessVerdict, Decision, Finding, ResetMethod

router = APIRouter(prefix="/api/v1", tags=["people"])
Number = Annotated[int, Path(ge=1, le=2**53)]
Time = Annotated[int, Query(ge=0, le=2**53)]
_MOST = 1000
Handle = Annotated[str, Field(max_length=80)]


class FindingBody(Strict):
    """What is decided on one finding; ``roles``: what is left after reducing."""

    subject: Handle
    finding: Literal[
        "never_used",
        "dormant",
        "unused_roles",
        "conflicting_roles",
        "no_department",
        "no_account",
        "not_on_ledger",
        "disabled_with_keys",
        "orphaned",
        "unconfirmed",
    ]
    decision: Literal["keep_needed", "keep_for_standby", "keep_mended", "reduce", "disable"]
    roles: list[RoleWord] | None = Field(default=None, max_length=10)
    note: str = Field(default="", max_length=2000, repr=False)


class ResetBody(Strict):
    """An identity check; ``document``: a copy of what was looked at (base64url without padding)."""

    person: Handle
    method: Literal["photo_id", "card_and_colleague", "in_person_by_manager", "video_with_callback"]
    document: str | None = Field(default=None, max_length=14 * 1024 * 1024, repr=False)
    witness: Handle | None = None


class RedeemBody(Strict):
    """The person's own ticket and new password."""

    login: str = Field(max_length=64, repr=False)
    ticket: str = Field(max_length=64, repr=False)
    password: str = Field(max_length=256, repr=False)


class PeriodBody(Strict):
    """A period that is over, and what the review of it came to."""

    from_ms: int = Field(ge=0, le=2**53)
    to_ms: int = Field(ge=0, le=2**53)
    verdict: Literal["nothing_to_note", "explained", "to_be_followed_up", "incident"]


@router.get("/reviews", **person("person.review"))
def listed(gateway: GatewayHere, session: SessionHere, page: Page = 1) -> dict[str, Any]:
    """All reviews, newest first, and when the next one is due."""
    found = rows.paged([rows.review_row(one) for one in reviews.listed(gateway, session)], page)
    return {"due_ms": reviews.due_ms(gateway), **found}


@router.post("/reviews", status_code=201, **person("person.review"))
def begin(gateway: GatewayHere, session: SessionHere) -> dict[str, Any]:
    """Compute what there is to decide."""
    return rows.review_row(reviews.opened(gateway, session))


@router.get("/reviews/{review}", **person("person.review"))
def findings(gateway: GatewayHere, session: SessionHere, review: ReviewHere, page: Page = 1) -> dict[str, Any]:
    """The findings of a review with what was decided."""
    return rows.paged([rows.line_row(one) for one in reviews.lines(gateway, session, review)], page)


@router.post("/reviews/{review}/decide", **person("person.review"))
def decide(gateway: GatewayHere, session: SessionHere, review: ReviewHere, body: FindingBody) -> dict[str, Any]:
    """Decide on one finding; reducing and disabling are in force at once."""
    finding, decision = Finding[body.finding.upper()], Decision[body.decision.upper()]
    roles = None if body.roles is None else rows.roles_of(body.roles)
    reviews.decided(gateway, session, review, body.subject, finding, decision, roles=roles, note=body.note)
    return {"review": review, "subject": body.subject, "finding": body.finding, "decision": body.decision}


@router.post("/reviews/{review}/close", **person("person.review"))
def close(gateway: GatewayHere, session: SessionHere, review: ReviewHere) -> dict[str, Any]:
    """End the review; refused while a finding is not decided."""
    return rows.review_row(reviews.closed(gateway, session, review))


@router.get("/reviews/{review}/file", **person("person.review"))
def take_out(
    gateway: GatewayHere, session: SessionHere, review: ReviewHere, form: Literal["csv", "json"] = "csv"
) -> Response:
    """Findings and decisions as a file."""
    return download(reviews.taken_out(gateway, session, review, as_json=form == "json"))


@router.get("/resets", **person("person.reset"))
def all_resets(gateway: GatewayHere, session: SessionHere, page: Page = 1) -> dict[str, Any]:
    """The ledger of resets, newest first."""
    return rows.paged([rows.reset_row(one) for one in resets.listed(gateway, session)], page)


@router.post("/resets", status_code=201, **person("person.reset"))
def issue(gateway: GatewayHere, session: SessionHere, body: ResetBody) -> dict[str, Any]:
    """Record the check; the ticket is in this answer only, for the person themselves."""
    try:
        document = None if body.document is None else from_base64(body.document)
    except ValueError as error:
        raise RequestInvalid(field="document") from error
    method = ResetMethod[body.method.upper()]
    ticket = resets.issued(gateway, session, body.person, method, document=document, witness=body.witness)
    return {"reset": ticket.reset, "ticket": ticket.code, "until_ms": ticket.until_ms}


@router.post("/resets/redeem", status_code=204, openapi_extra={"x-permission": "open.login"})
def redeem(gateway: GatewayHere, caller: CallerHere, body: RedeemBody) -> Response:
    """Set a new password with a ticket, not signed in, on the person's own device. Every failure reads the same."""
    resets.redeemed(gateway, body.login, body.ticket, caller.certificate, body.password)
    return Response(status_code=204)


@router.get("/resets/{reset}/document", **person("person.reset"))
def document(gateway: GatewayHere, session: SessionHere, reset: ResetHere) -> Response:
    """The copy of the document, while it is kept."""
    data = resets.document(gateway, session, reset)
    headers = {"Content-Disposition": f'attachment; filename="{reset}.bin"', "Cache-Control": "no-store"}
    return Response(data, media_type="application/octet-stream", headers=headers)


@router.get("/reports", **person("access.read"))
def report(gateway: GatewayHere, session: SessionHere, from_ms: Time, to_ms: Time) -> dict[str, Any]:
    """Who was there and what they touched in ``[from_ms, to_ms)``; of each list the first thousand rows."""
    return rows.report_rows(reports.shown(gateway, session, from_ms, to_ms), _MOST)


@router.post("/reports", status_code=201, **person("access.review"))
def review_report(gateway: GatewayHere, session: SessionHere, body: PeriodBody) -> dict[str, Any]:
    """Say on the ledger that one has looked at a period that is over."""
    verdict = AccessVerdict[body.verdict.upper()]
    reports.reviewed(gateway, session, body.from_ms, body.to_ms, verdict)
    return {"from_ms": body.from_ms, "to_ms": body.to_ms, "verdict": body.verdict}


@router.get("/reports/reviews", **person("access.read"))
def report_reviews(gateway: GatewayHere, session: SessionHere, page: Page = 1) -> dict[str, Any]:
    """Reviews of access so far, newest first."""
    return rows.paged([rows.access_review_row(one) for one in reports.reviews(gateway, session)], page)


@router.get("/alerts", **person("alert.read"))
def alerts(gateway: GatewayHere, session: SessionHere, page: Page = 1, *, acknowledged: bool = False) -> dict[str, Any]:
    """What must be looked at, newest first; with ``acknowledged`` also what was."""
    found = presence.alerts(gateway, session, acknowledged=acknowledged)
    return rows.paged([rows.alert_row(one) for one in found], page)


@router.post("/alerts/{number}/acknowledge", **person("alert.read"))
def acknowledge(gateway: GatewayHere, session: SessionHere, number: Number) -> dict[str, Any]:
    """Say that one has looked at it."""
    return rows.alert_row(presence.acknowledge(gateway, session, number))


@router.get("/access", **person("self.manage"))
def explain(
    gateway: GatewayHere,
    session: SessionHere,
    action: Annotated[str, Query(max_length=64)],
    who: Annotated[str, Query(max_length=80)] = "",
    about: Annotated[str, Query(max_length=80)] = "",
) -> dict[str, Any]:
    """Who may or may not do what, and why; oneself without ``who``."""
    found = explaining.explained(gateway, session, who or session.person, action, about or None)
    return {"allowed": found.allowed, "reason": found.reason, "ja": found.ja, "en": found.en}
