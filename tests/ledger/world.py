"""A small invented ledger for tests: software keys, a secretariat, two institutions, one kind of operation.

Nothing here is a mock: signatures, certificates of possession and checkpoints are made by the real code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi.clock import FixedClock
from akashi.ledger.engine.chain import Trace, silent
from akashi.ledger.errors import Refused
from akashi.ledger.events import Context, Kind, KindTable, digest, dump_body, event, info_of, integer, number
from akashi.ledger.model import Actor, Algorithm, Auth, AuthMethod, Purpose, Statement
from akashi.ledger.registry import (
    LEDGER_KINDS,
    ClockWasStepped,
    Genesis,
    KeyEnrolled,
    KeyRevoked,
    LogRekeyed,
    RevocationReason,
    StepReason,
    log_key_commitment,
    possession_message,
)
from akashi.ledger.service import Engine
from akashi.ledger.state import WriteState
from akashi.ledger.wire.envelope import key_id, seal_operation

LEDGER = bytes(range(16))
ORIGIN = f"test.example/akashi/{LEDGER.hex()}/1"
START_MS = 1_800_000_000_000
YEAR_MS = 365 * 24 * 3600 * 1000
SECRETARIAT, SENDER, RECEIVER = "inst-secretariat", "inst-sender", "inst-receiver"
SUBJECT = "tr-first"


def seeded(label: str) -> Ed25519PrivateKey:
    """A key that is the same in every run."""
    return Ed25519PrivateKey.from_private_bytes(sha256(label.encode()).digest())


class SoftSigner:
    """An operation signer over a key in memory."""

    algorithm = Algorithm.ED25519

    def __init__(self, label: str) -> None:
        self._key = seeded(label)
        self.spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.key = key_id(self.spki)

    def sign(self, message: bytes) -> bytes:
        """64 bytes, RFC 8032."""
        return self._key.sign(message)


class SoftNoteSigner:
    """A note signer over a key in memory."""

    def __init__(self, name: str, label: str) -> None:
        self.name = name
        self._key = seeded(label)
        self.public_key = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """64 bytes, RFC 8032."""
        return self._key.sign(message)


@event("testing.noted", signers={Purpose.GATEWAY})
class Noted:
    """Counts under a slot and keeps the newest digest; refuses number 13, fails on number 666."""

    slot: int = number(1, integer(0, 1000))
    count: int = number(2, integer(0, 1 << 40))
    digest: bytes = number(3, digest())


def apply_noted(state: WriteState, body: Noted, context: Context) -> None:
    """The test kind's effect."""
    if body.count == 13:
        raise Refused("noted.unlucky")
    if body.count == 666:
        state.put("test", b"half", [1])
        raise ZeroDivisionError
    before = state.get("test", body.slot.to_bytes(2, "big"))
    times = before[0] if isinstance(before, list) else 0
    assert isinstance(times, int)
    state.put("test", body.slot.to_bytes(2, "big"), [times + 1, body.count, body.digest])
    if body.count == 999:
        state.delete("test", body.slot.to_bytes(2, "big"))


KINDS = KindTable([*LEDGER_KINDS, Kind(Noted, apply_noted)])


