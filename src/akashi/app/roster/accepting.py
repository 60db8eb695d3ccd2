"""A new machine's side: what it offers, and how it begins with the invitation that came back.

Guarantees: the keys are made here and never leave; the ledger is fetched from the servers of the invitation over the peer plane, every leaf is executed again, and the home is one of several only if the
tree is the one of the handover. Refuses an invitation to another server's keys (:class:`InvitationStrange`). Trusts: whoever brought the invitation for which ledger this is; no server for what it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from akashi.app.config import ServerSettings, load_settings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network.joining import accept, make_server, prove
from akashi.app.network.places import PEER_KEY, AddressBook, NetworkPlaces
from akashi.app.roster.papers import Invitation, Offer
from akashi.app.roster.ports import require_apart
from akashi.clock import Clock
from akashi.errors import AkashiError
from akashi.keys.model import STANDARD_COST, Cost
from akashi.ledger.proof.trust import parse_trust
from akashi.ledger.wire.note import origin_parts
from akashi.network.errors import InvitationStrange, NetworkExists
from akashi.network.model import Address
from akashi.network.node.install import pinned
from akashi.network.peers.certificates import client_context, peer_identity, read_certificate
from akashi.network.peers.client import Peer, PeerAddress
from akashi.network.scrub.errors import NobodyHelps


def offer_server(
    home: Path,
    trust: bytes,
    secretariat: str,
    address: Address,
    passphrase: bytes,
    clock: Clock,
    cost: Cost = STANDARD_COST,
) -> Offer:
    """Make a further server's keys in ``home``; what it offers to the ledger that ``trust`` (a trust file) names. Raises ``HomeExists``, ``trust.format``, ``PortsOut``."""
    require_apart([address])
    ledger_id, _ = origin_parts(parse_trust(trust).logs[0].name)
    pinned()  # without the program it could never run
    settings = ServerSettings()
    made = make_server(home, settings, address, passphrase, clock, cost)
    keystore = open_keystore(home, server_paths(home).keys, passphrase, settings)
    return prove(keystore, made, ledger_id, secretariat)


def accept_invitation(home: Path, invitation: Invitation, passphrase: bytes) -> int:
    """Begin as the server that the invitation is for; its number. Raises ``NobodyHelps`` if no server gives the leaves, :class:`InvitationStrange`."""
    paths = server_paths(home)
    if NetworkPlaces.of(paths).exists:
        raise NetworkExists
    keystore = open_keystore(home, paths.keys, passphrase, load_settings(paths.settings, ServerSettings))
    certificate = NetworkPlaces.of(paths).certificate.read_bytes()
    book = AddressBook(invitation.own, invitation.servers)
    if book.me.certificate != certificate:
        raise InvitationStrange
    own = peer_identity(keystore.private_key(PEER_KEY), certificate)
    context = client_context(own, [pem for one in book.others for pem in one.trusted])
    with ExitStack() as held:
        for one in book.others:
            spki = read_certificate(one.certificate).spki
            place = PeerAddress(one.server, one.address.host, one.address.peer_port, spki)
            peer = Peer(place, lambda: context)
            held.callback(peer.close)
            with suppress(AkashiError, OSError):  # away, or lied: the next one
                accept(home, keystore, invitation, _leaves(peer, invitation.size))
                return book.me.number
    raise NobodyHelps(servers=len(book.others))


def _leaves(peer: Peer, size: int) -> Iterator[bytes]:
    at = 0
    while at < size:
        found = peer.leaves(at, size)
        if not found:
            return
        at += len(found)
        yield from found
