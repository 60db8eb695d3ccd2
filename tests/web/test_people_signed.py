"""Steps about people that are signed by those who have a key of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from akashi.identity.lifecycle.model import DepartmentKind
from akashi.identity.model import Role
from tests.web.staffed import Staffed, staffed
from tests.web.visitor import OURS, Guest

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staffed]:
    """A home of this file's own."""
    with staffed(tmp_path_factory.mktemp("staff")) as made:
        yield made


@pytest.fixture(scope="module")
def guest(staff: Staffed) -> Guest:
    """A manager with a passkey."""
    made = Guest(staff.world, staff.world.clinic, "shomei-w2", Role.MANAGER)
    made.sign_in()
    made.enrol_passkey()
    return made


def test_whoever_has_a_key_signs_their_application(staff: Staffed, guest: Guest) -> None:
    """Shown in words first, with nothing applied for; a bent signature does nothing; the right one applies."""
    lifecycle = staff.gateway.people.lifecycle
    ward = lifecycle.register_department("架空病棟", staff.people["operator"], DepartmentKind.CLINICAL)
    form = {
        "person": "",
        "name": "架空 新人",
        "login": "shinjin-s",
        "department": ward,
        "job": "nurse",
        "basis": "業務",
    }
    page = guest.post("/rights/new", **form, role_operator="1")
    waiting = len(lifecycle.requests())
    answer = guest.answer(page.text)
    bent = guest.client.post(
        "/rights/new", data=answer | {"approval": answer["approval"].replace('"kind": 1', '"kind": 2')}, headers=OURS
    )
    still = len(lifecycle.requests())
    done = guest.client.post(
        "/rights/new", data=guest.answer(guest.post("/rights/new", **form, role_operator="1").text), headers=OURS
    )

    assert (page.status_code, "権限を申請します" in page.text) == (200, True)
    assert (waiting, still, bent.status_code >= 400) == (0, 0, True)
    assert done.status_code == 303
    assert [one.requester for one in lifecycle.requests()] == [guest.person]


def test_a_ticket_exists_only_once_its_check_is_signed(staff: Staffed, guest: Guest) -> None:
    """The copy of the document waits in memory for the signature; then it is kept, and the ticket shown."""
    data = {"csrf": guest.csrf(), "person": staff.people["auditor"], "method": "photo_id", "witness": ""}
    file = {"document": ("menkyo.png", b"a picture", "image/png")}
    page = guest.client.post("/resets", data=data, files=file, headers=OURS)
    waiting = len(staff.gateway.people.resets.resets())
    done = guest.client.post("/resets", data=guest.answer(page.text), headers=OURS)
    made = staff.gateway.people.resets.resets()

    assert ("本人確認のうえパスワードを再設定" in page.text, waiting) == (True, 0)
    assert re.search(r"<code>[0-9a-z]{4}(?:-[0-9a-z]{4}){3}</code>", done.text)
    assert staff.gateway.people.resets.document(made[0].handle) == b"a picture"
