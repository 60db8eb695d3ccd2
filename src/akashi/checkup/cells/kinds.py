"""From a cell's declared kind to the function that reads it.

Guarantees: the kinds here are exactly those a map may name. Refuses: an unknown kind (the map loader checks first).

>>> from datetime import date
>>> reader("number", CellRule(on=date(2026, 4, 1)))("１２").standard
'12'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from akashi.checkup.cells.dates import read_date
from akashi.checkup.cells.numbers import NumberRule, number_reader, read_digits, read_graded, read_hearing
from akashi.checkup.cells.terms import (
    DEFAULT_SEPARATORS,
    Unify,
    read_code,
    read_edition,
    read_findings,
    read_judgement,
    read_kana,
    read_name,
    read_sex,
    read_terms,
    read_text,
)
from akashi.checkup.model import Outcome, Status
from akashi.errors import Misuse

Reader = Callable[[str], Outcome]


@dataclass(frozen=True, slots=True)
class CellRule:
    """All a cell reader may need; each kind uses its part. ``table`` maps :func:`fold.key` words.

    ``unify`` is a thesaurus's look-up for ``findings``; ``editions`` are tables for judgements whose texts name one
    (:func:`terms.of_edition`).
    """

    on: date
    number: NumberRule = field(default_factory=NumberRule)
    table: Mapping[str, str] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    digits: int = 0
    separators: str = DEFAULT_SEPARATORS
    spaces: bool = True
    unify: Unify | None = None
    editions: Sequence[Mapping[str, str]] = ()


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


def _findings(rule: CellRule) -> Reader:
    unify = rule.unify
    if unify is not None:
        return lambda text: read_terms(text, unify, rule.separators, spaces=rule.spaces)
    return lambda text: read_findings(text, rule.separators, spaces=rule.spaces)


def _judgement(rule: CellRule) -> Reader:
    if rule.editions:
        return lambda text: read_edition(text, rule.editions)
    return lambda text: read_judgement(text, rule.table)


_READERS: dict[str, Callable[[CellRule], Reader]] = {
    "number": lambda rule: number_reader(rule.number),
    "graded": _graded,
    "hearing": _hearing,
    "code": lambda rule: lambda text: read_code(text, rule.table or {}, rule.labels),
    "judgement": _judgement,
    "findings": _findings,
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


# Letters that names are written with: no sign that folding, quoting or a spreadsheet would treat in any way.
_NAME_SIGN = "[ぁ-ゖァ-ヶー々〇一-鿿]"
_KANA_SIGN = "[ァ-ヶー]"


def unchanged(kind: str, digits: int, max_bytes: int) -> str | None:
    """A pattern of texts of this kind that are already standard and no longer than ``max_bytes``, or ``None``.

    A shortcut only, and on the narrow side: the reader gives the same text (a property test compares).

    >>> unchanged("digits", 8, 40), unchanged("date", 0, 40) is None
    ('[0-9]{8}', True)
    """
    if kind == "text":
        return f"[0-9A-Za-z]{{1,{max_bytes}}}"
    if kind == "digits" and 0 < digits <= max_bytes:
        return f"[0-9]{{{digits}}}"
    if kind == "postal" and max_bytes >= len("123-4567"):
        return "[0-9]{3}-[0-9]{4}"
    half = (max_bytes // 2 - 1) // 2
    if kind in {"name", "kana"} and half:
        sign = _NAME_SIGN if kind == "name" else _KANA_SIGN
        return f"{sign}{{1,{half}}}(?:　{sign}{{1,{half}}})?"
    return None
