"""People over REST: the same use cases as the pages, with the same permissions, refusals and journal."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator

import pytest

from akashi.identity.journal import Outcome, What
from akashi.identity.presence.model import AlertKind
from tests.web.staffed import Staffed, staffed

pytestmark = pytest.mark.network
V1 = "/api/v1"
DAY_MS = 24 * 3600 * 1000


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staffed]:
    """A home of this file's own."""
    with staffed(tmp_path_factory.mktemp("staff")) as made:
        yield made


@pytest.fixture(scope="module")
def ward(staff: Staffed) -> str:
    """A department whose manager is the operator."""
    body = {"name": "架空病棟", "manager": staff.people["operator"], "kind": "clinical"}
    answer = staff.rest("manager").post(f"{V1}/departments", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["department"])


def newcomer(ward: str, login: str) -> dict[str, object]:
    """The body of an application."""
    who = {"login": login, "name": "架空 新人"}
    return {"department": ward, "roles": ["operator"], "job": "nurse", "basis": "業務", **who}


def test_people_and_departments_are_listed_in_parts(staff: Staffed, ward: str) -> None:
    """With page and last page; a page behind the last is empty."""
    people = staff.rest("planner").get(f"{V1}/people").json()
    beyond = staff.rest("planner").get(f"{V1}/people?page=9").json()
    departments = staff.rest("operator").get(f"{V1}/departments").json()
    one = staff.rest("planner").get(f"{V1}/people/{staff.people['operator']}").json()

    assert {row["person"] for row in people["rows"]} >= set(staff.people.values())
    assert (people["page"], people["last"], beyond["rows"]) == (1, 1, [])
    assert departments["rows"][0]["department"] == ward
    assert one["roles"] == ["operator"]


def test_rights_are_applied_for_decided_and_confirmed(staff: Staffed, ward: str) -> None:
    """Three people, three requests; the same person twice is refused with the rule's reason."""
    made = staff.rest("manager").post(f"{V1}/rights", json=newcomer(ward, "rest-a"))
    at = f"{V1}/rights/{made.json()['request']}"
    verdict = {"verdict": "approved", "reason": "work_needs_it"}
    own = staff.rest("manager").post(f"{at}/decide", json=verdict)
    decided = staff.rest("planner").post(f"{at}/decide", json=verdict)
    assert decided.status_code == 200, decided.text
    twice = staff.rest("second").post(f"{at}/decide", json=verdict)
    confirmed = staff.rest("operator").post(f"{at}/confirm", json={"matches": True})
    shown = staff.rest("operator").get(at).json()

    assert (made.status_code, made.json()["stage"]) == (201, "requested")
    assert (own.status_code, own.json()["reason"]) == (409, "rights.own_request")
    assert (decided.json()["stage"], twice.json()["reason"]) == ("approved", "rights.decided")
    assert (confirmed.json()["stage"], shown["decider"]) == ("confirmed", staff.people["planner"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"roles": ["emperor"]},
        {"roles": []},
        {"roles": ["secretariat"]},
        {"job": 1},
        {"more": 1},
        {"basis": ""},
        {"login": "A"},
    ],
)
def test_a_wrong_application_is_refused_without_repeating_it(
    staff: Staffed, ward: str, wrong: dict[str, object]
) -> None:
    """400 with a code; nothing new on the ledger."""
    before = len(staff.gateway.people.lifecycle.requests())
    answer = staff.rest("operator").post(f"{V1}/rights", json={**newcomer(ward, "rest-wrong"), **wrong})

    assert answer.status_code == 400
    assert "emperor" not in answer.text
    assert len(staff.gateway.people.lifecycle.requests()) == before


def test_leaving_answers_with_what_is_left(staff: Staffed, ward: str) -> None:
    """Devices, departments and transfers; the person is out."""
    made = staff.rest("operator").post(f"{V1}/rights", json=newcomer(ward, "rest-b")).json()
    staff.rest("planner").post(
        f"{V1}/rights/{made['request']}/decide", json={"verdict": "approved", "reason": "for_a_time"}
    )
    at = f"{V1}/people/{made['person']}"
    placed = staff.rest("manager").post(f"{at}/place", json={"department": ward, "job": "doctor"})
    left = staff.rest("manager").post(f"{at}/leave", json={"reason": "moved"}).json()
    after = staff.rest("manager").get(at).json()

    assert placed.status_code == 200
    assert (left["devices"], left["departments"], after["enabled"]) == ([], [], False)


def test_who_may_not_is_refused_and_recorded(staff: Staffed, ward: str) -> None:
    """403 for each route that changes something, with an entry in the journal."""
    calls = [
        ("operator", f"{V1}/departments", {"name": "x", "manager": staff.people["operator"], "kind": "other"}),
        ("operator", f"{V1}/people/{staff.people['second']}/leave", {}),
        ("operator", f"{V1}/rights/req-aaaaaaaaaaaaaaaaaaaa/decide", {"verdict": "approved", "reason": "error"}),
        ("auditor", f"{V1}/reviews", {}),
        ("planner", f"{V1}/resets", {"person": staff.people["second"], "method": "in_person_by_manager"}),
        ("manager", f"{V1}/reports", {"from_ms": 0, "to_ms": 1, "verdict": "explained"}),
        ("operator", f"{V1}/alerts/1/acknowledge", {}),
        ("planner", f"{V1}/clients", {}),
    ]
    for name in {name for name, *_ in calls}:
        staff.rest(name)
    before = sum(1 for one in staff.gateway.journal.entries() if one.outcome is Outcome.REFUSED)
    codes = [staff.rest(name).post(path, json=body).status_code for name, path, body in calls]
    after = sum(1 for one in staff.gateway.journal.entries() if one.outcome is Outcome.REFUSED)

    assert codes == [403] * len(calls)
    assert after - before == len(calls)


