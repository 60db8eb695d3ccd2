"""Lock-out: who may still try to sign in, and how refusals are recorded without filling the journal.

Guarantees: an attempt is counted before it is made, on the device and the account; failures of the whole institution have a budget, beyond
which only somebody in a place that they are known at may try (so that spraying over accounts stops, and colleagues still get in). Every
lock-out raises an alert. Of refusals while locked the first is an entry, the others are one entry with their count. The same work is done
for an unknown login, which is charged to nobody. Trusts: the caller to say which place an attempt comes from.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from akashi.clock import Clock
from akashi.identity.journal import Journal, Outcome, What
from akashi.identity.model import Policy
from akashi.identity.presence import rules
from akashi.identity.presence.alerts import Alerts
from akashi.identity.presence.model import AlertKind
from akashi.identity.presence.store import PresenceStore, Toll
from akashi.ledger.rules import Allowed

NOBODY = "per-nobody"
_MOST_WHO = 10_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: the device, the person it is charged to (``NOBODY`` for unknown logins), and whether the place is theirs.

    ``seat``: at a browser that they are known at they have a count of their own, so that nobody locks them out from elsewhere.
    """

    device: str
    person: str
    known: bool
    seat: bytes | None = None

    @property
    def account(self) -> str:
        """Under what the account's failures are counted."""
        return f"{self.person}@{self.seat.hex()[:16]}" if self.known and self.seat is not None else self.person


class Lockout:
    """The counts of one institution. Thread-safe."""

    def __init__(
        self, store: PresenceStore, journal: Journal, alerts: Alerts, institution: str, policy: Policy, clock: Clock
    ) -> None:
        self._store, self._journal, self._alerts = store, journal, alerts
        self._institution, self._policy, self._clock = institution, policy, clock
        self._lock = threading.Lock()
        self._silent: dict[tuple[str, str], tuple[int, int]] = {}

    def closed(self, device: str) -> bool:
        """Whether the device is locked: then nothing about an account is looked at, and nothing is hashed."""
        now, policy = self._clock.now_ms(), self._policy
        return self._store.standing_of(device, now, policy.lock_ms) >= policy.device_failures

    def charge(self, attempt: Attempt) -> bool:
        """Count the attempt; false while device, account or budget is used up."""
        now, policy = self._clock.now_ms(), self._policy
        tolls = (Toll(attempt.device, policy.device_failures), Toll(attempt.account, policy.failures))
        free = all(self._store.charge(tolls, now, policy.lock_ms))
        budget = rules.decide_budget(self._store.sprayed(now, policy.lock_ms), known=attempt.known, policy=policy)
        return isinstance(budget, Allowed) and free

    def refund(self, attempt: Attempt) -> None:
        """The attempt was not made after all (too many at once): it counts for nobody."""
        self._store.refund(attempt.device, attempt.account)

    def failed(self, attempt: Attempt) -> None:
        """The attempt was wrong or refused: it counts against the institution's budget, and what is used up now raises an alert."""
        now, policy = self._clock.now_ms(), self._policy
        self._store.spray(now, policy.lock_ms)
        if self._store.sprayed(now, policy.lock_ms) == policy.spray_failures:
            self._tell(AlertKind.SPRAYING, self._institution, attempt.device)
        if self._store.standing_of(attempt.account, now, policy.lock_ms) >= policy.failures:
            self._lock_out(attempt.person, attempt.account, attempt.device)
        if self._store.standing_of(attempt.device, now, policy.lock_ms) >= policy.device_failures:
            self._lock_out(attempt.device, attempt.device, attempt.device)

    def refused(self, device: str, person: str | None) -> None:
        """Record a refusal while locked: the first of each device and account now, the others with the next :meth:`flush`."""
        key, now = (device, person or NOBODY), self._clock.now_ms()
        with self._lock:
            first = key not in self._silent
            if not first:
                count, since = self._silent[key]
                self._silent[key] = count + 1, since
            elif len(self._silent) < _MOST_WHO:
                self._silent[key] = 0, now
        if first:
            self._record(device, person, None)

    def flush(self) -> int:
        """Write down the refusals that were only counted so far, once their lock-out is over or has lasted; returns how many entries."""
        now, written = self._clock.now_ms(), 0
        with self._lock:
            over = [(key, kept) for key, kept in self._silent.items() if abs(now - kept[1]) >= self._policy.lock_ms]
            for key, _ in over:
                del self._silent[key]
        for (device, person), (count, _) in over:
            if count:
                self._record(device, None if person == NOBODY else person, count)
                written += 1
        return written

    def _record(self, device: str, person: str | None, count: int | None) -> None:
        self._journal.record(
            What.SIGN_IN,
            Outcome.FAILED,
            institution=self._institution,
            person=person,
            device=device,
            count=count,
            reason="locked",
        )

    def _lock_out(self, subject: str, counted: str, device: str) -> None:
        key = ("locked", counted)
        with self._lock:
            now = self._clock.now_ms()
            told = self._silent.get(key)
            if told is not None and abs(now - told[1]) < self._policy.lock_ms:
                return
            if len(self._silent) < _MOST_WHO:
                self._silent[key] = 0, now
        self._tell(AlertKind.LOCKED_OUT, subject, device)

    def _tell(self, kind: AlertKind, subject: str, device: str) -> None:
        self._journal.record(
            What.LOCKED_OUT, Outcome.REFUSED, institution=self._institution, device=device, subject=subject
        )
        self._alerts.raise_(kind, subject)
