"""Logs with one fault each: name -> (failure class, comment, what to append after ``world.begun``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from akashi.ledger.events import dump_body
from akashi.ledger.model import Algorithm, Purpose
from akashi.ledger.registry import (
    ClockWasStepped,
    KeyEnrolled,
    KeyRevoked,
    LogRekeyed,
    LogStamped,
    RevocationReason,
    StepReason,
    log_key_commitment,
)
from akashi.ledger.wire.cbor import encode
from akashi.ledger.wire.envelope import Signer, key_id, seal_operation
from akashi.ledger.wire.leaf import encode_leaf, parse_leaf
from tests.vectors.world import (
    HOUR_MS,
    LAST_LOG,
    NEXT_LOG,
    PAYLOAD,
    RECEIVER,
    RECEIVER_KEY,
    ROOT_KEY,
    SECRETARIAT,
    SENDER,
    SENDER_KEY,
    SERVER,
    START_MS,
    EdKey,
    Log,
    enrolled,
    erased_body,
    genesis,
    seed,
    sent_body,
)

Fault = tuple[str, str, Callable[[Log], object]]
NEW = EdKey("a new key")
SAID: tuple[str, dict[int, object]] = ("example.said", {})
OPENING = b"raw opening key of thirty-two by"


@dataclass(frozen=True)
class Pretender:
    """Signs with one key and says it is of another algorithm."""

    key: EdKey
    algorithm: Algorithm = Algorithm.ESP256

    @property
    def spki(self) -> bytes:
        """The real key's."""
        return self.key.spki

    def sign(self, message: bytes) -> bytes:
        """The real key's."""
        return self.key.sign(message)


def _say(body: object, signer: Signer, institution: str, **more: object) -> Callable[[Log], object]:
    return lambda log: log.say(body, signer, institution, **more)  # type: ignore[arg-type]  # statement fields


def _enrol(
    key: Signer, institution: str, purpose: Purpose, by: Signer, of: str, /, **more: object
) -> Callable[[Log], object]:
    return lambda log: log.say(enrolled(key, institution, purpose, **more), by, of)


def _then(*steps: Callable[[Log], object]) -> Callable[[Log], object]:
    def run(log: Log) -> None:
        for step in steps:
            step(log)
            log.block()
        log.headers.pop()

    return run


def _restart(body: object, signer: Signer = ROOT_KEY, **more: object) -> Callable[[Log], object]:
    """Replace the whole log by another first leaf."""

    def run(log: Log) -> None:
        log.leaves.clear()
        log.headers.clear()
        log.now_ms = START_MS
        log.say(body, signer, SECRETARIAT, **more)  # type: ignore[arg-type]  # statement fields

    return run


def _raw(change: Callable[[bytes], bytes]) -> Callable[[Log], object]:
    """Append a leaf around a changed envelope."""
    return lambda log: log.append(change(seal_operation(log.statement(*SAID, SENDER), SENDER_KEY)))


def _spoil_leaf(**fields: object) -> Callable[[Log], object]:
    def run(log: Log) -> None:
        log.say(SAID, SENDER_KEY, SENDER)
        log.leaves[-1] = encode_leaf(replace(parse_leaf(log.leaves[-1]), **fields))  # type: ignore[arg-type]  # by name

    return run


def _twice(log: Log) -> None:
    envelope = seal_operation(log.statement(*SAID, SENDER), SENDER_KEY)
    log.append(envelope)
    log.append(envelope)


def _opening(by: Signer, of: str, **more: object) -> Callable[[Log], object]:
    made = KeyEnrolled(
        key=key_id(OPENING),
        algorithm=0,
        public=OPENING,
        institution=RECEIVER,
        purpose=Purpose.OPENING,
        valid_from_ms=START_MS,
        valid_to_ms=START_MS + HOUR_MS,
        suite=1,
    )
    return _say(replace(made, **more), by, of)  # type: ignore[arg-type]  # by name


def _erased(**fields: object) -> Callable[[Log], object]:
    def run(log: Log) -> None:
        log.say(("transfer.sent", sent_body()), SENDER_KEY, SENDER)
        changed = erased_body(bytes(32), log.now_ms) | {int(at[1:]): value for at, value in fields.items()}
        log.say(("payload.erased", changed), SERVER, SECRETARIAT)

    return run


