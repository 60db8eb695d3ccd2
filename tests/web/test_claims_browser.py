"""A clerk puts a table of claims beside the results, at a real browser, at 1280 and 390 px."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.api.served import World
from tests.web.seat import Seat
from tests.web.test_sending import one_insurer

pytestmark = pytest.mark.browser

HEADINGS = "保険者番号,被保険者証番号,実施年月日,請求区分,委託料単価区分,単価合計,窓口負担合計,請求金額\r\n"


def test_claims_are_chosen_and_what_is_wrong_is_seen(world: World, browser: Browser, tmp_path: Path) -> None:
    """The field opens, the empty table downloads, both files go, and the findings of the claims fit on the page with the others."""
    clerk = Seat(world, browser, world.clinic)
    clerk.arrive(world.clinic.login)
    clerk.go("/send")
    clerk.page.click("summary:has-text('請求')")
    clerk.look("send-claims")
    with clerk.page.expect_download() as taken:
        clerk.page.click("text=見出しだけの表を取り出す")
    taken.value.save_as(tmp_path / "claims.csv")
    clerk.page.select_option("#receiver", world.payer.institution)
    clerk.page.set_input_files("#file", {"name": "kekka.csv", "mimeType": "text/csv", "buffer": one_insurer(world)})
    rows = f"{HEADINGS}99000001,1,2026-05-16,2,1,9000,1000,8000\r\n99000001,2,2026-05-16,2,1,9000,1000,8.000\r\n"
    clerk.page.set_input_files("#claims", {"name": "seikyu.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    clerk.page.click("main form button")
    clerk.page.wait_for_url("**/send/*")
    clerk.look("preview-claims")
    said = clerk.text()
    clerk.context.close()

    assert (tmp_path / "claims.csv").read_text(encoding="utf-8-sig").startswith("受診券整理番号,")
    assert "請求の表: 請求金額" in said
    assert (clerk.overflowing, clerk.complaints) == ([], [])
