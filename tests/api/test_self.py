"""One's own account and one's own signature over REST, on gateways that demand device certificates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi.identity.model import Role
from tests.api.served import PASSWORD, World, checkup_file, served
from tests.identity.factors.authenticator import Authenticator

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A home in which second places are asked about."""
    with served(tmp_path_factory.mktemp("self"), confirm_places=True) as made:
        yield made


def newcomer(house: World, login: str) -> httpx.Client:
    """A new sender at the clinic, signed in without a browser."""
    accounts = house.gateway(house.clinic).accounts
    person = accounts.add_person(login=login, name="架空 客人", roles=Role.OPERATOR)
    accounts.set_password(person, PASSWORD)
    return house.signed_in(house.clinic, login)


def passkey_of(house: World, client: httpx.Client) -> Authenticator:
    """A passkey that the person enrolled."""
    made = Authenticator("localhost", f"https://localhost:{house.clinic.port}")
    options = client.post("/api/v1/me/passkey/options").json()
    answer = client.post("/api/v1/me/passkey", json={"answer": made.create(options), "label": "x"})
    assert answer.json()["on_ledger"] is True
    return made


def approval(passkey: Authenticator, wanted: dict[str, Any]) -> dict[str, Any]:
    """The answer to what the 403 asked."""
    response = json.loads(passkey.get({"challenge": wanted["challenge"]}))["response"]
    spki = passkey.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    parts = {"signature": "signature", "authenticator_data": "authenticatorData", "client_data": "clientDataJSON"}
    answer = {"operation": wanted["operation"], "key": sha256(spki).hexdigest(), "kind": 1}
    return answer | {name: response[at] for name, at in parts.items()}


def test_a_transfer_is_asked_for_and_signed(house: World) -> None:
    """403 says what to sign; a bent answer is refused and one begins again; the same request with the right header sends."""
    client = newcomer(house, "rest-a")
    passkey = passkey_of(house, client)
    data = checkup_file(house, seed=51)
    draft = client.post("/api/v1/checkup/convert", content=data, headers={"X-File-Name": "kekka.csv"}).json()["draft"]
    body = {"draft": draft, "receiver": house.payer.institution}
    asked = client.post("/api/v1/transfers", json=body)
    wanted = asked.json()["approval"]
    right = approval(passkey, wanted)
    bent = {"Akashi-Approval": json.dumps([right | {"operation": "00" * 32}])}
    refused = client.post("/api/v1/transfers", json=body, headers=bent)
    again = approval(passkey, client.post("/api/v1/transfers", json=body).json()["approval"])
    done = client.post("/api/v1/transfers", json=body, headers={"Akashi-Approval": json.dumps([again])})

    assert (asked.status_code, asked.json()["code"], wanted["kind"]) == (403, "ledger.approval_wanted", "transfer.sent")
    assert {"operation", "challenge", "message", "rp", "keys"} <= set(wanted)
    assert (refused.status_code, refused.json()["code"]) == (403, "ledger.approval_mismatch")
    assert done.status_code == 201, done.text


def test_a_passkey_signs_in_and_proves_again(house: World) -> None:
    """Alone at sign-in; the proof gives a new token and ends the old one."""
    passkey = passkey_of(house, newcomer(house, "rest-b"))
    client = house.client(house.clinic)
    options = client.post("/api/v1/session/options").json()
    began = client.post("/api/v1/session/passkey", json={"assertion": passkey.get(options)})
    old = {"Authorization": f"Bearer {began.json()['token']}"}
    challenge = client.post("/api/v1/session/proof-options", headers=old).json()
    proved = client.post("/api/v1/session/prove", json={"assertion": passkey.get(challenge)}, headers=old)
    new = {"Authorization": f"Bearer {proved.json()['token']}"}

    assert (began.status_code, proved.status_code) == (201, 200)
    assert [client.get("/api/v1/me", headers=one).status_code for one in (old, new)] == [401, 200]


def test_a_client_with_a_place_is_asked_like_a_browser(house: World) -> None:
    """The second place answers first; until then everything is 401 with its own code."""
    newcomer(house, "rest-c")
    client = house.client(house.clinic)
    form = {"login": "rest-c", "password": PASSWORD, "place": ""}
    began = client.post("/api/v1/session", json=form).json()
    token = {"Authorization": f"Bearer {began['token']}"}
    kept = client.get("/api/v1/me", headers=token)
    yes = client.post("/api/v1/session/place", json={"answer": "yes"}, headers=token)
    known = client.post("/api/v1/session", json=form | {"place": began["place"]}).json()

    assert (began["unconfirmed"], kept.status_code, kept.json()["code"]) == (True, 401, "identity.confirmation_needed")
    assert (yes.json(), known["unconfirmed"]) == ({"confirmed": True}, False)
    assert client.get("/api/v1/me", headers=token).status_code == 200


def test_ones_sessions_are_seen_and_ended(house: World) -> None:
    """Another session stands in the list and is over after its DELETE."""
    client = newcomer(house, "rest-d")
    other = house.signed_in(house.clinic, "rest-d")
    seen = client.get("/api/v1/me").json()["sessions"]
    key = next(one["key"] for one in seen if not one["here"])
    ended = client.delete(f"/api/v1/me/sessions/{key}")

    assert (len(seen), ended.status_code, other.get("/api/v1/me").status_code) == (2, 204, 401)


@pytest.mark.parametrize("spki", ["", "AAAA", "=", "é"])
def test_a_key_that_is_none_is_refused(house: World, spki: str) -> None:
    """Wrong base64, no key: 400 with a code, and nothing enrolled."""
    client = house.signed_in(house.clinic, "rest-d")
    answer = client.post("/api/v1/me/keys", json={"kind": "browser", "spki": spki, "possession": "AAAA"})

    assert answer.status_code == 400
    assert client.get("/api/v1/me").json()["factors"] == []
