"""The pure rules of rights and reviews."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.identity.lifecycle.model import Activity, Finding
from akashi.identity.lifecycle.rules import (
    APPLIERS,
    CHECKERS,
    CONFLICTS,
    DECIDERS,
    REVIEWERS,
    conflicts,
    findings_digest,
    judge_activity,
    text_commitment,
)
from akashi.identity.model import ALL_ROLES, Role
from akashi.identity.permissions import PERMISSIONS

DAY_MS = 24 * 3600 * 1000
NOW = 1_000 * DAY_MS
FINE = Activity(
    subject="per-fine0000",
    roles=Role.OPERATOR,
    enabled=True,
    has_account=True,
    on_ledger=True,
    department="dep-ward0000",
    since_ms=NOW - 200 * DAY_MS,
    last_ms=NOW - DAY_MS,
    used_roles=Role.OPERATOR,
    live_keys=1,
    unconfirmed=False,
)


@pytest.mark.parametrize(
    ("mask", "action"),
    [
        (APPLIERS, "person.apply"),
        (DECIDERS, "person.decide"),
        (DECIDERS, "person.review"),
        (CHECKERS, "person.reset"),
        (REVIEWERS, "access.review"),
    ],
)
def test_the_ledgers_masks_are_the_tables(mask: Role, action: str) -> None:
    """What every gateway refuses and what ours asks for do not drift apart unseen."""
    assert PERMISSIONS[action] == mask


def test_an_ordinary_account_is_no_finding() -> None:
    """Used, placed, confirmed, no conflict."""
    assert judge_activity(FINE, NOW, 90) == []


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"last_ms": None}, Finding.NEVER_USED),
        ({"last_ms": NOW - 90 * DAY_MS}, Finding.DORMANT),
        ({"roles": Role.OPERATOR | Role.APPROVER}, Finding.UNUSED_ROLES),
        ({"roles": Role.MANAGER | Role.AUDITOR, "used_roles": Role(ALL_ROLES)}, Finding.CONFLICTING_ROLES),
        ({"department": None}, Finding.NO_DEPARTMENT),
        ({"has_account": False}, Finding.NO_ACCOUNT),
        ({"on_ledger": False}, Finding.NOT_ON_LEDGER),
        ({"enabled": False}, Finding.DISABLED_WITH_KEYS),
        ({"unconfirmed": True}, Finding.UNCONFIRMED),
    ],
)
def test_each_finding_has_its_cause(changes: dict[str, object], finding: Finding) -> None:
    """One thing wrong, one finding."""
    odd = replace(FINE, **changes)  # type: ignore[arg-type]  # the parameters name fields
    assert [one.finding for one in judge_activity(odd, NOW, 90)] == [finding]


def test_a_new_account_has_time_for_its_first_use() -> None:
    """Two weeks pass before never having signed in is a finding."""
    new = replace(FINE, last_ms=None, since_ms=NOW - 13 * DAY_MS)
    assert judge_activity(new, NOW, 90) == []


def test_who_left_without_keys_is_no_finding() -> None:
    """Leaving properly leaves nothing to review."""
    assert judge_activity(replace(FINE, enabled=False, live_keys=0, last_ms=None), NOW, 90) == []


@given(st.integers(0, ALL_ROLES))
def test_conflicts_are_pairs_that_are_held(roles: int) -> None:
    """Only roles that the person has, and never one of a pair alone."""
    found = conflicts(Role(roles))
    assert not found & ~Role(roles)
    assert bool(found) == any(a in Role(roles) and b in Role(roles) for a, b in CONFLICTS)


@given(st.lists(st.tuples(st.text("ab-", min_size=1, max_size=4), st.integers(1, 10)), unique=True, max_size=6))
def test_the_digest_of_findings_knows_no_order(pairs: list[tuple[str, int]]) -> None:
    """It commits to a set; one finding fewer is another digest."""
    assert findings_digest(pairs) == findings_digest(reversed(pairs))
    if pairs:
        assert findings_digest(pairs) != findings_digest(pairs[1:])


def test_a_commitment_hides_and_binds() -> None:
    """Another salt or text is another commitment."""
    one = text_commitment("応援のため", bytes(32))
    assert one not in (text_commitment("応援のため", bytes([1]) * 32), text_commitment("異動のため", bytes(32)))
