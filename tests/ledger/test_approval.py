"""Persons approve with keys of their own: what the form lets through, what the engine takes, what evidence says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.clock import FixedClock
from akashi.ledger.audit import audit
from akashi.ledger.errors import EncodingError, Refused
from akashi.ledger.events import Context, Kind, KindTable, dump_body, event, handle, info_of, integer, number
from akashi.ledger.keyring.approving import KeyApproving
from akashi.ledger.keyring.records import keys_of_person
from akashi.ledger.model import Actor, Approval, ApprovalKind, Approver, Basis, KeyRecord, Purpose
from akashi.ledger.port import Acknowledged
from akashi.ledger.proof.evidence import export_all, export_subject, trust_of
from akashi.ledger.proof.report import render
from akashi.ledger.proof.trust import format_trust
from akashi.ledger.proof.verdict import ApprovalRow, Level
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.registry import LEDGER_KINDS, KeyRevoked, RevocationReason
from akashi.ledger.rules import ALLOWED, Denied, decide_person_key
from akashi.ledger.service import Engine
from akashi.ledger.state import WriteState
from akashi.ledger.wire import cbor
from akashi.ledger.wire.approval import approvals_value, client_data, parse_approvals, signed_message
from akashi.ledger.wire.envelope import seal_operation
from tests.vectors.cases_approval import FAULTS
from tests.vectors.people import (
    DOCTOR,
    DOCTORS_BROWSER,
    DOCTORS_PASSKEY,
    NURSE,
    NURSES_DEVICE,
    PersonKey,
    id_of,
)
from tests.vectors.world import (
    COSIGNER,
    LOG,
    RECEIVER,
    RECEIVER_KEY,
    ROOT_KEY,
    SECRETARIAT,
    SENDER,
    SENDER_KEY,
    START_MS,
    EdKey,
    P256Key,
    enrolled,
    genesis,
)
from tests.vectors.world import Log as Words

SUBJECT = "tr-approved0"
SECOND = PersonKey(EdKey("doctor's second passkey"), DOCTOR)
THIRD = PersonKey(P256Key("doctor's third key"), DOCTOR, ApprovalKind.BROWSER_KEY)
FOREIGN = PersonKey(EdKey("a person elsewhere"), "per-elsewhere", ApprovalKind.DEVICE_KEY)


@event("testing.decided", signers={Purpose.GATEWAY})
class Decided:
    """Wants as many approvals as it says."""

    transfer: str = number(1, handle("tr"))
    approvals: int = number(2, integer(0, 4))


def apply_decided(state: WriteState, body: Decided, context: Context) -> None:
    """Keeps who approved."""
    if len(context.approvers) < body.approvals:
        raise Refused("testing.approvers")
    state.put("test", b"who", [[one.person, int(one.kind), int(one.basis)] for one in context.approvers])


KINDS = KindTable([*LEDGER_KINDS, Kind(Decided, apply_decided)])


class Story:
    """An engine with two gateways; every ``say`` is one block a second later."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.words = Words()
        self.clock = FixedClock(START_MS)
        first = self.words.envelope(genesis(), ROOT_KEY, SECRETARIAT)
        self.engine = Engine.create(directory, first, kinds=KINDS, log_key=LOG, cosigner=COSIGNER, clock=self.clock)
        for key, institution in ((SENDER_KEY, SENDER), (RECEIVER_KEY, RECEIVER)):
            self.engine.submit(self.words.envelope(enrolled(key, institution, Purpose.GATEWAY), ROOT_KEY, SECRETARIAT))

    def say(
        self,
        body: object,
        *keys: PersonKey,
        person: str | None = DOCTOR,
        institution: str = SENDER,
        make: Callable[[bytes], tuple[Approval, ...]] | None = None,
    ) -> Acknowledged:
        """Submit one operation of a gateway, approved by ``keys``."""
        self.clock.advance(1000)
        self.words.now_ms = self.clock.now_ms()
        kind, fields = info_of(type(body)).tag, dict[int, object](dump_body(body))
        subject = SUBJECT if isinstance(body, Decided) else None
        statement = self.words.statement(kind, fields, institution, actor=Actor(institution, person), subject=subject)
        operation = id_of(statement)
        approvals = tuple([key.approve(operation) for key in keys]) if make is None else make(operation)
        signer = SENDER_KEY if institution == SENDER else RECEIVER_KEY
        return self.engine.submit(seal_operation(statement, signer, approvals))

    def enrol(self, key: PersonKey, basis: Basis = Basis.INTRODUCED, *by: PersonKey, **more: object) -> Acknowledged:
        """Enrol a person's key at the sender."""
        return self.say(replace(key.enrolment(basis), **more), *by)  # type: ignore[arg-type]  # fields by name

    def who(self) -> object:
        """The approvers that ``apply`` saw last."""
        with self.engine.view() as state:
            return state.get("test", b"who")

    def keys(self, person: str, institution: str | None = None) -> list[KeyRecord]:
        """A person's keys."""
        with self.engine.view() as state:
            return keys_of_person(state, person, institution)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """Two institutions; nobody has a key yet."""
    made = Story(tmp_path / "ledger")
    yield made
    made.engine.close()


