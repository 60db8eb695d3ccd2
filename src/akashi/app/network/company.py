"""The other servers of one server: where they are, which certificates count, how its node and its links reach them.

Guarantees: a certificate counts if its key is the one that the ledger names for that server and it signed itself, whoever brought it; while a server changes to a new one, both count. This server
renews its own before it ends, over the same key: handed round first, shown when everybody has it, and in any case a month before the end. A server that the ledger retires is out of
the peer plane at once, and out of this node's peers when it is this server's turn: never two nodes start again together while others answer.
Refuses certificates of other keys. Trusts: the ledger for who the others are; nobody else for more than where they are.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from akashi.app.config import DAY_MS, ServerPaths
from akashi.app.network.desk import PeerDesk, Roll
from akashi.app.network.places import PEER_KEY, AddressBook, NetworkPlaces, Reached
from akashi.clock import Clock
from akashi.durable import remove_file, write_file
from akashi.errors import AkashiError
from akashi.keys.keystore import FileKeystore
from akashi.late import late
from akashi.ledger.keyring.members import quorum
from akashi.network.errors import NetworkMissing
from akashi.network.model import Address, ServerRecord
from akashi.network.node.config import NodeSettings, config_toml
from akashi.network.node.config import Peer as NodePeer
from akashi.network.node.process import START_S, NodeProcess, NodeState
from akashi.network.node.rules import LONGEST_ROUND_TRIP_MS, timeouts
from akashi.network.peers.certificates import (
    RENEW_MS,
    PeerIdentity,
    client_context,
    peer_certificate,
    peer_identity,
    read_certificate,
)
from akashi.network.peers.client import Peer, PeerAddress
from akashi.network.peers.errors import PeerCertificateUnsuitable
from akashi.network.peers.links import PeerLinks
from akashi.network.peers.words import Word, Words, read_word

if TYPE_CHECKING:
    from akashi.network.peers import server as peer_plane
else:
    peer_plane = late("akashi.network.peers.server")

SHOW_MS = 30 * DAY_MS
"""With less than this left the new certificate is shown, also to those who did not say that they have it."""
STAGGER_S = 10.0
"""Between the nodes of two servers that let go of a third."""
_LONGEST_WAIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Seat:
    """Which server this is and where it keeps what."""

    paths: ServerPaths
    places: NetworkPlaces
    book: AddressBook
    origin: str

    @classmethod
    def of(cls, paths: ServerPaths) -> Seat:
        """Raises :class:`NetworkMissing`."""
        places = NetworkPlaces.of(paths)
        if not places.exists:
            raise NetworkMissing
        origin = (paths.public / "origin").read_text(encoding="utf-8").strip()
        return cls(paths, places, AddressBook.read(places.book), origin)


class Company:
    """Everybody else, for one running server. ``lock`` is held while the node starts again or the address book changes."""

    def __init__(
        self, seat: Seat, keystore: FileKeystore, roll: Roll, links: PeerLinks, process: NodeProcess, clock: Clock
    ) -> None:
        self.seat = seat
        self.lock = threading.RLock()
        self.words = Words()
        self._keystore, self._roll, self._links, self._process, self._clock = keystore, roll, links, process, clock
        self._ended = False
        self._dialled: frozenset[str] = frozenset()  # servers that the node was told of at its last start
        self._drop_since_s: float | None = None
        self._next = seat.places.certificate.with_name("peer-next.pem")

    # -- life ---------------------------------------------------------------------------------------------------------

    def open(self, desk: PeerDesk) -> peer_plane.PeerServer:
        """Listen to them. Raises ``PeerPortTaken``."""
        desk.certificates = self.told
        me = self.seat.book.me.address
        self.peers = peer_plane.PeerServer(desk, me.host, me.peer_port, self._identity(), self._trusted())
        return self.peers

    def end(self) -> None:
        """Nothing starts again from here on."""
        self._ended = True

    def beat(self, now_s: float) -> None:
        """Ask everybody how they are; renew what ends; let go of who was removed. Raises what keeps the node from starting."""
        self._links.offer("alive", self._ask)
        self._renew_own()
        self._drop(now_s)

    def _ask(self, peer: Peer) -> None:
        word = read_word(peer.status(), self._clock.now_ms())
        self.words.take(peer.address.server, word)
        if word.certificate:
            self._learn(peer.address.server, word.certificate)

    # -- who they are -------------------------------------------------------------------------------------------------

    def renew(self, servers: Sequence[Reached], chain_id: str, timeout_s: float = START_S) -> None:
        """Keep these in the address book (without the retired), trust and reach exactly them, and start the node again, which takes no connection from
        others. Raises what keeps the node from starting; a server that stopped voting does not start to vote by this.
        """
        with self.lock:
            gone = self._retired()
            own = self.seat.book.own
            self._write_book([one for one in servers if one.server not in gone or one.server == own])
            self.reach()
            self.write_settings(chain_id)
            self.restart(timeout_s)

    def restart(self, timeout_s: float = START_S) -> None:
        """Start the node again, if it runs. Raises what keeps it from that."""
        with self.lock:
            if self._process.state is NodeState.RUNNING and not self._ended:
                self._process.restart(timeout_s)

    def reach(self) -> None:
        """Trust and link to those of the address book that the ledger has not retired."""
        with self.lock:
            if self._ended:
                return
            others, trusted = self._others(), self._trusted()
            self._context = client_context(self._identity(), trusted)
            self.peers.trust(self._identity(), trusted)
            self._links.set_peers({one.server: self._peer(one) for one in others})
            self.words.keep_only(frozenset(one.server for one in others))

    def write_settings(self, chain_id: str) -> None:
        """What the node is told at its next start."""
        self._chain_id = chain_id
        known = self._roll.servers()
        settings = node_settings(self.seat, chain_id, known)
        write_file(self.seat.places.node.settings, config_toml(settings).encode())
        told = {one.node_id for one in settings.peers}
        self._dialled = frozenset(one.handle for one in known if one.keys.node.hex() in told)
        self._drop_since_s = None

    def _others(self) -> list[Reached]:
        """The other servers of the address book, without those that the ledger calls retired."""
        gone = self._retired()
        return [one for one in self.seat.book.others if one.server not in gone]

    def _trusted(self) -> list[bytes]:
        return [pem for one in self._others() for pem in one.trusted]

    def _retired(self) -> frozenset[str]:
        return frozenset(one.handle for one in self._roll.servers() if one.retired_ms is not None)

    def _identity(self) -> PeerIdentity:
        return peer_identity(self._keystore.private_key(PEER_KEY), self.seat.places.certificate.read_bytes())

    def _peer(self, one: Reached) -> Peer:
        spki = read_certificate(one.certificate).spki
        return Peer(PeerAddress(one.server, one.address.host, one.address.peer_port, spki), lambda: self._context)

    def _write_book(self, servers: Sequence[Reached]) -> None:
        book = AddressBook(self.seat.book.own, tuple(servers))
        book.write(self.seat.places.book)
        self.seat = replace(self.seat, book=book)

    # -- who was removed ----------------------------------------------------------------------------------------------

    def _drop(self, now_s: float) -> None:
        """Start the node again without those that the ledger retired, one server of the network after the other."""
        if not self._dialled & self._retired():
            return
        if self._drop_since_s is None:
            self._drop_since_s = now_s
        waited = now_s - self._drop_since_s
        if waited < self._turn() * STAGGER_S or not (self._is_spared() or waited > _LONGEST_WAIT_S):
            return
        with self.lock:
            own = self.seat.book.own
            gone = self._retired()
            self._write_book([one for one in self.seat.book.servers if one.server not in gone or one.server == own])
            self.write_settings(self._chain_id)
            self.restart()

    def _turn(self) -> int:
        """How many servers are before this one."""
        mine = self.seat.book.me.number
        return sum(one.number < mine for one in self._roll.servers() if one.retired_ms is None)

    def _is_spared(self) -> bool:
        """Whether the others go on without this server for the moment that its node takes; where they never could, whether all of them answer."""
        words = self.words.all()
        busy = {server for server, word in words.items() if word.ordering is False}  # answers, while its node starts
        up = {server for server, link in self._links.states().items() if link.up} - busy
        voting = {one.handle for one in self._roll.servers() if one.votes}
        others = voting - {self.seat.book.own}
        return len(others & up) >= min(quorum(len(voting)), len(others))

    # -- certificates -------------------------------------------------------------------------------------------------

    def told(self) -> Mapping[str, object]:
        """What is said to the others: whether the node here runs, the certificate that this server will show next, and until when the newest one lasts that
        it has of each of them.
        """
        newest = self._next.read_bytes() if self._next.is_file() else self.seat.places.certificate.read_bytes()
        known = {str(one.number): read_certificate(one.certificate).to_ms for one in self._others()}
        ordering = self._process.state is NodeState.RUNNING
        return {"certificate": newest.decode("ascii", "replace"), "known": known, "ordering": ordering}

    def _learn(self, server: str, pem: bytes) -> None:
        """Take a newer certificate over the same key; nothing else is one."""
        with self.lock:
            here = next((one for one in self._others() if one.server == server), None)
            if here is None or here.certificate == pem or self._ended:
                return
            with suppress(PeerCertificateUnsuitable):
                old, new = read_certificate(here.certificate), read_certificate(pem)
                if new.spki != old.spki or new.to_ms <= old.to_ms:
                    return
                later = replace(here, certificate=pem, former=here.certificate)
                self._write_book([later if one.server == server else one for one in self.seat.book.servers])
                self.reach()

    def _renew_own(self) -> None:
        """Make, and then show, the next certificate of this server."""
        path, now_ms = self.seat.places.certificate, self._clock.now_ms()
        left_ms = read_certificate(path.read_bytes()).to_ms - now_ms
        if left_ms >= RENEW_MS:
            return
        if not _is_waiting(self._next, self._keystore, now_ms):
            made = peer_certificate(self._keystore.private_key(PEER_KEY), [self.seat.book.me.address.host], now_ms)
            write_file(self._next, made, 0o644)
        if left_ms >= SHOW_MS and not self._is_known_to_all(read_certificate(self._next.read_bytes()).to_ms):
            return
        with self.lock:
            pem = self._next.read_bytes()
            write_file(path, pem, 0o644)
            remove_file(self._next)
            me = replace(self.seat.book.me, certificate=pem)
            self._write_book([me if one.server == me.server else one for one in self.seat.book.servers])
            self.reach()

    def _is_known_to_all(self, end_ms: int) -> bool:
        words, mine = self.words.all(), self.seat.book.me.number
        others = self._others()
        return all(one.server in words and words[one.server].known.get(mine) == end_ms for one in others)

    def word_of(self, server: str) -> Word | None:
        """What it said last, if it did since this server started."""
        return self.words.all().get(server)


def _is_waiting(path: Path, keystore: FileKeystore, now_ms: int) -> bool:
    """Whether there is a certificate over our key that lasts: one that was made and not yet shown."""
    try:
        peer_identity(keystore.private_key(PEER_KEY), path.read_bytes())
        return read_certificate(path.read_bytes()).to_ms - now_ms >= RENEW_MS
    except (OSError, AkashiError):
        return False


def node_settings(seat: Seat, chain_id: str, known: Sequence[ServerRecord], *, votes: bool = True) -> NodeSettings:
    """What the node of this server is told; ``known``: the servers that the ledger names."""
    book, node = seat.book, seat.places.node
    peers = [_dialled(one, known) for one in book.others]
    return NodeSettings(
        chain_id=chain_id,
        name=f"server-{book.me.number}",
        listen=_place(book.me.address.host, book.me.address.node_port),
        peers=tuple(one for one in peers if one is not None),
        app_socket=node.app_socket,
        rpc_socket=node.rpc_socket,
        limits=timeouts(round_trip_ms(book)),
        votes=votes,
    )


def _dialled(one: Reached, known: Sequence[ServerRecord]) -> NodePeer | None:
    """The node of another server by the id that the ledger names; ``None`` for one that the ledger does not know (yet)."""
    found = next((row for row in known if row.handle == one.server), None)
    if found is None or found.retired_ms is not None:
        return None
    return NodePeer(found.keys.node.hex(), _place(one.address.host, one.address.node_port))


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def round_trip_ms(book: AddressBook) -> int:
    """The longest time that a connection to another server's peer plane takes now, rounded up; those that do not answer are left out.

    A refusal takes a round trip as well and counts: where all start together, nobody's door is open yet.
    """
    places = [one.address for one in book.others]
    with ThreadPoolExecutor(max(1, len(places)), thread_name_prefix="akashi-knock") as pool:
        longest = max(pool.map(_knock, places), default=0.0)
    return min(LONGEST_ROUND_TRIP_MS, int(longest * 1000) + 1) if longest else 0


def _knock(place: Address) -> float:
    """Seconds until a door answered, open or shut; 0 if it did not within the longest round trip there may be."""
    begun = time.monotonic()
    try:
        socket.create_connection((place.host, place.peer_port), LONGEST_ROUND_TRIP_MS / 1000).close()
    except ConnectionRefusedError:
        pass
    except OSError:
        return 0.0
    return time.monotonic() - begun
