"""Pages that look after people: reviews, resets, reports, alerts, machine clients, explanations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum

import pytest

from akashi.identity.access.model import ClientReason
from akashi.identity.lifecycle.model import (
    AccessVerdict,
    Decision,
    DepartmentKind,
    Finding,
    ResetMethod,
    RightsReason,
    RightsStage,
)
from akashi.identity.lifecycle.reporting import Mark
from akashi.identity.model import PersonReason
from akashi.identity.presence.model import AlertKind
from akashi.web.rendering import texts
from tests.api.served import PASSWORD, Member
from tests.web.staffed import OURS, Staffed, staffed

pytestmark = pytest.mark.network
JAPAN_H = timedelta(hours=9)


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staffed]:
    """A home of this file's own."""
    with staffed(tmp_path_factory.mktemp("staff")) as made:
        yield made


def ticket_for(staff: Staffed, name: str) -> str:
    """A ticket that the manager made after looking at a (made up) document."""
    data = {"csrf": staff.desk("manager").csrf, "person": staff.people[name], "method": "photo_id", "witness": ""}
    file = {"document": ("menkyo.png", b"a picture", "image/png")}
    answer = staff.desk("manager").client.post("/resets", data=data, files=file, headers=OURS)
    assert answer.status_code == 200, answer.text
    found = re.search(r"<code>([0-9a-z]{4}(?:-[0-9a-z]{4}){3})</code>", answer.text)
    assert found is not None
    assert answer.headers["cache-control"] == "no-store"
    return found[1]


def redeemed(
    staff: Staffed, login: str, ticket: str, password: str, again: str | None = None, member: Member | None = None
) -> tuple[int, str]:
    """What the public page answers on the manager's device, or on ``member``'s."""
    form = {"login": login, "ticket": ticket, "password": password, "again": password if again is None else again}
    answer = staff.world.client(member or staff.world.clinic).post("/reset", data=form, headers=OURS)
    return answer.status_code, answer.text


def test_a_review_is_begun_decided_and_closed(staff: Staffed) -> None:
    """Findings are shown in words, each is decided, one's own by another, and only then it closes."""
    begun = staff.desk("manager").post("/reviews")
    at = begun.headers["location"]
    early = staff.desk("manager").post(f"{at}/close")
    page = staff.desk("manager").get(at).text
    for name in ("manager", "planner"):
        found = re.findall(r'name="subject" value="([^"]+)"><input type="hidden" name="finding" value="([^"]+)"', page)
        for subject, finding in found:
            form = {"subject": subject, "finding": finding, "decision": "keep_needed", "note": "=1+1"}
            staff.desk(name).post(f"{at}/decide", **form)
        page = staff.desk("planner").get(at).text
    closed = staff.desk("planner").post(f"{at}/close")

    assert early.status_code == 409
    assert "部署が決まっていない" in page
    assert closed.status_code == 303
    assert all(one[1] is not None for one in staff.gateway.people.reviews.findings(at.rpartition("/")[2]))


def test_a_review_is_taken_out_as_csv_and_json(staff: Staffed) -> None:
    """With a byte order mark; a note never becomes a formula."""
    at = f"/reviews/{staff.gateway.people.reviews.reviews()[0].handle}/file"
    sheet, data = staff.desk("planner").get(f"{at}?form=csv"), staff.desk("planner").get(f"{at}?form=json")

    assert sheet.content.startswith(b"\xef\xbb\xbfsubject,login,finding")
    assert "'=1+1" in sheet.text
    assert {row["finding"] for row in json.loads(data.content)} >= {"no_department"}


def test_a_wrong_decision_of_a_review_changes_nothing(staff: Staffed) -> None:
    """What no review found, no such decision, and nobody without the permission."""
    at = f"/reviews/{staff.gateway.people.reviews.reviews()[0].handle}"
    made_up = {"subject": staff.people["second"], "finding": "orphaned", "decision": "disable"}
    answers = [
        staff.desk("manager").post(f"{at}/decide", **made_up).status_code,
        staff.desk("manager").post(f"{at}/decide", **{**made_up, "decision": "sell"}).status_code,
        staff.desk("operator").post(f"{at}/decide", **made_up).status_code,
        staff.desk("operator").get("/reviews").status_code,
        staff.desk("manager").get("/reviews/rev-aaaaaaaaaaaaaaaaaaaa").status_code,
    ]

    assert answers == [404, 400, 403, 403, 404]


