"""Review of the pages of maps and results: another session's drafts and files, forms of others, hostile words, spoilt stores."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest

from tests.api.served import PASSWORD, World, checkup_file
from tests.checkup.approval.texts import text
from tests.web.map_file import unknown_file
from tests.web.test_maps import OURS, Desk, digest_of, signed_in
from tests.web.test_results import OUT

pytestmark = pytest.mark.network
EVIL = '<script>alert(1)</script>"><img src=x>'


@pytest.fixture(scope="module")
def data(world: World) -> bytes:
    """A file that nobody has mapped."""
    return unknown_file(world, people=5, seed=91)


@pytest.fixture(scope="module")
def desk(world: World) -> Desk:
    """The clinic's operator, who is its manager too."""
    return Desk(signed_in(world, world.clinic.login))


@pytest.fixture(scope="module")
def draft(desk: Desk, data: bytes) -> str:
    """A draft's address."""
    made = desk.drafted(data)
    desk.post(f"{made}/sure")
    return made


POSTS = ("sure", "head", "drop", "decide", "preview", "approve", "columns/1", "columns/1/table")


@pytest.mark.parametrize("tail", POSTS)
@pytest.mark.parametrize("how", ["no value", "another session's value", "another site", "no origin"])
def test_a_form_of_somebody_else_changes_nothing(world: World, desk: Desk, draft: str, tail: str, how: str) -> None:
    """Attack: a page elsewhere posts with the person's cookie; a value of another session; no word of where it comes from."""
    before = _content(desk, draft)
    csrf = {"no value": "", "another session's value": Desk(signed_in(world, world.clinic.login)).csrf}.get(
        how, desk.csrf
    )
    headers = {"another site": {"Sec-Fetch-Site": "cross-site"}, "no origin": {}}.get(how, OURS)
    form = {"csrf": csrf, "d": "1:ignore", "show": "all"}
    answer = desk.client.post(f"{draft}/{tail}", data=form, headers=headers)
    assert answer.status_code == 400
    assert _content(desk, draft) == before


def _content(desk: Desk, draft: str) -> str:
    """What the page says of the draft; its head also counts alerts, and any sign-in may raise one meanwhile."""
    _, mark, content = desk.client.get(f"{draft}?show=all").text.partition("<main")
    assert mark
    return content


@pytest.mark.parametrize(
    ("method", "tail"),
    [
        ("GET", ""),
        ("GET", "/preview"),
        ("GET", "/approve"),
        ("GET", "/columns/1"),
        *(("POST", f"/{tail}") for tail in POSTS),
    ],
)
def test_another_institution_does_not_see_the_draft(
    world: World, desk: Desk, draft: str, method: str, tail: str
) -> None:
    """Attack: a clerk of the payer asks their own gateway for the clinic's draft by its handle: there is none."""
    client = world.client(world.payer)
    client.post("/login", data={"login": world.payer.login, "password": PASSWORD, "code": ""}, headers=OURS)
    form = {"csrf": Desk(client).csrf, "d": "1:ignore", "digest": "0" * 64, "map_id": "x"}
    answer = client.request(method, draft + tail, data=form if method == "POST" else None, headers=OURS)
    assert answer.status_code in {400, 404}
    assert "受診者番号" not in answer.text
    assert desk.client.get(draft).status_code == 200


def test_words_of_a_file_are_text_on_every_page(world: World, desk: Desk) -> None:
    """Attack: headings, cells, ids and tables that are markup. No page carries them as such, and nothing leaves the comment of a map."""
    rows = list(csv.reader(io.StringIO(unknown_file(world, people=3, seed=92).decode("utf-8-sig"))))
    rows[0][-1] = EVIL + "\n- {to: person.name, at: {column: 1}, kind: text}"
    for row in rows[1:]:
        row[-1] = EVIL
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    place = desk.drafted(out.getvalue().encode())
    desk.post(f"{place}/sure")
    column = len(rows[0])
    head = {"map_id": f"e-{EVIL}", "valid_from": "2026-04-01", "valid_to": "2031-03-31"}
    desk.post(f"{place}/head", head)
    desk.post(f"{place}/columns/{column}", {"item": EVIL})
    pages = [
        desk.client.get(f"{place}{tail}").text
        for tail in (
            "?show=all",
            f"/columns/{column}?q={EVIL}",
            "/preview",
            f"/preview?row=1&column={column}",
            "/approve",
        )
    ]
    assert not [page for page in pages if "<script>alert" in page or "<img src=x" in page]
    assert sum("&lt;script&gt;" in page for page in pages) >= 4
    assert "person.name, at: {column: 1}" not in re.sub(r"&#34;.*?&#34;|#.*", "", pages[-1])


def test_a_column_that_means_nothing_gets_no_table(desk: Desk, data: bytes) -> None:
    """A table for a column without an item would count as a decision that nobody took."""
    place = desk.drafted(data)
    column = max(int(one) for one in re.findall(r'id="c(\d+)"', desk.client.get(f"{place}?show=all").text))
    answer = desk.post(f"{place}/columns/{column}/table", {"lines": "A = 1"})
    assert answer.status_code == 400


