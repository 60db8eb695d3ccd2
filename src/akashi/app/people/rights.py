"""What a signed-in person does about rights: colleagues, departments, applications, decisions, confirmations, leaving.

Guarantees: each function asks for its permission, journals what was done and what was refused, and tells those who read alerts when a
department's manager says that rights do not match. Refuses nothing beyond ``identity.lifecycle``, which the ledger's rules hold for
every gateway. A person who has a key of their own approves with it (``session.approving``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from akashi.app.desk.transfers import recorded
from akashi.app.gateway.home import Gateway
from akashi.app.people.handles import named
from akashi.exchange.model import Status
from akashi.exchange.records import received_by, sent_by
from akashi.identity import events as identity
from akashi.identity.handles import DEPARTMENT, PERSON
from akashi.identity.journal import Outcome, What
from akashi.identity.lifecycle.model import (
    Department,
    DepartmentKind,
    Left,
    RightsReason,
    RightsRequest,
    RightsStage,
    Texts,
    Verdict,
)
from akashi.identity.lifecycle.standing import effective_roles, placement, temporary
from akashi.identity.model import Account, Job, PersonReason, Role, Session
from akashi.identity.presence.model import AlertKind

_OPEN = (Status.SENT, Status.OPENED)
_LOOK_BACK = 10_000
"""How many of the newest entries of the journal are searched for a last sign-in; who signed in longer ago has none in the list."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """One account with what the ledger and this gateway know of it now."""

    account: Account
    enabled: bool
    roles: Role
    until_ms: int | None
    """When roles for a time end."""
    department: str | None
    job: Job | None
    has_factor: bool
    last_ms: int | None
    """The last sign-in among the newest entries of the journal."""
    alerts: int


@dataclass(frozen=True, slots=True)
class Application:
    """An application with what stays in the gateway. ``account``: login and name of the person concerned, once there are any."""

    request: RightsRequest
    texts: Texts = field(repr=False)


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a leaver leaves behind, with the transfers that the institution has open."""

    left: Left
    transfers: tuple[str, ...]


def colleagues(gateway: Gateway, session: Session) -> list[Colleague]:
    """Everybody with an account here, by name; those who left come last."""
    gateway.accounts.require(session, "person.review", proof=False)
    found = _colleagues(gateway, gateway.accounts.accounts())
    gateway.journal.record(What.LISTED, session=session, count=len(found))
    return sorted(found, key=lambda one: (not one.enabled, one.account.name, one.account.person))


def colleague(gateway: Gateway, session: Session, person: str) -> Colleague:
    """One of them. Raises ``NoSuchPerson``."""
    gateway.accounts.require(session, "person.review", subject=named(person), proof=False)
    found = _colleagues(gateway, [gateway.accounts.account(person)])[0]
    gateway.journal.record(What.LISTED, session=session, subject=person, count=1)
    return found


def standing_now(gateway: Gateway, person: str) -> Colleague:
    """What somebody has now, beside an application about them. Left to the caller: that the application may be seen."""
    return _colleagues(gateway, [gateway.accounts.account(person)])[0]


def present(gateway: Gateway) -> list[tuple[str, str]]:
    """``(handle, name)`` of those who have not left, for forms of people who may choose among them."""
    with gateway.ledger.view() as state:
        known = [(one, identity.person(state, one.person)) for one in gateway.accounts.accounts()]
    rows = [(account.person, account.name) for account, person in known if person is not None and person.enabled]
    return sorted(rows, key=lambda row: (row[1], row[0]))


def _colleagues(gateway: Gateway, accounts: list[Account]) -> list[Colleague]:
    last, now, result = _last_sign_ins(gateway), gateway.clock.now_ms(), []
    with gateway.ledger.view() as state:
        for account in accounts:
            person = identity.person(state, account.person)
            given = temporary(state, account.person)
            department, job = placement(state, account.person)
            result.append(
                Colleague(
                    account=account,
                    enabled=person is not None and person.enabled,
                    roles=Role(0) if person is None else effective_roles(state, person, now),
                    until_ms=given.until_ms if given is not None and now < given.until_ms else None,
                    department=department,
                    job=job,
                    has_factor=gateway.accounts.factors.standing(account.person).has_factor,
                    last_ms=last.get(account.person),
                    alerts=len(gateway.people.alerts.of_person(account.person)),
                )
            )
    return result


def _last_sign_ins(gateway: Gateway) -> dict[str, int]:
    head = gateway.journal.head()
    start = max(1, (head.count if head else 0) - _LOOK_BACK)
    return {
        entry.person: entry.at_ms
        for entry in gateway.journal.entries(start)
        if entry.what is What.SIGN_IN and entry.outcome is Outcome.DONE and entry.person is not None
    }


def departments(gateway: Gateway, session: Session) -> list[tuple[Department, str]]:
    """The institution's departments with their names."""
    gateway.accounts.require(session, "person.apply", proof=False)
    found = gateway.people.lifecycle.departments()
    gateway.journal.record(What.LISTED, session=session, count=len(found))
    return found


