r"""The plain-text disclosure of a provider (the layout of seed 004): one row a requirement, read into answers and written again.

Guarantees: as many rows as the catalogue has, in its order, whatever the text holds; 同上 is resolved to the row it stands for; what is odd
about a row is a finding, and ``parse_disclosure(write_disclosure(x), …) == x``. Refuses: a text without the table, and texts, lines or
tables beyond the bounds below. Trusts nothing: a disclosure says what its provider says, so an answer here is 自己申告 at best.

The table is tab separated and broken over pages; each page repeats its heading in one of several spellings (Sseq, Seq, S.No, or none over the
first column), with or without the column of the chapter, and its last two columns may be named the wrong way round. A heading therefore
only says where a page starts and how wide it is: the first cell is the number, the last three are label, requirement and answer,
and the cells between are section headings, told from the overview by the number they begin with.

>>> rows = ["1\t\t2.1 札\t\t\t(1)\t札を下げる\t下げています", "2\t\t\t\t\t(2)\t札を数える\t同上"]
>>> read = parse_disclosure("\n".join(["\t".join(HEADING), *rows]), ["2.1-1", "2.1-2"])
>>> read.rows[1].same_as, read.answers()["2.1-2"]
(1, '下げています')
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256

from akashi.conformity.errors import DisclosureLayout

MAX_BYTES = 2 << 20
MAX_LINE = 1 << 16
MAX_LINES = 40_000
MIN_WIDTH, MAX_WIDTH = 5, 12
FIXED = 4
"""Number, label, requirement and answer; the cells between are sections and the overview."""
OVERVIEW = 2
"""From this cell between on, the last one is the overview whatever it begins with."""
PAGE_ROWS = 15
BANNER = "「{title}」で必要とされる実施事項"
HEADING = ("Seq", "章", "節", "段", "概要", "番号", "要求事項", "対応状況")

_HEADING_WORDS = {*HEADING, "Sseq", "Seq.", "S.No", "S.No.", "No", "No."}
_BANNER = re.compile(r"「(.{1,200})」で必要とされる実施事項")
_NUMBER = re.compile(r"[0-9]{1,4}", re.ASCII)
_SECTION = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,2}){0,2})(?:\.|\s)\s*\S", re.ASCII)
_LABEL = re.compile(r"[(（][0-9]{1,3}[)）]")
_SAME = re.compile(r"(?:同\s?上|〃|上に同じ|上記に同じ|上記と同じ)[。.]?")
_SAME_AND_MORE = re.compile(r"同上[\s、。,及お].*", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")


class Oddity(StrEnum):
    """What is odd about a row. Names are permanent, only appended."""

    MISSING = "missing"
    """The text has no such row."""
    DUPLICATE = "duplicate"
    """The number came more than once; the first row counts."""
    ORDER = "order"
    """The number is lower than one before it."""
    WIDTH = "width"
    """More or fewer cells than the heading of its page."""
    STRAY_LINE = "stray_line"
    """A line after it is neither a row nor part of a cell and was left out."""
    EMPTY_ANSWER = "empty_answer"
    SAME_AS_NOTHING = "same_as_nothing"
    """同上 without an answer above."""
    SAME_AND_MORE = "same_and_more"
    """同上 followed by words of its own."""
    PLACE = "place"
    """Its section or label is not that of the catalogue's row of this number."""


@dataclass(frozen=True, slots=True)
class DisclosureRow:
    """One row. ``number`` counts from 1, ``item`` is the catalogue's id; ``sections`` are the headings it stands under, outermost first.

    ``findings`` tell about the text that was read, not about what it says, and take no part in equality.
    """

    number: int
    item: str
    sections: tuple[str, ...] = ()
    overview: str = ""
    label: str = ""
    requirement: str = field(default="", repr=False)
    """As printed there: the user's own text, held here for matching and never shipped."""
    answer: str = field(default="", repr=False)
    """As printed there, 同上 included."""
    same_as: int | None = None
    """The row that 同上 stands for, through any number of rows that say 同上 themselves."""
    findings: tuple[Oddity, ...] = field(default=(), compare=False)

    @property
    def requirement_digest(self) -> bytes:
        """SHA-256 of the requirement without white space: the same sentence, however it is broken, has the same digest."""
        return sha256("".join(self.requirement.split()).encode()).digest()


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A whole disclosure: ``preamble`` is what stands before the table, ``title`` the document its banner names (or nothing)."""

    preamble: str
    title: str
    rows: tuple[DisclosureRow, ...]
    unknown: tuple[int, ...] = field(default=(), compare=False)
    """Numbers of rows that the catalogue does not have; they were left out."""

    def answers(self) -> Mapping[str, str]:
        """Item id to answer with 同上 resolved; an empty text where there is none. Words after 同上 follow on a line of their own; a chain
        of such rows that would grow past the length of a line stays as printed.
        """
        made: dict[str, str] = {}
        for row in self.rows:
            above = made[self.rows[row.same_as - 1].item] if row.same_as else ""
            if _SAME.fullmatch(row.answer):
                made[row.item] = above
            elif _SAME_AND_MORE.fullmatch(row.answer):
                joined = f"{above}\n{row.answer[2:].strip(' 、。,')}".strip()
                made[row.item] = joined if len(joined) <= MAX_LINE else row.answer
            else:
                made[row.item] = row.answer
        return made


@dataclass(slots=True)
class _Read:
    """One row as it stands in the text."""

    lines: list[str]
    cells: int
    width: int
    """The cells of its page's heading."""
    odd: list[Oddity] = field(default_factory=list)


