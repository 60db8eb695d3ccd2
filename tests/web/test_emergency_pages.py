"""Pages of emergency accounts, openings, reviews and declared emergencies."""

from __future__ import annotations

import re

import pytest

from akashi.identity.emergency.model import AccountState, OpenReason, ReviewVerdict, Stage, StepOutcome
from akashi.identity.journal import What
from akashi.identity.model import Role
from akashi.web.rendering import texts
from tests.api.served import World
from tests.web.at_duty import Desk, error_of, hired

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def boss(world: World) -> Desk:
    """The clinic's manager and operator."""
    return Desk(world, world.clinic.login)


@pytest.fixture(scope="module")
def nurse(world: World) -> Desk:
    """A second person who may open."""
    hired(world, "kango.w3", Role.OPERATOR)
    return Desk(world, "kango.w3")


@pytest.fixture(scope="module")
def auditor(world: World) -> Desk:
    """Somebody who reviews and opens nothing."""
    return Desk(world, world.clinic.other_login)


def test_words_of_enums_have_sentences() -> None:
    """Every reason, stage, verdict, outcome and kind of journal entry has its word in both languages."""
    families = {
        "emg.reason.": OpenReason,
        "emg.stage.": Stage,
        "emg.account_state.": AccountState,
        "emg.verdict.": ReviewVerdict,
        "emg.outcome.": StepOutcome,
        "what.": What,
    }
    wanted = {prefix + one.name.lower() for prefix, enum in families.items() for one in enum}

    assert [wanted <= texts(language).keys() for language in ("ja", "en")] == [True, True]


def prepared(boss: Desk, login: str, name: str) -> str:
    """A sealed account on paper; its handle."""
    boss.done("/emergency/accounts", {"login": login, "name": name})
    found = re.search(rf"<h3>{name} .*?<code>(per-[a-z0-9]+)</code>", boss.see("/emergency"), re.DOTALL)
    assert found is not None
    return found[1]


def opening_of(desk: Desk, account: str) -> str:
    """The newest opening of an account's name on the page."""
    found = re.search(rf"{account}<br><code>(emg-[a-z0-9]+)</code>", desk.see("/emergency"))
    assert found is not None
    return found[1]


def test_two_people_open_one_takes_and_a_third_reviews(boss: Desk, nurse: Desk, auditor: Desk, world: World) -> None:
    """Asked, confirmed by another, taken once, used under a banner, closed, rotated, reviewed by one who had no part in it."""
    account = prepared(boss, "hijo.w3", "非常時 三")
    boss.done(f"/emergency/accounts/{account}/ask", {"reason": "agreed", "hours": "2"})
    opening = opening_of(boss, "非常時 三")
    own = boss.post(f"/emergency/openings/{opening}/confirm")
    nurse.done(f"/emergency/openings/{opening}/confirm")
    assert "あと 1 時間 59 分" in boss.see("/emergency")
    secret = re.findall(r"<dd><code>([^<]+)</code>", boss.post(f"/emergency/openings/{opening}/take").text)
    again = boss.post(f"/emergency/openings/{opening}/take")
    used = Desk(world, "hijo.w3", secret[1]).see("/")
    boss.done(f"/emergency/openings/{opening}/close")
    by_party = boss.post(f"/emergency/reviews/{opening}", {"verdict": "justified", "text": ""})
    page = auditor.see(f"/emergency/reviews/{opening}")
    auditor.done(f"/emergency/reviews/{opening}", {"verdict": "justified", "text": "<b>確かめた</b>"})
    boss.done(f"/emergency/accounts/{account}/rotate")

    assert secret[0] == "hijo.w3"
    assert [own.status_code, again.status_code, by_party.status_code] == [409, 409, 409]
    assert [secret[1] in page.text for page in (own, again, by_party)] == [False, False, False]
    assert "非常時アカウントで使っています" in used
    assert "ログイン" in page.split("触れた記録")[1]
    assert "&lt;b&gt;確かめた" in auditor.see(f"/emergency/reviews/{opening}")
    assert "封をしてある" in boss.see("/emergency")


def test_what_is_wrong_is_said_and_changes_nothing(boss: Desk, world: World) -> None:
    """Hours that are none, a reason that one person alone must not give, a login that is taken, handles that are none."""
    account = prepared(boss, "hijo.w3b", "非常時 四")
    before = world.gateway(world.clinic).people.emergencies.openings()
    answers = [
        boss.post(f"/emergency/accounts/{account}/ask", {"reason": "agreed", "hours": "25"}),
        boss.post(f"/emergency/accounts/{account}/open", {"reason": "agreed", "hours": "2"}),
        boss.post("/emergency/accounts", {"login": "hijo.w3b", "name": "再び"}),
        boss.post("/emergency/openings/nonsense/close"),
        boss.post("/emergency/declared", {"cause": "disaster", "hours": "2"}),
    ]

    assert all(answer.status_code in {400, 403, 404, 409, 422} for answer in answers), [a.status_code for a in answers]
    assert "1〜24" in answers[0].text
    assert error_of(answers[0]) == "web.duty_field"
    assert world.gateway(world.clinic).people.emergencies.openings() == before


def test_who_may_not_is_refused(auditor: Desk, nurse: Desk) -> None:
    """An auditor opens nothing, an operator prepares, reviews and declares nothing; the menu of duty offers what one may."""
    refused = [
        auditor.client.get("/emergency").status_code,
        auditor.post("/emergency/declared", {"cause": "drill", "hours": "1", "sure": "1"}).status_code,
        nurse.post("/emergency/accounts", {"login": "x.y.z", "name": "x"}).status_code,
        nurse.client.get("/emergency/reviews").status_code,
        nurse.client.get("/keys").status_code,
    ]
    offered = re.findall(r'class="button plain" href="(/[a-z/]+)"', auditor.see("/duty"))

    assert refused == [403] * 5
    assert offered == ["/emergency/reviews", "/devices/requests", "/documents"]


def test_a_declared_emergency_is_on_every_page_until_it_ends(boss: Desk, nurse: Desk) -> None:
    """Declared with a tick that one is sure; everybody sees it; steps are ticked; it ends."""
    where = boss.done("/emergency/declared", {"cause": "drill", "hours": "1", "sure": "1"})
    try:
        banner = nurse.see("/verify")
        nurse.done(f"{where}/steps", {"step": "1", "outcome": "done"})
        unknown = nurse.post(f"{where}/steps", {"step": "99", "outcome": "done"})
        listed = boss.see(where)
        refused = nurse.post(f"{where}/end")
    finally:
        boss.done(f"{where}/end")

    assert "非常時を宣言しています" in banner
    assert "13 項目のうち 1 項目" in listed
    assert (unknown.status_code, refused.status_code) == (404, 403)
    assert "非常時を宣言しています" not in nurse.see("/verify")


@pytest.mark.parametrize(
    "path",
    ["/duty", "/emergency", "/emergency/reviews", "/visits", "/devices", "/devices/requests", "/keys", "/documents"],
)
def test_every_page_in_english(boss: Desk, path: str) -> None:
    """No text is missing in the other language."""
    page = boss.see(f"{path}?lang=en")
    boss.see(f"{path}?lang=ja")

    assert '<html lang="en">' in page
