"""The nine failure cases of an exchange between institutions (docs/exchange.md, table): each shows what the table promises."""

from __future__ import annotations

import pytest

from akashi.errors import Denied, Unavailable
from akashi.exchange.errors import ReceiverKeyChanged, TransferDenied, Unacknowledged
from akashi.exchange.model import ReadPurpose, RefuseReason, Status, WithdrawReason
from akashi.identity.events import PersonDisabled
from akashi.identity.model import PersonReason
from akashi.ledger.model import Purpose
from akashi.ledger.registry import KeyRevoked, RevocationReason, keys_of
from akashi.vault.errors import SealError
from tests.exchange.world import CLERK, COLLEAGUE, CONTENT, NAMED, RECEIVER, SENDER, Away, World, request

RESULT = ReadPurpose.CHECKUP_RESULT
TRIES = 4


def send(world: World, **changes: object) -> str:
    """Send one file; the transfer's handle."""
    return world.sender.send(request(**changes), world.acting(CLERK)).transfer  # type: ignore[arg-type]  # passed on


def kinds(world: World, name: str) -> list[str]:
    """The kinds of a trail."""
    return [step.kind for step in world.sender.show(name).trail]


def test_case_1_sending_begins_when_a_person_says_so(world: World) -> None:
    """Timing: preparing sends nothing; the sender's person starts it, the trail says who and when; nobody else can."""
    world.sender.preview(request())
    before = len(world.sender.outbox())
    name = send(world)
    step = world.sender.show(name).trail[0]

    assert before == 0
    assert (step.person, step.institution, step.block_ms) == (CLERK, SENDER, world.clock.now_ms())
    with pytest.raises(TransferDenied, match=r"transfer\.person"):
        world.sender.send(request(again=True), world.acting(NAMED))


def test_case_2_the_sender_cannot_connect(world: World) -> None:
    """Sender offline while announcing: four tries, then kept as 未確定; sent once when the line is back."""
    outage = world.gateways[SENDER].outage
    outage.before["submit"] = TRIES
    with pytest.raises(Unacknowledged):
        send(world)
    pending = world.sender.pending()
    resumed = world.sender.resume()

    assert [(item.kind, item.attempts) for item in pending] == [("transfer.sent", TRIES)]
    assert (resumed.acknowledged, resumed.pending) == (1, 0)
    assert [item.status for item in world.receiver.inbox()] == [Status.SENT]
    assert world.sender.pending() == []


def test_case_2_the_sender_cannot_reach_the_store(world: World) -> None:
    """Sender offline while staging: four tries with growing pauses, then a plain failure; nothing pends, nothing was sent."""
    gateway = world.gateways[SENDER]
    gateway.outage.before["stage"] = TRIES
    with pytest.raises(Away):
        send(world)

    assert gateway.pauses == sorted(gateway.pauses)
    assert len(gateway.pauses) == TRIES - 1
    assert world.sender.pending() == []
    assert world.sender.outbox() == []
    assert send(world)


def test_case_3_the_receiver_cannot_connect(world: World) -> None:
    """Receiver offline: the payload waits sealed on the server until its expiry; both are told when nobody came."""
    name = send(world)
    world.gateways[RECEIVER].outage.before["submit"] = TRIES
    with pytest.raises(Unacknowledged):
        world.receiver.open(name, RESULT, world.acting(NAMED))
    world.clock.advance(request().life_ms)
    report = world.housekeeping().run_once()
    world.sender.poll()
    world.receiver.poll()

    assert (report.expired, report.erased) == (1, 1)
    assert [notice.status for notice in world.sender.notices()] == [Status.EXPIRED]
    assert [notice.status for notice in world.receiver.notices()] == [Status.EXPIRED]


def test_case_4_the_line_breaks_while_content_travels(world: World) -> None:
    """Broken path: fetching begins again, four times in all; what arrives is whole."""
    name = send(world)
    gateway = world.gateways[RECEIVER]
    gateway.outage.before["body"] = TRIES - 1
    opened = world.receiver.open(name, RESULT, world.acting(NAMED))

    assert opened.documents[0][1] == CONTENT
    assert len(gateway.pauses) == TRIES - 1


def test_case_4_an_answer_that_got_lost_does_not_send_twice(world: World) -> None:
    """The ledger had it, the answer was lost: trying again finds the first acknowledgement."""
    world.gateways[SENDER].outage.after["submit"] = 1
    name = send(world)

    assert kinds(world, name) == ["transfer.sent"]
    assert [item.handle for item in world.sender.outbox()] == [name]


