"""What is checked beside single cells, compiled for one file: checks across cells, limits of items, watched columns, persons.

Guarantees: a check says of a row's cells what it says of the same cells in a neutral record. A cell that the layout
lacks is an empty outcome; a check none of whose cells the layout has is dropped. Refuses: remembering more than a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import repeat

from akashi.checkup.checks.cells import cell_findings, limits_of
from akashi.checkup.checks.model import Check, Said, Wanted
from akashi.checkup.checks.national import checks_for, missing_columns
from akashi.checkup.checks.persons import Duplicates
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.formats.maps import LayoutMap
from akashi.checkup.model import Finding, Outcome, Role
from akashi.checkup.tabular.binding import DAYS_LIMIT, KNOWN_LIMIT, BoundRule, Mark, PlacedMark, Plan, Room
from akashi.checkup.tabular.blocks import BLOCK_ROWS, Block
from akashi.checkup.tabular.layout import Columns

ANSWERS_LIMIT = 4096
# Rows and findings that may wait for the checks.
CHECKED_ROWS, CHECKED_FINDINGS = 512, 4096
_ABSENT = Outcome()
# What names a visit, in the order of :meth:`Duplicates.see`.
_VISIT = (
    "person.id", "visit.date", "insurance.insurer", "insurance.symbol", "insurance.number", "insurance.branch",
    "person.birth",
)  # fmt: skip
Cells = Mapping[int, Sequence[str]]


class RowCheck(dict[tuple[str, ...], tuple[Said, ...]]):
    """The texts of a check's cells -> what the check says of them."""

    __slots__ = ("_bound", "_check", "_clean", "_few", "_gaps", "_judge", "_plain", "_reads", "_room", "places")

    def __init__(self, check: Check, bound: Sequence[BoundRule | None], room: Room) -> None:
        super().__init__()
        self._check, self._bound, self._room, self._few = check, tuple(bound), room, check.few
        self._judge = check.judge
        # A number that the map multiplies is not the one that stands in the cell.
        self._plain = check.plain if all(one is None or one.rule.factor == "1" for one in bound) else None
        # Texts of which there is nothing to say: a block that holds no others is passed over by set operations alone.
        self._clean: set[tuple[str, ...]] = set()
        self._reads = tuple([one.cells.__getitem__ for one in bound if one is not None])
        self._gaps = [place for place, one in enumerate(bound) if one is None]
        for one in bound:
            if one is not None:
                one.cells.want_again(DAYS_LIMIT if one.rule.kind == "date" else KNOWN_LIMIT)
        self.places = tuple(one.source for one in bound if one is not None)
        """The cells to hand in (indexes of the extended row)."""

    def __missing__(self, texts: tuple[str, ...]) -> tuple[Said, ...]:
        """Ask the check; remember where texts repeat."""
        outcomes = [read(text) for read, text in zip(self._reads, texts, strict=True)]
        for place in self._gaps:
            outcomes.insert(place, _ABSENT)
        said = self._judge(tuple(outcomes))
        if self._few and len(self) + len(self._clean) < ANSWERS_LIMIT and self._room.take():
            if said:
                self[texts] = said
            else:
                self._clean.add(texts)
        return said

    def marks(self, texts: Sequence[str], answers: Iterable[Said]) -> Iterator[Mark]:
        """The answers as findings at the cells they are about (at the first cell where the layout lacks that one)."""
        for code, at in answers:
            one = self._bound[at] or next(bound for bound in self._bound if bound is not None)
            yield one.column, (code,), texts[self.places.index(one.source)], self._check.wanted[at].target

    def block(self, columns: Cells) -> Iterator[tuple[int, Mark]]:
        """(index, finding) for a block of extended columns."""
        wanted: list[Sequence[str]] = [columns[place] for place in self.places]
        indexes: Sequence[int] = range(len(wanted[0]))
        if self._plain is not None:
            indexes = self._odd(columns, self._plain)
            wanted = [[cells[index] for index in indexes] for cells in wanted]
        answers = self._remembered(wanted) if self._few else list(self._asked(wanted))
        if any(answers):
            for place, said in enumerate(answers):
                if said:
                    for mark in self.marks([cells[place] for cells in wanted], said):
                        yield indexes[place], mark

    def _odd(self, columns: Cells, plain: Callable[..., bool]) -> list[int]:
        """The rows that are not plainly right."""
        whole = [columns[one.source] if one is not None else repeat("") for one in self._bound]
        return [index for index, fine in enumerate(map(plain, *whole)) if not fine]

    def _remembered(self, wanted: Sequence[Sequence[str]]) -> list[tuple[Said, ...]]:
        """The answers for columns of texts that repeat; none at all where there is nothing to say of any."""
        others = set(zip(*wanted, strict=True)).difference(self._clean)
        spoken = {texts: said for texts in others if (said := self[texts])}
        return [spoken.get(texts, ()) for texts in zip(*wanted, strict=True)] if spoken else []

    def _asked(self, wanted: Sequence[Sequence[str]]) -> Iterator[tuple[Said, ...]]:
        """The answers for columns of texts that hardly repeat."""
        outcomes: list[Iterator[Outcome]] = [map(read, cells) for read, cells in zip(self._reads, wanted, strict=True)]
        for place in self._gaps:
            outcomes.insert(place, repeat(_ABSENT))
        return map(self._judge, zip(*outcomes, strict=False))


