"""People at real browsers: the main job from sign-in to evidence, at 1280 and 390 px, in both languages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.api.served import World, checkup_file
from tests.web.seat import Seat

pytestmark = pytest.mark.browser


def _send(sender: Seat, data: bytes, receiver: str, shots: bool) -> str:
    sender.go("/send")
    if shots:
        sender.look("send")
    sender.page.select_option("#receiver", receiver)
    sender.page.set_input_files("#file", {"name": "kekka.csv", "mimeType": "text/csv", "buffer": data})
    sender.page.click("main button")
    sender.page.wait_for_url("**/send/*")
    if shots:
        sender.look("preview")
    sender.page.click("form.card button")
    sender.page.wait_for_url("**/transfers/*")
    if shots:
        sender.look("sent-transfer")
    return sender.page.url.split("/transfers/")[1].split("?")[0]


def test_the_main_job_in_two_browsers(world: World, browser: Browser, tmp_path: Path) -> None:
    """Sign in, send after a preview, open, take out, confirm, read the trail, verify the evidence; every page fits and obeys its CSP."""
    sender, receiver = Seat(world, browser, world.clinic), Seat(world, browser, world.payer)
    sender.go("/login")
    sender.look("login")
    sender.sign_in(world.clinic.login, "wrong-password-1")
    sender.look("login-failed")
    sender.sign_in(world.clinic.login)
    sender.look("home")
    name = _send(sender, checkup_file(world, 30), world.payer.institution, shots=True)
    sender.go("/sent")
    sender.look("sent")

    receiver.sign_in(world.payer.login)
    receiver.look("home-receiver")
    receiver.go("/inbox")
    receiver.look("inbox")
    receiver.page.click(f"text={name}")
    receiver.look("transfer-new")
    receiver.page.click("text=開いて確かめる")
    receiver.page.wait_for_url("**notice=opened")
    receiver.look("transfer-opened")
    receiver.page.select_option("#form", "plain")
    with receiver.page.expect_download() as taken:
        receiver.page.click("text=記録して取り出す")
    receiver.page.click("button:has-text('受領を確認する')")
    receiver.page.wait_for_url("**notice=confirmed")
    receiver.look("transfer-confirmed")
    with receiver.page.expect_download() as proof:
        receiver.page.click("text=証拠束を取り出す")
    bundle = tmp_path / "bundle.akashi"
    proof.value.save_as(bundle)
    receiver.go("/verify")
    receiver.page.set_input_files("#file", bundle)
    receiver.page.click("main button")
    receiver.look("verify")
    verdict = receiver.text()
    sender.go(f"/transfers/{name}")

    assert taken.value.suggested_filename == f"{name}.zip"
    assert "確認できました" in verdict
    assert "受領確認済み" in sender.text()
    assert (sender.complaints, receiver.complaints) == ([], [])
    assert (sender.overflowing, receiver.overflowing) == ([], [])


def test_the_secretariat_sees_counts(world: World, browser: Browser) -> None:
    """The dashboard shows institutions and numbers; the pages of others are not offered."""
    office = Seat(world, browser, world.office)
    office.sign_in(world.office.login)
    office.look("home-office")
    office.go("/dashboard")
    office.look("dashboard")
    text = office.text()
    office.go("/inbox")
    office.look("denied")

    assert "架空健診センター" in text
    assert "できませんでした" in office.text()
    assert (office.complaints, office.overflowing) == ([], [])


def test_the_pages_in_english(world: World, browser: Browser) -> None:
    """The language is a link away and stays chosen."""
    seat = Seat(world, browser, world.payer)
    seat.go("/login?lang=en")
    seat.look("login-en")
    seat.sign_in(world.payer.other_login)
    seat.go("/inbox")
    seat.look("inbox-en")

    assert "Inbox" in seat.text()
    assert (seat.complaints, seat.overflowing) == ([], [])


def test_a_manager_makes_a_device_and_its_owner_fetches_it(world: World, browser: Browser) -> None:
    """Devices page, the page with code and password, and the public origin, which asks for no certificate."""
    manager = Seat(world, browser, world.payer)
    manager.sign_in(world.payer.login)
    asked = world.asked_device(world.payer)
    manager.go("/devices")
    manager.look("devices")
    manager.page.click("text=端末を申請する")
    manager.page.click(f'form[action="/devices/requests/{asked}/approve"] button')
    manager.page.wait_for_selector("dl.facts")
    manager.look("device")
    code = manager.page.inner_text("dl.facts dd:nth-of-type(2)")
    owner = Seat(world, browser, replace(world.payer, port=world.server.settings.public_port))
    owner.go("/")
    owner.look("public")
    owner.page.fill("#code", code)
    with owner.page.expect_download() as fetched:
        owner.page.click("text=証明書を取り出す")

    assert fetched.value.suggested_filename == "akashi-device.p12"
    assert (manager.complaints, manager.overflowing) == ([], [])
    assert (owner.complaints, owner.overflowing) == ([], [])
