"""Tables on A4: one way for every sheet of ours to be written and to be read back.

Guarantees: the same table gives the same bytes; text is text, also where it begins with ``=``, ``+``, ``-`` or ``@``; nothing is written
to a temporary file; ``read_table`` gives back exactly the cells that ``write_tables`` was given. Refuses a sheet whose headings, ids or
printed sentences are not what was written: each line carries a mark over its fixed cells, so a half-sorted sheet is seen. Trusts nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import canonicalize

from openpyxl import Workbook
from openpyxl.packaging.manifest import Manifest
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from akashi.conformity.forms.cells import MAX_TEXT, cell_name, column_letters, escape, serial_of_date
from akashi.conformity.forms.model import CellBook, CellSheet
from akashi.conformity.forms.package import packed, refused

BLOCK_ROW, HEAD_ROW, FIRST_ROW = 3, 4, 5
"""Above: the title and a note; column A is hidden and holds the marks."""
_FONT = "游ゴシック"
_THIN = Side(style="thin", color="808080")
_BAND = Border(top=_THIN, bottom=_THIN)
_GRID = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_STYLES = {  # name: (size, bold, fill, centred); the fills differ in lightness, so they also differ in black and white
    "title": (14, True, "", False),
    "note": (9, False, "", False),
    "block": (10, True, "BFD3E6", True),
    "head": (10, True, "DCE6F1", True),
    "group": (10, True, "E8E8E8", False),
    "given": (10, False, "", False),
    "open": (10, False, "FFFFF0", False),
    "choice": (10, True, "FFFFF0", True),
    "good": (10, False, "", True),
    "partly": (10, True, "E5E5C8", True),
    "bad": (10, True, "D9A9A9", True),
    "quiet": (9, False, "F2F2F2", True),
}
_PLAIN = {"title", "note"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``given`` ones are ours and may not be changed; ``choices`` become a list to choose from."""

    heading: str
    width: int
    block: str = ""
    given: bool = False
    choices: tuple[str, ...] = ()
    date: bool = False
    tones: Mapping[str, str] = field(default_factory=dict)
    """Cell text to style."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a permanent id and as many texts as there are columns. ``heading``: a chapter, with nothing to fill in."""

    id: str
    cells: tuple[str, ...] = field(repr=False)
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet. ``mark``: kind, version and catalogue, by which it is known when it comes back."""

    name: str
    mark: str
    title: str
    note: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...] = field(repr=False)


class _Members:
    """What the writer puts into the file, in memory."""

    def __init__(self) -> None:
        self.parts: dict[str, bytes] = {}

    def writestr(self, name: str, data: str | bytes) -> None:
        self.parts[name] = data.encode() if isinstance(data, str) else data

    def namelist(self) -> list[str]:
        return list(self.parts)


class _Writer(ExcelWriter):
    """The library's writer, but without its temporary files: answers do not leave memory in the clear."""

    _archive: Any
    workbook: Any
    manifest: Manifest

    def write_worksheet(self, ws: Any) -> None:
        out = BytesIO()
        writer: Any = WorksheetWriter(ws, out)
        writer.write()
        ws._rels = writer._rels  # noqa: SLF001  # as the method that this replaces does
        self._archive.writestr(ws.path[1:], out.getvalue())
        self.manifest.append(ws)


