"""The demonstration to its end: the system that ran the main job is served, measured, judged, and its bundle verified."""

from __future__ import annotations

import io
import json
import re
import socket
from contextlib import closing
from pathlib import Path

import pytest

from akashi.app.config import gateways_in
from akashi.app.gateway.home import Gateway
from akashi.app.passphrase import find_passphrase
from akashi.app.server.home import Server
from akashi.cli.__main__ import main
from akashi.cli.shell import Shell
from akashi.clock import SystemClock
from tests.ports import ports_in_a_row

pytestmark = [pytest.mark.network, pytest.mark.slow]
PLAIN_KEY = b"-----BEGIN PRIVATE KEY"
ENDING = [
    "akashi serve, in its own process",
    "declare, register, consent",
    "answer what was tried, with papers",
    "measure, judge, record",
    "conformity bundle (public)",
    "verify it offline, in its own process",
    "akashi serve stopped",
]


def free_block(size: int) -> int:
    """The first of ``size`` ports in a row that nobody uses, and that nobody else is given."""
    return ports_in_a_row(size)


def run(*words: str) -> tuple[int, list[str], str]:
    """Status, standard output and standard error of a command."""
    out, err = io.StringIO(), io.StringIO()
    status = main(list(words), Shell(out, err))
    return status, out.getvalue().splitlines(), err.getvalue()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, list[str]]:
    """A demonstration with 20 people; what it printed."""
    home = tmp_path_factory.mktemp("demo") / "home"
    port = free_block(5)
    status, lines, said = run("demo", "--home", str(home), "--people", "20", "--port", str(port))
    assert (status, said) == (0, "")
    return home, port, lines


def test_the_demo_ends_with_conformity(shown: tuple[Path, int, list[str]]) -> None:
    """The steps go on in their order; everything recomputes; the overview names every catalogue, and no contradiction is made up."""
    _, _, lines = shown
    numbered = [line.split(". ", 1)[1] for line in lines if re.match(r" ?\d+\. ", line)]
    verified = next(line for line in lines if "verify it offline" in line)

    steps = [next((step for step in ENDING if line.startswith(step)), "") for line in numbered]
    assert [step for step in steps if step] == steps[-len(ENDING) :] == ENDING
    assert ": 1" in verified
    assert "0 withheld, 0 invalid" in verified
    assert any(line.strip().startswith("申告と実測の食い違い: 0 件") for line in lines)
    assert [line for line in lines if "mhlw-7.0-draft-ops" in line and "121 項目" in line]


def test_every_item_that_a_program_can_decide_is_decided(shown: tuple[Path, int, list[str]]) -> None:
    """None is left open; and of the items that a person answers too, it is said how many wait for nobody but that person."""
    _, _, lines = shown
    alone, with_people = lines[-3:-1]
    counted = re.search(r"項目 (\d+) 件のうち (\d+) 件を", alone)
    waiting = re.search(r"測れる所が済み（人の答え待ち (\d+) 件", with_people)

    assert counted is not None
    assert counted[1] == counted[2]
    assert "未決" not in alone
    assert waiting is not None
    assert int(waiting[1]) > 0


def test_registers_hold_what_is_really_there(shown: tuple[Path, int, list[str]]) -> None:
    """Five services by their settings, the same five sockets, an answer of each, and no trial of the alarm that nobody made."""
    home, port, _ = shown
    registers = home / "registers"
    assets = {line.split(",")[2] for line in (registers / "assets.csv").read_text().splitlines()[1:]}
    sockets = {line.split(",")[1] for line in (registers / "listening.csv").read_text().splitlines()[1:]}
    answers = json.loads((registers / "answers.json").read_bytes())

    assert assets == sockets == {f"127.0.0.1:{port + at}" for at in range(5)}
    assert len(answers["watched"]) == 5
    assert answers["alarm_tested"] is None
    assert len(json.loads((registers / "baseline.json").read_bytes())["files"]) == 4


def test_the_demo_leaves_no_service_and_no_key(shown: tuple[Path, int, list[str]]) -> None:
    """Nobody listens any more, and no file of the home holds a private key in the clear."""
    home, port, _ = shown
    listening = []
    for at in range(5):
        with socket.socket() as probe:
            listening.append(probe.connect_ex(("127.0.0.1", port + at)) == 0)

    assert listening == [False] * 5
    assert [one.name for one in home.rglob("*") if one.is_file() and PLAIN_KEY in one.read_bytes()] == []


def test_what_is_registered_can_be_measured_again(shown: tuple[Path, int, list[str]]) -> None:
    """No target names a key that went with the demonstration, and each file that one names is there."""
    home, _, _ = shown
    secret, clock = find_passphrase(home), SystemClock()
    targets = []
    with closing(Server.open(home, secret, clock)) as server:
        for institution in gateways_in(home):
            with closing(Gateway.open(home, institution, secret, clock, server)) as gateway:
                targets += gateway.conformity.targets()
    named = [value for one in targets for value in one.options.values() if value.startswith("/")]

    assert [one for one in targets if {"cert", "key"} & one.options.keys()] == []
    assert named
    assert [one for one in named if not Path(one).exists()] == []


def test_the_bundle_is_for_anybody(shown: tuple[Path, int, list[str]]) -> None:
    """With the trust file it verifies on its own; without one it is self-consistent at most; a changed byte ends it."""
    home, _, _ = shown
    bundle, trust = home / "evidence" / "conformity.akashi", str(home / "server" / "public" / "trust.txt")
    bent = home / "bent.akashi"
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    bent.write_bytes(data)

    good = run("conformity", "verify", "--json", "--trust", trust, str(bundle))
    bare = run("conformity", "verify", "--json", str(bundle))
    bad = run("conformity", "verify", "--json", "--trust", trust, str(bent))

    assert (good[0], bare[0], bad[0]) == (0, 9, 6)
    assert json.loads(good[1][0])["counts"]["invalid"] == 0


def test_a_port_that_somebody_has_is_said_at_once(tmp_path: Path) -> None:
    """Before anything is founded: the demonstration could not serve what it made."""
    port = free_block(5)
    with socket.create_server(("127.0.0.1", port + 3)):
        status, lines, said = run("demo", "--home", str(tmp_path / "home"), "--port", str(port), "--lang", "en")

    assert (status, lines) == (2, [])
    assert f"The port {port + 3} cannot be used." in said
    assert not (tmp_path / "home").exists()
