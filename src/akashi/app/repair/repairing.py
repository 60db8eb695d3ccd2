"""A server whose own data is damaged: the damaged data goes aside, everything is made again from the others, and only then it votes again.

Guarantees: nothing damaged is deleted, the sign state and the keys are untouched (compared before and after), the server's own voting key signs nothing before the rebuilt tree equals one that a
quorum signed; every leaf is executed again here. A repair that was cut off at any step goes on at that step. Refuses to begin while the server runs, and when the
quarantine is full or nobody hands out leaves. Trusts: the genesis for the tree of the handover, the address book for where the others are, no single one of them for what they say.

Steps, each kept in ``network/repair.json`` before the next begins: ``aside`` → ``leaves`` → ``blocks`` → ``whole`` (the server starts and reports it) → no file.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from akashi.app.config import DAY_MS, ServerPaths
from akashi.app.network.company import Seat
from akashi.app.network.places import PEER_KEY, replica_keys
from akashi.app.repair.answering import answer_meanwhile
from akashi.app.repair.following import Follower
from akashi.app.roster.succeeding import later_starts
from akashi.app.server.founding import LOG_KEY
from akashi.app.wiring import KINDS
from akashi.clock import Clock
from akashi.durable import fsync_directory, make_directory
from akashi.errors import AkashiError
from akashi.keys.keystore import FileKeystore
from akashi.ledger.author import Author
from akashi.ledger.engine.adopting import adopt
from akashi.ledger.engine.replica import app_hash
from akashi.ledger.keyring.members import quorum
from akashi.ledger.service import WriterLock
from akashi.ledger.store import DATABASE
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.network.events import ServerIncident
from akashi.network.model import IncidentKind
from akashi.network.node.home import NodeHome
from akashi.network.node.keys import check_sign_state
from akashi.network.node.preparing import chain_of, take_back
from akashi.network.peers.certificates import client_context, peer_identity, read_certificate
from akashi.network.peers.client import Peer, PeerAddress
from akashi.network.scrub.errors import NobodyHelps, QuarantineFull, RepairUnfinished, SignStateTouched
from akashi.network.scrub.marks import Mark
from akashi.network.scrub.model import Damage
from akashi.network.scrub.rules import Anchor, anchor_of, quarantine_places, tree_of
from akashi.network.store import NetworkStore

_LOG = logging.getLogger("akashi.network")
QUARANTINE = "quarantine"
MOST_QUARANTINES = 16
_POLL_S, _ASK_S, _HEAR_S = 0.05, 1.0, 30.0
_STALLED_S = 10.0
"""Without a new leaf for this long, the others are asked whether they are in a later chain."""
_WEEK_MS = 7 * DAY_MS
PAUSES_S = (2.0, 5.0, 15.0, 60.0)
"""Between one attempt and the next; the last one again and again."""
ASKED = "asked"
"""The failure of a repair that a person asked for."""
LEAST_FREE = 64 << 20
"""With less room than this (bytes) a fall says nothing of the data."""
Told = Callable[[str], None]


def silent(_step: str) -> None:
    """Where nobody listens."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair came to: the tree that a quorum signed and this server now has, and how long it took (ms)."""

    damage: Damage
    size: int
    root: bytes
    took_ms: int


def want_repair(paths: ServerPaths, damage: Damage, clock: Clock) -> None:
    """Ask for a repair at the next start; one that is asked for already stays."""
    network = Seat.of(paths).places.root
    mark = Mark.read(network)
    if mark is None or mark.is_whole:
        Mark(clock.now_ms(), damage).write(network)


def repair_wanted(paths: ServerPaths) -> bool:
    """Whether a repair was asked for or was cut off, so that the server must not vote."""
    mark = Mark.read(Seat.of(paths).places.root)
    return mark is not None and not mark.is_whole


