"""The loader of catalogues: what stands in a file is what it announces, or it is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.conformity.catalogues.catalogue import Shelf, dump_catalogue, load_catalogue, parse_catalogue, with_digest
from akashi.conformity.catalogues.crosswalk import crosswalk_of, parse_crosswalk
from akashi.conformity.errors import CatalogueInvalid, CatalogueUnknown, ItemUnknown
from akashi.conformity.model import Words
from akashi.ledger.wire import cbor
from tests.conformity.small import NEW, OLD, item

TEXT = """
catalogue: test-1
document: 文書
edition: 第1版
publisher: 架空
title: {ja: 題, en: Title}
status: current
date: ""
source: test
order: 1
family: test
expected: {items: 2, assessable: 1}
parameters:
  a.b: {value: [x, y], where: "1", ja: 説明, overrides: true}
groups:
  - {id: "1", title: {ja: 章, en: Chapter}, when: [wireless]}
items:
  - {id: "1-1", group: "1", clause: 第1章, mode: group, text: {ja: 見出し}}
  - {id: "1-2", group: "1", parent: "1-1", clause: 第1章①, mode: measured, text: {ja: 項目, en: Item}, checks: [c.d], when: ["wireless|vpn"]}
"""


def parsed(text: str = TEXT) -> object:
    """Parse with one check and two features."""
    return parse_catalogue(text.encode(), "t", checks={"c.d"}, features={"wireless", "vpn"})


def test_a_file_becomes_a_catalogue() -> None:
    """Everything arrives, under a digest."""
    made = parse_catalogue(TEXT.encode(), "t", checks={"c.d"}, features={"wireless", "vpn"})
    assert (made.id, len(made.items), made.items[1].when, len(made.digest)) == ("test-1", 2, ("wireless|vpn",), 32)
    assert made.parameters["a.b"].value == ("x", "y")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("items: 2", "items: 3"),
        ("assessable: 1", "assessable: 2"),
        ("c.d]", "c.e]"),
        ("wireless|vpn", "wireless|tunnel"),
        ("when: [wireless]", "when: [sun]"),
        ("mode: measured", "mode: guessed"),
        ("mode: measured", "mode: people"),
        ('parent: "1-1"', 'parent: "1-9"'),
        ('parent: "1-1"', 'parent: "1-2"'),
        ('id: "1-2"', 'id: "1-1"'),
        ('id: "1-2"', 'id: "1 2"'),
        ('group: "1", parent', 'group: "2", parent'),
        ("order: 1", "order: -1"),
        ("status: current", "status: final"),
        ("catalogue: test-1", "catalogue: Test 1"),
        ("source: test", "source: 7"),
        ("source: test", "source: test\nsecret: 1"),
        ("value: [x, y]", "value: {x: 1}"),
        ("text: {ja: 項目, en: Item}", "text: 項目"),
        ("title: {ja: 題, en: Title}", "title: &t {ja: 題}\nold: *t"),
    ],
)
def test_what_does_not_fit_is_refused(old: str, new: str) -> None:
    """Wrong counts, unknown checks and features, loops, doubles, unknown keys, aliases."""
    assert old in TEXT
    with pytest.raises(CatalogueInvalid):
        parsed(TEXT.replace(old, new, 1))


@pytest.mark.parametrize("data", [b"", b"\xff", b"- 1", b"a: [", b"&a [*a]", b"[" * 5000, b"x" * (5 << 20), b"1: 2"])
def test_garbage_is_refused(data: bytes) -> None:
    """No bytes are more than a refusal."""
    with pytest.raises(CatalogueInvalid):
        parse_catalogue(data, "t", checks=(), features=())


def test_the_canonical_form_comes_back() -> None:
    """``load(dump(x)) == x`` with the same digest."""
    made = with_digest(NEW)
    assert load_catalogue(dump_catalogue(made)) == made


@pytest.mark.parametrize(
    ("path", "value"),
    [((0, 2), True), ((3, 1, 12), True), ((2, 0, 3), [1]), ((3, 1, 8), [2]), ((1, 0, 1), [1, b"x"]), ((0, 0), 7)],
)
def test_another_form_of_it_is_refused(path: tuple[int, ...], value: object) -> None:
    """A truth for a number, a number for a text: what would be read as something else than it says."""
    whole = cbor.decode(dump_catalogue(with_digest(NEW)))
    at = whole
    for step in path[:-1]:
        assert isinstance(at, list)
        at = at[step]
    assert isinstance(at, list)
    at[path[-1]] = value  # type: ignore[call-overload]  # that is the point
    with pytest.raises(CatalogueInvalid):
        load_catalogue(cbor.encode(whole))


@given(st.text(max_size=10))
def test_the_digest_covers_the_words(text: str) -> None:
    """Another wording is another catalogue."""
    changed = with_digest(NEW.__class__(**{**_fields(), "items": (item("a", text=Words(text)),)}))
    assert changed.digest != with_digest(NEW).digest


def _fields() -> dict[str, object]:
    return {name: getattr(NEW, name) for name in NEW.__slots__}


def test_a_shelf_knows_what_it_has() -> None:
    """Unknown catalogues and items are refused by name."""
    shelf = Shelf([NEW, OLD])
    assert [one.id for one in shelf.catalogues] == ["new", "old"]
    with pytest.raises(CatalogueUnknown):
        shelf.catalogue("none")
    with pytest.raises(ItemUnknown):
        shelf.item("new", "zz")


def test_an_edition_yields_only_to_what_overrides() -> None:
    """The newer threshold counts where it overrides; the newer edition keeps its own."""
    shelf = Shelf([NEW, OLD])
    own, yielded = shelf.parameters("old")
    assert (own["door.days"].value, list(yielded)) == (5, ["door.days"])
    assert shelf.parameters("new")[1] == {}


LINKS = "from: new\nto: old\nlinks:\n  - {from: a, to: b, relation: equal, reason: 同じ}\n"


@pytest.mark.parametrize(
    "text",
    [
        LINKS.replace("equal", "like"),
        LINKS.replace("to: b", "to: zz"),
        LINKS + "  - {from: a, to: b, relation: covers, reason: again}\n",
        LINKS.replace("from: new", "from: none"),
    ],
)
def test_a_crosswalk_has_two_ends_and_one_relation(text: str) -> None:
    """Unknown relations, missing ends and doubled links are refused."""
    with pytest.raises((CatalogueInvalid, CatalogueUnknown, ItemUnknown)):
        crosswalk_of([("x", text.encode())], Shelf([NEW, OLD]))


def test_a_crosswalk_file_is_read() -> None:
    """One link, with its reason."""
    (link,) = parse_crosswalk(LINKS.encode(), "x")
    assert (link.source, link.target, link.reason) == ("new/a", "old/b", "同じ")