def parse_disclosure(text: str, catalogue_rows: Sequence[str]) -> Disclosure:
    """The disclosure in ``text``: one row for each id of ``catalogue_rows``. Raises :class:`DisclosureLayout`."""
    lines = _lines(text)
    start = next((at for at, line in enumerate(lines) if _is_heading(line)), None)
    if start is None:
        raise DisclosureLayout(where="no_table")
    found: dict[int, DisclosureRow] = {}
    unknown: list[int] = []
    for row in _carried(_rows(lines[start:])):
        if not 1 <= row.number <= len(catalogue_rows):
            unknown.append(row.number)
        elif row.number in found:
            first = found[row.number]
            found[row.number] = replace(first, findings=tuple(dict.fromkeys((*first.findings, Oddity.DUPLICATE))))
        else:
            found[row.number] = row
    if not found:
        raise DisclosureLayout(where="no_rows")
    missing = DisclosureRow(0, "", findings=(Oddity.MISSING,))
    rows = [replace(found.get(at, missing), number=at, item=item) for at, item in enumerate(catalogue_rows, 1)]
    headings = (line for line in lines[start:] if _is_heading(line))
    title = next((match[1] for line in headings for match in [_BANNER.search(line)] if match), "")
    return Disclosure("\n".join(lines[:start]).strip(), title, tuple(_resolved(rows)), tuple(unknown))


