"""A full sign-in as people see it: a page in either language, what programs hear, and that those at work notice nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest

from akashi.identity.journal import What
from tests.api.served import PASSWORD, World
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.network
OURS = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Full:
    """A sign-in with all turns of one device taken, and somebody who was signed in before."""

    world: World
    here: httpx.Client
    waiting: list[Future[int]]
    go: threading.Event
    accesses: int

    def sign_in(self, login: str, language: str = "ja") -> httpx.Response:
        """One more of the same device."""
        form = {"login": login, "password": PASSWORD, "code": ""}
        return self.world.client(self.world.payer).post(f"/login?lang={language}", data=form, headers=OURS)


@pytest.fixture
def full(world: World) -> Iterator[Full]:
    """Hashing holds still, and two people of the same device wait for it."""
    gateway, go = world.gateway(world.payer), threading.Event()
    hasher, here = gateway.accounts.hasher, world.signed_in(world.payer)
    before, free = gateway.journal.head(), hasher._places._value
    body = {"login": world.payer.login, "password": PASSWORD}

    def come() -> int:
        return world.client(world.payer).post("/api/v1/session", json=body).status_code

    with ThreadPoolExecutor(hasher._at_once + 2) as hands:
        held = [hands.submit(hasher._in_turn, go.wait) for _ in range(hasher._at_once)]
        waiting = [hands.submit(come) for _ in range(2)]
        try:
            while hasher._places._value > free - len(held) - len(waiting):
                threading.Event().wait(0.01)
            yield Full(world, here, waiting, go, before.count if before else 0)
        finally:
            go.set()


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ja", ("ログインが混み合っています。", "数秒待って")),
        ("en", ("Too many people are signing in", "Wait a few seconds")),
    ],
)
def test_a_full_sign_in_is_a_page_in_ones_language(full: Full, language: str, said: tuple[str, str]) -> None:
    """503 with Retry-After and a sentence with what to do; the same for a login that nobody has, and the password is not in it."""
    known, unknown = full.sign_in(full.world.payer.login, language), full.sign_in("nobody.x", language)

    assert known.status_code == unknown.status_code == 503
    assert known.text == unknown.text
    assert all(one in known.text for one in said)
    assert PASSWORD not in known.text
    assert known.headers["retry-after"]
    assert known.headers["content-security-policy"]


def test_programs_hear_the_same_and_those_at_work_go_on(full: Full) -> None:
    """While the sign-in is full, pages and the API answer whoever is signed in; the refusal counts as no failure and is no entry."""
    refused = full.world.client(full.world.payer).post("/api/v1/session", json={"login": "nobody.x", "password": "x"})
    assert (refused.status_code, refused.json()["code"]) == (503, "identity.busy")
    assert refused.headers["retry-after"]

    assert full.here.get("/api/v1/session").status_code == 200
    assert full.here.get("/login").status_code in (200, 303)

    entries = list(full.world.gateway(full.world.payer).journal.entries(full.accesses + 1))
    assert [one for one in entries if one.what is What.SIGN_IN] == []


def test_who_waited_is_signed_in_afterwards(full: Full) -> None:
    """Nobody who had a turn loses it, and the next one is welcome again."""
    full.go.set()

    assert [one.result(PATIENCE_S) for one in full.waiting] == [201, 201]
    assert full.sign_in(full.world.payer.login).status_code == 303
