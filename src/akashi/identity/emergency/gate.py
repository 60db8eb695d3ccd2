"""May an emergency account sign in now, and what is it then? Asked at every sign-in and at every request.

Guarantees: reads the replicated state only, so that a closed, expired or spent account is stopped at the next request; an account with the
emergency role that was never sealed is never let in. Refuses everybody else's accounts: they are not this module's to judge.
"""

from __future__ import annotations

from akashi.identity.emergency import records
from akashi.identity.emergency.model import AccountState
from akashi.identity.model import Person, Role
from akashi.ledger.rules import ALLOWED, Allowed, Denied
from akashi.ledger.state import ReadState


def sign_in_allowed(state: ReadState, person: Person, now_ms: int) -> Allowed | Denied:
    """Is the account open? People without the emergency role are ``Allowed``: other rules judge them."""
    roles = roles_now(state, person, now_ms)
    return roles if isinstance(roles, Denied) else ALLOWED


def roles_now(state: ReadState, person: Person, now_ms: int) -> Role | Denied:
    """The roles that count now: the emergency role's and what the account grants while it is open; a usual person's own roles."""
    if not person.roles & Role.EMERGENCY:
        return person.roles
    found = records.account(state, person.handle)
    if found is None or found.institution != person.institution:
        return Denied("emergency.unprepared")
    opened = records.present_opening(state, found)
    if found.state is not AccountState.OPEN or opened is None or not opened.is_live(now_ms):
        return Denied("emergency.sealed")
    return Role.EMERGENCY | found.grants
