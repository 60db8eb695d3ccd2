"""Trying a map on a file while somebody makes it: findings with their places, the story of one cell, what would be signed.

Guarantees: everything happens in memory. What is returned holds people's data: it is for this session's screen. Refuses: what is no file
of results; cells that the file does not have. Trusts: the desk (``mapdesk``) for permission and journal.
"""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from itertools import islice

from akashi.app.checkup import mapdesk
from akashi.app.desk.conversion import inspect_file
from akashi.app.desk.maps import today
from akashi.app.gateway.home import Gateway
from akashi.checkup import Finding, LayoutMap, load_map, read_records
from akashi.checkup.approval.model import MapDraft
from akashi.checkup.mapping.difference import difference
from akashi.checkup.mapping.model import Change
from akashi.checkup.tabular.explaining import Explanation, explain_cell
from akashi.checkup.tabular.reading import open_source
from akashi.exchange.errors import DocumentRefused
from akashi.exchange.screening import inspect as screen
from akashi.identity.model import Session

_ROWS, _EACH, _WORDS = 2_000, 3, 60


@dataclass(frozen=True, slots=True)
class Trial:
    """A dry run with places: up to three findings of each code, from the first two thousand rows."""

    preview: mapdesk.Preview
    findings: tuple[Finding, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Story:
    """One cell's story and the map that tells it."""

    cell: Explanation
    layout_map: LayoutMap = field(repr=False)


def check_file(name: str, data: bytes) -> None:
    """Raises ``DocumentRefused`` for what the gateway would not send either."""
    reason = screen(name, [data])
    if reason is not None:
        raise DocumentRefused(1, reason)


def try_out(gateway: Gateway, session: Session, handle: str, data: bytes) -> Trial:
    """Run a draft dry on a file. Raises as ``mapdesk.preview``."""
    seen = mapdesk.preview(gateway, session, handle, data)
    on, limit = _today(gateway), gateway.settings.upload_limit_bytes
    found: list[Finding] = []
    codes: Counter[str] = Counter()

    def note(one: Finding) -> None:
        codes[one.code] += 1
        if codes[one.code] <= _EACH:
            found.append(one)

    reading = read_records(
        io.BytesIO(data),
        seen.layout_map,
        on=on,
        items=gateway.maps.items(),
        finding_sink=note,
        limit_bytes=limit,
        vocabulary=gateway.maps.vocabulary(),
    )
    for _record in islice(reading, _ROWS):
        pass
    return Trial(seen, tuple(found))


def story_in_draft(gateway: Gateway, session: Session, handle: str, data: bytes, place: tuple[int, int]) -> Story:
    """What a draft's map does with one cell; ``place`` is row and column, from 1. Raises ``CellNotThere`` and reading errors."""
    with mapdesk.journalled(gateway, session, mapdesk.DRAFT, handle):
        layout_map = load_map(mapdesk.text_of(gateway, gateway.map_approvals.draft(handle)))
        return _tell(gateway, data, layout_map, place)


def story_of_file(gateway: Gateway, session: Session, name: str, data: bytes, place: tuple[int, int]) -> Story:
    """What the map that this file is converted with does with one cell. Raises ``LayoutUnknown`` too."""
    with mapdesk.journalled(gateway, session, mapdesk.DRAFT):
        check_file(name, data)
        layout_map = gateway.maps.map_for(inspect_file(gateway, io.BytesIO(data)), _today(gateway))
        return _tell(gateway, data, layout_map, place)


def _tell(gateway: Gateway, data: bytes, layout_map: LayoutMap, place: tuple[int, int]) -> Story:
    """The story of one cell."""
    shelf = gateway.maps
    found = explain_cell(
        io.BytesIO(data), layout_map, shelf.definition(), shelf.items(), on=_today(gateway), row=place[0], column=place[1],
        limit_bytes=gateway.settings.upload_limit_bytes, vocabulary=shelf.vocabulary(),
    )  # fmt: skip
    return Story(found, layout_map)


def words_of(
    gateway: Gateway, session: Session, found: MapDraft, data: bytes, column: int
) -> tuple[tuple[str, int], ...]:
    """The different words of one column of a file with their counts, the most frequent first; none where they are many."""
    gateway.accounts.require(session, mapdesk.DRAFT)
    if found.columns is None:
        return ()
    rows = open_source(io.BytesIO(data), gateway.settings.upload_limit_bytes).rows()
    cells = (
        row[column - 1].strip() for _line, row in islice(rows, len(found.columns.headers), None) if len(row) >= column
    )
    counts: Counter[str] = Counter()
    for word in cells:
        if word:
            counts[word] += 1
        if len(counts) > _WORDS:
            return ()
    return tuple(counts.most_common())


@dataclass(frozen=True, slots=True)
class Signing:
    """What approving a draft would sign: the text with its digest, and what changed since the last version."""

    text: str = field(repr=False)
    digest: str
    layout_map: LayoutMap = field(repr=False)
    changes: tuple[Change, ...] | None
    """``None`` where there is no version before."""


def to_sign(gateway: Gateway, session: Session, handle: str) -> Signing:
    """What an approver is asked to sign. Raises ``MapEmpty``, ``HeadIncomplete``, ``MapInvalid``."""
    with mapdesk.journalled(gateway, session, mapdesk.READ, handle):
        text = mapdesk.text_of(gateway, gateway.map_approvals.draft(handle))
        layout_map, approvals = load_map(text), gateway.map_approvals
        before = [one for one in approvals.versions() if one.own and one.map_id == layout_map.map_id and one.approval]
        changes = None
        if before:
            old = load_map(approvals.text(before[0].map, before[0].version))
            changes = difference(old, layout_map, gateway.maps.items())
        return Signing(text, sha256(text.encode()).hexdigest(), layout_map, changes)


def _today(gateway: Gateway) -> date:
    return today(gateway.clock.now_ms())
