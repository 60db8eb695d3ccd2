"""Vectors of the sealed payload: what opens, and one fault each for everything that must not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

from akashi.ledger.wire import cbor
from akashi.vault.model import CHUNK_SIZE, content_commitment
from akashi.vault.sealing.body import derive
from akashi.vault.sealing.wraps import Wrap
from tests.vectors.build_sealed import (
    DATA_KEY,
    GOOD,
    HYBRID,
    LISTED,
    MEDIA,
    NAME,
    OTHERS,
    PARTS,
    RAW,
    ROWS,
    SALT,
    Large,
    Piece,
    Sealed,
    Stream,
    Who,
    ascending,
    block,
    cipher_for,
    compressed,
    container,
    frame,
    header,
    header_items,
    inner,
    joined,
    plain,
    result_of,
    small,
)
from tests.vectors.cases_sealed_content import CONTENT
from tests.vectors.world import LEDGER_ID, PAYLOAD, seed

OTHER_LEDGER, OTHER_PAYLOAD = seed("another ledger")[:16], seed("another payload")[:16]


def _opens(
    name: str, comment: str, who: Who, parts: Sequence[tuple[str, bytes]], stream: bytes = b"", media: str = MEDIA
) -> Sealed:
    body = small(stream or frame(plain(parts, media)), who.suite)
    return Sealed(name, comment, container([who.wrap()], body), None, who, result_of(parts, [who.wrap()], body, media))


def accepted_vectors() -> Iterator[Sealed]:
    """Whatever the page allows, under both suites."""
    sixteen = [(f"{number:02}", b"x" * number) for number in range(16)]
    names = [
        ("証.csv", b"1"),
        (" a  b", b"2"),
        ("a..b", b"3"),
        ("\u00e9" * 127 + "a", b"4"),
        ("\u845b\U000e0100", b"5"),
    ]
    names += [("COM", b"6"), ("nul1.csv", b"7"), ("com10", b"8"), ("\u0378\ufffd", b"9"), ("n\u0131l\u3000", b"")]
    media = "text/csv; charset=utf-8; header=present; a=b; c=d"
    for who, word in ((HYBRID, "hybrid"), (LISTED, "listed")):
        body = small(GOOD, who.suite)
        yield _opens(f"{word}-small", "one part, one chunk", who, PARTS)
        yield _opens(f"{word}-empty", "one part without content: the stream itself is not empty", who, [(NAME, b"")])
        yield _opens(f"{word}-parts", "sixteen parts, the first empty", who, sixteen)
        yield _opens(f"{word}-compressed", "a frame with compressed blocks", who, PARTS, compressed("compressed"))
        wraps = ascending(who, OTHERS[who.suite])
        told = result_of(PARTS, wraps, body)
        yield Sealed(f"{word}-two", "two wraps in ascending order of key id", container(wraps, body), None, who, told)
    yield _opens("names", "names that look odd and are allowed; one has 255 bytes", LISTED, names)
    yield _opens("media", "a media type with four parameters", LISTED, PARTS, media=media)
    options = compressed("checksum", checksum=True)
    yield _opens("checksum", "content size and checksum in the frame", LISTED, PARTS, options)
    yield _opens("window", "a window of 8 MiB", LISTED, PARTS, frame(RAW, b"\x28\xb5\x2f\xfd\x00\x68"))
    head, tail = RAW[: len(inner([NAME]))], RAW[-40:]
    repeated = [(NAME, b"a" * 100_000)]
    trailer = plain(repeated)[-40:]
    stream = GOOD[:6] + block(head, last=False) + block(b"a", last=False, kind=1, size=100_000)
    yield _opens("repeated", "a block of one repeated byte", LISTED, repeated, stream + block(trailer, last=True))
    stream = GOOD[:6] + block(head + ROWS + tail, last=False) + block(b"", last=True)
    yield _opens("last-block-empty", "the frame's last block is empty", LISTED, PARTS, stream)
    wraps = ascending(LISTED, *(Who(f"number {number}", 2) for number in range(31)))
    body = small(GOOD)
    yield Sealed(
        "wraps-32", "as many wraps as are allowed", container(wraps, body), result=result_of(PARTS, wraps, body)
    )
    told = result_of(PARTS, [LISTED.wrap()], body)
    yield Sealed(
        "announced",
        "commitment and body digest are those that the ledger knows",
        container([LISTED.wrap()], body),
        result=told,
        commitment=content_commitment(SALT, sha256(ROWS).digest()),
        body_digest=sha256(body).digest(),
    )


@cache
def _large(name: str, suite: int, size: int) -> tuple[list[list[Piece]], list[tuple[str, bytes]]]:
    return Large(name, suite, size).made()


def large_vectors() -> Iterator[Sealed]:
    """Chunk borders, and every way to leave the order of chunks."""
    sizes = {
        "exactly-one-chunk": (CHUNK_SIZE, "the stream fills the only chunk"),
        "one-byte-more": (CHUNK_SIZE + 1, "the last chunk has one byte"),
        "two-full-chunks": (2 * CHUNK_SIZE, "the last of two chunks is full"),
        "three-chunks": (2 * CHUNK_SIZE + 1000, "three chunks"),
    }
    for name, (size, comment) in sizes.items():
        for who in (HYBRID, LISTED) if size <= CHUNK_SIZE + 1 else (LISTED,):
            word = "hybrid" if who is HYBRID else "listed"
            chunks, parts = _large(f"{word} {name}", who.suite, size)
            body = [header(who.suite), *(piece for chunk in chunks for piece in chunk)]
            told = result_of(parts, [who.wrap()], joined(body))
            yield Sealed(f"{word}-{name}", comment, container([who.wrap()], *body), None, who, told)
    first, second, third = _large("listed three-chunks", 2, 2 * CHUNK_SIZE + 1000)[0]
    full, last_full = _large("listed two-full-chunks", 2, 2 * CHUNK_SIZE)[0]
    (only,) = _large("listed exactly-one-chunk", 2, CHUNK_SIZE)[0]
    cuts = ((0, CHUNK_SIZE, False), (CHUNK_SIZE, CHUNK_SIZE, True))
    ended = Large("listed empty last", 2, CHUNK_SIZE, cuts).made()[0]
    short: list[Piece] = [joined(third)[:15]]
    bodies: dict[str, tuple[str, str, list[list[Piece]]]] = {
        "swapped": ("reordered/chunk.order", "the first two of three chunks swapped", [second, first, third]),
        "repeated-chunk": ("reordered/chunk.order", "the first chunk twice", [first, first, second, third]),
        "missing-chunk": ("reordered/chunk.order", "the middle chunk left out", [first, third]),
        "missing-first": ("reordered/chunk.order", "the first chunk left out", [second, third]),
        "cut-after-one": ("truncated/chunk.last", "cut at the border after the first chunk", [first]),
        "cut-after-two": (
            "truncated/chunk.last",
            "cut at the border after the second of three chunks",
            [first, second],
        ),
        "cut-full": ("truncated/chunk.last", "the second of two full chunks is missing", [full]),
        "after-last": ("extended/chunk.after_last", "a chunk after a full last one", [only, last_full]),
        "bytes-after-full": ("extended/chunk.after_last", "one byte after a full last chunk", [only, [b"\x00"]]),
        "cut-in-tag": ("truncated/chunk.short", "fewer bytes than a tag after two chunks", [first, second, short]),
        "empty-last": ("malformed/chunk.empty", "an empty last chunk after a full one", ended),
    }
    for name, (failure, comment, chunks) in bodies.items():
        pieces = [header(), *(piece for chunk in chunks for piece in chunk)]
        yield Sealed(name, comment, container([LISTED.wrap()], *pieces), failure)


def container_vectors() -> Iterator[Sealed]:
    """Faults of the container's head."""
    wrap, body = LISTED.wrap(), small(GOOD)
    right = joined(container([wrap]))
    many = ascending(LISTED, *(Who(f"number {number}", 2) for number in range(32)))
    heads = {
        "nothing": (b"", "no bytes at all"),
        "head-cut": (right[:60], "the file ends inside the head"),
        "head-label": (right.replace(b"akashi-sealed", b"akashi-seale_"), "another label"),
        "head-edition": (cbor.encode(["akashi-sealed", 2, LEDGER_ID, [wrap]]) + body, "edition 2"),
        "head-true": (cbor.encode(["akashi-sealed", True, LEDGER_ID, [wrap]]) + body, "true where the edition belongs"),
        "head-ledger-short": (joined(container([wrap], body, ledger=LEDGER_ID[:15])), "a ledger id of 15 bytes"),
        "head-more": (cbor.encode(["akashi-sealed", 1, LEDGER_ID, [wrap], 0]) + body, "one item too many"),
        "head-long": (right.replace(b"\x01", b"\x18\x01", 1) + body, "the edition in two bytes"),
        "head-no-wraps": (joined(container([], body)), "no wraps"),
        "head-many-wraps": (joined(container(many, body)), "33 wraps"),
        "head-number": (joined(container([wrap, 1], body)), "a number among the wraps"),
        "head-text": (b"not a sealed file" + body, "no CBOR array"),
    }
    for name, (data, comment) in heads.items():
        yield Sealed(name, comment, (data,), "malformed/container")
    start = joined(container([b""]))[:-1]
    for name, size, failure in (("full", 98_624, "malformed/wrap"), ("large", 98_625, "malformed/container")):
        length = size - len(start) - 5
        head: list[Piece] = [start + b"\x5a" + length.to_bytes(4, "big"), Stream(f"head {name}", length), body]
        yield Sealed(f"head-{name}", f"a head of {size} bytes, all of it one wrap", tuple(head), failure)
    pieces = container([wrap], body, ledger=OTHER_LEDGER)
    yield Sealed("other-ledger", "the container names another ledger", pieces, "foreign/container.ledger")
    pieces = container([OTHERS[2].wrap()], body)
    yield Sealed("other-recipient", "no wrap for this recipient", pieces, "foreign/container.recipient")


