"""People of the clinic at the pages of duty: hired by the console, with a password and no second factor, as this home's settings allow."""

from __future__ import annotations

import re

import httpx

from akashi.identity.model import Role
from tests.api.served import PASSWORD, World

OURS = {"Sec-Fetch-Site": "same-origin"}


def hired(world: World, login: str, roles: Role) -> str:
    """A person of the clinic; their handle. One who is here already is only named."""
    accounts = world.gateway(world.clinic).accounts
    known = accounts.person_of_login(login)
    if known is not None:
        return known
    made = accounts.add_person(login=login, name=f"架空 {login}", roles=roles)
    accounts.set_password(made, PASSWORD)
    return made


class Desk:
    """A person at the pages. ``login`` signs in on the clinic's first device."""

    def __init__(self, world: World, login: str, password: str = PASSWORD) -> None:
        self.client = world.client(world.clinic)
        answer = self.client.post("/login", data={"login": login, "password": password, "code": ""}, headers=OURS)
        assert answer.status_code == 303, answer.text
        if answer.headers["location"] == "/place":  # another browser than before
            found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.client.get("/place").text)
            assert found is not None
            self.client.post("/place", data={"csrf": found[1], "answer": "yes"}, headers=OURS)

    def see(self, path: str) -> str:
        """A page's text; it must be there."""
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.headers.get("location"))
        return answer.text

    @property
    def csrf(self) -> str:
        """The value of this session's forms."""
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.client.get("/verify").text)
        assert found is not None
        return found[1]

    def post(self, path: str, data: dict[str, str] | None = None, file: bytes | None = None) -> httpx.Response:
        """Send a form of these pages."""
        files = None if file is None else {"file": ("x.pdf", file, "application/pdf")}
        return self.client.post(path, data={"csrf": self.csrf, **(data or {})}, files=files, headers=OURS)

    def done(self, path: str, data: dict[str, str] | None = None) -> str:
        """Send a form that works; where it leads."""
        answer = self.post(path, data)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"].split("?")[0]


def error_of(answer: httpx.Response) -> str:
    """The code of the error on a page."""
    found = re.search(r'id="error".*?<code>([a-z_.]+)</code>', answer.text, re.DOTALL)
    return found[1] if found else ""
