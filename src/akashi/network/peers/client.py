"""Asking another server: one request at a time per connection, connections kept, answers bounded.

Guarantees: before the first byte of a request leaves, whoever answered the handshake has proven to hold the key that the ledger names for this server; an
answer is whole and within its route's bounds, in bytes and in time (``peers.timed``), or an error; what failed for want of a connection is tried again with back-off. Refuses redirects,
proxies and other HTTP versions' tricks by not knowing them. Trusts the answer's *sender*, not the answer: digests, proofs and signatures in it are the caller's
to check. Every request may be repeated without harm. Thread-safe: threads use connections of their own.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from typing import Any

from akashi.network.peers.certificates import spki_digest
from akashi.network.peers.errors import (
    PeerAnswerInvalid,
    PeerAway,
    PeerCertificateUnsuitable,
    PeerMistaken,
    PeerRefused,
)
from akashi.network.peers.timed import TimedSocket
from akashi.network.peers.wire import (
    CHUNK,
    JSON_LIMIT,
    LEAVES_LIMIT,
    MAX_LEAVES,
    NOTE_LIMIT,
    REASON,
    RECEIPT_LIMIT,
    join_parts,
    split_parts,
)

_FAULTS = (OSError, http.client.HTTPException)
"""What a broken or missing connection raises; ``ssl.SSLError`` is an ``OSError``."""
_IDLE_CONNECTIONS = 4
MAX_COPY = 2 * 1024 * 1024 * 1024
"""Bytes of a payload's copy at most, as ``routes.Bounds`` has it."""

Context = Callable[[], ssl.SSLContext]
Body = bytes | Callable[[], Iterator[bytes]]
"""Bytes, or what begins the same stream anew for each attempt."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request may take (seconds) and how often it is tried. Between attempts the pause doubles from ``pause``.

    ``connect``: for TCP, and for TLS; ``answer`` and ``stream``: for all of the rest together, to which each ``timed.RATE`` bytes that move add a second.
    """

    connect: float = 2.0
    answer: float = 10.0
    stream: float = 30.0
    attempts: int = 3
    pause: float = 0.05


@dataclass(frozen=True, slots=True)
class PeerAddress:
    """Where a server is reached, and which key must answer there: ``spki`` is the digest that the ledger names."""

    server: str
    host: str
    port: int
    spki: bytes


class _PinnedConnection(http.client.HTTPSConnection):
    """A connection over which nothing is sent before the other side's key was compared."""

    def __init__(self, address: PeerAddress, context: ssl.SSLContext, patience: Patience) -> None:
        super().__init__(address.host, address.port, timeout=patience.connect, context=context)
        self._address = address
        self._allowed = (patience.answer, 0)
        self._gathered: list[bytes] | None = None
        self.fresh = True

    def allow(self, seconds: float, most: int) -> None:
        """What the exchange that begins here may take, also on the connection that it opens."""
        self._allowed = (seconds, most)
        if isinstance(self.sock, TimedSocket):
            self.sock.allow(seconds, most)

    def send_whole(self, method: str, path: str, body: bytes) -> None:
        """A request with a small body in one record: two would wake the other side twice."""
        self._gathered = []
        try:
            self.request(method, path, body=body or None)
            whole = b"".join(self._gathered)
        finally:
            self._gathered = None
        self.send(whole)

    def send(self, data: Any) -> None:
        """As http.client calls it: head, then body."""
        if self._gathered is None:
            super().send(data)
        else:
            self._gathered.append(data)

    def connect(self) -> None:
        """TCP, TLS, then the key. Raises ``PeerMistaken``."""
        super().connect()
        try:
            digest = spki_digest(self.sock.getpeercert(binary_form=True) or b"")
        except PeerCertificateUnsuitable:
            digest = b""
        if digest != self._address.spki:
            self.close()
            raise PeerMistaken(server=self._address.server)
        self.sock = TimedSocket(self.sock)
        self.sock.allow(*self._allowed)