def compile_checks(plan: Plan, checks: Sequence[Check]) -> tuple[RowCheck, ...]:
    """The checks that this file's columns can serve."""
    compiled = []
    for check in checks:
        bound = [plan.find(want.target, want.occurrence, want.role) for want in check.wanted]
        if any(bound):
            compiled.append(RowCheck(check, bound, plan.room))
    return tuple(compiled)


@dataclass(frozen=True)
class Checking:
    """Everything that looks beyond a single cell of one file; ``layout`` is what is said once (row 0)."""

    checks: tuple[RowCheck, ...]
    watched: tuple[int, ...]
    visit: tuple[BoundRule | None, ...] = ()
    layout: tuple[Finding, ...] = ()
    persons: Duplicates = field(default_factory=Duplicates, repr=False)

    def places(self) -> set[int]:
        """The cells it looks at (indexes of the extended row)."""
        looked = {place for check in self.checks for place in check.places} | set(self.watched)
        return looked | {one.source for one in self.visit if one is not None}

    def block(self, columns: Cells, first: int) -> Iterator[PlacedMark]:
        """What there is to say of a block of extended columns; ``first`` is its place among the findings of a row."""
        for place, check in enumerate(self.checks, start=first):
            for index, mark in check.block(columns):
                yield index, place, mark
        last = first + len(self.checks)
        for column in self.watched:
            cells = columns[column]
            if any(cells):
                for index, text in enumerate(cells):
                    if text and not text.isspace():
                        yield index, last, (column, ("column.watched",), text, "")
        if self.visit:
            yield from self._again(columns, last)

    def _again(self, columns: Cells, place: int) -> Iterator[PlacedMark]:
        identifier = self.visit[0] or next(one for one in self.visit if one is not None)
        wanted = [columns[one.source] if one is not None else repeat("") for one in self.visit]
        for index, texts in enumerate(zip(*wanted, strict=False)):
            if self.persons.see(*texts):
                yield index, place, (identifier.column, ("persons.duplicate",), "", identifier.rule.target)


class Waiting:
    """Blocks whose lines are written and whose checks are not made yet: checks cost less over many rows at once.

    Only the cells that checks look at are kept, of a bounded number of rows and findings.
    """

    def __init__(self, checking: Checking, first: int) -> None:
        self._checking, self._first, self._places = checking, first, tuple(sorted(checking.places()))
        self._begin()

    def _begin(self) -> None:
        self._block, self._marks = Block(), list[PlacedMark]()
        self._columns: dict[int, list[str]] = {place: [] for place in self._places}

    def add(self, block: Block, columns: Cells, marks: list[PlacedMark]) -> bool:
        """Keep what checks need of a block; whether it is time to :meth:`take` (always after a block cut short)."""
        before, kept = len(self._block.numbers), self._block
        kept.numbers += block.numbers
        kept.lines += block.lines
        kept.odd += block.odd
        if block.rows:
            for place, cells in self._columns.items():
                cells.extend(columns[place])
        self._marks += [(index + before, place, mark) for index, place, mark in marks] if before else marks
        told = len(self._marks) + len(kept.odd)
        return len(block.rows) < BLOCK_ROWS or len(kept.numbers) >= CHECKED_ROWS or told >= CHECKED_FINDINGS

    def take(self) -> tuple[Block, list[PlacedMark]]:
        """The block of all that waited (without its rows) and all there is to say of it."""
        block, marks = self._block, self._marks
        if block.numbers:
            marks += self._checking.block(self._columns, self._first)
        self._begin()
        return block, marks


def _limit(bound: BoundRule, items: ItemTable) -> None:
    """Have the item's length and answers looked at, once per distinct text (the range of numbers is, by their reader)."""
    rule = bound.rule
    if rule.role is Role.VALUE and "." not in rule.target and rule.kind not in {"number", "hearing"}:
        bound.cells.look_also(partial(cell_findings, limits_of(items, bound.rule.target)))


def prepare_checking(
    plan: Plan, columns: Columns, layout_map: LayoutMap, items: ItemTable, on: date, checks: Sequence[Check] | None
) -> Checking:
    """All that the item table knows for the map's program; or, where ``checks`` is given, these and watched columns only.

    To be called before anything is read with ``plan``.
    """
    watched = {columns.find_optional(place) for place in layout_map.watched}
    filled = tuple(sorted(place for place in watched if place is not None))
    if checks is not None:
        return Checking(compile_checks(plan, checks), filled)
    for bound in plan.bound:
        _limit(bound, items)
    present = {Wanted(*target) for target in plan.targets}
    known = checks_for(items, layout_map.program, on=on, present=present)
    visit = tuple(plan.find(target) for target in _VISIT) if plan.find("visit.date") is not None else ()
    return Checking(compile_checks(plan, known), filled, visit, missing_columns(items, layout_map.program, present))