def test_a_review_is_decided_and_closed(staff: Staffed, ward: str) -> None:
    """Refused while a finding waits; then closed, and taken out as JSON."""
    at = f"{V1}/reviews/{staff.rest('planner').post(f'{V1}/reviews').json()['review']}"
    early = staff.rest("planner").post(f"{at}/close")
    for one in staff.rest("planner").get(at).json()["rows"]:
        who = "second" if one["subject"] == staff.people["planner"] else "planner"
        body = {"subject": one["subject"], "finding": one["finding"], "decision": "keep_needed"}
        assert staff.rest(who).post(f"{at}/decide", json=body).status_code == 200
    closed = staff.rest("planner").post(f"{at}/close")
    taken = staff.rest("planner").get(f"{at}/file?form=json")

    assert (early.status_code, early.json()["code"]) == (409, "identity.lifecycle.review_open")
    assert closed.json()["closed_ms"] is not None
    assert all(row["decision"] == "keep_needed" for row in taken.json())


def test_a_ticket_is_made_and_used_once(staff: Staffed) -> None:
    """By the person, not signed in, on their own device; a copy of the document stays for those who reset."""
    document = base64.urlsafe_b64encode(b"a picture").rstrip(b"=").decode()
    body = {"person": staff.people["manager"], "method": "photo_id", "document": document}
    made = staff.rest("second").post(f"{V1}/resets", json=body).json()
    client = staff.world.client(staff.world.clinic)
    given = {"login": staff.login("manager"), "ticket": made["ticket"], "password": "Atarashii-kagi-no-uta-77"}
    answers = [client.post(f"{V1}/resets/redeem", json=given).status_code for _ in range(2)]
    copy = staff.rest("second").get(f"{V1}/resets/{made['reset']}/document")
    staff.rests.clear()
    staff.gateway.accounts.set_password(staff.people["manager"], "Horse-battery-9-staple")

    assert answers == [204, 401]
    assert copy.content == b"a picture"
    assert any(
        one.what is What.PASSWORD_RESET and one.outcome is Outcome.FAILED for one in staff.gateway.journal.entries()
    )


def test_a_report_is_read_and_reviewed(staff: Staffed) -> None:
    """A period that is over; a review stands in the list with its verdict."""
    now = int(time.time() * 1000)
    shown = staff.rest("auditor").get(f"{V1}/reports?from_ms={now - DAY_MS}&to_ms={now}")
    body = {"from_ms": now - DAY_MS, "to_ms": now - 1000, "verdict": "nothing_to_note"}
    reviewed = staff.rest("auditor").post(f"{V1}/reports", json=body)
    late = staff.rest("auditor").post(f"{V1}/reports", json={**body, "to_ms": now + DAY_MS})
    found = staff.rest("auditor").get(f"{V1}/reports/reviews").json()["rows"]

    assert shown.json()["counts"]["stays"] > 0
    assert (reviewed.status_code, late.json()["code"]) == (201, "app.report_period")
    assert [(row["verdict"], row["by"]) for row in found] == [("nothing_to_note", staff.people["auditor"])]


def test_an_alert_is_acknowledged(staff: Staffed) -> None:
    """By its number; an unknown one is not found."""
    number = staff.gateway.people.alerts.raise_(AlertKind.DEVICE_ORPHANED, staff.world.clinic.device)
    listed = staff.rest("operations").get(f"{V1}/alerts").json()["rows"]
    done = staff.rest("operations").post(f"{V1}/alerts/{number}/acknowledge").json()

    assert number in {row["number"] for row in listed}
    assert done["acknowledged_by"] == staff.people["operations"]
    assert staff.rest("operations").post(f"{V1}/alerts/99999/acknowledge").status_code == 404


def test_a_machine_client_is_made_changed_renewed_and_stopped(staff: Staffed) -> None:
    """Its secret is in two answers that may not be kept, and in no list."""
    until = int(time.time() * 1000) + 30 * DAY_MS
    terms = {"actions": ["transfer.read"], "until_ms": until, "responsible": staff.people["manager"]}
    body = {**terms, "device": staff.world.clinic.device, "label": "架空 基幹"}
    wrong = staff.rest("manager").post(f"{V1}/clients", json={**body, "actions": ["person.manage"]})
    made = staff.rest("manager").post(f"{V1}/clients", json=body)
    at = f"{V1}/clients/{made.json()['client']}"
    changed = staff.rest("manager").post(at, json={**terms, "actions": ["transfer.send"]})
    rotated = staff.rest("manager").post(f"{at}/rotate", json={"days": 0})
    listed = staff.rest("manager").get(f"{V1}/clients")
    stopped = staff.rest("manager").post(f"{at}/disable", json={"reason": "retired"})

    assert (wrong.status_code, wrong.json()["reason"]) == (400, "client.actions")
    assert made.headers["cache-control"] == rotated.headers["cache-control"] == "no-store"
    assert (changed.status_code, listed.json()["rows"][0]["actions"]) == (200, ["transfer.send"])
    assert made.json()["bearer"].partition(".")[2] not in listed.text
    assert stopped.json()["enabled"] is False


def test_a_permission_is_explained(staff: Staffed) -> None:
    """In both languages, with the reason's code."""
    told = staff.rest("manager").get(f"{V1}/access?who={staff.people['operator']}&action=person.decide").json()
    other = staff.rest("operator").get(f"{V1}/access?who={staff.people['manager']}&action=person.decide")

    assert (told["allowed"], told["reason"]) == (False, "permission.role")
    assert told["ja"] != told["en"]
    assert other.status_code == 403
