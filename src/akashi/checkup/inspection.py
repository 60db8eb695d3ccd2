"""Looking at a file before converting it.

Guarantees: reads the head and a bounded sample of rows, and says what a conversion would meet: encoding,
delimiter, headings, the map that knows the layout, coverage. Refuses: showing cells; only headings are kept, and
they are hidden from ``repr`` because a file without headings shows a person's data there.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import BinaryIO

from akashi.checkup.errors import EmptyFile, NoRows
from akashi.checkup.formats.maps import LayoutMap
from akashi.checkup.layout import Columns, coverage, layout_hash, matching
from akashi.checkup.model import Inspection
from akashi.checkup.reading import DEFAULT_LIMIT, open_source
from akashi.checkup.rules import looks_like_heading

SAMPLE_ROWS = 1000


def inspect(
    stream: BinaryIO, *, maps: Sequence[LayoutMap], limit_bytes: int = DEFAULT_LIMIT, sample: int = SAMPLE_ROWS
) -> Inspection:
    """What ``stream`` looks like. Dates of maps are not judged here (``recognise`` does, for a given day).

    Raises the reading errors, :class:`EmptyFile` and :class:`NoRows`; an unknown layout is no error here.
    """
    source = open_source(stream, limit_bytes)
    rows = [row for _line, row in islice(source.rows(), sample + 3)]
    if not rows:
        raise EmptyFile
    known = matching(rows[:2], source.delimiter, maps)
    newest = max(known, key=lambda candidate: (candidate.valid_from, candidate.map_id), default=None)
    if newest is not None:
        count = newest.header_rows
    else:
        count = 2 if len(rows) > 1 and looks_like_heading(rows[1]) and len(rows[1]) == len(rows[0]) else 1
    if len(rows) <= count:
        raise NoRows
    columns = Columns(rows[:count])
    seen = len(rows) - count
    return Inspection(
        encoding=source.encoding,
        delimiter=source.delimiter,
        header_rows=count,
        layout_hash=layout_hash(rows[:count], source.delimiter),
        columns=columns.labels,
        duplicates=columns.duplicates(),
        map_id=newest.map_id if newest else None,
        sampled_rows=min(seen, sample),
        complete=seen <= sample and len(rows) < sample + 3,
        coverage=coverage(columns, newest) if newest else None,
    )
