"""A machine client over REST: its secret and its device's certificate let it do what its actions name, and nothing else."""

from __future__ import annotations

import httpx
import pytest

from akashi.identity.access.model import ClientTerms
from akashi.identity.events import device
from tests.api.served import Member, World, checkup_file

pytestmark = pytest.mark.network
ACTIONS = frozenset({"checkup.convert", "transfer.send", "transfer.read"})
YEAR_MS = 300 * 24 * 3600 * 1000


@pytest.fixture(scope="module")
def machine(world: World) -> tuple[Member, str]:
    """A device of the clinic's, and the secret of the client on it."""
    member = world.second_device(world.clinic)
    gateway = world.gateway(world.clinic)
    token = world.signed_in(world.clinic).headers["Authorization"].removeprefix("Bearer ")
    manager = gateway.accounts.session(token, _certificate(world, world.clinic))
    terms = ClientTerms(ACTIONS, gateway.clock.now_ms() + YEAR_MS, world.clinic.person, world.payer.institution)
    return member, gateway.people.clients.enrol(manager, member.device, terms, label="架空 連携").bearer


def _certificate(world: World, member: Member) -> bytes:
    from_ledger = world.gateway(member).ledger
    with from_ledger.view() as state:
        found = device(state, member.device)
    assert found is not None
    return found.certificate


def _as_machine(world: World, machine: tuple[Member, str], on: Member | None = None) -> httpx.Client:
    client = world.client(on or machine[0])
    client.headers["Authorization"] = f"Bearer {machine[1]}"
    return client


def test_a_client_sends_and_the_trail_names_its_device(world: World, machine: tuple[Member, str]) -> None:
    """Convert and send with the secret alone on its device; the trail shows the device and no person."""
    client = _as_machine(world, machine)
    made = client.post(
        "/api/v1/checkup/convert", content=checkup_file(world, seed=77), headers={"X-File-Name": "kekka.csv"}
    )
    body = {"draft": made.json()["draft"], "receiver": world.payer.institution}
    sent = client.post("/api/v1/transfers", json=body)
    shown = client.get(f"/api/v1/transfers/{sent.json()['transfer']}")

    assert (made.status_code, sent.status_code, shown.status_code) == (201, 201, 200)
    assert world.clinic.person not in shown.text
    assert machine[0].device in shown.text


@pytest.mark.parametrize("path", ["/api/v1/people", "/api/v1/devices", "/api/v1/journal", "/api/v1/conformity/sheets"])
def test_a_client_reaches_nothing_else(world: World, machine: tuple[Member, str], path: str) -> None:
    """What its actions do not name is refused, or is not there."""
    assert _as_machine(world, machine).get(path).status_code in {403, 404}


def test_the_secret_is_nothing_on_another_device(world: World, machine: tuple[Member, str]) -> None:
    """Attack: the secret was read from the machine's disk and is shown over a colleague's certificate."""
    client = _as_machine(world, machine, on=world.clinic)

    assert client.get("/api/v1/transfers").status_code == 401


def test_a_wrong_secret_and_an_unknown_client_are_one_answer(world: World, machine: tuple[Member, str]) -> None:
    """Attack: nothing tells whether a client exists."""
    client = world.client(machine[0])
    handle = machine[1].split(".")[0]
    answers = []
    for bearer in (f"{handle}.{'A' * 43}", f"cli-{'0' * 20}.{'A' * 43}", "cli-", "cli-x.y"):
        answer = client.get("/api/v1/transfers", headers={"Authorization": f"Bearer {bearer}"})
        answers.append((answer.status_code, answer.json()["code"]))

    assert len(set(answers)) == 1
    assert answers[0][0] == 401
