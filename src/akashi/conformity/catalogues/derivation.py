"""A catalogue that is another one with words substituted, items left out, changed and added (seed 002: the PHR sheet of 2019).

Guarantees: pure; the parent is not touched; an excluded item is gone; every text that stays is substituted once, longest words first,
and substituting twice changes nothing more; additions are numbered ``group-1``, ``group-2``, …; what could not be tied to an item stays
in the sheet with a note that says so, and :func:`unresolved` lists it. Refuses: ids that the parent does not have, an item excluded and
changed at once, a parent other than the one named, a result that does not hold the announced counts. Trusts: whoever can write
``catalogs/``.

>>> substitute("医療機関等の医療情報", (("医療情報", "PHRで利用する医療情報"), ("医療機関等", "患者等")))
'患者等のPHRで利用する医療情報'
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from akashi.conformity.catalogues.catalogue import Reader, read_yaml, with_digest
from akashi.conformity.errors import CatalogueInvalid
from akashi.conformity.model import Catalogue, Group, Item, Mode, Parameter, Words

_HEAD = {
    "catalogue", "document", "edition", "publisher", "title", "status", "date", "source", "order", "family", "expected",
    "parameters", "derive",
}  # fmt: skip
_DERIVE = {"from", "when", "substitutions", "exclusions", "changes", "groups", "additions"}
_CHANGE = {"section", "topic", "items", "near", "text", "plain", "note", "drop_checks", "add_checks"}
_ADDITION = {"group", "clause", "mode", "text", "plain", "checks", "evidence", "valid_days"}
_NEAR = "ただし{topics}は適用しない（この項のどこまでに当たるかは手元の様式で確かめる）。"
_CHANGED_NEAR = "{note}（この項のどこに当たるかは手元の様式で確かめる）"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A topic that does not apply. ``items``: the parent's items that go; none: unresolved, ``near`` may hold it and are only noted."""

    section: str
    topic: str
    items: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A topic that applies otherwise. ``text`` and ``plain`` replace where given, ``note`` is appended to the plain words."""

    section: str
    topic: str
    items: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    text: str = ""
    plain: str = ""
    note: str = ""
    drop_checks: tuple[str, ...] = ()
    add_checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Derivation:
    """What makes one catalogue of another. ``head``: its own identity and thresholds, with the added groups and without items.

    ``additions`` carry no id yet; ``when`` joins the conditions of every group; ``expected`` is (items, assessable).
    """

    head: Catalogue
    parent: str
    expected: tuple[int, int]
    when: tuple[str, ...] = ()
    substitutions: tuple[tuple[str, str], ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    changes: tuple[Change, ...] = ()
    additions: tuple[Item, ...] = ()


def is_derivation(data: bytes, name: str) -> bool:
    """The file announces a derivation instead of items. Raises :class:`CatalogueInvalid` where it is not YAML."""
    return "derive" in read_yaml(data, name)


def parse_derivation(data: bytes, name: str) -> Derivation:
    """The derivation of a YAML file. Raises :class:`CatalogueInvalid`."""
    top = Reader(name, read_yaml(data, name), "top", _HEAD)
    spec = Reader(name, top.raw("derive"), "derive", _DERIVE)
    counts = Reader(name, top.raw("expected"), "expected", {"items", "assessable"})
    return Derivation(
        head=_head(name, top, _groups(name, spec)),
        parent=spec.text("from"),
        expected=(counts.integer("items"), counts.integer("assessable")),
        when=spec.texts("when"),
        substitutions=tuple(_pair(name, row, at) for at, row in enumerate(spec.rows("substitutions"))),
        exclusions=tuple(_exclusion(name, row, at) for at, row in enumerate(spec.rows("exclusions"))),
        changes=tuple(_change(name, row, at) for at, row in enumerate(spec.rows("changes"))),
        additions=tuple(_addition(name, row, at) for at, row in enumerate(spec.rows("additions"))),
    )


def _head(name: str, top: Reader, groups: tuple[Group, ...]) -> Catalogue:
    return Catalogue(
        id=top.text("catalogue"),
        family=top.text("family"),
        order=top.integer("order"),
        title=top.words("title"),
        document=top.text("document"),
        edition=top.text("edition"),
        publisher=top.text("publisher"),
        status=top.text("status"),
        date=top.text("date", ""),
        source=top.text("source"),
        parameters=_parameters(name, top.raw("parameters") or {}),
        groups=groups,
        items=(),
    )


def _parameters(name: str, value: object) -> dict[str, Parameter]:
    if not isinstance(value, dict):
        raise CatalogueInvalid(name=name, where="parameters")
    made = {}
    for key, row in value.items():
        reader = Reader(name, row, f"parameters.{key}", {"value", "where", "ja"})
        read = reader.raw("value")
        if not isinstance(read, bool | int | str):
            raise reader.fail("value")
        made[str(key)] = Parameter(read, reader.text("where", ""), reader.text("ja", ""))
    return made


def _groups(name: str, spec: Reader) -> tuple[Group, ...]:
    rows = [Reader(name, row, f"groups[{at}]", {"id", "title", "when"}) for at, row in enumerate(spec.rows("groups"))]
    return tuple(Group(row.text("id"), row.words("title"), row.texts("when")) for row in rows)


def _pair(name: str, row: object, at: int) -> tuple[str, str]:
    reader = Reader(name, row, f"substitutions[{at}]", {"from", "to"})
    if not reader.text("from"):
        raise reader.fail("from")
    return reader.text("from"), reader.text("to")


def _exclusion(name: str, row: object, at: int) -> Exclusion:
    reader = Reader(name, row, f"exclusions[{at}]", {"section", "topic", "items", "near"})
    return Exclusion(reader.text("section"), reader.text("topic"), reader.texts("items"), reader.texts("near"))


def _change(name: str, row: object, at: int) -> Change:
    reader = Reader(name, row, f"changes[{at}]", _CHANGE)
    return Change(
        section=reader.text("section"),
        topic=reader.text("topic"),
        items=reader.texts("items"),
        near=reader.texts("near"),
        text=reader.text("text", ""),
        plain=reader.text("plain", ""),
        note=reader.text("note", ""),
        drop_checks=reader.texts("drop_checks"),
        add_checks=reader.texts("add_checks"),
    )


def _addition(name: str, row: object, at: int) -> Item:
    reader = Reader(name, row, f"additions[{at}]", _ADDITION)
    try:
        mode = Mode(reader.text("mode", "people"))
    except ValueError as error:
        raise reader.fail("mode") from error
    return Item(
        id="",
        group=reader.text("group"),
        clause=reader.text("clause"),
        mode=mode,
        text=reader.words("text"),
        plain=reader.text("plain", ""),
        checks=reader.texts("checks"),
        evidence=reader.texts("evidence"),
        valid_days=reader.integer("valid_days", 365),
    )


def unresolved(spec: Derivation) -> tuple[Exclusion | Change, ...]:
    """The exclusions and changes that name no item of the parent: still to be settled by whoever holds the real sheet."""
    named: list[Exclusion | Change] = [*spec.exclusions, *spec.changes]
    return tuple(one for one in named if not one.items)


def substitute(text: str, pairs: Sequence[tuple[str, str]]) -> str:
    """``text`` with every word exchanged, in one pass, longest first; a word that already stands as its replacement is left alone."""
    table = {target: target for _, target in pairs if target} | dict(pairs)
    if not table:
        return text
    words = "|".join(re.escape(word) for word in sorted(table, key=lambda word: (-len(word), word)))
    return re.sub(words, lambda found: table[found.group()], text)


def derive(parent: Catalogue, spec: Derivation) -> Catalogue:
    """The derived catalogue, with its digest. Raises :class:`CatalogueInvalid`; whether checks and features are known is the caller's."""
    _refuse(parent, spec)
    gone = {item for one in spec.exclusions for item in one.items}
    kept = [_kept(item, spec) for item in parent.items if item.id not in gone]
    added = _numbered(spec.additions)
    groups = [replace(one, title=_words(one.title, spec), when=(*one.when, *spec.when)) for one in parent.groups] + [
        replace(one, when=(*one.when, *spec.when)) for one in spec.head.groups
    ]
    parameters: Mapping[str, Parameter] = {**parent.parameters, **spec.head.parameters}
    made = replace(spec.head, parameters=parameters, groups=tuple(groups), items=(*kept, *added))
    leaves = sum(item.mode is not Mode.GROUP for item in made.items)
    if (len(made.items), leaves) != spec.expected:
        raise CatalogueInvalid(name=made.id, where="expected.items")
    if len({item.id for item in made.items}) != len(made.items) or len({one.id for one in groups}) != len(groups):
        raise CatalogueInvalid(name=made.id, where="ids")
    return with_digest(made)


