"""The table of permissions denies by default and keeps the secretariat away from what it carries."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.errors import Misuse
from akashi.identity.access.model import Information
from akashi.identity.handles import new_handle
from akashi.identity.model import ALL_ROLES, Institution, InstitutionRole, Role
from akashi.identity.permissions import (
    CLIENT_ACTIONS,
    CLIENT_BITS,
    PERMISSIONS,
    TABLE,
    client_actions,
    client_bits,
    decide_permission,
    is_critical,
)
from akashi.identity.rules import decide_roles
from akashi.ledger.model import HANDLE
from akashi.ledger.rules import Allowed, Denied
from tools.permissions_doc import PAGE, render

ROOT = Path(__file__).resolve().parents[2]
EVERYWHERE = {"ledger.read", "self.manage"}


def allowed(role: Role) -> set[str]:
    """What the role may do."""
    return {action for action in PERMISSIONS if decide_permission(role, action) == Allowed()}


@given(st.integers(), st.text())
def test_unknown_actions_are_denied(roles: int, action: str) -> None:
    """Nobody, with whatever roles, may do what the table does not name."""
    answer = decide_permission(roles, action + "?")

    assert answer == Denied("permission.unknown")


@given(st.integers(), st.sampled_from(sorted(PERMISSIONS)))
def test_only_listed_roles_are_allowed(roles: int, action: str) -> None:
    """Allowed means: known role bits only, and at least one that the table lists."""
    answer = decide_permission(roles, action)

    assert isinstance(answer, Allowed) is (0 < roles <= ALL_ROLES and bool(roles & PERMISSIONS[action]))


def test_no_role_is_denied_everything() -> None:
    """Somebody without a role may do nothing at all."""
    assert {decide_permission(0, action) for action in PERMISSIONS} == {Denied("permission.role")}


def test_secretariat_is_closed_by_construction() -> None:
    """The secretariat's role sends, reads, opens, stores and exports nothing."""
    serves = {"device.manage", "institution.manage", "dashboard.read", "ledger.submit"}

    assert allowed(Role.SECRETARIAT) == EVERYWHERE | serves


def test_secretariat_reaches_no_content() -> None:
    """No action of the secretariat is about results or transfers, and none of another role's mixes in by the institution."""
    content = {Information.RESULTS, Information.TRANSFERS}
    house = Institution("inst-secr0000", InstitutionRole.SECRETARIAT, bytes(32), enabled=True, registered_ms=0)
    hands = [role for role in Role if any(TABLE[a].information is Information.RESULTS for a in allowed(role))]

    assert not [action for action in allowed(Role.SECRETARIAT) if TABLE[action].information in content]
    assert {decide_roles(house, int(role | Role.SECRETARIAT)) for role in hands} <= {
        Denied("person.roles_institution"),
        Denied("person.roles_alone"),
    }
    assert hands


def test_auditor_changes_nothing() -> None:
    """The auditor's role reads, exports evidence and reviews; it changes nothing and sees no results."""
    looks = {"transfer.read", "export.evidence", "dashboard.read", "conformity.read", "access.read", "alert.read"}

    assert allowed(Role.AUDITOR) == EVERYWHERE | looks | {"access.review", "emergency.review"}


@pytest.mark.parametrize("role", [Role.PLANNER, Role.OPERATIONS, Role.MAINTENANCE, Role.MANAGER, Role.AUDITOR])
def test_only_hands_reach_results(role: Role) -> None:
    """Who plans, runs, maintains, manages or audits has no action about the content of results."""
    assert not [action for action in allowed(role) if TABLE[action].information is Information.RESULTS]


def test_emergency_accounts_manage_nothing() -> None:
    """An opened emergency account reads, converts and confirms; it gives no rights, sends nothing, manages no key."""
    assert allowed(Role.EMERGENCY) == EVERYWHERE | {
        "transfer.read", "transfer.open", "transfer.confirm", "checkup.convert", "maps.read", "ledger.submit", "payload.fetch",
    }  # fmt: skip


def test_patients_have_no_action_yet() -> None:
    """No row names patients."""
    assert allowed(Role.PATIENT) == set()


def test_giving_rights_needs_a_fresh_proof() -> None:
    """Whatever gives rights, devices or keys is critical; unknown actions are too; looking is not."""
    giving = {"person.manage", "person.decide", "person.reset", "device.manage", "client.manage", "keys.manage"}

    assert {action for action in TABLE if is_critical(action)} >= giving
    assert is_critical("no.such")
    assert not [action for action in TABLE if action.endswith(".read") and is_critical(action)]


@given(st.sets(st.sampled_from(sorted(CLIENT_ACTIONS))))
def test_client_bits_come_back(actions: set[str]) -> None:
    """A bitmask stands for exactly the actions that it was made of."""
    assert client_actions(client_bits(frozenset(actions))) == actions


def test_clients_can_be_given_little() -> None:
    """Each bit is used once, each action is of the table, none is critical or about people, keys or the service."""
    classes = {TABLE[action].information for action in CLIENT_BITS}

    assert len(set(CLIENT_BITS.values())) == len(CLIENT_BITS)
    assert classes == {Information.RESULTS, Information.TRANSFERS, Information.RECORDS}
    assert not [action for action in CLIENT_BITS if is_critical(action)]


@pytest.mark.parametrize(
    ("roles", "reason"),
    [
        (Role.MAINTENANCE | Role.OPERATIONS, "person.roles_alone"),
        (Role.EMERGENCY | Role.OPERATOR, "person.roles_alone"),
        (Role.EMERGENCY | Role.MAINTENANCE, "person.roles_alone"),
        (Role.PATIENT, "person.roles_patient"),
        (Role.SECRETARIAT, "person.roles_institution"),
    ],
)
def test_some_roles_cannot_be_given(roles: Role, reason: str) -> None:
    """Visitors and emergency accounts are nothing else besides; patients have no account yet."""
    clinic = Institution("inst-clin0000", InstitutionRole.SENDER, bytes(32), enabled=True, registered_ms=0)

    assert decide_roles(clinic, int(roles)) == Denied(reason)


def test_handles_are_acceptable_and_new() -> None:
    """A thousand handles are all different and all of the form that the ledger takes."""
    made = {new_handle("per") for _ in range(1000)}

    assert len(made) == 1000
    assert all(HANDLE.fullmatch(handle) and not re.search("[ilou]", handle[4:]) for handle in made)


@pytest.mark.parametrize("prefix", ["", "p", "PER", "per-", "山田"])
def test_bad_prefixes_are_misuse(prefix: str) -> None:
    """A prefix that the ledger would refuse is refused here."""
    with pytest.raises(Misuse):
        new_handle(prefix)


def test_documented_table_is_the_table() -> None:
    """docs/identity-permissions.md is what the table says."""
    assert PAGE.read_text(encoding="utf-8") == render()


@pytest.mark.parametrize("name", ["identity.md", "identity-permissions.md"])
def test_cited_tests_exist(name: str) -> None:
    """Every test that the page names is there."""
    cited = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / name).read_text(encoding="utf-8")))
    folders = [ROOT / "tests" / part for part in ("identity", "api", "app", "access")]
    files = [path for folder in folders for path in folder.rglob("test_*.py")]
    defined = {
        found for path in files for found in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }

    assert cited - defined == set()
    assert len(cited) > 10
