"""The rounds of cosignatures: what is committed here goes out, what comes in becomes quorum notes, and what is missing is asked for.

Guarantees: ``publish`` signs and hands over, no more: the disk and the peers have threads of their own. A head without a quorum for more than
:data:`PATIENCE_S` makes this server ask every peer for what it has, again and again with back-off, until there is one. Refuses nothing of its own.
Trusts as ``cosigning`` does.
"""

from __future__ import annotations

import logging
import threading
import time

from akashi.errors import AkashiError
from akashi.network.peers.client import Peer
from akashi.network.peers.cosigning import QuorumNotes
from akashi.network.peers.links import PeerLinks

_LOG = logging.getLogger("akashi.network.peers")
PATIENCE_S, LAST_PATIENCE_S = 0.2, 5.0


class Rounds:
    """``QuorumNotes`` joined to the links. ``start`` before, ``stop`` after."""

    def __init__(self, notes: QuorumNotes, links: PeerLinks) -> None:
        self.notes, self.links = notes, links
        self._work = threading.Condition()
        self._dirty = False
        self._stopping = False
        notes.arrived = self._wake
        self._thread = threading.Thread(target=self._run, name="akashi-rounds", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; whoever waits for a note gets ``None``. The links are the caller's to stop."""
        with self._work:
            self._stopping = True
            self._work.notify_all()
        self.notes.close()
        if self._thread.is_alive():
            self._thread.join()

    def publish(self, size: int, root: bytes, block_ms: int) -> bytes:
        """Sign a head that was just committed here and send it to everybody. For the thread that commits: no disk, no peer is waited for."""
        note = self.notes.publish(size, root, block_ms)
        if self.notes.votes():  # nobody wants the note of one who only follows
            self.links.push(note)
        self._wake()
        return note

    def _wake(self) -> None:
        with self._work:
            self._dirty = True
            self._work.notify_all()

    def pull(self) -> None:
        """Ask everybody for what they have, soon."""
        self.links.offer("checkpoint", self._ask)

    def _ask(self, peer: Peer) -> None:
        newest = self.notes.newest()
        self.notes.take_pulled(peer.checkpoint(0 if newest is None else newest[0]))

    def _run(self) -> None:
        patience, kept = PATIENCE_S, 0
        missing_since: float | None = None
        while True:
            with self._work:
                self._work.wait_for(lambda: self._stopping or self._dirty, patience)
                if self._stopping:
                    return
                self._dirty = False
            self._settle()
            now, newest = time.monotonic(), self.notes.newest()
            if self.notes.lag() == 0:
                patience, missing_since = PATIENCE_S, None
            elif missing_since is None or (newest is not None and newest[0] > kept):
                patience, missing_since = PATIENCE_S, now  # it goes on: the newest head is always a little ahead
            elif now - missing_since >= patience:
                self.pull()
                patience, missing_since = min(2 * patience, LAST_PATIENCE_S), now
            kept = 0 if newest is None else newest[0]

    def _settle(self) -> None:
        try:
            self.notes.settle()
        except AkashiError as error:
            _LOG.error("cosignatures: %s", error.code)  # the store; tried again with the next head, note or pull