def test_an_altered_version_is_an_error_page(world: World, desk: Desk) -> None:
    """Attack: the kept text of a version is spoilt. Shelf and error page say so in a sentence; the text is nowhere handed out."""
    content = text(map_id="spoilt-map", remark="review").encode()
    handed = desk.post("/maps/texts", file=content).headers["location"].split("?")[0]
    place = desk.post(f"{handed}/approve", {"digest": digest_of(desk, handed)}).headers["location"].split("?")[0]
    store, key = world.gateway(world.clinic).paths.map_documents, sha256(content).hexdigest()
    whole = _sealed(store, key, None)
    _sealed(store, key, bytes(64))
    try:
        shelf = desk.client.get("/maps")
        pages = [desk.client.get(place + tail) for tail in ("", "/text")]
        rest = world.signed_in(world.clinic).get(f"/api/v1{place}")
    finally:
        _sealed(store, key, whole)
        desk.post(f"{place}/retire", {"reason": "other"})
    assert (shelf.status_code, "spoilt-map" in shelf.text, "改変" in shelf.text) == (200, True, True)
    assert [(one.status_code, "rules:" in one.text, "keys.damaged" in one.text) for one in pages] == [
        (500, False, True)
    ] * 2
    assert (rest.status_code, rest.json()["code"]) == (500, "keys.damaged")


def _sealed(store: Path, key: str, value: bytes | None) -> bytes:
    """What stands in the place of a text; with ``value`` put that there."""
    with sqlite3.connect(store) as other:
        (found,) = other.execute("SELECT sealed FROM documents WHERE space = 'text' AND key = ?", (key,)).fetchone()
        if value is not None:
            other.execute("UPDATE documents SET sealed = ? WHERE space = 'text' AND key = ?", (value, key))
    return bytes(found)


LARGE = b"x" * (100 * 1024)


@pytest.mark.parametrize(
    "path", ["/results", "/maps/drafts", "/maps/texts", "/maps/adopt", "/maps/cell", "/maps/drafts/mdr-0000/preview"]
)
def test_files_pass_the_door_of_pages(desk: Desk, path: str) -> None:
    """What takes a file takes one of more than a small form."""
    assert desk.post(path, {"row": "1", "column": "1"}, LARGE).status_code != 413


@pytest.mark.parametrize("path", ["drafts", "drafts/mdr-0000/preview", "texts", "adopt"])
def test_files_pass_the_door_of_rest(world: World, path: str) -> None:
    """The same over REST."""
    assert world.signed_in(world.clinic).post(f"/api/v1/maps/{path}", content=LARGE).status_code != 413


@pytest.mark.parametrize("tail", ["sure", "head", "drop", "decide", "approve", "columns/1", "columns/1/table"])
def test_forms_are_small_at_the_door(desk: Desk, draft: str, tail: str) -> None:
    """Attack: a press of a hundred megabytes, to be held and parsed in memory."""
    assert desk.post(f"{draft}/{tail}", {"d": "x" * len(LARGE)}).status_code == 413


@pytest.mark.parametrize("path", ["drafts/mdr-0000/approve", "map-0000/1/share", "map-0000/1/retire"])
def test_bodies_are_small_at_the_door_of_rest(world: World, path: str) -> None:
    """Attack: the same as JSON; a search among results and a form of another page too."""
    client = world.signed_in(world.clinic)
    assert client.post(f"/api/v1/maps/{path}", content=LARGE).status_code == 413
    assert client.patch("/api/v1/maps/drafts/mdr-0000", content=LARGE).status_code == 413


@pytest.mark.parametrize("tail", ["", "/1", "/1/paper", "/emergency"])
def test_results_of_another_session_are_not_guessed(world: World, desk: Desk, tail: str) -> None:
    """Attack: a colleague's other session, and an id that is nearly right. One answer for both, and nothing of the people."""
    opened = desk.post("/results", file=checkup_file(world, people=2, seed=9)).headers["location"]
    other = Desk(signed_in(world, world.clinic.login))
    near = opened[:-1] + ("A" if opened[-1] != "A" else "B")
    form = dict(OUT)
    answers = [
        seat.client.get(place + tail) if tail in {"", "/1"} else seat.post(place + tail, form)
        for seat, place in ((other, opened), (desk, near))
    ]
    codes = {re.sub(r".*?(app\.results_[a-z]+).*", r"\1", one.text, flags=re.DOTALL)[:40] for one in answers}
    assert [one.status_code for one in answers] == [404, 404]
    assert len(codes) == 1


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000])
def test_a_number_without_end_is_no_page(desk: Desk, draft: str, number: str) -> None:
    """Attack: versions and columns of thousands of digits. A sentence, and never a fault of ours."""
    answers = [desk.client.get(path) for path in (f"/maps/map-0000/{number}", f"{draft}/columns/{number}")]
    assert [one.status_code for one in answers] == [404, 400] if len(number) < 100 else [404, 404]


@pytest.mark.parametrize("child", [EVIL, "inst-", "inst-" + "a" * 400, "inst-\u2028"])
def test_shares_name_institutions_only(world: World, desk: Desk, child: str) -> None:
    """Attack: a field of the form that names no institution. It reaches neither the ledger nor the page."""
    content = text(map_id=f"share-{len(child)}", remark=f"review {len(child)}").encode()
    handed = desk.post("/maps/texts", file=content).headers["location"].split("?")[0]
    place = desk.post(f"{handed}/approve", {"digest": digest_of(desk, handed)}).headers["location"].split("?")[0]
    answer = desk.post(f"{place}/share", {f"child-{child}": "1"})
    after = world.signed_in(world.clinic).get(f"/api/v1{place}").json()
    desk.post(f"{place}/retire", {"reason": "other"})
    assert answer.status_code in {400, 403}
    assert after["approval"]["children"] == []
