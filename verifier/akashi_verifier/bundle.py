"""The evidence bundle of `docs/spec/bundle.md`: one pass over a CBOR sequence, checks in file order.

Guarantees: the items are those of the page, in their places, covered by the end item. Refuses: everything else
(`bundle.*`, `cbor.*`, `note.*`, `header.*`). Leaves to the caller: what leaves, tokens and certificates say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from akashi_verifier import Failure, cbor, demand
from akashi_verifier import note as notes
from akashi_verifier.note import Note
from akashi_verifier.tree import Header, is_bytes, is_int, parse_header

MAX_FILE = 256 * 1024 * 1024
MAX_LEAVES = 1_000_000
MAX_EACH = 16
_PLACE = {"range": 3, "stamp": 4, "disclosure": 5, "end": 6}


@dataclass(frozen=True, slots=True)
class Range:
    """Consecutive leaves and their range proof."""

    start: int
    leaves: list[bytes]
    proof: list[bytes]

    @property
    def end(self) -> int:
        """The index after the last leaf."""
        return self.start + len(self.leaves)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time stamp over a note, with what is needed to judge it."""

    note: Note
    token: bytes
    certificates: list[bytes]
    crls: list[bytes]
    proof: list[bytes]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The opening of a commitment."""

    operation: bytes
    salt: bytes
    digest: bytes


@dataclass(slots=True)
class Bundle:
    """A parsed bundle; nothing in it is believed yet."""

    origin: str
    size: int
    note: Note
    head: Header
    ranges: list[Range] = field(default_factory=list)
    stamps: list[Stamp] = field(default_factory=list)
    disclosures: list[Disclosure] = field(default_factory=list)
    leaves: int = 0


def _is_list(value: Any, length: int | None = None) -> bool:
    """Whether the value is an array of byte strings (each of that length)."""
    return isinstance(value, list) and all(is_bytes(part, length) for part in value)


def parse(data: bytes) -> Bundle:
    """Parse a bundle (step 1 of verification.md)."""
    demand(len(data) <= MAX_FILE, "bundle.size", "file")
    items = cbor.sequence(data)
    _, first = next(items, (0, None))
    demand(len(data) > 0, "bundle.end", "empty")
    origin, size = _header(first)
    note = _checkpoint(_next(items), origin, size)
    head_item = _fields(_next(items), "head", 2)
    demand(is_bytes(head_item[1]), "bundle.item", "head")
    bundle = Bundle(origin, size, note, parse_header(head_item[1]))
    place, count = 3, 3
    for offset, item in items:
        demand(isinstance(item, list) and bool(item) and isinstance(item[0], str), "bundle.item")
        name = item[0]
        demand(
            _PLACE.get(name, 0) >= place and (name == "range" or bool(bundle.ranges)), "bundle.item", f"item {count}"
        )
        place = _PLACE[name]
        if name == "end":
            _end(item, count, data, offset)
            return bundle
        _READERS[name](bundle, item)
        count += 1
    raise Failure("bundle.end", "missing")


def _next(items: Any) -> Any:
    following = next(items, None)
    if following is None:
        raise Failure("bundle.end", "missing")
    return following[1]


def _fields(item: Any, name: str, count: int) -> list[Any]:
    good = isinstance(item, list) and len(item) == count and isinstance(item[0], str) and item[0] == name
    demand(good, "bundle.item", name)
    fields: list[Any] = item
    return fields


def _header(item: Any) -> tuple[str, int]:
    demand(isinstance(item, list) and len(item) == 4, "bundle.header")
    name, version, origin, size = item
    demand(isinstance(name, str) and name == "akashi-bundle", "bundle.header")
    demand(is_int(version) and version == 1, "bundle.header")
    demand(isinstance(origin, str) and notes.origin_ledger(origin) is not None, "bundle.header")
    demand(is_int(size) and size >= 1, "bundle.header")
    return origin, size


def _checkpoint(item: Any, origin: str, size: int) -> Note:
    fields = _fields(item, "checkpoint", 2)
    demand(is_bytes(fields[1]), "bundle.item", "checkpoint")
    note = notes.parse(fields[1])
    demand(note.origin == origin, "bundle.header", "origin")
    demand(note.size == size, "bundle.size", "checkpoint")
    return note


def _range(bundle: Bundle, item: list[Any]) -> None:
    _, start, leaves, proof = _fields(item, "range", 4)
    demand(is_int(start) and _is_list(leaves) and _is_list(proof), "bundle.item", "range")
    added = Range(start, leaves, proof)
    demand(bool(leaves) and start >= 0 and added.end <= bundle.size, "bundle.range")
    demand(_is_list(proof, 32), "bundle.range")
    if bundle.ranges:
        demand(start > bundle.ranges[-1].end, "bundle.order", "range")
    bundle.ranges.append(added)
    bundle.leaves += len(leaves)
    demand(bundle.leaves <= MAX_LEAVES, "bundle.size", "leaves")


def _stamp(bundle: Bundle, item: list[Any]) -> None:
    _, raw, token, certificates, crls, proof = _fields(item, "stamp", 6)
    demand(is_bytes(raw) and is_bytes(token), "bundle.item", "stamp")
    demand(_is_list(certificates) and _is_list(crls) and _is_list(proof), "bundle.item", "stamp")
    note = notes.parse(raw)
    demand(_is_list(proof, 32), "bundle.item", "stamp")
    demand(len(certificates) <= MAX_EACH and len(crls) <= MAX_EACH, "bundle.item", "stamp")
    if bundle.stamps:
        demand(note.size >= bundle.stamps[-1].note.size, "bundle.order", "stamp")
    bundle.stamps.append(Stamp(note, token, certificates, crls, proof))


def _disclosure(bundle: Bundle, item: list[Any]) -> None:
    _, operation, salt, digest = _fields(item, "disclosure", 4)
    demand(all(is_bytes(part, 32) for part in (operation, salt, digest)), "bundle.item", "disclosure")
    if bundle.disclosures:
        demand(operation > bundle.disclosures[-1].operation, "bundle.order", "disclosure")
    bundle.disclosures.append(Disclosure(operation, salt, digest))


def _end(item: list[Any], count: int, data: bytes, offset: int) -> None:
    _, stated, digest = _fields(item, "end", 3)
    demand(is_int(stated) and is_bytes(digest), "bundle.item", "end")
    demand(stated == count, "bundle.end", "count")
    demand(digest == sha256(memoryview(data)[:offset]).digest(), "bundle.end", "digest")
    # The end item has one encoding, so its length tells whether anything follows it.
    demand(offset + len(cbor.encode(item)) == len(data), "bundle.end", "more follows")


_READERS = {"range": _range, "stamp": _stamp, "disclosure": _disclosure}
