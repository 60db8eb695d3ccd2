"""The routes alone: bounds, refusals, and that an error is a short code."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.errors import Conflict, NotFound
from akashi.network.peers.lines import own_note
from akashi.network.peers.routes import SPKI_SCOPE, Bounds, PeerRoutes
from akashi.network.peers.wire import MAX_LEAF_BYTES, MAX_NOTES, REASON, join_parts, split_parts
from tests.network.peers.servers import BLOCK_MS, ORIGIN, Server, Side, Signers, root_of

KNOWN = b"k" * 32
OTHER = b"o" * 32


@dataclass
class Answer:
    """What a request got."""

    status: int
    body: bytes
    whole: bool
    closes: bool


def side() -> Side:
    """A server with two peers."""
    notes = Server(1, [Signers(number) for number in range(1, 5)]).notes
    return Side(notes, {KNOWN: ("srv-0002", 2), OTHER: ("srv-0003", 3)})


class Talk:
    """One request as uvicorn would hand it on."""

    def __init__(self, parts: Sequence[bytes] = (), *, ends: bool = True) -> None:
        self.parts = list(parts)
        self.ends = ends
        self.sent: list[dict[str, Any]] = []
        self.read = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        """The next part; a body that does not end makes one wait for ever."""
        self.read.set()
        if len(self.parts) > 1 or (self.parts and not self.ends):
            return {"type": "http.request", "body": self.parts.pop(0), "more_body": True}
        if not self.ends:
            await asyncio.Event().wait()
        last = self.parts.pop(0) if self.parts else b""
        return {"type": "http.request", "body": last, "more_body": False}

    async def send(self, message: dict[str, Any]) -> None:
        """Kept."""
        self.sent.append(message)

    @property
    def answer(self) -> Answer:
        """What was sent."""
        head, *body = self.sent
        closes = (b"connection", b"close") in head["headers"]
        return Answer(head["status"], b"".join(one["body"] for one in body), not body[-1]["more_body"], closes)


def scope(method: str, target: str, spki: bytes | None = KNOWN) -> dict[str, Any]:
    """A request's scope."""
    path, _, query = target.partition("?")
    extensions = {"tls": {SPKI_SCOPE: spki}}
    return {"type": "http", "method": method, "path": path, "query_string": query.encode(), "extensions": extensions}


def ask(
    to: Side,
    method: str,
    target: str,
    *parts: bytes,
    spki: bytes | None = KNOWN,
    bounds: Bounds | None = None,
    ends: bool = True,
) -> Answer:
    """One request, answered."""
    routes = PeerRoutes(to, bounds)
    talk = Talk(parts, ends=ends)
    try:
        asyncio.run(routes(scope(method, target, spki), talk.receive, talk.send))
    finally:
        routes.close()
    return talk.answer


def note_of(number: int, size: int) -> bytes:
    """A server's own note."""
    signers = Signers(number)
    return own_note(ORIGIN, size, root_of(size), BLOCK_MS // 1000, signers.log, signers.cosigner)


EVERY = [
    ("POST", "/peer/v1/cosignature"),
    ("GET", "/peer/v1/checkpoint"),
    ("GET", "/peer/v1/leaves?start=0&end=2"),
    ("GET", "/peer/v1/payloads"),
    ("GET", "/peer/v1/payloads/a"),
    ("PUT", "/peer/v1/payloads/a"),
    ("GET", "/peer/v1/status"),
    ("GET", "/"),
]


@pytest.mark.parametrize(("method", "target"), EVERY)
@pytest.mark.parametrize("spki", [None, b"s" * 32, b""])
def test_who_is_not_enrolled_gets_403(method: str, target: str, spki: bytes | None) -> None:
    """On every route, known or not, a key that the ledger does not name gets one answer, and its body is not read."""
    asked = side()
    answer = ask(asked, method, target, b"x" * 100_000, spki=spki, ends=False)

    assert (answer.status, answer.body, answer.closes) == (403, b"unknown", True)
    assert asked.held == {}


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/peer/v1/", 404),
        ("GET", "/peer/v1/payloads/a/b", 404),
        ("GET", "/peer/v1/payloads/../status", 404),
        ("GET", "/peer/v1/payloads/%61", 404),
        ("PUT", "/peer/v1/payloads/" + "a" * 129, 404),
        ("POST", "/peer/v2/cosignature", 404),
        ("GET", "/peer/v1/cosignature", 405),
        ("POST", "/peer/v1/status", 405),
        ("DELETE", "/peer/v1/payloads/a", 405),
        ("GET", "/peer/v1/leaves", 400),
        ("GET", "/peer/v1/leaves?start=0", 400),
        ("GET", "/peer/v1/leaves?start=2&end=1", 400),
        ("GET", "/peer/v1/leaves?start=-1&end=1", 400),
        ("GET", "/peer/v1/leaves?start=01&end=2", 400),
        ("GET", "/peer/v1/leaves?start=0&start=1&end=2", 400),
        ("GET", "/peer/v1/leaves?start=0&end=9223372036854775808", 400),
        ("GET", "/peer/v1/checkpoint?after=x", 400),
        ("GET", "/peer/v1/checkpoint?after", 400),
        ("GET", "/peer/v1/payloads?after=a/b", 400),
        ("GET", "/peer/v1/payloads/a?offset=1.5", 400),
        ("GET", "/peer/v1/payloads/missing", 404),
        ("GET", "/peer/v1/checkpoint", 404),
        ("POST", "/peer/v1/cosignature", 400),
    ],
)
def test_what_is_no_request_of_ours_is_refused(method: str, target: str, status: int) -> None:
    """Other routes, methods and queries get a status and a short code, and the connection ends."""
    answer = ask(side(), method, target)

    assert (answer.status, answer.whole, answer.closes) == (status, True, True)
    assert REASON.fullmatch(answer.body.decode())


