"""One question for the two kinds of accounts that are dead most of the time: may they be here now, and as what?

Guarantees: an emergency account is in only while it is open, with what it grants; a visitor only in the window of a visit, at sign-in from
the networks of its plan, with what was approved. Everybody else passes with their own roles. Refuses nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.identity.emergency.gate import roles_now
from akashi.identity.maintenance.gate import Sources, granted, sign_in_allowed
from akashi.identity.model import Person, Role
from akashi.ledger.rules import Denied
from akashi.ledger.state import ReadState


@dataclass(frozen=True, slots=True)
class Admitted:
    """As what somebody is here: the roles that count, and the actions that a visit adds."""

    roles: Role
    granted: frozenset[str] = frozenset()


def admit(state: ReadState, person: Person, now_ms: int, address: str | None, sources: Sources) -> Admitted | Denied:
    """Decide at sign-in (with the peer's ``address``) and at every request (with ``None``)."""
    roles = roles_now(state, person, now_ms)
    if isinstance(roles, Denied):
        return roles
    visiting = sign_in_allowed(state, person, now_ms, address, sources)
    return visiting if isinstance(visiting, Denied) else Admitted(roles, granted(state, person, now_ms))
