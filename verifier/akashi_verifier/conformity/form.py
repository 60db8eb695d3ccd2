"""The file of `docs/spec/conformity-bundle.md` sections 2, 3 and 5.1: strict parsing, nothing believed.

Guarantees: every value has the type and every list the length of the page, so that `true` never passes for `1`. Refuses:
`cbor.*`, `conformity.*`. Leaves to the caller: what commitments, catalogues and decisions say. Trusts: nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from akashi_verifier import cbor, demand
from akashi_verifier.conformity.rules import Answer, Check, Decision, Item, Link
from akashi_verifier.tree import digest, is_bytes, is_int

MAGIC = b"akashi-conformity/1\n"
MAX_FILE = 64 << 20
MAX_ITEMS = 100_000
MAX_FACTS = 500
MAX_CATALOGUES, MAX_LINKS, MAX_LINKED, MAX_MEASURED = 64, 4_000, 64, 5_000
MAX_CATALOGUE, MAX_DEPTH = 2_000, 16
_NAME = re.compile(r"[^\s/]{1,40}")
_MODES = ("measured", "partly", "people", "group")
_RELATIONS = ("equal", "covers", "part_of", "overlaps")


def _is_texts(value: Any) -> bool:
    return type(value) is list and all(isinstance(one, str) for one in value)


_TYPES = {
    "t": lambda value: isinstance(value, str),
    "n": is_int,
    "b": lambda value: isinstance(value, bool),
    "o": is_bytes,
    "l": lambda value: isinstance(value, list),
    "s": _is_texts,
}


def fields(value: Any, types: str, code: str = "conformity.shape") -> list[Any]:
    """A list of exactly these types, a letter each: text, number, boolean, octets, list, strings."""
    demand(isinstance(value, list) and len(value) == len(types), code)
    demand(all(_TYPES[letter](one) for letter, one in zip(types, value, strict=True)), code)
    members: list[Any] = value
    return members


@dataclass(frozen=True, slots=True)
class File:
    """A parsed bundle; `disclosed` and `apart`: index to (salt, value)."""

    run: str
    evidence: bytes
    commitments: list[bytes]
    disclosed: dict[int, tuple[bytes, bytes]]
    catalogues: list[bytes]
    links: list[Link]
    links_value: list[Any]
    apart: dict[int, tuple[bytes, bytes]]
    sealed: bytes


def parse(data: bytes) -> File:
    """Section 3 of the page (step 1)."""
    demand(data.startswith(MAGIC) and len(data) <= MAX_FILE, "conformity.header")
    run, evidence, commitments, shown, catalogues, links, apart, sealed = fields(
        cbor.decode(data[len(MAGIC) :]), "tolllllo"
    )
    demand(0 < len(commitments) <= MAX_ITEMS, "conformity.commitments")
    demand(all(map(is_bytes, commitments)), "conformity.commitments")
    disclosed = _disclosures(shown)
    demand(len(catalogues) <= MAX_CATALOGUES and all(map(is_bytes, catalogues)), "conformity.catalogue")
    read = [_link(row) for row in links]
    ends = Counter(end for one in read for end in (one.source, one.target))
    few = len(read) <= MAX_LINKS and all(count <= MAX_LINKED for count in ends.values())
    demand(few, "conformity.crosswalk", "too many")
    return File(run, evidence, commitments, disclosed, catalogues, read, links, _disclosures(apart), sealed)


def _disclosures(rows: list[Any]) -> dict[int, tuple[bytes, bytes]]:
    made: dict[int, tuple[bytes, bytes]] = {}
    last = -1
    for row in rows:
        index, salt, value = fields(row, "noo")
        demand(index > last, "conformity.order")
        made[index] = (salt, value)
        last = index
    return made


def _link(row: Any) -> Link:
    source, target, relation, _reason = fields(row, "tttt")
    demand(relation in _RELATIONS, "conformity.shape")
    return Link(source, target, relation)


@dataclass(frozen=True, slots=True)
class Head:
    """The first item of a run; `counts`: measurements, answers, decisions."""

    institution: str
    run: str
    features: frozenset[str]
    judged_ms: int
    catalogues: list[tuple[str, bytes]]
    crosswalk: bytes
    judges: dict[str, int]
    counts: tuple[int, int, int]
    answered: list[str]
    probes: list[str]


def parse_head(data: bytes) -> Head:
    """The head of section 2."""
    form, institution, run, features, now, catalogues, crosswalk, judges, counts, answered, probes = fields(
        cbor.decode(data), "tttsnlollss"
    )
    demand(form == "akashi-run/1", "conformity.head")
    named = [(one[0], one[1]) for one in (fields(row, "to") for row in catalogues)]
    versions = {one[0]: one[1] for one in (fields(row, "tn") for row in judges)}
    measured, said, decided = fields(counts, "nnn", "conformity.head")
    demand((measured, said) == (len(probes), len(answered)) and decided >= 0, "conformity.head")
    demand(len(set(answered)) == said, "conformity.head", "answers")
    demand(measured <= MAX_MEASURED, "conformity.size")
    numbers = (measured, said, decided)
    return Head(institution, run, frozenset(features), now, named, crosswalk, versions, numbers, answered, probes)


def parse_measurement(data: bytes) -> tuple[str, int, int, bytes]:
    """(probe, started, ended, raw commitment) of a measurement; its facts are for judges, only their form is looked at."""
    row = fields(cbor.decode(data), "tntttnnntlo")
    demand(row[7] in (1, 2, 3, 4), "conformity.shape")
    facts = row[9]
    demand(len(facts) <= MAX_FACTS, "conformity.facts")
    for fact in facts:
        pair = isinstance(fact, list) and len(fact) == 2 and isinstance(fact[0], str)
        demand(pair and (isinstance(fact[1], str | int) or _is_texts(fact[1])), "conformity.fact")
    demand(len({fact[0] for fact in facts}) == len(facts), "conformity.facts")
    return row[0], row[5], row[6], row[10]


def parse_answer(data: bytes) -> tuple[Answer, bytes]:
    """An answer and its text commitment."""
    value = cbor.decode(data)
    demand(isinstance(value, list) and bool(value) and is_bytes(value[-1]), "conformity.answer")
    row = fields(value, "ttnnsnnto")
    demand(row[2] in (1, 2, 3, 4) and row[5] in (1, 2, 3), "conformity.shape")
    return Answer(f"{row[0]}/{row[1]}", row[2], row[3], bool(row[4])), row[8]


def parse_decision(data: bytes) -> Decision:
    """A stated decision."""
    row = fields(cbor.decode(data), "ttnntttnbtl")
    demand(row[2] in range(1, 6) and row[3] in range(1, 5), "conformity.shape")
    row[10] = tuple(_check(one) for one in row[10])
    return Decision(*row)


def _check(value: Any) -> Check:
    row = fields(value, "tnntttnnb")
    demand(row[2] in range(1, 6), "conformity.shape")
    return Check(*row)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One edition: `items` in order; an item's `when` holds its group's conditions too."""

    id: str
    rank: tuple[str, int, str]
    digest: bytes
    items: list[Item]
    parents: dict[str, str]


