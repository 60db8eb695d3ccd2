"""Maps and roles that run out: who is an approver for a time decides about maps in that time, and not afterwards."""

from __future__ import annotations

import pytest

from akashi.checkup.approval.events import MapApproved, apply_approved
from akashi.identity.lifecycle.events import RightsDecided
from akashi.identity.lifecycle.model import RightsReason, Verdict
from akashi.identity.model import Role
from akashi.ledger.errors import Refused
from akashi.ledger.events import Context, dump_body
from akashi.ledger.model import Actor, Auth, AuthMethod, Purpose, Statement
from tests.identity.lifecycle.world import (
    BOSS,
    CLERK,
    CLINIC,
    DAY_MS,
    HEAD,
    NURSE,
    PLANNER,
    REQUEST,
    World,
    application,
    clinic,
)

NAME = "map-aaaa"
BODY = MapApproved(NAME, 1, b"\1" * 32, b"\2" * 32, 0, 1, ())


def _reason(world: World, person: str) -> str | None:
    """Why the ledger refuses an approval by ``person`` now, or ``None``."""
    actor, auth = Actor(CLINIC, person), Auth(AuthMethod.PASSWORD_TOTP, world.now)
    said = Statement(bytes(16), "checkup.map_approved", 1, actor, auth, NAME, dump_body(BODY), 0, 1, bytes(16))
    try:
        apply_approved(world.state, BODY, Context(said, bytes(32), bytes(32), Purpose.GATEWAY, world.now))
    except Refused as error:
        return error.reason
    return None


def _for_a_day(world: World, person: str, roles: Role, by: str = CLERK) -> None:
    world.say(application(person, roles, until_ms=world.now + DAY_MS), by)
    world.say(RightsDecided(REQUEST, Verdict.APPROVED, RightsReason.WORK_NEEDS_IT), PLANNER)


@pytest.mark.parametrize(("passed", "reason"), [(0, None), (DAY_MS - 1, None), (DAY_MS, "map.role")])
def test_an_approver_for_a_day_approves_that_day(passed: int, reason: str | None) -> None:
    """Attack: the role has run out, nobody took it away, and the gateway still says that they approve a map."""
    world = clinic()
    _for_a_day(world, NURSE, Role.APPROVER)
    world.now += passed
    assert _reason(world, NURSE) == reason


def test_who_is_no_approver_for_a_time_approves_nothing() -> None:
    """A manager who is an operator for a day decides about no map that day."""
    world = clinic()
    _for_a_day(world, BOSS, Role.OPERATOR, HEAD)
    assert _reason(world, BOSS) == "map.role"
