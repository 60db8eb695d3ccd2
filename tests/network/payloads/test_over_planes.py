"""The same copies over real TLS between four listeners on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from akashi.network.payloads.copies import Bounds, Copies
from akashi.network.payloads.erasing import carry_out
from akashi.network.payloads.intake import Intake
from akashi.network.payloads.plane import PayloadSide, PlanePeer
from akashi.network.payloads.streams import offer_head
from akashi.network.peers import server
from akashi.network.peers.client import Peer, PeerAddress
from akashi.network.peers.errors import PeerRefused
from akashi.network.peers.server import PeerServer
from akashi.vault.events import payload_record
from akashi.vault.receipt import parse_storage_receipt, split_receipts
from tests.exchange.world import CLERK, request
from tests.network.payloads.servers import Network, Node
from tests.network.payloads.test_copying import staged, whole
from tests.network.peers.servers import SLOW, Home
from tests.vault.forge import noise, sealed
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.network
ONCE = replace(SLOW, attempts=1)


class Offering(PayloadSide):
    """A server's side of the plane, as far as payloads go."""

    def __init__(self, intake: Intake, enrolled: Mapping[bytes, str]) -> None:
        super().__init__(intake)
        self._enrolled = enrolled

    def caller(self, spki_digest: bytes) -> str | None:
        """Who it is."""
        return self._enrolled.get(spki_digest)

    def take_cosignature(self, server: str, note: bytes) -> None:
        """Not asked for here."""

    def checkpoint(self, after: int) -> bytes | None:
        """Not asked for here."""
        return None

    def leaves(self, start: int, end: int) -> Iterator[bytes]:
        """Not asked for here."""
        return iter(())

    def status(self) -> Mapping[str, Any]:
        """Nothing."""
        return {}


class Planes:
    """A listener for each server, and clients between all."""

    def __init__(self, network: Network) -> None:
        self.homes = {number: Home(number) for number in network.nodes}
        self.peers: dict[int, list[PlanePeer]] = {}
        self.servers: dict[int, PeerServer] = {}
        self._clients: list[Peer] = []
        known = {home.spki: home.handle for home in self.homes.values()}
        for number, node in network.nodes.items():
            home = self.homes[number]
            others = [one.certificate for at, one in self.homes.items() if at != number]
            node.intake = Intake(network.engine, node.vault, lambda number=number: self.peers[number])  # type: ignore[misc]  # a default binds the loop's variable
            self.servers[number] = PeerServer(Offering(node.intake, known), "127.0.0.1", 0, home.identity, others)
            self.servers[number].start()
        for number in network.nodes:
            self.peers[number] = [self._client(number, at) for at in network.nodes if at != number]

    def _client(self, owner: int, to: int) -> PlanePeer:
        home, context = self.homes[to], self.homes[owner].context(self.homes[to])
        address = PeerAddress(home.handle, "127.0.0.1", self.servers[to].port, home.spki)
        self._clients.append(Peer(address, lambda: context, ONCE))
        return PlanePeer(self._clients[-1])

    def to(self, owner: int, to: int) -> PlanePeer:
        """The client of one server for another."""
        return next(one for one in self.peers[owner] if one.server == self.homes[to].handle)

    def stop(self) -> None:
        """End all."""
        for client in self._clients:
            client.close()
        for listener in self.servers.values():
            listener.stop()


@pytest.fixture
def planes(network: Network, monkeypatch: pytest.MonkeyPatch) -> Iterator[Planes]:
    """Four listeners, at which a handshake may take as long as a slow machine needs."""
    monkeypatch.setattr(server, "HANDSHAKE_SECONDS", PATIENCE_S)
    made = Planes(network)
    yield made
    made.stop()


def test_a_quorum_is_gathered_over_tls(network: Network, planes: Planes) -> None:
    """A payload of 3 MB is on every server, with three receipts for the announcement; so is an empty one."""
    copies = Copies(network.engine, network.vault, lambda: planes.peers[1], Bounds(wait_copies=PATIENCE_S, pause=0.02))
    for number, size in ((1, 3_000_000), (2, 0)):
        sealing = sealed(noise(size), payload_id=number.to_bytes(16, "big"))
        first, others = split_receipts(copies.stage(sealing.payload_id, sealing.wraps, sealing.chunks()))

        assert len({parse_storage_receipt(one)[1] for one in (first, *others)}) == 3
        until(lambda: all(one.vault.size(sealing.payload_id) for one in network.nodes.values()), "four copies")  # noqa: B023  # asked for at once
        assert len({whole(node.vault, sealing.payload_id) for node in network.nodes.values()}) == 1
    copies.close()


def test_an_offer_alone_makes_the_peer_fetch(network: Network, planes: Planes) -> None:
    """Without a container behind it, the peer gets the bytes from whoever has them, from the offset that it names."""
    payload = staged(network.nodes[1])
    head = offer_head(network.vault.receipt(payload))

    receipt = planes.to(1, 2).put(payload, lambda: iter((head,)))

    tail = b"".join(planes.to(3, 2).get(payload, 1_000_000))
    assert parse_storage_receipt(receipt)[0] == parse_storage_receipt(network.vault.receipt(payload))[0]
    assert tail == whole(network.vault, payload)[1_000_000:]


def test_what_is_not_there_or_not_given_is_refused(network: Network, planes: Planes) -> None:
    """Unknown, of another form, ordered to be erased, and an offer of noise: short codes, and nothing is stored."""
    network_payload = staged(network.nodes[1], 5, 1000)
    codes = []
    for call in (
        lambda: list(planes.to(2, 1).get(bytes(16), 0)),
        lambda: planes.to(2, 1).put(bytes(16), lambda: iter((b"\x00",))),
        lambda: planes.to(1, 2).put(
            network_payload, lambda: iter((offer_head(network.vault.receipt(network_payload)), b"noise" * 9))
        ),
    ):
        with pytest.raises(PeerRefused) as caught:
            call()
        codes.append(caught.value.params["reason"])

    assert codes == ["vault.missing", "network.copy_refused", "network.copy_refused"]
    assert network.nodes[2].vault.stored() == []


def test_ids_are_listed_in_order(network: Network, planes: Planes) -> None:
    """Only what was announced, greater than the id that is named."""
    assert planes.to(2, 1).ids(b"") == []
    name = send(network)
    payload = network.sender.show(name).transfer.payload
    staged(network.nodes[1], 3, 100)

    assert planes.to(2, 1).ids(b"") == [payload]
    assert planes.to(2, 1).ids(payload) == []


def test_an_ordered_payload_is_410_on_the_plane(network: Network, planes: Planes) -> None:
    """Between the order and the destruction no peer gets a byte, and afterwards there is none."""
    name = send(network)
    payload = network.sender.show(name).transfer.payload
    assert b"".join(planes.to(2, 1).get(payload, 0)) == whole(network.vault, payload)
    network.order(payload, name)

    for _ in range(2):
        with pytest.raises(PeerRefused) as caught:
            list(planes.to(2, 1).get(payload, 0))
        assert (caught.value.params["status"], caught.value.params["reason"]) == (410, "vault.erased")
        erase_here(network, network.nodes[1], payload)


def erase_here(network: Network, node: Node, payload: bytes) -> None:
    """Carry out the order on one server."""
    with network.engine.view() as state:
        record = payload_record(state, payload)
    assert record is not None
    carry_out(node.vault, payload, record)


def send(network: Network) -> str:
    """One transfer."""
    return network.sender.send(request(), network.acting(CLERK)).transfer
