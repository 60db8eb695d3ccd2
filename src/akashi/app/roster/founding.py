"""A ledger handed over to this server and others on other machines, from their offers.

Guarantees: whatever could not stand in the files of a server is refused before the handover, which there is no way back from. Refuses
too many servers, addresses that no node takes, a ledger that several keep already. Trusts: the secretariat to have compared the fingerprints.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from akashi.app.network.joining import found
from akashi.app.network.local import require_home
from akashi.app.network.places import AddressBook, NetworkPlaces, Reached
from akashi.app.roster.papers import Invitation, Offer
from akashi.app.roster.ports import require_apart, service_ports
from akashi.app.server.home import Server
from akashi.clock import Clock
from akashi.ledger.keyring.members import MAX_MEMBERS
from akashi.network.errors import NetworkExists, ServerCount
from akashi.network.model import Address
from akashi.network.node.config import NodeSettings, config_toml
from akashi.network.node.config import Peer as NodePeer
from akashi.network.node.install import pinned
from akashi.network.node.rules import timeouts
from akashi.network.peers.certificates import read_certificate


def found_invited(
    home: Path, address: Address, offers: Sequence[Offer], passphrase: bytes, clock: Clock
) -> list[Invitation]:
    """Hand the ledger of ``home`` over to its server, reached at ``address``, and those of ``offers``; an invitation for each, with numbers that nobody had (from 2 on)."""
    places = NetworkPlaces.of(require_home(home))
    if places.exists:
        raise NetworkExists
    if not 1 <= len(offers) < MAX_MEMBERS:
        raise ServerCount(most=MAX_MEMBERS)
    require_apart([address], [one.address for one in offers], service_ports(home))
    pinned()
    _check(places, address, offers)
    server = Server.open(home, passphrase, clock)
    try:
        return found(server, address, offers)
    finally:
        server.close()


def _check(places: NetworkPlaces, address: Address, offers: Sequence[Offer]) -> None:
    """Raises ``SettingsInvalid``, ``BadSetting``, ``PeerCertificateUnsuitable``."""
    for offer in offers:
        read_certificate(offer.certificate)
    rows = [Reached(f"srv-{at}", at, one.address, b"") for at, one in enumerate(offers, start=2)]
    own = Reached("srv-1", 1, address, b"")
    AddressBook.parse(AddressBook("srv-1", (own, *rows)).encode())
    settings = NodeSettings(
        chain_id="akashi",
        name="server-1",
        listen=_place(address),
        peers=tuple(NodePeer(one.node.hex(), _place(one.address)) for one in offers),
        app_socket=places.node.app_socket,
        rpc_socket=places.node.rpc_socket,
        limits=timeouts(0),
    )
    config_toml(settings)


def _place(address: Address) -> str:
    return f"[{address.host}]:{address.node_port}" if ":" in address.host else f"{address.host}:{address.node_port}"