@pytest.fixture
def staffed(story: Story) -> Story:
    """A doctor with a passkey and a nurse with a device key, and what the vectors' faults need."""
    return _staffed(story)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The same for tests that change nothing."""
    made = Story(tmp_path_factory.mktemp("approval") / "ledger")
    yield _staffed(made)
    made.engine.close()


def _staffed(story: Story) -> Story:
    story.enrol(DOCTORS_PASSKEY)
    story.enrol(NURSES_DEVICE)
    story.say(FOREIGN.enrolment(institution=RECEIVER), institution=RECEIVER)
    story.enrol(DOCTORS_BROWSER, Basis.OWN_KEY, DOCTORS_PASSKEY)
    story.enrol(SECOND, Basis.OWN_KEY, DOCTORS_PASSKEY)
    story.enrol(THIRD, Basis.OWN_KEY, DOCTORS_PASSKEY, valid_to_ms=story.clock.now_ms() + 1500)
    story.say(KeyRevoked(SECOND.key, RevocationReason.CEASED))
    return story


def test_apply_knows_who_approved(staffed: Story) -> None:
    """Verified approvers reach the rules of the kind, in the order of the envelope, with kind and basis."""
    staffed.say(Decided(SUBJECT, 2), NURSES_DEVICE, DOCTORS_BROWSER)
    assert staffed.who() == [[NURSE, 3, 1], [DOCTOR, 2, 2]]


def test_operation_without_approvals_has_no_approvers(staffed: Story) -> None:
    """Who acted is not who approved: a gateway's word makes no approver."""
    with pytest.raises(Refused) as error:
        staffed.say(Decided(SUBJECT, 1))
    assert error.value.reason == "testing.approvers"


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_approval_that_does_not_hold_refuses_the_whole_operation(lasting: Story, name: str) -> None:
    """Wrong challenge, origin, relying party, flags, frame, key, person …: refused with its reason, nothing written."""
    failure, _, make = FAULTS[name]
    size = lasting.engine.size
    with pytest.raises(Refused) as error:
        lasting.say(Decided(SUBJECT, 0), make=make)
    assert (error.value.reason, lasting.engine.size) == (failure, size)


def test_approval_is_of_one_operation_only(staffed: Story) -> None:
    """An approval that was taken once is refused beside the next operation (replay)."""
    taken: list[tuple[Approval, ...]] = []

    def remember(operation: bytes) -> tuple[Approval, ...]:
        taken.append((DOCTORS_PASSKEY.approve(operation),))
        return taken[0]

    staffed.say(Decided(SUBJECT, 1), make=remember)
    with pytest.raises(Refused) as error:
        staffed.say(Decided(SUBJECT, 1), make=lambda _: taken[0])
    assert error.value.reason == "approval.challenge"


def test_key_revoked_in_the_same_second_approves_no_more(staffed: Story) -> None:
    """From the operation after the revocation on, nothing is approved with the key."""
    staffed.say(KeyRevoked(NURSES_DEVICE.key, RevocationReason.COMPROMISED))
    with pytest.raises(Refused) as error:
        staffed.say(Decided(SUBJECT, 0), NURSES_DEVICE)
    assert error.value.reason == "approval.revoked"


def test_revocation_keeps_whose_key_it_was(staffed: Story) -> None:
    """After ``key.revoked`` the record still says person, kind, basis, relying party and origin."""
    before = staffed.keys(DOCTOR)
    staffed.say(KeyRevoked(DOCTORS_PASSKEY.key, RevocationReason.CEASED))
    after = {record.key: record for record in staffed.keys(DOCTOR)}[DOCTORS_PASSKEY.key]
    (old,) = [record for record in before if record.key == after.key]
    assert (after.person, after.approval, after.basis, after.rp_id_hash, after.origin_digest) == (
        old.person, old.approval, old.basis, old.rp_id_hash, old.origin_digest,
    )  # fmt: skip
    assert after.revoked_ms == staffed.clock.now_ms()


