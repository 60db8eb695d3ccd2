"""A replicated state with a clinic, a hospital and their people, to which anybody may say anything."""

from __future__ import annotations

from dataclasses import dataclass, field

from akashi.identity import events as identity
from akashi.identity.access.events import CLIENT_KINDS
from akashi.identity.admission.events import ADMISSION_KINDS
from akashi.identity.emergency.events import EMERGENCY_KINDS
from akashi.identity.events import IDENTITY_KINDS
from akashi.identity.lifecycle.events import LIFECYCLE_KINDS, DepartmentRegistered, PersonPlaced, RightsRequested
from akashi.identity.lifecycle.model import DepartmentKind
from akashi.identity.lifecycle.review_events import REVIEW_KINDS
from akashi.identity.lifecycle.standing import standing
from akashi.identity.maintenance.events import MAINTENANCE_KINDS
from akashi.identity.model import Job, Role
from akashi.ledger.events import Context, KindTable, dump_body, info_of
from akashi.ledger.model import Actor, Auth, AuthMethod, Purpose, Statement
from akashi.ledger.state import Memory, Overlay

KINDS = KindTable(
    [
        *IDENTITY_KINDS,
        *LIFECYCLE_KINDS,
        *REVIEW_KINDS,
        *ADMISSION_KINDS,
        *CLIENT_KINDS,
        *EMERGENCY_KINDS,
        *MAINTENANCE_KINDS,
    ]
)
SECRETARIAT, CLINIC, HOSPITAL = "inst-secr0000", "inst-clin0000", "inst-hosp0000"
BOSS, PLANNER, HEAD, NURSE, CLERK = "per-boss0000", "per-plan0000", "per-head0000", "per-nurse000", "per-clerk000"
NEW, OUTSIDER = "per-new00000", "per-other000"
WARD, LABORATORY = "dep-ward0000", "dep-labo0000"
REQUEST = "req-00000001"
DAY_MS = 24 * 3600 * 1000


@dataclass
class World:
    """A state and who may say what to it."""

    state: Overlay = field(default_factory=lambda: Overlay(Memory()))
    now: int = 1_000

    def say(
        self,
        body: object,
        person: str | None = None,
        institution: str = CLINIC,
        purpose: Purpose = Purpose.GATEWAY,
    ) -> None:
        """Apply one operation, all or nothing."""
        info = info_of(type(body))
        auth = Auth(AuthMethod.MACHINE, 0)
        actor = Actor(institution, person)
        statement = Statement(bytes(16), info.tag, 1, actor, auth, None, dump_body(body), 0, 1, bytes(16))
        layer = Overlay(self.state)
        context = Context(statement, bytes(32), bytes(32), purpose, self.now)
        KINDS.find(info.tag, 1).run(layer, context)
        self.state.absorb(layer.changes)

    def secretariat(self, body: object) -> None:
        """Say it as the secretariat."""
        self.say(body, institution=SECRETARIAT, purpose=Purpose.SECRETARIAT)

    def roles(self, person: str) -> Role | None:
        """The roles that count now; ``None`` for somebody unknown."""
        found = standing(self.state, identity.person(self.state, person), self.now)
        return None if found is None else found.roles


def clinic() -> World:
    """A clinic with two departments, whose ward is headed by HEAD; NURSE and CLERK work in the ward; a hospital with one person."""
    made = World()
    for handle, roles in ((SECRETARIAT, 8), (CLINIC, 1), (HOSPITAL, 2)):
        made.secretariat(identity.InstitutionRegistered(handle, roles, bytes(32)))
    for person, role in (
        (BOSS, Role.MANAGER),
        (PLANNER, Role.PLANNER),
        (HEAD, Role.APPROVER),
        (NURSE, Role.OPERATOR),
        (CLERK, Role.OPERATOR),
    ):
        made.say(identity.PersonRegistered(person, CLINIC, int(role)))
    made.say(identity.PersonRegistered(OUTSIDER, HOSPITAL, int(Role.MANAGER)), institution=HOSPITAL)
    made.say(DepartmentRegistered(WARD, HEAD, DepartmentKind.CLINICAL), BOSS)
    made.say(DepartmentRegistered(LABORATORY, CLERK, DepartmentKind.LABORATORY), BOSS)
    for person in (HEAD, NURSE, CLERK):
        made.say(PersonPlaced(person, WARD, Job.NURSE), BOSS)
    return made


def application(
    person: str = NURSE,
    roles: Role = Role.OPERATOR | Role.APPROVER,
    *,
    department: str = WARD,
    until_ms: int | None = None,
    request: str = REQUEST,
    job: Job = Job.NURSE,
) -> RightsRequested:
    """An application."""
    return RightsRequested(request, person, int(roles), department, job, until_ms, bytes(32))