def report_repair(paths: ServerPaths, author: Author) -> bool:
    """Say on the ledger what was found and that it is repaired, once, by the server's own key; false where nothing is to be said. Raises ``NotFinal``: then again later."""
    seat = Seat.of(paths)
    network = seat.places.root
    mark = Mark.read(network)
    if mark is None or not mark.is_whole:
        return False
    if not mark.said:
        kinds = (IncidentKind.DAMAGED, IncidentKind.REPAIRED)
        bodies = [ServerIncident(seat.book.own, kind, mark.damage.place, max(0, mark.damage.at)) for kind in kinds]
        said = [base64.b64encode(author.compose(body, subject=seat.book.own, lifetime_ms=_WEEK_MS)) for body in bodies]
        mark = replace(mark, said=tuple(one.decode() for one in said)).write(network)
    for one in mark.said:
        author.ledger.submit(base64.b64decode(one))
    Mark.remove(network)
    return True


class _ChainMissed(Exception):
    """The others are in a later chain than the one whose blocks are being fetched: nobody has those any more."""


class Repairer:
    """Repairs one home. The server must not run. :meth:`run` may be called again after any interruption."""

    def __init__(
        self,
        paths: ServerPaths,
        keystore: FileKeystore,
        clock: Clock,
        *,
        log_name: str = LOG_KEY,
        told: Told = silent,
        timeout_s: float = 600.0,
        ended: threading.Event | None = None,
        patient: bool = False,
    ) -> None:
        """``ended`` cuts it short. ``patient``: what does not come to its end is tried again, with pauses, until then: after a power cut the others may start later."""
        self._paths, self._keystore, self._clock = paths, keystore, clock
        self._seat = Seat.of(paths)
        self._network = self._seat.places.root
        self._keys = replica_keys(keystore, self._seat.origin, self._seat.book.me.number, log_name)
        self._told, self._timeout_s = told, timeout_s
        self._ended, self._patient = ended or threading.Event(), patient

    def run(self, damage: Damage) -> Repaired:
        """Do what is left to be done; ``damage`` counts if no repair is under way. Raises what kept it from ending, and can then be run again."""
        began = time.monotonic()
        make_directory(self._paths.ledger)
        with ExitStack() as held:
            held.callback(WriterLock(self._paths.ledger).release)
            held.callback(answer_meanwhile(self._network).stop)
            peers = self._peers()
            for one in peers:
                held.callback(one.close)
            if damage.failure == ASKED and not self._is_begun():  # it may go on as it is
                self._require_help(peers)
            mark, tree = self._patiently(damage, peers)
        return Repaired(mark.damage, tree.size, tree.root, int((time.monotonic() - began) * 1000))

    def _patiently(self, damage: Damage, peers: Sequence[Peer]) -> tuple[Mark, Anchor]:
        turn = 0
        while True:
            try:
                return self._once(damage, peers)
            except (NobodyHelps, RepairUnfinished) as error:
                if not self._patient or self._ended.wait(PAUSES_S[min(turn, len(PAUSES_S) - 1)]):
                    raise
                _LOG.warning("network: %s", error.code)
            turn += 1

    def _once(self, damage: Damage, peers: Sequence[Peer]) -> tuple[Mark, Anchor]:
        mark = Mark.read(self._network)
        if mark is None or mark.is_whole:
            mark = Mark(self._clock.now_ms(), damage).write(self._network)
        node = self._seat.places.node
        take_back(node)  # a chain that had ended and not begun: what was voted is in its place again
        chain, kept = chain_of(self._genesis()), _digests(node)
        tree = self._steps(mark, peers)
        if _digests(node, chain) != kept:
            raise SignStateTouched
        return replace(mark, step="whole").write(self._network), tree

    def _is_begun(self) -> bool:
        """Whether data was put aside, or is known to be damaged."""
        mark = Mark.read(self._network)
        return mark is not None and not mark.is_whole

    def _steps(self, mark: Mark, peers: Sequence[Peer]) -> Anchor:
        """All that are left; from the beginning where the others went on to another chain meanwhile."""
        while True:
            try:
                return self._steps_left(mark, peers)
            except _ChainMissed:
                stamp = max(self._clock.now_ms(), mark.stamp + 1)  # a quarantine of its own
                mark = replace(mark, stamp=stamp, step="aside").write(self._network)

    def _steps_left(self, mark: Mark, peers: Sequence[Peer]) -> Anchor:
        if mark.step == "aside":
            if not (self._network / QUARANTINE / str(mark.stamp)).is_dir():  # else begun before
                self._require_help(peers)
            self._told("aside")
            self._put_aside(mark)
            mark = replace(mark, step="leaves").write(self._network)
        if mark.step == "leaves":
            self._told("leaves")
            self._adopt(peers)
            self._begin_notes()
            mark = replace(mark, step="blocks").write(self._network)
        self._told("blocks")
        return self._follow(peers)

    # -- aside --------------------------------------------------------------------------------------------------------

    def _require_help(self, peers: Sequence[Peer]) -> None:
        """Somebody hands out leaves now: where all stand still, each would put its ledger aside and nobody would be left to ask. Raises :class:`NobodyHelps`."""
        for peer in peers:
            with suppress(AkashiError, OSError):
                if peer.leaves(0, 1):
                    return
        raise NobodyHelps(servers=len(peers))

    def _put_aside(self, mark: Mark) -> None:
        """Move ledger, blocks and (where it does not open) network.db away; what voted and what was handed in stays. Repeatable."""
        folder = self._network / QUARANTINE
        target = folder / str(mark.stamp)
        if not target.is_dir():
            make_directory(folder)
            if not quarantine_places([one.name for one in folder.iterdir()], MOST_QUARANTINES):
                raise QuarantineFull(most=MOST_QUARANTINES)
            make_directory(target)
        node = self._seat.places.node
        check_sign_state(node)
        files = [*self._paths.ledger.glob(f"{DATABASE}*")]
        if not opens_whole(self._seat.places.store):
            files += self._network.glob("network.db*")
        for one in files:
            os.replace(one, target / one.name)
        blocks = target / "blocks"
        make_directory(blocks)
        for one in sorted(node.sign_state.parent.iterdir()):
            if one != node.sign_state and not one.name.startswith("."):
                os.replace(one, blocks / one.name)
        for touched in (target, blocks, self._paths.ledger, self._network, node.sign_state.parent):
            fsync_directory(touched)

    # -- leaves -------------------------------------------------------------------------------------------------------

    def _adopt(self, peers: Sequence[Peer]) -> None:
        """The ledger up to the handover, from any one peer: what the genesis names decides, not the peer.

        Or up to the handover to a later chain, where more peers than may lie name its tree: then the last leaf must be that handover, which the secretariat signed.
        """
        if (self._paths.ledger / DATABASE).exists():  # made by this very repair, before it was cut off
            return
        later = self._later(peers)
        wanted = later or self._handover()
        for peer in peers:
            with suppress(AkashiError, OSError):  # gone, or lied: the next one
                leaves = self._leaves(peer, wanted.size, to_handover=later is not None)
                adopt(self._paths.ledger, leaves, app_hash(*wanted), KINDS, self._keys)
                return
        raise NobodyHelps(servers=len(peers))

    def _later(self, peers: Sequence[Peer]) -> Anchor | None:
        """The tree that a later chain began on. One peer's word is nobody's: operations do not say where they stand, so it could make a tree of signed ones that never was."""
        told, servers = Counter(later_starts(self._seat.places.node, peers, {}, _HEAR_S)), len(peers) + 1
        return max((one for one, count in told.items() if count > servers - quorum(servers)), default=None)

    def _leaves(self, peer: Peer, size: int, *, to_handover: bool) -> Iterator[bytes]:
        at, last = 0, b""
        while at < size and not self._ended.is_set():
            found = peer.leaves(at, size)
            if not found:
                return
            at, last = at + len(found), found[-1]
            yield from found
        if to_handover and parse_operation(parse_leaf(last).envelope).statement.kind != "log.handover":
            raise RepairUnfinished(failure="handover")

    def _genesis(self) -> str:
        return self._seat.places.node.genesis.read_text(encoding="utf-8")

    def _handover(self) -> Anchor:
        genesis = json.loads(self._genesis())
        tree = tree_of(bytes.fromhex(str(genesis.get("app_hash", ""))))
        if tree is None:
            raise RepairUnfinished(failure="genesis")
        return tree

    def _begin_notes(self) -> None:
        """Who votes, from the first block on: blocks that are executed again say the rest."""
        genesis = json.loads(self._genesis())
        voters = frozenset(base64.b64decode(one["pub_key"]["value"]) for one in genesis["validators"])
        store = NetworkStore(self._seat.places.store)
        try:
            store.put_voters(1, voters)
        finally:
            store.close()

    # -- blocks -------------------------------------------------------------------------------------------------------

    def _follow(self, peers: Sequence[Peer]) -> Anchor:
        """Let the node fetch and execute every block, without a vote, until the tree is at least one that a quorum signed. Raises :class:`RepairUnfinished`, :class:`_ChainMissed`."""
        ends = time.monotonic() + self._timeout_s
        follower = Follower(self._seat, self._keys, self._clock)
        try:
            follower.start()
            wanted, asked, grown, since = 0, 0.0, follower.size, time.monotonic()
            while time.monotonic() < ends and not self._ended.is_set():
                if follower.size >= wanted or time.monotonic() - asked >= _ASK_S:  # asking takes time from executing
                    newest, asked = self._newest(follower, peers), time.monotonic()
                    if newest is not None and self._is_reached(follower, newest):
                        return newest
                    wanted = 0 if newest is None else newest.size
                if follower.size > grown:
                    grown, since = follower.size, time.monotonic()
                if follower.failed or time.monotonic() - since >= _STALLED_S:
                    if self._later(peers) is not None:
                        raise _ChainMissed
                    since = time.monotonic()
                if follower.failed:
                    break
                self._ended.wait(_POLL_S)
        finally:
            follower.stop()
        raise RepairUnfinished(failure="blocks")

    def _is_reached(self, follower: Follower, newest: Anchor) -> bool:
        """Whether our tree holds the newest tree of a quorum. Raises :class:`RepairUnfinished` for one that contradicts ours: then the rebuild is wrong."""
        if newest.size > follower.size:
            return False
        if follower.root(newest.size) != newest.root:
            raise RepairUnfinished(failure="forked")
        return True

    def _newest(self, follower: Follower, peers: Sequence[Peer]) -> Anchor | None:
        """Of our own notes and everybody's. A note of members that our state does not know yet says nothing before it does."""
        notes = follower.notes()
        for peer in peers:
            with suppress(AkashiError, OSError):
                notes.append(peer.checkpoint())
        voting = follower.members()
        found = [one for note in notes if (one := anchor_of(self._seat.origin, voting, note)) is not None]
        return max(found, default=None)

    def _peers(self) -> list[Peer]:
        own = peer_identity(self._keystore.private_key(PEER_KEY), self._seat.places.certificate.read_bytes())
        others = self._seat.book.others
        context = client_context(own, [pem for one in others for pem in one.trusted])
        return [
            Peer(
                PeerAddress(
                    one.server, one.address.host, one.address.peer_port, read_certificate(one.certificate).spki
                ),
                lambda: context,
            )
            for one in others
        ]


def has_room(paths: ServerPaths) -> bool:
    """Whether a node that stopped may have stopped for its data. A full disk is no damage: servers that fill up together must not all put their ledgers aside, for nobody would be left to ask."""
    return shutil.disk_usage(paths.root).free >= LEAST_FREE


def opens_whole(path: Path) -> bool:
    """Whether network.db can be opened and read through; nothing is made where there is none."""
    if not path.is_file():
        return False
    try:
        store = NetworkStore(path)
        try:
            return store.is_sound()
        finally:
            store.close()
    except AkashiError:
        return False


def _digests(node: NodeHome, chain: str | None = None) -> tuple[bytes, ...]:
    """What must not change: both keys, and what was voted on ``chain``, wherever that is kept now (default: the present one)."""
    voted = node.sign_state
    if chain is not None and chain != chain_of(node.genesis.read_text(encoding="utf-8")):
        voted = node.set_aside(chain) / voted.parent.name / voted.name
    return tuple(sha256(one.read_bytes()).digest() for one in (voted, node.validator_key, node.node_key))
