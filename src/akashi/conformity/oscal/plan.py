"""A small assessment plan: which probe speaks to which controls, and the run as its task.

Guarantees: one activity for each probe that the catalogue's checks read, and one for what people answer; the task of the run names the
targets by handle, never by address. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

from akashi.conformity.model import Item, Mode
from akashi.conformity.oscal.notation import (
    Json,
    Object,
    catalog_name,
    control_id,
    document_link,
    document_resource,
    ident,
    markup,
    metadata,
    moment,
    prop,
    props,
    write,
)
from akashi.conformity.paper.view import RunView

PEOPLE = "people"
"""The activity of asking people; no probe has this name."""


def write_plan(view: RunView) -> bytes:
    """The assessment plan of a run under one catalogue."""
    leaves = [item for item in view.catalogue.items if item.mode is not Mode.GROUP]
    local: Object = {"activities": _activities(view, leaves)}
    subjects = inventory(view)
    if subjects:
        local["inventory-items"] = subjects
    body: Object = {
        "uuid": plan_uuid(view),
        "metadata": head(view, f"Assessment plan, {view.catalogue.id}"),
        "import-ssp": {"href": system_name(view.catalogue.id)},
        "local-definitions": local,
        "reviewed-controls": reviewed(leaves, f"Catalog {catalog_name(view.catalogue.id)}"),
        "tasks": [_task(view)],
        "back-matter": {"resources": [document_resource(view.catalogue)]},
    }
    return write("assessment-plan", body)


def plan_uuid(view: RunView) -> str:
    """The UUID of a run's plan."""
    return ident("plan", view.run, view.catalogue.id)


def plan_name(catalogue: str) -> str:
    """The file name that results refer to their plan by."""
    return f"plan-{catalogue}.json"


def profile_name(catalogue: str) -> str:
    """The file name that the system refers to its profile by."""
    return f"profile-{catalogue}.json"


def system_name(catalogue: str) -> str:
    """The file name that a plan refers to the system by."""
    return f"system-{catalogue}.json"


def head(view: RunView, title: str) -> Object:
    """The head of a document of this run; the institution stands there by its handle."""
    party: Object = {"uuid": party_uuid(view), "type": "organization", "name": view.institution}
    own = {
        "run": view.run, "root": view.root.hex(), "catalogue": view.catalogue.id, "digest": view.catalogue.digest.hex(),
    }  # fmt: skip
    shown = [*props(own), *(prop("feature", one) for one in view.features)]
    return metadata(
        title, view.run, view.judged_ms, parties=[party], props=shown, links=[document_link(view.catalogue)]
    )


def party_uuid(view: RunView) -> str:
    """The institution as a party."""
    return ident("party", view.institution)


def target_uuid(view: RunView, handle: str) -> str:
    """A target as an inventory item."""
    return ident("target", view.institution, handle)


def inventory(view: RunView) -> list[Json]:
    """The targets of the run by handle; their addresses stay with the institution."""
    handles = sorted({one.target for one in view.measurements})
    return [
        {
            "uuid": target_uuid(view, one),
            "description": markup(f"Registered target {one}; its address is not disclosed."),
            "props": [prop("target", one)],
        }
        for one in handles
    ]


def reviewed(items: Iterable[Item], description: str) -> Json:
    """The controls that are assessed, one by one."""
    chosen: list[Json] = [{"control-id": control_id(item.id)} for item in items]
    return {"description": markup(description), "control-selections": [{"include-controls": chosen}]}


def _activities(view: RunView, leaves: list[Item]) -> list[Json]:
    rows: list[Json] = []
    for probe in sorted(set(view.probes.values())):
        mine = [item for item in leaves if probe in view.probes_of(item)]
        checks = ", ".join(sorted(check for check, name in view.probes.items() if name == probe))
        rows.append(_activity(view, probe, f"Run the probe {probe}; judged by {checks}.", "TEST", mine))
    asked = [item for item in leaves if item.mode is not Mode.MEASURED]
    if asked:
        said = "Ask the person in charge; see the documents named as evidence."
        rows.append(_activity(view, PEOPLE, said, "EXAMINE", asked))
    return rows


def _activity(view: RunView, name: str, said: str, method: str, items: list[Item]) -> Json:
    return {
        "uuid": _activity_uuid(view, name),
        "title": markup(name),
        "description": markup(said),
        "props": [{"name": "method", "value": method}],
        "related-controls": reviewed(items, "Controls that this speaks to"),
    }


def _activity_uuid(view: RunView, name: str) -> str:
    return ident("activity", view.catalogue.id, name)


def _task(view: RunView) -> Json:
    started = min((one.started_ms for one in view.measurements), default=view.judged_ms)
    activities: list[Json] = []
    for probe in sorted(set(view.probes.values())):
        handles = sorted({one.target for one in view.measurements if one.probe == probe})
        chosen: list[Json] = [{"subject-uuid": target_uuid(view, one), "type": "inventory-item"} for one in handles]
        if chosen:
            subject: Json = {"type": "inventory-item", "include-subjects": chosen}
            activities.append({"activity-uuid": _activity_uuid(view, probe), "subjects": [subject]})
    row: Object = {
        "uuid": ident("task", view.run, view.catalogue.id),
        "type": "action",
        "title": markup(f"Run {view.run}"),
        "timing": {"within-date-range": {"start": moment(started), "end": moment(max(started, view.judged_ms))}},
    }
    if activities:
        row["associated-activities"] = activities
    return row
