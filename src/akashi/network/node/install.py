"""Which ``cometbft`` is here, and whether it is the pinned one.

Guarantees: the version and the module's checksum are read out of the program's own build record (Go writes one into every program:
``debug/buildinfo``) without running it; :func:`pinned` gives back only a program that says that it was built from the pinned module.
Refuses: other versions, and a build from a checkout (it has no checksum). Trusts: whoever can replace the program can make it say
anything; the build itself checked the module against Go's checksum database (tools/cometbft.sh).
"""

from __future__ import annotations

import mmap
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from akashi.network.node.errors import NotInstalled, WrongProgram

MODULE = "github.com/cometbft/cometbft"
VERSION = "v0.38.25"
CHECKSUM = "h1:jtGSyssudmkjED2fk9wFGfd/fNyPKvLIinW62ELxZH4="
"""Of the module's sources, as Go's checksum database has it (``go mod download -json``)."""

ROOT = Path(__file__).resolve().parents[4]
# trusted: whoever can write to these folders decides what runs as the node.
PLACES = (ROOT / ".tools", Path("/usr/local/bin"), Path("/usr/bin"))

_MAGIC = b"\xff Go buildinf:"
_LONGEST_RECORD = 1 << 20
_LINE = re.compile(r"^(?:mod|=>)\t(\S+)\t(\S+)\t(\S*)$", re.MULTILINE)


@dataclass(frozen=True)
class Installed:
    """A program: where it is, its module's version and checksum (``""``: unknown), and the Go version that built it."""

    path: Path
    version: str
    checksum: str
    go: str

    @property
    def is_pinned(self) -> bool:
        """Whether it says that it was built from the pinned module."""
        return (self.version, self.checksum) == (VERSION, CHECKSUM)


def installed(places: Sequence[Path] = PLACES) -> Installed | None:
    """The first ``cometbft`` in ``places``, whichever it is; ``None`` where there is none."""
    path = shutil.which("cometbft", path=":".join(str(place) for place in places))
    return read(Path(path)) if path else None


def pinned(places: Sequence[Path] = PLACES) -> Installed:
    """The pinned program. Raises :class:`NotInstalled` or :class:`WrongProgram`."""
    found = installed(places)
    if found is None:
        raise NotInstalled(version=VERSION)
    if not found.is_pinned:
        raise WrongProgram(found=found.version or "?", version=VERSION)
    return found


def read(path: Path) -> Installed:
    """What the program at ``path`` says of itself; empty strings for what it does not say."""
    go, record = _build_record(path)
    for module, version, checksum in _LINE.findall(record):
        if module == MODULE:
            return Installed(path, version, checksum, go)
    return Installed(path, "", "", go)


def _build_record(path: Path) -> tuple[str, str]:
    """Go's version and the module record of a Go program (Go source, ``debug/buildinfo``: the form with inline strings)."""
    if not path.stat().st_size:
        return "", ""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for start in _headers(data):
            go, position = _string(data, start + 32)
            record, _ = _string(data, position)
            # The record stands between two marks of 16 bytes that keep it findable in memory.
            return go.decode("utf-8", "replace"), record[16:-16].decode("utf-8", "replace")
    return "", ""


def _headers(data: mmap.mmap) -> Iterator[int]:
    """Where build records begin: 16-byte aligned, with the flag of inline strings."""
    start = data.find(_MAGIC)
    while start != -1:
        if start % 16 == 0 and start + 34 < len(data) and data[start + 15] & 2:
            yield start
        start = data.find(_MAGIC, start + 1)


def _string(data: mmap.mmap, start: int) -> tuple[bytes, int]:
    """A string behind its varint length, and where it ends; empty where the length is absurd."""
    size = shift = 0
    while shift <= 21 and start < len(data):
        byte = data[start]
        start += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (data[start : start + size], start + size) if size <= _LONGEST_RECORD else (b"", start)
    return b"", start
