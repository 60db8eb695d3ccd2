"""Alerts: what somebody of the institution must look at, until they say that they did.

Guarantees: an alert is on the disk when ``raise_`` returns, and in the access journal when it is new; the same alert while one is open
counts up instead of piling up, so that an attack cannot fill the disk. Refuses texts: an alert is a kind, a handle and a count.
"""

from __future__ import annotations

import re

from akashi.clock import Clock
from akashi.errors import Misuse
from akashi.identity.journal import Journal, What
from akashi.identity.model import Session
from akashi.identity.presence.errors import AlertUnknown
from akashi.identity.presence.model import Alert
from akashi.identity.presence.store import PresenceStore
from akashi.identity.store import Database
from akashi.ledger.model import HANDLE

_KIND = re.compile(r"[a-z0-9_]{1,32}(\.[a-z0-9_]{1,32}){1,3}", re.ASCII)
_OPEN = "acknowledged_ms IS NULL"
_MOST = 2**63 - 1
"""The highest number that a row can have."""


class Alerts:
    """The alerts of one institution. Thread-safe."""

    def __init__(self, database: Database, journal: Journal, institution: str, clock: Clock) -> None:
        self._store = PresenceStore(database)
        self._journal, self._institution, self._clock = journal, institution, clock

    def raise_(self, kind: str, subject: str, count: int = 1, *, person: str | None = None) -> int:
        """Tell those who read alerts about ``subject`` (a handle), and with ``person`` that person too; returns the alert's number.

        ``kind`` is a dotted code (``AlertKind``, or another part's own). Raises ``Misuse`` for anything else.
        """
        if not _KIND.fullmatch(kind) or not HANDLE.fullmatch(subject):
            raise Misuse(what="alert")
        if person is None and subject.startswith("per-"):
            person = subject  # what is about somebody is for them to see too
        number, new = self._store.raise_alert(str(kind), subject, person, count, self._clock.now_ms())
        if new:
            self._journal.record(
                What.ALERTED,
                institution=self._institution,
                person=person,
                subject=subject,
                count=count,
                reason=str(kind),
            )
        return number

    def open(self) -> list[Alert]:
        """What nobody acknowledged yet, newest first."""
        return self._store.alerts(_OPEN)

    def all(self, most: int = 500) -> list[Alert]:
        """The newest alerts, acknowledged ones too."""
        return self._store.alerts("1", most=most)

    def of_person(self, person: str) -> list[Alert]:
        """What concerns a person and is open: shown to them at their next page."""
        return self._store.alerts(f"{_OPEN} AND person = ?", person)

    def acknowledge(self, number: int, by: Session) -> Alert:
        """Say that one has looked at it. Left to the caller: whether they may. Raises :class:`AlertUnknown`."""
        found = self._store.alerts("number = ?", number) if 0 < number <= _MOST else []
        if not found:
            raise AlertUnknown
        if self._store.acknowledge(number, by.person, self._clock.now_ms()):
            self._journal.record(What.ALERTED, session=by, subject=found[0].subject, reason="acknowledged")
        return self._store.alerts("number = ?", number)[0]
