"""The main job: an institution's file in; the standard CSV, or one hc08 document per person, out.

Guarantees: one pass, memory flat in the number of rows; every row is either written or counted as skipped with a
finding; the report's counts hold no value. Refuses: going on with a layout that lacks a required column. A report
with stopping findings means: do not send (``findings.stops``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import BinaryIO

from akashi.checkup.engine import Pending, Plan, bind, compile_plan
from akashi.checkup.errors import EmptyFile, MapNotValid, NoRows
from akashi.checkup.findings import EXAMPLES_PER_PLACE, FindingLog
from akashi.checkup.formats.definitions import FormatDefinition
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.formats.maps import LayoutMap
from akashi.checkup.layout import Columns, coverage, layout_hash
from akashi.checkup.model import ConversionReport, Finding, NeutralRecord
from akashi.checkup.reading import DEFAULT_LIMIT, Source, open_source
from akashi.checkup.records import record_builder
from akashi.checkup.rules import RowFit, row_fit
from akashi.checkup.writers.hc08 import SubmissionContext, document_name, hc08_document, missing_identity, unmatched
from akashi.checkup.writers.standard_csv import heading, write_lines

RecordSink = Callable[[NeutralRecord], None]


class _Run:
    """One file being converted: its rows, its findings, its counters."""

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
        self.log = FindingLog(examples)
        self.rows_in = self.rows_out = 0

    def note_layout(self, plan: Plan) -> None:
        """Findings about the layout as a whole (row 0)."""
        if self.hash != self.map.layout_hash:
            self.log.add(Finding("layout.changed", row=0, line=1, column=0))
        for label in plan.missing:
            self.log.add(Finding("column.missing", row=0, line=1, column=0, header=label))

    def rows(self) -> Iterator[tuple[int, int, list[str]]]:
        """(row number, line, cells) of every row that fits the headings; others become findings."""
        size = self.columns.size
        for line, row in self._rows:
            self.rows_in += 1
            if len(row) != size:
                fit = row_fit(row, size)
                if fit is RowFit.BROKEN:
                    self.log.add(Finding("row.width", row=self.rows_in, line=line, column=0))
                    continue
                self.log.add(Finding("row.trailing", row=self.rows_in, line=line, column=0))
                del row[size:]
            self.rows_out += 1
            yield self.rows_in, line, row
        if not self.rows_in:
            raise NoRows

    def take(self, pending: Pending, number: int, line: int) -> None:
        """Turn what the row's cells left behind into findings, one per code and column."""
        seen: set[tuple[int, str]] = set()
        for column, codes, text in pending:
            for code in codes:
                if (column, code) not in seen:
                    seen.add((column, code))
                    header = self.columns.labels[column]
                    self.log.add(Finding(code, number, line, column + 1, header, text))
        pending.clear()

    def report(self, format_id: str) -> ConversionReport:
        """What has been counted so far."""
        return ConversionReport(
            self.map.map_id, format_id, self.source.encoding, self.hash, self.rows_in, self.rows_out,
            self.rows_in - self.rows_out, self.log.counts(), self.coverage, self.log.kept(),
        )  # fmt: skip


def convert(
    stream: BinaryIO,
    layout_map: LayoutMap,
    definition: FormatDefinition,
    out: BinaryIO,
    *,
    on: date,
    items: ItemTable,
    record_sink: RecordSink | None = None,
    limit_bytes: int = DEFAULT_LIMIT,
    examples: int = EXAMPLES_PER_PLACE,
) -> ConversionReport:
    """Convert ``stream`` to the standard CSV on ``out``.

    ``on`` is the day of conversion (map validity, future dates); ``record_sink`` gets each neutral record. Raises
    the errors of ``errors.py``; what stands on ``out`` is then incomplete and must be thrown away.
    """
    run = _Run(stream, layout_map, on, limit_bytes, examples)
    plan = compile_plan(run.columns, layout_map, definition, items, on)
    run.note_layout(plan)
    build = record_builder(plan, items, layout_map.map_id)
    pending, finished, steps = plan.bench.pending, plan.line, plan.steps

    def lines() -> Iterator[bytes]:
        yield heading(definition)
        for number, line, row in run.rows():
            if steps:
                plan.extend(row)
            if record_sink is not None:
                record_sink(build(number, line, row))
            line_bytes = finished(row)
            if pending:
                run.take(pending, number, line)
            yield line_bytes

    write_lines(out, lines())
    return run.report(definition.format_id)


def read_records(
    stream: BinaryIO,
    layout_map: LayoutMap,
    *,
    on: date,
    items: ItemTable,
    finding_sink: Callable[[Finding], None] | None = None,
    limit_bytes: int = DEFAULT_LIMIT,
) -> Iterator[NeutralRecord]:
    """The neutral records of a file, one at a time. Cell findings go to ``finding_sink`` as they are met."""
    run = _Run(stream, layout_map, on, limit_bytes, EXAMPLES_PER_PLACE)
    plan = bind(run.columns, layout_map, items, on)
    build = record_builder(plan, items, layout_map.map_id)
    for number, line, row in run.rows():
        plan.extend(row)
        yield build(number, line, row)
        for bound in plan.bound:
            codes = bound.cells.outcome(row[bound.source]).findings
            if codes:
                plan.bench.pending.append((bound.column, codes, row[bound.source]))
        if finding_sink is not None:
            for column, codes, text in plan.bench.pending:
                for code in codes:
                    finding_sink(Finding(code, number, line, column + 1, run.columns.labels[column], text))
        plan.bench.pending.clear()


def convert_to_hc08(
    stream: BinaryIO,
    layout_map: LayoutMap,
    context: SubmissionContext,
    *,
    on: date,
    finding_sink: Callable[[Finding], None] | None = None,
    limit_bytes: int = DEFAULT_LIMIT,
) -> Iterator[tuple[str, bytes]]:
    """(file name, document) per person. A person whose identity is incomplete is left out with ``hc08.identity``."""

    def say(code: str, record: NeutralRecord, headers: Sequence[str]) -> None:
        if finding_sink is not None:
            for header in headers:
                finding_sink(Finding(code, record.row, record.line, 0, header))

    records = read_records(
        stream, layout_map, on=on, items=context.items, finding_sink=finding_sink, limit_bytes=limit_bytes
    )
    number = 0
    for record in records:
        lacking = missing_identity(record)
        if lacking:
            say("hc08.identity", record, lacking)
            continue
        number += 1
        say("hc08.unmatched", record, unmatched(record, context.items))
        yield document_name(context, number), hc08_document(record, context)
