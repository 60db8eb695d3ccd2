"""What comes after ``akashi mirror recover``: the commands that it names, and several servers again with papers of new machines."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network.joining import accept
from akashi.app.network.places import AddressBook
from akashi.app.roster.papers import parse_invitation
from akashi.app.server.home import Server
from akashi.app.wiring import KINDS
from akashi.cli.__main__ import main
from akashi.cli.shell import Shell
from akashi.clock import SystemClock
from akashi.ledger.audit import audit
from akashi.ledger.wire.note import origin_parts
from tests.app.mirrors.regrown import copied_keys
from tests.app.mirrors.two import Two
from tests.app.service import PASSPHRASE
from tests.network.cometbft import needs_cometbft
from tests.network.mirror.carrying import MIRROR_PASSPHRASE, Carried
from tests.ports import free_ports

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]


def run(*words: str | Path, language: str = "en") -> list[str]:
    """The lines of a command that succeeds."""
    out, err = io.StringIO(), io.StringIO()
    status = main([*map(str, words), "--lang", language], Shell(out, err, clock=SystemClock()))
    assert status == 0, err.getvalue()
    return out.getvalue().splitlines()


def leaves_of(database: Path) -> list[bytes]:
    """Every leaf of a ledger that nobody has open, as a new server fetches them."""
    with closing(sqlite3.connect(database)) as connection:
        return [leaf for (leaf,) in connection.execute("SELECT leaf FROM leaves ORDER BY idx")]


@pytest.fixture
def lost(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``away`` (the mirror's home) and ``keys`` (the officers' copy); both servers that kept the ledger are gone."""
    monkeypatch.delenv("AKASHI_PASSPHRASE_FILE", raising=False)
    folder = tmp_path_factory.mktemp("l")  # names of sockets are short
    two = Two(folder)
    try:
        carried = Carried(folder, two.service)
        carried.send(1)
        carried.carry()
        carried.mirror.take(carried.export().path)
        copied_keys(two.service.server.paths, folder / "keys")
        carried.mirror.close()
        two.lose()
    finally:
        with suppress(AttributeError):  # lost, as it should be
            two.stop()
    (folder / "away" / "passphrase").write_bytes(MIRROR_PASSPHRASE)
    for home in ("back", "new"):
        (folder / home).mkdir()
        (folder / home / "passphrase").write_bytes(PASSPHRASE)
    return folder


def test_a_recovered_home_is_handed_over_to_papers_of_new_machines(lost: Path) -> None:
    """``recover`` names what comes next; ``init --offer`` retires the lost servers, numbers the new one on, and its invitation makes a second copy of the ledger."""
    back, new, paper = lost / "back", lost / "new", lost / "offer.json"
    told = run(
        "mirror", "recover", "--home", lost / "away", "--into", back, "--copy", lost / "keys",
        "--new-file", back / "passphrase",
    )  # fmt: skip
    server = Server.open(back, PASSPHRASE, SystemClock())
    secretariat, epoch = server.secretariat_handle, origin_parts(server.engine.origin)[1]
    server.close()
    ports = free_ports(4)
    run(
        "network", "offer", "--home", new, "--server-trust", server_paths(back).public / "trust.txt",
        "--secretariat", secretariat, "--host", "127.0.0.1", "--port", str(min(ports)), "--out", paper,
    )  # fmt: skip
    done = run("network", "init", "--home", back, "--offer", paper, "--port", str(max(ports)))
    invitation = parse_invitation((lost / "invitation-3.json").read_bytes())
    keystore = open_keystore(new, server_paths(new).keys, PASSPHRASE, ServerSettings())
    accept(new, keystore, invitation, leaves_of(server_paths(back).ledger / "ledger.db"))

    assert [line.rpartition(": ")[2] for line in told if line.startswith("next ")] == [
        f"akashi ledger audit --home {back} && akashi serve --home {back}",
        f"akashi mirror adopt {server_paths(back).public / f'epoch-{epoch}.akashi-epoch'} --home GATEWAY",
        f"akashi network init --home {back} --servers 4 && akashi network start --home {back}",
        f"akashi keys shares --home {back} …",
    ]
    assert (server_paths(back).public / f"epoch-{epoch}.akashi-epoch").is_file()
    assert done[0] == "2 servers keep this ledger from here on."
    assert [one.number for one in invitation.servers] == [1, 3]
    assert AddressBook(invitation.own, invitation.servers).me.number == 3
    for home in (back, new):
        assert audit(server_paths(home).ledger, KINDS).clean
