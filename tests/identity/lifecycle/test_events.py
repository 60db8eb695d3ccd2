"""Rights on the ledger: who may apply, decide and confirm, and when it takes effect."""

from __future__ import annotations

import pytest

from akashi.identity import events as identity
from akashi.identity.access.events import ClientDisabled
from akashi.identity.access.model import ClientReason
from akashi.identity.emergency.events import EmergencyDeclared
from akashi.identity.emergency.model import OpenReason
from akashi.identity.lifecycle import events
from akashi.identity.lifecycle.model import DepartmentKind, RightsReason, RightsStage, Verdict
from akashi.identity.lifecycle.standing import placement
from akashi.identity.maintenance.events import VisitDecided
from akashi.identity.maintenance.model import VisitVerdict
from akashi.identity.model import InstitutionReason, Job, PersonReason, Role
from akashi.ledger.errors import Refused
from tests.identity.lifecycle.world import (
    BOSS,
    CLERK,
    CLINIC,
    DAY_MS,
    HEAD,
    HOSPITAL,
    LABORATORY,
    NEW,
    NURSE,
    OUTSIDER,
    PLANNER,
    REQUEST,
    WARD,
    World,
    application,
    clinic,
)

WIDER = Role.OPERATOR | Role.APPROVER
APPROVED = events.RightsDecided(REQUEST, Verdict.APPROVED, RightsReason.WORK_NEEDS_IT)
REFUSED = events.RightsDecided(REQUEST, Verdict.REFUSED, RightsReason.TOO_WIDE)


@pytest.fixture
def world() -> World:
    """The clinic of ``world``."""
    return clinic()


def _stage(world: World) -> RightsStage:
    found = events.rights_request(world.state, REQUEST)
    assert found is not None
    return found.stage


def test_an_application_alone_changes_nothing(world: World) -> None:
    """Roles are as before until somebody else decides."""
    world.say(application(), CLERK)
    assert world.roles(NURSE) == Role.OPERATOR


def test_an_approval_is_in_force_in_its_own_operation(world: World) -> None:
    """Deciding changes roles, department and job at once."""
    world.say(application(department=LABORATORY, job=Job.LABORATORY_TECHNOLOGIST), BOSS)
    world.say(APPROVED, PLANNER)
    assert world.roles(NURSE) == WIDER
    assert placement(world.state, NURSE) == (LABORATORY, Job.LABORATORY_TECHNOLOGIST)


def test_moving_ends_the_old_roles(world: World) -> None:
    """Who moves has what was applied for, not what they had before beside it."""
    world.say(application(NURSE, Role.APPROVER, department=LABORATORY), BOSS)
    world.say(APPROVED, PLANNER)
    assert world.roles(NURSE) == Role.APPROVER
    assert events.members(world.state, WARD) == [CLERK, HEAD]


def test_a_newcomer_is_on_the_ledger_by_the_approval(world: World) -> None:
    """A new handle becomes a person when it is approved, and not before."""
    world.say(application(NEW), CLERK)
    assert world.roles(NEW) is None
    world.say(APPROVED, BOSS)
    assert world.roles(NEW) == WIDER


def test_a_refusal_leaves_everything(world: World) -> None:
    """Nothing changes, and the person can be applied for again."""
    world.say(application(), CLERK)
    world.say(REFUSED, BOSS)
    world.say(application(request="req-00000002"), CLERK)
    assert world.roles(NURSE) == Role.OPERATOR


@pytest.mark.parametrize(
    ("applicant", "concerned", "decider", "reason"),
    [
        (BOSS, NURSE, BOSS, "rights.own_request"),
        (CLERK, BOSS, BOSS, "actor.self"),
        (CLERK, NURSE, HEAD, "actor.roles"),
        (CLERK, NURSE, OUTSIDER, "actor.person"),
        (CLERK, NURSE, None, "actor.person"),
    ],
)
def test_nobody_decides_alone(world: World, applicant: str, concerned: str, decider: str | None, reason: str) -> None:
    """Attack: approving one's own application, one's own rights, without the role, from elsewhere, or as the bare gateway."""
    world.say(application(concerned), applicant)
    with pytest.raises(Refused) as caught:
        world.say(APPROVED, decider)
    assert caught.value.params["reason"] == reason


