"""A zip written as a stream: members in order, fixed times, no seeking, a few bytes of memory per member.

Guarantees: the same members give the same bytes; nothing is written twice under one name; more than 65,535 members or
4 GiB are written as ZIP64. Refuses: nothing of its own: an archive without its end (``close`` not reached) opens nowhere.
Source: APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16.

>>> import io, zipfile
>>> out = io.BytesIO()
>>> zipped = ZipStream(out, date(2026, 6, 1))
>>> zipped.add("a/b.xml", b"<b/>")
>>> zipped.close()
>>> zipfile.ZipFile(out).read("a/b.xml")
b'<b/>'
"""

from __future__ import annotations

import struct
import zlib
from datetime import date
from typing import BinaryIO

from akashi.errors import Misuse

# A document of 25 KB: level 1 costs a third of level 6's time for a tenth more bytes.
LEVEL = 1
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_DEFLATED, _UTF8, _MAX16, _MAX32 = 8, 0x800, 0xFFFF, 0xFFFFFFFF
# Made on Unix, so that the mode of a regular file (rw-r--r--) is meant by the upper half of the attributes.
_MADE_BY, _MODE = 3 << 8, 0o100644 << 16


class ZipStream:
    """Adds members to ``out``, which the caller opened and closes."""

    def __init__(self, out: BinaryIO, day: date, level: int = LEVEL) -> None:
        self._out, self._level = out, level
        self._day = (day.year - 1980) << 9 | day.month << 5 | day.day
        self._offset = self._count = 0
        self._central = bytearray()
        self._closed = False

    def add(self, name: str, data: bytes) -> None:
        """One member, compressed. ``name`` is a path inside the archive; the caller keeps names apart."""
        if self._closed:
            raise Misuse(what="a closed archive")
        packer = zlib.compressobj(self._level, zlib.DEFLATED, -15)
        packed = packer.compress(data) + packer.flush()
        crc, path = zlib.crc32(data), name.encode()
        version, extra = 20, b""
        offset = self._offset
        if offset >= _MAX32:
            version, extra, offset = 45, struct.pack("<2HQ", 1, 8, offset), _MAX32
        same = (_UTF8, _DEFLATED, 0, self._day, crc, len(packed), len(data), len(path))
        self._central += _CENTRAL.pack(
            b"PK\1\2", _MADE_BY | version, version, *same, len(extra), 0, 0, 0, _MODE, offset
        )
        self._central += path + extra
        self._write(_LOCAL.pack(b"PK\3\4", version, *same, 0) + path + packed)
        self._count += 1

    def _write(self, data: bytes | bytearray) -> None:
        self._out.write(data)
        self._offset += len(data)

    def close(self) -> None:
        """Write the directory. The archive is whole only now."""
        if self._closed:
            return
        self._closed = True
        start, size, count = self._offset, len(self._central), self._count
        self._write(self._central)
        if count > _MAX16 - 1 or start >= _MAX32 or size >= _MAX32:
            at = self._offset
            self._write(_END64.pack(b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start))
            self._write(_LOCATOR.pack(b"PK\6\7", 0, at, 1))
        short = min(count, _MAX16)
        self._write(_END.pack(b"PK\5\6", 0, 0, short, short, min(size, _MAX32), min(start, _MAX32), 0))
