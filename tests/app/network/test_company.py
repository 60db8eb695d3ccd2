"""A server's own certificate over a year, and whose newer one counts."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from akashi.app.config import server_paths
from akashi.app.network.company import SHOW_MS, Company, Seat
from akashi.app.network.desk import Roll
from akashi.app.network.places import AddressBook, NetworkPlaces, Reached
from akashi.clock import FixedClock
from akashi.durable import make_directory, write_file
from akashi.keys.keystore import FileKeystore
from akashi.network.model import Address
from akashi.network.node.process import NodeProcess, NodeState
from akashi.network.peers.certificates import DAY_MS, RENEW_MS, peer_certificate, read_certificate
from akashi.network.peers.links import PeerLinks
from akashi.network.peers.words import Word

START = 1_795_219_200_000


def _certificate(key: ec.EllipticCurvePrivateKey, now_ms: int) -> bytes:
    return peer_certificate(key, ["127.0.0.1"], now_ms)


class _Stage:
    """Server 1 of two, with a clock; nothing is sent."""

    def __init__(self, folder: Path) -> None:
        self.key, self.other_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.clock = FixedClock(START)
        paths = server_paths(folder)
        self.places = NetworkPlaces.of(paths)
        make_directory(paths.root)
        make_directory(self.places.root)
        first, second = _certificate(self.key, START), _certificate(self.other_key, START)
        write_file(self.places.certificate, first)
        address = Address("127.0.0.1", 26650, 26651)
        self.book = AddressBook("srv-a", (Reached("srv-a", 1, address, first), Reached("srv-b", 2, address, second)))
        self.book.write(self.places.book)
        self.trusted: list[list[bytes]] = []
        links = SimpleNamespace(set_peers=lambda _peers: None, offer=lambda *_: None, states=dict)
        self.company = Company(
            Seat(paths, self.places, self.book, "example/akashi/x"),
            cast("FileKeystore", SimpleNamespace(private_key=lambda _: self.key)),
            cast("Roll", SimpleNamespace(servers=tuple)),
            cast("PeerLinks", links),
            cast("NodeProcess", SimpleNamespace(state=None)),
            self.clock,
        )
        self.company.peers = cast("Any", SimpleNamespace(trust=lambda _own, trusted: self.trusted.append(trusted)))

    def after(self, left_ms: int) -> bytes:
        """The certificate that is shown when the first one has this left."""
        first = read_certificate(self.book.me.certificate)
        self.clock.advance(first.to_ms - left_ms - self.clock.now_ms())
        self.company.beat(0.0)
        return self.places.certificate.read_bytes()

    @property
    def handed_round(self) -> bytes:
        """The certificate that the others are told of."""
        return str(self.company.told()["certificate"]).encode()

    def other(self) -> Reached:
        """Server 2 as the address book has it."""
        return AddressBook.read(self.places.book).others[0]


@pytest.fixture
def stage(tmp_path: Path) -> _Stage:
    """At the founding."""
    return _Stage(tmp_path)


def test_a_certificate_that_lasts_stays(stage: _Stage) -> None:
    """Nothing is made before it is time."""
    first = stage.book.me.certificate

    assert stage.after(RENEW_MS + DAY_MS) == first
    assert stage.handed_round == first


def test_the_next_one_is_handed_round_before_it_is_shown(stage: _Stage) -> None:
    """Over the same key; once, however often it is looked at."""
    first = stage.book.me.certificate

    shown = stage.after(RENEW_MS - DAY_MS)
    told = stage.handed_round
    stage.after(RENEW_MS - 2 * DAY_MS)

    assert shown == first
    assert told != first
    assert read_certificate(told).spki == read_certificate(first).spki
    assert stage.handed_round == told


def test_it_is_shown_when_everybody_has_it(stage: _Stage) -> None:
    """And stands in the own address book, from which invitations are made."""
    stage.after(RENEW_MS - DAY_MS)
    told = stage.handed_round

    stage.company.words.take("srv-b", Word(START, known={1: read_certificate(told).to_ms}))
    stage.company.beat(0.0)

    assert stage.places.certificate.read_bytes() == told
    assert AddressBook.read(stage.places.book).me.certificate == told
    assert stage.handed_round == told


def test_a_month_before_the_end_it_is_shown_to_whom_ever(stage: _Stage) -> None:
    """A server that is away must not keep this one from being known to the others."""
    first = stage.book.me.certificate
    stage.after(SHOW_MS + DAY_MS)
    told = stage.handed_round

    assert stage.after(SHOW_MS - DAY_MS) == told != first


def test_a_newer_certificate_of_the_same_key_counts(stage: _Stage) -> None:
    """Beside the one before it, which the other server shows until everybody has the new one."""
    old = stage.other().certificate
    new = _certificate(stage.other_key, START + 300 * DAY_MS)

    stage.company._learn("srv-b", new)

    assert stage.other().trusted == (new, old)
    assert stage.trusted == [[new, old]]


@pytest.mark.parametrize("wrong", ["another key", "older", "no certificate", "a stranger"])
def test_nothing_else_is_one(stage: _Stage, wrong: str) -> None:
    """Must fail: another key, an earlier end, rubbish, a server that is not in the book."""
    old = stage.other().certificate
    told = {
        "another key": _certificate(stage.key, START + 300 * DAY_MS),
        "older": _certificate(stage.other_key, START - DAY_MS),
        "no certificate": b"-----BEGIN CERTIFICATE-----\n",
        "a stranger": _certificate(stage.other_key, START + 300 * DAY_MS),
    }[wrong]

    stage.company._learn("srv-c" if wrong == "a stranger" else "srv-b", told)

    assert stage.other().trusted == (old,)
    assert stage.trusted == []


@pytest.mark.parametrize(("said", "spared"), [(True, True), (None, True), (False, False)])
def test_no_node_starts_again_while_another_does(stage: _Stage, said: bool | None, spared: bool) -> None:
    """A server whose node is just starting again still answers its peers: it says that it does not order, and is waited for. One of older software says nothing of it, and counts as before."""
    names = ("srv-a", "srv-b", "srv-c")
    rows = [SimpleNamespace(handle=name, number=at, votes=True, retired_ms=None) for at, name in enumerate(names, 1)]
    company = stage.company
    company._roll = cast("Roll", SimpleNamespace(servers=lambda: rows))
    company._links = cast(
        "PeerLinks", SimpleNamespace(states=lambda: dict.fromkeys(names[1:], SimpleNamespace(up=True)))
    )
    company.words.take("srv-b", Word(START, ordering=said))

    assert company._is_spared() is spared


def test_a_server_says_whether_its_node_runs(stage: _Stage) -> None:
    """While the node starts again: no."""
    states = [NodeState.RUNNING, NodeState.STARTING, NodeState.STOPPED]
    told = []
    for one in states:
        stage.company._process = cast("NodeProcess", SimpleNamespace(state=one))
        told.append(stage.company.told()["ordering"])

    assert told == [True, False, False]