def wrap_set_vectors() -> Iterator[Sealed]:
    """Wraps that are right one by one and do not belong together. The reader's own is always there and would open."""
    low, high = sorted((LISTED, OTHERS[2]), key=lambda who: who.key_id)
    stranger = low if high is LISTED else high
    moved = Wrap(OTHER_PAYLOAD, stranger.key_id, 2, stranger.hpke()).encode()
    other_suite = Wrap(PAYLOAD, stranger.key_id, 1, HYBRID.hpke()).encode()
    anew = LISTED.wrap(LISTED.hpke("again"))

    def beside(wrap: bytes) -> list[bytes]:
        return [wrap, LISTED.wrap()] if stranger is low else [LISTED.wrap(), wrap]

    sets = {
        "descending": ([high.wrap(), low.wrap()], "the higher key id first"),
        "twice": ([LISTED.wrap(), LISTED.wrap()], "the same wrap twice"),
        "again": ([LISTED.wrap(), anew], "two wraps for one recipient"),
        "payloads": (beside(moved), "the other recipient's wrap is of another payload"),
        "suites": (beside(other_suite), "the other recipient's wrap is of another suite"),
    }
    for name, (wraps, comment) in sets.items():
        yield Sealed(f"wraps-{name}", comment, container(wraps, small(GOOD)), "malformed/container.wraps")
    pieces = container([high.wrap(), low.wrap()], small(GOOD), ledger=OTHER_LEDGER)
    comment = "the higher key id first, in another ledger: the wraps are looked at before the ledger"
    yield Sealed("wraps-descending-elsewhere", comment, pieces, "malformed/container.wraps")


