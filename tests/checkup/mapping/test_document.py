"""A draft written down is a map that loads, reads the file, and says what is left to do."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.checkup import ItemTable, load_map, read_records
from akashi.checkup.errors import HeadingMissing, MapEmpty
from akashi.checkup.mapping.document import MapHead, to_yaml
from akashi.checkup.mapping.model import Choice, Decision, Placing, Proposal
from akashi.checkup.mapping.words import WordList
from akashi.checkup.model import Role
from akashi.checkup.tabular.layout import Columns
from tests.checkup.drafting.found import found
from tests.checkup.drafting.layouts import Unseen, held_out, unseen
from tests.checkup.drafting.measure import ON, drafted, file_of
from tests.checkup.mapping.conftest import Desk

HEAD = MapHead("here-1", date(2026, 4, 1), date(2027, 3, 31), version=3, program="010")
NAMES = (
    "laboratory",
    "host",
    "two_rows",
    "vendor",
    "official",
    "romaji",
    "repeated",
    "company",
    "clinic",
    "staff",
    "union",
    "group",
)


def layout_named(name: str, items: ItemTable) -> Unseen:
    """One of all unseen layouts."""
    return next(one for one in (*unseen(items), *held_out(items), *found()) if one.name == name)


@pytest.mark.parametrize("name", NAMES)
def test_a_written_draft_loads_and_reads_its_file(name: str, items: ItemTable, words: WordList) -> None:
    """Places, kinds, units, tables and layout hash all fit the file it came from."""
    layout = layout_named(name, items)
    layout_map = load_map(to_yaml(drafted(layout, items, words), HEAD))

    records = list(read_records(io.BytesIO(file_of(layout, items, 5)), layout_map, on=ON, items=items))

    assert (layout_map.map_id, layout_map.version, layout_map.program) == ("here-1", 3, "010")
    assert len(records) == 5
    assert any(record.items for record in records)


def test_only_what_a_person_adopted_becomes_a_rule(desk: Desk) -> None:
    """The rest is put aside, watched, or listed as undecided."""
    draft = desk.draft({"身長": ["165"], "体重": ["60"], "腹囲": ["80"], "BMI": ["22"], "胸囲": ["90"]})
    decisions = {
        1: Choice(Decision.ADOPT), 2: Choice(Decision.IGNORE), 3: Choice(Decision.WATCH), 4: Choice(Decision.DEFERRED),
    }  # fmt: skip

    text = to_yaml(draft, HEAD, decisions)
    layout_map = load_map(text)

    assert [rule.target for rule in layout_map.rules] == ["9N001000000000001"]
    assert [place.column for place in (*layout_map.ignored, *layout_map.watched)] == [2, 3]
    assert [line for line in text.splitlines() if line.startswith("# - column")] == [
        "# - column 4: BMI",
        "# - column 5: 胸囲",
    ]


@pytest.mark.parametrize(
    ("heading", "modality"),
    [
        ("心電図所見", "ecg"),
        ("胸部Ｘ線所見", "chest_xray"),
        ("眼底所見（右）", "fundus"),
        ("胃部X線所見", "upper_gi_xray"),
        ("胃内視鏡所見", "upper_gi_endoscopy"),
        ("腹部超音波所見", "abdominal_ultrasound"),
        ("乳房超音波所見", "breast_ultrasound"),
        ("マンモグラフィ所見", "mammography"),
        ("胸部CT所見", ""),
    ],
)
def test_a_findings_column_names_its_thesaurus(desk: Desk, heading: str, modality: str) -> None:
    """Where the heading says which kind of image it is, and only there."""
    cells = ["所見なし", "軽度の異常、要観察", "異常なし", "陳旧性の変化疑い"]
    draft = desk.draft({"受診者番号": ["1", "2", "3", "4"], heading: cells})
    rules = [rule for rule in load_map(to_yaml(draft, HEAD)).rules if rule.kind == "findings"]

    assert [rule.terms for rule in rules] == [modality]


def test_a_number_has_no_thesaurus(desk: Desk) -> None:
    """Even if somebody says so."""
    draft = desk.draft({"血圧": ["120", "130"]})
    own = Proposal(Placing.MAP, 100, (), "9A755000000000001", Role.VALUE, 1, "number", "mmHg", terms="ecg")

    assert load_map(to_yaml(draft, HEAD, {1: Choice(Decision.ADOPT, own)})).rules[0].terms == ""


def test_a_person_may_choose_another_target(desk: Desk) -> None:
    """The decision's own proposal is written."""
    draft = desk.draft({"血圧": ["120", "130"]})
    own = Proposal(Placing.MAP, 100, (), "9A755000000000001", Role.VALUE, 1, "number", "mmHg")

    layout_map = load_map(to_yaml(draft, HEAD, {1: Choice(Decision.ADOPT, own)}))

    assert [(rule.target, rule.unit) for rule in layout_map.rules] == [("9A755000000000001", "mmHg")]


def test_an_exclusive_pair_is_written_as_two_rules(desk: Desk) -> None:
    """With the words of the deciding column."""
    draft = desk.draft([("血糖", ["95", "120"]), ("食後区分", ["空腹", "随時"])])

    layout_map = load_map(to_yaml(draft, HEAD))

    assert [(rule.target[:9], sorted(rule.when.words)) for rule in layout_map.rules if rule.when] == [
        ("3D0100000", ["空腹"]),
        ("3D0101299", ["随時"]),
    ]


def test_nothing_adopted_is_no_map(desk: Desk) -> None:
    """A map without rules could not be loaded; the person is told so."""
    with pytest.raises(MapEmpty):
        to_yaml(desk.draft({"身長": ["165"]}), HEAD, {1: Choice(Decision.IGNORE)})


def test_odd_headings_cannot_break_out_of_their_line(desk: Desk) -> None:
    """Quotes, colons, hashes and line breaks stay inside the text."""
    draft = desk.text('"身長"": x #","予\n備: [a]","体重\\"\r\n165,,60\r\n')

    layout_map = load_map(to_yaml(draft, HEAD))

    assert layout_map.layout_hash == draft.layout_hash


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12), min_size=1, max_size=6
    )
)
@settings(max_examples=150, deadline=None)
def test_whatever_the_headings_the_written_map_loads(desk: Desk, headings: list[str]) -> None:
    """Any signs in headings: the map loads, knows the layout, and finds its column."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(["身長", *headings])
    writer.writerow(["165.5", *("あ" for _ in headings)])
    try:
        draft = desk.text(text.getvalue())
    except HeadingMissing:
        return

    layout_map = load_map(to_yaml(draft, HEAD))

    assert layout_map.layout_hash == draft.layout_hash
    assert Columns(draft.headers).find(layout_map.rules[0].at[0]) == 0
