"""What presence says on the ledger: that somebody was asked about a second place, and what they answered.

Guarantees: only a person of the signing gateway's own institution answers, for themselves, on a device of the institution. Refuses the
same answer for the same place twice. State: ``seat`` person 00 place to ``[institution, answer, ms]``.
"""

from __future__ import annotations

from akashi.identity import events
from akashi.identity.presence.model import Answer
from akashi.ledger.errors import Refused
from akashi.ledger.events import AnyKind, Context, Kind, digest, enum, event, handle, number
from akashi.ledger.model import Purpose
from akashi.ledger.state import ReadState, WriteState

_SPACE = "seat"


@event("access.confirmed", signers={Purpose.GATEWAY})
class AccessConfirmed:
    """A person was asked whether a browser (``place``: digest of its cookie) on ``device`` is theirs, and answered."""

    person: str = number(1, handle("per"))
    device: str = number(2, handle("dev"))
    place: bytes = number(3, digest())
    answer: Answer = number(4, enum(Answer))


def answered(state: ReadState, person: str, place: bytes) -> Answer | None:
    """What a person last answered about a place."""
    match state.get(_SPACE, person.encode() + b"\x00" + place):
        case [str(), int(answer), int()]:
            return Answer(answer)
    return None


def apply_access_confirmed(state: WriteState, body: AccessConfirmed, context: Context) -> None:
    """Remember the answer; it is the acting person's own."""
    actor = context.statement.actor
    person, device = events.person(state, body.person), events.device(state, body.device)
    if actor.person != body.person or person is None or person.institution != actor.institution:
        raise Refused("actor.person")
    if not person.enabled:
        raise Refused("person.disabled")
    if device is None or device.institution != actor.institution:
        raise Refused("device.institution")
    if answered(state, body.person, body.place) is body.answer:
        raise Refused("access.unchanged")
    key = body.person.encode() + b"\x00" + body.place
    state.put(_SPACE, key, [person.institution, int(body.answer), context.block_ms])


PRESENCE_KINDS: tuple[AnyKind, ...] = (Kind(AccessConfirmed, apply_access_confirmed),)
