"""Accounts of one gateway: people, their credentials, sessions; every step in the access journal.

Guarantees: a sign-in needs a device certificate of the institution, the password and, where enrolled, a code used never before;
all failures look and last the same; a session is good on its device only and ends with its time, or at the next request after
the person, device or institution was stopped on the ledger. A person is on the ledger before they can sign in. Refuses people
of other institutions. Trusts: the ledger for who exists, the database for credentials, the TLS layer for the certificate.

::

    accounts = Accounts(Database(home / "gateway.db"), keystore, Author(ledger, signer, "inst-…", clock), clock)
    session = accounts.sign_in(login, password, code, certificate_sha256)
    session = accounts.session(token, certificate_sha256)      # at every request
    accounts.require(session, "transfer.send")
"""

from __future__ import annotations

from collections.abc import Callable

from akashi.clock import Clock
from akashi.identity import credentials, events, rules
from akashi.identity.devices.store import DeviceStore
from akashi.identity.errors import (
    LoginTaken,
    LoginUnusable,
    NoSuchPerson,
    ResetNeeded,
    SignInFailed,
    WeakPassword,
)
from akashi.identity.factors.model import FactorKind, Secrets, Site
from akashi.identity.factors.service import Factors
from akashi.identity.factors.strength import Strength
from akashi.identity.handles import PERSON, new_handle
from akashi.identity.journal import Journal, Outcome, What
from akashi.identity.maintenance.store import VisitStore
from akashi.identity.model import Account, Arrival, PersonReason, Policy, Role, SecretBox, Session, TotpSeed
from akashi.identity.presence.alerts import Alerts
from akashi.identity.presence.lockout import Lockout
from akashi.identity.presence.store import PresenceStore
from akashi.identity.sessions import Sessions
from akashi.identity.store import Database, PersonRow, Store
from akashi.ledger.author import Author, prepared
from akashi.ledger.errors import Refused
from akashi.ledger.model import AuthMethod
from akashi.ledger.port import Acknowledged
from akashi.ledger.rules import Denied

STRENGTH = Strength()
HERE = Site("localhost", "https://localhost:8444")
"""Where a gateway is reached that was told no address."""


