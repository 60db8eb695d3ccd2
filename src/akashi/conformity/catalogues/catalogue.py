"""Catalogues as data: read strictly from YAML, checked against what they announce, and named by a digest.

Guarantees: an item's checks are known judges, its features known, its parent a heading; the counts that a catalogue announces hold; the
digest covers everything a verdict can depend on. Refuses: unknown keys, duplicate ids, files over 4 MiB, aliases (a small file cannot
become a large one). Trusts: whoever can write ``catalogs/``; that is why runs and bundles name the digest.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import yaml

from akashi.conformity.errors import CatalogueInvalid, CatalogueUnknown, ItemUnknown
from akashi.conformity.model import Catalogue, Group, Item, Mode, Parameter, Scalar, Words
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value

MAX_BYTES = 4 << 20
MAX_ITEMS = 2_000
MAX_DEPTH = 16
"""Headings above an item."""
_ID = re.compile(r"[^\s/]{1,40}")
_CATALOGUE_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}", re.ASCII)
_TOP = {
    "catalogue", "document", "edition", "publisher", "title", "status", "date", "source", "order", "family", "expected",
    "parameters", "groups", "items",
}  # fmt: skip
_ITEM = {
    "id", "group", "parent", "clause", "mode", "text", "plain", "checks", "when", "evidence", "report", "valid_days", "place",
}  # fmt: skip
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STATUS = {"draft", "current", "superseded", "preparing"}


def read_yaml(data: bytes, name: str) -> dict[str, object]:
    """One YAML mapping with string keys. Raises :class:`CatalogueInvalid`."""
    if len(data) > MAX_BYTES:
        raise CatalogueInvalid(name=name, where="size")
    try:
        text = data.decode("utf-8")
        if any(isinstance(one, yaml.AliasEvent) for one in yaml.parse(text, _LOADER)):
            raise CatalogueInvalid(name=name, where="alias")
        value = yaml.load(text, _LOADER)  # noqa: S506  # a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a 13th month, a number without end
        raise CatalogueInvalid(name=name, where="yaml") from error
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise CatalogueInvalid(name=name, where="top")
    return value


class Reader:
    """Takes typed values out of a mapping; says where it failed."""

    def __init__(self, name: str, value: object, where: str, known: Collection[str]) -> None:
        if not isinstance(value, dict) or set(value) - set(known):
            raise CatalogueInvalid(name=name, where=where)
        self._name, self._value, self._where = name, value, where

    def fail(self, key: str) -> CatalogueInvalid:
        """The error that names ``key``."""
        return CatalogueInvalid(name=self._name, where=f"{self._where}.{key}")

    def text(self, key: str, default: str | None = None) -> str:
        """A string of at most 2,000 characters."""
        value = self._value.get(key, default)
        if not isinstance(value, str) or len(value) > 2_000:
            raise self.fail(key)
        return value

    def integer(self, key: str, default: int | None = None) -> int:
        """A non-negative integer."""
        value = self._value.get(key, default)
        if type(value) is not int or value < 0:
            raise self.fail(key)
        return value

    def truth(self, key: str, *, default: bool = False) -> bool:
        """A boolean."""
        value = self._value.get(key, default)
        if not isinstance(value, bool):
            raise self.fail(key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; absent means none."""
        value = self._value.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.fail(key)
        return tuple(value)

    def words(self, key: str) -> Words:
        """``{ja: …, en: …}``."""
        inner = Reader(self._name, self._value.get(key), f"{self._where}.{key}", {"ja", "en"})
        return Words(inner.text("ja"), inner.text("en", ""))

    def rows(self, key: str) -> list[object]:
        """A list of anything."""
        value = self._value.get(key, [])
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            raise self.fail(key)
        return value

    def raw(self, key: str) -> object:
        """The value as it stands."""
        return self._value.get(key)


def parse_catalogue(data: bytes, name: str, *, checks: Collection[str], features: Collection[str]) -> Catalogue:
    """The catalogue of a YAML file. Raises :class:`CatalogueInvalid`."""
    top = Reader(name, read_yaml(data, name), "top", _TOP)
    if not _CATALOGUE_ID.fullmatch(top.text("catalogue")) or top.text("status") not in _STATUS:
        raise top.fail("catalogue")
    made = Catalogue(
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
        groups=tuple(_group(name, row, at) for at, row in enumerate(top.rows("groups"))),
        items=tuple(_item(name, row, at) for at, row in enumerate(top.rows("items"))),
    )
    expected = Reader(name, top.raw("expected"), "expected", {"items", "assessable"})
    check_catalogue(made, checks=checks, features=features)
    leaves = [item for item in made.items if item.mode is not Mode.GROUP]
    if (len(made.items), len(leaves)) != (expected.integer("items"), expected.integer("assessable")):
        raise expected.fail("items")
    return with_digest(made)


