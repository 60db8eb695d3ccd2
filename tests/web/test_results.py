"""Looking at results without a browser: what is recorded before it is shown, whose it is, what addresses and journals hold."""

from __future__ import annotations

import csv
import io
import logging
import os
import re
import zipfile
from pathlib import Path

import httpx
import pytest

from akashi.app.checkup import showing
from akashi.app.checkup.holding import LIFE_MS, MOST_EACH, HeldResults, Opened
from akashi.app.desk.maps import FORMATS
from akashi.app.errors import ResultsMissing
from akashi.checkup.report import paper as written
from akashi.checkup.report.people import People
from akashi.identity.journal import Outcome, What
from tests.api.served import PASSWORD, World, checkup_file, deliver
from tests.api.test_canary import holders
from tests.web.test_pages import OURS, csrf_of, signed_in

pytestmark = pytest.mark.network
OUT = {"purpose": "checkup_result", "destination": "device"}


@pytest.fixture(scope="module")
def name(world: World) -> str:
    """A transfer of five people from the clinic to the payer."""
    return deliver(world, checkup_file(world, people=5, seed=31))


@pytest.fixture(scope="module")
def client(world: World, name: str) -> httpx.Client:
    """The payer's person at the pages."""
    return signed_in(world, world.payer)


def posted(client: httpx.Client, path: str, **form: str) -> httpx.Response:
    """A form of this session's page."""
    return client.post(path, data={"csrf": csrf_of(client), **form}, headers=OURS)


@pytest.fixture(scope="module")
def place(client: httpx.Client, name: str) -> str:
    """The address of the opened transfer's people."""
    answer = posted(client, f"/transfers/{name}/results", purpose="health_guidance")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def kinds(world: World, name: str) -> list[str]:
    """What the ledger says happened to a transfer."""
    return [step.kind for step in world.gateway(world.payer).exchange.show(name).trail]


def test_opening_is_on_the_ledger_before_anything_is_shown(world: World, place: str, name: str) -> None:
    """The trail has the opening and the journal its purpose; nothing was exported."""
    journal = list(world.gateway(world.payer).journal.entries())

    assert kinds(world, name) == ["transfer.sent", "transfer.opened"]
    assert [one.purpose for one in journal if one.what is What.OPENED and one.subject == name] == [2]


