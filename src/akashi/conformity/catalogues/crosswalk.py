"""Crosswalks between catalogues: many-to-many, with relation and reason; what a verdict may carry over them.

Guarantees: a verdict carries in full only over links that are equal or cover; anything weaker carries 適合 as 一部適合 at most and never
carries 不適合 as such; over several hops the weakest link counts. Refuses: links whose ends no catalogue has. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from akashi.conformity.catalogues.catalogue import Reader, Shelf, read_yaml
from akashi.conformity.errors import CatalogueInvalid
from akashi.conformity.model import Link, Relation, Verdict

MAX_HOPS = 3
_BACKWARDS = {
    Relation.EQUAL: Relation.EQUAL,
    Relation.COVERS: Relation.PART_OF,
    Relation.PART_OF: Relation.COVERS,
    Relation.OVERLAPS: Relation.OVERLAPS,
}


def parse_crosswalk(data: bytes, name: str) -> list[Link]:
    """The links of a crosswalk file. Raises ``CatalogueInvalid``."""
    top = Reader(name, read_yaml(data, name), "top", {"from", "to", "links"})
    source, target = top.text("from"), top.text("to")
    links = []
    for at, row in enumerate(top.rows("links")):
        reader = Reader(name, row, f"links[{at}]", {"from", "to", "relation", "reason"})
        try:
            relation = Relation(reader.text("relation"))
        except ValueError as error:
            raise reader.fail("relation") from error
        links.append(
            Link(f"{source}/{reader.text('from')}", f"{target}/{reader.text('to')}", relation, reader.text("reason"))
        )
    return links


def chained(first: Relation, second: Relation) -> Relation | None:
    """How A relates to C where A relates to B by ``first`` and B to C by ``second``; ``None`` where nothing follows.

    What covers B covers or touches whatever B covers or touches, and what touches a part of C touches C. But two things that both
    touch, or both are parts of, a third may have nothing in common.
    """
    if first is Relation.EQUAL:
        return second
    if second is Relation.EQUAL:
        return first
    return _CHAINED.get((first, second))


_CHAINED = {
    (Relation.COVERS, Relation.COVERS): Relation.COVERS,
    (Relation.PART_OF, Relation.PART_OF): Relation.PART_OF,
    (Relation.COVERS, Relation.PART_OF): Relation.OVERLAPS,
    (Relation.COVERS, Relation.OVERLAPS): Relation.OVERLAPS,
    (Relation.OVERLAPS, Relation.PART_OF): Relation.OVERLAPS,
}


def carried(verdict: Verdict, relation: Relation) -> Verdict | None:
    """What ``verdict`` on the source says of the target, or ``None`` where it says nothing.

    ``COVERS``: the source asks everything the target asks, so 適合 carries; 不適合 may be about the rest, so it does not.
    ``PART_OF``: the source is only a part of the target, so 適合 is 一部適合 there, and 不適合 of a part keeps it from being more.
    """
    if relation is Relation.EQUAL:
        return verdict if verdict is not Verdict.UNDECIDED else None
    if relation is Relation.COVERS and verdict in (Verdict.CONFORMS, Verdict.NOT_APPLICABLE):
        return verdict
    if verdict in (Verdict.CONFORMS, Verdict.PARTIAL):
        return Verdict.PARTIAL
    return None


class Crosswalk:
    """All links, walked in both directions."""

    def __init__(self, links: Iterable[Link]) -> None:
        self.links = tuple(links)
        self._into: dict[str, list[tuple[str, Relation, str]]] = defaultdict(list)
        for link in self.links:
            self._into[link.target].append((link.source, link.relation, link.reason))
            self._into[link.source].append((link.target, _BACKWARDS[link.relation], link.reason))

    def check(self, shelf: Shelf) -> None:
        """Every end is an item of a catalogue. Raises ``CatalogueInvalid``, ``CatalogueUnknown``, ``ItemUnknown``."""
        for end in {end for link in self.links for end in (link.source, link.target)}:
            catalogue, _, item = end.partition("/")
            shelf.item(catalogue, item)

    def of(self, name: str) -> Sequence[tuple[str, Relation, str]]:
        """Direct neighbours of ``catalogue/item``: (neighbour, relation from it to the item, reason)."""
        return self._into.get(name, [])

    def sources(self, name: str) -> Iterator[tuple[str, Relation, int]]:
        """Items whose verdict may carry to ``name``, nearest first: (item, relation to ``name``, hops). Never through ``name`` twice."""
        seen, level = {name}, [(name, Relation.EQUAL)]
        for hop in range(1, MAX_HOPS + 1):
            found: dict[str, Relation] = {}
            for at, relation in level:
                for source, step, _ in self.of(at):
                    path = chained(step, relation)
                    if source not in seen and path is not None:
                        known = found.get(source)
                        found[source] = path if known is None or _strength(path) > _strength(known) else known
            for source in sorted(found):
                yield source, found[source], hop
            seen |= set(found)
            level = sorted(found.items())


def _strength(relation: Relation) -> int:
    return [Relation.OVERLAPS, Relation.PART_OF, Relation.COVERS, Relation.EQUAL].index(relation)


def crosswalk_of(files: Iterable[tuple[str, bytes]], shelf: Shelf) -> Crosswalk:
    """All crosswalk files together, checked against the catalogues. Raises ``CatalogueInvalid``."""
    links = [link for name, data in files for link in parse_crosswalk(data, name)]
    pairs = [(link.source, link.target) for link in links]
    if len(set(pairs)) != len(pairs):
        raise CatalogueInvalid(name="crosswalk", where="twice")
    made = Crosswalk(links)
    made.check(shelf)
    return made
