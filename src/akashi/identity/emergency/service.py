"""Emergency accounts and declared emergencies of one gateway: prepare, open, hand out, close, review, rotate; declare, tick, end.

Guarantees: the ledger decides and this follows: an account has a password only while the ledger says that it is open; what a crash left
between the two is finished by ``settle``; every step tells the administrators before it returns. A secret goes to one person, once.
Refuses what the ledger refuses. Left to the caller (``app.duty.emergencies``): permissions and the access journal.
"""

from __future__ import annotations

from contextlib import suppress

from akashi.clock import Clock
from akashi.identity.credentials import Hasher
from akashi.identity.emergency import events, records
from akashi.identity.emergency.errors import EmergencyUnknown, SealBroken
from akashi.identity.emergency.model import (
    MAX_POOL,
    AccountState,
    Alerting,
    Declaration,
    EmergencyAccount,
    EmergencyPolicy,
    Opening,
    OpenReason,
    Prepared,
    ReviewVerdict,
    Stage,
    StepOutcome,
)
from akashi.identity.emergency.rules import text_commitment
from akashi.identity.emergency.sealing import NewSecret, Seals, make_secret, new_salt
from akashi.identity.emergency.store import EmergencyStore
from akashi.identity.emergency.watching import Watch
from akashi.identity.handles import EMERGENCY, PERSON, new_handle
from akashi.identity.journal import Access
from akashi.identity.model import Role, SecretBox, Session
from akashi.identity.service import Accounts
from akashi.identity.store import Database
from akashi.ledger.author import Author, prepared
from akashi.ledger.errors import Refused


