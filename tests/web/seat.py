"""A person at a browser: signs in with the device's certificate, looks, and keeps screenshots of what they saw."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.api.served import PASSWORD, Member, World
from tests.waiting import PATIENCE_S

SHOTS = Path(__file__).parents[2] / "screenshots"
WIDTHS = (1280, 390)


class Seat:
    """One browser window of one person. ``complaints`` are console errors: a script, style or image that was blocked."""

    def __init__(self, world: World, browser: Browser, member: Member) -> None:
        self.origin = f"https://localhost:{member.port}"
        path = str(member.key_file)
        self.context = browser.new_context(
            locale="ja-JP",
            timezone_id="Asia/Tokyo",
            ignore_https_errors=True,
            accept_downloads=True,
            client_certificates=[{"origin": self.origin, "certPath": path, "keyPath": path}],
        )
        self.context.set_default_timeout(PATIENCE_S * 1000)
        self.context.set_default_timeout(PATIENCE_S * 1000)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.overflowing: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        # The sign-in page answers 401 to a wrong password, which Chromium reports as a failed resource.
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def go(self, path: str) -> None:
        """Open a page of this gateway."""
        self.page.goto(self.origin + path)

    def sign_in(self, login: str, password: str = PASSWORD) -> None:
        """Fill the sign-in form."""
        self.go("/login")
        self.page.fill("#login", login)
        self.page.fill("#password", password)
        self.page.click("main button")

    def arrive(self, login: str) -> None:
        """Sign in, and say yes where this browser is asked about."""
        self.sign_in(login)
        if self.page.url.endswith("/place"):
            self.page.click("button[value=yes]")

    def authenticator(self) -> None:
        """Give the browser an authenticator that says yes at once (Chromium's virtual one, CTAP 2, user verified)."""
        self.devtools = self.context.new_cdp_session(self.page)
        self.devtools.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "automaticPresenceSimulation": True}
        options |= {"hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
        made = self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.authenticator_id = str(made["authenticatorId"])

    def enrol_passkey(self, label: str = "仕事用") -> None:
        """Add a passkey on one's own page."""
        self.go("/me/passkey")
        self.page.fill("#label", label)
        self.page.click("main button")
        self.page.wait_for_url("**/me?notice=*")

    def look(self, name: str) -> None:
        """Keep a picture at each width, and note what does not fit."""
        SHOTS.mkdir(exist_ok=True)
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.screenshot(path=SHOTS / f"{name}-{width}.png", full_page=True)
            if self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                self.overflowing.append(f"{name} at {width}")
        self.page.set_viewport_size({"width": 1280, "height": 900})

    def text(self) -> str:
        """What the page says."""
        return self.page.inner_text("main")
