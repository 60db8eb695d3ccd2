"""The self check beside a service that is really served: a gateway over HTTPS, the server's home next to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from akashi.api.faces import faces, route_tables
from akashi.app.gateway.home import Gateway
from akashi.app.selfcheck import trial, wire
from akashi.app.selfcheck.context import SelfContext
from akashi.app.selfcheck.probes import self_probes
from akashi.clock import SystemClock
from akashi.conformity.judges import akashi as _doors
from akashi.conformity.judges import records as _records
from akashi.conformity.judges.registry import JUDGES, judge_check
from akashi.conformity.model import Measurement, Reach, Target, TargetKind, Verdict
from akashi.conformity.probing import Bench, Pace, run_probes
from akashi.identity import credentials
from akashi.identity.ca import DAY_MS
from tests.api.served import PASSPHRASE, World, checkup_file, deliver
from tests.api.test_permissions import OPEN, routes
from tests.conformity.akashi_stage import CHEAP
from tests.waiting import PATIENCE_S

JUDGE_MODULES = (_doors, _records)
"""Imported for what they register."""
CLOCK = SystemClock()


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[SelfContext]:
    """The clinic's gateway as a command would open it while the home is served."""
    monkeypatch.setattr(wire, "SECONDS", PATIENCE_S)
    with patch.object(credentials, "Hasher", CHEAP):
        gateway = Gateway.open(world.home, world.clinic.institution, PASSPHRASE, CLOCK)
    url = f"https://localhost:{world.clinic.port}"
    yield SelfContext(gateway, None, world.home, url, None, faces(gateway, None, CLOCK))
    gateway.close()


def _measured(here: SelfContext, folder: Path, *names: str) -> list[Measurement]:
    target = Target("tgt-selfcheck", TargetKind.AKASHI, "self", {}, CLOCK.now_ms() + DAY_MS)
    bench = Bench(CLOCK, "test", Pace(1000), folder)
    chosen = [one for one in self_probes(here) if not names or one.name in names]
    return run_probes(chosen, [Target(target.handle, target.kind, "self", {}, target.consent_until_ms, 1000)], bench)


def _verdict(check: str, measured: list[Measurement]) -> Verdict:
    judge = JUDGES.find(check)
    assert judge is not None
    return judge_check(judge, measured, {}).opinion.verdict


def test_the_tables_leave_no_route_out() -> None:
    """The self check tries every route of the gateway's and the server's documents; only signing in is open."""
    tables = route_tables()
    known = {(face, method, path) for face, method, path, _ in routes() if face != "public"}

    assert {(face, *row) for face, rows in tables.items() for row in rows} == known
    assert {row[3] for row in routes() if row[:3] == ("gateway", "POST", "/api/v1/session")} <= OPEN


@pytest.mark.network
def test_everything_is_reached_beside_a_service(world: World, here: SelfContext, tmp_path: Path) -> None:
    """All probes but the staff list's reach their target over HTTPS and the home; doors and revocation read 適合."""
    deliver(world, checkup_file(world, seed=99))
    measured = _measured(here, tmp_path)

    assert [(one.probe, one.note) for one in measured if one.reach is not Reach.REACHED] == []
    for check in (
        "session.unauthenticated", "tls.revocation", "ledger.audit", "ledger.order", "records.attributed",
        "records.versions", "permission.enforced", "log.coverage", "session.limits", "password.lockout",
        "sealing.payloads", "institutions.isolated", "formats.roundtrip", "resets.recorded",
    ):  # fmt: skip
        assert _verdict(check, measured) is Verdict.CONFORMS, check
    assert _verdict("factors.share", measured) is Verdict.FAILS, "this home asks for no second factor"


@pytest.mark.network
def test_a_service_that_forgets_revocations(here: SelfContext, tmp_path: Path) -> None:
    """Where a revoked device stays welcome, the same connection shows it: 不適合."""
    with patch.object(trial.Revoke, "__call__", lambda _self: None):
        measured = _measured(here, tmp_path, "revocation")

    assert measured[0].facts["before.admitted"] is True
    assert measured[0].facts["open.refused"] is False
    assert _verdict("tls.revocation", measured) is Verdict.FAILS


@pytest.mark.network
def test_a_dead_port_shows_nothing(here: SelfContext, tmp_path: Path) -> None:
    """Where nothing listens every request is refused; that is 判定不能, not 適合."""
    gone = SelfContext(here.gateway, None, here.home, "https://localhost:1", None, here.faces)
    measured = _measured(gone, tmp_path, "doors", "revocation")

    assert _verdict("session.unauthenticated", measured) is Verdict.UNDECIDED
    assert _verdict("tls.revocation", measured) is Verdict.UNDECIDED
