"""The commands about mirrors beside a running server, over a real socket; and the schedule of a home that is served."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from akashi.api.serving import Service as Serving
from akashi.app.config import ServerSettings, load_settings, save_settings, server_paths
from akashi.cli.__main__ import main
from akashi.cli.shell import Shell
from akashi.clock import FixedClock, SystemClock
from tests.cli.conftest import cheapen
from tests.cli.stage import PASSPHRASE, found
from tests.ports import free_ports
from tests.waiting import until

pytestmark = pytest.mark.network


@dataclass
class Served:
    """A home that is served, and an isolated machine with a medium."""

    folder: Path
    clock: FixedClock
    service: Serving

    @property
    def home(self) -> Path:
        """The server's home."""
        return self.folder / "home"

    def run(self, *words: str | Path, status: int = 0) -> Any:
        """What a command gave as JSON."""
        out, err = io.StringIO(), io.StringIO()
        ended = main([*map(str, words), "--json"], Shell(out, err, clock=self.clock))
        assert ended == status, err.getvalue()
        return json.loads((out if status == 0 else err).getvalue() or "null")


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Bundles four times a second into ``out``, receipts from ``in``."""
    folder = tmp_path_factory.mktemp("s")  # names of sockets are short
    cheapen(monkeypatch)
    monkeypatch.delenv("AKASHI_PASSPHRASE_FILE", raising=False)
    now = SystemClock().now_ms()
    found(folder / "home", now, free_ports(5))
    for name in ("usb", "out", "in", "away"):
        (folder / name).mkdir()
    (folder / "away" / "passphrase").write_text("invented passphrase of a mirror")
    path = server_paths(folder / "home").settings
    daily = {"mirror_outbox": str(folder / "out"), "mirror_inbox": str(folder / "in"), "mirror_every_ms": 250}
    save_settings(path, replace(load_settings(path, ServerSettings), **daily))  # type: ignore[arg-type]  # names real fields
    clock = FixedClock(now)
    service = Serving(folder / "home", PASSPHRASE, clock)
    service.start()
    try:
        yield Served(folder, clock, service)
    finally:
        service.stop()


def test_by_hand_while_the_home_is_served(served: Served) -> None:
    """Enrol, export, import, accept, status and retire, with `akashi serve` at work; errors are those of the same command alone."""
    away, usb, home = served.folder / "away", served.folder / "usb", served.home
    trust = home / "server" / "public" / "trust.txt"
    served.run("mirror", "init", "--home", away, "--trust", trust, "--out", usb / "enrolment")
    enrolled = served.run("mirror", "accept", "--home", home, usb / "enrolment", "--yes")
    sent = served.run("mirror", "export", "--home", home, "--to", usb)
    taken = served.run("mirror", "import", "--home", away, usb / sent["file"], "--receipt", usb / "receipt")
    accepted = served.run("mirror", "accept", "--home", home, usb / "receipt")
    status = served.run("mirror", "status", "--home", home)
    unknown = served.run("mirror", "export", "--home", home, "--to", usb, "--mirror", "mir-nobody", status=4)
    gone = served.run("mirror", "retire", "--home", home, enrolled["mirror"], "--yes")

    assert (taken["number"], taken["fresh"]) == (sent["number"], True)
    assert accepted == {"accounted": 0, "mirror": enrolled["mirror"], "waiting": 0}
    assert status["mirrors"][0]["number"] == sent["number"]
    assert unknown["code"] == "network.mirror_unknown"
    assert gone == {"mirror": enrolled["mirror"], "unproven": 0}


def test_the_served_home_and_a_following_mirror_need_nobody(served: Served) -> None:
    """The server's own chore writes a bundle, ``mirror follow --once`` answers, and the server takes the answer in by itself."""
    away, home = served.folder / "away", served.home
    trust = home / "server" / "public" / "trust.txt"
    served.run("mirror", "init", "--home", away, "--trust", trust, "--out", served.folder / "enrolment")
    served.run("mirror", "accept", "--home", home, served.folder / "enrolment", "--yes")
    numbers, said = list[int](), io.StringIO()

    def heard() -> bool:
        served.clock.advance(250)
        if any((served.folder / "out").glob("*.akashi-mirror")):
            main(
                ["mirror", "follow", "--home", str(away), "--from", str(served.folder / "out"), "--receipts",
                 str(served.folder / "in"), "--once"],
                Shell(io.StringIO(), said, clock=served.clock),
            )  # fmt: skip
        numbers.append(served.run("mirror", "status", "--home", home)["mirrors"][0]["number"])
        return numbers[-1] > 0

    until(heard, "a receipt that the server took in by itself", lambda: (numbers[-3:], said.getvalue()))
