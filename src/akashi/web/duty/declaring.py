"""A declared emergency: who does what next, ticked step by step, until somebody ends it.

Guarantees: each tick is on the ledger with who did it and when; the words of the steps are those of the version that the ledger names. Refuses steps
that the checklist does not have, and ticks after the end.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.duty import emergencies
from akashi.errors import AkashiError
from akashi.identity.emergency.errors import EmergencyUnknown
from akashi.identity.emergency.model import OpenReason, StepOutcome
from akashi.ledger.model import HANDLE
from akashi.web.duty.fields import FieldUnusable, error_values, hours, people_of
from akashi.web.exchange import chosen, words
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()


@router.post("/emergency/declared", **needs("emergency.declare"))
def declare(visitor: Here, form: OwnForm) -> Response:
    """Declare an emergency."""
    if form.get("sure") != "1":
        raise FieldUnusable(field="sure")
    made = emergencies.declare(visitor.gateway, visitor.session, chosen(OpenReason, form, "cause"), hours(form))
    return to(f"/emergency/declared/{made.handle}", notice="stepped")


@router.get("/emergency/declared/{declaration}", **needs("emergency.open"))
def show(visitor: Here, declaration: str) -> Response:
    """The checklist."""
    return _page(visitor, declaration)


@router.post("/emergency/declared/{declaration}/steps", **needs("emergency.open"))
def tick(visitor: Here, declaration: str, form: OwnForm) -> Response:
    """A step was done."""
    text, outcome = form.get("step"), chosen(StepOutcome, form, "outcome")
    step = int(text) if text.isascii() and text.isdigit() and len(text) <= 2 else 0
    try:
        emergencies.tick(visitor.gateway, visitor.session, declaration, step, outcome)
    except AkashiError as error:
        return _page(visitor, declaration, error)
    return to(f"/emergency/declared/{declaration}", notice="stepped")


@router.post("/emergency/declared/{declaration}/end", **needs("emergency.declare"))
def end(visitor: Here, declaration: str, _form: OwnForm) -> Response:
    """It is over."""
    try:
        emergencies.end(visitor.gateway, visitor.session, declaration)
    except AkashiError as error:
        return _page(visitor, declaration, error)
    return to(f"/emergency/declared/{declaration}", notice="stepped")


def _page(visitor: Visitor, handle: str, error: AkashiError | None = None) -> Response:
    if isinstance(error, EmergencyUnknown) or not HANDLE.fullmatch(handle):
        raise EmergencyUnknown
    status, said = error_values(visitor, error)
    found = visitor.gateway.people.emergencies.declaration(handle)
    ticks = {one.step: one for one in found.ticks}
    steps = [
        {
            "number": one.number,
            "text": one.ja if visitor.language == "ja" else one.en,
            "who": one.who_ja if visitor.language == "ja" else one.who_en,
            "tick": ticks.get(one.number),
        }
        for one in emergencies.checklist(found.checklist).steps
    ]
    return visitor.page(
        "emergency_declared.html",
        status,
        error=said,
        one=found,
        steps=steps,
        done=len(ticks),
        people=people_of(visitor),
        outcomes=words(StepOutcome),
    )
