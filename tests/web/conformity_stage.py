"""A stage for the pages of conformity: the shipped catalogues with judges and probes whose answers are known beforehand.

The real judges and probes have tests of their own; here a page must show what it is given, whatever that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from akashi.api.serving import Service
from akashi.app.config import GatewaySettings
from akashi.app.conformity import library, running
from akashi.app.conformity.library import CATALOGUES
from akashi.app.gateway.enrolment import FirstPerson, join
from akashi.app.gateway.home import OPENING_KEY, Gateway
from akashi.app.server.home import Server
from akashi.clock import SystemClock
from akashi.conformity.catalogues.books import read_books
from akashi.conformity.judges.registry import Given, Judges, Limits, conforms, fails, partial
from akashi.conformity.model import Opinion, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, Probe
from akashi.conformity.service import Conformity
from akashi.identity.model import InstitutionRole, Role
from akashi.keys.model import FAST_UNSAFE_COST
from tests.api.served import (
    PASSPHRASE,
    PASSWORD,
    Member,
    Recording,
    World,
    device_for,
    found,
)
from tests.conformity.checks import CHECKS
from tests.ports import free_ports

OUTCOMES = ("good", "half", "bad")
FAILING = "log.coverage"
"""The one check that the stage's probes find bad."""


def outcome_of(check: str) -> str:
    """What the stage's probe finds of a check."""
    if check == FAILING:
        return "bad"
    return "half" if check == "log.access" else "good"


def _decide(given: Given, limits: Limits) -> Opinion:
    said = given.text("found")
    if said == "bad":
        return fails("stage.bad", "記録に残らない操作がありました。", "An operation left no record.")
    if said == "half":
        return partial("stage.half", "一部だけ満たしています。", "Only a part is met.")
    return conforms("stage.good", f"{limits.number('stage.limit')} を満たしています。", "It is met.")


def stage_judges() -> Judges:
    """One judge for every check of the catalogues."""
    made = Judges()
    for check in sorted(CHECKS):
        made.judge(check, probe=f"stage-{check}", defaults={"stage.limit": 3})(_decide)
    return made


def _probe(check: str) -> Probe:
    def measure(target: Target, bench: Bench) -> Observed:
        return Observed({"found": outcome_of(check), "count": 4}, b"seen on the stage", "stage 1")

    return Probe(f"stage-{check}", 1, TargetKind.AKASHI, active=False, measure=measure)


def stage_probes() -> list[Probe]:
    """Probes for the part of the checks that look at Akashi itself; the rest stays unmeasured."""
    return [_probe(check) for check in sorted(CHECKS) if check.startswith(("log.", "session.", "password.", "ledger."))]


def put_on_stage(gateway: Gateway) -> Conformity:
    """Give a gateway the stage's conformity in place of its own."""
    made = Conformity(
        database=gateway.paths.conformity,
        box=gateway.keystore,
        author=gateway.author,
        payloads=gateway.payloads,
        openers=[gateway.keystore.opener(OPENING_KEY)],
        clock=gateway.clock,
        books=read_books(CATALOGUES, stage_judges()),
        judges=stage_judges(),
    )
    gateway.__dict__["conformity"] = made  # where the cached property would keep its own
    return made


@contextmanager
def staged_probes() -> Iterator[None]:
    """Runs use the stage's probes, and bundles are judged again by its judges, while the block runs."""
    with (
        patch.object(running, "all_probes", lambda _context: stage_probes()),
        patch.object(library, "judges", stage_judges),
    ):
        yield


@dataclass
class Assessed:
    """A served home with an assessor beside the three others; logins of its four people by what they do."""

    world: World
    assessor: Member
    people: dict[str, str]

    def gateway(self, member: Member) -> Gateway:
        """The gateway of a member, inside this process."""
        return self.world.gateway(member)


_PEOPLE = {"evaluator": Role.ASSESSOR, "committee": Role.COMMITTEE, "board": Role.BOARD}


@contextmanager
def assessed(folder: Path) -> Iterator[Assessed]:
    """A home with an assessor, served; every gateway that has something to show is on the stage."""
    home = folder / "home"
    home.mkdir()
    office, clinic, payer = found(home, folder)
    assessor, people = _with_assessor(home, folder)
    service = Service(home, PASSPHRASE, SystemClock())
    service.start()
    server = service.server
    assert server is not None
    world = World(home, service, server, office, clinic, payer, Recording(), server.ca_certificate.decode())
    try:
        for member in (clinic, payer, assessor):
            put_on_stage(world.gateway(member))
        with staged_probes():
            yield Assessed(world, assessor, people)
    finally:
        for client in world.clients:
            client.close()
        service.stop()


def _with_assessor(home: Path, folder: Path) -> tuple[Member, dict[str, str]]:
    clock = SystemClock()
    server = Server.open(home, PASSPHRASE, clock)
    port = free_ports(1)[0]
    joined = join(
        server,
        home,
        name="架空評価機構",
        number="1339999903",
        roles=InstitutionRole.ASSESSOR,
        first=FirstPerson("kanri", "架空 管理", Role.MANAGER),
        settings=GatewaySettings(
            port=port, require_totp=False, confirm_places=False, upload_limit_bytes=4 * 1024 * 1024
        ),
        passphrase=PASSPHRASE,
        clock=clock,
        cost=FAST_UNSAFE_COST,
    )
    for login, role in _PEOPLE.items():
        person = joined.gateway.accounts.add_person(login=login, name=f"架空 {login}", roles=role)
        joined.gateway.accounts.set_password(person, PASSWORD)
    joined.gateway.accounts.set_password(joined.person, PASSWORD)
    device, path = device_for(server, joined.institution, joined.person, folder)
    joined.gateway.close()
    server.close()
    return Member(joined.institution, "kanri", joined.person, device, path, port), {name: name for name in _PEOPLE}
