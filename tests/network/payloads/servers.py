"""Four servers with vaults and keys of their own around one replicated state, two institutions, and wires between the servers.

The state stands in one engine (that every server computes the same is ``network.application``'s affair, tested there); vaults, keys, receipts
and erasures are each server's own. A wire breaks, lies or is cut as the test says.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from akashi.errors import Unavailable
from akashi.keys import FAST_UNSAFE_COST, FileKeystore, KeyKind
from akashi.keys.openers import Opener
from akashi.ledger.author import Author
from akashi.ledger.model import Purpose
from akashi.ledger.wire.envelope import key_id
from akashi.network.events import NETWORK_KINDS, ServerEnrolled, ServerRetired
from akashi.network.model import RetireReason, ServerRole
from akashi.network.payloads.copies import Bounds, Copies
from akashi.network.payloads.erasing import Erasures, erase_before_serving
from akashi.network.payloads.intake import Intake
from akashi.vault.events import ErasureProgress, PayloadErasureOrdered, erasure_progress
from akashi.vault.model import ErasureReason
from akashi.vault.port import PayloadStore
from akashi.vault.sealing.body import derive
from akashi.vault.sealing.wraps import open_wrap, parse_wrap
from akashi.vault.service import Vault
from tests.exchange.world import CONTENT, KINDS, LEDGER, OFFICE, World
from tests.waiting import PATIENCE_S

QUICK = Bounds(wait_place=0.05, wait_copies=PATIENCE_S, pause=0.01)


class Cut(Unavailable):
    """The wire is down."""

    code = "testing.cut"


@dataclass
class Wire:
    """One direction between two servers: a :class:`PeerVault` that does what the test says."""

    owner: Node
    to: Node
    cut_after: int | None = None
    """Bytes after which each stream breaks; ``None``: it holds."""
    tamper: Callable[[bytes], bytes] = field(default=lambda piece: piece)
    calls: list[str] = field(default_factory=list)

    @property
    def server(self) -> str:
        """The handle of the server at the other end."""
        return self.to.handle

    def put(self, payload_id: bytes, stream: Callable[[], Iterator[bytes]]) -> bytes:
        """Offer a copy."""
        self._require("put")
        return self.to.intake.take(self.owner.handle, payload_id, self._carried(stream()))

    def get(self, payload_id: bytes, start: int) -> Iterator[bytes]:
        """Ask for a copy."""
        self._require(f"get {start}")
        return self._carried(self.to.intake.give(payload_id, start))

    def ids(self, after: bytes) -> list[bytes]:
        """Ask what is there."""
        self._require("ids")
        return self.to.intake.ids(after)

    def _require(self, call: str) -> None:
        if not (self.owner.up and self.to.up):
            raise Cut
        self.calls.append(call)

    def _carried(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        left = self.cut_after
        for piece in pieces:
            part = piece if left is None else piece[:left]
            yield self.tamper(part)
            if left is not None:
                left -= len(part)
                if left == 0:
                    raise Cut


class Node:
    """One server: its key, its vault, and what it does for the others."""

    def __init__(self, world: Network, number: int) -> None:
        self.number, self.handle, self.up = number, f"srv-000{number}", True
        self._world = world
        self.home = world.home / "server" if number == 1 else world.home / "servers" / str(number)
        self.keys = world.keys if number == 1 else self._keystore(self.home / "keys")
        self.wires: dict[int, Wire] = {}
        self.author = Author(world.engine, self.keys.signer("server"), OFFICE, world.clock)
        self.start()

    @staticmethod
    def _keystore(directory: Path) -> FileKeystore:
        if directory.exists():
            return FileKeystore.open(directory, b"server")
        store = FileKeystore.create(directory, b"server", cost=FAST_UNSAFE_COST)
        store.generate("server", KeyKind.ED25519)
        return store

    @property
    def key(self) -> bytes:
        """Its server key's id."""
        return self.author.key

    def start(self) -> None:
        """Open the vault as at a start: what is ordered is erased before anybody is answered."""
        shared = self.number == 1 and hasattr(self._world, "vault") and not hasattr(self, "vault")
        self.vault = (
            self._world.vault
            if shared
            else Vault(self.home / "vault", self.keys.signer("server"), LEDGER, self._world.clock)
        )
        self.erased_at_start = erase_before_serving(self._world.engine, self.vault)
        self.intake = Intake(self._world.engine, self.vault, lambda: list(self.wires.values()))
        self.erasures = Erasures(self.author, self.vault, self._world.clock)
        self.up = True

    def stop(self) -> None:
        """The server is away; its files lie there."""
        self.up = False
        self.vault.close()

    def back_up(self, to: Path) -> Path:
        """A copy of the vault's files, as an operator's backup or a thief has it."""
        shutil.copytree(self.home / "vault", to)
        return to

    def restore(self, by: Path) -> None:
        """Older files in place of the present ones; the server is stopped."""
        shutil.rmtree(self.home / "vault")
        shutil.copytree(by, self.home / "vault")


