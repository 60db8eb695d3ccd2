"""The ways to what people sign about transfers, maps and conformity."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from akashi.app.checkup import mapdesk
from akashi.app.conformity import desk
from akashi.app.desk import transfers
from akashi.app.gateway.home import Gateway, acting
from akashi.checkup.approval.model import RetireReason
from akashi.conformity.events import RunRecorded
from akashi.conformity.flow.boundary import Share, Situation, Table
from akashi.conformity.flow.model import ApplicantKind, Application, Finding, Ruling, WithdrawnReason
from akashi.conformity.flow.service import Flow
from akashi.conformity.flow.speaking import Spoken
from akashi.conformity.model import Target, TargetKind, Verdict
from akashi.exchange.model import Destination, Form, RefuseReason, WithdrawReason
from akashi.identity.model import Role, Session
from tests.app.people.staff import hired
from tests.app.people.ways import SEEN, Way, World, request_of, way
from tests.app.service import DAY_MS
from tests.app.test_conformity_flow import book, decided
from tests.checkup.approval.texts import text

TASKS = Table(("customer", "vendor"), (Share("incident.contact", Situation.EMERGENCY, "vendor"),))
BUNDLE = b"a redacted bundle"

# The ways: transfers and maps


@way("transfer.sent")
def _sent(world: World) -> Way:
    return Way(world.clinic, world.boss, lambda by: world.clinic.exchange.send(request_of(world), acting(by)))


@way("transfer.withdrawn")
def _withdrawn(world: World) -> Way:
    name, why = world.sent(), WithdrawReason.WRONG_CONTENT
    return Way(world.clinic, world.boss, lambda by: transfers.withdrawn(world.clinic, by, name, why))


@way("transfer.opened")
def _transfer_opened(world: World) -> Way:
    name = world.sent()
    return Way(world.payer, world.buyer, lambda by: transfers.opened(world.payer, by, name, SEEN))


@way("transfer.exported")
def _exported(world: World) -> Way:
    name, to = world.opened(), Destination.DEVICE
    return Way(world.payer, world.buyer, lambda by: transfers.exported(world.payer, by, name, SEEN, to, Form.PLAIN))


@way("transfer.confirmed")
def _confirmed(world: World) -> Way:
    name = world.opened()
    return Way(world.payer, world.buyer, lambda by: transfers.confirmed(world.payer, by, name))


@way("transfer.refused")
def _refused(world: World) -> Way:
    name = world.sent()
    return Way(world.payer, world.buyer, lambda by: transfers.refused(world.payer, by, name, RefuseReason.NOT_OURS))


@way("checkup.map_approved")
def _map(world: World) -> Way:
    return Way(world.clinic, world.boss, lambda by: mapdesk.approve_text(world.clinic, by, text()))


@way("checkup.map_retired")
def _map_retired(world: World) -> Way:
    name = mapdesk.approve_text(world.clinic, world.boss, text()).map
    return Way(world.clinic, world.boss, lambda by: mapdesk.retire(world.clinic, by, name, 1, RetireReason.WRONG))


@way("checkup.map_shared")
def _map_shared(world: World) -> Way:
    name, to = mapdesk.approve_text(world.clinic, world.boss, text()).map, (world.payer.institution,)
    return Way(world.clinic, world.boss, lambda by: mapdesk.share(world.clinic, by, name, 1, to))


@way("checkup.map_adopted")
def _map_adopted(world: World) -> Way:
    mapdesk.approve_text(world.clinic, world.boss, text(), children=(world.payer.institution,))
    return Way(world.payer, world.buyer, lambda by: mapdesk.adopt(world.payer, by, text()))


# The ways: conformity


@dataclass(frozen=True)
class Assessing:
    """An application of the clinic at an assessor, and the three persons who decide on it."""

    gateway: Gateway
    vendor: Flow
    reviewer: Flow
    name: str
    people: dict[Role, Session]

    def evaluated(self) -> None:
        """The evaluator is for it."""
        self.reviewer.evaluate(self.name, Finding.FIT, Spoken("良好"), self.people[Role.ASSESSOR])

    def endorsed(self) -> None:
        """And the committee."""
        self.evaluated()
        self.reviewer.decide_in_committee(self.name, Ruling.AGREED, self.people[Role.COMMITTEE])

    def approved(self) -> None:
        """And the board."""
        self.endorsed()
        self.reviewer.decide_on_board(self.name, Ruling.AGREED, self.people[Role.BOARD])

    def way(self, role: Role, run: str, *values: object) -> Way:
        """A step of the reviewer's."""
        step = getattr(self.reviewer, run)
        return Way(self.gateway, self.people[role], lambda by: step(self.name, *values, by))


