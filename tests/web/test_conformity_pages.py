"""The pages of conformity without a browser: what they show, what they keep, what they refuse, what they journal."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from urllib.parse import quote

import httpx
import pytest

from akashi.conformity.errors import AnswerUnsaid
from akashi.conformity.model import Mode, Reply
from akashi.identity.journal import Outcome
from akashi.vault.documents import Documents
from akashi.web.rendering import texts
from tests.waiting import until
from tests.web.conformity_stage import FAILING, Assessed
from tests.web.test_pages import OURS, csrf_of, signed_in

pytestmark = pytest.mark.network
OPS, CLOUD = "mhlw-7.0-draft-ops", "hispro-cloud"
UNTIL = "2099-03-31"
PAGES = (
    "/conformity",
    "/conformity/contradictions",
    "/conformity/features",
    "/conformity/targets",
    "/conformity/desk",
    "/conformity/desk/boundary",
    "/conformity/desk/apply",
    "/conformity/files",
    f"/conformity/sheets/{OPS}",
    f"/conformity/sheets/{OPS}/13-6",
    f"/conformity/sheets/{OPS}/14-9",
    f"/conformity/report/{OPS}/3-3",
)


@pytest.fixture(scope="module")
def clinic(stage: Assessed) -> httpx.Client:
    """The clinic's manager; the conditions of an exchange service are declared, its own system is registered and measured."""
    client = signed_in(stage.world, stage.world.clinic)
    csrf = csrf_of(client)
    client.post("/conformity/features", data={"csrf": csrf, "preset": "exchange_service"}, headers=OURS)
    target = {"csrf": csrf, "kind": "akashi", "address": "this very home", "until": UNTIL, "rate": "20", "consent": "1"}
    made = client.post("/conformity/targets", data=target, headers=OURS)
    assert made.headers["location"] == "/conformity/targets?notice=registered", made.text
    measure(client)
    return client


def measure(client: httpx.Client) -> None:
    """Press the button and look until it is done."""
    client.post("/conformity/run", data={"csrf": csrf_of(client)}, headers=OURS)
    until(lambda: "refresh" not in client.get("/conformity").headers, "the end of a run")


def failing(stage: Assessed) -> str:
    """An item of the guideline whose measurement is bad on the stage, though more than a program may decide it."""
    book = stage.gateway(stage.world.clinic).conformity.books.shelf.catalogue(OPS)
    return next(item.id for item in book.items if FAILING in item.checks and item.mode is not Mode.GROUP)


def reply(client: httpx.Client, item: str, **fields: object) -> httpx.Response:
    """Send the answer form."""
    form = {"csrf": csrf_of(client), "reply": "yes", "text": "", "owner": "", "due": "", "audience": "assessor"}
    return client.post(f"/conformity/answers/{OPS}/{quote(item)}", data={**form, **fields}, headers=OURS)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_page_is_there_in_both_languages(clinic: httpx.Client, path: str, language: str) -> None:
    """No text and no value is missing, whatever stands on the page."""
    answer = clinic.get(path, params={"lang": language})

    assert answer.status_code == 200
    assert f'lang="{language}"' in answer.text


def test_the_picture_has_its_numbers_as_text(clinic: httpx.Client) -> None:
    """Each bar says in words what it shows, and is told apart by patterns."""
    page = clinic.get("/conformity?lang=ja").text

    assert len(re.findall(r'<svg class="bar[^>]*role="img"', page)) == 12
    assert re.search(r"<title id=\"cf-all\">実測 [1-9]\d*、文書 \d+、自己申告 \d+、未決 \d+、対象外 \d+</title>", page)
    assert {f"cf-{key}" for key in ("measured", "document", "word", "open", "not_applicable")} <= set(
        re.findall(r'<pattern id="([^"]+)"', page)
    )


def test_the_last_run_is_named_with_its_place_on_the_ledger(stage: Assessed, clinic: httpx.Client) -> None:
    """The index is that of the entry which the ledger has about the run."""
    page = clinic.get("/conformity?lang=ja").text
    run = re.search(r"run-[0-9a-z]+", page)
    assert run is not None
    entries = stage.gateway(stage.world.clinic).ledger.entries(run[0])

    assert f"台帳の {entries[0].index} 番目" in page


