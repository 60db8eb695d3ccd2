"""Deriving a catalogue: nothing excluded stays, every word is exchanged, additions are numbered, the parent stays as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.conformity.catalogues.catalogue import with_digest
from akashi.conformity.catalogues.derivation import (
    Change,
    Derivation,
    Exclusion,
    derive,
    is_derivation,
    parse_derivation,
    substitute,
    unresolved,
)
from akashi.conformity.errors import CatalogueInvalid
from akashi.conformity.model import Catalogue, Group, Item, Mode, Parameter, Words

PAIRS = (
    ("医療情報", "PHRで利用する医療情報"),
    ("医療機関等", "患者等"),
    ("クラウドサービス事業者", "PHRサービス事業者"),
)
PIECES = [
    "医療情報",
    "医療機関等",
    "クラウドサービス事業者",
    "PHRで利用する医療情報",
    "患者等",
    "システム",
    "の",
    "医療",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
IDS = [f"a-{number}" for number in range(1, 9)]

FILE = """
catalogue: child
document: d
edition: e
publisher: p
title: {ja: 子}
status: preparing
source: S002
order: 1
family: child
expected: {items: 3, assessable: 3}
parameters: {tls.min_version: {value: "1.2", where: x}}
derive:
  from: parent
  when: [user_is_patient]
  substitutions: [{from: 医療機関等, to: 患者等}]
  exclusions: [{section: "1", topic: 一つ, items: [a-1]}, {section: "2", topic: 不明, near: [a-2]}]
  changes: [{section: "3", topic: 変更, items: [a-3], drop_checks: [tls.versions], note: 注記。}]
  groups: [{id: new, title: {ja: 追加}}]
  additions: [{group: new, clause: "6)", text: {ja: 追加の一}}]
"""


def parent(texts: list[str] | None = None) -> Catalogue:
    """A small catalogue with one text for each of its items."""
    items = tuple(
        Item(
            IDS[at],
            "a",
            f"第{at + 1}項",
            Mode.PARTLY,
            Words(text),
            plain=text,
            checks=("tls.versions",),
            evidence=(text,),
        )
        for at, text in enumerate(texts or ["医療機関等の甲", "医療機関等の乙", "医療機関等の丙"])
    )
    group = Group("a", Words("医療機関等"), ("web_service",))
    made = Catalogue(
        id="parent", family="parent", order=1, title=Words("親"), document="d", edition="e", publisher="p", status="current",
        date="", source="S002", parameters={"tls.min_version": Parameter("1.3"), "kept": Parameter(1)}, groups=(group,),
        items=items,
    )  # fmt: skip
    return with_digest(made)


def spec(**parts: object) -> Derivation:
    """The derivation of ``FILE`` with some parts exchanged."""
    return replace(parse_derivation(FILE.encode(), "child"), **parts)  # type: ignore[arg-type]  # parts are given by name


@given(
    texts=st.lists(TEXTS, min_size=1, max_size=8),
    gone=st.sets(st.sampled_from(IDS)),
    near=st.sets(st.sampled_from(IDS)),
    added=st.lists(st.sampled_from(["x", "y"]), max_size=5),
)
def test_what_a_derivation_promises(texts: list[str], gone: set[str], near: set[str], added: list[str]) -> None:
    """For any parent: no excluded id remains, every text that stays is substituted, additions count up, the parent is untouched."""
    source = parent(texts)
    ids = [item.id for item in source.items]
    out, noted = gone & set(ids), near & set(ids)
    additions = tuple(Item("", group, "6)", Mode.PEOPLE, Words("追加")) for group in added)
    count = len(ids) - len(out) + len(added)
    wanted = spec(
        substitutions=PAIRS,
        exclusions=(Exclusion("1", "甲", tuple(sorted(out))), Exclusion("2", "乙", (), tuple(sorted(noted)))),
        changes=(),
        additions=additions,
        head=replace(spec().head, groups=(Group("x", Words("x")), Group("y", Words("y")))),
        expected=(count, count),
    )
    before = repr(source)
    made = derive(source, wanted)
    kept = made.items[: len(made.items) - len(added)]
    assert [item.id for item in kept] == [one for one in ids if one not in out]
    for item in kept:
        was = source.items[ids.index(item.id)]
        assert item.text.ja == substitute(was.text.ja, PAIRS)
        assert item.evidence == (item.text.ja,)
        assert item.plain.startswith(item.text.ja)
        assert ("「乙」" in item.plain) == (item.id in noted)
    for group in ("x", "y"):
        numbered = [item.id for item in made.items if item.group == group]
        assert numbered == [f"{group}-{number}" for number in range(1, added.count(group) + 1)]
    assert repr(source) == before
    assert made.digest != source.digest


@given(TEXTS)
def test_no_word_escapes_and_none_is_exchanged_twice(text: str) -> None:
    """After one pass no replaced word is left outside its replacement, and a second pass changes nothing."""
    once = substitute(text, PAIRS)
    rest = once.replace("PHRで利用する医療情報", "・")
    assert not any(word in rest for word, _ in PAIRS)
    assert substitute(once, PAIRS) == once


def test_longest_words_go_first() -> None:
    """Of two words that begin alike the longer one is taken, whatever their order in the list."""
    assert substitute("医療機関等", (("医療", "甲"), ("医療機関等", "乙"))) == "乙"


def test_no_pairs_change_nothing() -> None:
    """Without substitutions a text stays as it is."""
    assert substitute("医療情報", ()) == "医療情報"


def test_a_file_becomes_a_catalogue() -> None:
    """The file's own identity, thresholds over the parent's, groups with the joined condition, the parent's order of items."""
    made = derive(parent(), parse_derivation(FILE.encode(), "child"))
    assert (made.id, made.status, [item.id for item in made.items]) == ("child", "preparing", ["a-2", "a-3", "new-1"])
    assert {key: one.value for key, one in made.parameters.items()} == {"tls.min_version": "1.2", "kept": 1}
    assert [(group.title.ja, group.when) for group in made.groups] == [
        ("患者等", ("web_service", "user_is_patient")),
        ("追加", ("user_is_patient",)),
    ]


