"""Departments and rights of one institution: applied for, decided, confirmed; leaving.

Guarantees: a newcomer's account is made only after the ledger has the approval, and after a crash by :meth:`Lifecycle.settle`; a login is
reserved from the application on and never given to anybody else once it was somebody's. Leaving stops the person, their keys and their
sessions. Refuses what the ledger's rules refuse. Left to the caller: whether the session may (``accounts.require``), and alerts.
"""

from __future__ import annotations

import secrets
from contextlib import suppress

from akashi.clock import Clock
from akashi.errors import AkashiError, Unavailable
from akashi.identity import events as identity
from akashi.identity.errors import LoginTaken, LoginUnusable, NoSuchPerson
from akashi.identity.handles import DEPARTMENT, PERSON, RIGHTS, new_handle
from akashi.identity.lifecycle import events
from akashi.identity.lifecycle.errors import NoSuchRecord, RequestUnusable
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
from akashi.identity.lifecycle.rules import text_commitment
from akashi.identity.lifecycle.standing import placement
from akashi.identity.lifecycle.store import LifecycleStore
from akashi.identity.model import Job, PersonReason, Role, SecretBox, Session
from akashi.identity.rules import decide_login
from akashi.identity.service import Accounts
from akashi.identity.store import Database, Store, is_text
from akashi.ledger.author import Author, prepared
from akashi.ledger.errors import Refused
from akashi.ledger.keyring.records import keys_of_person
from akashi.ledger.port import Acknowledged
from akashi.ledger.registry import KeyRevoked, RevocationReason
from akashi.ledger.rules import Denied

_MAX_NAME, _MAX_TEXT = 100, 2000


