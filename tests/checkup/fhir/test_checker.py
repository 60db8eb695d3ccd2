"""The checker says nothing of a good Bundle and finds each of its own must-fail cases."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akashi.checkup import ItemTable
from akashi.checkup.fhir.checker import Problem, check_bundle, problems_json
from akashi.checkup.fhir.invariants import INVARIANTS, Invariant
from akashi.checkup.fhir.rows import ENTRIES, LISTS, ROWS, Row
from akashi.checkup.fhir.writer import bundle
from tests.checkup.fhir.mutations import broken, places_of
from tests.checkup.fhir.samples import CONTEXT, whole
from tests.checkup.strategies import records

ALL_ROWS = [row for rows in ROWS.values() for row in rows]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("resourceType", "entry", "resource", "status", "code", "meta", "name", "identifier")), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@pytest.fixture(scope="module")
def good(items: ItemTable) -> dict[str, Any]:
    """The whole sample."""
    return whole(items)


def test_the_whole_sample_keeps_the_profile(good: dict[str, Any]) -> None:
    """Written by us, with what others add."""
    assert check_bundle(good) == ()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_we_write_keeps_the_profile(items: ItemTable, data: st.DataObject) -> None:
    """No problem, not even a warning."""
    assert check_bundle(bundle(data.draw(records(items)), CONTEXT, items)) == ()


@pytest.mark.parametrize("row", ALL_ROWS, ids=lambda row: f"{row.rule}:{row.breaks[:12]}")
def test_every_row_finds_its_own_breach(good: dict[str, Any], row: Row) -> None:
    """A row that cannot fail would break this."""
    problems = check_bundle(broken(good, row.profile, row.path, row.breaks, row.on))

    assert row.rule in {problem.rule for problem in problems}


@pytest.mark.parametrize("rule", INVARIANTS, ids=lambda rule: rule.name)
def test_every_invariant_finds_its_own_breach(good: dict[str, Any], rule: Invariant) -> None:
    """As for rows; the profile's warnings are warnings here."""
    problems = check_bundle(broken(good, rule.profile, rule.path, rule.breaks, rule.on))

    assert (rule.name, rule.warns) in {(problem.rule, problem.warns) for problem in problems}


@pytest.mark.parametrize(("kind", "low", "high"), ENTRIES)
def test_entries_are_counted_by_type(good: dict[str, Any], kind: str, low: int, high: int) -> None:
    """Too few where one is needed, too many where there is a bound."""
    entries = good["entry"]
    without = good | {"entry": [entry for entry in entries if entry["resource"]["resourceType"] != kind]}
    more = good | {"entry": [*entries, *[{"resource": {"resourceType": kind}}] * 3]}

    rules = [{problem.rule for problem in check_bundle(changed)} for changed in (without, more)]

    assert any(f"[{kind}]" in rule for rule in rules[0]) == bool(low)
    assert any(f"[{kind}]" in rule for rule in rules[1]) == (high < 3)


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_where_one_is_asked_and_one_where_a_list_is_asked(good: dict[str, Any], kind: str) -> None:
    """The shape of every member of a resource."""
    made = copy.deepcopy(good)
    resource = made if kind == "Bundle" else next(
        entry["resource"] for entry in made["entry"] if entry["resource"]["resourceType"] == kind
    )  # fmt: skip
    listed = next(name for name in LISTS[kind] if isinstance(resource.get(name), list)) if kind != "Bundle" else "entry"
    resource["meta"] = [resource["meta"]]
    resource[listed] = resource[listed][0] if resource.get(listed) else {}

    rules = {problem.rule for problem in check_bundle(made)}

    assert {f"{kind}.meta#one", f"{kind}.{listed}#list"} <= rules


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=JSON, place=st.integers(0, 10**6))
def test_any_json_is_answered(items: ItemTable, value: Any, place: int) -> None:
    """Alone, or in the place of any member of a Bundle: problems, never an exception."""
    made = whole(items)
    places = places_of(made)
    holder, key = places[place % len(places)]
    holder[key] = value

    assert isinstance(check_bundle(made), tuple)
    assert check_bundle({"resourceType": "Bundle", "entry": value}) != ()
    assert check_bundle(value) != ()


def test_a_problem_speaks_both_languages_and_quotes_nothing(good: dict[str, Any]) -> None:
    """Neither in the sentence nor in the place."""
    made = broken(good, "Patient", "birthDate", 'set:"星 空"')

    problems = check_bundle(made)

    assert problems == (Problem("Patient.birthDate#form", 1),)
    assert "星" not in problems_json(problems)
    assert problems[0].sentence("ja") != problems[0].sentence("en")


def test_rules_have_names_of_their_own() -> None:
    """A name says one rule."""
    named = [row.rule for row in ALL_ROWS] + [rule.name for rule in INVARIANTS]

    assert len(named) == len(set(named))
