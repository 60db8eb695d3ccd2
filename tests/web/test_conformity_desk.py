"""The desk without a browser: each step by who may take it, offered to nobody else, and what was typed stays when it is refused."""

from __future__ import annotations

import json
import re
import zipfile
from hashlib import sha256
from io import BytesIO
from typing import Any

import httpx
import pytest

from akashi.clock import SystemClock
from akashi.conformity.model import DAY_MS
from akashi.web.conformity.showing import day_value
from tests.api.served import PASSWORD, Member
from tests.web.conformity_stage import Assessed
from tests.web.test_conformity_pages import OPS, UNTIL, measure
from tests.web.test_pages import OURS, csrf_of, signed_in

pytestmark = pytest.mark.network
SOON = day_value(SystemClock().now_ms() + 300 * DAY_MS)
"""A day that the flow's rules take, whenever this runs."""


def person(stage: Assessed, member: Member, login: str) -> httpx.Client:
    """A client of one person at an institution's device."""
    client = stage.world.client(member)
    answer = client.post("/login", data={"login": login, "password": PASSWORD, "code": ""}, headers=OURS)
    assert answer.status_code == 303, answer.text
    return client


def post(client: httpx.Client, path: str, files: Any = None, **fields: Any) -> httpx.Response:
    """Send a form of the desk."""
    return client.post(f"/conformity/{path}", data={"csrf": csrf_of(client), **fields}, files=files, headers=OURS)


def handle(answer: httpx.Response) -> str:
    """What a step made: the last part of where it leads."""
    assert answer.status_code == 303, re.sub(r"<[^>]+>", " ", answer.text)
    return str(answer.headers["location"]).split("?")[0].rsplit("/", 1)[-1]


@pytest.fixture(scope="module")
def clinic(stage: Assessed) -> httpx.Client:
    """The applicant's manager, with a run on the ledger."""
    client = signed_in(stage.world, stage.world.clinic)
    post(client, "features", preset="exchange_service")
    post(client, "targets", kind="akashi", address="this very home", until=UNTIL, rate="20", consent="1")
    measure(client)
    return client


@pytest.fixture(scope="module")
def payer(stage: Assessed) -> httpx.Client:
    """A vendor's manager."""
    return signed_in(stage.world, stage.world.payer)


@pytest.fixture(scope="module")
def assessors(stage: Assessed) -> dict[str, httpx.Client]:
    """The assessor's three people."""
    return {name: person(stage, stage.assessor, name) for name in stage.people}


def test_a_vendor_is_asked_and_its_answer_compared(stage: Assessed, clinic: httpx.Client, payer: httpx.Client) -> None:
    """The answer comes with its file; what is too weak stands first; the needs never reach the vendor."""
    asked = post(
        clinic, "desk/requests", vendor=stage.world.payer.institution, what="mds_sds", due=SOON, text="秘密の事情",
        needs="13-6 はい 3\n14-1 一部 1",
    )  # fmt: skip
    name = handle(asked)
    theirs = payer.get(f"/conformity/desk/requests/{name}").text
    files = {"file": ("回答.xlsx", b"an invented workbook")}
    post(payer, f"desk/requests/{name}/answer", files, text="次のとおり", rows="13-6 一部\n14-1 はい")
    page = clinic.get(f"/conformity/desk/requests/{name}?lang=ja").text
    file = clinic.get(f"/conformity/desk/requests/{name}/files/0")
    closed = post(clinic, f"desk/requests/{name}/close")

    assert name in payer.get("/conformity/desk").text
    assert "秘密の事情" not in theirs
    assert page.index("足りない") < page.index("満たす")
    assert file.content == b"an invented workbook"
    assert closed.status_code == 303


@pytest.mark.parametrize(
    "wrong", [{"due": "2001-01-01"}, {"due": "2099-01-01"}, {"due": ""}, {"needs": "13-6 たぶん"}, {"what": "moon"}]
)
def test_a_refused_request_leaves_the_form_as_it_was(
    stage: Assessed, clinic: httpx.Client, wrong: dict[str, str]
) -> None:
    """With what was typed, and opened."""
    form = {"vendor": stage.world.payer.institution, "what": "sla", "due": SOON, "text": "打ち込んだ言葉", "needs": ""}
    answer = post(clinic, "desk/requests", **{**form, **wrong})

    assert answer.status_code in (400, 409)
    assert "打ち込んだ言葉" in answer.text
    assert "<details open>" in answer.text


