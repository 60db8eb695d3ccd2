"""Compiling a map, a layout and a format into tables that turn rows into lines by look-ups alone.

Guarantees: the lines are those of the rows, in their order, and so are the findings. Refuses: raising on any cell.

How a row goes: steps append computed texts (exclusive-one, multi-entry); one ``itemgetter`` gathers the source texts in
the order of the output; one ``map`` looks each up in its table, which holds finished bytes; one ``join`` makes the
line. All of these run in C; Python runs only for texts not seen before. Rows come in small blocks: what is done to a
column of many cells at once (identifying texts, steps, checks) is done to the block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import getitem, itemgetter
from typing import Any

from akashi.checkup.cells.kinds import unchanged
from akashi.checkup.formats.definitions import FormatColumn, FormatDefinition
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.formats.maps import LayoutMap
from akashi.checkup.model import Role
from akashi.checkup.tabular.binding import BoundRule, ExclusiveStep, PlacedMark, Plan, bind
from akashi.checkup.tabular.layout import Columns
from akashi.checkup.tabular.tables import Piece, PlainCells, RuleTable, Shared
from akashi.checkup.tabular.terms import NO_WORDS
from akashi.checkup.thesaurus.vocabulary import Vocabulary
from akashi.checkup.writers.standard_csv import Finisher, renderer

Column = Sequence[str]
Gather = Callable[[Sequence[Any]], tuple[Any, ...]]


def gatherer(indexes: Sequence[int]) -> Gather:
    """``itemgetter`` that returns a tuple for one index, and for none, too."""
    if len(indexes) == 1:
        only = indexes[0]
        return lambda row: (row[only],)
    return itemgetter(*indexes) if indexes else lambda _row: ()


class Extender:
    """Extends the rows of a block by the computed texts, and gives the columns that somebody wants whole."""

    def __init__(self, plan: Plan, wanted: Iterable[int]) -> None:
        places = {place for step in plan.steps for place in step.places}
        self._own = sorted(places | {place for place in wanted if place < plan.size})
        self._steps, self._size = plan.steps, plan.size
        self._gather = gatherer(self._own)

    def __call__(self, rows: Sequence[list[str]]) -> tuple[Mapping[int, Column], list[PlacedMark]]:
        """Columns by place in the extended row (none for no rows); and what went nowhere."""
        if not rows:
            return {}, []
        columns: dict[int, Column] = dict(zip(self._own, zip(*map(self._gather, rows), strict=True), strict=True))
        marks: list[PlacedMark] = []
        added: list[Column] = []
        for number, step in enumerate(self._steps):
            filled = list(map(step.__getitem__, zip(*[columns[place] for place in step.places], strict=True)))
            added += zip(*filled, strict=True)
            if isinstance(step, ExclusiveStep):
                for index, (text, computed) in enumerate(zip(columns[step.column], filled, strict=True)):
                    if step.undecided(text, computed):
                        marks.append((index, number, (step.column, ("pair.undecided",), text, "")))
        if added:
            columns.update(enumerate(added, start=self._size))
            for row, computed in zip(rows, zip(*added, strict=True), strict=True):
                row.extend(computed)
        return columns, marks


def cell_marks(plan: Plan, columns: Mapping[int, Column]) -> Iterator[PlacedMark]:
    """The findings of the cells of a block of extended columns, for whoever writes no lines."""
    for place, bound in enumerate(plan.bound, start=len(plan.steps)):
        for index, text in enumerate(columns[bound.source]):
            codes = bound.cells.outcome(text).findings
            if codes:
                yield index, place, (bound.column, codes, text, bound.rule.target)


@dataclass(frozen=True)
class LinePlan:
    """A compiled conversion: what each place of the line is looked up in, and which cell is looked up."""

    plan: Plan
    shared: Shared = field(repr=False)
    rules: tuple[RuleTable, ...] = field(repr=False)
    # In the order of the output; a table whose rule writes whole columns at once stands in ``plain`` by its place here.
    tables: tuple[Mapping[str, bytes], ...] = field(repr=False)
    sources: tuple[int, ...]
    plain: Mapping[int, RuleTable] = field(repr=False)
    prefix: bytes

    def places(self) -> set[int]:
        """The columns wanted whole (indexes of the extended row)."""
        return {table.bound.source for table in self.plain.values()}

    def lines(self, rows: Sequence[list[str]], columns: Mapping[int, Column], marks: list[PlacedMark]) -> list[bytes]:
        """The finished lines of extended rows; the findings of their cells are added to ``marks``."""
        tables: list[Any] = list(self.tables)
        for place, table in self.plain.items():
            if table.plain is not None:
                tables[place] = table.column(columns[table.bound.source], table.plain, marks)
        # Columns written at once are looked up by the number of the row in its block, which follows its cells.
        after = len(rows[0])
        gather = gatherer([after if place in self.plain else source for place, source in enumerate(self.sources)])
        pending, prefix, join = self.shared.pending, self.prefix, b"".join
        written: list[bytes] = []
        for index, row in enumerate(rows):
            written.append(prefix + join(map(getitem, tables, gather([*row, index]))))
            if pending:
                marks += [(index, place, mark) for place, mark in pending]
                pending.clear()
        return written


def _wanted(column: FormatColumn) -> Iterator[tuple[str, int, Role]]:
    """The rules that can fill a format column, best first."""
    by_kind = {
        "judgement": Role.JUDGEMENT, "low": Role.LOWER, "high": Role.UPPER, "method": Role.METHOD, "flag": Role.FLAG,
        "text": Role.TEXT,
    }  # fmt: skip
    if column.kind in by_kind:
        yield column.source, column.occurrence, by_kind[column.kind]
    if column.kind not in {"low", "high", "method", "text", "spare"}:
        yield column.source, column.occurrence, Role.VALUE


def _says_something(column: FormatColumn, bound: BoundRule) -> bool:
    """Whether a companion column can ever show anything: most rules have no flag and no advice."""
    if bound.rule.role is not Role.VALUE:
        return True
    by_kind = {"flag": "number", "unit": "number", "judgement": "findings"}
    return column.kind not in by_kind or bound.rule.kind == by_kind[column.kind]


def filled_columns(plan: Plan, definition: FormatDefinition) -> list[tuple[FormatColumn, int]]:
    """The columns of the format that some rule fills, in order, each with the rule's index in ``plan.bound``."""
    found = []
    for column in definition.columns:
        index = next((plan.targets[want] for want in _wanted(column) if want in plan.targets), None)
        if index is not None and _says_something(column, plan.bound[index]):
            found.append((column, index))
    return found


