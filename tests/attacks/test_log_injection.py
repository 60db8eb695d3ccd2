"""Log injection: control characters in every place that takes text, on every route; and what of them reaches logs, journal and terminal.

The log has codes and class names only, the journal handles and codes, a header what we made, a page escaped text: nowhere does a line break,
an escape sequence or a direction mark of a stranger stand as it was sent.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from urllib.parse import quote

import httpx
import pytest

from tests.app.service import Service
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
    every_route,
    example,
    field_names,
    form,
    in_forms,
    schemas,
    signed,
)
from tests.attacks.witness import newest

MARK = "gyakuten"
NASTY = f"{MARK}\r\n2026-11-21 INFO forged entry\x1b[2J\x1b]0;x\x07\u202e\u2028\x00'\";'><script>alert(1)</script> DROP TABLE people; --{MARK}"
RAW = re.compile(rf"{MARK}[\s\S]*?(?:forged|\x1b|\u202e|\u2028|\x00)")
CHOICES = {"purpose": "audit", "destination": "device", "form": "sealed", "lang": "ja", "next": "/"}


def clean(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Lines of the log in which something that was sent stands."""
    formatter = logging.Formatter("%(levelname)s %(name)s %(message)s %(exc_text)s")
    ours = [
        one for one in caplog.records if not one.name.startswith(("httpx", "httpcore"))
    ]  # those ask, and are not served
    return [line for one in ours if MARK in (line := formatter.format(one))]


def journal(house: Service, after: int) -> list[str]:
    """Entries of the journal in which something that was sent stands."""
    return [shown for one in house.clinic.journal.entries(after + 1) if MARK in (shown := repr(one))]


def spoken(answers: list[httpx.Response]) -> list[str]:
    """Answers whose headers carry something that was sent in a form that could break out of its place."""
    return [
        str(one.request.url)[:80]
        for one in answers
        for value in one.headers.values()
        if RAW.search(value) or any(ord(char) < 32 for char in value)
    ]


def beside_choices(names: Sequence[str], number: int) -> dict[str, str]:
    """The first portion all nasty, later ones beside choices that are right, so that some come further."""
    return dict.fromkeys(names, NASTY) | (CHOICES if number else {})


def repeated(answers: list[httpx.Response]) -> list[str]:
    """Pages in which what was sent stands again as markup, not as text."""
    pages = [one for one in answers if one.headers.get("content-type", "").startswith("text/html")]
    return [str(one.request.url)[:80] for one in pages if "<script>alert" in one.text]


def broken(answers: list[httpx.Response]) -> set[tuple[str, str]]:
    """Routes that met something unexpected: what a stranger writes is refused by an error of ours."""
    return {
        (one.request.method, re.sub(rf"{MARK}[^/]*", "...", one.request.url.path))
        for one in answers
        if (one.status_code == 500 or "akashi.error" in one.text)
        and one.request.url.path not in ("/dashboard", "/dashboard/servers")  # ask over HTTPS
    }


def test_every_field_of_every_form(
    house: Service, clinic: Attacker, insider: str, caplog: pytest.LogCaptureFixture
) -> None:
    """All fields that any form has, at every form: alone, and beside choices that are right."""
    caplog.set_level(logging.DEBUG)
    after, names = newest(house), field_names()
    asked = [
        Asked(
            "POST",
            one.filled,
            {**FORM, **OURS, **signed(insider)},
            form(csrf=csrf(insider), **beside_choices(portion, number)),
        )
        for one in changing("pages")
        for number, portion in enumerate(in_forms(names))
    ]
    told = clinic.send(asked)

    assert clean(caplog) == []
    assert journal(house, after) == []
    assert spoken(told) == []
    assert repeated(told) == []
    assert broken(told) == set()
    assert alive(clinic, insider)
    assert len(names) > 20


def test_every_text_of_every_body(
    house: Service, clinic: Attacker, insider: str, caplog: pytest.LogCaptureFixture
) -> None:
    """All free texts of the API's bodies, as its own document describes them."""
    caplog.set_level(logging.DEBUG)
    after, routes = newest(house), {(one.method, one.path): one for one in every_route() if one.face == "gateway"}
    told = clinic.send(
        [
            Asked(
                *(key[0], routes[key].filled), {**JSON, **signed(insider, "gateway")}, as_json(example(schema, NASTY))
            )
            for key, schema in schemas().items()
        ]
    )

    assert clean(caplog) == []
    assert journal(house, after) == []
    assert spoken(told) == []
    assert repeated(told) == []
    assert broken(told) == set()
    assert alive(clinic, insider)


def test_every_place_of_every_address(
    house: Service, clinic: Attacker, insider: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each place of each address, the query, and headers that carry names."""
    caplog.set_level(logging.DEBUG)
    after, nasty = newest(house), quote(NASTY, safe="")
    asked = []
    for one in (one for one in every_route() if (one.method, one.path) not in LEAVING):
        headers = {**(JSON if one.face == "gateway" else FORM), **OURS, **signed(insider, one.face)}
        path = re.sub(r"\{\w+\}", nasty, one.path)
        named = {"x-file-name": nasty, "user-agent": f"{MARK}\x1b[2J", "accept-language": MARK}
        query = "&".join(f"{name}={nasty}" for name in ("lang", "notice", "t", "q", "text", "next", "page"))
        asked.append(Asked(one.method, f"{path}?{query}", {**headers, **named}, b"{}"))
    told = clinic.send(asked)

    assert clean(caplog) == []
    assert journal(house, after) == []
    assert spoken(told) == []
    assert repeated(told) == []
    assert broken(told) == set()
    assert alive(clinic, insider)