def test_a_boundary_is_agreed_to_by_the_other_side(stage: Assessed, clinic: httpx.Client, payer: httpx.Client) -> None:
    """The same table at both; what nobody has is marked; the proposer cannot agree."""
    draft = clinic.get("/conformity/desk/boundary").text
    keys = re.findall(r'name="(who-[^"]+)"', draft)
    chosen = {key: "us" if at % 2 else "them" for at, key in enumerate(keys[:-1])}
    proposed = post(clinic, "desk/boundaries", other=stage.world.payer.institution, text="", **chosen)
    name = handle(proposed)
    page = payer.get(f"/conformity/desk/boundaries/{name}?lang=ja").text
    own = clinic.get(f"/conformity/desk/boundaries/{name}").text
    post(payer, f"desk/boundaries/{name}/agree")
    after = clinic.get(f"/conformity/desk/boundaries/{name}?lang=ja").text

    assert len(keys) == 32
    assert page.count("だれもいない") == 1
    assert (f"{name}/agree" in page, f"{name}/agree" in own) == (True, False)
    assert "同意済み" in after


def test_a_report_goes_to_a_colleague(stage: Assessed, clinic: httpx.Client) -> None:
    """It is asked for until somebody made it; only its reader can receive it."""
    people = re.findall(r'<option value="(per-[^"]+)"', clinic.get(f"/conformity/report/{OPS}/3-3").text)
    empty = post(clinic, f"report/{OPS}/3-3", to=people[0], text=" ")
    name = handle(post(clinic, f"report/{OPS}/3-3", {"file": ("表.txt", b"table")}, to=people[0], text="報告の中身"))
    page = clinic.get(f"/conformity/desk/reports/{name}").text
    file = clinic.get(f"/conformity/desk/reports/{name}/files/0")
    mine = post(clinic, f"desk/reports/{name}/receive")

    assert (empty.status_code, "言葉の欄" in empty.text) == (400, True)
    assert "報告の中身" in page
    assert f"{name}/receive" not in page
    assert file.content == b"table"
    assert mine.status_code == 409


def test_production_stays_flagged_while_something_is_open(clinic: httpx.Client) -> None:
    """The page says what keeps it; the start is neither offered nor taken."""
    name = handle(post(clinic, "desk/productions", catalogue="ordinance-tokushima"))
    page = clinic.get(f"/conformity/desk/productions/{name}?lang=ja").text
    refused = post(clinic, f"desk/productions/{name}/risk", text="理由", until="soon")
    started = post(clinic, f"desk/productions/{name}/start")

    assert "まだ始められません" in page
    assert f"{name}/start" not in page
    assert (refused.status_code, "理由" in refused.text) == (400, True)
    assert started.status_code == 409


def test_a_certificate_is_kept_here(clinic: httpx.Client) -> None:
    """With number, scope and end; what is missing leaves the form as it was."""
    form = {"name": "ISMS", "number": "架空-1", "scope": "データセンター", "issuer": "架空認証", "expires": SOON}
    refused = post(clinic, "desk/certificates", **{**form, "scope": ""})
    kept = post(clinic, "desk/certificates", **form)

    assert (refused.status_code, "架空-1" in refused.text) == (400, True)
    assert kept.status_code == 303
    assert "データセンター" in clinic.get("/conformity/desk").text


