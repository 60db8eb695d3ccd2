"""One server of a network at work: the ledger, the node beside it, the peers around it.

Guarantees: everything starts in the order in which it is needed and stops in the reverse; whatever fails on the way, nothing stays half started. If the ledger, the node's
commits or the node itself turn out wrong, this server stops voting and says why; the others go on. Trusts: its home; nobody outside it.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from akashi.app.config import ServerPaths
from akashi.app.network.company import Company, Seat
from akashi.app.network.control import ControlSocket, Verb, control_path
from akashi.app.network.desk import PeerDesk, Roll
from akashi.app.network.places import Reached, replica_keys
from akashi.app.network.trusting import TrustPublisher
from akashi.app.roster.succeeding import begun, follow_handover
from akashi.app.server.founding import LOG_KEY
from akashi.app.wiring import KINDS
from akashi.clock import Clock
from akashi.errors import AkashiError
from akashi.keys.keystore import FileKeystore
from akashi.ledger.engine.opening import check_witnessed, open_checks
from akashi.ledger.engine.replica import ReplicaChain
from akashi.ledger.engine.rowseal import RowSeal
from akashi.ledger.errors import LedgerDamaged, LedgerStopped
from akashi.ledger.keyring.members import Member
from akashi.ledger.registry import LogIdentity
from akashi.ledger.service import WriterLock
from akashi.ledger.state import Overlay
from akashi.ledger.store import DATABASE, Pool, Tables, connect, translated
from akashi.ledger.wire.note import origin_parts
from akashi.network.abci.errors import ApplicationStopped
from akashi.network.abci.server import AbciServer
from akashi.network.application import Committed, LedgerApplication
from akashi.network.errors import Misbehaved, SplitView
from akashi.network.finality import CosignedNotes, LocalNode
from akashi.network.node.install import pinned
from akashi.network.node.keys import take_next_keys
from akashi.network.node.process import START_S, NodeProcess, Patience
from akashi.network.payloads.overview import CopyOverview
from akashi.network.peers.cosigning import QuorumNotes
from akashi.network.peers.links import PeerLinks
from akashi.network.peers.rounds import Rounds
from akashi.network.scrub.accusing import Accusations
from akashi.network.scrub.doubting import DoubtedNode
from akashi.network.scrub.marks import Mark
from akashi.network.scrub.rules import decode_report
from akashi.network.service import Beside, NetworkEngine
from akashi.network.store import Evidence, NetworkStore, NetworkStoreFailed
from akashi.network.validators import ValidatorHistory

_PATIENCE = Patience(first=4)
_BEAT_S = 2.0
_BEATS_AFTER = 2
"""How long a chain that handed over goes on, so that the slower ones get its last block from it."""
Alarm = Callable[[AkashiError], None]


def _silent(_problem: AkashiError) -> None:
    """Where nobody listens."""


class NetworkNode:
    """One running server. ``engine`` is its ledger; :meth:`start`, then :meth:`stop`. Not reusable."""

    def __init__(
        self,
        paths: ServerPaths,
        keystore: FileKeystore,
        clock: Clock,
        *,
        alarm: Alarm = _silent,
        log_name: str = LOG_KEY,
    ) -> None:
        seat = Seat.of(paths)
        self._clock, self._alarm = clock, alarm
        self._down = ExitStack()
        self._ended = threading.Event()
        self._roll_changed = threading.Event()
        self.copies = CopyOverview()
        """What the keeping of payload copies has come to (``copying``)."""
        self.before_voting: list[Callable[[], None]] = []
        """Called when the peers can be asked and the node does not run yet; whatever one raises keeps it from starting."""
        self.on_next_chain: list[Callable[[], None]] = []
        """Called once when the ledger names another chain than this one's and a quorum has it: close this server and open it again, which begins that chain."""
        self.verbs: dict[str, Verb] = {"pid": lambda _: {"pid": os.getpid()}}
        """What processes of the same user may ask over the control socket; added to before :meth:`start`."""
        mark = Mark.read(seat.places.root)
        if mark is not None and not mark.is_whole:
            raise LedgerDamaged("repair.wanted")
        with ExitStack() as opened:
            self.keys = keys = replica_keys(keystore, seat.origin, seat.book.me.number, log_name)
            lock = WriterLock(paths.ledger)
            opened.callback(lock.release)
            self.store = NetworkStore(seat.places.store)
            opened.callback(self.store.close)
            with translated():
                connection = connect(paths.ledger / DATABASE, write=True)
                opened.callback(connection.close)
                identity = open_checks(connection, keys, replica=True)
                ledger_id, _ = origin_parts(seat.origin)
                seal = RowSeal.of(keys.cosigner, ledger_id)
                self._check_seen(Tables(connection, seal), seat.origin)
                self.chain = ReplicaChain(connection, seal, KINDS, keys, clock, ledger_id)
                self.chain.load()
                state = Overlay(Tables(connection, seal).state)
                follow_handover(self.chain, state, seat.places.node, self.store)
            self.history = ValidatorHistory(frozenset())
            self.history.restore(self._voters())
            self.process = NodeProcess(pinned().path, seat.places.node, report=self._told, patience=_PATIENCE)
            self.links = PeerLinks()
            self.notes = QuorumNotes(
                seat.origin, seat.book.me.number, self._members, keys.log, keys.cosigner, self.store, clock, self._split
            )
            self.rounds = Rounds(self.notes, self.links)
            self.quorums = CosignedNotes(self.rounds, self.store, self._grew)
            self.engine = self._engine(paths.ledger / DATABASE, seal, identity)
            self.roll = Roll(self.engine)
            self.company = Company(seat, keystore, self.roll, self.links, self.process, clock)
            self.accusations = Accusations(seat.places.root)
            self.trust = TrustPublisher(paths.public, self.engine, self.notes, self.store)
            self.desk = PeerDesk(self.engine, self.roll, self.notes)
            self.desk.more = self._more
            self.desk.begun = begun(seat.places.node)
            self._down = opened.pop_all()

    def _engine(self, path: Path, seal: RowSeal, identity: LogIdentity) -> NetworkEngine:
        node = DoubtedNode(LocalNode(self.process.client, self.chain_id, self.history), self._restart)
        beside = Beside(self.quorums, self.store, node, self._told)
        return NetworkEngine(path, Pool(path, seal), identity, self.chain, beside, self._clock)

    @property
    def chain_id(self) -> str:
        """The id of the chain that orders this ledger."""
        chain = self.chain.handed_over()
        if chain is None:
            raise LedgerStopped("not_handed_over")
        return chain

    def _voters(self) -> tuple[tuple[int, frozenset[bytes]], ...]:
        voters = self.store.voters()
        if not voters:  # network.db is not what it was: nobody could prove a block
            raise LedgerDamaged("notes.voters")
        return voters

    def _check_seen(self, tables: Tables, origin: str) -> None:
        """Refuse a ledger that is older than what this server has seen a quorum sign. Raises ``LedgerDamaged``."""
        newest = self.store.newest_note()
        check_witnessed(tables, origin, [] if newest is None else [newest[1]])

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self, timeout_s: float = START_S) -> None:
        """Begin to order, to cosign and to serve the peers. Raises what kept it from starting, with everything stopped again."""
        try:
            self._start(timeout_s)
        except BaseException:
            self.stop()
            raise

    def _start(self, timeout_s: float) -> None:
        node, down = self.seat.places.node, self._down
        self._take_keys()
        self.company.write_settings(self.chain_id)
        application = LedgerApplication(self.chain, self.chain_id, self.history, self.store.put_voters, self._committed)
        application.accused = self._accused
        self.abci = AbciServer(node.app_socket, application, on_failure=self._failed)
        self.abci.start()
        down.callback(self.abci.stop)
        down.callback(self.rounds.stop)
        down.callback(self.quorums.close)
        down.callback(self.engine.close)
        down.callback(self.process.stop)
        down.callback(self.links.stop)
        peers = self.company.open(self.desk)
        down.callback(peers.stop)
        peers.start()
        self.company.reach()
        self.rounds.start()
        self.quorums.start()
        self.engine.start()
        head = self.chain.head
        if head is not None and head.header.size:
            self.quorums.publish(head)
        control = ControlSocket(control_path(self.seat.places.root), self.verbs)
        control.start()
        down.callback(control.stop)
        beat = threading.Thread(target=self._beat, name="network-beat", daemon=True)
        beat.start()
        down.callback(self._ended.set)
        for check in self.before_voting:
            check()
        self.process.start(timeout_s)

    def _beat(self) -> None:
        """Ask every peer for a sign of life now and then, so that what is said of who answers is not older than that."""
        beats = 0
        while not self._ended.wait(_BEAT_S):
            beats += self.is_over()
            if beats == _BEATS_AFTER:
                for told in self.on_next_chain:
                    told()
            try:
                self._follow_roll()
                self.company.beat(time.monotonic())
            except (AkashiError, OSError) as error:  # the next beat tries again
                self._alarm(error if isinstance(error, AkashiError) else NetworkStoreFailed(name="servers.json"))

    def _follow_roll(self) -> None:
        """What the ledger says anew of the servers. Raises what keeps the node from starting with its new keys; then again at the next beat."""
        if not self._roll_changed.is_set():
            return
        self._roll_changed.clear()
        try:
            self.company.reach()
            if self._take_keys():
                self.company.restart()
        except BaseException:
            self._roll_changed.set()
            raise

    def is_over(self) -> bool:
        """Whether this chain has handed over, and a quorum signed that."""
        head, newest = self.chain.head, self.notes.newest()
        return self.chain.over and head is not None and newest is not None and newest[0] >= head.header.size

    def stop(self) -> None:
        """Stop everything, in the reverse order. Calling it twice is fine."""
        self._ended.set()
        self.company.end()
        with self.company.lock:
            self._down.close()

    # -- who the others are -------------------------------------------------------------------------------------------

    @property
    def seat(self) -> Seat:
        """Which server this is, and where the others are."""
        return self.company.seat

    def renew(self, servers: Sequence[Reached], timeout_s: float = START_S) -> None:
        """As :meth:`Company.renew`, for the chain of this ledger."""
        self.company.renew(servers, self.chain_id, timeout_s)

    def now_ms(self) -> int:
        """The time by the clock of this server."""
        return self._clock.now_ms()

    def _restart(self) -> None:
        self.company.restart()

    def _more(self) -> Mapping[str, object]:
        """What this server says of itself to the others, beside how far it is."""
        scrubbed = decode_report(self.store.scrub()).complete_ms
        free = shutil.disk_usage(self.seat.paths.root).free
        return {"disk_free": free} | ({} if scrubbed is None else {"scrubbed_ms": scrubbed})

    def _take_keys(self) -> bool:
        """Use the waiting keys for voting from the node's next start on, once the ledger names them; whether it does."""
        own = next((one for one in self.roll.servers() if one.handle == self.seat.book.own), None)
        return own is not None and take_next_keys(self.seat.places.node, own.keys.validator)

    # -- what the parts tell ------------------------------------------------------------------------------------------

    def _committed(self, block: Committed) -> None:
        if block.outcomes and self.roll.refresh():
            self._roll_changed.set()
        self.engine.committed(block)

    def _accused(self, found: Sequence[tuple[bytes, int]]) -> None:
        """Consensus brought evidence: kept before the block is, so that no cut loses it, and told."""
        for server, height in self.accusations.keep(self.roll.servers(), found, self._clock.now_ms()):
            self._alarm(Misbehaved(server=server, height=height))

    def _members(self) -> Sequence[Member]:
        return self.roll.members()

    def _grew(self) -> None:
        self.engine.quorum_grew()

    def tell(self, problem: AkashiError) -> None:
        """Tell whoever listens to this server's alarms."""
        self._alarm(problem)

    def _told(self, problem: AkashiError) -> None:
        self._alarm(problem)

    def _failed(self, problem: ApplicationStopped) -> None:
        """The ledger could not execute a block: this server stops ordering; reading goes on."""
        self.process.halt()
        self._alarm(problem)

    def _split(self, found: Evidence) -> None:
        self._alarm(SplitView(server=found.member, size=found.size))
