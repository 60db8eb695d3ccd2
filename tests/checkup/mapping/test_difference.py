"""Two versions of a map: every difference once, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.checkup import ItemTable, LayoutMap
from akashi.checkup.formats.maps import Locator
from akashi.checkup.mapping.difference import difference
from akashi.checkup.mapping.model import ChangeKind

GLUCOSE = "3D010000001999901/1/VALUE"


def test_the_same_map_has_no_differences(tiny: LayoutMap) -> None:
    """Nothing is reported for nothing."""
    assert difference(tiny, tiny) == ()


@pytest.mark.parametrize(
    ("change", "kind", "what", "field"),
    [
        (lambda old: replace(old, rules=old.rules[:-1]), ChangeKind.REMOVED, "9N001000000000001/1/JUDGEMENT", "rule"),
        (lambda old: replace(old, valid_to=date(2030, 1, 1)), ChangeKind.CHANGED, "map", "valid_to"),
        (lambda old: replace(old, program="010"), ChangeKind.CHANGED, "map", "program"),
        (lambda old: replace(old, ignored=()), ChangeKind.REMOVED, "ignored", "備考"),
        (lambda old: replace(old, watched=(Locator(column=9),)), ChangeKind.ADDED, "watched", "#9"),
        (lambda old: replace(old, tables={"grades": {"a": "異常なし"}}), ChangeKind.REMOVED, "table:grades", "c6"),
        (lambda old: replace(old, tables={"grades": {**old.tables["grades"], "a": "軽度異常"}}), ChangeKind.CHANGED, "table:grades", "a"),
        (lambda old: replace(old, rules=(replace(old.rules[0], at=(Locator(column=3),)), *old.rules[1:])), ChangeKind.MOVED, "person.id/1/VALUE", "at"),
        (lambda old: replace(old, rules=(replace(old.rules[0], required=False), *old.rules[1:])), ChangeKind.CHANGED, "person.id/1/VALUE", "required"),
        (lambda old: replace(old, rules=tuple(replace(one, when=None) if one.target.startswith("3D010000") else one for one in old.rules)), ChangeKind.CHANGED, GLUCOSE, "when"),
    ],
)  # fmt: skip
def test_each_difference_is_named_once(tiny: LayoutMap, change, kind: ChangeKind, what: str, field: str) -> None:  # noqa: ANN001  # a function of maps
    """Removed rules, moved places, changed properties, words of tables, lists, settings."""
    (found,) = difference(tiny, change(tiny))

    assert (found.kind, found.what, found.field) == (kind, what, field)
    assert found.ja
    assert found.en
    assert found.ja != found.en


def test_items_are_called_by_their_names(tiny: LayoutMap, items: ItemTable) -> None:
    """With the item table at hand, a clerk reads 身長, not digits."""
    (found,) = difference(tiny, replace(tiny, rules=tiny.rules[:-1]), items)

    assert "身長" in found.ja
    assert "の判定" in found.ja


@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)))
@settings(max_examples=60, deadline=None)
def test_looking_from_the_other_side_turns_added_and_removed(tiny: LayoutMap, one: set[int], other: set[int]) -> None:
    """Rules left out of one version are added by the other."""
    old, new = (replace(tiny, rules=tuple(tiny.rules[index] for index in sorted(kept))) for kept in (one, other))

    there = {(change.what, change.kind) for change in difference(old, new)}
    back = {(change.what, change.kind) for change in difference(new, old)}

    turned = {ChangeKind.ADDED: ChangeKind.REMOVED, ChangeKind.REMOVED: ChangeKind.ADDED}
    assert back == {(what, turned[kind]) for what, kind in there}
