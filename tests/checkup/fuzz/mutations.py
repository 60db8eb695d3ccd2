"""Ways to spoil a file. Each gives variants of ``data``; the same file gives the same variants."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

MISPLACED = "籠の鳥の所見"
_VALUES = re.compile(rb"(?<=[\"'>,:\n])[^\"'<>,:\r\n\\]{1,60}(?=[\"'<,\r\n])")
# Right-to-left override, zero width, byte order mark, line separator, DEL, C1, a lone mark, an unassigned sign, half kana voice.
_SIGNS = (
    "\u202e",
    "\u200b",
    "\ufeff",
    "\u2028",
    "\x7f",
    "\x85",
    "\u0301",
    "\U000e0fff",
    "ﾞ",
    "\u2066",
    "\ud800",
    "\udfff",
)
_RAW = (
    b"\x00",
    b"\x1b[31m",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"\x81",
    b"\r",
    b'"',
    b"<",
    b"&#0;",
    b"&x;",
    b"\\u0000",
    b"\\ud800",
)
_ODD = (
    b"NaN", b"Infinity", b"-Infinity", b"1e400", b"1e-400", b"1e999999999999999999", b"9" * 5000, b"0x10", b"-0", b"1_000",
    b"=1+1", b"@SUM(1)", b"../../etc/passwd", b"%s%n", b"{0}", b"${x}", b"", b" ",
)  # fmt: skip
ENCODINGS = "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "euc_jp", "iso2022_jp", "cp500", "utf-8-sig", "cp932"


def truncated(data: bytes, _luck: random.Random) -> Iterator[bytes]:
    """Cut at every fiftieth."""
    for part in range(51):
        yield data[: len(data) * part // 50]


def flipped(data: bytes, luck: random.Random) -> Iterator[bytes]:
    """One bit, or some."""
    for count in [1] * 40 + [4] * 10 + [40] * 10:
        spoilt = bytearray(data)
        for _bit in range(count):
            spoilt[luck.randrange(len(spoilt))] ^= 1 << luck.randrange(8)
        yield bytes(spoilt)


def rearranged(data: bytes, luck: random.Random) -> Iterator[bytes]:
    """Lines or tags swapped, left out, and written twice."""
    for separator in (b"\n", b">", b",", b"}", b"PK"):
        pieces = data.split(separator)
        for _turn in range(6):
            one, other = luck.randrange(len(pieces)), luck.randrange(len(pieces))
            swapped = list(pieces)
            swapped[one], swapped[other] = swapped[other], swapped[one]
            yield separator.join(swapped)
            yield separator.join(pieces[:one] + pieces[one + 1 :])
            yield separator.join(pieces[:one] + [pieces[one]] * 3 + pieces[one + 1 :])


def recoded(data: bytes, _luck: random.Random) -> Iterator[bytes]:
    """The same text in other encodings, also where the file says another."""
    for source in ("utf-8", "cp932", "latin-1"):
        text = data.decode(source, "replace")
        for encoding in ENCODINGS:
            yield text.encode(encoding, "replace")


def spiked(data: bytes, luck: random.Random) -> Iterator[bytes]:
    """Signs that no file should hold, anywhere."""
    spikes = [*_RAW, *(sign.encode(code, "surrogatepass") for sign in _SIGNS for code in ("utf-8", "utf-16-le"))]
    for spike in spikes:
        for _turn in range(2):
            place = luck.randrange(len(data))
            yield data[:place] + spike + data[place:]


def misplaced(data: bytes, luck: random.Random) -> Iterator[bytes]:
    """A person's remark (or an odd number) in the place of any value: of a code, a unit, a date, a heading, a key."""
    places = [match.span() for match in _VALUES.finditer(data)]
    for number, (start, end) in enumerate(luck.sample(places, min(80, len(places)))):
        for encoding in ("utf-8", "cp932"):
            yield data[:start] + MISPLACED.encode(encoding) + data[end:]
        yield data[:start] + _ODD[number % len(_ODD)] + data[end:]


def random_bytes(data: bytes, luck: random.Random) -> Iterator[bytes]:
    """Nothing of the file, or a little of it and then anything."""
    for size in (0, 1, 2, 3, 10, 100, 1000, 5000):
        yield luck.randbytes(size)
        yield data[: size // 2] + luck.randbytes(size)
        yield data[: size // 2] + luck.randbytes(size) + data[size:]


FAMILIES: dict[str, Callable[[bytes, random.Random], Iterator[bytes]]] = {
    made.__name__: made for made in (truncated, flipped, rearranged, recoded, spiked, misplaced, random_bytes)
}
