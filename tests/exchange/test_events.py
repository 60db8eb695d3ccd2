"""The kinds of an exchange applied to a real state: what they check beyond the rules, and a model they must agree with."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from akashi.exchange.events import (
    TransferConfirmed,
    TransferErased,
    TransferExpired,
    TransferExported,
    TransferOpened,
    TransferRefused,
    TransferWithdrawn,
)
from akashi.exchange.model import DAY_MS, Destination, Form, ReadPurpose, RefuseReason, Scan, Status, WithdrawReason
from akashi.exchange.records import due_by, received_by, sent_by, transfer, transfer_of_payload, visible_to
from akashi.identity.events import InstitutionDisabled, PersonDisabled
from akashi.identity.model import InstitutionReason, PersonReason
from akashi.ledger.model import Purpose
from tests.exchange.desk import (
    CLERK,
    COLLEAGUE,
    GATEWAY,
    NAMED,
    OFFICE,
    OTHER,
    RECEIVER,
    ROGUE,
    SENDER,
    START,
    STRANGER,
    Desk,
    open_desk,
    sent,
    storage_receipt,
)

T1 = "tr-0001"
OPEN = TransferOpened(T1, ReadPurpose.CHECKUP_RESULT)
CONFIRM = TransferConfirmed(T1, True, Scan.CLEAN)  # noqa: FBT003 - a ledger field


@pytest.fixture
def desk() -> Desk:
    """A state with two parties and one transfer, sent."""
    made = open_desk()
    made.apply(sent(1), SENDER, CLERK, subject=T1)
    return made


def status(desk: Desk, name: str = T1) -> Status | None:
    """Where a transfer stands."""
    found = transfer(desk.state, name)
    return None if found is None else found.status


def test_a_sent_transfer_is_in_both_lists_and_nobody_elses(desk: Desk) -> None:
    """Sender and receiver find it, a third institution does not."""
    state = desk.state

    assert received_by(state, RECEIVER) == [(T1, Status.SENT)]
    assert sent_by(state, SENDER) == [(T1, Status.SENT)]
    assert received_by(state, OTHER) == sent_by(state, OTHER) == []
    assert [visible_to(state, T1, who) for who in (SENDER, RECEIVER, OTHER, OFFICE)] == [True, True, False, False]
    assert transfer_of_payload(state, (1).to_bytes(16, "big")) == transfer(state, T1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"storage": b"\xd2\x00"}, "storage.encoding"),
        ({"storage": storage_receipt(bytes(15) + b"\x02", (bytes([3]) * 32,), signer=ROGUE)}, "storage.signer"),
        ({"storage": storage_receipt(bytes(15) + b"\x02", (bytes([3]) * 32,), signer=GATEWAY)}, "storage.signer"),
        ({"storage": storage_receipt(bytes(15) + b"\x09", (bytes([3]) * 32,))}, "storage.payload"),
        ({"storage": storage_receipt(bytes(15) + b"\x02", (bytes([9]) * 32,))}, "storage.wraps"),
        ({"storage": storage_receipt(bytes(15) + b"\x02", (bytes([3]) * 32,), size=9)}, "storage.body"),
        ({"body_digest": bytes(32)}, "storage.body"),
        ({"scan": Scan.INFECTED}, "transfer.infected"),
        ({"persons": (STRANGER,)}, "transfer.persons"),
        ({"receiver": OTHER}, "transfer.receiver_key"),
        ({"receiver": "inst-nobody"}, "transfer.receiver_unknown"),
        ({"transfer": T1}, "transfer.subject"),
        ({"payload": (1).to_bytes(16, "big")}, "payload.exists"),
        ({"supersedes": "tr-9999"}, "transfer.unknown"),
    ],
)
def test_an_announcement_that_is_not_backed_is_refused(desk: Desk, changes: dict[str, object], reason: str) -> None:
    """No receipt by a server key for exactly these bytes, no known people, no transfer."""
    assert desk.reason(sent(2, **changes), SENDER, CLERK, subject="tr-0002") == reason
    assert status(desk, "tr-0002") is None


def test_a_flipped_storage_receipt_is_refused(desk: Desk) -> None:
    """A changed byte anywhere in the receipt is noticed."""
    good = sent(2)
    for at in range(len(good.storage)):
        changed = bytearray(good.storage)
        changed[at] ^= 1

        assert desk.reason(replace(good, storage=bytes(changed)), SENDER, CLERK, subject="tr-0002") is not None


def test_people_act_for_their_own_institution_only(desk: Desk) -> None:
    """A gateway cannot lend another institution's person, nor somebody who is unknown."""
    assert desk.reason(OPEN, RECEIVER, CLERK, subject=T1) == "transfer.person"
    assert desk.reason(OPEN, RECEIVER, "per-nobody", subject=T1) == "transfer.person"
    assert desk.reason(OPEN, RECEIVER, None, subject=T1) == "transfer.person"


