"""A server's home whose opening fails half way, in a process that lives on."""

from __future__ import annotations

from pathlib import Path

import pytest

from akashi.app.config import ServerSettings
from akashi.app.server.home import Server
from akashi.clock import FixedClock
from akashi.durable import DiskFull
from akashi.keys.model import FAST_UNSAFE_COST

START = 1_770_000_000_000
PASSPHRASE = b"correct horse battery"


def test_a_home_whose_opening_failed_at_its_end_can_be_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full when the list of institutions is opened, after the ledger: the ledger is let go, and the next attempt has it."""
    home, clock = tmp_path / "h", FixedClock(START)
    Server.create(home, ServerSettings(), "架空事務局", PASSPHRASE, clock, cost=FAST_UNSAFE_COST).close()

    def full(_path: Path) -> None:
        raise DiskFull(name="directory.db")

    monkeypatch.setattr("akashi.app.server.home.LocalDirectory", full)
    with pytest.raises(DiskFull):
        Server.open(home, PASSPHRASE, clock)
    monkeypatch.undo()
    server = Server.open(home, PASSPHRASE, clock)
    size = server.engine.size
    server.close()

    assert size > 0