Case = tuple[bytes, str, str]


def wrap_vectors() -> Iterator[Sealed]:
    """Faults of the wrap, under both suites."""
    for who, word in ((HYBRID, "hybrid"), (LISTED, "listed")):
        for name, (wrap, failure, comment) in (_wrap_shapes(who) | _wrap_openings(who)).items():
            pieces = container([wrap], small(GOOD, who.suite))
            yield Sealed(f"{word}-wrap-{name}", comment, pieces, failure, who)


def _wrap_shapes(who: Who) -> dict[str, Case]:
    fields: list[Any] = [1, PAYLOAD, who.key_id, who.suite, who.hpke()]

    def spoilt(at: int, *, value: Any) -> bytes:
        return cbor.encode([*fields[:at], value, *fields[at + 1 :]])

    def sized(length: int) -> bytes:
        return cbor.encode([*fields[:3], 9, bytes(length - len(cbor.encode([*fields[:3], 9, bytes(256)])) + 256)])

    other = 3 - who.suite
    foreign_hpke = (HYBRID, LISTED)[other - 1].hpke()
    return {
        "edition": (spoilt(0, value=2), "malformed/wrap", "edition 2"),
        "true": (spoilt(0, value=True), "malformed/wrap", "true where the edition belongs"),
        "payload-short": (spoilt(1, value=PAYLOAD[:15]), "malformed/wrap", "a payload id of 15 bytes"),
        "key-short": (spoilt(2, value=who.key_id[:31]), "malformed/wrap", "a key id of 31 bytes"),
        "suite-text": (spoilt(3, value="1"), "malformed/wrap", "a text where the suite belongs"),
        "suite-negative": (spoilt(3, value=-1), "malformed/wrap", "a negative suite"),
        "more": (cbor.encode([*fields, 0]), "malformed/wrap", "one item too many"),
        "trailing": (who.wrap() + b"\x00", "malformed/wrap", "a byte after the wrap"),
        "size": (sized(3072), "suite/wrap", "3072 bytes, of a suite that this edition does not know"),
        "oversized": (sized(3073), "malformed/wrap", "3073 bytes: its suite is not looked at"),
        "suite-unknown": (spoilt(3, value=9), "suite/wrap", "a suite that this edition does not know"),
        "relabelled": (spoilt(3, value=other), "malformed/wrap.length", "labelled as of the other suite"),
        "long-key": (
            who.wrap(who.hpke("33 bytes", plain=DATA_KEY + b"\x00")),
            "malformed/wrap.length",
            "wraps 33 bytes",
        ),
        "suite-other": (
            Wrap(PAYLOAD, who.key_id, other, foreign_hpke).encode(),
            "foreign/wrap.suite",
            "of the other suite under this recipient's key id",
        ),
    }