def test_a_refused_opening_shows_nothing(world: World, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the ledger would not take the opening, the content is never read."""
    other = deliver(world, checkup_file(world, people=1, seed=32))
    posted(client, f"/transfers/{other}/refuse", reason="not_ours")
    read: list[object] = []
    monkeypatch.setattr(showing, "read_documents", lambda *given: read.append(given))
    answer = posted(client, f"/transfers/{other}/results", purpose="audit")

    assert (answer.status_code // 100, read) == (4, [])
    assert "transfer.opened" not in kinds(world, other)


def test_people_are_listed_and_found(client: httpx.Client, place: str) -> None:
    """Everybody stands in the list; a search by form narrows it by id, kana or birth."""
    listed = client.get(place).text
    birth = re.search(r"([0-9]{4}-[0-9]{2}-[0-9]{2})（昭和|([0-9]{4}-[0-9]{2}-[0-9]{2})（平成", listed)
    assert birth is not None
    found = posted(client, place, wanted=birth[1] or birth[2]).text

    assert len(re.findall(rf'<td class="n" data-label="番号"><a href="{place}/', listed)) == 5
    assert 1 <= len(re.findall(rf'<td class="n" data-label="番号"><a href="{place}/', found)) < 5
    assert "当てはまる人はいません" in posted(client, place, wanted="だれでもない").text


def test_a_look_at_a_person_is_journalled_without_saying_who(world: World, client: httpx.Client, place: str) -> None:
    """Each person's page adds an entry with the transfer and a count; neither address nor journal names the person."""
    journal = world.gateway(world.payer).journal
    before = sum(1 for _ in journal.entries())
    page = client.get(f"{place}/2")
    entry = list(journal.entries())[before]

    assert (page.status_code, "健診結果（写し）" in page.text) == (200, True)
    assert "これは、受け取ったデータを表示した写しです。" in page.text
    assert (entry.what, entry.count) == (What.READ, 1)


@pytest.mark.parametrize("number", ["0", "6", "x", "-1", "1e3", "9999999"])
def test_a_person_that_is_not_there_is_an_error_page(client: httpx.Client, place: str, number: str) -> None:
    """Any other number is answered with a sentence."""
    answer = client.get(f"{place}/{number}")

    assert (answer.status_code, "checkup.person_unknown" in answer.text) == (404, True)


def test_paper_and_export_are_on_the_ledger_first(world: World, client: httpx.Client, place: str, name: str) -> None:
    """A PDF and the emergency export are each an export operation; their names hold no name."""
    before = kinds(world, name).count("transfer.exported")
    pdf = posted(client, f"{place}/1/paper", **OUT)
    packed = posted(client, f"{place}/emergency", **OUT)

    assert pdf.content.startswith(b"%PDF")
    assert pdf.headers["content-disposition"] == 'attachment; filename="results-1.pdf"'
    assert packed.headers["content-disposition"] == f'attachment; filename="results-{name}.zip"'
    assert "people/00005.html" in zipfile.ZipFile(io.BytesIO(packed.content)).namelist()
    assert kinds(world, name).count("transfer.exported") - before == 2


def test_several_people_are_one_paper(world: World, client: httpx.Client, place: str, name: str) -> None:
    """A part of the list as one PDF: one export operation on the ledger; its name holds numbers of the list only."""
    before = kinds(world, name).count("transfer.exported")
    pdf = posted(client, f"{place}/papers", first="2", last="4", **OUT)

    assert pdf.content.startswith(b"%PDF")
    assert pdf.headers["content-disposition"] == 'attachment; filename="results-2-4.pdf"'
    assert kinds(world, name).count("transfer.exported") - before == 1


@pytest.mark.parametrize(("first", "last"), [("0", "2"), ("3", "2"), ("1", "6"), ("", "2"), ("1", "x"), ("-1", "2")])
def test_a_part_that_the_list_has_not_is_refused(
    world: World, client: httpx.Client, place: str, name: str, first: str, last: str
) -> None:
    """Attack: numbers outside the list. Nothing is printed, nothing is on the ledger."""
    before = kinds(world, name)
    answer = posted(client, f"{place}/papers", first=first, last=last, **OUT)

    assert (answer.status_code, kinds(world, name)) == (404, before)


def test_more_people_than_one_paper_takes_are_refused(
    world: World, client: httpx.Client, place: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound is said, and nothing is on the ledger."""
    monkeypatch.setattr(written, "MOST_PRINTED", 2)
    before = kinds(world, name)
    answer = posted(client, f"{place}/papers", first="1", last="3", **OUT)

    assert (answer.status_code, "一度に 2 人まで" in answer.text) == (413, True)
    assert kinds(world, name) == before


@pytest.mark.parametrize("form", [{}, {"purpose": "x", "destination": "device"}, {"purpose": "audit"}])
def test_taking_out_needs_purpose_and_destination(client: httpx.Client, place: str, form: dict[str, str]) -> None:
    """Without both there is no file."""
    assert posted(client, f"{place}/1/paper", **form).status_code == 400
    assert posted(client, f"{place}/papers", first="1", last="2", **form).status_code == 400
    assert posted(client, f"{place}/emergency", **form).status_code == 400


def test_another_session_sees_nothing(world: World, place: str) -> None:
    """Not even the same person's other session gets what one session opened."""
    other = signed_in(world, world.payer)
    answer = other.get(f"{place}/1")

    assert (answer.status_code, "app.results_missing" in answer.text) == (404, True)


def test_signing_out_forgets(world: World, name: str) -> None:
    """What a session had open is gone from memory when it ends."""
    client = signed_in(world, world.payer)
    held = world.gateway(world.payer).results
    key = posted(client, f"/transfers/{name}/results", purpose="audit").headers["location"].rsplit("/", 1)[1]
    present = key in held._held
    posted(client, "/logout")

    assert (present, key in held._held) == (True, False)


def test_a_file_at_the_desk_is_shown_and_not_sent(world: World) -> None:
    """Any readable file is shown to its institution; the ledger learns nothing, the journal that somebody looked."""
    client = signed_in(world, world.clinic)
    size = world.gateway(world.clinic).ledger.checkpoint()
    answer = client.post(
        "/results",
        data={"csrf": csrf_of(client)},
        files={"file": ("kekka.csv", checkup_file(world, people=3, seed=8))},
        headers=OURS,
    )
    pages = [client.get(f"{answer.headers['location']}/{number}").status_code for number in (1, 2, 3, 4)]
    last = next(reversed([one for one in world.gateway(world.clinic).journal.entries() if one.count == 3]))

    assert pages == [200, 200, 200, 404]
    assert (last.what, last.outcome, last.subject) == (What.READ, Outcome.DONE, None)
    assert world.gateway(world.clinic).ledger.checkpoint() == size


def test_a_file_that_holds_no_results_is_told(world: World) -> None:
    """Text, an unknown layout, a program: the form again, with a sentence and no trace of the content."""
    client = signed_in(world, world.clinic)
    secret = "秘密の患者"
    for data in (secret.encode(), f"{secret},あ,い\r\n1,2,3\r\n".encode(), b"MZ" + bytes(64)):
        answer = client.post("/results", data={"csrf": csrf_of(client)}, files={"file": ("x.csv", data)}, headers=OURS)
        assert (answer.status_code // 100, secret in answer.text) == (4, False)


def test_people_who_could_not_be_read_are_told(world: World) -> None:
    """A cut row is said above the list and stands in the emergency export; a file without anybody is refused."""
    client = signed_in(world, world.clinic)
    whole = checkup_file(world, people=3, seed=9)
    cut = {"file": ("k.csv", whole[: whole.rindex(b",", 0, -100)] + b"\r\n")}
    answer = client.post("/results", data={"csrf": csrf_of(client)}, files=cut, headers=OURS)
    page = client.get(answer.headers["location"]).text
    taken = posted(client, f"{answer.headers['location']}/emergency", **OUT)
    with zipfile.ZipFile(io.BytesIO(taken.content)) as archive:
        explained = archive.read("はじめに.txt").decode()
    nobody = {"file": ("k.csv", whole[: whole.index(b"\n", whole.index(b"\n") + 1) + 1] + b"1,2\r\n")}
    refused = client.post("/results", data={"csrf": csrf_of(client)}, files=nobody, headers=OURS)

    assert "読めなかった行・文書が 1 件あります" in page
    assert "読めなかった行・文書が 1 件あります" in explained
    assert refused.status_code == 400


def test_words_are_shown_as_a_conversion_writes_them(world: World) -> None:
    """A finding that the thesaurus knows by another spelling has its standard name at the desk too."""
    client = signed_in(world, world.clinic)
    heads = (FORMATS / "layouts" / "hoshi.csv").read_text(encoding="utf-8").splitlines()[0]
    names = [one.strip('"') for one in heads.split(",")]
    cells = {
        "受診者番号": "P1",
        "受診年月日": "2026-05-16",
        "氏名": "架空 花",
        "シメイ": "カクウ ハナ",
        "生年月日": "1970-01-01",
        "心電図所見": "平低T波",
    }
    row = ",".join(f'"{cells.get(one, "")}"' for one in names)
    files = {"file": ("k.csv", f"{heads}\r\n{row}\r\n".encode())}
    answer = client.post("/results", data={"csrf": csrf_of(client)}, files=files, headers=OURS)

    assert "T波平低" in client.get(f"{answer.headers['location']}/1").text


def test_a_draft_is_shown_before_it_is_sent(world: World) -> None:
    """The sender sees the people as the receiver will."""
    client = signed_in(world, world.clinic)
    form = {"csrf": csrf_of(client), "receiver": world.payer.institution}
    made = client.post(
        "/send/preview", data=form, files={"file": ("k.csv", checkup_file(world, people=2, seed=5))}, headers=OURS
    )
    seen = posted(client, f"{made.headers['location']}/results")

    assert "2 人分" in client.get(seen.headers["location"]).text
    assert client.get(f"{seen.headers['location']}/2").status_code == 200


def test_an_auditor_may_list_transfers_but_see_nobody(world: World, place: str, name: str) -> None:
    """Whoever may not open may not look: neither the transfer, nor a file, nor what somebody else has open."""
    world_login = world.payer.other_login
    client = world.client(world.payer)
    client.post("/login", data={"login": world_login, "password": PASSWORD, "code": ""}, headers=OURS)
    answers = [
        posted(client, f"/transfers/{name}/results", purpose="audit"),
        posted(client, f"{place}/emergency", **OUT),
        client.get(place),
        client.get("/results"),
    ]

    assert client.get("/inbox").status_code == 200
    assert [one.status_code for one in answers] == [403] * 4


def test_no_canary_in_bodies_files_or_logs(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Looking, searching, printing and exporting leave no cell at the server, on a disk, in a temporary folder or in a log."""
    data = checkup_file(world, people=6, seed=33)
    rows = list(csv.reader(io.StringIO(data.decode("cp932"))))[2:]
    cells = {cell for row in rows for cell in row if len(cell) >= 5 and not cell.isascii()}
    needles = [cell.encode(encoding) for cell in sorted(cells) for encoding in ("cp932", "utf-8")]
    monkeypatch.setattr("tempfile.tempdir", os.fspath(tmp_path))
    monkeypatch.setenv("TMPDIR", os.fspath(tmp_path))
    client, before = signed_in(world, world.payer), len(world.recording.bodies)
    with caplog.at_level(logging.DEBUG):
        name = deliver(world, data)
        at = posted(client, f"/transfers/{name}/results", purpose="audit").headers["location"]
        kana = client.get(at).text.split('data-label="カナ氏名">')[1].split("</a>")[0].rsplit(">", 1)[1]
        posted(client, at, wanted=kana)
        client.get(f"{at}/1")
        taken = [posted(client, f"{at}/1/paper", **OUT), posted(client, f"{at}/emergency", **OUT)]
        taken.append(posted(client, f"{at}/papers", first="1", last="1", **OUT))
    passed = b"".join(world.recording.bodies[before:])
    held = holders(world.home, needles)

    assert [one.status_code for one in taken] == [200] * 3
    assert len(needles) > 20
    assert kana.encode() in needles
    assert (_any(needles, passed), held, _any(needles, caplog.text.encode())) == (False, [], False)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def _any(needles: list[bytes], hay: bytes) -> bool:
    return any(needle in hay for needle in needles)


class Ticking:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def now_ms(self) -> int:
        """The time."""
        return self.ms


def test_results_are_held_for_a_while_after_the_last_look() -> None:
    """Each look begins the time anew; without one they are gone, also from memory; of one session few are held."""
    clock = Ticking()
    held = HeldResults(clock)
    first = held.keep(Opened(People(), ()), b"s")
    clock.ms += LIFE_MS - 1
    held.look(first, b"s")
    clock.ms += LIFE_MS - 1
    held.look(first, b"s")
    others = [held.keep(Opened(People(), ()), b"s") for _ in range(MOST_EACH)]
    with pytest.raises(ResultsMissing):
        held.look(first, b"s")
    clock.ms += LIFE_MS
    swept = held.sweep()

    assert (len(others), swept, held._held) == (MOST_EACH, MOST_EACH, {})
