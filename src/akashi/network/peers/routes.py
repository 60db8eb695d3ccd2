"""The routes of the peer plane as a plain ASGI application.

Guarantees: nobody is answered anything but 403 whose key the ledger does not name as an enrolled server's, asked at every request; bodies and answers are
bounded before they are read or made; a peer that is slow is cut off, and holds up nobody else; an error's body is a short code. Refuses unknown routes
(404), other methods (405), other queries (400), too large bodies (413), too many streams of one peer (503). Trusts :class:`PeerSide` for who is enrolled
and for what it answers; nothing that a peer sends is believed here.

======  ================================  ==========================================================
method  path                              body and answer
======  ================================  ==========================================================
POST    /peer/v1/cosignature              own notes, each behind its length, 8 KiB; 204
GET     /peer/v1/checkpoint?after         one note
GET     /peer/v1/leaves?start&end         leaves, each behind its length; 1,000 or 8 MiB
GET     /peer/v1/payloads?after           JSON ``{"ids": […]}``
GET     /peer/v1/payloads/<id>?offset     the copy, in chunks
PUT     /peer/v1/payloads/<id>?offset     the copy, in chunks; the receipt
GET     /peer/v1/status                   JSON
======  ================================  ==========================================================
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl

from akashi.errors import AkashiError, InputError, IntegrityError
from akashi.ledger.wire.note import MAX_NUMBER, decode_decimal
from akashi.network.peers.wire import MAX_LEAF_BYTES, MAX_LEAVES, MAX_NOTES, NOTE_LIMIT, join_parts, split_parts

_LOG = logging.getLogger("akashi.network.peers")
SPKI_SCOPE = "akashi.peer"
"""Under ``extensions`` → ``tls``: the digest of the key that the other side proved to hold. Only our protocol writes it."""
_PAYLOAD = re.compile(r"/peer/v1/payloads/([0-9a-zA-Z_-]{1,128})", re.ASCII)
_IDS = re.compile(r"[0-9a-zA-Z_-]{0,128}", re.ASCII)

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
_T = TypeVar("_T")


class PeerSide(Protocol):
    """What a server offers to its peers. Called from several threads; errors of ours are answered with their status and code.

    ``caller`` and ``take_cosignature`` are called in the event loop: they work in memory; all others may take their time. ``server`` is the handle that ``caller`` gave.
    """

    def caller(self, spki_digest: bytes) -> str | None:
        """The handle of the enrolled, not retired server whose key has this digest."""
        ...

    def take_cosignature(self, server: str, note: bytes) -> None:
        """A note of that server's own."""
        ...

    def checkpoint(self, after: int) -> bytes | None:
        """The newest quorum note if it is of more than ``after`` leaves, else what is signed for the newest head."""
        ...

    def leaves(self, start: int, end: int) -> Iterator[bytes]:
        """The leaves [start, end) as far as they are there."""
        ...

    def payload_ids(self, after: str) -> list[str]:
        """Some ids of payloads held here, in order, behind ``after``; a thousand at most."""
        ...

    def payload(self, server: str, payload: str, offset: int) -> Iterator[bytes]:
        """The bytes of a payload's copy from ``offset``. Raises ``NotFound``, also for what was ordered to be erased."""
        ...

    def take_payload(self, server: str, payload: str, offset: int, body: Iterator[bytes]) -> bytes:
        """Keep a payload's copy; gives what the peer gets: the signed storage receipt. ``body`` raises ``BodyBroken`` where it ends early."""
        ...

    def status(self) -> Mapping[str, Any]:
        """What a peer may see of how this server is: JSON values."""
        ...


class BodyBroken(Exception):
    """The peer went away, or was too slow or too long, in the middle of a body; the code says which. Never leaves this part."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a peer may take. Trusted: whoever can raise these can let a peer hold the server up."""

    body_seconds: float = 10.0
    """For a whole small body, and for each part of a long one."""
    send_seconds: float = 30.0
    payload_bytes: int = 2 * 1024 * 1024 * 1024
    streams: int = 4
    """Long requests (leaves, payloads) of one peer at a time."""


