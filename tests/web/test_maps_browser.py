"""A clerk at a real browser makes a map from an unknown file and an approver signs it, at 1280 and 390 px, without a script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.api.served import World
from tests.web.map_file import unknown_file
from tests.web.seat import Seat

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def seat(world: World, browser: Browser) -> Iterator[Seat]:
    """The clinic's operator, who is its manager too, signed in."""
    made = Seat(world, browser, world.clinic)
    made.sign_in(world.clinic.login)
    yield made
    made.context.close()


def _open_count(seat: Seat) -> int:
    return int(seat.page.inner_text("ul.legend li:first-child b"))


def _started(seat: Seat, data: bytes) -> str:
    seat.go("/maps")
    seat.page.set_input_files("#file", {"name": "kekka.csv", "mimeType": "text/csv", "buffer": data})
    seat.page.click("text=下書きを作る >> nth=-1")
    seat.page.wait_for_url("**/maps/drafts/*")
    return seat.page.url.split("?")[0]


def test_from_an_unknown_file_to_an_approved_map(seat: Seat, world: World) -> None:
    """Upload, the surest together, one by one, another item by search, trial with a cell's story, approval with its receipt, sharing, end."""
    page = seat.page
    seat.go("/maps")
    seat.look("maps-empty")
    place = _started(seat, unknown_file(world))
    seat.look("maps-draft")
    before = _open_count(seat)
    page.click("button:has-text('まとめて決める')")
    page.wait_for_url("**notice=map_saved**")
    after = _open_count(seat)
    seat.look("maps-draft-sure")
    page.click("nav.sub a:has-text('確からしさの低い順')")
    page.click("table.columns tbody tr:first-child button:has-text('あとで')")
    seat.look("maps-draft-least")
    page.click("table.columns tbody tr:first-child a:has-text('別の項目')")
    page.fill("#q", "尿酸")
    page.click("button:has-text('探す')")
    seat.look("maps-column")
    page.click("#search button:has-text('これにする') >> nth=0")
    page.wait_for_url("**notice=map_saved**")
    chosen = page.inner_text("h2#now")
    page.click("text=詳しい設定")
    seat.look("maps-column-chosen")
    page.goto(f"{place}/preview")
    seat.look("maps-preview")
    page.click("td ul.plain a:has-text('経緯') >> nth=0")
    page.wait_for_url("**#story")
    linked = page.inner_text("#story")
    page.fill("#row", "1")
    page.fill("#column", "2")
    page.click("button:has-text('経緯を見る')")
    story = page.inner_text("#story")
    seat.look("maps-story")
    page.goto(f"{place}/approve")
    seat.look("maps-approve")
    digest = page.inner_text("dd.hash >> nth=0")
    page.click("button:has-text('署名して承認する')")
    page.wait_for_url("**notice=map_approved")
    seat.look("maps-version")
    approved = seat.text()
    page.click("text=ほかの機関と共有する")
    page.check(f"input[name='child-{world.payer.institution}']")
    page.click("button:has-text('共有先を決める')")
    page.wait_for_url("**notice=map_shared")
    shared = seat.text()
    seat.go("/maps")
    seat.look("maps-shelf")
    shelf = seat.text()

    assert before > after > 0
    assert "尿酸" in chosen
    assert "ファイルにあった値" in linked
    assert "ファイルにあった値" in story
    assert digest in approved
    assert "承認済み" in approved
    assert "架空健康保険組合" in shared
    assert "承認済み" in shelf
    assert (seat.complaints, seat.overflowing) == ([], [])


def test_a_keyboard_is_enough(seat: Seat, world: World) -> None:
    """Tab reaches a column's buttons, Enter decides, and the page then stands at the next column, whose buttons come next."""
    _started(seat, unknown_file(world))
    seat.page.click("nav.sub a:has-text('すべての列')")
    seat.page.focus("#c1 button:has-text('使わない')")
    seat.page.keyboard.press("Enter")
    seat.page.wait_for_url("**#c2")
    seat.page.keyboard.press("Tab")
    at = seat.page.evaluate("document.activeElement.closest('tr').id")
    pressed = seat.page.get_attribute("#c1 button:has-text('使わない')", "aria-pressed")

    assert (at, pressed) == ("c2", "true")


def test_the_pages_in_english(seat: Seat, world: World) -> None:
    """No sentence is missing in the other language."""
    place = _started(seat, unknown_file(world))
    for path, name in (("", "draft"), ("/columns/1", "column"), ("/preview", "preview"), ("/approve", "approve")):
        seat.page.goto(f"{place}{path}?lang=en")
        seat.look(f"maps-{name}-en")
    seat.go("/maps?lang=ja")

    assert (seat.complaints, seat.overflowing) == ([], [])
