"""Pages of maps without a browser: what a decision keeps, what is refused, what a page may show, who may do what."""

from __future__ import annotations

import csv
import io
import re

import httpx
import pytest

from tests.api.served import PASSWORD, World
from tests.web.map_file import unknown_file

pytestmark = pytest.mark.network
OURS = {"Sec-Fetch-Site": "same-origin"}


def signed_in(world: World, login: str) -> httpx.Client:
    """A person of the clinic at the pages."""
    client = world.client(world.clinic)
    answer = client.post("/login", data={"login": login, "password": PASSWORD, "code": ""}, headers=OURS)
    assert answer.status_code == 303, answer.text
    return client


class Desk:
    """A person at the pages of maps."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', client.get("/verify").text)
        assert found is not None
        self.csrf = found[1]

    def post(self, path: str, data: dict[str, str] | None = None, file: bytes | None = None) -> httpx.Response:
        """Send a form of these pages."""
        files = None if file is None else {"file": ("kekka.csv", file, "text/csv")}
        return self.client.post(path, data={"csrf": self.csrf, **(data or {})}, files=files, headers=OURS)

    def drafted(self, data: bytes) -> str:
        """The address of a new draft."""
        answer = self.post("/maps/drafts", file=data)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"].split("?")[0]


@pytest.fixture(scope="module")
def data(world: World) -> bytes:
    """A file that nobody has mapped."""
    return unknown_file(world, people=8, seed=77)


@pytest.fixture(scope="module")
def desk(world: World) -> Desk:
    """The clinic's operator, who is its manager too."""
    return Desk(signed_in(world, world.clinic.login))


@pytest.fixture
def draft(desk: Desk, data: bytes) -> str:
    """A new draft's address."""
    return desk.drafted(data)


@pytest.fixture(scope="module")
def still(desk: Desk, data: bytes) -> str:
    """A draft that no test changes, its surest columns adopted."""
    made = desk.drafted(data)
    desk.post(f"{made}/sure")
    return made


def column_of(desk: Desk, draft: str, heading: str) -> int:
    """The number of a column."""
    page = desk.client.get(f"{draft}?show=all").text
    found = re.search(rf'<tr id="c(\d+)">(?:(?!</tr>).)*?<strong>{re.escape(heading)}</strong>', page, re.DOTALL)
    assert found is not None
    return int(found[1])


def test_no_cell_of_the_file_stands_on_the_pages_of_a_draft(desk: Desk, still: str, data: bytes) -> None:
    """Names, numbers and dates of the people are masked, also on the page of their column."""
    rows = list(csv.reader(io.StringIO(data.decode())))[1:]
    secrets = {cell for row in rows for cell in (row[0], row[2], row[3]) if len(cell) > 3}
    pages = desk.client.get(f"{still}?show=all").text + "".join(
        desk.client.get(f"{still}/columns/{number}").text for number in (1, 3, 4, 6)
    )

    assert len(secrets) > 10
    assert [secret for secret in secrets if secret in pages] == []


def test_a_press_is_kept_at_once_and_can_be_taken_back(desk: Desk, draft: str) -> None:
    """The answer leads to the column below; the next look shows the decision; undoing it opens the column again."""
    answer = desk.post(f"{draft}/decide", {"d": "1:ignore", "show": "all", "by": "column", "page": "1"})
    kept = desk.client.get(f"{draft}/columns/1").text
    desk.post(f"{draft}/decide", {"d": "1:unreviewed", "show": "all"})
    opened = desk.client.get(f"{draft}?show=open").text

    assert answer.headers["location"] == f"{draft}?show=all&by=column&page=1#c2"
    assert 'value="1:ignore" aria-pressed="true"' in kept
    assert 'id="c1"' in opened


