"""Factors of one gateway's people: enrol, check, lose, replace.

Guarantees: ``check`` does one password hash for whoever is named, existing or not, and writes nothing when it refuses; a code, a
challenge and a counter value count once, also in parallel; a factor whose counter went back is suspended, recorded and alerted. Seeds are under
the keystore, long codes as digests. Refuses to sign in by a temporary or recovery code without the password. Trusts: the caller for
permissions, locks and the journal of sign-ins.

::

    method = factors.check(person, Secrets(password=…, code=…))       # None: refused; AuthMethod: how
    options = factors.request_options(Ceremony.SIGN_IN, None, certificate)
    person = factors.claimed(assertion)                                # then check(person, Secrets(assertion=…, certificate=…))
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Protocol

from akashi.clock import Clock
from akashi.identity import credentials
from akashi.identity.factors import passkeys, rules
from akashi.identity.factors.errors import FactorKnown, FactorRefused, NoSuchFactor, OwnTemporary, TooManyFactors
from akashi.identity.factors.model import (
    FACTOR,
    Ceremony,
    Factor,
    FactorKind,
    FactorState,
    LedgerKey,
    Means,
    Secrets,
    Site,
)
from akashi.identity.factors.store import FactorRow, FactorStore
from akashi.identity.handles import new_handle
from akashi.identity.journal import Journal, Outcome, What
from akashi.identity.model import Policy, Role, SecretBox, TotpSeed
from akashi.identity.store import Database, Store
from akashi.ledger.model import ApprovalKind, AuthMethod
from akashi.ledger.rules import Denied

RECOVERY_CODES = 10
_APPROVES = {FactorKind.BROWSER_KEY: ApprovalKind.BROWSER_KEY, FactorKind.DEVICE_KEY: ApprovalKind.DEVICE_KEY}
_DUMMY_SEED = "A" * 32


class Alarm(Protocol):
    """Who is told that something needs a person's eye (``identity.presence.Alerts``)."""

    def raise_(self, kind: str, subject: str, count: int = 1) -> object:
        """Keep an alert of ``kind`` (a dotted code) about ``subject`` (a handle). Durable when it returns."""
        ...


