"""The METI guideline, 2nd edition: all 181 rows of the source, in our own words, and its crosswalk to the operations volume of 7.0.

The order and the words of the source are compared where the repository of sources (``shared/``) stands beside this one; elsewhere those
tests are skipped and say so.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import yaml

from akashi.conformity.catalogues.catalogue import Shelf, defined_features, parse_catalogue, read_yaml
from akashi.conformity.catalogues.crosswalk import crosswalk_of, parse_crosswalk
from akashi.conformity.forms.disclosure import Oddity, parse_disclosure
from akashi.conformity.model import Catalogue, Mode, Relation
from tests.conformity.checks import CHECKS

ROOT = Path(__file__).resolve().parents[2]
CATALOGS = ROOT / "catalogs"
CROSSWALK = CATALOGS / "crosswalk" / "meti-2--mhlw-7.0-draft-ops.yaml"
SEEDS = ROOT.parent / "shared" / "seeds"
TABLE = ROOT.parent / "shared" / "data" / "catalog" / "mhlw-7.0-draft-ops.yaml"
RUN = 20
SECTIONS = {
    "2.1": 1, "2.2": 11, "2.3": 5, "2.4": 1, "2.5": 37, "2.6": 107, "2.7": 5, "2.8": 3, "2.9": 1, "2.10": 10,
}  # fmt: skip
GROUPS = {
    "2.1": 1, "2.2.1": 5, "2.2.2": 6, "2.3": 5, "2.4": 1, "2.5.1": 4, "2.5.2": 14, "2.5.3": 13, "2.5.4": 4, "2.5.5": 2, "2.6.1": 10,
    "2.6.2": 6, "2.6.3": 3, "2.6.4": 3, "2.6.5": 8, "2.6.6": 14, "2.6.7": 9, "2.6.8": 4, "2.6.9": 5, "2.6.10": 5, "2.6.11": 5,
    "2.6.12": 5, "2.6.13": 5, "2.6.14": 22, "2.6.15": 3, "2.7": 5, "2.8": 3, "2.9": 1, "2.10.1": 7, "2.10.2": 3,
}  # fmt: skip
CARRYING = {
    ("2.6.12-4", "17-3", Relation.PART_OF),
    ("2.6.14-7", "14-8", Relation.PART_OF),
    ("2.6.14-22", "14-6-6", Relation.COVERS),
}
needs_seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason="the sources (shared/seeds) are not beside this repository")
needs_table = pytest.mark.skipif(
    not TABLE.is_file(), reason="the table of nodes (shared/data) is not beside this repository"
)


@cache
def load(name: str) -> Catalogue:
    """One catalogue, read as the product reads it."""
    features = read_yaml((CATALOGS / "features.yaml").read_bytes(), "features")
    data = (CATALOGS / f"{name}.yaml").read_bytes()
    return parse_catalogue(data, name, checks=CHECKS, features=defined_features(features))


@cache
def source(number: str) -> str:
    """A seed without white space."""
    return re.sub(r"\s+", "", next(SEEDS.glob(f"{number}*")).read_text("utf-8"))


def copied(texts: list[str], number: str) -> list[str]:
    """Those runs of :data:`RUN` characters of ``texts`` that stand in the seed."""
    squeezed = [re.sub(r"\s+", "", text) for text in texts]
    runs = [text[at : at + RUN] for text in squeezed for at in range(len(text) - RUN + 1)]
    return [run for run in runs if run in source(number)]


def test_every_section_has_the_rows_of_the_source() -> None:
    """181 rows, all to be answered: 37 physical, 107 technical, and so on down to each subsection."""
    made = load("meti-2")

    assert (len(made.items), sum(SECTIONS.values()), sum(GROUPS.values())) == (181, 181, 181)
    assert Counter(".".join(item.group.split(".")[:2]) for item in made.items) == SECTIONS
    assert Counter(item.group for item in made.items) == GROUPS
    assert [group.id for group in made.groups] == list(GROUPS)


def test_ids_and_clauses_say_section_label_bullet_and_row() -> None:
    """2.5.2-1-3 is the third bullet of (1) of section 2.5.2; the clause names the row of the source, counted through."""
    for row, item in enumerate(load("meti-2").items, 1):
        section, *rest = item.id.split("-")
        assert item.group == section
        assert item.clause == section + (f"({rest[0]})" if rest else "") + f"・行{row}"


def test_each_row_is_said_in_its_own_words() -> None:
    """No two rows share a sentence, in Japanese or English; each has a plain explanation, and people's rows name what they could show."""
    items = load("meti-2").items

    assert len({item.text.ja for item in items}) == 181
    assert len({item.text.en for item in items}) == 181
    assert all(item.plain.endswith("。") and item.evidence for item in items)


