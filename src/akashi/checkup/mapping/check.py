"""A dry run of a map on a file: what it uses, fills, leaves and does not understand. Nothing is written.

Guarantees: findings are counted over the whole file, fillings over the first rows; words are counted or masked, never shown.
Refuses: a stream that cannot be read twice.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import BinaryIO

from akashi.checkup.cells.fold import key
from akashi.checkup.formats.definitions import FormatDefinition
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.formats.maps import LayoutMap, Locator, MapRule
from akashi.checkup.mapping.model import ItemFilling, LayoutChange, MapCheck
from akashi.checkup.mapping.shapes import ColumnTally
from akashi.checkup.model import ConversionReport
from akashi.checkup.tabular.convert import convert
from akashi.checkup.tabular.layout import Columns
from akashi.checkup.tabular.reading import DEFAULT_LIMIT, open_source
from akashi.checkup.tabular.terms import NO_WORDS
from akashi.checkup.thesaurus.vocabulary import Vocabulary
from akashi.errors import Misuse

ROWS = 2000
_EXAMPLES = 500
_WORDS = frozenset({"cell.term", "cell.judgement", "cell.qualitative"})


class _Nowhere(io.RawIOBase):
    """Takes bytes and forgets them."""

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        return len(data) if isinstance(data, bytes | bytearray | memoryview) else 0


@dataclass
class _Fill:
    """Counts one rule's cells."""

    rule: MapRule
    columns: tuple[int, ...]
    decider: int | None
    filled: int = 0
    tally: ColumnTally = field(default_factory=ColumnTally)

    def take(self, rows: Sequence[Sequence[str]]) -> None:
        """Count the rows in which any of the rule's cells says something under its condition."""
        said: list[str] = []
        for row in rows:
            if self.rule.when is not None and (
                self.decider is None or key(row[self.decider]) not in self.rule.when.words
            ):
                continue
            cells = [row[index] for index in self.columns if row[index] and not row[index].isspace()]
            said += cells
            self.filled += bool(cells)
        self.tally.add(said)


def _names(columns: Columns, places: Sequence[Locator]) -> dict[int, str]:
    found = {}
    for place in places:
        index = columns.find_optional(place)
        if index is not None:
            found[index] = columns.labels[index]
    return found


def _fills(columns: Columns, layout_map: LayoutMap) -> list[_Fill]:
    fills = []
    for rule in layout_map.rules:
        indexes = tuple(index for place in rule.at if (index := columns.find_optional(place)) is not None)
        decider = columns.find_optional(rule.when.at) if rule.when else None
        fills.append(_Fill(rule, indexes, decider))
    return fills


def _unmatched(report: ConversionReport, columns: Columns, layout_map: LayoutMap) -> dict[str, int]:
    """Distinct words that no table knew, per table (or kind where the rule has none); texts no thesaurus knew, per modality."""
    homes: dict[int, str] = {}
    for rule in layout_map.rules:
        for place in rule.at:
            index = columns.find_optional(place)
            if index is not None:
                homes.setdefault(index + 1, rule.table or rule.kind)
    words: dict[str, set[str]] = {}
    for finding in report.findings:
        if finding.code in _WORDS and finding.column in homes:
            words.setdefault(homes[finding.column], set()).add(key(finding.original))
    counts = {name: len(found) for name, found in words.items()} | {
        name: len(texts) for name, texts in report.unmatched.items()
    }
    return dict(sorted(counts.items()))


def _layout(columns: Columns, layout_map: LayoutMap, named: set[int], *, known: bool) -> LayoutChange:
    places = [
        *(place for rule in layout_map.rules for place in rule.at),
        *layout_map.ignored,
        *layout_map.spare,
        *layout_map.watched,
    ]
    vanished = tuple(dict.fromkeys(place.label for place in places if columns.find_optional(place) is None))
    unmapped = () if known else tuple(label for index, label in enumerate(columns.labels) if index not in named)
    return LayoutChange(known, vanished, unmapped)


