"""Which files a batch is made of: files, folders and zips, each file with a name and an output folder of its own.

Guarantees: the same inputs in the same order give the same names and folders, and no two share one; a zip that is a 特定健診 archive is
one input, any other zip gives one per member; nothing is written, and nothing is unpacked to disk. Refuses: links, devices, hidden files
(listed as left out), and more than :data:`MOST_FILES`. What cannot be opened is an input that fails in its turn. Trusts nobody.

>>> folder_of("2026年度/結果 一覧.csv")
'結果_一覧-cffa01cbb119'
"""

from __future__ import annotations

import io
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

from akashi.checkup.archive.members import ArchiveLimits, Members
from akashi.checkup.archive.naming import DATA, INDEX_NAME
from akashi.checkup.errors import FormatUnknown
from akashi.errors import AkashiError, InputError

MOST_FILES = 10_000
MOST_FOLDERS_DEEP = 16
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_OFFICE = "[Content_Types].xml"
_STEM = 40
_READ = 1 << 18


class InputsTooMany(InputError):
    """More files than one batch takes; nothing was converted."""

    code = "app.batch_inputs"
    ja, en = "ファイルが多すぎます（一度に {limit} 件まで）。", "Too many files (at most {limit} at once)."
    hint_ja, hint_en = "フォルダーを分けて実行してください。", "Split the folder and run again."


class InputUnreadable(InputError):
    """A file or folder that is not there, cannot be read, or has changed its kind; the batch goes on without it."""

    code = "app.batch_unreadable"
    ja, en = "読めません。", "It cannot be read."
    hint_ja, hint_en = "名前と読み取りの権限を確かめてください。", "Check its name and your permission to read it."


class Fault(NamedTuple):
    """An error as a value that another process can be told."""

    kind: type[AkashiError]
    params: Mapping[str, str | int]

    @classmethod
    def of(cls, error: AkashiError) -> Fault:
        """The value of ``error``."""
        return cls(type(error), error.params)

    def error(self) -> AkashiError:
        """The error again."""
        return self.kind(**self.params)


@dataclass(frozen=True, slots=True)
class Found:
    """One input. ``member`` is its position in the zip ``path`` (0: the file itself); ``fault`` is why it cannot even be opened."""

    name: str
    folder: str
    path: Path
    member: int = 0
    size: int = 0
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that is no input, and why: ``link``, ``hidden``, ``special``, ``deep``, ``twice`` or ``output``."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that was found, in the order in which it is converted."""

    found: tuple[Found, ...]
    left_out: tuple[LeftOut, ...]


def shown(name: str) -> str:
    r"""A name fit for a terminal and a table: what cannot be printed, or steers, becomes a mark.

    >>> shown("結果\x1b[2J.csv")
    '結果\ufffd[2J.csv'
    """
    return "".join(sign if sign.isprintable() or sign == "\u3000" else "\ufffd" for sign in name)


def folder_of(name: str) -> str:
    """The output folder of an input: what its name shows, made harmless, and a digest of the whole name."""
    last = unicodedata.normalize("NFC", name.rsplit("/", 1)[-1])
    stem = re.sub(r"[^\w-]+", "_", os.path.splitext(last)[0])[:_STEM].strip("_")
    return f"{stem or 'file'}-{sha256(name.encode()).hexdigest()[:12]}"


def limits_of(limit: int) -> ArchiveLimits:
    """What a zip of results may hold; ``limit`` is that of one file."""
    return ArchiveLimits(members=MOST_FILES, one=limit)


