"""Factors of one invented clinic, with a fixed clock and cheap hashing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from akashi.clock import FixedClock
from akashi.identity.credentials import Hasher
from akashi.identity.factors.model import Ceremony, Secrets, Site
from akashi.identity.factors.service import Factors
from akashi.identity.journal import Journal
from akashi.identity.model import Policy
from akashi.identity.store import Database, Store
from akashi.ledger.model import AuthMethod
from tests.identity.factors.authenticator import Authenticator
from tests.identity.twin import NOW, PASSWORD, MemoryBox

TABLET, DESK = b"t" * 32, b"d" * 32
SITE = Site("localhost", "https://localhost:8444")


@dataclass
class Alarms:
    """Keeps what was raised."""

    raised: list[tuple[str, str, int]] = field(default_factory=list)

    def raise_(self, kind: str, subject: str, count: int = 1) -> None:
        """Note it."""
        self.raised.append((kind, subject, count))


@dataclass
class Bench:
    """Two people with the same password: a nurse and a doctor."""

    clock: FixedClock
    database: Database
    journal: Journal
    factors: Factors
    alarms: Alarms
    nurse: str = "per-nurse0000"
    doctor: str = "per-doctor000"

    def check(self, person: str | None, code: str | None = None) -> AuthMethod | None:
        """The right password, and perhaps a code."""
        return self.factors.check(person, Secrets(PASSWORD, code))

    def enrol(self, person: str, made: Authenticator | None = None) -> Authenticator:
        """A passkey for ``person``."""
        made = made or Authenticator()
        answer = made.create(self.factors.creation_options(person, TABLET))
        self.factors.add_passkey(person, answer, "my key", TABLET)
        return made

    def answer(self, made: Authenticator, certificate: bytes = TABLET) -> str:
        """A fresh assertion for signing in."""
        return made.get(self.factors.request_options(Ceremony.SIGN_IN, None, certificate))

    def alone(self, person: str | None, assertion: str, certificate: bytes = TABLET) -> AuthMethod | None:
        """Check a passkey without a password."""
        return self.factors.check(person, Secrets(assertion=assertion, certificate=certificate))


def bench(folder: Path, policy: Policy | None = None) -> Bench:
    """Everything made."""
    clock, database = FixedClock(NOW), Database(folder / "gateway.db")
    journal, hasher = Journal(database, clock), Hasher(passes=1, memory_kib=8, lanes=1)
    factors = Factors(database, MemoryBox(), journal, clock, "inst-clin0000", hasher, policy or Policy(), SITE)
    factors.alarm = alarms = Alarms()
    made = Bench(clock, database, journal, factors, alarms)
    people = Store(database)
    for person, login in ((made.nurse, "nurse.n"), (made.doctor, "doctor.d")):
        people.insert_person(person, login, "試験 花子", 1)
        people.set_password(person, hasher.hash(PASSWORD), long=True)
    return made
