"""Access is decided by role, job, institution, own, department, in that order; networks and terms of clients are bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.identity.access.explain import JOB_WORDS, ROLE_WORDS, explain, roles_in_words
from akashi.identity.access.model import Information, Scope, Standing, Subject
from akashi.identity.access.rules import (
    MAX_CLIENT_MS,
    MAX_NETWORKS,
    decide_access,
    decide_client_terms,
    decide_networks,
    decide_source,
)
from akashi.identity.model import ALL_ROLES, Job, Role
from akashi.identity.permissions import CLIENT_ACTIONS, TABLE, decide_permission
from akashi.ledger.rules import Allowed, Denied

HERE, THERE = "inst-clin0000", "inst-hosp0000"
ACTIONS = st.sampled_from(sorted(TABLE))
ROLES = st.integers(0, ALL_ROLES).map(Role)
NURSE = Standing(HERE, Role.OPERATOR, "per-nurse000", department="dep-ward0000")
HEAD = replace(NURSE, person="per-head0000", manages=frozenset({"dep-ward0000"}))


def about(person: str, department: str | None, institution: str = HERE) -> Subject:
    """A person as a subject."""
    return Subject(frozenset({institution}), person, department)


@given(ROLES, ACTIONS)
def test_without_subject_and_job_roles_decide(roles: Role, action: str) -> None:
    """The decision is the one of the table of roles."""
    assert decide_access(Standing(HERE, roles), action) == decide_permission(int(roles), action)


@given(ROLES, ACTIONS, st.sampled_from([None, *Job]), st.booleans())
def test_a_job_never_adds(roles: Role, action: str, job: Job | None, ours: bool) -> None:
    """Whatever the job, nobody may do more than their roles do."""
    subject = Subject(frozenset({HERE if ours else THERE}))
    decision = decide_access(Standing(HERE, roles, job=job), action, subject)

    assert not isinstance(decision, Allowed) or decide_permission(int(roles), action) == Allowed()


def test_job_takes_away_results() -> None:
    """A systems engineer who was given an operator's role sends and sees transfers' fate, and never results."""
    engineer = replace(NURSE, job=Job.SYSTEMS)
    denied = {action for action in TABLE if decide_access(engineer, action) == Denied("permission.job")}

    assert denied == {"transfer.send", "transfer.open", "checkup.convert"}
    assert {TABLE[action].information for action in denied} == {Information.RESULTS}
    assert decide_access(engineer, "transfer.read") == Allowed()


@pytest.mark.parametrize("job", [None, Job.OTHER, Job.CLERK, Job.NURSE, Job.DOCTOR])
def test_other_jobs_lose_nothing(job: Job | None) -> None:
    """Clerks and clinical professions keep what their roles give, and so does whose job nobody recorded."""
    assert decide_access(replace(NURSE, job=job), "transfer.open") == Allowed()


@given(ROLES.filter(lambda roles: not roles & Role.SECRETARIAT), ACTIONS)
def test_another_institution_is_never_reached(roles: Role, action: str) -> None:
    """No role but those of the whole service does anything to what is another institution's."""
    decision = decide_access(Standing(HERE, roles, "per-x0000000"), action, Subject(frozenset({THERE})))

    assert isinstance(decision, Denied) or TABLE[action].scope is Scope.SERVICE


@given(ROLES, ACTIONS)
def test_the_secretariat_serves_and_no_more(roles: Role, action: str) -> None:
    """Its role reaches other institutions by its own actions; other roles beside it reach no further for that."""
    decision = decide_access(Standing(HERE, roles | Role.SECRETARIAT), action, Subject(frozenset({THERE})))
    serves = bool(TABLE[action].roles & Role.SECRETARIAT) or TABLE[action].scope is Scope.SERVICE

    assert serves or isinstance(decision, Denied)


def test_a_party_reaches_its_transfer() -> None:
    """Either party of a transfer, nobody else."""
    both, others = Subject(frozenset({HERE, THERE})), Subject(frozenset({THERE, "inst-else0000"}))

    assert decide_access(NURSE, "transfer.open", both) == Allowed()
    assert decide_access(NURSE, "transfer.open", others) == Denied("permission.institution")


def test_own_means_oneself() -> None:
    """One's own password, factors and sessions are nobody else's, a manager's neither."""
    manager = replace(NURSE, roles=Role.MANAGER, person="per-boss0000")

    assert decide_access(NURSE, "self.manage", about("per-nurse000", None)) == Allowed()
    assert decide_access(manager, "self.manage", about("per-nurse000", None)) == Denied("permission.own")


