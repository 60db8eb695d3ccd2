"""The ledger's own kinds, applied to a state in memory: what they accept and what readers then see."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from akashi.errors import AkashiError
from akashi.ledger.admission import admit
from akashi.ledger.errors import EncodingError, LedgerDamaged, Refused
from akashi.ledger.model import Algorithm, Purpose
from akashi.ledger.registry import (
    KeyEnrolled,
    KeyRevoked,
    LogStamped,
    RevocationReason,
    key_record,
    keys_of,
    last_stamp_ms,
    log_identity,
    log_key_commitment,
    opening_key,
    record_of,
    stepped_to,
)
from akashi.ledger.rules import is_current
from akashi.ledger.state import Memory, Overlay
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import parse_operation
from tests.ledger.world import (
    KINDS,
    LEDGER,
    ORIGIN,
    RECEIVER,
    SECRETARIAT,
    SENDER,
    START_MS,
    YEAR_MS,
    SoftNoteSigner,
    SoftSigner,
    World,
)


class Bench:
    """A world and its state; ``do`` applies, ``refused`` tells why not."""

    def __init__(self) -> None:
        self.world = World()
        self.memory = Memory()
        self.do(self.world.genesis())
        self.do(self.world.say(self.world.enrolment(self.world.gateway, SENDER)))

    @property
    def view(self) -> Overlay:
        """The state for readers."""
        return Overlay(self.memory)

    def do(self, envelope: bytes) -> None:
        """Apply one operation."""
        now = self.world.clock.now_ms()
        self.memory.absorb(admit(KINDS, self.memory, parse_operation(envelope), LEDGER, now))

    def refused(self, envelope: bytes) -> str:
        """The reason of the refusal; the state must be untouched."""
        before = dict(self.memory.rows)
        with pytest.raises(AkashiError) as error:
            self.do(envelope)
        assert self.memory.rows == before
        return str(error.value.params.get("reason") or error.value.params.get("failure"))

    def opening(self, label: str, **changes: object) -> KeyEnrolled:
        """The enrolment of an opening key."""
        public = sha256(label.encode()).digest()
        values: dict[str, object] = {
            "key": sha256(public).digest(),
            "algorithm": 0,
            "public": public,
            "institution": SENDER,
            "purpose": Purpose.OPENING,
            "valid_from_ms": START_MS - 1,
            "valid_to_ms": START_MS + YEAR_MS,
            "suite": 7,
        }
        return KeyEnrolled(**(values | changes))  # type: ignore[arg-type]  # keyword values of one event


@pytest.fixture
def bench() -> Bench:
    """Genesis and the sender's gateway key."""
    return Bench()


def test_genesis_names_the_log_and_enrols_the_secretariat(bench: Bench) -> None:
    """Readers find the log's keys and the first secretariat key, valid from the genesis on."""
    identity = log_identity(bench.view)
    record = key_record(bench.view, bench.world.secretariat.key)

    assert identity is not None
    assert (identity.origin, identity.log_key) == (ORIGIN, bench.world.log.public_key)
    assert record is not None
    assert (record.purpose, record.institution, record.valid_from_ms) == (Purpose.SECRETARIAT, SECRETARIAT, START_MS)


def test_genesis_only_once(bench: Bench) -> None:
    """A second genesis is refused, whoever signs it."""
    assert bench.refused(bench.world.genesis()) == "genesis.again"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"origin": f"test.example/akashi/{bytes(16).hex()}/1"}, "genesis.origin"),
        ({"origin": f"test.example/akashi/{LEDGER.hex()}/2"}, "genesis.epoch"),
        ({"previous": b"note"}, "genesis.epoch"),
        ({"cosigner_key": World().log.public_key}, "genesis.keys"),
        ({"secretariat": SENDER}, "signer.institution"),
        ({"secretariat_spki": SoftSigner("another").spki}, "signer.unknown"),
        ({"secretariat_algorithm": int(Algorithm.ESP256)}, "signer.algorithm"),
    ],
)
def test_genesis_must_agree_with_itself(changes: dict[str, object], reason: str) -> None:
    """Ledger id, epoch, keys and signer of a genesis belong together."""
    world, memory = World(), Memory()

    with pytest.raises(Refused) as error:
        admit(KINDS, memory, parse_operation(world.genesis(**changes)), LEDGER, START_MS)

    assert error.value.reason == reason


