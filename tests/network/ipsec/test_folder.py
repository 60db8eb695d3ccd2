"""`akashi network ipsec`: the folder that it writes, and what it tells when it is run again."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from akashi.app.config import server_paths
from akashi.app.network.places import AddressBook, NetworkPlaces, Reached
from akashi.app.roster.tunnelling import Written, write_tunnels
from akashi.clock import FixedClock
from akashi.errors import AkashiError
from akashi.network.errors import NetworkMissing
from akashi.network.ipsec.certificates import DAY_MS, ike_certificate, new_ike_key, read_ike_key
from akashi.network.ipsec.errors import AddressUnfit, CertificateUnfit, FolderForeign
from akashi.network.model import Address
from akashi.network.peers.certificates import peer_certificate
from tests.app.network.four import PASSPHRASE
from tests.faults.network.fleet import make_homes
from tests.network.ipsec.stand import exchange, write_folder

START = 1_795_219_200_000
HOSTS = ("10.99.0.1", "10.99.0.2", "10.99.0.3")


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three servers of one ledger, on three machines."""
    addresses = [Address(host, 26_650, 26_651) for host in HOSTS]
    return make_homes(tmp_path_factory.mktemp("homes"), addresses, FixedClock(START))


def write(home: Path, out: Path, *papers: Path, at_ms: int = START, moved: dict[int, str] | None = None) -> Written:
    """The command's own function."""
    given = [(one.name, one.read_bytes()) for one in papers]
    return write_tunnels(home, out, given, moved or {}, lambda: PASSPHRASE, FixedClock(at_ms))


def certificates(homes: list[Path], root: Path) -> list[Path]:
    """Everybody's certificate, as made in folders of their own."""
    return [write(home, root / f"of-{number}").certificate for number, home in enumerate(homes, 1)]


def test_first_a_certificate_then_tunnels(homes: list[Path], tmp_path: Path) -> None:
    """Alone it makes a key and a certificate to carry; with those of the others it makes a tunnel to each."""
    _, two, three = certificates(homes, tmp_path)
    first = write(homes[0], tmp_path / "out")
    second = write(homes[0], tmp_path / "out", two, three)

    assert (first.tunnels, first.missing, first.changes.own) == ((), (2, 3), True)
    assert (second.tunnels, second.missing) == ((2, 3), ())
    assert (second.changes.added, second.changes.own) == ((2, 3), False)
    text = (tmp_path / "out" / "swanctl.conf").read_text(encoding="utf-8")
    assert all(f"remote_addrs = {host}\n" in text for host in HOSTS[1:])


def test_the_key_is_the_owners_and_stays(homes: list[Path], tmp_path: Path) -> None:
    """0600 in a folder of 0700; a second run keeps it and asks for no passphrase; no other file holds it."""
    out = tmp_path / "out"
    write(homes[0], out)
    key = out / "private" / "akashi-ike-1.pem"
    before = key.read_bytes()

    def unasked() -> bytes:
        raise AssertionError

    write_tunnels(homes[0], out, [], {}, unasked, FixedClock(START))

    assert key.read_bytes() == before
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert [stat.S_IMODE(one.stat().st_mode) for one in (out, key.parent)] == [0o700, 0o700]
    assert [one for one in out.rglob("*") if one.is_file() and b"PRIVATE KEY" in one.read_bytes()] == [key]


def test_who_goes_and_who_has_another_certificate_is_told(homes: list[Path], tmp_path: Path) -> None:
    """A server that left the address book loses connection and certificate; a new certificate is a change."""
    _, two, three = certificates(homes, tmp_path)
    home, out = tmp_path / "home", tmp_path / "out"
    shutil.copytree(homes[0], home)
    write(home, out, two, three)
    places = NetworkPlaces.of(server_paths(home))
    book = AddressBook.read(places.book)
    AddressBook(book.own, tuple(one for one in book.servers if one.number != 3)).write(places.book)
    newer = write(homes[1], tmp_path / "newer").certificate

    told = write(home, out, newer)

    assert (told.changes.removed, told.changes.changed, told.tunnels) == ((3,), (2,), (2,))
    assert told.unplaced == (3,)  # the ledger still names it
    assert not (out / "x509" / "akashi-ike-3.pem").exists()
    assert "akashi-3" not in (out / "swanctl.conf").read_text(encoding="utf-8")


def test_a_certificate_near_its_end_is_renewed_over_the_same_key(homes: list[Path], tmp_path: Path) -> None:
    """Within its last three months a run makes the next one, and says that it must be carried; the name in IKE stays."""
    out = tmp_path / "out"
    first = write(homes[0], out)
    text = (out / "swanctl.conf").read_text(encoding="utf-8")

    later = write(homes[0], out, at_ms=first.to_ms - 60 * DAY_MS)

    assert later.to_ms > first.to_ms
    assert later.changes.own
    assert (out / "swanctl.conf").read_text(encoding="utf-8") == text


