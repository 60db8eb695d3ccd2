"""The standard CSV: how one outcome becomes one output cell.

Guarantees: an output cell is within its byte limit or a finding says so, is encodable, and cannot start a
spreadsheet formula: an apostrophe is put before such a text (the usual sign for "this is text", visible and
easily taken off; the neutral record keeps the original). Refuses: truncating, and writing L/N/H or judgements
that the source does not give.

>>> Finisher(8, "cp932")("=cmd|' /C calc'!A0")
("'=cmd|' /C calc'!A0", ('cell.formula', 'cell.too_long'))
>>> Finisher(8, "cp932")("－"), Finisher(8, "cp932")("-3.5")
(('－', ()), ('-3.5', ()))
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from akashi.checkup.cells.fold import width
from akashi.checkup.formats.definitions import FormatColumn, FormatDefinition
from akashi.checkup.formats.maps import MapRule
from akashi.checkup.model import Outcome, Role, Status

Render = Callable[[Outcome], str]
_FORMULA_START = "=@＝＠\t\r"
_RISKY = frozenset(_FORMULA_START + "+-")
# What may follow a leading sign without being a formula: a number, or a graded result such as +- or ++.
_SIGNED_PLAIN = re.compile(r"[+-]+|[+-][0-9][0-9.,]*[^\W\d_]*|[+-]/[+-]|\+[0-9]")
REPLACEMENT = "〓"
_MEASURED = frozenset({Status.VALUE, Status.BELOW, Status.ABOVE})


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may run this cell as a formula."""
    if not text:
        return False
    if text[0] in _FORMULA_START:
        return True
    return text[0] in "+-" and _SIGNED_PLAIN.fullmatch(text) is None


class Finisher:
    """The last look at an output text: formula, encoding, length."""

    __slots__ = ("_encoding", "_max_bytes")

    def __init__(self, max_bytes: int, encoding: str) -> None:
        self._max_bytes = max_bytes
        self._encoding = encoding

    def __call__(self, text: str) -> tuple[str, tuple[str, ...]]:
        """(text to write, finding codes)."""
        # CP932 writes full width in 2 bytes and half width in 1: its length is the length the formats count.
        try:
            size = len(text) if text.isascii() else len(text.encode("cp932"))
        except UnicodeEncodeError:
            return self._mended(text)
        if size <= self._max_bytes and text[:1] not in _RISKY:
            return text, ()
        return self._mended(text)

    def _mended(self, text: str) -> tuple[str, tuple[str, ...]]:
        marks: list[str] = []
        output = text
        if is_formula(text):
            marks.append("cell.formula")
            output = "'" + text
        if self._encoding == "cp932":
            written = "".join(sign if _encodable(sign) else REPLACEMENT for sign in output)
            if written != output:
                marks.append("cell.unencodable")
                output = written
        if width(text) > self._max_bytes:
            marks.append("cell.too_long")
        return output, tuple(marks)


def _encodable(sign: str) -> bool:
    try:
        sign.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def renderer(column: FormatColumn, rule: MapRule, definition: FormatDefinition) -> Render | None:
    """How ``column`` shows an outcome of ``rule``; ``None`` for the standard text as it is."""
    if column.kind == "unit":
        unit = column.unit or rule.unit
        return lambda outcome: unit if outcome.status in _MEASURED else ""
    if column.kind == "flag" and rule.role is Role.VALUE:
        return lambda outcome: outcome.flag
    if column.kind == "judgement" and rule.role is Role.VALUE:
        return lambda outcome: outcome.advice
    if rule.kind == "date" and definition.dates != "iso":
        return _dated(definition.dates)
    return None


def _dated(style: str) -> Render:
    sign = "" if style == "compact" else "/"
    return lambda outcome: outcome.standard.replace("-", sign) if outcome.status is Status.VALUE else outcome.standard


def write_rows(out: BinaryIO, definition: FormatDefinition, rows: Iterable[tuple[str, ...]]) -> None:
    """Write the heading (where defined) and ``rows`` as CSV with CRLF; ``out`` stays open."""
    with _text(out, definition.encoding) as text:
        writer = csv.writer(text, lineterminator="\r\n")
        if definition.heading:
            writer.writerow([column.name for column in definition.columns])
        writer.writerows(rows)


@contextmanager
def _text(out: BinaryIO, encoding: str) -> Iterator[io.TextIOWrapper]:
    wrapper = io.TextIOWrapper(out, encoding=encoding, newline="", write_through=False)
    try:
        yield wrapper
        wrapper.flush()
    finally:
        # Detaching keeps the caller's stream open whatever happened.
        wrapper.detach()
