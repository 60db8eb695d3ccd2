"""Steps of duty that need more than a session: a fresh proof, and the person's own signature."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from akashi.identity.emergency.model import Stage
from akashi.identity.journal import Outcome, What
from akashi.identity.model import Role
from tests.api.served import World
from tests.web.at_duty import Desk, hired
from tests.web.visitor import OURS, Guest

pytestmark = pytest.mark.network


@pytest.fixture
def old(world: World) -> Iterator[Desk]:
    """Somebody who opens and prepares, and whose last proof lies an hour back."""
    person = hired(world, "furui.w3", Role.MANAGER)
    made = Desk(world, "furui.w3")
    gateway = world.gateway(world.clinic)
    ids = [one.id for one in gateway.accounts.sessions(person)]
    with gateway.database.transaction() as db:
        db.executemany("UPDATE stays SET proved_ms = proved_ms - 3600000 WHERE id = ?", [(one,) for one in ids])
    yield made
    gateway.accounts.sign_out_everywhere(person)


@pytest.mark.parametrize(
    "path",
    [
        "/emergency/accounts",
        "/emergency/declared",
        "/emergency/accounts/per-aaaa/open",
        "/devices/requests/dev-aaaa/approve",
    ],
)
def test_an_unlocked_screen_opens_nothing(old: Desk, path: str) -> None:
    """Attack: a step is taken at a screen that was left alone: looking works, the step asks who this is first."""
    seen = old.client.get("/emergency").status_code
    answer = old.post(
        path, {"login": "hijo.old", "name": "x", "cause": "drill", "hours": "1", "reason": "disaster", "sure": "1"}
    )

    assert seen == 200
    assert (answer.status_code, answer.headers.get("location", "").split("?")[0]) == (303, "/prove")


def test_a_visit_is_decided_only_after_a_proof_and_a_loss_needs_none(old: Desk, world: World) -> None:
    """Deciding asks for a proof; a lost device is told without one, by whoever answers for it."""
    decided = old.post("/visits/vis-aaaa/decide", {"verdict": "accepted"})
    lost = old.post("/devices/dev-aaaaaaaaaaaaaaaaaaaa/lost")

    assert decided.headers["location"].startswith("/prove")
    assert lost.status_code == 404


def test_whoever_has_a_key_signs_what_opens_an_account(world: World) -> None:
    """Prepared and asked for with a passkey: each operation is shown in words and approved; nothing happens before."""
    guest = Guest(world, world.clinic, "shomei.w3", Role.MANAGER | Role.OPERATOR)
    guest.sign_in()
    guest.enrol_passkey()
    service = guest.gateway.people.emergencies
    before = len(service.accounts())
    answer = guest.post("/emergency/accounts", login="hijo.sign", name="非常時 署名")
    waiting = len(service.accounts())
    for _ in range(3):
        if answer.status_code != 200:
            break
        answer = guest.client.post("/emergency/accounts", data=guest.answer(answer.text), headers=OURS)
    account = next(one for one in service.accounts() if guest.gateway.accounts.account(one.person).login == "hijo.sign")
    path = f"/emergency/accounts/{account.person}/ask"
    page = guest.post(path, reason="cyber_attack", hours="3").text
    done = guest.client.post(path, data=guest.answer(page), headers=OURS)
    opening = next(one for one in service.openings() if one.account == account.person)
    last = [one for one in guest.gateway.journal.entries() if one.what is What.APPROVED][-1]

    assert (waiting - before, answer.status_code) == (0, 303)
    assert re.search(r"サイバー攻撃", page)
    assert (done.status_code, opening.stage, opening.opener) == (303, Stage.ASKED, guest.person)
    assert (last.person, last.outcome) == (guest.person, Outcome.DONE)
