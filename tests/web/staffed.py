"""A served home whose clinic has a manager, a planner, an operator, somebody of operations and an auditor, each at the pages and at REST."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from akashi.app.gateway.home import Gateway
from akashi.identity.model import Role
from tests.api.served import PASSWORD, World, served

OURS = {"Sec-Fetch-Site": "same-origin"}
PEOPLE = {
    "planner": Role.PLANNER,
    "second": Role.MANAGER,
    "operator": Role.OPERATOR,
    "operations": Role.OPERATIONS,
    "auditor": Role.AUDITOR,
}


@dataclass
class Desk:
    """One person at the pages: a browser's cookies, and the value for the forms."""

    client: httpx.Client
    csrf: str

    def get(self, path: str) -> httpx.Response:
        """Look at a page."""
        return self.client.get(path)

    def post(self, path: str, **form: str) -> httpx.Response:
        """Send a form of this session."""
        return self.client.post(path, data={"csrf": self.csrf, **form}, headers=OURS)


@dataclass
class Staffed:
    """The home; ``people``: handles by name, with ``manager`` for the clinic's first person."""

    world: World
    people: dict[str, str]
    desks: dict[str, Desk] = field(default_factory=dict)
    rests: dict[str, httpx.Client] = field(default_factory=dict)

    @property
    def gateway(self) -> Gateway:
        """The clinic's gateway, inside this process."""
        return self.world.gateway(self.world.clinic)

    def login(self, name: str) -> str:
        """What somebody signs in with."""
        return self.world.clinic.login if name == "manager" else f"kakuu-{name}"

    def desk(self, name: str) -> Desk:
        """Somebody at the pages, signed in once."""
        if name not in self.desks:
            client = self.world.client(self.world.clinic)
            form = {"login": self.login(name), "password": PASSWORD, "code": ""}
            answer = client.post("/login", data=form, headers=OURS)
            assert answer.status_code == 303, answer.text
            found = re.search(r'name="csrf" value="([0-9a-f]{64})"', client.get("/me").text)
            assert found is not None
            self.desks[name] = Desk(client, found[1])
        return self.desks[name]

    def rest(self, name: str) -> httpx.Client:
        """Somebody at the REST API."""
        if name not in self.rests:
            self.rests[name] = self.world.signed_in(self.world.clinic, self.login(name))
        return self.rests[name]


@contextmanager
def staffed(folder: Path) -> Iterator[Staffed]:
    """Serve a home of its own: departments change what its people may do."""
    with served(folder) as world:
        accounts = world.gateway(world.clinic).accounts
        people = {"manager": world.clinic.person}
        for name, roles in PEOPLE.items():
            people[name] = accounts.add_person(login=f"kakuu-{name}", name=f"架空 {name}", roles=roles)
            accounts.set_password(people[name], PASSWORD)
        yield Staffed(world, people)