class Accounts:
    """The people of one institution and who of them is signed in. Thread-safe."""

    def __init__(
        self,
        database: Database,
        keystore: SecretBox,
        author: Author,
        clock: Clock,
        *,
        policy: Policy | None = None,
        hasher: credentials.Hasher | None = None,
        site: Site = HERE,
    ) -> None:
        self._store = Store(database)
        self._author = author
        self._hasher = hasher or credentials.Hasher()
        self.journal = Journal(database, clock)
        self.policy = policy = policy or Policy()
        self.factors = Factors(database, keystore, self.journal, clock, author.institution, self._hasher, policy, site)
        self.alerts = Alerts(database, self.journal, author.institution, clock)
        self.factors.alarm = self.alerts
        self.presence_store = PresenceStore(database)
        lockout = Lockout(self.presence_store, self.journal, self.alerts, author.institution, policy, clock)
        self._sessions = Sessions(
            self._store,
            self.journal,
            author.ledger,
            author.institution,
            self.factors,
            clock,
            policy,
            presence=self.presence_store,
            lockout=lockout,
            devices=DeviceStore(database),
            sources=VisitStore(database).sources,
        )

    @property
    def hasher(self) -> credentials.Hasher:
        """How passwords are hashed here; one for all, because it bounds how many are hashed at once."""
        return self._hasher

    @property
    def institution(self) -> str:
        """Whose people these are."""
        return self._author.institution

    # People

    def add_person(
        self, *, login: str, name: str, roles: Role, by: Session | None = None, person: str | None = None
    ) -> str:
        """Register a person on the ledger and keep login and name here; returns the handle. ``by``: the manager, or the console.

        ``person``: a handle made before, for a use case that speaks of them first.
        """
        self._require_manager(by)
        self.require_free(login)
        person = person or prepared(by.approving if by else None, "person", lambda: new_handle(PERSON))
        said = self._worded(events.PersonRegistered(person, self.institution, int(roles)), person, by)
        # The row comes first: a crash in between leaves an account that cannot sign in, which `settle` registers or drops.
        self._store.insert_person(person, login, name, int(roles))
        try:
            self._author.ledger.submit(said)
        except Refused:
            self._store.remove_person(person)
            raise
        self.journal.record(What.PERSON_ADDED, session=by, institution=self.institution, subject=person)
        return person

    def require_free(self, login: str) -> None:
        """Raise :class:`LoginUnusable` or :class:`LoginTaken` unless somebody new may have this login."""
        if isinstance(rules.decide_login(login), Denied):
            raise LoginUnusable
        if self._store.person_by_login(login) is not None:
            raise LoginTaken

    def settle(self) -> int:
        """After a crash: register the accounts that never reached the ledger; returns how many."""
        with self._author.ledger.view() as state:
            missing = [row for row in self._store.people() if events.person(state, row.person) is None]
        for row in missing:
            self._say(events.PersonRegistered(row.person, self.institution, row.roles), row.person, None)
        return len(missing)

    def change_roles(self, person: str, roles: Role, *, by: Session | None = None) -> Acknowledged:
        """Give the person these roles from the next request on."""
        self._require_manager(by)
        self._row(person)
        done = self._say(events.PersonChanged(person, int(roles)), person, by)
        self.journal.record(What.PERSON_CHANGED, session=by, institution=self.institution, subject=person)
        return done

    def disable(self, person: str, reason: PersonReason, *, by: Session | None = None) -> Acknowledged:
        """Stop the person for good: on the ledger, and every session at once."""
        self._require_manager(by)
        self._row(person)
        done = self._say(events.PersonDisabled(person, reason), person, by)
        self.journal.record(What.PERSON_DISABLED, session=by, institution=self.institution, subject=person)
        self.sign_out_everywhere(person, reason="person.disabled")
        return done

    def accounts(self) -> list[Account]:
        """Everybody with an account here, also those who left."""
        return [self._account(row) for row in self._store.people()]

    def account(self, person: str) -> Account:
        """One account. Raises :class:`NoSuchPerson`."""
        return self._account(self._row(person))

    def person_of_login(self, login: str) -> str | None:
        """The handle behind a login, for the console."""
        row = self._store.person_by_login(login)
        return row.person if row else None

    # Credentials

    def set_password(self, person: str, password: str, *, by: Session | None = None) -> None:
        """Set a first password, or one's own new one; ends all sessions. Raises :class:`WeakPassword`, :class:`ResetNeeded`.

        Without ``by`` the console or a reset speaks, which may replace anybody's.
        """
        other = by is not None and by.person != person
        if other:
            self._require_manager(by)
        row = self._row(person)
        if other and row.password is not None:
            self.journal.record(
                What.PASSWORD_SET, Outcome.REFUSED, session=by, subject=person, reason="password.reset_needed"
            )
            raise ResetNeeded
        own = [row.person, row.login, row.name, self.institution, "akashi"]
        own += [name for institution, (name, _) in self._store.names().items() if institution == self.institution]
        decision = rules.decide_password(
            password,
            with_factor=self.factors.standing(person).has_factor,
            own=own,
            guesses=lambda: STRENGTH.guesses(password, own),
        )
        if isinstance(decision, Denied):
            raise WeakPassword(reason=decision.reason)
        if row.password is not None and self._hasher.verify(row.password, password):
            raise WeakPassword(reason="password.same")
        self._store.set_password(person, self._hasher.hash(password), long=rules.is_long(password))
        self._store.refund(person, clear=True)  # a new password is a new beginning, also for who was locked out
        self.journal.record(What.PASSWORD_SET, session=by, institution=self.institution, subject=person)
        self.sign_out_everywhere(person, reason="password.set")

    def change_password(self, session: Session, old: str, new: str) -> None:
        """Change one's own password, proving the old one. A wrong old one counts as a failed sign-in."""
        self._sessions.prove_password(session, old)
        self.set_password(session.person, new, by=session)

    def enrol_totp(self, person: str, label: str = "") -> TotpSeed:
        """A new seed, in force once ``confirm_totp`` saw a code of it; shown this once."""
        return self.factors.new_totp(person, label, login=self._row(person).login)

    def confirm_totp(self, person: str, code: str) -> None:
        """Put the enrolled seed in force, beside others. Raises :class:`SignInFailed` for a wrong code."""
        self._row(person)
        if not self._sessions.charge_person(person) or self.factors.confirm_totp(person, code) is None:
            raise SignInFailed
        self._store.refund(person, clear=True)
        self.end_temporary(person)

    def end_temporary(self, person: str) -> None:
        """A new factor is in force: the sessions of the temporary route end, at once."""
        for session in self._store.sessions("person = ? AND method = ?", person, int(AuthMethod.TEMPORARY)):
            self._sessions.end(session, reason="factor.enrolled")

    def drop_totp(self, person: str, *, by: Session | None = None) -> None:
        """Remove the second factor (a lost telephone); a short password no longer suffices then. Ends all sessions."""
        self._require_manager(by)
        self._row(person)
        self.factors.remove_all(person, kind=FactorKind.TOTP)
        self.journal.record(What.FACTOR_REMOVED, session=by, institution=self.institution, subject=person)
        self.sign_out_everywhere(person, reason="factor.removed")

    # Sessions (see ``sessions``)

    def sign_in(
        self, login: str, password: str, code: str | None, certificate: bytes, arrival: Arrival | None = None
    ) -> Session:
        """Sign in on the device with ``certificate`` (SHA-256 of its DER). Raises ``SignInFailed`` or ``CertificateRefused``.

        ``arrival``: the browser's place cookie and kind; then the session may ask for confirmation first (``Session.unconfirmed``).
        """
        return self._sessions.sign_in(login, Secrets(password, code), certificate, arrival)

    def admit(
        self, person: str | None, secrets: Secrets, certificate: bytes, arrival: Arrival | None = None
    ) -> Session:
        """As :meth:`sign_in` for a person found otherwise (``factors.claimed`` of a passkey's answer); ``None`` for whom nobody knows."""
        return self._sessions.admit(person, secrets, certificate, arrival)

    def prove_again(self, session: Session, secrets: Secrets) -> Session:
        """A fresh proof for critical actions, under a new token. Raises ``SignInFailed``."""
        return self._sessions.prove_again(session, secrets)

    def session(self, token: str, certificate: bytes) -> Session:
        """The session behind ``token``; asked at every request. Raises ``SessionEnded``."""
        return self._sessions.session(token, certificate)

    def require(
        self, session: Session, action: str, *, subject: str | None = None, proof: bool = True, critical: bool = False
    ) -> None:
        """Raise ``ConfirmationNeeded``, ``NotPermitted`` or ``ProofNeeded`` unless the session may do ``action`` now.

        Without ``proof`` a critical action does not ask for a fresh proof: for pages that only show what it is about. With ``critical``
        any action does: who finds an open session must not put a factor of their own beside its owner's.
        """
        self._sessions.require(session, action, subject=subject, proof=proof, critical=critical)

    def end(self, session: Session, *, reason: str) -> None:
        """End a session from a list of sessions."""
        self._sessions.end(session, reason=reason)

    def sign_out(self, token: str) -> None:
        """End the session; unknown tokens are fine."""
        self._sessions.sign_out(token)

    def sign_out_everywhere(self, person: str, *, reason: str = "everywhere") -> int:
        """End all sessions of a person; returns how many."""
        return self._sessions.sign_out_everywhere(person, reason=reason)

    def when_ended(self, told: Callable[[bytes], object]) -> None:
        """Tell ``told`` the id of every session that ends here from now on, however it ends."""
        self._sessions.ended = told

    def sessions(self, person: str) -> list[Session]:
        """The sessions of a person, without tokens."""
        return self._sessions.sessions(person)

    def sweep(self) -> int:
        """End what timed out unseen, with the moment it did; returns how many. Run it every minute or so."""
        return self._sessions.sweep()

    # The journal's head

    def anchor_journal(self) -> Acknowledged | None:
        """Put the journal's head on the ledger; ``None`` if nothing is new.

        Verifies the chain against the last anchor first, so that a journal that was altered is noticed rather than anchored.
        """
        with self._author.ledger.view() as state:
            last = events.anchored(state, self._author.key)
        self.journal.verify([(last[1], last[0])] if last else [])
        head = self.journal.head(last[1] if last else 0)
        if head is None:
            return None
        return self._author.submit(events.AccessAnchored(head.digest, head.count, head.from_ms, head.to_ms))

    # Institutions' names

    def put_name(self, institution: str, name: str, salt: bytes) -> None:
        """Keep an institution's name if it is the one that the ledger commits to; else ``Refused``."""
        with self._author.ledger.view() as state:
            known = events.institution(state, institution)
        if known is None or known.directory != rules.directory_commitment(institution, name, salt):
            raise Refused("directory.commitment")
        self._store.put_name(institution, name, salt)

    def names(self) -> dict[str, str]:
        """Institution handle to name, as far as known here."""
        return {institution: name for institution, (name, _) in self._store.names().items()}

    # Behind the scenes

    def _row(self, person: str) -> PersonRow:
        row = self._store.person(person)
        if row is None:
            raise NoSuchPerson(person=person)
        return row

    def _require_manager(self, by: Session | None) -> None:
        if by is not None:
            self.require(by, "person.manage")

    def _say(self, body: object, person: str, by: Session | None) -> Acknowledged:
        return self._author.ledger.submit(self._worded(body, person, by))

    def _worded(self, body: object, person: str, by: Session | None) -> bytes:
        """The signed operation, not yet submitted: a person who must approve it first is asked here, before anything is kept."""
        if by is None:
            return self._author.compose(body, subject=person)
        return self._author.compose(
            body, subject=person, person=by.person, device=by.device, auth=by.auth, approving=by.approving
        )

    def _account(self, row: PersonRow) -> Account:
        return Account(
            row.person, row.login, row.name, row.password is not None, self.factors.standing(row.person).totp > 0
        )
