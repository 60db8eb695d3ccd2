"""Vectors of what lies inside an honest seal: frame and inner stream of a sealer who errs or lies, and other content than announced."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from akashi.ledger.wire import cbor
from akashi.vault.sealing.inner import encode_trailer
from tests.vectors.build_sealed import (
    GOOD,
    LISTED,
    MEDIA,
    NAME,
    PARTS,
    RAW,
    ROWS,
    SALT,
    Sealed,
    block,
    compressed,
    container,
    frame,
    inner,
    plain,
    small,
)
from tests.vectors.world import seed


def frame_vectors() -> Iterator[Sealed]:
    """Faults of the zstd frame, under an honest seal."""
    start, checked, packed = GOOD[:4], compressed("checksum", checksum=True), compressed("compressed")
    blocks = GOOD[6:]
    cases = {
        "trailing": (GOOD + b"hidden", "extended/frame.trailing", "bytes after the frame"),
        "second": (GOOD + GOOD, "extended/frame.trailing", "a second frame"),
        "skippable-after": (
            GOOD + b"\x50\x2a\x4d\x18\x03\x00\x00\x00xyz",
            "extended/frame.trailing",
            "a skippable frame after it",
        ),
        "skippable": (
            b"\x50\x2a\x4d\x18\x00\x00\x00\x00" + GOOD,
            "malformed/frame.header",
            "a skippable frame before it",
        ),
        "garbage": (b"this was never compressed", "malformed/frame.header", "no zstd frame"),
        "plain": (RAW, "malformed/frame.header", "the inner stream, not compressed"),
        "dictionary": (start + b"\x01\x58\x07" + blocks, "malformed/frame.header", "a dictionary id"),
        "dictionary-0": (start + b"\x01\x58\x00" + blocks, "malformed/frame.header", "a dictionary id of 0"),
        "reserved-bit": (start + b"\x08\x58" + blocks, "malformed/frame.header", "the reserved bit"),
        "window-9": (start + b"\x00\x69" + blocks, "malformed/frame.window", "a window of 9 MiB"),
        "window-largest": (start + b"\x00\xff" + blocks, "malformed/frame.window", "the largest window there is"),
        "single-large": (
            start + b"\xa0" + ((8 << 20) + 1).to_bytes(4, "little") + blocks,
            "malformed/frame.window",
            "one segment of 8 MiB and a byte: its size is the window",
        ),
        "block-reserved": (GOOD[:6] + b"\x07\x00\x00", "malformed/frame.block", "the reserved kind of block"),
        "block-large": (
            GOOD[:6] + block(b"a", last=True, kind=1, size=(1 << 17) + 1),
            "malformed/frame.block",
            "a block larger than 128 KiB",
        ),
        "no-last-block": (GOOD[:6] + block(RAW, last=False), "truncated/frame.short", "no block is the last"),
        "header-cut": (GOOD[:5], "truncated/frame.short", "cut inside the frame's header"),
        "cut": (GOOD[:-5], "truncated/frame.short", "cut inside a block"),
        "no-checksum": (checked[:-4], "truncated/frame.short", "the announced checksum is missing"),
        "checksum": (checked[:-1] + bytes([checked[-1] ^ 1]), "malformed/frame.content", "a wrong checksum"),
        "block-broken": (_broken(packed), "malformed/frame.content", "a compressed block that does not decode"),
        "content-size": (
            start + b"\x20" + bytes([len(RAW) + 1]) + blocks,
            "malformed/frame.content",
            "announces one byte more than it has",
        ),
    }
    for name, (stream, failure, comment) in cases.items():
        yield Sealed(f"frame-{name}", comment, container([LISTED.wrap()], small(stream)), failure)


def _broken(packed: bytes) -> bytes:
    """The same frame, with ones inside its compressed block."""
    return packed[:9] + b"\xff" * 8 + packed[17:]


def inner_vectors() -> Iterator[Sealed]:
    """Faults of the inner header and of the media type."""
    contents = ROWS + encode_trailer([len(ROWS)], sha256(ROWS).digest())
    heads = {
        "version": (inner([NAME], version=2), "version 2"),
        "true": (inner([NAME], version=True), "true where the version belongs"),
        "salt": (inner([NAME], salt=SALT[:31]), "a salt of 31 bytes"),
        "number": (inner([NAME, 1]), "a number among the names"),
        "more": (cbor.encode([1, MEDIA, SALT, [NAME], 0]), "one item too many"),
        "long": (inner([NAME]).replace(b"\x01", b"\x18\x01", 1), "the version in two bytes"),
        "nothing": (b"", "contents without a header"),
    }
    for name, (head, comment) in heads.items():
        yield _inner(f"inner-{name}", comment, head + contents, "malformed/inner.header")
    empty = len(inner(["a" * 256] * 31))
    for name, size, failure in (("full", 8192, "malformed/inner.parts"), ("large", 8193, "malformed/inner.header")):
        stream = inner([*["a" * 256] * 30, "a" * (256 + size - empty)]) + contents
        yield _inner(f"inner-{name}", f"a header of {size} bytes, with 31 long names", stream, failure)
    types = {
        "upper": ("Text/csv", "an upper-case letter"),
        "bare": ("text", "no subtype"),
        "newline": ("text/csv\n", "a newline at the end"),
        "five": ("text/csv; a=b; c=d; e=f; g=h; i=j", "five parameters"),
        "space": ("text/csv;a=b", "no space before the parameter"),
        "script": ("text/csv; name=\u8a3c", "a value that is not ASCII"),
    }
    for name, (media, comment) in types.items():
        yield _inner(f"media-{name}", comment, plain(PARTS, media), "malformed/inner.parts")


def name_vectors() -> Iterator[Sealed]:
    """Names that must not leave the seal as file names."""
    names: dict[str, tuple[list[str], str]] = {
        "none": ([], "no parts"),
        "17": ([str(number) for number in range(17)], "17 parts"),
        "empty": ([""], "an empty name"),
        "long": (["a" * 256], "a name of 256 bytes"),
        "long-utf8": (["証" * 86], "a name of 86 characters and 258 bytes"),
        "slash": (["../escape"], "a slash"),
        "backslash": (["a\\b"], "a backslash"),
        "colon": (["c:"], "a colon"),
        "quote": (['a"b'], "a quotation mark"),
        "star": (["a*"], "an asterisk"),
        "less": (["a<b"], "a character that Windows refuses"),
        "question": (["a?b"], "a question mark"),
        "pipe": (["a|b"], "a vertical bar"),
        "nul": (["a\x00.csv"], "a control character"),
        "newline": (["a\n"], "a newline at the end"),
        "delete": (["a\x7f"], "the control character U+007F"),
        "next-line": (["a\x85b"], "the control character U+0085"),
        "soft-hyphen": (["a\u00adb"], "a hyphen that is not seen"),
        "joiner": (["a\u200db"], "a joiner that is not seen"),
        "line": (["a\u2028b"], "a line separator"),
        "override": (["a\u202evsc.exe"], "a mark that makes the name read backwards"),
        "isolate": (["a\u2066b"], "a mark that isolates a direction"),
        "private": (["\ue000.csv"], "a private character: another one on every machine"),
        "private-16": (["a\U0010fffdb"], "a private character of the last plane"),
        "byte-order": (["\ufeffa"], "a byte order mark"),
        "noncharacter": (["a\ufdd0"], "a noncharacter"),
        "plane-4": (["a\U00040000"], "a plane without characters"),
        "tag": (["a\U000e0041"], "a tag that is not seen"),
        "dots": ([".."], "only dots"),
        "dots-spaces": ([". ."], "only dots and spaces"),
        "dot-first": ([".profile"], "a dot in front"),
        "dot-last": (["a."], "a dot at the end"),
        "space-last": (["a.csv "], "a space at the end"),
        "device": (["NUL"], "a device of Windows"),
        "device-csv": (["aux.tar.csv"], "a device of Windows whatever follows the dot"),
        "device-space": (["Con .csv"], "a device of Windows, a space before the dot"),
        "device-port": (["lpt9"], "a port of Windows"),
        "device-superscript": (["COM\u00b9.csv"], "a port of Windows, with a superscript digit"),
        "device-dollar": (["ConOut$"], "a console of Windows"),
        "twice": (["a", "a"], "the same name twice"),
        "case": (["Records.csv", "RECORDS.CSV"], "names that differ in case only"),
        "folded": (["stra\u00dfe", "STRASSE"], "names that are equal when case-folded, not when lowered"),
    }
    for name, (listed, comment) in names.items():
        parts = [(part, b"") for part in listed]
        yield _inner(f"name-{name}", comment, plain(parts), "malformed/inner.parts")


def trailer_vectors() -> Iterator[Sealed]:
    """Trailers that are cut or lie."""
    contents = ROWS + encode_trailer([len(ROWS)], sha256(ROWS).digest())
    digest, size = sha256(ROWS).digest(), len(ROWS)
    both = inner(["a", "b"]) + ROWS
    trailers = {
        "none": (inner([NAME]), "malformed/inner.trailer", "a header and nothing else"),
        "cut": (inner([NAME]) + bytes(39), "malformed/inner.trailer", "39 bytes where a trailer has 40"),
        "less": (inner([NAME]) + ROWS + encode_trailer([size - 1], digest), "content/trailer.length", "a byte less"),
        "more": (inner([NAME]) + ROWS + encode_trailer([size + 1], digest), "content/trailer.length", "a byte more"),
        "wraps": (
            both + encode_trailer([(1 << 64) - 1, size + 1], digest),
            "content/trailer.length",
            "lengths whose sum is right modulo 2^64 only",
        ),
        "digest": (
            inner([NAME]) + ROWS + encode_trailer([size], bytes(32)),
            "content/trailer.digest",
            "a wrong digest",
        ),
        "hidden": (inner([NAME]) + contents + b"x", "content/trailer.length", "a byte after the trailer"),
    }
    for name, (stream, failure, comment) in trailers.items():
        yield _inner(f"trailer-{name}", comment, stream, failure)


def _inner(name: str, comment: str, stream: bytes, failure: str) -> Sealed:
    return Sealed(name, comment, container([LISTED.wrap()], small(frame(stream))), failure)


def announced_vectors() -> Iterator[Sealed]:
    """A whole and honest container that is not what the ledger was told."""
    pieces = container([LISTED.wrap()], small(GOOD))
    comment = "opens, and is not the content that was announced"
    yield Sealed("announced-commitment", comment, pieces, "content/commitment", commitment=seed("other commitment"))
    comment = "opens, and is not the body that was announced"
    yield Sealed("announced-body", comment, pieces, "foreign/body.digest", body_digest=seed("other body"))


CONTENT = (frame_vectors, inner_vectors, name_vectors, trailer_vectors, announced_vectors)
