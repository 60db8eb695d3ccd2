"""Compiling a map, a layout and a format into tables that turn a row by look-ups alone.

Guarantees: one cell text of one column is read once and remembered (within a bound); a text with a finding is
never remembered, so every occurrence is counted. Refuses: raising on any cell.

How a row goes: steps append computed texts (exclusive-one, multi-entry) to the raw row; one ``itemgetter``
gathers the source text of every rule; one ``map`` looks each up in its rule's table, which holds the finished
bytes of all columns that the rule fills; one ``itemgetter`` puts them in the format's order; one ``join`` makes the
line. All of these run in C; Python runs only for texts not seen before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain
from operator import getitem, itemgetter
from typing import TypeVar

from akashi.checkup.cells.fold import key
from akashi.checkup.cells.kinds import CellRule, Reader, reader, unchanged
from akashi.checkup.cells.numbers import NumberRule
from akashi.checkup.errors import MapInvalid
from akashi.checkup.formats.definitions import DEFAULT_MAX_BYTES, FormatColumn, FormatDefinition
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.formats.maps import Condition, LayoutMap, MapRule
from akashi.checkup.layout import Columns
from akashi.checkup.model import Outcome, Role, Status
from akashi.checkup.writers.standard_csv import Finisher, Render, renderer

# Bounds of memory: texts remembered per rule, and over all rules of one conversion (about 250 bytes each).
TABLE_LIMIT = 4096
TOTAL_LIMIT = 120_000
KNOWN_LIMIT = 512
# (column index, finding codes, original text) of the row in hand.
Pending = list[tuple[int, tuple[str, ...], str]]
Step = Callable[[list[str]], None]
Piece = tuple[Render, Finisher]
_Cell = TypeVar("_Cell")


class Cells:
    """Reads the cells of one rule and remembers some outcomes, within a bound."""

    def __init__(self, read: Reader, *, required: bool) -> None:
        self._read = read
        self._required = required
        self._known: dict[str, Outcome] = {}

    def outcome(self, text: str) -> Outcome:
        """The reading of ``text``; an empty required cell says so."""
        known = self._known.get(text)
        if known is not None:
            return known
        outcome = self.fresh(text)
        if len(self._known) < KNOWN_LIMIT:
            self._known[text] = outcome
        return outcome

    def fresh(self, text: str) -> Outcome:
        """The same without remembering, for callers that remember the result themselves."""
        outcome = self._read(text)
        if self._required and outcome.status is Status.EMPTY:
            return Outcome(findings=("cell.required",))
        return outcome


class Workbench:
    """What all tables of one conversion share: the findings of the row in hand, and room to remember."""

    __slots__ = ("pending", "room", "shared")

    def __init__(self) -> None:
        self.pending: Pending = []
        self.room = TOTAL_LIMIT
        self.shared: dict[bytes, bytes] = {}


class RuleTable(dict[str, tuple[bytes, ...]]):
    """Cell text -> the finished bytes of every column that one rule fills.

    A text with findings passes ``__missing__`` each time and leaves them on the bench; its bytes are kept apart.
    """

    __slots__ = ("_as_is", "_bench", "_bound", "_marked", "_pieces")

    def __init__(self, bound: BoundRule, pieces: tuple[Piece, ...], bench: Workbench) -> None:
        super().__init__()
        self._bound, self._pieces, self._bench = bound, pieces, bench
        self._marked: dict[str, tuple[tuple[bytes, ...], tuple[str, ...]]] = {}
        # Identifying columns hardly repeat: what is plainly itself is neither read at length nor remembered.
        single = len(pieces) == 1 and "." in bound.rule.target
        self._as_is = pieces[0][1].plain(*unchanged(bound.rule.kind, bound.rule.digits)) if single else None

    def __missing__(self, text: str) -> tuple[bytes, ...]:
        """Read, render and finish a text that is not remembered."""
        if self._as_is is not None and (data := self._as_is(text)) is not None:
            return (data,)
        marked = self._marked.get(text)
        if marked is None:
            outcome = self._bound.cells.fresh(text)
            written: list[bytes] = []
            marks = outcome.findings
            for render, finish in self._pieces:
                data, more = finish(render(outcome, text))
                written.append(data)
                marks += more
            output = tuple(written)
            room = self._bench.room > 0
            if not marks:
                if room and len(self) < TABLE_LIMIT:
                    self._bench.room -= 1
                    # Equal cells of all columns share one object: less memory, and what is touched stays in cache.
                    share = self._bench.shared.setdefault
                    self[text] = tuple([share(data, data) for data in written])
                return output
            marked = output, marks
            if room and len(self._marked) < KNOWN_LIMIT:
                self._bench.room -= 1
                self._marked[text] = marked
        self._bench.pending.append((self._bound.column, marked[1], text))
        return marked[0]


@dataclass(frozen=True)
class BoundRule:
    """A rule with its place in the extended row (``source``) and in the file (``column``, from 0)."""

    rule: MapRule
    source: int
    column: int
    cells: Cells = field(repr=False)


@dataclass(frozen=True)
class Plan:
    """A compiled conversion for one file."""

    bound: tuple[BoundRule, ...]
    steps: tuple[Step, ...]
    bench: Workbench = field(repr=False)
    missing: tuple[str, ...]
    gather: Callable[[list[str]], tuple[str, ...]] = field(repr=False, default=lambda _row: ())
    tables: tuple[RuleTable, ...] = field(repr=False, default=())
    pick: Callable[[list[bytes]], tuple[bytes, ...]] = field(repr=False, default=lambda _pieces: ())
    prefix: bytes = b""

    def extend(self, row: list[str]) -> None:
        """Append the computed texts of exclusive and multi-entry rules to ``row``."""
        for step in self.steps:
            step(row)

    def line(self, row: list[str]) -> bytes:
        """The format's line for an extended row; findings are left in ``bench.pending``."""
        pieces = list(chain.from_iterable(map(getitem, self.tables, self.gather(row))))
        return self.prefix + b"".join(self.pick(pieces))


