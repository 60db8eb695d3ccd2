"""Two that would listen at one place are found before the ledger is handed over, not when nothing starts any more."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from akashi.app.config import GatewaySettings, ServerSettings, gateway_paths, save_settings
from akashi.app.network import local
from akashi.app.network.local import make_network
from akashi.app.roster import founding
from akashi.app.roster.accepting import offer_server
from akashi.app.roster.founding import found_invited
from akashi.app.roster.papers import Offer
from akashi.app.roster.ports import require_apart, service_ports
from akashi.app.server.home import Server
from akashi.cli.__main__ import main
from akashi.cli.shell import Shell
from akashi.clock import FixedClock
from akashi.durable import make_directory
from akashi.errors import AkashiError
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.network.errors import HostOut, PortsOut, PortsOverlap
from akashi.network.model import Address

START = 1_795_219_200_000
PASSPHRASE = b"correct horse battery"
HERE, ELSEWHERE = Address("10.0.0.4", 26650, 26651), Address("10.0.0.5", 26650, 26651)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service with a server (8443, 8442) and one gateway (8444)."""
    home = tmp_path_factory.mktemp("ports") / "home"
    Server.create(home, ServerSettings(), "架空事務局", PASSPHRASE, FixedClock(START), cost=FAST_UNSAFE_COST).close()
    (home / "passphrase").write_bytes(PASSPHRASE)
    gateway = gateway_paths(home, "inst-a")
    make_directory(gateway.root)
    save_settings(gateway.settings, GatewaySettings())
    return home


def _files(home: Path) -> dict[Path, bytes]:
    return {one: one.read_bytes() for one in home.rglob("*") if one.is_file()}


@pytest.mark.parametrize(
    ("others", "port"),
    [
        ([Address("10.0.0.4", 26651, 26652)], 26651),
        ([Address("10.0.0.4", 26652, 26652)], 26652),
        ([ELSEWHERE, Address("10.0.0.5", 26649, 26650)], 26650),
        ([Address("Server.Example", 1, 2), Address("server.example", 2, 3)], 2),
        ([Address("localhost", 7, 26650)], 26650),
        ([Address("::1", 8443, 9)], 8443),
        ([Address("127.0.0.2", 8, 9), Address("127.0.0.1", 9, 10)], 9),
    ],
    ids=["next", "own pair", "each other", "names", "loopback", "service", "two loopbacks"],
)
def test_two_at_one_place_are_refused(others: Sequence[Address], port: int) -> None:
    """On this machine, on another, by name, and under every name of this machine."""
    with pytest.raises(PortsOverlap) as refused:
        require_apart([HERE], others, {8443})

    assert refused.value.params == {"port": port}


def test_the_same_ports_on_other_machines_are_fine() -> None:
    """Every machine of a network usually has the same two."""
    require_apart([HERE], [ELSEWHERE, Address("10.0.0.6", 26650, 26651), Address("10.0.0.7", 8443, 8444)], {8443, 8444})


@pytest.mark.parametrize("port", [0, 65_536])
def test_what_is_no_port_is_refused(port: int) -> None:
    """Before anything is made."""
    with pytest.raises(PortsOut):
        require_apart([Address("10.0.0.4", port, 7)])


def test_the_service_s_ports_are_those_of_its_settings(home: Path) -> None:
    """The server's, its public page's, and each gateway's."""
    assert service_ports(home) == {8442, 8443, 8444}


@pytest.mark.parametrize(
    "first", [8435, 8440, 8441, 8444], ids=["last of eight", "in between", "public page", "gateway"]
)
def test_no_network_is_founded_on_the_service_s_ports(home: Path, first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command refuses with exit status 2 and a sentence that names the port; the home is as it was."""
    monkeypatch.delenv("AKASHI_PASSPHRASE_FILE", raising=False)
    before, out, err = _files(home), io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    shell = Shell(out, err, clock=FixedClock(START))
    status = main(["network", "init", "--home", str(home), "--port", str(first), "--lang", "ja"], shell)

    assert status == 2
    assert "は、このサービス自身か別のサーバーが使う番号です。" in err.getvalue()
    assert _files(home) == before


def test_nor_with_servers_on_other_machines(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The own place on a gateway's port, or two offers of one place: refused before the handover."""
    monkeypatch.setattr(founding, "pinned", lambda: None)
    before = _files(home)
    offers = [Offer(ELSEWHERE, b"", b"", b"", b"", b"", b"")]
    refused: list[AkashiError] = []
    for address, offered in ((Address("10.0.0.4", 8444, 8445), offers), (HERE, offers * 2)):
        with pytest.raises(PortsOverlap) as error:
            found_invited(home, address, offered, PASSPHRASE, FixedClock(START))
        refused.append(error.value)

    assert [one.params["port"] for one in refused] == [8444, 26650]
    assert _files(home) == before


def test_ports_that_others_do_not_use_are_taken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ones right before the service's own: the next thing asked for is the program of the node."""

    class Reached(Exception):
        """So far."""

    def stop() -> None:
        raise Reached

    monkeypatch.setattr(local, "pinned", stop)
    with pytest.raises(Reached):
        make_network(home, 4, 8434, PASSPHRASE, FixedClock(START), FAST_UNSAFE_COST)


def test_an_offer_of_what_is_no_port_makes_nothing(tmp_path: Path) -> None:
    """The new machine's home is not made with ports that nobody can use."""
    with pytest.raises(PortsOut):
        offer_server(tmp_path / "new", b"", "inst-a", Address("h", 65_535, 65_536), PASSPHRASE, FixedClock(START))

    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("host", ["", "a b", "-a", "a..b", "a/b", "10.0.0.256:1", "x" * 254, "例", "a\x1b[2J", "[::1]"])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    """Must fail: what is neither a name nor an address makes no home that nobody could reach; it is not repeated."""
    with pytest.raises(HostOut) as refused:
        require_apart([Address(host, 26650, 26651)])
    with pytest.raises(HostOut):
        require_apart([HERE], [Address(host, 26650, 26651)])

    assert not host or host not in refused.value.sentence("ja")


@pytest.mark.parametrize("host", ["h", "server-4.example", "10.0.0.5", "fd77::1", "::1", "4.example"])
def test_names_and_addresses_are_hosts(host: str) -> None:
    """What others can reach is taken."""
    require_apart([Address(host, 26650, 26651)])


def test_an_offer_names_an_institution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped secretariat is found before keys are made."""
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    err = io.StringIO()
    words = ["network", "offer", "--home", str(tmp_path / "new"), "--server-trust", str(tmp_path / "none")]
    words += ["--secretariat", "nonsense", "--host", "10.0.0.5", "--out", str(tmp_path / "offer.json")]

    assert main(words, Shell(io.StringIO(), err)) == 2
    assert "--secretariat: inst-" in err.getvalue()
    assert not (tmp_path / "new").exists()
