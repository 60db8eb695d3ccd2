"""A small system security plan: what OSCAL wants to be there before it lets a plan or a result speak of controls.

Guarantees: it names the institution and its targets by handle, imports the profile of what applies, and says for every control that applies
only where to look: the assessment results of the run. Refuses: to describe the system; we know what was probed and answered, not how it
is built. Pure.
"""

from __future__ import annotations

from akashi.conformity.model import Item, Mode
from akashi.conformity.oscal.notation import (
    NAMESPACE,
    Json,
    Object,
    control_id,
    document_resource,
    ident,
    markup,
    prop,
    write,
)
from akashi.conformity.oscal.plan import head, profile_name
from akashi.conformity.oscal.profile import applicable
from akashi.conformity.paper.view import RunView

_STAFF = "staff"
_UNKNOWN = "Not described here: this plan is made from a run and knows only what was probed and answered."


def write_system(view: RunView) -> bytes | None:
    """The system security plan of a run under one catalogue; ``None`` where no item applies."""
    chosen = [item for item in applicable(view.catalogue, view.features) if item.mode is not Mode.GROUP]
    if not chosen:
        return None
    body: Object = {
        "uuid": ident("system-plan", view.run, view.catalogue.id),
        "metadata": head(view, f"System, {view.catalogue.id}") | {"roles": [{"id": _STAFF, "title": "Staff"}]},
        "back-matter": {"resources": [document_resource(view.catalogue)]},
        "import-profile": {"href": profile_name(view.catalogue.id)},
        "system-characteristics": _characteristics(view),
        "system-implementation": {"users": [_user(view)], "components": _components(view)},
        "control-implementation": {
            "description": markup(f"See the assessment results of run {view.run}."),
            "implemented-requirements": [_requirement(view, item) for item in chosen],
        },
    }
    return write("system-security-plan", body)


def _requirement(view: RunView, item: Item) -> Json:
    by: Json = {
        "uuid": ident("by-component", view.run, view.catalogue.id, item.id),
        "component-uuid": _system_uuid(view),
        "description": markup(f"See the assessment results of run {view.run}."),
    }
    return {
        "uuid": ident("requirement", view.run, view.catalogue.id, item.id),
        "control-id": control_id(item.id),
        "by-components": [by],
    }


def _system_uuid(view: RunView) -> str:
    return ident("system", view.institution)


def _characteristics(view: RunView) -> Json:
    kind: Json = {
        "uuid": ident("information", view.institution),
        "title": "Health information",
        "description": markup("Information on patients that the institution keeps."),
    }
    return {
        "system-ids": [{"identifier-type": NAMESPACE, "id": view.institution}],
        "system-name": view.institution,
        "description": markup(_UNKNOWN),
        "system-information": {"information-types": [kind]},
        "status": {"state": "operational"},
        "authorization-boundary": {"description": markup(_UNKNOWN)},
    }


def _user(view: RunView) -> Json:
    return {"uuid": ident("user", view.institution), "title": "Staff", "role-ids": [_STAFF]}


def _components(view: RunView) -> list[Json]:
    whole: Json = {
        "uuid": _system_uuid(view),
        "type": "this-system",
        "title": view.institution,
        "description": markup(_UNKNOWN),
        "status": {"state": "operational"},
    }
    handles = sorted({one.target for one in view.measurements})
    return [whole, *(_component(view, handle) for handle in handles)]


def _component(view: RunView, handle: str) -> Json:
    return {
        "uuid": ident("component", view.institution, handle),
        "type": "service",
        "title": handle,
        "description": markup(f"Registered target {handle}; its address is not disclosed."),
        "props": [prop("target", handle)],
        "status": {"state": "operational"},
    }