def test_another_institution_does_not_know_the_application(world: World) -> None:
    """Attack: a manager of a hospital decides on a clinic's application."""
    world.say(application(), CLERK)
    with pytest.raises(Refused) as caught:
        world.say(APPROVED, OUTSIDER, HOSPITAL)
    assert caught.value.params["reason"] == "rights.unknown"


def test_a_decision_counts_once(world: World) -> None:
    """Attack: replaying an approval after it was refused."""
    world.say(application(), CLERK)
    world.say(REFUSED, BOSS)
    with pytest.raises(Refused) as caught:
        world.say(APPROVED, PLANNER)
    assert caught.value.params["reason"] == "rights.decided"


@pytest.mark.parametrize(
    ("body", "by", "reason"),
    [
        (application(department=LABORATORY), NURSE, "rights.other_department"),
        (application(OUTSIDER), CLERK, "person.unknown"),
        (application(roles=Role.SECRETARIAT), CLERK, "rights.roles"),
        (application(roles=Role.EMERGENCY), CLERK, "rights.roles"),
        (application(roles=Role.ASSESSOR), CLERK, "person.roles_institution"),
        (application(department="dep-none0000"), CLERK, "rights.department"),
        (application(until_ms=1_000), CLERK, "rights.until"),
        (application(until_ms=1_000 + 400 * DAY_MS), CLERK, "rights.until"),
        (application(), None, "actor.person"),
    ],
)
def test_what_cannot_be_applied_for(world: World, body: events.RightsRequested, by: str | None, reason: str) -> None:
    """Attack: another department's people, another institution's, roles that are not given so, times that are none."""
    with pytest.raises(Refused) as caught:
        world.say(body, by)
    assert caught.value.params["reason"] == reason


def test_one_application_about_a_person_at_a_time(world: World) -> None:
    """A second one waits until the first is decided, so that nobody approves what is outdated."""
    world.say(application(), CLERK)
    with pytest.raises(Refused) as caught:
        world.say(application(request="req-00000002"), HEAD)
    assert caught.value.params["reason"] == "rights.open"


def test_rights_for_a_time_end_by_themselves(world: World) -> None:
    """When the time has passed the person's own roles count again, and nobody had to do anything."""
    world.say(application(until_ms=world.now + DAY_MS), CLERK)
    world.say(APPROVED, BOSS)
    during = world.roles(NURSE)
    world.now += DAY_MS
    assert (during, world.roles(NURSE)) == (WIDER, Role.OPERATOR)


def test_roles_for_a_time_count_on_the_ledger_too(world: World) -> None:
    """Who is a manager for a day manages that day, and is refused the next."""
    world.say(application(NURSE, Role.MANAGER, until_ms=world.now + DAY_MS), CLERK)
    world.say(APPROVED, BOSS)
    world.say(events.DepartmentRegistered("dep-third000", HEAD, DepartmentKind.OTHER), NURSE)
    world.now += DAY_MS
    with pytest.raises(Refused) as caught:
        world.say(events.DepartmentRegistered("dep-fourth00", HEAD, DepartmentKind.OTHER), NURSE)
    assert caught.value.params["reason"] == "actor.roles"


def test_a_newcomer_for_a_time_has_nothing_afterwards(world: World) -> None:
    """Their own roles are none."""
    world.say(application(NEW, until_ms=world.now + DAY_MS), CLERK)
    world.say(APPROVED, BOSS)
    world.now += DAY_MS
    assert world.roles(NEW) == Role(0)


def test_the_departments_manager_confirms(world: World) -> None:
    """What is in force stays."""
    world.say(application(), CLERK)
    world.say(APPROVED, BOSS)
    world.say(events.RightsConfirmed(REQUEST, matches=True), HEAD)
    assert (_stage(world), world.roles(NURSE)) == (RightsStage.CONFIRMED, WIDER)


