"""What changed between two versions of a map, in words a clerk understands.

Guarantees: pure; every difference that could change a converted cell is named, and nothing else; same maps, no changes. Refuses:
judging whether a change is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from akashi.checkup.formats.items import ItemTable
from akashi.checkup.formats.maps import LayoutMap, Locator, MapRule
from akashi.checkup.mapping.model import Change, ChangeKind
from akashi.checkup.model import Role

_FIELDS = ("kind", "unit", "factor", "table", "digits", "separators", "spaces", "required", "terms", "vocabulary")
_FIELD_WORDS = {
    "kind": ("読み方", "kind"), "unit": ("単位", "unit"), "factor": ("倍率", "factor"), "table": ("対応表", "table"),
    "digits": ("桁数", "digits"), "separators": ("区切り", "separators"), "spaces": ("空白で区切るか", "spaces"),
    "required": ("必須", "required"), "terms": ("用語集", "terms"), "vocabulary": ("判定区分", "vocabulary"), "when": ("条件", "condition"),
}  # fmt: skip
_SETTINGS = (
    ("institution", "機関", "institution"), ("layout_hash", "列の並び", "layout"), ("valid_from", "使用開始日", "first day"),
    ("valid_to", "使用終了日", "last day"), ("header_rows", "見出しの行数", "heading rows"), ("program", "健診の種類", "program"),
)  # fmt: skip
_ROLES = {
    Role.VALUE: ("", ""), Role.LOWER: ("の下限", ", lower limit"), Role.UPPER: ("の上限", ", upper limit"),
    Role.JUDGEMENT: ("の判定", ", judgement"), Role.METHOD: ("の検査方法", ", method"), Role.QUALIFIER: ("の以上・未満", ", qualifier"),
    Role.FLAG: ("の H/L", ", flag"), Role.TEXT: ("の所見", ", text"),
}  # fmt: skip
_LISTS = (
    ("ignored", "使わない列", "ignored columns"),
    ("spare", "予備の列", "spare columns"),
    ("watched", "見張る列", "watched columns"),
)

Place = tuple[str, int, Role]


def _place(at: tuple[Locator, ...]) -> str:
    parts = []
    for locator in at:
        nth = f" ({locator.occurrence})" if locator.occurrence else ""
        parts.append(locator.label + nth)
    return "、".join(parts)


def _when(rule: MapRule) -> str:
    return "" if rule.when is None else f"{_place((rule.when.at,))} = {'/'.join(sorted(rule.when.words))}"


class _Names:
    """What things are called: item names where the table is at hand, codes otherwise."""

    def __init__(self, items: ItemTable | None) -> None:
        self._items = items.items if items is not None else {}

    def of(self, place: Place) -> tuple[str, str]:
        """Japanese and English name of a rule's target."""
        code, occurrence, role = place
        item = self._items.get(code)
        name = f"{item.name}（{code}）" if item else code
        nth = f" [{occurrence}]" if occurrence > 1 else ""
        ja, en = _ROLES[role]
        return f"{name}{nth}{ja}", f"{name}{nth}{en}"


def _rule_changes(old: MapRule, new: MapRule, what: str, names: tuple[str, str]) -> Iterator[Change]:
    ja, en = names
    if old.at != new.at:
        before, after = _place(old.at), _place(new.at)
        yield Change(
            ChangeKind.MOVED, what, "at", before, after, f"「{ja}」を読む列が「{before}」から「{after}」に変わりました。",
            f"{en} is read from {after} instead of {before}.",
        )  # fmt: skip
    pairs = [(field, str(getattr(old, field)), str(getattr(new, field))) for field in _FIELDS]
    for field, before, after in (*pairs, ("when", _when(old), _when(new))):
        if before != after:
            word_ja, word_en = _FIELD_WORDS[field]
            yield Change(
                ChangeKind.CHANGED, what, field, before, after, f"「{ja}」の{word_ja}が「{before}」から「{after}」に変わりました。",
                f"The {word_en} of {en} changed from {before or 'nothing'} to {after or 'nothing'}.",
            )  # fmt: skip


def _rules(layout_map: LayoutMap) -> dict[Place, MapRule]:
    return {(rule.target, rule.occurrence, rule.role): rule for rule in layout_map.rules}


def _all_rules(old: LayoutMap, new: LayoutMap, names: _Names) -> Iterator[Change]:
    before, after = _rules(old), _rules(new)
    for place in sorted(before.keys() | after.keys(), key=lambda place: (place[0], place[1], place[2].value)):
        what = f"{place[0]}/{place[1]}/{place[2].value}"
        ja, en = names.of(place)
        if place not in after:
            at = _place(before[place].at)
            yield Change(
                ChangeKind.REMOVED,
                what,
                "rule",
                at,
                "",
                f"「{ja}」を変換しなくなりました（列「{at}」）。",
                f"{en} is no longer converted (column {at}).",
            )
        elif place not in before:
            at = _place(after[place].at)
            yield Change(
                ChangeKind.ADDED,
                what,
                "rule",
                "",
                at,
                f"「{ja}」を列「{at}」から変換するようになりました。",
                f"{en} is now converted from column {at}.",
            )
        else:
            yield from _rule_changes(before[place], after[place], what, (ja, en))


def _table_changes(name: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for word in sorted(old.keys() | new.keys()):
        before, after = old.get(word, ""), new.get(word, "")
        if before == after:
            continue
        kind = ChangeKind.ADDED if not before else ChangeKind.REMOVED if not after else ChangeKind.CHANGED
        yield Change(
            kind, f"table:{name}", word, before, after, f"対応表「{name}」の「{word}」: 「{before or 'なし'}」→「{after or 'なし'}」。",
            f"Table {name}, {word}: {before or 'nothing'} to {after or 'nothing'}.",
        )  # fmt: skip


def _list_changes(old: LayoutMap, new: LayoutMap) -> Iterator[Change]:
    for attribute, ja, en in _LISTS:
        before = {locator.label: locator for locator in getattr(old, attribute)}
        after = {locator.label: locator for locator in getattr(new, attribute)}
        for label in sorted(before.keys() - after.keys()):
            yield Change(
                ChangeKind.REMOVED,
                attribute,
                label,
                label,
                "",
                f"「{label}」を{ja}から外しました。",
                f"{label} left the {en}.",
            )
        for label in sorted(after.keys() - before.keys()):
            yield Change(
                ChangeKind.ADDED,
                attribute,
                label,
                "",
                label,
                f"「{label}」を{ja}に加えました。",
                f"{label} joined the {en}.",
            )


def difference(old: LayoutMap, new: LayoutMap, items: ItemTable | None = None) -> tuple[Change, ...]:
    """Everything that could change a converted cell, settings first; ``items`` gives names to codes."""
    changes: list[Change] = []
    for attribute, ja, en in _SETTINGS:
        before, after = str(getattr(old, attribute)), str(getattr(new, attribute))
        if before != after:
            changes.append(
                Change(
                    ChangeKind.CHANGED,
                    "map",
                    attribute,
                    before,
                    after,
                    f"{ja}が「{before}」から「{after}」に変わりました。",
                    f"The {en} changed from {before or 'nothing'} to {after or 'nothing'}.",
                )
            )
    changes += _all_rules(old, new, _Names(items))
    for name in sorted(old.tables.keys() | new.tables.keys()):
        changes += _table_changes(name, old.tables.get(name, {}), new.tables.get(name, {}))
    changes += _list_changes(old, new)
    return tuple(changes)