def _parameters(name: str, value: object) -> dict[str, Parameter]:
    if not isinstance(value, dict):
        raise CatalogueInvalid(name=name, where="parameters")
    made = {}
    for key, row in value.items():
        reader = Reader(name, row, f"parameters.{key}", {"value", "where", "ja", "overrides"})
        read = reader.raw("value")
        listed = tuple(read) if isinstance(read, list) else read
        if not isinstance(listed, bool | int | str | tuple) or not isinstance(key, str):
            raise reader.fail("value")
        made[key] = Parameter(listed, reader.text("where", ""), reader.text("ja", ""), reader.truth("overrides"))
    return made


def _group(name: str, row: object, at: int) -> Group:
    reader = Reader(name, row, f"groups[{at}]", {"id", "title", "when"})
    return Group(reader.text("id"), reader.words("title"), reader.texts("when"))


def _item(name: str, row: object, at: int) -> Item:
    reader = Reader(name, row, f"items[{at}]", _ITEM)
    try:
        mode = Mode(reader.text("mode"))
    except ValueError as error:
        raise reader.fail("mode") from error
    return Item(
        id=reader.text("id"),
        group=reader.text("group"),
        clause=reader.text("clause"),
        mode=mode,
        text=reader.words("text"),
        parent=reader.text("parent", ""),
        plain=reader.text("plain", ""),
        checks=reader.texts("checks"),
        when=reader.texts("when"),
        evidence=reader.texts("evidence"),
        report=reader.truth("report"),
        valid_days=reader.integer("valid_days", 365),
        place=reader.truth("place"),
    )


def check_catalogue(made: Catalogue, *, checks: Collection[str], features: Collection[str]) -> None:
    """Everything in it refers to something that is there. Raises :class:`CatalogueInvalid`."""
    groups = {group.id for group in made.groups}
    by_id = {item.id: item for item in made.items}
    known = _CATALOGUE_ID.fullmatch(made.id) is not None
    if not known or len(by_id) != len(made.items) or len(groups) != len(made.groups):
        raise CatalogueInvalid(name=made.id, where="ids")
    for name, when in [(one.id, one.when) for one in made.items] + [(one.id, one.when) for one in made.groups]:
        wrong = {one for feature in when for one in feature.split("|")} - set(features)
        if not _ID.fullmatch(name) or wrong:
            raise CatalogueInvalid(name=made.id, where=f"{name}.when")
    for item in made.items:
        parent = by_id.get(item.parent)
        headed = not item.parent or (parent is not None and parent.mode is Mode.GROUP)
        if item.group not in groups or not headed or set(item.checks) - set(checks):
            raise CatalogueInvalid(name=made.id, where=f"{item.id}.checks")
        if (item.mode in (Mode.MEASURED, Mode.PARTLY)) != bool(item.checks) or item.valid_days < 0:
            raise CatalogueInvalid(name=made.id, where=f"{item.id}.mode")
    _check_headings(made)


def _check_headings(made: Catalogue) -> None:
    """Parents make no circle, and every heading has a leaf below it: a circle would be walked for ever, an empty heading says nothing."""
    parents = {item.id: item.parent for item in made.items}
    headings = {item.id for item in made.items if item.mode is Mode.GROUP}
    full: set[str] = set()
    for item in made.items:
        at = item.parent
        for _ in range(MAX_DEPTH):
            if at and item.mode is not Mode.GROUP:
                full.add(at)
            at = parents[at] if at else ""
        if at:
            raise CatalogueInvalid(name=made.id, where=f"{item.id}.parent")
    if headings - full:
        raise CatalogueInvalid(name=made.id, where="headings")


def with_digest(made: Catalogue) -> Catalogue:
    """The same catalogue under the digest of its canonical form."""
    return replace(made, digest=sha256(b"akashi/catalogue/1\x00" + dump_catalogue(made)).digest())


def dump_catalogue(made: Catalogue) -> bytes:
    """The canonical form: deterministic CBOR, what the digest covers and bundles carry."""
    head: list[Value] = [
        made.id, made.family, made.order, made.title.ja, made.title.en, made.document, made.edition, made.publisher,
        made.status, made.date, made.source,
    ]  # fmt: skip
    parameters: list[Value] = [
        [key, _scalar(one.value), one.where, one.note, one.overrides] for key, one in sorted(made.parameters.items())
    ]
    groups: list[Value] = [[one.id, one.title.ja, one.title.en, list(one.when)] for one in made.groups]
    return cbor.encode([head, parameters, groups, [_item_value(one) for one in made.items]])


def load_catalogue(data: bytes) -> Catalogue:
    """Inverse of :func:`dump_catalogue`, with its digest. Raises ``EncodingError``, :class:`CatalogueInvalid`."""
    match cbor.decode(data):
        case [list(head), list(parameters), list(groups), list(items)] if len(items) <= MAX_ITEMS >= len(groups):
            pass
        case _:
            raise CatalogueInvalid(name="bundle", where="top")
    match head:
        case [
            str(name), str(family), int(order), str(ja), str(en), str(document), str(edition), str(publisher), str(status),
            str(date), str(source),
        ]:  # fmt: skip
            made = Catalogue(
                name, family, order, Words(ja, en), document, edition, publisher, status, date, source,
                dict(_load_parameter(row) for row in parameters),
                tuple(_load_group(row) for row in groups),
                tuple(_load_item(row) for row in items),
            )  # fmt: skip
        case _:
            raise CatalogueInvalid(name="bundle", where="head")
    numbers = [made.order, *(one.valid_days for one in made.items)]
    if any(type(one) is bool for one in numbers) or dump_catalogue(made) != data:
        raise CatalogueInvalid(
            name="bundle", where="form"
        )  # a number that is a truth, a text that is none: another form of the same
    return with_digest(made)