def test_a_disabled_person_opens_nothing(desk: Desk) -> None:
    """Who leaves loses access at the next operation."""
    desk.apply(PersonDisabled(NAMED, PersonReason.LEFT), RECEIVER)

    assert desk.reason(OPEN, RECEIVER, NAMED, subject=T1) == "transfer.person"


def test_a_disabled_institution_neither_sends_nor_receives(desk: Desk) -> None:
    """Receiver disabled: no new transfer to it, and it cannot open what is there."""
    desk.apply(InstitutionDisabled(RECEIVER, InstitutionReason.SUSPECTED_LEAK), OFFICE, purpose=Purpose.SECRETARIAT)

    assert desk.reason(sent(2), SENDER, CLERK, subject="tr-0002") == "transfer.receiver_disabled"
    assert desk.reason(OPEN, RECEIVER, NAMED, subject=T1) == "transfer.institution_disabled"


def test_only_a_server_expires_a_transfer(desk: Desk) -> None:
    """A party's gateway cannot end a transfer by claiming that its time is over."""
    desk.now = START + 11 * DAY_MS

    assert desk.reason(TransferExpired(T1), SENDER, CLERK, subject=T1) == "signer.purpose"
    assert desk.reason(TransferExpired(T1), OFFICE, subject=T1, purpose=Purpose.SERVER) is None


def test_the_subject_is_the_transfer(desk: Desk) -> None:
    """Otherwise an operation would be missing from the trail."""
    assert desk.reason(OPEN, RECEIVER, NAMED, subject="tr-0002") == "transfer.subject"
    assert desk.reason(OPEN, RECEIVER, NAMED) == "transfer.subject"


def test_what_does_not_match_cannot_be_confirmed(desk: Desk) -> None:
    """A confirmation says that the content is right and clean; otherwise there is refusal."""
    desk.apply(OPEN, RECEIVER, NAMED, subject=T1)

    assert desk.reason(replace(CONFIRM, matches=False), RECEIVER, NAMED, subject=T1) == "transfer.unfit"
    assert desk.reason(replace(CONFIRM, scan=Scan.INFECTED), RECEIVER, NAMED, subject=T1) == "transfer.unfit"


def test_the_senders_own_look_is_not_the_receipt(desk: Desk) -> None:
    """The sender may open its own data and can still withdraw it."""
    desk.apply(OPEN, SENDER, CLERK, subject=T1)

    assert desk.reason(TransferWithdrawn(T1, WithdrawReason.WRONG_CONTENT), SENDER, CLERK, subject=T1) is None


def test_taking_out_the_content_is_a_receipt_too(desk: Desk) -> None:
    """An export by the receiver without an opening before it makes withdrawal impossible."""
    export = TransferExported(T1, ReadPurpose.HEALTH_GUIDANCE, Destination.DEVICE, Form.SEALED)
    desk.apply(export, RECEIVER, NAMED, subject=T1)

    withdrawal = TransferWithdrawn(T1, WithdrawReason.WRONG_CONTENT)
    assert desk.reason(withdrawal, SENDER, CLERK, subject=T1) == "transfer.opened"


def test_a_new_version_ends_the_open_one(desk: Desk) -> None:
    """The old version can be read no more and is due for erasure; it has one successor."""
    desk.apply(sent(2, supersedes=T1), SENDER, CLERK, subject="tr-0002")

    assert status(desk) is Status.SUPERSEDED
    assert desk.reason(OPEN, RECEIVER, NAMED, subject=T1) == "transfer.superseded"
    assert [item.handle for item in due_by(desk.state, START)] == [T1]
    assert desk.reason(sent(3, supersedes=T1), SENDER, CLERK, subject="tr-0003") == "transfer.superseded"


