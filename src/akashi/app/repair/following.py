"""A node that executes every block and signs none: how a server comes back to where the others are before it may vote.

Guarantees: consensus runs with a throwaway key, so nothing is signed with the server's own, whatever happens; each block is executed by the same state machine as ever and committed whole;
all are on the disk when :meth:`Follower.stop` returns, and a cut before that costs the newest ones, which are executed again. Refuses a ledger that was not handed over. Trusts: two thirds of the validators of the genesis and their successors, as every node.
"""

from __future__ import annotations

from contextlib import ExitStack

from akashi.app.network.company import Seat, node_settings
from akashi.app.roster.succeeding import follow_handover
from akashi.app.wiring import KINDS
from akashi.clock import Clock
from akashi.durable import remove_file, write_file
from akashi.ledger.engine.chain import LogKeys
from akashi.ledger.engine.replica import ReplicaChain
from akashi.ledger.engine.rowseal import RowSeal
from akashi.ledger.errors import LedgerStopped
from akashi.ledger.keyring.members import Member, members
from akashi.ledger.state import Overlay
from akashi.ledger.store import DATABASE, Pool, Tables, connect, translated
from akashi.ledger.wire.note import origin_parts
from akashi.network.abci.errors import ApplicationStopped
from akashi.network.abci.server import AbciServer
from akashi.network.application import Committed, LedgerApplication
from akashi.network.node.config import FOLLOWER, config_toml
from akashi.network.node.install import pinned
from akashi.network.node.process import START_S, NodeProcess, NodeState, Patience
from akashi.network.records import servers
from akashi.network.scrub.trees import root_at
from akashi.network.store import NetworkStore
from akashi.network.validators import ValidatorHistory

_PATIENCE = Patience(most=4, first=4)


class Follower:
    """One home's ledger and node, without a vote. :meth:`start`, then :meth:`stop`; the caller holds the writer's lock."""

    def __init__(self, seat: Seat, keys: LogKeys, clock: Clock) -> None:
        self._seat = seat
        self._down = ExitStack()
        self._broken = False
        with ExitStack() as opened:
            path = seat.paths.ledger / DATABASE
            ledger_id, _ = origin_parts(seat.origin)
            seal = RowSeal.of(keys.cosigner, ledger_id)
            self._store = NetworkStore(seat.places.store)
            opened.callback(self._store.close)
            with translated():
                connection = connect(path, write=True)
            opened.callback(connection.close)
            self._chain = ReplicaChain(connection, seal, KINDS, keys, clock, ledger_id)
            self._chain.load()
            opened.callback(self._chain.make_durable)
            follow_handover(self._chain, Overlay(Tables(connection, seal).state), seat.places.node, self._store)
            self._pool = Pool(path, seal)
            opened.callback(self._pool.close)
            history = ValidatorHistory(frozenset())
            history.restore(self._store.voters())
            chain_id = self._chain.handed_over()
            if chain_id is None:
                raise LedgerStopped("not_handed_over")
            self._chain_id = chain_id
            self._application = LedgerApplication(self._chain, chain_id, history, self._store.put_voters, _unheard)
            self._process = NodeProcess(pinned().path, seat.places.node, patience=_PATIENCE)
            self._down = opened.pop_all()

    def start(self, timeout_s: float = START_S) -> None:
        """Begin to fetch. Raises what kept the node from starting."""
        node, down = self._seat.places.node, self._down
        with self._pool.reading() as tables:
            known = servers(Overlay(tables.state))
        settings = node_settings(self._seat, self._chain_id, known, votes=False)
        write_file(node.settings, config_toml(settings).encode())
        self._chain.hurry()
        abci = AbciServer(node.app_socket, self._application, on_failure=self._failed)
        abci.start()
        down.callback(abci.stop)
        down.callback(self._process.stop)
        self._process.start(timeout_s)

    def stop(self) -> None:
        """Stop, bring everything to the disk, and forget the throwaway key. Idle calls are harmless. Raises what the disk says."""
        try:
            self._down.close()
        finally:
            node = self._seat.places.node
            for place, what in ((node.validator_key, "key"), (node.sign_state, "state")):
                remove_file(place.with_name(f"{FOLLOWER}_{what}.json"))

    @property
    def failed(self) -> bool:
        """Whether it will not come any further by itself."""
        return self._broken or self._process.state in {NodeState.HALTED, NodeState.FAILED}

    @property
    def size(self) -> int:
        """How many leaves are committed here."""
        with self._pool.reading() as tables:
            return tables.size()

    def root(self, size: int) -> bytes | None:
        """The root of our tree at ``size``."""
        with self._pool.reading() as tables:
            return root_at(tables, size)

    def members(self) -> tuple[Member, ...]:
        """Who votes, by the newest block that is committed here."""
        with self._pool.reading() as tables:
            return members(Overlay(tables.state))

    def notes(self) -> list[bytes]:
        """The newest quorum note that this server kept, if any."""
        newest = self._store.newest_note()
        return [] if newest is None else [newest[1]]

    def _failed(self, _problem: ApplicationStopped) -> None:
        self._broken = True
        self._process.halt()


def _unheard(_block: Committed) -> None:
    """Nobody waits for what is executed again."""
