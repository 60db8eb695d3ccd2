"""Maps, definitions and tables: strict loaders, and the files we ship."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest

from akashi.checkup import (
    FormatDefinition,
    ItemTable,
    LayoutMap,
    layout_hash,
    load_definition,
    load_items,
    load_map,
    padded,
)
from akashi.checkup.errors import DefinitionInvalid, MapInvalid, TableInvalid
from akashi.checkup.formats.items import ITEM_COLUMNS
from akashi.checkup.tabular.layout import Columns, coverage
from tests.checkup.conftest import FORMATS, SHARED, TINY_FORMAT, TINY_HEADERS, TINY_MAP, headers_of

GOOD = TINY_MAP.format(layout=layout_hash([TINY_HEADERS], ","))


def builder(name: str) -> ModuleType:
    """A generator program beside the data files."""
    spec = importlib.util.spec_from_file_location(name, FORMATS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("map: 1", "map: 2", "schema"),
        ("header_rows: 1", "header_rows: 3", "integer"),
        ("header_rows: 1", "header_rows: one", "integer"),
        ("id: tiny", "id: tiny\nid: again", "twice"),
        ("id: tiny", "colour: red\nid: tiny", "unknown key"),
        ("id: tiny\n", "", "missing"),
        ("from: 2026-01-01", "from: 2027-01-01", "after"),
        ("from: 2026-01-01", "from: 2026-02-30", "date"),
        ("layout: sha256:", "layout: md5:", "sha256"),
        ("kind: graded", "kind: colour", "is expected"),
        ("to: person.id", "to: person.soul", "unknown field"),
        ('to: "9N001000000000001", at', 'to: "9N001-x", at', "item code"),
        ("table: grades", "table: marks", "unknown table"),
        ("role: JUDGEMENT", "role: OPINION", "is expected"),
        ("role: JUDGEMENT, ", "", "two rules"),
        ("required: true", "required: yes", "true or false"),
        ('in: ["随時"]', 'in: ["空腹"]', "exclusive"),
        ('in: ["随時"]', "in: []", "word"),
        ('at: ["既往1", "既往2"]', "at: []", "place"),
        ('at: "尿糖"', "at: {header: 尿糖, column: 3}", "either"),
        ('at: "尿糖"', "at: {column: 0}", "integer"),
        ('unit: "cm"', 'unit: "cm", factor: -1', "factor"),
        ('unit: "cm"', 'unit: "cm", factor: 0', "factor"),
        ('ignore: ["備考"]', "ignore: [{columns: 5-3}]", "columns"),
        ("rules:", "rules: &x", ""),
    ],
)
def test_a_map_with_one_fault_is_refused(old: str, new: str, what: str) -> None:
    """Unknown keys, tables, kinds, roles, wrong dates, overlapping conditions: each is refused with its line."""
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    if old == "rules:":
        text += "spare: *x\n"

    with pytest.raises(MapInvalid) as caught:
        load_map(text)

    assert what in str(caught.value.params["what"])
    assert int(caught.value.params["line"]) >= 1


@pytest.mark.parametrize(
    "text", ["", "- a", "map: [", "{}", "map: 1\n" + "a: " + "[" * 60, "\t:", "map: !!python/object:x.Y {}"]
)
def test_what_is_no_map_is_refused(text: str) -> None:
    """Not YAML, not a mapping, too deep: no foreign exception."""
    with pytest.raises(MapInvalid):
        load_map(text)


def test_the_line_of_a_fault_is_its_line() -> None:
    """The clerk finds the place."""
    text = GOOD.replace("kind: graded", "kind: colour")

    with pytest.raises(MapInvalid) as caught:
        load_map(text)

    assert caught.value.params["line"] == 1 + text[: text.index("colour")].count("\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("definition: 1", "definition: 9"), ("encoding: utf-8", "encoding: utf-16"), ("kind: spare", "kind: sparse"),
        ("kind: spare", "kind: spare, source: person.id"), (", source: visit.date", ""), ("name: 日", "name: 本人"),
        ("max_bytes: 8", "max_bytes: 0"), ("count: 2", "count: 0"), ("label: for tests\n", ""),
    ],
)  # fmt: skip
def test_a_definition_with_one_fault_is_refused(old: str, new: str) -> None:
    """Formats are loaded as strictly as maps."""
    text = TINY_FORMAT.replace(old, new, 1)
    assert text != TINY_FORMAT

    with pytest.raises(DefinitionInvalid):
        load_definition(text)


@pytest.mark.parametrize(
    ("index", "value", "what"),
    [
        (0, "", "code"),
        (3, "XX", "type"),
        (5, "many", "bytes"),
        (21, "2", "entry"),
        (25, "2", "abnormal"),
        (26, "010=maybe", "programs"),
    ],
)
def test_an_item_table_with_one_fault_is_refused(index: int, value: str, what: str) -> None:
    """A table that breaks its schema names line and column."""
    row = ["9N001", "a", "b", "PQ", "N", "1", "1", "0", *[""] * 13, "1", *[""] * 7]
    row[index] = value

    with pytest.raises(TableInvalid) as caught:
        load_items([",".join(ITEM_COLUMNS) + "\n" + ",".join(row) + "\n"], "oid,code,label\n")

    assert (caught.value.params["line"], caught.value.params["what"]) == (2, what)


def test_the_table_id_changes_with_any_text(items: ItemTable) -> None:
    """Records say which table they were read with."""
    text = ",".join(ITEM_COLUMNS) + "\n"

    assert load_items([text], "oid,code,label\n").table_id != load_items([text], "oid,code,label\nx,1,y\n").table_id
    assert items.table_id.startswith("sha256:")


def test_the_national_table_has_its_322_items(items: ItemTable) -> None:
    """CD 121, PQ 103, ST 77, CO 21: the official count."""
    lines = (FORMATS / "items-v4.csv").read_text().splitlines()[1:]
    kinds = [items.items[line.split(",")[0]].type for line in lines]

    assert {kind: kinds.count(kind) for kind in ("CD", "PQ", "ST", "CO")} == {"CD": 121, "PQ": 103, "ST": 77, "CO": 21}


def test_smoking_has_three_answers(items: ItemTable) -> None:
    """The 4th term's answer set."""
    assert sorted(items.labels("9N736000000000011")) == ["1", "2", "3"]


