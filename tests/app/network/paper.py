"""A ledger on paper: the real leaves of a founding, then changes of its servers executed in memory and signed by whoever the test says.

No node runs. What a lying server could show is made by changing what :class:`Paper` gives out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network.places import replica_keys
from akashi.app.network.trusting import TrustPublisher
from akashi.app.server.founding import SECRETARIAT_KEY
from akashi.app.wiring import KINDS
from akashi.clock import FixedClock
from akashi.identity.handles import new_handle
from akashi.ledger.admission import admit
from akashi.ledger.audit import Replay
from akashi.ledger.author import Author
from akashi.ledger.keyring.members import Member, members
from akashi.ledger.model import Algorithm, Leaf, Purpose
from akashi.ledger.port import Acknowledged, Entry
from akashi.ledger.registry import KeyEnrolled, possession_message
from akashi.ledger.state import Overlay, ReadState
from akashi.ledger.store import DATABASE, Tables, connect
from akashi.ledger.wire.envelope import key_id, parse_operation
from akashi.ledger.wire.leaf import effects_digest, encode_leaf, parse_leaf
from akashi.ledger.wire.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    range_proof,
    root_of,
    subtree_over,
)
from akashi.ledger.wire.note import NoteKind, NoteSigner, parse_checkpoint, vkey
from akashi.ledger.wire.receipt import format_receipt
from akashi.network.events import ServerChanged, ServerEnrolled, ServerRetired
from akashi.network.model import RetireReason, ServerRole
from akashi.network.peers.lines import assemble, cosigner_name, own_note, signed_by
from akashi.network.records import as_member, servers
from tests.app.network.four import PASSPHRASE, Homes


@dataclass(frozen=True)
class PaperKey:
    """An Ed25519 key in memory that signs notes under a name."""

    name: str
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate, repr=False)

    @property
    def public_key(self) -> bytes:
        """32 bytes."""
        return self.key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self.key.sign(message)


class Paper:
    """Stands for a ``LedgerReader``, for the notes of its servers, and for the store of these."""

    def __init__(self, homes: Homes, clock: FixedClock) -> None:
        self.clock = clock
        first = homes.folders[0]
        paths = server_paths(first)
        self.public = paths.public
        self.origin = (paths.public / "origin").read_text().strip()
        self.pairs: dict[int, tuple[NoteSigner, NoteSigner]] = {}
        for number, folder in enumerate(homes.folders, start=1):
            keystore = open_keystore(folder, server_paths(folder).keys, PASSPHRASE, ServerSettings())
            keys = replica_keys(keystore, self.origin, number)
            self.pairs[number] = (keys.log, keys.cosigner)
        self._replay = Replay(KINDS)
        self._data: list[bytes] = []
        for data in leaves_of(first):
            self._replay.leaf(parse_leaf(data))
            self._data.append(data)
        assert self._replay.ledger_id is not None
        self.ledger_id = self._replay.ledger_id
        secretariat = (paths.public / "secretariat").read_text().strip()
        founder = open_keystore(first, paths.keys, PASSPHRASE, ServerSettings())
        signer = founder.signer(SECRETARIAT_KEY)
        self.author = Author(self, signer, secretariat, clock)  # type: ignore[arg-type]  # what it needs is here
        self.kept: list[tuple[int, bytes]] = []
        self.full: list[bytes] = []

    # -- as a ledger ----------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Leaves."""
        return len(self._data)

    @contextmanager
    def view(self) -> Iterator[ReadState]:
        """The state now."""
        yield Overlay(self._replay.state)

    def submit(self, envelope: bytes) -> Acknowledged:
        """Executed and appended at once."""
        operation = parse_operation(envelope)
        now = self.clock.now_ms()
        changes = admit(KINDS, self._replay.state, operation, self.ledger_id, now)
        height = parse_leaf(self._data[-1]).height + 1
        self._data.append(encode_leaf(Leaf(height, now, envelope, 0, effects_digest(changes))))
        self._replay.state.absorb(dict(changes))
        return Acknowledged(operation.id, self.size - 1, height, now)

    def _entries(self) -> Iterator[tuple[str | None, str, Entry]]:
        for index, data in enumerate(self._data):
            operation = parse_operation(parse_leaf(data).envelope)
            yield operation.statement.subject, operation.statement.kind, Entry(index, operation.id, data)

    def entries(self, subject: str) -> Sequence[Entry]:
        """Leaves on a subject."""
        return [entry for named, _, entry in self._entries() if named == subject]

    def registry(self) -> Sequence[Entry]:
        """Leaves of the ledger's own kinds."""
        return [entry for _, kind, entry in self._entries() if kind.split(".")[0] in {"ledger", "key", "log"}]

    def leaves(self, start: int, end: int) -> Iterator[bytes]:
        """Leaves as stored."""
        yield from self._data[start:end]

    def _hashes(self, size: int) -> list[bytes]:
        return [leaf_hash(one) for one in self._data[:size]]

    def range(self, start: int, end: int, size: int | None = None) -> list[bytes]:
        """A range proof."""
        size = self.size if size is None else size
        return range_proof(start, end, size, subtree_over(self._hashes(size)))

    def consistency(self, old: int, new: int) -> list[bytes]:
        """A consistency proof."""
        return consistency_proof(old, new, subtree_over(self._hashes(new)))

    def receipt_at(self, index: int, note: bytes) -> bytes:
        """The receipt of a leaf under a checkpoint."""
        size = parse_checkpoint(note).size
        path = inclusion_proof(index, size, subtree_over(self._hashes(size)))
        return format_receipt(self._data[index], index, path, note)

    # -- as its servers -------------------------------------------------------------------------------------------

    def note(self, _height: int) -> bytes:
        """What server 1 signed alone for the handover's block."""
        return self.signed([1], self.handover + 1)

    @property
    def handover(self) -> int:
        """The index of ``log.handover``."""
        return next(entry.index for _, kind, entry in self._entries() if kind == "log.handover")

    def signed(self, numbers: Sequence[int], size: int | None = None, root: bytes | None = None) -> bytes:
        """A checkpoint with both lines of these servers, the first one's first."""
        size = self.size if size is None else size
        root = root_of(self._hashes(size)) if root is None else root
        if len(numbers) == 1:
            log, cosigner = self.pairs[numbers[0]]
            return own_note(self.origin, size, root, self.clock.now_ms() // 1000, log, cosigner)
        with self.view() as state:
            known = {one.number: one for one in self._everybody(state)}
        found = []
        for number in numbers:
            log, cosigner = self.pairs[number]
            note = own_note(self.origin, size, root, self.clock.now_ms() // 1000, log, cosigner)
            signed = signed_by(parse_checkpoint(note), known[number], whole=True)
            assert signed is not None
            found.append(signed)
        return assemble(self.origin, found, numbers[0])

    @staticmethod
    def _everybody(state: ReadState) -> list[Member]:
        return [as_member(one) for one in servers(state)]

    def settle(self, numbers: Sequence[int]) -> bytes:
        """These servers sign the newest tree; it is kept."""
        note = self.signed(numbers)
        self.kept.append((self.size, note))
        return note

    def notes(self) -> Iterator[tuple[int, bytes]]:
        """As ``network.store``."""
        yield from self.kept

    def complete(self, size: int) -> list[bytes]:
        """As ``network.peers.cosigning``."""
        return [one for one in self.full if parse_checkpoint(one).size >= size]

    def publisher(self, public: Path) -> TrustPublisher:
        """What one of its servers publishes, in ``public``."""
        return TrustPublisher(public, self, self, self)  # type: ignore[arg-type]  # what it needs is here

    # -- as its secretariat ---------------------------------------------------------------------------------------

    def voting(self) -> list[int]:
        """Who votes."""
        with self.view() as state:
            return [one.number for one in members(state)]

    def enrol(self, number: int, role: ServerRole = ServerRole.VALIDATOR) -> str:
        """A further server with keys of its own; its handle."""
        log, cosigner = PaperKey(self.origin), PaperKey(cosigner_name(self.origin, number))
        self.pairs[number] = (log, cosigner)
        server_key = Ed25519PrivateKey.generate()
        spki = server_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        secretariat, key, now = self.author.institution, key_id(spki), self.clock.now_ms()
        message = possession_message(self.ledger_id, key, secretariat)
        body = KeyEnrolled(
            key=key, algorithm=int(Algorithm.ED25519), public=spki, institution=secretariat, purpose=Purpose.SERVER,
            valid_from_ms=now - 1000, valid_to_ms=now + 10**10, possession=server_key.sign(message),
        )  # fmt: skip
        self.author.submit(body, subject=secretariat)
        handle, others = new_handle("srv"), [sha256(bytes([number, at])).digest() for at in range(3)]
        enrolled = ServerEnrolled(
            server=handle, server_number=number, role=role, server_key=key, log_key=log.public_key,
            cosigner_key=cosigner.public_key, validator=others[0], node=others[1][:20], peer=others[2],
        )  # fmt: skip
        self.author.submit(enrolled, subject=handle)
        return handle

    def handle(self, number: int) -> str:
        """Of a server."""
        with self.view() as state:
            return next(one.handle for one in servers(state) if one.number == number)

    def promote(self, number: int) -> None:
        """It votes."""
        handle = self.handle(number)
        self.author.submit(ServerChanged(server=handle, role=ServerRole.VALIDATOR), subject=handle)

    def retire(self, number: int) -> None:
        """It is one no more."""
        handle = self.handle(number)
        self.author.submit(ServerRetired(server=handle, reason=RetireReason.CEASED), subject=handle)


def leaves_of(home: Path) -> list[bytes]:
    """What a founded home holds, read as it lies there."""
    connection = connect(server_paths(home).ledger / DATABASE)
    try:
        return [bytes(row.leaf) for row in Tables(connection).leaves(0, 1 << 62)]
    finally:
        connection.close()


def trust_before(paper: Paper) -> bytes:
    """The trust file from before the handover: server 1 alone, the genesis and the authorities as published."""
    log, cosigner = paper.pairs[1]
    kept = [line for line in (paper.public / "trust.txt").read_text().splitlines() if line.startswith("#!")]
    rows = [
        f"log {vkey(paper.origin, NoteKind.ED25519, log.public_key)}",
        f"witness server-1 {vkey(cosigner.name, NoteKind.COSIGNATURE, cosigner.public_key)}",
        "quorum server-1",
        *kept,
    ]
    return ("\n".join(rows) + "\n").encode()
