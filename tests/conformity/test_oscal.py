"""OSCAL: what is written says what was decided, reads back equal, gives the same bytes again, and leaves out what must stay inside."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from akashi.conformity.catalogues.catalogue import with_digest
from akashi.conformity.errors import CatalogueInvalid, CatalogueUnknown
from akashi.conformity.model import Audience, Link, Mode, Parameter, Relation, Verdict
from akashi.conformity.oscal.catalog import read_catalog, write_catalog
from akashi.conformity.oscal.mapping import read_mapping, write_mapping
from akashi.conformity.oscal.notation import control_id, item_id, line, markup, unmarked
from akashi.conformity.oscal.package import write_package
from akashi.conformity.oscal.plan import write_plan
from akashi.conformity.oscal.poam import write_poam
from akashi.conformity.oscal.profile import applicable, write_profile
from akashi.conformity.oscal.results import STATES, write_results
from akashi.conformity.oscal.system import write_system
from akashi.conformity.paper.view import VERDICTS, view_run
from tests.conformity.runs import (
    FEATURES,
    NOW,
    OLD,
    OPS,
    ORDINANCE,
    answers,
    crosswalk,
    judges,
    measurement,
    ops_view,
    sealed_run,
    shelf,
    small_catalogue,
    small_view,
)

VIEW = ops_view()
LINES = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=30).filter(
    lambda text: text == text.strip() and len(text.splitlines()) == 1
)


def own(row: dict[str, Any], name: str) -> str:
    """A property of our namespace."""
    return next((one["value"] for one in row.get("props", []) if one["name"] == name), "")


def controls(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All controls below groups or controls."""
    for row in rows:
        for one in row.get("controls", []):
            yield one
            yield from controls([one])


@given(st.text(max_size=60))
@example("1. *a* {{ insert: param, x }} <b> \\ \\* ~ ^ \" ' [a](b)")
def test_no_text_is_markup_and_every_text_comes_back(text: str) -> None:
    """Whatever a person wrote, no mark stands there bare, and reading takes off exactly what writing put on."""
    written = markup(text)

    assert unmarked(written) == text
    assert re.fullmatch(r"(?:[^!-/:-@\[-`{-~]|\\[!-/:-@\[-`{-~])*", written)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
@example("4(1)ア")
@example("_")
def test_item_ids_become_tokens_and_come_back(text: str) -> None:
    """Any id gives an ASCII token that starts with a letter; two ids never give the same one."""
    token = control_id(text)

    assert token.isascii()
    assert token[0].isalpha()
    assert not set(token) & set("() /")
    assert item_id(token) == text


@pytest.mark.parametrize("token", ["c-_41_", "x-1", "c-_110000_", "c-_0041_"])
def test_tokens_that_are_not_ours_are_refused(token: str) -> None:
    """There is one token for an id; another spelling of it, or a number that is no character, is refused."""
    with pytest.raises(CatalogueInvalid):
        item_id(token)


@pytest.mark.parametrize("text", ["", " a", "a\n", "a\nb", "a\u2028b"])
def test_lines_are_lines(text: str) -> None:
    """What OSCAL takes as one line is refused where it is blank, padded or broken."""
    with pytest.raises(CatalogueInvalid):
        line(text, "x")


@pytest.mark.parametrize("name", [OPS, OLD, ORDINANCE, "meti-2", "hispro-ipsec"])
def test_a_catalogue_comes_back_equal(name: str) -> None:
    """Writing and reading a shipped catalogue gives an equal one; writing it again gives the same bytes."""
    catalogue = shelf(name).catalogue(name)
    data = write_catalog(catalogue, NOW)

    again = read_catalog(data)

    assert again == catalogue
    assert write_catalog(again, NOW) == data


@settings(max_examples=60)
@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    note=LINES,
    value=st.one_of(
        st.booleans(), st.integers(-(2**62), 2**62), LINES, st.lists(st.one_of(st.integers(0, 9), LINES)).map(tuple)
    ),
)
def test_whatever_people_write_comes_back(text: str, note: str, value: Any) -> None:
    """Texts of any characters, and thresholds of any type, survive the way out and in."""
    catalogue = small_catalogue(text, {"a.b": Parameter(value, note, note, overrides=True)})

    assert read_catalog(write_catalog(catalogue, NOW)) == catalogue


