"""The file around a workbook: a zip of XML parts, opened with every precaution and written again unchanged.

Guarantees: bounded in bytes, members and expansion; every member read is checked by its CRC; XML with a document type declaration is
refused before anything in it is expanded, so there are no entities, inner or outer; ``replaced`` keeps the content of all other members.
Refuses: encrypted files, old ``.xls``, macros, members that would leave the folder, duplicate names. Trusts nobody.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from xml.parsers import expat

from akashi.conformity.errors import WorkbookRefused

MAX_BYTES = 20 << 20
MAX_UNPACKED = 100 << 20
MAX_MEMBERS = 2_000
MAX_RATIO = 200
MAX_ELEMENTS = 5_000_000
"""In one XML part."""
_RATIO_FROM = 1 << 20
"""Below this unpacked size a member may be as repetitive as it likes."""
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_MACRO = re.compile(r"(vbaproject\.bin|vbadata\.xml|(^|/)macrosheets/|(^|/)activex/)", re.IGNORECASE | re.ASCII)
_MACRO_TYPES = (
    b"macroEnabled",
    b"vnd.ms-excel.macrosheet",
    b"vnd.ms-office.vbaProject",
    b"vnd.ms-excel.intlmacrosheet",
)
_BAD_NAME = re.compile(r"(^|/)\.\.?(/|$)|^/|[\\:\x00-\x1f]|//")
_TYPES = "[Content_Types].xml"
_EPOCH = (1980, 1, 1, 0, 0, 0)

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


def refused(where: str, reason: str) -> WorkbookRefused:
    """The error for a file; ``where`` is a place of ours (``file``, ``sheet2!C5``), never what stands there."""
    return WorkbookRefused(where=where, reason=reason)


class Package:
    """An opened zip. Members are read on demand."""

    def __init__(self, data: bytes) -> None:
        if len(data) > MAX_BYTES:
            raise refused("file", "too_large")
        if data.startswith(_OLE):
            raise refused("file", "encrypted_or_old")
        if not data.startswith(b"PK\x03\x04"):
            raise refused("file", "no_workbook")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise refused("file", "broken_zip") from error
        self._check_members()
        self._check_macros()

    def _check_members(self) -> None:
        members = self._zip.infolist()
        names = {one.filename.casefold() for one in members}
        if len(members) > MAX_MEMBERS or sum(one.file_size for one in members) > MAX_UNPACKED:
            raise refused("file", "bomb")
        if len(names) != len(members):
            raise refused("file", "duplicate_member")
        for one in members:
            if _BAD_NAME.search(one.orig_filename):
                raise refused("file", "member_name")
            if one.flag_bits & 0x41:
                raise refused("file", "encrypted_or_old")
            if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise refused("file", "compression")
            if one.file_size > max(_RATIO_FROM, MAX_RATIO * one.compress_size):
                raise refused("file", "bomb")

    def _check_macros(self) -> None:
        if _TYPES not in self._zip.namelist():
            raise refused("file", "no_workbook")
        types = self.read(_TYPES)
        if any(kind in types for kind in _MACRO_TYPES) or any(_MACRO.search(name) for name in self._zip.namelist()):
            raise refused("file", "macro")

    def has(self, name: str) -> bool:
        """Whether there is such a member."""
        return name in self._zip.NameToInfo

    def read(self, name: str) -> bytes:
        """A member's bytes. Raises :class:`WorkbookRefused`, also where the CRC is wrong."""
        try:
            return self._zip.read(name)
        except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
            raise refused("file", "broken_zip") from error

    def replaced(self, changes: Mapping[str, bytes]) -> bytes:
        """The file with other content for some members: same order, names and times, all other content as it was."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as made:
            for one in self._zip.infolist():
                info = zipfile.ZipInfo(one.filename, one.date_time)
                info.compress_type, info.external_attr, info.comment = one.compress_type, one.external_attr, one.comment
                info.create_system = one.create_system
                made.writestr(info, changes[one.filename] if one.filename in changes else self.read(one.filename))
            made.comment = self._zip.comment
        return out.getvalue()


def packed(parts: Mapping[str, bytes]) -> bytes:
    """A new file of these members, the same bytes for the same parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in parts.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o600 << 16, 3
            made.writestr(info, data)
    return out.getvalue()


def local(name: str) -> str:
    """An element's name without its prefix."""
    return name.rpartition(":")[2]


def reader(where: str) -> expat.XMLParserType:
    """An XML parser that refuses a document type declaration, and with it every entity."""
    made = expat.ParserCreate()
    made.buffer_text = True

    def no_doctype(*_: object) -> None:
        raise refused(where, "doctype")

    made.StartDoctypeDeclHandler = no_doctype
    made.EntityDeclHandler = no_doctype
    made.ExternalEntityRefHandler = lambda *_: 0
    return made


def feed(made: expat.XMLParserType, data: bytes, where: str) -> None:
    """All of ``data`` through a parser of :func:`reader`. Raises :class:`WorkbookRefused`."""
    try:
        made.Parse(data, True)  # noqa: FBT003  # expat has no keyword for "this is the end"
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise refused(where, "xml") from error


def scan(data: bytes, where: str, start: Start, end: End | None = None, text: Text | None = None) -> None:
    """Walk an XML part; names reach the callbacks without their prefixes."""
    made, left = reader(where), MAX_ELEMENTS

    def begin(name: str, given: dict[str, str]) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise refused(where, "too_many_cells")
        start(local(name), given)

    made.StartElementHandler = begin
    if end is not None:
        made.EndElementHandler = lambda name: end(local(name))
    if text is not None:
        made.CharacterDataHandler = text
    feed(made, data, where)
