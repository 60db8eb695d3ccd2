"""Signing in, staying in, being thrown out: the sessions of one gateway.

Guarantees: as told in ``service``, whose part this is: every failure of a sign-in looks and lasts the same, a session is good on
its own device only, and what stops a person, a device or an institution on the ledger stops the session at the next request.
Each begin, end and refusal is in the journal before the answer leaves. Refuses to keep tokens: only their hashes are stored.
"""

from __future__ import annotations

from dataclasses import replace

from akashi.clock import Clock
from akashi.identity import credentials, events, rules
from akashi.identity.errors import CertificateRefused, NotPermitted, SessionEnded, SignInFailed
from akashi.identity.journal import Journal, Outcome, What
from akashi.identity.model import Device, Policy, Role, SecretBox, Session
from akashi.identity.permissions import decide_permission
from akashi.identity.store import PersonRow, Store
from akashi.ledger.model import AuthMethod
from akashi.ledger.port import Ledger
from akashi.ledger.rules import Denied

_NOBODY = "per-nobody"
SEEN_STEP_MS = 15_000
"""A session's last use is written this seldom: idle time is right to this much."""


class Sessions:
    """Who of one institution is signed in. Thread-safe."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        ledger: Ledger,
        institution: str,
        box: SecretBox,
        hasher: credentials.Hasher,
        clock: Clock,
        policy: Policy,
    ) -> None:
        self._store = store
        self._journal = journal
        self._ledger = ledger
        self._institution = institution
        self._box = box
        self._hasher = hasher
        self._clock = clock
        self._policy = policy

    def sign_in(self, login: str, password: str, code: str | None, certificate: bytes) -> Session:
        """Sign in on the device with ``certificate`` (SHA-256 of its DER). Raises :class:`SignInFailed` whatever was wrong.

        1. the device is enrolled, valid and of this institution (else :class:`CertificateRefused`); 2. neither it nor the account
        is locked; 3. the password matches; 4. the code matches and is new, where a factor is enrolled; 5. the person is active.
        """
        now = self._clock.now_ms()
        device = self._device(certificate, now)
        row = self._store.person_by_login(login)
        # An unknown login is charged too, to nobody: it must cost the same writes. A locked device locks no accounts.
        free = self.charge(device.handle, self._policy.device_failures)
        free = self.charge(row.person if row and free else _NOBODY, self._policy.failures) and free
        matched = self._hasher.verify(row.password if row else None, password)
        reason, method = "locked" if not free else "credentials", None
        if free and matched and row is not None:
            method = self._second_factor(row, code)
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
                self._journal.record(What.ACTION, Outcome.REFUSED, session=session, reason=decision.reason)
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
            self._journal.record(What.ACTION, Outcome.REFUSED, session=session, subject=subject, reason=action)
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

    def charge(self, who: str, limit: int) -> bool:
        """Count an attempt on an account or from a device; false while it is locked."""
        return self._store.charge(who, self._clock.now_ms(), limit, self._policy.lock_ms)

    def charge_person(self, person: str) -> bool:
        """Count an attempt on the person's account; false while it is locked."""
        return self.charge(person, self._policy.failures)

    def match_code(self, person: str, protected: bytes, code: str) -> int | None:
        """The time step of ``code`` under the seed that the keystore protects, or ``None``."""
        seed = self._box.reveal(seed_label(person), protected).decode()
        return credentials.matching_step(seed, code, self._clock.now_ms())

    def _device(self, certificate: bytes, now: int) -> Device:
        with self._ledger.view() as state:
            device = events.device_of_certificate(state, certificate)
            institution = events.institution(state, self._institution)
        decision = rules.decide_device(device, certificate, now)
        reason = decision.reason if isinstance(decision, Denied) else None
        if device is None or device.institution != self._institution:
            reason = reason or "device.institution"
        elif institution is None or not institution.enabled:
            reason = "institution.disabled"
        if device is None or reason is not None:
            known = device.handle if device else None
            self._journal.record(
                What.SIGN_IN, Outcome.REFUSED, institution=self._institution, device=known, reason=reason
            )
            raise CertificateRefused(reason=reason or "device.unknown")
        return device

    def _second_factor(self, row: PersonRow, code: str | None) -> AuthMethod | None:
        if row.totp is None:
            # A short password was accepted only because there was a second factor: alone it is not enough.
            return None if self._policy.second_factor or not row.long_password else AuthMethod.PASSWORD
        step = self.match_code(row.person, row.totp, code or "")
        if step is None or not self._store.use_step(row.person, step):
            return None
        return AuthMethod.PASSWORD_TOTP

    def _refused_sign_in(self, row: PersonRow | None, device: Device, reason: str) -> None:
        person = row.person if row else None
        self._journal.record(
            What.SIGN_IN,
            Outcome.FAILED,
            institution=self._institution,
            person=person,
            device=device.handle,
            reason=reason,
        )

    def _begin(self, row: PersonRow, device: Device, method: AuthMethod, now: int) -> Session:
        token = credentials.new_token()
        id_, digest = credentials.token_id(token), device.certificate
        made = Session(id_, row.person, self._institution, device.handle, Role(0), method, digest, now, now, token)
        roles = self._current_roles(made, now)
        if isinstance(roles, Denied):
            self._refused_sign_in(row, device, roles.reason)
            raise SignInFailed
        made = replace(made, roles=roles)
        self._store.refund(row.person, clear=True)
        self._store.refund(device.handle, clear=False)
        # Recorded first: a session that is not in the journal must not exist.
        self._journal.record(What.SIGN_IN, session=made, reason=method.name.lower())
        self._store.insert_session(made)
        return made

    def _current_roles(self, session: Session, now: int) -> Role | Denied:
        with self._ledger.view() as state:
            institution = events.institution(state, session.institution)
            person = events.person(state, session.person)
            device = events.device(state, session.device)
        decision = rules.decide_actor(institution, person, device, session.certificate, now)
        if isinstance(decision, Denied):
            return decision
        return person.roles if person is not None else Denied("person.unknown")

    def _end(self, session: Session, what: What, reason: str | None, at_ms: int) -> None:
        if self._store.delete_session(session.id):
            self._journal.record(what, session=session, reason=reason, at_ms=at_ms)

    def _end_ms(self, session: Session, now: int) -> int:
        policy = self._policy
        return max(
            min(session.seen_ms + policy.idle_ms, session.started_ms + policy.absolute_ms, now), session.started_ms
        )


def seed_label(person: str) -> str:
    """What a protected seed is bound to."""
    return f"totp:{person}"