def test_nothing_before_the_genesis() -> None:
    """An empty ledger accepts nothing but its genesis."""
    world = World()

    with pytest.raises(Refused, match="unknown"):
        admit(KINDS, Memory(), parse_operation(world.noted(1)), LEDGER, START_MS)


def test_second_gateway_key_needs_the_first(bench: Bench) -> None:
    """Attack: the secretariat slips in a gateway key of its own; only the institution's present key can enrol one."""
    another = SoftSigner("second gateway")
    body = bench.world.enrolment(another, SENDER)

    assert bench.refused(bench.world.say(body)) == "enrolment.gateway"
    bench.do(bench.world.say(body, bench.world.gateway, SENDER))
    assert [r.key for r in keys_of(bench.view, SENDER, Purpose.GATEWAY)] == sorted(
        [another.key, bench.world.gateway.key]
    )


def test_secretariat_enrols_again_after_all_gateway_keys_are_gone(bench: Bench) -> None:
    """An institution that lost its key starts anew through the secretariat, visibly on the ledger."""
    bench.do(bench.world.revocation(bench.world.gateway.key, RevocationReason.COMPROMISED))

    bench.do(bench.world.say(bench.world.enrolment(SoftSigner("new gateway"), SENDER)))

    current = [r for r in keys_of(bench.view, SENDER, Purpose.GATEWAY) if is_current(r, START_MS)]
    assert [record.key for record in current] == [SoftSigner("new gateway").key]


def test_enrolment_of_another_institutions_key_is_no_use(bench: Bench) -> None:
    """Attack: a gateway enrols a key for somebody else."""
    body = bench.world.enrolment(SoftSigner("receiver"), RECEIVER)

    assert bench.refused(bench.world.say(body, bench.world.gateway, SENDER)) == "enrolment.secretariat"


def test_possession_must_be_proven(bench: Bench) -> None:
    """Attack: enrol another's public key as one's own; without its signature over the enrolment that fails."""
    body = bench.world.enrolment(SoftSigner("receiver"), RECEIVER)
    for proof in (None, bytes(64), bench.world.enrolment(SoftSigner("receiver"), SENDER).possession):
        assert bench.refused(bench.world.say(replace(body, possession=proof))) == "enrolment.possession"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"key": bytes(32)}, "enrolment.key_id"),
        ({"valid_to_ms": START_MS - 1000}, "enrolment.validity"),
        ({"suite": 7}, "enrolment.algorithm"),
        ({"algorithm": 0}, "enrolment.algorithm"),
        ({"device": "dev-1234"}, "enrolment.device"),
    ],
)
def test_enrolment_must_agree_with_itself(bench: Bench, changes: dict[str, object], reason: str) -> None:
    """Key id, validity and fields of a purpose belong together."""
    body = bench.world.enrolment(SoftSigner("receiver"), RECEIVER)

    assert bench.refused(bench.world.say(replace(body, **changes))) == reason  # type: ignore[arg-type]  # event fields


def test_key_is_enrolled_once_ever(bench: Bench) -> None:
    """Not even after its revocation does a key come back."""
    bench.do(bench.world.revocation(bench.world.gateway.key))
    body = bench.world.enrolment(bench.world.gateway, RECEIVER)

    assert bench.refused(bench.world.say(body)) == "enrolment.again"


def test_device_key_is_enrolled_without_signing(bench: Bench) -> None:
    """A device's key is on record and signs no operation."""
    device = SoftSigner("device")
    body = replace(bench.world.enrolment(device, SENDER, Purpose.DEVICE), device="dev-1234", possession=None)
    bench.do(bench.world.say(body))
    bench.world.gateway = device

    assert bench.refused(bench.world.noted(1)) == "signer.purpose"


def test_opening_key_is_the_institutions_own_business(bench: Bench) -> None:
    """Attack: the secretariat enrols an opening key to read along; only the institution's gateway can."""
    body = bench.opening("opening")

    assert bench.refused(bench.world.say(body)) == "enrolment.opening"
    bench.do(bench.world.say(body, bench.world.gateway, SENDER))
    found = opening_key(bench.view, SENDER, START_MS)
    assert found is not None
    assert (found.key, found.suite, found.public) == (body.key, 7, body.public)


