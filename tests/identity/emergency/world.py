"""A clinic whose ledger knows emergencies and visits, with people for every part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from akashi.clock import FixedClock
from akashi.identity.emergency.events import EMERGENCY_KINDS
from akashi.identity.emergency.service import Emergencies
from akashi.identity.events import IDENTITY_KINDS
from akashi.identity.maintenance.events import MAINTENANCE_KINDS
from akashi.identity.maintenance.service import Visits
from akashi.identity.model import Role, Session
from akashi.identity.presence.model import AlertKind
from akashi.ledger.events import KindTable
from tests.identity.twin import PASSWORD, TABLET, Clinic, MemoryBox, MemoryLedger, clinic

HOUR = 3_600_000
KINDS = KindTable([*IDENTITY_KINDS, *EMERGENCY_KINDS, *MAINTENANCE_KINDS])


@dataclass
class Ward:
    """The clinic, its services, and who is signed in there."""

    home: Clinic
    emergencies: Emergencies
    visits: Visits
    box: MemoryBox
    people: dict[str, str] = field(default_factory=dict)
    told: list[tuple[AlertKind, str, int]] = field(default_factory=list)

    @property
    def clock(self) -> FixedClock:
        """The clock that stands still."""
        return self.home.clock

    @property
    def ledger(self) -> MemoryLedger:
        """The ledger in memory."""
        return self.home.ledger

    def join(self, login: str, roles: Role) -> str:
        """A further person with a password."""
        person = self.home.accounts.add_person(login=login, name="架空 太郎", roles=roles)
        # Judging a password takes longer than everything else here, and is not what these tests are about.
        self.home.accounts._store.set_password(person, self.home.accounts.hasher.hash(PASSWORD), long=True)
        self.people[login] = person
        return person

    def session(self, login: str, secret: str = PASSWORD) -> Session:
        """Sign in."""
        return self.home.accounts.sign_in(login, secret, None, TABLET)


def services(home: Clinic, box: MemoryBox, told: list[tuple[AlertKind, str, int]]) -> tuple[Emergencies, Visits]:
    """Both services over the clinic's database, as a process that starts would make them."""
    accounts = home.accounts

    def tell(kind: AlertKind, subject: str, count: int) -> None:
        told.append((kind, subject, count))

    parts = (home.database, box, accounts._author, home.clock, accounts, tell)
    return Emergencies(*parts, hasher=accounts.hasher), Visits(*parts)


@contextmanager
def ward(path: Path) -> Iterator[Ward]:
    """Everybody joined: nurse.n and second.s operate, boss.b manages, plan.p plans, ops.o runs the gateway, audit.a audits, visit.v visits."""
    home, box = clinic(path), MemoryBox()
    home.ledger._kinds = KINDS
    told: list[tuple[AlertKind, str, int]] = []
    made = Ward(home, *services(home, box, told), box, {"nurse.n": home.nurse, "boss.b": home.manager}, told)
    roles = {"second.s": Role.OPERATOR, "plan.p": Role.PLANNER, "ops.o": Role.OPERATIONS, "audit.a": Role.AUDITOR}
    for login, role in (*roles.items(), ("visit.v", Role.MAINTENANCE)):
        made.join(login, role)
    try:
        yield made
    finally:
        home.database.close()