class Emergencies:
    """The emergency accounts of one institution. Thread-safe as far as its parts are."""

    def __init__(
        self,
        database: Database,
        box: SecretBox,
        author: Author,
        clock: Clock,
        accounts: Accounts,
        alert: Alerting,
        *,
        hasher: Hasher,
        policy: EmergencyPolicy | None = None,
    ) -> None:
        self._author, self._clock, self._accounts = author, clock, accounts
        self.policy = policy or EmergencyPolicy()
        self._store = EmergencyStore(database)
        self._seals = Seals(self._store, box, hasher)
        self._watch = Watch(self._store, self._seals, author, accounts.journal, clock, alert, self.policy)

    # Accounts

    def prepare(
        self, login: str, name: str, by: Session, *, paper: bool = False, grants: Role | None = None
    ) -> Prepared:
        """A new sealed account. With ``paper`` its secret is given back for an envelope and kept nowhere.

        Two operations: the person approves the preparation; that the account exists follows from it and is the gateway's to say.
        """
        self._accounts.require_free(login)
        account = prepared(by.approving, "account", lambda: new_handle(PERSON))
        made = prepared(by.approving, "secret", make_secret)
        given = int(self.policy.grants if grants is None else grants)
        said = self._worded(events.EmergencyPrepared(account, made.digest, given), account, by)
        self._accounts.add_person(login=login, name=name, roles=Role.EMERGENCY, person=account)
        self._seal(account, made, said, paper=paper)
        return Prepared(account, login, made.secret if paper else None)

    def rotate(self, account: str, by: Session, *, paper: bool = False) -> Prepared:
        """A new secret; the old one is dead before the ledger hears of the new one."""
        login = self._accounts.account(self.account(account).person).login
        made = prepared(by.approving, "secret", make_secret)
        said = self._worded(events.EmergencyRotated(account, made.digest), account, by)
        self._store.set_live(account, None)
        self._seal(account, made, said, paper=paper)
        return Prepared(account, login, made.secret if paper else None)

    def account(self, person: str) -> EmergencyAccount:
        """One account. Raises :class:`EmergencyUnknown`."""
        with self._author.ledger.view() as state:
            found = records.account(state, person)
        if found is None or found.institution != self._author.institution:
            raise EmergencyUnknown
        return found

    def accounts(self) -> list[EmergencyAccount]:
        """All of the institution."""
        with self._author.ledger.view() as state:
            return [one for one in records.accounts(state) if one.institution == self._author.institution]

    # Opening

    def ask(self, account: str, reason: OpenReason, length_ms: int, by: Session) -> str:
        """Ask for an opening that somebody else must confirm; its handle."""
        self._seals.verify(self.account(account))
        handle = prepared(by.approving, "opening", lambda: new_handle(EMERGENCY))
        self._say(events.EmergencyAsked(handle, account, reason, length_ms), handle, by)
        return handle

    def confirm(self, opening: str, by: Session) -> Opening:
        """The second person opens it."""
        asked = self.opening(opening)
        until = self._until(asked.until_ms - asked.asked_ms, by)
        body = events.EmergencyOpened(opening, asked.account, asked.reason, until, asked.opener, alone=False)
        self._seals.verify(self.account(asked.account))
        self._say(body, opening, by)
        return self._opened(opening)

    def open_alone(self, account: str, reason: OpenReason, length_ms: int, by: Session) -> Opening:
        """One person opens it for a reason of the list."""
        return self._open_now(account, reason, length_ms, by, alone=True)

    def open_approved(self, account: str, reason: OpenReason, length_ms: int, by: Session) -> Opening:
        """Two people open it in one operation that both approve with keys of their own (``by.approving`` brings both)."""
        return self._open_now(account, reason, length_ms, by, alone=False)

    def take(self, opening: str, by: Session) -> str:
        """The secret, to its opener, once. Raises :class:`SecretGone` for one on paper or already given out."""
        found = self.opening(opening)
        if found.is_live(self._clock.now_ms()):
            self._activate(found.account)
        account = self.account(found.account)
        self._seals.verify_kept(account)
        self._say(events.EmergencyTaken(opening), opening, by)
        return self._seals.give_out(account)

    def close(self, opening: str, by: Session | None) -> None:
        """Close it and end its sessions; without a person only after its time."""
        found = self.opening(opening)
        self._say(events.EmergencyClosed(opening), opening, by)
        self._deaden(found.account)
        self._watch.look()

    def review(self, opening: str, verdict: ReviewVerdict, text: str, by: Session) -> None:
        """Record the review; ``text`` stays sealed here."""
        if self.opening(opening).stage is not Stage.CLOSED:  # what is kept of an earlier review is not written over
            raise Refused("emergency.reviewed" if self.opening(opening).stage is Stage.REVIEWED else "emergency.open")
        salt = prepared(by.approving, "salt", new_salt)
        said = self._worded(events.EmergencyReviewed(opening, verdict, text_commitment(text, salt)), opening, by)
        self._seals.keep_notes(opening, text, salt)
        self._send(said)

    def opening(self, handle: str) -> Opening:
        """One opening. Raises :class:`EmergencyUnknown`."""
        with self._author.ledger.view() as state:
            found = records.opening(state, handle)
        if found is None or found.institution != self._author.institution:
            raise EmergencyUnknown
        return found

    def openings(self) -> list[Opening]:
        """All of the institution, newest first."""
        with self._author.ledger.view() as state:
            own = [one for one in records.openings(state) if one.institution == self._author.institution]
        return sorted(own, key=lambda one: (-one.asked_ms, one.handle))

    def touched(self, opening: str) -> list[Access]:
        """Every entry of the access journal that the account made under this opening: what a review goes through."""
        found = self.opening(opening)
        start, end = found.opened_ms, found.ended_ms(self._clock.now_ms())
        return [
            entry
            for entry in self._accounts.journal.entries()
            if entry.person == found.account
            and start is not None
            and start <= entry.at_ms
            and (end is None or entry.at_ms <= end)
        ]

    def entries(self) -> list[Access]:
        """Every entry of the journal that an emergency account made: these are flagged wherever they are shown."""
        own = {one.person for one in self.accounts()}
        return [entry for entry in self._accounts.journal.entries() if entry.person in own]

    def notes(self, opening: str) -> str | None:
        """What the reviewer wrote."""
        found = self.opening(opening)
        return None if found.notes is None else self._seals.notes(opening, found.notes)

    # Declared emergencies

    def declare(self, cause: OpenReason, checklist: int, length_ms: int, by: Session) -> Declaration:
        """Declare an emergency: every sealed account with an intact seal opens, and the checklist begins."""
        handle = prepared(by.approving, "declaration", lambda: new_handle(EMERGENCY))
        pool = [one.person for one in self.accounts() if one.state is AccountState.SEALED and self._is_intact(one)]
        names = tuple(sorted(pool)[:MAX_POOL])
        opened = tuple(prepared(by.approving, "opening", lambda: new_handle(EMERGENCY)) for _ in names)
        until = self._until(length_ms, by)
        self._say(events.EmergencyDeclared(handle, cause, checklist, until, names, opened), handle, by)
        for name in names:
            self._activate(name)
        self._watch.look()
        return self.declaration(handle)

    def tick(self, declaration: str, step: int, outcome: StepOutcome, by: Session) -> Declaration:
        """A step of the checklist was done."""
        self._say(events.EmergencyStepDone(declaration, step, outcome), declaration, by)
        return self.declaration(declaration)

    def end(self, declaration: str, by: Session) -> Declaration:
        """The emergency is over: everything that it opened is closed."""
        self._say(events.EmergencyEnded(declaration), declaration, by)
        self.settle()
        return self.declaration(declaration)

    def declaration(self, handle: str) -> Declaration:
        """One declared emergency. Raises :class:`EmergencyUnknown`."""
        with self._author.ledger.view() as state:
            found = records.declaration(state, handle)
        if found is None or found.institution != self._author.institution:
            raise EmergencyUnknown
        return found

    def declarations(self) -> list[Declaration]:
        """All of the institution, newest first."""
        with self._author.ledger.view() as state:
            own = [one for one in records.declarations(state) if one.institution == self._author.institution]
        return sorted(own, key=lambda one: (-one.declared_ms, one.handle))

    # Beside the requests

    def settle(self) -> int:
        """Make this gateway what the ledger says, close what ran out, tell what was not told; returns how many alerts that were."""
        now = self._clock.now_ms()
        for one in self.openings():
            if one.stage is Stage.OPEN and now >= one.until_ms:
                with suppress(Refused):  # somebody closed it in this moment
                    self._say(events.EmergencyClosed(one.handle), one.handle, None)
        for account in self.accounts():
            if account.state is AccountState.OPEN:
                with suppress(SealBroken):  # told by the check; the paper or another account must do
                    self._activate(account.person)
            else:
                if account.state is AccountState.SEALED and self._store.has_password(account.person):
                    self._watch.tampered(account.person)
                self._deaden(account.person)
            self._store.keep_only(account.person, account.sealed)
        return self._watch.look()

    def check_seals(self) -> list[str]:
        """The accounts whose seal is broken; run it daily."""
        return self._watch.check_seals()

    # Behind the scenes

    def _open_now(self, account: str, reason: OpenReason, length_ms: int, by: Session, *, alone: bool) -> Opening:
        self._seals.verify(self.account(account))
        handle = prepared(by.approving, "opening", lambda: new_handle(EMERGENCY))
        until = self._until(length_ms, by)
        self._say(events.EmergencyOpened(handle, account, reason, until, by.person, alone), handle, by)
        return self._opened(handle)

    def _until(self, length_ms: int, by: Session) -> int:
        """When what begins now ends; in a run that answers, what was shown."""
        return prepared(by.approving, f"until {length_ms}", lambda: self._clock.now_ms() + length_ms)

    def _opened(self, handle: str) -> Opening:
        found = self.opening(handle)
        self._watch.look()
        self._activate(found.account)
        return found

    def _is_intact(self, account: EmergencyAccount) -> bool:
        try:
            self._seals.verify(account)
        except SealBroken:
            return False
        return True

    def _seal(self, account: str, made: NewSecret, said: bytes, *, paper: bool) -> None:
        self._seals.stage(account, made, self._clock.now_ms(), paper=paper)
        try:
            self._send(said)
        except Refused:
            self._store.drop(account, made.digest)
            raise
        self._store.keep_only(account, made.digest)

    def _activate(self, account: str) -> None:
        self._store.set_live(account, self._seals.hash_of(self.account(account)))

    def _deaden(self, account: str) -> None:
        if self._store.set_live(account, None):
            self._accounts.sign_out_everywhere(account, reason="emergency.closed")

    def _say(self, body: object, subject: str, by: Session | None) -> None:
        self._send(self._worded(body, subject, by))

    def _send(self, said: bytes) -> None:
        self._author.ledger.submit(said)

    def _worded(self, body: object, subject: str, by: Session | None) -> bytes:
        """The signed operation, not yet submitted: a person who must approve it first is asked here, before anything is kept."""
        if by is None:
            return self._author.compose(body, subject=subject)
        return self._author.compose(
            body, subject=subject, person=by.person, device=by.device, auth=by.auth, approving=by.approving
        )
