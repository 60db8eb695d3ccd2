"""Somebody else's zip, looked at before anything of it is read; members come out as bounded bytes, never as files.

Guarantees: the number of members, each and all sizes and ratios are bounded before reading; names (in CP932 too,
which Japanese Windows writes), links, encryption, methods and overlaps are checked for every member; the directory is read as a stream, and a member costs 30 bytes of
memory. Refuses, with the member's position and never its name: paths that lead outside, links and devices, encryption,
nested archives, two members of one name, members that share bytes, bombs, anything before the zip. Trusts: nothing the
directory says about sizes and checksums: both are compared on reading. Source: APPNOTE 6.3.10, 4.3 to 4.5.

Not :mod:`zipfile`: it keeps a kilobyte per member, and forgives what a hostile archive is made of.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO, NamedTuple

from akashi.checkup.errors import ArchiveBroken, ArchiveUnsafe, FileTooLarge
from akashi.errors import Misuse

_DRIVE = re.compile("[A-Za-z]:")
_NESTED = re.compile(r"\.(zip|7z|lzh|lha|rar|tar|gz|tgz|bz2|xz|zst|cab|jar)", re.IGNORECASE)
_STORED, _DEFLATED = 0, 8
# Bit 0: encrypted; 6: strongly; 13: the directory's values are masked.
_ENCRYPTED, _UTF8 = 1 | 1 << 6 | 1 << 13, 0x800
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_LONGEST_COMMENT, _MAX16, _MAX32 = 0xFFFF, 0xFFFF, 0xFFFFFFFF
# Deflate makes what it cannot press a little longer.
_SLACK = 64 << 10


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Bounds of an archive: bytes packed, members, bytes of one member and of all, and how far a member may swell."""

    packed: int = 2 << 30
    members: int = 250_000
    one: int = 4 << 20
    unpacked: int = 8 << 30
    ratio: int = 100
    # A small file of one repeated letter is no danger: the ratio counts from this size on.
    ratio_from: int = 256 << 10
    name: int = 200
    depth: int = 4


DEFAULT_LIMITS = ArchiveLimits()


class _Entry(NamedTuple):
    """One record of the directory."""

    position: int
    path: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    mode: int
    offset: int


def _broken(what: str, member: int = 0) -> ArchiveBroken:
    return ArchiveBroken(what=what, member=member)


def _directory(stream: BinaryIO, size: int) -> tuple[int, int, int]:
    """(offset, bytes, members) of the central directory. It ends where the end record begins, or the zip is broken."""
    tail_size = min(size, _END.size + _LONGEST_COMMENT)
    stream.seek(size - tail_size)
    tail = stream.read(tail_size)
    at = tail.rfind(b"PK\5\6")
    while at >= 0 and (len(tail) - at < _END.size or _END.unpack_from(tail, at)[-1] != len(tail) - at - _END.size):
        at = tail.rfind(b"PK\5\6", 0, at)
    if at < 0:
        raise _broken("no zip")
    _mark, disk, first, here, count, length, offset, _comment = _END.unpack_from(tail, at)
    end = size - tail_size + at
    if disk or first or here != count:
        raise _broken("several volumes")
    if count == _MAX16 or _MAX32 in {length, offset}:
        start = end - _LOCATOR.size - _END64.size
        stream.seek(max(start, 0))
        record = stream.read(_END64.size + _LOCATOR.size)
        if start >= 0 and record[:4] == b"PK\6\6" and record[_END64.size :] == _LOCATOR.pack(b"PK\6\7", 0, start, 1):
            end = start
            count, length, offset = _END64.unpack_from(record)[-3:]
    if offset + length != end:
        raise _broken("directory")
    return offset, length, count


def _wide(extra: bytes, values: list[int]) -> list[int]:
    """Sizes and offset that do not fit 32 bits, from the ZIP64 field (APPNOTE 4.5.3), in its order."""
    at = 0
    while len(extra) - at >= 4:
        tag, length = struct.unpack_from("<2H", extra, at)
        field = extra[at + 4 : at + 4 + length]
        if tag == 1:
            places = [place for place, value in enumerate(values) if value == _MAX32]
            if len(field) < 8 * len(places):
                break
            for number, place in enumerate(places):
                values[place] = int.from_bytes(field[8 * number : 8 * number + 8], "little")
            return values
        at += 4 + length
    raise _broken("directory")


def _entries(stream: BinaryIO, offset: int, length: int, count: int) -> Iterator[_Entry]:
    stream.seek(offset)
    read = 0
    for position in range(1, count + 1):
        head = stream.read(_CENTRAL.size)
        if len(head) != _CENTRAL.size or head[:4] != b"PK\1\2":
            raise _broken("directory", position)
        found = _CENTRAL.unpack(head)
        names = found[10], found[11], found[12]
        read += _CENTRAL.size + sum(names)
        rest = stream.read(sum(names))
        if len(rest) != sum(names) or read > length:
            raise _broken("directory", position)
        values = [found[9], found[8], found[16]]
        if _MAX32 in values:
            values = _wide(rest[names[0] : names[0] + names[1]], values)
        path = _path(rest[: names[0]], marked=bool(found[3] & _UTF8))
        yield _Entry(position, path, found[3], found[4], found[7], values[1], values[0], found[15] >> 16, values[2])
    if read != length:
        raise _broken("directory")


