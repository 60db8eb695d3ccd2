"""What stands in a cell: references, escaped text, dates. Pure.

Guarantees: ``unescape(escape(text)) == text`` for every text without lone surrogates, and what ``escape`` gives is valid XML 1.0
(ECMA-376 22.9.2.19, ``ST_Xstring``). Refuses: references outside a sheet. Trusts nobody.

>>> cell_name(5, 28), parse_cell("AB5"), read_date("令和8年11月21日")
('AB5', (5, 28), '2026-11-21')
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta

from akashi.conformity.errors import WorkbookRefused

MAX_ROW, MAX_COLUMN = 1_048_576, 16_384
MAX_TEXT = 32_767
"""Characters a cell can hold."""

_CELL = re.compile(r"\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6})", re.ASCII)
_FORBIDDEN = "\x00-\x08\x0b\x0c\r\x0e-\x1f\ufffe\uffff"
_ESCAPE = re.compile(f"_(?=x[0-9A-Fa-f]{{4}}(?:_|[{_FORBIDDEN}]))|[{_FORBIDDEN}]")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_SURROGATE = re.compile("[\ud800-\udfff]")
_GREGORIAN = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:T[\d:.]+)?")
_ERA = re.compile(r"(令和|平成|R|H|r|h)\s*(\d{1,2}|元)\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_ERAS = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988}


def column_number(letters: str) -> int:
    """``A`` is 1, ``AB`` is 28."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(column: int) -> str:
    """28 is ``AB``."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_name(row: int, column: int) -> str:
    """(5, 28) is ``AB5``."""
    return f"{column_letters(column)}{row}"


def parse_cell(name: str) -> tuple[int, int]:
    """``AB5`` is (5, 28). Raises :class:`WorkbookRefused`."""
    found = _CELL.fullmatch(name)
    row, column = (int(found[2]), column_number(found[1])) if found else (0, 0)
    if not 0 < row <= MAX_ROW or not 0 < column <= MAX_COLUMN:
        raise WorkbookRefused(where="cell", reason="reference")
    return row, column


def parse_area(name: str) -> tuple[int, int, int, int]:
    """``A1:C3`` is (1, 1, 3, 3); one cell is an area as well."""
    first, _, last = name.partition(":")
    top, left = parse_cell(first)
    bottom, right = parse_cell(last or first)
    return top, left, bottom, right


def escape(text: str) -> str:
    """What XML cannot hold, and what would be read as such an escape, as ``_xHHHH_``."""
    clean = _SURROGATE.sub("\ufffd", text)
    return _ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", clean)


def unescape(text: str) -> str:
    """The text that ``escape`` was given."""
    return _SURROGATE.sub("\ufffd", _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text))


def date_of_serial(serial: float, *, base_1904: bool) -> str:
    """A serial number of a workbook as ISO 8601 date, with the time of day where there is one; empty outside 1900-2200.

    ECMA-376 18.17.4.1; the 1900 system counts a 29 February 1900 that never was, so days before 1 March 1900 are off by one.
    """
    whole, seconds = int(serial // 1), round(serial % 1 * 86_400)
    if not (0 if base_1904 else 60) < whole < 110_000:
        return ""
    day = (date(1904, 1, 1) if base_1904 else date(1899, 12, 30)) + timedelta(days=whole + seconds // 86_400)
    seconds %= 86_400
    time = f"T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}" if seconds else ""
    return day.isoformat() + time


def serial_of_date(text: str) -> int:
    """The serial number (1900 system) of an ISO date; 0 for anything else."""
    return (date.fromisoformat(text) - date(1899, 12, 30)).days if text and read_date(text) == text else 0


def read_date(text: str) -> str:
    """The ISO date of what people write: ``2026/11/21``, ``2026年11月21日``, ``R8.11.21``; empty where it is no date."""
    folded = unicodedata.normalize("NFKC", text).strip()
    found = _GREGORIAN.fullmatch(folded)
    if found:
        return _iso(int(found[1]), int(found[2]), int(found[3]))
    found = _ERA.fullmatch(folded)
    if not found:
        return ""
    year = 1 if found[2] == "元" else int(found[2])
    return _iso(_ERAS[found[1].upper()] + year, int(found[3]), int(found[4]))


def _iso(year: int, month: int, day: int) -> str:
    try:
        made = date(year, month, day)
    except ValueError:
        return ""
    return made.isoformat() if 1901 <= year < 2200 else ""


def folded(text: str) -> str:
    """For comparing: compatibility forms unified, all white space gone, letters lowered."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
