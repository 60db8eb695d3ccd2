"""Binding a map to one file's columns: which rule reads which cell, and what is computed before rules read.

Guarantees: every rule has its place in the *extended* row (the file's cells, then the computed ones) and its column in
the file, for findings; an outcome is remembered within a bound. Refuses: a map whose required column is missing, that
names an unknown item, or whose unit is not the item's.

>>> step = Step((4, 7), joined, Room())
>>> step["喘息", "胃炎"]
('喘息、胃炎',)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from akashi.checkup.cells.fold import fold, key
from akashi.checkup.cells.kinds import CellRule, Reader, reader
from akashi.checkup.cells.numbers import NumberRule
from akashi.checkup.cells.terms import JOINER
from akashi.checkup.errors import MapInvalid
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.formats.maps import Condition, LayoutMap, MapRule
from akashi.checkup.model import Outcome, Role, Status
from akashi.checkup.tabular.layout import Columns
from akashi.checkup.tabular.terms import NO_WORDS, Words
from akashi.checkup.thesaurus.vocabulary import Vocabulary

# Marks of a value beyond what can be measured, as they stand before and behind a number.
_BEFORE, _BEHIND = frozenset({"<", "<=", ">", ">=", "≦", "≧", "≤", "≥"}), frozenset({"未満", "以下", "以上", "超"})
# Bounds of memory: outcomes remembered per rule, and everything remembered by one conversion (about 250 bytes each).
KNOWN_LIMIT = 2048
# Days are more than other texts that repeat (a century of birth dates).
DAYS_LIMIT = 16_384
TOTAL_LIMIT = 120_000
# Column in the file (from 0), finding codes, original text, item code or field target.
Mark = tuple[int, tuple[str, ...], str, str]
# Index of the row in its block, place among the findings of that row, and the finding.
PlacedMark = tuple[int, int, Mark]


class Room:
    """How much more one conversion may remember; shared by everything that remembers."""

    __slots__ = ("left",)

    def __init__(self, left: int = TOTAL_LIMIT) -> None:
        self.left = left

    def take(self) -> bool:
        """Whether one more may be remembered; counts it."""
        if self.left <= 0:
            return False
        self.left -= 1
        return True


class Cells(dict[str, Outcome]):
    """Reads the cells of one rule and remembers some outcomes, within a bound."""

    def __init__(self, read: Reader, *, required: bool, room: Room) -> None:
        super().__init__()
        self._read = read
        self._required = required
        self._room = room
        self._limit = KNOWN_LIMIT
        self._look: Callable[[Outcome], tuple[str, ...]] | None = None
        self._again = False

    def __missing__(self, text: str) -> Outcome:
        """Read a text that is not remembered."""
        outcome = self.fresh(text)
        if len(self) < self._limit and self._room.take():
            self[text] = outcome
        return outcome

    def want_again(self, limit: int = KNOWN_LIMIT) -> None:
        """Somebody else will ask for the same texts: what is read once is remembered for them, up to ``limit``."""
        self._again, self._limit = True, limit

    def look_also(self, look: Callable[[Outcome], tuple[str, ...]]) -> None:
        """Have ``look`` add finding codes to what is read; to be said before anything is read."""
        self._look = look

    def outcome(self, text: str) -> Outcome:
        """The reading of ``text``; an empty required cell says so."""
        return self[text]

    def read(self, text: str) -> Outcome:
        """The same, for callers that remember it themselves; remembered here only if somebody else will ask."""
        return self[text] if self._again else self.fresh(text)

    def fresh(self, text: str) -> Outcome:
        """The same, without remembering."""
        outcome = self._read(text)
        if self._required and outcome.status is Status.EMPTY:
            return Outcome(findings=("cell.required",))
        more = () if self._look is None else self._look(outcome)
        return outcome._replace(findings=outcome.findings + more) if more else outcome


@dataclass(frozen=True)
class BoundRule:
    """A rule with its place in the extended row (``source``) and in the file (``column``, from 0)."""

    rule: MapRule
    source: int
    column: int
    cells: Cells = field(repr=False)


class _Decider(dict[str, bool]):
    """Cell text -> whether the condition holds; remembered within the bound."""

    def __init__(self, condition: Condition) -> None:
        super().__init__()
        self._words = condition.words

    def __missing__(self, text: str) -> bool:
        holds = key(text) in self._words
        if len(self) < KNOWN_LIMIT:
            self[text] = holds
        return holds


class Step(dict[tuple[str, ...], tuple[str, ...]]):
    """Some cells of a row -> the texts computed from them; these stand after the file's own cells, step by step.

    ``places`` are the cells it wants (indexes of the extended row), ``column`` the one that its finding is about.
    """

    def __init__(self, places: Sequence[int], fill: Callable[[tuple[str, ...]], tuple[str, ...]], room: Room) -> None:
        super().__init__()
        self.places, self.column = tuple(places), places[0]
        self._fill, self._room = fill, room

    def __missing__(self, cells: tuple[str, ...]) -> tuple[str, ...]:
        """Compute; remember within the bound."""
        filled = self._fill(cells)
        if len(self) < KNOWN_LIMIT and self._room.take():
            self[cells] = filled
        return filled


class ExclusiveStep(Step):
    """One text for several rules: each gets it only where its deciding column says so."""

    def __init__(self, column: int, choices: Sequence[tuple[int, Condition]], room: Room) -> None:
        deciders = [_Decider(condition) for _place, condition in choices]

        def fill(cells: tuple[str, ...]) -> tuple[str, ...]:
            text = cells[0]
            return tuple([text if decider[cell] else "" for decider, cell in zip(deciders, cells[1:], strict=True)])

        super().__init__((column, *(place for place, _condition in choices)), fill, room)

    def undecided(self, text: str, filled: tuple[str, ...]) -> bool:
        """Whether ``text`` went nowhere."""
        return bool(text) and not any(filled) and not text.isspace()


def joined(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Several cells joined by 「、」; blank ones leave no sign.

    >>> joined(("喘息", " ")), joined(("喘息", "胃炎"))
    (('喘息',), ('喘息、胃炎',))
    """
    return ("、".join([cell for cell in cells if cell and not cell.isspace()]),)