class Factors:
    """What the people of one institution prove themselves with. Thread-safe."""

    def __init__(
        self,
        database: Database,
        box: SecretBox,
        journal: Journal,
        clock: Clock,
        institution: str,
        hasher: credentials.Hasher,
        policy: Policy,
        site: Site,
    ) -> None:
        self._people, self._store = Store(database), FactorStore(database)
        self._box, self._journal, self._clock = box, journal, clock
        self._institution, self._hasher, self._policy = institution, hasher, policy
        self._challenges = passkeys.Challenges()
        self.site = site
        self.alarm: Alarm | None = None
        """Set once the gateway has alerts; without it the journal alone tells."""

    # Checking

    def check(self, person: str | None, shown: Secrets) -> AuthMethod | None:
        """How ``shown`` proves to be ``person``, or ``None``; as :meth:`examine`, without the reason."""
        found = self.examine(person, shown)
        return None if isinstance(found, Denied) else found

    def examine(self, person: str | None, shown: Secrets) -> AuthMethod | Denied:
        """How ``shown`` proves to be ``person``, or why not, for the journal only. The same work for a person who does not exist.

        1. with a password: one argon2id, against a dummy for nobody; 2. then an assertion, or a code, or nothing where nothing is
        enrolled and none asked for; 3. without a password: an assertion alone, whose user was verified. Raises ``SignInBusy``.
        """
        row = self._people.person(person or "")
        if not shown.password and shown.assertion is not None:
            return AuthMethod.PASSKEY if self._assertion(row.person if row else None, shown) else Denied("passkey")
        matched = self._hasher.verify(row.password if row else None, shown.password)
        if row is None or not matched:
            return Denied("credentials")
        method: AuthMethod | None = None
        if shown.assertion is not None:
            method = AuthMethod.PASSWORD_PASSKEY if self._assertion(row.person, shown) else None
            return method or Denied("factor")
        if shown.code:
            method = self._code(row.person, shown.code)
        # A short password was accepted only because there was a second factor: alone it is not enough.
        # An emergency account has no token on purpose: two people, or one with a reason, opened it (``identity.emergency``).
        exempt = not self._policy.second_factor or row.roles == Role.EMERGENCY
        # Nor does it step in for a factor that was suspended: who copied a passkey must not win by being noticed.
        means = self.standing(row.person)
        alone = row.long_password and exempt and not (means.has_factor or means.suspended)
        return method or (AuthMethod.PASSWORD if alone else Denied("factor"))

    def examine_password(self, person: str | None, password: str) -> AuthMethod | Denied:
        """Whether the password is the person's; the same work for nobody. Raises ``SignInBusy``."""
        row = self._people.person(person or "")
        matched = self._hasher.verify(row.password if row else None, password)
        return AuthMethod.PASSWORD if row and matched else Denied("password.wrong")

    def claimed(self, assertion: str) -> str | None:
        """The person whose credential an assertion names, unverified; for ``check``, never for an answer to anybody."""
        credential = passkeys.credential_of(assertion)
        row = self._store.of_credential(credential) if credential else None
        return row.factor.person if row else None

    def _code(self, person: str, typed: str) -> AuthMethod | None:
        if rules.is_totp(typed):
            return AuthMethod.PASSWORD_TOTP if self._totp(person, typed) else None
        code = rules.normal_code(typed)
        if not rules.is_long_code(code):
            return None
        if self._store.use_recovery(person, rules.code_digest("recovery", person, code)):
            left = self._store.recovery_left(person)
            self._journal.record(What.RECOVERY_USED, institution=self._institution, person=person, count=left)
            self._alert("recovery.few" if left <= rules.FEW_LEFT else "recovery.used", person, left)
            return AuthMethod.PASSWORD_RECOVERY
        if self._store.use_temporary(person, rules.code_digest("temporary", person, code), self._clock.now_ms()):
            return AuthMethod.TEMPORARY
        return None

    def _totp(self, person: str, typed: str) -> bool:
        now = self._clock.now_ms()
        rows = [one for one in self._store.rows(person, FactorKind.TOTP) if one.factor.state is FactorState.ACTIVE]
        if not rows:
            credentials.matching_step(_DUMMY_SEED, typed, now)
        used = False
        for row in rows:
            step = credentials.matching_step(self._seed(row), typed, now)
            if step is not None and not used:
                used = self._store.advance(row.factor.id, step, now)
        return used

    def _seed(self, row: FactorRow) -> str:
        return self._box.reveal(_label(row.factor.person), row.secret).decode()

    def _assertion(self, person: str | None, shown: Secrets) -> bool:
        """Does the assertion hold? Its challenge is used up either way."""
        now, assertion = self._clock.now_ms(), shown.assertion or ""
        credential = passkeys.credential_of(assertion)
        row = self._store.of_credential(credential) if credential else None
        bound = None if shown.ceremony is Ceremony.SIGN_IN else person
        try:
            challenge = passkeys.challenge_of(assertion)
            taken = self._challenges.take(challenge, shown.ceremony, bound, shown.certificate, now)
            if row is None or not taken or person is None or row.factor.person != person:
                return False
            counter = passkeys.verify_answer(self.site, assertion, challenge, row.secret, person)
        except passkeys.Refusal:
            return False
        if isinstance(rules.decide_counter(row.counter, counter), Denied):
            self._cloned(row.factor)
            return False
        # A parallel use may have moved the counter on: then this answer came second and does not count.
        return self._store.advance(row.factor.id, counter, now)

    def _cloned(self, factor: Factor) -> None:
        if self._store.suspend(factor.id):
            self._journal.record(
                What.FACTOR_REMOVED,
                Outcome.REFUSED,
                institution=self._institution,
                person=factor.person,
                subject=factor.id,
                reason="factor.cloned",
            )
            self._alert("factor.cloned", factor.person, 1)

    # Passkeys and keys

    def request_options(self, ceremony: Ceremony, person: str | None, certificate: bytes) -> dict[str, object]:
        """What the page asks the browser. At sign-in for nobody in particular: the same for everybody, without ids."""
        known: list[Factor] = []
        if ceremony is Ceremony.SIGN_IN:
            person = None
        elif person is not None:
            known = self._active(person, FactorKind.PASSKEY)
        challenge = self._challenges.new(ceremony, person, certificate, self._clock.now_ms())
        return passkeys.request_options(self.site, challenge, known)

    def creation_options(self, person: str, certificate: bytes) -> dict[str, object]:
        """What the page asks the browser to make a passkey for ``person``."""
        self._room(person)
        known = [one for one in self.factors(person) if one.kind is FactorKind.PASSKEY]
        challenge = self._challenges.new(Ceremony.ENROL, person, certificate, self._clock.now_ms())
        return passkeys.creation_options(self.site, challenge, person, person, known)

    def add_passkey(self, person: str, answer: str, label: str, certificate: bytes) -> Factor:
        """Enrol what the browser made. Raises :class:`FactorRefused`, :class:`FactorKnown`."""
        self._room(person)
        now = self._clock.now_ms()
        try:
            challenge = passkeys.challenge_of(answer)
            if not self._challenges.take(challenge, Ceremony.ENROL, person, certificate, now):
                raise FactorRefused(reason="challenge")
            made = passkeys.verify_creation(self.site, answer, challenge)
        except passkeys.Refusal as error:
            raise FactorRefused(reason=error.reason) from error
        known = (made.discoverable, made.spki, made.credential)
        factor = self._new(person, FactorKind.PASSKEY, label, FactorState.ACTIVE, *known)
        self._store.insert(factor, made.cose, made.counter)
        self._set(factor)
        return factor

    def add_key(self, person: str, kind: FactorKind, spki: bytes, possession: bytes, label: str) -> Factor:
        """Keep a browser's or device's approval key; possession is for the ledger to check. It does not sign in."""
        self._room(person)
        if kind not in _APPROVES:
            raise FactorRefused(reason="kind")
        if any(one.spki == spki for one in self.factors(person)):
            raise FactorKnown
        factor = self._new(person, kind, label, FactorState.ACTIVE, False, spki)  # noqa: FBT003 -- as `discoverable`
        self._store.insert(factor, possession, 0)
        self._journal.record(What.FACTOR_SET, institution=self._institution, person=person, subject=factor.id)
        return replace(factor, possession=possession)

    def ledger_enrolment(self, factor: Factor) -> LedgerKey:
        """What the ledger is told of a person's key. Raises :class:`FactorRefused` for what approves nothing."""
        if factor.kind is FactorKind.PASSKEY:
            rp, origin = passkeys.digests_of(self.site)
            return LedgerKey(ApprovalKind.PASSKEY, factor.spki, rp, origin)
        if factor.kind in _APPROVES:
            return LedgerKey(_APPROVES[factor.kind], factor.spki, possession=factor.possession)
        raise FactorRefused(reason="kind")

    # One-time codes

    def new_totp(self, person: str, label: str = "", *, login: str = "") -> TotpSeed:
        """A new seed beside those in force, in force itself once ``confirm_totp`` saw a code of it; shown this once."""
        self._room(person)
        seed = credentials.new_seed()
        self._store.drop_pending(person)
        factor = self._new(person, FactorKind.TOTP, label, FactorState.PENDING)
        self._store.insert(factor, self._box.protect(_label(person), seed.encode()), -1)
        return TotpSeed(seed, credentials.seed_uri(seed, login or person))

    def confirm_totp(self, person: str, code: str) -> Factor | None:
        """Put the pending seed in force; ``None`` for a wrong code. The code counts as used."""
        rows = [one for one in self._store.rows(person, FactorKind.TOTP) if one.factor.state is FactorState.PENDING]
        for row in rows:
            step = credentials.matching_step(self._seed(row), code, self._clock.now_ms())
            if step is not None and self._store.advance(row.factor.id, step, self._clock.now_ms(), pending=True):
                self._set(row.factor)
                return row.factor
        return None

    def recovery_codes(self, person: str) -> list[str]:
        """Ten new codes in place of all old ones; shown this once."""
        made = [_new_code() for _ in range(RECOVERY_CODES)]
        digests = [rules.code_digest("recovery", person, code) for code in made]
        self._store.replace_recovery(person, digests, self._clock.now_ms())
        self._journal.record(
            What.FACTOR_SET, institution=self._institution, person=person, reason="recovery", count=len(made)
        )
        return [rules.shown_code(code) for code in made]

    def issue_temporary(self, person: str, *, issuer: str, method: int, document: bytes) -> str:
        """A code for ``person``, shown this once, good for ``Policy.temporary_uses`` sign-ins within ``Policy.temporary_ms``, with the password only.

        ``method`` and ``document`` (SHA-256 of a copy) say how ``issuer`` made sure who it is. Raises :class:`OwnTemporary`.
        """
        if issuer == person:
            raise OwnTemporary
        self._not_sealed(person)
        code, now = _new_code(), self._clock.now_ms()
        self._store.issue_temporary(
            person,
            rules.code_digest("temporary", person, code),
            uses=self._policy.temporary_uses,
            until_ms=now + self._policy.temporary_ms,
            issuer=issuer,
            method=method,
            document=document,
            now_ms=now,
        )
        self._alert("factor.temporary", person, 1)
        return rules.shown_code(code)

    def temporary_issuer(self, person: str) -> str | None:
        """Who issued the temporary code of the person that has not run out."""
        return self._store.temporary_issuer(person, self._clock.now_ms())

    def end_temporary(self, person: str, reason: str) -> bool:
        """End the temporary route of a person; false if there was none. The caller ends its sessions."""
        if not self._store.end_temporary(person):
            return False
        self._journal.record(What.TEMPORARY_ENDED, institution=self._institution, person=person, reason=reason)
        return True

    # Seeing and removing

    def factors(self, person: str) -> list[Factor]:
        """What a person has enrolled, oldest first; unconfirmed seeds are left out."""
        return [row.factor for row in self._store.rows(person) if row.factor.state is not FactorState.PENDING]

    def standing(self, person: str) -> Means:
        """How a person can sign in, in numbers."""
        found = self.factors(person)
        active = [one.kind for one in found if one.state is FactorState.ACTIVE]
        until = self._store.temporary_until(person, self._clock.now_ms())
        totp, passkey = active.count(FactorKind.TOTP), active.count(FactorKind.PASSKEY)
        return Means(totp, passkey, self._store.recovery_left(person), until, len(found) - len(active))

    def stop(self, person: str, id_: str) -> Factor:
        """Suspend one factor at once, before it is removed: it proves nothing more. Raises :class:`NoSuchFactor`. The caller ends sessions."""
        row = self._store.row(person, id_)
        if row is None:
            raise NoSuchFactor(factor=id_ if id_.startswith(f"{FACTOR}-") and id_.isascii() else "-")
        self._store.suspend(id_)
        return row.factor

    def remove(self, person: str, id_: str) -> Factor:
        """Forget one factor; its recovery codes go with the last. Raises :class:`NoSuchFactor`. The caller ends sessions."""
        row = self._store.row(person, id_)
        if row is None or not self._store.remove(person, id_):
            raise NoSuchFactor(factor=id_ if id_.startswith(f"{FACTOR}-") and id_.isascii() else "-")
        self._journal.record(What.FACTOR_REMOVED, institution=self._institution, person=person, subject=id_)
        self._drop_codes_with_the_last(person)
        return row.factor

    def remove_all(self, person: str, *, kind: FactorKind | None = None) -> int:
        """Forget a person's factors, of one kind or all with every code; returns how many."""
        rows = self._store.rows(person, kind)
        for row in rows:
            self._store.remove(person, row.factor.id)
        self._drop_codes_with_the_last(person)
        return len(rows)

    def _drop_codes_with_the_last(self, person: str) -> None:
        if not self.standing(person).has_factor:
            self._store.drop_codes(person)

    def _active(self, person: str, kind: FactorKind) -> list[Factor]:
        return [one for one in self.factors(person) if one.kind is kind and one.state is FactorState.ACTIVE]

    def _room(self, person: str) -> None:
        self._not_sealed(person)
        if len(self.factors(person)) >= rules.MOST_FACTORS:
            raise TooManyFactors(most=rules.MOST_FACTORS)

    def _not_sealed(self, person: str) -> None:
        """What somebody enrolled while an emergency account was open would outlive its closing and its new secret."""
        row = self._people.person(person)
        if row is not None and row.roles & Role.EMERGENCY:
            raise FactorRefused(reason="emergency")

    def _new(
        self,
        person: str,
        kind: FactorKind,
        label: str,
        state: FactorState,
        discoverable: bool = False,
        spki: bytes = b"",
        credential: bytes = b"",
    ) -> Factor:
        now = self._clock.now_ms()
        told = rules.normal_label(label)
        return Factor(new_handle(FACTOR), person, kind, told, state, now, None, discoverable, spki, credential)

    def _set(self, factor: Factor) -> None:
        self._journal.record(
            What.FACTOR_SET, institution=self._institution, person=factor.person, subject=factor.id,
            reason=factor.kind.name.lower(),
        )  # fmt: skip
        self.end_temporary(factor.person, "factor.enrolled")

    def _alert(self, kind: str, person: str, count: int) -> None:
        if self.alarm is not None:  # it journals too
            self.alarm.raise_(kind, person, count)
        else:
            self._journal.record(What.ALERTED, institution=self._institution, subject=person, reason=kind, count=count)


def _new_code() -> str:
    return "".join(secrets.choice(rules.CODE_ALPHABET) for _ in range(rules.CODE_LENGTH))


def _label(person: str) -> str:
    """What a protected seed is bound to."""
    return f"totp:{person}"
