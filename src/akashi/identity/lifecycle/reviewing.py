"""Periodic reviews (棚卸) of accounts, devices and clients: what is unused, dormant, too wide or orphaned, and what is done about it.

Guarantees: findings are computed from the ledger and the access journal, the ledger gets their digest before anybody decides, and a review
ends only when each was decided by a person. Refuses what the ledger's rules refuse. Left to the caller: whether the session may, alerts.
Findings are about what was recorded: a role that only reads may look unused where its reading leaves no entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from akashi.clock import Clock
from akashi.errors import AkashiError, Unavailable
from akashi.identity import events as identity
from akashi.identity.access.events import clients
from akashi.identity.handles import REVIEW, new_handle
from akashi.identity.journal import Access, Outcome, What
from akashi.identity.lifecycle import events, review_events
from akashi.identity.lifecycle.errors import NoSuchRecord, ReviewOpen
from akashi.identity.lifecycle.model import Activity, Decision, Finding, Found, Review, RightsStage
from akashi.identity.lifecycle.rules import findings_digest, judge_activity
from akashi.identity.lifecycle.service import Lifecycle
from akashi.identity.lifecycle.standing import effective_roles, placement
from akashi.identity.model import Person, Role, Session
from akashi.identity.permissions import PERMISSIONS
from akashi.identity.service import Accounts
from akashi.ledger.author import Author, prepared
from akashi.ledger.keyring.records import keys_of_person
from akashi.ledger.rules import is_current
from akashi.ledger.state import ReadState

DAY_MS = 24 * 3600 * 1000
CONFIRM_WITHIN_MS = 7 * DAY_MS
_SHOWS: Mapping[What, str] = MappingProxyType(
    {
        What.CONVERTED: "checkup.convert",
        What.SENT: "transfer.send",
        What.READ: "transfer.read",
        What.OPENED: "transfer.open",
        What.EXPORTED: "transfer.open",
        What.CONFIRMED: "transfer.confirm",
        What.WITHDRAWN: "transfer.withdraw",
        What.REFUSED_TRANSFER: "transfer.refuse",
        What.PERSON_ADDED: "person.manage",
        What.PERSON_CHANGED: "person.manage",
        What.PERSON_DISABLED: "person.manage",
        What.DEVICE_CHANGED: "device.manage",
        What.RIGHTS_REQUESTED: "person.apply",
        What.RIGHTS_DECIDED: "person.decide",
        What.REVIEWED: "person.review",
        What.PASSWORD_RESET: "person.reset",
        What.JOURNAL_READ: "access.read",
        What.REPORT_READ: "access.read",
        What.CLIENT_CHANGED: "client.manage",
        What.EMERGENCY_PREPARED: "emergency.prepare",
        What.EMERGENCY_REVIEWED: "emergency.review",
        What.MAINTENANCE_DECIDED: "maintenance.decide",
        What.MAINTENANCE_BEGUN: "maintenance.work",
        What.KEYS_CHANGED: "keys.manage",
        What.DOCUMENT_SIGNED: "document.sign",
    }
)
"""Which action an entry of the journal shows."""
_TRACKED = Role.OPERATOR | Role.APPROVER | Role.MANAGER
"""Roles whose work always leaves an entry; of the others nobody can tell from the journal that they are unused."""


class Reviews:
    """The periodic reviews of one institution."""

    def __init__(self, lifecycle: Lifecycle, author: Author, clock: Clock, accounts: Accounts) -> None:
        self._lifecycle, self._store = lifecycle, lifecycle.store
        self._author, self._clock, self._accounts = author, clock, accounts

    def reviews(self) -> list[Review]:
        """All reviews, newest first."""
        with self._author.ledger.view() as state:
            found = list(review_events.reviews(state, self._author.institution))
        return sorted(found, key=lambda one: (-one.opened_ms, one.handle))

    def review(self, name: str) -> Review:
        """One review. Raises :class:`NoSuchRecord`."""
        for one in self.reviews():
            if one.handle == name:
                return one
        raise NoSuchRecord(name=name)

    def due_ms(self, every_days: int) -> int:
        """When the next review is due: so long after the last one closed, or after this gateway was first asked."""
        closed = [one.closed_ms for one in self.reviews() if one.closed_ms is not None]
        since = max(closed) if closed else self._store.review_duty(self._clock.now_ms())
        return since + every_days * DAY_MS

    def look(self, dormant_days: int) -> list[Found]:
        """What a review would find now."""
        now = self._clock.now_ms()
        found = [one for facts in self.activities(dormant_days) for one in judge_activity(facts, now, dormant_days)]
        with self._author.ledger.view() as state:
            found += self._orphans(state, now)
        return sorted(found, key=lambda one: (one.subject, one.finding))

    def open(self, by: Session, dormant_days: int) -> Review:
        """Compute the findings, put their digest on the ledger, and keep them to be decided."""
        found = prepared(by.approving, "findings", lambda: self.look(dormant_days))
        handle = prepared(by.approving, "review", lambda: new_handle(REVIEW))
        committed = findings_digest((one.subject, int(one.finding)) for one in found)
        said = self._lifecycle.worded(review_events.ReviewOpened(handle, committed, len(found)), handle, by)
        self._store.put_findings(handle, found)
        try:
            self._lifecycle.send(said)
        except Unavailable:
            raise
        except AkashiError:
            self._store.drop_findings(handle)
            raise
        return self.review(handle)

    def findings(self, name: str) -> list[tuple[Found, Decision | None, str, str]]:
        """``(finding, decision or None, by, note)`` of a review."""
        self.review(name)
        with self._author.ledger.view() as state:
            decided = {(who, what): (how, by) for who, what, how, by, _ in review_events.decisions(state, name)}
        result = []
        for one, note in self._store.findings(name):
            how, by = decided.get((one.subject, one.finding), (None, ""))
            result.append((one, how, by, note))
        return result

    def decide(
        self, by: Session, name: str, found: tuple[str, Finding], decision: Decision, roles: Role | None, note: str
    ) -> None:
        """Decide on one finding; reducing and disabling a person are in force at once. Raises :class:`NoSuchRecord`, ``Refused``."""
        subject, finding = found
        self.review(name)
        if found not in {(one.subject, one.finding) for one, _ in self._store.findings(name)}:
            raise NoSuchRecord(name=subject)
        with self._author.ledger.view() as state:
            keys = [one.key for one in keys_of_person(state, subject) if one.revoked_ms is None]
        body = review_events.ReviewDecided(name, subject, finding, decision, None if roles is None else int(roles))
        self._lifecycle.say(body, name, by)
        if note.strip():
            self._store.put_note(name, subject, finding, note.strip()[:2000])
        if decision is Decision.DISABLE and subject.startswith("per-"):
            self._lifecycle.end(subject, keys)

    def close(self, by: Session, name: str) -> Review:
        """End the review. Raises :class:`ReviewOpen` while findings wait."""
        waiting = sum(1 for _, how, *_ in self.findings(name) if how is None)
        if waiting:
            raise ReviewOpen(count=waiting)
        self._lifecycle.say(review_events.ReviewClosed(name), name, by)
        return self.review(name)

    def activities(self, days: int) -> list[Activity]:
        """The facts about everybody with an account or on the ledger; what they used in the last ``days``."""
        now = self._clock.now_ms()
        last, used = self._read_journal(now - days * DAY_MS)
        accounts = {one.person for one in self._accounts.accounts()}
        result = []
        with self._author.ledger.view() as state:
            people = {one.handle: one for one in people_of(state, self._author.institution)}
            late = {
                one.person
                for one in events.rights_requests(state, self._author.institution)
                if one.stage is RightsStage.APPROVED and (one.decided_ms or 0) + CONFIRM_WITHIN_MS <= now
            }
            for handle in sorted(accounts | people.keys()):
                known = people.get(handle)
                roles = Role(0) if known is None else effective_roles(state, known, now)
                facts = Activity(
                    subject=handle,
                    roles=roles,
                    enabled=known is None or known.enabled,
                    has_account=handle in accounts,
                    on_ledger=known is not None,
                    department=placement(state, handle)[0],
                    since_ms=now if known is None else known.registered_ms,
                    last_ms=last.get(handle),
                    used_roles=used.get(handle, Role(0)) | ~_TRACKED,
                    live_keys=sum(1 for one in keys_of_person(state, handle) if is_current(one, now)),
                    unconfirmed=handle in late,
                )
                result.append(facts)
        return result

    def _read_journal(self, since_ms: int) -> tuple[dict[str, int], dict[str, Role]]:
        last: dict[str, int] = {}
        used: dict[str, Role] = {}
        for entry in self._accounts.journal.entries():
            if entry.person is None or entry.outcome is not Outcome.DONE:
                continue
            if entry.what is What.SIGN_IN:
                last[entry.person] = max(entry.at_ms, last.get(entry.person, 0))
            elif entry.at_ms >= since_ms:
                used[entry.person] = used.get(entry.person, Role(0)) | _needed(entry)
        return last, used

    def _orphans(self, state: ReadState, now: int) -> list[Found]:
        mine = self._author.institution

        def is_live(handle: str) -> bool:
            person = identity.person(state, handle)
            return person is not None and person.enabled and person.institution == mine

        held = [
            (one.handle, one.responsible)
            for one in identity.devices(state)
            if one.institution == mine and one.revoked_ms is None and now < one.to_ms
        ]
        held += [(one.handle, one.responsible) for one in clients(state, mine) if one.enabled and now < one.until_ms]
        return [Found(handle, Finding.ORPHANED) for handle, person in held if not is_live(person)]


def people_of(state: ReadState, institution: str) -> list[Person]:
    """Everybody whom the ledger knows of an institution, also those who left, in the order of their handles."""
    found = (identity.person(state, key.decode()) for key, _ in state.scan("per"))
    return [one for one in found if one is not None and one.institution == institution]


def _needed(entry: Access) -> Role:
    action = _SHOWS.get(entry.what)
    return PERMISSIONS.get(action, Role(0)) if action else Role(0)
