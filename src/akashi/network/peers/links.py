"""A thread per peer that does what can wait, so that the thread that commits never does.

Guarantees: handing something over takes a lock for microseconds and never fails; what waits is bounded, and where it is too much the oldest gives way:
of our notes the newest few, of everything else one per name. A peer that is away is tried again with back-off; what it missed meanwhile is what gave way
and what it pulls. Refuses nothing. Trusts nobody: what comes back goes through the caller's checks.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from akashi.errors import AkashiError
from akashi.network.peers.client import Peer
from akashi.network.peers.errors import PeerAway, PeerMistaken
from akashi.network.peers.wire import MAX_NOTES

_LOG = logging.getLogger("akashi.network.peers")
MAX_ERRANDS = 16
FIRST_PAUSE_S, LAST_PAUSE_S = 0.05, 2.0

Errand = Callable[[Peer], None]


@dataclass(frozen=True, slots=True)
class LinkState:
    """How a link is: ``failures`` in a row, ``lost`` notes that gave way, ``problem`` the code of the last error."""

    sent: int = 0
    failures: int = 0
    lost: int = 0
    problem: str | None = None

    @property
    def up(self) -> bool:
        """Whether the last attempt succeeded."""
        return self.failures == 0


class PeerLink:
    """One peer, one thread. ``start`` before, ``stop`` after."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._work = threading.Condition()
        self._notes: deque[bytes] = deque(maxlen=MAX_NOTES)
        self._errands: OrderedDict[str, Errand] = OrderedDict()
        self._stopping = False
        self._state = LinkState()
        self._thread = threading.Thread(target=self._run, name=f"akashi-peer-{peer.address.server}", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Send nothing more; waits for the request under way, at most ``timeout_s``."""
        with self._work:
            self._stopping = True
            self._work.notify_all()
        self.peer.close()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def push(self, note: bytes) -> None:
        """Send our note soon; where the queue is full the oldest gives way. Never blocks."""
        with self._work:
            if len(self._notes) == MAX_NOTES:
                self._state = replace(self._state, lost=self._state.lost + 1)
            self._notes.append(note)
            self._work.notify_all()

    def offer(self, name: str, errand: Errand) -> None:
        """Do ``errand`` soon, once; a newer one of the same name replaces it. Never blocks."""
        with self._work:
            self._errands.pop(name, None)
            self._errands[name] = errand
            if len(self._errands) > MAX_ERRANDS:
                self._errands.popitem(last=False)
            self._work.notify_all()

    @property
    def state(self) -> LinkState:
        """How it goes."""
        with self._work:
            return self._state

    def _run(self) -> None:
        while (work := self._next()) is not None:
            notes, errand = work
            try:
                if notes:
                    self.peer.send_cosignatures(notes)
                if errand is not None:
                    errand(self.peer)
            except (PeerAway, PeerMistaken) as error:
                self._failed(error, notes)
            except AkashiError as error:
                self._said(error)  # it was heard and refused: saying it again changes nothing
            except Exception as error:  # noqa: BLE001 - a link must outlive whatever an errand does
                _LOG.error("peer %s: %s", self.peer.address.server, type(error).__name__)
            else:
                self._succeeded(len(notes))

    def _next(self) -> tuple[list[bytes], Errand | None] | None:
        """All notes that wait, or else one errand; ``None`` when it is over."""
        with self._work:
            self._work.wait_for(lambda: self._stopping or self._notes or self._errands)
            if self._stopping:
                return None
            if self._notes:
                notes = list(self._notes)
                self._notes.clear()
                return notes, None
            return [], self._errands.popitem(last=False)[1]

    def _failed(self, error: AkashiError, notes: list[bytes]) -> None:
        """Put back what nobody newer replaced, and wait a while (no longer than until the link is stopped)."""
        with self._work:
            for note in reversed(notes):
                if len(self._notes) < MAX_NOTES:
                    self._notes.appendleft(note)
            failures = self._state.failures + 1
            self._state = replace(self._state, failures=failures, problem=error.code)
            pause = min(LAST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures - 1, 10))
            if failures == 1:
                _LOG.warning("peer %s: %s", self.peer.address.server, error.code)
            self._work.wait_for(lambda: self._stopping, pause)

    def _said(self, error: AkashiError) -> None:
        with self._work:
            told = self._state.problem == error.code
            self._state = replace(self._state, failures=0, problem=error.code)
        if not told:
            _LOG.warning("peer %s: %s", self.peer.address.server, error)

    def _succeeded(self, notes: int) -> None:
        with self._work:
            if self._state.problem is not None:
                _LOG.info("peer %s: answers again", self.peer.address.server)
            self._state = replace(self._state, sent=self._state.sent + notes, failures=0, problem=None)


class PeerLinks:
    """The links to all peers, by server handle. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._links: dict[str, PeerLink] = {}

    def set_peers(self, peers: Mapping[str, Peer]) -> None:
        """Link to exactly these from here on; a peer at the same address with the same key keeps its link."""
        with self._lock:
            old, new = self._links, {}
            for server, peer in peers.items():
                known = old.get(server)
                new[server] = known if known is not None and known.peer.address == peer.address else PeerLink(peer)
            self._links = new
        for server, link in old.items():
            if new.get(server) is not link:
                link.stop()
        for server, link in new.items():
            if old.get(server) is not link:
                link.start()

    def push(self, note: bytes) -> None:
        """Our note, to everybody."""
        for link in self._all():
            link.push(note)

    def offer(self, name: str, errand: Errand) -> None:
        """An errand at everybody."""
        for link in self._all():
            link.offer(name, errand)

    def peers(self) -> dict[str, Peer]:
        """Whom it links to; for requests of the caller's own, in the caller's own thread."""
        with self._lock:
            return {server: link.peer for server, link in self._links.items()}

    def states(self) -> dict[str, LinkState]:
        """How each goes."""
        with self._lock:
            links = dict(self._links)
        return {server: link.state for server, link in links.items()}

    def stop(self) -> None:
        """Stop all."""
        self.set_peers({})

    def _all(self) -> list[PeerLink]:
        with self._lock:
            return list(self._links.values())