_REVOKED = KeyRevoked(key_id(SENDER_KEY.spki), RevocationReason.CEASED)
_ENROLLED = dump_body(enrolled(NEW, SENDER, Purpose.SERVER))

LEAVES: dict[str, Fault] = {
    "leaf-shape": ("leaf.shape", "a leaf that is a map", lambda log: log.leaves.append(b"\xa0")),
    "leaf-range": ("leaf.range", "a leaf of height 0", _spoil_leaf(height=0)),
    "leaf-cbor": ("cbor.trailing", "a leaf with a byte too many", lambda log: log.leaves.append(log.leaves[-1] + b"\0")),
    "operation-cbor": ("cbor.trailing", "an envelope with a byte too many", _raw(lambda data: data + b"\0")),
    "operation-tag": ("cose.tag", "an envelope without its tag", _raw(lambda data: data[1:])),
    "refused-malformed": (
        "cose.tag", "a refused operation must be well-formed too", lambda log: log.append(encode([1]), result=9),
    ),
}  # fmt: skip

LEDGER: dict[str, Fault] = {
    "gap-and-unknown-signer": (
        "signer.unknown", "a height is missing, and a later leaf has an unknown signer: step 5 comes before step 6",
        _then(_spoil_leaf(height=4), _say(SAID, NEW, SENDER)),
    ),
    "no-genesis-kind": ("bundle.genesis", "leaf 0 says something else", _restart(SAID)),
    "genesis-refused": ("bundle.genesis", "leaf 0 was refused", _restart(genesis(), result=1)),
    "genesis-version": ("bundle.genesis", "leaf 0 has version 2", _restart(genesis(), version=2)),
    "genesis-body": (
        "bundle.genesis", "leaf 0 has an unknown field", _restart(("ledger.genesis", dump_body(genesis()) | {9: 1})),
    ),
    "genesis-origin": (
        "bundle.genesis", "leaf 0 names another origin",
        _restart(genesis(origin=genesis().origin.replace("example.org", "example.net"))),
    ),
    "foreign": ("op.foreign", "an operation of another ledger", _say(SAID, SENDER_KEY, SENDER, ledger=bytes(16))),
    "height-back": ("chain", "heights run backwards", _spoil_leaf(height=1)),
    "time-back": ("chain", "block times run backwards", _spoil_leaf(block_ms=START_MS)),
    "height-ahead": ("chain", "a leaf above the head", _spoil_leaf(height=9)),
    "two-times": (
        "chain", "two block times in one block", _then(_say(SAID, SENDER_KEY, SENDER), _spoil_leaf(height=3)),
    ),
    "height-skipped": (
        "chain", "a height is missing", _then(_spoil_leaf(height=4), _say(SAID, SENDER_KEY, SENDER)),
    ),
    "replayed": ("op.replayed", "one operation in two leaves", _twice),
    "expired": (
        "op.expired", "its expiry was before the block", _say(SAID, SENDER_KEY, SENDER, not_after_ms=START_MS + 1, claimed_ms=START_MS),
    ),
    "ahead": (
        "op.ahead", "claimed more than 300 s after the block",
        _say(SAID, SENDER_KEY, SENDER, claimed_ms=START_MS + 2000 + 300_001, not_after_ms=START_MS + HOUR_MS),
    ),
}  # fmt: skip