def test_every_item_is_one_control_with_our_words() -> None:
    """All 130 nodes are controls with one id each; the statement is our text, the citation names the document."""
    body = json.loads(write_catalog(VIEW.catalogue, NOW))["catalog"]

    found = {own(one, "id"): one for one in controls(body["groups"])}
    assert set(found) == {item.id for item in VIEW.catalogue.items}
    assert len({one["id"] for one in found.values()}) == len(found)
    for item in VIEW.catalogue.items:
        statement = next(part for part in found[item.id]["parts"] if part["name"] == "statement")
        assert unmarked(statement["prose"]) == item.text.ja
    assert VIEW.catalogue.publisher in unmarked(body["back-matter"]["resources"][0]["citation"]["text"])
    assert "http" not in json.dumps(body["back-matter"])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"value": "30"', b'"value": "31"'),
        (b'"value": "measured"', b'"value": "seen"'),
        (b'"name": "order"', b'"name": "other"'),
        (b'"catalog"', b'"profile"'),
        (b'"groups": [', b'"groups": 1, "x": ['),
        (b'"params": [', b'"params": [1, '),
        (b'"integer"', b'"truth"'),
        (b"{", b"["),
    ],
)  # fmt: skip
def test_a_changed_catalog_is_refused(old: bytes, new: bytes) -> None:
    """A catalog that was altered, or is none of ours, is refused with a place, never half read."""
    data = write_catalog(VIEW.catalogue, NOW)
    assert old in data

    with pytest.raises(CatalogueInvalid):
        read_catalog(data.replace(old, new, 1))


SMALL = json.loads(
    write_catalog(small_catalogue("x", {"a": Parameter(3, "w", "n"), "b": Parameter((1, "x", True))}), NOW)
)
ODD = [None, 1, -5, 2**70, 1.5, "", "\ud800", "\x00", [], {}, [1], {"a": 1}, True, "-99999999999999999999", "c-_d800_"]


@settings(max_examples=300)
@given(st.data())
def test_a_mangled_catalog_is_refused_or_equal(data: st.DataObject) -> None:
    """Whatever stands in whatever place, reading ends in the refusal or in the very catalogue, never in another error."""
    body = copy.deepcopy(SMALL)
    at: Any = body
    key = data.draw(st.sampled_from(_keys(at)))
    while isinstance(at[key], dict | list) and at[key] and data.draw(st.integers(0, 9)):
        at = at[key]
        key = data.draw(st.sampled_from(_keys(at)))
    at[key] = data.draw(st.sampled_from(ODD))

    with suppress(CatalogueInvalid):
        assert read_catalog(json.dumps(body).encode()).digest.hex() in json.dumps(SMALL)


def _keys(value: Any) -> list[Any]:
    return sorted(value) if isinstance(value, dict) else list(range(len(value)))


def test_links_come_back_in_their_order() -> None:
    """A crosswalk of several catalogues reads back as the same links; its relations are OSCAL's set relations."""
    on = shelf(OPS, OLD, ORDINANCE)
    links = crosswalk(on, "ordinance-tokushima--mhlw-4.3", "mhlw-4.3--mhlw-7.0-draft-ops").links
    data = write_mapping(links, on, NOW)

    assert read_mapping(data) == list(links)
    words = {row["relationship"] for one in json.loads(data)["mapping-collection"]["mappings"] for row in one["maps"]}
    assert words <= {"equal-to", "superset-of", "subset-of", "intersects-with"}


@pytest.mark.parametrize(
    ("relation", "words"),
    [
        (Relation.EQUAL, "equal-to"),
        (Relation.COVERS, "superset-of"),
        (Relation.PART_OF, "subset-of"),
        (Relation.OVERLAPS, "intersects-with"),
    ],
)
def test_relations_are_read_from_source_to_target(relation: Relation, words: str) -> None:
    """What includes everything the target asks is its superset; what is only a part of it is its subset."""
    on = shelf(OPS, OLD)
    first = next(item.id for item in on.catalogue(OLD).items if item.mode is not Mode.GROUP)
    data = write_mapping([Link(f"{OLD}/{first}", f"{OPS}/13-6", relation, "*理由*")], on, NOW)

    mapping = json.loads(data)["mapping-collection"]["mappings"][0]

    assert mapping["maps"][0]["relationship"] == words
    assert control_id("13-6") not in mapping["target-gap-summary"]["unmapped-controls"][0]["with-ids"]
    assert read_mapping(data)[0].reason == "*理由*"


def test_an_unknown_relation_is_refused() -> None:
    """A mapping whose relation we do not know is refused, not guessed."""
    on = shelf(OPS, OLD)
    data = write_mapping(crosswalk(on, "mhlw-4.3--mhlw-7.0-draft-ops").links, on, NOW)

    with pytest.raises(CatalogueInvalid):
        read_mapping(data.replace(b'"intersects-with"', b'"like"'))
    with pytest.raises(CatalogueInvalid):
        write_mapping([], on, NOW)


