"""Pages of visits: from an application to the review of its report, and what is refused on the way."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest

from akashi.identity.maintenance.model import Reads, Saw, TrialData, VisitStage, VisitVerdict, WorkPurpose
from akashi.identity.model import Role
from akashi.web.rendering import texts
from tests.api.served import World
from tests.web.at_duty import OURS, Desk, error_of, hired

pytestmark = pytest.mark.network
JAPAN = timezone(timedelta(hours=9))
PLAN = {
    "purpose": "fault",
    "systems": "ゲートウェイ",
    "steps": "止める\r\n直す <b>",
    "sources": "127.0.0.1/32",
    "expects_listed": "1",
    "reads_transfers": "1",
    "test_accounts": "",
    "text": "",
}


@pytest.fixture(scope="module")
def boss(world: World) -> Desk:
    """The clinic's manager, who decides and reviews."""
    return Desk(world, world.clinic.login)


@pytest.fixture(scope="module")
def ops(world: World) -> Desk:
    """Operations: applies and reports."""
    hired(world, "unyo.w3", Role.OPERATIONS)
    return Desk(world, "unyo.w3")


@pytest.fixture(scope="module")
def maintainer(world: World) -> str:
    """The handle of a maintainer."""
    return hired(world, "hoshu.w3", Role.MAINTENANCE)


def window(hours: int = 2) -> dict[str, str]:
    """From a minute ago, as a browser sends it."""
    now = datetime.now(JAPAN) - timedelta(minutes=1)
    return {"from": f"{now:%Y-%m-%dT%H:%M}", "to": f"{now + timedelta(hours=hours):%Y-%m-%dT%H:%M}"}


def test_words_of_enums_have_sentences() -> None:
    """Everything that a visit's page shows has its word."""
    families = {
        "vis.purpose.": WorkPurpose,
        "vis.reads.": Reads,
        "vis.stage.": VisitStage,
        "vis.verdict.": VisitVerdict,
        "vis.review.": VisitVerdict,
        "vis.saw.": Saw,
        "vis.test_data.": TrialData,
    }
    wanted = {prefix + str(one.name).lower() for prefix, enum in families.items() for one in enum}

    assert [wanted <= texts(language).keys() for language in ("ja", "en")] == [True, True]


def test_from_application_to_review(world: World, boss: Desk, ops: Desk, maintainer: str) -> None:
    """Applied for, approved by another, worked under a banner and with a deviation, compared, reported, reviewed."""
    visit = ops.done("/visits", {"visitor": maintainer, **PLAN, **window()})
    own = ops.post(f"{visit}/decide", {"verdict": "accepted"})
    plan = boss.see(visit)
    boss.done(f"{visit}/decide", {"verdict": "accepted"})
    guest = Desk(world, "hoshu.w3")
    guest.done(f"{visit}/begin")
    banner = guest.see("/inbox")
    guest.client.get("/emergency")
    left = guest.done(f"{visit}/end")
    compared = ops.see(visit)
    ops.done(f"{visit}/report", {"test_data": "erased", "text": "直した"})
    by_reporter = ops.post(f"{visit}/review", {"verdict": "accepted"})
    boss.done(f"{visit}/review", {"verdict": "accepted"})

    assert (own.status_code, by_reporter.status_code) == (403, 403)
    assert "<li>直す &lt;b&gt;</li>" in plan
    assert "保守作業者として使っています" in banner
    assert left == "/login"
    assert "断られた操作" in compared
    assert "問題なし" in boss.see(visit)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sources": "0.0.0.0/0"}, "sources"),
        ({"steps": ""}, "steps"),
        ({"from": "明日"}, "from"),
        ({"test_accounts": "inai"}, "test_accounts"),
    ],
)
def test_a_plan_that_is_none_is_said_and_kept_in_the_form(
    world: World, ops: Desk, maintainer: str, change: dict[str, str], field: str
) -> None:
    """The page comes again with the field that is wrong and what was entered; nothing was recorded."""
    before = world.gateway(world.clinic).people.visits.visits()
    answer = ops.post("/visits", {"visitor": maintainer, **PLAN, **window(), "systems": "受付 & 会計", **change})

    assert answer.status_code == 400
    assert f"（{field}）" in answer.text
    assert ">受付 &amp; 会計</textarea>" in answer.text
    assert world.gateway(world.clinic).people.visits.visits() == before


def test_a_refused_visit_lets_nobody_in(world: World, boss: Desk, ops: Desk, maintainer: str) -> None:
    """After a refusal the maintainer's sign-in fails; the window is too long for a second one."""
    visit = ops.done("/visits", {"visitor": maintainer, **PLAN, **window()})
    boss.done(f"{visit}/decide", {"verdict": "refused"})
    long = ops.post("/visits", {"visitor": maintainer, **PLAN, **window(80)})
    client = world.client(world.clinic)
    answer = client.post("/login", data={"login": "hoshu.w3", "password": "Horse-battery-9-staple"}, headers=OURS)

    assert answer.status_code == 401
    assert error_of(long) == "ledger.refused"
    assert "却下" in boss.see(visit)


def test_who_may_not_is_refused(world: World, boss: Desk) -> None:
    """An auditor sees no visits, a manager does not apply; a visit that is none is not found."""
    auditor = Desk(world, world.clinic.other_login)
    answers = [
        auditor.client.get("/visits").status_code,
        boss.post("/visits", PLAN | window()).status_code,
        boss.client.get("/visits/vis-aaaaaaaaaaaaaaaaaaaa").status_code,
        boss.client.get("/visits/%2e%2e").status_code,
    ]

    assert answers == [403, 403, 404, 404]
    assert re.search(r'href="/visits"', boss.see("/duty"))
