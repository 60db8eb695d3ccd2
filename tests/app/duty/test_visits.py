"""Visits on real components: permission, journal, window, networks."""

from __future__ import annotations

from dataclasses import dataclass

import pyotp
import pytest

from akashi.app.duty import visits
from akashi.identity.errors import NotPermitted, SignInFailed
from akashi.identity.journal import Outcome, What
from akashi.identity.maintenance import rules
from akashi.identity.maintenance.errors import VisitUnknown
from akashi.identity.maintenance.model import READ_ACTIONS, Reads, TrialData, VisitVerdict, WorkPlan, WorkPurpose
from akashi.identity.model import Role, Session
from akashi.identity.permissions import PERMISSIONS
from akashi.ledger.errors import Refused
from tests.app.people.staff import hired
from tests.app.service import CLINIC, PASSWORD, PAYER, Service

HOUR = 3_600_000
CONSOLE = WorkPlan(
    WorkPurpose.FAULT,
    ("ゲートウェイ",),
    ("直す",),
    ("127.0.0.1/32",),
    expects=(What.LISTED, What.READ),
    reads=Reads.TRANSFERS | Reads.RESULTS,
)


@dataclass
class Visitor:
    """A maintainer of the clinic with a password and a code."""

    service: Service
    person: str
    totp: pyotp.TOTP

    def arrive(self) -> Session:
        """Sign in at the gateway's console, half a minute later: a code counts once."""
        self.service.clock.advance(30_000)
        code = self.totp.at(self.service.clock.now_ms() // 1000)
        gateway = self.service.clinic
        return gateway.accounts.sign_in("hoshu", PASSWORD, code, gateway.machine_certificate())


def visitor(service: Service) -> Visitor:
    """Registered by the console, as people of a vendor are before their first visit."""
    accounts = service.clinic.accounts
    person = accounts.add_person(login="hoshu", name="保守 太郎", roles=Role.MAINTENANCE)
    totp = pyotp.TOTP(accounts.enrol_totp(person).secret)
    accounts.confirm_totp(person, totp.at(service.clock.now_ms() // 1000 - 30))
    accounts.set_password(person, PASSWORD)
    return Visitor(service, person, totp)


def request(service: Service, ops: Session, person: str, plan: WorkPlan = CONSOLE) -> str:
    """A visit of four hours from now on."""
    now = service.clock.now_ms()
    return visits.request(service.clinic, ops, person, plan, (now, now + 4 * HOUR))


def test_from_application_to_review(service: Service) -> None:
    """Approved by another, worked in the window with what was granted, compared, reported and reviewed; each step is in the journal."""
    gateway, boss, guest = service.clinic, service.session(CLINIC), visitor(service)
    ops, planner = hired(gateway, "unyo", Role.OPERATIONS), hired(gateway, "kikaku", Role.PLANNER)
    visit = request(service, ops, guest.person)
    with pytest.raises(SignInFailed):
        guest.arrive()
    assert visits.shown(gateway, planner, visit).plan == CONSOLE
    visits.decide(gateway, planner, visit, VisitVerdict.ACCEPTED)
    session = guest.arrive()
    visits.begin(gateway, session, visit)
    session = gateway.accounts.session(session.token, session.certificate)
    gateway.accounts.require(session, "transfer.open")
    gateway.journal.record(What.READ, session=session, subject="tr-seen0000")
    visits.end(gateway, session, visit)
    report = visits.report(gateway, ops, visit, TrialData.NONE, "直した")
    visits.review(gateway, boss, visit, VisitVerdict.ACCEPTED)

    assert (report.comparison.deviations, report.comparison.seen) == ((), ("tr-seen0000",))
    recorded = [(one.what, one.reason) for one in gateway.journal.entries() if one.subject == visit]
    assert recorded == [
        (What.REPORT_READ, "visit.shown"),
        (What.MAINTENANCE_DECIDED, "visit.accepted"),
        (What.MAINTENANCE_BEGUN, "visit.begun"),
        (What.MAINTENANCE_ENDED, "visit.ended"),
        (What.MAINTENANCE_REPORTED, "visit.reported"),
        (What.REVIEWED, "visit.review_accepted"),
    ]
    with pytest.raises(SignInFailed):
        guest.arrive()


def test_self_approval_is_refused_and_recorded(service: Service) -> None:
    """Attack: whoever applied decides."""
    gateway, guest = service.clinic, visitor(service)
    both = hired(gateway, "ryoho", Role.OPERATIONS | Role.MANAGER)
    visit = request(service, both, guest.person)

    with pytest.raises(Refused):
        visits.decide(gateway, both, visit, VisitVerdict.ACCEPTED)
    entry = [one for one in gateway.journal.entries() if one.what is What.MAINTENANCE_DECIDED][-1]
    assert (entry.outcome, entry.reason) == (Outcome.REFUSED, "visit.self")


def test_a_visitor_sees_no_results_and_no_other_visits(service: Service) -> None:
    """Attack: a visitor looks around: results, people, somebody else's visit."""
    gateway, boss, guest = service.clinic, service.session(CLINIC), visitor(service)
    ops = hired(gateway, "unyo", Role.OPERATIONS)
    other = gateway.accounts.add_person(login="betsu", name="保守 次郎", roles=Role.MAINTENANCE)
    own, theirs = request(service, ops, guest.person), request(service, ops, other)
    visits.decide(gateway, boss, own, VisitVerdict.ACCEPTED)
    session = guest.arrive()

    assert [one.handle for one in visits.listed(gateway, session)] == [own]
    for action in ("transfer.open", "transfer.read", "person.manage", "emergency.open"):
        with pytest.raises(NotPermitted):
            gateway.accounts.require(session, action)
    with pytest.raises(VisitUnknown):
        visits.shown(gateway, session, theirs)
    with pytest.raises(VisitUnknown):
        visits.end(gateway, session, theirs)


def test_another_institutions_visits_do_not_exist(service: Service) -> None:
    """Attack: the payer's manager decides on the clinic's visit."""
    ops = hired(service.clinic, "unyo", Role.OPERATIONS)
    visit = request(service, ops, visitor(service).person)

    with pytest.raises(VisitUnknown):
        visits.decide(service.payer, service.session(PAYER), visit, VisitVerdict.ACCEPTED)
    assert visits.listed(service.payer, service.session(PAYER)) == []


@pytest.mark.parametrize(
    ("action", "roles"),
    [
        ("maintenance.request", rules.REQUESTERS),
        ("maintenance.decide", rules.DECIDERS),
        ("maintenance.work", Role.MAINTENANCE),
        ("maintenance.review", rules.REVIEWERS),
    ],
)
def test_the_ledger_and_the_table_of_permissions_agree(action: str, roles: Role) -> None:
    """What the table permits the ledger accepts, and nothing else."""
    assert PERMISSIONS[action] == roles


def test_what_a_visit_can_grant_is_only_reading() -> None:
    """Every bit stands for an action of the table, and none of them changes anything or manages anybody."""
    assert set(READ_ACTIONS) == set(Reads)
    assert set(READ_ACTIONS.values()) <= set(PERMISSIONS)
    assert not [one for one in READ_ACTIONS.values() if one.endswith((".manage", ".send", ".decide"))]
