"""The ways to what people sign about people, rights, clients, documents, emergencies and visits."""

from __future__ import annotations

from dataclasses import replace

import pyotp

from akashi.app.duty import emergencies, visits
from akashi.app.people import clients, documents, factors, presence, reports, resets, reviews, rights
from akashi.identity.access.model import ClientReason
from akashi.identity.emergency.model import OpenReason, ReviewVerdict
from akashi.identity.lifecycle.model import AccessVerdict, Decision, DepartmentKind, ResetMethod, RightsReason, Verdict
from akashi.identity.maintenance.model import Reads, TrialData, VisitVerdict, WorkPlan, WorkPurpose
from akashi.identity.model import Arrival, Job, PersonReason, Role, Session
from akashi.identity.presence.model import Answer
from akashi.signatures.model import Level, Signed
from tests.app.people.staff import device, hired
from tests.app.people.ways import Way, World, apply, way
from tests.app.service import DAY_MS, PASSWORD

# The ways: people


@way("access.confirmed")
def _second_place(world: World) -> Way:
    accounts, clock = world.clinic.accounts, world.service.clock
    person = accounts.add_person(login="hataraku", name="架空 働", roles=Role.OPERATOR)
    code = pyotp.TOTP(accounts.enrol_totp(person).secret)
    accounts.confirm_totp(person, code.at(clock.now_ms() // 1000 - 30))
    accounts.set_password(person, PASSWORD)
    places = []
    for _ in ("there", "here"):
        shown = code.at(clock.now_ms() // 1000)
        places.append(accounts.sign_in("hataraku", PASSWORD, shown, world.clinic.machine_certificate(), Arrival()))
        clock.advance(30_000)  # a code counts once
    first, second = places
    return Way(world.clinic, second, lambda by: presence.confirm(world.clinic, by, Answer.YES), first)


@way("access.reviewed")
def _report(world: World) -> Way:
    verdict, planner = AccessVerdict.NOTHING_TO_NOTE, world.staff.planner
    return Way(world.clinic, planner, lambda by: reports.reviewed(world.clinic, by, 0, world.now, verdict))


@way("key.enrolled")
def _second_key(world: World) -> Way:
    nurse = world.staff.nurse
    world.passkey(world.clinic, nurse)
    _, second = world.passkey(world.clinic, nurse)
    return Way(world.clinic, world.boss, lambda by: factors.introduce(world.clinic, by, second, nurse.person))


@way("person.registered")
def _new_person(world: World) -> Way:
    def run(by: Session) -> object:
        return world.payer.accounts.add_person(login="shinjin", name="架空 新人", roles=Role.OPERATOR, by=by)

    return Way(world.payer, world.buyer, run)


@way("person.changed")
def _changed_person(world: World) -> Way:
    person = world.payer.accounts.add_person(login="shinjin", name="架空 新人", roles=Role.OPERATOR)
    return Way(world.payer, world.buyer, lambda by: world.payer.accounts.change_roles(person, Role.APPROVER, by=by))


@way("person.disabled")
def _leaver(world: World) -> Way:
    nurse = world.staff.nurse.person
    return Way(world.clinic, world.boss, lambda by: rights.left(world.clinic, by, nurse, PersonReason.LEFT))


@way("person.placed")
def _placed(world: World) -> Way:
    ward, nurse = world.staff.ward, world.staff.nurse.person
    return Way(world.clinic, world.boss, lambda by: rights.placed(world.clinic, by, nurse, ward, Job.CLERK))


@way("person.reset")
def _reset(world: World) -> Way:
    nurse, how = world.staff.nurse.person, ResetMethod.IN_PERSON_BY_MANAGER
    return Way(world.clinic, world.boss, lambda by: resets.issued(world.clinic, by, nurse, how))


@way("department.registered")
def _department(world: World) -> Way:
    head, kind = world.staff.head.person, DepartmentKind.CLINICAL
    return Way(world.clinic, world.boss, lambda by: rights.department_registered(world.clinic, by, "外来", head, kind))


@way("department.changed")
def _department_head(world: World) -> Way:
    ward, nurse = world.staff.ward, world.staff.nurse.person
    return Way(world.clinic, world.boss, lambda by: rights.department_changed(world.clinic, by, ward, nurse))


@way("department.closed")
def _department_end(world: World) -> Way:
    head, kind = world.staff.head.person, DepartmentKind.CLINICAL
    made = rights.department_registered(world.clinic, world.boss, "外来", head, kind)
    return Way(world.clinic, world.boss, lambda by: rights.department_closed(world.clinic, by, made))


@way("rights.requested")
def _newcomer(world: World) -> Way:
    return Way(world.clinic, world.staff.head, lambda by: apply(world, by, login="shinjin", name="架空 新人"))


@way("rights.decided")
def _rights_decided(world: World) -> Way:
    request, why = world.applied(login="shinjin", name="架空 新人"), RightsReason.WORK_NEEDS_IT
    return Way(world.clinic, world.boss, lambda by: rights.decided(world.clinic, by, request, Verdict.APPROVED, why))


@way("rights.confirmed")
def _rights_confirmed(world: World) -> Way:
    request = apply(world, world.staff.nurse, person=world.staff.planner.person, roles=Role.PLANNER).handle
    rights.decided(world.clinic, world.boss, request, Verdict.APPROVED, RightsReason.WORK_NEEDS_IT)
    return Way(world.clinic, world.staff.head, lambda by: rights.confirmed(world.clinic, by, request, matches=True))


@way("review.opened")
def _review(world: World) -> Way:
    return Way(world.clinic, world.staff.planner, lambda by: reviews.opened(world.clinic, by))


@way("review.decided")
def _finding(world: World) -> Way:
    name, boss = reviews.opened(world.clinic, world.boss).handle, world.boss
    found = next(one.found for one in reviews.lines(world.clinic, boss, name) if one.found.subject != boss.person)

    def run(by: Session) -> None:
        reviews.decided(world.clinic, by, name, found.subject, found.finding, Decision.KEEP_NEEDED, note="要る")

    return Way(world.clinic, boss, run)


@way("review.closed")
def _review_closed(world: World) -> Way:
    name = world.review()
    return Way(world.clinic, world.staff.planner, lambda by: reviews.closed(world.clinic, by, name))


@way("client.enrolled")
def _client(world: World) -> Way:
    _, terms = world.client()
    handle, _ = device(world.service, world.clinic, world.boss.person)
    return Way(world.clinic, world.boss, lambda by: clients.enrolled(world.clinic, by, handle, terms, label="架空 二"))


@way("client.changed")
def _client_terms(world: World) -> Way:
    client, terms = world.client()
    other = replace(terms, actions=frozenset({"ledger.read"}))
    return Way(world.clinic, world.boss, lambda by: clients.changed(world.clinic, by, client, other))


@way("client.disabled")
def _client_end(world: World) -> Way:
    client, _ = world.client()
    return Way(world.clinic, world.boss, lambda by: clients.disabled(world.clinic, by, client, ClientReason.RETIRED))


@way("document.signed")
def _document(world: World) -> Way:
    made = Signed(b"%PDF", bytes([1]) * 32, bytes([2]) * 32, bytes([3]) * 32, Level.B_LT, None)
    return Way(world.clinic, world.boss, lambda by: documents.recorded_signing(world.clinic, by, made))


# The ways: emergencies and visits


@way("emergency.prepared")
def _prepared(world: World) -> Way:
    return Way(world.clinic, world.boss, lambda by: emergencies.prepare(world.clinic, by, "hijo.1", "非常時"))


@way("emergency.rotated")
def _rotated(world: World) -> Way:
    account, _ = world.closed_opening()
    return Way(world.clinic, world.boss, lambda by: emergencies.rotate(world.clinic, by, account))


@way("emergency.asked")
def _asked(world: World) -> Way:
    account = world.sealed()
    return Way(world.clinic, world.boss, lambda by: emergencies.ask(world.clinic, by, account, OpenReason.AGREED))


@way("emergency.opened")
def _opened(world: World) -> Way:
    opening = emergencies.ask(world.clinic, world.boss, world.sealed(), OpenReason.AGREED)
    return Way(world.clinic, world.staff.nurse, lambda by: emergencies.confirm(world.clinic, by, opening))


@way("emergency.closed")
def _closed(world: World) -> Way:
    opening = emergencies.open_alone(world.clinic, world.boss, world.sealed(), OpenReason.DISASTER).handle
    return Way(world.clinic, world.boss, lambda by: emergencies.close(world.clinic, by, opening))


@way("emergency.reviewed")
def _reviewed(world: World) -> Way:
    _, opening = world.closed_opening()
    good = ReviewVerdict.JUSTIFIED
    return Way(
        world.clinic, world.staff.planner, lambda by: emergencies.review(world.clinic, by, opening, good, "見た")
    )


@way("emergency.declared")
def _declared(world: World) -> Way:
    world.sealed()
    return Way(world.clinic, world.boss, lambda by: emergencies.declare(world.clinic, by, OpenReason.CYBER_ATTACK))


@way("emergency.ended")
def _ended(world: World) -> Way:
    world.sealed()
    declared = emergencies.declare(world.clinic, world.boss, OpenReason.CYBER_ATTACK).handle
    return Way(world.clinic, world.boss, lambda by: emergencies.end(world.clinic, by, declared))


@way("visit.requested")
def _visit(world: World) -> Way:
    operations = hired(world.clinic, "unyo", Role.OPERATIONS)
    guest = world.clinic.accounts.add_person(login="hoshu", name="架空 保守", roles=Role.MAINTENANCE)
    plan = WorkPlan(WorkPurpose.FAULT, ("機器",), ("直す",), ("127.0.0.1/32",), reads=Reads.TRANSFERS)
    window = (world.now + DAY_MS, world.now + DAY_MS + 3_600_000)
    return Way(world.clinic, operations, lambda by: visits.request(world.clinic, by, guest, plan, window))


@way("visit.decided")
def _visit_decided(world: World) -> Way:
    *_, visit = world.visit()
    accepted = VisitVerdict.ACCEPTED
    return Way(world.clinic, world.staff.planner, lambda by: visits.decide(world.clinic, by, visit, accepted))


@way("visit.reported")
def _visit_reported(world: World) -> Way:
    operations, visit = world.ended_visit()
    none = TrialData.NONE
    return Way(world.clinic, operations, lambda by: visits.report(world.clinic, by, visit, none, "直した"))


@way("visit.reviewed")
def _visit_reviewed(world: World) -> Way:
    operations, visit = world.ended_visit()
    visits.report(world.clinic, operations, visit, TrialData.NONE, "直した")
    accepted = VisitVerdict.ACCEPTED
    return Way(world.clinic, world.staff.planner, lambda by: visits.review(world.clinic, by, visit, accepted))