class Lifecycle:
    """Joining, moving and leaving. Thread-safe."""

    def __init__(self, database: Database, box: SecretBox, author: Author, clock: Clock, accounts: Accounts) -> None:
        self.store = LifecycleStore(database, box)
        self._people = Store(database)
        self._author, self._clock, self._accounts = author, clock, accounts

    # Departments

    def departments(self) -> list[tuple[Department, str]]:
        """The institution's departments with their names."""
        names = self.store.department_names()
        with self._author.ledger.view() as state:
            found = list(events.departments(state, self._author.institution))
        return [(one, names.get(one.handle, "")) for one in found]

    def register_department(self, name: str, manager: str, kind: DepartmentKind, by: Session | None = None) -> str:
        """A new department; returns its handle. From the first one on, rights go through applications."""
        handle = prepared(by.approving if by else None, "department", lambda: new_handle(DEPARTMENT))
        named = _bounded(name, _MAX_NAME, "name")
        said = self.worded(events.DepartmentRegistered(handle, manager, kind), handle, by)
        self.store.put_department(handle, named)
        self.send(said)
        return handle

    def change_department(self, department: str, manager: str, by: Session | None = None) -> Acknowledged:
        """Another manager answers for it."""
        return self.say(events.DepartmentChanged(department, manager), department, by)

    def close_department(self, department: str, by: Session | None = None) -> Acknowledged:
        """Nobody works there any more."""
        return self.say(events.DepartmentClosed(department), department, by)

    def place(self, person: str, department: str, job: Job, by: Session | None = None) -> Acknowledged:
        """Department and job of a person, without a change of roles."""
        return self.say(events.PersonPlaced(person, department, job), person, by)

    # Rights

    def requests(self) -> list[RightsRequest]:
        """All applications, newest first."""
        with self._author.ledger.view() as state:
            found = list(events.rights_requests(state, self._author.institution))
        return sorted(found, key=lambda one: (-one.requested_ms, one.handle))

    def request(self, name: str) -> RightsRequest:
        """One application. Raises :class:`NoSuchRecord`, also for other institutions'."""
        with self._author.ledger.view() as state:
            found = events.rights_request(state, name)
        if found is None or found.institution != self._author.institution:
            raise NoSuchRecord(name=name)
        return found

    def texts(self, request: str) -> Texts:
        """What stays here of an application; empty where it was made elsewhere."""
        found = self.store.texts(request)
        return found[0] if found else Texts()

    def apply(
        self,
        by: Session,
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
        """Apply for a person of this gateway, or with ``login`` and ``name`` for a newcomer. Raises ``LoginTaken``, ``RequestUnusable``."""
        concerned = self._newcomer(by, login, name) if person is None else self._known(person)
        texts = Texts(
            login if person is None else "", name if person is None else "", _bounded(basis, _MAX_TEXT, "basis")
        )
        request = prepared(by.approving, "request", lambda: new_handle(RIGHTS))
        salt = prepared(by.approving, "salt", lambda: secrets.token_bytes(32))
        body = events.RightsRequested(
            request, concerned, int(roles), department, job, until_ms, text_commitment(texts.basis, salt)
        )
        said = self.worded(body, request, by)
        self.store.insert_application(request, concerned, texts, salt)
        try:
            self.send(said)
        except Unavailable:
            raise  # it may have reached the ledger
        except AkashiError:
            self.store.drop_application(request)
            raise
        return self.request(request)

    def decide(self, by: Session, request: str, verdict: Verdict, reason: RightsReason) -> RightsRequest:
        """Decide on an application; an approval is in force with the next request of the person, a newcomer gets an account."""
        found, texts = self.request(request), self.texts(request)
        waits = found.stage is RightsStage.REQUESTED  # else the ledger says that it is decided
        # The login was reserved when it was applied for; the console may have given it away since.
        taken = texts.login and self._people.person_by_login(texts.login) is not None
        if verdict is Verdict.APPROVED and waits and taken:
            raise LoginTaken
        self.say(events.RightsDecided(request, verdict, reason), request, by)
        if verdict is Verdict.REFUSED:
            self.store.free_login(request)
        self.settle()
        return self.request(request)

    def confirm(self, by: Session, request: str, *, matches: bool) -> RightsRequest:
        """The department's manager says whether what is in force is what was applied for."""
        self.say(events.RightsConfirmed(request, matches), self.request(request).handle, by)
        return self.request(request)

    def settle(self) -> int:
        """Make the accounts of approved newcomers that a crash left without; returns how many."""
        made = 0
        for request, person in self.store.newcomers():
            found = self.request(request) if self._is_on_ledger(request) else None
            if found is not None and found.stage in (
                RightsStage.APPROVED,
                RightsStage.CONFIRMED,
                RightsStage.SUSPENDED,
            ):
                texts = self.texts(request)
                self._people.insert_person(person, texts.login, texts.name, int(found.roles))
                made += 1
        return made

    # Leaving

    def leave(self, person: str, reason: PersonReason, by: Session | None = None) -> Left:
        """Stop a person for good: rights, keys, sessions; tells what they leave behind. Safe to repeat after a crash."""
        with self._author.ledger.view() as state:
            known = identity.person(state, person)
            keys = [one.key for one in keys_of_person(state, person) if one.revoked_ms is None]
            devices = tuple(
                one.handle for one in identity.devices(state) if one.responsible == person and one.revoked_ms is None
            )
            managed = tuple(
                one.handle
                for one in events.departments(state, self._author.institution)
                if one.manager == person and one.open
            )
        if known is None or known.institution != self._author.institution:
            raise NoSuchPerson(person=person)
        sessions = len(self._accounts.sessions(person))
        if known.enabled:
            self._accounts.disable(person, reason, by=by)
        self.end(person, keys)
        return Left(person, len(keys), sessions, devices, managed)

    def end(self, person: str, keys: list[bytes]) -> None:
        """End keys and sessions of somebody whom the ledger has stopped."""
        for key in keys:
            with suppress(Refused):  # revoked meanwhile
                self._author.submit(KeyRevoked(key, RevocationReason.CEASED), subject=person)
        self._accounts.sign_out_everywhere(person, reason="person.disabled")

    def placed(self, person: str) -> tuple[str | None, Job | None]:
        """Department and job of a person."""
        with self._author.ledger.view() as state:
            return placement(state, person)

    # Behind the scenes

    def say(self, body: object, subject: str, by: Session | None) -> Acknowledged:
        """Submit for a session, or for the console."""
        return self.send(self.worded(body, subject, by))

    def worded(self, body: object, subject: str, by: Session | None) -> bytes:
        """The signed operation, not yet submitted: a person who must approve it first is asked here, before anything is kept."""
        if by is None:
            return self._author.compose(body, subject=subject)
        return self._author.compose(
            body, subject=subject, person=by.person, device=by.device, auth=by.auth, approving=by.approving
        )

    def send(self, said: bytes) -> Acknowledged:
        """Submit what :meth:`worded` made."""
        return self._author.ledger.submit(said)

    def _is_on_ledger(self, request: str) -> bool:
        with self._author.ledger.view() as state:
            return events.rights_request(state, request) is not None

    def _newcomer(self, by: Session, login: str, name: str) -> str:
        if isinstance(decide_login(login), Denied):
            raise LoginUnusable
        if not name.strip():
            raise RequestUnusable(reason="name")
        _bounded(name, _MAX_NAME, "name")
        if self._people.person_by_login(login) is not None or self.store.is_reserved(login):
            raise LoginTaken
        return prepared(by.approving, "newcomer", lambda: new_handle(PERSON))

    def _known(self, person: str) -> str:
        if self._people.person(person) is None:
            raise NoSuchPerson(person=person)
        return person


def _bounded(text: str, most: int, what: str) -> str:
    stripped = text.strip()
    if not stripped or len(stripped) > most or not is_text(stripped):
        raise RequestUnusable(reason=what)
    return stripped
