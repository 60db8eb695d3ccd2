"""The HISPRO sheets of 2019 and the yearly checklist: the structure and counts of the source, in our own words."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from akashi.conformity.catalogues.catalogue import Shelf, check_catalogue, defined_features, parse_catalogue, read_yaml
from akashi.conformity.catalogues.crosswalk import Crosswalk, crosswalk_of
from akashi.conformity.catalogues.derivation import derive, parse_derivation, unresolved
from akashi.conformity.model import Catalogue, Mode, Relation
from tests.conformity.checks import CHECKS

ROOT = Path(__file__).resolve().parents[2]
CATALOGS = ROOT / "catalogs"
SEEDS = ROOT.parent / "shared" / "seeds"
RUN = 20
SHEETS = ["hispro-ipsec", "hispro-cloud", "hispro-regional", "hispro-sns", "hispro-online"]
OURS = [*SHEETS, "mhlw-checklist-r7"]
TARGET = "mhlw-7.0-draft-ops"

GROUPS = {
    "hispro-ipsec": {
        "1.1": 5, "1.2": 2, "1.3": 1, "1.4": 3, "1.5": 4, "2.1": 3, "2.2": 4, "2.3": 4, "2.4": 1, "2.5": 1, "3.1": 5, "3.2": 6,
        "3.3": 1, "3.4": 17, "4.1": 2,
    },
    "hispro-cloud": {"contract-1": 5, "contract-2": 4, "org": 41, "spec": 150, "ops": 53},
    "hispro-regional": {"A": 4, "B": 6, "C": 10, "D": 1, "E": 2, "F": 3, "G": 6},
    "hispro-sns": {"A-1": 2, "A-2": 3, "A-3": 2, "A-4": 3, "A-5": 3, "A-6": 8, "B": 27, "C": 22},
    "hispro-online": {
        "01": 13, "02": 7, "03": 4, "04": 7, "05": 7, "06": 3, "07": 10, "08": 11, "09": 20, "10": 7, "11": 4, "12": 23, "13": 4,
        "14": 5, "15": 4, "16": 2, "17": 5, "18": 1, "19": 1,
    },
    "mhlw-checklist-r7": {"1": 1, "2": 13, "3": 3, "4": 1},
}  # fmt: skip
TOTALS = {"hispro-ipsec": 59, "hispro-cloud": 253, "hispro-regional": 32, "hispro-sns": 70, "hispro-online": 138}
PLACES = {"hispro-ipsec": 5, "hispro-cloud": 220, "hispro-regional": 1, "hispro-sns": 27, "hispro-online": 119}
CONDITIONS = {
    "13": "oc.explains_to_patients",
    "14": "oc.connects_systems",
    "15": "oc.keeps_plans",
    "16": "oc.records_video",
    "17": "oc.files_chat",
    "18": "oc.phr",
    "19": "oc.first_visit",
}


@cache
def features() -> frozenset[str]:
    """The declared features of the repository."""
    return frozenset(defined_features(read_yaml((CATALOGS / "features.yaml").read_bytes(), "features")))


@cache
def catalogue(name: str) -> Catalogue:
    """One catalogue, read by the strict loader."""
    data = (CATALOGS / f"{name}.yaml").read_bytes()
    return parse_catalogue(data, name, checks=CHECKS, features=features())


@cache
def phr() -> Catalogue:
    """The PHR sheet, derived."""
    data = (CATALOGS / "hispro-phr.yaml").read_bytes()
    return derive(catalogue("hispro-cloud"), parse_derivation(data, "hispro-phr"))


@cache
def crosswalk(name: str) -> Crosswalk:
    """One crosswalk file, checked against both of its catalogues."""
    data = (CATALOGS / "crosswalk" / f"{name}--{TARGET}.yaml").read_bytes()
    return crosswalk_of([(name, data)], Shelf([catalogue(name), catalogue(TARGET)]))


@pytest.mark.parametrize("name", OURS)
def test_groups_hold_the_counts_of_the_source(name: str) -> None:
    """Each group holds exactly as many items as the source says, in the source's order."""
    counted = Counter(item.group for item in catalogue(name).items)
    assert list(counted.items()) == list(GROUPS[name].items())


@pytest.mark.parametrize("name", SHEETS)
def test_sheets_hold_the_totals_of_the_source(name: str) -> None:
    """59, 253, 32, 70 and 138 items, all of them to be assessed, and as many numbered places as there are unnamed topics."""
    items = catalogue(name).items
    assessable = sum(item.mode is not Mode.GROUP for item in items)
    assert (len(items), assessable, sum(item.place for item in items)) == (TOTALS[name], TOTALS[name], PLACES[name])


