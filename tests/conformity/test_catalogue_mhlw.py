"""The catalogues of the ministry's guideline, the ordinance, the features, and the crosswalks between them: counts, references, own words.

The official sentences are compared where the repository of sources (``shared/``) stands beside this one; elsewhere those tests are
skipped and say so.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from akashi.conformity.catalogues.catalogue import Shelf, defined_features, parse_catalogue, read_yaml
from akashi.conformity.catalogues.crosswalk import crosswalk_of, parse_crosswalk
from akashi.conformity.model import Catalogue, Item, Mode, Relation
from tests.conformity.checks import CHECKS

ROOT = Path(__file__).resolve().parents[2]
CATALOGS = ROOT / "catalogs"
SEEDS = ROOT.parent / "shared" / "seeds"
RUN = 20
OPS, OLD, ORDINANCE = "mhlw-7.0-draft-ops", "mhlw-4.3", "ordinance-tokushima"
NAMES = (OPS, OLD, ORDINANCE)
SOURCES = {OPS: "003", OLD: "001", ORDINANCE: "001"}
CROSSWALKS = ("ordinance-tokushima--mhlw-4.3", "mhlw-4.3--mhlw-7.0-draft-ops")
NODES = dict(enumerate([1, 5, 5, 2, 4, 1, 15, 12, 4, 7, 8, 6, 17, 31, 1, 2, 4, 5], start=1))
LEAVES = dict(enumerate([1, 5, 5, 2, 4, 1, 15, 11, 4, 7, 7, 6, 16, 26, 1, 2, 4, 4], start=1))
MEASURED = {7: 3, 8: 3, 10: 2, 11: 4, 12: 2, 13: 3, 14: 13, 17: 3, 18: 1}
REPORTS = {"3-3", "3-4", "3-5", "7-1", "7-9", "8-8", "9-3", "10-5", "13-1", "17-4"}
HEADINGS = {"8-6", "11-1", "13-13", "14-5", "14-6", "14-9", "14-9-1", "14-9-2", "18-1"}
needs_seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason="the sources (shared/seeds) are not beside this repository")


def features() -> dict[str, object]:
    """``features.yaml`` as it stands."""
    return read_yaml((CATALOGS / "features.yaml").read_bytes(), "features")


def load(name: str) -> Catalogue:
    """One catalogue, read as the product reads it."""
    data = (CATALOGS / f"{name}.yaml").read_bytes()
    return parse_catalogue(data, name, checks=CHECKS, features=defined_features(features()))


def leaves(catalogue: Catalogue) -> list[Item]:
    """The items that get a verdict."""
    return [item for item in catalogue.items if item.mode is not Mode.GROUP]


def squeezed(text: str) -> str:
    """Without any white space, full width ones included."""
    return re.sub(r"\s+", "", text)


def copied(texts: list[str], source: str) -> list[str]:
    """Those runs of :data:`RUN` characters of ``texts`` that stand in ``source``."""
    found = []
    for text in map(squeezed, texts):
        found += [text[at : at + RUN] for at in range(len(text) - RUN + 1) if text[at : at + RUN] in source]
    return found


def own_words(catalogue: Catalogue) -> list[str]:
    """Every sentence a catalogue says in its own name."""
    said = [group.title.ja for group in catalogue.groups] + [one.note for one in catalogue.parameters.values()]
    for item in catalogue.items:
        said += [item.text.ja, item.plain, *item.evidence]
    return said


def test_operations_volume_has_every_node_of_the_draft() -> None:
    """130 nodes, 121 of them assessable, in 18 chapters; 90 with a circled number, 25 (n), 8 (a), 7 bullets."""
    made = load(OPS)
    tails = Counter(_kind(item.id) for item in made.items)
    assert (len(made.items), len(leaves(made)), len(made.groups)) == (130, 121, 18)
    assert tails == {"circled": 90, "number": 25, "letter": 8, "bullet": 7}
    assert {item.id for item in made.items if item.mode is Mode.GROUP} == HEADINGS


def _kind(name: str) -> str:
    *_, tail = name.split("-")
    if re.fullmatch(r"b\d", tail):
        return "bullet"
    return "letter" if tail.isalpha() else ("circled" if name.count("-") == 1 else "number")


def test_operations_volume_holds_the_counts_of_each_chapter() -> None:
    """Nodes and leaves of each chapter are those of the draft, and the numbers missing there are missing here."""
    made = load(OPS)
    assert Counter(int(item.group) for item in made.items) == NODES
    assert Counter(int(item.group) for item in leaves(made)) == LEAVES
    assert not {"4-2", "14-7"} & {item.id for item in made.items}


def test_operations_volume_says_who_can_decide_each_leaf() -> None:
    """34 leaves are decided by a program, 68 partly, 19 by people; the 34 stand in the chapters where they are expected."""
    made = load(OPS)
    modes = Counter(item.mode for item in leaves(made))
    assert modes == {Mode.MEASURED: 34, Mode.PARTLY: 68, Mode.PEOPLE: 19}
    assert Counter(int(item.group) for item in made.items if item.mode is Mode.MEASURED) == MEASURED


def test_clauses_that_ask_for_a_report_are_marked() -> None:
    """Exactly the ten clauses that ask for a report to the planning manager carry the mark."""
    assert {item.id for item in load(OPS).items if item.report} == REPORTS


def test_both_sides_of_two_factors_are_checked_together() -> None:
    """14⑤ 1 holds only if the client side and the server side hold."""
    by_id = {item.id: item for item in load(OPS).items}
    assert by_id["14-5-b1"].checks == ("factors.share", "login.host_factors")


def test_every_check_serves_the_operations_volume() -> None:
    """No check is without a clause that needs it; a judge nobody asks for is found here."""
    used = {check for item in load(OPS).items for check in item.checks}
    assert used | {"institutions.isolated", "servers.spare"} == CHECKS


@pytest.mark.parametrize("name", NAMES)
def test_every_leaf_speaks_to_a_clerk(name: str) -> None:
    """Each leaf has both languages, a plain explanation, evidence and a time for which its verdict holds."""
    for item in leaves(load(name)):
        assert item.text.ja, item.id
        assert item.text.en, item.id
        assert item.plain.endswith("。"), item.id
        assert 1 <= len(item.evidence) <= 4, item.id
        assert item.valid_days in (30, 90, 365), item.id


@pytest.mark.parametrize("name", NAMES)
def test_no_two_items_say_the_same(name: str) -> None:
    """Texts and clauses are distinct: nothing was pasted twice."""
    items = load(name).items
    assert len({item.text.ja for item in items}) == len(items)
    assert len({item.clause for item in items}) == len(items)


@needs_seeds
@pytest.mark.parametrize("name", NAMES)
def test_words_are_our_own(name: str) -> None:
    """No run of 20 characters of what we say stands in the source; white space does not hide one."""
    (seed,) = SEEDS.glob(f"{SOURCES[name]}_*")
    assert copied(own_words(load(name)), squeezed(seed.read_text(encoding="utf-8"))) == []


@needs_seeds
@pytest.mark.parametrize("name", CROSSWALKS)
def test_reasons_are_our_own(name: str) -> None:
    """The reasons of the crosswalks quote neither of the two sources."""
    data = (CATALOGS / "crosswalk" / f"{name}.yaml").read_bytes()
    reasons = [link.reason for link in parse_crosswalk(data, name)]
    for seed in (*SEEDS.glob("001_*"), *SEEDS.glob("003_*")):
        assert copied(reasons, squeezed(seed.read_text(encoding="utf-8"))) == []


@needs_seeds
def test_comparison_with_the_source_can_fail() -> None:
    """A sentence taken from the source is found even when it is broken over lines."""
    (seed,) = SEEDS.glob("003_*")
    text = squeezed(seed.read_text(encoding="utf-8"))
    taken = text[5_000:5_040]
    assert copied([taken[:17] + "\n " + taken[17:]], text)


def test_new_edition_ends_forced_ageing() -> None:
    """4.3 asks for a change within 60 days, 7.0 for none; the newer one wins and the older is told which took its place."""
    shelf = Shelf([load(OPS), load(OLD)])
    used, yielded = shelf.parameters(OLD)
    assert used["password.periodic_change"].value is False
    assert yielded["password.periodic_change"][0].value is True
    assert yielded["password.periodic_change"][1] == OPS
    assert used["password.periodic_change_days"].value == 60


def test_old_edition_keeps_the_lengths_it_asked_for() -> None:
    """Only what cannot be met together yields: 4.3 goes on judging by eight characters, with two factors or without."""
    used, _ = Shelf([load(OPS), load(OLD)]).parameters(OLD)
    lengths = ("password.min_length", "password.min_length_with_2fa", "password.min_length_without_2fa")
    assert [used[key].value for key in lengths] == [8, 8, 8]


def test_thresholds_of_the_draft_are_its_own() -> None:
    """The numbers a judge needs, as the draft states them; a threshold without a place in it is said to be ours."""
    parameters = load(OPS).parameters
    stated = {key: parameters[key].value for key in ("password.min_length_with_2fa", "password.min_length_without_2fa")}
    assert stated == {"password.min_length_with_2fa": 8, "password.min_length_without_2fa": 13}
    assert (parameters["backup.min_generations"].value, parameters["backup.min_methods"].value) == (3, 2)
    assert (parameters["tls.min_version"].value, parameters["ike.version"].value) == ("1.3", 2)
    assert all(one.where or "既定" in one.note for one in parameters.values())


def test_papers_are_checked_only_where_nothing_better_is() -> None:
    """One paper out of date must not fail clauses that a measurement answers: ``documents.current`` stands alone or beside the inventory."""
    beside = {check for item in load(OPS).items if "documents.current" in item.checks for check in item.checks}
    assert beside == {"documents.current", "inventory.matches"}


def test_crosswalks_end_in_items() -> None:
    """Every link names a leaf on both sides, with a reason, once; each target catalogue is the one announced."""
    shelf = Shelf([load(name) for name in NAMES])
    files = [(name, (CATALOGS / "crosswalk" / f"{name}.yaml").read_bytes()) for name in CROSSWALKS]
    walk = crosswalk_of(files, shelf)
    ends = {end for link in walk.links for end in (link.source, link.target)}
    modes = {shelf.item(*end.split("/")).mode for end in ends}
    assert Mode.GROUP not in modes
    assert all(len(link.reason) > 8 for link in walk.links)
    assert len(walk.links) == 23 + 36


def test_older_edition_claims_equality_once() -> None:
    """Between editions a decade apart one clause asks the same; nothing else may carry a full verdict over."""
    data = (CATALOGS / "crosswalk" / f"{CROSSWALKS[1]}.yaml").read_bytes()
    full = [link for link in crosswalk_of([("one", data)], Shelf([load(OPS), load(OLD)])).links
            if link.relation in (Relation.EQUAL, Relation.COVERS)]  # fmt: skip
    assert [(link.source, link.target) for link in full] == [("mhlw-4.3/6.5-C-2", "mhlw-7.0-draft-ops/14-2")]


def test_ordinance_names_what_the_source_lost() -> None:
    """The one point without words in the source is a place; all others say something."""
    made = load(ORDINANCE)
    assert [item.id for item in made.items if item.place] == ["5(3)イ(ア)"]


def test_features_are_asked_in_plain_words() -> None:
    """Each feature has a question in both languages, a known group and a default; ids are unique."""
    value = features()
    rows, groups = value["features"], value["groups"]
    assert isinstance(rows, list)
    assert isinstance(groups, list)
    assert len({row["id"] for row in rows}) == len(rows) == 38
    assert {row["group"] for row in rows} == {group["id"] for group in groups}
    for row in rows:
        assert row["question"]["ja"].endswith(("。", "か。")), row["id"]
        assert row["question"]["en"].endswith(("?", ".")), row["id"]
        assert isinstance(row["default"], bool), row["id"]


def test_presets_declare_known_features_and_one_way_to_run() -> None:
    """The three small institutions and Akashi itself; each says exactly one way of running."""
    presets = features()["presets"]
    assert isinstance(presets, dict)
    assert set(presets) == {"outsourced", "on_premises", "cloud", "exchange_service"}
    for name, preset in presets.items():
        assert set(preset["features"]) <= defined_features(features()), name
        assert sum(one.startswith("deploy.") for one in preset["features"]) == 1, name


def test_small_institutions_see_only_what_applies() -> None:
    """Each preset hides something, and none hides more than a third."""
    presets = features()["presets"]
    assert isinstance(presets, dict)
    shown = {name: _applicable(load(OPS), set(preset["features"])) for name, preset in presets.items()}
    assert all(80 <= count < 121 for count in shown.values()), shown


def _applicable(catalogue: Catalogue, declared: set[str]) -> int:
    return sum(all(set(one.split("|")) & declared for one in item.when) for item in leaves(catalogue))


def test_files_are_plain_yaml() -> None:
    """Any YAML reader sees the same items: no tags, no aliases, no duplicate ids."""
    for name in NAMES:
        text = (CATALOGS / f"{name}.yaml").read_text(encoding="utf-8")
        rows = yaml.safe_load(text)["items"]
        assert len({row["id"] for row in rows}) == len(rows)
        assert not re.search(r"[:\[] ?[&*!][a-z]", text)
