"""The way from a listening socket to a TLS handshake: who says nothing waits cheaply, who has said hello gets a turn, and turns are paced.

Guarantees: a handshake is begun only for a client whose ClientHello is whole, in turn over the networks (``rules``), so many a second and so many at
once (``limits``), where there is room inside. Until then a connection costs a socket and a few hundred bytes: neither TLS state nor a
signature. Whoever is late, is one too many, or does not speak TLS is refused by closing the connection, with nothing said, and counted by reason in
:data:`akashi.api.tls_process.REFUSALS`. Where too many wait, the network with the most gives way: of it, who has said nothing for the longest time.
Refuses to serve without TLS. Belongs to the event loop. Trusts the kernel for addresses; what the kernel does before ``accept`` (SYN floods) is its own.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import select
import socket
import ssl
from collections import Counter
from collections.abc import Callable

from akashi.api.entrance.inside import Inside
from akashi.api.entrance.limits import Limits
from akashi.api.entrance.rules import Allowance, Rounds, network_of
from akashi.api.tls_process import REFUSALS

_LOG = logging.getLogger("akashi.tls")
AT_ONCE, ACCEPTS_S = 32, 1_000
"""Connections accepted before others of the loop have their turn, and in a second: those beyond wait in the kernel's queue."""
_RETRY_S = 0.25
_HEAD, _HANDSHAKE, _MAJOR, _LONGEST = 5, 22, 3, (1 << 14) + 256
_FAREWELL_S = 2.0
_FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_GONE = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR
FULL, LATE_HELLO, NO_TLS, LATE_TURN, LATE_HANDSHAKE, NO_FILES = (
    "DOOR_FULL",
    "DOOR_HELLO_LATE",
    "DOOR_NOT_TLS",
    "DOOR_TURN_LATE",
    "DOOR_HANDSHAKE_LATE",
    "DOOR_NO_FILES",
)
"""Why somebody was refused at the entrance."""


class _Visit:
    """A connection before its handshake. ``wanted``: how many bytes its ClientHello has."""

    __slots__ = ("late", "line", "network", "wanted")

    def __init__(self, line: socket.socket, network: str, late: asyncio.TimerHandle | None = None) -> None:
        self.line, self.network, self.late = line, network, late
        self.wanted = _HEAD

    def end(self) -> None:
        """No deadline runs any more."""
        if self.late is not None:
            self.late.cancel()
            self.late = None