def write_tables(tables: Sequence[Table], made_ms: int) -> bytes:
    """A workbook of these sheets, A4 landscape. Raises :class:`WorkbookRefused` for a text that no cell can hold."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, (size, bold, fill, centred) in _STYLES.items():
        style = NamedStyle(f"akashi-{name}", font=Font(name=_FONT, size=size, bold=bold, charset=128, family=3))
        across = "centerContinuous" if name == "block" else "center" if centred else None
        style.alignment = Alignment(
            wrap_text=name not in (*_PLAIN, "block"), vertical="center" if centred else "top", horizontal=across
        )
        if fill:
            style.fill = PatternFill("solid", fgColor=fill)
        if name not in _PLAIN:
            style.border = _BAND if name == "block" else _GRID
        book.add_named_style(style)
    for number, table in enumerate(tables, 1):
        _write_sheet(book.create_sheet(table.name), table, number)
    made = datetime(1970, 1, 1) + timedelta(milliseconds=made_ms)  # noqa: DTZ001  # the format wants UTC without a zone
    book.properties.creator, book.properties.created, book.properties.modified = "Akashi", made, made
    members = _Members()
    _Writer(book, members).write_data()  # type: ignore[arg-type]  # it asks for no more than writestr and namelist
    # which XML library wrote the parts depends on what is installed; the canonical form (C14N 2.0) does not
    return packed({name: canonicalize(data.decode()).encode() for name, data in members.parts.items()})


def _write_sheet(sheet: Worksheet, table: Table, number: int) -> None:
    _put(sheet, number, 1, 1, table.mark, "note")
    _put(sheet, number, 1, 2, table.title, "title")
    _put(sheet, number, 2, 2, table.note, "note")
    block = ""
    for at, column in enumerate(table.columns, 2):
        if column.block:  # centred over its columns without merging them, so that columns can still be moved and sorted
            _put(sheet, number, BLOCK_ROW, at, column.block if column.block != block else "", "block")
            block = column.block
        _put(sheet, number, HEAD_ROW, at, column.heading, "head")
        sheet.column_dimensions[column_letters(at)].width = column.width
    sheet.column_dimensions["A"].hidden = True
    for row, line in enumerate(table.lines, FIRST_ROW):
        _put(sheet, number, row, 1, line_mark(table.columns, line), "quiet")
        for at, (column, text) in enumerate(zip(table.columns, line.cells, strict=True), 2):
            _put_in_line(sheet, number, (row, at), column, text, heading=line.heading)
    _offer_choices(sheet, table)
    _set_page(sheet, table)


def _put(sheet: Worksheet, number: int, row: int, column: int, text: str, style: str) -> None:
    cell: Any = sheet.cell(row, column)
    cell.style = f"akashi-{style}"
    if not text:
        return
    safe = escape(text)
    if len(safe) > MAX_TEXT:
        raise refused(f"sheet{number}!{cell_name(row, column)}", "too_long")
    cell.value = safe
    cell.data_type = "s"
    if text.startswith(_FORMULA):
        cell.quotePrefix = True


def _put_in_line(
    sheet: Worksheet, number: int, place: tuple[int, int], column: Column, text: str, *, heading: bool
) -> None:
    style = "given" if column.given else "choice" if column.choices else "open"
    _put(sheet, number, *place, text, "group" if heading else column.tones.get(text, style))
    if column.date and not heading:
        cell: Any = sheet.cell(*place)
        serial = serial_of_date(text)
        if serial:
            cell.value = serial
        cell.number_format = "yyyy-mm-dd"


def _offer_choices(sheet: Worksheet, table: Table) -> None:
    for at, column in enumerate(table.columns, 2):
        if not column.choices or not table.lines:
            continue
        choice = DataValidation(type="list", formula1=f'"{",".join(column.choices)}"', allow_blank=True)
        choice.showErrorMessage, choice.errorTitle = True, "選べる語"
        choice.error = "一覧から選んでください。"
        letters = column_letters(at)
        choice.add(f"{letters}{FIRST_ROW}:{letters}{FIRST_ROW + len(table.lines) - 1}")
        sheet.add_data_validation(choice)


def _set_page(sheet: Worksheet, table: Table) -> None:
    """A4 landscape, as wide as the paper, headings on every page, pages numbered."""
    last = column_letters(len(table.columns) + 1)
    page: Any = sheet  # the stubs call parts optional that every new sheet has
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.oddFooter.center.text, page.oddFooter.right.text = "&P / &N", "&A"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    top = BLOCK_ROW if any(column.block for column in table.columns) else HEAD_ROW
    sheet.print_title_rows = f"{top}:{HEAD_ROW}"
    sheet.print_area = f"B1:{last}{max(HEAD_ROW, HEAD_ROW + len(table.lines))}"
    sheet.print_options.horizontalCentered = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = sheet.page_margins.bottom = 0.6
    sheet.page_margins.header = sheet.page_margins.footer = 0.3
    sheet.freeze_panes = f"B{FIRST_ROW}"
    # the hidden ids are part of the range: whoever sorts by a heading sorts them along
    sheet.auto_filter.ref = f"A{HEAD_ROW}:{last}{HEAD_ROW + len(table.lines)}"


def line_mark(columns: Sequence[Column], line: Line) -> str:
    """Id and a digest over the cells that may not change."""
    fixed = [text for column, text in zip(columns, line.cells, strict=True) if column.given]
    digest = sha256("\x1f".join([line.id, *fixed]).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{line.id}#{digest[:12]}"


def find_table(book: CellBook, mark: str) -> CellSheet:
    """The sheet that was written under this mark. Raises :class:`WorkbookRefused`."""
    found = [sheet for sheet in book.sheets if sheet.texts.get((1, 1)) == mark]
    if len(found) != 1:
        raise refused("workbook", "duplicate_sheet" if found else "other_form")
    return found[0]


def read_table(book: CellBook, mark: str, columns: Sequence[Column], ids: Collection[str]) -> list[tuple[int, Line]]:
    """The lines of a table that came back, with their row numbers. Raises :class:`WorkbookRefused` at the first cell that differs."""
    sheet = find_table(book, mark)
    _check_headings(sheet, columns)
    lines: dict[str, tuple[int, Line]] = {}
    for row in sorted({row for row, _ in sheet.texts if row >= FIRST_ROW}):
        where = f"sheet{sheet.number}!{cell_name(row, 1)}"
        name = sheet.texts.get((row, 1), "").rpartition("#")[0]
        line = Line(name, tuple(sheet.texts.get((row, at), "") for at in range(2, len(columns) + 2)))
        if not name:
            raise refused(where, "row_added")
        if name not in ids:
            raise refused(where, "id")
        if name in lines:
            raise refused(where, "duplicate")
        if sheet.texts[row, 1] != line_mark(columns, line):
            raise refused(where, "row_changed")
        lines[name] = row, line
    if len(lines) != len(set(ids)):
        raise refused(f"sheet{sheet.number}", "row_missing")
    return list(lines.values())


def _check_headings(sheet: CellSheet, columns: Sequence[Column]) -> None:
    for at, column in enumerate(columns, 2):
        if sheet.texts.get((HEAD_ROW, at), "") != column.heading:
            raise refused(f"sheet{sheet.number}!{cell_name(HEAD_ROW, at)}", "header")
    for place in sheet.texts:
        if place[0] == HEAD_ROW and place[1] > len(columns) + 1:
            raise refused(f"sheet{sheet.number}!{cell_name(*place)}", "header")
    for top, left, bottom, _ in sheet.merged:
        if bottom >= FIRST_ROW:
            raise refused(f"sheet{sheet.number}!{cell_name(top, left)}", "merged")


def place_of(book: CellBook, mark: str, row: int, columns: Sequence[Column], heading: str) -> str:
    """Where a cell of a read table stands: ``sheet1!F7``."""
    at = [column.heading for column in columns].index(heading) + 2
    return f"sheet{find_table(book, mark).number}!{cell_name(row, at)}"
