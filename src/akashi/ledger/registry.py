"""The kinds of the ledger itself: genesis, keys, stamps, log keys, clock (docs/spec/registry.md).

Guarantees: the public-key infrastructure of record is what these kinds wrote into the state; a key id is enrolled once, ever;
keys that sign prove possession; the log key changes only to the successor that was committed before. Refuses: enrolment
by anyone but whom ``rules.decide_enrolment`` names. Trusts nobody: possession is checked here, X.509 plays no part.

State (owned here): ``key`` key id -> record; ``keyof`` purpose, institution, key id -> valid to; ``log`` genesis, key, clock, stamp.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from hashlib import sha256

from akashi.ledger.errors import EncodingError, LedgerDamaged, ProofError, Refused
from akashi.ledger.events import (
    MAX_MS,
    AnyKind,
    Context,
    Kind,
    Shape,
    digest,
    enum,
    event,
    handle,
    integer,
    many,
    moment,
    number,
    octets,
)
from akashi.ledger.model import Algorithm, KeyRecord, Purpose
from akashi.ledger.rules import Decision, Denied, decide_enrolment, decide_revocation, is_current
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.envelope import verify_signature
from akashi.ledger.wire.note import origin_parts

NO_ALGORITHM = 0
"""Algorithm of keys that do not sign (opening keys)."""


class RevocationReason(IntEnum):
    """Why a key is no longer believed. Permanent numbers, only appended."""

    SUPERSEDED = 1
    COMPROMISED = 2
    CEASED = 3
    AFFILIATION_CHANGED = 4


class StepReason(IntEnum):
    """What was wrong with the clock. Permanent numbers, only appended."""

    WAS_AHEAD = 1
    WAS_BEHIND = 2


def _origin() -> Shape[str]:
    def load(value: Value) -> str:
        if not isinstance(value, str):
            raise EncodingError("event.field")
        origin_parts(value)
        return value

    return Shape("origin", load, lambda value: value)


def _algorithm(*also: int) -> Shape[int]:
    known = {int(algorithm) for algorithm in Algorithm} | set(also)

    def load(value: Value) -> int:
        if type(value) is not int or value not in known:
            raise EncodingError("event.field")
        return value

    return Shape(f"algorithm:{sorted(known)}", load, lambda value: value)


@event("ledger.genesis", signers={Purpose.SECRETARIAT})
class Genesis:
    """The first leaf: names the ledger, its log key and successor's commitment, its cosigner and the first secretariat key."""

    origin: str = number(1, _origin())
    log_key: bytes = number(2, digest())
    next_log_key: bytes = number(3, digest())
    cosigner_key: bytes = number(4, digest())
    secretariat_spki: bytes = number(5, octets(32, 512))
    secretariat_algorithm: int = number(6, _algorithm())
    secretariat: str = number(7, handle("inst"))
    previous: bytes | None = number(8, octets(1, 8192), default=None)


@event("key.enrolled", signers={Purpose.SECRETARIAT, Purpose.GATEWAY})
class KeyEnrolled:
    """A public key, whose it is, what for, and from when to when."""

    key: bytes = number(1, digest())
    algorithm: int = number(2, _algorithm(NO_ALGORITHM))
    public: bytes = number(3, octets(32, 4096))
    institution: str = number(4, handle("inst"))
    purpose: Purpose = number(5, enum(Purpose))
    valid_from_ms: int = number(6, moment())
    valid_to_ms: int = number(7, moment())
    possession: bytes | None = number(8, octets(64, 64), default=None)
    suite: int | None = number(9, integer(1, 65535), default=None)
    device: str | None = number(10, handle("dev"), default=None)


@event("key.revoked", signers={Purpose.SECRETARIAT, Purpose.GATEWAY})
class KeyRevoked:
    """A key that signs nothing from the next operation on."""

    key: bytes = number(1, digest())
    reason: RevocationReason = number(2, enum(RevocationReason))
    compromised_since_ms: int | None = number(3, moment(), default=None)


