"""The command line beside a running server: gateways reach it over HTTPS, and what crosses is sealed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from akashi.api import serving
from akashi.api.serving import Service
from akashi.clock import FixedClock, SystemClock
from tests.cli.conftest import cheapen
from tests.cli.samples import SAMPLES
from tests.cli.stage import PASSPHRASE, Stage, found
from tests.ports import free_ports

pytestmark = pytest.mark.network


@dataclass
class Wire:
    """Every body that reached or left the server's API."""

    bodies: list[bytes] = field(default_factory=list)

    def around(self, app: Any) -> Any:
        """``app``, with its bodies written down."""

        async def recorded(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
            async def received() -> Any:
                message = await receive()
                self.bodies.append(message.get("body", b""))
                return message

            async def sent(message: Any) -> None:
                self.bodies.append(message.get("body", b""))
                await send(message)

            await app(scope, received, sent)

        return recorded


@dataclass
class Served:
    """A stage whose home is being served."""

    stage: Stage
    wire: Wire

    def value(self, line: str) -> Any:
        """Run a command with ``--json``; its result."""
        out, err, status = self.stage.run(line)
        assert status == 0, err
        return json.loads(out[0])


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A home of its own (its certificates are valid today), served on ports that nobody uses."""
    cheapen(monkeypatch)
    monkeypatch.delenv("AKASHI_PASSPHRASE_FILE", raising=False)
    wire, plain = Wire(), serving.server_app
    monkeypatch.setattr(serving, "server_app", lambda *arguments: wire.around(plain(*arguments)))
    now = SystemClock().now_ms()
    cast = found(tmp_path / "home", now, free_ports(5))
    stage = Stage(tmp_path, cast, FixedClock(now))
    service = Service(stage.home, PASSPHRASE, stage.clock)
    service.start()
    try:
        yield Served(stage, wire)
    finally:
        service.stop()


def test_the_main_job_beside_a_running_server(served: Served) -> None:
    """Send, receive, confirm, and evidence that verifies, each command over HTTPS; no value of a person crosses in the clear."""
    stage = served.stage
    stage.step("sample good.csv")
    rows = list(csv.reader(io.StringIO(SAMPLES["good.csv"]().decode(), newline="")))
    canaries = [cell.encode(code) for cell in (*rows[1][:1], *rows[1][2:4]) for code in ("utf-8", "cp932")]

    sent = served.value("akashi transfer send {tmp}/good.csv --to 1329999902 --yes --json @mori")
    stage.words["t"] = sent["transfer"]
    inbox = served.value("akashi transfer list --json @hoshi")
    received = served.value("akashi transfer receive {t} --purpose checkup_result --json @hoshi")
    served.value("akashi transfer confirm {t} --json @hoshi")
    trails = [served.value("akashi trail {t} --json " + who) for who in ("@mori", "@hoshi")]
    served.value("akashi evidence export {t} --out {tmp}/t.akashi --json @mori")
    verified = stage.run("akashi verify --trust {home}/server/public/trust.txt {tmp}/t.akashi --lang en")

    assert [one["transfer"] for one in inbox] == [sent["transfer"]]
    assert [one["name"] for one in received["documents"]] == ["standard.csv", "hc08.zip"]
    assert [one["kind"] for one in trails[0]] == ["transfer.sent", "transfer.opened", "transfer.confirmed"]
    assert trails[0] == trails[1]
    assert (verified[0][0][:9], verified[2]) == ("VERIFIED:", 0)
    assert sum(map(len, served.wire.bodies)) > 10_000
    assert [canary for canary in canaries for body in served.wire.bodies if canary in body] == []


def test_what_works_beside_a_running_server_and_what_waits(served: Served) -> None:
    """An audit and a snapshot run beside the server; what must write its home says that somebody else has it."""
    stage = served.stage

    audit = served.value("akashi ledger audit --json @")
    institutions = served.value("akashi institution list --json @")
    snapshot = stage.run("akashi home snapshot --to {tmp}/copy @")
    receipt = stage.run("akashi ledger checkpoint --institution {clinic} @")
    waiting = [stage.run(f"akashi {command} @") for command in ("ledger stamp", "ledger rebuild", "house run")]
    device = stage.run("akashi device add --person mori --out {tmp} --institution {clinic} @")

    assert (audit["clean"], audit["sealed"]) == (True, True)
    assert [one["enabled"] for one in institutions] == [True, True, True]
    assert (snapshot[2], receipt[2]) == (0, 0)
    assert [(err[0], status) for _, err, status in waiting] == [
        ("error: この台帳は別のプロセスが使っています。", 7)
    ] * 3
    assert (device[1][0], device[2]) == ("error: このホームは別の akashi が使っています。", 7)
    assert list(stage.folder.glob("dev-*")) == []


def test_a_home_that_is_held_and_silent(served: Served) -> None:
    """Where the home is held but nothing answers, a gateway command says so and leaves nothing half done."""
    stage = served.stage
    stage.step("deafen clinic")

    out, err, status = stage.run("akashi transfer list @mori")

    assert (out, status) == ([], 7)
    assert err[0] == "error: このホームは別の akashi が使っています。"
