"""Pages about people: the list, departments, applications for rights, leaving."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from akashi.identity.model import Role
from tests.web.staffed import OURS, Staffed, staffed

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staffed]:
    """A home of this file's own."""
    with staffed(tmp_path_factory.mktemp("staff")) as made:
        yield made


@pytest.fixture(scope="module")
def ward(staff: Staffed) -> str:
    """A department whose manager is the operator."""
    form = {"name": "架空病棟", "kind": "clinical", "manager": staff.people["operator"]}
    answer = staff.desk("manager").post("/departments", **form)
    assert answer.status_code == 303, answer.text
    found = re.search(r"dep-[0-9a-z]+", staff.desk("manager").get("/departments").text)
    assert found is not None
    return found[0]


def application(staff: Staffed, ward: str, login: str, **more: str) -> str:
    """The operator applies for a newcomer; the application's handle."""
    form = {
        "person": "",
        "name": "架空 新人",
        "login": login,
        "department": ward,
        "job": "nurse",
        "basis": "病棟の業務",
    }
    answer = staff.desk("operator").post("/rights/new", **form, role_operator="1", **more)
    assert answer.status_code == 303, answer.text
    return str(re.search(r"req-[0-9a-z]+", answer.headers["location"])[0])  # type: ignore[index]  # the answer above


def test_the_list_shows_everybody_with_their_state(staff: Staffed) -> None:
    """Names, roles, department, second factor, last sign-in: for managers and planners."""
    page = staff.desk("manager").get("/people").text

    assert all(word in page for word in ("架空 planner", "企画管理者", "システム運用担当者", "利用中", "－"))


def test_who_may_not_see_the_list_is_led_to_what_is_theirs(staff: Staffed) -> None:
    """An operator to applications, operations to resets, an auditor to reports; nobody sees a person's page."""
    places = [staff.desk(name).get("/people").headers["location"] for name in ("operator", "operations", "auditor")]
    refused = staff.desk("operator").get(f"/people/{staff.people['planner']}")

    assert places == ["/rights", "/resets", "/reports"]
    assert refused.status_code == 403


def test_a_department_needs_a_name(staff: Staffed, ward: str) -> None:
    """An empty name comes back as a sentence, and there is still one department."""
    form = {"name": "  ", "kind": "clinical", "manager": staff.people["operator"]}
    answer = staff.desk("manager").post("/departments", **form)

    assert answer.status_code == 400
    assert "入力を確かめてください" in answer.text
    assert len(staff.gateway.people.lifecycle.departments()) == 1


def test_only_those_who_manage_people_make_departments(staff: Staffed, ward: str) -> None:
    """A planner looks and cannot."""
    answer = staff.desk("planner").post("/departments", name="x", kind="other", manager=staff.people["planner"])

    assert staff.desk("planner").get("/departments").status_code == 200
    assert answer.status_code == 403


def test_an_application_is_decided_by_another_and_confirmed_by_the_departments_manager(
    staff: Staffed, ward: str
) -> None:
    """Applied, approved, in force, confirmed: each step is offered to whose it is, and the newcomer has an account."""
    name = application(staff, ward, "shinjin-a")
    own = staff.desk("operator").get(f"/rights/{name}").text
    before = staff.desk("planner").get(f"/rights/{name}").text
    decided = staff.desk("planner").post(f"/rights/{name}/decide", verdict="approved", reason="work_needs_it")
    after = staff.desk("operator").get(f"/rights/{name}").text
    confirmed = staff.desk("operator").post(f"/rights/{name}/confirm", matches="yes")
    done = staff.desk("operator").get(f"/rights/{name}").text

    assert ('value="approved"' in own, 'value="approved"' in before) == (False, True)
    assert (decided.status_code, confirmed.status_code) == (303, 303)
    assert 'name="matches"' in after
    assert "有効（確認済み）" in done
    assert staff.gateway.accounts.person_of_login("shinjin-a") is not None


def test_nobody_decides_on_their_own_application(staff: Staffed, ward: str) -> None:
    """The rule's sentence in plain words; nothing is decided."""
    form = {"person": staff.people["operations"], "department": ward, "job": "systems", "basis": "夜間の運用"}
    made = staff.desk("manager").post("/rights/new", **form, role_operations="1", role_auditor="1")
    at = made.headers["location"].partition("?")[0]
    answer = staff.desk("manager").post(f"{at}/decide", verdict="approved", reason="work_needs_it")

    assert answer.status_code == 409
    assert "自分が出した申請は、自分で決裁できません" in answer.text
    assert "決裁待ち" in staff.desk("manager").get(at).text