def test_large_headings_of_the_sources_sum_up() -> None:
    """Contract, organisation, specification and operation are 9, 41, 150, 53; the SNS sheet is 21, 27, 22."""
    cloud = Counter(item.id.split("-")[0] for item in catalogue("hispro-cloud").items)
    sns = Counter(item.id.split("-")[0] for item in catalogue("hispro-sns").items)
    assert (dict(cloud), dict(sns)) == ({"contract": 9, "org": 41, "spec": 150, "ops": 53}, {"A": 21, "B": 27, "C": 22})


def test_online_sheet_has_nineteen_groups() -> None:
    """Nineteen groups, each with one named topic."""
    named = [item.group for item in catalogue("hispro-online").items if not item.place]
    assert named == list(GROUPS["hispro-online"])
    assert len(named) == 19


@pytest.mark.parametrize("name", SHEETS)
def test_items_stand_with_their_group_and_count_up(name: str) -> None:
    """Ids follow their group and are numbered without holes, so that a user's own workbook can be laid over them."""
    for group in GROUPS[name]:
        ids = [item.id for item in catalogue(name).items if item.group == group]
        numbers = [int(one.rsplit("-", 1)[1]) for one in ids]
        assert numbers == list(range(numbers[0], numbers[0] + len(ids)))
        assert all(one.startswith(group.split("-")[0] if name == "hispro-cloud" else f"{group}-") for one in ids)


@pytest.mark.parametrize("name", SHEETS)
def test_a_place_claims_nothing(name: str) -> None:
    """A numbered place says which number it is, is for people, and names no check: it can never be measured 適合."""
    for item in catalogue(name).items:
        if item.place:
            number = int(item.id.rsplit("-", 1)[1])
            assert f"第{number}項" in item.text.ja
            assert item.clause.endswith(f"第{number}項")
            assert (item.mode, item.checks, item.plain) == (Mode.PEOPLE, (), "")


@pytest.mark.parametrize("name", OURS)
def test_a_named_topic_explains_itself(name: str) -> None:
    """A named topic carries a plain explanation, at most four kinds of evidence, and a date by which its verdict ages."""
    for item in catalogue(name).items:
        if not item.place:
            assert item.plain
            assert item.clause
            assert 1 <= len(item.evidence) <= 4
            assert item.valid_days == {Mode.MEASURED: 30, Mode.PARTLY: 90, Mode.PEOPLE: 365}[item.mode]


@pytest.mark.parametrize("name", OURS)
def test_texts_of_one_sheet_differ(name: str) -> None:
    """No two named topics of a group read the same."""
    texts = Counter((item.group, item.text.ja) for item in catalogue(name).items)
    assert [text for text, times in texts.items() if times > 1] == []


def test_conditional_groups_follow_declared_features() -> None:
    """The seven conditional groups of the online sheet and the shared facilities of the IPsec sheet hang on their feature."""
    online = {group.id: group.when for group in catalogue("hispro-online").groups}
    ipsec = {group.id: group.when for group in catalogue("hispro-ipsec").groups if group.when}
    base = dict.fromkeys(GROUPS["hispro-online"], ("online_consultation",))
    assert online == base | {group: (feature,) for group, feature in CONDITIONS.items()}
    assert ipsec == {"4.1": ("shared_premises",)}


def test_sns_sheet_applies_only_where_an_sns_is_used() -> None:
    """Every group of the SNS sheet hangs on the feature ``sns``."""
    assert {group.when for group in catalogue("hispro-sns").groups} == {("sns",)}


def test_how_the_tunnel_is_made_is_measured() -> None:
    """IKE mode, algorithms, integrity, key length and peer authentication, and both uses of IPsec, are decided by a program."""
    items = {item.id: item for item in catalogue("hispro-ipsec").items}
    measured = [items[f"3.4-{number}"] for number in range(1, 9)]
    assert all(item.mode is Mode.MEASURED and "ipsec.settings" in item.checks for item in measured)
    assert all("ike.answers" in item.checks for item in measured[:4])