def _lines(text: str) -> list[str]:
    """The lines within the bounds, without control characters."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise DisclosureLayout(where="size")
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    lines = _CONTROL.sub(" ", plain).split("\n")
    too_long = next((at for at, line in enumerate(lines, 1) if len(line) > MAX_LINE), None)
    if too_long is not None or len(lines) > MAX_LINES:
        raise DisclosureLayout(where=f"line:{too_long or MAX_LINES}")
    return lines


def _is_heading(line: str) -> bool:
    """Only words of a heading, and wide enough for the table."""
    cells = [cell.strip() for cell in line.split("\t")]
    words = [cell for cell in cells if cell]
    known = all(word in _HEADING_WORDS or _BANNER.fullmatch(word) for word in words)
    return MIN_WIDTH <= len(cells) <= MAX_WIDTH and bool(words) and known


def _rows(lines: Sequence[str]) -> Iterator[_Read]:
    """The rows of all pages. A line without a tab continues the row above; a blank line does so unless a page ends there."""
    row: _Read | None = None
    width, opened = 0, False
    for line in lines:
        if _is_heading(line):
            width, opened = max(0 if opened else width, line.count("\t") + 1), False
            continue
        if _starts(line) and not (row is not None and opened and _continues(row, line)):
            if row is not None:
                yield row
            row, opened = _Read([line], line.count("\t") + 1, width), True
        elif row is not None and opened and _fits(row, line):
            row.lines.append(line)
            row.cells += line.count("\t")
        elif row is not None and line.strip() and Oddity.STRAY_LINE not in row.odd:
            row.odd.append(Oddity.STRAY_LINE)
    if row is not None:
        yield row


def _starts(line: str) -> bool:
    """Its first cell is a number and there are more."""
    first, tab, _ = line.partition("\t")
    return bool(tab) and _NUMBER.fullmatch(first.strip()) is not None


def _continues(row: _Read, line: str) -> bool:
    """Does a line that begins with a number finish an unfinished row, rather than start one? A whole row never does."""
    return row.cells < row.width and line.count("\t") + 1 < row.width and _fits(row, line)


def _fits(row: _Read, line: str) -> bool:
    """The cells after a line break still have room; a line without a tab always has."""
    tabs = line.count("\t")
    return not tabs or row.cells + tabs <= row.width


def _carried(reads: Iterator[_Read]) -> Iterator[DisclosureRow]:
    """Rows with their sections carried down; a section stands under those whose number begins its own."""
    sections: list[tuple[str, str]] = []
    highest = 0
    for read in reads:
        cells, odd = _fitted(read)
        number = int(cells[0])
        overview = []
        between = cells[1 : 1 - FIXED]
        for at, cell in enumerate(between):
            match = None if OVERVIEW <= at == len(between) - 1 else _SECTION.match(cell)
            if match:
                number_of = match[1]
                kept = [(above, text) for above, text in sections if number_of.startswith(f"{above}.")]
                sections = [*kept, (number_of, cell)]
            elif cell:
                overview.append(cell)
        if number < highest:
            odd = (*odd, Oddity.ORDER)
        highest = max(highest, number)
        path = tuple(text for _, text in sections)
        yield DisclosureRow(number, "", path, "\n".join(overview), cells[-3], cells[-2], cells[-1], None, odd)


def _fitted(read: _Read) -> tuple[list[str], tuple[Oddity, ...]]:
    """The cells, as many as the page is wide. A short row whose label is not in its place is filled at its end: its requirement must
    not be taken for an answer.
    """
    cells = [cell.strip() for cell in "\n".join(read.lines).split("\t")]
    odd = list(dict.fromkeys(read.odd))
    if len(cells) == read.width:
        return cells, tuple(odd)
    odd.append(Oddity.WIDTH)
    if len(cells) < read.width and not (len(cells) >= MIN_WIDTH and _LABEL.fullmatch(cells[-3])):
        return cells + [""] * (read.width - len(cells)), tuple(odd)
    if len(cells) <= len(HEADING):
        return cells, tuple(odd)
    kept = read.width - 1
    return [*cells[:kept], " ".join(cell for cell in cells[kept:] if cell)], tuple(odd)


def _resolved(rows: Sequence[DisclosureRow]) -> Iterator[DisclosureRow]:
    """同上 resolved from above, and what the content of a row shows. A row of a number is never resolved over a missing one."""
    targets: dict[int, int | None] = {0: None}
    for row in rows:
        odd = list(row.findings)
        above = targets[row.number - 1]
        pure = _SAME.fullmatch(row.answer)
        more = None if pure else _SAME_AND_MORE.fullmatch(row.answer)
        same = above if pure or more else None
        targets[row.number] = above if pure else (row.number if row.answer else None)
        if Oddity.MISSING not in odd:
            odd += [Oddity.EMPTY_ANSWER] if not row.answer else []
            odd += [Oddity.SAME_AND_MORE] if more else []
            odd += [Oddity.SAME_AS_NOTHING] if (pure or more) and above is None else []
            odd += [Oddity.PLACE] if not _in_place(row) else []
        yield replace(row, same_as=same, findings=tuple(odd))


def _in_place(row: DisclosureRow) -> bool:
    """Does the row stand where its item id says (``2.5.2-1-3``: section 2.5.2, label (1))? Ids of other forms and rows without sections pass."""
    section, _, rest = row.item.partition("-")
    match = _SECTION.match(row.sections[-1]) if row.sections else None
    if match and re.fullmatch(r"[0-9.]+", section, re.ASCII) and match[1] != section:
        return False
    wanted = rest.partition("-")[0]
    return not row.label or not wanted or row.label.strip("()（）. ") == wanted


def write_disclosure(disclosure: Disclosure, *, page_rows: int = PAGE_ROWS) -> str:
    """The same layout, ``page_rows`` rows a page. Raises :class:`DisclosureLayout` for content that would not read back as it is."""
    lines = [disclosure.preamble, ""] if disclosure.preamble else []
    path: tuple[str, ...] = ()
    written = [row for row in disclosure.rows if Oddity.MISSING not in row.findings]
    for at, row in enumerate(written):
        if at % page_rows == 0:
            banner = BANNER.format(title=disclosure.title) if disclosure.title else ""
            lines += ["", *(["\t".join([banner, *[""] * 7])] if banner else []), "\t".join(HEADING)]
        lines.append("\t".join([str(row.number), *_section_cells(path, row), row.label, row.requirement, row.answer]))
        path = row.sections
    text = "\n".join(lines) + "\n"
    if parse_disclosure(text, [row.item for row in disclosure.rows]) != disclosure:
        raise DisclosureLayout(where="not_writable")
    return text


def _section_cells(above: tuple[str, ...], row: DisclosureRow) -> list[str]:
    """The three section cells and the overview: sections only where they changed, the innermost again where a deeper one ended."""
    columns = ["", "", ""]
    path = row.sections[:3]
    if path != above:
        same = next(
            (at for at, (old, new) in enumerate(zip(above, path, strict=False)) if old != new),
            min(len(above), len(path)),
        )
        first = min(same, len(path) - 1)
        columns[max(first, 0) : len(path)] = path[max(first, 0) :]
    return [*columns, row.overview]
