"""OSCAL documents before tools that nobody here wrote: compliance-trestle (OSCAL 1.2.1) and the official JSON schemas (1.1.3)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from akashi.conformity.catalogues.catalogue import Shelf
from akashi.conformity.oscal.package import write_package
from akashi.conformity.paper.view import view_run
from tests.conformity.runs import OLD, OPS, ORDINANCE, answers, crosswalk, judges, sealed_run, shelf, small_view
from tests.conformity.tools import PLACES, SCHEMAS, TOOLS, needs_schemas, needs_tools, run, trestle

NASTY = '1. *x* {{ insert: param, y }} <b>\n- [a](b) \\\\ ~^ "q" é\u3000末'


@cache
def real() -> dict[str, bytes]:
    """The package of a run with everything in it."""
    on = shelf(OPS, OLD, ORDINANCE)
    links = crosswalk(on, "ordinance-tokushima--mhlw-4.3", "mhlw-4.3--mhlw-7.0-draft-ops").links
    sealed = sealed_run(on, given=answers(on.catalogue(OPS)))
    return write_package(view_run(sealed, on.catalogue(OPS), judges()), on, links)


def nasty() -> dict[str, bytes]:
    """The package of a run whose texts are full of markup."""
    view = small_view(NASTY)
    return write_package(view, Shelf([view.catalogue]))


@needs_tools
def test_trestle_takes_all_models(tmp_path: Path) -> None:
    """A real run, and one whose texts are full of markup, pass every validator of compliance-trestle."""
    made = real() | nasty()

    status, said = trestle(made, tmp_path)

    assert status == 0, said
    assert said.count("VALID: Model") == len(made) == 14


@needs_tools
def test_trestle_refuses_what_is_broken(tmp_path: Path) -> None:
    """The validation bites: a word in the wrong place is found, and so it is named."""
    name = f"mapping-{OPS}.json"
    data = real()[name].replace(b'"relationship"', b'"relation"', 1)

    status, said = trestle({name: data}, tmp_path)

    assert status != 0
    assert "relation" in said


def against_schema(documents: dict[str, bytes], at: Path) -> tuple[int, str]:
    """What check-jsonschema says of documents under the official schema of all models."""
    for name, data in documents.items():
        (at / name).write_bytes(data)
    schema = SCHEMAS / "oscal-complete_schema.json"
    return run(TOOLS / "bin" / "check-jsonschema", "--schemafile", schema, *documents, at=at)


@needs_schemas
def test_the_official_schema_takes_what_it_knows(tmp_path: Path) -> None:
    """The JSON schema that the standard's makers publish takes all models but mapping, which is newer than it is."""
    known = {name: data for name, data in real().items() if not name.startswith("mapping-")}

    status, said = against_schema(known, tmp_path)

    assert status == 0, said
    assert {next(iter(json.loads(data))) for data in known.values()} == set(PLACES) - {"mapping-collection"}


@needs_schemas
def test_the_official_schema_refuses_what_is_broken(tmp_path: Path) -> None:
    """A finding without its status is found."""
    body = json.loads(real()[f"results-{OPS}.json"])
    del body["assessment-results"]["results"][0]["findings"][0]["target"]["status"]

    status, said = against_schema({"one.json": json.dumps(body).encode()}, tmp_path)

    assert status == 1, said
