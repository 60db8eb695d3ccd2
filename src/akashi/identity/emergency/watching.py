"""What administrators must hear of emergency accounts, read from the ledger's state and the access journal.

Guarantees: an alert follows from what is recorded, not from who was running when it happened: a process that died between an opening and its
alert tells it at its next start. Told first, remembered after: a crash in between tells twice, never not at all. Refuses names.
"""

from __future__ import annotations

from akashi.clock import Clock
from akashi.identity.emergency import records
from akashi.identity.emergency.errors import SealBroken
from akashi.identity.emergency.model import (
    DAY_MS,
    AccountState,
    Alerting,
    EmergencyAccount,
    EmergencyPolicy,
    Notice,
    Opening,
    Stage,
)
from akashi.identity.emergency.sealing import Seals
from akashi.identity.emergency.store import EmergencyStore
from akashi.identity.journal import Access, Journal, Outcome, What
from akashi.identity.presence.model import AlertKind
from akashi.ledger.author import Author

_KIND = {
    Notice.OPENED: AlertKind.EMERGENCY_OPENED,
    Notice.DECLARED: AlertKind.EMERGENCY_OPENED,
    Notice.USED_SEALED: AlertKind.EMERGENCY_MISUSED,
    Notice.SEAL_BROKEN: AlertKind.EMERGENCY_MISUSED,
    Notice.REVIEW_OVERDUE: AlertKind.REVIEW_OVERDUE,
    Notice.ROTATION_DUE: AlertKind.REVIEW_OVERDUE,
}
_TRIED = (Outcome.FAILED, Outcome.REFUSED)


class Watch:
    """Tells what happened to the emergency accounts of one institution. Run it after every step, at the start, and every minute."""

    def __init__(
        self,
        store: EmergencyStore,
        seals: Seals,
        author: Author,
        journal: Journal,
        clock: Clock,
        alert: Alerting,
        policy: EmergencyPolicy,
    ) -> None:
        self._store, self._seals, self._author, self._journal = store, seals, author, journal
        self._clock, self._alert, self._policy = clock, alert, policy

    def look(self) -> int:
        """Tell everything that was not told yet; returns how many alerts that were."""
        own, opened, declared = self._state()
        now = self._clock.now_ms()
        told = sum(self._tell(Notice.DECLARED, one, 0) for one in declared)
        for one in opened:
            if one.opened_ms is not None:
                told += self._tell(Notice.OPENED, one.handle, 0)
            ended = one.ended_ms(now)
            if one.stage in (Stage.OPEN, Stage.CLOSED) and ended is not None and now - ended >= self._policy.review_ms:
                told += self._tell(Notice.REVIEW_OVERDUE, one.handle, now // DAY_MS)
        for account in own:
            if account.state is AccountState.SPENT and now - account.since_ms >= self._policy.review_ms:
                told += self._tell(Notice.ROTATION_DUE, account.person, now // DAY_MS)
        return told + self._attempts({one.person for one in own}, opened)

    def check_seals(self) -> list[str]:
        """The accounts whose seal is broken: what is kept differs from the ledger, or a sealed account has a password. Told daily."""
        own, _, _ = self._state()
        broken = [one.person for one in own if one.state is AccountState.SEALED and not self._intact(one)]
        for person in broken:
            self.tampered(person)
        return broken

    def tampered(self, account: str) -> None:
        """Tell, once a day, that a seal is broken or that a sealed account was given a password."""
        self._tell(Notice.SEAL_BROKEN, account, self._clock.now_ms() // DAY_MS)

    def _intact(self, account: EmergencyAccount) -> bool:
        try:
            self._seals.verify(account)
        except SealBroken:
            return False
        return not self._store.has_password(account.person)

    def _attempts(self, own: set[str], opened: list[Opening]) -> int:
        """Sign-ins that were tried on accounts that were not open: use in normal times, whether the secret was right or not."""
        if not own:  # nothing to look for, and no row to write at every start
            return 0
        told, last = 0, self._store.read_to()
        begun = last
        for entry in self._journal.entries(last + 1):
            last = entry.number
            tried = entry.what is What.SIGN_IN and entry.outcome in _TRIED
            if tried and entry.person in own and not _was_open(entry, opened):
                told += self._tell(Notice.USED_SEALED, entry.person or "", entry.number)
        if last > begun:
            self._store.set_read(last)
        return told

    def _tell(self, notice: Notice, subject: str, mark: int) -> int:
        if self._store.was_told(int(notice), subject, mark):
            return 0
        self._alert(_KIND[notice], subject, 1)
        self._store.told(int(notice), subject, mark, self._clock.now_ms())
        return 1

    def _state(self) -> tuple[list[EmergencyAccount], list[Opening], list[str]]:
        of = self._author.institution
        with self._author.ledger.view() as state:
            own = [one for one in records.accounts(state) if one.institution == of]
            opened = [one for one in records.openings(state) if one.institution == of]
            declared = [one.handle for one in records.declarations(state) if one.institution == of]
        return own, opened, declared


def _was_open(entry: Access, opened: list[Opening]) -> bool:
    return any(
        one.account == entry.person
        and one.opened_ms is not None
        and one.opened_ms <= entry.at_ms < (one.closed_ms if one.closed_ms is not None else one.until_ms)
        for one in opened
    )
