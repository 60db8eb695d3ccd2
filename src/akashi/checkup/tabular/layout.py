"""Recognising a layout and finding its columns.

Guarantees: the layout hash covers every heading in order and the delimiter, so the same export is recognised
again whatever its width forms and spaces; a locator names exactly one column or fails. Refuses: guessing which of
several equal headings was meant.

The hash is SHA-256 over the text ``akashi/layout/1``, the delimiter, the number of heading rows and each
normalised heading with its length (so that no two different layouts share one text).

>>> layout_hash([["身長", "体重"]], ",") == layout_hash([[" 身長", "体重 "]], ",")
True
>>> layout_hash([["身長", "体重"]], ",") == layout_hash([["身長体", "重"]], ",")
False
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import date

from akashi.checkup.cells.fold import fold
from akashi.checkup.errors import AmbiguousHeader, LayoutUnknown, MapNotValid, MissingColumn
from akashi.checkup.formats.maps import LayoutMap, Locator
from akashi.checkup.model import Coverage

Headers = Sequence[Sequence[str]]


def layout_hash(headers: Headers, delimiter: str) -> str:
    """``sha256:`` and 64 hex digits for these heading rows."""
    digest = hashlib.sha256(f"akashi/layout/1\n{delimiter}\n{len(headers)}\n".encode())
    for row in headers:
        digest.update(f"{len(row)}\n".encode())
        for cell in row:
            name = fold(cell)
            digest.update(f"{len(name)}:{name}".encode())
    return f"sha256:{digest.hexdigest()}"


class Columns:
    """The headings of one file, ready to be asked for places. Column numbers count from 1."""

    def __init__(self, headers: Headers) -> None:
        self.size = max(len(row) for row in headers)
        rows = [list(row) + [""] * (self.size - len(row)) for row in headers]
        self.lower = [fold(cell) for cell in rows[-1]]
        self.upper = _carried(rows[0]) if len(rows) > 1 else [""] * self.size
        above = ["" if len(rows) == 1 else cell.strip() for cell in (_spread(rows[0]) if len(rows) > 1 else rows[0])]
        # Maps may name thousands of places: each is looked up, not searched for.
        self._by_name: dict[str, list[int]] = {}
        for index, name in enumerate(self.lower):
            self._by_name.setdefault(name, []).append(index)
        self.labels = tuple(f"{top}/{low.strip()}".strip("/") for top, low in zip(above, rows[-1], strict=True))

    def duplicates(self) -> int:
        """How many columns share their heading (with its upper heading) with an earlier one."""
        return sum(count - 1 for count in Counter(zip(self.upper, self.lower, strict=True)).values() if count > 1)

    def find(self, locator: Locator) -> int:
        """Index from 0. Raises :class:`MissingColumn` or :class:`AmbiguousHeader`, quoting the map only."""
        if locator.column is not None:
            if locator.column > self.size:
                raise MissingColumn(header=locator.label)
            return locator.column - 1
        name, context = fold(locator.header), fold(locator.context)
        hits = self._by_name.get(name, [])
        if context:
            hits = [index for index in hits if self.upper[index] == context]
        if not hits or (locator.occurrence or 1) > len(hits):
            raise MissingColumn(header=locator.label)
        if locator.occurrence is None and len(hits) > 1:
            raise AmbiguousHeader(header=locator.label, count=len(hits))
        return hits[(locator.occurrence or 1) - 1]

    def find_optional(self, locator: Locator) -> int | None:
        """Like :meth:`find`, but ``None`` where the column is not there."""
        try:
            return self.find(locator)
        except MissingColumn:
            return None


def _spread(cells: Sequence[str]) -> list[str]:
    """Upper headings as merged cells export them: a blank continues what stands to its left."""
    spread: list[str] = []
    for cell in cells:
        spread.append(cell if cell.strip() or not spread else spread[-1])
    return spread


def _carried(cells: Sequence[str]) -> list[str]:
    return [fold(cell) for cell in _spread(cells)]


def coverage(columns: Columns, layout_map: LayoutMap) -> Coverage:
    """How many columns the map uses, ignores, keeps as spare, watches, and has not decided."""
    mapped: set[int | None] = set()
    for rule in layout_map.rules:
        places = rule.at if rule.when is None else (*rule.at, rule.when.at)
        mapped.update(columns.find_optional(place) for place in places)
    ignored = {columns.find_optional(place) for place in layout_map.ignored} - mapped
    spare = {columns.find_optional(place) for place in layout_map.spare} - mapped - ignored
    watched = {columns.find_optional(place) for place in layout_map.watched} - mapped - ignored - spare
    used, left, kept, seen = (len(group - {None}) for group in (mapped, ignored, spare, watched))
    return Coverage(used, left, kept, columns.size - used - left - kept - seen, seen)


def matching(heads: Headers, delimiter: str, maps: Sequence[LayoutMap]) -> list[LayoutMap]:
    """The maps whose layout these first rows show, whatever their dates."""
    hashes = {count: layout_hash(heads[:count], delimiter) for count in (1, 2) if count <= len(heads)}
    return [known for known in maps if hashes.get(known.header_rows) == known.layout_hash]


def recognise(heads: Headers, delimiter: str, maps: Sequence[LayoutMap], on: date) -> LayoutMap:
    """The map for this layout valid ``on`` that day (the newest if several).

    Raises :class:`LayoutUnknown` where no map knows it, :class:`MapNotValid` where none is valid that day.
    """
    known = matching(heads, delimiter, maps)
    if not known:
        raise LayoutUnknown(columns=max((len(row) for row in heads[:1]), default=0))
    return newest_of(known, on)


def newest_of(known: Sequence[LayoutMap], on: date) -> LayoutMap:
    """Of maps that fit a file the one that counts ``on`` that day. Raises :class:`MapNotValid`.

    Of each id the highest version valid that day, for it replaces those before it; of several ids the one valid since the latest day.
    """
    valid = [candidate for candidate in known if candidate.valid_on(on)]
    if not valid:
        raise MapNotValid(map=known[0].map_id)
    highest: dict[str, int] = {}
    for one in valid:
        highest[one.map_id] = max(one.version, highest.get(one.map_id, 0))
    newest = [one for one in valid if one.version == highest[one.map_id]]
    return max(newest, key=lambda one: (one.valid_from, one.map_id))
