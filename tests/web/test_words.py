"""The page and the routes of words that no thesaurus understood."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Browser

from akashi.checkup.formats.maps import MODALITIES
from akashi.web.rendering import texts
from tests.api.served import World
from tests.app.service import encoded, rows_of
from tests.web.seat import Seat
from tests.web.test_maps import OURS, Desk, signed_in

pytestmark = pytest.mark.network
WORDS = "/api/v1/words"


def file_with(*findings: str) -> bytes:
    """Invented people of a known layout, with these findings of the ECG."""
    heads, rows = rows_of("hoshi", len(findings), messy=False, seed=7)
    people = [list(row) for row in rows]
    for person, finding in zip(people, findings, strict=True):
        person[heads[-1].index("心電図所見")] = finding
    return encoded(heads, iter(people), "hoshi")


@pytest.fixture(scope="module")
def desk(world: World) -> Desk:
    """The clinic's operator, who is its manager too; words wait."""
    made = Desk(signed_in(world, world.clinic.login))
    data = {"csrf": made.csrf, "receiver": world.payer.institution}
    file = {"file": ("kekka.csv", file_with("謎の波", "ナゾ<b>"))}
    answer = made.client.post("/send/preview", data=data, files=file, headers=OURS)
    assert "読めなかった用語が 2 語" in made.client.get(answer.headers["location"]).text
    return made


@pytest.fixture
def client(world: World, desk: Desk) -> httpx.Client:
    """The same person at the REST API."""
    return world.signed_in(world.clinic)


def handle(page: str, word: str) -> str:
    """The handle behind a word on the page."""
    found = re.search(rf"<h3>{re.escape(word)}</h3>.*?name=\"word\" value=\"(word-[0-9a-f]+)\"", page, re.DOTALL)
    assert found is not None
    return found[1]


def test_every_modality_has_a_name() -> None:
    """In both languages."""
    names = {f"words.modality.{one}" for one in MODALITIES}

    assert [names <= texts(language).keys() for language in ("ja", "en")] == [True, True]


def test_the_page_shows_words_and_offers_findings(desk: Desk) -> None:
    """Each word escaped, its modality and count, and the standard findings to choose from."""
    page, english = desk.client.get("/words").text, desk.client.get("/words?lang=en").text
    desk.client.get("/words?lang=ja")

    assert "<h3>謎の波</h3>" in page
    assert "ナゾ&lt;b&gt;" in page
    assert '<option value="不整脈">' in page
    assert "心電図" in page
    assert "Words not understood" in english


def test_a_decision_is_taken_back_and_put_away(desk: Desk) -> None:
    """Decided words leave the list; a decision can be taken back."""
    word = handle(desk.client.get("/words").text, "謎の波")
    steps = [
        ({"decision": "finding", "finding": "不整脈"}, "word_learnt"),
        ({"decision": "back"}, "word_back"),
        ({"decision": "keep"}, "word_kept"),
        ({"decision": "back"}, "word_back"),
    ]
    seen = []
    for form, notice in steps:
        answer = desk.post("/words", {"word": word, **form})
        page = desk.client.get("/words").text
        seen.append((notice in answer.headers["location"], "<h3>謎の波</h3>" in page))

    assert seen == [(True, False), (True, True), (True, False), (True, True)]


def test_a_refused_decision_keeps_what_was_entered(desk: Desk) -> None:
    """The page comes again with the reason; a form that this page did not make is refused."""
    word = handle(desk.client.get("/words").text, "謎の波")
    wrong = desk.post("/words", {"word": word, "decision": "finding", "finding": "ありえない所見"})
    odd = desk.post("/words", {"word": word, "decision": "sell"})

    assert wrong.status_code == 400
    assert 'value="ありえない所見"' in wrong.text
    assert "標準の所見にない語です" in wrong.text
    assert odd.status_code == 400


def test_only_those_who_manage_maps_decide(world: World, desk: Desk) -> None:
    """Over the page and over REST the same permission; without a session nothing is shown."""
    word = handle(desk.client.get("/words").text, "謎の波")
    nobody = world.client(world.clinic)
    answers = [
        nobody.get("/words").status_code,
        nobody.get(WORDS).status_code,
        nobody.post(f"{WORDS}/{word}", json={"decision": "keep"}).status_code,
        desk.client.post("/words", data={"word": word, "decision": "keep"}, headers=OURS).status_code,
    ]

    assert answers == [303, 401, 401, 400]


def test_rest_lists_and_decides(client: httpx.Client) -> None:
    """The same queue; unknown fields, decisions and findings are refused."""
    listed = client.get(WORDS).json()
    one = next(each for each in listed["waiting"] if each["word"] == "ナゾ<b>")
    place = f"{WORDS}/{one['handle']}"
    refused = [
        client.post(place, json=body).status_code
        for body in ({"decision": "x"}, {"decision": "keep", "more": 1}, {"decision": "finding", "finding": "x"})
    ]
    made = client.post(place, json={"decision": "finding", "finding": "不整脈"})
    after = client.get(WORDS).json()

    assert "不整脈" in listed["findings"]["ecg"]
    assert refused == [400, 400, 400]
    assert (made.status_code, made.json()["fate"]) == (200, "learnt")
    assert [each["word"] for each in after["learnt"]] == ["ナゾ<b>"]
    assert client.post(f"{WORDS}/word-{'0' * 32}", json={"decision": "keep"}).status_code == 404


@pytest.mark.browser
def test_the_page_fits_a_small_screen(world: World, browser: Browser, desk: Desk) -> None:
    """A person types the beginning of a finding and decides, at 1280 and 390 px."""
    seat = Seat(world, browser, world.clinic)
    seat.sign_in(world.clinic.login)
    seat.go("/words")
    seat.look("words")
    # Words of other modalities may wait too, from files of other tests.
    row = seat.page.locator("section li", has_text="心電図").first
    row.locator("input[name=finding]").fill("不整脈")
    row.locator("button[value=finding]").click()
    seat.page.wait_for_url("**notice=word_learnt**")
    seat.look("words-decided")
    said = seat.text()
    seat.context.close()

    assert "決めました" in said
    assert (seat.complaints, seat.overflowing) == ([], [])