def test_a_large_file_is_taken(world: World, desk: Desk, draft: str) -> None:
    """Files go up to the gateway's limit for uploads on each page that takes one: an unknown layout is the only complaint."""
    large = unknown_file(world, people=400, seed=9)
    paths = ("/maps/drafts", f"{draft}/preview", "/maps/cell")
    answers = [desk.post(path, {"row": "1", "column": "1"}, file=large) for path in paths]
    finished = [desk.post(path, file=b"#" * 70_000).text for path in ("/maps/texts", "/maps/adopt")]

    assert len(large) > 64 * 1024
    assert [one.status_code for one in answers] == [303, 303, 400]
    assert not any("大きすぎます" in text for text in (answers[2].text, *finished))


@pytest.mark.parametrize(
    "pressed", ["", "0:adopt", "1:approve", "999999:ignore", "1:ignore:2", "x:ignore", "１:ignore"]
)
def test_a_press_that_no_button_makes_is_refused(desk: Desk, still: str, pressed: str) -> None:
    """Columns that are not there, decisions that there are not."""
    answer = desk.post(f"{still}/decide", {"d": pressed})

    assert (answer.status_code, "web.form" in answer.text or "正しくない操作" in answer.text) == (400, True)


def test_the_page_of_a_draft_cannot_be_broken_by_its_address(desk: Desk, still: str) -> None:
    """Views that nobody offers become the usual one; pages past the end become the last."""
    answers = [desk.client.get(f"{still}?{query}") for query in ("show=x&by=y&page=-1", "page=9999", "page=１")]

    assert [one.status_code for one in answers] == [200, 200, 200]


def test_an_item_of_ones_own_stays_chosen_when_it_is_decided_again(desk: Desk, draft: str) -> None:
    """Chosen by search, put off, adopted: the chosen item is adopted, not the first proposal; which can be had back."""
    place = f"{draft}/columns/1"
    desk.post(place, {"item": "9N001000000000001"})
    desk.post(f"{draft}/decide", {"d": "1:deferred", "show": "all"})
    desk.post(f"{draft}/decide", {"d": "1:adopt", "show": "all"})
    kept = desk.client.get(place).text
    desk.post(place, {"drafted": "1"})
    back = desk.client.get(place).text

    assert "自分で選んだ項目" in kept
    assert "身長（cm）の値</h2>" in kept
    assert "自分で選んだ項目" not in back


def test_details_are_kept_as_they_were_said(desk: Desk, draft: str) -> None:
    """Role, kind, factor and condition come back in the form; the unit is the item's own whatever is sent."""
    place = f"{draft}/columns/9"
    said = {"target": "9N001000000000001", "role": "VALUE", "kind": "number", "occurrence": "2", "factor": "0.1", "digits": "0",
            "table": "", "when_column": "1", "when_words": "あり、はい", "unit": "mm"}  # fmt: skip
    answer = desk.post(place, said)
    page = desk.client.get(place).text

    assert answer.status_code == 303, answer.text
    assert 'name="factor" value="0.1"' in page
    assert 'name="when_words" value="あり、はい"' in page
    assert "単位 cm" in page
    assert "（2 回目）" in page


@pytest.mark.parametrize(
    "change",
    [{"factor": "0"}, {"factor": "1e3"}, {"factor": "-1"}, {"when_column": "1"}, {"target": "9X"}, {"kind": "guess"}, {"table": "none", "kind": "code"}],
)  # fmt: skip
def test_details_that_make_no_sense_are_refused(desk: Desk, still: str, change: dict[str, str]) -> None:
    """With a sentence on the page of the column; nothing is kept."""
    right = {"target": "9N001000000000001", "role": "VALUE", "kind": "number"}
    answer = desk.post(f"{still}/columns/9", right | change)

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert "自分で選んだ項目" not in desk.client.get(f"{still}/columns/9").text


