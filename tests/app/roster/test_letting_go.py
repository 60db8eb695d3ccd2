"""A server that the ledger retires: the nodes of the others let go of it by themselves, never two at once; certificates are renewed by themselves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from akashi.app.network.places import PEER_KEY, Reached
from akashi.clock import SystemClock
from akashi.ledger.author import Author
from akashi.network.events import ServerRetired
from akashi.network.model import RetireReason
from akashi.network.node.process import NodeState
from akashi.network.peers.certificates import DAY_MS, RENEW_MS, peer_certificate, read_certificate
from tests.app.network.four import found_four
from tests.app.repair.lab import Lab, Place, running, until
from tests.network.cometbft import needs_cometbft
from tests.ports import free_ports

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Four servers that run, each in a home of its own."""
    with running(found_four(tmp_path, SystemClock(), free_ports(8))) as made:
        yield made


@contextmanager
def _watched(places: list[Place]) -> Iterator[set[int]]:
    """How many of these nodes did not run at a time."""
    seen: set[int] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.01):
            seen.add(
                sum(one.server is None or one.server.node.process.state is not NodeState.RUNNING for one in places)
            )

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _pid(place: Place) -> int | None:
    return None if place.server is None else place.server.node.process.pid


def _settings(place: Place) -> str:
    return place.places.node.settings.read_text()


def _retire(lab: Lab, handle: str) -> None:
    server = lab.first.server
    assert server is not None
    secretariat = (lab.first.paths.public / "secretariat").read_text().strip()
    author = Author(server.engine, lab.first.keystore.signer("secretariat"), secretariat, SystemClock())
    author.submit(ServerRetired(handle, RetireReason.CEASED), subject=handle)


def test_nodes_let_go_one_after_the_other(lab: Lab) -> None:
    """Only the ledger says it: no file is carried, and nobody is told over a control socket. Operations go on."""
    gone, stay = lab.servers[3], lab.servers[:3]
    assert gone.server is not None
    record = next(one for one in gone.server.node.roll.servers() if one.handle == gone.server.node.seat.book.own)
    node_id = record.keys.node.hex()
    assert all(node_id in _settings(one) for one in stay)
    before = [_pid(one) for one in stay]

    with _watched(stay) as down:
        _retire(lab, record.handle)
        until(lambda: all(node_id not in _settings(one) for one in stay))
        until(lambda: all(one.is_running() for one in stay))
        lab.submit(1)

    assert down <= {0, 1}
    assert not set(before) & {_pid(one) for one in stay}
    books = [one.server.node.seat.book.servers for one in stay if one.server is not None]
    assert [len(servers) for servers in books] == [3, 3, 3]


def test_a_certificate_is_renewed_before_it_ends(tmp_path: Path) -> None:
    """Server 3's ends in 40 days: it makes another over the same key, the others have it before it is shown, and it is known by it afterwards."""
    homes = found_four(tmp_path, SystemClock(), free_ports(8))
    places = [Place(folder) for folder in homes.folders]
    ending = _short(places, 2, 40)
    with running(homes) as lab:
        third = lab.servers[2]

        def renewed() -> bool:
            return third.places.certificate.read_bytes() != ending

        until(renewed)
        fresh = third.places.certificate.read_bytes()
        until(lambda: all(_reaches(one, third) for one in lab.servers if one is not third))
        lab.submit(1)
        until(lab.level)

        assert read_certificate(fresh).spki == read_certificate(ending).spki
        assert read_certificate(fresh).to_ms - SystemClock().now_ms() > RENEW_MS
        for one in lab.servers:
            until(lambda one=one: _entry(one).certificate == fresh)  # type: ignore[misc]  # bound now
            assert one is third or _entry(one).former == ending
        third.stop()
        third.start()
        until(third.is_running, third)
        until(lambda: all(_reaches(one, third) for one in lab.servers if one is not third))


def _short(places: list[Place], at: int, days: int) -> bytes:
    """Give the server at ``at`` a certificate that ends in so many days, in every address book, as if it were founded long ago."""
    place = places[at]
    key = place.keystore.private_key(PEER_KEY)
    pem = peer_certificate(key, ["127.0.0.1"], SystemClock().now_ms(), days * DAY_MS)
    old = place.places.certificate.read_text()
    place.places.certificate.write_bytes(pem)
    for one in places:
        path = one.places.book
        text = path.read_text()
        changed = text.replace(old.replace("\n", "\\n"), pem.decode().replace("\n", "\\n"))
        assert changed != text
        path.write_text(changed)
    return pem


def _entry(place: Place) -> Reached:
    """Server 3 as this one's address book has it."""
    assert place.server is not None
    return next(row for row in place.server.node.seat.book.servers if row.number == 3)


def _reaches(one: Place, other: Place) -> bool:
    if one.server is None or other.server is None:
        return False
    link = one.server.node.links.states().get(other.server.node.seat.book.own)
    return link is not None and link.up