def test_a_ticket_sets_a_password_that_only_the_person_knows(staff: Staffed) -> None:
    """On a device of their own: a new password, once; at the next sign-in they are told and say that they read it."""
    login, new = staff.login("manager"), "Atarashii-kagi-no-uta-77"
    data = {"csrf": staff.desk("second").csrf, "person": staff.people["manager"], "method": "video_with_callback"}
    page = staff.desk("second").client.post("/resets", data=data, headers=OURS).text
    ticket = str(re.search(r"<code>([0-9a-z-]{19})</code>", page)[1])  # type: ignore[index]  # the page above
    mismatch = redeemed(staff, login, ticket, new, "something else 9")
    weak = redeemed(staff, login, ticket, "12345678")
    good = redeemed(staff, login, ticket, new)
    again = redeemed(staff, login, ticket, new + "x")
    client = staff.world.client(staff.world.clinic)
    client.post("/login", data={"login": login, "password": new, "code": ""}, headers=OURS)
    home = client.get("/").text
    csrf = str(re.search(r'name="csrf" value="([0-9a-f]{64})"', home)[1])  # type: ignore[index]  # a signed-in page
    client.post("/me/reset", data={"csrf": csrf}, headers=OURS)
    after = client.get("/").text
    staff.gateway.accounts.set_password(staff.people["manager"], PASSWORD)
    staff.desks.clear()
    staff.rests.clear()

    assert (mismatch[0], weak[0], good[0], again[0]) == (400, 400, 200, 401)
    assert "新しいパスワードを設定しました" in good[1]
    assert ("架空 second さんが本人確認" in home, "架空 second さんが本人確認" in after) == (True, False)


def test_a_ticket_is_nothing_on_a_foreign_device(staff: Staffed) -> None:
    """The operator's ticket on the planner's device: refused, and so is a login that nobody has, with the same words."""
    planners = staff.world.second_device(replace(staff.world.clinic, person=staff.people["planner"]))
    ticket, new = ticket_for(staff, "operator"), "Atarashii-kagi-no-uta-78"
    foreign = redeemed(staff, staff.login("operator"), ticket, new, member=planners)
    nobody = redeemed(staff, "nobody-here", "0000-0000-0000-0000", new, member=planners)

    assert foreign[0] == nobody[0] == 401
    assert foreign[1].replace(staff.login("operator"), "") == nobody[1].replace("nobody-here", "")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"method": "photo_id"}, "身分証の写し"),
        ({"method": "card_and_colleague"}, "立会人を選んでください"),
        ({"method": "palm_reading"}, "正しくない操作"),
    ],
)
def test_an_incomplete_check_makes_no_ticket(staff: Staffed, form: dict[str, str], said: str) -> None:
    """The page says what is missing."""
    before = len(staff.gateway.people.resets.resets())
    answer = staff.desk("manager").post("/resets", person=staff.people["auditor"], **form)

    assert answer.status_code == 400
    assert said in answer.text
    assert len(staff.gateway.people.resets.resets()) == before


def test_the_copy_of_a_document_is_handed_out_as_a_file(staff: Staffed) -> None:
    """Never shown in the page, whatever it is; only to those who reset passwords."""
    ticket_for(staff, "auditor")
    at = str(re.search(r"/resets/rst-[0-9a-z]+/document", staff.desk("operations").get("/resets").text)[0])  # type: ignore[index]  # just made
    answer = staff.desk("manager").get(at)

    assert answer.content == b"a picture"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert staff.desk("planner").get(at).status_code == 403


def test_a_report_is_shown_filtered_and_reviewed(staff: Staffed) -> None:
    """Days, one person, marks in words; a past period is reviewed by an auditor and stands in the list."""
    today = (datetime.now(UTC) + JAPAN_H).date()
    yesterday = f"{today - timedelta(days=1)}"
    shown = staff.desk("auditor").get(f"/reports?begin={yesterday}&end={today}&person={staff.people['manager']}")
    form = {"begin": yesterday, "end": yesterday, "verdict": "explained"}
    reviewed = staff.desk("auditor").post("/reports", **form)
    page = staff.desk("planner").get("/reports").text

    assert shown.status_code == 200
    assert "拒否された操作" in shown.text or "ふだんと違う時間" in shown.text or "ありません" in shown.text
    assert (reviewed.status_code, "説明がついた" in page.partition("これまでの点検")[2]) == (303, True)


def test_a_period_that_is_none_or_not_over_is_refused(staff: Staffed) -> None:
    """A sentence; no review is recorded."""
    today = (datetime.now(UTC) + JAPAN_H).date()
    tomorrow = today + timedelta(days=1)  # not over either where today ends just now
    before = len(staff.gateway.ledger.entries(staff.gateway.institution))
    answers = [
        staff.desk("auditor").get("/reports?begin=2026-02-02&end=2026-02-01").status_code,
        staff.desk("auditor").get("/reports?begin=nonsense").status_code,
        staff.desk("auditor").post("/reports", begin=f"{today}", end=f"{tomorrow}", verdict="explained").status_code,
        staff.desk("manager").post("/reports", begin="2026-01-01", end="2026-01-02", verdict="explained").status_code,
        staff.desk("operator").get("/reports").status_code,
    ]

    assert answers == [400, 400, 400, 403, 403]
    assert len(staff.gateway.ledger.entries(staff.gateway.institution)) == before


