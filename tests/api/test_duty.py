"""The REST face of emergencies, visits, devices and keys: the same use cases, read strictly."""

from __future__ import annotations

import time

import httpx
import pytest

from akashi.identity.model import Role
from tests.api.served import World
from tests.web.at_duty import hired

pytestmark = pytest.mark.network
BASE = "/api/v1"
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def boss(world: World) -> httpx.Client:
    """The clinic's manager."""
    return world.signed_in(world.clinic)


@pytest.fixture(scope="module")
def nurse(world: World) -> httpx.Client:
    """A second person who may open."""
    hired(world, "kango.rest", Role.OPERATOR)
    return world.signed_in(world.clinic, "kango.rest")


@pytest.fixture(scope="module")
def auditor(world: World) -> httpx.Client:
    """Somebody who reviews."""
    return world.signed_in(world.clinic, world.clinic.other_login)


def test_an_account_is_opened_closed_and_reviewed(
    boss: httpx.Client, nurse: httpx.Client, auditor: httpx.Client
) -> None:
    """Two people, one secret in one answer, a review by a third."""
    account = boss.post(f"{BASE}/emergency/accounts", json={"login": "hijo.rest", "name": "非常時"}).json()
    asked = boss.post(
        f"{BASE}/emergency/openings", json={"account": account["account"], "reason": "agreed", "hours": 1}
    )
    at = f"{BASE}/emergency/openings/{asked.json()['opening']}"
    opened = nurse.post(f"{at}/confirm").json()
    taken = [boss.post(f"{at}/take").json() for _ in range(2)]
    closed = auditor.post(f"{at}/close").json()
    touched = auditor.get(f"{at}/touched").json()["entries"]
    reviewed = auditor.post(f"{at}/review", json={"verdict": "justified", "text": "x"}).json()
    standing = auditor.get(f"{BASE}/emergency").json()

    assert "secret" not in account
    assert (opened["stage"], opened["alone"], closed["stage"], reviewed["verdict"]) == (
        "open",
        False,
        "closed",
        "justified",
    )
    assert ["secret" in one for one in taken] == [True, False]
    assert touched == []
    assert [one["stage"] for one in standing["openings"] if one["opening"] == opened["opening"]] == ["reviewed"]


def test_a_drill_is_declared_ticked_and_ended(boss: httpx.Client, nurse: httpx.Client) -> None:
    """The checklist is in the answer in both languages, with who did what."""
    made = boss.post(f"{BASE}/emergency/declared", json={"cause": "drill", "hours": 1}).json()
    at = f"{BASE}/emergency/declared/{made['declaration']}"
    ticked = nurse.post(f"{at}/steps", json={"step": 2, "outcome": "not_needed"}).json()
    ended = boss.post(f"{at}/end").json()

    assert [one["done"]["outcome"] for one in ticked["steps"] if one["done"]] == ["not_needed"]
    assert (made["ended_ms"], ended["ended_ms"] is not None) == (None, True)


def test_a_visit_is_applied_for_and_decided(world: World, boss: httpx.Client) -> None:
    """The plan comes back as it was given; unknown words are refused."""
    hired(world, "unyo.rest", Role.OPERATIONS)
    ops, visitor = world.signed_in(world.clinic, "unyo.rest"), hired(world, "hoshu.rest", Role.MAINTENANCE)
    now = int(time.time() * 1000)
    body = {
        "visitor": visitor,
        "from_ms": now,
        "to_ms": now + HOUR_MS,
        "purpose": "update",
        "systems": ["ゲートウェイ"],
        "steps": ["更新する"],
        "sources": ["192.0.2.0/24"],
        "expects": ["listed"],
        "reads": ["maps"],
    }
    wrong = [ops.post(f"{BASE}/visits", json=body | more).status_code for more in ({"reads": ["all"]}, {"extra": 1})]
    visit = ops.post(f"{BASE}/visits", json=body).json()["visit"]
    decided = boss.post(f"{BASE}/visits/{visit}/decide", json={"verdict": "accepted"}).json()
    shown = boss.get(f"{BASE}/visits/{visit}").json()

    assert wrong == [400, 400]
    assert (decided["verdict"], decided["reads"]) == ("accepted", ["maps"])
    assert {key: shown["plan"][key] for key in ("purpose", "systems", "sources", "expects")} == {
        key: body[key] for key in ("purpose", "systems", "sources", "expects")
    }
    assert [one["visit"] for one in boss.get(f"{BASE}/visits").json()["visits"]].count(visit) == 1


def test_a_device_is_asked_for_approved_and_lost(boss: httpx.Client, nurse: httpx.Client) -> None:
    """Code and password are in one answer; afterwards the device is known, then revoked."""
    device = nurse.post(f"{BASE}/devices/requests", json={"purpose": "portable"}).json()["device"]
    refused = nurse.post(f"{BASE}/devices/requests/{device}/approve")
    made = boss.post(f"{BASE}/devices/requests/{device}/approve").json()
    mine = [one["device"] for one in nurse.get(f"{BASE}/devices/mine").json()["devices"]]
    lost = nurse.post(f"{BASE}/devices/{device}/lost")
    after = {one["device"]: one["revoked_ms"] for one in boss.get(f"{BASE}/devices").json()["devices"]}

    assert refused.status_code == 403
    assert sorted(made) == ["code", "device", "password"]
    assert device in mine
    assert (lost.status_code, after[device] is not None) == (200, True)


def test_keys_are_reported(boss: httpx.Client, nurse: httpx.Client) -> None:
    """Where they are and until when; no module, so nothing is said of a validation."""
    found = boss.get(f"{BASE}/keys").json()

    assert {one["form"] for one in found["keys"]} == {"file"}
    assert (found["module"], found["validation"]) == (None, None)
    assert {"gateway", "opening"} <= {one["purpose"] for one in found["ledger"]}
    assert [one["seals"] for one in found["suites"]].count(True) == 1
    assert nurse.get(f"{BASE}/keys").status_code == 403
