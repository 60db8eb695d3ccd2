"""Signing in, staying in, being thrown out: the sessions of one gateway.

Guarantees: as told in ``service``, whose part this is: every failure of a sign-in looks and lasts the same, a session is good on
its own device only, and what stops a person, a device or an institution on the ledger stops the session at the next request. A token is
made at sign-in and changed by every proof, never taken from outside. Nothing but the answer works before a second place is confirmed,
and critical actions need a fresh proof. Each begin, end and refusal is in the journal before the answer leaves. Refuses to keep
tokens: only their hashes are stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from akashi.clock import Clock
from akashi.errors import Unavailable
from akashi.identity import credentials, events, rules
from akashi.identity.access.rules import decide_access, standing_of
from akashi.identity.devices.store import DeviceStore
from akashi.identity.errors import CertificateRefused, NotPermitted, SessionEnded, SignInFailed
from akashi.identity.factors.model import Ceremony, Secrets
from akashi.identity.factors.service import Factors
from akashi.identity.journal import Journal, Outcome, What
from akashi.identity.lifecycle.standing import placement, standing
from akashi.identity.maintenance.admitting import admit
from akashi.identity.maintenance.gate import LOCAL, Sources
from akashi.identity.model import Arrival, Device, Policy, Role, Session
from akashi.identity.permissions import is_critical
from akashi.identity.presence.errors import ConfirmationNeeded, PasskeyNeeded, ProofNeeded
from akashi.identity.presence.lockout import NOBODY, Attempt, Lockout
from akashi.identity.presence.model import Seat, Standing
from akashi.identity.presence.places import Places
from akashi.identity.presence.rules import decide_proof
from akashi.identity.presence.store import PresenceStore
from akashi.identity.store import Store
from akashi.ledger.model import AuthMethod
from akashi.ledger.port import Ledger
from akashi.ledger.rules import Denied

SEEN_STEP_MS = 15_000
"""A session's last use is written this seldom: idle time is right to this much."""
_TWO_AT_ONCE = "visit.session"


