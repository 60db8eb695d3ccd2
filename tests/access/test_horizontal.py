"""What belongs to another institution, or to another person's desk, looks exactly like what does not exist: on every route with a place.

The asker has every role that an institution can give, on a device of their own institution, and knows the handles.
"""

from __future__ import annotations

import hmac
import json
import re
from hashlib import sha256
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from akashi.app.people import clients
from akashi.identity.access.model import ClientTerms
from akashi.identity.model import Role
from tests.access.conftest import ASSESSORS, CLINIC, PAYER
from tests.access.origin import Origin, Route, Told, routes, signed_in_as
from tests.app.service import DAY_MS, Service, checkup_file

PLACES = [one for one in routes() if "{" in one.path]
HANDS = Role.OPERATOR | Role.APPROVER
EVERYTHING = (
    HANDS | Role.MANAGER | Role.AUDITOR | Role.ASSESSOR | Role.COMMITTEE | Role.BOARD | Role.PLANNER | Role.OPERATIONS
)
UNKNOWN = {
    "name": "tr-" + "0" * 20,
    "device": "dev-" + "0" * 20,
    "operation": "0" * 64,
    "draft": "A" * 22,
    "held": "A" * 22,
}
FIELDS = {"purpose": "audit", "destination": "device", "form": "sealed", "lock": "", "sure": "1"}
REASONS = {"refuse": "not_ours", "withdraw": "wrong_content", "revoke": "lost"}
LANES = {"name": "/transfers/", "device": "/devices/", "operation": "/receipts/", "draft": "/", "held": "/"}


@pytest.fixture(scope="module")
def foreign(house: Service) -> dict[str, str]:
    """Handles of things between clinic and payer, and on their desks, by the name of the place."""
    clinic, session = house.clinic, house.session(CLINIC)
    draft = house.draft(checkup_file(seed=11))
    sent = house.send(draft)
    return {
        "name": sent.transfer,
        "device": session.device,
        "operation": sent.acknowledged.operation_id.hex(),
        "draft": clinic.drafts.keep(house.draft(checkup_file(seed=12)), session.id),
        "held": UNKNOWN["held"][::-1],
    }


@pytest.fixture(scope="module")
def stranger(house: Service) -> str:
    """The token of somebody elsewhere with every role that can be had there."""
    return signed_in_as(house.gateways[ASSESSORS], EVERYTHING)


def filled_in(token: str, path: str) -> bytes:
    """A body that the route can use: an object for the API, a form of this session for a page."""
    last = path.rpartition("/")[2]
    reason = {"reason": REASONS[last]} if last in REASONS else {}
    if not path.startswith("/api/"):
        csrf = hmac.new(token.encode(), b"akashi/csrf/1", sha256).hexdigest()
        return urlencode({"csrf": csrf, **FIELDS, **reason}).encode()
    names = {"open": ["purpose"], "export": ["purpose", "destination", "form"]}.get(last, [])
    return json.dumps({name: FIELDS[name] for name in names} | reason).encode()


def answer(origin: Origin, route: Route, token: str, values: dict[str, str]) -> Told:
    """The answer to the route with these handles in its places."""
    path = route.with_places({f"{{{name}}}": value for name, value in values.items()})
    return origin.ask([(route.method, path)], token, lambda asked: filled_in(token, asked))[0]


def words(told: Told, values: dict[str, str]) -> tuple[int, str, bytes]:
    """What was said, without the handles that were asked about."""
    body = told.body
    for value in values.values():
        body = body.replace(value.encode(), b"...").replace(
            value[:16].encode(), b"..."
        )  # or shortened, as the asker wrote it
    return told.status, re.sub(r"[a-z]+-\w+", "...", told.location), body


@pytest.mark.parametrize("place", sorted(UNKNOWN))
def test_others_objects_look_like_nothing(
    origins: dict[str, Origin], foreign: dict[str, str], stranger: str, place: str
) -> None:
    """For each route with this place: the same status and the same words for another institution's and for nobody's."""
    concerned = [one for one in PLACES if f"{{{place}}}" in one.path]
    differing = [
        (one.method, one.path)
        for one in concerned
        if words(answer(origins[ASSESSORS], one, stranger, {place: foreign[place]}), foreign)
        != words(answer(origins[ASSESSORS], one, stranger, {place: UNKNOWN[place]}), UNKNOWN)
    ]

    assert differing == []
    assert concerned


def test_no_place_answers_a_stranger(origins: dict[str, Origin], foreign: dict[str, str], stranger: str) -> None:
    """With the true handles in all places, no route shows, changes or hands out anything: never 2xx, and no page of the thing."""
    lanes = {place: [one for one in PLACES if f"{{{place}}}" in one.path] for place in ("name", "device")}
    told = [
        (one.method, one.path, answer(origins[ASSESSORS], one, stranger, {place: foreign[place]}).status)
        for place, found in lanes.items()
        for one in found
        if LANES[place] in one.path
    ]

    assert [row for row in told if row[2] < 400] == []
    assert len(told) > 10


def test_a_draft_is_its_makers(house: Service, origins: dict[str, Origin], foreign: dict[str, str]) -> None:
    """A colleague with the same roles at the same gateway finds no draft of somebody else's session."""
    token = signed_in_as(house.clinic, Role.OPERATOR | Role.MANAGER, "colleague")
    concerned = [one for one in PLACES if "{draft}" in one.path and one.permission != "maps.read"]
    differing = [
        (one.method, one.path)
        for one in concerned
        if words(answer(origins[CLINIC], one, token, {"draft": foreign["draft"]}), foreign)
        != words(answer(origins[CLINIC], one, token, {"draft": UNKNOWN["draft"]}), UNKNOWN)
    ]

    assert differing == []


def test_an_escalated_parameter_changes_nothing(house: Service, origins: dict[str, Origin]) -> None:
    """Roles, person, institution or actions in body, query or header are not read: an operator stays one."""
    token = signed_in_as(house.clinic, Role.OPERATOR, "parameter")
    wanted = {
        "roles": 4,
        "person": house.cast.persons[PAYER],
        "institution": house.cast.handles[PAYER],
        "actions": ["*"],
    }
    manage = [one for one in routes() if one.permission in {"device.manage", "dashboard.read", "conformity.probe"}]
    asked = [(one.method, one.filled + "?roles=4&role=manager&as=manager") for one in manage]
    told = origins[CLINIC].ask(asked, token, lambda _: json.dumps(wanted).encode())

    assert {one.status for one in told} <= {403, 404}


def test_a_client_is_its_institutions(house: Service) -> None:
    """A client's bearer is refused at every other gateway, with the words for a client that never was."""
    manager = house.session(PAYER)
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    device = house.server.issue_device(house.payer.institution, manager.person, public).device
    terms = ClientTerms(frozenset({"transfer.read"}), house.clock.now_ms() + DAY_MS, manager.person)
    issued = clients.enrolled(house.payer, manager, device, terms, label="架空 連携")
    said = []
    for bearer in (issued.bearer, "cli-" + "0" * 20 + "." + "A" * 43):
        with pytest.raises(Exception, match="not authenticated") as caught:
            clients.authenticate(house.clinic, f"Bearer {bearer}", house.clinic.machine_certificate())
        said.append(repr(caught.value))

    assert said[0] == said[1]