def marked(words: Mapping[str, str]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """A number and the mark that stands in a column of its own, as one text; ``words`` are the map's for the mark.

    A mark that nobody knows makes a text that is no number: it is never dropped, and never taken for a flag.

    >>> [marked({"e": "以下"})(cells)[0] for cells in (("0.1", "未満"), ("5", "＜"), ("5", "E"), ("5", "L"), ("5", ""))]
    ['0.1未満', '<5', '5以下', '5（L）', '5']
    """

    def fill(cells: tuple[str, ...]) -> tuple[str, ...]:
        value, mark = cells
        word = fold(words.get(key(mark), mark))
        if not word or not value or value.isspace():
            return (value,)
        if word in _BEFORE:
            return (word + value.strip(),)
        return (value.strip() + (word if word in _BEHIND else f"（{mark.strip()}）"),)

    return fill


def _whole(read: Reader) -> Reader:
    """The judgement words of a findings list stay in it: the item has a judgement of its own, and would hide them."""

    def whole(text: str) -> Outcome:
        outcome = read(text)
        if not outcome.advice:
            return outcome
        return outcome._replace(standard=JOINER.join((outcome.standard, outcome.advice)), advice="")

    return whole


@dataclass(frozen=True)
class Plan:
    """A map bound to a file of ``size`` columns."""

    size: int
    bound: tuple[BoundRule, ...]
    steps: tuple[Step, ...]
    missing: tuple[str, ...]
    room: Room = field(repr=False)

    @cached_property
    def targets(self) -> Mapping[tuple[str, int, Role], int]:
        """What is read -> the index in ``bound``."""
        rules = [bound.rule for bound in self.bound]
        return {(rule.target, rule.occurrence, rule.role): index for index, rule in enumerate(rules)}

    def find(self, target: str, occurrence: int = 1, role: Role = Role.VALUE) -> BoundRule | None:
        """The rule that reads this, if the file has its column."""
        index = self.targets.get((target, occurrence, role))
        return None if index is None else self.bound[index]


def _cell_rule(rule: MapRule, words: Words, items: ItemTable) -> CellRule:
    item = items.items.get(rule.target)
    number = NumberRule(unit=rule.unit, factor=rule.factor)
    if "." not in rule.target and item is None:
        raise MapInvalid(line=0, what=f"unknown item {rule.target}")
    if item is not None and rule.role is Role.VALUE and rule.kind == "number":
        if rule.unit and item.unit and key(rule.unit) != key(item.unit):
            raise MapInvalid(line=0, what=f"unit of {rule.target}")
        number = NumberRule(rule.unit, rule.factor, item.low, item.high, item.decimals or None)
    editions = words.editions(rule)
    lexicon = words.lexicon(rule)
    dated = words.dated(rule)
    return CellRule(
        on=words.on,
        number=number,
        table=words.layout_map.tables[rule.table] if rule.table else editions[0].words if editions else None,
        labels=items.labels(rule.target) if rule.role is Role.VALUE else {},
        digits=rule.digits,
        separators=rule.separators,
        spaces=rule.spaces,
        unify=lexicon.unify if lexicon is not None else None,
        editions=tuple(one.words for one in editions) if dated else (),
    )


class _Binder:
    """Gives every rule its place in the extended row and collects the steps that fill it."""

    def __init__(self, columns: Columns, words: Words, room: Room) -> None:
        layout_map = words.layout_map
        self._columns = columns
        self._room = room
        self._next = columns.size
        self.steps: list[Step] = []
        self.missing: list[str] = []
        self.places: dict[int, tuple[int, int]] = {}
        exclusive: dict[int, list[int]] = {}
        for number, rule in enumerate(layout_map.rules):
            self._bind(number, rule, exclusive)
        self._bind_exclusive(exclusive, layout_map)
        self._bind_dated(words)
        self._bind_marks(layout_map)

    def _bind(self, number: int, rule: MapRule, exclusive: dict[int, list[int]]) -> None:
        find = self._columns.find if rule.required else self._columns.find_optional
        wanted = (*rule.at, *((rule.when.at,) if rule.when else ()))
        found = [find(place) for place in wanted]
        self.missing += [place.label for place, index in zip(wanted, found, strict=True) if index is None]
        indexes = tuple(index for index in found[: len(rule.at)] if index is not None)
        if not indexes or (rule.when is not None and found[-1] is None):
            return
        if rule.when is not None:
            exclusive.setdefault(indexes[0], []).append(number)
        elif len(rule.at) > 1:
            self.steps.append(Step(indexes, joined, self._room))
            self.places[number] = (self._next, indexes[0])
            self._next += 1
        else:
            self.places[number] = (indexes[0], indexes[0])

    def _bind_exclusive(self, exclusive: Mapping[int, list[int]], layout_map: LayoutMap) -> None:
        for value, numbers in exclusive.items():
            choices: list[tuple[int, Condition]] = []
            for number in numbers:
                condition = layout_map.rules[number].when
                if condition is None:
                    continue
                choices.append((self._columns.find(condition.at), condition))
                self.places[number] = (self._next, value)
                self._next += 1
            self.steps.append(ExclusiveStep(value, choices, self._room))

    def _bind_dated(self, words: Words) -> None:
        """Letters whose meaning hangs on the day of the visit get their edition from it."""
        rules = words.layout_map.rules
        visits = [self.places[number][0] for number in self.places if rules[number].target == "visit.date"]
        visit = next((place for place in visits if place < self._columns.size), None)
        for number, (source, column) in list(self.places.items()):
            if not words.dated(rules[number]):
                continue
            if source >= self._columns.size:
                raise MapInvalid(line=0, what=f"a vocabulary with days needs one column for {rules[number].target}")
            seen = (source,) if visit is None else (source, visit)
            self.steps.append(Step(seen, words.fill(rules[number]), self._room))
            self.places[number] = (self._next, column)
            self._next += 1

    def _bind_marks(self, layout_map: LayoutMap) -> None:
        """A value takes the mark (未満 …) that stands in another column."""
        rules = layout_map.rules
        marks = {
            (rules[number].target, rules[number].occurrence): number
            for number in self.places
            if rules[number].role is Role.QUALIFIER
        }
        for number, (source, column) in list(self.places.items()):
            rule = rules[number]
            mark = marks.get((rule.target, rule.occurrence)) if rule.role is Role.VALUE else None
            if mark is None:
                continue
            beside = self.places[mark][0]
            if source >= self._columns.size or beside >= self._columns.size:
                raise MapInvalid(line=0, what=f"value and qualifier of {rule.target} need one column each")
            words = layout_map.tables.get(rules[mark].table, {})
            self.steps.append(Step((source, beside), marked(words), self._room))
            self.places[number] = (self._next, column)
            self._next += 1


def bind(
    columns: Columns, layout_map: LayoutMap, items: ItemTable, on: date, vocabulary: Vocabulary = NO_WORDS
) -> Plan:
    """The plan for a file with these columns. Raises MissingColumn, AmbiguousHeader, MapInvalid."""
    room = Room()
    words = Words(layout_map, vocabulary, on)
    binder = _Binder(columns, words, room)
    judged = {
        (rule.target, rule.occurrence)
        for rule in (layout_map.rules[number] for number in binder.places)
        if rule.role is Role.JUDGEMENT
    }
    bound = []
    for number, (source, column) in sorted(binder.places.items()):
        rule = layout_map.rules[number]
        read = reader(rule.kind, _cell_rule(rule, words, items))
        if rule.kind == "findings" and (rule.target, rule.occurrence) in judged and rule.role is Role.VALUE:
            read = _whole(read)
        bound.append(BoundRule(rule, source, column, Cells(read, required=rule.required, room=room)))
    return Plan(columns.size, tuple(bound), tuple(binder.steps), tuple(dict.fromkeys(binder.missing)), room)