@dataclass
class _Search:
    """Collects inputs; ``out``, where there is one, is never looked into."""

    out: Path | None
    limit: int
    found: list[Found] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    seen: set[Path] = field(default_factory=set)

    def add(self, name: str, path: Path, member: int = 0, size: int = 0, error: AkashiError | None = None) -> None:
        if len(self.found) >= MOST_FILES:
            raise InputsTooMany(limit=MOST_FILES)
        name, number = shown(name), 1
        only = name
        while only in self.names:  # two arguments may hold files of one name
            number += 1
            only = f"{name} ({number})"
        self.names.add(only)
        fault = None if error is None else Fault.of(error)
        self.found.append(Found(only, folder_of(only), path, member, size, fault))

    def leave(self, name: str, reason: str) -> None:
        if len(self.left_out) < MOST_FILES:
            self.left_out.append(LeftOut(shown(name), reason))

    def take(self, name: str, path: Path, depth: int = 0) -> None:
        """A file, or everything in a folder."""
        try:
            mode = path.lstat()
            whole = path.resolve()
        except (OSError, ValueError, RuntimeError):
            self.add(name, path, error=InputUnreadable())
            return
        if self.out is not None and (whole == self.out or self.out in whole.parents):
            self.leave(name, "output")
        elif stat.S_ISLNK(mode.st_mode):
            self.leave(name, "link")
        elif whole in self.seen:
            self.leave(name, "twice")
        elif stat.S_ISDIR(mode.st_mode):
            self.seen.add(whole)
            self._folder(name, path, depth)
        elif stat.S_ISREG(mode.st_mode):
            self.seen.add(whole)
            self._file(name, path, mode.st_size)
        else:
            self.leave(name, "special")

    def _folder(self, name: str, path: Path, depth: int) -> None:
        if depth >= MOST_FOLDERS_DEEP:
            self.leave(name, "deep")
            return
        try:
            inside = sorted(entry.name for entry in os.scandir(path))
        except OSError:
            self.add(name, path, error=InputUnreadable())
            return
        for one in inside:
            if one.startswith("."):
                self.leave(f"{name}/{one}", "hidden")
            else:
                self.take(f"{name}/{one}", path / one, depth + 1)

    def _file(self, name: str, path: Path, size: int) -> None:
        try:
            with _opened(path) as stream:
                if stream.read(4) in _ZIP_STARTS:
                    self._zip(name, path, stream, size)
                else:
                    self.add(name, path, size=size)
        except InputUnreadable as error:
            self.add(name, path, error=error)

    def _zip(self, name: str, path: Path, stream: BinaryIO, size: int) -> None:
        try:
            members = list(Members(stream, limits_of(self.limit)))
        except AkashiError as error:
            self.add(name, path, size=size, error=error)
            return
        if _OFFICE in {member for _position, member in members}:
            self.add(name, path, size=size, error=FormatUnknown())  # a workbook or a letter, which is a zip too
        elif not members or any(_of_archive(member) for _position, member in members):
            self.add(name, path, size=size)
        else:
            for position, member in members:
                shown = f"{name}/{_readable(member)}"
                if any(part.startswith((".", "__MACOSX")) for part in member.split("/")):
                    self.leave(shown, "hidden")
                else:
                    self.add(shown, path, position)


def _of_archive(member: str) -> bool:
    parts = member.split("/")
    return parts[-1] == INDEX_NAME or (len(parts) > 1 and parts[-2] == DATA and parts[-1].endswith(".xml"))


def _readable(member: str) -> str:
    """Zips made on Japanese Windows say names in CP932 without saying so; they were read as if in CP437."""
    try:
        return member if member.isascii() else member.encode("cp437").decode("cp932")
    except UnicodeError:
        return member


def find_inputs(paths: Sequence[Path], out: Path | None, limit: int) -> Inputs:
    """Everything to convert, or (without ``out``) to look at; folders are searched by name. Raises :class:`InputsTooMany`."""
    search = _Search(None if out is None else out.resolve(), limit)
    for path in paths:
        search.take(path.name or path.resolve().name or "folder", path)
    return Inputs(tuple(search.found), tuple(search.left_out))


class _Watched(io.FileIO):
    """A regular file, not reached through a link, that tells how far it was read."""

    def __init__(self, path: Path, show: Callable[[int, int], None]) -> None:
        super().__init__(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK))
        about = os.fstat(self.fileno())
        if not stat.S_ISREG(about.st_mode):
            self.close()
            raise InputUnreadable
        self._show, self._total = show, about.st_size

    def readinto(self, buffer: bytearray | memoryview) -> int | None:  # type: ignore[override]  # the stub wants a private type
        """Read, and show how far."""
        count = super().readinto(buffer)
        self._show(min(self.tell(), self._total), self._total)
        return count


def _nothing(_done: int, _total: int) -> None:
    pass


@contextmanager
def _opened(path: Path, show: Callable[[int, int], None] = _nothing) -> Iterator[BinaryIO]:
    try:
        stream = io.BufferedReader(_Watched(path, show), _READ)
    except (OSError, ValueError) as error:
        raise InputUnreadable from error
    with stream:
        yield stream


class Zips:
    """Reads members, and keeps the last zip open: the directory of one with thousands of members is read once, not for each."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: tuple[tuple[Path, int, int, int], Members, ExitStack] | None = None

    def read(self, path: Path, member: int) -> bytes:
        """One member whole. Raises :class:`InputUnreadable` and what ``Members`` raises."""
        try:
            about = path.lstat()
        except OSError as error:
            raise InputUnreadable from error
        key = (path, about.st_ino, about.st_size, about.st_mtime_ns)
        if self._held is None or self._held[0] != key:
            self.close()
            with ExitStack() as stack:
                members = Members(stack.enter_context(_opened(path)), limits_of(self._limit))
                self._held = key, members, stack.pop_all()
        return self._held[1].read(member)

    def close(self) -> None:
        """Let go of the zip."""
        if self._held is not None:
            self._held[2].close()
            self._held = None


@contextmanager
def opened_input(found: Found, zips: Zips, show: Callable[[int, int], None] = _nothing) -> Iterator[BinaryIO]:
    """The input as a stream that can seek. Raises its ``fault``, :class:`InputUnreadable`, and what a zip's member may raise."""
    if found.fault is not None:
        raise found.fault.error()
    if not found.member:
        with _opened(found.path, show) as stream:
            yield stream
        return
    with io.BytesIO(zips.read(found.path, found.member)) as held:
        yield held
