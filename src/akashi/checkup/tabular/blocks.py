"""One file being read: its headings, its rows that fit them, in blocks; its findings and counters.

Guarantees: a block is bounded in rows, cells and bytes, so memory is flat whatever the file; every row is either in a
block or counted as skipped with a finding; findings reach the log in the order of the file. Refuses: a map that is not
valid on the day, a file without rows, and one of another layout that has a person's row where the map has headings, or none of its columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO

from akashi.checkup.errors import EmptyFile, HeadingMissing, LayoutUnknown, MapNotValid, NoRows
from akashi.checkup.findings import FindingLog
from akashi.checkup.formats.maps import LayoutMap
from akashi.checkup.model import ConversionReport, Finding
from akashi.checkup.rules import RowFit, is_persons, row_fit
from akashi.checkup.tabular.binding import Mark, PlacedMark, Plan
from akashi.checkup.tabular.layout import Columns, coverage, layout_hash
from akashi.checkup.tabular.reading import Source, open_source

BLOCK_ROWS = 16
BLOCK_CELLS = 131_072
BLOCK_BYTES = 1 << 20


@dataclass
class Block:
    """Rows that fit the headings, with their numbers (from 1), the lines on which they end, and what was dropped."""

    numbers: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list, repr=False)
    odd: list[Finding] = field(default_factory=list, repr=False)


class FileRun:
    """One file being converted."""

    def __init__(self, stream: BinaryIO, layout_map: LayoutMap, on: date, limit_bytes: int, examples: int) -> None:
        if not layout_map.valid_on(on):
            raise MapNotValid(map=layout_map.map_id)
        self.map = layout_map
        self.source: Source = open_source(stream, limit_bytes)
        self._rows = self.source.rows()
        heads = [row for _line, row in (next(self._rows, (0, [])) for _ in range(layout_map.header_rows)) if row]
        if len(heads) < layout_map.header_rows:
            raise (NoRows if heads else EmptyFile)
        self.columns = Columns(heads)
        self.hash = layout_hash(heads, self.source.delimiter)
        self.coverage = coverage(self.columns, layout_map)
        if self.hash != layout_map.layout_hash:
            # Not the layout the map was made for: a person's row must not pass for headings, nor a file without one of its columns.
            if any(is_persons(row) for row in heads):
                raise HeadingMissing
            if not self.coverage.mapped:
                raise LayoutUnknown(columns=self.columns.size)
        self.log = FindingLog(examples)
        self.rows_in = self.rows_out = 0

    def layout_findings(self, plan: Plan) -> Iterator[Finding]:
        """Findings about the layout as a whole (row 0)."""
        if self.hash != self.map.layout_hash:
            yield Finding("layout.changed", row=0, line=1, column=0)
        for label in plan.missing:
            yield Finding("column.missing", row=0, line=1, column=0, header=label)

    def blocks(self, most: int = BLOCK_ROWS) -> Iterator[Block]:
        """The rows in blocks of at most ``most``; an empty block may come last, with the findings of left out rows."""
        size = self.columns.size
        most = max(1, min(most, BLOCK_CELLS // size))
        block = Block()
        numbers, lines, rows = block.numbers, block.lines, block.rows
        full = self.source.taken + BLOCK_BYTES
        for line, row in self._rows:
            self.rows_in += 1
            fit = RowFit.EXACT if len(row) == size else row_fit(row, size)
            if fit is not RowFit.EXACT:
                code = "row.width" if fit is RowFit.BROKEN else "row.trailing"
                block.odd.append(Finding(code, row=self.rows_in, line=line, column=0))
                del row[size:]
            if fit is not RowFit.BROKEN:
                numbers.append(self.rows_in)
                lines.append(line)
                rows.append(row)
            # Also where no row fits: what is said about such rows must not pile up.
            if len(rows) >= most or self.source.taken >= full:
                self.rows_out += len(rows)
                yield block
                block = Block()
                numbers, lines, rows = block.numbers, block.lines, block.rows
                full = self.source.taken + BLOCK_BYTES
        if not self.rows_in:
            raise NoRows
        self.rows_out += len(rows)
        yield block

    def _marked(self, mark: Mark, number: int, line: int) -> Iterator[Finding]:
        """The findings that a row's mark stands for."""
        column, codes, text, item = mark
        for code in codes:
            yield Finding(code, number, line, column + 1, self.columns.labels[column], text, item)

    def findings(self, block: Block, marks: list[PlacedMark]) -> Iterator[Finding]:
        """What a block left behind, in the order of its rows: one finding per code and column of a row."""
        marks.sort(key=_in_order)
        odd = iter(block.odd)
        waiting = next(odd, None)
        row, seen = -1, set[tuple[int, str]]()
        for index, _place, mark in marks:
            if index != row:
                row, seen = index, set()
                while waiting is not None and waiting.row <= block.numbers[row]:
                    yield waiting
                    waiting = next(odd, None)
            for found in self._marked(mark, block.numbers[row], block.lines[row]):
                if (found.column, found.code) not in seen:
                    seen.add((found.column, found.code))
                    yield found
        while waiting is not None:
            yield waiting
            waiting = next(odd, None)

    def report(self, format_id: str) -> ConversionReport:
        """What has been counted so far."""
        return ConversionReport(
            self.map.map_id, format_id, self.source.encoding, self.hash, self.rows_in, self.rows_out,
            self.rows_in - self.rows_out, self.log.counts(), self.coverage, self.log.kept(),
        )  # fmt: skip


def _in_order(mark: PlacedMark) -> tuple[int, int]:
    return mark[0], mark[1]