def test_a_contradiction_comes_first(stage: Assessed, clinic: httpx.Client) -> None:
    """A declared はい against a measured 不適合 stands above everything else, here and on its sheet, and on a page with the answer."""
    item = failing(stage)
    kept = reply(clinic, item)
    page = clinic.get("/conformity?lang=ja").text
    sheet = clinic.get(f"/conformity/sheets/{OPS}?lang=ja&group=1").text
    own = clinic.get("/conformity/contradictions").text

    assert kept.headers["location"].endswith("notice=answered")
    assert page.index("食い違いが 1 件あります") < page.index("判定の根拠")
    assert page.index(f'<h3><a href="/conformity/sheets/{OPS}"') < page.index(
        '<h3><a href="/conformity/sheets/hispro-cloud"'
    )
    assert (
        sheet.index("食い違いが 1 件あります")
        < sheet.index(f"/conformity/sheets/{OPS}/{item}")
        < sheet.index("しぼり込み")
    )
    assert f"/conformity/sheets/{OPS}/{item}" in own
    assert texts("ja")("cf.reply.yes") in own


def test_an_answer_is_kept_with_its_evidence_and_history(stage: Assessed, clinic: httpx.Client) -> None:
    """The file is sealed and comes back whole; the next answer shows what changed."""
    first = clinic.post(
        f"/conformity/answers/{OPS}/2-1",
        data={
            "csrf": csrf_of(clinic),
            "reply": "partly",
            "text": "年1回",
            "owner": "架空 担当",
            "due": UNTIL,
            "audience": "customers",
        },
        files={"file": ("点検 記録.pdf", b"invented bytes", "application/pdf")},
        headers=OURS,
    )
    answer = stage.gateway(stage.world.clinic).conformity.answers.of(OPS, "2-1")
    assert answer is not None
    second = reply(clinic, "2-1", text="年2回", **{f"keep-{answer.evidence[0]}": "1"})
    page = clinic.get(f"/conformity/sheets/{OPS}/2-1?lang=ja").text
    file = clinic.get(f"/conformity/evidence/{answer.evidence[0]}")

    assert (first.status_code, second.status_code) == (303, 303)
    assert "年<del>1</del><ins>2</ins>回" in page
    assert "点検 記録.pdf" in page
    assert file.content == b"invented bytes"
    assert file.headers["content-disposition"].startswith("attachment;")
    assert file.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "wrong", [{"reply": ""}, {"reply": "maybe"}, {"due": "soon"}, {"audience": "nobody"}, {"text": "あ" * 2600}]
)
def test_a_refused_answer_leaves_the_form_as_it_was(
    stage: Assessed, clinic: httpx.Client, wrong: dict[str, str]
) -> None:
    """What was typed is still there, nothing is kept, and nothing of it is in the message."""
    before = stage.gateway(stage.world.clinic).conformity.answers.history(OPS, "2-2")
    answer = reply(clinic, "2-2", **{"text": "打ち込んだ言葉", "owner": "架空 担当", **wrong})

    assert answer.status_code == 400
    assert wrong.get("text", "打ち込んだ言葉") in answer.text
    assert 'value="架空 担当"' in answer.text
    assert stage.gateway(stage.world.clinic).conformity.answers.history(OPS, "2-2") == before


def test_the_same_answer_is_given_again(stage: Assessed, clinic: httpx.Client) -> None:
    """With today's date, and marked as carried over."""
    reply(clinic, "2-3", text="変わりません")
    clinic.post(f"/conformity/carry/{OPS}/2-3", data={"csrf": csrf_of(clinic)}, headers=OURS)
    answers = stage.gateway(stage.world.clinic).conformity.answers.history(OPS, "2-3")

    assert [bool(one.carried_from) for one in answers] == [True, False]
    assert {(one.reply, one.text) for one in answers} == {(Reply.YES, "変わりません")}


def test_a_sheet_is_filtered(clinic: httpx.Client) -> None:
    """By group, verdict, ground and words; what does not apply is hidden unless asked for."""

    def shown(**query: str) -> int:
        found = re.search(
            r"(\d+) 項目を表示", clinic.get(f"/conformity/sheets/{CLOUD}", params={"lang": "ja", **query}).text
        )
        assert found is not None
        return int(found[1])

    everything, applicable = shown(show="all"), shown()

    assert everything == 253
    assert 0 < applicable < everything
    assert applicable + shown(show="all", verdict="not_applicable") == everything
    assert sum(shown(show="all", basis=one) for one in ("measured", "document", "word", "none")) == everything
    assert shown(q="ありえない言葉") == 0
    assert shown(verdict="nonsense") == applicable


