"""Every page for everybody: axe-core (WCAG 2.2 AA) in a real browser at two widths and in both languages, and the keyboard alone.

The walk takes its pages from the route table and from the links on them, so that a new page is looked at without being named here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error

from akashi.api.faces import route_tables
from akashi.identity.model import Role
from tests.api.served import PASSWORD, World, checkup_file, deliver
from tests.web.seat import WIDTHS, Seat

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"target-size": {"enabled": True}},  # WCAG 2.2's, which axe leaves off by default
    "resultTypes": ["violations"],
}
BARRED = ("serious", "critical")
TABLE = route_tables()["pages"]
PLAIN = sorted(path for method, path in TABLE if method == "GET" and "{" not in path and "/static/" not in path)
PATTERNS = {
    path: re.compile(re.sub(r"\\?\{[^}]*\\?\}", "[^/]+", re.escape(path)))
    for method, path in TABLE
    if method == "GET" and "{" in path
}
TAGGED = """() => {
  const seen = element => element.checkVisibility() && !element.disabled && element.type !== 'hidden';
  const all = [...document.querySelectorAll('main input, main select, main textarea, main button, main a[href], main summary')];
  const groups = new Set();
  const asked = all.filter(seen).filter(element => {
    if (element.type !== 'radio') return true;
    if (groups.has(element.name)) return false;  // one stop of the keyboard for a whole group
    groups.add(element.name);
    return true;
  });
  asked.forEach((element, index) => {
    element.dataset.stop = index;
    if (element.type === 'radio')
      document.getElementsByName(element.name).forEach(one => { one.dataset.stop = index; });
  });
  return asked.length;
}"""
FOCUSED = """() => {
  const element = document.activeElement, style = getComputedStyle(element);
  return [element.dataset.stop ?? '', style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0, element.outerHTML.slice(0, 90)];
}"""
MOST_STOPS = 60


class Company:
    """One browser window for each kind of person: between them they see all there is to see."""

    def __init__(self, world: World, browser: Browser) -> None:
        deliver(world, checkup_file(world))
        every = Role.OPERATOR | Role.MANAGER | Role.AUDITOR | Role.PLANNER | Role.OPERATIONS
        accounts = world.gateway(world.clinic).accounts
        accounts.set_password(accounts.add_person(login="zenbu", name="架空 全役", roles=every), PASSWORD)
        self.clinic = self._signed(world, browser, world.clinic, "zenbu")
        self.payer = self._signed(world, browser, world.payer, world.payer.login)
        self.office = self._signed(world, browser, world.office, world.office.login)
        self.seats = [self.clinic, self.payer, self.office]
        self.stranger = Seat(world, browser, world.clinic)

    def _signed(self, world: World, browser: Browser, member: Any, login: str) -> Seat:
        seat = Seat(world, browser, member)
        seat.sign_in(login)
        seat.page.wait_for_selector("nav.main")
        return seat

    def at(self, path: str) -> Seat | None:
        """Whoever is shown ``path``, at that page; ``None`` where it is a file."""
        for seat in (self.stranger,) if path == "/login" else self.seats:
            try:
                answer = seat.page.goto(seat.origin + path)
            except Error as error:
                if "Download is starting" in str(error):
                    return None
                raise
            if answer is not None and answer.status == 200:
                return seat if "html" in answer.headers.get("content-type", "") else None
        return seat


@pytest.fixture(scope="module")
def company(world: World, browser: Browser) -> Iterator[Company]:
    """Three people who are signed in and one who is not; they live for the module."""
    made = Company(world, browser)
    yield made
    for seat in [*made.seats, made.stranger]:
        seat.context.close()


def violations(seat: Seat) -> list[str]:
    """What axe bars on the page as it is: rule, impact and where."""
    if not seat.page.evaluate("typeof window.axe === 'object'"):
        seat.page.evaluate(AXE)
    found = seat.page.evaluate(f"axe.run(document, {json.dumps(OPTIONS)})")
    return [
        f"{one['id']} ({one['impact']}) {[node['html'][:120] for node in one['nodes']][:3]}"
        for one in found["violations"]
        if one["impact"] in BARRED
    ]


def looked_at(seat: Seat, path: str, widths: tuple[int, ...] = WIDTHS) -> list[str]:
    """Everything wrong with a page at these widths: axe's violations, what does not fit, a wrong language."""
    language = seat.page.get_attribute("html", "lang")
    wrong = [] if language in ("ja", "en") else [f"{path}: lang {language}"]
    for width in widths:
        seat.page.set_viewport_size({"width": width, "height": 900})
        wrong += [f"{path} at {width} in {language}: {one}" for one in violations(seat)]
        if seat.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            wrong.append(f"{path} at {width} in {language}: wider than the window")
    seat.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    return wrong


