"""What ``akashi network`` says of homes that several servers keep; the servers themselves are tests/app/network's."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from akashi.app.config import ServerSettings, server_paths
from akashi.app.network import local
from akashi.app.network.control import ControlSocket, control_path
from akashi.app.network.places import NetworkPlaces
from akashi.app.network.status import NetworkStatus, OwnWord, ServerLine
from akashi.app.server.home import Server
from akashi.cli.__main__ import main
from akashi.cli.network.telling import lines_of
from akashi.cli.shell import Shell
from akashi.clock import FixedClock
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.network.node.install import Installed

START = 1_795_219_200_000
PASSPHRASE = b"invented passphrase of a test network"
Run = Callable[..., tuple[list[str], int]]
FINE = NetworkStatus(
    own="srv-a",
    number=1,
    node="RUNNING",
    height=9,
    size=40,
    quorum_size=40,
    unfinished=0,
    members=2,
    needed=2,
    ordering=True,
    disk_free=5 << 30,
    split_views=0,
    servers=(
        ServerLine("srv-a", 1, "VALIDATOR", votes=True, up=None, size=40, seconds=START // 1000),
        ServerLine("srv-b", 2, "VALIDATOR", votes=True, up=True, size=39, seconds=START // 1000),
    ),
    incidents=(),
    problems=(),
)


def _run(*words: str) -> tuple[list[str], int]:
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", newline=""), io.StringIO()
    status = main(["network", *words], Shell(out, err, clock=FixedClock(START)))
    out.seek(0)
    return [*out.read().splitlines(), *err.getvalue().splitlines()], status


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home, and what ``akashi network init`` made of it; the program of the node is only said to be there."""
    home = tmp_path_factory.mktemp("network") / "home"
    home.mkdir()
    (home / "passphrase").write_bytes(PASSPHRASE)
    Server.create(home, ServerSettings(), "架空事務局", PASSPHRASE, FixedClock(START), cost=FAST_UNSAFE_COST).close()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AKASHI_PASSPHRASE_FILE", raising=False)
        patch.setattr(local, "pinned", lambda: Installed(Path("cometbft"), "", "", ""))
        said = _run("init", "--home", str(home), "--servers", "2", "--port", "31000", "--lang", "ja")
    assert said == (["2 台の構成になりました。", "次の手順: akashi network start"], 0)
    return home


@pytest.fixture
def home(made: Path) -> Iterator[Path]:
    """The made home; what a test put beside it is gone afterwards."""
    yield made
    for one in local.homes(made):
        shutil.rmtree(NetworkPlaces.of(server_paths(one)).root / "run", ignore_errors=True)


@contextmanager
def answering(home: Path, status: NetworkStatus) -> Iterator[None]:
    """Somebody answers at the home's control socket as a running server does."""
    path = control_path(NetworkPlaces.of(server_paths(home)).root)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    socket = ControlSocket(path, {"status": lambda _: status.encode()})
    socket.start()
    try:
        yield
    finally:
        socket.stop()


def test_each_server_has_a_home_of_its_own(home: Path) -> None:
    """Two homes: the one that was there and one below it, with different keys and the same genesis."""
    nodes = [NetworkPlaces.of(server_paths(one)).node for one in local.homes(home)]

    assert [one.relative_to(home).as_posix() for one in local.homes(home)] == [".", "servers/server-2"]
    assert len({one.genesis.read_text() for one in nodes}) == 1
    assert len({one.validator_key.read_text() for one in nodes}) == 2


def test_a_network_is_not_founded_twice(home: Path) -> None:
    """The second time is a conflict, and nothing is changed."""
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    lines, status = _run("init", "--home", str(home), "--lang", "en")

    assert (lines[0], status) == ("error: This ledger is kept by several servers already.", 5)
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()} == before


def test_servers_that_do_not_run_are_said_to(home: Path) -> None:
    """Nobody answers: a line each, and exit status 7 because nothing becomes final."""
    said = _run("status", "--home", str(home), "--lang", "ja")

    assert said == (["サーバー 1: 停止中", "サーバー 2: 停止中", "どのサーバーも動いていません。"], 7)


def test_nothing_runs_so_nothing_is_stopped(home: Path) -> None:
    """Stopping what does not run is no error."""
    assert _run("stop", "--home", str(home), "--lang", "en") == (["0 servers stopped."], 0)


def test_a_running_server_says_how_it_is(home: Path) -> None:
    """Leaves, final ones, waiting ones, whom it reaches, and whether operations become final."""
    with answering(home, FINE):
        lines, status = _run("status", "--home", str(home), "--lang", "ja")

    assert lines == [
        "サーバー 1: 動作中　記録 40 件（確定 40 件）　未確定 0 件　つながり 1 台　5120 MiB",
        "サーバー 2: 停止中",
        "操作は確定します（2 台のうち 2 台が必要。いま 2 台。あと 0 台まで止まっても続きます）。",
    ]
    assert status == 0


def test_below_a_quorum_the_status_is_no_success(home: Path) -> None:
    """What waits is counted, the code of what went wrong is shown, and the exit status is 7."""
    with answering(home, replace(FINE, ordering=False, unfinished=3, problems=("network.not_final",))):
        lines, status = _run("status", "--home", str(home), "--lang", "en")

    assert "3 waiting" in lines[0]
    assert "[network.not_final]" in lines[0]
    assert status == 7


def test_status_as_json(home: Path) -> None:
    """A program gets what people get; a server that does not run has no status."""
    with answering(home, FINE):
        lines, status = _run("status", "--home", str(home), "--json")
    rows = json.loads("".join(lines))["servers"]

    assert [row["number"] for row in rows] == [1, 2]
    assert NetworkStatus.decode(rows[0]["status"]) == FINE
    assert (rows[1]["status"], status) == (None, 0)


def test_a_wrong_passphrase_opens_no_further_server(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``network run`` refuses with exit status 3 before it listens anywhere."""
    (tmp_path / "wrong").write_bytes(b"another invented passphrase")
    monkeypatch.setenv("AKASHI_PASSPHRASE_FILE", str(tmp_path / "wrong"))
    lines, status = _run("run", "--home", str(home / "servers" / "server-2"), "--lang", "ja")

    assert (lines[0], status) == ("error: 鍵束の合言葉が違います。", 3)


def test_servers_elsewhere_are_told_of_by_their_own_word() -> None:
    """And marked as that; with who owes receipts, who gave wrong copies, and that a server that does not answer is rebuilt."""
    said = OwnWord(START, 3, 39, None, None, stale=True)
    told = replace(
        FINE,
        servers=(FINE.servers[0], replace(FINE.servers[1], said=said)),
        overdue=((2, 1),),
        mistrusted=(("srv-b", 2),),
    )
    shell = Shell(io.StringIO(), io.StringIO(), clock=FixedClock(START))

    lines = lines_of([local.LocalServer(1, Path("home"), told)], shell)
    rebuilt = lines_of([local.LocalServer(1, Path("home"), None, repairing=True)], shell)

    assert lines[1:4] == [
        "サーバー 2: 別の機械（本人の申告）　高さ 3　記録 39 件　空き ?　2026-11-21 00:00:00Z より後は不明",
        "サーバー 2: 消去の受領が 1 件、期限を過ぎています。",
        "サーバー 2: 台帳と違う写しを 2 回渡しました。",
    ]
    assert "作り直し中" in rebuilt[0]