def test_an_item_without_checks_is_left_to_people() -> None:
    """A change that takes the last check away makes the item one for people, with the note appended."""
    item = derive(parent(), spec()).items[1]
    assert (item.checks, item.mode, item.plain) == ((), Mode.PEOPLE, "患者等の丙注記。")


def test_a_change_replaces_words_and_checks() -> None:
    """Text, plain words and checks are replaced where the change gives them; an added check is not doubled."""
    change = Change(
        "3",
        "変更",
        ("a-3",),
        text="新しい",
        plain="平易に。",
        drop_checks=("tls.versions",),
        add_checks=("tls.keys", "tls.keys"),
    )
    item = derive(parent(), spec(changes=(change,))).items[1]
    assert (item.text.ja, item.plain, item.checks, item.mode) == ("新しい", "平易に。", ("tls.keys",), Mode.PARTLY)


def test_unresolved_topics_are_listed() -> None:
    """What names no item of the parent is listed, in the order of the file, exclusions before changes."""
    loose = Change("4", "文言", near=("a-2",), note="注記。")
    assert [one.topic for one in unresolved(spec(changes=(loose,)))] == ["不明", "文言"]
    assert "手元の様式で確かめる" in derive(parent(), spec(changes=(loose,))).items[0].plain


@pytest.mark.parametrize(
    ("parts", "where"),
    [
        ({"parent": "other"}, "derive.from"),
        ({"exclusions": (Exclusion("1", "甲", ("a-9",)),)}, "derive.items"),
        ({"exclusions": (Exclusion("1", "甲", (), ("a-9",)),)}, "derive.items"),
        ({"exclusions": (Exclusion("1", "甲", ("a-3",)),)}, "derive.items"),
        ({"changes": (Change("1", "甲", ("a-9",)),)}, "derive.items"),
        ({"expected": (4, 4)}, "expected.items"),
        ({"head": replace(parse_derivation(FILE.encode(), "child").head, groups=(Group("a", Words("同じ")),))}, "ids"),
    ],
)
def test_derivations_that_do_not_fit_their_parent_are_refused(parts: dict[str, object], where: str) -> None:
    """Another parent, unknown ids, an item both excluded and changed, wrong counts and a doubled group raise."""
    with pytest.raises(CatalogueInvalid) as raised:
        derive(parent(), spec(**parts))
    assert raised.value.params["where"] == where


def test_a_heading_does_not_go_without_its_items() -> None:
    """Excluding a heading while an item still hangs on it is refused."""
    source = parent()
    heading = replace(source.items[0], mode=Mode.GROUP, checks=())
    items = (heading, replace(source.items[1], parent="a-1"), source.items[2])
    with pytest.raises(CatalogueInvalid):
        derive(replace(source, items=items), spec())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("topic: 一つ", "topics: 一つ"),
        ("{from: 医療機関等, to: 患者等}", '{from: "", to: 患者等}'),
        ("items: [a-1]", "items: a-1"),
        ("expected: {items: 3, assessable: 3}", "expected: {items: -3, assessable: 3}"),
        ('clause: "6)"', 'clause: "6)", mode: whatever'),
        ('value: "1.2"', "value: 1.2"),
        ('parameters: {tls.min_version: {value: "1.2", where: x}}', "parameters: [1]"),
        ("derive:", "groups: []\nderive:"),
    ],
)
def test_files_of_another_form_are_refused(old: str, new: str) -> None:
    """Unknown keys, empty words, wrong types and items beside a derivation raise."""
    assert old in FILE
    with pytest.raises(CatalogueInvalid):
        parse_derivation(FILE.replace(old, new).encode(), "child")


def test_a_derivation_is_told_from_a_catalogue() -> None:
    """A file with ``derive`` is one; a file with items is not."""
    assert is_derivation(FILE.encode(), "child")
    assert not is_derivation(b"catalogue: x\nitems: []\n", "x")
