"""Papers between vendor and institution on the pages: each leaves as a file, comes back, and is refused in words where it does not fit."""

from __future__ import annotations

import zipfile
from io import BytesIO

import httpx
import pytest

from akashi.app.conformity.views import overview
from akashi.web.rendering import texts
from tests.web.conformity_stage import Assessed
from tests.web.test_conformity_pages import UNTIL, measure
from tests.web.test_pages import OURS, csrf_of, signed_in

pytestmark = pytest.mark.network
OPS = "mhlw-7.0-draft-ops"
NAMES = {
    "questions": {"questions-product.xlsx", "questions-service.xlsx"},
    "service": {"service-disclosure.txt", "service-disclosure.xlsx"},
    "sla": {"sla.txt", "sla.xlsx"},
}


@pytest.fixture(scope="module")
def clinic(stage: Assessed) -> httpx.Client:
    """The clinic's manager."""
    return signed_in(stage.world, stage.world.clinic)


def taken_out(client: httpx.Client, form: str) -> bytes:
    """What the page hands out for customers."""
    answer = client.get("/conformity/files/export", params={"form": form, "audience": "customers"})
    assert answer.status_code == 200, answer.text
    return answer.content


def brought(client: httpx.Client, kind: str, data: bytes, catalogue: str = OPS) -> httpx.Response:
    """The page after a file was brought in."""
    form = {"csrf": csrf_of(client), "kind": kind, "catalogue": catalogue}
    return client.post("/conformity/files", data=form, files={"file": ("a", data)}, headers=OURS)


@pytest.mark.parametrize("form", sorted(NAMES))
def test_papers_leave_together_and_come_back_one_by_one(clinic: httpx.Client, form: str) -> None:
    """Workbook and plain text of one paper, or both questionnaires, in one archive; each of them can be brought in."""
    with zipfile.ZipFile(BytesIO(taken_out(clinic, form))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}

    answers = [brought(clinic, form, data) for data in files.values()]

    assert set(files) == NAMES[form]
    assert [one.status_code for one in answers] == [200, 200]


def test_the_table_of_roles_is_one_workbook(clinic: httpx.Client) -> None:
    """It leaves as it is, and comes back."""
    data = taken_out(clinic, "roles")
    assert data.startswith(b"PK")
    assert brought(clinic, "roles", data).status_code == 200
    assert brought(clinic, "roles", data, catalogue="meti-2").status_code == 200  # it says itself where it belongs


def test_a_paper_of_another_form_is_refused_in_words(clinic: httpx.Client) -> None:
    """The page says what is wrong, keeps what was chosen, and shows no code of the program's own."""
    refused = [
        brought(clinic, "sla", taken_out(clinic, "roles")),
        brought(clinic, "roles", b"no workbook"),
    ]

    assert [one.status_code for one in refused] == [400] * 2
    assert ["別の様式です" in one.text for one in refused] == [True, False]
    assert "Excel（.xlsx）のファイルではありません" in refused[1].text
    assert [one for one in refused if "other_form" in one.text or "no_workbook" in one.text] == []


def test_the_overview_says_what_waits_for_a_person_only(stage: Assessed, clinic: httpx.Client) -> None:
    """After a run the page counts the items of which all that a program can measure is measured and good."""
    csrf = csrf_of(clinic)
    clinic.post("/conformity/features", data={"csrf": csrf, "preset": "exchange_service"}, headers=OURS)
    target = {"csrf": csrf, "kind": "akashi", "address": "this very home", "until": UNTIL, "rate": "20", "consent": "1"}
    clinic.post("/conformity/targets", data=target, headers=OURS)
    measure(clinic)
    found = overview(stage.gateway(stage.world.clinic).conformity)
    half = {one.catalogue.id: one.half for one in found.sheets}

    page = clinic.get("/conformity").text

    assert half[OPS] > 0
    assert texts("ja")("cf.half", count=half[OPS]) in page
    assert page.count("人の答え待ち") == sum(1 for one in half.values() if one)


@pytest.mark.parametrize(("at", "said"), [(-1, "verify.failed"), (None, "verify.verified")])
def test_a_bundle_of_conformity_is_verified_on_the_page(clinic: httpx.Client, at: int | None, said: str) -> None:
    """Its verdicts are computed again where any evidence is verified; a changed byte is told."""
    measure(clinic)
    data = bytearray(clinic.get("/conformity/files/export", params={"form": "bundle"}).content)
    if at is not None:
        data[at] ^= 1
    answer = clinic.post(
        "/verify?lang=ja", data={"csrf": csrf_of(clinic)}, files={"file": ("public.akashi", bytes(data))}, headers=OURS
    )

    assert texts("ja")(said) in answer.text
    assert ("再計算して一致" in answer.text) is (at is None)