@event("log.stamped", signers={Purpose.SERVER, Purpose.SECRETARIAT})
class LogStamped:
    """An RFC 3161 token over a checkpoint of this log, with what it takes to verify it."""

    note: bytes = number(1, octets(1, 8192))
    token: bytes = number(2, octets(1, 24576))
    certificates: tuple[bytes, ...] = number(3, many(octets(1, 8192), 8))
    revocations: tuple[bytes, ...] = number(4, many(octets(1, 16384), 8))


@event("log.rekeyed", signers={Purpose.SECRETARIAT})
class LogRekeyed:
    """The committed successor signs checkpoints from this block on; commits to the one after."""

    log_key: bytes = number(1, digest())
    next_log_key: bytes = number(2, digest())


@event("clock.stepped", signers={Purpose.SECRETARIAT})
class ClockWasStepped:
    """The secretariat says that a clock which runs behind the last block is right."""

    from_ms: int = number(1, moment())
    to_ms: int = number(2, moment())
    reason: StepReason = number(3, enum(StepReason))


@dataclass(frozen=True, slots=True)
class OpeningKey:
    """A public key to which payloads for an institution are sealed."""

    key: bytes
    suite: int
    public: bytes
    valid_to_ms: int


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """What the state says about the log itself."""

    origin: str
    log_key: bytes
    next_log_key: bytes
    cosigner_key: bytes
    secretariat: str


def log_key_commitment(public: bytes) -> bytes:
    """SHA-256("akashi/logkey/1" 00 public key): what a genesis or ``log.rekeyed`` says of the key that comes next."""
    return sha256(b"akashi/logkey/1\x00" + public).digest()


def possession_message(ledger_id: bytes, key: bytes, institution: str) -> bytes:
    """What a newly enrolled key signs: "akashi/pop/1" 00 ledger id, key id, institution (UTF-8)."""
    return b"akashi/pop/1\x00" + ledger_id + key + institution.encode()


def genesis_record(body: Genesis, block_ms: int) -> KeyRecord:
    """The secretariat's first key, enrolled by the genesis itself: valid from its block on, until revoked."""
    key = sha256(body.secretariat_spki).digest()
    return KeyRecord(
        key, body.secretariat_algorithm, body.secretariat_spki, body.secretariat, Purpose.SECRETARIAT, block_ms, MAX_MS
    )


@lru_cache(maxsize=4096)
def record_of(key: bytes, raw: bytes) -> KeyRecord:
    """The record that the state keeps as ``raw`` under key id ``key``."""
    fields = cbor.decode(raw)
    if not isinstance(fields, list) or len(fields) != 10:
        raise LedgerDamaged("state.key")
    algorithm, spki, institution, purpose, start, end, revoked, compromised, _, _ = fields
    if not (isinstance(algorithm, int) and isinstance(spki, bytes) and isinstance(institution, str)):
        raise LedgerDamaged("state.key")
    if not (isinstance(purpose, int) and isinstance(start, int) and isinstance(end, int)):
        raise LedgerDamaged("state.key")
    if not (revoked is None or isinstance(revoked, int)) or not (compromised is None or isinstance(compromised, int)):
        raise LedgerDamaged("state.key")
    return KeyRecord(key, algorithm, spki, institution, Purpose(purpose), start, end, revoked, compromised)


def key_record(state: ReadState, key: bytes) -> KeyRecord | None:
    """The key enrolled under ``key`` (key id, 32 bytes), valid or not."""
    value = state.get("key", key)
    return None if value is None else record_of(key, cbor.encode(value))


def _keyof(purpose: Purpose, institution: str = "", key: bytes = b"") -> bytes:
    return bytes((purpose,)) + (institution.encode() + b"\x00" if institution else b"") + key


