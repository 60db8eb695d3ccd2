"""Any user's .xlsx as plain cells.

Guarantees: text as a person sees it (numbers without noise, dates as ISO 8601, readings of kanji left out), cached values of formulas
only; nothing is evaluated, no link is followed; bounded in sheets, rows and cells. Refuses what ``package`` refuses, and more than 64
sheets, 50,000 rows in a sheet or a million cells. Trusts nobody.
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from akashi.conformity.errors import WorkbookRefused
from akashi.conformity.forms.cells import (
    MAX_COLUMN,
    MAX_ROW,
    MAX_TEXT,
    date_of_serial,
    parse_area,
    parse_cell,
    unescape,
)
from akashi.conformity.forms.model import CellBook, CellSheet
from akashi.conformity.forms.package import Package, refused, scan

MAX_SHEETS = 64
MAX_ROWS = 50_000
MAX_CELLS = 1_000_000
MAX_STRINGS = 1_000_000
MAX_MERGED = 20_000
MAX_FORMAT = 255
"""Characters of a number format, as Excel has it; a longer one is no date."""
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_DATE_CODE = re.compile(r"[ymdge]", re.IGNORECASE)
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_STRICT_RELATION = "http://purl.oclc.org/ooxml/officeDocument/relationships/"


@dataclass(frozen=True, slots=True)
class SheetPart:
    """Where a sheet stands in the package."""

    name: str
    number: int
    part: str


class Parts:
    """The parts of a workbook: its sheets, shared strings and styles."""

    def __init__(self, package: Package) -> None:
        self.package = package
        root = self._relations("")
        main = [target for kind, target in root.values() if kind == "officeDocument"]
        if len(main) != 1 or not package.has(main[0]):
            raise refused("file", "no_workbook")
        self._main = main[0]
        self._related = self._relations(self._main)
        self.base_1904 = False
        self.sheets: list[SheetPart] = []
        self._count = 0
        scan(package.read(self._main), "workbook", self._workbook)
        names = [sheet.name for sheet in self.sheets]
        if len(set(names)) != len(names):
            raise refused("workbook", "duplicate_sheet")

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Relation id to (kind, member name); links to outside are left out."""
        folder, name = posixpath.split(part)
        member = posixpath.join(folder, "_rels", f"{name}.rels")
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, given: dict[str, str]) -> None:
            if tag == "Relationship" and given.get("TargetMode") != "External":
                kind = given.get("Type", "")
                for prefix in (_RELATION, _STRICT_RELATION):
                    kind = kind.removeprefix(prefix)
                target = given.get("Target", "")
                full = target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
                found[given.get("Id", "")] = kind, full

        if self.package.has(member):
            scan(self.package.read(member), "relations", start)
        return found

    def _workbook(self, tag: str, given: dict[str, str]) -> None:
        if tag == "workbookPr":
            self.base_1904 = given.get("date1904", "0") in ("1", "true")
        if tag != "sheet":
            return
        self._count += 1
        if self._count > MAX_SHEETS:
            raise refused("workbook", "too_many_sheets")
        ids = [value for key, value in given.items() if key.rpartition(":")[2] == "id" and ":" in key]
        kind, part = self._related.get(ids[0] if ids else "", ("", ""))
        if kind == "worksheet" and self.package.has(part):
            self.sheets.append(SheetPart(given.get("name", ""), self._count, part))

    def member(self, kind: str) -> bytes | None:
        """The part of this kind that the workbook refers to."""
        for one, part in self._related.values():
            if one == kind and self.package.has(part):
                return self.package.read(part)
        return None


def _shared_strings(data: bytes) -> list[str]:
    """The texts of ``si``; readings (``rPh``) are left out."""
    found: list[str] = []
    pieces: list[str] = []
    depth = {"rPh": 0, "t": 0}

    def start(tag: str, _: dict[str, str]) -> None:
        if tag == "si":
            pieces.clear()
        elif tag in depth:
            depth[tag] += 1

    def end(tag: str) -> None:
        if tag in depth:
            depth[tag] -= 1
        elif tag == "si":
            found.append(unescape("".join(pieces)))
            if len(found) > MAX_STRINGS:
                raise refused("strings", "too_many_strings")

    def text(piece: str) -> None:
        if depth["t"] and not depth["rPh"]:
            pieces.append(piece)

    scan(data, "strings", start, end, text)
    return found


def _date_styles(data: bytes) -> set[int]:
    """The indexes of cell formats that show a date."""
    codes: dict[str, str] = {}
    dates: set[int] = set()
    seen = {"inside": 0, "count": 0}

    def start(tag: str, given: dict[str, str]) -> None:
        if tag == "numFmt":
            codes[given.get("numFmtId", "")] = given.get("formatCode", "")
        elif tag == "cellXfs":
            seen["inside"] = 1
        elif tag == "xf" and seen["inside"]:
            if _shows_date(given.get("numFmtId", "0"), codes):
                dates.add(seen["count"])
            seen["count"] += 1

    def end(tag: str) -> None:
        if tag == "cellXfs":
            seen["inside"] = 0

    scan(data, "styles", start, end)
    return dates


def _shows_date(number: str, codes: dict[str, str]) -> bool:
    if number in codes and len(codes[number]) > MAX_FORMAT:
        return False
    if number in codes:
        return bool(_DATE_CODE.search(_LITERAL.sub("", codes[number].replace("General", ""))))
    return number.isascii() and number.isdigit() and len(number) < 6 and int(number) in _DATE_FORMATS


