"""The standard CSV: how one outcome becomes the bytes of one output cell.

Guarantees: an output cell is within its byte limit or a finding says so, is encodable, is quoted where CSV needs
it, and cannot start a spreadsheet formula: an apostrophe is put before such a text (the usual sign for "this is
text", visible and easily taken off; the neutral record keeps the original). Refuses: truncating, and writing
L/N/H or judgements that the source does not give.

Cells are finished as bytes with the commas that follow them, because bytes can be remembered: a whole line is
then one join of remembered pieces, and nothing is encoded or scanned twice.

>>> Finisher(8, "cp932", b",")("=cmd|' /C calc'!A0")
(b"'=cmd|' /C calc'!A0,", ('cell.formula', 'cell.too_long'))
>>> Finisher(8, "cp932", b",")("-3.5"), Finisher(8, "cp932", b",")("a,b")
((b'-3.5,', ()), (b'"a,b",', ()))
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import BinaryIO

from akashi.checkup.cells.fold import width
from akashi.checkup.formats.definitions import FormatColumn, FormatDefinition
from akashi.checkup.formats.maps import MapRule
from akashi.checkup.model import Outcome, Role, Status

Render = Callable[[Outcome, str], str]
_FORMULA_START = "=@＝＠\t\r\n"
# An apostrophe is ours where a formula follows it; one that the source put there gets another, so that reading back
# takes off exactly what was added.
_RISKY = frozenset(_FORMULA_START + "+-'")
# What may follow a leading sign without being a formula: a number, or a graded result such as +- or ++.
_SIGNED_PLAIN = re.compile(r"[+-]+|[+-][0-9][0-9.,]*[^\W\d_]*|[+-]/[+-]|\+[0-9]")
_NEEDS_QUOTES = re.compile('[",\r\n]')
REPLACEMENT = "〓"
BLOCK_BYTES = 1 << 16
FEW = 32
_MEASURED = frozenset({Status.VALUE, Status.BELOW, Status.ABOVE})


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may run this cell as a formula (leading apostrophes are looked through)."""
    text = text.lstrip("'")
    if not text:
        return False
    if text[0] in _FORMULA_START:
        return True
    return text[0] in "+-" and _SIGNED_PLAIN.fullmatch(text) is None


class Finisher:
    """The last look at an output text: formula, encoding, length, quotes; ``suffix`` is what follows the cell."""

    __slots__ = ("_encoding", "_few", "_max_bytes", "_suffix")

    def __init__(self, max_bytes: int, encoding: str, suffix: bytes) -> None:
        self._max_bytes = max_bytes
        self._encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        self._suffix = suffix
        # Companion columns (units, flags, judgements) show very few texts again and again.
        self._few: dict[str, bytes] = {}

    def __call__(self, text: str) -> tuple[bytes, tuple[str, ...]]:
        """(bytes to write, finding codes)."""
        if not text:
            return self._suffix, ()
        few = self._few.get(text)
        if few is not None:
            return few, ()
        # CP932 writes full width in 2 bytes and half width in 1: its length is the length the formats count.
        try:
            data = text.encode() if text.isascii() else text.encode("cp932")
        except UnicodeEncodeError:
            return self._mended(text)
        if len(data) > self._max_bytes or text[:1] in _RISKY:
            return self._mended(text)
        written = self._written(text, data if self._encoding == "cp932" else text.encode())
        if len(self._few) < FEW:
            self._few[text] = written
        return written, ()

    def _written(self, text: str, data: bytes) -> bytes:
        if _NEEDS_QUOTES.search(text) is not None:
            # Safe on CP932 bytes too: no second byte of a character is a quotation mark.
            data = b'"' + data.replace(b'"', b'""') + b'"'
        return data + self._suffix

    def _mended(self, text: str) -> tuple[bytes, tuple[str, ...]]:
        marks: list[str] = []
        output = text
        if is_formula(text):
            marks.append("cell.formula")
            output = "'" + text
        if self._encoding == "cp932":
            written = "".join(sign if encodable(sign) else REPLACEMENT for sign in output)
            if written != output:
                marks.append("cell.unencodable")
                output = written
        if width(text) > self._max_bytes:
            marks.append("cell.too_long")
        return self._written(output, output.encode(self._encoding)), tuple(marks)


def encodable(sign: str) -> bool:
    """Whether CP932 has ``sign``."""
    try:
        sign.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def renderer(column: FormatColumn, rule: MapRule, definition: FormatDefinition) -> Render:
    """How ``column`` shows an outcome of ``rule`` (the original text comes as second argument)."""
    if column.kind == "original":
        return lambda _outcome, text: text.strip()
    if column.kind == "unit":
        unit = column.unit or rule.unit
        return lambda outcome, _text: unit if outcome.status in _MEASURED else ""
    if column.kind == "flag" and rule.role is Role.VALUE:
        return lambda outcome, _text: outcome.flag
    if column.kind == "judgement" and rule.role is Role.VALUE:
        return lambda outcome, _text: outcome.advice
    if rule.kind == "date" and definition.dates != "iso":
        return _dated(definition.dates)
    return lambda outcome, _text: outcome.standard


def _dated(style: str) -> Render:
    sign = "" if style == "compact" else "/"
    return lambda outcome, _text: (
        outcome.standard.replace("-", sign) if outcome.status is Status.VALUE else outcome.standard
    )


def heading(definition: FormatDefinition) -> bytes:
    """The line of column names (with the byte order mark where the encoding has one), or nothing."""
    mark = b"\xef\xbb\xbf" if definition.encoding == "utf-8-sig" else b""
    if not definition.heading:
        return mark
    last = len(definition.columns)
    cells = [
        Finisher(1 << 20, definition.encoding, b"\r\n" if column.number == last else b",")(column.name)[0]
        for column in definition.columns
    ]
    return mark + b"".join(cells)


def write_lines(out: BinaryIO, lines: Iterable[bytes]) -> None:
    """Write finished lines in blocks; ``out`` stays open."""
    block: list[bytes] = []
    size = 0
    for line in lines:
        block.append(line)
        size += len(line)
        if size >= BLOCK_BYTES:
            out.write(b"".join(block))
            block.clear()
            size = 0
    out.write(b"".join(block))
