"""OSCAL documents before tools that nobody here wrote: compliance-trestle (OSCAL 1.2.1) and the official JSON schemas (1.1.3)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from akashi.conformity.oscal.catalog import write_catalog
from akashi.conformity.oscal.mapping import write_mapping
from akashi.conformity.oscal.plan import write_plan
from akashi.conformity.oscal.poam import write_poam
from akashi.conformity.oscal.profile import write_profile
from akashi.conformity.oscal.results import write_results
from akashi.conformity.paper.view import RunView
from tests.conformity.runs import FEATURES, NOW, OLD, OPS, ORDINANCE, crosswalk, ops_view, shelf, small_view
from tests.conformity.tools import SCHEMAS, TOOLS, needs_schemas, needs_tools, run, trestle

NASTY = '1. *x* {{ insert: param, y }} <b>\n- [a](b) \\\\ ~^ "q" é\u3000末'
SCHEMA_OF = {
    "catalog": "catalog",
    "profile": "profile",
    "assessment-plan": "ap",
    "assessment-results": "ar",
    "plan-of-action-and-milestones": "poam",
}


def documents(view: RunView) -> dict[str, bytes]:
    """One document of each model."""
    on = shelf(OPS, OLD, ORDINANCE)
    links = crosswalk(on, "ordinance-tokushima--mhlw-4.3", "mhlw-4.3--mhlw-7.0-draft-ops").links
    action = write_poam(view)
    assert action is not None
    return {
        "catalog": write_catalog(view.catalogue, NOW),
        "profile": write_profile(on, OPS, FEATURES, "病院", NOW),
        "mapping-collection": write_mapping(links, on, NOW),
        "assessment-plan": write_plan(view),
        "assessment-results": write_results(view),
        "plan-of-action-and-milestones": action,
    }


@needs_tools
def test_trestle_takes_all_six_models(tmp_path: Path) -> None:
    """A real run, and one whose texts are full of markup, pass every validator of compliance-trestle."""
    made = [*documents(ops_view()).items(), *documents(small_view(NASTY)).items()]

    status, said = trestle(made, tmp_path)

    assert status == 0, said
    assert said.count("VALID: Model") == len(made) == 12


@needs_tools
@pytest.mark.parametrize(
    ("model", "old", "new"),
    [
        ("mapping-collection", b'"relationship"', b'"relation"'),
        ("assessment-results", b'"not-satisfied"', b'"undecided"'),
    ],
)
def test_trestle_refuses_what_is_broken(model: str, old: bytes, new: bytes, tmp_path: Path) -> None:
    """The validation bites: one broken place in a document is found."""
    data = documents(ops_view())[model]
    assert old in data

    status, said = trestle([(model, data.replace(old, new, 1))], tmp_path)

    assert status != 0, said


@needs_schemas
def test_the_official_schemas_take_five_models(tmp_path: Path) -> None:
    """The JSON schemas that the standard's makers publish take the models that they know; mapping is newer than they are."""
    made = documents(ops_view())

    for model, schema in SCHEMA_OF.items():
        (tmp_path / "one.json").write_bytes(made[model])
        check = ("--schemafile", SCHEMAS / f"oscal-{schema}_schema.json", "one.json")
        status, said = run(TOOLS / "bin" / "check-jsonschema", *check, at=tmp_path)
        assert status == 0, said


@needs_schemas
def test_the_official_schemas_refuse_what_is_broken(tmp_path: Path) -> None:
    """A finding without its status is found."""
    body = json.loads(write_results(ops_view()))
    del body["assessment-results"]["results"][0]["findings"][0]["target"]["status"]
    (tmp_path / "one.json").write_text(json.dumps(body), encoding="utf-8")

    check = ("--schemafile", SCHEMAS / "oscal-ar_schema.json", "one.json")
    status, said = run(TOOLS / "bin" / "check-jsonschema", *check, at=tmp_path)

    assert status == 1, said
