"""Whoever acts in an operation, and what is their institution's own: what every kind about people asks first.

Guarantees: pure readers of the replicated state; a person acts with the roles that count at the block's time, for their own institution, while both
are enabled; what belongs to others is refused as if it did not exist. Refuses everything else with the stable reasons of the decisions.
Stands above ``identity.events`` and ``lifecycle.standing``, below the kinds that use it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from akashi.identity import events as identity
from akashi.identity.lifecycle.rules import decide_person
from akashi.identity.lifecycle.standing import standing
from akashi.identity.model import Person, Role
from akashi.ledger.errors import Refused
from akashi.ledger.events import Context, require
from akashi.ledger.rules import Allowed, Denied
from akashi.ledger.state import ReadState


class Owned(Protocol):
    """A record that is one institution's."""

    @property
    def institution(self) -> str:
        """Whose."""
        ...


T = TypeVar("T", bound=Owned)
Decide = Callable[[Person | None, str, Role], Allowed | Denied]
"""Whether a person, with the roles that count now, may act for an institution in one of the roles asked for."""


def acting_person(state: ReadState, context: Context, wanted: Role, decide: Decide = decide_person) -> Person:
    """The acting person with the roles that count now: named, of the signing institution, in one of ``wanted``. Raises :class:`Refused`."""
    actor = context.statement.actor
    house = identity.institution(state, actor.institution)
    if house is None or not house.enabled:
        raise Refused("institution.disabled")
    found = None if actor.person is None else standing(state, identity.person(state, actor.person), context.block_ms)
    require(decide(found, actor.institution, wanted))
    if found is None:  # every decision has refused that
        raise Refused("actor.person")
    return found


def own(found: T | None, context: Context, reason: str) -> T:
    """The record if it is the acting institution's; others' do not exist for it: :class:`Refused` for ``reason``."""
    if found is None or found.institution != context.statement.actor.institution:
        raise Refused(reason)
    return found


def own_person(state: ReadState, name: str, context: Context) -> Person:
    """An enabled person of the acting institution. Raises :class:`Refused` ``person.unknown``, ``person.disabled``."""
    found = own(identity.person(state, name), context, "person.unknown")
    if not found.enabled:
        raise Refused("person.disabled")
    return found