class Network(World):
    """The world of one ledger that four servers keep."""

    kinds = (*KINDS, *NETWORK_KINDS)
    copies: Copies | None = None

    def __init__(self, home: Path, servers: int = 4, bounds: Bounds = QUICK) -> None:
        fresh = not home.exists()
        super().__init__(home)
        self.nodes = {number: Node(self, number) for number in range(1, servers + 1)}
        for number, node in self.nodes.items():
            if fresh and number > 1:
                self.enrol(node.keys.public("server"), OFFICE, Purpose.SERVER, node.keys, "server", self.office)
            if fresh:
                self.office.submit(self._enrolled(node), subject=node.handle)
            node.wires = {at: Wire(node, other) for at, other in self.nodes.items() if at != number}
        self.copies = Copies(self.engine, self.vault, lambda: list(self.nodes[1].wires.values()), bounds)
        for institution in list(self.gateways):
            self.restart(institution)

    @staticmethod
    def _enrolled(node: Node) -> ServerEnrolled:
        log, cosigner, validator, peer = (bytes([node.number, use]) * 16 for use in (1, 2, 3, 4))
        number = node.number
        return ServerEnrolled(
            node.handle, number, ServerRole.VALIDATOR, node.key, log, cosigner, validator, bytes([number]) * 20, peer
        )

    def payloads(self) -> PayloadStore:
        """Where gateways stage: the founding server, which makes the copies."""
        return self.copies or self.vault

    def retire(self, number: int) -> None:
        """Take a server off the ledger."""
        handle = self.nodes[number].handle
        self.office.submit(ServerRetired(handle, RetireReason.CEASED), subject=handle)

    def order(self, payload: bytes, subject: str) -> None:
        """Order the erasure."""
        self.nodes[1].author.submit(PayloadErasureOrdered(payload, ErasureReason.REQUESTED), subject=subject)

    def progress(self, payload: bytes) -> ErasureProgress:
        """How far an erasure is."""
        with self.engine.view() as state:
            return erasure_progress(state, payload, self.clock.now_ms())

    def close(self) -> None:
        """Release every file."""
        if self.copies is not None:
            self.copies.close()
        for node in self.nodes.values():
            if node.number > 1 and node.up:
                node.vault.close()
        self.vault = self.nodes[1].vault
        super().close()


@dataclass(frozen=True, slots=True)
class Remains:
    """Everything of one payload that must be gone after its erasure."""

    payload: bytes
    wrapped: tuple[bytes, ...] = field(repr=False)
    sealed: tuple[bytes, ...] = field(repr=False)
    never: tuple[bytes, ...] = field(repr=False)
    """In no file at any time: the plain content and the keys that open it."""


def remains_of(world: Network, transfer: str) -> Remains:
    """Take the secrets out with the recipients' keys, before the erasure."""
    payload = world.sender.show(transfer).transfer.payload
    openers: dict[bytes, Opener] = {}
    for gateway in world.gateways.values():
        opener = gateway.keystore.opener("opening")
        openers[opener.key_id] = opener
    wraps = [parse_wrap(wrap) for wrap in world.vault.wraps(payload)]
    body = b"".join(world.vault.body(payload))
    data_key = open_wrap(wraps[0], openers[wraps[0].key_id], LEDGER)
    chunk_key, _ = derive(data_key, payload, wraps[0].suite)
    return Remains(
        payload,
        tuple(wrap.hpke[at : at + 32] for wrap in wraps for at in range(0, len(wrap.hpke) - 32, 32)),
        (body[-32:], body[-64:-32]),
        (CONTENT[:24], CONTENT[-24:], data_key, chunk_key),
    )


def found(home: Path, needles: Iterable[bytes], *, outside: Path | None = None) -> set[str]:
    """Which of all files below ``home`` hold any of the needles; ``outside``: a folder that is no home (a backup)."""
    wanted = list(needles)
    files = [path for path in home.rglob("*") if path.is_file() and (outside is None or outside not in path.parents)]
    return {
        str(path.relative_to(home)) for path in files if (data := path.read_bytes()) and any(n in data for n in wanted)
    }


def key_id_of(node: Node) -> bytes:
    """The id of a server's key, computed from its public key."""
    return key_id(node.keys.signer("server").spki)
