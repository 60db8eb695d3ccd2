"""All OSCAL documents of a run under one catalogue, under the names by which they refer to each other.

Guarantees: put into one folder, every reference between them leads to a file that is there. Where nothing applies there are only the
catalog and the mapping; where nothing fails there is no plan of action. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from akashi.conformity.catalogues.catalogue import Shelf
from akashi.conformity.model import Link
from akashi.conformity.oscal.catalog import write_catalog
from akashi.conformity.oscal.mapping import write_mapping
from akashi.conformity.oscal.notation import catalog_name
from akashi.conformity.oscal.plan import plan_name, profile_name, system_name, write_plan
from akashi.conformity.oscal.poam import write_poam
from akashi.conformity.oscal.profile import write_profile
from akashi.conformity.oscal.results import write_results
from akashi.conformity.oscal.system import write_system
from akashi.conformity.paper.view import RunView


def write_package(view: RunView, shelf: Shelf, links: Sequence[Link] = ()) -> dict[str, bytes]:
    """File name to document. ``links``: those of the crosswalk; the ones that touch the catalogue are taken, with its partners' catalogs."""
    name = view.catalogue.id
    mine = [link for link in links if name in (link.source.partition("/")[0], link.target.partition("/")[0])]
    books = {name} | {end.partition("/")[0] for link in mine for end in (link.source, link.target)}
    made = {catalog_name(one): write_catalog(shelf.catalogue(one), view.judged_ms) for one in sorted(books)}
    if mine:
        made[f"mapping-{name}.json"] = write_mapping(mine, shelf, view.judged_ms)
    system = write_system(view)
    if system is None:
        return made
    title = f"{view.institution}, {name}"
    made[profile_name(name)] = write_profile(shelf, name, view.features, title, view.judged_ms)
    made[system_name(name)] = system
    made[plan_name(name)] = write_plan(view)
    made[f"results-{name}.json"] = write_results(view)
    action = write_poam(view)
    if action is not None:
        made[f"poam-{name}.json"] = action
    return dict(sorted(made.items()))
