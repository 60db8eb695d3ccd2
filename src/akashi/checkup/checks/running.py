"""The checks over neutral records, for every format that is not read by the compiled engine.

Guarantees: records pass through unchanged and in order; each finding names row, line, item, the item's name and its original
text. Refuses: keeping records (only hashes of persons are kept). Trusts: the reader that made the records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from akashi.checkup.checks.cells import CellLimits, cell_findings, limits_of
from akashi.checkup.checks.model import Judge, Wanted
from akashi.checkup.checks.national import checks_for
from akashi.checkup.checks.needs import ABSENCE, PROGRAMS
from akashi.checkup.checks.persons import Duplicates
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import Finding, ItemResult, NeutralRecord, Outcome, Role, Status

FindingSink = Callable[[Finding], None]
# Target, occurrence, and whether the text beside the result is meant: tuples of plain values are quick to look up.
_Key = tuple[str, int, bool]
_NONE = Outcome()


def _key(wanted: Wanted) -> _Key:
    return wanted.target, wanted.occurrence, wanted.role is Role.TEXT


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A check with the keys of its cells; ``absent``: it speaks of what is not there, so it is always asked."""

    judge: Judge
    keys: tuple[_Key, ...]
    absent: bool


@dataclass(frozen=True)
class _Runner:
    """Checks and limits, made once per programme and item."""

    items: ItemTable
    program: str
    on: date
    say: FindingSink
    persons: Duplicates = field(default_factory=Duplicates)
    prepared: dict[str, tuple[_Prepared, ...]] = field(default_factory=dict)
    limits: dict[tuple[str, str], CellLimits] = field(default_factory=dict)

    def look(self, record: NeutralRecord) -> None:
        """Say everything there is to say of ``record``."""
        fields = record.fields
        cells: dict[_Key, Outcome] = {
            (name, 1, False): Outcome(text, Status.VALUE) for name, text in fields.items() if text
        }
        for result in record.items:
            if result.system:
                # Another code system's item of the same code is not the one that the checks mean.
                continue
            outcome = Outcome(result.standard, result.status, result.coded, result.qualifier, result.flag)
            cells.setdefault((result.code, result.occurrence, False), outcome)
            if result.text:
                cells.setdefault((result.code, result.occurrence, True), Outcome(result.text, Status.VALUE))
            for code in cell_findings(self._limits(result), outcome):
                self._tell(code, (result.code, result.occurrence, False), record)
        cell = cells.get
        for check in self._of(self.program or fields.get("visit.program", "")):
            keys = check.keys
            if check.absent or not cells.keys().isdisjoint(keys):
                for said in check.judge(tuple([cell(key, _NONE) for key in keys])):
                    self._tell(said.code, keys[said.at], record)
        names = ("person.id", "visit.date", "insurance.insurer", "insurance.symbol", "insurance.number",
                 "insurance.branch", "person.birth")  # fmt: skip
        if self.persons.see(*[fields.get(name, "") for name in names]):
            self.say(Finding("persons.duplicate", record.row, record.line, 0, item="person.id"))

    def _limits(self, result: ItemResult) -> CellLimits:
        place = result.code, result.answers
        known = self.limits.get(place)
        if known is None:
            known = limits_of(self.items, *place)
            # Codes come from foreign files: only those of the table are remembered.
            if result.code in self.items.items and (not result.answers or result.answers in self.items.answers):
                self.limits[place] = known
        return known

    def _tell(self, code: str, key: _Key, record: NeutralRecord) -> None:
        target, occurrence, beside = key
        item, result = self.items.items.get(target), record.item(target, occurrence)
        if result is not None:
            original, called = (result.text if beside else result.original), result.name
        else:
            original, called = record.originals.get(target, ""), ""
        name = item.name if item else called or target
        self.say(Finding(code, record.row, record.line, 0, name, original, target))

    def _of(self, program: str) -> tuple[_Prepared, ...]:
        known = program if program in PROGRAMS else ""
        if known not in self.prepared:
            checks = checks_for(self.items, known, on=self.on)
            self.prepared[known] = tuple(
                _Prepared(check.judge, tuple(map(_key, check.wanted)), check.name.startswith(ABSENCE))
                for check in checks
            )
        return self.prepared[known]


def check_records(
    records: Iterable[NeutralRecord], items: ItemTable, program: str, on: date, finding_sink: FindingSink
) -> Iterator[NeutralRecord]:
    """``records`` unchanged; what the checks say of each goes to ``finding_sink`` before the record is handed on.

    ``program`` (OID …6.1002) says what is required; "" takes each record's own ``visit.program``. ``on`` is the day whose
    fiscal year the visits should lie in.
    """
    runner = _Runner(items, program, on, finding_sink)
    for record in records:
        runner.look(record)
        yield record
