"""The demonstration is a test of the whole: the product's own code on a fresh home, judged by both verifiers."""

from __future__ import annotations

import socket
from contextlib import chdir, closing
from pathlib import Path

import pyotp
import pytest

from akashi.app import demo, demo_conformity
from akashi.app.config import gateways_in
from akashi.app.demo import DemoFailed, run
from akashi.app.errors import HomeExists
from akashi.app.gateway.enrolment import Joined
from akashi.app.passphrase import find_passphrase
from akashi.app.server.home import Server
from akashi.clock import SystemClock
from akashi.identity.model import Role
from tests.app.service import Service

STEPS = [
    "found the service",
    "institutions, people, devices",
    "sign in: certificate+password+code",
    "passkeys of a software authenticator",
    "time stamp on a checkpoint",
    "invented people",
    "convert to standard CSV and hc08",
    "seal, stage, announce",
    "receiver opens, content compared",
    "receiver confirms",
    "a layout nobody has seen",
    "draft a map, decide, approve",
    "convert to CSV, archive and FHIR",
    "seal, stage, announce",
    "receiver opens, content compared",
    "receiver confirms",
    "a department and its people",
    "rights applied, decided, confirmed",
    "reset after an identity check",
    "emergency drill: two open, third looks",
    "a visit within its window, reported",
    "accounts and access reviewed",
    "erase and scrub",
    "second time stamp",
    "verify transfer (first verifier)",
    "verify transfer (second verifier)",
    "verify whole (first verifier)",
    "verify whole (second verifier)",
    "access journals anchored",
    "ledger audit",
]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A demonstration with 30 people in a home named relative to where one stands, as ``make demo`` names it; what it printed."""
    folder, lines = tmp_path_factory.mktemp("demo"), []  # type: tuple[Path, list[str]]
    with chdir(folder):
        run(Path("home"), SystemClock(), lines.append, people=30)
    return folder / "home", lines


def test_the_demo_runs_every_step(shown: tuple[Path, list[str]]) -> None:
    """Numbered steps in their order; both verifiers say verified and replayed; the audit has nothing to say."""
    _, lines = shown
    said = [line.split(". ", 1)[1] for line in lines if line.lstrip()[0].isdigit()]
    verified = [line for line in lines if "verifier)" in line]

    assert [next(step for step in STEPS if line.startswith(step)) for line in said] == STEPS
    assert len(verified) == 4
    assert all("verified" in line for line in verified)
    assert all("replayed" in line for line in verified if "whole" in line)
    assert "0 findings" in lines[-2]
    assert lines[-1].startswith("    total ")


def test_the_demo_leaves_a_home_to_serve(shown: tuple[Path, list[str]]) -> None:
    """Server and three gateways are there and open with the passphrase that the demo wrote down."""
    home, _ = shown
    server = Server.open(home, find_passphrase(home), SystemClock())
    names = {entry.handle for entry in server.directory.entries()}
    server.close()

    assert names == set(gateways_in(home))
    assert (home / "accounts.txt").stat().st_mode & 0o777 == 0o600


def test_the_demo_does_not_overwrite(shown: tuple[Path, list[str]]) -> None:
    """A second run in the same folder is refused, and nothing in it changes."""
    home, _ = shown
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    with pytest.raises(HomeExists):
        run(home, SystemClock(), print, people=1)

    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == before


@pytest.mark.network
def test_the_demo_measures_no_other_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody began to serve on one of its ports meanwhile: that is told, and nobody else's service is measured."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        monkeypatch.setattr(demo_conformity, "_ports", lambda _home: [port])
        monkeypatch.setattr("akashi.app.demo_conformity.subprocess.Popen", lambda *_a, **_k: pytest.fail("started"))
        with pytest.raises(DemoFailed) as caught, demo_conformity.served(tmp_path):
            pass
    assert caught.value.params["step"] == f"akashi serve, port {port}"


def test_a_code_whose_half_minute_turns_is_said_again(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock goes on between the code of the period before and the look at it: then it is two periods old, and the next one is taken."""
    real, said = pyotp.TOTP.at, list[str]()

    def turning(clock: pyotp.TOTP, moment: int) -> str:
        said.append(real(clock, moment))
        service.clock.advance(1)
        return said[-1]

    now, gateway = service.clock.now_ms(), service.clinic
    service.clock.set(now - now % 30_000 + 59_999)  # the last millisecond of a period
    person = gateway.accounts.add_person(login="demo-turning", name="架空 転換", roles=Role.AUDITOR)
    monkeypatch.setattr(pyotp.TOTP, "at", turning)

    made = demo._account(service.server, service.home, Joined(gateway.institution, person, gateway))

    assert (len(said), made.login) == (2, "demo-turning")
