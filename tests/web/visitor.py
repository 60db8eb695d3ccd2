"""A person without a browser: keeps cookies, reads forms out of pages, answers with a software passkey."""

from __future__ import annotations

import json
import re
from copy import copy
from hashlib import sha256
from html import unescape
from typing import Any

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi.identity.model import Role
from tests.api.served import PASSWORD, Member, World
from tests.identity.factors.authenticator import Authenticator

OURS = {"Sec-Fetch-Site": "same-origin"}
CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
_FORM = re.compile(r"<form([^>]*)>(.*?)</form>", re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?>')


class Guest:
    """One new person of an institution, at its pages."""

    def __init__(self, house: World, member: Member, login: str, roles: Role = Role.OPERATOR) -> None:
        self.house, self.member, self.login = house, member, login
        self.gateway = house.gateway(member)
        accounts = self.gateway.accounts
        self.person = accounts.person_of_login(login) or accounts.add_person(login=login, name="架空 客人", roles=roles)
        accounts.set_password(self.person, PASSWORD)
        self.client = house.client(member)
        self.passkey = Authenticator("localhost", f"https://localhost:{member.port}")

    @classmethod
    def again(cls, guest: Guest, client: httpx.Client) -> Guest:
        """The same person in another browser, signed in with their passkey."""
        made = copy(guest)
        made.client = client
        fields, options = ceremony(made.get("/login").text)
        made.sign_in(**fields | {"assertion": made.passkey.get(options)})
        return made

    def get(self, path: str) -> httpx.Response:
        """Look at a page."""
        return self.client.get(path)

    def sign_in(self, **fields: str) -> httpx.Response:
        """With the password alone, or with these fields; says yes where a new browser is asked about."""
        form = fields or {"login": self.login, "password": PASSWORD, "code": ""}
        answer = self.client.post("/login", data=form, headers=OURS)
        if answer.headers.get("location") == "/place":
            found = CSRF.search(self.get("/place").text)
            assert found is not None
            self.client.post("/place", data={"csrf": found[1], "answer": "yes"}, headers=OURS)
        return answer

    def csrf(self) -> str:
        """What forms of this session carry."""
        found = CSRF.search(self.get("/me").text)
        assert found is not None
        return found[1]

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form of ours."""
        return self.client.post(path, data={"csrf": self.csrf(), **fields}, headers=OURS)

    def enrol_passkey(self) -> httpx.Response:
        """Over the page for it."""
        _, options = ceremony(self.get("/me/passkey").text)
        return self.post("/me/passkey", answer=self.passkey.create(options), label="試し")

    def answer(self, page: str) -> dict[str, str]:
        """The fields of an approval page with this person's answer."""
        fields, wanted = ceremony(page)
        return fields | {"approval": json.dumps([self.approval(wanted)])}

    def approval(self, wanted: dict[str, Any], **bent: Any) -> dict[str, Any]:
        """What the script would post of one approval."""
        response = json.loads(self.passkey.get({"challenge": wanted["challenge"]}))["response"]
        spki = self.passkey.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {
            "operation": wanted["operation"],
            "key": sha256(spki).hexdigest(),
            "kind": 1,
            "signature": response["signature"],
            "authenticator_data": response["authenticatorData"],
            "client_data": response["clientDataJSON"],
        } | bent


def ceremony(page: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Hidden fields and options of the first form that asks a key."""
    for attributes, inside in _FORM.findall(page):
        found = re.search(r'data-options="([^"]*)"', attributes)
        if found is not None:
            fields = {name: unescape(value) for name, value in _HIDDEN.findall(inside)}
            return fields, json.loads(unescape(found[1]))
    raise AssertionError(page[:2000])
