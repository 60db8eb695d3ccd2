"""The replicated state machine as CometBFT sees it: the ledger, and nothing besides.

Guarantees: ``process`` judges by bytes alone; ``finalize`` gives the same results and the same app hash on every server, for the same blocks; what it executes is committed by ``commit``
together with the height, so a kill anywhere leaves the ledger at one height or the next; a block is never executed over a tree that differs from the one that
consensus agreed on. Refuses: a chain that begins with another ledger, proposals that no honest server makes. Trusts: consensus for the order; nobody for
signatures (each operation's is verified here) and nobody for what is final (``finality`` verifies the commit).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from akashi.errors import AkashiError
from akashi.ledger.engine.chain import Head
from akashi.ledger.engine.group import Outcome
from akashi.ledger.engine.replica import Executed, ReplicaChain
from akashi.ledger.errors import EncodingError, ProofError, Refused
from akashi.ledger.model import Operation
from akashi.ledger.port import Acknowledged
from akashi.network.abci.server import Block, Finalized, Info, InitChain, TxResult
from akashi.network.errors import GenesisDiffers, TransactionMalformed
from akashi.network.transactions import results_of, unpack
from akashi.network.validators import ValidatorHistory, updates, voting

KEPT_PARSED = 32
"""Transactions whose parsed form is kept; each is at most 1 MB."""
WHO_VOTES = "srv"
"""The namespace of the state that says who votes (``records``)."""
MALFORMED = 1
"""Code of a transaction that is none; an honest majority never lets one into a block."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A block that is committed here: its transactions as ordered, an outcome for each operation, and the head after it."""

    height: int
    transactions: tuple[bytes, ...]
    outcomes: dict[bytes, Outcome] = field(repr=False)
    head: Head = field(repr=False)
    before: bytes = b""
    """The app hash on which it was executed: what its header must name, which proves all blocks before it too."""
    misbehaved: tuple[bytes, ...] = ()
    """Addresses of validators of which consensus brought evidence."""


Listener = Callable[[Committed], None]
KeepVoters = Callable[[int, frozenset[bytes]], None]
"""Keeps who votes from a height on, durably."""


Accused = Callable[[Sequence[tuple[bytes, int]]], None]
"""Keeps evidence of consensus durably: addresses of validators, and the heights at which they signed twice."""


def _unheard(_found: Sequence[tuple[bytes, int]]) -> None:
    """Where nobody keeps it: blocks that are executed again for a repair."""


class LedgerApplication:
    """Implements :class:`akashi.network.abci.server.Application`; the server of that module serialises all calls."""

    def __init__(
        self, chain: ReplicaChain, chain_id: str, history: ValidatorHistory, keep: KeepVoters, listener: Listener
    ) -> None:
        self._chain = chain
        self._chain_id = chain_id
        self._history = history
        self._keep = keep
        self._listener = listener
        self.accused: Accused = _unheard
        """Told of a block's evidence before the block is committed."""
        self._executed: Committed | None = None
        self._voters: frozenset[bytes] | None = None  # by the newest committed block; read again when one changes it
        self._voters_after: frozenset[bytes] | None = None  # the same of the executed block
        self._parsed: OrderedDict[bytes, tuple[Operation, ...]] = OrderedDict()  # by SHA-256 of the transaction

    def info(self) -> Info:
        """Where this server stands; consensus replays what is missing. Changes nothing: the node may ask in the middle of a block."""
        position = self._chain.position
        return Info(position.height, position.app_hash if position.height else b"")

    def init_chain(self, request: InitChain) -> bytes:
        """Begin: the chain must be this ledger's, its servers and its tree those of the handover. Raises :class:`GenesisDiffers`."""
        if request.chain_id != self._chain_id or request.initial_height != 1:
            raise GenesisDiffers("chain")
        position = self._chain.position
        if position.height:
            raise GenesisDiffers("height")
        if {key for key, _ in request.validators} != set(self._history.at(1)):
            raise GenesisDiffers("validators")
        return position.app_hash

    def check_tx(self, tx: bytes) -> int:
        """Whether it is worth passing on: its form only, which is advice. Everything is judged when the block is executed."""
        return MALFORMED if self._operations(tx) is None else 0

    def prepare(self, txs: Sequence[bytes], max_bytes: int) -> list[bytes]:
        """What to propose: well-formed transactions in the order of arrival, as many as fit."""
        chosen, room = [], max_bytes
        for tx in txs:
            room -= len(tx) + 16
            if room < 0:
                break
            if self.check_tx(tx) == 0:
                chosen.append(tx)
        return chosen

    def process(self, txs: Sequence[bytes]) -> bool:
        """Whether an honest server could have proposed this: a function of the bytes."""
        return all(self.check_tx(tx) == 0 for tx in txs)

    def finalize(self, block: Block) -> Finalized:
        """Execute a block into an open transaction of the store; nothing is committed yet."""
        parsed = [self._operations(tx) for tx in block.txs]
        if block.misbehaviour:
            self.accused([(one.address, one.height) for one in block.misbehaviour])
        flat = [operation for operations in parsed for operation in operations or ()]
        before = self._chain.position.app_hash
        done = self._chain.execute(block.height, block.time_ms, flat)
        outcomes = iter(done.outcomes)
        results = [
            TxResult(MALFORMED, b"")
            if operations is None
            else TxResult(0, results_of([reason_of(next(outcomes)) for _ in operations]))
            for operations in parsed
        ]
        self._executed = _committed(block, flat, done, before)
        return Finalized(results, done.app_hash, self._updates(block.height, done))

    def _operations(self, tx: bytes) -> Sequence[Operation] | None:
        """The operations of a transaction, ``None`` if it is none. It comes by up to four times on its way; exactly these bytes are parsed once."""
        name = sha256(tx).digest()
        try:
            found = self._parsed[name]
        except KeyError:
            try:
                found = self._parsed[name] = tuple(unpack(tx))
            except TransactionMalformed:
                return None
            if len(self._parsed) > KEPT_PARSED:
                self._parsed.popitem(last=False)
        return found

    def _updates(self, height: int, done: Executed) -> list[tuple[bytes, int]]:
        """Changes of who votes, by the state before and after the block."""
        after = self._voters
        if after is None or WHO_VOTES in done.touched:
            after = voting(done.state)
        self._voters_after = after
        before = self._history.at(height + 1)
        changed = self._history.changed_at(height, after)
        if changed is not None:
            self._keep(*changed)  # before the commit: a block that is executed again writes the same
        return list(updates(before, after))

    def commit(self) -> int:
        """Make the executed block durable and tell whoever waits. Nothing is ever pruned: 0."""
        self._chain.settle()
        executed, self._executed = self._executed, None
        self._voters = self._voters_after
        if executed is not None:
            for (
                tx
            ) in executed.transactions:  # it does not come again, and a thousand parsed operations are many objects
                self._parsed.pop(sha256(tx).digest(), None)
            self._listener(executed)
        return 0


def _committed(block: Block, flat: Sequence[Operation], done: Executed, before: bytes) -> Committed:
    outcomes = {operation.id: outcome for operation, outcome in zip(flat, done.outcomes, strict=True)}
    misbehaved = tuple(one.address for one in block.misbehaviour)
    return Committed(block.height, tuple(block.txs), outcomes, done.head, before, misbehaved)


def reason_of(outcome: Outcome) -> str:
    """What every server says of an operation: empty for accepted, else the stable reason."""
    match outcome:
        case Acknowledged():
            return ""
        case Refused():
            return outcome.reason
        case EncodingError() | ProofError():
            return outcome.failure
        case AkashiError():
            return outcome.code