def _cell_rule(rule: MapRule, layout_map: LayoutMap, items: ItemTable, on: date) -> CellRule:
    item = items.items.get(rule.target)
    number = NumberRule(unit=rule.unit, factor=rule.factor)
    if "." not in rule.target and item is None:
        raise MapInvalid(line=0, what=f"unknown item {rule.target}")
    if item is not None and rule.role is Role.VALUE and rule.kind == "number":
        if rule.unit and item.unit and key(rule.unit) != key(item.unit):
            raise MapInvalid(line=0, what=f"unit of {rule.target}")
        number = NumberRule(rule.unit, rule.factor, item.low, item.high, item.decimals or None)
    return CellRule(
        on=on,
        number=number,
        table=layout_map.tables[rule.table] if rule.table else None,
        labels=items.labels(rule.target) if rule.role is Role.VALUE else {},
        digits=rule.digits,
        separators=rule.separators,
        spaces=rule.spaces,
    )


class _Decider(dict[str, bool]):
    """Cell text -> whether the condition holds; remembered within the bound."""

    def __init__(self, condition: Condition) -> None:
        super().__init__()
        self._words = condition.words

    def __missing__(self, text: str) -> bool:
        holds = key(text) in self._words
        if len(self) < TABLE_LIMIT:
            self[text] = holds
        return holds


def _exclusive_step(value: int, choices: list[tuple[int, _Decider]], pending: Pending) -> Step:
    def step(row: list[str]) -> None:
        text = row[value]
        chosen = [decider[row[column]] for column, decider in choices]
        row.extend([text if holds else "" for holds in chosen])
        if text and not any(chosen) and not text.isspace():
            pending.append((value, ("pair.undecided",), text))

    return step


def _multi_step(columns: list[int]) -> Step:
    def step(row: list[str]) -> None:
        row.append("、".join([row[column] for column in columns if row[column] and not row[column].isspace()]))

    return step


class _Binder:
    """Gives every rule its place in the extended row and collects the steps that fill it."""

    def __init__(self, columns: Columns, layout_map: LayoutMap, pending: Pending) -> None:
        self._columns = columns
        self._pending = pending
        self._next = columns.size
        self.steps: list[Step] = []
        self.missing: list[str] = []
        self.places: dict[int, tuple[int, int]] = {}
        exclusive: dict[int, list[int]] = {}
        for number, rule in enumerate(layout_map.rules):
            self._bind(number, rule, exclusive)
        self._bind_exclusive(exclusive, layout_map)

    def _bind(self, number: int, rule: MapRule, exclusive: dict[int, list[int]]) -> None:
        find = self._columns.find if rule.required else self._columns.find_optional
        found = [find(place) for place in (*rule.at, *((rule.when.at,) if rule.when else ()))]
        if None in found:
            wanted = (*rule.at, *((rule.when.at,) if rule.when else ()))
            self.missing += [place.label for place, index in zip(wanted, found, strict=True) if index is None]
        indexes = [index for index in found[: len(rule.at)] if index is not None]
        if not indexes or (rule.when is not None and found[-1] is None):
            return
        if rule.when is not None:
            exclusive.setdefault(indexes[0], []).append(number)
        elif len(rule.at) > 1:
            self.steps.append(_multi_step(indexes))
            self.places[number] = (self._next, indexes[0])
            self._next += 1
        else:
            self.places[number] = (indexes[0], indexes[0])

    def _bind_exclusive(self, exclusive: Mapping[int, list[int]], layout_map: LayoutMap) -> None:
        for value, numbers in exclusive.items():
            choices: list[tuple[int, _Decider]] = []
            for number in numbers:
                condition = layout_map.rules[number].when
                if condition is None:
                    continue
                choices.append((self._columns.find(condition.at), _Decider(condition)))
                self.places[number] = (self._next, value)
                self._next += 1
            self.steps.append(_exclusive_step(value, choices, self._pending))


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


