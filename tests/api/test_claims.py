"""A table of claims over REST: given first, used once, by the session that gave it; and everything that is no such table."""

from __future__ import annotations

import io
from collections.abc import Callable

import httpx
import pytest

from akashi.app.desk import conversion
from akashi.app.desk.drafts import MOST_EACH
from akashi.app.desk.maps import today
from akashi.checkup.archive.claim_table import empty_table
from akashi.checkup.tabular.convert import read_records
from akashi.clock import SystemClock
from tests.api.served import World
from tests.app.test_desk_formats import same_insurer
from tests.checkup.archive.test_claim_table import NEEDED, table

pytestmark = pytest.mark.network

Row = dict[str, str]
KEYS = ("insurance.insurer", "insurance.number", "visit.date")
CLAIMS, CONVERT = "/api/v1/checkup/claims", "/api/v1/checkup/convert"


@pytest.fixture
def client(world: World) -> httpx.Client:
    """The clinic's person, with nothing held yet."""
    return world.signed_in(world.clinic)


def rows(world: World) -> list[Row]:
    """A claim for each of three people of one insurer."""
    maps, on = world.gateway(world.clinic).maps, today(SystemClock().now_ms())
    layout = next(one for one in maps.shipped() if one.map_id.startswith("midori"))
    people = read_records(io.BytesIO(same_insurer()), layout, on=on, items=maps.items())
    return [NEEDED | {"person.postal": "100-0001"} | {name: one.fields[name] for name in KEYS} for one in people]


def given(client: httpx.Client, data: bytes) -> str:
    """The key of a table that is taken."""
    answer = client.post(CLAIMS, content=data)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["claims"])


def converted(world: World, client: httpx.Client, **query: str) -> httpx.Response:
    """Three people of one insurer, for the payer."""
    asked = {"receiver": world.payer.institution} | query
    return client.post(CONVERT, content=same_insurer(), params=asked, headers={"X-File-Name": "kekka.csv"})


def test_a_table_goes_into_the_archive(world: World, client: httpx.Client) -> None:
    """Each person has their claim, and the archive is sent; without the table the same file has none."""
    bare = converted(world, client).json()
    made = converted(world, client, claims=given(client, table(*rows(world)))).json()
    body = {"draft": made["draft"], "receiver": world.payer.institution}
    sent = client.post("/api/v1/transfers", json=body)
    sizes = [next(one["bytes"] for one in draft["documents"] if one["kind"] == "archive") for draft in (bare, made)]

    assert (made["stops"], made["documents"][1]["people"], sent.status_code) == (0, 3, 201)
    assert sizes[0] < sizes[1]
    assert not [one for one in made["findings"] if one["code"].startswith("claims.")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda found: [one | {"insurance.number": "9" + one["insurance.number"]} for one in found], "claims.unused"),
        (lambda found: found[:2], "claims.missing"),
        (lambda found: [*found, found[0]], "claims.twice"),
    ],
    ids=["others", "missing", "twice"],
)
def test_claims_of_other_people_stop_the_sending(
    world: World, client: httpx.Client, change: Callable[[list[Row]], list[Row]], code: str
) -> None:
    """Attack: another person's bill. The findings say so, and the draft cannot be sent."""
    made = converted(world, client, claims=given(client, table(*change(rows(world))))).json()
    sent = client.post("/api/v1/transfers", json={"draft": made["draft"], "receiver": world.payer.institution})

    assert code in {one["code"] for one in made["findings"]}
    assert made["stops"] > 0
    assert sent.status_code == 400


@pytest.mark.parametrize(
    ("data", "code", "told"),
    [
        (b"", "app.claims_refused", "空です"),
        (same_insurer(), "app.claims_refused", "見出し"),
        (empty_table(), "app.claims_refused", "データの行がありません"),
        (b"MZ" + bytes(200), "exchange.document_refused", ""),
    ],
    ids=["empty", "headings", "nobody", "program"],
)
def test_what_is_no_such_table_is_refused(client: httpx.Client, data: bytes, code: str, told: str) -> None:
    """Refused when it is given, with the sentence of the page; nothing is held."""
    answer = client.post(CLAIMS, content=data, headers={"Accept-Language": "ja"})

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert told in answer.text


def test_a_table_over_the_limit_is_refused(world: World, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the bound of reading claims as the page says it, over the gateway's limit of a body before it is read."""
    over = world.gateway(world.clinic).settings.upload_limit_bytes + 1
    body = client.post(CLAIMS, content=bytes(over))
    monkeypatch.setattr(conversion, "CLAIMS_LIMIT", 100)
    read = client.post(CLAIMS, content=table(*rows(world)))

    assert (body.status_code, body.json()["code"]) == (413, "api.too_large")
    assert (read.status_code, read.json()["code"]) == (400, "app.claims_refused")


def test_a_table_is_its_sessions_own_and_used_once(world: World, client: httpx.Client) -> None:
    """Attack: another session names the key, or the same one names it again for another file; 404, and no archive without claims."""
    key = given(client, table(*rows(world)))
    other = converted(world, world.signed_in(world.clinic), claims=key)
    first, second = (converted(world, client, claims=key) for _ in range(2))

    assert [one.status_code for one in (other, first, second)] == [404, 201, 404]
    assert second.json()["code"] == "app.draft_missing"


def test_a_table_is_no_draft_and_a_draft_no_table(world: World, client: httpx.Client) -> None:
    """Attack: one kind of key in the place of the other."""
    key, draft = given(client, table(*rows(world))), converted(world, client).json()["draft"]
    sent = client.post("/api/v1/transfers", json={"draft": key, "receiver": world.payer.institution})

    assert (client.get(f"/api/v1/drafts/{key}").status_code, sent.status_code) == (404, 404)
    assert converted(world, client, claims=draft).status_code == 404


def test_without_an_archive_the_table_stays(world: World, client: httpx.Client) -> None:
    """Where no archive is asked for it is refused rather than forgotten, and can be used then; or given up."""
    key = given(client, table(*rows(world)))
    alone = converted(world, client, claims=key, to="fhir")
    dropped = client.delete(f"/api/v1/drafts/{key}")

    assert (alone.status_code, alone.json()["code"], dropped.status_code) == (400, "app.claims_alone", 204)
    assert converted(world, client, claims=key).status_code == 404


def test_tables_count_among_the_drafts(world: World, client: httpx.Client) -> None:
    """Attack: one session gives tables until the memory is full. It has the room of its drafts and no more."""
    data = table(*rows(world))
    for _ in range(MOST_EACH):
        given(client, data)

    assert client.post(CLAIMS, content=data).json()["code"] == "app.drafts_full"