def test_conditions_decide_what_applies(stage: Assessed, clinic: httpx.Client) -> None:
    """Declaring one by one keeps exactly what was ticked."""
    csrf = csrf_of(clinic)
    clinic.post("/conformity/features", data={"csrf": csrf, "feature-wireless": "1"}, headers=OURS)
    one = stage.gateway(stage.world.clinic).conformity.features()
    clinic.post("/conformity/features", data={"csrf": csrf, "preset": "exchange_service"}, headers=OURS)

    assert one == {"wireless"}
    assert len(stage.gateway(stage.world.clinic).conformity.features()) == 6


def test_what_another_process_writes_is_seen_at_once(stage: Assessed, clinic: httpx.Client) -> None:
    """Verdicts are kept between pages, but never past a write, also of the command line beside the service."""
    gateway = stage.gateway(stage.world.clinic)
    before = clinic.get("/conformity").text
    beside = Documents(gateway.paths.conformity, gateway.keystore, "conformity")
    beside.put("profile", "features", ["wireless"], gateway.clock.now_ms())
    beside.close()
    after = clinic.get("/conformity").text
    clinic.post("/conformity/features", data={"csrf": csrf_of(clinic), "preset": "exchange_service"}, headers=OURS)

    assert re.findall(r"<title id=.cf-all.>[^<]*", before) != re.findall(r"<title id=.cf-all.>[^<]*", after)