def test_a_mismatch_suspends(world: World) -> None:
    """What was before is in force again, roles and place."""
    world.say(application(department=LABORATORY, job=Job.CLERK), BOSS)
    world.say(APPROVED, PLANNER)
    world.say(events.RightsConfirmed(REQUEST, matches=False), CLERK)
    assert (_stage(world), world.roles(NURSE)) == (RightsStage.SUSPENDED, Role.OPERATOR)
    assert placement(world.state, NURSE) == (WARD, Job.NURSE)


def test_a_mismatch_takes_from_a_newcomer_everything(world: World) -> None:
    """Before there was nothing."""
    world.say(application(NEW), CLERK)
    world.say(APPROVED, BOSS)
    world.say(events.RightsConfirmed(REQUEST, matches=False), HEAD)
    assert world.roles(NEW) == Role(0)


def test_a_late_mismatch_does_not_undo_what_is_newer(world: World) -> None:
    """A second approval came in between: only the first application is marked."""
    world.say(application(), CLERK)
    world.say(APPROVED, BOSS)
    world.say(application(roles=Role.APPROVER, request="req-00000002"), CLERK)
    world.say(events.RightsDecided("req-00000002", Verdict.APPROVED, RightsReason.WORK_NEEDS_IT), BOSS)
    world.say(events.RightsConfirmed(REQUEST, matches=False), HEAD)
    assert world.roles(NURSE) == Role.APPROVER


@pytest.mark.parametrize(
    ("by", "reason"), [(BOSS, "rights.own_decision"), (NURSE, "actor.self"), (CLERK, "rights.not_manager")]
)
def test_who_may_not_confirm(world: World, by: str, reason: str) -> None:
    """Attack: confirming one's own decision, one's own rights, or without being the department's manager."""
    world.say(application(), CLERK)
    world.say(APPROVED, BOSS)
    with pytest.raises(Refused) as caught:
        world.say(events.RightsConfirmed(REQUEST, matches=True), by)
    assert caught.value.params["reason"] == reason


def test_another_confirms_where_the_departments_manager_cannot(world: World) -> None:
    """The application is about the department's manager: somebody else who decides on rights confirms."""
    world.say(application(HEAD, Role.OPERATOR), CLERK)
    world.say(APPROVED, BOSS)
    world.say(events.RightsConfirmed(REQUEST, matches=True), PLANNER)
    assert _stage(world) is RightsStage.CONFIRMED


def test_no_manager_gives_rights_alone_where_there_are_departments(world: World) -> None:
    """Attack: going round the application by registering or changing a person directly; taking away is allowed."""
    for body in (
        identity.PersonRegistered(NEW, CLINIC, int(Role.OPERATOR)),
        identity.PersonChanged(NURSE, int(WIDER)),
    ):
        with pytest.raises(Refused) as caught:
            world.say(body, BOSS)
        assert caught.value.params["reason"] == "rights.apply"
    world.say(application(), CLERK)
    world.say(APPROVED, BOSS)
    world.say(identity.PersonChanged(NURSE, int(Role.OPERATOR)), BOSS)
    assert world.roles(NURSE) == Role.OPERATOR


def test_who_left_stays_gone(world: World) -> None:
    """Attack: an application that was made before somebody left is approved afterwards."""
    world.say(application(), CLERK)
    world.say(identity.PersonDisabled(NURSE, PersonReason.LEFT), BOSS)
    with pytest.raises(Refused) as caught:
        world.say(APPROVED, BOSS)
    assert caught.value.params["reason"] == "person.disabled"


def test_a_stopped_institution_applies_for_nothing(world: World) -> None:
    """Its people do nothing on the ledger any more."""
    world.secretariat(identity.InstitutionDisabled(CLINIC, InstitutionReason.CONTRACT))
    with pytest.raises(Refused) as caught:
        world.say(application(), CLERK)
    assert caught.value.params["reason"] == "institution.disabled"


