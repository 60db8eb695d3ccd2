"""Formats over REST: what a file is, what is made of it, and its findings as a file."""

from __future__ import annotations

import io
import zipfile

import httpx
import pytest

from tests.api.served import World, checkup_file

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def client(world: World) -> httpx.Client:
    """The clinic's person."""
    return world.signed_in(world.clinic)


def converted(client: httpx.Client, data: bytes, **query: str) -> httpx.Response:
    """The answer to a conversion."""
    return client.post("/api/v1/checkup/convert", content=data, params=query, headers={"X-File-Name": "kekka.csv"})


def test_inspect_names_the_format(world: World, client: httpx.Client) -> None:
    """A table is described with its map; a FHIR document is only named; what is neither is refused."""
    table = client.post("/api/v1/checkup/inspect", content=checkup_file(world)).json()
    bundle = client.post("/api/v1/checkup/inspect", content=b'{"resourceType": "Bundle"}').json()
    other = client.post("/api/v1/checkup/inspect", content=b"<html></html>")

    assert (table["format"], table["map"]) == ("layout", "midori-2024")
    assert bundle == {"format": "echeckup"}
    assert (other.status_code, other.json()["code"]) == (400, "checkup.format_unknown")


def test_convert_makes_what_is_asked_for(world: World, client: httpx.Client) -> None:
    """The CSV always, FHIR where asked; each with its kind and people; findings say what to do."""
    answer = converted(client, checkup_file(world), to="fhir").json()

    assert [(one["kind"], one["people"]) for one in answer["documents"]] == [("csv", 3), ("fhir", 3)]
    assert answer["source"] == "layout"
    assert all(one["todo_ja"] and one["todo_en"] for one in answer["findings"])


@pytest.mark.parametrize("to", ["pdf", "jma", "archive;fhir"])
def test_what_cannot_be_made_is_refused(world: World, client: httpx.Client, to: str) -> None:
    """Words of ours only, and of those only what the desk makes."""
    answer = converted(client, checkup_file(world), to=to)

    assert (answer.status_code, answer.json()["code"]) == (400, "app.kind")


def test_findings_of_a_draft_are_a_file(world: World, client: httpx.Client) -> None:
    """CSV, XLSX and JSON for the session that made the draft; another session and another form get nothing."""
    draft = converted(client, checkup_file(world), to="fhir").json()["draft"]
    taken = {form: client.get(f"/api/v1/drafts/{draft}/findings.{form}") for form in ("csv", "xlsx", "json")}
    other = world.signed_in(world.clinic).get(f"/api/v1/drafts/{draft}/findings.csv")
    unknown = client.get(f"/api/v1/drafts/{draft}/findings.pdf")

    assert [answer.status_code for answer in taken.values()] == [200, 200, 200]
    assert zipfile.ZipFile(io.BytesIO(taken["xlsx"].content)).testzip() is None
    assert taken["csv"].headers["content-disposition"] == 'attachment; filename="findings.csv"'
    assert (other.status_code, other.json()["code"]) == (404, "app.draft_missing")
    assert unknown.status_code in {400, 404, 422}