def test_an_assessment_from_application_to_the_public_list(
    stage: Assessed, clinic: httpx.Client, payer: httpx.Client, assessors: dict[str, httpx.Client]
) -> None:
    """Applied, asked, replied, evaluated, decided twice, published (only what was assessed, redacted), taken out, withdrawn; strangers see nothing."""
    said = {"csrf": csrf_of(clinic), "reply": "yes", "text": "架空", "owner": "", "due": "", "audience": "assessor"}
    rules = {"file": ("規程 第1版.txt", b"rules")}
    clinic.post(f"/conformity/answers/{OPS}/2-5", data=said, files=rules, headers=OURS)
    measure(clinic)
    form = {
        "assessor": stage.assessor.institution,
        "kind": "provider",
        f"book-{OPS}": "1",
        "overview": "架空のサービス",
    }
    name = handle(post(clinic, "desk/assessments", **form))
    path = f"desk/assessments/{name}"
    evaluator, committee, board = (assessors[one] for one in ("evaluator", "committee", "board"))
    sheet = evaluator.get(f"/conformity/{path}/documents/0")
    evidence = zipfile.ZipFile(BytesIO(evaluator.get(f"/conformity/{path}/documents/2").content))
    early = post(committee, f"{path}/ruling", **{"as": "committee", "ruling": "agreed"})
    post(evaluator, f"{path}/questions", {"file": ("図.txt", b"drawing")}, text="手順は")
    question = re.findall(rf'action="/conformity/{path}/questions/([^"]+)"', clinic.get(f"/conformity/{path}").text)[0]
    unanswered = post(evaluator, f"{path}/evaluate", finding="fit", text="良好")
    post(clinic, f"{path}/questions/{question}", text="毎日")
    drawing = clinic.get(f"/conformity/{path}/questions/{question}/asked/0")
    handle(post(evaluator, f"{path}/evaluate", finding="fit", text="良好"))
    handle(post(committee, f"{path}/ruling", **{"as": "committee", "ruling": "agreed"}))
    handle(post(board, f"{path}/ruling", **{"as": "board", "ruling": "agreed"}))
    bundle = clinic.get("/conformity/files/export", params={"form": "bundle"}).content
    broken = post(board, f"{path}/publish", {"file": ("b.akashi", bundle[:-1] + b"\x00")}, until=SOON)
    more = clinic.get("/conformity/files/export", params={"form": "bundle", "audience": "assessor"}).content
    measure(clinic)
    other = clinic.get("/conformity/files/export", params={"form": "bundle"}).content
    unfit = [
        post(board, f"{path}/publish", {"file": ("b.akashi", one)}, until=SOON).status_code for one in (more, other)
    ]
    handle(post(board, f"{path}/publish", {"file": ("b.akashi", bundle)}, until=SOON))
    listed = zipfile.ZipFile(BytesIO(board.get("/conformity/list").content))
    entry = next(one for one in json.loads(listed.read("list.json"))["entries"] if one["assessment"] == name)
    handle(post(clinic, f"{path}/withdraw", reason="requested"))
    again = zipfile.ZipFile(BytesIO(payer.get("/conformity/list").content)).read("index.html").decode()

    assert sheet.content.startswith(b"PK")
    assert b"rules" in [evidence.read(one) for one in evidence.namelist()]
    assert (early.status_code, unanswered.status_code, drawing.content) == (409, 409, b"drawing")
    assert (broken.status_code, SOON in broken.text) == (400, True)
    assert unfit == [400, 400], "not what was assessed, or not redacted"
    assert (entry["standing"], entry["bundle"]["sha256"]) == ("valid", sha256(bundle).hexdigest())
    assert f"mark-{name}.svg" in listed.namelist()
    assert listed.read(entry["bundle"]["file"]) == bundle, "what the mark links to"
    assert "取り下げ" in again
    assert payer.get(f"/conformity/{path}").status_code == 404


@pytest.mark.parametrize("wrong", [{"assessor": ""}, {f"book-{OPS}": ""}, {"overview": " "}])
def test_a_refused_application_leaves_the_form_as_it_was(
    stage: Assessed, clinic: httpx.Client, wrong: dict[str, str]
) -> None:
    """What was typed and ticked is still there."""
    form = {
        "assessor": stage.assessor.institution,
        "kind": "operator",
        f"book-{OPS}": "1",
        "overview": "打ち込んだ言葉",
    }
    sent = {key: value for key, value in {**form, **wrong}.items() if value}
    answer = post(clinic, "desk/assessments", **sent)

    assert answer.status_code == 400
    assert wrong.get("overview", "打ち込んだ言葉").strip() in answer.text
    assert '<option value="operator" selected>' in answer.text


def test_steps_are_offered_to_whom_they_are_for(
    stage: Assessed, clinic: httpx.Client, assessors: dict[str, httpx.Client]
) -> None:
    """After an application only the evaluator is offered something at the assessor; only the applicant may take it back there."""
    form = {"assessor": stage.assessor.institution, "kind": "provider", f"book-{OPS}": "1", "overview": "架空"}
    name = handle(post(clinic, "desk/assessments", **form))
    offers = {
        who: set(re.findall(rf'action="/conformity/desk/assessments/{name}/([a-z]+)"', client.get(f"/conformity/desk/assessments/{name}").text))
        for who, client in {**assessors, "applicant": clinic}.items()
    }  # fmt: skip
    denied = post(clinic, f"desk/assessments/{name}/evaluate", finding="fit", text="自分で")

    assert offers == {
        "evaluator": {"questions", "evaluate"},
        "committee": set(),
        "board": {"revoke"},
        "applicant": {"withdraw"},
    }
    assert denied.status_code == 403
