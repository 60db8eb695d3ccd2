"""Routes of emergency accounts, openings, reviews and declared emergencies.

Guarantees: the same use cases as the pages, so the same permissions, proofs and journal entries; a secret is in one answer, once. Refuses
unknown fields and words.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from akashi.api.gateway.session import GatewayHere, SessionHere, Strict, person
from akashi.app.duty import emergencies
from akashi.app.duty.telling import access_row, declaration_row, opening_row, standing_row
from akashi.identity.emergency.model import HOUR_MS, OpenReason, Prepared, ReviewVerdict, StepOutcome

router = APIRouter(prefix="/api/v1/emergency", tags=["emergency"])
Handle = Annotated[str, Path(pattern=r"^(emg|per)-[a-z0-9]{1,64}$")]
Hours = Annotated[int, Field(ge=1, le=24)]
Reason = Literal[
    "disaster",
    "cyber_attack",
    "authentication_down",
    "life_threatening",
    "authorised_unreachable",
    "agreed",
    "drill",
]


class PrepareBody(Strict):
    """A new sealed account; with ``paper`` its secret is in the answer."""

    login: str = Field(max_length=64, repr=False)
    name: str = Field(max_length=100, repr=False)
    paper: bool = False


class RotateBody(Strict):
    """A new secret; with ``paper`` it is in the answer."""

    paper: bool = False


class OpenBody(Strict):
    """Which account, why, for how many hours; ``alone``: without a second person."""

    account: str = Field(max_length=80)
    reason: Reason
    hours: Hours = 8
    alone: bool = False


class ReviewBody(Strict):
    """What the review found, and words that stay sealed in the gateway."""

    verdict: Literal["justified", "not_justified", "incident"]
    text: str = Field(default="", max_length=2000, repr=False)


class DeclareBody(Strict):
    """Why, and for how many hours the accounts open."""

    cause: Reason
    hours: Hours = 8


class StepBody(Strict):
    """How a step of the checklist ended."""

    step: int = Field(ge=1, le=64)
    outcome: Literal["done", "not_needed", "failed"]


@router.get("", **person("emergency.review", "emergency.open"))
def standing(gateway: GatewayHere, session: SessionHere) -> dict[str, object]:
    """Accounts, openings and declared emergencies, with the checklist of each."""
    return standing_row(emergencies.standing(gateway, session))


@router.post("/accounts", status_code=201, **person("emergency.prepare"))
def prepare(gateway: GatewayHere, session: SessionHere, body: PrepareBody) -> dict[str, object]:
    """Prepare a sealed account."""
    return _prepared(emergencies.prepare(gateway, session, body.login, body.name, paper=body.paper))


@router.post("/accounts/{account}/rotate", **person("emergency.prepare"))
def rotate(gateway: GatewayHere, session: SessionHere, account: Handle, body: RotateBody) -> dict[str, object]:
    """Seal it again under a new secret."""
    return _prepared(emergencies.rotate(gateway, session, account, paper=body.paper))


@router.post("/seals", **person("emergency.prepare"))
def seals(gateway: GatewayHere, session: SessionHere) -> dict[str, object]:
    """The accounts whose seal is broken, looked at now."""
    return {"broken": emergencies.check_seals(gateway, session)}


@router.post("/openings", status_code=201, **person("emergency.open"))
def opening(gateway: GatewayHere, session: SessionHere, body: OpenBody) -> dict[str, object]:
    """Ask for an opening, or open alone for a listed reason."""
    reason, length = OpenReason[body.reason.upper()], body.hours * HOUR_MS
    if body.alone:
        return opening_row(emergencies.open_alone(gateway, session, body.account, reason, length))
    return {"opening": emergencies.ask(gateway, session, body.account, reason, length)}


@router.post("/openings/{opening}/confirm", **person("emergency.open"))
def confirm(gateway: GatewayHere, session: SessionHere, opening: Handle) -> dict[str, object]:
    """The second person opens it."""
    return opening_row(emergencies.confirm(gateway, session, opening))


@router.post("/openings/{opening}/take", **person("emergency.open"))
def take(gateway: GatewayHere, session: SessionHere, opening: Handle) -> dict[str, object]:
    """The secret, once, to the opener."""
    return {"secret": emergencies.take(gateway, session, opening)}


@router.post("/openings/{opening}/close", **person("emergency.review", "emergency.open"))
def close(gateway: GatewayHere, session: SessionHere, opening: Handle) -> dict[str, object]:
    """Close it."""
    emergencies.close(gateway, session, opening)
    return opening_row(gateway.people.emergencies.opening(opening))


@router.get("/openings/{opening}/touched", **person("emergency.review"))
def touched(gateway: GatewayHere, session: SessionHere, opening: Handle) -> dict[str, object]:
    """Every entry that the account made in the access journal."""
    return {"entries": [access_row(one) for one in emergencies.touched(gateway, session, opening)]}


@router.post("/openings/{opening}/review", **person("emergency.review"))
def review(gateway: GatewayHere, session: SessionHere, opening: Handle, body: ReviewBody) -> dict[str, object]:
    """Record the review."""
    emergencies.review(gateway, session, opening, ReviewVerdict[body.verdict.upper()], body.text)
    return opening_row(gateway.people.emergencies.opening(opening))


@router.post("/declared", status_code=201, **person("emergency.declare"))
def declare(gateway: GatewayHere, session: SessionHere, body: DeclareBody) -> dict[str, object]:
    """Declare an emergency."""
    return declaration_row(emergencies.declare(gateway, session, OpenReason[body.cause.upper()], body.hours * HOUR_MS))


@router.post("/declared/{declaration}/steps", **person("emergency.open"))
def step(gateway: GatewayHere, session: SessionHere, declaration: Handle, body: StepBody) -> dict[str, object]:
    """Tick a step."""
    outcome = StepOutcome[body.outcome.upper()]
    return declaration_row(emergencies.tick(gateway, session, declaration, body.step, outcome))


@router.post("/declared/{declaration}/end", **person("emergency.declare"))
def end(gateway: GatewayHere, session: SessionHere, declaration: Handle) -> dict[str, object]:
    """It is over."""
    return declaration_row(emergencies.end(gateway, session, declaration))


def _prepared(made: Prepared) -> dict[str, object]:
    told: dict[str, object] = {"account": made.account, "login": made.login}
    return told if made.secret is None else told | {"secret": made.secret}
