"""A draft map: every column of a file with what it may be, how sure, and why.

Guarantees: one pass over a bounded number of rows; the same file gives the same draft; nothing of a cell leaves but masked
examples. Refuses: files without headings (:class:`HeadingMissing`): there a heading would be somebody's data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import BinaryIO

from akashi.checkup.errors import EmptyFile, HeadingMissing, NoRows, TooManyColumns
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.mapping.assignment import THRESHOLD, Board, beside_symbol, companions, deal, exclusive
from akashi.checkup.mapping.candidates import Candidate, Heading, Matcher
from akashi.checkup.mapping.evidence import Weighing, weigh
from akashi.checkup.mapping.model import ColumnDraft, ColumnShape, Decision, Draft, Placing, Proposal, Reason
from akashi.checkup.mapping.shapes import ColumnTally
from akashi.checkup.mapping.words import WordList
from akashi.checkup.model import Role
from akashi.checkup.rules import LONGEST_HEADING, heading_rows
from akashi.checkup.tabular.layout import Columns, layout_hash
from akashi.checkup.tabular.reading import DEFAULT_LIMIT, open_source

ROWS = 1000
SURE = 80
COLUMNS = 10_000
_BLOCK = 200
_ALTERNATIVES = 3
_KNOWN_SHARE = 4
_PAIRS = {"3D010000001927201": "3D010129901927201", "3F015000002327101": "3F015129902327101"}


def _skipped(heading: Heading, shape: ColumnShape, offers: Sequence[Proposal]) -> Proposal | None:
    """Columns that a heading word puts aside: last time's values, spare columns, the system's own."""
    if "PREVIOUS" in heading.skips:
        return Proposal(Placing.IGNORE, 92, (Reason("heading.previous"),))
    if "SPARE" in heading.skips:
        placing = Placing.SPARE if not shape.filled else Placing.UNDECIDED
        return Proposal(placing, 95 if not shape.filled else 0, (Reason("heading.spare"),))
    if "UNIT" in heading.roles and not heading.roles - {"UNIT"}:
        return Proposal(Placing.IGNORE, 85, (Reason("heading.unit"),))
    if "OTHER" in heading.skips:
        # 備考 is an item of the national table, and in many files a place for notes that must not leave: a person decides.
        sure = any(offer.confidence >= SURE for offer in offers)
        return Proposal(Placing.UNDECIDED if sure else Placing.IGNORE, 0 if sure else 70, (Reason("heading.other"),))
    return None


def _suggested(proposal: Proposal) -> Decision:
    if proposal.placing is Placing.WATCH:
        return Decision.WATCH
    if proposal.placing is Placing.UNDECIDED or proposal.confidence < SURE:
        return Decision.NEEDS_CONFIRMATION
    return Decision.IGNORE if proposal.placing is Placing.IGNORE else Decision.ADOPT


def _alternatives(proposal: Proposal, offers: Sequence[Proposal], matcher: Matcher) -> tuple[Proposal, ...]:
    others = [
        offer
        for offer in offers
        if (offer.target, offer.role) != (proposal.target, proposal.role) and offer.confidence >= 25
    ]
    if proposal.target and proposal.role is Role.VALUE:
        others += [
            Proposal(
                Placing.MAP,
                proposal.confidence // 2,
                (Reason("method.other"),),
                code,
                proposal.role,
                1,
                proposal.kind,
                proposal.unit,
            )
            for code in matcher.variants(proposal.target)
        ]
    return tuple(others[:_ALTERNATIVES])


def _headings(headers: Sequence[Sequence[str]], matcher: Matcher) -> list[Heading]:
    columns = Columns(headers)
    width = columns.size
    low = [cell[:LONGEST_HEADING] for cell in (*headers[-1], *[""] * (width - len(headers[-1])))]
    if len(headers) == 1:
        return [matcher.read(column, label, "") for column, label in enumerate(low)]
    return [
        matcher.read(column, label, top[:LONGEST_HEADING])
        for column, (label, top) in enumerate(zip(low, columns.upper, strict=True))
    ]


def _board(
    headings: Sequence[Heading], shapes: Sequence[ColumnShape], matcher: Matcher
) -> tuple[Board, list[list[Proposal]]]:
    weighing = Weighing(matcher.items, matcher.words)
    offers: list[list[Proposal]] = []
    board = Board(matcher, headings, shapes, weighing)
    for heading, shape in zip(headings, shapes, strict=True):
        found: list[Candidate] = (
            []
            if heading.alone and not heading.upper and "GROUP" not in heading.roles
            else matcher.candidates(heading)[:6]
        )
        weighed = sorted(
            (weigh(candidate, heading, shape, weighing) for candidate in found),
            key=lambda proposal: (-proposal.confidence, proposal.target),
        )
        offers.append(weighed)
        skipped = _skipped(heading, shape, weighed)
        if skipped is not None:
            board.chosen[heading.column] = skipped
    deal(board, offers)
    beside_symbol(board)
    companions(board)
    exclusive(board, lambda target, _heading: _PAIRS.get(target, ""))
    return board, offers


def _verify_headings(row: Sequence[str], words: WordList) -> None:
    """A person's row of names and findings holds no numbers either; of known layouts more than half of the first row is known words.

    Raises :class:`HeadingMissing`.
    """
    filled = [cell for cell in row if cell.strip()]
    known = sum(len(cell) <= LONGEST_HEADING and words.is_heading(cell) for cell in filled)
    if known < len(filled) / _KNOWN_SHARE:
        raise HeadingMissing


def _worded(one: Proposal, heading: Heading, words: WordList) -> Proposal:
    """With the thesaurus of its modality, where it is read as findings."""
    if one.placing is not Placing.MAP or one.kind != "findings":
        return one
    return replace(one, terms=words.modality(heading.terms, one.target))


def _columns(
    headers: tuple[tuple[str, ...], ...], shapes: Sequence[ColumnShape], matcher: Matcher, words: WordList
) -> tuple[ColumnDraft, ...]:
    """What is proposed for each column."""
    headings = _headings(headers, matcher)
    board, offers = _board(headings, shapes, matcher)
    labels = Columns(headers).labels
    columns = []
    for column, shape in enumerate(shapes):
        proposal = _worded(board.chosen.get(column) or board.undecided(column), headings[column], words)
        others = tuple(
            _worded(one, headings[column], words) for one in _alternatives(proposal, offers[column], matcher)
        )
        # Words and the middle value are cells: they served while weighing and stay here.
        shown = replace(shape, words=(), middle=None)
        twins = board.twins.get(column, ())
        columns.append(ColumnDraft(column + 1, labels[column], shown, proposal, others, twins, _suggested(proposal)))
    return tuple(columns)


def draft(
    stream: BinaryIO,
    items: ItemTable,
    words: WordList,
    *,
    institution: str,
    on: date,
    limit: int = DEFAULT_LIMIT,
    rows: int = ROWS,
) -> Draft:
    """Propose a map for the layout of ``stream``, from its headings and its first ``rows`` rows.

    ``limit`` is the number of bytes read at most. Raises the reading errors, :class:`EmptyFile`, :class:`NoRows`,
    :class:`HeadingMissing` and :class:`TooManyColumns`.
    """
    source = open_source(stream, limit)
    reading = (row for _line, row in source.rows())
    head = list(islice(reading, 3))
    if not head:
        raise EmptyFile
    count = heading_rows(head, words.is_heading)
    if not count:
        raise HeadingMissing
    if len(head) <= count:
        raise NoRows
    headers = tuple(tuple(row) for row in head[:count])
    size = Columns(headers).size
    if size > COLUMNS:
        raise TooManyColumns(columns=size, limit=COLUMNS)
    _verify_headings(headers[0], words)
    tallies = [ColumnTally() for _ in range(size)]
    seen = 0
    kept = [row[:size] for row in head[count:] if len(row) >= size]
    while kept or seen == 0:
        for tally, cells in zip(tallies, zip(*kept, strict=True), strict=False):
            tally.add(cells)
        seen += len(kept)
        # Cut at once: rows of a million empty cells too many would fill the memory.
        kept = [row[:size] for row in islice(reading, min(_BLOCK, max(0, rows - seen))) if len(row) >= size]
        if not kept:
            break
    known: dict[str, tuple[str, ...]] = {}
    columns = _columns(headers, [tally.shape(on, known) for tally in tallies], Matcher(words, items), words)
    tables = dict(words.answers.values())
    return Draft(
        institution, on, source.encoding, source.delimiter, layout_hash(headers, source.delimiter), headers, columns,
        tables, seen,
    )  # fmt: skip


__all__ = ["ROWS", "SURE", "THRESHOLD", "draft"]