def test_case_5_what_arrives_is_damaged(world: World) -> None:
    """Damaged content: fetched four times, never shown, cannot be confirmed; refused with a reason, the sender is told."""
    name = send(world)
    gateway = world.gateways[RECEIVER]
    gateway.store.tamper = lambda chunk: chunk[:-1] + bytes([chunk[-1] ^ 1])
    with pytest.raises(SealError):
        world.receiver.open(name, RESULT, world.acting(NAMED))
    with pytest.raises(TransferDenied, match="not_verified"):
        world.receiver.confirm(name, world.acting(NAMED))
    world.receiver.refuse(name, RefuseReason.UNREADABLE, world.acting(NAMED))
    world.sender.poll()

    assert len(gateway.pauses) == TRIES - 1
    assert world.sender.notices()[0].status is Status.REFUSED


def test_case_6_there_is_no_key_to_seal_to(world: World) -> None:
    """Encryption trouble: no valid opening key, so nothing is sealed and nothing leaves; never in the clear instead."""
    with world.engine.view() as state:
        keys = keys_of(state, RECEIVER, Purpose.OPENING)
    for key in keys:
        world.author(RECEIVER).submit(KeyRevoked(key.key, RevocationReason.COMPROMISED))
    with pytest.raises(TransferDenied, match="receiver_key"):
        send(world)

    assert world.sender.pending() == []
    assert world.sender.outbox() == []


def test_case_6_the_key_is_not_the_one_used_before(world: World) -> None:
    """Encryption trouble: a key that changed raises an alarm before anything is sealed."""
    send(world)
    gateway = world.gateways[SENDER]
    gateway.exchange._store.pin(RECEIVER, bytes(32), 0, None)

    assert world.sender.preview(request(again=True)).key_changed
    with pytest.raises(ReceiverKeyChanged):
        send(world, again=True)


def test_case_7_a_gateway_key_was_revoked(world: World) -> None:
    """Authentication trouble: a revoked gateway's operations are refused at once; the reason is told to its user."""
    name = send(world)
    with world.engine.view() as state:
        key = keys_of(state, RECEIVER, Purpose.GATEWAY)[0]
    world.office.submit(KeyRevoked(key.key, RevocationReason.COMPROMISED))
    with pytest.raises(TransferDenied, match=r"signer\.revoked"):
        world.receiver.open(name, RESULT, world.acting(NAMED))

    assert kinds(world, name) == ["transfer.sent"]


def test_case_7_a_person_left(world: World) -> None:
    """Authentication trouble: who was disabled is refused by the ledger, whatever the gateway still believes."""
    name = send(world)
    world.author(RECEIVER).submit(PersonDisabled(NAMED, PersonReason.LEFT))
    with pytest.raises(TransferDenied, match=r"transfer\.person"):
        world.receiver.open(name, RESULT, world.acting(NAMED))

    assert kinds(world, name) == ["transfer.sent"]


def test_case_8_each_fault_names_its_place(world: World) -> None:
    """Locating: ledger away, store away, rules, content — four faults, four error codes, each with a hint for a person."""
    name = send(world)
    receiver = world.gateways[RECEIVER]
    codes = []
    for call in ("submit", "wrap"):
        receiver.outage.before[call] = TRIES
        with pytest.raises(Unavailable) as away:
            world.receiver.open(name, RESULT, world.acting(NAMED))
        codes.append(away.value.code)
    with pytest.raises(Denied) as denied:
        world.receiver.open(name, RESULT, world.acting(COLLEAGUE))
    receiver.store.tamper = lambda chunk: chunk[::-1]
    with pytest.raises(SealError) as damaged:
        world.receiver.open(name, RESULT, world.acting(NAMED))

    assert [*codes, denied.value.code] == ["exchange.unacknowledged", "testing.away", "exchange.denied"]
    assert damaged.value.code.startswith("vault.")
    assert denied.value.hint("ja")
    assert damaged.value.hint("ja")


def test_case_9_the_sender_stops(world: World) -> None:
    """Stopping: the sender withdraws before the first opening; the receiver is told, the payload is erased."""
    name = send(world)
    world.receiver.poll()
    world.sender.withdraw(name, WithdrawReason.AGREEMENT_ENDED, world.acting(CLERK))
    world.receiver.poll()
    report = world.housekeeping().run_once()

    assert [notice.status for notice in world.receiver.notices()] == [Status.WITHDRAWN, Status.SENT]
    assert report.erased == 1
    assert "payload.erased" in kinds(world, name)


def test_case_9_the_receiver_stops(world: World) -> None:
    """Stopping: the receiver refuses, even after opening; the sender is told, the payload is erased."""
    name = send(world)
    world.receiver.open(name, RESULT, world.acting(NAMED))
    world.receiver.refuse(name, RefuseReason.AGREEMENT_ENDED, world.acting(NAMED))
    world.sender.poll()
    report = world.housekeeping().run_once()

    assert world.sender.notices()[0].status is Status.REFUSED
    assert report.erased == 1
