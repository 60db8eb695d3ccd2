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

from dataclasses import replace

from akashi.clock import Clock
from akashi.identity import credentials, events, rules
from akashi.identity.errors import (
    CertificateRefused,
    LoginUnusable,
    NoSuchPerson,
    NotPermitted,
    SessionEnded,
    SignInFailed,
    WeakPassword,
)
from akashi.identity.handles import PERSON, new_handle
from akashi.identity.journal import Journal, Outcome, What
from akashi.identity.model import Account, Device, PersonReason, Policy, Role, SecretBox, Session, TotpSeed
from akashi.identity.permissions import decide_permission
from akashi.identity.store import Database, PersonRow, Store
from akashi.ledger.author import Author
from akashi.ledger.errors import Refused
from akashi.ledger.model import AuthMethod
from akashi.ledger.port import Acknowledged
from akashi.ledger.rules import Denied

_NOBODY = "per-nobody"
SEEN_STEP_MS = 15_000
"""A session's last use is written this seldom: idle time is right to this much."""


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
    ) -> None:
        self._store = Store(database)
        self._box = keystore
        self._author = author
        self._clock = clock
        self._policy = policy or Policy()
        self._hasher = hasher or credentials.Hasher()
        self.journal = Journal(database, clock)

    @property
    def institution(self) -> str:
        """Whose people these are."""
        return self._author.institution

    # People

    def add_person(self, *, login: str, name: str, roles: Role, by: Session | None = None) -> str:
        """Register a person on the ledger and keep login and name here; returns the handle. ``by``: the manager, or the console."""
        self._require_manager(by)
        if isinstance(rules.decide_login(login), Denied):
            raise LoginUnusable
        person = new_handle(PERSON)
        # The row comes first: a crash in between leaves an account that cannot sign in, which `settle` registers or drops.
        self._store.insert_person(person, login, name, int(roles))
        try:
            self._say(events.PersonRegistered(person, self.institution, int(roles)), person, by)
        except Refused:
            self._store.remove_person(person)
            raise
        self.journal.record(What.PERSON_ADDED, session=by, institution=self.institution, subject=person)
        return person

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
        return [_account(row) for row in self._store.people()]

    def account(self, person: str) -> Account:
        """One account. Raises :class:`NoSuchPerson`."""
        return _account(self._row(person))

    def person_of_login(self, login: str) -> str | None:
        """The handle behind a login, for the console."""
        row = self._store.person_by_login(login)
        return row.person if row else None

    # Credentials

    def set_password(self, person: str, password: str, *, by: Session | None = None) -> None:
        """Set a first or new password; ends all sessions. Raises :class:`WeakPassword`."""
        if by is None or by.person != person:
            self._require_manager(by)
        row = self._row(person)
        own = [row.person, row.login, row.name, self.institution, "akashi"]
        own += [name for institution, (name, _) in self._store.names().items() if institution == self.institution]
        decision = rules.decide_password(password, with_factor=row.totp is not None, own=own)
        if isinstance(decision, Denied):
            raise WeakPassword(reason=decision.reason)
        self._store.set_password(person, self._hasher.hash(password), long=rules.is_long(password))
        self.journal.record(What.PASSWORD_SET, session=by, institution=self.institution, subject=person)
        self.sign_out_everywhere(person, reason="password.set")

    def change_password(self, session: Session, old: str, new: str) -> None:
        """Change one's own password, proving the old one. A wrong old one counts as a failed sign-in."""
        row = self._row(session.person)
        charged = self._charge(row.person, self._policy.failures)
        if not self._hasher.verify(row.password if charged else None, old):
            self.journal.record(What.PASSWORD_SET, Outcome.REFUSED, session=session, reason="password.wrong")
            raise SignInFailed
        self._store.refund(row.person, clear=True)
        self.set_password(row.person, new, by=session)

    def enrol_totp(self, person: str) -> TotpSeed:
        """A new seed, in force once ``confirm_totp`` saw a code of it; shown this once."""
        row = self._row(person)
        seed = credentials.new_seed()
        protected = self._box.protect(_seed_label(person), seed.encode())
        self._store.set_totp(person, row.totp, protected, row.totp_step)
        return TotpSeed(seed, credentials.seed_uri(seed, row.login))

    def confirm_totp(self, person: str, code: str) -> None:
        """Put the enrolled seed in force. Raises :class:`SignInFailed` for a wrong code."""
        row = self._row(person)
        if row.totp_pending is None or not self._charge(person, self._policy.failures):
            raise SignInFailed
        step = credentials.matching_step(self._seed(person, row.totp_pending), code, self._clock.now_ms())
        if step is None:
            raise SignInFailed
        self._store.refund(person, clear=True)
        self._store.set_totp(person, row.totp_pending, None, step)
        self.journal.record(What.FACTOR_SET, institution=self.institution, subject=person)

    def drop_totp(self, person: str, *, by: Session | None = None) -> None:
        """Remove the second factor (a lost telephone); a short password no longer suffices then. Ends all sessions."""
        self._require_manager(by)
        self._row(person)
        self._store.set_totp(person, None, None)
        self.journal.record(What.FACTOR_REMOVED, session=by, institution=self.institution, subject=person)
        self.sign_out_everywhere(person, reason="factor.removed")

    # Sessions

    def sign_in(self, login: str, password: str, code: str | None, certificate: bytes) -> Session:
        """Sign in on the device with ``certificate`` (SHA-256 of its DER). Raises :class:`SignInFailed` whatever was wrong.

        1. the device is enrolled, valid and of this institution (else :class:`CertificateRefused`); 2. neither it nor the account
        is locked; 3. the password matches; 4. the code matches and is new, where a factor is enrolled; 5. the person is active.
        """
        now = self._clock.now_ms()
        device = self._device(certificate, now)
        row = self._store.person_by_login(login)
        # An unknown login is charged too, to nobody: it must cost the same writes. A locked device locks no accounts.
        free = self._charge(device.handle, self._policy.device_failures)
        free = self._charge(row.person if row and free else _NOBODY, self._policy.failures) and free
        matched = self._hasher.verify(row.password if row else None, password)
        reason, method = "locked" if not free else "credentials", None
        if free and matched and row is not None:
            method = self._second_factor(row, code, now)
            reason = "factor" if method is None else reason
        if row is None or method is None:
            self._refused_sign_in(row, device, reason)
            raise SignInFailed
        return self._begin(row, device, method, now)

    def session(self, token: str, certificate: bytes) -> Session:
        """The session behind ``token`` on the device with ``certificate``; asked at every request. Raises :class:`SessionEnded`.

        1. the token is known; 2. it came over its own device's certificate; 3. neither time has run out; 4. institution, person and
        device are good on the ledger now. Whatever fails but 2 ends the session.
        """
        found = self._store.sessions("id = ?", credentials.token_id(token))
        if not found:
            raise SessionEnded
        session, now = found[0], self._clock.now_ms()
        decision = rules.decide_session(session, certificate, now, self._policy)
        if isinstance(decision, Denied):
            if decision.reason == "session.device":
                # A stolen cookie: refuse it there, but do not let the thief end the owner's session.
                self.journal.record(What.ACTION, Outcome.REFUSED, session=session, reason=decision.reason)
            else:
                self._end(session, What.SESSION_ENDED, decision.reason, self._end_ms(session, now))
            raise SessionEnded
        roles = self._current_roles(session, now)
        if isinstance(roles, Denied):
            self._end(session, What.SESSION_ENDED, roles.reason, now)
            raise SessionEnded
        if now - session.seen_ms >= SEEN_STEP_MS or now < session.seen_ms:
            self._store.touch_session(session.id, now)
        return replace(session, token=token, roles=roles, seen_ms=now)

    def require(self, session: Session, action: str, *, subject: str | None = None) -> None:
        """Raise :class:`NotPermitted`, and record it, unless the session's roles may do ``action``."""
        decision = decide_permission(session.roles, action)
        if isinstance(decision, Denied):
            self.journal.record(What.ACTION, Outcome.REFUSED, session=session, subject=subject, reason=action)
            raise NotPermitted(action=action)

    def sign_out(self, token: str) -> None:
        """End the session; unknown tokens are fine."""
        for session in self._store.sessions("id = ?", credentials.token_id(token)):
            self._end(session, What.SIGN_OUT, None, self._clock.now_ms())

    def sign_out_everywhere(self, person: str, *, reason: str = "everywhere") -> int:
        """End all sessions of a person; returns how many."""
        sessions = self._store.sessions("person = ?", person)
        for session in sessions:
            self._end(session, What.SESSION_ENDED, reason, self._clock.now_ms())
        return len(sessions)

    def sessions(self, person: str) -> list[Session]:
        """The sessions of a person, without tokens."""
        return self._store.sessions("person = ?", person)

    def sweep(self) -> int:
        """End what timed out unseen, with the moment it did; returns how many. Run it every minute or so."""
        now = self._clock.now_ms()
        ended = 0
        for session in self._store.sessions():
            decision = rules.decide_session(session, session.certificate, now, self._policy)
            if isinstance(decision, Denied):
                self._end(session, What.SESSION_ENDED, decision.reason, self._end_ms(session, now))
                ended += 1
        return ended

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
        if by is None:
            return self._author.submit(body, subject=person)
        return self._author.submit(body, subject=person, person=by.person, device=by.device, auth=by.auth)

    def _charge(self, who: str, limit: int) -> bool:
        return self._store.charge(who, self._clock.now_ms(), limit, self._policy.lock_ms)

    def _seed(self, person: str, protected: bytes) -> str:
        return self._box.reveal(_seed_label(person), protected).decode()

    def _device(self, certificate: bytes, now: int) -> Device:
        with self._author.ledger.view() as state:
            device = events.device_of_certificate(state, certificate)
            institution = events.institution(state, self.institution)
        decision = rules.decide_device(device, certificate, now)
        reason = decision.reason if isinstance(decision, Denied) else None
        if device is None or device.institution != self.institution:
            reason = reason or "device.institution"
        elif institution is None or not institution.enabled:
            reason = "institution.disabled"
        if device is None or reason is not None:
            known = device.handle if device else None
            self.journal.record(
                What.SIGN_IN, Outcome.REFUSED, institution=self.institution, device=known, reason=reason
            )
            raise CertificateRefused(reason=reason or "device.unknown")
        return device

    def _second_factor(self, row: PersonRow, code: str | None, now: int) -> AuthMethod | None:
        if row.totp is None:
            # A short password was accepted only because there was a second factor: alone it is not enough.
            return None if self._policy.second_factor or not row.long_password else AuthMethod.PASSWORD
        step = credentials.matching_step(self._seed(row.person, row.totp), code or "", now)
        if step is None or not self._store.use_step(row.person, step):
            return None
        return AuthMethod.PASSWORD_TOTP

    def _refused_sign_in(self, row: PersonRow | None, device: Device, reason: str) -> None:
        person = row.person if row else None
        self.journal.record(
            What.SIGN_IN,
            Outcome.FAILED,
            institution=self.institution,
            person=person,
            device=device.handle,
            reason=reason,
        )

    def _begin(self, row: PersonRow, device: Device, method: AuthMethod, now: int) -> Session:
        token = credentials.new_token()
        id_, digest = credentials.token_id(token), device.certificate
        made = Session(id_, row.person, self.institution, device.handle, Role(0), method, digest, now, now, token)
        roles = self._current_roles(made, now)
        if isinstance(roles, Denied):
            self._refused_sign_in(row, device, roles.reason)
            raise SignInFailed
        made = replace(made, roles=roles)
        self._store.refund(row.person, clear=True)
        self._store.refund(device.handle, clear=False)
        # Recorded first: a session that is not in the journal must not exist.
        self.journal.record(What.SIGN_IN, session=made, reason=method.name.lower())
        self._store.insert_session(made)
        return made

    def _current_roles(self, session: Session, now: int) -> Role | Denied:
        with self._author.ledger.view() as state:
            institution = events.institution(state, session.institution)
            person = events.person(state, session.person)
            device = events.device(state, session.device)
        decision = rules.decide_actor(institution, person, device, session.certificate, now)
        if isinstance(decision, Denied):
            return decision
        return person.roles if person is not None else Denied("person.unknown")

    def _end(self, session: Session, what: What, reason: str | None, at_ms: int) -> None:
        if self._store.delete_session(session.id):
            self.journal.record(what, session=session, reason=reason, at_ms=at_ms)

    def _end_ms(self, session: Session, now: int) -> int:
        policy = self._policy
        return max(
            min(session.seen_ms + policy.idle_ms, session.started_ms + policy.absolute_ms, now), session.started_ms
        )


def _account(row: PersonRow) -> Account:
    return Account(row.person, row.login, row.name, row.password is not None, row.totp is not None)


def _seed_label(person: str) -> str:
    return f"totp:{person}"
