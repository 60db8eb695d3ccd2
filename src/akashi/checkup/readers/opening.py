"""Any file of results: its format is recognised by its content and its records are read.

Guarantees: one way in for every format; what the format's own reader refuses is refused here. Refuses: a file of no
known format (:class:`FormatUnknown`), and a table that no map knows (:class:`LayoutUnknown`). Trusts: the maps and the
definition handed in.

    name, records = read_any(stream, items=items, definition=definition, maps=maps, on=clock.today())
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import BinaryIO, NamedTuple

from akashi.checkup.archive.unpack import read_archive
from akashi.checkup.cda.guidance_reading import read_hg08
from akashi.checkup.cda.reading import read_hc08
from akashi.checkup.errors import EmptyFile, FileTooLarge, FormatUnknown
from akashi.checkup.fhir.reader import read_bundle
from akashi.checkup.formats.definitions import FormatDefinition
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.formats.maps import LayoutMap
from akashi.checkup.model import Finding, NeutralRecord
from akashi.checkup.readers.bundles import read_bundles
from akashi.checkup.readers.detection import FormatName, detect, is_zip
from akashi.checkup.readers.fkac import read_fkac522
from akashi.checkup.readers.jma import read_jma
from akashi.checkup.readers.lines import Peeked
from akashi.checkup.readers.standard_csv import read_standard
from akashi.checkup.tabular.convert import read_records
from akashi.checkup.tabular.layout import recognise
from akashi.checkup.tabular.reading import DEFAULT_LIMIT, open_source
from akashi.checkup.tabular.terms import NO_WORDS
from akashi.checkup.thesaurus.vocabulary import Vocabulary

# One document is read whole: more than any real one, little enough to hold.
DOCUMENT_LIMIT = 16 * 1024 * 1024


class Known(NamedTuple):
    """What reading needs beside the file."""

    items: ItemTable
    definition: FormatDefinition
    maps: Sequence[LayoutMap]
    on: date
    sink: Callable[[Finding], None] | None
    limit: int
    vocabulary: Vocabulary = NO_WORDS


Open = Callable[[BinaryIO, bytes, Known], Iterator[NeutralRecord]]


def _whole(stream: BinaryIO, limit: int) -> bytes:
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise FileTooLarge(limit=limit)
    return data


def _hc08(stream: BinaryIO, _head: bytes, known: Known) -> Iterator[NeutralRecord]:
    yield read_hc08(_whole(stream, min(known.limit, DOCUMENT_LIMIT)), known.items, finding_sink=known.sink)


def _hg08(stream: BinaryIO, _head: bytes, known: Known) -> Iterator[NeutralRecord]:
    yield read_hg08(_whole(stream, min(known.limit, DOCUMENT_LIMIT)), known.items, finding_sink=known.sink)


def _bundle(stream: BinaryIO, head: bytes, known: Known) -> Iterator[NeutralRecord]:
    if is_zip(head):
        yield from read_bundles(_from_its_end(stream, known), known.items, finding_sink=known.sink)
    else:
        yield read_bundle(_whole(stream, min(known.limit, DOCUMENT_LIMIT)), known.items, finding_sink=known.sink)


def _from_its_end(stream: BinaryIO, known: Known) -> BinaryIO:
    """A zip is read from its end: a stream that cannot go back is held in memory, within the limit."""
    return stream if stream.seekable() else io.BytesIO(_whole(stream, known.limit))


def _archive(stream: BinaryIO, _head: bytes, known: Known) -> Iterator[NeutralRecord]:
    return read_archive(_from_its_end(stream, known), known.items, finding_sink=known.sink)


def _layout(stream: BinaryIO, head: bytes, known: Known) -> Iterator[NeutralRecord]:
    source = open_source(io.BytesIO(head))
    heads = [row for _line, row in islice(source.rows(), 2)]
    chosen = recognise(heads, source.delimiter, known.maps, known.on)
    return read_records(
        stream,
        chosen,
        on=known.on,
        items=known.items,
        finding_sink=known.sink,
        limit_bytes=known.limit,
        vocabulary=known.vocabulary,
    )


def _standard(stream: BinaryIO, _head: bytes, known: Known) -> Iterator[NeutralRecord]:
    return read_standard(
        stream, known.definition, known.items, on=known.on, finding_sink=known.sink, limit_bytes=known.limit
    )


def _jma(stream: BinaryIO, _head: bytes, known: Known) -> Iterator[NeutralRecord]:
    return read_jma(stream, known.items, on=known.on, finding_sink=known.sink, limit_bytes=known.limit)


def _fkac(stream: BinaryIO, _head: bytes, known: Known) -> Iterator[NeutralRecord]:
    return read_fkac522(stream, known.items, on=known.on, finding_sink=known.sink, limit_bytes=known.limit)


_OPENERS: dict[FormatName, Open] = {
    FormatName.LAYOUT: _layout,
    FormatName.JMA: _jma,
    FormatName.FKAC522: _fkac,
    FormatName.HC08: _hc08,
    FormatName.HG08: _hg08,
    FormatName.ARCHIVE: _archive,
    FormatName.ECHECKUP: _bundle,
    FormatName.STANDARD_CSV: _standard,
}


def read_any(
    stream: BinaryIO,
    *,
    items: ItemTable,
    definition: FormatDefinition,
    maps: Sequence[LayoutMap],
    on: date,
    finding_sink: Callable[[Finding], None] | None = None,
    limit_bytes: int = DEFAULT_LIMIT,
    vocabulary: Vocabulary = NO_WORDS,
) -> tuple[FormatName, Iterator[NeutralRecord]]:
    """(the format, its records one at a time). Raises :class:`EmptyFile`, :class:`FormatUnknown`, and what the reader does.

    ``stream`` stays open and must stay so until the records are read.
    """
    start = stream.tell() if stream.seekable() else 0
    peeked = Peeked(stream)
    if not peeked.head.strip():
        raise EmptyFile
    name = detect(peeked.head, definitions=[definition])
    if name is FormatName.UNKNOWN:
        raise FormatUnknown
    known = Known(items, definition, maps, on, finding_sink, limit_bytes, vocabulary)
    if stream.seekable():
        stream.seek(start)
        return name, _OPENERS[name](stream, peeked.head, known)
    return name, _OPENERS[name](peeked.again(), peeked.head, known)