def bind(columns: Columns, layout_map: LayoutMap, items: ItemTable, on: date) -> Plan:
    """A plan that reads rows into records only (no format). Raises MissingColumn, AmbiguousHeader, MapInvalid."""
    bench = Workbench()
    binder = _Binder(columns, layout_map, bench.pending)
    bound = []
    for number, (source, column) in sorted(binder.places.items()):
        rule = layout_map.rules[number]
        cells = Cells(reader(rule.kind, _cell_rule(rule, layout_map, items, on)), required=rule.required)
        bound.append(BoundRule(rule, source, column, cells))
    return Plan(tuple(bound), tuple(binder.steps), bench, tuple(dict.fromkeys(binder.missing)))


def _says_something(column: FormatColumn, rule: MapRule) -> bool:
    """Whether a companion column can ever show anything: most rules have no flag and no advice."""
    if rule.role is not Role.VALUE:
        return True
    by_kind = {"flag": "number", "unit": "number", "judgement": "findings"}
    return column.kind not in by_kind or rule.kind == by_kind[column.kind]


def _filled(plan: Plan, definition: FormatDefinition) -> list[tuple[FormatColumn, BoundRule]]:
    """The columns of the format that some rule fills, in order."""
    by_target = {(bound.rule.target, bound.rule.occurrence, bound.rule.role): bound for bound in plan.bound}
    found = []
    for column in definition.columns:
        bound = next((by_target[want] for want in _wanted(column) if want in by_target), None)
        if bound is not None and _says_something(column, bound.rule):
            found.append((column, bound))
    return found


# Reads like a column but writes nothing: for rules that the format does not show, so that no finding is lost.
_UNSHOWN: Piece = (lambda outcome, _text: outcome.standard, Finisher(DEFAULT_MAX_BYTES, "utf-8", b""))


def compile_plan(
    columns: Columns, layout_map: LayoutMap, definition: FormatDefinition, items: ItemTable, on: date
) -> Plan:
    """A plan that writes ``definition`` from rows of this layout."""
    plan = bind(columns, layout_map, items, on)
    filled = _filled(plan, definition)
    pieces: dict[int, list[tuple[int, Piece]]] = {}
    for place, (column, bound) in enumerate(filled):
        after = filled[place + 1][0].number if place + 1 < len(filled) else len(definition.columns)
        # Columns that nothing fills are only commas: they ride on the cell before them.
        end = b"," * (after - column.number) + (b"\r\n" if place + 1 == len(filled) else b"")
        finish = Finisher(column.max_bytes, definition.encoding, end)
        pieces.setdefault(id(bound), []).append((place, (renderer(column, bound.rule, definition), finish)))
    tables: list[RuleTable] = []
    order: dict[int, int] = {}
    total = 0
    for bound in plan.bound:
        own = pieces.get(id(bound))
        tables.append(RuleTable(bound, tuple(piece for _place, piece in own) if own else (_UNSHOWN,), plan.bench))
        for offset, (place, _piece) in enumerate(own or ()):
            order[place] = total + offset
        total += len(own) if own else 1
    first = filled[0][0].number - 1 if filled else len(definition.columns) - 1
    return replace(
        plan,
        gather=_getter([bound.source for bound in plan.bound]),
        tables=tuple(tables),
        pick=_getter([order[place] for place in range(len(filled))]),
        prefix=b"," * first + (b"" if filled else b"\r\n"),
    )


def _getter(indexes: list[int]) -> Callable[[list[_Cell]], tuple[_Cell, ...]]:
    """``itemgetter`` that returns a tuple for one index too."""
    if len(indexes) == 1:
        only = indexes[0]
        return lambda row: (row[only],)
    return itemgetter(*indexes) if indexes else lambda _row: ()
