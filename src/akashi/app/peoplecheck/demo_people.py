"""The people of the demonstration: keys of their own, departments, applications, a review, a reset, an emergency, a visit, a report.

Guarantees: every step is the use case that pages and commands call, by a session that may, with its permission, journal and rules; who decides
is never who asked. The passkeys are those of a software authenticator in this process, and are called so wherever they show: their keys
protect nothing. Refuses nothing of its own: what a use case refuses ends the demonstration. All people are invented.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import pyotp

from akashi.app.desk import transfers
from akashi.app.duty import emergencies, visits
from akashi.app.gateway.asking import Answer
from akashi.app.gateway.home import Gateway
from akashi.app.people import factors, reports, resets, reviews, rights
from akashi.app.people.signing import answer_of, approving_for, asked
from akashi.app.peoplecheck.authenticator import SoftwareAuthenticator
from akashi.identity.emergency.model import OpenReason, ReviewVerdict
from akashi.identity.events import person as person_of
from akashi.identity.journal import What
from akashi.identity.lifecycle.model import (
    AccessVerdict,
    Decision,
    DepartmentKind,
    Found,
    ResetMethod,
    RightsReason,
    RightsRequest,
    Verdict,
)
from akashi.identity.maintenance.model import Reads, TrialData, VisitVerdict, WorkPlan, WorkPurpose
from akashi.identity.model import Job, Role, Session
from akashi.ledger.keyring.approving import ApprovalWanted
from akashi.ledger.model import ApprovalKind

LABEL = "デモ用ソフトウェア認証器（鍵は守られていません）"
_HOUR_MS = 3_600_000
_MOST_ASKED = 4
"""Operations that one use case may ask a person for."""
_DOCUMENT = "架空の写真付き身分証の写し（デモ）".encode()
_BASIS = "デモ：この仕事に要る権限です"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody signed in, with a passkey of the software authenticator."""

    gateway: Gateway = field(repr=False)
    session: Session = field(repr=False)
    key: SoftwareAuthenticator = field(repr=False)

    def do(self, use_case: Callable[[Session], T]) -> T:
        """Run a use case as a page does: asked, answered with the key, run again."""
        answers: list[Answer] = []
        for _ in range(_MOST_ASKED):
            try:
                return use_case(self._with(answers))
            except ApprovalWanted as wanted:
                answers.append(self._answer(wanted))
        return use_case(self._with(answers))

    def _with(self, answers: list[Answer]) -> Session:
        return replace(self.session, approving=approving_for(self.gateway, self.session, answers))

    def _answer(self, wanted: ApprovalWanted) -> Answer:
        data, client, signature = self.key.sign(str(asked(wanted)["challenge"]))
        key = wanted.keys[0].key.hex()
        return answer_of(wanted.operation.hex(), key, int(ApprovalKind.PASSKEY), signature, data, client)


@dataclass(frozen=True, slots=True)
class Member:
    """One made-up person of the clinic, signed in, with what they sign in with."""

    login: str
    session: Session = field(repr=False)
    password: str = field(repr=False)
    seed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Staff:
    """The clinic's people: who plans, who heads the department, who operates, and who was applied for as a newcomer."""

    planner: Member
    head: Member
    operations: Member
    department: str


def hold_key(gateway: Gateway, session: Session) -> Holder:
    """Enrol a passkey of the software authenticator for whoever is signed in; the ledger learns of its key."""
    site = gateway.accounts.factors.site
    key = SoftwareAuthenticator(site.rp_id, site.origin)
    options = factors.passkey_options(gateway, session)
    factors.enrol_passkey(gateway, session, key.create(options), LABEL)
    return Holder(gateway, session, key)


def strong() -> str:
    """A fresh password that every rule lets pass."""
    return f"{secrets.token_urlsafe(12)}-7a"