@dataclass(frozen=True)
class _Sample:
    """The first rows of a file, counted by rule and by column."""

    columns: Columns
    fills: Sequence[_Fill]
    tallies: Sequence[ColumnTally]

    def filling(self, on: date) -> tuple[ItemFilling, ...]:
        """Per rule, with masked examples."""
        known: dict[str, tuple[str, ...]] = {}
        found = []
        for fill in self.fills:
            rule, tally = fill.rule, fill.tally
            examples = tally.shape(on, known).examples
            found.append(ItemFilling(rule.target, rule.role, rule.occurrence, fill.filled, len(tally.words), examples))
        return tuple(found)

    def blank_rates(self) -> dict[str, float]:
        """Per column; the number in front tells equal headings apart."""
        pairs = enumerate(zip(self.columns.labels, self.tallies, strict=True), 1)
        return {f"{number}:{label}": 1 - one.filled / one.rows if one.rows else 1.0 for number, (label, one) in pairs}


def _sample(stream: BinaryIO, layout_map: LayoutMap, limit_bytes: int, rows: int) -> _Sample:
    reading = (row for _line, row in open_source(stream, limit_bytes).rows())
    columns = Columns(list(islice(reading, layout_map.header_rows)))
    sample = _Sample(columns, _fills(columns, layout_map), [ColumnTally() for _ in range(columns.size)])
    seen = [row for row in islice(reading, rows) if len(row) >= columns.size]
    for tally, cells in zip(sample.tallies, zip(*(row[: columns.size] for row in seen), strict=True), strict=False):
        tally.add(cells)
    for fill in sample.fills:
        fill.take(seen)
    return sample


def check_map(
    stream: BinaryIO,
    layout_map: LayoutMap,
    items: ItemTable,
    definition: FormatDefinition,
    *,
    on: date,
    limit_bytes: int = DEFAULT_LIMIT,
    rows: int = ROWS,
    vocabulary: Vocabulary = NO_WORDS,
) -> MapCheck:
    """Run ``layout_map`` on ``stream`` (which is read twice) and say what would happen.

    Raises what a conversion raises, and :class:`Misuse` for a stream that cannot be rewound.
    """
    if not stream.seekable():
        raise Misuse(what="a stream that can be read twice")
    start = stream.tell()
    nowhere = io.BufferedWriter(_Nowhere())
    report = convert(
        stream,
        layout_map,
        definition,
        nowhere,
        on=on,
        items=items,
        limit_bytes=limit_bytes,
        examples=_EXAMPLES,
        vocabulary=vocabulary,
    )
    stream.seek(start)
    sample = _sample(stream, layout_map, limit_bytes, rows)
    columns = sample.columns
    places = [place for rule in layout_map.rules for place in (*rule.at, *((rule.when.at,) if rule.when else ()))]
    homes: list[dict[int, str]] = []
    # A column belongs to the first of these that names it, as in ``layout.coverage``.
    for group in (places, layout_map.ignored, layout_map.spare, layout_map.watched):
        taken = {index for home in homes for index in home}
        homes.append({index: label for index, label in _names(columns, group).items() if index not in taken})
    named = {index for home in homes for index in home}
    used, ignored, spare, watched = (tuple(home.values()) for home in homes)
    return MapCheck(
        map_id=layout_map.map_id,
        rows=report.rows_in,
        coverage=report.coverage,
        used=used,
        ignored=ignored,
        spare=spare,
        watched=watched,
        undecided=tuple(label for index, label in enumerate(columns.labels) if index not in named),
        filling=sample.filling(on),
        blank_rates=sample.blank_rates(),
        unmatched=_unmatched(report, columns, layout_map),
        counts=report.counts(),
        layout=_layout(columns, layout_map, named, known=report.layout_hash == layout_map.layout_hash),
    )