def test_a_transfer_is_erased_only_after_its_payload_was(desk: Desk) -> None:
    """A server cannot call it done before the erasure receipt is on the ledger."""
    desk.apply(TransferWithdrawn(T1, WithdrawReason.WRONG_CONTENT), SENDER, CLERK, subject=T1)

    refused = desk.reason(TransferErased(T1), OFFICE, subject=T1, purpose=Purpose.SERVER)
    assert refused == "transfer.not_erased"


class Life(RuleBasedStateMachine):
    """Random steps by everybody; the state must agree with a model of a few lines at every moment."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = open_desk()
        self.desk.apply(sent(1, expires_ms=START + 5 * DAY_MS), SENDER, CLERK, subject=T1)
        self.status = Status.SENT
        self.closed = 0

    def do(self, body: object, institution: str, person: str | None, purpose: Purpose, to: Status | None) -> None:
        """Apply; ``to`` is the status the model expects afterwards, ``None`` for a refusal."""
        refused = self.desk.reason(body, institution, person, subject=T1, purpose=purpose)
        assert (refused is None) == (to is not None)
        if to is not None and to is not self.status and to not in (Status.SENT, Status.OPENED):
            self.closed = self.desk.now
        self.status = to or self.status

    @property
    def live(self) -> bool:
        """Open, and in time."""
        return self.status in (Status.SENT, Status.OPENED) and self.desk.now < START + 5 * DAY_MS

    @rule(hours=st.integers(0, 60))
    def time_passes(self, hours: int) -> None:
        """Block times only grow."""
        self.desk.now += hours * DAY_MS // 24

    @rule(person=st.sampled_from([NAMED, COLLEAGUE]))
    def open(self, person: str) -> None:
        """By the named person, or by a colleague who is not."""
        kept = self.status is Status.CONFIRMED and self.desk.now < self.closed + DAY_MS
        to = Status.OPENED if self.live else self.status if kept else None
        self.do(OPEN, RECEIVER, person, Purpose.GATEWAY, to if person == NAMED else None)

    @rule(person=st.sampled_from([NAMED, COLLEAGUE]))
    def confirm(self, person: str) -> None:
        """Only after opening, only the named person."""
        good = self.live and self.status is Status.OPENED and person == NAMED
        self.do(CONFIRM, RECEIVER, person, Purpose.GATEWAY, Status.CONFIRMED if good else None)

    @rule(person=st.sampled_from([NAMED, COLLEAGUE]))
    def refuse(self, person: str) -> None:
        """Anybody of the receiver, in time."""
        body = TransferRefused(T1, RefuseReason.NOT_OURS)
        self.do(body, RECEIVER, person, Purpose.GATEWAY, Status.REFUSED if self.live else None)

    @rule()
    def withdraw(self) -> None:
        """The sender, before the first opening."""
        good = self.live and self.status is Status.SENT
        body = TransferWithdrawn(T1, WithdrawReason.SUBJECT_REQUEST)
        self.do(body, SENDER, CLERK, Purpose.GATEWAY, Status.WITHDRAWN if good else None)

    @rule()
    def expire(self) -> None:
        """The server, from the expiry on."""
        good = self.status in (Status.SENT, Status.OPENED) and not self.live
        self.do(TransferExpired(T1), OFFICE, None, Purpose.SERVER, Status.EXPIRED if good else None)

    @rule(body=st.sampled_from([OPEN, CONFIRM, TransferWithdrawn(T1, WithdrawReason.WRONG_CONTENT)]))
    def meddle(self, body: object) -> None:
        """A third institution may do nothing."""
        self.do(body, OTHER, STRANGER, Purpose.GATEWAY, None)

    @invariant()
    def the_state_agrees(self) -> None:
        """Record, both indexes and the due list say the same."""
        state = self.desk.state
        found = transfer(state, T1)
        assert found is not None
        assert found.status is self.status
        assert received_by(state, RECEIVER) == sent_by(state, SENDER) == [(T1, self.status)]
        assert len(list(due_by(state, 1 << 52))) == 1


Life.TestCase.settings = settings(max_examples=40, stateful_step_count=15)
TestLife = Life.TestCase
