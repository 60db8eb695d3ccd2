"""A log for the witness's tests: leaves in memory, real signatures, and branches that nobody should ever see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from akashi.clock import FixedClock
from akashi.ledger.wire.merkle import consistency_proof, leaf_hash, root_of, subtree_over
from akashi.ledger.wire.note import NoteKey, NoteKind, parse_checkpoint, sign_checkpoint, verify_cosignatures
from akashi.network.witness.model import Finding, KnownLog, Reply
from akashi.network.witness.rules import format_submission
from akashi.network.witness.service import Witness
from akashi.network.witness.store import Memory
from tests.ledger.world import START_MS, SoftNoteSigner

ORIGIN = f"log.example/akashi/{bytes(range(16)).hex()}/1"
WITNESS_NAME = "witness.example/akashi"


@dataclass
class ToyLog:
    """A history of ``leaves``; ``signer`` is the log's key, whatever the history."""

    leaves: list[bytes] = field(default_factory=list)
    signer: SoftNoteSigner = field(default_factory=lambda: SoftNoteSigner(ORIGIN, "toy log"))

    @classmethod
    def of(cls, size: int, word: str = "honest") -> ToyLog:
        """A history of ``size`` leaves."""
        return cls([leaf_hash(f"{word} {number}".encode()) for number in range(size)])

    def branch(self, at: int, size: int, word: str) -> ToyLog:
        """Another history that shares the first ``at`` leaves."""
        return ToyLog(self.leaves[:at] + ToyLog.of(size, word).leaves[at:], self.signer)

    @property
    def key(self) -> NoteKey:
        """What a witness lists."""
        return NoteKey(self.signer.name, NoteKind.ED25519, self.signer.public_key)

    @property
    def known(self) -> KnownLog:
        """The log as a witness's operator lists it."""
        return KnownLog(self.signer.name, (self.key,))

    def note(self, size: int) -> bytes:
        """The signed checkpoint of the first ``size`` leaves."""
        return sign_checkpoint(self.signer.name, size, root_of(self.leaves[:size]), self.signer)

    def prove(self, old: int, new: int) -> Sequence[bytes]:
        """The consistency proof."""
        return consistency_proof(old, new, subtree_over(self.leaves))

    def asks(self, old: int, new: int) -> bytes:
        """The request's body."""
        return format_submission(old, self.prove(old, new), self.note(new))


class Stage:
    """A witness with its database, and what it raised alarm about."""

    def __init__(self, folder: Path, *logs: ToyLog, per_minute: int = 100_000) -> None:
        self.clock = FixedClock(START_MS)
        self.alarms: list[Finding] = []
        self.signer = SoftNoteSigner(WITNESS_NAME, "toy witness")
        self.memory = Memory(folder / "witness.db")
        known = [log.known for log in logs or (ToyLog(),)]
        self.witness = Witness(self.signer, known, self.memory, self.clock, self.alarms.append, per_minute)

    @property
    def key(self) -> NoteKey:
        """The witness's own key, as a verifier pins it."""
        return NoteKey(self.signer.name, NoteKind.COSIGNATURE, self.signer.public_key)

    def ask(self, body: bytes) -> Reply:
        """One request."""
        return self.witness.add_checkpoint(body)

    def size(self) -> int:
        """Of the newest tree cosigned."""
        return self.memory.latest(ORIGIN).size

    def cosigned(self, note: bytes, reply: Reply) -> bool:
        """Whether the reply makes ``note`` a cosigned one."""
        return bool(verify_cosignatures(parse_checkpoint(note + reply.body), {"w": self.key}))


def other_key(note: bytes) -> bytes:
    """The same body, signed by a key of the same name that nobody listed."""
    checkpoint = parse_checkpoint(note)
    return sign_checkpoint(
        checkpoint.origin, checkpoint.size, checkpoint.root, SoftNoteSigner(ORIGIN, sha256(b"x").hexdigest())
    )