class _Answer(Exception):
    """Ends a request with a status and a short code."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class PeerRoutes:
    """The application. ``close`` ends its threads."""

    def __init__(self, side: PeerSide, bounds: Bounds | None = None) -> None:
        self._side, self._bounds = side, bounds or Bounds()
        # Apart, so that copies under way never make a cosignature wait.
        self._quick = ThreadPoolExecutor(4, thread_name_prefix="akashi-peer-quick")
        self._long = ThreadPoolExecutor(16, thread_name_prefix="akashi-peer-long")
        self._streams: Counter[str] = Counter()

    def close(self) -> None:
        """Let what runs finish, begin nothing more."""
        for pool in (self._quick, self._long):
            pool.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        talk = _Talk(receive, send, self._bounds)
        try:
            await self._route(scope, talk)
        except _Answer as answer:
            await talk.refuse(answer.status, answer.reason)
        except BodyBroken as error:
            await talk.refuse(413 if error.args == ("length",) else 408, "body")
        except AkashiError as error:
            await talk.refuse(error.http_status, error.code)
        except Exception as error:  # noqa: BLE001 - whatever it was, the peer gets a code and the log a type
            _LOG.error("peer plane: %s", type(error).__name__)
            await talk.refuse(500, "failed")

    async def _route(self, scope: Scope, talk: _Talk) -> None:
        digest = scope.get("extensions", {}).get("tls", {}).get(SPKI_SCOPE)
        server = self._side.caller(digest) if isinstance(digest, bytes) else None
        if server is None:
            raise _Answer(403, "unknown")
        method, path, query = scope["method"], scope["path"], _query(scope)
        match = _PAYLOAD.fullmatch(path)
        if path == "/peer/v1/cosignature":
            _allow(method, "POST")
            await self._cosignature(server, talk)
        elif path == "/peer/v1/checkpoint":
            _allow(method, "GET")
            note = await self._run(self._quick, self._side.checkpoint, _number(query, "after", 0))
            await talk.answer(note) if note is not None else await talk.refuse(404, "none")
        elif path == "/peer/v1/status":
            _allow(method, "GET")
            await talk.answer(json.dumps(dict(await self._run(self._quick, self._side.status))).encode())
        elif path == "/peer/v1/payloads":
            _allow(method, "GET")
            await self._ids(query, talk)
        elif path == "/peer/v1/leaves":
            _allow(method, "GET")
            with self._stream(server):
                await self._leaves(query, talk)
        elif match is not None:
            _allow(method, "GET", "PUT")
            with self._stream(server):
                await self._payload(method, server, match[1], _number(query, "offset", 0), talk)
        else:
            raise _Answer(404, "route")

    async def _cosignature(self, server: str, talk: _Talk) -> None:
        notes = split_parts(await talk.body(NOTE_LIMIT))
        if not notes or len(notes) > MAX_NOTES:
            raise _Answer(400, "body")
        self._take_all(server, notes)  # here: a thread would cost more than the two signatures
        await talk.answer(b"", 204)

    def _take_all(self, server: str, notes: list[bytes]) -> None:
        """Each is taken; of what was refused the last is answered."""
        refused: AkashiError | None = None
        for note in notes:
            try:
                self._side.take_cosignature(server, note)
            except AkashiError as error:
                refused = error
        if refused is not None:
            wrong = isinstance(refused, InputError | IntegrityError)  # theirs, not ours
            raise _Answer(400 if wrong else refused.http_status, refused.code)

    async def _ids(self, query: Mapping[str, str], talk: _Talk) -> None:
        after = query.get("after", "")
        if not _IDS.fullmatch(after):
            raise _Answer(400, "query")
        found = await self._run(self._quick, self._side.payload_ids, after)
        await talk.answer(json.dumps({"ids": found}).encode())

    async def _leaves(self, query: Mapping[str, str], talk: _Talk) -> None:
        start, end = _number(query, "start"), _number(query, "end")
        if not start <= end:
            raise _Answer(400, "query")
        end = min(end, start + MAX_LEAVES)
        await talk.answer(await self._run(self._long, lambda: _bounded(self._side.leaves(start, end))))

    async def _payload(self, method: str, server: str, payload: str, offset: int, talk: _Talk) -> None:
        if method == "PUT":
            body = talk.blocking_body(asyncio.get_running_loop(), self._bounds.payload_bytes)
            await talk.answer(await self._run(self._long, self._side.take_payload, server, payload, offset, body))
            return
        chunks = await self._run(self._long, lambda: iter(self._side.payload(server, payload, offset)))
        chunk = await self._run(self._long, next, chunks, None)  # what is not there is answered 404, before any 200
        await talk.begin(200)
        while chunk is not None:
            await talk.part(chunk)
            chunk = await self._run(self._long, next, chunks, None)
        await talk.part(b"", last=True)

    def _stream(self, server: str) -> _Slot:
        return _Slot(self._streams, server, self._bounds.streams)

    @staticmethod
    async def _run(pool: Executor, call: Callable[..., _T], *arguments: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(pool, partial(call, *arguments))


class _Slot:
    """One of a peer's long requests, counted while it lasts; in the event loop only."""

    def __init__(self, counts: Counter[str], server: str, limit: int) -> None:
        self._counts, self._server, self._limit = counts, server, limit

    def __enter__(self) -> None:
        if self._counts[self._server] >= self._limit:
            raise _Answer(503, "busy")
        self._counts[self._server] += 1

    def __exit__(self, *_: object) -> None:
        self._counts[self._server] -= 1