def department_registered(gateway: Gateway, session: Session, name: str, manager: str, kind: DepartmentKind) -> str:
    """A new department; from the first one on, no manager gives rights alone."""
    gateway.accounts.require(session, "person.manage")
    with recorded(gateway, session, What.DEPARTMENT_CHANGED):
        handle = gateway.people.lifecycle.register_department(name, named(manager, PERSON), kind, session)
    gateway.journal.record(What.DEPARTMENT_CHANGED, session=session, subject=handle)
    return handle


def department_changed(gateway: Gateway, session: Session, department: str, manager: str) -> None:
    """Another manager answers for it."""
    gateway.accounts.require(session, "person.manage", subject=named(department, DEPARTMENT))
    with recorded(gateway, session, What.DEPARTMENT_CHANGED, department):
        gateway.people.lifecycle.change_department(department, named(manager, PERSON), session)
    gateway.journal.record(What.DEPARTMENT_CHANGED, session=session, subject=department)


def department_closed(gateway: Gateway, session: Session, department: str) -> None:
    """Nobody works there any more."""
    gateway.accounts.require(session, "person.manage", subject=named(department, DEPARTMENT))
    with recorded(gateway, session, What.DEPARTMENT_CHANGED, department):
        gateway.people.lifecycle.close_department(department, session)
    gateway.journal.record(What.DEPARTMENT_CHANGED, session=session, subject=department)


def placed(gateway: Gateway, session: Session, person: str, department: str, job: Job) -> None:
    """Department and job of a person, without a change of roles."""
    gateway.accounts.require(session, "person.manage", subject=named(person, PERSON))
    with recorded(gateway, session, What.PERSON_CHANGED, person):
        gateway.people.lifecycle.place(person, named(department, DEPARTMENT), job, session)
    gateway.journal.record(What.PERSON_CHANGED, session=session, subject=person)


def applications(gateway: Gateway, session: Session) -> list[Application]:
    """All applications, newest first."""
    gateway.accounts.require(session, "person.apply", proof=False)
    lifecycle = gateway.people.lifecycle
    found = [Application(one, lifecycle.texts(one.handle)) for one in lifecycle.requests()]
    gateway.journal.record(What.LISTED, session=session, count=len(found))
    return found


def application(gateway: Gateway, session: Session, request: str) -> Application:
    """One application."""
    gateway.accounts.require(session, "person.apply", subject=named(request), proof=False)
    found = gateway.people.lifecycle.request(request)
    gateway.journal.record(What.READ, session=session, subject=request)
    return Application(found, gateway.people.lifecycle.texts(request))


def applied(
    gateway: Gateway,
    session: Session,
    *,
    department: str,
    roles: Role,
    job: Job,
    basis: str,
    person: str | None = None,
    login: str = "",
    name: str = "",
    until_ms: int | None = None,
) -> RightsRequest:
    """Apply in the name of a department: for ``person``, or with ``login`` and ``name`` for a newcomer."""
    gateway.accounts.require(session, "person.apply")
    with recorded(gateway, session, What.RIGHTS_REQUESTED):
        made = gateway.people.lifecycle.apply(
            session,
            department=named(department, DEPARTMENT),
            roles=roles,
            job=job,
            basis=basis,
            person=person,
            login=login,
            name=name,
            until_ms=until_ms,
        )
    gateway.journal.record(What.RIGHTS_REQUESTED, session=session, subject=made.handle)
    return made


def decided(gateway: Gateway, session: Session, request: str, verdict: Verdict, reason: RightsReason) -> RightsRequest:
    """Decide on somebody else's application about somebody else; in force with the next request."""
    gateway.accounts.require(session, "person.decide", subject=named(request))
    with recorded(gateway, session, What.RIGHTS_DECIDED, request):
        found = gateway.people.lifecycle.decide(session, request, verdict, reason)
    gateway.journal.record(What.RIGHTS_DECIDED, session=session, subject=request, purpose=int(verdict))
    return found


def confirmed(gateway: Gateway, session: Session, request: str, *, matches: bool) -> RightsRequest:
    """The department's manager looks at what is in force; a mismatch suspends it and is an alert."""
    gateway.accounts.require(session, "person.confirm", subject=named(request))
    with recorded(gateway, session, What.RIGHTS_CONFIRMED, request):
        found = gateway.people.lifecycle.confirm(session, request, matches=matches)
    gateway.journal.record(What.RIGHTS_CONFIRMED, session=session, subject=request, purpose=int(matches))
    if found.stage is RightsStage.SUSPENDED:
        gateway.people.alerts.raise_(AlertKind.RIGHTS_MISMATCH, request, person=found.person)
    return found


def left(gateway: Gateway, session: Session | None, person: str, reason: PersonReason = PersonReason.LEFT) -> Leaving:
    """Somebody leaves: stopped on the ledger, keys revoked, sessions ended; devices they answered for are alerts. ``None``: the console."""
    if session is not None:
        gateway.accounts.require(session, "person.manage", subject=named(person))
        with recorded(gateway, session, What.PERSON_DISABLED, person):
            gone = gateway.people.lifecycle.leave(person, reason, session)
    else:
        gone = gateway.people.lifecycle.leave(person, reason)
    for device in gone.devices:
        gateway.people.alerts.raise_(AlertKind.DEVICE_ORPHANED, device)
    with gateway.ledger.view() as state:
        rows = received_by(state, gateway.institution) + sent_by(state, gateway.institution)
    return Leaving(gone, tuple(sorted({name for name, status in rows if status in _OPEN})))