def test_a_department_closes_when_it_is_empty(world: World) -> None:
    """Whoever works in it must be placed elsewhere first; those who left do not count."""
    with pytest.raises(Refused) as caught:
        world.say(events.DepartmentClosed(WARD), BOSS)
    assert caught.value.params["reason"] == "department.members"
    for person in (HEAD, CLERK):
        world.say(events.PersonPlaced(person, LABORATORY, Job.NURSE), BOSS)
    world.say(identity.PersonDisabled(NURSE, PersonReason.LEFT), BOSS)
    world.say(events.DepartmentClosed(WARD), BOSS)
    found = events.department(world.state, WARD)
    assert found is not None
    assert not found.open


@pytest.mark.parametrize(
    ("body", "by", "reason"),
    [
        (events.PersonPlaced(BOSS, WARD, Job.DOCTOR), BOSS, "actor.self"),
        (events.DepartmentChanged(WARD, BOSS), BOSS, "actor.self"),
        (events.PersonPlaced(OUTSIDER, WARD, Job.DOCTOR), BOSS, "person.unknown"),
        (events.DepartmentRegistered(WARD, HEAD, DepartmentKind.OTHER), BOSS, "department.exists"),
        (events.DepartmentRegistered("dep-third000", OUTSIDER, DepartmentKind.OTHER), BOSS, "person.unknown"),
        (events.DepartmentChanged(WARD, NURSE), NURSE, "actor.roles"),
    ],
)
def test_what_departments_refuse(world: World, body: object, by: str, reason: str) -> None:
    """Attack: placing oneself, making oneself manager, naming other institutions' people, reusing a handle."""
    with pytest.raises(Refused) as caught:
        world.say(body, by)
    assert caught.value.params["reason"] == reason


@pytest.mark.parametrize("until_ms", [None, 1_000 + DAY_MS])
@pytest.mark.parametrize(
    ("had", "wanted"),
    [
        (Role.EMERGENCY, Role.OPERATOR),
        (Role.MAINTENANCE, Role.OPERATOR | Role.APPROVER),
        (Role.OPERATOR, Role.MAINTENANCE),
    ],
)
def test_no_application_turns_a_dead_account_into_a_living_one(
    world: World, had: Role, wanted: Role, until_ms: int | None
) -> None:
    """Attack: a sealed account or a visitor's gets an operator's roles by an application and signs in without opening or window."""
    world.say(identity.PersonRegistered("per-guest000", CLINIC, int(had)))
    with pytest.raises(Refused) as caught:
        world.say(application("per-guest000", wanted, until_ms=until_ms), CLERK)
    assert caught.value.params["reason"] == "person.roles_alone"


def test_what_became_a_visitor_since_is_not_approved_as_an_operator(world: World) -> None:
    """Attack: the application came before the account; the decision looks again."""
    world.say(application(NEW), CLERK)
    world.say(identity.PersonRegistered(NEW, CLINIC, int(Role.EMERGENCY)))
    with pytest.raises(Refused) as caught:
        world.say(APPROVED, BOSS)
    assert (caught.value.params["reason"], world.roles(NEW)) == ("person.roles_alone", Role.EMERGENCY)


@pytest.mark.parametrize(
    "body",
    [
        ClientDisabled("cli-none0000", ClientReason.RETIRED),
        EmergencyDeclared("emg-none0000", OpenReason.DISASTER, 1, DAY_MS // 2, (), ()),
        VisitDecided("vis-none0000", VisitVerdict.ACCEPTED, bytes(32)),
    ],
)
def test_who_is_no_manager_for_a_time_manages_nothing(world: World, body: object) -> None:
    """Attack: a manager who is an operator for a month gives machines, emergencies and visits their rights all the same."""
    world.say(application(BOSS, Role.OPERATOR, until_ms=world.now + DAY_MS), HEAD)
    world.say(APPROVED, PLANNER)
    with pytest.raises(Refused) as caught:
        world.say(body, BOSS)
    assert caught.value.params["reason"] == "actor.roles"
