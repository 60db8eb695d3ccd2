"""Servers of one invented ledger, as far as the peer plane knows them: keys, stores, quorum notes, and whole planes on this machine."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from akashi.clock import FixedClock, SystemClock
from akashi.errors import NotFound
from akashi.keys.signers import Ed25519NoteSigner
from akashi.ledger.keyring.members import Member
from akashi.network.peers.certificates import (
    PeerIdentity,
    client_context,
    peer_certificate,
    peer_identity,
    read_certificate,
)
from akashi.network.peers.client import Patience, Peer, PeerAddress
from akashi.network.peers.cosigning import QuorumNotes
from akashi.network.peers.lines import cosigner_name
from akashi.network.peers.links import PeerLinks
from akashi.network.peers.rounds import Rounds
from akashi.network.peers.routes import Bounds
from akashi.network.peers.server import PeerServer
from akashi.network.store import Evidence, NetworkStore
from tests.ports import free_ports
from tests.waiting import PATIENCE_S

SLOW = Patience(connect=PATIENCE_S, answer=PATIENCE_S, stream=PATIENCE_S)
"""Of a client that meets a slow machine: tests of other things than time wait for the answer."""
ORIGIN = f"example.jp/akashi/{'5a' * 16}/1"
BLOCK_MS = 1_790_000_000_123


def root_of(size: int, history: str = "") -> bytes:
    """An invented root; another ``history`` has other ones."""
    return sha256(f"{history}/{size}".encode()).digest()


class Signers:
    """The ledger keys of one server."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.log = Ed25519NoteSigner(_ed25519(f"log/{number}"), ORIGIN)
        self.cosigner = Ed25519NoteSigner(_ed25519(f"cosigner/{number}"), cosigner_name(ORIGIN, number))
        server = sha256(f"server/{number}".encode()).digest()
        self.member = Member(number, server, self.log.public_key, self.cosigner.public_key)


def _ed25519(seed: str) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(sha256(seed.encode()).digest())


class MemoryStore:
    """The in-memory twin of ``NetworkStore`` as far as quorum notes go."""

    def __init__(self) -> None:
        self.notes: dict[int, bytes] = {}
        self.found: list[Evidence] = []
        self.failing = False

    def put_note(self, size: int, note: bytes) -> None:
        """Keep it, unless told to fail."""
        if self.failing:
            raise NotFound
        self.notes[size] = note

    def newest_note(self) -> tuple[int, bytes] | None:
        """The largest."""
        return max(self.notes.items(), default=None)

    def root_at(self, size: int) -> bytes | None:
        """Not asked for here."""
        return None

    def put_evidence(self, found: Evidence) -> bool:
        """Each once."""
        if (found.size, found.other) in [(one.size, one.other) for one in self.found]:
            return False
        self.found.append(found)
        return True


class Server:
    """One server's notes with everything around them in memory."""

    def __init__(self, number: int, everybody: Sequence[Signers], store: MemoryStore | None = None) -> None:
        self.members: list[Member] = [one.member for one in everybody]
        self.signers = Signers(number)
        self.store = store or MemoryStore()
        self.alarms: list[Evidence] = []
        self.notes = QuorumNotes(
            ORIGIN,
            number,
            lambda: self.members,
            self.signers.log,
            self.signers.cosigner,
            self.store,
            FixedClock(BLOCK_MS),
            self.alarms.append,
        )

    def publish(self, size: int, history: str = "", block_ms: int = BLOCK_MS) -> bytes:
        """Commit a head here."""
        note = self.notes.publish(size, root_of(size, history), block_ms)
        self.notes.settle()
        return note


def servers(count: int) -> list[Server]:
    """That many servers that know each other."""
    everybody = [Signers(number) for number in range(1, count + 1)]
    return [Server(one.number, everybody) for one in everybody]


# -- planes -----------------------------------------------------------------------------------------------------------


@dataclass
class Home:
    """A server's key and certificate for its peers."""

    number: int
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        self.certificate = peer_certificate(self.key, ["127.0.0.1", "localhost"], SystemClock().now_ms())
        self.handle = f"srv-{self.number:04d}"

    @property
    def identity(self) -> PeerIdentity:
        """Certificate and key."""
        return peer_identity(self.key, self.certificate)

    @property
    def spki(self) -> bytes:
        """What the ledger names."""
        return read_certificate(self.certificate).spki

    def context(self, *trusted: Home) -> ssl.SSLContext:
        """For calling these."""
        return client_context(self.identity, [one.certificate for one in trusted])


