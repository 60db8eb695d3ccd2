"""The ledger of a server that is one of several: the same port as the embedded engine's, with consensus behind it.

Guarantees: implements :class:`akashi.ledger.port.Ledger`; what is acknowledged is in a block that more than two thirds of the servers signed (verified here against what the
ledger says of them, not against what the node claims), accepted, durable here, and under a checkpoint that a quorum cosigned. What is handed in is kept first,
so it becomes final also after a kill, a partition, or while its caller has long gone; handing it in again gives the first acknowledgement. Refuses to say
"done" before (``NotFinal``). Reading and verifying go on while nothing becomes final. Trusts: the node beside it for liveness only.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Protocol

from akashi.clock import Clock
from akashi.errors import AkashiError, NotFound, Unavailable
from akashi.ledger.engine.chain import HANDED_OVER, Head
from akashi.ledger.engine.group import Outcome
from akashi.ledger.engine.reading import LedgerReader
from akashi.ledger.engine.replica import ReplicaChain
from akashi.ledger.errors import EncodingError, LedgerBusy, LedgerStopped, Refused
from akashi.ledger.model import Operation
from akashi.ledger.port import Acknowledged
from akashi.ledger.registry import LogIdentity
from akashi.ledger.store import Pool, Tables
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_header, parse_leaf
from akashi.network.application import Committed
from akashi.network.errors import NotFinal, TransactionMalformed
from akashi.network.queueing import MAX_WAITING, Queue, Wait
from akashi.network.store import NetworkStore, Pending
from akashi.network.transactions import MAX_OPERATIONS, pack, unpack

ACK_TIMEOUT_S = 10.0
RESEND_MS = 3_000
_IDLE_S = 0.5


class Notes(Protocol):
    """Checkpoints with a quorum of cosignatures (``network.peers``)."""

    def publish(self, head: Head) -> None:
        """Cosign this head and tell the others."""
        ...

    def newest(self, at_most: int | None = None) -> tuple[bytes, int] | None:
        """The newest quorum note (of at most so many leaves) and its size."""
        ...


class Broadcast(Protocol):
    """The node beside us."""

    def broadcast(self, tx: bytes) -> None:
        """Hand a transaction to consensus. Raises ``Unavailable``."""
        ...

    def prove(self, committed: Committed) -> None:
        """The block's commit, verified. Raises ``CommitUnproven`` or ``Unavailable``."""
        ...


class Beside(NamedTuple):
    """What an engine works with; ``alarm`` is told of every problem and must not fail."""

    notes: Notes
    kept: NetworkStore
    node: Broadcast
    alarm: Callable[[AkashiError], None]


