"""Interruptions: whatever step dies, nothing acknowledged is lost, nothing is invented, and the next start finishes it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from akashi.durable import DiskFull
from akashi.exchange.errors import AlreadySent, ContentChanged, TransferDenied, Unacknowledged
from akashi.exchange.housekeeping import ORPHAN_AGE_MS, SCRUB_PATIENCE_MS, Housekeeping, Report
from akashi.exchange.model import DAY_MS, Document, ReadPurpose, Status, WithdrawReason
from akashi.exchange.store import Store
from akashi.ledger.author import Author
from akashi.vault.errors import PayloadErased
from akashi.vault.model import ScrubReport
from tests.exchange.world import CLERK, CONTENT, NAMED, OFFICE, RECEIVER, SENDER, World, request

RESULT = ReadPurpose.CHECKUP_RESULT


class Killed(BaseException):
    """The process is gone: no handler of ours may run on its behalf."""


def die(*_: object) -> None:
    """Where a process stops."""
    raise Killed


def send(world: World, **changes: object) -> str:
    """Send one file; the transfer's handle."""
    return world.sender.send(request(**changes), world.acting(CLERK)).transfer  # type: ignore[arg-type]  # passed on


def stop_at(world: World, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    """Let the sender's process die at ``point``; what it would have written afterwards is not written."""
    gateway = world.gateways[SENDER]
    store, outbox = gateway.exchange._store, gateway.exchange._outbox
    monkeypatch.setattr(store, "end_sending", lambda *_: None)  # a dead process cleans nothing up
    if point == "before stage":
        monkeypatch.setattr(gateway.store, "stage", die)
    elif point == "after stage":
        monkeypatch.setattr(store, "pin", die)
    elif point == "before queue":
        monkeypatch.setattr(store, "enqueue", die)
    elif point == "after queue":
        monkeypatch.setattr(outbox, "_push", die)
    elif point == "after submit":
        monkeypatch.setattr(store, "settle", die)


@pytest.mark.parametrize(
    ("point", "sent", "staged"),
    [
        ("before stage", 0, 0),
        ("after stage", 0, 1),
        ("before queue", 0, 1),
        ("after queue", 1, 1),
        ("after submit", 1, 1),
    ],
)
def test_a_sending_that_dies_is_sent_once_or_not_at_all(
    world: World, monkeypatch: pytest.MonkeyPatch, point: str, sent: int, staged: int
) -> None:
    """The fault matrix of send: after the restart it is sent exactly once, or not and nothing pends; orphans go."""
    with monkeypatch.context() as patched:
        stop_at(world, patched, point)
        with pytest.raises(Killed):
            send(world)
    sender = world.restart(SENDER)
    world.clock.advance(ORPHAN_AGE_MS + 1)
    report = world.housekeeping().run_once()

    assert len(sender.outbox()) == sent
    assert sender.pending() == []
    assert report.orphans == staged - sent
    assert len(world.receiver.inbox()) == sent


def test_a_dead_sending_does_not_count_as_a_duplicate(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What never left may simply be sent again."""
    with monkeypatch.context() as patched:
        stop_at(world, patched, "after stage")
        with pytest.raises(Killed):
            send(world)
    world.restart(SENDER)

    assert send(world)


def test_a_pending_sending_counts_as_a_duplicate(world: World) -> None:
    """未確定 is not lost: sending the same again meanwhile is noticed."""
    world.gateways[SENDER].outage.before["submit"] = 4
    with pytest.raises(Unacknowledged):
        send(world)
    preview = world.sender.preview(request())

    assert preview.earlier == world.sender.pending()[0].transfer


def test_two_clerks_who_send_the_same_at_once_send_it_once(world: World) -> None:
    """Both looked before either had sent; only one goes out, the other is told which."""
    store = world.gateways[SENDER].store
    original, seen = store.stage, []

    def stage(*values: object) -> bytes:
        with pytest.raises(AlreadySent) as refused:
            send(world)
        seen.append(refused.value.transfer)
        return original(*values)  # type: ignore[arg-type]  # passed on

    store.stage = stage  # type: ignore[method-assign,assignment]  # the second clerk acts while the first one's upload runs
    name = send(world)

    assert seen == [name]
    assert len(world.receiver.inbox()) == 1


def test_content_that_changes_while_it_is_read_is_not_announced(world: World) -> None:
    """The file on which findings were shown is the file that is sent, or nothing is."""
    reads: list[bytes] = []

    def read() -> list[bytes]:
        reads.append(b"")
        return [CONTENT + bytes([65 + len(reads)])]

    with pytest.raises(ContentChanged):
        world.sender.send(request(documents=(Document("a.csv", read),)), world.acting(CLERK))

    assert world.sender.pending() == []
    assert world.sender.outbox() == []


def test_an_opening_without_an_answer_hands_out_nothing_and_is_not_said_later(world: World) -> None:
    """The line was down: no content, and after the restart no entry that claims an opening."""
    name = send(world)
    world.gateways[RECEIVER].outage.before["submit"] = 4
    with pytest.raises(Unacknowledged):
        world.receiver.open(name, RESULT, world.acting(NAMED))
    receiver = world.restart(RECEIVER)

    assert receiver.pending() == []
    assert receiver.show(name).transfer.status is Status.SENT


def test_a_confirmation_without_an_answer_is_delivered_later(world: World) -> None:
    """A confirmation is kept and said as soon as the ledger is back."""
    name = send(world)
    world.receiver.open(name, RESULT, world.acting(NAMED))
    world.gateways[RECEIVER].outage.before["submit"] = 4
    with pytest.raises(Unacknowledged):
        world.receiver.confirm(name, world.acting(NAMED))
    waiting = world.receiver.show(name).pending
    world.receiver.resume()

    assert [item.kind for item in waiting] == ["transfer.confirmed"]
    assert world.receiver.show(name).transfer.status is Status.CONFIRMED


def test_resuming_stops_at_the_first_silence(world: World) -> None:
    """While the ledger is away nothing is dropped and nothing is called done."""
    world.gateways[SENDER].outage.before["submit"] = 4
    with pytest.raises(Unacknowledged):
        send(world)
    world.gateways[SENDER].outage.before["entry"] = 1
    resumed = world.sender.resume()

    assert (resumed.acknowledged, resumed.pending) == (0, 1)


def test_two_who_decide_at_the_same_time_get_one_outcome(world: World) -> None:
    """The receiver opens in the moment in which the sender withdraws: the ledger's order decides, one is told no."""
    name = send(world)
    original = world.receiver._outbox.deliver

    def withdraw_first(body: object, transfer: str, acting: object) -> object:
        world.sender.withdraw(name, WithdrawReason.WRONG_RECEIVER, world.acting(CLERK))
        return original(body, transfer, acting)  # type: ignore[arg-type]  # passed on

    world.receiver._outbox.deliver = withdraw_first  # type: ignore[method-assign,assignment]  # the race, made to happen
    with pytest.raises(TransferDenied, match="withdrawn"):
        world.receiver.open(name, RESULT, world.acting(NAMED))

    assert world.sender.show(name).transfer.status is Status.WITHDRAWN
    assert world.receiver.pending() == []


def test_an_opening_that_meets_the_erasure_gives_an_error_and_no_content(world: World) -> None:
    """The transfer expires and is erased between the recorded opening and the fetch: nothing half is shown."""
    name = send(world)
    store = world.gateways[RECEIVER].store
    original = store.wrap

    def late(payload_id: bytes, key_id: bytes) -> bytes:
        world.clock.advance(request().life_ms)
        world.housekeeping().run_once()
        return original(payload_id, key_id)

    store.wrap = late  # type: ignore[method-assign]  # the race, made to happen
    with pytest.raises(PayloadErased):
        world.receiver.open(name, RESULT, world.acting(NAMED))

    assert world.receiver.show(name).transfer.status is Status.EXPIRED


def test_a_clock_that_steps_back_loses_nothing(world: World) -> None:
    """The ledger waits for its clock; the sending stays 未確定 and goes out when the clock is right again."""
    send(world)
    world.clock.advance(-3_600_000)
    with pytest.raises(Unacknowledged):
        send(world, again=True)
    world.clock.advance(3_600_000)
    world.sender.resume()

    assert len(world.receiver.inbox()) == 2


class Interrupted:
    """A vault whose process dies right before or after one call."""

    def __init__(self, world: World, call: str, *, after: bool) -> None:
        self._world = world
        self._call = call
        self._after = after

    def __getattr__(self, name: str) -> Callable[..., object]:
        real: Callable[..., object] = getattr(self._world.vault, name)

        def call(*values: object) -> object:
            if name == self._call and not self._after:
                raise Killed
            result = real(*values)
            if name == self._call:
                raise Killed
            return result

        return call


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("call", ["erase", "scrub", "outcome"])
def test_an_interrupted_erasure_is_finished_by_the_next_run(world: World, call: str, *, after: bool) -> None:
    """Order without outcome: the next run destroys (again) and puts one receipt on the ledger."""
    name = send(world)
    world.sender.withdraw(name, WithdrawReason.WRONG_CONTENT, world.acting(CLERK))
    worker = world.housekeeping()
    worker._vault = Interrupted(world, call, after=after)  # type: ignore[assignment]  # dies where the test says
    with pytest.raises(Killed):
        worker.run_once()
    reports = [world.housekeeping().run_once() for _ in range(2)]
    trail = [step.kind for step in world.sender.show(name).trail]

    assert reports == [Report(erased=1), Report()]
    assert trail[2:] == ["payload.erasure_ordered", "payload.erased", "transfer.erased"]


def test_an_erasure_receipt_waits_for_the_scrub_but_not_for_ever(world: World) -> None:
    """While a reader holds the bytes the receipt waits; after a day it says what is true, level 1."""
    name = send(world)
    world.sender.withdraw(name, WithdrawReason.WRONG_CONTENT, world.acting(CLERK))
    world.vault.scrub = lambda: ScrubReport((), 1)  # type: ignore[method-assign]  # a reader that does not go away
    first = world.housekeeping().run_once()
    world.clock.advance(SCRUB_PATIENCE_MS)
    second = world.housekeeping().run_once()

    assert (first.erased, first.waiting) == (0, 1)
    assert (second.erased, second.waiting) == (1, 0)
    with pytest.raises(PayloadErased):
        world.vault.wrap(world.sender.show(name).transfer.payload, bytes(32))


def test_housekeeping_leaves_what_is_not_due(world: World) -> None:
    """Open transfers, confirmed ones within their retention and fresh staged payloads stay."""
    send(world)
    confirmed = send(world, again=True)
    world.receiver.open(confirmed, RESULT, world.acting(NAMED))
    world.receiver.confirm(confirmed, world.acting(NAMED))
    world.clock.advance(DAY_MS)

    assert world.housekeeping().run_once() == Report()


def fill(store: Store) -> None:
    """Write until there is no room."""
    for number in range(2000):
        store.begin_sending(f"tr-fill{number}", RECEIVER, (bytes(32), None), 0)


def test_what_an_outbox_may_still_announce_is_not_an_orphan(world: World) -> None:
    """A sender is offline for a week; a server set to tidy up daily keeps the bytes, and the transfer has its content."""
    world.gateways[SENDER].outage.before["submit"] = 4
    with pytest.raises(Unacknowledged):
        send(world)
    world.clock.advance(7 * DAY_MS - 1000)
    author = Author(world.engine, world.keys.signer("server"), OFFICE, world.clock)
    report = Housekeeping(author, world.vault, world.clock, orphan_age_ms=DAY_MS).run_once()
    world.sender.resume()
    name = world.receiver.inbox()[0].handle

    assert report.orphans == 0
    assert world.receiver.open(name, RESULT, world.acting(NAMED)).documents[0][1] == CONTENT


def test_a_full_disk_stops_a_sending_before_anything_leaves(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The intent cannot be written: nothing is sealed or staged, and the error says what to do."""
    store = world.sender._store
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull):
        fill(store)
    monkeypatch.setattr(world.gateways[SENDER].store, "stage", die)
    with pytest.raises(DiskFull):
        send(world)

    assert world.sender.outbox() == []


def test_the_outbox_survives_in_the_file(world: World) -> None:
    """A queued operation is in the database before it is submitted, under the id that the ledger will use."""
    world.gateways[SENDER].outage.before["submit"] = 4
    with pytest.raises(Unacknowledged):
        send(world)
    sender = world.restart(SENDER)

    assert len(sender.outbox()) == 1
    assert sender.show(sender.outbox()[0].handle).trail[0].operation == sender.outbox()[0].operation
