"""One table as an .xlsx workbook, made in memory.

Guarantees: every cell is text or a whole number, never a formula, however it begins; the same table gives the same bytes; nothing
touches a disk (the libraries for workbooks write temporary files, and these rows hold personal data). Refuses: reading.

Source: ECMA-376 (SpreadsheetML); ``quotePrefix`` keeps a text that looks like a formula a text even after it is edited.

>>> write_sheet("a", ("x",), (10,), [(Style.PLAIN, ("=1+1",))])[:2]
b'PK'
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from xml.sax.saxutils import escape, quoteattr

MOST_ROWS = 1_000_000
MOST_SIGNS = 32_767
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# A workbook reads _x0041_ as "A": the underscore itself is written so, where a text happens to look like that.
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")

Cell = str | int
Row = tuple["Style", Sequence[Cell]]


class Style(IntEnum):
    """How a row looks; the number is its place among the cell formats of the workbook."""

    PLAIN = 1
    HEADING = 2
    RED = 3
    YELLOW = 4
    BLUE = 5


_FILLS = ("FFD9D9D9", "FFF8CBAD", "FFFFF2CC", "FFDDEBF7")


def _styles() -> str:
    fills = "".join(
        f'<fill><patternFill patternType="solid"><fgColor rgb="{rgb}"/><bgColor indexed="64"/></patternFill></fill>'
        for rgb in _FILLS
    )
    wrapped = '<alignment vertical="top" wrapText="1"/>'
    formats = '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    for style in Style:
        # The first two fills of a workbook are fixed by the standard.
        fill, font = (0, 0) if style is Style.PLAIN else (int(style), int(style is Style.HEADING))
        formats += (
            f'<xf numFmtId="49" fontId="{font}" fillId="{fill}" borderId="0" xfId="0" applyNumberFormat="1" applyFill="1" '
            f'applyFont="1" applyAlignment="1" quotePrefix="1">{wrapped}</xf>'
        )
    return (
        f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Yu Gothic"/></font>'
        '<font><b/><sz val="11"/><name val="Yu Gothic"/></font></fonts>'
        f'<fills count="{len(_FILLS) + 2}"><fill><patternFill patternType="none"/></fill>'
        f'<fill><patternFill patternType="gray125"/></fill>{fills}</fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(Style) + 1}">{formats}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _cell(value: Cell, style: Style) -> str:
    if isinstance(value, int):
        return f'<c s="{int(style)}"><v>{value}</v></c>'
    text = value if len(value) <= MOST_SIGNS else value[: MOST_SIGNS - 1] + "…"
    safe = escape(_ESCAPED.sub("_x005F_", _UNWRITABLE.sub("\ufffd", text)))
    return f'<c s="{int(style)}" t="inlineStr"><is><t xml:space="preserve">{safe}</t></is></c>'


def _line(style: Style, cells: Sequence[Cell]) -> bytes:
    return f"<row>{''.join([_cell(cell, style) for cell in cells])}</row>".encode()


def _sheet(heading: Sequence[str], widths: Sequence[int], rows: Iterable[Row]) -> Iterator[bytes]:
    columns = "".join(
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
        for number, width in enumerate(widths, start=1)
    )
    yield (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{columns}</cols><sheetData>"
    ).encode()
    yield _line(Style.HEADING, heading)
    for style, cells in rows:
        yield _line(style, cells)
    yield b"</sheetData></worksheet>"


def _frame(title: str) -> Iterator[tuple[str, str]]:
    """The parts around the sheet."""
    yield (
        "[Content_Types].xml",
        (
            f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET_TYPE}.worksheet+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_SHEET_TYPE}.styles+xml"/></Types>'
        ),
    )
    relation = f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    yield (
        "_rels/.rels",
        f'{relation}<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )
    yield (
        "xl/workbook.xml",
        (
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            f'<sheet name={quoteattr(title)} sheetId="1" r:id="r1"/></sheets></workbook>'
        ),
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        (
            f'{relation}<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="r2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
        ),
    )
    yield "xl/styles.xml", _styles()


def write_sheet(title: str, heading: Sequence[str], widths: Sequence[int], rows: Iterable[Row]) -> bytes:
    """The workbook with one sheet: a frozen heading, then ``rows`` of (style, cells).

    A caller gives at most :data:`MOST_ROWS`; a text beyond :data:`MOST_SIGNS` ends in "…" (a sheet holds no more).
    """
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _frame(title):
            archive.writestr(_entry(name), text)
        with archive.open(_entry("xl/worksheets/sheet1.xml"), "w") as part:
            for piece in _sheet(heading, widths, rows):
                part.write(piece)
    return whole.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    # The fixed date of ZipInfo keeps the bytes the same for the same table.
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