def test_opening_key_that_lasts_longest_is_taken(bench: Bench) -> None:
    """With several current keys the one valid longest is used; revoked and expired ones never."""
    gateway = bench.world.gateway
    short = bench.opening("short", valid_to_ms=START_MS + 10)
    long, gone = bench.opening("long", valid_to_ms=START_MS + 20), bench.opening("gone")
    for body in (short, long, gone):
        bench.do(bench.world.say(body, gateway, SENDER))
    bench.do(bench.world.say(KeyRevoked(gone.key, RevocationReason.SUPERSEDED), gateway, SENDER))

    found = [opening_key(bench.view, SENDER, START_MS + later) for later in (0, 15, 25)]

    assert [None if key is None else key.key for key in found] == [long.key, long.key, None]


def test_opening_key_signs_nothing_and_proves_nothing(bench: Bench) -> None:
    """An opening key with a proof of possession is malformed: it cannot have made one."""
    body = replace(bench.opening("opening"), possession=bytes(64))

    assert bench.refused(bench.world.say(body, bench.world.gateway, SENDER)) == "enrolment.possession"


def test_revocation_keeps_since_when(bench: Bench) -> None:
    """The record says when it was revoked, and since when it is believed compromised."""
    body = KeyRevoked(bench.world.gateway.key, RevocationReason.COMPROMISED, START_MS - 5)
    bench.do(bench.world.say(body))

    record = key_record(bench.view, bench.world.gateway.key)

    assert record is not None
    assert (record.revoked_ms, record.compromised_since_ms) == (START_MS, START_MS - 5)


def test_compromise_time_only_with_compromise(bench: Bench) -> None:
    """A time of compromise without that reason is refused."""
    body = KeyRevoked(bench.world.gateway.key, RevocationReason.SUPERSEDED, START_MS - 5)

    assert bench.refused(bench.world.say(body)) == "key.reason"


def test_last_secretariat_key_stays(bench: Bench) -> None:
    """The ledger cannot be locked out by revoking its only secretariat key."""
    assert bench.refused(bench.world.revocation(bench.world.secretariat.key)) == "key.last_secretariat"


def test_stamp_must_be_of_this_log(bench: Bench) -> None:
    """A token over another log's checkpoint is no stamp of this one."""
    body = LogStamped(b"other.example/akashi/x/1\n1\n", b"token", (), ())
    own = replace(body, note=ORIGIN.encode() + b"\n1\n")

    assert bench.refused(bench.world.say(body)) == "stamp.origin"
    bench.do(bench.world.say(own))
    assert last_stamp_ms(bench.view) == START_MS


def test_log_key_changes_to_the_committed_one_only(bench: Bench) -> None:
    """The state follows a chain of commitments."""
    third = SoftNoteSigner(ORIGIN, "third")
    bench.do(bench.world.rekeying(third))

    identity = log_identity(bench.view)

    assert identity is not None
    assert identity.log_key == bench.world.next_log.public_key
    assert identity.next_log_key == log_key_commitment(third.public_key)
    assert bench.refused(bench.world.rekeying(third)) == "log.commitment"


def test_clock_step_is_on_record(bench: Bench) -> None:
    """What the secretariat said about the clock is what the engine asks for."""
    assert stepped_to(bench.view) is None

    bench.do(bench.world.stepping(START_MS, START_MS - 100_000))

    assert stepped_to(bench.view) == START_MS - 100_000


def test_gateway_does_not_explain_the_clock(bench: Bench) -> None:
    """Only the secretariat's keys may say some things."""
    envelope = bench.world.stepping(START_MS, START_MS - 1, signer=bench.world.gateway, institution=SENDER)

    assert bench.refused(envelope) == "signer.purpose"


def test_unknown_kind_is_refused(bench: Bench) -> None:
    """A version of a kind that this server does not know is refused, not guessed."""
    statement = parse_operation(bench.world.noted(1)).statement

    with pytest.raises(Refused, match="unknown"):
        KINDS.find(statement.kind, 2)


@pytest.mark.parametrize(
    "raw", [[], [1] * 10, [1, b"", "x", "y", 0, 0, None, None, None, None], [1, b"", "x", 1, 0, 0, "", 0, 0, 0]]
)
def test_malformed_record_is_damage(raw: list[cbor.Value]) -> None:
    """A key row of another shape is never guessed at."""
    with pytest.raises((LedgerDamaged, EncodingError)):
        record_of(bytes(32), cbor.encode(raw))
