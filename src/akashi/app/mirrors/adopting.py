"""A new epoch, as it reaches an institution: one public file, whose fingerprint two people compare, and a gateway that goes on under it.

Guarantees: the new trust file names a genesis, the file shows that genesis, and it is of the same ledger, of a later epoch, and names a checkpoint of the log that
the gateway believed, signed as the gateway's own trust file demands. What was pinned stays beside it as ``trust-<digest>.txt``. Says how many
leaves this gateway saw that the new log does not have. Refuses everything else and then changes nothing. Trusts: whoever compares the fingerprint.

An epoch's file: CBOR ``["akashi-epoch", 1, trust file, genesis leaf]`` (docs/spec/mirror-bundle.md section 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from akashi.app.config import GatewayPaths
from akashi.app.gateway.seen import SeenCheckpoint
from akashi.durable import write_file
from akashi.errors import AkashiError
from akashi.ledger.errors import EncodingError
from akashi.ledger.events import load_body
from akashi.ledger.proof.trust import MAX_TRUST_BYTES, Trust, parse_trust
from akashi.ledger.registry import Genesis
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.ledger.wire.merkle import leaf_hash
from akashi.ledger.wire.note import origin_parts, parse_checkpoint, verify_cosignatures, verify_log
from akashi.network.mirror.errors import EpochRefused

EPOCH_SUFFIX = ".akashi-epoch"
MAX_EPOCH_BYTES = 1 << 20
_NAME = "akashi-epoch"


@dataclass(frozen=True, slots=True)
class Epoch:
    """A new epoch as its file tells it: the trust file's text, its origin, and the former log's last checkpoint that it goes on from."""

    text: bytes
    origin: str
    previous: bytes

    @property
    def fingerprint(self) -> str:
        """What two people compare: as for any trust file, the first 16 hex digits of its SHA-256."""
        return sha256(self.text).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Adopted:
    """The new log, where it goes on from, and how many leaves of the former one were seen here and are not in it."""

    origin: str
    size: int
    missing: int


def encode_epoch(trust: bytes, genesis: bytes) -> bytes:
    """The file for institutions."""
    return cbor.encode([_NAME, 1, trust, genesis])


def parse_epoch(data: bytes) -> Epoch:
    """Read an epoch's file; the genesis is the one that the trust file names. Raises :class:`EpochRefused`."""
    try:
        match cbor.decode(data) if len(data) <= MAX_EPOCH_BYTES else None:
            case [str(name), 1, bytes(text), bytes(leaf)] if name == _NAME and len(text) <= MAX_TRUST_BYTES:
                trust, statement = parse_trust(text), parse_operation(parse_leaf(leaf).envelope).statement
            case _:
                raise EpochRefused("format")
        body = load_body(Genesis, statement.body)
    except EncodingError as error:
        raise EpochRefused("format") from error
    if trust.genesis != leaf_hash(leaf) or statement.kind != "ledger.genesis":
        raise EpochRefused("genesis")
    if body.previous is None or not any(key.name == body.origin for key in trust.logs):
        raise EpochRefused("previous")
    return Epoch(text, body.origin, body.previous)


def adopt(paths: GatewayPaths, epoch: Epoch) -> Adopted:
    """Let a gateway that nobody runs now go on under ``epoch``. Repeatable after an interruption. Raises :class:`EpochRefused`.

    The remembered checkpoint goes first: with the former trust file and none remembered the gateway believes what it believed before.
    """
    data = paths.trust.read_bytes()
    seen = SeenCheckpoint.peek(paths.database)
    size = 0 if seen is None or parse_checkpoint(seen).origin == epoch.origin else parse_checkpoint(seen).size
    previous = parse_checkpoint(epoch.previous).size
    if data != epoch.text:
        _judge(parse_trust(data), epoch)
        write_file(paths.trust.with_name(f"trust-{sha256(data).hexdigest()[:16]}.txt"), data, 0o644)
    if size:
        remembered = SeenCheckpoint(paths.database)
        try:
            remembered.forget()
        finally:
            remembered.close()
    write_file(paths.trust, epoch.text, 0o644)
    return Adopted(epoch.origin, previous, max(0, size - previous))


def _judge(pinned: Trust, epoch: Epoch) -> None:
    """Of the same ledger, later, and from a checkpoint that this gateway's own file believes."""
    checkpoint = parse_checkpoint(epoch.previous)
    (old_id, old_epoch), (new_id, new_epoch) = origin_parts(checkpoint.origin), origin_parts(epoch.origin)
    if old_id != new_id or new_epoch <= old_epoch:
        raise EpochRefused("origin")
    keys = [key for key in pinned.logs if key.name == checkpoint.origin]
    if not keys:
        raise EpochRefused("log")
    try:
        verify_log(checkpoint, keys)
        if not pinned.quorum_met(set(verify_cosignatures(checkpoint, pinned.witnesses))):
            raise EpochRefused("quorum")
    except EpochRefused:
        raise
    except AkashiError as error:
        raise EpochRefused("signature") from error