def test_an_ended_certificate_makes_no_tunnel(homes: list[Path], tmp_path: Path) -> None:
    """The other's certificate has ended: it is told as missing, and one that is handed in is refused by name."""
    _, two, _ = certificates(homes, tmp_path)
    out = tmp_path / "out"
    ended = write(homes[0], out, two).to_ms

    told = write(homes[0], out, at_ms=ended)

    assert told.missing == (2, 3)
    with pytest.raises(CertificateUnfit) as refused:
        write(homes[0], out, two, at_ms=ended)
    assert refused.value.params == {"name": "akashi-ike-2.pem", "reason": "time"}


def test_what_nobody_vouches_for_is_refused_and_nothing_written(homes: list[Path], tmp_path: Path) -> None:
    """Must fail: a stranger's certificate, this server's own one, rubbish."""
    strange_key = ec.generate_private_key(ec.SECP256R1())
    peer = peer_certificate(strange_key, ["10.99.0.2"], START)
    strange, rubbish = tmp_path / "akashi-ike-2.pem", tmp_path / "rubbish.pem"
    strange.write_bytes(ike_certificate(read_ike_key(new_ike_key()), strange_key, peer, START))
    rubbish.write_bytes(b"no certificate")
    own = write(homes[0], tmp_path / "own").certificate

    for paper in (strange, rubbish, own):
        with pytest.raises(CertificateUnfit):
            write(homes[0], tmp_path / "out", paper)
    assert not (tmp_path / "out").exists()


def test_an_address_book_with_anothers_key_is_refused(homes: list[Path], tmp_path: Path) -> None:
    """Must fail: somebody put his own peer certificate into the address book; the ledger names another key."""
    home = tmp_path / "home"
    shutil.copytree(homes[0], home)
    places = NetworkPlaces.of(server_paths(home))
    book = AddressBook.read(places.book)
    strange = peer_certificate(ec.generate_private_key(ec.SECP256R1()), [HOSTS[1]], START)
    swapped = [
        Reached(one.server, one.number, one.address, strange) if one.number == 2 else one for one in book.servers
    ]
    AddressBook(book.own, tuple(swapped)).write(places.book)

    with pytest.raises(CertificateUnfit) as refused:
        write(home, tmp_path / "out")
    assert refused.value.reason == "ledger"


def test_a_folder_of_something_else_is_left_alone(homes: list[Path], tmp_path: Path) -> None:
    """Must fail: a folder with other files, and another server's tunnels."""
    other, full = tmp_path / "other", tmp_path / "full"
    write(homes[1], other)
    full.mkdir()
    (full / "notes.txt").write_bytes(b"mine")

    for folder in (other, full):
        before = sorted((one, one.read_bytes()) for one in folder.rglob("*") if one.is_file())
        with pytest.raises(FolderForeign):
            write(homes[0], folder)
        assert sorted((one, one.read_bytes()) for one in folder.rglob("*") if one.is_file()) == before


def test_addresses_may_be_given(homes: list[Path], tmp_path: Path) -> None:
    """A server that the book knows by name gets an address on the command line; one of another family is refused."""
    told = write(homes[0], tmp_path / "out", moved={2: "10.99.0.77"})

    assert "10.99.0.77/32" in (tmp_path / "out" / "fence.xfrm").read_text(encoding="utf-8")
    assert told.missing == (2, 3)
    with pytest.raises(AddressUnfit):
        write(homes[0], tmp_path / "else", moved={2: "fd00::2"})


def test_a_server_of_its_own_has_no_tunnels(tmp_path: Path) -> None:
    """Must fail: no home, and a home that is not one of several."""
    with pytest.raises(AkashiError):
        write(tmp_path, tmp_path / "out")
    places = server_paths(tmp_path)
    places.root.mkdir(parents=True)
    places.settings.write_bytes(b"")
    with pytest.raises(NetworkMissing):
        write(tmp_path, tmp_path / "out")


def test_the_command_tells_what_it_did(homes: list[Path], tmp_path: Path) -> None:
    """The whole way by the command line for three machines: afterwards each has a tunnel to both others."""
    told = exchange(homes, [tmp_path / f"out-{number}" for number in (1, 2, 3)])

    assert [one["tunnels"] for one in told] == [[2, 3], [1, 3], [1, 2]]
    assert [one["missing"] for one in told] == [[], [], []]
    again = write_folder(homes[0], tmp_path / "out-1")
    assert (again["added"], again["removed"], again["changed"], again["own_changed"]) == ([], [], [], False)