def _wrap_openings(who: Who) -> dict[str, Case]:
    hpke, other, second = who.hpke(), 3 - who.suite, OTHERS[who.suite]
    return {
        "ciphertext": (who.wrap(hpke[:-1] + bytes([hpke[-1] ^ 1])), "opening/wrap", "last bit of the tag flipped"),
        "encapsulated": (
            who.wrap(hpke[:40] + bytes([hpke[40] ^ 1]) + hpke[41:]),
            "opening/wrap",
            "a bit of the encapsulated key flipped",
        ),
        "zero": (who.wrap(bytes(len(hpke))), "opening/wrap", "nothing but zeros"),
        "other-recipient": (who.wrap(second.hpke()), "opening/wrap", "another recipient's, under this key id"),
        "other-ledger": (
            who.wrap(who.hpke("other ledger", who.info(ledger=OTHER_LEDGER))),
            "opening/wrap",
            "made for another ledger",
        ),
        "other-payload": (
            who.wrap(who.hpke("other payload", who.info(payload=OTHER_PAYLOAD))),
            "opening/wrap",
            "made for another payload, relabelled for this one",
        ),
        "other-suite": (
            who.wrap(who.hpke("other suite", who.info(suite=other))),
            "opening/wrap",
            "the info names the other suite",
        ),
        "no-info": (who.wrap(who.hpke("no info", b"")), "opening/wrap", "sealed with an empty info"),
        "body-of-another": (
            who.wrap(who.hpke("other payload", who.info(payload=OTHER_PAYLOAD)), OTHER_PAYLOAD),
            "foreign/body.payload",
            "a right wrap of another payload before this body",
        ),
        "other-key": (
            who.wrap(who.hpke("other key", plain=seed("another data key"))),
            "key/body.key",
            "a data key that the header does not commit to",
        ),
    }


def body_vectors() -> Iterator[Sealed]:
    """Faults of the body's header and of its only chunk. Each spoilt header is bound as a sealer would bind it."""
    for name, (data, failure, comment) in (_headers() | _chunks()).items():
        yield Sealed(name, comment, container([LISTED.wrap()], data), failure)


