"""A crosswalk as an OSCAL mapping-collection (1.2) and back.

Guarantees: relations become the set relations of NIST IR 8477 read from source to target: equal = equal-to, covers = superset-of,
part_of = subset-of, overlaps = intersects-with; the reason goes along; what was written reads back as the same links in the same order;
assessable items that nothing maps are named as gaps. Refuses: relations that we do not know. Trusts nobody; the caller holds the links
against its catalogues (``Crosswalk.check``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from akashi.conformity.catalogues.catalogue import Shelf
from akashi.conformity.errors import CatalogueInvalid
from akashi.conformity.model import Catalogue, Link, Mode, Relation
from akashi.conformity.oscal.notation import (
    Json,
    Object,
    catalog_name,
    control_id,
    document_link,
    document_resource,
    ident,
    item_id,
    markup,
    metadata,
    prop,
    props,
    read,
    unmarked,
    write,
)

RELATIONS = {
    Relation.EQUAL: "equal-to",
    Relation.COVERS: "superset-of",
    Relation.PART_OF: "subset-of",
    Relation.OVERLAPS: "intersects-with",
}
_MEANT = (
    "Drawn by hand between paraphrases, to carry verdicts: a verdict carries in full over equal-to and superset-of, "
    "else at most as partial."
)


def write_mapping(links: Sequence[Link], shelf: Shelf, at_ms: int) -> bytes:
    """The mapping-collection of all links. Raises ``CatalogueUnknown``, and ``CatalogueInvalid`` where there are none."""
    if not links:
        raise CatalogueInvalid(name="crosswalk", where="links")
    pairs: dict[tuple[str, str], list[tuple[int, Link]]] = {}
    for at, link in enumerate(links):
        ends = (link.source.partition("/")[0], link.target.partition("/")[0])
        pairs.setdefault(ends, []).append((at, link))
    named = sorted({name for ends in pairs for name in ends})
    digests = [shelf.catalogue(name).digest.hex() for name in named]
    body: Object = {
        "uuid": ident(
            "mapping", *digests, *(f"{one.source} {one.target} {one.relation} {one.reason}" for one in links)
        ),
        "metadata": metadata("Akashi crosswalk", "1", at_ms),
        "provenance": {
            "method": "human",
            "matching-rationale": "semantic",
            "status": "complete",
            "mapping-description": markup(_MEANT),
        },
        "mappings": [_mapping(shelf, *ends, rows) for ends, rows in pairs.items()],
        "back-matter": {"resources": [document_resource(shelf.catalogue(name)) for name in named]},
    }
    return write("mapping-collection", body)


def _mapping(shelf: Shelf, source: str, target: str, rows: Sequence[tuple[int, Link]]) -> Json:
    ends = (shelf.catalogue(source), shelf.catalogue(target))
    links: list[Json] = [document_link(one) for one in ends]
    row: Object = {
        "uuid": ident("mapping", source, target),
        "links": links,
        "source-resource": _resource(ends[0]),
        "target-resource": _resource(ends[1]),
        "maps": [_map(at, link) for at, link in rows],
    }
    for key, end, mapped in (
        ("source-gap-summary", ends[0], {link.source for _, link in rows}),
        ("target-gap-summary", ends[1], {link.target for _, link in rows}),
    ):
        gaps = _gaps(end, mapped)
        if gaps:
            selected: list[Json] = [{"with-ids": gaps}]
            row[key] = {"uuid": ident("gap", key, source, target), "unmapped-controls": selected}
    return row


def _resource(catalogue: Catalogue) -> Json:
    own = props({"catalogue": catalogue.id, "digest": catalogue.digest.hex()})
    return {"type": "catalog", "href": catalog_name(catalogue.id), "props": own}


def _gaps(catalogue: Catalogue, mapped: Iterable[str]) -> list[Json]:
    known = set(mapped)
    leaves = (item.id for item in catalogue.items if item.mode is not Mode.GROUP)
    return [control_id(one) for one in leaves if f"{catalogue.id}/{one}" not in known]


def _map(at: int, link: Link) -> Json:
    row: Object = {
        "uuid": ident("map", link.source, link.target),
        "relationship": RELATIONS[link.relation],
        "sources": [_end(link.source)],
        "targets": [_end(link.target)],
        "props": [prop("order", str(at))],
    }
    if link.reason:
        row["remarks"] = markup(link.reason)
    return row


def _end(name: str) -> Json:
    return {"type": "control", "id-ref": control_id(name.partition("/")[2])}


def read_mapping(data: bytes) -> list[Link]:
    """The links of a mapping-collection that :func:`write_mapping` wrote. Raises ``CatalogueInvalid``."""
    known = {words: relation for relation, words in RELATIONS.items()}
    found: list[tuple[int, Link]] = []
    for mapping in read(data, "mapping-collection").rows("mappings"):
        source = mapping.inner("source-resource").own("catalogue", None)
        target = mapping.inner("target-resource").own("catalogue", None)
        for row in mapping.rows("maps"):
            sources, targets = row.rows("sources"), row.rows("targets")
            relation = known.get(row.text("relationship"))
            if relation is None or len(sources) != 1 or len(targets) != 1:
                raise row.fail("relationship")
            ends = (f"{source}/{item_id(sources[0].text('id-ref'))}", f"{target}/{item_id(targets[0].text('id-ref'))}")
            found.append((row.number("order"), Link(*ends, relation, unmarked(row.text("remarks", "")))))
    return [link for _, link in sorted(found, key=lambda pair: pair[0])]
