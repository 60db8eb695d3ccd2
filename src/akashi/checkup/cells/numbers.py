"""Numbers, graded results (－ ± ＋), hearing levels and identifying digits.

Guarantees: exact decimal arithmetic, digits kept as measured; a unit is compared and never converted, a factor
comes from the map alone. Refuses: reading ``10²`` as 102, ``1,2`` as 12 or ``12 80`` as 1280.

>>> read_number("０．１未満", NumberRule()).standard, read_number("63", NumberRule(factor="100")).standard
('0.1未満', '6300')
>>> read_graded("（４＋）").standard, read_graded("+-").standard
('＋＋＋＋', '±')
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from akashi.checkup.cells.fold import clean, fold, has_odd_digits, parts_digits
from akashi.checkup.cells.terms import read_absence
from akashi.checkup.model import Outcome, Status

_PLAIN = re.compile(r"(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,8})?")
_NUMBER = re.compile(
    r"(?P<sign><=|>=|[<>≦≧≤≥])?"
    r"(?P<minus>[+-]?)(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{0,15})(?:\.(?P<fraction>[0-9]{0,12}))?"
    r"(?P<rest>.*)",
    re.DOTALL,
)
_SIGNS = {"<": "<", "<=": "<=", "≦": "<=", "≤": "<=", ">": ">", ">=": ">=", "≧": ">=", "≥": ">="}
_WORDS = {"未満": "<", "以下": "<=", "以上": ">=", "超": ">"}
WORD_OF_QUALIFIER = {sign: word for word, sign in _WORDS.items()}
# More than digits, unit and bound can need: what is longer is no number, and is not searched for one.
_LONGEST = 200
_FLAGS = frozenset({"H", "L", "*"})
_GRADES = {
    "-": "－", "±": "±", "+-": "±", "+/-": "±", "-+": "±", "+": "＋", "1+": "＋", "+1": "＋", "++": "＋＋", "2+": "＋＋",
    "+2": "＋＋", "+++": "＋＋＋", "3+": "＋＋＋", "+3": "＋＋＋", "++++": "＋＋＋＋", "4+": "＋＋＋＋", "+4": "＋＋＋＋",
}  # fmt: skip
GRADES = ("－", "±", "＋", "＋＋", "＋＋＋", "＋＋＋＋")


@dataclass(frozen=True, slots=True)
class NumberRule:
    """What a numeric column expects. ``low``/``high`` are the input range, ``factor`` multiplies (map only)."""

    unit: str = ""
    factor: str = "1"
    low: str = ""
    high: str = ""
    decimals: int | None = None


def _canonical(minus: str, whole: str, fraction: str) -> str:
    digits = whole.replace(",", "").lstrip("0") or "0"
    sign = "-" if minus == "-" and (digits + fraction).strip("0") else ""
    return f"{sign}{digits}.{fraction}" if fraction else f"{sign}{digits}"


def _times(number: str, factor: str) -> str:
    product = format(Decimal(number) * Decimal(factor), "f")
    return product.rstrip("0").rstrip(".") if "." in product else product


@lru_cache(maxsize=256)
def _folded_unit(unit: str) -> str:
    return fold(unit).casefold()


def _tail(rest: str, unit: str) -> tuple[str, str, str | None]:
    """(qualifier, flag, unit left over or None when understood) of what follows the digits."""
    qualifier = flag = ""
    known = _folded_unit(unit)
    while rest:
        if known and rest.casefold().startswith(known):
            rest = rest[len(known) :]
            continue
        word = rest[:2] if rest[:2] in _WORDS else rest[:1]
        if word in _WORDS and not qualifier:
            qualifier, rest = _WORDS[word], rest[len(word) :]
            continue
        # After a number counted in litres, "L" may be the litre: 3.5L of millilitres is no low 3.5.
        if rest in _FLAGS and not (rest == "L" and known.endswith("l")):
            flag, rest = rest, ""
            continue
        return qualifier, flag, rest
    return qualifier, flag, None


def _in_range(number: str, rule: NumberRule) -> bool:
    # Floats are exact enough to compare: limits have few digits, and rounding keeps the order of decimals.
    value = float(number)
    return not ((rule.low and value < float(rule.low)) or (rule.high and value > float(rule.high)))


def _measured(number: str, qualifier: str, flag: str, rule: NumberRule) -> Outcome:
    if rule.factor != "1":
        number = _times(number, rule.factor)
    findings: tuple[str, ...] = ()
    if (rule.low or rule.high) and not _in_range(number, rule):
        findings = ("cell.range",)
    if rule.decimals is not None and len(number.partition(".")[2]) > rule.decimals:
        findings += ("cell.decimals",)
    status = Status.VALUE if not qualifier else Status.BELOW if qualifier in {"<", "<="} else Status.ABOVE
    standard = number + WORD_OF_QUALIFIER.get(qualifier, "")
    return Outcome(standard, status, "", qualifier, flag, "", findings)


def read_number(text: str, rule: NumberRule) -> Outcome:
    """A measurement; bounds such as 未満 become a status, an unknown text stays verbatim."""
    if _PLAIN.fullmatch(text):
        return _measured(text, "", "", rule)
    if len(text) > _LONGEST and len(text.strip()) > _LONGEST:
        return Outcome(clean(text)[0], Status.UNMATCHED, findings=("cell.number",))
    # No word of absence begins with a digit, so the many odd but readable numbers skip that look-up.
    match = _NUMBER.fullmatch(fold(text).replace("ー", "-"))
    if match is None or not (match["whole"] or match["fraction"]) or has_odd_digits(text) or parts_digits(text):
        return read_absence(text) or Outcome(clean(text)[0], Status.UNMATCHED, findings=("cell.number",))
    qualifier, flag, left = _tail(match["rest"], rule.unit) if match["rest"] else ("", "", None)
    before = _SIGNS.get(match["sign"] or "", "")
    if left is not None or (before and qualifier):
        code = "cell.unit" if left is not None and _is_unit(left) else "cell.number"
        return Outcome(clean(text)[0], Status.UNMATCHED, findings=(code,))
    number = _canonical(match["minus"], match["whole"], match["fraction"] or "")
    return _measured(number, before or qualifier, flag, rule)


def number_reader(rule: NumberRule) -> Callable[[str], Outcome]:
    """:func:`read_number` under one rule, quick for plain numbers that there is nothing to say about."""
    low, high = float(rule.low or "-inf"), float(rule.high or "inf")
    most = math.inf if rule.decimals is None else rule.decimals
    fits = _PLAIN.fullmatch

    def read(text: str) -> Outcome:
        if fits(text) and low <= float(text) <= high and len(text.partition(".")[2]) <= most:
            return Outcome(text, Status.VALUE)
        return read_number(text, rule)

    def scaled(text: str) -> Outcome:
        return read_number(text, rule)

    return read if rule.factor == "1" else scaled


def _is_unit(left: str) -> bool:
    """Whether what follows a number is shaped like a unit (letters, %, / …) and not like more of a number."""
    return (
        re.fullmatch(r"[A-Za-zμµ%°万千百/*^{}\[\]0-9.]*[A-Za-zμµ%°万千百][A-Za-zμµ%°万千百/*^{}\[\]0-9.]*", left)
        is not None
    )


def read_graded(text: str) -> Outcome:
    """A graded result in the words of answer table 2102: －, ±, ＋, ＋＋, ＋＋＋ (and ＋＋＋＋ beyond the table)."""
    absent = read_absence(text)
    if absent is not None:
        return absent
    folded = fold(text).replace("ー", "-").strip("()[]")
    grade = None if has_odd_digits(text) else _GRADES.get(folded)
    if grade is None:
        return Outcome(clean(text)[0], Status.UNMATCHED, findings=("cell.qualitative",))
    return Outcome(grade, Status.VALUE)


_HEARING = {
    "所見なし": "所見なし",
    "異常なし": "所見なし",
    "正常": "所見なし",
    "所見あり": "所見あり",
    "異常あり": "所見あり",
}


def read_hearing(text: str, *, coded: bool) -> Outcome:
    """A hearing level in dB (may be negative), a word, or, where the map says ``coded``, 1 and 2."""
    absent = read_absence(text)
    if absent is not None:
        return absent
    folded = fold(text).replace("ー", "-")
    if folded in _HEARING:
        label = _HEARING[folded]
        return Outcome(label, Status.VALUE, "1" if label == "所見あり" else "2")
    if folded in {"1", "2"}:
        if not coded:
            return Outcome(folded, Status.UNMATCHED, findings=("cell.hearing",))
        return Outcome("所見あり" if folded == "1" else "所見なし", Status.VALUE, folded)
    return read_number(text, NumberRule(unit="dB", low="-20", high="130"))


def read_digits(text: str, digits: int) -> Outcome:
    """An identifying number of ``digits`` digits (0: any length); zeros a spreadsheet dropped are put back."""
    if len(text) == digits and text.isascii() and text.isdigit():
        return Outcome(text, Status.VALUE)
    folded = fold(text)
    if not folded:
        return Outcome()
    if has_odd_digits(text) or not (folded.isascii() and folded.isdigit()) or (digits and len(folded) > digits):
        return Outcome(clean(text)[0], Status.UNMATCHED, findings=("cell.digits",))
    if len(folded) < digits:
        return Outcome(folded.zfill(digits), Status.VALUE, findings=("cell.dropped_zero",))
    return Outcome(folded, Status.VALUE)