def _path(name: bytes, *, marked: bool) -> str:
    """The name in its encoding; empty where it has none that it claims (which no rule lets pass).

    Japanese Windows writes CP932 without saying so, and Macs UTF-8: the byte 0x5C is then half of a sign (表, ソ) or a
    backslash, and only the right encoding tells. UTF-8 is tried first: in it, 0x5C is never half of anything.
    """
    for encoding in ("utf-8",) if marked else ("utf-8", "cp932", "cp437"):
        try:
            return name.decode(encoding)
        except UnicodeDecodeError:
            continue
    return ""


def _unsafe_path(name: str, limits: ArchiveLimits) -> bool:
    parts = name.removesuffix("/").split("/")
    return (
        not name
        or len(name) > limits.name
        or len(parts) > limits.depth
        or any(part in {"", ".", ".."} for part in parts)
        or _DRIVE.match(name) is not None
        or any(sign in name for sign in "\\\0:")
        or not name.isprintable()
    )


def _danger(entry: _Entry, limits: ArchiveLimits) -> str:
    folder = entry.path.endswith("/")
    kind = stat.S_IFMT(entry.mode)
    if _unsafe_path(entry.path, limits):
        return "path"
    if kind and kind != (stat.S_IFDIR if folder else stat.S_IFREG):
        return "link"
    if entry.flags & _ENCRYPTED:
        return "encrypted"
    if entry.method not in {_STORED, _DEFLATED}:
        return "method"
    if _NESTED.fullmatch(os.path.splitext(entry.path)[1]):
        return "nested"
    if folder and entry.size:
        return "folder with content"
    swollen = entry.size > limits.ratio_from and entry.size > limits.ratio * entry.packed
    if swollen or entry.size > limits.one or entry.packed > entry.size + _SLACK:
        return "size"
    return ""


class Members:
    """The members of a zip that was found safe to read. ``stream`` must be seekable; it stays the caller's."""

    def __init__(self, stream: BinaryIO, limits: ArchiveLimits = DEFAULT_LIMITS) -> None:
        """Raises :class:`ArchiveBroken`, :class:`ArchiveUnsafe`, :class:`FileTooLarge`."""
        if not stream.seekable():
            raise Misuse(what="an archive in a stream that cannot seek")
        self._stream, self._limits = stream, limits
        size = stream.seek(0, os.SEEK_END)
        if size > limits.packed:
            raise FileTooLarge(limit=limits.packed)
        self._where = _directory(stream, size)
        if self._where[2] > limits.members:
            raise ArchiveUnsafe(what="members", member=limits.members + 1)
        # Arrays, not objects: an archive of a year has some hundred thousand members.
        self._offset, self._packed, self._size, self._crc = array("Q"), array("Q"), array("Q"), array("I")
        self._method = bytearray()
        self._load()
        self._apart()

    def _load(self) -> None:
        limits, total, packed = self._limits, 0, 0
        # Hashes of names (secret to this process) instead of names: a twin is found, and nothing is kept.
        seen: set[int] = set()
        for entry in _entries(self._stream, *self._where):
            danger = _danger(entry, limits)
            twin = hash(entry.path.removesuffix("/").casefold())
            if not danger and twin in seen:
                danger = "duplicate"
            seen.add(twin)
            total, packed = total + entry.size, packed + entry.packed
            if total > limits.unpacked or (total > limits.ratio_from and total > limits.ratio * packed):
                danger = danger or "size"
            if danger:
                raise ArchiveUnsafe(what=danger, member=entry.position)
            self._offset.append(entry.offset)
            self._packed.append(entry.packed)
            self._size.append(entry.size)
            self._crc.append(entry.crc)
            self._method.append(entry.method)

    def _apart(self) -> None:
        """Members that share bytes make a small file swell without any ratio of its own being striking."""
        order = sorted(range(len(self._offset)), key=self._offset.__getitem__)
        for one, other in pairwise(order):
            if self._offset[other] < self._offset[one] + _LOCAL.size + self._packed[one]:
                raise ArchiveUnsafe(what="overlap", member=other + 1)
        if order and self._offset[order[-1]] + _LOCAL.size + self._packed[order[-1]] > self._where[0]:
            raise _broken("directory", order[-1] + 1)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Position (from 1) and path of every file (not folders), in the directory's order, read anew from it."""
        return ((one.position, one.path) for one in _entries(self._stream, *self._where) if not one.path.endswith("/"))

    @property
    def unpacked_bytes(self) -> int:
        """Bytes of all members together, as the directory says (reading checks it)."""
        return sum(self._size)

    def read(self, position: int) -> bytes:
        """One member whole. Raises :class:`ArchiveBroken` where it is damaged, :class:`ArchiveUnsafe` for an inner zip."""
        number = position - 1
        self._stream.seek(self._offset[number])
        head = self._stream.read(_LOCAL.size)
        if len(head) != _LOCAL.size or head[:4] != b"PK\3\4":
            raise _broken("damaged", position)
        *_rest, name, extra = _LOCAL.unpack(head)
        self._stream.seek(name + extra, os.SEEK_CUR)
        data = self._stream.read(self._packed[number])
        if self._method[number] == _DEFLATED:
            data = _inflated(data, self._size[number], position)
        if len(data) != self._size[number] or zlib.crc32(data) != self._crc[number]:
            raise _broken("damaged", position)
        if data[:4] == b"PK\3\4":
            raise ArchiveUnsafe(what="nested", member=position)
        return data


def _inflated(data: bytes, size: int, position: int) -> bytes:
    unpacker = zlib.decompressobj(-15)
    try:
        # One byte more than stated is enough to see a lie.
        plain = unpacker.decompress(data, size + 1)
    except zlib.error:
        plain = None
    if plain is None or not (unpacker.eof or len(plain) > size):
        raise _broken("damaged", position)
    return plain
