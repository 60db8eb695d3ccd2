"""What every answer carries, whatever was asked and however it ended: generated over all routes, as somebody signed in and as nobody.

The figures are those of ASVS 5.0 chapters 3.3, 3.4, 4.1 and 14.3.
"""

from __future__ import annotations

import re

import httpx
import pytest

from akashi.web.rendering import FOLDER
from tests.access.origin import signed_in_as
from tests.app.service import Service
from tests.attacks.asking import FORM, JSON, LEAVING, OURS, Asked, Attacker, every_route, form, signed
from tests.attacks.conftest import HANDS

pytestmark = pytest.mark.slow

POLICY = {"default-src": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'", "form-action": "'self'"}
UNSAFE = re.compile(r"unsafe-|data:(?!;)|https?:|\*")
TELLING = {"server", "x-powered-by", "via", "x-aspnet-version"}


@pytest.fixture(scope="module")
def answers(house: Service, clinic: Attacker) -> list[httpx.Response]:
    """One answer of every route to somebody signed in, to nobody, and to a wrong method."""
    asked, insider = [], signed_in_as(house.clinic, HANDS, "-reader")
    for one in sorted(every_route(), key=lambda one: (one.method, one.path) in LEAVING):
        kind = JSON if one.face == "gateway" else FORM
        asked.append(Asked(one.method, one.filled, {**kind, **OURS, **signed(insider, one.face)}, b"[]"))
    asked += [Asked(one.method, one.filled, OURS, b"[]") for one in every_route()[::8]]
    asked += [
        Asked("TRACE", "/"),
        Asked("OPTIONS", "/api/v1/session"),
        Asked("GET", "/nowhere"),
        Asked("PUT", "/login"),
    ]
    return clinic.send(asked)


def directives(answer: httpx.Response) -> dict[str, str]:
    """The content security policy of an answer."""
    said = [part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";") if part.strip()]
    return {one[0]: (one[1] if len(one) > 1 else "") for one in said}


def test_every_answer_says_what_a_browser_may_do_with_it(answers: list[httpx.Response]) -> None:
    """HSTS for a year and all subdomains, nosniff, no referrer, no store, own opener and resources only, on each answer."""
    wanted = {
        "strict-transport-security": "max-age=31536000; includeSubDomains",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    missing = {
        (str(one.request.url), name)
        for one in answers
        for name, value in wanted.items()
        if one.headers.get(name) != value
    }

    assert missing == set()
    assert len(answers) > 300


def test_every_answer_has_a_policy_without_exceptions(answers: list[httpx.Response]) -> None:
    """Nothing is loaded from elsewhere, no script or style stands in a page, nobody frames us, forms go to us only."""
    policies = [directives(one) for one in answers]

    assert [one for one in policies if any(one.get(name) != value for name, value in POLICY.items())] == []
    assert {one.get("script-src", "'none'") for one in policies} <= {"'none'", "'self'"}
    assert [one for one in policies if UNSAFE.search(one.get("script-src", ""))] == []


def test_no_answer_is_kept_by_a_browser(answers: list[httpx.Response]) -> None:
    """``no-store`` wherever there is more than the style sheet and the script."""
    kept = [str(one.request.url) for one in answers if "no-store" not in one.headers.get("cache-control", "")]

    assert [one for one in kept if "/static/" not in one] == []


def test_no_answer_opens_itself_to_other_origins(answers: list[httpx.Response]) -> None:
    """No CORS header, no JSONP, nothing about the programs behind."""
    said = {name for one in answers for name in one.headers}

    assert {name for name in said if name.startswith("access-control-")} == set()
    assert said & TELLING == set()


def test_every_body_says_what_it_is(answers: list[httpx.Response]) -> None:
    """A body has a type, a text its character set; an answer of the API is never a page."""
    bodies = [one for one in answers if one.content]
    kinds = [(str(one.request.url), one.headers.get("content-type", "")) for one in bodies]

    assert [url for url, kind in kinds if not kind or (kind.startswith("text/") and "charset=utf-8" not in kind)] == []
    assert [url for url, kind in kinds if "/api/" in url and kind.startswith("text/html")] == []


def test_every_cookie_is_bound_and_small(clinic: Attacker, answers: list[httpx.Response]) -> None:
    """Cookies are Secure, HttpOnly, SameSite=Strict, for this host only and far below what browsers keep; but for the language all are ``__Host-``."""
    asked = [
        Asked("GET", "/login?lang=en", OURS),
        Asked("POST", "/login", {**OURS, **FORM}, form(login="okuru", password="x")),
    ]
    cookies = [value for one in [*answers, *clinic.send(asked)] for value in one.headers.get_list("set-cookie")]
    parts = [{part.strip().lower() for part in one.split(";")[1:]} for one in cookies]

    assert cookies
    assert [one for one in parts if not {"secure", "httponly", "samesite=strict", "path=/"} <= one] == []
    assert [one for one in parts if any(part.startswith("domain") for part in one)] == []
    assert [one for one in cookies if not one.startswith(("__Host-", "__Secure-"))] == []
    assert max(map(len, cookies)) < 1024


def test_pages_hold_no_code_and_nothing_from_elsewhere(answers: list[httpx.Response]) -> None:
    """No inline script, handler or style, no address of another host to load from, and the way out on every page of a session."""
    pages = [one for one in answers if one.headers.get("content-type", "").startswith("text/html")]
    inline = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|\son[a-z]+\s*=\s*[\"']|\sstyle=|javascript:", re.IGNORECASE)
    loaded = re.compile(
        r"<(?:script|link|img|iframe|object|embed)[^>]+(?:src|href|data)=[\"'](?:https?:)?//", re.IGNORECASE
    )

    assert [str(one.request.url) for one in pages if inline.search(one.text) or loaded.search(one.text)] == []
    signed_in = [one for one in pages if one.status_code == 200 and "cookie" in one.request.headers]
    own = {one.path for one in every_route() if one.permission and not one.permission.startswith("open.")}
    whole = [one for one in signed_in if one.request.url.path in own]
    assert [str(one.request.url) for one in whole if 'action="/logout"' not in one.text] == []
    assert len(whole) > 10


def test_every_password_field_is_masked() -> None:
    """Fields for secrets hide what is typed, take at least 64 characters, and leave pasting and password managers alone."""
    fields = [
        (template.name, found)
        for template in sorted((FOLDER / "templates").rglob("*.html"))
        for found in re.findall(r"<input[^>]*>", template.read_text(encoding="utf-8"))
        if re.search(r'name="[a-z_]*(?:password|passphrase)[a-z_]*"', found) and 'type="hidden"' not in found
    ]
    lengths = [int(found[1]) for _, field in fields if (found := re.search(r'maxlength="(\d+)"', field))]

    assert [field for field in fields if 'type="password"' not in field[1]] == []
    assert [field for field in fields if 'autocomplete="off"' in field[1] or "onpaste" in field[1]] == []
    assert min(lengths, default=64) >= 64
    assert fields
