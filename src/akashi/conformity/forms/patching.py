"""Writing into cells of somebody's workbook without touching anything else.

Guarantees: only the named cells change (their style stays); every other byte of a touched sheet part stays, except the sheet's extent
and a row's span where they must grow, and every other part stays as it is: drawings, shapes, validations, print settings. Text is text,
never a formula. Refuses to overwrite formulas and hidden cells of merged areas. Trusts nobody.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape as markup

from akashi.conformity.forms.cells import MAX_TEXT, cell_name, escape, parse_area, parse_cell
from akashi.conformity.forms.package import Package, feed, local, reader, refused
from akashi.conformity.forms.workbook import MAX_ROWS, MergedAreas, Parts, read_workbook

Changes = Mapping[tuple[str, str], str]
"""(sheet name, cell) to text."""
_SPANS = re.compile(rb'(\sspans\s*=\s*["\'])(\d+):(\d+)')
_TAG = re.compile(rb"""<[^>"']*(?:"[^"]*"[^>"']*|'[^']*'[^>"']*)*>""")
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
_KEPT = ("s", "ph")


@dataclass(slots=True)
class _Cell:
    column: int
    start: int
    given: dict[str, str]
    end: int = 0
    formula: bool = False


@dataclass(slots=True)
class _Row:
    number: int
    start: int
    given: dict[str, str]
    tag_end: int
    end: int = 0
    cells: list[_Cell] = field(default_factory=list)


class _Locator:
    """Byte offsets of the rows and cells of a sheet part (UTF-8)."""

    def __init__(self, data: bytes, where: str) -> None:
        self.data, self.where = data, where
        self.rows: list[_Row] = []
        self.columns: list[tuple[int, int, str]] = []
        self.merged: list[tuple[int, int, int, int]] = []
        self.extent: tuple[int, int, str] | None = None
        self.table = (0, 0, 0)
        self.prefix = ""
        self._path: list[str] = []
        if data.startswith(_WIDE):
            raise refused(where, "encoding")
        self._parser = reader(where)
        self._parser.XmlDeclHandler = self._declared
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        feed(self._parser, data, where)

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "us-ascii"):
            raise refused(self.where, "encoding")

    def _start(self, name: str, given: dict[str, str]) -> None:
        tag, at = local(name), self._parser.CurrentByteIndex
        self._path.append(tag)
        path = self._path
        if path == ["worksheet", "sheetData"]:
            self.table = at, self._tag_end(at), 0
            self.prefix = name.removesuffix("sheetData")
        elif path == ["worksheet", "sheetData", "row"]:
            number = int(given.get("r", self.rows[-1].number + 1 if self.rows else 1))
            self.rows.append(_Row(number, at, given, self._tag_end(at)))
        elif path == ["worksheet", "sheetData", "row", "c"]:
            cells = self.rows[-1].cells
            column = parse_cell(given["r"])[1] if "r" in given else (cells[-1].column + 1 if cells else 1)
            cells.append(_Cell(column, at, given))
        elif path == ["worksheet", "sheetData", "row", "c", "f"]:
            self.rows[-1].cells[-1].formula = True
        elif path == ["worksheet", "cols", "col"] and "style" in given:
            self.columns.append((int(given.get("min", "0")), int(given.get("max", "0")), given["style"]))
        elif path == ["worksheet", "mergeCells", "mergeCell"]:
            self.merged.append(parse_area(given.get("ref", "")))
        elif path == ["worksheet", "dimension"]:
            self.extent = at, self._tag_end(at), given.get("ref", "")

    def _end(self, _: str) -> None:
        path, at = self._path, self._parser.CurrentByteIndex
        if path == ["worksheet", "sheetData"]:
            self.table = self.table[0], self.table[1], at
        elif path == ["worksheet", "sheetData", "row"]:
            self.rows[-1].end = self._element_end(self.rows[-1].tag_end, at)
        elif path == ["worksheet", "sheetData", "row", "c"]:
            cell = self.rows[-1].cells[-1]
            cell.end = self._element_end(self._tag_end(cell.start), at)
        path.pop()

    def _element_end(self, tag_end: int, at: int) -> int:
        """Behind an element whose start tag ends at ``tag_end``; of an empty one expat says ``at`` in more than one way."""
        return tag_end if self.data[tag_end - 2 : tag_end] == b"/>" else self._tag_end(at)

    def _tag_end(self, at: int) -> int:
        """Behind the ``>`` of the tag that begins at ``at``; a quoted ``>`` is none."""
        found = _TAG.match(self.data, at)
        if found is None:
            raise refused(self.where, "xml")
        return found.end()


def patch(data: bytes, changes: Changes) -> bytes:
    """The workbook with these cells' texts, an empty text empties the cell. Raises :class:`WorkbookRefused`."""
    read_workbook(data)  # everything that the reader refuses is refused before a byte is written
    parts = Parts(Package(data))
    known = {sheet.name: sheet for sheet in parts.sheets}
    by_sheet: dict[str, dict[tuple[int, int], str]] = {}
    for (sheet, cell), text in changes.items():
        if sheet not in known:
            raise refused("workbook", "sheet")
        place = parse_cell(cell)
        if len(escape(text)) > MAX_TEXT:
            raise refused(f"sheet{known[sheet].number}!{cell_name(*place)}", "too_long")
        by_sheet.setdefault(sheet, {})[place] = text
    made = {}
    for sheet, texts in by_sheet.items():
        part = known[sheet].part
        made[part] = _patched(_Locator(parts.package.read(part), f"sheet{known[sheet].number}"), texts)
    return parts.package.replaced(made)


def _patched(found: _Locator, texts: Mapping[tuple[int, int], str]) -> bytes:
    _check(found, texts)
    by_row: dict[int, dict[int, str]] = {}
    for (row, column), text in sorted(texts.items()):
        by_row.setdefault(row, {})[column] = text
    numbers = [row.number for row in found.rows]
    start, tag_end, end = found.table
    closed = found.data[tag_end - 2 : tag_end] == b"/>"
    # (from, to, bytes) against the original; applied from the back so that offsets stay true
    edits: list[tuple[int, int, bytes]] = []
    fresh = b""
    for number, cells in by_row.items():
        at = bisect_left(numbers, number)
        if at < len(numbers) and numbers[at] == number:
            edits += _row_edits(found, found.rows[at], cells)
            continue
        new = _new_row(found, number, cells)
        if closed:
            fresh += new
        else:
            place = found.rows[at].start if at < len(numbers) else end
            edits.append((place, place, new))
    if fresh:
        name = f"{found.prefix}sheetData".encode()
        edits.append((start, tag_end, b"<" + name + b">" + fresh + b"</" + name + b">"))
    edits += _extent_edit(found, texts)
    # what is inserted at one place stands in ascending order already: a stable sort keeps it so
    out: list[bytes] = []
    last = 0
    for begin, stop, piece in sorted(edits, key=lambda edit: edit[:2]):
        out += [found.data[last:begin], piece]
        last = stop
    return b"".join([*out, found.data[last:]])


def _check(found: _Locator, texts: Mapping[tuple[int, int], str]) -> None:
    merged = MergedAreas(found.merged)
    formulas = {(row.number, cell.column) for row in found.rows for cell in row.cells if cell.formula}
    for row, column in texts:
        where = f"{found.where}!{cell_name(row, column)}"
        if row > MAX_ROWS:
            raise refused(where, "too_many_rows")
        if (row, column) in formulas:
            raise refused(where, "formula")
        if merged.anchor(row, column) != (row, column):
            raise refused(where, "merged")


def _row_edits(found: _Locator, row: _Row, texts: Mapping[int, str]) -> list[tuple[int, int, bytes]]:
    columns = [cell.column for cell in row.cells]
    if columns != sorted(set(columns)):
        raise refused(found.where, "cell_order")
    tag = found.data[row.start : row.tag_end]
    wide = _SPANS.sub(lambda m: m[1] + b"%d:%d" % (min(int(m[2]), *texts), max(int(m[3]), *texts)), tag, count=1)
    closed = tag.endswith(b"/>")
    edits: list[tuple[int, int, bytes]] = []
    fresh = b""
    for column, text in texts.items():
        at = bisect_left(columns, column)
        if at < len(columns) and columns[at] == column:
            cell = row.cells[at]
            kept = {key: cell.given[key] for key in _KEPT if key in cell.given}
            edits.append((cell.start, cell.end, _cell(found, row.number, column, kept, text)))
        elif text:
            new = _cell(found, row.number, column, _style(found, row, column), text)
            place = row.cells[at].start if at < len(columns) else row.end - len(_close(found, row))
            fresh, edits = (fresh + new, edits) if closed else (fresh, [*edits, (place, place, new)])
    if fresh:
        name = f"{found.prefix}row".encode()
        return [(row.start, row.tag_end, wide[:-2].rstrip() + b">" + fresh + b"</" + name + b">")]
    return [(row.start, row.tag_end, wide), *edits] if wide != tag else edits


def _close(found: _Locator, row: _Row) -> bytes:
    """The end tag of a row, as it stands (``</row >`` is legal)."""
    return found.data[found.data.rindex(b"<", row.start, row.end) : row.end]


def _style(found: _Locator, row: _Row | None, column: int) -> dict[str, str]:
    """The style that a new cell takes over from its row or column, as Excel does."""
    if row is not None and row.given.get("customFormat") in ("1", "true") and "s" in row.given:
        return {"s": row.given["s"]}
    for first, last, style in found.columns:
        if first <= column <= last:
            return {"s": style}
    return {}


def _new_row(found: _Locator, number: int, texts: Mapping[int, str]) -> bytes:
    cells = b"".join(
        _cell(found, number, column, _style(found, None, column), text) for column, text in texts.items() if text
    )
    name = f"{found.prefix}row"
    return f'<{name} r="{number}">'.encode() + cells + f"</{name}>".encode() if cells else b""


def _cell(found: _Locator, row: int, column: int, kept: Mapping[str, str], text: str) -> bytes:
    given = "".join(f' {key}="{markup(value, {chr(34): "&quot;"})}"' for key, value in kept.items())
    head = f'<{found.prefix}c r="{cell_name(row, column)}"{given}'
    if not text:
        return f"{head}/>".encode()
    p = found.prefix
    inner = f'<{p}is><{p}t xml:space="preserve">{markup(escape(text))}</{p}t></{p}is>'
    return f'{head} t="inlineStr">{inner}</{p}c>'.encode()


def _extent_edit(found: _Locator, texts: Mapping[tuple[int, int], str]) -> list[tuple[int, int, bytes]]:
    """The sheet's extent, grown where a new cell stands outside: readers that trust it would not see the cell."""
    written = [place for place, text in texts.items() if text]
    if found.extent is None or not written:
        return []
    start, end, ref = found.extent
    top, left, bottom, right = parse_area(ref)
    rows, columns = [row for row, _ in written], [column for _, column in written]
    grown = (min(top, *rows), min(left, *columns), max(bottom, *rows), max(right, *columns))
    if grown == (top, left, bottom, right):
        return []
    old, new = ref.encode(), f"{cell_name(*grown[:2])}:{cell_name(*grown[2:])}".encode()
    return [(start, end, found.data[start:end].replace(old, new, 1))]
