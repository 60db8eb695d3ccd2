"""Tables of finished bytes: what one rule writes for each text.

Guarantees: a text is read, rendered and finished once and remembered (within a bound); a text with findings passes
Python each time and leaves them behind, so every occurrence is counted. Refuses: raising on any cell.

Columns of identifying texts hardly repeat: what is plainly itself is recognised by one pattern over the whole column,
encoded at once, and not remembered.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Sequence

from akashi.checkup.formats.definitions import DEFAULT_MAX_BYTES
from akashi.checkup.model import Outcome, Status
from akashi.checkup.tabular.binding import DAYS_LIMIT, BoundRule, Mark, PlacedMark, Room
from akashi.checkup.writers.standard_csv import Finisher, Render
from akashi.errors import Misuse

# Texts remembered per rule.
TABLE_LIMIT = 4096
MARKS_LIMIT = 512
# A number like no other, as long as those that are written by its form may be.
_SAMPLE = "9182736450"
Piece = tuple[Render, Finisher]
Run = tuple[Piece, ...]
"""Pieces that stand side by side in the output."""
# Finished like a column and then thrown away: for rules that the format does not show, so that no finding is lost.
_UNSHOWN: Run = ((lambda outcome, _text: outcome.standard, Finisher(DEFAULT_MAX_BYTES, "utf-8", b"")),)


class PlainCells:
    """Writes a column whose cells all have the form ``cell`` (a pattern); NUL, which no file holds, parts them."""

    def __init__(self, cell: str, *, empty: bool, encoding: str, suffix: bytes) -> None:
        self._all = re.compile(f"(?:(?:{cell}){'?' if empty else ''}\0)+")
        self._one = re.compile(cell)
        self._encoding, self._suffix = encoding, suffix

    def column(self, cells: Sequence[str]) -> list[bytes] | None:
        """The finished cells, or ``None`` where one of them has another form."""
        joined = "\0".join(cells) + "\0"
        if self._all.fullmatch(joined) is None:
            return None
        try:
            data = joined.encode(self._encoding)
        except UnicodeEncodeError:
            return None
        return data.replace(b"\0", self._suffix + b"\0").split(b"\0")[:-1]

    def one(self, text: str) -> bytes | None:
        """One finished cell, or ``None`` where it has another form."""
        if self._one.fullmatch(text) is None:
            return None
        try:
            return text.encode(self._encoding) + self._suffix
        except UnicodeEncodeError:
            return None


class Shared:
    """What all tables of one conversion share: room to remember, equal texts, and the findings of the row in hand."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.texts: dict[bytes, bytes] = {}
        self.pending: list[tuple[int, Mark]] = []


class RunTable(dict[str, bytes]):
    """Cell text -> the finished bytes of one run of columns that a rule fills."""

    __slots__ = ("_number", "_owner")

    def __init__(self, owner: RuleTable, number: int) -> None:
        super().__init__()
        # Not a strong reference: what refers to each other is freed late, and the next conversion then finds no
        # memory to use again. The plan holds the rules' tables.
        self._owner, self._number = weakref.ref(owner), number

    def __missing__(self, text: str) -> bytes:
        """Ask the rule; its findings are told for its first run only."""
        owner = self._owner()
        if owner is None:
            raise Misuse(what="table without its rule")
        return owner.read(text, tell=self._number == 0)[self._number]


class RuleTable:
    """What one rule writes: a :class:`RunTable` for each run of columns (one that writes nothing, if it fills none).

    ``place`` is the rule's place among the findings of a row; findings are left in ``pending``.
    """

    def __init__(
        self, bound: BoundRule, runs: Sequence[Run], plain: PlainCells | None, shared: Shared, place: int
    ) -> None:
        self.bound, self.plain, self._shared, self._place = bound, plain, shared, place
        self._runs, self._shown = tuple(runs) or (_UNSHOWN,), bool(runs)
        self.runs = tuple(RunTable(self, number) for number in range(len(self._runs)))
        self._limit = DAYS_LIMIT if bound.rule.kind == "date" else TABLE_LIMIT
        # What a plain number is written as, NUL standing for it: all numbers of a column look alike but for their digits.
        self._forms = self._number_forms() if bound.rule.kind == "number" and self._shown else ()
        self._marked: dict[str, tuple[tuple[bytes, ...], tuple[str, ...]]] = {}

    def read(self, text: str, *, tell: bool) -> tuple[bytes, ...]:
        """The finished bytes for a text that the tables do not remember."""
        known = self._marked.get(text)
        if known is None:
            known = self._read(text)
            if not known[1]:
                return known[0]
            if len(self._marked) < MARKS_LIMIT and self._shared.room.take():
                self._marked[text] = known
        if tell and known[1]:
            mark = self.bound.column, known[1], text, self.bound.rule.target
            self._shared.pending.append((self._place, mark))
        return known[0]

    def _read(self, text: str) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
        outcome = self.bound.cells.read(text)
        marks = outcome.findings
        if self._forms and outcome == (text, Status.VALUE, "", "", "", "", ()) and len(text) <= len(_SAMPLE):
            data = text.encode()
            written = [form.replace(b"\0", data) for form in self._forms]
        else:
            written, marks = self._finished(outcome, text)
        if not marks and len(self.runs[0]) < self._limit and self._shared.room.take():
            # Equal cells of all columns share one object: less memory, and what is touched stays in cache.
            share = self._shared.texts.setdefault
            for table, data in zip(self.runs, written, strict=True):
                table[text] = share(data, data)
        return tuple(written), marks

    def _finished(self, outcome: Outcome, text: str) -> tuple[list[bytes], tuple[str, ...]]:
        marks = outcome.findings
        written: list[bytes] = []
        for run in self._runs:
            data = b""
            for render, finish in run:
                cell, more = finish(render(outcome, text))
                data += cell
                marks += more
            written.append(data if self._shown else b"")
        return written, marks

    def _number_forms(self) -> tuple[bytes, ...]:
        """One form per run, or none where the sample does not fit or another number is written in another form."""
        written, marks = self._finished(Outcome(_SAMPLE, Status.VALUE), _SAMPLE)
        forms = tuple(data.replace(_SAMPLE.encode(), b"\0") for data in written)
        other, _marks = self._finished(Outcome("20", Status.VALUE), "20")
        return forms if not marks and [form.replace(b"\0", b"20") for form in forms] == other else ()

    def column(self, cells: Sequence[str], plain: PlainCells, marks: list[PlacedMark]) -> list[bytes]:
        """The finished cells of an identifying column; its findings are added to ``marks``."""
        written = plain.column(cells)
        if written is not None:
            return written
        written = []
        for index, text in enumerate(cells):
            written.append(self.runs[0].get(text) or plain.one(text) or self.runs[0][text])
            marks += [(index, place, mark) for place, mark in self._shared.pending]
            self._shared.pending.clear()
        return written
