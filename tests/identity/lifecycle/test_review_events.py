"""Reviews, resets and reviews of access on the ledger: everything found is decided, and nobody decides on themself."""

from __future__ import annotations

import pytest

from akashi.identity import events as identity
from akashi.identity.lifecycle import events, review_events
from akashi.identity.lifecycle.model import AccessVerdict, Decision, Finding, ResetMethod, RightsReason, Verdict
from akashi.identity.lifecycle.rules import findings_digest
from akashi.identity.model import PersonReason, Role
from akashi.ledger.errors import Refused
from tests.identity.lifecycle.world import (
    BOSS,
    CLERK,
    CLINIC,
    DAY_MS,
    HEAD,
    HOSPITAL,
    NURSE,
    OUTSIDER,
    PLANNER,
    REQUEST,
    World,
    application,
    clinic,
)

REVIEW, RESET = "rev-00000001", "rst-00000001"
PAIRS = [(NURSE, int(Finding.DORMANT)), ("dev-old00000", int(Finding.ORPHANED))]


@pytest.fixture
def world() -> World:
    """The clinic, with a review of two findings open."""
    made = clinic()
    made.say(review_events.ReviewOpened(REVIEW, findings_digest(PAIRS), 2), BOSS)
    return made


def _decided(subject: str, finding: Finding, decision: Decision, roles: Role | None = None) -> object:
    return review_events.ReviewDecided(REVIEW, subject, finding, decision, None if roles is None else int(roles))


def _reason(world: World, body: object, by: str | None, institution: str = CLINIC) -> str:
    with pytest.raises(Refused) as caught:
        world.say(body, by, institution)
    return str(caught.value.params["reason"])


KEPT = _decided("dev-old00000", Finding.ORPHANED, Decision.KEEP_MENDED)
STOPPED = _decided(NURSE, Finding.DORMANT, Decision.DISABLE)


def test_disabling_is_in_force_in_the_deciding_operation(world: World) -> None:
    """The person is stopped by the decision itself."""
    world.say(STOPPED, PLANNER)
    found = identity.person(world.state, NURSE)
    assert found is not None
    assert not found.enabled


def test_reducing_is_in_force_and_ends_what_was_for_a_time(world: World) -> None:
    """What is left is what was decided; a temporary right does not outlive it."""
    for request, until in ((REQUEST, None), ("req-00000002", world.now + DAY_MS)):
        roles = Role.OPERATOR | Role.APPROVER if until is None else Role.MANAGER
        world.say(application(roles=roles, until_ms=until, request=request), CLERK)
        world.say(events.RightsDecided(request, Verdict.APPROVED, RightsReason.WORK_NEEDS_IT), BOSS)
    world.say(_decided(NURSE, Finding.UNUSED_ROLES, Decision.REDUCE, Role.OPERATOR), BOSS)
    assert world.roles(NURSE) == Role.OPERATOR


def test_a_review_closes_when_all_is_decided(world: World) -> None:
    """Both findings, no more and no fewer."""
    world.say(STOPPED, PLANNER)
    world.say(KEPT, PLANNER)
    world.say(review_events.ReviewClosed(REVIEW), PLANNER)
    found = review_events.review(world.state, REVIEW)
    assert found is not None
    assert found.closed_ms == world.now


def test_an_open_finding_keeps_it_open(world: World) -> None:
    """Attack: closing a review with findings left."""
    world.say(STOPPED, PLANNER)
    assert _reason(world, review_events.ReviewClosed(REVIEW), PLANNER) == "review.undecided"


def test_made_up_findings_do_not_close_it(world: World) -> None:
    """Attack: deciding on something harmless instead of what was found; the digest of the opening tells."""
    world.say(STOPPED, PLANNER)
    world.say(_decided("dev-other000", Finding.ORPHANED, Decision.KEEP_NEEDED), PLANNER)
    assert _reason(world, review_events.ReviewClosed(REVIEW), PLANNER) == "review.digest"


@pytest.mark.parametrize(
    ("body", "by", "reason"),
    [
        (_decided(BOSS, Finding.DORMANT, Decision.KEEP_NEEDED), BOSS, "actor.self"),
        (STOPPED, HEAD, "actor.roles"),
        (STOPPED, None, "actor.person"),
        (_decided(NURSE, Finding.DORMANT, Decision.REDUCE), BOSS, "review.roles"),
        (_decided(NURSE, Finding.DORMANT, Decision.REDUCE, Role.OPERATOR | Role.MANAGER), BOSS, "review.roles"),
        (_decided(NURSE, Finding.DORMANT, Decision.KEEP_NEEDED, Role.OPERATOR), BOSS, "review.roles"),
        (_decided(OUTSIDER, Finding.DORMANT, Decision.DISABLE), BOSS, "person.unknown"),
        (review_events.ReviewOpened(REVIEW, bytes(32), 0), BOSS, "review.exists"),
        (review_events.ReviewClosed("rev-none0000"), BOSS, "review.unknown"),
    ],
)
def test_what_a_review_refuses(world: World, body: object, by: str | None, reason: str) -> None:
    """Attack: judging oneself, raising rights by a review, reaching another institution's people, reopening."""
    assert _reason(world, body, by) == reason