def _refuse(parent: Catalogue, spec: Derivation) -> None:
    if parent.id != spec.parent:
        raise CatalogueInvalid(name=spec.head.id, where="derive.from")
    known = {item.id for item in parent.items}
    named: list[Exclusion | Change] = [*spec.exclusions, *spec.changes]
    gone = {item for one in spec.exclusions for item in one.items}
    changed = {item for one in spec.changes for item in one.items}
    orphans = {item.id for item in parent.items if item.parent in gone} - gone
    if {item for one in named for item in (*one.items, *one.near)} - known or gone & changed or orphans:
        raise CatalogueInvalid(name=spec.head.id, where="derive.items")


def _kept(item: Item, spec: Derivation) -> Item:
    """An item that stays: words substituted, then changed, then noted."""
    made = replace(
        item,
        text=_words(item.text, spec),
        plain=substitute(item.plain, spec.substitutions),
        evidence=tuple(substitute(one, spec.substitutions) for one in item.evidence),
    )
    for change in spec.changes:
        if item.id in change.items:
            made = _changed(made, change)
        elif item.id in change.near:
            made = _noted(made, _CHANGED_NEAR.format(note=change.note or change.topic))
    topics = "".join(f"「{one.topic}」" for one in spec.exclusions if item.id in one.near)
    return _noted(made, _NEAR.format(topics=topics)) if topics else made


def _changed(item: Item, change: Change) -> Item:
    kept = [one for one in item.checks if one not in change.drop_checks]
    checks = tuple(dict.fromkeys((*kept, *change.add_checks)))
    # Without any check left nothing but a person can decide it.
    mode = item.mode if checks or item.mode is Mode.GROUP else Mode.PEOPLE
    text = Words(change.text) if change.text else item.text
    changed = replace(item, text=text, plain=change.plain or item.plain, checks=checks, mode=mode)
    return _noted(changed, change.note)


def _noted(item: Item, note: str) -> Item:
    return replace(item, plain=item.plain + note) if note else item


def _words(words: Words, spec: Derivation) -> Words:
    return replace(words, ja=substitute(words.ja, spec.substitutions))


def _numbered(additions: Sequence[Item]) -> list[Item]:
    counts: dict[str, int] = {}
    made = []
    for item in additions:
        counts[item.group] = counts.get(item.group, 0) + 1
        made.append(replace(item, id=f"{item.group}-{counts[item.group]}"))
    return made
