"""The kinds of the ledger itself: genesis, keys, stamps, log keys, clock (docs/spec/registry.md).

Guarantees: the public-key infrastructure of record is what these kinds wrote into the state; a key id is enrolled once, ever;
keys that sign prove possession; the log key changes only to the successor that was committed before. Refuses: enrolment
by anyone but whom ``rules.decide_enrolment`` names. Trusts nobody: possession is checked here, X.509 plays no part.

State (owned here): ``log`` genesis, key, clock, stamp; keys are kept by ``keyring.records``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
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
from akashi.ledger.keyring.handover import HANDOVER, handed_over
from akashi.ledger.keyring.records import (
    OpeningKey,
    index_key,
    key_record,
    keyof,
    keys_of,
    keys_of_person,
    opening_key,
    put_key,
    record_of,
    records_under,
    suite_and_device,
)
from akashi.ledger.model import Algorithm, ApprovalKind, Basis, KeyRecord, Purpose
from akashi.ledger.rules import (
    Decision,
    Denied,
    decide_enrolment,
    decide_person_key,
    decide_person_key_form,
    decide_revocation,
    is_current,
)
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.envelope import verify_public_key, verify_signature
from akashi.ledger.wire.note import origin_parts

__all__ = [
    "LEDGER_KINDS",
    "NO_ALGORITHM",
    "ClockWasStepped",
    "Genesis",
    "KeyEnrolled",
    "KeyRevoked",
    "LogIdentity",
    "LogRekeyed",
    "LogStamped",
    "OpeningKey",
    "RevocationReason",
    "StepReason",
    "genesis_record",
    "key_record",
    "keys_of",
    "keys_of_person",
    "last_stamp_ms",
    "log_identity",
    "log_key_commitment",
    "opening_key",
    "possession_message",
    "record_of",
    "stepped_to",
]

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
    person: str | None = number(11, handle("per"), default=None)
    approval: ApprovalKind | None = number(12, enum(ApprovalKind), default=None)
    rp_id_hash: bytes | None = number(13, digest(), default=None)
    origin_digest: bytes | None = number(14, digest(), default=None)
    basis: Basis | None = number(15, enum(Basis), default=None)


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


def possession_message(ledger_id: bytes, key: bytes, institution: str, person: str | None = None) -> bytes:
    """What a newly enrolled key signs: "akashi/pop/1" 00 ledger id, key id, institution (UTF-8); for a person's key 00 and the person."""
    whose = b"" if person is None else b"\x00" + person.encode()
    return b"akashi/pop/1\x00" + ledger_id + key + institution.encode() + whose


def genesis_record(body: Genesis, block_ms: int) -> KeyRecord:
    """The secretariat's first key, enrolled by the genesis itself: valid from its block on, until revoked."""
    key = sha256(body.secretariat_spki).digest()
    return KeyRecord(
        key, body.secretariat_algorithm, body.secretariat_spki, body.secretariat, Purpose.SECRETARIAT, block_ms, MAX_MS
    )


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
    put_key(state, record)
    index_key(state, record)


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
    record = _enrolled_record(body)
    _check_person(state, record, context)
    _check_possession(body, context.statement.ledger)
    put_key(state, record, body.suite, body.device)
    index_key(state, record)


def _enrolled_record(body: KeyEnrolled) -> KeyRecord:
    return KeyRecord(
        body.key,
        body.algorithm,
        body.public,
        body.institution,
        body.purpose,
        body.valid_from_ms,
        body.valid_to_ms,
        person=body.person,
        approval=body.approval,
        rp_id_hash=body.rp_id_hash,
        origin_digest=body.origin_digest,
        basis=body.basis,
    )


def _check_person(state: ReadState, record: KeyRecord, context: Context) -> None:
    """A person's key: its fields, the one encoding of a key that can be used, and on whose word it is theirs."""
    _require(decide_person_key_form(record))
    if record.person is None:
        return
    try:
        verify_public_key(Algorithm(record.algorithm), record.spki)
    except ProofError as error:
        raise Refused("enrolment.public") from error
    # What another institution said of the same handle must not keep anybody from a first key.
    before = bool(keys_of_person(state, record.person, record.institution))
    approvers = frozenset(approver.person for approver in context.approvers)
    _require(decide_person_key(record, context.statement.actor.person, approvers, before=before))


def _check_possession(body: KeyEnrolled, ledger_id: bytes) -> None:
    """Keys that sign operations prove possession, so that nobody can enrol another's key as their own."""
    passkey = body.approval is ApprovalKind.PASSKEY  # it signs nothing but assertions; sign-in saw one
    if body.possession is None:
        if body.purpose in (Purpose.DEVICE, Purpose.OPENING) or passkey:
            return
        raise Refused("enrolment.possession")
    if body.purpose is Purpose.OPENING or passkey:
        raise Refused("enrolment.possession")
    message = possession_message(ledger_id, body.key, body.institution, body.person)
    try:
        verify_signature(Algorithm(body.algorithm), body.public, message, body.possession)
    except ProofError as error:
        raise Refused("enrolment.possession") from error


def _apply_revoked(state: WriteState, body: KeyRevoked, context: Context) -> None:
    if (body.compromised_since_ms is not None) > (body.reason is RevocationReason.COMPROMISED):
        raise Refused("key.reason")
    record = key_record(state, body.key)
    secretariats = [
        other
        for other in records_under(state, "keyof", keyof(Purpose.SECRETARIAT))
        if is_current(other, context.block_ms)
    ]
    _require(decide_revocation(record, _signer(state, context), secretariats))
    if record is None:
        raise LedgerDamaged("state.key")
    changed = replace(record, revoked_ms=context.block_ms, compromised_since_ms=body.compromised_since_ms)
    put_key(state, changed, *suite_and_device(state, body.key))


def _apply_stamped(state: WriteState, body: LogStamped, context: Context) -> None:
    identity = log_identity(state)
    # Whether the token is right is for verifiers (X.509 has no place in apply); that it names this log is checked here.
    if identity is None or not body.note.startswith(identity.origin.encode() + b"\n"):
        raise Refused("stamp.origin")
    state.put("log", b"stamp", context.block_ms)


def _apply_rekeyed(state: WriteState, body: LogRekeyed, _: Context) -> None:
    identity = log_identity(state)
    if identity is None or handed_over(state) or log_key_commitment(body.log_key) != identity.next_log_key:
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
    HANDOVER,
)
"""The kinds that every ledger has; ``app`` adds those of the other parts."""