def keys_of(state: ReadState, institution: str, purpose: Purpose) -> list[KeyRecord]:
    """All keys ever enrolled for an institution and a purpose, in key id order; ``rules.is_current`` tells which count."""
    return _records(state, _keyof(purpose, institution))


def _records(state: ReadState, prefix: bytes) -> list[KeyRecord]:
    found = [key_record(state, at[-32:]) for at, _ in state.scan("keyof", prefix)]
    return [record for record in found if record is not None]


def opening_key(state: ReadState, institution: str, now_ms: int) -> OpeningKey | None:
    """The current opening key of an institution that is valid longest, or ``None``: then nothing can be sealed to it."""
    current = [record for record in keys_of(state, institution, Purpose.OPENING) if is_current(record, now_ms)]
    if not current:
        return None
    best = max(current, key=lambda record: (record.valid_to_ms, record.valid_from_ms, record.key))
    value = state.get("key", best.key)
    suite = value[8] if isinstance(value, list) else None
    if not isinstance(suite, int):
        raise LedgerDamaged("state.key")
    return OpeningKey(best.key, suite, best.spki, best.valid_to_ms)


def log_identity(state: ReadState) -> LogIdentity | None:
    """Origin and keys of the log; ``None`` before the genesis."""
    value, keys = state.get("log", b"genesis"), state.get("log", b"key")
    if value is None or keys is None:
        return None
    match value, keys:
        case [str(origin), bytes(cosigner), str(secretariat)], [bytes(log_key), bytes(following)]:
            return LogIdentity(origin, log_key, following, cosigner, secretariat)
    raise LedgerDamaged("state.log")


def stepped_to(state: ReadState) -> int | None:
    """What the newest ``clock.stepped`` says the right time was, or ``None``."""
    value = state.get("log", b"clock")
    return value[1] if isinstance(value, list) and isinstance(value[1], int) else None


def last_stamp_ms(state: ReadState) -> int | None:
    """Block time of the newest ``log.stamped``, or ``None``."""
    value = state.get("log", b"stamp")
    return value if isinstance(value, int) else None


def _require(decision: Decision) -> None:
    if isinstance(decision, Denied):
        raise Refused(decision.reason)


def _signer(state: ReadState, context: Context) -> KeyRecord:
    record = key_record(state, context.signer_key)
    if record is None:
        raise Refused("signer.unknown")
    return record


def _put_key(state: WriteState, record: KeyRecord, suite: int | None, device: str | None) -> None:
    state.put(
        "key",
        record.key,
        [
            record.algorithm,
            record.spki,
            record.institution,
            int(record.purpose),
            record.valid_from_ms,
            record.valid_to_ms,
            record.revoked_ms,
            record.compromised_since_ms,
            suite,
            device,
        ],
    )


def _apply_genesis(state: WriteState, body: Genesis, context: Context) -> None:
    if state.get("log", b"genesis") is not None:
        raise Refused("genesis.again")
    ledger_id, epoch = origin_parts(body.origin)
    if ledger_id != context.statement.ledger:
        raise Refused("genesis.origin")
    if (epoch == 1) != (body.previous is None):
        raise Refused("genesis.epoch")
    if body.log_key == body.cosigner_key:
        raise Refused("genesis.keys")
    record = genesis_record(body, context.block_ms)
    state.put("log", b"genesis", [body.origin, body.cosigner_key, body.secretariat])
    state.put("log", b"key", [body.log_key, body.next_log_key])
    _put_key(state, record, None, None)
    state.put("keyof", _keyof(record.purpose, record.institution, record.key), record.valid_to_ms)


