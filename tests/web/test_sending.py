"""The send page: what is made, what each finding asks for, and findings that are taken along."""

from __future__ import annotations

import io
import re
import zipfile

import httpx
import pytest

from akashi.identity.journal import What
from tests.api.served import World, checkup_file
from tests.web.test_pages import OURS, csrf_of, signed_in

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def client(world: World) -> httpx.Client:
    """The clinic's person at the pages."""
    return signed_in(world, world.clinic)


def previewed(world: World, client: httpx.Client, data: bytes, **fields: str) -> str:
    """The address of the preview of ``data``."""
    form = {"csrf": csrf_of(client), "receiver": world.payer.institution, **fields}
    answer = client.post("/send/preview", data=form, files={"file": ("kekka.csv", data)}, headers=OURS)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_the_page_offers_what_can_be_made(client: httpx.Client) -> None:
    """The CSV always, the archive unless one says otherwise, FHIR if asked for; each in plain words."""
    page = client.get("/send").text

    assert re.search(r'name="to_archive" value="1" checked', page)
    assert re.search(r'name="to_fhir" value="1">', page)
    assert "標準 CSV（いつも作ります）" in page


def test_what_was_chosen_is_made_and_told(world: World, client: httpx.Client) -> None:
    """The preview lists each file with what it is; what was not chosen is not made."""
    all_three = client.get(previewed(world, client, checkup_file(world), to_archive="1", to_fhir="1")).text
    bare = client.get(previewed(world, client, checkup_file(world))).text

    assert [name in all_three for name in ("standard.csv", "hc08.zip", "fhir.zip")] == [True, True, True]
    assert [name in bare for name in ("standard.csv", "hc08.zip", "fhir.zip")] == [True, False, False]
    assert "一人一つの FHIR 文書" in all_three


def test_an_unknown_layout_leads_to_the_maps(world: World, client: httpx.Client) -> None:
    """A file that no map knows is refused with the way on: the page where a map is drafted."""
    form = {"csrf": csrf_of(client), "receiver": world.payer.institution}
    answer = client.post("/send/preview", data=form, files={"file": ("new.csv", b"a,b,c\r\n1,2,3\r\n")}, headers=OURS)

    assert answer.status_code == 400
    assert re.search(r'role="alert".*変換表の下書きを作ってください.*<a href="/maps">', answer.text)


def test_findings_say_what_to_do_and_can_be_narrowed(world: World, client: httpx.Client) -> None:
    """Each row has what happened and what to do now; one severity can be listed alone; other words list everything."""
    place = previewed(world, client, checkup_file(world), to_fhir="1")
    # Below the head of the page: what waits there (unread notices) is marked too.
    page, informs, other = (
        client.get(place + shown).text.partition("<main")[2] for shown in ("", "?show=informs", "?show=%3Cscript%3E")
    )

    assert "標準 CSV で渡してください" in page
    assert 'class="mark warn"' in page
    assert 'class="mark warn"' not in informs
    assert 'class="mark warn"' in other
    assert "<script" not in other


def test_findings_are_taken_along_and_journalled(world: World, client: httpx.Client) -> None:
    """CSV, XLSX and JSON; each is an export in the journal; another form is refused."""
    place = previewed(world, client, checkup_file(world), to_fhir="1")
    journal = world.gateway(world.clinic).journal
    before = sum(one.what is What.EXPORTED for one in journal.entries())
    taken = {form: client.get(f"{place}/findings.{form}") for form in ("csv", "xlsx", "json")}
    other = client.get(f"{place}/findings.exe")
    after = sum(one.what is What.EXPORTED for one in journal.entries())

    assert [answer.status_code for answer in taken.values()] == [200, 200, 200]
    assert "どうするか" in taken["csv"].content.decode("utf-8-sig")
    assert zipfile.ZipFile(io.BytesIO(taken["xlsx"].content)).testzip() is None
    assert taken["json"].headers["cache-control"] == "no-store"
    assert other.status_code in {400, 404, 422}
    assert after - before == 3


def test_a_file_of_another_format_is_taken(world: World, client: httpx.Client) -> None:
    """A standard CSV made before is recognised and previewed; it has no layout of its own to show."""
    made = world.gateway(world.clinic).drafts
    first = previewed(world, client, checkup_file(world)).removeprefix("/send/")
    session = made._held[first].session
    data = dict(made.peek(first, session).documents)["standard.csv"]
    page = client.get(previewed(world, client, data, to_archive="1")).text

    assert "標準 CSV" in page
    assert "変換した列" not in page
    assert "hc08.zip" in page