def _load_parameter(row: Value) -> tuple[str, Parameter]:
    match row:
        case [str(key), (bool() | int() | str()) as value, str(where), str(note), bool(overrides)]:
            return key, Parameter(value, where, note, overrides)
        case [str(key), list(values), str(where), str(note), bool(overrides)]:
            scalars = tuple(one for one in values if isinstance(one, bool | int | str))
            return key, Parameter(scalars, where, note, overrides)
        case _:
            raise CatalogueInvalid(name="bundle", where="parameters")


def _load_group(row: Value) -> Group:
    match row:
        case [str(name), str(ja), str(en), list(when)]:
            return Group(name, Words(ja, en), tuple(str(one) for one in when))
        case _:
            raise CatalogueInvalid(name="bundle", where="groups")


def _load_item(row: Value) -> Item:
    match row:
        case [
            str(name), str(group), str(clause), str(mode), str(ja), str(en), str(parent), str(plain), list(checks),
            list(when), list(evidence), bool(report), int(days), bool(place),
        ] if mode in set(Mode):  # fmt: skip
            return Item(
                name, group, clause, Mode(mode), Words(ja, en), parent, plain, tuple(str(one) for one in checks),
                tuple(str(one) for one in when), tuple(str(one) for one in evidence), report, days, place,
            )  # fmt: skip
        case _:
            raise CatalogueInvalid(name="bundle", where="items")


def _scalar(value: Scalar | tuple[Scalar, ...]) -> Value:
    return list(value) if isinstance(value, tuple) else value


def _item_value(one: Item) -> Value:
    return [
        one.id, one.group, one.clause, one.mode.value, one.text.ja, one.text.en, one.parent, one.plain, list(one.checks),
        list(one.when), list(one.evidence), one.report, one.valid_days, one.place,
    ]  # fmt: skip


class Shelf:
    """All catalogues, editions side by side."""

    def __init__(self, catalogues: Sequence[Catalogue]) -> None:
        self._by_id = {one.id: one for one in catalogues}
        self._items = {one.id: {item.id: item for item in one.items} for one in catalogues}

    @property
    def catalogues(self) -> Sequence[Catalogue]:
        """By family, the newest edition first."""
        return sorted(self._by_id.values(), key=lambda one: (one.family, -one.order, one.id))

    def catalogue(self, name: str) -> Catalogue:
        """Raises :class:`CatalogueUnknown`."""
        found = self._by_id.get(name)
        if found is None:
            raise CatalogueUnknown(name=name)
        return found

    def item(self, catalogue: str, item: str) -> Item:
        """Raises :class:`CatalogueUnknown`, :class:`ItemUnknown`."""
        self.catalogue(catalogue)
        found = self._items[catalogue].get(item)
        if found is None:
            raise ItemUnknown(catalogue=catalogue, item=item)
        return found

    def parameters(self, catalogue: str) -> tuple[dict[str, Parameter], dict[str, tuple[Parameter, str]]]:
        """The thresholds an edition is judged by, and which of its own yielded: key to (own parameter, overriding catalogue's id)."""
        own = dict(self.catalogue(catalogue).parameters)
        yielded: dict[str, tuple[Parameter, str]] = {}
        for key in list(own):
            newer = self._overriding(key, catalogue)
            if newer is not None and newer.parameters[key].value != own[key].value:
                yielded[key] = (own[key], newer.id)
                own[key] = newer.parameters[key]
        return own, yielded

    def _overriding(self, key: str, catalogue: str) -> Catalogue | None:
        """The newest current or draft edition that overrides ``key``; an edition never overrides itself."""
        able = [
            one
            for one in self._by_id.values()
            if one.id != catalogue and one.status in ("draft", "current") and key in one.parameters
        ]
        able = [one for one in able if one.parameters[key].overrides]
        return max(able, key=lambda one: (one.order, one.id), default=None)


def defined_features(features: Mapping[str, object]) -> set[str]:
    """The ids of ``features.yaml``."""
    rows = features.get("features")
    if not isinstance(rows, list):
        raise CatalogueInvalid(name="features", where="features")
    return {str(row["id"]) for row in rows if isinstance(row, dict) and "id" in row}


def catalogue_files(folder: Path) -> list[Path]:
    """The catalogue files of a folder, without ``features.yaml``."""
    return [path for path in sorted(folder.glob("*.yaml")) if path.name != "features.yaml"]
