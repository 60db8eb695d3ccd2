"""Privilege escalation by parameter: on every route, fields that nobody asked for change nothing about who may do what.

Forms read the fields that they know; bodies of the API refuse any other. Generated over the applications' own documents.
"""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from akashi.identity import events
from akashi.identity.model import Role
from akashi.identity.permissions import PERMISSIONS
from tests.access.origin import signed_in_as
from tests.app.service import CLINIC, PAYER, Service
from tests.attacks.asking import (
    FORM,
    JSON,
    OURS,
    Asked,
    Attacker,
    alive,
    as_json,
    changing,
    csrf,
    every_route,
    example,
    form,
    schemas,
    signed,
)
from tests.attacks.conftest import HANDS
from tests.attacks.witness import state

CHOICES = {"purpose": "audit", "destination": "device", "form": "sealed", "reason": "lost", "lang": "ja", "next": "/"}
OPEN = {"open.login", "open.enrol"}


def wishes(house: Service) -> dict[str, str]:
    """What an attacker would like to be."""
    gateway = house.clinic
    return {
        "role": "manager", "roles": str(int(Role.MANAGER | Role.SECRETARIAT)), "actions": "*", "scope": "*", "is_admin": "1", "admin": "true",
        "person": house.cast.persons[PAYER], "institution": house.cast.handles[PAYER], "device": gateway.line.device if hasattr(gateway.line, "device") else "",
        "session": house.cast.tokens[CLINIC], "proved_ms": "9999999999999", "unconfirmed": "0", "approving": "1", "method": "8", "enabled": "1",
    }  # fmt: skip


def authority(house: Service) -> dict[str, object]:
    """Who may do what, as the ledger says now: roles of everybody, devices and institutions."""
    with house.clinic.ledger.view() as state_:
        people = {
            one: (found.roles, found.enabled, found.institution)
            for one in _people(house)
            if (found := events.person(state_, one)) is not None
        }
        return {"people": people, "devices": sorted(map(repr, events.devices(state_)))}


def _people(house: Service) -> list[str]:
    return [row[0] for row in house.clinic.database._connection.execute("SELECT person FROM people ORDER BY 1")]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AUDITOR], ids=lambda role: role.name)
def test_extra_fields_of_forms_raise_nobody(house: Service, clinic: Attacker, role: Role) -> None:
    """On every form of the pages, as a weak role: roles, person, institution or session in the body or the query are not read."""
    token = signed_in_as(house.clinic, role, "-wishing")
    before, wanted = authority(house), wishes(house)
    body = form(csrf=csrf(token), **CHOICES, **wanted)
    routes = [one for one in changing("pages") if one.permission not in OPEN]
    asked = [
        Asked("POST", f"{one.filled}?{urlencode(wanted)}", {**FORM, **OURS, **signed(token)}, body) for one in routes
    ]
    told = clinic.send(asked)
    lacking = [
        (of.path, answer.status_code)
        for of, answer in zip(routes, told, strict=True)
        if of.permission and not of.roles & role and answer.status_code != 403
    ]

    assert lacking == []
    assert authority(house) == before
    assert clinic.gateway.accounts.session(token, clinic.gateway.machine_certificate()).roles == role


def test_every_body_of_the_api_refuses_what_it_does_not_know(house: Service, clinic: Attacker, insider: str) -> None:
    """One field too many in an otherwise right body, for each body: refused as not well formed, before anything runs."""
    before, wanted, taken = state(house), wishes(house), []
    for turn, ((method, path), schema) in enumerate(schemas().items()):
        route = next(one for one in every_route() if (one.face, one.method, one.path) == ("gateway", method, path))
        if route.permission in OPEN or not PERMISSIONS.get(route.permission, HANDS) & HANDS:
            continue
        right = example(schema, "x")
        extra = [name for name in wanted if name not in right][
            turn % 4 :: 4
        ]  # each body some wishes, each wish at many bodies
        asked = [
            Asked(method, route.filled, {**JSON, **signed(insider, "gateway")}, as_json({**right, name: wanted[name]}))
            for name in extra
        ]
        taken += [(path, name) for name, told in zip(extra, clinic.send(asked), strict=True) if told.status_code != 400]

    assert taken == []
    assert state(house) == before
    assert len(schemas()) > 10
    assert alive(clinic, insider)


def test_extra_fields_at_the_sign_in_are_refused_or_not_read(house: Service, clinic: Attacker) -> None:
    """Signing in with a role or a person of one's choice: the API refuses the body, the page does not read it."""
    wanted = wishes(house)
    told = [
        clinic.one("POST", "/api/v1/session", JSON, as_json({"login": "okuru", "password": "x", name: value}))
        for name, value in wanted.items()
    ]

    assert {(one.status_code, one.json()["code"]) for one in told} == {(400, "api.request")}


def test_a_repeated_field_is_refused(house: Service, clinic: Attacker, insider: str) -> None:
    """Parameter pollution: a form that says a field twice is no form of ours, on every route."""
    before = state(house)
    body = form(csrf=csrf(insider), reason="lost") + b"&reason=not_ours"
    routes = [one for one in changing("pages") if PERMISSIONS.get(one.permission, HANDS) & HANDS]
    told = clinic.send([Asked("POST", one.filled, {**FORM, **OURS, **signed(insider)}, body) for one in routes])

    assert {answer.status_code for answer in told} == {400}
    assert state(house) == before


def test_headers_choose_nobody(house: Service, clinic: Attacker, clerk: str) -> None:
    """Headers that proxies and frameworks honour elsewhere: no route of a manager's opens, and no address or person is taken from them."""
    forged = {
        "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1", "forwarded": "for=127.0.0.1;proto=https", "x-forwarded-user": "jimu",
        "x-remote-user": "jimu", "remote-user": "jimu", "x-original-url": "/login", "x-rewrite-url": "/login", "x-http-method-override": "GET",
        "x-method-override": "GET", "x-role": "manager", "x-client-cert": "MIIB", "ssl-client-verify": "SUCCESS", "akashi-client-cert": "MIIB",
    }  # fmt: skip
    lacks = [one for one in every_route() if one.permission in PERMISSIONS and not one.roles & Role.OPERATOR]
    told = clinic.send(
        [Asked(one.method, one.filled, {**JSON, **OURS, **signed(clerk, one.face), **forged}, b"[]") for one in lacks]
    )

    assert {answer.status_code for answer in told} == {403}
    assert len(lacks) > 30
    assert alive(clinic, clerk)


def test_a_method_in_a_field_is_no_method(house: Service, clinic: Attacker, insider: str) -> None:
    """``_method`` and other verbs in a body do not turn a look into a change."""
    before = state(house)
    reading = [one for one in every_route() if one.method == "GET" and one.face == "pages"]
    body = form(csrf=csrf(insider), _method="POST", reason="lost")
    told = clinic.send(
        [Asked("GET", f"{one.filled}?_method=POST&reason=lost", {**OURS, **signed(insider)}) for one in reading]
        + [
            Asked("POST", one.filled, {**FORM, **OURS, **signed(insider)}, body)
            for one in reading
            if not _posts(one.path)
        ]
    )

    assert state(house) == before
    assert {answer.status_code for answer in told[len(reading) :]} <= {404, 405}


def _posts(path: str) -> bool:
    return any(one.path == path for one in changing("pages"))
