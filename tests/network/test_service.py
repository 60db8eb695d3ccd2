"""The engine of one server of several, beside a node, peers and a disk that fail: nobody is told too much, and it goes on afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from akashi.clock import FixedClock
from akashi.errors import AkashiError
from akashi.ledger.engine.chain import Head
from akashi.ledger.engine.reading import LedgerReader
from akashi.ledger.engine.replica import ReplicaChain
from akashi.ledger.errors import EncodingError, LedgerBusy, ProofError, Refused
from akashi.ledger.port import Acknowledged
from akashi.ledger.registry import LogIdentity
from akashi.ledger.service import Engine
from akashi.ledger.store import Pool
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.network import service
from akashi.network.application import Committed
from akashi.network.errors import CommitUnproven, NotFinal
from akashi.network.queueing import Latch
from akashi.network.service import Beside, NetworkEngine
from akashi.network.store import NetworkStore, NetworkStoreFailed, Pending
from akashi.network.transactions import pack, unpack
from tests.ledger.world import START_MS, Noted, World

WAIT_S = 120.0


class FailingStore(NetworkStore):
    """A disk that fails as often as it is told to."""

    failures = 0

    def settle(self, op_ids: object) -> None:
        """As the real one, after the failures."""
        if self.failures:
            self.failures -= 1
            raise NetworkStoreFailed(name="network.db")
        super().settle(op_ids)  # type: ignore[arg-type]  # handed through


class Around:
    """Node, notes and alarm of one engine. Everything that was proven and cosigned, in order."""

    def __init__(self) -> None:
        self.proven, self.published = list[int](), list[Head]()
        self.alarms = list[AkashiError]()
        self.sent = threading.Event()
        self.hold, self.came = threading.Event(), threading.Event()
        self.hold.set()
        self.covered = 0
        self.wrong: AkashiError | None = None
        self.told: Callable[[tuple[bytes, ...]], None] = lambda _txs: None

    def broadcast(self, tx: bytes) -> None:
        """What a node does: order it."""
        self.sent.set()
        self.told((tx,))

    def prove(self, committed: Committed) -> None:
        """Proves all but what is wrong; waits where it is held."""
        self.came.set()
        self.hold.wait(WAIT_S)
        self.proven.append(committed.height)
        if self.wrong is not None:
            raise self.wrong

    def publish(self, head: Head) -> None:
        """Cosigned."""
        self.published.append(head)

    def newest(self, at_most: int | None = None) -> tuple[bytes, int] | None:
        """A note of as many leaves as a quorum covers."""
        size = self.covered if at_most is None else min(at_most, self.covered)
        return (b"note", size) if size else None


class Lab:
    """One engine over a real, small ledger file."""

    def __init__(self, folder: Path, ledger: Engine, world: World) -> None:
        self.world, self.around, self.clock = world, Around(), FixedClock(START_MS)
        self.store = FailingStore(folder / "network.db")
        beside = Beside(self.around, self.store, self.around, self.around.alarms.append)
        identity, chain = cast("LogIdentity", None), cast("ReplicaChain", None)
        self.engine = NetworkEngine(ledger.path, Pool(ledger.path, None), identity, chain, beside, self.clock)

    def envelope(self) -> bytes:
        """Another operation."""
        return self.world.say(Noted(slot=1, count=1, digest=bytes(32)), self.world.gateway)

    def block(self, height: int, *transactions: bytes) -> Committed:
        """What the application tells of a block."""
        found = [operation.id for tx in transactions for operation in unpack(tx)]
        outcomes = {id_: Acknowledged(id_, 2, 3, START_MS) for id_ in found}
        return Committed(height, transactions, dict(outcomes), cast("Head", f"head of {height}"))


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """Started, stopped at the end."""
    monkeypatch.setattr(service, "_IDLE_S", 0.01)
    world = World()
    ledger = world.create(tmp_path / "ledger")
    made = Lab(tmp_path, ledger, world)
    made.engine.start()
    yield made
    made.engine.close()
    made.store.close()
    ledger.close()


def _covered_once_sent(lab: Lab, size: int) -> None:
    """A quorum covers so many leaves as soon as something was sent."""
    lab.around.sent.wait(WAIT_S)
    lab.around.covered = size
    lab.engine.quorum_grew()


def _until(holds: Callable[[], bool]) -> bool:
    """Whether it comes true in time."""
    waiting = threading.Event()
    return any(holds() or waiting.wait(0.01) for _ in range(int(WAIT_S / 0.01)))


def test_a_disk_that_fails_once_does_not_end_the_finishing(lab: Lab) -> None:
    """The row of a final operation cannot be deleted at first: the caller is told once it could, and the thread goes on."""
    lab.around.covered = 3
    lab.store.failures = 2
    lab.around.told = lambda txs: lab.engine.committed(lab.block(7, *txs))

    done = lab.engine.submit(lab.envelope())

    assert done.index == 2
    assert lab.engine.unfinished() == 0
    assert [one.code for one in lab.around.alarms] == ["network.store"] * 2


def test_others_blocks_are_cosigned_though_an_empty_one_follows(lab: Lab) -> None:
    """While one block is being proven another server's comes and the empty block behind it: its head is proven and cosigned."""
    other = pack([lab.envelope()])
    lab.around.hold.clear()
    lab.engine.committed(lab.block(1, pack([lab.envelope()])))
    assert lab.around.came.wait(WAIT_S)
    lab.engine.committed(lab.block(2, other))
    lab.engine.committed(lab.block(3))

    lab.around.hold.set()

    assert _until(lambda: lab.around.proven == [1, 2])
    assert _until(lambda: [str(head) for head in lab.around.published] == ["head of 1", "head of 2"])