def _equipped(gateway: Gateway, person: str) -> tuple[str, str]:
    """A password and the seed of an authenticator app, both in force. The code of the period before leaves the present one free."""
    seed, password = gateway.accounts.enrol_totp(person).secret, strong()
    gateway.accounts.confirm_totp(person, pyotp.TOTP(seed).at(gateway.clock.now_ms() // 1000 - 30))
    gateway.accounts.set_password(person, password)
    return password, seed


def _member(gateway: Gateway, person: str) -> Member:
    """Equip somebody and sign them in on the gateway's machine."""
    password, seed = _equipped(gateway, person)
    login = gateway.accounts.account(person).login
    code = pyotp.TOTP(seed).at(gateway.clock.now_ms() // 1000)
    session = gateway.accounts.sign_in(login, password, code, gateway.machine_certificate())
    return Member(login, session, password, seed)


def hire(gateway: Gateway, boss: Holder) -> Staff:
    """A planner, a head and an operations person by the console, then the department: from now on rights are applied for."""
    roles = {"kikaku": Role.PLANNER, "shunin": Role.APPROVER, "unyo": Role.OPERATIONS}
    add = gateway.accounts.add_person
    people = {login: add(login=login, name=f"デモ {login}", roles=given) for login, given in roles.items()}
    planner, head, operations = (_member(gateway, people[login]) for login in roles)
    department = boss.do(
        lambda by: rights.department_registered(gateway, by, "健診課", head.session.person, DepartmentKind.CLINICAL)
    )
    return Staff(planner, head, operations, department)


def apply_for_rights(gateway: Gateway, boss: Holder, staff: Staff) -> int:
    """The head applies for a newcomer and for everybody there; somebody else decides; the head confirms (a colleague for the head)."""
    head, planner = staff.head.session, staff.planner.session
    newcomer = partial(rights.applied, gateway, head, login="kango", name="デモ 看護師", roles=Role.OPERATOR)
    made = [newcomer(department=staff.department, job=Job.NURSE, basis=_BASIS)]
    made += [_applied(gateway, head, staff, one.person) for one in (boss.session, planner, staff.operations.session)]
    made.append(boss.do(lambda by: _applied(gateway, by, staff, head.person)))
    for one in made:
        verdict = (Verdict.APPROVED, RightsReason.WORK_NEEDS_IT)
        if one.person == planner.person:
            boss.do(partial(_decided, gateway, one.handle, verdict))
        else:
            rights.decided(gateway, planner, one.handle, *verdict)
        if one.person == head.person:
            boss.do(partial(_confirmed, gateway, one.handle))
        else:
            rights.confirmed(gateway, head, one.handle, matches=True)
    return len(made)


def _applied(gateway: Gateway, by: Session, staff: Staff, person: str) -> RightsRequest:
    with gateway.ledger.view() as state:
        known = person_of(state, person)
    roles = Role(0) if known is None else known.roles
    return rights.applied(
        gateway, by, department=staff.department, roles=roles, job=Job.CLERK, basis=_BASIS, person=person
    )


def _decided(gateway: Gateway, request: str, verdict: tuple[Verdict, RightsReason], by: Session) -> None:
    rights.decided(gateway, by, request, *verdict)


def _confirmed(gateway: Gateway, request: str, by: Session) -> None:
    rights.confirmed(gateway, by, request, matches=True)


def review_accounts(gateway: Gateway, boss: Holder, staff: Staff) -> int:
    """Open a review, decide on every finding, close it; nobody decides about themselves."""
    planner = staff.planner.session
    review = reviews.opened(gateway, planner)
    for line in reviews.lines(gateway, planner, review.handle):
        found = line.found
        if found.subject == planner.person:
            boss.do(partial(_kept, gateway, review.handle, found))
        else:
            _kept(gateway, review.handle, found, planner)
    reviews.closed(gateway, planner, review.handle)
    return review.count


def _kept(gateway: Gateway, review: str, found: Found, by: Session) -> None:
    reviews.decided(gateway, by, review, found.subject, found.finding, Decision.KEEP_NEEDED, note="デモ")


def reset_password(gateway: Gateway, staff: Staff) -> Member:
    """The newcomer forgot their password: identified by a photo, given a ticket, and told at the next sign-in."""
    checker = staff.operations.session
    person = gateway.accounts.person_of_login("kango") or ""
    _, seed = _equipped(gateway, person)
    ticket = resets.issued(gateway, checker, person, ResetMethod.PHOTO_ID, document=_DOCUMENT)
    password = strong()
    resets.redeemed(gateway, "kango", ticket.code, checker.certificate, password)
    code = pyotp.TOTP(seed).at(gateway.clock.now_ms() // 1000)
    session = gateway.accounts.sign_in("kango", password, code, gateway.machine_certificate())
    for _notice in resets.notices(gateway, session):
        resets.noticed(gateway, session)
    return Member("kango", session, password, seed)


def drill_emergency(gateway: Gateway, boss: Holder, staff: Staff) -> int:
    """A drill: sealed, asked for, confirmed by a second person, used, closed, looked at by a third, sealed anew; records touched."""
    planner = staff.planner.session
    account = boss.do(lambda by: emergencies.prepare(gateway, by, "hijo-1", "デモ 非常用")).account
    opening = boss.do(lambda by: emergencies.ask(gateway, by, account, OpenReason.DRILL))
    emergencies.confirm(gateway, staff.head.session, opening)
    secret = boss.do(lambda by: emergencies.take(gateway, by, opening))
    inside = gateway.accounts.sign_in("hijo-1", secret, None, gateway.machine_certificate())
    transfers.listed(gateway, inside, received=False)
    boss.do(lambda by: emergencies.close(gateway, by, opening))
    touched = emergencies.touched(gateway, planner, opening)
    emergencies.review(gateway, planner, opening, ReviewVerdict.JUSTIFIED, "デモの訓練。見たのは一覧だけ")
    emergencies.rotate(gateway, planner, account)
    return len(touched)


def receive_maintainer(gateway: Gateway, boss: Holder, staff: Staff) -> int:
    """A visit: applied for with a plan, approved by another, done within its window, reported, looked at; deviations found."""
    person = gateway.accounts.add_person(login="hoshu", name="デモ 保守員", roles=Role.MAINTENANCE)
    password, seed = _equipped(gateway, person)
    plan = WorkPlan(
        WorkPurpose.INSPECTION,
        ("ゲートウェイ",),
        ("一覧が開くことを見る",),
        ("127.0.0.1/32",),
        expects=(What.LISTED,),
        reads=Reads.TRANSFERS,
    )
    now, operations = gateway.clock.now_ms(), staff.operations.session
    visit = visits.request(gateway, operations, person, plan, (now, now + 4 * _HOUR_MS))
    boss.do(lambda by: visits.decide(gateway, by, visit, VisitVerdict.ACCEPTED))
    code = pyotp.TOTP(seed).at(gateway.clock.now_ms() // 1000)
    inside = gateway.accounts.sign_in("hoshu", password, code, gateway.machine_certificate())
    visits.begin(gateway, inside, visit)
    inside = gateway.accounts.session(inside.token, inside.certificate)
    transfers.listed(gateway, inside, received=False)
    visits.end(gateway, inside, visit)
    made = visits.report(gateway, operations, visit, TrialData.NONE, "一覧が開くことを見た")
    visits.review(gateway, staff.planner.session, visit, VisitVerdict.ACCEPTED)
    return len(made.comparison.deviations)


def look_at_access(gateway: Gateway, staff: Staff, since_ms: int) -> int:
    """The planner looks at who read what until now, and says so on the ledger; entries marked."""
    now, planner = gateway.clock.now_ms(), staff.planner.session
    marked = len(reports.shown(gateway, planner, since_ms, now).marks)
    reports.reviewed(
        gateway, planner, since_ms, now, AccessVerdict.NOTHING_TO_NOTE if not marked else AccessVerdict.EXPLAINED
    )
    return marked