def _apply_enrolled(state: WriteState, body: KeyEnrolled, context: Context) -> None:
    if sha256(body.public).digest() != body.key:
        raise Refused("enrolment.key_id")
    if state.get("key", body.key) is not None:
        raise Refused("enrolment.again")
    if body.valid_from_ms >= body.valid_to_ms:
        raise Refused("enrolment.validity")
    opens = body.purpose is Purpose.OPENING
    if opens != (body.algorithm == NO_ALGORITHM) or opens != (body.suite is not None):
        raise Refused("enrolment.algorithm")
    if body.device is not None and body.purpose is not Purpose.DEVICE:
        raise Refused("enrolment.device")
    gateways = keys_of(state, body.institution, Purpose.GATEWAY)
    current = [record for record in gateways if is_current(record, context.block_ms)]
    _require(decide_enrolment(body.purpose, body.institution, _signer(state, context), current))
    _check_possession(body, context.statement.ledger)
    record = KeyRecord(
        body.key, body.algorithm, body.public, body.institution, body.purpose, body.valid_from_ms, body.valid_to_ms
    )
    _put_key(state, record, body.suite, body.device)
    state.put("keyof", _keyof(body.purpose, body.institution, body.key), body.valid_to_ms)


def _check_possession(body: KeyEnrolled, ledger_id: bytes) -> None:
    """Keys that sign operations prove possession, so that nobody can enrol another's key as their own."""
    if body.possession is None:
        if body.purpose in (Purpose.DEVICE, Purpose.OPENING):
            return
        raise Refused("enrolment.possession")
    if body.purpose is Purpose.OPENING:
        raise Refused("enrolment.possession")
    message = possession_message(ledger_id, body.key, body.institution)
    try:
        verify_signature(Algorithm(body.algorithm), body.public, message, body.possession)
    except ProofError as error:
        raise Refused("enrolment.possession") from error


def _apply_revoked(state: WriteState, body: KeyRevoked, context: Context) -> None:
    if (body.compromised_since_ms is not None) > (body.reason is RevocationReason.COMPROMISED):
        raise Refused("key.reason")
    record = key_record(state, body.key)
    secretariats = [
        other for other in _records(state, _keyof(Purpose.SECRETARIAT)) if is_current(other, context.block_ms)
    ]
    _require(decide_revocation(record, _signer(state, context), secretariats))
    value = state.get("key", body.key)
    if record is None or not isinstance(value, list) or len(value) != 10:
        raise LedgerDamaged("state.key")
    changed = replace(record, revoked_ms=context.block_ms, compromised_since_ms=body.compromised_since_ms)
    suite, device = value[8], value[9]
    _put_key(state, changed, suite if isinstance(suite, int) else None, device if isinstance(device, str) else None)


def _apply_stamped(state: WriteState, body: LogStamped, context: Context) -> None:
    identity = log_identity(state)
    # Whether the token is right is for verifiers (X.509 has no place in apply); that it names this log is checked here.
    if identity is None or not body.note.startswith(identity.origin.encode() + b"\n"):
        raise Refused("stamp.origin")
    state.put("log", b"stamp", context.block_ms)


def _apply_rekeyed(state: WriteState, body: LogRekeyed, _: Context) -> None:
    identity = log_identity(state)
    if identity is None or log_key_commitment(body.log_key) != identity.next_log_key:
        raise Refused("log.commitment")
    if body.log_key == identity.cosigner_key:
        raise Refused("log.commitment")
    state.put("log", b"key", [body.log_key, body.next_log_key])


def _apply_stepped(state: WriteState, body: ClockWasStepped, context: Context) -> None:
    if (body.reason is StepReason.WAS_AHEAD) != (body.to_ms < body.from_ms):
        raise Refused("clock.direction")
    state.put("log", b"clock", [body.from_ms, body.to_ms, int(body.reason), context.block_ms])


LEDGER_KINDS: tuple[AnyKind, ...] = (
    Kind(Genesis, _apply_genesis),
    Kind(KeyEnrolled, _apply_enrolled),
    Kind(KeyRevoked, _apply_revoked),
    Kind(LogStamped, _apply_stamped),
    Kind(LogRekeyed, _apply_rekeyed),
    Kind(ClockWasStepped, _apply_stepped),
)
"""The kinds that every ledger has; ``app`` adds those of the other parts."""