def test_an_answer_that_is_kept_but_not_said_is_no_refusal(
    stage: Assessed, clinic: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is away: the page says that the answer is kept, so that nobody sends it twice."""

    def away(*_: object) -> str:
        raise AnswerUnsaid

    monkeypatch.setattr(stage.gateway(stage.world.clinic).conformity.answers, "give", away)
    answer = reply(clinic, "2-2")

    assert answer.headers["location"] == f"/conformity/sheets/{OPS}/2-2?notice=unsaid"


@pytest.mark.parametrize(
    "wrong",
    [{"consent": ""}, {"until": "2001-01-01"}, {"kind": "moon"}, {"address": " "}, {"rate": "0"}, {"options": "=x"}],
)
def test_a_target_without_consent_or_end_is_refused(
    stage: Assessed, clinic: httpx.Client, wrong: dict[str, str]
) -> None:
    """Nothing is registered; what was typed stays."""
    before = stage.gateway(stage.world.clinic).conformity.targets()
    form = {
        "csrf": csrf_of(clinic),
        "kind": "host",
        "address": "192.0.2.7",
        "until": UNTIL,
        "rate": "7",
        "consent": "1",
    }
    answer = clinic.post("/conformity/targets", data={**form, **wrong}, headers=OURS)

    assert (answer.status_code, "web.field" in answer.text or "アドレス" in answer.text) == (400, True)
    assert wrong.get("address", "192.0.2.7") in answer.text
    assert stage.gateway(stage.world.clinic).conformity.targets() == before


def test_a_consent_is_ended(stage: Assessed, clinic: httpx.Client) -> None:
    """The target stays in the list without one."""
    form = {
        "csrf": csrf_of(clinic),
        "kind": "host",
        "address": "192.0.2.8",
        "until": UNTIL,
        "rate": "7",
        "consent": "1",
    }
    clinic.post("/conformity/targets", data={**form, "options": "ports=443"}, headers=OURS)
    conformity = stage.gateway(stage.world.clinic).conformity
    made = next(one for one in conformity.targets() if one.address == "192.0.2.8")
    clinic.post(f"/conformity/targets/{made.handle}/withdraw", data={"csrf": csrf_of(clinic)}, headers=OURS)
    ended = next(one for one in conformity.targets() if one.handle == made.handle)

    assert (made.options, made.rate) == ({"ports": "443"}, 7)
    assert (made.consent_until_ms > 0, ended.consent_until_ms) == (True, 0)


@pytest.mark.parametrize("form", ["bundle", "xlsx", "hispro", "meti", "oscal", "pdf", "folder", "ciso"])
def test_files_leave_and_are_journalled(stage: Assessed, clinic: httpx.Client, form: str) -> None:
    """Each form comes as a file, and its export stands in the access journal."""
    journal = stage.gateway(stage.world.clinic).journal
    head = journal.head()
    answer = clinic.get("/conformity/files/export", params={"form": form, "catalogue": "meti-2"})
    entries = list(journal.entries((head.count if head else 0) + 1))

    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    assert [(one.reason, one.outcome) for one in entries] == [("conformity.read", Outcome.DONE)]
    assert form in ("bundle", "pdf", "ciso") or zipfile.is_zipfile(BytesIO(answer.content))


def test_a_filled_sheet_comes_back(stage: Assessed, clinic: httpx.Client) -> None:
    """The workbook that was taken out is taken in; another file is refused with its reason."""
    reply(clinic, "2-4", text="取り出して戻す")
    out = clinic.get("/conformity/files/export", params={"form": "hispro", "catalogue": OPS, "audience": "assessor"})
    form = {"csrf": csrf_of(clinic), "kind": "sheet", "catalogue": OPS}
    back = clinic.post("/conformity/files", data=form, files={"file": ("a.xlsx", out.content)}, headers=OURS)
    other = clinic.post("/conformity/files", data=form, files={"file": ("a.xlsx", b"nonsense")}, headers=OURS)

    assert (back.status_code, 'role="status"' in back.text) == (200, True)
    assert (other.status_code, "conformity.workbook" in other.text or "読み込めません" in other.text) == (400, True)


def test_official_wording_is_shown_here_only(clinic: httpx.Client) -> None:
    """What the institution attached stands beside our words, with the digest of its file; the bundle does not have it."""
    form = {"csrf": csrf_of(clinic), "kind": "wording", "catalogue": OPS}
    text = "13-6\tここだけの正式な文言です。\n".encode()
    kept = clinic.post("/conformity/files", data=form, files={"file": ("w.txt", text)}, headers=OURS)
    page = clinic.get(f"/conformity/sheets/{OPS}/13-6").text
    bundle = clinic.get("/conformity/files/export", params={"form": "bundle"})

    assert kept.status_code == 200
    assert "ここだけの正式な文言です。" in page
    assert "ここだけの正式な文言".encode() not in bundle.content


@pytest.mark.parametrize(
    "path",
    ["sheets/nothing", f"sheets/{OPS}/nothing", "evidence/%E8%A8%BC", "evidence/evd-0000", "runs/run-0000/bundle", "desk/requests/x",
     "desk/assessments/asm-0000", "desk/reports/rep-0000", "desk/productions/prd-0000", "desk/boundaries/bnd-0000"],
)  # fmt: skip
def test_what_is_not_there_is_a_page_with_a_sentence(clinic: httpx.Client, path: str) -> None:
    """404, and no trace of what went on inside."""
    answer = clinic.get(f"/conformity/{path}")

    assert answer.status_code == 404
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["run", "features", "targets", f"answers/{OPS}/2-1", f"carry/{OPS}", "files"])
def test_forms_need_the_sessions_value(clinic: httpx.Client, path: str) -> None:
    """As everywhere: a post that this session's pages did not make is refused."""
    answer = clinic.post(f"/conformity/{path}", data={"csrf": "0" * 64}, headers=OURS)

    assert (answer.status_code, "web.form" in answer.text) == (400, True)


def test_an_auditor_reads_and_does_nothing(stage: Assessed, clinic: httpx.Client) -> None:
    """No form is offered, and a post is denied and stands in the journal."""
    client = stage.world.client(stage.world.clinic)
    login = {"login": stage.world.clinic.other_login, "password": "Horse-battery-9-staple", "code": ""}
    client.post("/login", data=login, headers=OURS)
    page = client.get(f"/conformity/sheets/{OPS}/2-1").text
    denied = client.post("/conformity/run", data={"csrf": csrf_of(client)}, headers=OURS)
    last = list(stage.gateway(stage.world.clinic).journal.entries())[-1]

    assert 'name="reply"' not in page
    assert (denied.status_code, last.outcome) == (403, Outcome.REFUSED)
    assert client.get("/conformity/targets").status_code == 403