@pytest.mark.parametrize(
    ("standing", "action", "department", "wanted"),
    [
        (HEAD, "person.confirm", "dep-ward0000", Allowed()),
        (HEAD, "person.confirm", "dep-labo0000", Denied("permission.department")),
        (HEAD, "person.confirm", None, Denied("permission.department")),
        (NURSE, "person.confirm", "dep-ward0000", Denied("permission.department")),
        (NURSE, "person.apply", "dep-ward0000", Allowed()),
        (NURSE, "person.apply", None, Allowed()),
        (NURSE, "person.apply", "dep-labo0000", Denied("permission.department")),
        (replace(NURSE, department=None), "person.apply", None, Denied("permission.department")),
        (replace(NURSE, roles=Role.PLANNER), "person.decide", "dep-labo0000", Allowed()),
        (replace(NURSE, roles=Role.MANAGER), "person.decide", None, Allowed()),
    ],
)
def test_departments_narrow_their_managers(
    standing: Standing, action: str, department: str | None, wanted: Allowed | Denied
) -> None:
    """A head reaches the people of their own departments, colleagues apply for each other, planners and managers reach all."""
    assert decide_access(standing, action, about("per-other000", department)) == wanted


@given(ROLES, ACTIONS, st.frozensets(ACTIONS))
def test_a_client_has_its_own_actions_only(roles: Role, action: str, given_: frozenset[str]) -> None:
    """Roles add nothing to a client, and what no client can be given is denied though it stands on its list."""
    allowed = decide_access(Standing(HERE, roles, actions=given_), action) == Allowed()

    assert allowed is (action in given_ & CLIENT_ACTIONS)


@pytest.mark.parametrize(
    ("bits", "until", "reason"),
    [
        (0, 10, "client.actions"),
        (1 << 20, 10, "client.actions"),
        (4, 0, "client.until"),
        (4, MAX_CLIENT_MS + 1, "client.until"),
    ],
)
def test_terms_are_bounded(bits: int, until: int, reason: str) -> None:
    """A client has at least one known action, and an end within a year."""
    assert decide_client_terms(bits, until, 0) == Denied(reason)
    assert decide_client_terms(4, MAX_CLIENT_MS, 0) == Allowed()


@pytest.mark.parametrize("text", ["", "here", "192.0.2.1/24", "192.0.2.0/33", "2001:db8::1/32", "192.0.2.0/24 "])
def test_bad_networks_are_refused(text: str) -> None:
    """Only networks in CIDR form without host bits."""
    assert decide_networks([text]) == Denied("client.network")


def test_networks_are_few() -> None:
    """A list of networks ends."""
    assert decide_networks(["192.0.2.0/24"] * (MAX_NETWORKS + 1)) == Denied("client.network")


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("198.51.100.7", False),
        ("2001:db8::1", False),
        (None, False),
        ("x", False),
    ],
)
def test_sources_are_compared(address: str | None, good: bool) -> None:
    """Inside the network, also written as a mapped address; an unknown peer is outside."""
    assert (decide_source(["192.0.2.0/24"], address) == Allowed()) is good


def test_without_networks_everybody_is_near() -> None:
    """A client that was bound to no network may come from anywhere."""
    assert decide_source([], None) == Allowed()


@given(ROLES, ACTIONS, st.sampled_from([None, *Job]), st.booleans())
def test_every_decision_has_its_sentence(roles: Role, action: str, job: Job | None, ours: bool) -> None:
    """A sentence in both languages that says may or may not as the decision does, ends, and names the subject."""
    standing = Standing(HERE, roles, "per-x0000000", job)
    decision = decide_access(standing, action, Subject(frozenset({HERE if ours else THERE}), "per-y0000000"))
    reason = decision.reason if isinstance(decision, Denied) else ""
    said = explain("per-x0000000", standing, TABLE[action], "per-y0000000", reason)

    assert said.allowed is isinstance(decision, Allowed)
    assert said.ja.endswith("できます。" if said.allowed else "できません。")
    assert said.ja.count("。") == said.en.count(".") == 1 or "." in reason
    assert ("may not" in said.en) is not said.allowed
    assert "per-y0000000" in said.ja
    assert "per-y0000000" in said.en


def test_every_role_and_job_has_words() -> None:
    """Nothing is explained by a number."""
    assert set(ROLE_WORDS) == set(Role)
    assert set(JOB_WORDS) == set(Job)
    assert roles_in_words(0, 0) == "なし"