class _SheetReader:
    """Gathers the cells of one sheet part."""

    def __init__(self, where: str, strings: Sequence[str], dates: set[int], *, base_1904: bool) -> None:
        self.texts: dict[tuple[int, int], str] = {}
        self.formulas: set[tuple[int, int]] = set()
        self.merged: list[tuple[int, int, int, int]] = []
        self._where, self._strings, self._dates, self._base_1904 = where, strings, dates, base_1904
        self._row, self._column, self._rows, self._reading = 0, 0, 0, 0
        self._inside = ""
        self._kind, self._style = "", ""
        self._value: list[str] = []

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "row":
            self._start_row(given)
        elif tag == "c":
            if "r" in given:
                row, self._column = parse_cell(given["r"])
                if row != self._row:
                    raise refused(self._where, "cell_order")
            else:
                self._column += 1
            self._kind, self._style = given.get("t", "n"), given.get("s", "0")
            self._value.clear()
        elif tag == "rPh":
            self._reading += 1
        elif tag in ("v", "t") and not self._reading:
            self._inside = tag
        elif tag == "f":
            self.formulas.add((self._row, self._column))
        elif tag == "mergeCell":
            self.merged.append(parse_area(given.get("ref", "")))
            if len(self.merged) > MAX_MERGED:
                raise refused(self._where, "too_many_merged")

    def _start_row(self, given: dict[str, str]) -> None:
        self._rows += 1
        number = given.get("r", str(self._row + 1))
        row = int(number) if number.isascii() and number.isdigit() and len(number) < 8 else 0
        if row <= self._row:
            raise refused(self._where, "cell_order")
        if self._rows > MAX_ROWS:
            raise refused(self._where, "too_many_rows")
        self._row, self._column = row, 0

    def end(self, tag: str) -> None:
        if tag == "c" and self._row:
            self._keep()
        elif tag == "rPh":
            self._reading -= 1
        elif tag in ("v", "t"):
            self._inside = ""

    def chars(self, piece: str) -> None:
        if self._inside:
            self._value.append(piece)

    def _keep(self) -> None:
        text = self._plain("".join(self._value))
        if not text:
            return
        if self._row > MAX_ROWS or len(self.texts) >= MAX_CELLS or self._column > MAX_COLUMN:
            raise refused(self._where, "too_many_rows" if self._row > MAX_ROWS else "too_many_cells")
        self.texts[self._row, self._column] = text

    def _plain(self, raw: str) -> str:
        if self._kind == "s":
            at = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 9 else len(self._strings)
            if at >= len(self._strings):
                raise refused(self._where, "string_index") if raw else refused(self._where, "xml")
            return self._strings[at][:MAX_TEXT]
        if self._kind in ("inlineStr", "str"):
            return unescape(raw)[:MAX_TEXT]
        if self._kind == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(raw, "")
        return _number(raw, self._style, self._dates, base_1904=self._base_1904) if self._kind == "n" else raw[:64]


def _number(raw: str, style: str, dates: set[int], *, base_1904: bool) -> str:
    """A number as Excel shows it without a format: fifteen digits; as a date where the cell's format is one."""
    try:
        value = float(raw)
    except ValueError:
        return ""
    if style.isascii() and style.isdigit() and len(style) < 7 and int(style) in dates and 0 <= value < 1e6:
        return date_of_serial(value, base_1904=base_1904) or raw
    return f"{value:.15g}" if abs(value) >= 1e15 or value % 1 else str(int(value))


def read_workbook(data: bytes) -> CellBook:
    """All worksheets of a file of at most 20 MB. Raises :class:`WorkbookRefused`."""
    parts = Parts(Package(data))
    strings, styles = parts.member("sharedStrings"), parts.member("styles")
    texts = _shared_strings(strings) if strings is not None else []
    dates = _date_styles(styles) if styles is not None else set()
    sheets = []
    for one in parts.sheets:
        where = f"sheet{one.number}"
        made = _SheetReader(where, texts, dates, base_1904=parts.base_1904)
        scan(parts.package.read(one.part), where, made.start, made.end, made.chars)
        found = frozenset(made.formulas)
        sheets.append(CellSheet(one.name, one.number, made.texts, found, tuple(made.merged)))
    return CellBook(sha256(data).digest(), tuple(sheets))


class MergedAreas:
    """Finds the merged area around a cell; areas that overlap (which no program writes) are found at most once."""

    def __init__(self, areas: Sequence[tuple[int, int, int, int]]) -> None:
        self._areas = areas
        self._by_column: dict[int, list[tuple[int, int, int]]] = {}

    def anchor(self, row: int, column: int) -> tuple[int, int]:
        """The cell that shows what stands there: the first of the merged area, else the cell itself."""
        spans = self._by_column.get(column)
        if spans is None:
            spans = sorted((top, bottom, left) for top, left, bottom, right in self._areas if left <= column <= right)
            self._by_column[column] = spans
        at = bisect_right(spans, (row, MAX_ROW, MAX_COLUMN)) - 1
        return (spans[at][0], spans[at][2]) if at >= 0 and spans[at][1] >= row else (row, column)


def text_at(sheet: CellSheet, merged: MergedAreas, row: int, column: int) -> str:
    """A cell's text; inside a merged area that of the area (its first cell)."""
    return sheet.texts.get((row, column), "") or sheet.texts.get(merged.anchor(row, column), "")


def find_sheet(book: CellBook, name: str) -> CellSheet:
    """A sheet by name, or by number where ``name`` is decimal digits that no sheet is named. Raises :class:`WorkbookRefused`."""
    for sheet in book.sheets:
        if sheet.name == name:
            return sheet
    for sheet in book.sheets:
        if str(sheet.number) == name:
            return sheet
    raise WorkbookRefused(where="workbook", reason="sheet")
