"""The pages of duty in a real browser: everything fits, nothing is blocked, forms work with the keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from akashi.identity.model import Role
from tests.api.served import World
from tests.web.at_duty import hired
from tests.web.seat import Seat

pytestmark = [pytest.mark.network, pytest.mark.browser]


def test_from_preparing_to_declaring_at_two_widths(world: World, browser: Browser) -> None:
    """A manager prepares an account and declares a drill; operations applies for a visit; no page overflows or complains."""
    hired(world, "hoshu.b3", Role.MAINTENANCE)
    hired(world, "unyo.b3", Role.OPERATIONS)
    seat = Seat(world, browser, world.clinic)
    seat.sign_in(world.clinic.login)
    seat.go("/emergency")
    seat.page.locator("summary", has_text="非常時アカウントを用意する").press("Enter")
    seat.page.fill("#login", "hijo.b3")
    seat.page.fill("#name", "非常時 五")
    seat.page.press("#name", "Enter")
    seat.page.wait_for_url("**notice=stepped**")
    seat.look("emergency")
    seat.page.locator("summary", has_text="非常時を宣言する").click()
    seat.page.select_option("#cause", "drill")
    seat.page.check("[name=sure]")
    seat.page.locator("button", has_text="非常時を宣言する").click()
    seat.page.wait_for_url("**/emergency/declared/**")
    seat.look("emergency-declared")
    where = seat.page.url
    for path in (
        "/duty",
        "/emergency",
        "/emergency/reviews",
        "/visits",
        "/devices",
        "/devices/requests",
        "/keys",
        "/documents",
    ):
        seat.go(path)
        seat.look("duty" + path.replace("/", "-"))
    banner = seat.text()
    seat.page.goto(where)
    seat.page.locator("summary", has_text="非常時を終える").click()
    seat.page.locator("button", has_text="非常時を終える").click()
    seat.page.wait_for_url("**notice=stepped**")

    assert "非常時を宣言しています" in banner
    assert seat.overflowing == []
    assert seat.complaints == []


def test_a_visit_is_applied_for_with_pickers(world: World, browser: Browser) -> None:
    """The window comes from the browser's own pickers; the plan is shown again on the visit's page."""
    hired(world, "hoshu.b3", Role.MAINTENANCE)
    hired(world, "unyo.b3", Role.OPERATIONS)
    seat = Seat(world, browser, world.clinic)
    seat.sign_in("unyo.b3")
    seat.go("/visits")
    seat.page.locator("summary", has_text="保守作業を申請する").click()
    start = seat.page.evaluate("new Date(Date.now() + 9 * 3600e3).toISOString().slice(0, 16)")
    end = seat.page.evaluate("new Date(Date.now() + 11 * 3600e3).toISOString().slice(0, 16)")
    seat.page.select_option("#visitor", label="架空 hoshu.b3")
    seat.page.fill("#from", start)
    seat.page.fill("#to", end)
    seat.page.fill("#systems", "ゲートウェイ")
    seat.page.fill("#steps", "止める\n直す")
    seat.page.fill("#sources", "192.0.2.0/24")
    seat.look("visit-request")
    seat.page.locator("form[action='/visits'] button").click()
    seat.page.wait_for_url("**/visits/vis-**")
    seat.look("visit")

    assert "直す" in seat.text()
    assert seat.overflowing == []
    assert seat.complaints == []
