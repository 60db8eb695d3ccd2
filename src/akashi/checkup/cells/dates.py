"""Dates as files write them, including Japanese eras, into ISO 8601.

Guarantees: an era year outside its era, or a day the calendar lacks, is not a date. Refuses: two-digit Western
years and day-first orders (nobody could tell them apart).

>>> from datetime import date
>>> [read_date(t, date(2026, 6, 1)).standard for t in ("2026/5/16", "20260516", "S430101", "令和8年5月16日")]
['2026-05-16', '2026-05-16', '1968-01-01', '2026-05-16']
"""

from __future__ import annotations

import re
from datetime import date

from akashi.checkup.cells.fold import clean, fold, parts_digits
from akashi.checkup.cells.terms import read_absence
from akashi.checkup.model import Outcome, Status

_ERAS = {
    "M": (date(1868, 1, 25), date(1912, 7, 29)),
    "T": (date(1912, 7, 30), date(1926, 12, 24)),
    "S": (date(1926, 12, 25), date(1989, 1, 7)),
    "H": (date(1989, 1, 8), date(2019, 4, 30)),
    "R": (date(2019, 5, 1), date(9999, 12, 31)),
}
_ERA_WORDS = {"明治": "M", "大正": "T", "昭和": "S", "平成": "H", "令和": "R"}
# The longest way to write a day, with spaces between its signs, is far below this.
_LONGEST = 100
_MIDNIGHT = re.compile(r"\s+0{1,2}:00(?::00)?\s*$")
_WESTERN = re.compile(
    r"([0-9]{4})(?:[/.-]([0-9]{1,2})[/.-]([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日|([0-9]{2})([0-9]{2}))"
)
_ERA = re.compile(
    r"([MTSHR])(?:([0-9]{1,2}|元)[/.-]([0-9]{1,2})[/.-]([0-9]{1,2})|([0-9]{1,2}|元)年([0-9]{1,2})月([0-9]{1,2})日"
    r"|([0-9]{2})([0-9]{2})([0-9]{2}))"
)


def _day(year: int, month: str, day: str) -> date | None:
    try:
        return date(year, int(month), int(day))
    except ValueError:
        return None


def _era_day(letter: str, year: str, month: str, day: str) -> date | None:
    first, last = _ERAS[letter]
    number = 1 if year == "元" else int(year)
    found = _day(first.year + number - 1, month, day) if number else None
    return found if found is not None and first <= found <= last else None


def parse_date(text: str) -> date | None:
    """The day ``text`` names, or ``None``."""
    if len(text) == 8 and text.isascii() and text.isdigit():
        return _day(int(text[:4]), text[4:6], text[6:])
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    # Spreadsheets append midnight to dates; folding removes the space that tells it from the day.
    text = _MIDNIGHT.sub("", text)
    if parts_digits(text):
        return None
    trimmed = fold(text)
    for word, letter in _ERA_WORDS.items():
        if trimmed.startswith(word):
            trimmed = letter + trimmed[len(word) :]
    western = _WESTERN.fullmatch(trimmed)
    if western:
        parts = [part for part in western.groups() if part is not None]
        return _day(int(parts[0]), parts[1], parts[2])
    era = _ERA.fullmatch(trimmed.upper())
    if era:
        parts = [part for part in era.groups() if part is not None]
        return _era_day(parts[0], parts[1], parts[2], parts[3])
    return None


def read_date(text: str, on: date) -> Outcome:
    """A date as ``YYYY-MM-DD``; one after ``on`` carries a finding."""
    absent = read_absence(text)
    if absent is not None:
        return absent
    found = parse_date(text)
    if found is None:
        return Outcome(clean(text)[0], Status.UNMATCHED, findings=("cell.date",))
    findings = ("cell.date_future",) if found > on else ()
    return Outcome(found.isoformat(), Status.VALUE, findings=findings)
