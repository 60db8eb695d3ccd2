"""From a cell's declared kind to the function that reads it.

Guarantees: the kinds here are exactly those a map may name. Refuses: an unknown kind (the map loader checks first).

>>> from datetime import date
>>> reader("number", CellRule(on=date(2026, 4, 1)))("１２").standard
'12'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from akashi.checkup.cells.dates import read_date
from akashi.checkup.cells.numbers import NumberRule, read_digits, read_graded, read_hearing, read_number
from akashi.checkup.cells.terms import (
    DEFAULT_SEPARATORS,
    read_code,
    read_findings,
    read_judgement,
    read_kana,
    read_name,
    read_sex,
    read_text,
)
from akashi.checkup.model import Outcome, Status
from akashi.errors import Misuse

Reader = Callable[[str], Outcome]


@dataclass(frozen=True, slots=True)
class CellRule:
    """All a cell reader may need; each kind uses its part. ``table`` maps :func:`fold.key` words."""

    on: date
    number: NumberRule = field(default_factory=NumberRule)
    table: Mapping[str, str] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    digits: int = 0
    separators: str = DEFAULT_SEPARATORS
    spaces: bool = True


def _graded(rule: CellRule) -> Reader:
    by_label = {label: code for code, label in rule.labels.items()}

    def read(text: str) -> Outcome:
        outcome = read_graded(text)
        if outcome.status is not Status.VALUE or not by_label:
            return outcome
        code = by_label.get(outcome.standard)
        # A grade beyond the answer table (４＋ where it ends at ＋＋＋) has no code: said, not rounded down.
        findings = () if code else ("cell.term",)
        return Outcome(outcome.standard, Status.VALUE if code else Status.UNMATCHED, code or "", findings=findings)

    return read


def _postal(text: str) -> Outcome:
    bare = read_digits(text.replace("-", "").replace("－", "").replace("〒", ""), 0)
    if bare.status is Status.VALUE and len(bare.standard) == 7:
        return Outcome(f"{bare.standard[:3]}-{bare.standard[3:]}", Status.VALUE)
    if bare.status is Status.EMPTY:
        return bare
    return Outcome(read_text(text).standard, Status.UNMATCHED, findings=("cell.digits",))


def _hearing(rule: CellRule) -> Reader:
    coded = rule.table is not None

    def read(text: str) -> Outcome:
        return read_hearing(text, coded=coded)

    return read


_READERS: dict[str, Callable[[CellRule], Reader]] = {
    "number": lambda rule: lambda text: read_number(text, rule.number),
    "graded": _graded,
    "hearing": _hearing,
    "code": lambda rule: lambda text: read_code(text, rule.table or {}, rule.labels),
    "judgement": lambda rule: lambda text: read_judgement(text, rule.table),
    "findings": lambda rule: lambda text: read_findings(text, rule.separators, spaces=rule.spaces),
    "text": lambda _rule: read_text,
    "name": lambda _rule: read_name,
    "kana": lambda _rule: read_kana,
    "sex": lambda _rule: read_sex,
    "date": lambda rule: lambda text: read_date(text, rule.on),
    "digits": lambda rule: lambda text: read_digits(text, rule.digits),
    "postal": lambda _rule: _postal,
}
KINDS = frozenset(_READERS)


def reader(kind: str, rule: CellRule) -> Reader:
    """The function reading cells of ``kind`` under ``rule``; it never raises."""
    if kind not in _READERS:
        raise Misuse(what="cell kind")
    return _READERS[kind](rule)


def unchanged(kind: str, digits: int) -> tuple[Callable[[str], bool] | None, int]:
    """(a test that plain ASCII letters and digits of this kind are already standard, the length they must have).

    Length 0 means any; ``None`` means that cells of this kind always have to be read. A shortcut only: the reader
    gives the same text (a property test compares).

    >>> unchanged("digits", 8)[1], unchanged("date", 0)[0] is None
    (8, True)
    """
    if kind == "text":
        return str.isalnum, 0
    if kind == "digits" and digits:
        return str.isdigit, digits
    return None, 0