class Listener:
    """The entrance of one origin: give it an open listening socket, then :meth:`open` it in the loop."""

    def __init__(self, listening: socket.socket, context: ssl.SSLContext, limits: Limits, inside: Inside) -> None:
        self._listening, self._context, self._limits, self._inside = listening, context, limits, inside
        self._unheard: Rounds[_Visit] = Rounds()
        self._waiting: Rounds[_Visit] = Rounds()
        self._here: Counter[str] = Counter()
        self._total = 0
        self._shaking: Counter[str] = Counter()
        self._under_way: set[asyncio.Task[None]] = set()
        self._accepts = Allowance(ACCEPTS_S, ACCEPTS_S)
        self._begun = Allowance(limits.handshakes_second, limits.burst)
        self._again: asyncio.TimerHandle | None = None
        self._opened = False

    def open(self, make: Callable[[], asyncio.Protocol]) -> None:
        """Let people in; ``make`` gives a protocol for each. In the event loop that serves them."""
        self._make, self._loop = make, asyncio.get_running_loop()
        self._opened = True
        self._listening.settimeout(0)
        self._loop.add_reader(self._listening, self._come)

    async def close(self) -> None:
        """Let nobody in any more, and turn away who is not in yet."""
        if not self._opened:
            return
        self._opened = False
        self._loop.remove_reader(self._listening)
        self._listening.close()
        if self._again is not None:
            self._again.cancel()
        for network in list(self._here):
            while (one := self._unheard.oldest(network) or self._waiting.oldest(network)) is not None:
                self._turn_away(one, None)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    # Coming

    def _come(self) -> None:
        for _ in range(AT_ONCE):
            wait = self._accepts.wait_s(self._loop.time())
            if wait > 0:
                self._pause(wait)
                return
            try:
                line, address = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                REFUSALS.count(NO_FILES, self._loop.time())
                self._pause(1.0)
                return
            self._accepts.take()
            self._receive(line, network_of(address[0]))

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listening)
        self._loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        if self._opened:
            self._loop.add_reader(self._listening, self._come)

    def _receive(self, line: socket.socket, network: str) -> None:
        if not self._has_place(network):
            REFUSALS.count(FULL, self._loop.time())
            line.close()
            return
        line.settimeout(0)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, _HEAD)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self._limits.stalled_seconds * 1000)
        visit = _Visit(line, network)
        visit.late = self._loop.call_later(self._limits.hello_seconds, self._turn_away, visit, LATE_HELLO)
        self._here[network] += 1
        self._total += 1
        self._unheard.add(network, visit)
        self._loop.add_reader(line, self._hear, visit)

    def _has_place(self, network: str) -> bool:
        """Whether one more of ``network`` may wait; somebody may give way for it."""
        if self._here[network] >= self._limits.waiting_each:
            return self._gives_way(self._unheard.oldest(network))
        if self._total < self._limits.waiting:
            return True
        most, count = self._here.most_common(1)[0]
        if count <= self._here[network] + 1:
            return self._gives_way(self._unheard.oldest(network))
        return self._gives_way(self._unheard.oldest(most) or self._waiting.newest(most))

    def _gives_way(self, one: _Visit | None) -> bool:
        if one is not None:
            self._turn_away(one, FULL)
        return one is not None

    # Saying hello

    def _hear(self, visit: _Visit) -> None:
        """There is as much to read as was wanted, or there will not be any more."""
        try:
            head = visit.line.recv(visit.wanted, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            head = b""
        if len(head) < visit.wanted:  # the kernel wakes us sooner only where nothing more will come
            self._turn_away(visit, None)
        elif visit.wanted > _HEAD:
            self._heard(visit)
        else:
            length = int.from_bytes(head[3:_HEAD], "big")
            if (head[0], head[1]) != (_HANDSHAKE, _MAJOR) or not 0 < length <= _LONGEST:
                self._turn_away(visit, NO_TLS)
                return
            visit.wanted = _HEAD + length
            visit.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, visit.wanted)
            # The loop asks the kernel again by itself: what is there already is heard in its next round.

    def _heard(self, visit: _Visit) -> None:
        """The hello is whole: it waits for its turn."""
        self._loop.remove_reader(visit.line)
        visit.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        visit.end()
        self._unheard.drop(visit.network, visit)
        visit.late = self._loop.call_later(self._limits.patience_seconds, self._turn_away, visit, LATE_TURN)
        self._waiting.add(visit.network, visit)
        if self._again is None:  # else nobody may before that
            self._go_on()

    def _turn_away(self, visit: _Visit, reason: str | None) -> None:
        """Close a connection that is not in yet; ``None``: the client itself has left, or we stop."""
        if reason is not None:
            REFUSALS.count(reason, self._loop.time())
        self._release(visit)
        visit.line.close()

    def _release(self, visit: _Visit) -> None:
        self._loop.remove_reader(visit.line)
        visit.end()
        self._unheard.drop(visit.network, visit)
        self._waiting.drop(visit.network, visit)
        self._total -= 1
        self._here[visit.network] -= 1
        if not self._here[visit.network]:
            del self._here[visit.network]

    # Shaking hands

    def _go_on(self) -> None:
        """Begin as many handshakes as may be begun now, and come again when the next one may."""
        while self._opened and len(self._under_way) < self._limits.handshakes and self._waiting:
            wait = self._begun.wait_s(self._loop.time())
            if wait > 0:
                self._come_again(wait)
                return
            visit = self._waiting.take(self._may) if self._inside.may_come(len(self._under_way)) else None
            if visit is None:
                self._come_again(_RETRY_S)  # for room inside, which nobody announces
                return
            self._release(visit)
            if _has_left(visit.line):
                visit.line.close()
                continue
            self._inside.make_room(visit.network, len(self._under_way), self._shaking[visit.network])
            self._begun.take()
            self._begin(visit)

    def _may(self, network: str) -> bool:
        shaking = self._shaking[network]
        return shaking < self._limits.handshakes_each and self._inside.may_come_from(network, shaking)

    def _come_again(self, seconds: float) -> None:
        if self._again is None:
            self._again = self._loop.call_later(seconds, self._come_now)

    def _come_now(self) -> None:
        self._again = None
        self._go_on()

    def _begin(self, visit: _Visit) -> None:
        self._shaking[visit.network] += 1
        task = self._loop.create_task(self._shake(visit.line))
        self._under_way.add(task)
        task.add_done_callback(lambda done: self._done(done, visit))

    async def _shake(self, line: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self._make,
                line,
                ssl=self._context,
                ssl_handshake_timeout=self._limits.handshake_seconds,
                ssl_shutdown_timeout=_FAREWELL_S,
            )
        except (ssl.SSLError, ConnectionResetError):
            return  # told by ``tls_process``, with OpenSSL's reason
        except ConnectionAbortedError:
            REFUSALS.count(LATE_HANDSHAKE, self._loop.time())
        except OSError:
            line.close()

    def _done(self, task: asyncio.Task[None], visit: _Visit) -> None:
        self._under_way.discard(task)
        self._shaking[visit.network] -= 1
        if not self._shaking[visit.network]:
            del self._shaking[visit.network]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _LOG.error("unexpected %s at the entrance", type(error).__name__)
        self._go_on()


def _has_left(line: socket.socket) -> bool:
    """Whether the client has closed its side: who waited in vain costs no handshake."""
    asked = select.poll()
    asked.register(line, _GONE)
    return bool(asked.poll(0))