@dataclass
class World:
    """The keys and the clock of one invented ledger."""

    clock: FixedClock = field(default_factory=lambda: FixedClock(START_MS))
    secretariat: SoftSigner = field(default_factory=lambda: SoftSigner("secretariat"))
    gateway: SoftSigner = field(default_factory=lambda: SoftSigner("gateway"))
    log: SoftNoteSigner = field(default_factory=lambda: SoftNoteSigner(ORIGIN, "log"))
    next_log: SoftNoteSigner = field(default_factory=lambda: SoftNoteSigner(ORIGIN, "next log"))
    cosigner: SoftNoteSigner = field(
        default_factory=lambda: SoftNoteSigner(f"test.example/akashi/{LEDGER.hex()}/server/1", "cosigner")
    )
    counter: int = 0

    def say(
        self,
        body: object,
        signer: SoftSigner | None = None,
        institution: str = SECRETARIAT,
        *,
        subject: str | None = None,
        ledger: bytes = LEDGER,
        life_ms: int = 3_600_000,
        claimed_ms: int | None = None,
        nonce: bytes | None = None,
    ) -> bytes:
        """One signed operation; nonces count up, so that every run says the same."""
        self.counter += 1
        info = info_of(type(body))
        claimed = self.clock.now_ms() if claimed_ms is None else claimed_ms
        statement = Statement(
            ledger,
            info.tag,
            info.version,
            Actor(institution),
            Auth(AuthMethod.MACHINE, claimed),
            subject,
            dump_body(body),
            claimed,
            claimed + life_ms,
            sha256(b"nonce %d" % self.counter).digest()[:16] if nonce is None else nonce,
        )
        return seal_operation(statement, signer or self.secretariat)

    def genesis(self, **changes: object) -> bytes:
        """The first operation."""
        values: dict[str, object] = {
            "origin": ORIGIN,
            "log_key": self.log.public_key,
            "next_log_key": log_key_commitment(self.next_log.public_key),
            "cosigner_key": self.cosigner.public_key,
            "secretariat_spki": self.secretariat.spki,
            "secretariat_algorithm": int(Algorithm.ED25519),
            "secretariat": SECRETARIAT,
        }
        return self.say(Genesis(**(values | changes)))  # type: ignore[arg-type]  # keyword values of one event

    def enrolment(self, signer: SoftSigner, institution: str, purpose: Purpose = Purpose.GATEWAY) -> KeyEnrolled:
        """The enrolment of a signing key, with its proof of possession."""
        start = self.clock.now_ms() - 1000
        proof = signer.sign(possession_message(LEDGER, signer.key, institution))
        return KeyEnrolled(
            signer.key, int(signer.algorithm), signer.spki, institution, purpose, start, start + YEAR_MS, proof
        )

    def noted(self, count: int = 0, slot: int = 0, **options: object) -> bytes:
        """One operation of the sending institution's gateway."""
        body = Noted(slot, count, sha256(b"%d" % count).digest())
        options = {"subject": SUBJECT} | options
        return self.say(body, self.gateway, SENDER, **options)  # type: ignore[arg-type]  # options of say()

    def revocation(self, key: bytes, reason: RevocationReason = RevocationReason.SUPERSEDED) -> bytes:
        """The secretariat revokes a key."""
        return self.say(KeyRevoked(key, reason))

    def say_revoked(self) -> bytes:
        """The secretariat revokes the sender's gateway key, with a life long enough for a clock that was ahead."""
        return self.say(KeyRevoked(self.gateway.key, RevocationReason.CEASED), life_ms=90_000_000)

    def rekeying(self, following: SoftNoteSigner) -> bytes:
        """The secretariat takes the committed log key into use."""
        return self.say(LogRekeyed(self.next_log.public_key, log_key_commitment(following.public_key)))

    def stepping(self, from_ms: int, to_ms: int, **options: object) -> bytes:
        """The secretariat says that the clock is right."""
        reason = StepReason.WAS_AHEAD if to_ms < from_ms else StepReason.WAS_BEHIND
        return self.say(ClockWasStepped(from_ms, to_ms, reason), **options)  # type: ignore[arg-type]  # as above

    def create(self, directory: Path, trace: Trace = silent, seen: Path | None = None) -> Engine:
        """A new ledger with the sender's gateway key enrolled (2 leaves)."""
        engine = Engine.create(
            directory,
            self.genesis(),
            kinds=KINDS,
            log_key=self.log,
            cosigner=self.cosigner,
            clock=self.clock,
            trace=trace,
            seen=seen,
        )
        engine.submit(self.say(self.enrolment(self.gateway, SENDER), subject=SENDER))
        return engine

    def open(
        self, directory: Path, trace: Trace = silent, witnessed: tuple[bytes, ...] = (), seen: Path | None = None
    ) -> Engine:
        """Open it again."""
        return Engine.open(
            directory,
            kinds=KINDS,
            log_key=self.log,
            cosigner=self.cosigner,
            clock=self.clock,
            trace=trace,
            witnessed=witnessed,
            seen=seen,
        )
