"""One way to each kind of operation that a person signs: what must be there first, and the use case that says it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from akashi.app.conformity.flows import open_flow
from akashi.app.desk import transfers
from akashi.app.duty import emergencies, visits
from akashi.app.gateway.enrolment import FirstPerson, join
from akashi.app.gateway.home import Gateway, acting
from akashi.app.people import clients, factors, reviews, rights
from akashi.conformity.flow.service import Flow
from akashi.exchange.model import ReadPurpose, SendRequest, document
from akashi.identity.access.model import ClientTerms
from akashi.identity.emergency.model import OpenReason
from akashi.identity.lifecycle import model as lifecycle
from akashi.identity.maintenance.model import Reads, VisitVerdict, WorkPlan, WorkPurpose
from akashi.identity.model import InstitutionRole, Job, Role, Session
from akashi.keys.model import FAST_UNSAFE_COST
from tests.app.people.staff import Staff, Ward, device, hired, signed_in, staffed
from tests.app.service import DAY_MS, PASSPHRASE, PAYER, Service
from tests.identity.factors.authenticator import Authenticator

SEEN = ReadPurpose.CHECKUP_RESULT


@dataclass(frozen=True, slots=True)
class Way:
    """Who signs where, and what is run; ``enrolling`` is the session in which their passkey is enrolled, if another."""

    gateway: Gateway
    session: Session
    run: Callable[[Session], object]
    enrolling: Session | None = None


WAYS: dict[str, Callable[[World], Way]] = {}


def way(kind: str) -> Callable[[Callable[[World], Way]], Callable[[World], Way]]:
    """Register the way to a kind."""

    def kept(make: Callable[[World], Way]) -> Callable[[World], Way]:
        WAYS[kind] = make
        return make

    return kept


class World:
    """A staffed home; what only some ways need is made when they ask for it."""

    def __init__(self, service: Service, ward: Ward) -> None:
        self.service, self.clinic, self.payer = service, service.clinic, service.payer
        self.staff: Staff = staffed(service, ward)
        self.boss, self.buyer = self.staff.boss, service.session(PAYER)
        self.now = service.clock.now_ms()
        self._opened: list[Any] = []

    def close(self) -> None:
        """Whatever was opened."""
        for one in reversed(self._opened):
            one.close()

    def flow(self, gateway: Gateway) -> Flow:
        """A gateway's flow, closed with the world."""
        made = open_flow(gateway)
        self._opened.append(made)
        return made

    def assessor(self) -> Gateway:
        """An institution that assesses has joined."""
        made = join(
            self.service.server, self.service.home, name="架空評価協会", number="", roles=InstitutionRole.ASSESSOR,
            first=FirstPerson("eva", "架空 評価", Role.MANAGER), passphrase=PASSPHRASE,
            settings=self.clinic.settings, clock=self.service.clock, cost=FAST_UNSAFE_COST,
        )  # fmt: skip
        self._opened.append(made.gateway)
        return made.gateway

    def passkey(self, gateway: Gateway, session: Session) -> tuple[Authenticator, str]:
        """A passkey of the session's person, enrolled as on their page, and its factor id."""
        site = gateway.accounts.factors.site
        made = Authenticator(rp_id=site.rp_id, origin=site.origin)
        answer = made.create(factors.passkey_options(gateway, session))
        return made, factors.enrol_passkey(gateway, session, answer, "鍵").factor.id

    def sent(self, content: bytes = b"id\r\n1\r\n") -> str:
        """A transfer from the clinic to the payer."""
        return self.clinic.exchange.send(request_of(self, content), acting(self.boss)).transfer

    def opened(self) -> str:
        """One that the payer has opened."""
        name = self.sent()
        transfers.opened(self.payer, self.buyer, name, SEEN)
        return name

    def client(self) -> tuple[str, ClientTerms]:
        """A machine client of the clinic."""
        terms = ClientTerms(frozenset({"transfer.read"}), self.now + 30 * DAY_MS, self.boss.person)
        handle, _ = device(self.service, self.clinic, self.boss.person)
        return clients.enrolled(self.clinic, self.boss, handle, terms, label="架空").client, terms

    def sealed(self) -> str:
        """An emergency account."""
        return emergencies.prepare(self.clinic, self.boss, "hijo.1", "非常時").account

    def closed_opening(self) -> tuple[str, str]:
        """An account, and its opening that is over."""
        account = self.sealed()
        opening = emergencies.ask(self.clinic, self.boss, account, OpenReason.AGREED)
        emergencies.confirm(self.clinic, self.staff.nurse, opening)
        emergencies.close(self.clinic, self.boss, opening)
        return account, opening

    def applied(self, **changes: Any) -> str:
        """An application for rights for the nurse."""
        return apply(self, self.staff.head, **changes).handle

    def review(self) -> str:
        """A review on which everything is decided but the planner's own account, which the boss decides."""
        name = reviews.opened(self.clinic, self.staff.planner).handle
        for line in reviews.lines(self.clinic, self.staff.planner, name):
            by = self.boss if line.found.subject == self.staff.planner.person else self.staff.planner
            keep = lifecycle.Decision.KEEP_NEEDED
            reviews.decided(self.clinic, by, name, line.found.subject, line.found.finding, keep)
        return name

    def visit(self) -> tuple[Session, str, str]:
        """Operations, a maintainer, and a visit that was applied for."""
        operations = hired(self.clinic, "unyo", Role.OPERATIONS)
        maintainer = self.clinic.accounts.add_person(login="hoshu", name="架空 保守", roles=Role.MAINTENANCE)
        plan = WorkPlan(WorkPurpose.FAULT, ("ゲートウェイ",), ("直す",), ("127.0.0.1/32",), reads=Reads.TRANSFERS)
        window = (self.now, self.now + 4 * 3_600_000)
        return operations, maintainer, visits.request(self.clinic, operations, maintainer, plan, window)

    def ended_visit(self) -> tuple[Session, str]:
        """Operations, and a visit that is over."""
        operations, maintainer, visit = self.visit()
        visits.decide(self.clinic, self.staff.planner, visit, VisitVerdict.ACCEPTED)
        guest = signed_in(self.clinic, maintainer)
        visits.begin(self.clinic, guest, visit)
        visits.end(self.clinic, guest, visit)
        return operations, visit


def request_of(world: World, content: bytes = b"id\r\n1\r\n") -> SendRequest:
    """One file to the payer."""
    return SendRequest(receiver=world.payer.institution, documents=(document("kekka.csv", content),))


def apply(world: World, by: Session, **changes: Any) -> lifecycle.RightsRequest:
    """Apply for the ward, for the nurse unless it is said otherwise."""
    terms: dict[str, Any] = {
        "department": world.staff.ward, "roles": Role.OPERATOR | Role.APPROVER, "job": Job.NURSE, "basis": "架空の理由",
    }  # fmt: skip
    if "login" not in changes:
        terms["person"] = world.staff.nurse.person
    return rights.applied(world.clinic, by, **(terms | changes))