def test_words_get_their_meaning(desk: Desk, draft: str) -> None:
    """A coded column shows its words with counts while the file is held; a table of lines is kept and used; broken lines are refused."""
    place = f"{draft}/columns/{column_of(desk, draft, '喫煙')}"
    before = desk.client.get(place).text
    wrong = desk.post(f"{place}/table", {"lines": "吸う"})
    kept = desk.post(f"{place}/table", {"lines": "吸う = 1\n\n吸わない → 3\n謎の語 = \n"})
    after = desk.client.get(place).text

    assert "いまのファイルにある語と件数" in before
    assert (wrong.status_code, kept.status_code) == (400, 303)
    assert re.search(r"吸う = 1\n吸わない = 3(\n.+ = )*</textarea>", after)
    assert re.search(r'<textarea id="lines"[^>]*>(.+ = .*\n?)+</textarea>', before)
    assert "謎の語" not in after
    assert "採用</span>" in after


def test_a_trial_shows_the_sex_in_words(desk: Desk, draft: str) -> None:
    """The clerk compares with paper: 女, not the code 2."""
    desk.post(f"{draft}/sure")
    page = desk.client.get(f"{draft}/preview").text
    row = re.search(r"<tr><td[^>]*>性別</td>(.*?)</tr>", page, re.DOTALL)

    assert row is not None
    assert re.search(r'data-label="変換後"><code>[男女]</code>', row[1])


def test_the_file_is_held_for_its_session_only(world: World, desk: Desk, draft: str, data: bytes) -> None:
    """The same person in another session is asked for the file; bringing one there holds it there; signing out lets it go."""
    desk.post(f"{draft}/sure")
    other = Desk(signed_in(world, world.clinic.login))
    asked = other.client.get(f"{draft}/preview").text
    other.post(f"{draft}/preview", file=data)
    tried = other.client.get(f"{draft}/preview").text
    gateway = world.gateway(world.clinic)
    held = len(gateway.map_files._held)
    other.post("/logout")

    assert ("はじめの 5 人の結果" in asked, "はじめの 5 人の結果" in tried) == (False, True)
    assert len(gateway.map_files._held) == held - 1


def test_what_was_shown_is_what_is_signed(desk: Desk, draft: str) -> None:
    """A digest of an earlier look is refused once somebody changed the draft; the fresh one is approved under that very digest."""
    desk.post(
        f"{draft}/head", {"map_id": "pages-map", "valid_from": "2026-04-01", "valid_to": "2031-03-31", "program": "010"}
    )
    desk.post(f"{draft}/sure")
    stale = digest_of(desk, draft)
    desk.post(f"{draft}/decide", {"d": "1:ignore", "show": "all"})
    refused = desk.post(f"{draft}/approve", {"digest": stale})
    fresh = digest_of(desk, draft)
    done = desk.post(f"{draft}/approve", {"digest": fresh})
    place = done.headers["location"].split("?")[0]
    version = desk.client.get(place).text

    assert (refused.status_code, "表示のあとで" in refused.text) == (409, True)
    assert stale != fresh
    assert done.status_code == 303
    assert fresh in version
    assert desk.client.get(f"{place}/receipt").status_code == 200
    assert desk.client.get(f"{place}/text").text.startswith("# Drafted on")
    assert "この下書きは終わっています" in desk.client.get(draft).text


def digest_of(desk: Desk, draft: str) -> str:
    """The digest that the page of approval shows."""
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', desk.client.get(f"{draft}/approve").text)
    assert found is not None
    return found[1]


def test_a_version_is_shared_and_ended(world: World, desk: Desk, draft: str) -> None:
    """The ticked institutions and nobody else; names that are no institution are refused; what has ended says why."""
    head = {"map_id": "shared-map", "valid_from": "2026-04-01", "valid_to": "2031-03-31", "program": ""}
    desk.post(f"{draft}/head", head)
    desk.post(f"{draft}/sure")
    place = desk.post(f"{draft}/approve", {"digest": digest_of(desk, draft)}).headers["location"].split("?")[0]
    wrong = desk.post(f"{place}/share", {"child-nobody": "1"})
    desk.post(f"{place}/share", {f"child-{world.payer.institution}": "1"})
    shared = desk.client.get(place).text
    desk.post(f"{place}/share", {})
    alone = desk.client.get(place).text
    desk.post(f"{place}/retire", {"reason": "wrong"})
    ended = desk.client.get(place).text

    assert wrong.status_code == 400
    assert f'name="child-{world.payer.institution}" value="1" checked' in shared
    assert f'name="child-{world.payer.institution}" value="1" checked' not in alone
    assert "廃止</span>" in ended
    assert "内容の間違い" in ended
    assert "この版を廃止する" not in ended