class Side:
    """What a plane offers: notes of a :class:`QuorumNotes`, leaves and payloads that are made up."""

    def __init__(self, notes: QuorumNotes, enrolled: Mapping[bytes, tuple[str, int]]) -> None:
        self.notes, self.enrolled = notes, dict(enrolled)
        self.held: dict[str, bytes] = {}
        self.leaf = b"leaf"
        self.leaf_count = 5_000
        self.taken = threading.Event()

    def caller(self, spki_digest: bytes) -> str | None:
        """Who it is."""
        found = self.enrolled.get(spki_digest)
        return None if found is None else found[0]

    def take_cosignature(self, server: str, note: bytes) -> None:
        """To the notes, under the number of the caller."""
        number = next(number for handle, number in self.enrolled.values() if handle == server)
        self.notes.take(number, note)
        self.taken.set()

    def checkpoint(self, after: int) -> bytes | None:
        """From the notes."""
        return self.notes.checkpoint(after)

    def leaves(self, start: int, end: int) -> Iterator[bytes]:
        """All alike."""
        return (self.leaf for _ in range(start, min(end, self.leaf_count)))

    def payload_ids(self, after: str) -> list[str]:
        """In order."""
        return sorted(one for one in self.held if one > after)[:1000]

    def payload(self, server: str, payload: str, offset: int) -> Iterator[bytes]:
        """In chunks of 60,000 bytes."""
        if payload not in self.held:
            raise NotFound
        data = self.held[payload]
        for at in range(offset, len(data), 60_000):
            yield data[at : at + 60_000]

    def take_payload(self, server: str, payload: str, offset: int, body: Iterator[bytes]) -> bytes:
        """Kept in memory; the receipt is a digest."""
        data = self.held.get(payload, b"")[:offset] + b"".join(body)
        self.held[payload] = data
        return sha256(data).digest()

    def status(self) -> Mapping[str, Any]:
        """Next to nothing."""
        return {"lag": self.notes.lag()}


class Plane:
    """One server on this machine: store, notes, listener, links. Others are joined by :func:`join`."""

    def __init__(
        self, folder: Path, home: Home, everybody: Sequence[Home], bounds: Bounds | None = None, port: int | None = None
    ) -> None:
        self.home, self.everybody = home, everybody
        self.alarms: list[Evidence] = []
        self.members = [Signers(one.number).member for one in everybody]
        signers = Signers(home.number)
        self.store = NetworkStore(folder / f"network-{home.number}.db")
        self.notes = QuorumNotes(
            ORIGIN,
            home.number,
            lambda: self.members,
            signers.log,
            signers.cosigner,
            self.store,
            SystemClock(),
            self.alarms.append,
        )
        self.side = Side(self.notes, {one.spki: (one.handle, one.number) for one in everybody})
        others = [one.certificate for one in everybody if one is not home]
        self.server = PeerServer(self.side, "127.0.0.1", port or free_ports(1)[0], home.identity, others, bounds)
        self.port = self.server.port
        self.links = PeerLinks()
        self.rounds = Rounds(self.notes, self.links)
        self.asked: list[Peer] = []

    def start(self) -> None:
        """Listen."""
        self.server.start()
        self.rounds.start()

    def join(self, planes: Sequence[Plane], patience: Patience | None = None) -> None:
        """Link to the others."""
        context = self.home.context(*(one.home for one in planes if one is not self))
        self.links.set_peers(
            {one.home.handle: self.peer(one, lambda: context, patience) for one in planes if one is not self}
        )

    def peer(
        self, other: Plane, context: Callable[[], ssl.SSLContext] | None = None, patience: Patience | None = None
    ) -> Peer:
        """A client of another plane."""
        own = self.home.context(other.home)
        address = PeerAddress(other.home.handle, "127.0.0.1", other.port, other.home.spki)
        self.asked.append(Peer(address, context or (lambda: own), patience or SLOW))
        return self.asked[-1]

    def publish(self, size: int, history: str = "") -> bytes:
        """Commit a head here and send it round."""
        return self.rounds.publish(size, root_of(size, history), BLOCK_MS)

    def stop(self) -> None:
        """End all."""
        for peer in self.asked:
            peer.close()
        self.links.stop()
        self.rounds.stop()
        self.server.stop()
        self.store.close()
