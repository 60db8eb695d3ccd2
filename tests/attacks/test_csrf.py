"""Forged requests on every route that changes something: generated over the applications' own documents.

A browser that is led to us by another site sends at most the device's certificate and, if ``SameSite`` failed, the cookie. Whatever it
sends, nothing happens, and what was tried inside a session stands in the journal.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from akashi.identity.permissions import PERMISSIONS
from tests.access.origin import Route, signed_in_as
from tests.app.service import CLINIC, Service
from tests.attacks.asking import (
    FORM,
    JSON,
    LEAVING,
    OURS,
    Asked,
    Attacker,
    alive,
    as_json,
    changing,
    csrf,
    form,
    signed,
)
from tests.attacks.conftest import HANDS
from tests.attacks.witness import newest, refusals, state

FIELDS = {"purpose": "audit", "reason": "lost", "next": "/", "login": "okuru", "password": "x", "code": ""}
FOREIGN = {
    "cross-site": {"sec-fetch-site": "cross-site"},
    "same-site": {"sec-fetch-site": "same-site"},
    "typed": {"sec-fetch-site": "none"},
    "foreign origin": {"origin": "https://evil.example"},
    "look-alike origin": {"origin": "https://localhost.evil.example"},
    "other scheme": {"origin": "http://localhost"},
    "null origin": {"origin": "null"},
    "nothing said": {},
}
ALL_ROUTES = {"cross-site", "foreign origin", "nothing said"}
"""Said at every route; the others, which one function of ours tells apart, at every eighth."""
PAGES = changing("pages", leaving=True)


def posted(routes: list[Route], headers: dict[str, str], body: Callable[[Route], bytes]) -> list[Asked]:
    """A form to each route."""
    return [Asked(one.method, one.filled, {**FORM, **headers}, body(one)) for one in routes]


def test_there_are_many_forms() -> None:
    """An enumeration that finds nothing proves nothing; signing in is among them."""
    assert len(PAGES) > 60
    assert "/login" in {one.path for one in PAGES}


@pytest.mark.parametrize("said", FOREIGN)
def test_no_form_from_elsewhere_does_anything(house: Service, clinic: Attacker, insider: str, said: str) -> None:
    """With the cookie and the right value, each form that another page sends is refused by its own error and changes nothing."""
    before = state(house)
    value = csrf(insider)
    routes = PAGES if said in ALL_ROUTES else PAGES[::8]
    told = clinic.send(posted(routes, {**signed(insider), **FOREIGN[said]}, lambda _: form(csrf=value, **FIELDS)))
    got_in = [of.path for of, answer in zip(routes, told, strict=True) if not _refused(of, answer)]

    assert got_in == []
    assert state(house) == before


@pytest.mark.parametrize("value", ["", "0" * 64, "other session"])
def test_no_form_without_the_sessions_value_does_anything(
    house: Service, clinic: Attacker, insider: str, value: str
) -> None:
    """From the right origin with the cookie, each form without this session's value is refused, changes nothing, and is recorded."""
    before, sessions = (
        state(house),
        [one for one in PAGES if one.path == "/logout" or not one.permission.startswith("open.")],
    )
    if value == "other session":
        value = csrf(house.cast.tokens[CLINIC])
    after = newest(house)
    told = clinic.send(posted(sessions, {**signed(insider), **OURS}, lambda _: form(csrf=value, **FIELDS)))
    got_in = [of.path for of, answer in zip(sessions, told, strict=True) if not _refused(of, answer)]

    assert got_in == []
    assert state(house) == before
    assert {one.reason for one in refusals(house, after)} >= {"web.form"}
    assert len(refusals(house, after)) >= len(sessions)


def test_no_form_is_read_from_an_address(house: Service, clinic: Attacker, insider: str) -> None:
    """A link is no form: the fields in the query of a GET or POST change nothing, on any route that changes something."""
    before, query = state(house), form(csrf=csrf(insider), **FIELDS).decode()
    asked = [
        Asked(method, f"{one.filled}?{query}", {**signed(insider), **OURS, **FORM})
        for one in PAGES
        for method in ("GET", one.method)
        if (one.method, one.path) not in LEAVING
    ]
    clinic.send(asked)

    assert state(house) == before
    assert alive(clinic, insider)


def test_the_api_takes_no_cookie(house: Service, clinic: Attacker, insider: str) -> None:
    """What a browser sends by itself opens no route of the API: with the cookie alone, everybody is nobody."""
    before = state(house)
    routes = [one for one in changing("gateway") if one.permission != "open.login"]
    told = clinic.send([Asked(one.method, one.filled, {**signed(insider), **JSON}, as_json({})) for one in routes])

    assert {answer.status_code for answer in told} == {401}
    assert state(house) == before
    assert alive(clinic, insider)


def test_the_api_takes_no_simple_request(clinic: Attacker) -> None:
    """A page elsewhere can send text and forms without asking: signing in over the API is not done by one."""
    body = as_json({"login": "okuru", "password": "x"})
    kinds = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
    told = [clinic.one("POST", "/api/v1/session", {"content-type": kind}, body) for kind in kinds]

    assert [(one.status_code, one.json()["code"]) for one in told] == [(400, "api.request")] * 3


def test_a_login_from_elsewhere_begins_no_session(house: Service, clinic: Attacker) -> None:
    """Login CSRF: nobody is signed in to an account that another site chose, not even with the right secrets."""
    signed_in_as(house.clinic, HANDS, "luring")
    before = state(house)
    fields = form(login="try-luring", password="Horse-battery-9-staple", code="")
    told = clinic.one("POST", "/login", {**FORM, "sec-fetch-site": "cross-site"}, fields)

    assert (told.status_code, "set-cookie" in told.headers) == (400, False)
    assert state(house) == before


def _refused(route: Route, answer: httpx.Response) -> bool:
    """Whether it is the page of a form that is not ours, or of a permission that even this person lacks."""
    if answer.status_code == 403:
        return not PERMISSIONS.get(route.permission, HANDS) & HANDS
    return answer.status_code == 400 and "web.form" in answer.text