def by_keyboard(seat: Seat) -> list[str]:
    """What of the page's main part the Tab key does not reach, or reaches unseen."""
    count = seat.page.evaluate(TAGGED)
    wanted, reached, wrong = {str(one) for one in range(min(count, MOST_STOPS))}, set[str](), []
    for _ in range(count + 60):
        seat.page.keyboard.press("Tab")
        stop, visible, html = seat.page.evaluate(FOCUSED)
        if not visible and not html.startswith("<body"):
            wrong.append(f"focus cannot be seen: {html}")
        reached.add(stop)
        if wanted <= reached:
            break
    return wrong + [f"not reached: {one}" for one in sorted(wanted - reached)]


@pytest.mark.parametrize("path", [*PLAIN, "/no-such-page"])
def test_every_page_is_for_everybody(company: Company, path: str) -> None:
    """Each page of the route table, in both languages and at both widths: nothing serious by axe, all of it reached by Tab."""
    seat = company.at(path)
    if seat is None:
        return  # a file, not a page
    query = "&" if "?" in seat.page.url else "?"
    wrong = by_keyboard(seat) + looked_at(seat, path)
    seat.page.goto(seat.page.url + f"{query}lang=en")
    wrong += looked_at(seat, path)
    seat.page.goto(seat.origin + "/login?lang=ja")

    assert wrong == []


@pytest.mark.parametrize("who", ["clinic", "payer", "office"])
def test_every_kind_of_page_behind_a_link_is_for_everybody(company: Company, who: str) -> None:
    """From the first page along all links: one page of each kind that has a name in its address."""
    seat: Seat = getattr(company, who)
    waiting, seen, wrong = ["/"], set[str](), []
    while waiting:
        path = waiting.pop(0)
        try:
            answer = seat.page.goto(seat.origin + path)
        except Error as error:
            assert "Download is starting" in str(error), path  # noqa: PT017 - a file behind a link is fine
            continue
        if answer is None or "html" not in answer.headers.get("content-type", ""):
            continue
        if kind_of(path) in PATTERNS:
            wrong += by_keyboard(seat) + looked_at(seat, path)
        for found in seat.page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)"):
            link = urlsplit(found)
            if f"https://{link.netloc}" == seat.origin and kind_of(link.path) not in seen | {None}:
                seen.add(str(kind_of(link.path)))
                waiting.append(link.path)

    assert wrong == []
    assert seen & set(PATTERNS) or who == "office"


def kind_of(path: str) -> str | None:
    """The route behind an address."""
    if path in PLAIN:
        return path
    return next((name for name, pattern in PATTERNS.items() if pattern.fullmatch(path)), None)


def test_signing_in_needs_no_mouse(company: Company, world: World) -> None:
    """Tab, the login, Tab, the password, Enter; a wrong password is announced and the fields can be filled again."""
    seat = company.stranger
    seat.go("/login")
    seat.page.focus("#login")
    seat.page.keyboard.type(world.clinic.other_login)
    seat.page.keyboard.press("Tab")
    seat.page.keyboard.type("wrong-password-1")
    seat.page.keyboard.press("Enter")
    announced = seat.page.inner_text("[role=alert]")
    refused = looked_at(seat, "/login, refused")
    seat.page.focus("#login")
    seat.page.keyboard.press("Control+A")
    seat.page.keyboard.type(world.clinic.other_login)
    seat.page.keyboard.press("Tab")
    seat.page.keyboard.type(PASSWORD)
    seat.page.keyboard.press("Enter")
    seat.page.wait_for_selector("nav.main")

    assert announced.strip() != ""
    assert refused == []
    assert seat.complaints == []


def test_the_menu_can_be_skipped(company: Company) -> None:
    """The first stop of the keyboard on every page leads past the menu to the page's own part."""
    seat = company.clinic
    seat.go("/devices")
    seat.page.keyboard.press("Tab")
    first = seat.page.evaluate("document.activeElement.className")
    seat.page.keyboard.press("Enter")
    seat.page.wait_for_url("**/devices#main")
    seat.page.keyboard.press("Tab")

    assert first == "skip"
    assert seat.page.evaluate("document.activeElement.closest('main') !== null")
