r"""Which format a file is, told from its first bytes.

Guarantees: only the content decides (a name says nothing); at most ``LOOK_BYTES`` are looked at; never an exception.
Refuses: certainty: the reader of the format that is named checks everything again.

>>> detect(b"PK\x03\x04...").value, detect(b'{"resourceType": "Bundle"}').value, detect(b"").value
('archive', 'echeckup', 'unknown')
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Sequence
from enum import Enum

from akashi.checkup.cells.dates import parse_date
from akashi.checkup.formats.definitions import FormatDefinition
from akashi.checkup.readers.bundles import ENDING, is_hidden
from akashi.checkup.readers.fkac import is_fkac
from akashi.checkup.readers.jma import HEADER, right_width
from akashi.checkup.readers.standard_csv import is_standard
from akashi.checkup.readers.values import is_code
from akashi.checkup.tabular.reading import open_source
from akashi.errors import AkashiError


class FormatName(Enum):
    """The formats that can be read. LAYOUT is an institution's own table, for which a map is needed."""

    LAYOUT = "layout"
    JMA = "jma"
    FKAC522 = "fkac522"
    HC08 = "hc08"
    HG08 = "hg08"
    ARCHIVE = "archive"
    ECHECKUP = "echeckup"
    STANDARD_CSV = "akashi-csv"
    UNKNOWN = "unknown"


LOOK_BYTES = 256 * 1024
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
# What an Office document begins with: a workbook is no archive of documents.
_OFFICE = ("[Content_Types].xml", "_rels/", "docProps/", "xl/")
_LOCAL = struct.Struct("<4s5H3I2H")
_BOM = b"\xef\xbb\xbf"
# The document's code: one tag with the report kind's code system; the order of attributes is free.
_TAG = re.compile(rb"<(?:[A-Za-z0-9_.-]{1,40}:)?code\b([^<>]{0,400})>")
_REPORT_SYSTEM = re.compile(rb"""codeSystem\s*=\s*["']1\.2\.392\.200119\.6\.1001["']""")
_CODE = re.compile(rb"""\bcode\s*=\s*["']([0-9]{2})["']""")
_GUIDANCE = frozenset({b"21", b"22", b"23", b"24", b"25"})
_VISIT, _BIRTH = 5, 9


def _xml(head: bytes) -> FormatName:
    if b"ClinicalDocument" not in head:
        return FormatName.UNKNOWN
    for tag in _TAG.finditer(head):
        code = _CODE.search(tag[1])
        if code is not None and _REPORT_SYSTEM.search(tag[1]):
            return FormatName.HG08 if code[1] in _GUIDANCE else FormatName.HC08
    return FormatName.HC08


def _zip(head: bytes) -> FormatName:
    """A zip of FHIR documents where its first file (not folder) is JSON; no workbook; any other is an archive, or not ours at all."""
    at = 0
    while head[at : at + 4] == _ZIP_STARTS[0] and at + _LOCAL.size <= len(head):
        *_same, packed, _size, name, extra = _LOCAL.unpack_from(head, at)
        at += _LOCAL.size
        path = head[at : at + name].decode("latin-1")  # endings and our own names are plain in every encoding
        if path.startswith(_OFFICE):
            return FormatName.UNKNOWN
        if not path.endswith("/") and not is_hidden(path):
            return FormatName.ECHECKUP if path.casefold().endswith(ENDING) else FormatName.ARCHIVE
        at += name + extra + packed
    return FormatName.ARCHIVE


def _is_jma(row: Sequence[str]) -> bool:
    cells = row[:-1] if row and not right_width(row) and not row[-1].strip() else row
    if not right_width(cells) or not is_code(cells[len(HEADER)].strip()):
        return False
    return parse_date(cells[_VISIT].strip()) is not None or parse_date(cells[_BIRTH].strip()) is not None


def _table(head: bytes, definitions: Sequence[FormatDefinition]) -> FormatName:
    whole = head[: head.rfind(b"\n") + 1] or head
    try:
        _line, row = next(open_source(io.BytesIO(whole)).rows(), (0, []))
    except AkashiError:
        return FormatName.UNKNOWN
    if is_fkac(row):
        return FormatName.FKAC522
    if _is_jma(row):
        return FormatName.JMA
    if any(is_standard(row, definition) for definition in definitions):
        return FormatName.STANDARD_CSV
    return FormatName.LAYOUT if len(row) > 1 else FormatName.UNKNOWN


def is_zip(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is a zip."""
    return head.startswith(_ZIP_STARTS)


def detect(head: bytes, *, definitions: Sequence[FormatDefinition] = ()) -> FormatName:
    """The format of a file that begins with ``head``; ``definitions`` are the standard CSVs to look for."""
    head = head[:LOOK_BYTES]
    start = head.removeprefix(_BOM).lstrip()
    if is_zip(start):
        return _zip(start)
    if start.startswith(b"<"):
        return _xml(start)
    if start.startswith((b"{", b"[")):
        bundle = b'"resourceType"' in start and b'"Bundle"' in start
        return FormatName.ECHECKUP if bundle else FormatName.UNKNOWN
    return _table(head, definitions)
