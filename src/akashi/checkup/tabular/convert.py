"""The main job: an institution's file in; the standard CSV, or one hc08 document per person, out.

Guarantees: one pass, memory flat in the number of rows; every row is either written or counted as skipped with a
finding; the report's counts hold no value. Refuses: going on with a layout that lacks a required column. A report
with stopping findings means: do not send (``findings.stops``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain
from typing import BinaryIO

from akashi.checkup.cda.hc08 import DocumentWriter, SubmissionContext, document_name, missing_identity
from akashi.checkup.checks.model import Check
from akashi.checkup.findings import EXAMPLES_PER_PLACE
from akashi.checkup.formats.definitions import FormatDefinition
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.formats.maps import LayoutMap
from akashi.checkup.model import ConversionReport, Finding, NeutralRecord
from akashi.checkup.tabular.binding import bind
from akashi.checkup.tabular.blocks import FileRun
from akashi.checkup.tabular.checking import Waiting, prepare_checking
from akashi.checkup.tabular.engine import Extender, cell_marks, compile_lines
from akashi.checkup.tabular.reading import DEFAULT_LIMIT
from akashi.checkup.tabular.records import record_builder
from akashi.checkup.tabular.terms import NO_WORDS, TermQueue, Words
from akashi.checkup.thesaurus.vocabulary import Vocabulary
from akashi.checkup.writers.standard_csv import heading

# Records are made a few rows at a time: whoever takes one should not wait for many.
RECORD_ROWS = 32
RecordSink = Callable[[NeutralRecord], None]


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
    checks: Sequence[Check] | None = None,
    vocabulary: Vocabulary = NO_WORDS,
) -> ConversionReport:
    """Convert ``stream`` to the standard CSV on ``out``.

    ``on`` is the day of conversion (map validity, future dates, fiscal year); ``record_sink`` gets each neutral record;
    ``checks`` are those across cells (``None``: everything the item table knows, for the map's program); ``vocabulary``
    holds thesauri and judgement vocabularies. Raises the errors of ``errors.py``; what stands on ``out`` is then
    incomplete and must be thrown away.
    """
    run = FileRun(stream, layout_map, on, limit_bytes, examples)
    writing = compile_lines(run.columns, layout_map, definition, items, on, vocabulary)
    plan = writing.plan
    checking = prepare_checking(plan, run.columns, layout_map, items, on, checks)
    for found in (*run.layout_findings(plan), *checking.layout):
        run.log.add(found)
    build = record_builder(plan, items, layout_map.map_id)
    queue = TermQueue(Words(layout_map, vocabulary, on))
    out.write(heading(definition))
    extend = Extender(plan, checking.places() | writing.places())
    waiting = Waiting(checking, len(plan.steps) + len(plan.bound))
    for block in run.blocks():
        columns, marks = extend(block.rows)
        if block.rows:
            out.write(b"".join(writing.lines(block.rows, columns, marks)))
            if record_sink is not None:
                for number, line, row in zip(block.numbers, block.lines, block.rows, strict=True):
                    record_sink(build(number, line, row))
        if waiting.add(block, columns, marks):
            for found in run.findings(*waiting.take()):
                run.log.add(found)
                queue.take(found)
    return replace(run.report(definition.format_id), unmatched=queue.counts())


def read_records(
    stream: BinaryIO,
    layout_map: LayoutMap,
    *,
    on: date,
    items: ItemTable,
    finding_sink: Callable[[Finding], None] | None = None,
    limit_bytes: int = DEFAULT_LIMIT,
    checks: Sequence[Check] | None = None,
    vocabulary: Vocabulary = NO_WORDS,
) -> Iterator[NeutralRecord]:
    """The neutral records of a file, one at a time; the findings of each go to ``finding_sink`` before it."""
    run = FileRun(stream, layout_map, on, limit_bytes, EXAMPLES_PER_PLACE)
    plan = bind(run.columns, layout_map, items, on, vocabulary)
    build = record_builder(plan, items, layout_map.map_id)
    checking = prepare_checking(plan, run.columns, layout_map, items, on, checks)
    extend = Extender(plan, range(plan.size) if finding_sink is not None else ())
    said = iter((*run.layout_findings(plan), *checking.layout))
    for block in run.blocks(RECORD_ROWS):
        columns, marks = extend(block.rows)
        if finding_sink is not None:
            if block.rows:
                marks += chain(cell_marks(plan, columns), checking.block(columns, len(plan.steps) + len(plan.bound)))
            said = chain(said, run.findings(block, marks))
        waiting = next(said, None)
        for index, row in enumerate(block.rows):
            number = block.numbers[index]
            while finding_sink is not None and waiting is not None and waiting.row <= number:
                finding_sink(waiting)
                waiting = next(said, None)
            yield build(number, block.lines[index], row)
        while finding_sink is not None and waiting is not None:
            finding_sink(waiting)
            waiting = next(said, None)
        said = iter(())


def convert_to_hc08(
    stream: BinaryIO,
    layout_map: LayoutMap,
    context: SubmissionContext,
    *,
    on: date,
    finding_sink: Callable[[Finding], None] | None = None,
    limit_bytes: int = DEFAULT_LIMIT,
    vocabulary: Vocabulary = NO_WORDS,
) -> Iterator[tuple[str, bytes]]:
    """(file name, document) per person. A person whose identity is incomplete is left out with ``hc08.identity``."""

    def say(code: str, record: NeutralRecord, headers: Sequence[str]) -> None:
        if finding_sink is not None:
            for header in headers:
                finding_sink(Finding(code, record.row, record.line, 0, header))

    records = read_records(
        stream,
        layout_map,
        on=on,
        items=context.items,
        finding_sink=finding_sink,
        limit_bytes=limit_bytes,
        vocabulary=vocabulary,
    )
    writer = DocumentWriter(context)
    number = 0
    for record in records:
        lacking = missing_identity(record)
        if lacking:
            say("hc08.identity", record, lacking)
            continue
        number += 1
        document, left_out = writer.write(record)
        say("hc08.unmatched", record, left_out)
        yield document_name(context, number), document
