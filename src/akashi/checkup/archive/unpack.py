"""An archive read in place: its names, index and summary at once, documents and claims one after the other.

Guarantees: nothing is written to disk; one document is in memory at a time; a damaged or unreadable document is a finding
and the others are still read. Refuses: what :class:`Members` refuses. Trusts: nobody; counts are compared in ``reception``.

    with open(name, "rb") as stream:
        for record in read_archive(stream, items):
            ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, TypeVar

from akashi.checkup.archive.claims import read_claim, read_guidance_claim
from akashi.checkup.archive.index import read_index, read_summary
from akashi.checkup.archive.members import DEFAULT_LIMITS, ArchiveLimits, Members
from akashi.checkup.archive.model import Claim, Contents, GuidanceClaim, Index, Summary
from akashi.checkup.archive.naming import CLAIMS, DATA, INDEX_NAME, SCHEMAS, SUMMARY_NAME
from akashi.checkup.cda.guidance_reading import read_hg08
from akashi.checkup.cda.reading import DocumentReader
from akashi.checkup.errors import ArchiveBroken, NamespaceUnknown
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import Finding, NeutralRecord
from akashi.errors import InputError

FindingSink = Callable[[Finding], None]
_T = TypeVar("_T")


class Reader:
    """Reads documents of either kind against one item table; it remembers what many documents repeat."""

    def __init__(self, items: ItemTable) -> None:
        self._items, self._checkups = items, DocumentReader(items)

    def read(self, name: str, data: bytes, row: int, finding_sink: FindingSink | None) -> NeutralRecord:
        """A guidance document where the name starts with ``g``, else a checkup."""
        if name.startswith("g"):
            return read_hg08(data, self._items, row=row, finding_sink=finding_sink)
        return self._checkups.read(data, row=row, finding_sink=finding_sink)


class Archive:
    """One opened archive. ``stream`` is seekable and stays open, and the caller's, as long as this is used."""

    def __init__(self, stream: BinaryIO, limits: ArchiveLimits = DEFAULT_LIMITS) -> None:
        """Raises :class:`ArchiveBroken`, :class:`ArchiveUnsafe`, :class:`FileTooLarge`; layout faults are for ``reception``."""
        self._members = Members(stream, limits)
        # Name -> position in the zip.
        self._places: dict[str, dict[str, int]] = {"": {}, DATA: {}, CLAIMS: {}, SCHEMAS: {}}
        self._others = 0
        tops: set[str] = set()
        for position, path in self._members:
            folder, name = self._split(path, tops)
            if folder in self._places and name and name not in self._places[folder]:
                self._places[folder][name] = position
            else:
                self._others += 1
        self.folders = tuple(sorted(tops))

    def _split(self, path: str, tops: set[str]) -> tuple[str, str]:
        """The place of a member (DATA …; empty for the top) and its name; a name of its own folder is left to the rest."""
        parts = path.split("/")
        inner = {DATA, CLAIMS, SCHEMAS}
        if len(parts) > 1 and parts[0] not in inner:
            tops.add(parts.pop(0))
        if parts[0] == SCHEMAS and len(parts) > 1:
            return SCHEMAS, "/".join(parts[1:])
        if len(parts) == 2 and parts[0] in inner:
            return parts[0], parts[1]
        return ("", parts[0]) if len(parts) == 1 else ("?", "")

    def names(self, place: str) -> tuple[str, ...]:
        """Names in DATA, CLAIMS, XSD or (empty) at the top, sorted: the order of serial numbers."""
        return tuple(sorted(self._places[place]))

    def others(self) -> int:
        """How many files lie where an archive has none."""
        top = sum(name not in {INDEX_NAME, SUMMARY_NAME} for name in self._places[""])
        return self._others + top

    def read(self, place: str, name: str) -> bytes:
        """One file whole. Raises :class:`ArchiveBroken` where it is damaged."""
        return self._members.read(self._places[place][name])

    def position(self, place: str, name: str) -> int:
        """Where the file stands in the zip, from 1."""
        return self._places[place][name]

    def has(self, place: str, name: str) -> bool:
        """Whether there is such a file."""
        return name in self._places[place]

    def index(self) -> Index:
        """The index. Raises :class:`InputError` where it is missing or unreadable."""
        if not self.has("", INDEX_NAME):
            raise ArchiveBroken(what="no index", member=0)
        return read_index(self.read("", INDEX_NAME))

    def summary(self) -> Summary | None:
        """The summary, or ``None`` where there is none. Raises :class:`InputError` where it is unreadable."""
        return read_summary(self.read("", SUMMARY_NAME)) if self.has("", SUMMARY_NAME) else None

    def document(
        self, name: str, reader: Reader, row: int = 1, finding_sink: FindingSink | None = None
    ) -> NeutralRecord:
        """One document of DATA. Raises :class:`InputError` where it is unreadable."""
        return reader.read(name, self.read(DATA, name), row, finding_sink)

    def claim(self, name: str) -> Claim | GuidanceClaim:
        """One claim of CLAIMS. Raises :class:`InputError` where it is unreadable."""
        data = self.read(CLAIMS, name)
        return read_guidance_claim(data) if name.startswith("p") else read_claim(data)

    def contents(self) -> Contents:
        """Names, index and summary (``None`` where missing or unreadable), and counts."""
        return Contents(
            folder=self.folders[0] if len(self.folders) == 1 else "",
            index=_or_none(self.index),
            summary=_or_none(self.summary),
            documents=self.names(DATA),
            claims=self.names(CLAIMS),
            schemas=len(self._places[SCHEMAS]),
            others=self.others(),
            unpacked_bytes=self._members.unpacked_bytes,
        )


def _or_none(read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except InputError:
        return None


def fault(error: InputError, place: str) -> str:
    """The finding's code for an unreadable file of ``place``."""
    if isinstance(error, ArchiveBroken):
        return "archive.damaged"
    if isinstance(error, NamespaceUnknown):
        return "archive.namespace"
    return {DATA: "archive.document", CLAIMS: "archive.claim"}[place]


def inspect_archive(stream: BinaryIO, limits: ArchiveLimits = DEFAULT_LIMITS) -> Contents:
    """What an archive holds, without reading any document."""
    return Archive(stream, limits).contents()


def read_archive(
    stream: BinaryIO,
    items: ItemTable,
    *,
    limits: ArchiveLimits = DEFAULT_LIMITS,
    finding_sink: FindingSink | None = None,
) -> Iterator[NeutralRecord]:
    """Every readable document, in the order of names; ``row`` counts documents. A faulty one is a finding at its row."""
    archive = Archive(stream, limits)
    say = finding_sink or (lambda _finding: None)
    reader = Reader(items)
    for row, name in enumerate(archive.names(DATA), 1):
        try:
            record = archive.document(name, reader, row, finding_sink)
        except InputError as error:
            say(Finding(fault(error, DATA), row, 0, 0))
            continue
        yield record