def test_rows_of_other_keys_are_as_they_always_were(staffed: Story) -> None:
    """Ten fields for machines' keys, fifteen for persons': an old ledger is rebuilt byte by byte."""
    with staffed.engine.view() as state:
        rows = [value for _, value in state.scan("key")]
    lengths = sorted(len(row) for row in rows if isinstance(row, list))
    assert lengths == [10, 10, 10, 15, 15, 15, 15, 15, 15]


def test_another_institutions_word_blocks_nobody(story: Story) -> None:
    """A gateway that enrols a key for somebody else's person neither approves here nor takes their first key away."""
    claimed = PersonKey(EdKey("a claimed key"), DOCTOR, ApprovalKind.DEVICE_KEY)
    story.say(claimed.enrolment(institution=RECEIVER), institution=RECEIVER)
    story.enrol(DOCTORS_PASSKEY)
    assert [record.key for record in story.keys(DOCTOR, SENDER)] == [DOCTORS_PASSKEY.key]


def test_first_key_is_introduced_once(staffed: Story) -> None:
    """A gateway cannot introduce a second key for somebody who had one, even if all of theirs are revoked."""
    for record in staffed.keys(NURSE):
        staffed.say(KeyRevoked(record.key, RevocationReason.CEASED))
    with pytest.raises(Refused) as error:
        staffed.enrol(PersonKey(EdKey("slipped in"), NURSE, ApprovalKind.DEVICE_KEY))
    assert error.value.reason == "enrolment.basis"


def test_audit_re_executes_approvals(staffed: Story) -> None:
    """The auditor verifies persons' approvals again and finds nothing."""
    staffed.say(Decided(SUBJECT, 2), NURSES_DEVICE, DOCTORS_PASSKEY)
    report = audit(staffed.directory, KINDS, cosigner=COSIGNER)
    assert report.findings == ()


def test_evidence_of_a_subject_holds_the_approvers_keys(staffed: Story) -> None:
    """A bundle of one subject verifies offline and names person, kind and basis; the key's own approver is there too."""
    at = staffed.say(Decided(SUBJECT, 1), DOCTORS_BROWSER).index
    trust = format_trust(trust_of(staffed.engine))
    verdict = verify_file(export_subject(staffed.engine, SUBJECT), trust, KINDS)
    (row,) = [row for row in verdict.operations if row.at == at]
    assert verdict.level is Level.ATTESTED
    assert row.approvals == (ApprovalRow(DOCTOR, ApprovalKind.BROWSER_KEY, Basis.OWN_KEY),)


@pytest.mark.parametrize(
    ("language", "own", "behalf"),
    [
        ("ja", "本人の署名（パスキー", "機関のゲートウェイが代わって署名"),
        ("en", "Signed by the person (passkey", "Signed by the institution's gateway on behalf"),
    ],
)
def test_report_says_who_signed_and_for_whom_the_gateway_signed(
    staffed: Story, language: str, own: str, behalf: str
) -> None:
    """Own signature, another's signature, and the gateway's on behalf are three different lines."""
    mine = staffed.say(Decided(SUBJECT, 0), DOCTORS_PASSKEY).index
    theirs = staffed.say(Decided(SUBJECT, 0), NURSES_DEVICE).index
    none = staffed.say(Decided(SUBJECT, 0)).index
    verdict = verify_file(export_all(staffed.engine), format_trust(trust_of(staffed.engine)), KINDS)
    lines = {row.at: line for row, line in zip(verdict.operations, _rows(render(verdict, language)), strict=True)}
    assert own in lines[mine]
    assert behalf not in lines[mine]
    assert behalf in lines[theirs]
    assert NURSE in lines[theirs]
    assert behalf in lines[none]


def _rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if "inst-" in line]


def test_key_at_hand_approves_at_once(staffed: Story) -> None:
    """The command line's key approves what is composed, and only the kinds that it is for."""
    statement = staffed.words.statement("testing.decided", {1: SUBJECT, 2: 1}, SENDER, actor=Actor(SENDER, NURSE))
    ours = KeyApproving(NURSES_DEVICE.signer, ApprovalKind.DEVICE_KEY, {"testing.decided"})
    settled, approvals = ours.settle(statement)
    staffed.engine.submit(seal_operation(settled, SENDER_KEY, approvals))
    other, none = ours.settle(statement._replace(kind="testing.noted"))
    assert (staffed.who(), settled, none) == ([[NURSE, 3, 1]], statement, ())
    assert other.kind == "testing.noted"