@given(path=st.text(max_size=40), query=st.binary(max_size=30), method=st.sampled_from(["GET", "PUT", "POST", "HEAD"]))
@settings(max_examples=60)
def test_any_request_gets_a_whole_answer(path: str, query: bytes, method: str) -> None:
    """Whatever is asked: an answer, never an exception, and never 500."""
    routes = PeerRoutes(side())
    talk = Talk()
    asked = {**scope(method, ""), "path": f"/peer/v1/{path}", "query_string": query}
    asyncio.run(routes(asked, talk.receive, talk.send))
    routes.close()

    assert talk.answer.status < 500
    assert talk.answer.whole


# -- cosignatures -----------------------------------------------------------------------------------------------------


def test_own_notes_are_taken() -> None:
    """Several notes in one body, each from the server that calls."""
    asked = side()
    answer = ask(asked, "POST", "/peer/v1/cosignature", join_parts([note_of(2, size) for size in (3, 4)]))

    assert (answer.status, answer.body) == (204, b"")
    assert asked.notes.positions()[2].size == 4


def test_a_bad_note_does_not_spoil_the_others() -> None:
    """Of several notes the good ones count; the answer names the failure."""
    asked = side()
    answer = ask(asked, "POST", "/peer/v1/cosignature", join_parts([b"damaged", note_of(2, 4)]))

    assert (answer.status, answer.body) == (400, b"ledger.encoding")
    assert asked.notes.positions()[2].size == 4


@pytest.mark.parametrize("body", [b"\x00", b"\x00\x00\x00\x09short", b"\xff" * 8, join_parts([b"n"] * (MAX_NOTES + 1))])
def test_a_body_of_another_form_is_refused(body: bytes) -> None:
    """Cut parts, and more notes than may be under way, are no body."""
    assert ask(side(), "POST", "/peer/v1/cosignature", body).status == 400


def test_a_body_too_large_is_refused_while_it_comes() -> None:
    """Beyond 8 KiB the answer is 413, before the rest was read."""
    answer = ask(side(), "POST", "/peer/v1/cosignature", *[b"x" * 4096] * 3, ends=False)

    assert (answer.status, answer.body, answer.closes) == (413, b"body", True)


def test_a_body_that_does_not_end_is_given_up() -> None:
    """A peer that sends too slowly gets 408 and loses its connection."""
    answer = ask(side(), "POST", "/peer/v1/cosignature", b"x", ends=False, bounds=Bounds(body_seconds=0.05))

    assert (answer.status, answer.closes) == (408, True)


# -- leaves -----------------------------------------------------------------------------------------------------------


def test_leaves_come_in_bounded_answers() -> None:
    """At most 1,000, and none beyond the last."""
    asked = side()
    counts = []
    for start, end in ((0, 10), (0, 4_000), (4_998, 6_000), (9_000, 9_001), (5, 5)):
        leaves = split_parts(ask(asked, "GET", f"/peer/v1/leaves?start={start}&end={end}").body)
        assert leaves is not None
        counts.append(len(leaves))

    assert counts == [10, 1000, 2, 0, 0]


def test_large_leaves_fill_an_answer_sooner() -> None:
    """An answer holds at most 8 MiB of leaves."""
    asked = side()
    asked.leaf = b"x" * 65_000
    leaves = split_parts(ask(asked, "GET", "/peer/v1/leaves?start=0&end=1000").body)

    assert leaves is not None
    assert len(leaves) == MAX_LEAF_BYTES // 65_000


