"""Declared features as an OSCAL profile of a catalogue: which controls apply, and which thresholds yield to a newer edition.

Guarantees: the controls of the profile are the assessable items that apply, with the headings above them; thresholds that an edition gives
up to a newer one are set, with the newer edition named. Refuses: features under which nothing applies. Pure.
"""

from __future__ import annotations

from collections.abc import Collection

from akashi.conformity.catalogues.catalogue import Shelf
from akashi.conformity.errors import CatalogueInvalid
from akashi.conformity.model import Catalogue, Item, Mode
from akashi.conformity.oscal.catalog import shown
from akashi.conformity.oscal.notation import (
    Json,
    Object,
    catalog_name,
    control_id,
    ident,
    markup,
    metadata,
    prop,
    props,
    write,
)
from akashi.conformity.rules import applies


def write_profile(shelf: Shelf, name: str, features: Collection[str], title: str, at_ms: int) -> bytes:
    """The profile of catalogue ``name`` under ``features``. Raises ``CatalogueUnknown``, ``CatalogueInvalid``."""
    catalogue = shelf.catalogue(name)
    chosen = applicable(catalogue, features)
    if not chosen:
        raise CatalogueInvalid(name=name, where="features")
    head = metadata(title, catalogue.edition or catalogue.id, at_ms)
    head["props"] = [
        *props({"catalogue": catalogue.id, "digest": catalogue.digest.hex()}),
        *(prop("feature", one) for one in sorted(features)),
    ]
    ids: list[Json] = [control_id(item.id) for item in chosen]
    body: Object = {
        "uuid": ident("profile", catalogue.id, catalogue.digest.hex(), *sorted(features)),
        "metadata": head,
        "imports": [{"href": catalog_name(catalogue.id), "include-controls": [{"with-ids": ids}]}],
        "merge": {"as-is": True},
    }
    yielded = _yielded(shelf, name)
    if yielded:
        body["modify"] = {"set-parameters": yielded}
    return write("profile", body)


def applicable(catalogue: Catalogue, features: Collection[str]) -> list[Item]:
    """The items that apply, in order; a heading applies where something below it does."""
    groups = {group.id: group.when for group in catalogue.groups}
    by_id = {item.id: item for item in catalogue.items}
    wanted: set[str] = set()
    for item in catalogue.items:
        if item.mode is not Mode.GROUP and applies((*groups[item.group], *item.when), features):
            at = item.id
            while at and at not in wanted:
                wanted.add(at)
                at = by_id[at].parent
    return [item for item in catalogue.items if item.id in wanted]


def _yielded(shelf: Shelf, name: str) -> list[Json]:
    effective, yielded = shelf.parameters(name)
    rows: list[Json] = []
    for key, (_, newer) in sorted(yielded.items()):
        value = effective[key].value
        values: list[Json] = [shown(one) for one in (value if isinstance(value, tuple) else (value,))]
        usage = markup(f"The newer edition {newer} says otherwise and prevails.")
        rows.append({"param-id": key, "values": values, "usage": usage, "props": [prop("yields-to", newer)]})
    return rows
