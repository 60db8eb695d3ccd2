"""Break-glass as it ships: the pages ask everybody for a second factor, and whoever opened an emergency account has none."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from akashi.app.duty import emergencies
from akashi.identity.emergency.model import OpenReason
from akashi.identity.model import Role
from tests.api.served import served
from tests.app.people.staff import hired
from tests.web.seat import Seat

pytestmark = pytest.mark.browser


def test_an_opened_account_gets_in_where_codes_are_demanded(tmp_path: Path, browser: Browser) -> None:
    """The page of the second step lets the empty code pass and says for whom; the person is in with the secret of the envelope alone."""
    with served(tmp_path, require_totp=True) as world:
        gateway = world.gateway(world.clinic)
        boss = hired(gateway, "buchou", Role.MANAGER | Role.OPERATOR)
        account = emergencies.prepare(gateway, boss, "hijou-1", "非常時 一").account
        opening = emergencies.open_alone(gateway, boss, account, OpenReason.DISASTER)
        seat = Seat(world, browser, world.clinic)
        seat.sign_in("hijou-1", emergencies.take(gateway, boss, opening.handle))
        asked = seat.text()
        seat.look("login-second-emergency")
        seat.page.locator("main form:not([data-ceremony]) button").click()
        seat.page.wait_for_url(f"{seat.origin}/")

        assert "非常時アカウント" in asked
        assert [one.method.name for one in gateway.accounts.sessions(account)] == ["EMERGENCY"]
        assert (seat.complaints, seat.overflowing) == ([], [])