@pytest.mark.parametrize("name", ["midori", "hoshi"])
def test_shipped_maps_decide_every_column(name: str) -> None:
    """The invented institutions' maps know their own layouts wholly."""
    shipped = load_map((FORMATS / f"maps/{name}.yaml").read_text())
    headers = headers_of(name)

    found = coverage(Columns(headers), shipped)

    assert shipped.layout_hash == layout_hash(headers, ",")
    assert found.undecided == 0
    assert Columns(headers).duplicates() == 0


def test_midori_is_wide_and_hoshi_narrow() -> None:
    """At least 250 columns with two heading rows; one heading row with few."""
    assert len(headers_of("midori")) == 2
    assert len(headers_of("midori")[1]) >= 250
    assert len(headers_of("hoshi")[0]) < 60


def test_every_shipped_map_names_known_items_with_their_units(items: ItemTable) -> None:
    """No rule points at an item that is not in the tables, or at another unit."""
    for path in sorted((FORMATS / "maps").glob("*.yaml")):
        for rule in load_map(path.read_text()).rules:
            assert "." in rule.target or rule.target in items.items, path.name
            if rule.unit:
                assert rule.unit == items.items[rule.target].unit, (path.name, rule.target)


def test_the_subset_says_that_it_is_ours(subset: FormatDefinition) -> None:
    """2,000 columns, at least 300 items, and a label that does not pretend."""
    assert len(subset.columns) == 2000
    assert len({column.source for column in subset.columns if column.kind == "standard"}) >= 300
    assert "not the official" in subset.label


def test_the_subset_is_what_its_builder_builds() -> None:
    """The committed definition is reproducible from the committed tables."""
    assert builder("build_definition").build(FORMATS) == (FORMATS / "akashi-subset-1.yaml").read_bytes()


@pytest.mark.skipif(not (SHARED / "data/item-tables").is_dir(), reason="the fact tables (shared/) are not present")
def test_the_item_tables_are_what_the_facts_give() -> None:
    """The committed tables equal a rebuild."""
    for name, data in builder("build_items").build(SHARED / "data/item-tables").items():
        assert (FORMATS / name).read_bytes() == data, name


def test_padding_adds_spare_columns_only(tiny_format: FormatDefinition) -> None:
    """Benches ask for more columns."""
    wide = padded(tiny_format, 40)

    assert len(wide.columns) == 40
    assert wide.columns[:15] == tiny_format.columns
    assert {column.kind for column in wide.columns[15:]} == {"spare"}
    assert padded(tiny_format, 3) == tiny_format


def test_a_map_is_valid_on_its_first_and_last_day(tiny: LayoutMap) -> None:
    """Both ends belong to the period."""
    assert tiny.valid_on(tiny.valid_from)
    assert tiny.valid_on(tiny.valid_to)
    assert not tiny.valid_on(tiny.valid_to.replace(year=2027))
