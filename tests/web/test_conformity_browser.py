"""People at a real browser: measure, see a contradiction, answer with evidence, assess; every page fits 1280 and 390 px."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from akashi.clock import SystemClock
from akashi.conformity.model import DAY_MS
from akashi.web.conformity.showing import day_value
from tests.web.conformity_stage import Assessed
from tests.web.seat import Seat
from tests.web.test_conformity_pages import OPS, failing

pytestmark = pytest.mark.browser
LATER = day_value(SystemClock().now_ms() + 200 * DAY_MS)
WAIT_MS = 300_000


def _prepare(seat: Seat) -> None:
    """Conditions, a target with its consent, and a run that is watched until it is over."""
    seat.go("/conformity/features")
    seat.look("conformity-features")
    seat.page.click("button[value=exchange_service]")
    seat.go("/conformity/targets")
    seat.page.select_option("#kind", "akashi")
    seat.page.fill("#address", "この機関の Akashi")
    seat.page.fill("#until", LATER)
    seat.page.check("input[name=consent]")
    seat.page.click("text=同意を台帳に記録して登録する")
    seat.page.wait_for_url("**notice=registered")
    seat.look("conformity-targets")
    seat.go("/conformity")
    seat.page.click("main button:has-text('測る')")
    seat.page.wait_for_selector("text=検証できる束を取り出す", timeout=WAIT_MS)


def test_measure_answer_and_see_the_contradiction(stage: Assessed, browser: Browser) -> None:
    """From the conditions to the overview with its picture, in both languages."""
    member, item = stage.world.clinic, failing(stage)
    seat = Seat(stage.world, browser, member)
    seat.sign_in(member.login)
    _prepare(seat)
    seat.go(f"/conformity/sheets/{OPS}/{item}")
    seat.page.check("input[value=yes]")
    seat.page.fill("#text", "毎年4月と10月に点検しています。")
    seat.page.fill("#owner", "架空 担当")
    seat.page.fill("#due", LATER)
    seat.page.set_input_files("#file", {"name": "点検記録.pdf", "mimeType": "application/pdf", "buffer": b"invented"})
    seat.page.click("text=答えを記録する")
    seat.page.wait_for_url("**notice=answered")
    seat.look("conformity-item")
    for name in ("", f"/sheets/{OPS}", "/contradictions", "/desk", "/desk/boundary", "/desk/apply", "/files"):
        seat.go(f"/conformity{name}")
        seat.look(f"conformity{name.replace('/', '-')}")
    seat.go("/conformity?lang=en")
    seat.look("conformity-en")
    text = seat.text()
    seat.go(f"/conformity/sheets/{OPS}/{item}")
    seat.look("conformity-item-en")

    assert "Answers that stand against a measurement: 1" in text
    assert "点検記録.pdf" in seat.text()
    assert (seat.complaints, seat.overflowing) == ([], [])


def test_an_assessment_at_two_browsers(stage: Assessed, browser: Browser, tmp_path: Path) -> None:
    """The applicant submits; evaluator, committee and board decide; the board publishes the bundle that anybody can verify."""
    member = stage.world.clinic
    applicant = Seat(stage.world, browser, member)
    applicant.sign_in(member.login)
    _prepare(applicant)
    with applicant.page.expect_download() as taken:
        applicant.page.click("text=検証できる束を取り出す")
    taken.value.save_as(tmp_path / "public.akashi")
    applicant.go("/conformity/desk/apply")
    applicant.page.check(f"input[name='book-{OPS}']")
    applicant.page.fill("#overview", "健診結果のやり取りを受け持つ架空のサービスです。")
    applicant.page.click("text=署名して申請する")
    applicant.page.wait_for_url("**notice=stepped", timeout=WAIT_MS)
    path = "/" + applicant.page.url.split("/", 3)[3].split("?")[0]
    seats = [Seat(stage.world, browser, stage.assessor) for _ in stage.people]
    for seat, login in zip(seats, stage.people, strict=True):
        seat.sign_in(login)
        seat.go(path)
        seat.look(f"conformity-assessment-{login}")
        if login == "evaluator":
            seat.page.check("input[value=fit]")
            seat.page.fill("#evaluate", "架空の評価の報告です。")
            seat.page.click("text=署名して評価を出す")
        else:
            seat.page.check("input[value=agreed]")
            seat.page.click("text=署名して決める")
        seat.page.wait_for_url("**notice=stepped")
    board = seats[-1]
    board.page.fill("#until", LATER)
    board.page.set_input_files("#bundle", tmp_path / "public.akashi")
    board.page.click("button:has-text('公表する')")
    board.page.wait_for_url("**notice=stepped", timeout=WAIT_MS)
    board.look("conformity-assessment-published")

    assert "公表した" in board.text()
    assert [one.complaints + one.overflowing for one in (applicant, *seats)] == [[]] * 4
