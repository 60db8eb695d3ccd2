"""日医特定健診 format: a laboratory's results for the 日医特定健診システム, one person per line.

Guarantees: thirteen cells about the person, then eight per examination, as many as there are; what the source says of
a value (not done, at most, below, at least, L/H, range, unit) stands in the record and nothing else does. Refuses:
lines of another width; meanings that no public source gives: those cells stay among the originals, under the names
in ``HEADER`` that begin with ``jma.``. Trusts: the item table for what a code is.

The columns are facts read from public sources of that system (docs/checkup-readers.md); to correct one, correct the
tables here: reader and writer have no other knowledge of the format.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import BinaryIO, NamedTuple

from akashi.checkup.cells.fold import clean, fold
from akashi.checkup.cells.kinds import CellRule, Reader, reader
from akashi.checkup.cells.numbers import WORD_OF_QUALIFIER
from akashi.checkup.cells.terms import NOT_DONE, UNMEASURABLE
from akashi.checkup.errors import NoRows
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import Finding, ItemResult, NeutralRecord, Outcome, Status
from akashi.checkup.readers.lines import rows_cp932
from akashi.checkup.readers.values import MEASURED, CodedValues, FindingSink, is_code, same_unit
from akashi.checkup.tabular.reading import DEFAULT_LIMIT

MAP_ID = "format:jma"


class HeaderColumn(NamedTuple):
    """One cell about the person: Japanese name, field target (or a name for the originals), kind, digits."""

    name: str
    target: str
    kind: str = "text"
    digits: int = 0


# fmt: off
HEADER = (
    HeaderColumn("検査機関", "jma.laboratory"),
    HeaderColumn("実施機関番号", "institution.code", "digits", 10),
    HeaderColumn("実施機関名", "institution.name"),
    HeaderColumn("検査受付日", "jma.received"),
    HeaderColumn("検査受付番号", "jma.received_number"),
    HeaderColumn("実施年月日", "visit.date", "date"),
    HeaderColumn("受診受付番号", "visit.number"),
    HeaderColumn("受診券整理番号", "ticket.number", "digits", 11),
    HeaderColumn("カナ氏名", "person.kana", "kana"),
    HeaderColumn("生年月日", "person.birth", "date"),
    HeaderColumn("性別", "person.sex", "sex"),
    HeaderColumn("乳び・溶血", "jma.serum"),
    HeaderColumn("食前・食後", "jma.meal"),
)
ITEM = ("項目コード", "項目名", "実施区分", "異常値区分", "結果値形態", "結果値", "単位", "基準値")
DONE, NOT_DONE_MARK, UNMEASURABLE_MARK = "1", "0", "2"
# E, L and U are what the system accepts; O (beyond) occurs in laboratories' own files of the same family.
FORMS = {"E": "<=", "L": "<", "U": ">=", "O": ">"}
FLAGS = frozenset({"L", "H"})
# fmt: on

_STATUS = {"<": Status.BELOW, "<=": Status.BELOW, ">=": Status.ABOVE, ">": Status.ABOVE}
_NUMBER = r"-?[0-9]{1,8}(?:\.[0-9]{1,4})?"
_SPAN = re.compile(rf"({_NUMBER})[-~〜]({_NUMBER})")
_BOUND = re.compile(rf"({_NUMBER})(以上|超|以下|未満)")


class Said(NamedTuple):
    """The eight cells of one examination."""

    code: str
    name: str
    done: str
    flag: str
    form: str
    value: str
    unit: str
    reference: str


def read_range(text: str) -> tuple[str, str] | None:
    """(low, high) of a reference such as ``40-80``, ``30以下`` or ``10以上``; ``None`` where it is another text.

    A bound that is not included keeps its word, so that nothing is widened.

    >>> read_range("４０～８０"), read_range("30以下"), read_range("30未満"), read_range("(-)")
    (('40', '80'), ('', '30'), ('', '30未満'), None)
    """
    folded = fold(text)
    span = _SPAN.fullmatch(folded)
    if span:
        return span[1], span[2]
    bound = _BOUND.fullmatch(folded)
    if bound is None:
        return None
    number = bound[1] if bound[2] in {"以上", "以下"} else bound[1] + bound[2]
    return (number, "") if bound[2] in {"以上", "超"} else ("", number)


class JmaRow:
    """Turns lines of one file into records; also what the writer asks what its own line would mean."""

    def __init__(self, items: ItemTable, on: date, sink: FindingSink | None) -> None:
        self._items, self._sink = items, sink
        self._values = CodedValues(items, on)
        self._readers: list[Reader | None] = [
            None if column.target.startswith("jma.") else reader(column.kind, CellRule(on=on, digits=column.digits))
            for column in HEADER
        ]

    def record(self, number: int, line: int, row: Sequence[str]) -> NeutralRecord:
        """The record of a line that has the right width."""

        def say(code: str, column: int, name: str, text: str, item: str) -> None:
            if self._sink is not None:
                self._sink(Finding(code, number, line, column, name, text, item))

        fields: dict[str, str] = {}
        originals: dict[str, str] = {}
        for place, (column, read) in enumerate(zip(HEADER, self._readers, strict=True)):
            text = row[place].strip()
            if text:
                originals[column.target] = text
            if read is not None:
                outcome = read(text)
                if outcome.status is Status.VALUE:
                    fields[column.target] = outcome.coded or outcome.standard
                for code in outcome.findings:
                    say(code, place + 1, column.name, text, column.target)
        results: list[ItemResult] = []
        seen: Counter[str] = Counter()
        for place in range(len(HEADER), len(row), len(ITEM)):
            cells = row[place : place + len(ITEM)]
            if not any(cells):
                continue
            said = Said(*map(str.strip, cells))
            if not any(said):
                continue
            if not is_code(said.code):
                say("read.item_unknown", place + 1, said.name, said.value, "")
                originals[f"jma.unnamed.{place + 1}"] = said.value
                continue
            seen[said.code] += 1
            result, codes, kept = self.result(said, seen[said.code])
            for code, at in codes:
                say(code, place + 1 + at, f"{said.name}/{ITEM[at]}", said[at], said.code)
            originals |= kept
            if result is not None:
                results.append(result)
        return NeutralRecord(number, line, MAP_ID, self._items.table_id, fields, originals, tuple(results))

    def result(self, said: Said, occurrence: int) -> tuple[ItemResult | None, list[tuple[str, int]], dict[str, str]]:
        """(the result or nothing, findings with the cell they are about, originals to keep)."""
        outcome = _outcome(said, self._values)
        codes = [(code, 4 if code == "jma.form" else 2 if code == "jma.done" else 5) for code in outcome.findings]
        item = self._items.items.get(said.code)
        if item is not None and outcome.status in MEASURED and not same_unit(said.unit, item):
            # Never converted: with another unit the number means something else.
            outcome = Outcome(clean(said.value)[0], Status.UNMATCHED)
            codes = [("cell.unit", 6)]
        if outcome.status is Status.EMPTY:
            if said.value or said.done:
                codes.append(("jma.no_value", 5))
            return None, codes, {}
        kept: dict[str, str] = {}
        if said.flag and said.flag not in FLAGS:
            codes.append(("jma.flag", 3))
            kept[f"jma.{said.code}.{occurrence}.flag"] = said.flag
        span = read_range(said.reference) if said.reference else ("", "")
        if span is None:
            codes.append(("jma.range", 7))
            kept[f"jma.{said.code}.{occurrence}.range"] = said.reference
        low, high = span or ("", "")
        measures = item is not None and item.type == "PQ"
        known = item.unit if item is not None and measures and same_unit(said.unit, item) else clean(said.unit)[0]
        result = ItemResult(
            code=said.code, occurrence=occurrence, status=outcome.status, unit=known, original=said.value,
            standard=outcome.standard, coded=outcome.coded, qualifier=outcome.qualifier, low=low, high=high,
            flag=said.flag if said.flag in FLAGS else outcome.flag, group=item.group if item else "",
            name=clean(said.name)[0],
        )  # fmt: skip
        return result, codes, kept


def _outcome(said: Said, values: CodedValues) -> Outcome:
    """What value, mark of execution and form say together; where they contradict each other: the value verbatim."""
    if said.done in {NOT_DONE_MARK, UNMEASURABLE_MARK}:
        if said.value:
            return Outcome(clean(said.value)[0], Status.UNMATCHED, findings=("jma.done",))
        done = said.done == UNMEASURABLE_MARK
        return Outcome(UNMEASURABLE, Status.UNMEASURABLE) if done else Outcome(NOT_DONE, Status.NOT_DONE)
    outcome = values.read(said.code, said.value)
    if said.done not in {"", DONE} and outcome.status is not Status.EMPTY:
        return Outcome(clean(said.value)[0], Status.UNMATCHED, findings=("jma.done",))
    if not said.form or outcome.status is Status.EMPTY:
        return outcome
    sign = FORMS.get(said.form.upper())
    plain = outcome.standard.removesuffix(WORD_OF_QUALIFIER.get(outcome.qualifier, ""))
    fits = outcome.status in MEASURED and not outcome.coded and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", plain)
    if sign is None or not fits or outcome.qualifier not in {"", sign}:
        return Outcome(clean(said.value)[0], Status.UNMATCHED, findings=("jma.form",))
    return outcome._replace(standard=plain + WORD_OF_QUALIFIER[sign], status=_STATUS[sign], qualifier=sign)


def right_width(row: Sequence[str]) -> bool:
    """Whether a line has the person's cells and at least one examination."""
    return len(row) > len(HEADER) and (len(row) - len(HEADER)) % len(ITEM) == 0


def read_jma(
    stream: BinaryIO,
    items: ItemTable,
    *,
    on: date,
    finding_sink: Callable[[Finding], None] | None = None,
    limit_bytes: int = DEFAULT_LIMIT,
) -> Iterator[NeutralRecord]:
    """The neutral records of a 日医特定健診 file. Raises the reading errors, and ``NoRows`` where no line fits."""
    rows = JmaRow(items, on, finding_sink)
    made = 0
    for number, (line, row) in enumerate(rows_cp932(stream, limit_bytes), start=1):
        # Some exports end every line with a comma.
        cells = row[:-1] if not right_width(row) and not row[-1].strip() else row
        if not right_width(cells):
            if finding_sink is not None:
                finding_sink(Finding("jma.width", number, line, 0))
            continue
        made += 1
        yield rows.record(number, line, cells)
    if not made:
        raise NoRows
