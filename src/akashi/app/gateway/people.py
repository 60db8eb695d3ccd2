"""The services of people that one gateway has: each is made when somebody first asks for it, and all share the gateway's database.

Guarantees: one instance of each per gateway. Refuses nothing itself: permissions are asked by the use cases in ``app.people``.
"""

from __future__ import annotations

from functools import cached_property

from akashi.app.gateway.asking import PendingApprovals
from akashi.clock import Clock
from akashi.identity.access.service import Clients
from akashi.identity.devices.store import DeviceStore
from akashi.identity.emergency.service import Emergencies
from akashi.identity.lifecycle.resetting import Resets
from akashi.identity.lifecycle.reviewing import Reviews
from akashi.identity.lifecycle.service import Lifecycle
from akashi.identity.maintenance.service import Visits
from akashi.identity.model import SecretBox
from akashi.identity.presence.alerts import Alerts
from akashi.identity.presence.model import AlertKind
from akashi.identity.presence.service import Presence
from akashi.identity.service import Accounts
from akashi.identity.store import Database
from akashi.ledger.author import Author


class People:
    """Factors, presence, devices, access, lifecycle, emergencies and visits of one institution."""

    def __init__(self, database: Database, box: SecretBox, author: Author, clock: Clock, accounts: Accounts) -> None:
        self._database, self._box, self._author, self._clock, self._accounts = database, box, author, clock, accounts
        accounts.when_ended(self.approvals.drop)

    @cached_property
    def emergencies(self) -> Emergencies:
        """Break-glass accounts and declared emergencies."""
        parts = (self._database, self._box, self._author, self._clock, self._accounts, self._accounts.alerts.raise_)
        return Emergencies(*parts, hasher=self._accounts.hasher)

    @cached_property
    def visits(self) -> Visits:
        """Visits of maintainers."""
        parts = (self._database, self._box, self._author, self._clock, self._accounts, self._accounts.alerts.raise_)
        return Visits(*parts)

    def settle(self) -> int:
        """Close what ran out, finish what a crash left, and tell what was not told; returns how many alerts that were."""
        return self.emergencies.settle() + self.visits.look()

    def check_seals(self) -> list[str]:
        """The emergency accounts whose seal is broken; run it daily."""
        return self.emergencies.check_seals()

    @cached_property
    def clients(self) -> Clients:
        """Machine clients; a device that is locked for its failures raises an alert."""
        parts = (self._database, self._box, self._author, self._clock, self._accounts.journal, self._accounts.policy)
        return Clients(*parts, alarm=lambda device: self.alerts.raise_(AlertKind.CLIENT_LOCKED, device))

    def close(self) -> None:
        """Write down what was only counted."""
        if "clients" in self.__dict__:
            self.clients.flush()

    @cached_property
    def lifecycle(self) -> Lifecycle:
        """Departments, rights, leaving."""
        return Lifecycle(self._database, self._box, self._author, self._clock, self._accounts)

    @cached_property
    def reviews(self) -> Reviews:
        """Periodic reviews of accounts."""
        return Reviews(self.lifecycle, self._author, self._clock, self._accounts)

    @cached_property
    def resets(self) -> Resets:
        """The ledger of resets and its tickets."""
        return Resets(self.lifecycle, self._author, self._clock, self._accounts)

    @property
    def alerts(self) -> Alerts:
        """What somebody must look at."""
        return self._accounts.alerts

    @cached_property
    def presence(self) -> Presence:
        """Sessions, places, suspected leaks."""
        return Presence(self._database, self._author, self._accounts, self._clock)

    @cached_property
    def approvals(self) -> PendingApprovals:
        """What persons were asked to sign and have not answered yet."""
        return PendingApprovals(self._clock)

    @cached_property
    def devices(self) -> DeviceStore:
        """Orphaned devices, and reminders given."""
        return DeviceStore(self._database)