class _Talk:
    """One request's bytes in and out, each within its time."""

    def __init__(self, receive: Receive, send: Send, bounds: Bounds) -> None:
        self._receive, self._send, self._bounds = receive, send, bounds
        self._begun = False
        self._whole = False

    async def body(self, limit: int) -> bytes:
        """A whole small body."""
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(self._bounds.body_seconds):
                while (part := await self._next(limit)) is not None:
                    parts.append(part)
                    limit -= len(part)
        except TimeoutError:
            raise BodyBroken("slow") from None
        return b"".join(parts)

    async def _next(self, limit: int) -> bytes | None:
        if self._whole:
            return None
        message = await self._receive()
        if message["type"] != "http.request":
            raise BodyBroken("gone")
        self._whole = not message.get("more_body", False)
        part: bytes = message.get("body", b"")
        if len(part) > limit:
            raise BodyBroken("length")
        return part

    def blocking_body(self, loop: asyncio.AbstractEventLoop, limit: int) -> Iterator[bytes]:
        """A long body for a thread, part by part; the peer is held back while the thread works."""
        while True:
            wanted = asyncio.wait_for(self._next(limit), self._bounds.body_seconds)
            try:
                part = asyncio.run_coroutine_threadsafe(wanted, loop).result()
            except TimeoutError:
                raise BodyBroken("slow") from None
            if part is None:
                return
            limit -= len(part)
            if part:
                yield part

    async def answer(self, body: bytes, status: int = 200) -> None:
        """A whole answer."""
        await self.begin(status, len(body))
        await self.part(body, last=True)

    async def begin(self, status: int, length: int | None = None, *, last_request: bool = False) -> None:
        """The answer's head."""
        headers = [] if length is None else [(b"content-length", b"%d" % length)]
        headers.append((b"content-type", b"application/octet-stream"))
        if last_request:
            headers.append((b"connection", b"close"))
        self._begun = True
        await self._out({"type": "http.response.start", "status": status, "headers": headers})

    async def part(self, data: bytes, *, last: bool = False) -> None:
        """Some of the answer's body."""
        await self._out({"type": "http.response.body", "body": data, "more_body": not last})

    async def refuse(self, status: int, reason: str) -> None:
        """A short code, and the connection's end: what the peer still sends is not read. After an answer's beginning only the latter."""
        if self._begun:
            return  # uvicorn drops a connection whose answer is not finished, so the peer sees that it is not whole
        body = reason.encode("ascii")
        await self.begin(status, len(body), last_request=True)
        await self.part(body, last=True)

    async def _out(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._bounds.send_seconds):
                await self._send(message)
        except TimeoutError:
            raise BodyBroken("reader") from None


def _bounded(leaves: Iterable[bytes]) -> bytes:
    """As many as fit."""
    taken: list[bytes] = []
    size = 0
    for leaf in leaves:
        size += len(leaf)
        if size > MAX_LEAF_BYTES or len(taken) == MAX_LEAVES:
            break
        taken.append(leaf)
    return join_parts(taken)


def _allow(method: str, *methods: str) -> None:
    if method not in methods:
        raise _Answer(405, "method")


def _query(scope: Scope) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            scope["query_string"].decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=4
        )
    except ValueError:
        if scope["query_string"]:
            raise _Answer(400, "query") from None
        pairs = []
    if len(dict(pairs)) < len(pairs):
        raise _Answer(400, "query")
    return dict(pairs)


def _number(query: Mapping[str, str], name: str, default: int | None = None) -> int:
    if name not in query and default is not None:
        return default
    value = decode_decimal(query.get(name, ""))
    if value is None or value > MAX_NUMBER:
        raise _Answer(400, "query")
    return value