class Sessions:
    """Who of one institution is signed in. Thread-safe."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        ledger: Ledger,
        institution: str,
        factors: Factors,
        clock: Clock,
        policy: Policy,
        *,
        presence: PresenceStore,
        lockout: Lockout,
        devices: DeviceStore,
        sources: Sources,
    ) -> None:
        self._store, self._presence, self._devices = store, presence, devices
        self._journal = journal
        self._ledger = ledger
        self._institution = institution
        self._factors = factors
        self._clock = clock
        self._policy = policy
        self._lockout = lockout
        self._sources = sources
        self._places = Places(presence, policy, clock)
        self.ended: Callable[[bytes], object] = lambda _session: None
        """Told the id of every session that ends, however it ends."""

    # Signing in

    def sign_in(self, login: str, secrets: Secrets, certificate: bytes, arrival: Arrival | None = None) -> Session:
        """Sign in by login; see :meth:`admit`."""
        row = self._store.person_by_login(login)
        return self.admit(row.person if row else None, secrets, certificate, arrival)

    def admit(
        self, person: str | None, secrets: Secrets, certificate: bytes, arrival: Arrival | None = None
    ) -> Session:
        """Sign in on the device with ``certificate`` (SHA-256 of its DER). Raises :class:`SignInFailed` whatever was wrong.

        1. the device is enrolled, valid and of this institution (else :class:`CertificateRefused`); 2. neither it, nor the account, nor
        the institution's budget of failures is used up; 3. nobody said that the place is not theirs, and no leak is suspected; 4. the
        secrets prove the person; 5. the person is active; 6. nothing ended all of theirs meanwhile. ``person`` is ``None`` for whom nobody knows. ``arrival`` is how a browser came;
        without it (command line, programs) the device alone is the place, and nothing is asked.
        """
        device = self._device(certificate, self._clock.now_ms())
        if self._lockout.closed(device.handle):
            self._lockout.refused(device.handle, None)
            raise SignInFailed
        # An unknown login is charged too, to nobody: it must cost the same writes. A locked device locks no accounts.
        who = person or NOBODY
        seat = self._places.look(who, device.handle, arrival)
        known = seat.standing is Standing.KNOWN
        attempt = Attempt(device.handle, who, known, seat.digest if seat.browser else None)
        free = self._lockout.charge(attempt)
        ends = self._presence.ends(who)  # before anything of theirs is looked at
        barred = self._presence.blocked(who) or seat.standing is Standing.DENIED
        # Who is locked or barred is checked as nobody: the same work, and no code of theirs is used up.
        shown = replace(secrets, certificate=certificate, ceremony=Ceremony.SIGN_IN)
        try:
            method = self._factors.examine(person if free and not barred else None, shown)
        except Unavailable:
            self._lockout.refund(attempt)
            raise
        if not free:
            self._lockout.refused(device.handle, person)
            self._lockout.failed(attempt)
            raise SignInFailed
        if person is None or barred or isinstance(method, Denied):
            reason = method.reason if isinstance(method, Denied) else "credentials"
            self._refused(person, device, "place" if barred else reason)
            self._lockout.failed(attempt)
            raise SignInFailed
        session = self._begin(attempt, device, method, seat, arrival)
        if self._presence.ends(who) != ends:  # (6): a leak, a new password, a no; whichever comes second sees the other
            self._end(session, What.SESSION_ENDED, "session.overtaken", self._clock.now_ms())
            raise SignInFailed
        return session

    def prove_again(self, session: Session, secrets: Secrets) -> Session:
        """Prove again who is signed in, for critical actions. The session gets a new token; the old one is worth nothing.

        Wrong secrets count as a failed sign-in. Raises :class:`SignInFailed`.
        """
        shown = replace(secrets, certificate=session.certificate, ceremony=Ceremony.PROOF)
        method = self._shown(session, What.PROVED_AGAIN, lambda person: self._factors.examine(person, shown))
        token, now = credentials.new_token(), self._clock.now_ms()
        self._journal.record(What.PROVED_AGAIN, session=session, reason=method.name.lower())
        self._presence.prove_stay(session.id, credentials.token_id(token), now)
        return replace(session, token=token, proved_ms=now)

    def prove_password(self, session: Session, password: str) -> None:
        """Show one's present password, before a new one. A wrong one counts as a failed sign-in. Raises :class:`SignInFailed`."""
        self._shown(session, What.PASSWORD_SET, lambda person: self._factors.examine_password(person, password))

    def _shown(self, session: Session, what: What, examine: Callable[[str | None], AuthMethod | Denied]) -> AuthMethod:
        """How who is signed in proved it (asked as nobody while locked); what does not hold counts as a failed sign-in."""
        attempt = Attempt(session.device, session.person, session.place is not None, session.place)
        free = self._lockout.charge(attempt)
        try:
            method = examine(session.person if free else None)
        except Unavailable:
            self._lockout.refund(attempt)
            raise
        if not free or isinstance(method, Denied):
            reason = method.reason if isinstance(method, Denied) and free else "locked"
            self._journal.record(what, Outcome.FAILED, session=session, reason=reason)
            self._lockout.failed(attempt)
            raise SignInFailed
        self._forgive(attempt)
        return method

    # Staying in

    def session(self, token: str, certificate: bytes) -> Session:
        """The session behind ``token`` on the device with ``certificate``; asked at every request. Raises :class:`SessionEnded`.

        1. the token is known; 2. it came over its own device's certificate; 3. neither time has run out; 4. institution, person and
        device are good on the ledger now. Whatever fails but 2 ends the session.
        """
        session, now = self._found(token), self._clock.now_ms()
        if session is None:
            raise SessionEnded
        decision = rules.decide_session(session, certificate, now, self._policy)
        if isinstance(decision, Denied):
            if decision.reason == "session.device":
                # A stolen cookie: refuse it there, but do not let the thief end the owner's session.
                self._journal.record(What.ACTION, Outcome.REFUSED, session=session, reason=decision.reason)
            else:
                self._end(session, What.SESSION_ENDED, decision.reason, self._end_ms(session, now))
            raise SessionEnded
        current = self._current(session, now)
        if isinstance(current, Denied):
            self._end(session, What.SESSION_ENDED, current.reason, now)
            raise SessionEnded
        if now - session.seen_ms >= SEEN_STEP_MS or now < session.seen_ms:
            self._store.touch_session(session.id, now)
        return replace(current, token=token, seen_ms=now)

    def require(
        self, session: Session, action: str, *, subject: str | None = None, proof: bool = True, critical: bool = False
    ) -> None:
        """Raise, and record it, unless the session may do ``action``.

        1. a second place was confirmed (:class:`ConfirmationNeeded`), and a passkey used where one is asked for (:class:`PasskeyNeeded`); 2. roles, job and, for a machine, its own actions allow it
        (:class:`NotPermitted`); 3. for a critical action the last proof is fresh (:class:`ProofNeeded`); without ``proof`` this is left
        out, for only looking at what the action is about, and ``critical`` asks for it whatever the table says.
        """
        if session.unconfirmed:  # (1)
            raise ConfirmationNeeded
        if session.owes_passkey and action != "self.manage":  # (1)
            self._journal.record(What.ACTION, Outcome.REFUSED, session=session, subject=subject, reason="passkey.owed")
            raise PasskeyNeeded
        decision = decide_access(standing_of(session), action)  # (2)
        if isinstance(decision, Denied):
            self._journal.record(What.ACTION, Outcome.REFUSED, session=session, subject=subject, reason=action)
            raise NotPermitted(action=action)
        fresh = decide_proof(session, self._clock.now_ms(), self._policy)  # (3)
        if proof and isinstance(fresh, Denied) and (critical or is_critical(action)):
            self._journal.record(What.ACTION, Outcome.REFUSED, session=session, subject=subject, reason=fresh.reason)
            raise ProofNeeded(action=action)

    # Ending

    def sign_out(self, token: str) -> None:
        """End the session; unknown tokens are fine."""
        session = self._found(token)
        if session is not None:
            self._end(session, What.SIGN_OUT, None, self._clock.now_ms())

    def end(self, session: Session, *, reason: str) -> None:
        """End a session of which one has no token."""
        self._end(session, What.SESSION_ENDED, reason, self._clock.now_ms())

    def sign_out_everywhere(self, person: str, *, reason: str = "everywhere") -> int:
        """End all sessions of a person, also one that is just beginning; returns how many there were."""
        self._presence.end_all(person)
        sessions = self._store.sessions("person = ?", person)
        for session in sessions:
            self._end(session, What.SESSION_ENDED, reason, self._clock.now_ms())
        return len(sessions)

    def sessions(self, person: str) -> list[Session]:
        """The sessions of a person, without tokens."""
        return [self._completed(one) for one in self._store.sessions("person = ?", person)]

    def sweep(self) -> int:
        """End what timed out unseen, with the moment it did; returns how many. Run it every minute or so."""
        now = self._clock.now_ms()
        ended = 0
        for session in self._store.sessions():
            decision = rules.decide_session(session, session.certificate, now, self._policy)
            if isinstance(decision, Denied):
                self._end(session, What.SESSION_ENDED, decision.reason, self._end_ms(session, now))
                ended += 1
        self._lockout.flush()
        return ended

    def charge_person(self, person: str) -> bool:
        """Count an attempt on the person's account; false while it is locked."""
        return self._store.charge(person, self._clock.now_ms(), self._policy.failures, self._policy.lock_ms)

    # Behind the scenes

    def _found(self, token: str) -> Session | None:
        id_ = self._presence.session_of(credentials.token_id(token))
        found = self._store.sessions("id = ?", id_) if id_ is not None else []
        return self._completed(found[0]) if found else None

    def _completed(self, session: Session) -> Session:
        stay = self._presence.stay(session.id)
        if stay is None:
            return replace(session, proved_ms=session.started_ms)
        return replace(session, proved_ms=stay.proved_ms, unconfirmed=stay.unconfirmed, place=stay.place)

    def _device(self, certificate: bytes, now: int) -> Device:
        with self._ledger.view() as state:
            device = events.device_of_certificate(state, certificate)
            institution = events.institution(state, self._institution)
            owner = None if device is None else events.person(state, device.responsible)
        decision = rules.decide_device(device, certificate, now)
        reason = decision.reason if isinstance(decision, Denied) else None
        if device is None or device.institution != self._institution:
            reason = reason or "device.institution"
        elif institution is None or not institution.enabled:
            reason = "institution.disabled"
        elif owner is None or not owner.enabled:
            reason = reason or self._orphaned(device, now)
        if device is None or reason is not None:
            known = device.handle if device else None
            self._journal.record(
                What.SIGN_IN, Outcome.REFUSED, institution=self._institution, device=known, reason=reason
            )
            raise CertificateRefused(reason=reason or "device.unknown")
        return device

    def _orphaned(self, device: Device, now: int) -> str | None:
        """Whether nobody has answered for the device for too long. A gateway's own machine is only told about, or all would be shut out."""
        since = self._devices.orphaned_since(device.handle, now)
        return "device.orphaned" if not device.machine and now - since >= self._policy.orphan_grace_ms else None

    def _refused(self, person: str | None, device: Device, reason: str) -> None:
        self._journal.record(
            What.SIGN_IN,
            Outcome.FAILED,
            institution=self._institution,
            person=person,
            device=device.handle,
            reason=reason,
        )

    def _begin(
        self, attempt: Attempt, device: Device, method: AuthMethod, seat: Seat, arrival: Arrival | None
    ) -> Session:
        token, now = credentials.new_token(), self._clock.now_ms()
        id_, person = credentials.token_id(token), attempt.person
        whose = (id_, person, self._institution, device.handle, Role(0))
        begun = Session(*whose, method, device.certificate, now, now, token, proved_ms=now)
        made = self._sole(self._current(begun, now, arrival.address if arrival else LOCAL))
        if isinstance(made, Denied):
            self._refused(person, device, made.reason)
            self._lockout.failed(attempt)
            raise SignInFailed
        self._forgive(attempt)
        place = seat.digest if seat.browser else None
        others = self.sessions(person)
        # The gateway's own machine is the console, no second place.
        elsewhere = any(one.place != place and not self._is_machine(one.device) for one in others)
        asks = self._places.settle(person, device.handle, seat, elsewhere=elsewhere)
        for old in sorted(others, key=lambda one: one.seen_ms)[: max(0, len(others) + 1 - self._policy.parallel)]:
            self._end(old, What.SESSION_ENDED, "session.parallel", now)
        made = replace(made, unconfirmed=asks, place=place, place_token=seat.token)
        # Recorded first: a session that is not in the journal must not exist.
        self._journal.record(What.SIGN_IN, session=made, reason=made.method.name.lower())
        self._presence.insert_stay(made, id_, arrival.browser if arrival else "none")
        alone = self._is_live if made.roles & Role.MAINTENANCE else None
        if not self._store.insert_session(made, unless=alone):
            self._overtaken(made, now)
            raise SignInFailed
        return made

    def _overtaken(self, made: Session, now: int) -> None:
        """Another session of the account began while this one did: it was recorded, and ends before anybody has its token."""
        self._presence.drop_stay(made.id)
        self._journal.record(What.SESSION_ENDED, session=made, reason=_TWO_AT_ONCE, at_ms=now)

    def _is_live(self, one: Session) -> bool:
        """Whether a session could still be used by its times alone."""
        return not isinstance(rules.decide_session(one, one.certificate, self._clock.now_ms(), self._policy), Denied)

    def _forgive(self, attempt: Attempt) -> None:
        """A success forgets the account's failures here, but only its own charge on the device."""
        self._store.refund(attempt.account, clear=True)
        self._store.refund(attempt.device, clear=False)

    def _is_machine(self, handle: str) -> bool:
        with self._ledger.view() as state:
            device = events.device(state, handle)
        return device is not None and device.machine

    def _sole(self, begun: Session | Denied) -> Session | Denied:
        """What a beginning session is beyond its person and device.

        A session of an emergency account is marked; who has a passkey and must use it is not let in without; a visitor has one session at
        a time: two at once are two people.
        """
        if isinstance(begun, Denied):
            return begun
        if begun.roles & Role.EMERGENCY:
            return replace(begun, method=AuthMethod.EMERGENCY)
        if begun.owes_passkey:
            held = self._factors.standing(begun.person).passkeys
            keyed = rules.decide_passkey(begun.roles, begun.method, self._policy, held)
            if isinstance(keyed, Denied) and keyed.reason == "passkey.there":
                return keyed
        others = self.sessions(begun.person) if begun.roles & Role.MAINTENANCE else []
        return Denied(_TWO_AT_ONCE) if any(self._is_live(one) for one in others) else begun

    def _current(self, session: Session, now: int, address: str | None = None) -> Session | Denied:
        """The session with the roles and placement that count now, or why it is over; ``address`` at its beginning only."""
        with self._ledger.view() as state:
            institution = events.institution(state, session.institution)
            person = standing(state, events.person(state, session.person), now)
            device = events.device(state, session.device)
            department, job = placement(state, session.person)
            admitted = None if person is None else admit(state, person, now, address, self._sources)
        decision = rules.decide_actor(institution, person, device, session.certificate, now)
        if isinstance(decision, Denied):
            return decision
        if admitted is None or isinstance(admitted, Denied):
            return admitted or Denied("person.unknown")
        keyed = rules.decide_passkey(admitted.roles, session.method, self._policy, 0)
        owes = isinstance(keyed, Denied)
        roles, granted = admitted.roles, admitted.granted
        return replace(session, roles=roles, granted=granted, department=department, job=job, owes_passkey=owes)

    def _end(self, session: Session, what: What, reason: str | None, at_ms: int) -> None:
        if self._store.delete_session(session.id):
            self._presence.drop_stay(session.id)
            self.ended(session.id)
            self._journal.record(what, session=session, reason=reason, at_ms=at_ms)

    def _end_ms(self, session: Session, now: int) -> int:
        policy = self._policy
        return max(
            min(session.seen_ms + policy.idle_ms, session.started_ms + policy.absolute_ms, now), session.started_ms
        )
