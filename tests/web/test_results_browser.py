"""A person at a browser looks at results: at the receiver, at the sender before sending, and of a file; both widths, both languages."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.api.served import World, checkup_file, deliver
from tests.web.seat import Seat

pytestmark = pytest.mark.browser


def test_a_receiver_looks_at_people_and_prints_one(world: World, browser: Browser) -> None:
    """From the transfer to the list, a search, a person, the PDF and the emergency export; every page fits and obeys its CSP."""
    name = deliver(world, checkup_file(world, people=12, seed=77))
    seat = Seat(world, browser, world.payer)
    seat.sign_in(world.payer.login)
    seat.go(f"/transfers/{name}")
    seat.look("results-transfer")
    seat.page.click("text=記録して結果を見る")
    seat.page.wait_for_url("**/results/*")
    seat.look("results-people")
    kana = seat.page.inner_text("tbody tr:first-child td:nth-child(3)")
    seat.page.fill("#wanted", kana.replace("　", ""))
    seat.page.click("button:has-text('探す')")
    seat.page.wait_for_selector("text=人が見つかりました")
    seat.look("results-search")
    address = seat.page.url
    seat.page.click(f"td a:has-text('{kana}')")
    seat.page.wait_for_selector("text=健診結果（写し）")
    seat.look("results-person")
    person = seat.text()
    with seat.page.expect_download() as paper:
        seat.page.click("text=記録して PDF を作る")
    seat.page.click("nav.crumbs a")
    seat.page.click("summary:has-text('一つの PDF')")
    seat.page.fill("#last", "3")
    seat.look("results-papers")
    with seat.page.expect_download() as pile:
        seat.page.click("text=記録して PDF を取り出す")
    seat.page.click("summary:has-text('非常時用の書き出し')")
    with seat.page.expect_download() as packed:
        seat.page.click("text=記録して書き出す")

    assert kana not in address
    assert kana in person
    assert paper.value.suggested_filename.startswith("results-")
    assert paper.value.path().read_bytes().startswith(b"%PDF")
    assert pile.value.suggested_filename == "results-1-3.pdf"
    assert "index.html" in zipfile.ZipFile(io.BytesIO(packed.value.path().read_bytes())).namelist()
    assert (seat.complaints, seat.overflowing) == ([], [])


def test_a_sender_looks_before_sending_and_at_any_file(world: World, browser: Browser) -> None:
    """The preview leads to each person; a file can be looked at without a receiver; in English as well."""
    seat = Seat(world, browser, world.clinic)
    seat.sign_in(world.clinic.login)
    seat.go("/send")
    seat.page.select_option("#receiver", world.payer.institution)
    data = checkup_file(world, people=3, seed=78)
    seat.page.set_input_files("#file", {"name": "kekka.csv", "mimeType": "text/csv", "buffer": data})
    seat.page.click("main button")
    seat.page.click("text=一人ずつの結果を見る")
    seat.page.wait_for_url("**/results/*")
    before = seat.text()
    seat.go("/results?lang=en")
    seat.look("results-choose-en")
    seat.page.set_input_files("#file", {"name": "kekka.csv", "mimeType": "text/csv", "buffer": data})
    seat.page.click("main button")
    seat.page.wait_for_url("**/results/*")
    seat.page.click("tbody tr:first-child td:nth-child(3) a")
    seat.page.wait_for_selector("text=Record and make the PDF")
    seat.look("results-person-en")
    seat.page.click("text=Next person")
    seat.page.wait_for_url("**/2")

    assert "3 人分" in before
    assert (seat.complaints, seat.overflowing) == ([], [])


def test_the_emergency_export_opens_in_a_browser_alone(world: World, browser: Browser, tmp_path: Path) -> None:
    """Its pages need no script, no server and nothing from elsewhere, and fit a phone."""
    seat = Seat(world, browser, world.clinic)
    seat.sign_in(world.clinic.login)
    seat.go("/results")
    seat.page.set_input_files(
        "#file", {"name": "k.csv", "mimeType": "text/csv", "buffer": checkup_file(world, people=2, seed=79)}
    )
    seat.page.click("main button")
    seat.page.wait_for_url("**/results/*")
    seat.page.click("summary:has-text('非常時用の書き出し')")
    with seat.page.expect_download() as packed:
        seat.page.click("text=記録して書き出す")
    archive = zipfile.ZipFile(io.BytesIO(packed.value.path().read_bytes()))
    fetched: list[str] = []
    seat.page.on("request", lambda request: fetched.append(request.url))
    archive.extractall(tmp_path)
    seat.page.goto((tmp_path / "index.html").as_uri())
    seat.look("results-emergency-list")
    seat.page.click("tbody tr:first-child td:nth-child(3) a")
    seat.page.wait_for_selector("text=身長")
    seat.look("results-emergency-person")

    assert [url.rsplit("/", 1)[1] for url in fetched] == ["index.html", "00001.html"]
    assert (seat.complaints, seat.overflowing) == ([], [])