@dataclass(frozen=True)
class _Filled:
    """A column that a rule fills: its place among these, and what follows its cells."""

    place: int
    column: FormatColumn
    end: bytes


def _owned(filled: Sequence[tuple[FormatColumn, int]], definition: FormatDefinition) -> dict[int, list[list[_Filled]]]:
    """Rule -> its columns, those that stand side by side together."""
    owned: dict[int, list[list[_Filled]]] = {}
    for place, (column, index) in enumerate(filled):
        is_last = place + 1 == len(filled)
        # Columns that nothing fills are only commas: they ride on the cell before them.
        after = len(definition.columns) if is_last else filled[place + 1][0].number
        one = _Filled(place, column, b"," * (after - column.number) + (b"\r\n" if is_last else b""))
        runs = owned.setdefault(index, [])
        if runs and runs[-1][-1].place + 1 == place:
            runs[-1].append(one)
        else:
            runs.append([one])
    return owned


def _plain(bound: BoundRule, runs: Sequence[Sequence[_Filled]], encoding: str) -> PlainCells | None:
    """The quick way for an identifying rule that fills one column."""
    if len(runs) != 1 or len(runs[0]) != 1 or "." not in bound.rule.target:
        return None
    only = runs[0][0]
    cell = unchanged(bound.rule.kind, bound.rule.digits, only.column.max_bytes)
    if cell is None:
        return None
    codec = "utf-8" if encoding == "utf-8-sig" else encoding
    return PlainCells(cell, empty=not bound.rule.required, encoding=codec, suffix=only.end)


def compile_lines(
    columns: Columns,
    layout_map: LayoutMap,
    definition: FormatDefinition,
    items: ItemTable,
    on: date,
    vocabulary: Vocabulary = NO_WORDS,
) -> LinePlan:
    """A plan that writes ``definition`` from rows of this layout."""
    plan = bind(columns, layout_map, items, on, vocabulary)
    filled = filled_columns(plan, definition)
    owned = _owned(filled, definition)
    encoding = definition.encoding
    shared = Shared(plan.room)
    output: dict[int, tuple[RuleTable, int]] = {}
    for index, bound in enumerate(plan.bound):
        own = owned.get(index, [])
        runs = [tuple(_piece(one, bound, definition) for one in run) for run in own]
        table = RuleTable(bound, runs, _plain(bound, own, encoding), shared, len(plan.steps) + index)
        # What the format does not show is read all the same, after the line's end, so that no finding is lost.
        places = [run[0].place for run in own] or [len(filled) + index]
        output |= {place: (table, number) for number, place in enumerate(places)}
    ordered = [output[place] for place in sorted(output)]
    first = filled[0][0].number - 1 if filled else len(definition.columns) - 1
    return LinePlan(
        plan=plan,
        shared=shared,
        rules=tuple({id(table): table for table, _number in ordered}.values()),
        tables=tuple(table.runs[number] for table, number in ordered),
        sources=tuple(table.bound.source for table, _number in ordered),
        plain={place: table for place, (table, _number) in enumerate(ordered) if table.plain is not None},
        prefix=b"," * first + (b"" if filled else b"\r\n"),
    )


def _piece(one: _Filled, bound: BoundRule, definition: FormatDefinition) -> Piece:
    return renderer(one.column, bound.rule, definition), Finisher(one.column.max_bytes, definition.encoding, one.end)
