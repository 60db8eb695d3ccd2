"""Maps over REST: draft, decide, preview, approve, share, adopt, retire, as the pages do it."""

from __future__ import annotations

import csv
import io

import httpx
import pytest

from akashi.app.demo import read_heads
from akashi.app.desk.maps import FORMATS
from tests.api.served import World

pytestmark = pytest.mark.network
BASE = "/api/v1/maps"


def small_file() -> bytes:
    """Two invented people in a layout that nobody has seen; the last column of the shipped layout has another name."""
    heads = [*read_heads(FORMATS / "layouts" / "hoshi.csv", 1)[0][:-1], "まったく別の列"]
    out = io.StringIO()
    csv.writer(out).writerows([heads, *([f"{row}"] * len(heads) for row in (1, 2))])
    return out.getvalue().encode()


@pytest.fixture(scope="module")
def client(world: World) -> httpx.Client:
    """The clinic's operator, who is its manager too."""
    return world.signed_in(world.clinic)


@pytest.fixture(scope="module")
def draft(client: httpx.Client) -> str:
    """A draft with the surest columns adopted and a head."""
    made = client.post(f"{BASE}/drafts", content=small_file(), headers={"X-File-Name": "a.csv"})
    assert made.status_code == 201, made.text
    head = {"id": "rest-map", "valid_from": "2026-04-01", "valid_to": "2099-03-31"}
    changed = client.patch(
        f"{BASE}/drafts/{made.json()['draft']}",
        json={"head": head, "tables": {"grades": {"い": "A"}}, "adopt_at_least": 60},
    )
    assert changed.status_code == 200, changed.text
    assert changed.json()["tables"] == {"grades": {"い": "A"}}
    assert any(one["decision"] == "adopt" for one in changed.json()["columns"])
    return str(made.json()["draft"])


@pytest.fixture(scope="module")
def approved(client: httpx.Client, draft: str) -> dict[str, object]:
    """The draft's first version."""
    read = client.get(f"{BASE}/drafts/{draft}/approve").json()
    made = client.post(f"{BASE}/drafts/{draft}/approve", json={"digest": read["digest"]})
    assert made.status_code == 201, made.text
    return dict(made.json())


def test_an_approved_map_is_listed_with_its_receipt(client: httpx.Client, approved: dict[str, object]) -> None:
    """State, digest and operation; its text and receipt can be fetched; the draft is closed."""
    listed = client.get(BASE).json()
    place = f"{BASE}/{approved['map']}/1"
    one = client.get(place).json()
    assert [row["state"] for row in listed["maps"]] == ["approved"]
    assert "midori-2024" in listed["shipped"]
    assert client.get(f"{place}/text").text == one["text"]
    assert 'id: "rest-map"' in one["text"]
    assert client.get(f"{place}/receipt").status_code == 200
    assert {row["closed"] for row in client.get(f"{BASE}/drafts").json()} >= {approved["map"]}


def test_a_preview_says_what_changed(client: httpx.Client, approved: dict[str, object]) -> None:
    """A second draft of the layout takes over the head; without one adopted column the preview names it."""
    made = client.post(f"{BASE}/drafts", content=small_file()).json()
    place = f"{BASE}/drafts/{made['draft']}"
    adopted = client.patch(place, json={"adopt_at_least": 60}).json()
    column = next(
        one["column"] for one in adopted["columns"] if one["decision"] == "adopt" and one["proposal"]["target"]
    )
    client.patch(place, json={"choices": [{"column": column, "decision": "ignore"}]})
    seen = client.post(f"{place}/preview", content=small_file())
    assert made["id"] == "rest-map"
    assert seen.status_code == 200, seen.text
    assert seen.json()["check"]["rows"] == 2
    assert [one["kind"] for one in seen.json()["changes"]][:1] == ["removed"]
    read = client.get(f"{place}/approve").json()
    refused = client.post(f"{place}/approve", json={"digest": "0" * 64})
    second = client.post(f"{place}/approve", json={"digest": read["digest"]}).json()
    assert (refused.status_code, refused.json()["code"]) == (409, "checkup.map_moved")
    assert read["changes"] == seen.json()["changes"]
    assert second["version"] == 2
    assert client.get(f"{BASE}/{approved['map']}/diff", params={"from": 1, "to": 2}).json() == seen.json()["changes"]


def test_a_shared_map_is_adopted_by_the_child(world: World, client: httpx.Client, approved: dict[str, object]) -> None:
    """With the exact text only; retiring it ends its use there."""
    place = f"{BASE}/{approved['map']}/1"
    payer = world.signed_in(world.payer)
    text = client.get(f"{place}/text").content
    assert payer.post(f"{BASE}/adopt", content=text).status_code == 404
    assert client.post(f"{place}/share", json={"children": [world.payer.institution]}).status_code == 200
    assert payer.post(f"{BASE}/adopt", content=text + b"#").status_code == 404
    taken = payer.post(f"{BASE}/adopt", content=text)
    assert (taken.status_code, taken.json()["own"]) == (201, False)
    assert client.post(f"{place}/retire", json={"reason": "wrong"}).json()["state"] == "retired"
    assert [one["state"] for one in payer.get(BASE).json()["maps"]] == ["retired"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/drafts/mdr-0000", None, 404),
        ("GET", "/drafts/no", None, 400),
        ("GET", "/map-0000/1", None, 404),
        ("GET", "/map-0000/0", None, 400),
        ("GET", "/map-0000/diff?from=1", None, 400),
        ("POST", "/map-0000/1/retire", {"reason": "because"}, 400),
        ("POST", "/map-0000/1/retire", {"reason": "wrong"}, 404),
        ("POST", "/map-0000/1/share", {"children": ["nobody"]}, 400),
        ("PATCH", "/drafts/mdr-0000", {"choices": [{"column": 0, "decision": "adopt"}]}, 400),
        ("PATCH", "/drafts/mdr-0000", {"more": 1}, 400),
        ("POST", "/texts", {}, 400),
    ],
)
def test_what_is_not_there_or_wrong_is_refused(
    client: httpx.Client, method: str, path: str, body: object, status: int
) -> None:
    """Handles that are none, numbers out of range, words that nobody knows, texts that are no map."""
    assert client.request(method, BASE + path, json=body).status_code == status


def test_an_auditor_looks_at_no_map(world: World) -> None:
    """Reading maps needs its own permission."""
    auditor = world.signed_in(world.payer, world.payer.other_login)
    assert auditor.get(BASE).status_code == 403