def parse_catalogue(data: bytes) -> Catalogue:
    """Section 5.1: the canonical form (any fault: `conformity.catalogue`)."""
    code = "conformity.catalogue"
    head, parameters, groups, items = fields(cbor.decode(data), "llll", code)
    demand(max(len(groups), len(items)) <= MAX_CATALOGUE, code, "size")
    name, family, order = fields(head, "ttntttttttt", code)[:3]
    keys = [fields(row, "t" + _letter(row) + "ttb", code)[0] for row in parameters]
    demand(all(low < high for low, high in pairwise(keys)), code)
    conditions = {row[0]: row[3] for row in (fields(row, "ttts", code) for row in groups)}
    read = [_item(row, conditions) for row in items]
    names = [*conditions, *(one.id for one in read)]
    demand(len(conditions) == len(groups) and len({one.id for one in read}) == len(read), code)
    demand(all(_NAME.fullmatch(one) for one in names), code)
    _check_headings(read)
    parents = {one.id: one.parent for one in read}
    return Catalogue(name, (family, -order, name), digest("akashi/catalogue/1", data), read, parents)


def _letter(row: Any) -> str:
    """The type of a parameter's value: a scalar, or a list of scalars."""
    value = row[1] if isinstance(row, list) and len(row) > 1 else None
    listed = isinstance(value, list) and all(isinstance(one, str | int) for one in value)
    return "l" if listed else "b" if isinstance(value, bool) else "n" if is_int(value) else "t"


def _item(value: Any, conditions: dict[str, list[str]]) -> Item:
    row = fields(value, "ttttttttsssbnb", "conformity.catalogue")
    name, group, _, mode, _, _, parent, _, checks, when, _, _, days, _ = row
    demand(mode in _MODES and group in conditions and days >= 0, "conformity.catalogue", "item")
    demand((mode in ("measured", "partly")) == bool(checks), "conformity.catalogue", "checks")
    return Item(name, mode, parent, tuple(checks), (*conditions[group], *when), days)


def _check_headings(items: Sequence[Item]) -> None:
    """Parents are headings, no heading is above itself, and each has an item below it."""
    by_id = {one.id: one for one in items}
    used = set[str]()
    for item in items:
        seen, at = {item.id}, item.parent
        while at:
            known = at in by_id and by_id[at].mode == "group" and at not in seen
            demand(known and len(seen) <= MAX_DEPTH, "conformity.catalogue", "parent")
            seen.add(at)
            at = by_id[at].parent
        if item.mode != "group":
            used |= seen
    demand(used >= {one.id for one in items}, "conformity.catalogue", "heading")