def test_a_table_of_claims_is_taken_beside_the_results(world: World, client: httpx.Client) -> None:
    """Its findings are shown as others are, with the table's own name before the column; the sending is stopped."""
    data = "保険者番号,被保険者証番号,実施年月日,請求区分,委託料単価区分,単価合計,窓口負担合計,請求金額\r\n"
    claims = f"{data}99000001,1,2026-05-16,2,1,9000,1000,<b>8.000\r\n".encode()
    form = {"csrf": csrf_of(client), "receiver": world.payer.institution, "to_archive": "1"}
    files = {"file": ("kekka.csv", one_insurer(world)), "claims": ("seikyu.csv", claims)}
    answer = client.post("/send/preview", data=form, files=files, headers=OURS)
    page = client.get(answer.headers["location"]).text

    assert "請求の表: 請求金額" in page
    assert "&lt;b&gt;8.000" in page
    assert "この人の請求が請求の表にないため" in page
    assert "直さないと送れない点があります" in page


def test_a_table_that_is_none_is_refused_on_the_page(world: World, client: httpx.Client) -> None:
    """The results in the field of the claims: the page says which of the two files it means."""
    form = {"csrf": csrf_of(client), "receiver": world.payer.institution, "to_archive": "1"}
    files = {"file": ("kekka.csv", one_insurer(world)), "claims": ("kekka.csv", one_insurer(world))}
    answer = client.post("/send/preview", data=form, files=files, headers=OURS)

    assert answer.status_code == 400
    assert re.search(r'role="alert"><p>請求の表: 請求の表の見出し', answer.text)


def test_a_field_of_claims_that_nobody_filled_is_none(world: World, client: httpx.Client) -> None:
    """A browser sends the empty field, too: it is as if it were not there."""
    parts = [
        ('name="csrf"', csrf_of(client).encode()),
        ('name="receiver"', world.payer.institution.encode()),
        ('name="file"; filename="kekka.csv"', checkup_file(world)),
        ('name="claims"; filename=""', b""),
    ]
    body = b"".join(
        f"--x\r\nContent-Disposition: form-data; {name}\r\n\r\n".encode() + value + b"\r\n" for name, value in parts
    )
    headers = {**OURS, "Content-Type": "multipart/form-data; boundary=x"}
    answer = client.post("/send/preview", content=body + b"--x--\r\n", headers=headers)

    assert answer.status_code == 303


@pytest.mark.parametrize("name", ["file", "claims"])
def test_a_file_sent_twice_is_refused(world: World, client: httpx.Client, name: str) -> None:
    """Attack: which of two files of one field counts must not be a matter of order."""
    form = {"csrf": csrf_of(client), "receiver": world.payer.institution, "to_archive": "1"}
    fields = [("file", ("a.csv", b"a")), ("claims", ("b.csv", b"b")), (name, ("c.csv", b"c"))]
    answer = client.post("/send/preview", data=form, files=fields, headers=OURS)

    assert answer.status_code == 400
    assert "もう一度やり直してください" in answer.text


def test_the_empty_table_is_to_be_had(client: httpx.Client) -> None:
    """The page offers the headings of a table of claims, for a spreadsheet."""
    taken = client.get("/send/claims.csv")

    assert 'href="/send/claims.csv"' in client.get("/send").text
    assert taken.content.decode("utf-8-sig").startswith("受診券整理番号,受診券有効期限,保険者番号,")
    assert 'filename="claims.csv"' in taken.headers["content-disposition"]


def one_insurer(world: World) -> bytes:
    """Results of people of one insurer, so that an archive can be named."""
    text = checkup_file(world).decode("cp932")
    lines = [line.split(",") for line in text.split("\r\n")]
    column = next(line.index("保険者番号") for line in lines if "保険者番号" in line)
    heads = next(at for at, line in enumerate(lines) if "保険者番号" in line)
    for line in lines[heads + 1 :]:
        if len(line) > column:
            line[column] = "99000001"
    return "\r\n".join(",".join(line) for line in lines).encode("cp932")
