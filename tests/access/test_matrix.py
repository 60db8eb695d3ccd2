"""Every route of a gateway, as every role and as nobody: generated from the applications' documents and the table of permissions.

Refused means 403 with the permission's own error and an entry in the access journal; let in means anything but that.
"""

from __future__ import annotations

import pytest

from akashi.identity.credentials import token_id
from akashi.identity.errors import SignInFailed
from akashi.identity.journal import Access, Outcome, What
from akashi.identity.model import Role
from akashi.identity.permissions import PERMISSIONS
from tests.access.conftest import CLINIC, PARTS
from tests.access.origin import Origin, Route, routes, signed_in_as
from tests.app.service import Service

ASLEEP = {Role.EMERGENCY, Role.MAINTENANCE}
"""Roles without a session outside an opening or an approved window."""
AWAKE = [role for role in Role if role not in ASLEEP | {Role.PATIENT}]


def refusals(house: Service, part: str, after: int) -> list[Access]:
    """Refused actions in the journal since entry ``after``."""
    entries = house.gateways[part].journal.entries(after + 1)
    return [one for one in entries if one.what is What.ACTION and one.outcome is Outcome.REFUSED]


def newest(house: Service, part: str) -> int:
    """The number of the journal's last entry."""
    return sum(1 for _ in house.gateways[part].journal.entries())


def asked(of: list[Route]) -> list[tuple[str, str]]:
    """What to ask for each route."""
    return [(one.method, one.filled) for one in of]


def test_there_are_many_routes() -> None:
    """An enumeration that finds nothing proves nothing; every permission that a route names is of the table."""
    assert {one.face for one in routes()} == {"gateway", "pages"}
    assert len(routes()) > 150
    assert {one.permission for one in routes()} <= set(PERMISSIONS)


def test_nobody_gets_in(house: Service, origins: dict[str, Origin]) -> None:
    """Without a session: 401 from the API, the sign-in page from the pages, for every route."""
    told = origins[CLINIC].ask(asked(list(routes())))
    expected = [(401, "") if one.face == "gateway" else (303, "/login") for one in routes()]

    assert [(one.status, one.location) for one in told] == expected


def test_a_made_up_token_is_nobody(origins: dict[str, Origin]) -> None:
    """A token that nobody was given is no session."""
    told = origins[CLINIC].ask(asked(list(routes())), "A" * 43)

    assert {one.status for one in told} == {401, 303}


@pytest.mark.parametrize("role", AWAKE, ids=lambda role: role.name)
def test_a_role_gets_its_own_routes_and_no_other(house: Service, origins: dict[str, Origin], role: Role) -> None:
    """Each route that the role lacks is refused and recorded; none that it has is refused for its permission."""
    part = PARTS.get(role, CLINIC)
    token = signed_in_as(house.gateways[part], role)
    lacks = [one for one in routes() if not one.roles & role]
    has = [one for one in routes() if one.roles & role]
    before = newest(house, part)
    refused = origins[part].ask(asked(lacks), token)
    entries = refusals(house, part, before)
    before = newest(house, part)
    origins[part].ask(asked(has), token)
    # A use case behind the route may ask for more than the route does; never for the route's own.
    turned = {entry.reason for entry in refusals(house, part, before)} & {one.permission for one in has}

    assert {one.status for one in refused} <= {403}
    assert {one.code for one, of in zip(refused, lacks, strict=True) if of.face == "gateway"} <= {
        "identity.not_permitted"
    }
    assert [entry.reason for entry in entries] == [one.permission for one in lacks]
    assert turned == set()


@pytest.mark.parametrize("role", sorted(ASLEEP), ids=lambda role: role.name)
def test_sleeping_accounts_have_no_session(house: Service, origins: dict[str, Origin], role: Role) -> None:
    """An emergency account that nobody opened and a visitor outside a window cannot sign in, and a session of theirs is none."""
    gateway = house.gateways[CLINIC]
    with pytest.raises(SignInFailed):
        signed_in_as(gateway, role)
    token = signed_in_as(gateway, Role.AUDITOR, f"-{int(role)}")
    sleeper = gateway.accounts.person_of_login(f"try-{int(role)}")
    with gateway.database.transaction() as db:  # as if a session had been begun for them all the same
        db.execute("UPDATE sessions SET person = ? WHERE id = ?", (sleeper, token_id(token)))
    told = origins[CLINIC].ask(asked(list(routes())), token)

    assert {one.status for one in told} == {401, 303}
