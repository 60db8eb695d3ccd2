"""People sign for themselves at real browsers: passkeys and a browser's own key, on gateways that demand device certificates."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from akashi.app.people.factors import person_keys
from akashi.app.wiring import KINDS
from akashi.ledger.model import ApprovalKind
from akashi.ledger.proof.verify import verify_file
from tests.api.served import World, checkup_file
from tests.web.seat import Seat

pytestmark = pytest.mark.browser


def prepare(seat: Seat, receiver: str, data: bytes) -> None:
    """Choose a file and look at what would be sent."""
    seat.go("/send")
    seat.page.select_option("#receiver", receiver)
    seat.page.set_input_files("#file", {"name": "kekka.csv", "mimeType": "text/csv", "buffer": data})
    seat.page.click("main button")
    seat.page.wait_for_url("**/send/*")


def test_a_transfer_is_signed_by_passkeys_from_end_to_end(house: World, browser: Browser, tmp_path: Path) -> None:
    """Enrol a passkey, sign in with it alone, send and confirm with it; the evidence shows both approvals to anybody, offline."""
    sender, receiver = Seat(house, browser, house.clinic), Seat(house, browser, house.payer)
    for seat, member in ((sender, house.clinic), (receiver, house.payer)):
        seat.authenticator()
        seat.arrive(member.login)
        seat.enrol_passkey()
    sender.look("account")
    sender.page.click("header .who button")
    sender.look("login-passkey")
    sender.page.click("form[data-ceremony=get] button")
    sender.page.wait_for_url("**/")
    prepare(sender, house.payer.institution, checkup_file(house, seed=31))
    sender.page.click("form.card button")
    sender.page.wait_for_selector("form[data-ceremony=approve] button:visible")
    sender.look("approve")
    shown = sender.text()
    sender.page.click("form[data-ceremony=approve] button")
    sender.page.wait_for_url("**/transfers/*")
    name = sender.page.url.split("/transfers/")[1].split("?")[0]
    receiver.go(f"/transfers/{name}")
    for button in ("開いて確かめる", "受領を確認する"):
        receiver.page.click(f"button:has-text('{button}')")
        receiver.page.click("form[data-ceremony=approve] button")
        receiver.page.wait_for_url("**/transfers/*notice=*")
    receiver.look("transfer-signed")
    with receiver.page.expect_download() as proof:
        receiver.page.click("text=証拠束を取り出す")
    bundle = tmp_path / "bundle.akashi"
    proof.value.save_as(bundle)
    trust = house.gateway(house.payer).paths.trust.read_bytes()
    verdict = verify_file(bundle.read_bytes(), trust, KINDS)

    assert "健診結果を封をして送ります" in shown
    assert "架空健康保険組合" in shown
    assert receiver.text().count("本人が署名（パスキー）") == 3
    assert (sender.complaints, receiver.complaints, sender.overflowing, receiver.overflowing) == ([], [], [], [])
    assert [kind for row in verdict.operations for kind in [one.kind for one in row.approvals]] == [
        ApprovalKind.PASSKEY
    ] * 3


def test_a_browsers_own_key_is_introduced_by_the_passkey_and_signs(house: World, browser: Browser) -> None:
    """Made in the browser, enrolled with a proof of possession, told to the ledger with the passkey's signature; then it signs itself."""
    seat = Seat(house, browser, house.office)
    seat.authenticator()
    seat.arrive(house.office.login)
    seat.enrol_passkey()
    seat.page.click("text=このブラウザーに署名用の鍵を作る")
    seat.page.wait_for_selector("form[data-ceremony=prove-key] button:visible")
    seat.look("account-key")
    seat.page.click("form[data-ceremony=prove-key] button")
    seat.page.wait_for_url("**/me?notice=factor_waits")
    seat.page.click("button:has-text('署名に使えるようにする')")
    seat.page.click("form[data-ceremony=approve] button")
    seat.page.wait_for_url("**/me?notice=factor_set")
    seat.devtools.send("WebAuthn.clearCredentials", {"authenticatorId": seat.authenticator_id})
    seat.enrol_passkey("二つ目")
    seat.page.click("button:has-text('署名に使えるようにする')")
    seat.page.click("form[data-ceremony=approve] button")  # the key of this browser signs: no passkey is left here
    seat.page.wait_for_url("**/me?notice=factor_set")
    seat.look("account-keys")
    gateway = house.gateway(house.office)
    keys = person_keys(gateway, house.office.person)

    assert sorted((int(one.approval or 0), int(one.basis or 0)) for one in keys) == [(1, 1), (1, 2), (2, 2)]
    assert (seat.complaints, seat.overflowing) == ([], [])


def test_a_cloned_passkey_is_stopped_and_told(house: World, browser: Browser) -> None:
    """An answer whose counter went back signs nobody in; the passkey is suspended and its owner sees it."""
    seat = Seat(house, browser, house.clinic)
    seat.authenticator()
    seat.arrive(house.clinic.other_login)
    seat.enrol_passkey()
    here = {"authenticatorId": seat.authenticator_id}
    copy = seat.devtools.send("WebAuthn.getCredentials", here)["credentials"][0]
    seat.page.click("header .who button")
    seat.page.click("form[data-ceremony=get] button")
    seat.page.wait_for_url("**/")
    seat.page.click("header .who button")
    seat.devtools.send("WebAuthn.clearCredentials", here)
    seat.devtools.send("WebAuthn.addCredential", here | {"credential": copy | {"signCount": 0}})
    seat.page.click("form[data-ceremony=get] button")
    seat.page.wait_for_selector("[role=alert]")
    refused = seat.text()
    gateway = house.gateway(house.clinic)
    alerts = [one.kind for one in gateway.people.alerts.open()]

    assert "ログインできませんでした" in refused
    assert "factor.cloned" in alerts
    assert seat.complaints == []


def test_a_second_browser_is_asked_about_and_sees_nothing_else(house: World, browser: Browser) -> None:
    """The question comes back at every address; after a yes the browser is known, after a no everything has ended."""
    first, second, third = [Seat(house, browser, house.payer) for _ in range(3)]
    first.arrive(house.payer.other_login)
    second.sign_in(house.payer.other_login)
    second.page.wait_for_url("**/place")
    second.look("place")
    second.go("/inbox")
    kept = second.page.url
    second.page.click("button[value=yes]")
    second.page.wait_for_url("**/")
    third.sign_in(house.payer.other_login)
    third.page.click("button[value=no]")
    third.page.wait_for_url("**/login")
    second.go("/inbox")
    thrown_out = second.page.url
    second.sign_in(house.payer.other_login)
    again = second.page.url
    third.sign_in(house.payer.other_login)
    barred = third.text()

    assert kept.endswith("/place")
    assert thrown_out.endswith("/login")
    assert not again.endswith("/place")
    assert "ログインできませんでした" in barred
    assert (second.complaints, second.overflowing) == ([], [])