class NetworkEngine(LedgerReader):
    """One server's ledger. Thread-safe. :meth:`start` before the node starts, :meth:`close` after it stopped."""

    def __init__(
        self,
        path: Path,
        pool: Pool,
        identity: LogIdentity,
        chain: ReplicaChain,
        beside: Beside,
        clock: Clock,
    ) -> None:
        super().__init__(path, pool, identity)
        self._chain, self._clock = chain, clock
        self._notes, self._kept, self._node, self._alarm = beside
        self._queue = Queue()
        self._committed: deque[Committed] = deque()
        self._arrived = threading.Event()
        self._final: deque[tuple[int, bytes, Outcome]] = deque()  # (size that a quorum must cover, id, outcome)
        self._gate = threading.Lock()
        self._mine: set[bytes] = (
            set()
        )  # what was handed in here; set operations on it are atomic under the interpreter's lock
        self._unproven: AkashiError | None = None
        self._shown = 0
        self._final_height = (0, 0)  # size and height of the newest block that was asked for
        self._threads = [
            threading.Thread(target=self._send_all, name="network-send", daemon=True),
            threading.Thread(target=self._finish_all, name="network-final", daemon=True),
        ]

    def start(self) -> None:
        """Begin to send and to finish; what a former process kept is sent again."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop; waiting callers get ``NotFinal``, and what they handed in is kept."""
        self._closed = True
        self._queue.close()
        self._arrived.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(5)
        self._pool.close()

    # -- writing ----------------------------------------------------------------------------------------------------

    def submit(self, envelope: bytes) -> Acknowledged:
        """Append one operation; final when this returns. Raises what the port says, and :class:`NotFinal`."""
        (outcome,) = self.submit_many([envelope])
        if isinstance(outcome, AkashiError):
            raise outcome
        return outcome

    def submit_many(self, envelopes: Sequence[bytes]) -> list[Outcome]:
        """Append many in order; each has its own outcome. Not all-or-nothing."""
        if self._closed:
            raise LedgerStopped("closed")
        ends = time.monotonic() + ACK_TIMEOUT_S  # for all of them together
        outcomes: list[Outcome | None] = [None] * len(envelopes)
        wanted: list[tuple[int, Operation, bytes]] = []
        for at, found in enumerate(self._early(envelopes)):
            if isinstance(found, Operation):
                wanted.append((at, found, envelopes[at]))
            else:
                outcomes[at] = found
        if wanted:
            waits = self._hand_in(wanted)
            # The last first: it is done last, so this thread is woken once and not for each of them.
            for (at, operation, _), wait in zip(reversed(wanted), reversed(waits), strict=True):
                outcomes[at] = self._await(operation.id, wait, ends)
        return [outcome or NotFinal() for outcome in outcomes]

    def _early(self, envelopes: Sequence[bytes]) -> list[Operation | Outcome]:
        """What can be said at once of each: that it is misshapen, or the first acknowledgement of what is final."""
        found = [_parsed(envelope) for envelope in envelopes]
        there = self._there([one.id for one in found if isinstance(one, Operation)])
        return [self._known(one.id) or one if isinstance(one, Operation) and one.id in there else one for one in found]

    def _there(self, ids: Sequence[bytes]) -> set[bytes]:
        """Which of these are leaves of this server's tree, final or not."""
        with self._reading() as tables:
            asked = (ids[at : at + MAX_OPERATIONS] for at in range(0, len(ids), MAX_OPERATIONS))
            return set[bytes]().union(*map(tables.known, asked))

    def _known(self, id_: bytes) -> Acknowledged | None:
        entry, newest = self.entry(id_), self._notes.newest()
        if entry is None or newest is None or entry.index >= newest[1]:
            return None
        leaf = parse_leaf(entry.leaf)
        return Acknowledged(id_, entry.index, leaf.height, leaf.block_ms)

    def _hand_in(self, wanted: list[tuple[int, Operation, bytes]]) -> list[Wait]:
        now = self._clock.now_ms()
        ids = {operation.id for _, operation, _ in wanted}
        if (
            len(self._mine) + len(ids - self._mine) > MAX_WAITING
        ):  # before anything is kept: below a quorum the disk shall not fill
            raise LedgerBusy
        self._kept.queue(Pending(operation.id, envelope, now) for _, operation, envelope in wanted)
        self._mine.update(ids)
        return self._queue.add((operation, envelope) for _, operation, envelope in wanted)

    def _await(self, id_: bytes, wait: Wait, ends: float) -> Outcome:
        wait.done.wait(max(0.0, ends - time.monotonic()))
        if wait.outcome is None:
            self._queue.forget(id_, wait)
            return NotFinal()
        return wait.outcome

    def rekey(self, _new: object, _envelope: bytes) -> Acknowledged:
        """Servers change their own keys with ``server.changed``; the log's alone has ended. Raises ``Refused``."""
        raise Refused("log.handed_over")

    # -- on the way -------------------------------------------------------------------------------------------------

    def committed(self, block: Committed) -> None:
        """Told by the application after each commit; returns at once, for consensus waits."""
        with self._gate:
            self._committed.append(block)
        self._arrived.set()

    def quorum_grew(self) -> None:
        """Told by the notes when a newer checkpoint has its quorum."""
        self._arrived.set()

    def _send_all(self) -> None:
        resent_ms = -RESEND_MS
        while not self._closed:
            taken = self._queue.take(_IDLE_S)
            if taken:
                self._send(taken)
            now = self._clock.now_ms()
            if not 0 <= now - resent_ms < RESEND_MS:  # also where the clock was set back
                resent_ms = now
                try:
                    self._resend()
                except AkashiError as error:  # the disk, or a damaged row of the ledger: this thread must outlive it
                    self._alarm(error)

    def _send(self, taken: list[tuple[bytes, bytes]]) -> None:
        tx = pack([envelope for _, envelope in taken])
        name = sha256(tx).digest()
        self._queue.sent(name, (id_ for id_, _ in taken))
        try:
            self._node.broadcast(tx)
        except AkashiError as error:  # it is kept, and sent again
            self._queue.arrived([name])
            self._alarm(error)

    def _resend(self) -> None:
        """What was handed in a while ago and is not final: known by now, expired, or to be sent once more."""
        self._queue.age()
        now = self._clock.now_ms()
        again, known, over = list[tuple[bytes, bytes]](), list[tuple[bytes, Outcome]](), list[bytes]()
        for id_, envelope, queued_ms in self._kept.pending():
            if 0 <= now - queued_ms < RESEND_MS:
                continue
            acknowledged = self._known(id_)
            if acknowledged is not None:
                known.append((id_, acknowledged))
            elif _is_over(envelope, now):
                over.append(id_)
            else:
                again.append((id_, envelope))
        if known or over:
            self._kept.settle([*(id_ for id_, _ in known), *over])
            self._queue.finish(known)
            self._mine.difference_update([*(id_ for id_, _ in known), *over])
        self._mine.update(id_ for id_, _ in again)
        self._queue.again(again)

    def _finish_all(self) -> None:
        while not self._closed:
            self._arrived.wait(_IDLE_S)
            self._arrived.clear()
            try:
                self._finish_some()
                self._release()
            except AkashiError as error:  # the disk: nothing is forgotten by it, the next turn tries again
                self._alarm(error)

    def _finish_some(self) -> None:
        """Take what was committed: ours, and the newest that changed something (empty blocks follow it), which proves those before it."""
        with self._gate:
            blocks, self._committed = self._committed, deque()
        last = max((at for at, block in enumerate(blocks) if block.transactions), default=-1)
        for at, block in enumerate(blocks):
            self._queue.arrived(sha256(tx).digest() for tx in block.transactions)
            if at != last and self._mine.isdisjoint(block.outcomes):
                continue
            if not self._finish(block):
                with self._gate:
                    self._committed.extendleft(reversed([*blocks][at:]))
                return

    def _finish(self, block: Committed) -> bool:
        """Prove that a block is final, cosign what it made, and note who can be told once a quorum has. False: ask again later."""
        try:
            self._node.prove(block)
            self._notes.publish(block.head)
            others = self._not_ours(block)
        except Unavailable as error:  # the node or the disk does not answer: nothing is proven, and nothing disproven
            self._alarm(error)
            return False
        except AkashiError as error:
            self._alarm(error)
            self._unproven = error
            return True  # nobody is told; the operations stay kept
        for id_ in self._mine.intersection(block.outcomes) - others:
            outcome = block.outcomes[id_]
            if isinstance(outcome, Refused) and outcome.reason == HANDED_OVER:
                continue  # it is kept, and sent again on the chain that follows
            covered = outcome.index + 1 if isinstance(outcome, Acknowledged) else 0
            self._final.append((covered, id_, outcome))
        return True

    def _not_ours(self, block: Committed) -> set[bytes]:
        """What was refused here and is not what was handed in: an id says nothing of the signatures, and whoever proposes could put worthless ones on it."""
        ours = self._mine.intersection(block.outcomes)
        kept = {id_: self._kept.envelope(id_) for id_ in ours if not isinstance(block.outcomes[id_], Acknowledged)}
        if not kept:
            return set()
        ordered = {one.envelope for tx in block.transactions for one in _operations(tx) if one.id in kept}
        return {id_ for id_, envelope in kept.items() if envelope is not None and envelope not in ordered}

    def _release(self) -> None:
        """Tell everybody whose operation a quorum's checkpoint covers, and those who were refused."""
        newest = self._notes.newest()
        size = 0 if newest is None else newest[1]
        done = [(id_, outcome) for covered, id_, outcome in self._final if covered <= size]
        if done:
            ids = [id_ for id_, _ in done]
            self._kept.settle(ids)  # first: where the disk fails, nobody is told and the next turn does it
            self._final = deque(row for row in self._final if row[0] > size)
            self._mine.difference_update(ids)
            self._queue.finish(done)

    # -- reading ----------------------------------------------------------------------------------------------------

    def _head(self) -> Head:
        if self._chain.head is None:
            raise LedgerStopped("closed")
        return self._chain.head

    def _published(self, tables: Tables, _index: int) -> tuple[bytes, int]:
        newest = self._notes.newest(at_most=tables.size())
        if newest is None or _index >= newest[1]:
            raise NotFinal
        return newest

    def checkpoint(self) -> bytes:
        """The newest checkpoint that a quorum cosigned."""
        newest = self._notes.newest()
        if newest is None:
            raise NotFound
        return newest[0]

    @property
    def height(self) -> int:
        """Height of the newest block that a quorum cosigned: what evidence is made against. Never less than before: lists of revoked certificates are numbered by it."""
        newest = self._notes.newest()
        # Before the first quorum it is this server's own newest block, which the first quorum may not cover yet.
        self._shown = max(self._shown, super().height if newest is None else self._height_of(newest[1]))
        return self._shown

    def note(self, height: int) -> bytes:
        """The quorum's checkpoint of a block; this server's own where no quorum's is kept for it. Raises ``NotFound``."""
        size = parse_header(self.header(height)).size
        kept = self._notes.newest(at_most=size)
        return kept[0] if kept is not None and kept[1] == size else super().note(height)

    def _height_of(self, size: int) -> int:
        """The height of the block whose tree has ``size`` leaves: every block adds some, so sizes rise with the height."""
        known, height = self._final_height
        if known != size:
            low, high = 1, super().height
            while low < high:
                middle = (low + high) // 2
                low, high = (middle + 1, high) if parse_header(self.header(middle)).size < size else (low, middle)
            height = low
            self._final_height = (size, height)
        return height

    @property
    def unproven(self) -> AkashiError | None:
        """Why this server does not believe its own node, if so: it must stop voting and be repaired."""
        return self._unproven

    def unfinished(self) -> int:
        """How many operations were handed in here and are not final (未確定)."""
        return self._kept.pending_count()


def _parsed(envelope: bytes) -> Operation | EncodingError:
    try:
        return parse_operation(envelope)
    except EncodingError as error:
        return error


def _operations(tx: bytes) -> Sequence[Operation]:
    try:
        return unpack(tx)
    except TransactionMalformed:
        return ()


def _is_over(envelope: bytes, now_ms: int) -> bool:
    """Whether an operation that was kept can never be accepted any more: out of its time, or damaged on the disk."""
    try:
        return parse_operation(envelope).statement.not_after_ms < now_ms
    except EncodingError:
        return True