def test_a_finished_map_is_handed_in_and_tried(desk: Desk, draft: str, data: bytes) -> None:
    """The text of one's own version as a draft; what is no map is refused with its line."""
    desk.post(f"{draft}/sure")
    page = desk.client.get(f"{draft}/approve").text
    text = re.search(r'<pre class="report">(.*?)</pre>', page, re.DOTALL)
    assert text is not None
    plain = (
        text[1]
        .replace("&#34;", '"')
        .replace("&#39;", "'")
        .replace("&gt;", ">")
        .replace("&lt;", "<")
        .replace("&amp;", "&")
    )
    made = desk.post("/maps/texts", file=plain.encode())
    wrong = [desk.post("/maps/texts", file=body) for body in (b"map: 2\n", b"\xff\xfe", b"")]
    place = made.headers["location"].split("?")[0]
    desk.post(f"{place}/preview", file=data)

    assert "預かった変換表" in desk.client.get(place).text
    assert "はじめの 5 人の結果" in desk.client.get(f"{place}/preview").text
    assert [one.status_code for one in wrong] == [400, 400, 400]


def test_a_map_that_nobody_shared_is_not_adopted(desk: Desk) -> None:
    """The page stays and says so."""
    text = 'map: 1\nid: "x"\n'
    answer = desk.post("/maps/adopt", file=text.encode())

    assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)


@pytest.mark.parametrize(
    "path",
    ["/maps/drafts/mdr-0000", "/maps/drafts/x/preview", "/maps/drafts/mdr-0000/approve", "/maps/map-0000/1", "/maps/map-0000/x", "/maps/map-0000/1/text"],
)  # fmt: skip
def test_what_is_not_there_looks_the_same(desk: Desk, path: str) -> None:
    """404 with a sentence, whatever is wrong with the name."""
    assert desk.client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("row", "column"), [("0", "1"), ("1", "0"), ("1", "999"), ("99999", "1"), ("x", "1"), ("", "1"), ("１", "1")]
)
def test_a_cell_that_is_not_there_is_refused(desk: Desk, still: str, data: bytes, row: str, column: str) -> None:
    """With a sentence on the page of the trial."""
    desk.post(f"{still}/preview", file=data)
    answer = desk.client.get(f"{still}/preview", params={"row": row, "column": column})

    assert answer.status_code in (400, 404)
    assert 'role="alert"' in answer.text


def test_an_auditor_sees_no_map(world: World) -> None:
    """Neither the pages nor an entry of the menu."""
    auditor = signed_in(world, world.clinic.other_login)
    pages = [auditor.get(path).status_code for path in ("/maps", "/maps/drafts/mdr-0000", "/maps/map-0000/1")]

    assert pages == [403, 403, 403]
    assert 'href="/maps"' not in auditor.get("/").text


def test_values_never_reach_the_journal(world: World, desk: Desk, still: str, data: bytes) -> None:
    """A trial and a story are journalled with the draft's handle and a code, nothing of the file."""
    desk.post(f"{still}/preview", file=data)
    desk.client.get(f"{still}/preview", params={"row": "1", "column": "3"})
    name = next(csv.reader(io.StringIO(data.decode().split("\n", 1)[1])))[2]
    entries = list(world.gateway(world.clinic).journal.entries(1))

    assert any(one.subject == still.rsplit("/", 1)[-1] for one in entries)
    assert not any(name in repr(one) for one in entries)