# -- payloads ---------------------------------------------------------------------------------------------------------


def test_a_copy_goes_both_ways() -> None:
    """What was put can be got, from any offset; a copy that broke off goes on where it stopped."""
    asked = side()
    data = bytes(range(256)) * 1_000
    first = ask(asked, "PUT", "/peer/v1/payloads/p1", data[:100], data[100:150_000])
    rest = ask(asked, "PUT", "/peer/v1/payloads/p1?offset=150000", data[150_000:])
    got = [ask(asked, "GET", f"/peer/v1/payloads/p1?offset={at}").body for at in (0, 7, 255_999, 256_000)]

    assert (first.body, rest.body) == (sha256(data[:150_000]).digest(), sha256(data).digest())
    assert got == [data, data[7:], data[255_999:], b""]
    assert json.loads(ask(asked, "GET", "/peer/v1/payloads").body) == {"ids": ["p1"]}


def test_a_copy_too_large_is_refused_while_it_comes() -> None:
    """Beyond the bound nothing is kept, and the peer gets 413."""
    asked = side()
    answer = ask(
        asked, "PUT", "/peer/v1/payloads/p1", *[b"x" * 600] * 3, ends=False, bounds=Bounds(payload_bytes=1_000)
    )

    assert (answer.status, asked.held) == (413, {})


def test_a_copy_that_stops_coming_is_given_up() -> None:
    """A peer that goes silent in the middle of a copy gets 408; nothing counts as kept."""
    asked = side()
    answer = ask(asked, "PUT", "/peer/v1/payloads/p1", b"x", ends=False, bounds=Bounds(body_seconds=0.05))

    assert (answer.status, asked.held) == (408, {})


def test_an_answer_that_breaks_off_is_seen_to() -> None:
    """Where reading a copy fails in the middle the answer is not ended as if it were whole."""

    class Breaking(Side):
        def payload(self, server: str, payload: str, offset: int) -> Iterator[bytes]:
            yield b"begin"
            raise NotFound

    whole = side()
    answer = ask(Breaking(whole.notes, whole.enrolled), "GET", "/peer/v1/payloads/p1")

    assert (answer.status, answer.body, answer.whole) == (200, b"begin", False)


@pytest.mark.parametrize(
    ("error", "status", "code"), [(Conflict(), 409, b"akashi.conflict"), (RuntimeError("secret"), 500, b"failed")]
)
def test_errors_are_codes(error: Exception, status: int, code: bytes) -> None:
    """What goes wrong inside is answered by its code; of what nobody expected the peer learns nothing."""

    class Failing(Side):
        def take_payload(self, server: str, payload: str, offset: int, body: Iterator[bytes]) -> bytes:
            raise error

    whole = side()
    answer = ask(Failing(whole.notes, whole.enrolled), "PUT", "/peer/v1/payloads/p1", b"x")

    assert (answer.status, answer.body) == (status, code)


def test_one_peer_cannot_take_all_streams() -> None:
    """Of long requests each peer has a few at a time; the next gets 503, another peer's is served."""

    async def scene() -> tuple[int, int, int]:
        routes = PeerRoutes(side(), Bounds(streams=2, body_seconds=600))
        open_ = [Talk([b"x"], ends=False) for _ in range(2)]
        tasks = [
            asyncio.create_task(routes(scope("PUT", f"/peer/v1/payloads/p{at}"), talk.receive, talk.send))
            for at, talk in enumerate(open_)
        ]
        await asyncio.gather(*(talk.read.wait() for talk in open_))  # once a place is taken
        third, other, quick = Talk(), Talk(), Talk()
        await routes(scope("GET", "/peer/v1/leaves?start=0&end=1"), third.receive, third.send)
        await routes(scope("GET", "/peer/v1/leaves?start=0&end=1", OTHER), other.receive, other.send)
        await routes(scope("GET", "/peer/v1/status"), quick.receive, quick.send)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        routes.close()
        return third.answer.status, other.answer.status, quick.answer.status

    assert asyncio.run(scene()) == (503, 200, 200)


# -- bytes on the wire ------------------------------------------------------------------------------------------------


@given(parts=st.lists(st.binary(max_size=20), max_size=8))
def test_parts_come_back(parts: list[bytes]) -> None:
    """What was joined is split into the same parts."""
    assert split_parts(join_parts(parts)) == parts


@given(body=st.binary(max_size=40))
def test_only_joined_parts_are_split(body: bytes) -> None:
    """Any other bytes are refused: what is split joins to the same body."""
    parts = split_parts(body)
    assert parts is None or join_parts(parts) == body
