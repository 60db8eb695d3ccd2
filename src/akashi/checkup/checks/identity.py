"""Numbers and dates of a person and a visit: shapes, check digits, fiscal year, age.

Guarantees: pure; a number the cell reader already doubted is not doubted again. Refuses: knowing which insurers exist.

Sources: the ministry's rule for insurer numbers (保険者番号設定要領: law 2, prefecture 2, insurer 3, check digit 1; from the last digit
on, multiply by 2 and 1 in turn, add the digits of the products, the check digit makes the sum a multiple of ten). Codes of
medical institutions carry the same digit over all ten signs; so do the employers' shared numbers 5521111111 and 6631111116.

>>> check_digit_fits("01130012"), check_digit_fits("6631111116"), check_digit_fits("01130013")
(True, True, False)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from akashi.checkup.checks.model import Check, Judge, Said, Wanted
from akashi.checkup.model import Outcome, Status

TICKET_DIGITS, BRANCH_DIGITS, INSTITUTION_DIGITS, INSURER_DIGITS = 11, 2, 10, 8
PREFECTURES = range(1, 48)
# Twice a digit, the digits of the product added.
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_COMPACT = 8
_PROGRAM = "010"
_YOUNGEST, _OLDEST = 40, 75
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AGE = re.compile(r"[0-9]{1,3}")


def check_digit_fits(number: str) -> bool:
    """Whether the last digit of ``number`` is its check digit; ``number`` holds ASCII digits only."""
    digits = [int(sign) for sign in reversed(number)]
    return (sum(digits[::2]) + sum(_DOUBLED[digit] for digit in digits[1::2])) % 10 == 0


def fiscal_year(day: date) -> int:
    """The Japanese fiscal year: 1 April to 31 March.

    >>> fiscal_year(date(2026, 3, 31)), fiscal_year(date(2026, 4, 1))
    (2025, 2026)
    """
    return day.year if day.month >= 4 else day.year - 1


def age_on(birth: date, day: date) -> int:
    """Full years of age on ``day``; a birthday counts on the day itself."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _shaped(digits: int, *, checked: bool, insurer: bool = False) -> Judge:
    def judge(cells: tuple[Outcome, ...]) -> tuple[Said, ...]:
        cell = cells[0]
        if cell.status is not Status.VALUE:
            return ()
        text = cell.standard
        if len(text) != digits or not (text.isascii() and text.isdigit()):
            return () if "cell.digits" in cell.findings else (Said("cell.digits", 0),)
        if insurer and int(text[2:4]) not in PREFECTURES:
            return (Said("number.prefecture", 0),)
        return () if not checked or check_digit_fits(text) else (Said("number.check_digit", 0),)

    return judge


# A century of days: birth dates are many, but they repeat.
@lru_cache(maxsize=36_525)
def _parsed(text: str) -> date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _day(cell: Outcome) -> date | None:
    return _parsed(cell.standard) if cell.status is Status.VALUE else None


def _in_year(on: date) -> Judge:
    year = fiscal_year(on)

    def judge(cells: tuple[Outcome, ...]) -> tuple[Said, ...]:
        day = _day(cells[0])
        return () if day is None or fiscal_year(day) == year else (Said("visit.year", 0),)

    return judge


def _aged(program: str) -> Judge:
    def judge(cells: tuple[Outcome, ...]) -> tuple[Said, ...]:
        visit, birth, age = _day(cells[0]), _day(cells[1]), cells[2]
        if visit is None or birth is None:
            return ()
        if birth > visit:
            return (Said("visit.before_birth", 0),)
        now = age_on(birth, visit)
        # At the end of the fiscal year, 31 March, whose birthday is past then.
        later = fiscal_year(visit) + 1 - birth.year - (birth.month > 3)
        said: tuple[Said, ...] = ()
        given = age.standard.removesuffix("歳")
        if age.status is Status.VALUE and _AGE.fullmatch(given) and int(given) not in {now, later}:
            said = (Said("visit.age_differs", 2),)
        if program == _PROGRAM and (later < _YOUNGEST or now >= _OLDEST):
            said += (Said("visit.age", 1),)
        return said

    return judge


def _plain_age(visit: str, birth: str, age: str) -> bool:
    # Days as YYYYMMDD, years apart that leave no doubt; a year less than counted may be either way.
    if age or len(visit) != _COMPACT or len(birth) != _COMPACT or not (visit.isascii() and birth.isascii()):
        return False
    return visit.isdigit() and birth.isdigit() and _YOUNGEST < int(visit[:4]) - int(birth[:4]) < _OLDEST - 1


def _plain_ticket(text: str) -> bool:
    return len(text) == TICKET_DIGITS and text.isascii() and text.isdigit()


def identity_checks(program: str, on: date | None) -> Iterator[Check]:
    """Shapes of numbers, visit within the year of ``on`` (none asked without), age."""
    insurer = _shaped(INSURER_DIGITS, checked=True, insurer=True)
    yield Check("insurer", (Wanted("insurance.insurer"),), insurer)
    yield Check("branch", (Wanted("insurance.branch"),), _shaped(BRANCH_DIGITS, checked=False))
    ticket = _shaped(TICKET_DIGITS, checked=False)
    yield Check("ticket", (Wanted("ticket.number"),), ticket, few=False, plain=_plain_ticket)
    yield Check("institution", (Wanted("institution.code"),), _shaped(INSTITUTION_DIGITS, checked=True))
    if on is not None:
        yield Check("year", (Wanted("visit.date"),), _in_year(on))
    wanted = Wanted("visit.date"), Wanted("person.birth"), Wanted("visit.age")
    yield Check("age", wanted, _aged(program), few=False, plain=_plain_age)