def test_all_of_one_call_wait_together(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing becomes final: a call with fifty operations gives up when one would."""
    monkeypatch.setattr(service, "ACK_TIMEOUT_S", 0.1)
    waited = list[float]()
    real = Latch.wait

    def _counted(self: Latch, timeout_s: float) -> bool:
        waited.append(timeout_s)
        return real(self, timeout_s)

    monkeypatch.setattr(Latch, "wait", _counted)

    outcomes = lab.engine.submit_many([lab.envelope() for _ in range(50)])

    assert {type(one) for one in outcomes} == {NotFinal}
    assert len(waited) == 50
    assert sum(waited) < 50 * 0.1 / 2


def test_each_of_one_call_has_its_own_outcome(lab: Lab) -> None:
    """One that is final already, one that is misshapen, one that is new: the first place again, a refusal, and the new place, in this order."""
    lab.around.covered = 2
    lab.around.told = lambda txs: lab.engine.committed(lab.block(7, *txs))
    there = lab.engine.registry()[1]
    first = parse_leaf(there.leaf).envelope
    sent = lab.envelope()
    threading.Thread(target=_covered_once_sent, args=(lab, 3)).start()

    known, misshapen, new = lab.engine.submit_many([first, sent + b"\x00", sent])

    assert isinstance(known, Acknowledged)
    assert (known.operation_id, known.index) == (there.operation_id, 1)
    assert isinstance(misshapen, EncodingError)
    assert isinstance(new, Acknowledged)
    assert new.operation_id == parse_operation(sent).id


def test_a_leaf_without_a_quorum_is_not_acknowledged_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation that is a leaf here and that no quorum covers is handed in like a new one; nobody is told that it is done."""
    monkeypatch.setattr(service, "ACK_TIMEOUT_S", 0.05)
    lab.around.covered = 1

    (outcome,) = lab.engine.submit_many([parse_leaf(lab.engine.registry()[1].leaf).envelope])

    assert isinstance(outcome, NotFinal)


def test_below_a_quorum_what_is_kept_is_bounded(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing becomes final and callers give up: at the bound the next is refused and not kept; one of those that are may still be asked for again."""
    monkeypatch.setattr(service, "ACK_TIMEOUT_S", 0.01)
    monkeypatch.setattr(service, "MAX_WAITING", 3)
    kept = [lab.envelope() for _ in range(3)]
    lab.engine.submit_many(kept)

    with pytest.raises(LedgerBusy):
        lab.engine.submit(lab.envelope())

    assert lab.engine.unfinished() == 3
    with pytest.raises(NotFinal):
        lab.engine.submit(kept[0])


def test_an_unproven_block_is_neither_told_nor_cosigned(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The node shows a block that the servers did not sign: nobody is told, nothing is signed, and the operation is kept."""
    monkeypatch.setattr(service, "ACK_TIMEOUT_S", 0.1)
    lab.around.covered, lab.around.wrong = 3, CommitUnproven("power")
    lab.around.told = lambda txs: lab.engine.committed(lab.block(7, *txs))

    with pytest.raises(NotFinal):
        lab.engine.submit(lab.envelope())

    assert lab.around.published == []
    assert lab.engine.unfinished() == 1
    assert lab.engine.unproven is lab.around.wrong


def test_a_damaged_kept_operation_does_not_hold_up_the_others(lab: Lab) -> None:
    """A row of network.db that is no operation any more is dropped; the one behind it is sent."""
    envelope = lab.envelope()
    name = parse_operation(envelope).id
    lab.store.queue([Pending(b"damaged", b"\xff", START_MS), Pending(name, envelope, START_MS)])

    lab.clock.set(START_MS + 2 * service.RESEND_MS)

    assert lab.around.sent.wait(WAIT_S)
    assert lab.engine.unfinished() == 1


def test_a_clock_that_was_set_back_stops_no_sending(lab: Lab) -> None:
    """What was kept an hour in the future, as the clock now says, is sent at once."""
    envelope = lab.envelope()

    lab.store.queue([Pending(parse_operation(envelope).id, envelope, START_MS + 3_600_000)])
    lab.clock.set(START_MS - 1)

    assert lab.around.sent.wait(WAIT_S)


def test_no_receipt_before_a_quorum_covers_the_leaf(lab: Lab) -> None:
    """A leaf that is here and not yet cosigned has no receipt: not final, which is not damage."""
    leaf = next(iter(lab.engine.leaves(1, 2)))
    registered = lab.engine.registry()[1]
    lab.around.covered = 1

    with pytest.raises(NotFinal):
        lab.engine.receipt(registered.operation_id)

    assert registered.leaf == leaf


def test_a_copy_with_a_worthless_signature_decides_nothing(lab: Lab) -> None:
    """Attack: whoever proposes orders our operation under another signature, which all servers refuse. We go on waiting, and are told what becomes of our own."""
    lab.around.covered = 3
    envelope = lab.envelope()
    forged = pack([envelope[:-1] + bytes([envelope[-1] ^ 1])])
    name = parse_operation(envelope).id

    def ordered(txs: tuple[bytes, ...]) -> None:
        refused = replace(lab.block(7, forged), outcomes={name: ProofError("signature")})
        lab.engine.committed(refused)
        lab.engine.committed(lab.block(8, *txs))

    lab.around.told = ordered

    done = lab.engine.submit(envelope)

    assert (parse_operation(unpack(forged)[0].envelope).id, done.index) == (name, 2)
    assert lab.engine.unfinished() == 0


def test_our_own_that_is_refused_is_told(lab: Lab) -> None:
    """Must fail: to wait for an operation that was refused as it was handed in."""
    lab.around.covered = 3
    envelope = lab.envelope()
    name = parse_operation(envelope).id
    lab.around.told = lambda txs: lab.engine.committed(
        replace(lab.block(7, *txs), outcomes={name: Refused("signer.unknown")})
    )

    with pytest.raises(Refused):
        lab.engine.submit(envelope)

    assert lab.engine.unfinished() == 0


def test_the_height_does_not_step_back_at_the_first_quorum(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest block here counts before there is a quorum, and the first quorum may not cover it yet."""
    quorums = iter([56, 58])
    monkeypatch.setattr(LedgerReader, "height", property(lambda _: 57))
    monkeypatch.setattr(NetworkEngine, "_height_of", lambda _engine, _size: next(quorums))

    before = lab.engine.height
    lab.around.covered = 1

    assert [before, lab.engine.height, lab.engine.height] == [57, 57, 58]
