"""Looking at a file before converting it.

Guarantees: reads the head and a bounded sample of rows, keeps three of them, and says what a conversion would meet: encoding,
delimiter, headings, the map that knows the layout, coverage. Refuses: showing cells; only headings are kept, and they are
hidden from ``repr``; a first row that looks like a person's (:class:`HeadingMissing`, as for drafting).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import BinaryIO

from akashi.checkup.errors import EmptyFile, HeadingMissing, NoRows
from akashi.checkup.formats.maps import LayoutMap
from akashi.checkup.model import Inspection
from akashi.checkup.rules import heading_rows
from akashi.checkup.tabular.layout import Columns, coverage, layout_hash, matching
from akashi.checkup.tabular.reading import DEFAULT_LIMIT, open_source

SAMPLE_ROWS = 1000
_HEAD = 3


def _no_word(_cell: str) -> bool:
    return False


def inspect(
    stream: BinaryIO,
    *,
    maps: Sequence[LayoutMap],
    limit_bytes: int = DEFAULT_LIMIT,
    sample: int = SAMPLE_ROWS,
    is_heading: Callable[[str], bool] = _no_word,
) -> Inspection:
    """What ``stream`` looks like. Dates of maps are not judged here (``recognise`` does, for a given day).

    ``is_heading`` (``WordList.is_heading``) tells a second row of headings from a person's; without it only a map does.
    Raises the reading errors, :class:`EmptyFile`, :class:`NoRows` and :class:`HeadingMissing`; an unknown layout is no error.
    """
    source = open_source(stream, limit_bytes)
    reading = (row for _line, row in source.rows())
    rows = list(islice(reading, _HEAD))
    if not rows:
        raise EmptyFile
    known = matching(rows[:2], source.delimiter, maps)
    newest = max(known, key=lambda candidate: (candidate.valid_from, candidate.map_id), default=None)
    count = newest.header_rows if newest is not None else heading_rows(rows, is_heading)
    if not count:
        raise HeadingMissing
    if len(rows) <= count:
        raise NoRows
    # The others are counted, not kept: a thousand rows may be a gigabyte.
    total = len(rows) + sum(1 for _row in islice(reading, sample))
    columns = Columns(rows[:count])
    seen = total - count
    return Inspection(
        encoding=source.encoding,
        delimiter=source.delimiter,
        header_rows=count,
        layout_hash=layout_hash(rows[:count], source.delimiter),
        columns=columns.labels,
        duplicates=columns.duplicates(),
        map_id=newest.map_id if newest else None,
        sampled_rows=min(seen, sample),
        complete=seen <= sample and total < sample + _HEAD,
        coverage=coverage(columns, newest) if newest else None,
    )