class Peer:
    """One other server. ``context`` is asked at every new connection, so that it follows the certificates of the day."""

    def __init__(
        self,
        address: PeerAddress,
        context: Context,
        patience: Patience | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.address = address
        self._context, self._sleep = context, sleep
        self._patience = patience or Patience()
        self._lock = threading.Lock()
        self._idle: list[_PinnedConnection] = []
        self._closed = False

    def close(self) -> None:
        """Close the connections that wait; those in use, and later ones, close when they are done."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    # -- routes -------------------------------------------------------------------------------------------------------

    def send_cosignatures(self, notes: Sequence[bytes]) -> None:
        """Our own notes, oldest first. Raises ``PeerAway``, ``PeerMistaken`` or ``PeerRefused``; one attempt: the caller has newer ones soon."""
        self._whole("POST", "/peer/v1/cosignature", join_parts(notes), limit=0, attempts=1)

    def checkpoint(self, after: int = 0) -> bytes:
        """The peer's newest quorum note if it is of more than ``after`` leaves, else what it knows of its newest head. Not verified."""
        return self._whole("GET", f"/peer/v1/checkpoint?after={after}", b"", limit=NOTE_LIMIT)

    def leaves(self, start: int, end: int) -> list[bytes]:
        """Leaves from ``start``, fewer than up to ``end`` where they are too many for one answer (1,000, 8 MiB). Not verified."""
        end = min(end, start + MAX_LEAVES)
        answer = self._whole("GET", f"/peer/v1/leaves?start={start}&end={end}", b"", limit=LEAVES_LIMIT)
        leaves = split_parts(answer)
        if leaves is None or len(leaves) > end - start:
            raise PeerAnswerInvalid(server=self.address.server)
        return leaves

    def status(self) -> dict[str, Any]:
        """What the peer says of itself: for a page, never for a decision."""
        return self._json("/peer/v1/status")

    def payload_ids(self, after: str = "") -> list[str]:
        """Ids of payloads that the peer holds, in order, beginning behind ``after``; empty at the end."""
        ids = self._json(f"/peer/v1/payloads?after={after}").get("ids")
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise PeerAnswerInvalid(server=self.address.server)
        return ids

    def payload(self, payload: str, offset: int = 0) -> Iterator[bytes]:
        """The bytes of a payload's copy from ``offset``, in chunks; ends with ``PeerAway`` if the connection does not last. Not verified."""
        path, seconds = f"/peer/v1/payloads/{payload}?offset={offset}", self._patience.stream
        connection, response = self._begin("GET", path, b"", (seconds, MAX_COPY))
        with closing(connection), closing(response):
            while chunk := self._chunk(response):
                yield chunk

    def put_payload(self, payload: str, body: Callable[[], Iterator[bytes]], offset: int = 0) -> bytes:
        """Send a payload's copy from ``offset``; gives the peer's answer (a storage receipt). ``body`` is begun anew at each attempt."""
        return self._whole("PUT", f"/peer/v1/payloads/{payload}?offset={offset}", body, limit=RECEIPT_LIMIT)

    # -- HTTP ---------------------------------------------------------------------------------------------------------

    def _json(self, path: str) -> dict[str, Any]:
        try:
            value = json.loads(self._whole("GET", path, b"", limit=JSON_LIMIT))
        except (ValueError, RecursionError) as error:
            raise PeerAnswerInvalid(server=self.address.server) from error
        if not isinstance(value, dict):
            raise PeerAnswerInvalid(server=self.address.server)
        return value

    def _whole(self, method: str, path: str, body: Body, *, limit: int, attempts: int | None = None) -> bytes:
        """One answer, whole, of at most ``limit`` bytes; over as many attempts as patience has."""
        left = attempts or self._patience.attempts
        pause = self._patience.pause
        while True:
            left -= 1
            try:
                return self._once(method, path, body, limit)
            except PeerAway:
                if left <= 0:
                    raise
            self._sleep(pause)
            pause *= 2

    def _once(self, method: str, path: str, body: Body, limit: int) -> bytes:
        seconds = self._patience.answer if isinstance(body, bytes) else self._patience.stream
        connection, response = self._begin(method, path, body, (seconds, limit))
        with ExitStack() as ending:
            ending.callback(_end, connection, response)
            try:
                answer = response.read(limit + 1)
            except _FAULTS as error:
                raise PeerAway(server=self.address.server) from error
            if len(answer) > limit:
                raise PeerAnswerInvalid(server=self.address.server)
            if response.length:  # cut: http.client says nothing
                raise PeerAway(server=self.address.server)
            ending.pop_all()
        self._return(connection, response)
        return answer

    def _begin(
        self, method: str, path: str, body: Body, allowed: tuple[float, int]
    ) -> tuple[_PinnedConnection, http.client.HTTPResponse]:
        """A request sent and its answer's head read. A kept connection that turns out to be closed is replaced once, without delay.

        ``allowed``: the seconds for all of it, what is read of the answer afterwards included, and the most bytes that the answer may have.
        """
        connection = self._take()
        try:
            response = self._request(connection, method, path, body, allowed)
        except PeerAway:
            if connection.fresh:
                raise
            connection = self._open()
            response = self._request(connection, method, path, body, allowed)
        if response.length is None and not response.chunked:  # its end could not be told from a cut
            _end(connection, response)
            raise PeerAway(server=self.address.server)
        if response.status >= http.client.BAD_REQUEST:
            self._refused(connection, response)
        return connection, response

    def _request(
        self, connection: _PinnedConnection, method: str, path: str, body: Body, allowed: tuple[float, int]
    ) -> http.client.HTTPResponse:
        streamed = not isinstance(body, bytes)
        try:
            connection.allow(*allowed)
            if isinstance(body, bytes):
                connection.send_whole(method, path, body)
            else:
                connection.request(method, path, body=body())
                connection.allow(*allowed)  # what was sent earned time for sending only
            return connection.getresponse()
        except _FAULTS as error:
            response = self._early_answer(connection) if streamed else None
            if response is not None:
                return response
            connection.close()
            raise PeerAway(server=self.address.server) from error
        except BaseException:
            connection.close()
            raise

    @staticmethod
    def _early_answer(connection: _PinnedConnection) -> http.client.HTTPResponse | None:
        """A refusal that came while we were still sending."""
        if connection.sock is None:
            return None
        response = http.client.HTTPResponse(connection.sock)
        try:
            response.begin()
        except _FAULTS:
            response.close()
            return None
        if response.status < http.client.BAD_REQUEST:
            response.close()
            return None
        return response

    def _refused(self, connection: _PinnedConnection, response: http.client.HTTPResponse) -> None:
        reason = b""
        with suppress(*_FAULTS):
            reason = response.read(65)
        _end(connection, response)
        if response.status in {408, 429, 500, 503}:
            raise PeerAway(server=self.address.server)
        text = reason.decode("ascii", "replace")
        shown = text if REASON.fullmatch(text) else "other"
        raise PeerRefused(server=self.address.server, status=response.status, reason=shown)

    def _chunk(self, response: http.client.HTTPResponse) -> bytes:
        try:
            chunk = response.read(CHUNK)
        except _FAULTS as error:
            raise PeerAway(server=self.address.server) from error
        if not chunk and response.length:
            raise PeerAway(server=self.address.server)
        return chunk

    def _take(self) -> _PinnedConnection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._open()

    def _open(self) -> _PinnedConnection:
        return _PinnedConnection(self.address, self._context(), self._patience)

    def _return(self, connection: _PinnedConnection, response: http.client.HTTPResponse) -> None:
        connection.fresh = False
        with self._lock:
            if not response.will_close and not self._closed and len(self._idle) < _IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        _end(connection, response)


def _end(connection: _PinnedConnection, response: http.client.HTTPResponse) -> None:
    """Close both: a response holds the socket of a connection that its head ended."""
    response.close()
    connection.close()
