"""Every route names its permission, and nobody gets by without one."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from akashi.api.gateway.app import gateway_api
from akashi.api.public import bare_public_app
from akashi.api.server.app import bare_server_app
from akashi.api.server.callers import MACHINE_ACTIONS
from akashi.app.server.dashboard import ErrorCounter
from akashi.clock import SystemClock
from akashi.identity.model import Role
from akashi.identity.permissions import PERMISSIONS
from akashi.web.app import web_app
from tests.api.served import PASSWORD, World

ERRORS = ErrorCounter(SystemClock())
FACES: dict[str, FastAPI] = {
    "server": bare_server_app(None, ERRORS),
    "gateway": gateway_api(None, ERRORS),
    "pages": web_app(None, ERRORS),
    "public": bare_public_app(None, ERRORS),
}
OPEN = {"open.login", "open.enrol", "open.ocsp"}
# Reading that needs no permission of its own: the forms before a session, one's own session, and public files.
FREE_READING = {
    ("gateway", "/api/v1/session"),
    ("pages", "/login"),
    ("pages", "/reset"),
    ("pages", "/static/akashi.css"),
    ("pages", "/static/akashi.js"),
    *(
        ("public", path)
        for path in (
            "/",
            "/trust.txt",
            "/ca.pem",
            "/crl.pem",
            "/ocsp/{asked}",
            "/api/v1/institutions",
            "/static/akashi.css",
        )
    ),
}
FILLED = {
    "{name}": "tr-aaaaaaaaaaaaaaaaaaaa",
    "{draft}": "draft",
    "{institution}": "inst-aaaaaaaaaaaaaaaaaaaa",
    "{device}": "dev-aaaaaaaaaaaaaaaaaaaa",
    "{operation}": "00" * 32,
    "{subject}": "tr-aaaaaaaaaaaaaaaaaaaa",
    "{space}": "tr",
    "{key}": "00" * 32,
    "{payload}": "00" * 16,
    "{column}": "1",
    "{version}": "1",
}


def routes() -> list[tuple[str, str, str, str | None]]:
    """``(face, method, path, permission)`` of every route, as the OpenAPI documents have them."""
    return [
        (face, method.upper(), path, operation.get("x-permission"))
        for face, app in FACES.items()
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    ]


def filled(path: str) -> str:
    """The path with something well formed in its places."""
    for place, value in FILLED.items():
        path = path.replace(place, value)
    return path


def test_the_table_of_routes_is_whole() -> None:
    """All four faces have routes: an enumeration that finds nothing proves nothing."""
    assert {face for face, *_ in routes()} == set(FACES)
    assert len(routes()) > 45


def test_every_mutating_route_names_a_permission() -> None:
    """Whatever is not GET names an action of the table, or is one of the two that nobody can be signed in for."""
    known = set(PERMISSIONS) | OPEN
    mutating = [row for row in routes() if row[1] not in {"GET", "HEAD"}]

    assert [row for row in mutating if row[3] not in known] == []


def test_reading_routes_name_a_permission_or_are_listed() -> None:
    """Reading is denied by default too; the exceptions are listed here."""
    reading = [row for row in routes() if row[1] == "GET" and row[3] is None]

    assert {(face, path) for face, _, path, _ in reading} == FREE_READING


def test_machine_actions_are_actions() -> None:
    """The machines' table names no action of its own, and no route asks for one that it does not know."""
    asked = {row[3] for row in routes() if row[0] == "server"}

    assert set(MACHINE_ACTIONS) <= set(PERMISSIONS)
    assert asked <= set(MACHINE_ACTIONS)


@pytest.mark.network
def test_nobody_without_a_session(world: World) -> None:
    """Every route of a gateway that names a permission answers 401 (pages: the sign-in) to a good device without a session."""
    client = world.client(world.clinic)
    for face, method, path, permission in routes():
        if face not in {"gateway", "pages"} or permission in {None, "open.login"}:
            continue
        answer = client.request(method, filled(path), headers={"Sec-Fetch-Site": "same-origin"})
        expected = (401, None) if face == "gateway" else (303, "/login")
        assert (answer.status_code, answer.headers.get("location")) == expected, (method, path)


@pytest.mark.network
def test_no_role_no_action(world: World) -> None:
    """An auditor reads and reviews, and may change nothing else: 403 for each mutating route, with its entry in the journal."""
    client = world.signed_in(world.payer, world.payer.other_login)
    before = sum(1 for _ in world.gateway(world.payer).journal.entries())
    theirs = {None, "open.login", *(action for action, roles in PERMISSIONS.items() if roles & Role.AUDITOR)}
    refused = 0
    for face, method, path, permission in routes():
        if face == "gateway" and method != "GET" and permission not in theirs:
            answer = client.request(method, filled(path), json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "identity.not_permitted"), path
            refused += 1
    entries = sum(1 for _ in world.gateway(world.payer).journal.entries())

    assert entries - before == refused > 5


@pytest.mark.network
def test_no_certificate_no_answer(world: World) -> None:
    """Without a device certificate there is no handshake, on the server's origin and on a gateway's."""
    for port in (world.server.settings.port, world.clinic.port):
        with pytest.raises(Exception, match=r"(?i)certificate|eof|closed|disconnected|reset"):
            world.client(None, port).get("/api/v1/ledger")


@pytest.mark.network
def test_the_device_of_another_institution_is_refused(world: World) -> None:
    """A certificate of the same CA opens only its own institution's gateway, even with the right password."""
    client = world.client(world.clinic, world.payer.port)
    answer = client.post("/api/v1/session", json={"login": world.payer.login, "password": PASSWORD})

    assert answer.status_code == 403
    assert answer.json()["reason"] in {
        "device.institution",
        "device.unknown",
    }  # the server does not even tell whose it is


@pytest.mark.network
def test_a_token_is_good_on_its_own_device_only(world: World) -> None:
    """A stolen token is refused on another device of the same institution, and the owner's session goes on."""
    owner = world.signed_in(world.clinic)
    other = world.client(world.second_device(world.clinic))
    stolen = other.get("/api/v1/session", headers={"Authorization": owner.headers["Authorization"]})

    assert stolen.status_code == 401
    assert owner.get("/api/v1/session").status_code == 200


@pytest.mark.network
def test_a_revoked_device_is_refused_at_its_next_request(world: World) -> None:
    """On the open connection, before any list was reloaded: the ledger is asked each time."""
    second = world.second_device(world.clinic)
    client = world.signed_in(second)
    before = client.get("/api/v1/session").status_code
    world.revoke(second)
    try:
        answer = client.get("/api/v1/session")
        after = (answer.status_code, answer.json().get("reason"))
    except httpx.TransportError:  # the connection was cut first, which is as good
        after = (403, "device.revoked")

    assert before == 200
    assert after == (403, "device.revoked")


@pytest.mark.network
def test_a_disabled_institution_is_shut_out(world: World) -> None:
    """Its devices are refused at the next request, and served again once it is enabled."""
    client = world.signed_in(world.payer)
    with world.disabled(world.payer):
        during = client.get("/api/v1/session")
    after = world.signed_in(world.payer).get("/api/v1/session")

    assert (during.status_code, after.status_code) == (403, 200)