SIGNERS: dict[str, Fault] = {
    "genesis-signer": ("signer.unknown", "leaf 0 is signed by another key", _restart(genesis(), SERVER)),
    "genesis-institution": (
        "signer.institution", "leaf 0 acts for another institution", _restart(genesis(secretariat="inst-another")),
    ),
    "signer-unknown": ("signer.unknown", "a key that nobody enrolled", _say(SAID, NEW, SENDER)),
    "signer-refused-enrolment": (
        "signer.unknown", "an enrolment that was refused does not count",
        _then(_say(enrolled(NEW, SENDER, Purpose.SERVER), ROOT_KEY, SECRETARIAT, result=5), _say(SAID, NEW, SENDER)),
    ),
    "signer-expired": (
        "signer.expired", "after the end of the key's validity",
        _then(
            _enrol(NEW, SENDER, Purpose.SERVER, ROOT_KEY, SECRETARIAT, valid_to_ms=START_MS + 3000),
            _say(SAID, NEW, SENDER),
        ),
    ),
    "signer-early": (
        "signer.expired", "before the key's validity",
        _then(
            _enrol(NEW, SENDER, Purpose.SERVER, ROOT_KEY, SECRETARIAT, valid_from_ms=START_MS + HOUR_MS),
            _say(SAID, NEW, SENDER),
        ),
    ),
    "signer-revoked": (
        "signer.revoked", "after the key's revocation",
        _then(_say(_REVOKED, ROOT_KEY, SECRETARIAT), _say(SAID, SENDER_KEY, SENDER)),
    ),
    "signer-institution": ("signer.institution", "acts for another institution", _say(SAID, SENDER_KEY, RECEIVER)),
    "signer-device": (
        "signer.purpose", "a device key signs an operation",
        _then(_enrol(NEW, SENDER, Purpose.DEVICE, ROOT_KEY, SECRETARIAT), _say(SAID, NEW, SENDER)),
    ),
    "signer-server": (
        "signer.purpose", "a server key enrols a key",
        _enrol(NEW, SENDER, Purpose.SERVER, SERVER, SECRETARIAT),
    ),
    "signer-algorithm": ("signer.algorithm", "not the enrolled algorithm", _say(SAID, Pretender(RECEIVER_KEY), RECEIVER)),
    "signature": ("signature", "a signature of zeros", _raw(lambda data: data[:-64] + bytes(64))),
    "signature-other": (
        "signature", "another statement's signature",
        lambda log: log.append(
            seal_operation(log.statement(*SAID, SENDER), SENDER_KEY)[:-64]
            + seal_operation(log.statement(*SAID, SENDER), SENDER_KEY)[-64:]
        ),
    ),
}  # fmt: skip