def test_only_conforming_items_are_satisfied() -> None:
    """判定不能, 対象外, 一部適合 and 不適合 are never *satisfied*; each says what it is in our namespace."""
    result = json.loads(write_results(VIEW))["assessment-results"]["results"][0]

    by_target = {row["target"]["target-id"]: row for row in result["findings"]}
    seen = set()
    for decision in VIEW.decisions:
        row = by_target[control_id(decision.item) + "_smt"]
        assert (row["target"]["status"]["state"] == "satisfied") == (decision.verdict is Verdict.CONFORMS)
        assert own(row, "verdict") == VERDICTS[decision.verdict].en
        seen.add(decision.verdict)
    assert seen == set(Verdict)
    assert [one for one, (state, _) in STATES.items() if state == "satisfied"] == [Verdict.CONFORMS]
    assert len(by_target) == len(VIEW.decisions) == 121


def test_observations_say_how_they_were_obtained() -> None:
    """Measured is TEST, with a document EXAMINE, a word INTERVIEW; all references within the document lead somewhere."""
    result = json.loads(write_results(VIEW))["assessment-results"]["results"][0]

    by_uuid = {row["uuid"]: row for row in result["observations"]}
    tests = [row for row in by_uuid.values() if row["methods"] == ["TEST"]]
    assert {own(row, "probe") for row in tests} == {one.probe for one in VIEW.measurements}
    for name, answer in VIEW.answers.items():
        row = next(one for one in by_uuid.values() if one["title"] == markup(f"Answer to {name}"))
        assert row["methods"] == (["EXAMINE"] if answer.evidence else ["INTERVIEW"])
    assert all(row["expires"] > row["collected"] for row in by_uuid.values() if "expires" in row)
    related = {one["observation-uuid"] for row in result["findings"] for one in row.get("related-observations", [])}
    assert related
    assert related <= set(by_uuid)
    targets = {row["uuid"] for row in result["local-definitions"]["inventory-items"]}
    assert {one["subject-uuid"] for row in tests for one in row["subjects"]} == targets


def test_the_unreached_is_an_observation_without_facts() -> None:
    """A target that was not reached stands there with the reason, and none of its items is satisfied."""
    result = json.loads(write_results(VIEW))["assessment-results"]["results"][0]

    row = next(one for one in result["observations"] if own(one, "probe") == "ike")
    assert (own(row, "reach"), own(row, "note")) == ("unreached", "network")
    resting = [
        one for one in result["findings"] if {"observation-uuid": row["uuid"]} in one.get("related-observations", [])
    ]
    assert resting
    assert all(one["target"]["status"]["state"] == "not-satisfied" for one in resting)


def test_failures_become_action_items_with_due_dates() -> None:
    """Every 不適合 and nothing else is an action item; its risk has the date that was given as deadline."""
    data = write_poam(VIEW)
    assert data is not None

    body = json.loads(data)["plan-of-action-and-milestones"]
    failing = [one.item for one in VIEW.decisions if one.verdict is Verdict.FAILS]
    assert [own(row, "item") for row in body["poam-items"]] == failing
    dated = [name for name in failing if name in VIEW.answers and VIEW.answers[name].due_ms]
    assert dated
    assert len([row for row in body["risks"] if "deadline" in row]) == len(dated)
    assert {own(row, "due") for row in body["poam-items"]} >= {"not-given"}


def test_without_failures_there_is_no_plan_of_action() -> None:
    """OSCAL has no empty plan of action; where nothing fails there is no document."""
    on = shelf(OPS)
    sealed = sealed_run(on, measured=[measurement("tls", "good")])

    assert write_poam(view_run(sealed, on.catalogue(OPS), judges())) is None


def test_the_profile_holds_what_applies() -> None:
    """Items whose features are not declared are no controls of the profile; a threshold that yields names the newer edition."""
    on = shelf(OPS, OLD)
    profile = json.loads(write_profile(on, OPS, ["charts"], "x", NOW))["profile"]

    ids = profile["imports"][0]["include-controls"][0]["with-ids"]
    assert ids == [control_id(item.id) for item in applicable(on.catalogue(OPS), ["charts"])]
    assert 0 < len(ids) < len(on.catalogue(OPS).items)
    with pytest.raises(CatalogueInvalid):
        write_profile(on, OPS, [], "", NOW)