def test_yearly_checklist_asks_for_what_its_year_asked() -> None:
    """The thresholds of fiscal 2025: 8 letters with symbols and forced ageing, 13 without; superseded and said to be second hand."""
    made = catalogue("mhlw-checklist-r7")
    values = {key: one.value for key, one in made.parameters.items()}
    assert values == {
        "password.min_length": 8,
        "password.min_length_with_2fa": 8,
        "password.min_length_without_2fa": 13,
        "password.symbols": True,
        "password.periodic_change": True,
        "password.min_length_without_change": 13,
        "mfa.reference_date": "2027-04-01",
    }
    assert (len(made.items), made.status, made.source) == (18, "superseded", "knowledge, second hand")
    assert all(item.text.en for item in made.items)


def test_parameters_agree_in_kind_with_the_newest_guideline() -> None:
    """A threshold that the guideline has too is of the same type here, so that one judge can read either."""
    newest = catalogue(TARGET).parameters
    wrong = [
        (name, key)
        for name in OURS
        for key, one in catalogue(name).parameters.items()
        if key in newest and type(one.value) is not type(newest[key].value)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", OURS)
def test_crosswalk_ends_exist_and_say_why(name: str) -> None:
    """Both ends of every link exist, both are assessable and named, and each link has its own reason."""
    places = {f"{name}/{item.id}" for item in catalogue(name).items if item.place}
    headings = {f"{TARGET}/{item.id}" for item in catalogue(TARGET).items if item.mode is Mode.GROUP}
    links = crosswalk(name).links
    assert len(links) >= 30 or name == "mhlw-checklist-r7"
    assert not {link.source for link in links} & places
    assert not {link.target for link in links} & headings
    assert all(link.reason for link in links)


@pytest.mark.parametrize("name", SHEETS)
def test_headlines_never_carry_in_full(name: str) -> None:
    """Of the HISPRO items only headlines are known, so that no link carries 適合 in full in either direction."""
    assert {link.relation for link in crosswalk(name).links} == {Relation.OVERLAPS}


def test_phr_sheet_is_the_cloud_sheet_without_signatures_and_with_seven_more() -> None:
    """253 items less the signature topic plus three procedures and four agreements; in preparation; only where users are patients."""
    made = phr()
    check_catalogue(made, checks=CHECKS, features=features())
    added = [item.id for item in made.items if item.group.startswith("phr-")]
    assert (len(made.items), made.status) == (259, "preparing")
    assert added == [*(f"phr-procedure-{n}" for n in range(1, 4)), *(f"phr-agreement-{n}" for n in range(1, 5))]
    assert "spec-011" not in {item.id for item in made.items}
    assert all("user_is_patient" in group.when for group in made.groups)


def test_phr_sheet_changes_what_the_source_changes() -> None:
    """TLS 1.2 without client certificates, no second factor, and words about PHR instead of medical institutions."""
    items = {item.id: item for item in phr().items}
    assert phr().parameters["tls.min_version"].value == "1.2"
    assert "tls.mutual" not in items["spec-008"].checks
    assert "tls.certificate_use" in items["spec-008"].checks
    assert not {"factors.share", "login.host_factors"} & set(items["spec-003"].checks)
    assert "PHRで利用する医療情報" in items["spec-005"].text.ja
    assert not any("医療機関等" in item.text.ja + item.plain for item in phr().items)


def test_phr_topics_that_no_item_names_are_reported() -> None:
    """25 topics do not apply; two are tied to an item, 23 and one change of wording are reported and noted where they may lie."""
    spec = parse_derivation((CATALOGS / "hispro-phr.yaml").read_bytes(), "hispro-phr")
    open_ones = unresolved(spec)
    items = {item.id: item for item in phr().items}
    assert (len(spec.exclusions), len(spec.changes), len(open_ones)) == (25, 3, 24)
    assert all("手元の様式で確かめる" in items[near].plain for one in open_ones for near in one.near)


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the source (shared/) is not present")
@pytest.mark.parametrize("name", [*OURS, "hispro-phr"])
def test_words_are_our_own(name: str) -> None:
    """No text of ours shares a run of 20 characters with the source."""
    source = "".join(_flat(path.read_text("utf-8")) for path in sorted(SEEDS.glob("002*")))
    made = phr() if name == "hispro-phr" else catalogue(name)
    texts = [text for item in made.items for text in (item.text.ja, item.plain, *item.evidence)]
    texts += [group.title.ja for group in made.groups]
    copied = [
        text for text in map(_flat, texts) if any(text[at : at + RUN] in source for at in range(len(text) - RUN + 1))
    ]
    assert len(source) > 10_000
    assert copied == []


def _flat(text: str) -> str:
    return re.sub(r"\s+", "", text)