def _headers() -> dict[str, Case]:
    right, body, items = header(), small(GOOD), header_items()

    def spoilt(at: int, *, value: Any) -> bytes:
        return small(GOOD, head=cbor.encode([*items[:at], value, *items[at + 1 :]]))

    hybrid, announced = header(1), right[:-34] + b"\x5a\x7f\xff\xff\xff"
    commitment = derive(seed("another data key"), PAYLOAD, 2)[1]
    long = right.replace(b"\x1a\x00\x10\x00\x00", b"\x1b" + (1 << 20).to_bytes(8, "big"))
    return {
        "header-none": (b"", "truncated/header", "wraps, and no body"),
        "header-cut": (right[:30], "truncated/header", "the file ends inside the header"),
        "header-short": (announced + bytes(511 - len(announced)), "truncated/header", "511 bytes of an endless header"),
        "header-large": (announced + bytes(512 - len(announced)), "malformed/header", "512 bytes of an endless header"),
        "header-label": (spoilt(0, value="akashi-sea_"), "malformed/header", "another label"),
        "header-edition": (spoilt(1, value=2), "malformed/header", "edition 2"),
        "header-true": (spoilt(1, value=True), "malformed/header", "true where the edition belongs"),
        "header-suite-negative": (spoilt(2, value=-1), "malformed/header", "a negative suite"),
        "header-payload-short": (spoilt(3, value=PAYLOAD[:15]), "malformed/header", "a payload id of 15 bytes"),
        "header-chunk-size": (spoilt(4, value=65_536), "malformed/header", "chunks of 64 KiB"),
        "header-chunk-size-0": (spoilt(4, value=0), "malformed/header", "chunks of no bytes"),
        "header-commitment-short": (spoilt(5, value=items[5][:31]), "malformed/header", "a commitment of 31 bytes"),
        "header-more": (small(GOOD, head=cbor.encode([*items, 0])), "malformed/header", "one item too many"),
        "header-long": (small(GOOD, head=long), "malformed/header", "the chunk size in nine bytes"),
        "header-text": (b"\xff" + body, "malformed/header", "no CBOR"),
        "header-payload-other": (small(GOOD, payload=OTHER_PAYLOAD), "foreign/body.payload", "another payload's body"),
        "header-suite-other": (small(GOOD, 1, hybrid), "foreign/body.suite", "the other suite's body"),
        "header-suite-unknown": (spoilt(2, value=9), "foreign/body.suite", "a suite that the wrap does not have"),
        "header-key": (
            spoilt(5, value=commitment),
            "key/body.key",
            "the commitment of another key over chunks of this one",
        ),
        "header-key-flipped": (spoilt(5, value=items[5][:-1] + b"\x00"), "key/body.key", "the commitment's last byte"),
    }


def _chunks() -> dict[str, Case]:
    right, body, hybrid = header(), small(GOOD), header(1)
    cipher, last = cipher_for(right), len(body) - 1
    return {
        "chunk-none": (right, "truncated/chunk.short", "a header and no chunk"),
        "chunk-short": (body[: len(right) + 15], "truncated/chunk.short", "fewer bytes than a tag"),
        "chunk-cut": (body[:-1], "altered/chunk", "one byte less"),
        "chunk-longer": (body + b"\x00", "altered/chunk", "one byte more"),
        "chunk-tag": (body[:last] + bytes([body[last] ^ 1]), "altered/chunk", "the tag's last bit flipped"),
        "chunk-text": (
            body[: len(right)] + bytes([body[len(right)] ^ 1]) + body[len(right) + 1 :],
            "altered/chunk",
            "the first bit of the ciphertext flipped",
        ),
        "chunk-number": (
            right + cipher.seal(1, GOOD, last=True),
            "reordered/chunk.order",
            "the only chunk has number 1",
        ),
        "chunk-not-last": (right + cipher.seal(0, GOOD, last=False), "truncated/chunk.last", "not sealed as the last"),
        "chunk-other-header": (
            right + small(GOOD, 2, hybrid)[len(hybrid) :],
            "altered/chunk",
            "bound to another header",
        ),
        "chunk-empty": (
            right + cipher.seal(0, b"", last=True),
            "truncated/frame.short",
            "an empty stream has no frame",
        ),
    }


SEALED = (
    accepted_vectors,
    large_vectors,
    container_vectors,
    wrap_set_vectors,
    wrap_vectors,
    body_vectors,
    *CONTENT,
)