ENROLMENT: dict[str, Fault] = {
    "malformed-and-unsigned": (
        "signature", "a body out of form under a wrong signature: the signature is judged first",
        lambda log: log.append(
            log.envelope(("key.enrolled", {1: 1}), ROOT_KEY, SECRETARIAT)[:-64] + bytes(64)
        ),
    ),
    "wrong-prefix": (
        "enrolment", "an institution's handle with another prefix",
        _say(("key.enrolled", _ENROLLED | {4: "per-clinic0"}), ROOT_KEY, SECRETARIAT),
    ),
    "second-genesis": ("enrolment", "a genesis in the middle", _say(genesis(), ROOT_KEY, SECRETARIAT)),
    "genesis-epoch": (
        "enrolment", "epoch 1 names a checkpoint before it", _restart(genesis(previous=b"note")),
    ),
    "genesis-same-key": (
        "enrolment", "log and cosigner share a key", _restart(genesis(cosigner_key=genesis().log_key)),
    ),
    "gateway-slipped-in": (
        "enrolment", "the secretariat adds a gateway key behind an institution's back",
        _enrol(NEW, SENDER, Purpose.GATEWAY, ROOT_KEY, SECRETARIAT),
    ),
    "gateway-foreign": (
        "enrolment", "a gateway enrols a key for another institution",
        _enrol(NEW, RECEIVER, Purpose.GATEWAY, SENDER_KEY, SENDER),
    ),
    "server-by-gateway": (
        "enrolment", "a gateway enrols a server key", _enrol(NEW, SENDER, Purpose.SERVER, SENDER_KEY, SENDER),
    ),
    "no-possession": (
        "enrolment", "no proof of possession", _enrol(NEW, SENDER, Purpose.SERVER, ROOT_KEY, SECRETARIAT, possession=None),
    ),
    "wrong-possession": (
        "enrolment", "the proof of possession is for another institution",
        _enrol(NEW, SENDER, Purpose.SERVER, ROOT_KEY, SECRETARIAT, possession=enrolled(NEW, RECEIVER, Purpose.SERVER).possession),
    ),
    "key-id": ("enrolment", "the key id is not the key's", _enrol(NEW, SENDER, Purpose.SERVER, ROOT_KEY, SECRETARIAT, key=seed("x"))),
    "key-again": ("enrolment", "a key enrolled twice", _enrol(SERVER, SECRETARIAT, Purpose.SERVER, ROOT_KEY, SECRETARIAT)),
    "key-validity": (
        "enrolment", "ends before it begins", _enrol(NEW, SENDER, Purpose.SERVER, ROOT_KEY, SECRETARIAT, valid_to_ms=1),
    ),
    "unknown-field": ("enrolment", "an unknown field", _say(("key.enrolled", _ENROLLED | {11: 1}), ROOT_KEY, SECRETARIAT)),
    "missing-field": (
        "enrolment", "a field is missing",
        _say(("key.enrolled", {at: value for at, value in _ENROLLED.items() if at != 7}), ROOT_KEY, SECRETARIAT),
    ),
    "opening-by-secretariat": ("enrolment", "the secretariat enrols an opening key", _opening(ROOT_KEY, SECRETARIAT)),
    "opening-without-suite": ("enrolment", "an opening key without a suite", _opening(RECEIVER_KEY, RECEIVER, suite=None)),
    "opening-with-algorithm": ("enrolment", "an opening key that signs", _opening(RECEIVER_KEY, RECEIVER, algorithm=-19)),
    "revoked-unknown": (
        "enrolment", "a revocation of an unknown key", _say(KeyRevoked(seed("x"), RevocationReason.CEASED), ROOT_KEY, SECRETARIAT),
    ),
    "revoked-twice": (
        "enrolment", "a revocation again",
        _then(_say(_REVOKED, ROOT_KEY, SECRETARIAT), _say(_REVOKED, ROOT_KEY, SECRETARIAT)),
    ),
    "revoked-foreign": ("enrolment", "a gateway revokes another's key", _say(_REVOKED, RECEIVER_KEY, RECEIVER)),
    "revoked-last": (
        "enrolment", "the only secretariat key is revoked",
        _say(KeyRevoked(key_id(ROOT_KEY.spki), RevocationReason.CEASED), ROOT_KEY, SECRETARIAT),
    ),
    "revoked-since": (
        "enrolment", "compromised since, but for another reason", _say(replace(_REVOKED, compromised_since_ms=1), ROOT_KEY, SECRETARIAT),
    ),
    "stamped-elsewhere": (
        "enrolment", "a stamp over another log's note", _say(LogStamped(b"example.net\n1\n", b"token", (), ()), SERVER, SECRETARIAT),
    ),
    "rekeyed-other": (
        "enrolment", "the successor is not the one committed to",
        _say(LogRekeyed(LAST_LOG.public_key, log_key_commitment(NEXT_LOG.public_key)), ROOT_KEY, SECRETARIAT),
    ),
    "clock-direction": (
        "enrolment", "a clock that was ahead is set forward",
        _say(ClockWasStepped(START_MS, START_MS + 1, StepReason.WAS_AHEAD), ROOT_KEY, SECRETARIAT),
    ),
}  # fmt: skip

ERASURES: dict[str, Fault] = {
    "erased-nothing": (
        "erasure", "no transfer of that payload", _say(("payload.erased", erased_body(bytes(32), START_MS)), SERVER, SECRETARIAT),
    ),
    "erased-other-payload": ("erasure", "another payload id", _erased(f1=PAYLOAD[::-1])),
    "erased-other-body": ("erasure", "another body digest", _erased(f3=seed("x"))),
    "erased-one-wrap": ("erasure", "a wrap is missing", _erased(f4=[seed("wrap 1")])),
    "erased-extra-field": ("erasure", "a field that the page does not name", _erased(f9=1)),
    "erased-before-sent": (
        "erasure",
        "erased before it was sent",
        lambda log: [
            log.say(("payload.erased", erased_body(bytes(32), START_MS)), SERVER, SECRETARIAT),
            log.say(("transfer.sent", sent_body()), SENDER_KEY, SENDER),
        ],
    ),
    "erased-negative": ("erasure", "a negative method", _erased(f5=-1)),
    "erased-no-level": ("erasure", "the level is a text", _erased(f8="all")),
}  # fmt: skip

LOG_FAULTS: dict[str, Fault] = {**LEAVES, **LEDGER, **SIGNERS, **ENROLMENT, **ERASURES}