def test_a_refusal_has_a_reason_of_its_own(staff: Staffed, ward: str) -> None:
    """Refused: no account, and the login is free again."""
    name = application(staff, ward, "shinjin-b")
    staff.desk("second").post(f"/rights/{name}/decide", verdict="refused", reason="work_needs_it", refusal="not_needed")

    assert "却下" in staff.desk("operator").get(f"/rights/{name}").text
    assert staff.gateway.accounts.person_of_login("shinjin-b") is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"basis": " "}, "入力を確かめてください"),
        ({"role_operator": "", "basis": "x"}, "役割を1つ以上"),
        ({"until": "2099-01-01"}, "期限は、明日以降で1年以内"),
        ({"until": "tomorrow"}, "入力を確かめてください"),
        ({"job": "king"}, "正しくない操作"),
        ({"login": "A"}, "ログイン"),
    ],
)
def test_a_wrong_application_comes_back_with_what_was_entered(
    staff: Staffed, ward: str, wrong: dict[str, str], said: str
) -> None:
    """A sentence, the fields as they were, and no application."""
    form = {"person": "", "name": "架空 誤り", "login": "ayamari", "department": ward, "job": "clerk", "basis": "業務"}
    answer = staff.desk("operator").post("/rights/new", **{**form, "role_operator": "1", **wrong})

    assert answer.status_code in (400, 409)
    assert said in answer.text
    assert 'value="架空 誤り"' in answer.text
    assert "架空 誤り" not in staff.desk("operator").get("/rights").text


def test_who_may_not_apply_or_decide(staff: Staffed, ward: str) -> None:
    """An auditor reads no application; an operator decides on none."""
    name = application(staff, ward, "shinjin-c")
    answers = [
        staff.desk("auditor").get("/rights").status_code,
        staff.desk("auditor").post("/rights/new", basis="x").status_code,
        staff.desk("operator").post(f"/rights/{name}/decide", verdict="approved", reason="error").status_code,
        staff.desk("auditor").post(f"/rights/{name}/confirm", matches="yes").status_code,
    ]

    assert answers == [403, 403, 403, 403]


def test_place_changes_department_and_job_only(staff: Staffed, ward: str) -> None:
    """Roles stay."""
    path = f"/people/{staff.people['auditor']}"
    answer = staff.desk("manager").post(f"{path}/place", department=ward, job="clerk")
    page = staff.desk("manager").get(path).text

    assert answer.status_code == 303
    assert all(word in page for word in ("架空病棟", "事務職", "監査者"))


def test_leaving_asks_once_more_and_says_what_is_left(staff: Staffed, ward: str) -> None:
    """Without the tick nothing happens; with it the account is stopped and the page lists what was theirs."""
    person = staff.gateway.accounts.add_person(login="saru", name="架空 去る", roles=Role.OPERATOR)
    unsure = staff.desk("manager").post(f"/people/{person}/leave", reason="left")
    still = "停止しています" in staff.desk("manager").get(f"/people/{person}").text
    answer = staff.desk("manager").post(f"/people/{person}/leave", reason="left", sure="1")
    page = staff.desk("manager").get(f"/people/{person}").text

    assert (unsure.status_code, still) == (303, False)
    assert "架空 去る さんのアカウントを停止しました" in answer.text
    assert "停止しています" in page
    assert f"/people/{person}/leave" not in page


def test_a_form_of_elsewhere_changes_nothing(staff: Staffed, ward: str) -> None:
    """Without the session's value, and from another site."""
    desk = staff.desk("manager")
    path, form = f"/departments/{ward}/close", {"sure": "1"}
    foreign = desk.client.post(path, data={**form, "csrf": desk.csrf}, headers={"Sec-Fetch-Site": "cross-site"})
    answers = [desk.client.post(path, data=form, headers=OURS).status_code, foreign.status_code]

    assert answers == [400, 400]
    assert staff.gateway.people.lifecycle.departments()[0][0].open


def test_somebody_elses_handles_are_not_found(staff: Staffed) -> None:
    """Another institution's person, and what is no handle: the same page."""
    answers = [
        staff.desk("manager").get(f"/people/{one}").status_code
        for one in (staff.world.payer.person, "per-aaaaaaaaaaaaaaaaaaaa", "x")
    ]

    assert answers == [404, 404, 404]


def test_every_page_has_both_languages(staff: Staffed, ward: str) -> None:
    """Nothing is left in Japanese but names; no text is missing."""
    name = application(staff, ward, "shinjin-d")
    paths = [
        "/people",
        f"/people/{staff.people['planner']}",
        "/departments",
        "/rights",
        "/rights/new",
        f"/rights/{name}",
    ]
    pages = [staff.desk("second").get(f"{path}?lang=en") for path in paths]
    staff.desk("second").get("/people?lang=ja")

    assert [one.status_code for one in pages] == [200] * len(paths)
    assert all("<h1" in one.text and "役割" not in one.text for one in pages)
