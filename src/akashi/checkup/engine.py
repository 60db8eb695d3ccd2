"""Compiling a map, a layout and a format into tables that turn a row by look-ups alone.

Guarantees: one cell text of one column is read once and remembered (within a bound); a text with a finding is
never remembered in the fast table, so every occurrence is counted. Refuses: raising on any cell.

How a row goes: steps append computed texts (exclusive-one, multi-entry) to the raw row; one ``itemgetter``
gathers the source text of every slot; one ``map`` looks each up in its slot's table; one ``itemgetter`` lays the
results out as the format's columns. All three loops run in C; Python runs only for texts not seen before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from operator import getitem, itemgetter

from akashi.checkup.cells.fold import key
from akashi.checkup.cells.kinds import CellRule, Reader, reader
from akashi.checkup.cells.numbers import NumberRule
from akashi.checkup.errors import MapInvalid
from akashi.checkup.formats.definitions import FormatColumn, FormatDefinition
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.formats.maps import Condition, LayoutMap, MapRule
from akashi.checkup.layout import Columns
from akashi.checkup.model import Outcome, Role, Status
from akashi.checkup.writers.standard_csv import Finisher, Render, renderer

# Bounds of memory: texts remembered per slot, and over all slots of one conversion (about 200 bytes each).
TABLE_LIMIT = 4096
TOTAL_LIMIT = 160_000
KNOWN_LIMIT = 512
# (column index, finding codes, original text) of the row in hand.
Pending = list[tuple[int, tuple[str, ...], str]]
Step = Callable[[list[str]], None]


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
        outcome = self._read(text)
        if self._required and outcome.status is Status.EMPTY:
            outcome = Outcome(findings=("cell.required",))
        if len(self._known) < KNOWN_LIMIT:
            self._known[text] = outcome
        return outcome


class Workbench:
    """What all slots of one conversion share: findings and repairs of the row in hand, and room to remember."""

    __slots__ = ("pending", "repairs", "room")

    def __init__(self) -> None:
        self.pending: Pending = []
        # (index in the extended row, text to write instead of the original) for original columns.
        self.repairs: list[tuple[int, str]] = []
        self.room = TOTAL_LIMIT


class SlotTable(dict[str, str]):
    """Cell text -> output text for one slot.

    Texts with findings, and texts whose original cannot be written as it stands, pass ``__missing__`` each time.
    """

    __slots__ = ("_bench", "_bound", "_finish", "_outcome", "_render", "original")

    def __init__(self, bound: BoundRule, render: Render | None, finish: Finisher, bench: Workbench) -> None:
        super().__init__()
        self._bound, self._bench, self._render, self._finish = bound, bench, render, finish
        self._outcome = bound.cells.outcome
        # Set where the format also shows the original of this rule.
        self.original: Finisher | None = None

    def __missing__(self, text: str) -> str:
        """Read, render and finish a text that is not remembered."""
        outcome = self._outcome(text)
        output, marks = self._finish(outcome.standard if self._render is None else self._render(outcome))
        marks = outcome.findings + marks
        plain = not marks
        if self.original is not None:
            shown, more = self.original(text.strip())
            if shown != text:
                self._bench.repairs.append((self._bound.source, shown))
                plain = False
            marks += more
        if marks:
            self._bench.pending.append((self._bound.column, marks, text))
        elif plain and self._bench.room > 0 and len(self) < TABLE_LIMIT:
            self._bench.room -= 1
            self[text] = output
        return output


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
    computed: int = 0
    """How many texts the steps append to a row."""
    gather: Callable[[list[str]], tuple[str, ...]] = field(repr=False, default=lambda _row: ())
    tables: tuple[SlotTable, ...] = field(repr=False, default=())
    pick: Callable[[list[str]], tuple[str, ...]] = field(repr=False, default=lambda _row: ())

    def extend(self, row: list[str]) -> None:
        """Append the computed texts of exclusive and multi-entry rules to ``row``."""
        for step in self.steps:
            step(row)

    def output(self, row: list[str]) -> tuple[str, ...]:
        """The format's cells for an extended row (which may be repaired); findings are left in ``bench.pending``."""
        cells = list(map(getitem, self.tables, self.gather(row)))
        repairs = self.bench.repairs
        if repairs:
            for index, text in repairs:
                row[index] = text
            repairs.clear()
        cells += row
        cells.append("")
        return self.pick(cells)


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

    @property
    def computed(self) -> int:
        """How many texts the steps append."""
        return self._next - self._columns.size


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
    return Plan(tuple(bound), tuple(binder.steps), bench, tuple(dict.fromkeys(binder.missing)), binder.computed)