OPERATION = bytes(range(32))
RIGHT = DOCTORS_PASSKEY.approve(OPERATION)
ENROLLED = DOCTORS_PASSKEY.enrolment()


@given(
    st.lists(
        st.builds(
            Approval,
            st.sampled_from([ApprovalKind.BROWSER_KEY, ApprovalKind.DEVICE_KEY]),
            st.binary(min_size=32, max_size=32),
            st.binary(min_size=64, max_size=64),
            st.just(b""),
            st.just(b""),
        )
        | st.builds(
            Approval,
            st.just(ApprovalKind.PASSKEY),
            st.binary(min_size=32, max_size=32),
            st.binary(min_size=64, max_size=64),
            st.binary(min_size=37, max_size=80),
            st.binary(min_size=1, max_size=80),
        ),
        max_size=4,
    ).map(tuple)
)
@settings(max_examples=60)
def test_parsing_is_the_inverse_of_encoding(approvals: tuple[Approval, ...]) -> None:
    """What is encoded is parsed to the same values."""
    assert parse_approvals(cbor.decode(cbor.encode(approvals_value(approvals)))) == approvals


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.binary(max_size=70) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=6),
        max_leaves=12,
    )
)
@settings(max_examples=100)
def test_whatever_stands_for_approvals_is_parsed_or_refused_by_class(value: cbor.Value) -> None:
    """No value makes the parser fail otherwise than with its two classes."""
    try:
        found: object = approvals_value(parse_approvals(value))
    except EncodingError as error:
        found = error.failure
    assert found in (value, "op.approvals", "approval.many")


@given(at=st.integers(0, len(RIGHT.client_data) - 1), bit=st.integers(0, 7))
@settings(max_examples=80)
def test_no_bit_of_the_client_data_can_be_changed(at: int, bit: int) -> None:
    """Either a check refuses the text, or the signed bytes are others."""
    data = bytearray(RIGHT.client_data)
    data[at] ^= 1 << bit
    bent = RIGHT._replace(client_data=bytes(data))
    right = signed_message(RIGHT, OPERATION, ENROLLED.rp_id_hash, ENROLLED.origin_digest)
    try:
        found = signed_message(bent, OPERATION, ENROLLED.rp_id_hash, ENROLLED.origin_digest)
    except Refused as error:
        found = error.reason.encode()
    assert found != right


@given(st.binary(max_size=60))
@settings(max_examples=100)
def test_client_data_is_read_or_refused(data: bytes) -> None:
    """Whatever the bytes: an object, or ``approval.form``."""
    try:
        found: object = client_data(data)
    except Refused as error:
        found = error.reason
    assert isinstance(found, dict) or found == "approval.form"


def test_deep_client_data_does_not_exhaust_the_reader() -> None:
    """Two thousand brackets are refused before they are read."""
    with pytest.raises(Refused) as error:
        client_data(b'{"a":' + b"[" * 2000)
    assert error.value.reason == "approval.form"


@pytest.mark.parametrize(
    ("basis", "actor", "approvers", "before", "allowed"),
    [
        (Basis.INTRODUCED, None, (), False, True),
        (Basis.INTRODUCED, DOCTOR, (DOCTOR,), True, False),
        (Basis.OWN_KEY, None, (DOCTOR,), True, True),
        (Basis.OWN_KEY, DOCTOR, (NURSE,), True, False),
        (Basis.RESET, NURSE, (), True, True),
        (Basis.RESET, DOCTOR, (DOCTOR,), True, False),
        (Basis.RESET, None, (NURSE,), True, False),
        (None, NURSE, (DOCTOR,), False, False),
    ],
)
def test_basis_of_a_key(
    *, basis: Basis | None, actor: str | None, approvers: tuple[str, ...], before: bool, allowed: bool
) -> None:
    """On whose word a key is a person's: the institution's once, their own key's, another person's after a reset."""
    record = KeyRecord(bytes(32), -9, b"", SENDER, Purpose.PERSON, 0, 1, person=DOCTOR, basis=basis)
    decision = decide_person_key(record, actor, frozenset(approvers), before=before)
    assert decision == (ALLOWED if allowed else Denied("enrolment.basis"))


def test_approver_tells_person_and_key_only() -> None:
    """What the rules of a kind see of an approval holds handles and digests."""
    assert Approver(DOCTOR, ApprovalKind.PASSKEY, bytes(32)).basis is Basis.INTRODUCED
