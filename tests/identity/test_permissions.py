"""The table of permissions denies by default and keeps the secretariat away from what it carries."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.errors import Misuse
from akashi.identity.handles import new_handle
from akashi.identity.model import ALL_ROLES, Role
from akashi.identity.permissions import PERMISSIONS, decide_permission
from akashi.ledger.model import HANDLE
from akashi.ledger.rules import Allowed, Denied


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
    allowed = {action for action in PERMISSIONS if decide_permission(Role.SECRETARIAT, action) == Allowed()}

    assert allowed == {"device.manage", "institution.manage", "dashboard.read", "ledger.read", "ledger.submit"}


def test_auditor_changes_nothing() -> None:
    """The auditor's role only reads and exports."""
    allowed = {action for action in PERMISSIONS if decide_permission(Role.AUDITOR, action) == Allowed()}

    assert allowed == {"transfer.read", "export.evidence", "dashboard.read", "ledger.read", "conformity.read"}


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
    """docs/identity.md shows for each action exactly the roles that the code allows."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "identity.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|((?: (?:yes|–) \|){8})$", page, re.MULTILINE)
    shown = {action: [cell.strip() == "yes" for cell in cells.split("|")[:8]] for action, cells in rows}

    assert shown == {action: [bool(roles & role) for role in Role] for action, roles in PERMISSIONS.items()}


def test_cited_tests_exist() -> None:
    """Every test that docs/identity.md names is there."""
    root = Path(__file__).resolve().parents[2]
    cited = set(re.findall(r"`(test_\w+)`", (root / "docs" / "identity.md").read_text(encoding="utf-8")))
    files = [*(root / "tests" / "identity").glob("test_*.py"), *(root / "tests" / "api").glob("test_*.py")]
    defined = {name for path in files for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)}

    assert cited <= defined
    assert len(cited) > 15