def test_alerts_are_acknowledged_by_a_person(staff: Staffed) -> None:
    """In words, with who looked at it; an operator sees none."""
    number = staff.gateway.people.alerts.raise_(AlertKind.DEVICE_ORPHANED, staff.world.clinic.device)
    page = staff.desk("operations").get("/alerts").text
    answer = staff.desk("operations").post(f"/alerts/{number}/acknowledge")
    all_of_them = staff.desk("operations").get("/alerts?all=1").text

    assert "責任者のいない端末がある" in page
    assert answer.status_code == 303
    assert f"/alerts/{number}/acknowledge" not in all_of_them
    assert "架空 operations" in all_of_them
    assert staff.desk("operator").post(f"/alerts/{number}/acknowledge").status_code == 403
    assert staff.desk("operations").post("/alerts/999999/acknowledge").status_code == 404


def test_a_machine_client_is_made_renewed_and_stopped(staff: Staffed) -> None:
    """The secret is on one page, once; a wrong form says what is wrong; others than managers see nothing."""
    until = f"{(datetime.now(UTC) + timedelta(days=30)).date()}"
    form = {
        "label": "架空 基幹",
        "device": staff.world.clinic.device,
        "responsible": staff.people["manager"],
        "until": until,
    }
    wrong = staff.desk("manager").post("/clients", **form)
    made = staff.desk("manager").post("/clients", **form, **{"action_transfer.read": "1"}, networks="127.0.0.0/8\n")
    secret = str(re.search(r"Bearer (cli-[0-9a-z]+\.[\w-]+)", made.text)[1])  # type: ignore[index]  # shown once
    page = staff.desk("manager").get("/clients").text
    at = f"/clients/{secret.partition('.')[0]}"
    rotated = staff.desk("manager").post(f"{at}/rotate", days="0")
    odd = staff.desk("manager").post(f"{at}/rotate", days="-1")
    stopped = staff.desk("manager").post(f"{at}/disable", reason="retired", sure="1")

    assert (wrong.status_code, "許す操作を1つ以上" in wrong.text) == (400, True)
    assert made.headers["cache-control"] == "no-store"
    assert ("架空 基幹" in page, secret.partition(".")[2] in page) == (True, False)
    assert (rotated.status_code, odd.status_code, stopped.status_code) == (200, 400, 303)
    assert not staff.gateway.people.clients.client(secret.partition(".")[0]).enabled
    assert staff.desk("planner").get("/clients").status_code == 403


def test_a_permission_is_explained(staff: Staffed) -> None:
    """To a manager about others, to everybody about themselves, to nobody else about others."""
    person = staff.people["operator"]
    told = staff.desk("manager").get(f"/access?who={person}&action=person.decide").text
    own = staff.desk("operator").get("/access?action=transfer.send").text
    other = staff.desk("operator").get(f"/access?who={staff.people['manager']}&action=person.decide")
    unknown = staff.desk("manager").get("/access?action=fly")

    assert "権限がなく" in told
    assert "できます" in own
    assert other.status_code == 403
    assert unknown.status_code == 400


def test_whatever_a_page_can_show_has_its_word() -> None:
    """Every member of the enumerations of these pages, in both languages."""
    families: dict[str, type[IntEnum]] = {
        "pp.stage.": RightsStage,
        "pp.rreason.": RightsReason,
        "pp.dkind.": DepartmentKind,
        "pp.left.": PersonReason,
        "pp.finding.": Finding,
        "pp.decision.": Decision,
        "pp.method.": ResetMethod,
        "pp.mark.": Mark,
        "pp.verdict.": AccessVerdict,
        "pp.creason.": ClientReason,
    }
    wanted = {prefix + one.name.lower() for prefix, kinds in families.items() for one in kinds}
    wanted |= {f"pp.alert.{one.value}" for one in AlertKind}

    assert [sorted(wanted - texts(language).keys()) for language in ("ja", "en")] == [[], []]


def test_every_page_has_both_languages(staff: Staffed) -> None:
    """No text is missing in either."""
    review = staff.gateway.people.reviews.reviews()[0].handle
    paths = ["/reviews", f"/reviews/{review}", "/resets", "/reports", "/alerts?all=1", "/clients", "/access", "/reset"]
    answers = [
        staff.desk("manager").get(f"{path}{'&' if '?' in path else '?'}lang={language}").status_code
        for path in paths
        for language in ("en", "ja")
    ]

    assert answers == [200] * len(answers)
