"""The story of one cell: what it said, which rules read it, what they made of it, and where that is shown.

Guarantees: told by the same tables that convert; a column that no rule reads says why not. Refuses: showing texts by
``repr`` (they are somebody's results), and what needs the whole file (persons named twice). Trusts: the map.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import BinaryIO

from akashi.checkup.cells.fold import fold, key
from akashi.checkup.errors import CellNotThere
from akashi.checkup.formats.definitions import FormatColumn, FormatDefinition
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.formats.maps import LayoutMap, Locator
from akashi.checkup.model import Outcome, Role
from akashi.checkup.tabular.binding import BoundRule, Plan
from akashi.checkup.tabular.blocks import Block, FileRun
from akashi.checkup.tabular.checking import prepare_checking
from akashi.checkup.tabular.engine import Extender, compile_lines, filled_columns
from akashi.checkup.tabular.layout import Columns
from akashi.checkup.tabular.reading import DEFAULT_LIMIT
from akashi.checkup.tabular.terms import NO_WORDS
from akashi.checkup.thesaurus.vocabulary import Vocabulary
from akashi.checkup.writers.standard_csv import Finisher, renderer


class ColumnUse(Enum):
    """What the map does with a column."""

    READ = "read"
    # Says which of several rules gets another column's text.
    DECIDES = "decides"
    IGNORED = "ignored"
    SPARE = "spare"
    WATCHED = "watched"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of the format (numbered from 1) and the text it gets."""

    number: int
    name: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RuleReading:
    """What one rule made of the cell.

    ``at`` are the headings it reads (several: their texts are joined); ``condition`` the heading that decides, with the
    words it must say and what it says; ``holds`` is ``None`` where nothing decides. ``text`` is what the rule read.
    """

    target: str
    occurrence: int
    role: Role
    name: str
    kind: str
    unit: str
    table: str
    at: tuple[str, ...]
    condition: str
    words: tuple[str, ...]
    decided_by: str = field(repr=False)
    holds: bool | None
    text: str = field(repr=False)
    folded: str = field(repr=False)
    outcome: Outcome
    shown: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The story of one cell. Line 0: the row has another width than the headings, so nothing of it was read."""

    row: int
    column: int
    header: str = field(repr=False)
    use: ColumnUse
    line: int = 0
    original: str = field(default="", repr=False)
    readings: tuple[RuleReading, ...] = ()
    findings: tuple[str, ...] = ()


def _use(columns: Columns, layout_map: LayoutMap, column: int) -> ColumnUse:
    def names(places: Sequence[Locator]) -> bool:
        return any(columns.find_optional(place) == column for place in places)

    if any(names(rule.at) for rule in layout_map.rules):
        return ColumnUse.READ
    if any(rule.when is not None and names((rule.when.at,)) for rule in layout_map.rules):
        return ColumnUse.DECIDES
    declared = (
        (layout_map.ignored, ColumnUse.IGNORED),
        (layout_map.spare, ColumnUse.SPARE),
        (layout_map.watched, ColumnUse.WATCHED),
    )
    return next((use for places, use in declared if names(places)), ColumnUse.UNDECIDED)


def _cell_text(data: bytes, encoding: str) -> str:
    """The text of one finished CSV cell."""
    text = data.decode("utf-8" if encoding == "utf-8-sig" else encoding)
    return "".join(cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row)


def _shown(
    filled: Sequence[tuple[FormatColumn, int]], bound: BoundRule, index: int, definition: FormatDefinition, text: str
) -> Iterator[Shown]:
    outcome = bound.cells.outcome(text)
    for column, rule in filled:
        if rule == index:
            finish = Finisher(column.max_bytes, definition.encoding, b"")
            data, _marks = finish(renderer(column, bound.rule, definition)(outcome, text))
            yield Shown(column.number, column.name, _cell_text(data, definition.encoding))


def _readings(
    plan: Plan, columns: Columns, definition: FormatDefinition, items: ItemTable, row: Sequence[str], column: int
) -> Iterator[RuleReading]:
    filled = filled_columns(plan, definition)
    for index, bound in enumerate(plan.bound):
        rule = bound.rule
        decider = None if rule.when is None else columns.find_optional(rule.when.at)
        if column not in {decider, *(columns.find_optional(place) for place in rule.at)}:
            continue
        text = row[bound.source]
        item = items.items.get(rule.target)
        decided_by = "" if decider is None else row[decider]
        yield RuleReading(
            target=rule.target,
            occurrence=rule.occurrence,
            role=rule.role,
            name=item.name if item else rule.target,
            kind=rule.kind,
            unit=rule.unit,
            table=rule.table,
            at=tuple(place.label for place in rule.at),
            condition="" if rule.when is None else rule.when.at.label,
            words=() if rule.when is None else tuple(sorted(rule.when.words)),
            decided_by=decided_by,
            holds=None if rule.when is None else key(decided_by) in rule.when.words,
            text=text,
            folded=fold(text),
            outcome=bound.cells.outcome(text),
            shown=tuple(_shown(filled, bound, index, definition, text)),
        )


def _row(run: FileRun, number: int, column: int) -> Block | None:
    """The block of that row alone; ``None`` where the row was left out."""
    for block in run.blocks(1):
        if block.numbers == [number]:
            return block
        if run.rows_in >= number:
            return None
    if run.rows_in >= number:
        return None
    raise CellNotThere(row=number, column=column)


def explain_cell(
    stream: BinaryIO,
    layout_map: LayoutMap,
    definition: FormatDefinition,
    items: ItemTable,
    *,
    on: date,
    row: int,
    column: int,
    limit_bytes: int = DEFAULT_LIMIT,
    vocabulary: Vocabulary = NO_WORDS,
) -> Explanation:
    """The story of the cell in data row ``row`` and ``column`` (both from 1, as findings count them).

    Raises :class:`CellNotThere` where the file has no such cell, and the errors of converting.
    """
    run = FileRun(stream, layout_map, on, limit_bytes, 0)
    if not 0 < column <= run.columns.size or row < 1:
        raise CellNotThere(row=row, column=column)
    place = column - 1
    writing = compile_lines(run.columns, layout_map, definition, items, on, vocabulary)
    plan = writing.plan
    checking = prepare_checking(plan, run.columns, layout_map, items, on, None)
    header, use = run.columns.labels[place], _use(run.columns, layout_map, place)
    block = _row(run, row, column)
    if block is None:
        return Explanation(row, column, header, use, findings=("row.width",))
    columns, marks = Extender(plan, checking.places() | writing.places())(block.rows)
    writing.lines(block.rows, columns, marks)
    marks += checking.block(columns, len(plan.steps) + len(plan.bound))
    codes = dict.fromkeys(found.code for found in run.findings(block, marks) if found.column == column)
    cells = block.rows[0]
    readings = tuple(_readings(plan, run.columns, definition, items, cells, place))
    return Explanation(row, column, header, use, block.lines[0], cells[place], readings, tuple(codes))
