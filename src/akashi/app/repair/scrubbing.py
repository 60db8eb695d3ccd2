"""Watching one's own data while the server runs, and before it votes.

Guarantees: before the node may vote, this ledger is compared with the checkpoints of every other server that answers; every minute its head and files are compared with what a quorum signed; in the
background everything is read again and again, at a bounded pace, from where it stopped. Found damage stops this server's vote at once, is told, and asks for a repair that even a
restart cannot skip. A damaged payload copy is fetched again without stopping anything. Refuses nothing. Trusts: a quorum of the members that its own ledger names.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from akashi.app.network.running import NetworkNode
from akashi.app.repair.accusing import report_accused
from akashi.app.repair.repairing import has_room, report_repair, want_repair
from akashi.app.roster.succeeding import Asked, later_starts
from akashi.app.wiring import KINDS
from akashi.clock import Clock
from akashi.durable import DiskFull
from akashi.errors import AkashiError, Unavailable
from akashi.ledger.author import Author
from akashi.ledger.errors import LedgerDamaged, LedgerFull
from akashi.ledger.keyring.members import members, quorum
from akashi.ledger.state import Overlay
from akashi.ledger.store import DATABASE, Pool
from akashi.network.events import ServerIncident
from akashi.network.model import IncidentKind, IncidentPlace
from akashi.network.node.process import NodeState
from akashi.network.peers.client import Peer
from akashi.network.scrub.blocks import BlockWalk
from akashi.network.scrub.copies import CopyScrub
from akashi.network.scrub.errors import CopyDamaged, DamageFound
from akashi.network.scrub.model import Damage, ScrubReport
from akashi.network.scrub.rules import anchor_of, decode_report, encode_report
from akashi.network.scrub.trees import audit_findings, note_findings, root_at

_LOG = logging.getLogger("akashi.network")
_ASK_S = 3.0
_FULL = frozenset((DiskFull.code, LedgerFull.code))
_SAVE_EVERY = 200
Wanted = Callable[[Damage], None]


class _Ended(Exception):
    """The guard is being stopped, or has found what ends the round."""


@dataclass(frozen=True, slots=True)
class Pace:
    """``quick_s``: between quick checks. ``round_s``: between the end of a scrub and the next. ``rest``: seconds of rest per second of work; ``slice_s``: work between two rests."""

    # trusted: whoever can change these can delay the discovery of damage, not prevent it.
    quick_s: float = 60.0
    round_s: float = 3600.0
    rest: float = 3.0
    slice_s: float = 0.05


class Guard:
    """One server's guard. Make it before the node starts, :meth:`start` after, :meth:`stop` before the node stops."""

    def __init__(
        self,
        node: NetworkNode,
        author: Author,
        clock: Clock,
        wanted: Wanted,
        *,
        copies: CopyScrub | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._node, self._author, self._clock, self._wanted = node, author, clock, wanted
        self._copies, self._pace = copies, pace or Pace()
        self._path = node.seat.paths.ledger / DATABASE
        self._pool = Pool(self._path, None)
        self._files = {path: _identity(path) for path in (self._path, node.seat.places.store)}
        self._walk = BlockWalk(node.process.client, node.chain_id, node.history)
        self._ended = threading.Event()
        self._asked: Asked = {}
        self._worked_since = time.monotonic()
        self.damage: Damage | None = None
        """What stopped this server's vote."""
        node.before_voting.append(self.check_with_peers)
        self._threads = [
            threading.Thread(target=self._watch, name="akashi-guard", daemon=True),
            threading.Thread(target=self._scrub_all, name="akashi-scrub", daemon=True),
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; what is under way goes on at the next start."""
        self._ended.set()
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(10)
        self._pool.close()

    @property
    def report(self) -> ScrubReport:
        """How far the scrub is and what it found, for the dashboard."""
        return decode_report(self._node.store.scrub())

    # -- before voting ------------------------------------------------------------------------------------------------

    def check_with_peers(self) -> None:
        """Compare with what the others' checkpoints say of sizes that we have. Raises ``LedgerDamaged``; who does not answer soon is not waited for."""
        peers = list(self._node.links.peers().values())
        pool = ThreadPoolExecutor(max(1, len(peers)), thread_name_prefix="akashi-ask")
        asked = [pool.submit(_checkpoint, peer) for peer in peers]
        ends = time.monotonic() + _ASK_S
        notes = [note for one in asked if (note := _answer(one, ends)) is not None]
        pool.shutdown(wait=False, cancel_futures=True)
        if self._missed_chain(peers):
            raise LedgerDamaged("chain.missed")
        with self._pool.reading() as tables:
            voting, size = members(Overlay(tables.state)), tables.size()
            for note in notes:
                anchor = anchor_of(self._node.seat.origin, voting, note)
                if anchor is not None and anchor.size <= size and root_at(tables, anchor.size) != anchor.root:
                    raise LedgerDamaged("forked")

    def _missed_chain(self, peers: Sequence[Peer]) -> bool:
        """Whether more servers than may lie say that a later chain orders, and which tree it began on: this one was away when ours ended."""
        if self._node.chain.over:  # it has the end, and begins the next chain by itself
            return False
        told = Counter(later_starts(self._node.seat.places.node, peers, self._asked, _ASK_S))
        voting = len(self._node.roll.members())
        return any(count > voting - quorum(voting) for count in told.values())

    # -- every minute -------------------------------------------------------------------------------------------------

    def quick(self) -> Damage | None:
        """Files, head, newest quorum note, the node: what can be seen at once."""
        for path, identity in self._files.items():
            if _identity(path) != identity:
                place = IncidentPlace.LEAVES if path == self._path else IncidentPlace.NOTES
                return Damage(place, "store.replaced", 0)
        if self._node.engine.unproven is not None:
            return Damage(IncidentPlace.CONSENSUS, "unproven", self._node.chain.position.height)
        if self._node.process.state in {NodeState.FAILED, NodeState.HALTED} and not self._is_full():
            return Damage(IncidentPlace.CONSENSUS, "node.stopped", self._node.chain.position.height)
        if self._missed_chain(list(self._node.links.peers().values())):
            return Damage(IncidentPlace.CONSENSUS, "chain.missed", self._node.chain.position.height)
        try:
            return self._quick_head()
        except LedgerDamaged as error:
            return Damage(IncidentPlace.LEAVES, error.failure, 0)

    def _is_full(self) -> bool:
        """Whether the node stopped, or may have stopped, because the disk was full."""
        stopped = self._node.abci.failure
        return not has_room(self._node.seat.paths) or (stopped is not None and stopped.failure in _FULL)

    def _quick_head(self) -> Damage | None:
        """The head in memory against the file, a quorum's newest note against both."""
        head, newest = self._node.chain.head, self._node.store.newest_note()
        with self._pool.reading() as tables:
            if head is not None and root_at(tables, head.header.size) != head.header.root:
                return Damage(IncidentPlace.LEAVES, "head", head.header.size)
            found = note_findings(tables, self._node.seat.origin, [] if newest is None else [newest])
        return next(iter(found), None)

    def _watch(self) -> None:
        while not self._ended.wait(min(self._pace.quick_s, 1.0) if self._reporting() else self._pace.quick_s):
            try:
                found = self.quick()
                if found is not None:
                    self._act(found)
            except AkashiError as error:
                _LOG.warning("guard: %s", error.code)
            except Exception as error:  # noqa: BLE001 - the next turn looks again
                _LOG.error("guard: unexpected %s", type(error).__name__)

    def _reporting(self) -> bool:
        """Report a finished repair, and who signed twice; true while that is still to be done."""
        try:
            report_accused(self._node, self._author, self._clock)
            report_repair(self._node.seat.paths, self._author)
        except AkashiError:
            return True  # not final yet
        return bool(self._node.accusations.all())

    # -- the scrub ----------------------------------------------------------------------------------------------------

    def _scrub_all(self) -> None:
        while not self._ended.is_set():
            try:
                self.scrub()
            except _Ended:
                return
            except AkashiError as error:
                _LOG.warning("scrub: %s", error.code)
            except Exception as error:  # noqa: BLE001 - the next round begins where this one stopped
                _LOG.error("scrub: unexpected %s", type(error).__name__)
            if self._ended.wait(self._pace.round_s):
                return

    def scrub(self) -> ScrubReport:
        """One round: notes, blocks from where the last one stopped, the ledger, the copies. Acts on what it finds; the report is kept."""
        report = self.report
        report = self._keep(report if report.height > 1 and not report.findings else report.begun())
        with self._pool.reading() as tables:
            found = note_findings(tables, self._node.seat.origin, self._node.store.notes())
        report = self._took(report, found)
        report = self._blocks(report)
        keys = self._node.keys
        report = self._took(report, audit_findings(self._node.seat.paths.ledger, KINDS, keys.cosigner, self._rest))
        report = self._payloads(report)
        done = replace(
            report, height=1, index=0, payload="", complete_ms=self._clock.now_ms(), rounds=report.rounds + 1
        )
        return self._keep(done)

    def _blocks(self, report: ScrubReport) -> ScrubReport:
        last = self._node.chain.position.height - 1  # the newest one's header is signed when the next is there
        while report.height <= last:
            self._rest()
            try:
                with self._pool.reading() as tables:
                    looked = self._walk.look(tables, report.height, report.index)
            except Unavailable:
                return self._keep(report)  # the node is away: the next round goes on here
            if looked.damage is not None:
                return self._took(report, [looked.damage])
            report = replace(report, height=report.height + 1, index=looked.next_leaf)
            if report.height % _SAVE_EVERY == 0:
                self._keep(report)
        return self._keep(report)

    def _payloads(self, report: ScrubReport) -> ScrubReport:
        copies = self._copies
        for payload in [] if copies is None else copies.ids(bytes.fromhex(report.payload)):
            self._rest()
            if copies is not None and not copies.is_whole(payload):
                report = report.found(Damage(IncidentPlace.PAYLOADS, "copy", 0))
                self._node.tell(CopyDamaged(payload=payload.hex()))
                if copies.renew(payload):
                    self._say(IncidentKind.COPY_LOST, Damage(IncidentPlace.PAYLOADS, "copy", 0))
            report = self._keep(replace(report, payload=payload.hex()))
        return report

    def _took(self, report: ScrubReport, found: list[Damage]) -> ScrubReport:
        """Keep findings and act on the first; a damaged note alone is dropped: another takes its place."""
        if not found:
            return report
        report = self._keep(report.found(*found))
        if all(one.place is IncidentPlace.NOTES for one in found):
            self._node.store.drop_notes(one.at for one in found)
            for kind in (IncidentKind.DAMAGED, IncidentKind.REPAIRED):
                self._say(kind, found[0])
            return report
        self._act(next(one for one in found if one.place is not IncidentPlace.NOTES))
        raise _Ended

    def _say(self, kind: IncidentKind, damage: Damage) -> None:
        own = self._node.seat.book.own
        with suppress(Unavailable):  # kept, and final later
            self._author.submit(ServerIncident(own, kind, damage.place, max(0, damage.at)), subject=own)

    def _act(self, damage: Damage) -> None:
        """Stop voting, remember it durably, tell everybody, once."""
        if self.damage is not None:
            return
        if damage.place is IncidentPlace.NOTES and damage.failure == "note.quorum":
            self._took(self.report, [damage])
            return
        self.damage = damage
        self._node.process.halt()
        want_repair(self._node.seat.paths, damage, self._clock)
        self._node.tell(DamageFound(place=damage.place.name, failure=damage.failure, at=damage.at))
        self._wanted(damage)

    def _keep(self, report: ScrubReport) -> ScrubReport:
        self._node.store.put_scrub(encode_report(report))
        return report

    def _rest(self) -> None:
        """Bound the share of the machine that the scrub takes. Raises :class:`_Ended`."""
        worked = time.monotonic() - self._worked_since
        if worked >= self._pace.slice_s:
            self._ended.wait(worked * self._pace.rest)
            self._worked_since = time.monotonic()
        if self._ended.is_set():
            raise _Ended


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file it is: a copy put in its place is another, whatever it holds."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _checkpoint(peer: Peer) -> bytes | None:
    try:
        return peer.checkpoint()
    except AkashiError:
        return None


def _answer(asked: Future[bytes | None], ends: float) -> bytes | None:
    try:
        return asked.result(max(0.0, ends - time.monotonic()))
    except TimeoutError:
        return None
