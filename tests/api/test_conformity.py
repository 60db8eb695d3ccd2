"""Conformity over REST: the same views and acts as the pages, as JSON."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from akashi.app.conformity.bundles import verify
from akashi.identity.journal import Outcome
from akashi.ledger.proof.verdict import Status
from tests.api.served import World
from tests.waiting import until
from tests.web.conformity_stage import put_on_stage, staged_probes

pytestmark = pytest.mark.network
OPS = "mhlw-7.0-draft-ops"
BASE = "/api/v1/conformity"
UNTIL_MS = 4_078_738_799_999


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[httpx.Client]:
    """The clinic's manager, its conformity on the stage."""
    put_on_stage(world.gateway(world.clinic))
    with staged_probes():
        yield world.signed_in(world.clinic)


def finished(client: httpx.Client) -> dict[str, object]:
    """The standing once nothing runs."""
    found: dict[str, object] = {}

    def over() -> bool:
        found.update(client.get(f"{BASE}/runs").json())
        return not found["running"]

    until(over, "the end of a run", lambda: found)
    return found


def test_a_sheet_and_an_item_say_what_the_views_say(client: httpx.Client) -> None:
    """All items with their verdicts, filtered as asked; one item with its checks."""
    everything = client.get(f"{BASE}/sheets/{OPS}").json()
    filtered = client.get(f"{BASE}/sheets/{OPS}", params={"group": "13", "verdict": "undecided"}).json()
    item = client.get(f"{BASE}/sheets/{OPS}/13-6").json()
    wrong = client.get(f"{BASE}/sheets/{OPS}", params={"verdict": "maybe"})

    assert len(everything["items"]) == 130
    assert {one["group"] for one in filtered["items"]} <= {"13"}
    assert item["decision"]["item"] == "13-6"
    assert wrong.status_code == 400


def test_an_answer_with_evidence_is_kept(client: httpx.Client) -> None:
    """The file first, then the answer that names it; the overview counts it as a document."""
    before = client.get(BASE).json()
    evidence = client.post(f"{BASE}/evidence", content=b"invented", headers={"X-File-Name": "a.txt"}).json()["evidence"]
    body = {"reply": "yes", "text": "架空の答え", "evidence": [evidence], "audience": "public", "due_ms": UNTIL_MS}
    kept = client.post(f"{BASE}/sheets/{OPS}/2-1/answer", json=body)
    seen = client.get(f"{BASE}/sheets/{OPS}/2-1").json()
    after = client.get(BASE).json()

    assert kept.status_code == 201
    assert (seen["answer"]["text"], seen["answer"]["evidence"]) == ("架空の答え", [evidence])
    assert documents(after) > documents(before)


def documents(overview: dict[str, list[dict[str, dict[str, int]]]]) -> int:
    """How many items documents decide, over all sheets."""
    return sum(one["shares"]["document"] for one in overview["sheets"])


@pytest.mark.parametrize(
    ("change", "status"),
    [({"reply": "maybe"}, 400), ({"evidence": ["evd-0000"]}, 404), ({"evidence": ["x"]}, 400), ({"more": 1}, 400)],
)
def test_what_is_no_answer_is_refused(client: httpx.Client, change: dict[str, object], status: int) -> None:
    """Unknown words, evidence that is not here, unknown fields."""
    answer = client.post(f"{BASE}/sheets/{OPS}/3-2/answer", json={"reply": "no", **change})

    assert answer.status_code == status
    assert client.get(f"{BASE}/sheets/{OPS}/3-2").json()["answer"] is None


def test_a_run_is_started_followed_and_taken_out(world: World, client: httpx.Client) -> None:
    """It stands on the ledger afterwards, and its public bundle verifies offline."""
    client.put(f"{BASE}/features", json={"features": ["web_service"]})
    started = client.post(f"{BASE}/runs")
    found = finished(client)
    newest = found["runs"][0]  # type: ignore[index]  # a list, see the line below
    data = client.get(f"{BASE}/runs/{newest['run']}/bundle").content
    gateway = world.gateway(world.clinic)

    assert (started.status_code, started.json()["started"], found["failure"]) == (202, True, None)
    assert newest["index"] == gateway.ledger.entries(newest["run"])[0].index
    assert verify(data, gateway.paths.trust.read_bytes(), gateway.clock.now_ms()).status is Status.VERIFIED


def test_unknown_conditions_are_refused(client: httpx.Client) -> None:
    """By the name that was sent, and nothing changes."""
    before = client.get(BASE).json()["features"]
    answer = client.put(f"{BASE}/features", json={"features": ["moon"]})

    assert answer.status_code == 400
    assert client.get(BASE).json()["features"] == before


def test_an_auditor_reads_and_does_nothing(world: World, client: httpx.Client) -> None:
    """A denied act is in the journal."""
    auditor = world.signed_in(world.clinic, world.clinic.other_login)
    seen = auditor.get(BASE)
    denied = [
        auditor.post(f"{BASE}/runs"),
        auditor.put(f"{BASE}/features", json={"features": []}),
        auditor.get(f"{BASE}/targets"),
    ]
    last = list(world.gateway(world.clinic).journal.entries())[-1]

    assert seen.status_code == 200
    assert [one.status_code for one in denied] == [403, 403, 403]
    assert last.outcome is Outcome.REFUSED