def application(assessor: str) -> Application:
    """What the clinic submits."""
    return Application(
        assessor=assessor, kind=ApplicantKind.PROVIDER, sheets=(sha256(b"sheet").digest(),), bundle=bytes([1]) * 32,
        boundary=bytes([2]) * 32, overview="架空の概要", documents=(("sheet.xlsx", b"sheet"),),
    )  # fmt: skip


def assessing(world: World, *roles: Role) -> Assessing:
    """Applied for; people of the assessor with these roles are signed in."""
    gateway = world.assessor()
    people = {role: hired(gateway, str(role.name).lower(), role) for role in roles}
    vendor = world.flow(world.clinic)
    name = vendor.apply(application(gateway.institution), world.boss)
    return Assessing(gateway, vendor, world.flow(gateway), name, people)


@way("conformity.target_registered")
def _target(world: World) -> Way:
    target = Target("", TargetKind.TLS, "localhost:8444", {}, world.now + DAY_MS)
    return Way(world.clinic, world.boss, lambda by: desk.register_target(world.clinic, by, target))


@way("conformity.target_withdrawn")
def _target_end(world: World) -> Way:
    target = Target("", TargetKind.TLS, "localhost:8444", {}, world.now + DAY_MS)
    made = desk.register_target(world.clinic, world.boss, target).handle
    return Way(world.clinic, world.boss, lambda by: desk.withdraw_target(world.clinic, by, made))


@way("conformity.boundary_proposed")
def _boundary(world: World) -> Way:
    flow, other = world.flow(world.payer), world.clinic.institution
    return Way(world.payer, world.buyer, lambda by: flow.propose(other, TASKS, "案", by))


@way("conformity.boundary_agreed")
def _agreed(world: World) -> Way:
    name = world.flow(world.payer).propose(world.clinic.institution, TASKS, "案", world.buyer)
    flow = world.flow(world.clinic)
    return Way(world.clinic, world.boss, lambda by: flow.agree(name, by))


@way("conformity.boundary_ended")
def _boundary_end(world: World) -> Way:
    flow = world.flow(world.payer)
    name = flow.propose(world.clinic.institution, TASKS, "案", world.buyer)
    world.flow(world.clinic).agree(name, world.boss)
    return Way(world.payer, world.buyer, lambda by: flow.end_boundary(name, by))


@way("conformity.risk_accepted")
def _risk(world: World) -> Way:
    flow, me, now = world.flow(world.payer), world.buyer, world.now
    said = RunRecorded("run-0002", bytes(32), 2, now, now, (1, 0, 1, 0, 0))
    world.payer.author.submit(said, subject="run-0002", person=me.person, auth=me.auth)
    whole = [decided("1-1", Verdict.CONFORMS), decided("1-2", Verdict.FAILS)]
    name = flow.flag("run-0002", book(), whole, me)
    return Way(world.payer, me, lambda by: flow.accept_risk(name, "代わりがある", now + DAY_MS, by))


@way("conformity.assessment_applied")
def _applied(world: World) -> Way:
    wish, flow = application(world.assessor().institution), world.flow(world.clinic)
    return Way(world.clinic, world.boss, lambda by: flow.apply(wish, by))


@way("conformity.assessment_evaluated")
def _evaluated(world: World) -> Way:
    return assessing(world, Role.ASSESSOR).way(Role.ASSESSOR, "evaluate", Finding.FIT, Spoken("良好"))


@way("conformity.committee_decided")
def _committee(world: World) -> Way:
    made = assessing(world, Role.ASSESSOR, Role.COMMITTEE)
    made.evaluated()
    return made.way(Role.COMMITTEE, "decide_in_committee", Ruling.AGREED)


@way("conformity.board_decided")
def _board(world: World) -> Way:
    made = assessing(world, Role.ASSESSOR, Role.COMMITTEE, Role.BOARD)
    made.endorsed()
    return made.way(Role.BOARD, "decide_on_board", Ruling.AGREED)


@way("conformity.assessment_published")
def _published(world: World) -> Way:
    made = assessing(world, Role.ASSESSOR, Role.COMMITTEE, Role.BOARD)
    made.approved()
    until, digest = world.now + 300 * DAY_MS, sha256(BUNDLE).digest()
    board = made.people[Role.BOARD]
    return Way(made.gateway, board, lambda by: made.reviewer.publish(made.name, until, digest, by, BUNDLE))


@way("conformity.assessment_withdrawn")
def _taken_back(world: World) -> Way:
    made = assessing(world)
    why = WithdrawnReason.REQUESTED
    return Way(world.clinic, world.boss, lambda by: made.vendor.withdraw(made.name, why, by))
