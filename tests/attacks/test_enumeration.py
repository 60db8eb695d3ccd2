"""Ids found out by asking: known and unknown logins get the same answer for the same work, at every door where a login is typed.

Work is counted (password hashes, durable transactions, bytes written and answered), for counters are the same on every machine; the times of
the same run are measured, and go into the report of the run as they are.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from akashi.app.gateway.home import Gateway
from akashi.identity.model import PersonReason, Role
from tests.access.origin import signed_in_as
from tests.app.service import PASSWORD, Service
from tests.attacks.asking import FORM, JSON, OURS, Attacker, as_json, form
from tests.attacks.witness import forget_failures

pytestmark = pytest.mark.slow

ROUNDS = 3
"""Each from open doors: the way to a lock-out is compared by ``test_known_and_unknown_logins_cost_the_same_writes``."""


@dataclass(slots=True)
class Work:
    """What one attempt cost."""

    hashes: int = 0
    commits: int = 0
    times: list[float] = field(default_factory=list)


@pytest.fixture
def counted(house: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    """Counts hashes and durable transactions of the clinic's gateway."""
    work, gateway = Work(), house.clinic
    hasher = gateway.accounts._hasher
    real = hasher.verify

    def verify(encoded: str | None, password: str) -> bool:
        work.hashes += 1
        return real(encoded, password)

    def saw(sql: str) -> None:
        work.commits += sql == "COMMIT"

    monkeypatch.setattr(hasher, "verify", verify)
    gateway.database._connection.set_trace_callback(saw)
    yield work
    gateway.database._connection.set_trace_callback(None)


@pytest.fixture(scope="module")
def logins(house: Service) -> dict[str, str]:
    """Logins of each kind: without a factor, with one, stopped, and one that never was."""
    gateway: Gateway = house.clinic
    made = {"unknown": "nobody-at-all"}
    for kind in ("factor", "stopped", "no factor"):
        tail = f"-kind-{kind.replace(' ', '')}"
        if kind == "no factor":
            person = gateway.accounts.add_person(login=f"try{tail}", name="架空 無要素", roles=Role.AUDITOR)
            gateway.accounts.set_password(person, PASSWORD + "-long")
            made[kind] = f"try{tail}"
            continue
        signed_in_as(gateway, Role.AUDITOR, tail)
        made[kind] = f"try-{int(Role.AUDITOR)}{tail}"
        if kind == "stopped":
            person_ = gateway.accounts.person_of_login(made[kind])
            assert person_ is not None
            gateway.accounts.disable(person_, PersonReason.LEFT)
    return made


def attempts(clinic: Attacker, face: str, login: str) -> tuple[int, bytes, frozenset[str]]:
    """One wrong attempt at a face: the status, the words without the login that was typed, and which headers came."""
    if face == "api":
        body = as_json({"login": login, "password": "wrong-9-wrong-9", "code": "123456"})
        told = clinic.one("POST", "/api/v1/session", JSON, body)
    else:
        told = clinic.one(
            "POST", "/login", {**FORM, **OURS}, form(login=login, password="wrong-9-wrong-9", code="123456")
        )
    said = re.sub(rb"[\w-]{22,}", b"...", told.content.replace(login.encode(), b"..."))  # challenges are new each time
    return told.status_code, said, frozenset(told.headers)


@pytest.mark.parametrize("face", ["api", "pages"])
def test_known_and_unknown_logins_are_alike_at_the_doors(
    house: Service,
    clinic: Attacker,
    logins: dict[str, str],
    counted: Work,
    face: str,
    record_property: pytest.FixtureRequest,
) -> None:
    """Unknown, with a factor, without one, stopped: the same status, words, headers, number of hashes and of transactions."""
    seen: dict[str, set[tuple[object, ...]]] = {kind: set() for kind in logins}
    times: dict[str, list[float]] = {kind: [] for kind in logins}
    attempts(clinic, face, "somebody")  # what is made once is made
    for _ in range(ROUNDS):
        for kind, login in logins.items():
            forget_failures(house)
            counted.hashes = counted.commits = 0
            begun = time.perf_counter()
            answer = attempts(clinic, face, login)
            times[kind].append(time.perf_counter() - begun)
            seen[kind].add((*answer, counted.hashes, counted.commits))
    for kind, values in times.items():
        record_property(f"median_ms_{face}_{kind}", round(statistics.median(values) * 1000, 2))  # type: ignore[operator]  # pytest's

    work = {kind: sorted((one[0], one[3], one[4]) for one in found) for kind, found in seen.items()}

    assert set(map(repr, work.values())) == {repr(work["unknown"])}
    assert set.union(*seen.values()) == seen["unknown"]
    assert len(seen["unknown"]) == 1