def test_a_threshold_that_yields_is_set_by_the_newer_edition() -> None:
    """Where a newer edition overrides a threshold of an older one, the older one's profile sets it and names the newer."""
    old = with_digest(replace(small_catalogue("a", {"password.periodic_change": Parameter(True)}), status="superseded"))  # noqa: FBT003
    on = type(shelf(OPS))([old, shelf(OPS).catalogue(OPS)])

    profile = json.loads(write_profile(on, "small", FEATURES, "x", NOW))["profile"]

    row = profile["modify"]["set-parameters"][0]
    assert (row["param-id"], row["values"], own(row, "yields-to")) == ("password.periodic_change", ["false"], OPS)


def test_the_same_run_gives_the_same_bytes() -> None:
    """Every document of one run is byte for byte the same when it is written again from a view made again."""
    on = shelf(OPS)
    sealed = sealed_run(on, given=answers(on.catalogue(OPS)))
    views = [view_run(sealed, shelf(OPS).catalogue(OPS), judges()) for _ in range(2)]

    for write in (write_plan, write_results, write_poam):
        assert write(views[0]) == write(views[1])


def test_nothing_private_leaves() -> None:
    """Owners and texts of answers, raw output, and answers meant for the assessor only stand in no public document."""
    public = b"".join([write_plan(VIEW), write_results(VIEW), write_poam(VIEW) or b""])
    inside = ops_view(Audience.ASSESSOR)

    assert not any(word.encode() in public for word in ("花子", "秘密の説明", "raw tls"))
    hidden = set(inside.answers) - set(VIEW.answers)
    assert hidden
    result = json.loads(write_results(VIEW))["assessment-results"]["results"][0]
    titles = {unmarked(row["title"]) for row in result["observations"]}
    assert not any(f"Answer to {name}" in titles for name in hidden)


def test_a_catalogue_of_another_digest_is_refused() -> None:
    """A run is shown only under the very catalogue that it was judged by."""
    on = shelf(OPS)
    other = with_digest(replace(on.catalogue(OPS), edition="第8版"))

    with pytest.raises(CatalogueUnknown):
        view_run(sealed_run(on), other, judges())


def test_a_package_refers_to_itself_only() -> None:
    """Every file that a document of the package names is in it, and is of the model that OSCAL wants there."""
    on = shelf(OPS, OLD)
    links = crosswalk(on, "mhlw-4.3--mhlw-7.0-draft-ops").links
    view = view_run(sealed_run(on, given=answers(on.catalogue(OPS))), on.catalogue(OPS), judges())

    made = write_package(view, on, links)

    assert len(made) == 8
    wanted = {"import-ap": "assessment-plan", "import-ssp": "system-security-plan", "import-profile": "profile"}
    named = 0
    for data in made.values():
        body = json.loads(data)
        for key, value in _pairs(body):
            if key in wanted:
                assert set(json.loads(made[value["href"]])) == {wanted[key]}
            if key == "href" and not value.startswith("#"):
                assert value in made
                named += 1
    assert named == 6
    assert write_package(view, on, links) == made


def test_a_package_without_anything_that_applies_is_the_catalog() -> None:
    """Where no feature is declared and nothing applies there is nothing to assess."""
    on = shelf("hispro-online")
    catalogue = on.catalogue("hispro-online")
    view = view_run(sealed_run(on, features=frozenset()), catalogue, judges())

    assert list(write_package(view, on)) == ["catalog-hispro-online.json"]


def test_internal_references_lead_somewhere() -> None:
    """Links to ``#…`` and references by UUID within a document name things that the document holds."""
    view = VIEW
    for data in (write_plan(view), write_results(view), write_poam(view) or b"", write_system(view) or b""):
        body = json.loads(data)
        held = {value for key, value in _pairs(body) if key == "uuid"}
        for key, value in _pairs(body):
            if key == "href" and value.startswith("#"):
                assert value[1:] in held
            if key in (
                "actor-uuid",
                "component-uuid",
                "subject-uuid",
                "observation-uuid",
                "activity-uuid",
                "risk-uuid",
            ):
                assert value in held


def test_uuids_are_unique_within_a_document() -> None:
    """No two things of one document have the same UUID, and all are version 5."""
    for data in (write_plan(VIEW), write_results(VIEW), write_poam(VIEW) or b"", write_plan(small_view())):
        found = [value for key, value in _pairs(json.loads(data)) if key == "uuid"]
        assert len(found) == len(set(found))
        assert all(one[14] == "5" for one in found)


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from _pairs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _pairs(inner)