def test_programs_and_people_share_the_rows() -> None:
    """12 rows are decided by a program, 66 partly, 103 by people; what a program decides holds a month."""
    items = load("meti-2").items

    assert Counter(item.mode for item in items) == {Mode.MEASURED: 12, Mode.PARTLY: 66, Mode.PEOPLE: 103}
    assert {(item.mode, item.valid_days) for item in items} == {
        (Mode.MEASURED, 30),
        (Mode.PARTLY, 90),
        (Mode.PEOPLE, 365),
    }


def test_only_rows_with_a_condition_of_their_own_can_be_out_of_scope() -> None:
    """The kinds of premises of 2.5.2, subcontracted upkeep, VPN and transport by hand; everything else always applies."""
    conditional = {item.id: item.when for item in load("meti-2").items if item.when}

    assert {name for name in conditional if not name.startswith("2.5.2-")} == {
        "2.6.1-10",
        "2.6.5-8",
        "2.6.6-14",
        "2.6.8-3",
    }
    assert sum(name.startswith("2.5.2-") for name in conditional) == 14
    assert conditional["2.6.6-14"] == ("vpn|ssl_vpn",)


def test_thresholds_name_their_row_or_say_that_they_are_ours() -> None:
    """A threshold points to a row that exists, or says openly that the source has none; a superseded edition overrides nobody."""
    made = load("meti-2")
    rows = {item.clause.partition("・")[0] for item in made.items}

    for one in made.parameters.values():
        assert one.where in rows if one.where else "自分たちの既定" in one.note
    assert not any(one.overrides for one in made.parameters.values())
    assert made.status == "superseded"


def test_forced_ageing_contradicts_the_newer_edition() -> None:
    """Here passwords are forced to age and 7.0 does not ask for it: the two thresholds differ under the same name."""
    old, new = (load(name).parameters["password.periodic_change"].value for name in ("meti-2", "mhlw-7.0-draft-ops"))

    assert (old, new) == (True, False)


def test_the_crosswalk_links_rows_to_nodes_that_exist() -> None:
    """Every end is an item of its catalogue, no pair twice, every reason its own words; 179 of 181 rows have a counterpart."""
    shelf = Shelf([load("meti-2"), load("mhlw-7.0-draft-ops")])

    links = crosswalk_of([(CROSSWALK.name, CROSSWALK.read_bytes())], shelf).links

    assert len(links) == 245
    assert all(link.reason for link in links)
    unlinked = {item.id for item in load("meti-2").items} - {link.source.partition("/")[2] for link in links}
    assert unlinked == {"2.2.1-3", "2.5.3-6"}


@needs_table
def test_the_crosswalk_ends_at_assessable_nodes() -> None:
    """The ends are leaves of the table of nodes too, but for one heading on emergencies that a continuity plan answers as a whole."""
    nodes = {row["id"]: row["auto"] for row in yaml.safe_load(TABLE.read_text("utf-8"))["items"]}

    ends = {link.target.partition("/")[2] for link in parse_crosswalk(CROSSWALK.read_bytes(), CROSSWALK.name)}

    assert {end for end in ends if nodes[end] == "group"} <= {"11-1"}


def test_almost_nothing_is_carried_in_full() -> None:
    """Two documents for different readers: but for three links that were read closely, rows only overlap."""
    links = parse_crosswalk(CROSSWALK.read_bytes(), CROSSWALK.name)

    strong = {
        (link.source.partition("/")[2], link.target.partition("/")[2], link.relation)
        for link in links
        if link.relation is not Relation.OVERLAPS
    }
    assert strong == CARRYING


@needs_seeds
def test_rows_stand_where_the_source_has_them() -> None:
    """Section and label of each id are those of the same row of the real disclosure."""
    text = next(SEEDS.glob("004*")).read_text("utf-8")

    found = parse_disclosure(text, [item.id for item in load("meti-2").items])

    assert not [row.number for row in found.rows if Oddity.PLACE in row.findings or Oddity.MISSING in row.findings]


@needs_seeds
@pytest.mark.parametrize("number", ["003", "004"])
def test_no_sentence_is_taken_from_a_source(number: str) -> None:
    """No run of 20 characters of our texts, explanations, evidence, notes, titles and reasons stands in the seeds."""
    made = load("meti-2")
    said = [one.note for one in made.parameters.values()] + [group.title.ja for group in made.groups]
    said += [text for item in made.items for text in (item.text.ja, item.plain, *item.evidence)]
    said += [link.reason for link in parse_crosswalk(CROSSWALK.read_bytes(), CROSSWALK.name)]

    assert copied(said, number) == []
