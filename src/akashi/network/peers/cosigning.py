"""Quorum notes: a checkpoint that enough servers signed is final, and only such a one acknowledges anything (docs/network-peers.md section 4).

Guarantees: a quorum note is durable before it is given out, newest first; this server signs one root per size at most, also after a restart for sizes that
a quorum signed; two notes that cannot both be true (**split view**) are kept durably and told. Late, doubled and reordered notes change nothing. Memory and
evidence are bounded per member, so that one who lies harms only what is kept of itself. Refuses notes that their sender did not sign in full.
Trusts: ``members`` for who counts, and a quorum of them together; no single one. The thread that commits is never made to wait for a peer or a disk.

::

    notes = QuorumNotes(origin, 1, members, log_key, cosigner, store, clock, alarm)
    notes.publish(size, root, block_ms)    # after each commit; the note goes to the peers
    notes.take(2, note)                    # what server 2 sent
    notes.wait(size, 5.0)                  # the quorum note, or None
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from akashi.clock import Clock
from akashi.errors import AkashiError
from akashi.ledger.keyring.members import Member
from akashi.ledger.wire.note import Checkpoint, NoteSigner, parse_checkpoint
from akashi.network.peers.errors import NoteRefused
from akashi.network.peers.lines import (
    Signed,
    assemble,
    counted,
    has_log_line,
    has_quorum,
    own_note,
    read_note,
    signed_by,
)
from akashi.network.store import Evidence

_LOG = logging.getLogger("akashi.network.peers")
KEPT_SIZES = 64
"""Own heads whose notes may still be completed, and heads ahead of ours that are remembered of each member."""

MAX_FOUND = 256
"""Split views that wait for the disk; more of them prove nothing more."""

Alarm = Callable[[Evidence], None]
Members = Callable[[], Sequence[Member]]
"""Who votes now, in memory or close to it: it is asked at every note."""


class NoteStore(Protocol):
    """Where quorum notes and evidence outlive the process (``network.store``). Durable when a method returns; repeatable; thread-safe."""

    def put_note(self, size: int, note: bytes) -> None:
        """Keep a quorum note of this size."""
        ...

    def newest_note(self) -> tuple[int, bytes] | None:
        """(size, quorum note) of the largest size."""
        ...

    def root_at(self, size: int) -> bytes | None:
        """The root that a quorum signed for this size."""
        ...

    def put_evidence(self, found: Evidence) -> bool:
        """Keep a split view; false if it is known or there is no room for more of this member."""
        ...


class Position(NamedTuple):
    """How far a member is, by what it signed last; ``seconds`` is the block time that it asserts."""

    size: int
    seconds: int


class _Head(NamedTuple):
    root: bytes
    note: bytes


class QuorumNotes:
    """What this server and its peers signed, and the quorum notes made of it. Thread-safe."""

    def __init__(
        self,
        origin: str,
        number: int,
        members: Members,
        log: NoteSigner,
        cosigner: NoteSigner,
        store: NoteStore,
        clock: Clock,
        alarm: Alarm,
    ) -> None:
        self._origin, self._number, self._members = origin, number, members
        self._log, self._cosigner = log, cosigner
        self._store, self._clock, self._alarm = store, clock, alarm
        self._changed = threading.Condition()
        # All below belong to ``_changed``.
        self._heads: OrderedDict[int, _Head] = OrderedDict()  # by size, as committed here; sizes only grow
        self._signed: dict[int, OrderedDict[int, Signed]] = {}  # number -> size -> lines; ours included
        self._positions: dict[int, Position] = {}
        self._kept: tuple[int, bytes] | None = None
        self._stored = store.newest_note()  # judged at the first look: ``members`` may not know anybody yet
        self._found: list[Evidence] = []  # not yet on the disk
        self.arrived: Callable[[], None] = self.settle
        """Called after something was taken; ``Rounds`` puts its thread there, so that who takes need not wait for the disk."""
        self._settling = False
        self._again = False
        self._closed = False

    def _verified(self, kept: tuple[int, bytes]) -> tuple[int, bytes] | None:
        """What the store kept, if the present members did sign it; else the next round makes another."""
        members = self._members()
        try:
            checkpoint = read_note(self._origin, kept[1])
            found = [signed for member in members if (signed := signed_by(checkpoint, member, whole=False))]
        except AkashiError:
            return None
        return kept if has_quorum(members, found) and checkpoint.size == kept[0] else None

    # -- our own heads ------------------------------------------------------------------------------------------------

    def publish(self, size: int, root: bytes, block_ms: int) -> bytes:
        """Sign a head that was committed here; gives the note to send. Raises ``NoteRefused`` ``note.head`` for a second root of one size.

        Writes nothing: :meth:`settle` does, in another thread. A size older than the newest is signed and not completed.
        """
        with self._changed:
            head = self._heads.get(size)
            newest = max(self._newest_size(), self._kept_size())
        ours = None if head is None else head.root
        if ours is None and size <= newest:
            ours = self._store.root_at(size)  # rare: only while a restarted server goes through old blocks again
        if ours is not None and ours != root:
            raise NoteRefused("note.head")
        note = own_note(self._origin, size, root, block_ms // 1000, self._log, self._cosigner)
        own = self._own_lines(note)
        with self._changed:
            if size > self._newest_size():
                self._add_head(size, _Head(root, note), own)
        return note

    def _add_head(self, size: int, head: _Head, own: Signed | None) -> None:
        self._heads[size] = head
        if len(self._heads) > KEPT_SIZES:
            self._heads.popitem(last=False)
        for kept in self._signed.values():
            other = kept.get(size)
            if other is not None and other.root != head.root:
                self._split(other, self._number, head.note)
            for old in [one for one in kept if one <= size and one not in self._heads]:
                del kept[old]  # nobody completes these any more
        if own is not None:
            self._remember(own)

    def votes(self) -> bool:
        """Whether we are a member by exactly the keys that we sign with."""
        return self._own_member() is not None

    def _own_member(self) -> Member | None:
        mine = (self._number, self._log.public_key, self._cosigner.public_key)
        return next((one for one in self._members() if (one.number, one.log_key, one.cosigner_key) == mine), None)

    def _own_lines(self, note: bytes) -> Signed | None:
        """Our lines, if we vote; a server that does not adds nothing to a quorum."""
        member = self._own_member()
        return None if member is None else signed_by(parse_checkpoint(note), member, whole=True)

    # -- what others signed -------------------------------------------------------------------------------------------

    def take(self, number: int, note: bytes) -> None:
        """Take a note from the member that sent it. Raises ``EncodingError``, ``ProofError`` or ``NoteRefused``, all ``note.*``.

        1. parsed, of this origin; 2. the sender votes; 3. unless it is too old or known: both its lines verify; 4. another root than ours, or than
        another member's, is a split view. Lines of others in it are not looked at.
        """
        checkpoint = read_note(self._origin, note)
        member = next((one for one in self._members() if one.number == number), None)
        if member is None or number == self._number:
            raise NoteRefused("note.member")
        if self._is_old(checkpoint, number):
            return
        signed = signed_by(checkpoint, member, whole=True)
        if signed is not None:
            self._weigh(signed)
        self.arrived()

    def take_pulled(self, note: bytes) -> None:
        """Take the lines of every member from a note that was asked for: who carries a signature does not matter. Raises as :meth:`take`.

        Ours too: another root under our own keys says that they were copied, or that this server was set back.
        """
        checkpoint = read_note(self._origin, note)
        found = [
            signed
            for member in self._members()
            if not self._is_old(checkpoint, member.number)
            and (signed := signed_by(checkpoint, member, whole=False)) is not None
        ]
        for signed in found:
            self._weigh(signed)
        self.arrived()

    def _is_old(self, checkpoint: Checkpoint, number: int) -> bool:
        """Whether this note can change nothing any more: known from this member, or of a size that is behind us and no head of ours."""
        with self._changed:
            known = self._lines_of(checkpoint.size).get(number)
            if known is not None:
                return known.root == checkpoint.root
            return checkpoint.size <= self._newest_size() and checkpoint.size not in self._heads

    def _weigh(self, signed: Signed) -> None:
        """Compare with what is known for this size, then remember; what contradicts is kept as evidence."""
        number, size, root = signed.member.number, signed.size, signed.root
        with self._changed:
            head = self._heads.get(size)
            if head is not None:
                if head.root != root:
                    self._split(signed, self._number, head.note)
            else:
                for other, kept in self._signed.items():
                    if size in kept and kept[size].root != root:
                        self._split(signed, other, kept[size].note(self._origin))
            if number not in self._lines_of(size):  # a second root by the same member replaces nothing
                self._remember(signed)

    def _remember(self, signed: Signed) -> None:
        number = signed.member.number
        kept = self._signed.setdefault(number, OrderedDict())
        kept[signed.size] = signed
        newest = self._newest_size()
        ahead = sorted(size for size in kept if size > newest)
        for size in ahead[: max(0, len(ahead) - KEPT_SIZES)]:
            del kept[size]
        if signed.size > self._positions.get(number, Position(0, 0)).size:
            self._positions[number] = Position(signed.size, signed.seconds)

    def _split(self, theirs: Signed, against: int, one: bytes) -> None:
        if len(self._found) < MAX_FOUND:
            number, note = theirs.member.number, theirs.note(self._origin)
            self._found.append(Evidence(number, against, theirs.size, one, note, self._clock.now_ms()))

    # -- quorum notes -------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Bring to the disk what is known: split views (and tell of them), then the newest quorum note, which is given out from there on.

        One thread at a time writes; the others leave it to that one. Raises what the store raises; nothing is lost by that, the next call goes on.
        """
        with self._changed:
            self._again = True
            if self._settling:
                return
            self._settling = True
        try:
            while self._round():
                pass
        except BaseException:
            with self._changed:
                self._settling, self._again = False, True
            raise

    def _round(self) -> bool:
        """One look at all that came; false, and no longer the writer, where nothing came since the last one."""
        with self._changed:
            if not self._again:
                self._settling = False
                return False
            self._again = False
            heads = [(size, head.root) for size, head in reversed(self._heads.items()) if size > self._kept_size()]
            signed = {size: self._lines_of(size) for size, _ in heads}
        self._keep_evidence()
        members = self._members()
        for size, root in heads:
            able = counted(members, root, signed[size])
            if has_quorum(members, able):
                self._keep(size, assemble(self._origin, able, self._number))
                break
        return True

    def _keep(self, size: int, note: bytes) -> None:
        self._store.put_note(size, note)
        with self._changed:
            if size > self._kept_size():
                self._kept = (size, note)
            self._changed.notify_all()

    def _keep_evidence(self) -> None:
        while self._found:
            found = self._found[0]
            fresh = self._store.put_evidence(found)
            with self._changed:
                self._found.pop(0)
            if fresh:
                _LOG.error("split view: members %d and %d, size %d", found.member, found.against, found.size)
                self._alarm(found)

    def _lines_of(self, size: int) -> dict[int, Signed]:
        return {number: kept[size] for number, kept in self._signed.items() if size in kept}

    def _newest_size(self) -> int:
        return next(reversed(self._heads), 0)

    def _newest(self) -> tuple[int, bytes] | None:
        if self._stored is not None:
            stored, self._stored = self._stored, None
            self._kept = self._verified(stored)
        return self._kept

    def _kept_size(self) -> int:
        newest = self._newest()
        return 0 if newest is None else newest[0]

    def wait(self, size: int, timeout_s: float) -> bytes | None:
        """The newest quorum note as soon as it covers ``size`` leaves; ``None`` if it does not within ``timeout_s`` seconds, or after ``close``."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._kept_size() >= size, timeout_s)
            newest = self._newest()
            return newest[1] if newest is not None and newest[0] >= size else None

    def newest(self) -> tuple[int, bytes] | None:
        """(size, quorum note) of the newest that is kept."""
        with self._changed:
            return self._newest()

    def checkpoint(self, after: int = 0) -> bytes | None:
        """What a peer is told: the newest quorum note if it is of more than ``after`` leaves, else all that is signed for our newest head."""
        with self._changed:
            kept = self._newest()
            if kept is not None and (kept[0] > after or not self._heads):
                return kept[1]
            if not self._heads:
                return None
            size, head = next(reversed(self._heads.items()))
            signed = self._lines_of(size)
        able = counted(self._members(), head.root, signed)
        return assemble(self._origin, able, self._number) if has_log_line(able) else None

    def complete(self, size: int) -> list[bytes]:
        """A note with every line that is known, for each head of ours of at least ``size`` leaves that a quorum signed; newest first.

        The quorum note that is kept has the lines that came first; who must show more (a change of members) asks here.
        """
        with self._changed:
            heads = [(at, head.root, self._lines_of(at)) for at, head in reversed(self._heads.items()) if at >= size]
        members = self._members()
        able = [counted(members, root, signed) for _, root, signed in heads]
        return [assemble(self._origin, one, self._number) for one in able if has_quorum(members, one)]

    def lag(self) -> int:
        """How many leaves our newest head is ahead of the newest quorum note; 0 where all is final."""
        with self._changed:
            return max(0, self._newest_size() - self._kept_size())

    def positions(self) -> dict[int, Position]:
        """How far each member has signed, as seen since the start."""
        with self._changed:
            return dict(self._positions)

    def close(self) -> None:
        """Let everybody who waits go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