def test_a_finding_is_decided_once(world: World) -> None:
    """Attack: overwriting a decision."""
    world.say(KEPT, BOSS)
    assert _reason(world, KEPT, PLANNER) == "review.decided"


def test_another_institution_cannot_touch_it(world: World) -> None:
    """Attack: a hospital's manager decides in a clinic's review."""
    assert _reason(world, STOPPED, OUTSIDER, HOSPITAL) == "review.unknown"


def test_a_reset_names_its_check(world: World) -> None:
    """Method, digest of the document, checker and witness stand in the ledger of resets."""
    world.say(review_events.PersonReset(RESET, NURSE, ResetMethod.CARD_AND_COLLEAGUE, None, CLERK), BOSS)
    found = list(review_events.resets(world.state, CLINIC))
    assert [(one.person, one.checker, one.witness, one.at_ms) for one in found] == [(NURSE, BOSS, CLERK, world.now)]


@pytest.mark.parametrize(
    ("person", "method", "document", "witness", "by", "reason"),
    [
        (BOSS, ResetMethod.IN_PERSON_BY_MANAGER, None, None, BOSS, "reset.self"),
        (NURSE, ResetMethod.PHOTO_ID, None, None, BOSS, "reset.document"),
        (NURSE, ResetMethod.CARD_AND_COLLEAGUE, None, None, BOSS, "reset.witness"),
        (NURSE, ResetMethod.CARD_AND_COLLEAGUE, None, NURSE, BOSS, "reset.witness"),
        (NURSE, ResetMethod.CARD_AND_COLLEAGUE, None, BOSS, BOSS, "reset.witness"),
        (NURSE, ResetMethod.CARD_AND_COLLEAGUE, None, OUTSIDER, BOSS, "person.unknown"),
        (OUTSIDER, ResetMethod.PHOTO_ID, bytes(32), None, BOSS, "person.unknown"),
        (NURSE, ResetMethod.PHOTO_ID, bytes(32), None, CLERK, "actor.roles"),
    ],
)
def test_what_a_reset_refuses(
    world: World, person: str, method: ResetMethod, document: bytes | None, witness: str | None, by: str, reason: str
) -> None:
    """Attack: resetting oneself, without the proof that the method asks for, without the role, at another institution."""
    assert _reason(world, review_events.PersonReset(RESET, person, method, document, witness), by) == reason


def test_somebody_who_left_is_not_reset(world: World) -> None:
    """Attack: reviving a leaver's account by a reset."""
    world.say(identity.PersonDisabled(NURSE, PersonReason.LEFT), BOSS)
    body = review_events.PersonReset(RESET, NURSE, ResetMethod.PHOTO_ID, bytes(32), None)
    assert _reason(world, body, BOSS) == "person.disabled"


def test_reviews_of_access_go_forward(world: World) -> None:
    """A period is reviewed once, by who may review, and not before it is over."""
    world.say(review_events.AccessReviewed(0, 500, bytes(32), 3, AccessVerdict.EXPLAINED), PLANNER)
    assert review_events.last_access_review(world.state, CLINIC) == (500, PLANNER, world.now)
    for body, by, reason in (
        (
            review_events.AccessReviewed(0, 500, bytes(32), 0, AccessVerdict.NOTHING_TO_NOTE),
            PLANNER,
            "access.backwards",
        ),
        (review_events.AccessReviewed(500, 2_000, bytes(32), 0, AccessVerdict.NOTHING_TO_NOTE), PLANNER, "access.time"),
        (review_events.AccessReviewed(500, 900, bytes(32), 0, AccessVerdict.NOTHING_TO_NOTE), BOSS, "actor.roles"),
    ):
        assert _reason(world, body, by) == reason


@pytest.mark.parametrize(
    ("had", "method", "reason"),
    [
        (Role.OPERATOR, ResetMethod.IN_PERSON_BY_MANAGER, "reset.manager"),
        (Role.EMERGENCY, ResetMethod.VIDEO_WITH_CALLBACK, "reset.emergency"),
    ],
)
def test_a_reset_is_not_what_it_says(world: World, had: Role, method: ResetMethod, reason: str) -> None:
    """Attack: "in person by a manager" from operations; an emergency account's sealed secret replaced without opening it."""
    world.say(identity.PersonRegistered("per-opera000", CLINIC, int(Role.OPERATIONS)))
    world.say(identity.PersonRegistered("per-reset000", CLINIC, int(had)))
    assert _reason(world, review_events.PersonReset(RESET, "per-reset000", method), "per-opera000") == reason
