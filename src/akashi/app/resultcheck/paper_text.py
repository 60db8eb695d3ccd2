"""The text of a PDF, read from its bytes alone: what another program finds on paper that Akashi made.

Guarantees: only what the file says is used (its fonts' ToUnicode tables and its pages' strings), nothing of what made it. Refuses to
guess: a string in a font without a table gives nothing, and a file that is no such PDF gives an empty text. Trusts: that the PDF is
our own and small; it is no reader for strangers' files.

>>> text_of(b"no pdf")
''
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

_OBJECT = re.compile(rb"(\d+) 0 obj\b(.*?)\bendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_FONT = re.compile(rb"/(f\d+) (\d+) 0 R")
_TABLE = re.compile(rb"/ToUnicode (\d+) 0 R")
_BLOCK = re.compile(rb"begin(bfchar|bfrange)(.*?)end\1", re.DOTALL)
_HEX = re.compile(rb"<([0-9A-Fa-f\s]*)>")
# A font being chosen, a string in round brackets, a string in hexadecimal.
# Within a string, brackets that match each other need no escape.
_PLAIN = rb"(?:[^()\\]|\\.)*"
_TOKEN = re.compile(
    rb"/(f\d+) [\d.]+ Tf|\((" + _PLAIN + rb"(?:\(" + _PLAIN + rb"\)" + _PLAIN + rb")*)\)|<([0-9A-Fa-f\s]+)>(?!>)",
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(\d{1,3}|\r\n|.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\n": b"", b"\r": b"", b"\r\n": b""}
_WIDTH, _RANGE = 2, 3
Table = dict[bytes, str]


def text_of(data: bytes) -> str:
    """All texts in the order of the pages' streams, without the spaces between lines."""
    objects = {int(number): body for number, body in _OBJECT.findall(data)}
    fonts = {name: _table_of(objects, int(number)) for name, number in _FONT.findall(data)}
    streams = (_unpacked(body) for body in objects.values())
    return "".join(text for stream in streams if b"BT" in stream and b" Tf" in stream for text in _said(stream, fonts))


def pages_of(data: bytes) -> int:
    """How many pages there are."""
    return len(re.findall(rb"/Type\s*/Page\b", data))


def _unpacked(body: bytes) -> bytes:
    found = _STREAM.search(body)
    if found is None:
        return b""
    try:
        return zlib.decompress(found[1])
    except zlib.error:
        return found[1]


def _table_of(objects: dict[int, bytes], number: int) -> Table:
    found = _TABLE.search(objects.get(number, b""))
    return {} if found is None else dict(_pairs(_unpacked(objects.get(int(found[1]), b""))))


def _pairs(table: bytes) -> Iterator[tuple[bytes, str]]:
    """Code and text of every entry of a ToUnicode table (ISO 32000-2, 9.10.3)."""
    for kind, block in _BLOCK.findall(table):
        codes = [bytes.fromhex(one.decode()) for one in _HEX.findall(block)]
        if kind == b"bfchar":
            for code, said in zip(codes[::2], codes[1::2], strict=False):
                yield code, said.decode("utf-16-be", "replace")
        else:
            for at in range(0, len(codes) - _RANGE + 1, _RANGE):
                first, last, text = map(int.from_bytes, codes[at : at + _RANGE])
                for step in range(last - first + 1):
                    yield (first + step).to_bytes(_WIDTH), chr(text + step)


def _said(stream: bytes, fonts: dict[bytes, Table]) -> Iterator[str]:
    table: Table = {}
    for font, plain, hexed in _TOKEN.findall(stream):
        if font:
            table = fonts.get(font, {})
            continue
        codes = bytes.fromhex(hexed.decode()) if hexed else _ESCAPE.sub(_escaped, plain)
        yield "".join(table.get(codes[at : at + _WIDTH], "") for at in range(0, len(codes), _WIDTH))


def _escaped(found: re.Match[bytes]) -> bytes:
    sign = found[1]
    return bytes([int(sign, 8) & 0xFF]) if sign.isdigit() else _ESCAPED.get(sign, sign)
