"""What ``akashi network offer|add|accept|promote|remove`` say and write; the servers themselves are tests/app/roster's."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from akashi.app.config import ServerSettings, server_paths
from akashi.app.network import local
from akashi.app.network.control import ControlSocket, control_path
from akashi.app.network.places import AddressBook, NetworkPlaces
from akashi.app.roster import accepting, founding
from akashi.app.roster.papers import Offer, parse_invitation
from akashi.app.server.home import Server
from akashi.cli.__main__ import main
from akashi.cli.shell import Shell
from akashi.clock import FixedClock
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.network.errors import TooFewLeft
from akashi.network.node.install import Installed

START = 1_795_219_200_000
PASSPHRASE = b"invented passphrase of a test network"
Verb = Callable[[dict[str, Any]], dict[str, Any]]


def _run(*words: str) -> tuple[list[str], int]:
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", newline=""), io.StringIO()
    status = main(["network", *words, "--lang", "en"], Shell(out, err, clock=FixedClock(START)))
    out.seek(0)
    return [*out.read().splitlines(), *err.getvalue().splitlines()], status


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: ``home`` handed over to itself and the server of ``offer.json``, whose home is ``new``; the invitation is beside."""
    folder = tmp_path_factory.mktemp("joining")
    home = folder / "home"
    for one in (home, folder / "new"):
        one.mkdir()
        (one / "passphrase").write_bytes(PASSPHRASE)
    first = Server.create(home, ServerSettings(), "架空事務局", PASSPHRASE, FixedClock(START), cost=FAST_UNSAFE_COST)
    trust, secretariat = str(server_paths(home).public / "trust.txt"), first.secretariat_handle
    first.close()
    there = Installed(Path("cometbft"), "", "", "")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AKASHI_PASSPHRASE_FILE", raising=False)
        for module in (local, accepting, founding):
            patch.setattr(module, "pinned", lambda: there)
        offer = str(folder / "offer.json")
        lines, status = _run(
            "offer", "--home", str(folder / "new"), "--server-trust", trust, "--secretariat", secretariat,
            "--host", "127.0.0.1", "--port", "31100", "--out", offer,
        )  # fmt: skip
        assert (lines[0].endswith(Offer.parse(Path(offer).read_bytes()).fingerprint), status) == (True, 0)
        lines, status = _run("init", "--home", str(home), "--offer", offer, "--port", "31000")
        assert (lines[0], status) == ("2 servers keep this ledger from here on.", 0)
    return folder


@contextmanager
def answering(home: Path, **verbs: Verb) -> Iterator[None]:
    """Somebody answers at the home's control socket as a running server does."""
    path = control_path(NetworkPlaces.of(server_paths(home)).root)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    socket = ControlSocket(path, verbs)
    socket.start()
    try:
        yield
    finally:
        socket.stop()


def test_the_invitation_names_both_servers_and_no_secret(made: Path) -> None:
    """It is for server 2, names the offer's address, and neither paper holds a private key."""
    invitation = parse_invitation((made / "invitation-2.json").read_bytes())
    book = AddressBook(invitation.own, invitation.servers)
    papers = (made / "invitation-2.json").read_text() + (made / "offer.json").read_text()

    assert (book.me.number, book.me.address.peer_port, len(book.servers)) == (2, 31100, 2)
    assert "PRIVATE" not in papers


def test_an_offer_is_not_overwritten(made: Path) -> None:
    """Must fail: the file is there, and the home has keys already."""
    trust = str(server_paths(made / "home").public / "trust.txt")
    rest = ("--server-trust", trust, "--secretariat", "inst-office", "--host", "h", "--out")

    assert _run("offer", "--home", str(made / "new"), *rest, str(made / "offer.json"))[1] == 5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accepting, "pinned", lambda: None)
        assert _run("offer", "--home", str(made / "new"), *rest, str(made / "other.json"))[1] == 2
    assert not (made / "other.json").exists()


@pytest.mark.network
def test_nobody_gives_the_leaves(made: Path) -> None:
    """Must fail: no server of the invitation answers; the new home is none of several."""
    lines, status = _run("accept", str(made / "invitation-2.json"), "--home", str(made / "new"))

    assert (lines[0], status) == ("error: No server gave the ledger that the genesis names (1 were asked).", 7)
    assert not NetworkPlaces.of(server_paths(made / "new")).exists


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"type": "akashi-server-offer/1"}',
        "\x00",
        "[" * 30_000,
        '{"type": "akashi-server-offer/1", "host": "h", "peer_port": Infinity, "node_port": 1}',
    ],
)
def test_papers_of_another_form(made: Path, tmp_path: Path, text: str) -> None:
    """Must fail: neither an offer nor an invitation; nobody is asked."""
    (tmp_path / "paper").write_text(text)

    said = (
        [
            "error: This file can be read neither as a server's offer nor as an invitation.",
            "hint: Name a file as akashi network offer, init or add wrote it.",
        ],
        2,
    )
    assert _run("add", str(tmp_path / "paper"), "--home", str(made / "home"), "--out", str(tmp_path / "i")) == said
    assert _run("accept", str(tmp_path / "paper"), "--home", str(made / "new")) == said


def test_changes_need_the_running_founder(made: Path, tmp_path: Path) -> None:
    """Nobody runs: exit status 7 and nothing written."""
    home, out = str(made / "home"), tmp_path / "invitation.json"

    assert _run("add", str(made / "offer.json"), "--home", home, "--out", str(out))[1] == 7
    assert _run("promote", "2", "--home", home)[1] == 7
    assert _run("remove", "2", "--reason", "ceased", "--home", home)[1] == 7
    assert not out.exists()


def test_the_founder_answers(made: Path, tmp_path: Path) -> None:
    """The number, how many vote, and the invitation are what the founding server says; it is handed the offer and the reason."""
    asked: list[dict[str, Any]] = []
    invitation = (made / "invitation-2.json").read_text()

    def verb(**answer: Any) -> Verb:
        def said(request: dict[str, Any]) -> dict[str, Any]:
            asked.append(request)
            return answer

        return said

    home, out = made / "home", tmp_path / "invitation.json"
    with answering(home, enrol=verb(number=2, invitation=invitation), promote=verb(voting=2), retire=verb(voting=1)):
        added = _run("add", str(made / "offer.json"), "--home", str(home), "--out", str(out))
        promoted = _run("promote", "2", "--home", str(home))
        removed = _run("remove", "2", "--reason", "compromised", "--home", str(home))

    assert (added[1], out.read_text()) == (0, invitation)
    assert promoted == (["Server 2 votes now (2 do). Publish trust.txt again."], 0)
    assert removed == (["Server 2 is removed (1 vote). Publish trust.txt again."], 0)
    assert json.loads(asked[0]["offer"])["type"] == "akashi-server-offer/1"
    assert asked[1:] == [{"number": 2}, {"number": 2, "reason": "compromised"}]


def test_the_founder_refuses(made: Path) -> None:
    """Its reason is said in its words, and the exit status is that of the reason."""

    def refuse(_request: dict[str, Any]) -> dict[str, Any]:
        raise TooFewLeft(up=1, needed=2, voters=2)

    with answering(made / "home", retire=refuse):
        lines, status = _run("remove", "2", "--reason", "ceased", "--home", str(made / "home"))

    assert lines == [
        "error: After this 2 of 2 servers would be needed, and 1 answer now.",
        "hint: Start the servers that are down, or remove those first.",
    ]
    assert status == 5