class _Slots:
    """The slots of one plan: for each rule its main one (the standard text), and companions as the format asks."""

    def __init__(self, plan: Plan, definition: FormatDefinition) -> None:
        self._plan, self._definition = plan, definition
        self.made: list[tuple[int, SlotTable]] = []
        self._main: dict[int, SlotTable] = {}

    def add(self, bound: BoundRule, column: FormatColumn) -> int:
        """A slot for ``column``; its position among the slots."""
        render = renderer(column, bound.rule, self._definition)
        table = SlotTable(bound, render, Finisher(column.max_bytes, self._definition.encoding), self._plan.bench)
        self.made.append((bound.source, table))
        if column.kind not in _COMPANIONS:
            self._main.setdefault(id(bound), table)
        return len(self.made) - 1

    def complete(self, originals: Mapping[int, FormatColumn]) -> None:
        """Give every rule a main slot, so that no finding is lost, and tell it of its original column."""
        for bound in self._plan.bound:
            if id(bound) not in self._main:
                self.add(bound, _UNSHOWN)
            column = originals.get(id(bound))
            if column is not None:
                self._main[id(bound)].original = Finisher(column.max_bytes, self._definition.encoding)


_COMPANIONS = frozenset({"unit", "flag", "judgement"})
_UNSHOWN = FormatColumn(0, "", "standard")


def _says_something(column: FormatColumn, rule: MapRule) -> bool:
    """Whether a companion column can ever show anything: most rules have no flag and no advice."""
    if rule.role is not Role.VALUE:
        return True
    by_kind = {"flag": "number", "unit": "number", "judgement": "findings"}
    return column.kind not in by_kind or rule.kind == by_kind[column.kind]


def compile_plan(
    columns: Columns, layout_map: LayoutMap, definition: FormatDefinition, items: ItemTable, on: date
) -> Plan:
    """A plan that writes ``definition`` from rows of this layout."""
    plan = bind(columns, layout_map, items, on)
    by_target = {(bound.rule.target, bound.rule.occurrence, bound.rule.role): bound for bound in plan.bound}
    slots = _Slots(plan, definition)
    positions: dict[int, int] = {}
    raw: dict[int, int] = {}
    originals: dict[int, FormatColumn] = {}
    for column in definition.columns:
        bound = next((by_target[want] for want in _wanted(column) if want in by_target), None)
        if bound is None or not _says_something(column, bound.rule):
            continue
        if column.kind == "original":
            raw[column.number - 1] = bound.source
            originals[id(bound)] = column
        else:
            positions[column.number - 1] = slots.add(bound, column)
    slots.complete(originals)
    # Behind the slots' cells lie the raw (repaired) row and one empty cell: see Plan.output.
    offset = len(slots.made)
    empty = offset + columns.size + plan.computed
    order = [
        positions[index] if index in positions else offset + raw[index] if index in raw else empty
        for index in range(len(definition.columns))
    ]
    return replace(
        plan,
        gather=_getter([source for source, _table in slots.made]),
        tables=tuple(table for _source, table in slots.made),
        pick=_getter(order),
    )


def _getter(indexes: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    """``itemgetter`` that returns a tuple for one index too."""
    if len(indexes) == 1:
        only = indexes[0]
        return lambda row: (row[only],)
    return itemgetter(*indexes) if indexes else lambda _row: ()
