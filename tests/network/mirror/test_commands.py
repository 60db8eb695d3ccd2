"""The whole way by commands: a mirror is made, fed, answers, is copied; everything else is lost, and the service comes back."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from akashi.cli.__main__ import main
from akashi.cli.shell import Shell
from akashi.clock import FixedClock
from tests.app.service import PASSPHRASE, START, Cast, Service, checkup_file, copied


class Terminal:
    """Runs commands and reads their one JSON object."""

    def __init__(self) -> None:
        self.clock = FixedClock(START)

    def run(self, *words: str | Path, status: int = 0) -> Any:
        """The result of a command that ends with ``status``."""
        out, err = io.StringIO(), io.StringIO()
        ended = main([*map(str, words), "--json"], Shell(out, err, clock=self.clock))
        assert ended == status, err.getvalue()
        return json.loads(out.getvalue() if status == 0 else err.getvalue())


@pytest.fixture
def place(template: tuple[Path, Cast], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a transfer in it, and an empty isolated machine; their passphrases in files beside them."""
    monkeypatch.delenv("AKASHI_PASSPHRASE_FILE", raising=False)
    source, cast = template
    home = copied(source, tmp_path / "home")
    with Service(home, cast) as service:
        service.send(service.draft(checkup_file(people=2)))
    (home / "passphrase").write_bytes(PASSPHRASE)
    (tmp_path / "away").mkdir()
    (tmp_path / "usb").mkdir()
    (tmp_path / "away" / "passphrase").write_text("invented passphrase of a mirror")
    return tmp_path


def test_the_whole_way(place: Path) -> None:
    """init, accept, export, import, accept, status, verify, backup, and recover from the mirror and two of three shares."""
    terminal, home, away, usb = Terminal(), place / "home", place / "away", place / "usb"
    trust = home / "server" / "public" / "trust.txt"
    made = terminal.run("mirror", "init", "--home", away, "--trust", trust, "--out", usb / "enrolment")
    enrolled = terminal.run("mirror", "accept", "--home", home, usb / "enrolment", "--yes")
    sent = terminal.run("mirror", "export", "--home", home, "--to", usb)
    taken = terminal.run("mirror", "import", "--home", away, usb / sent["file"], "--receipt", usb / "receipt")
    terminal.run("mirror", "accept", "--home", home, usb / "receipt")
    shares = terminal.run("keys", "shares", "--home", home, "--needed", "2", "--paper", "3", "--out", place / "paper")
    shutil.copytree(home / "server" / "keys", place / "keys")
    last = terminal.run("mirror", "export", "--home", home, "--to", usb)
    terminal.run("mirror", "import", "--home", away, usb / last["file"], "--receipt", usb / "receipt-2")
    verified = terminal.run("mirror", "verify", "--home", away)
    terminal.run("mirror", "backup", "--home", away, "--to", place / "copies")
    shutil.rmtree(home)
    (place / "new-passphrase").write_text("an invented new passphrase")
    back = terminal.run(
        "mirror", "recover", "--home", away, "--into", home, "--copy", place / "keys", "--same-log",
        "--new-file", place / "new-passphrase", *[place / "paper" / name for name in shares["files"][:2]],
    )  # fmt: skip
    (home / "passphrase").write_text("an invented new passphrase")
    audited = terminal.run("ledger", "audit", "--home", home)
    known = terminal.run("mirror", "status", "--home", home)

    assert made["digest"] == enrolled["digest"]
    assert (taken["fresh"], taken["bodies"], verified["bodies"]) == (True, 1, 1)
    assert (back["payloads"], back["missing"], back["size"]) == (1, 0, verified["leaves"])
    assert audited["clean"]
    assert [one["mirror"] for one in known["mirrors"]] == [made["mirror"]]


def test_refusals_are_told(place: Path) -> None:
    """A second mirror in one place, a home without one, a receipt that is none, a mirror that nobody knows."""
    terminal, home, away = Terminal(), place / "home", place / "away"
    trust = home / "server" / "public" / "trust.txt"
    terminal.run("mirror", "init", "--home", away, "--trust", trust, "--out", place / "enrolment")
    again = terminal.run("mirror", "init", "--home", away, "--trust", trust, "--out", place / "second", status=5)
    none = terminal.run("mirror", "verify", "--home", home, status=4)
    bad = terminal.run("mirror", "accept", "--home", home, trust, status=2)
    unknown = terminal.run("mirror", "export", "--home", home, "--to", place / "usb", status=4)

    codes = [one["code"] for one in (again, none, bad, unknown)]
    assert codes == [
        "network.mirror_exists",
        "network.mirror_unknown",
        "network.receipt_malformed",
        "network.mirror_unknown",
    ]
