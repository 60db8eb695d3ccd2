"""Sessions, places and alerts as people and their managers handle them.

Guarantees: everybody sees and ends their own sessions; a manager those of their institution's people; alerts are for those who read them,
and one's own for oneself. Each look at somebody else's sessions is in the access journal. ``session`` is ``None`` for the console, which
acts as the institution itself. Refuses people of other institutions, as if they did not exist.
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.app.gateway.home import Gateway
from akashi.identity import events
from akashi.identity.factors.model import Secrets
from akashi.identity.journal import What
from akashi.identity.model import Device, Session
from akashi.identity.presence.model import Alert, Answer, Stay


@dataclass(frozen=True, slots=True)
class Around:
    """Where a person is: open sessions, the devices that they answer for, whether a suspected leak keeps them out."""

    person: str
    stays: tuple[Stay, ...]
    devices: tuple[Device, ...]
    stopped: bool


def around(gateway: Gateway, session: Session | None, person: str = "") -> Around:
    """One list of sessions and devices; one's own without ``person``. Raises ``NoSuchPerson``."""
    whose = _whose(gateway, session, person, "access.read")
    with gateway.ledger.view() as state:
        devices = tuple(one for one in events.devices(state) if one.responsible == whose and one.revoked_ms is None)
    presence = gateway.people.presence
    stays = presence.stays(whose, session)
    gateway.journal.record(
        What.LISTED, session=session, institution=gateway.institution, subject=whose, count=len(stays)
    )
    return Around(whose, tuple(stays), devices, presence.is_stopped(whose))


def end(gateway: Gateway, session: Session | None, key: str, person: str = "") -> None:
    """End one session. Raises ``StayUnknown``."""
    whose = _whose(gateway, session, person, "person.manage")
    found = gateway.people.presence.stay(whose, key)
    gateway.accounts.end(found, reason="session.ended")
    _forget(gateway, found)


def everywhere(gateway: Gateway, session: Session | None, person: str = "") -> int:
    """End all sessions of a person; returns how many."""
    whose = _whose(gateway, session, person, "person.manage")
    for one in gateway.accounts.sessions(whose):
        _forget(gateway, one)
    return gateway.accounts.sign_out_everywhere(whose)


def confirm(gateway: Gateway, session: Session, answer: Answer) -> Session:
    """Answer whether a second place is one's own; nothing else works before. After a no, the session has ended."""
    return gateway.people.presence.confirm(session, answer)


def disown(gateway: Gateway, session: Session, key: str) -> None:
    """Say that a session is not one's own: end everything of one's own, and never let that browser in again."""
    gateway.accounts.require(session, "self.manage")
    gateway.people.presence.disown(session, key)


def prove(gateway: Gateway, session: Session, secrets: Secrets) -> Session:
    """Prove again who one is; the session goes on under a new token, for the cookie. Raises ``SignInFailed``."""
    return gateway.accounts.prove_again(session, secrets)


def suspect_leak(gateway: Gateway, session: Session | None, person: str = "") -> int:
    """Stop a person's secrets and sessions at once, one's own or (managers) somebody's; only a reset brings them back.

    No fresh proof is asked for: it must be quick, and it opens nothing.
    """
    whose = _whose(gateway, session, person, "person.manage", proof=False)
    return gateway.people.presence.suspect_leak(whose, session)


def alerts(gateway: Gateway, session: Session | None, *, acknowledged: bool = False) -> list[Alert]:
    """What must be looked at, newest first."""
    if session is not None:
        gateway.accounts.require(session, "alert.read")
    found = gateway.people.alerts.all() if acknowledged else gateway.people.alerts.open()
    gateway.journal.record(What.LISTED, session=session, institution=gateway.institution, count=len(found))
    return found


def own_alerts(gateway: Gateway, session: Session) -> list[Alert]:
    """What concerns oneself and nobody acknowledged."""
    gateway.accounts.require(session, "self.manage")
    return gateway.people.alerts.of_person(session.person)


def acknowledge(gateway: Gateway, session: Session, number: int) -> Alert:
    """Say that one has looked at an alert; a person does, never the console. Raises ``AlertUnknown``."""
    gateway.accounts.require(session, "alert.read")
    return gateway.people.alerts.acknowledge(number, session)


def _whose(gateway: Gateway, session: Session | None, person: str, action: str, *, proof: bool = True) -> str:
    """Whose sessions are meant, once it is allowed."""
    if session is not None and person in ("", session.person):
        gateway.accounts.require(session, "self.manage")
        return session.person
    if session is not None:
        gateway.accounts.require(session, action, proof=proof)
    return gateway.accounts.account(person).person


def _forget(gateway: Gateway, session: Session) -> None:
    """What a session held of files in work goes with it."""
    gateway.drafts.forget(session.id)
    gateway.results.forget(session.id)
    gateway.map_files.forget(session.id)
