"""One person's results arranged for reading: this visit in full, up to four earlier ones beside it.

Guarantees: items stand in the order of the item table, by category, what the table lacks at the end; a value, its unit, range, mark,
judgement, method and doctor are what the source gave for that visit, and an earlier visit's differing unit or range stands with its value.
Refuses: to compute, colour or sort by anything of a value. Trusts: the caller that the records are one person's
(:mod:`akashi.checkup.report.people`). Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from akashi.checkup.cells.numbers import WORD_OF_QUALIFIER
from akashi.checkup.formats.items import NATIONAL_SYSTEM, Item, ItemTable
from akashi.checkup.model import ItemResult, NeutralRecord, Status
from akashi.checkup.report.people import shown_field
from akashi.checkup.report.words import FIELDS, SEXES, day, one_of, source, words

MOST_VISITS = 5
# What stands in a narrow column of figures; anything longer gets the width of the page.
_SHORT = 14
_SIDE_SHORT = 24
_DATE_BYTES = 8
_GUIDANCE = "format:hg08"
_NO_MEASURE = frozenset({Status.EMPTY, Status.NOT_DONE, Status.UNMEASURABLE})


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit. ``day`` is ISO and ``shown`` the day for people; ``facts`` are (label, text)."""

    day: str = field(repr=False)
    shown: str = field(repr=False)
    facts: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one visit says about one item. All texts as given but ``value``, which has words for what is not a value."""

    value: str = field(repr=False)
    status: Status
    unit: str = ""
    range: str = field(default="", repr=False)
    flag: str = field(default="", repr=False)
    judgement: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    doctor: str = field(default="", repr=False)
    method: str = field(default="", repr=False)
    original: str = field(default="", repr=False)
    differs: str = field(default="", repr=False)
    """Unit and range of an earlier visit where they are not those of the newest."""

    @property
    def verbatim(self) -> bool:
        """Whether the value is the source's own text because nothing standard could be made of it."""
        return self.status is Status.UNMATCHED


@dataclass(frozen=True, slots=True)
class Row:
    """One item over the visits, newest first; ``None`` where a visit does not have it. A ``wide`` row needs the page's width."""

    code: str
    name: str
    note: str
    unit: str
    range: str = field(repr=False)
    cells: tuple[Cell | None, ...] = field(repr=False)
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of one category."""

    title: str
    rows: tuple[Row, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PersonView:
    """Everything that is shown of a person. ``facts`` are (label, text); ``left_out`` counts visits before those shown."""

    language: str
    title: str
    name: str = field(repr=False)
    facts: tuple[tuple[str, str], ...] = field(repr=False)
    visits: tuple[Visit, ...] = field(repr=False)
    sections: tuple[Section, ...] = field(repr=False)
    left_out: int = 0


def person_view(records: Sequence[NeutralRecord], items: ItemTable, language: str = "ja") -> PersonView:
    """The view of one person; ``records`` are their visits, newest first (as ``People.records`` gives them), at least one."""
    shown = list(records[:MOST_VISITS])
    guidance = all(one.map_id == _GUIDANCE for one in shown)
    return PersonView(
        language,
        words(language)["title_guidance" if guidance else "title"],
        shown_field(shown[0], "person.name") or shown_field(shown[0], "person.kana"),
        _facts(shown[0], language),
        tuple(_visit(one, language) for one in shown),
        tuple(_sections(shown, items, language)),
        len(records) - len(shown),
    )


def _facts(record: NeutralRecord, language: str) -> tuple[tuple[str, str], ...]:
    made = []
    for target, label in FIELDS.items():
        text = shown_field(record, target)
        if target == "person.sex" and text in SEXES:
            text = one_of(SEXES[text], language)
        elif target == "person.birth":
            text = day(text, language)
        if text:
            made.append((one_of(label, language), text))
    return tuple(made)


def _visit(record: NeutralRecord, language: str) -> Visit:
    said = words(language)
    iso = shown_field(record, "visit.date")
    institution = "　".join(
        text for text in (shown_field(record, f"institution.{part}") for part in ("name", "code")) if text
    )
    table = record.table_id.removeprefix("sha256:")[:12]
    facts = (
        (said["institution"], institution),
        (said["course"], shown_field(record, "visit.course")),
        (said["age"], shown_field(record, "visit.age")),
        (said["source"], source(record.map_id, language)),
        (said["table"], table),
    )
    return Visit(iso, day(iso, language) or said["no_day"], tuple(pair for pair in facts if pair[1]))


def _sections(records: Sequence[NeutralRecord], items: ItemTable, language: str) -> Iterable[Section]:
    found: dict[tuple[str, str, int], list[ItemResult | None]] = {}
    for at, record in enumerate(records):
        for one in record.items:
            row = found.setdefault((_system(one, items), one.code, one.occurrence), [None] * len(records))
            if row[at] is None:
                row[at] = one
    doctors = [_doctors(record, items) for record in records]
    places = {code: place for place, code in enumerate(items.items)}
    sections: dict[str, list[Row]] = {category: [] for category in _categories(items)}
    unknown: list[Row] = []
    for (system, code, occurrence), row in sorted(found.items(), key=lambda pair: places.get(pair[0][1], len(places))):
        item = items.items.get(code) if not system else None
        made = _row(item, code, occurrence, row, doctors, language)
        (sections[item.category] if item else unknown).append(made)
    yield from (Section(category, tuple(rows)) for category, rows in sections.items() if rows)
    if unknown:
        yield Section(words(language)["unknown_items"], tuple(unknown))


def _system(one: ItemResult, items: ItemTable) -> str:
    """Empty where the code is the item table's; else whose code it is."""
    known = items.system(one.code)
    return "" if known and one.system in ("", known) else one.system or NATIONAL_SYSTEM


def _categories(items: ItemTable) -> Iterable[str]:
    return dict.fromkeys(item.category for item in items.items.values())


def _doctors(record: NeutralRecord, items: ItemTable) -> dict[str, str]:
    """Judgement -> the doctor's name that the record has as an item of its own."""
    authors = items.authors()
    held = {one.code: one.standard or one.original for one in record.items}
    return {code: held[name] for code, name in authors.items() if name in held}


def _row(
    item: Item | None,
    code: str,
    occurrence: int,
    given: Sequence[ItemResult | None],
    doctors: Sequence[dict[str, str]],
    language: str,
) -> Row:
    newest = next(one for one in given if one is not None)
    name = (item.name if item else newest.name) or code
    if occurrence > 1:
        name += words(language)["repeat"].format(count=occurrence)
    # The column of ranges belongs to this visit: a range that only an earlier one has stands with that one's value.
    unit, limits = newest.unit, _limits(given[0]) if given[0] is not None else ""
    cells = tuple(
        None if one is None else _cell(one, item, doctors[at].get(code, ""), (unit, limits), language)
        for at, one in enumerate(given)
    )
    note = item.method_name if item else code
    return Row(code, name, note, unit, limits, cells, any(_needs_width(one) for one in cells if one))


def _needs_width(cell: Cell) -> bool:
    more = cell.text or cell.doctor or cell.method or cell.verbatim
    return bool(more) or len(cell.value) > _SHORT or max(len(cell.judgement), len(cell.range)) > _SIDE_SHORT


def _limits(one: ItemResult) -> str:
    """The reference range as given: both ends, or one."""
    return f"{one.low}～{one.high}" if one.low or one.high else ""


def _cell(one: ItemResult, item: Item | None, named: str, newest: tuple[str, str], language: str) -> Cell:
    value, limits = _value(one, item, language), _limits(one)
    unit = "" if one.status in _NO_MEASURE else one.unit
    differs = "　".join(text for text, now in zip((unit, limits), newest, strict=True) if text and text != now)
    return Cell(
        value=value,
        status=one.status,
        unit=unit,
        range=limits,
        flag=one.flag,
        judgement=_judgement(one),
        text=one.text,
        doctor=one.performer if one.performer != named else "",
        method=one.method if item is None or one.method not in (item.method, item.method_name) else "",
        original=one.original if one.original not in (value, one.standard, one.coded) else "",
        differs=differs,
    )


def _judgement(one: ItemResult) -> str:
    if one.judgement and one.judgement_standard not in ("", one.judgement):
        return f"{one.judgement}（{one.judgement_standard}）"
    return one.judgement or one.judgement_standard


def _value(one: ItemResult, item: Item | None, language: str) -> str:
    said = words(language)
    if one.status is Status.NOT_DONE:
        return said["not_done"]
    if one.status is Status.UNMEASURABLE:
        return said["unmeasurable"]
    if one.status is Status.UNMATCHED:
        return one.original or one.standard
    text = one.standard or one.original or one.coded
    if one.status in (Status.BELOW, Status.ABOVE) and language == "en":
        word = WORD_OF_QUALIFIER.get(one.qualifier, "")
        return f"{one.qualifier} {text.removesuffix(word)}" if word and text.endswith(word) else text
    if item is not None and item.type == "ST" and item.bytes == _DATE_BYTES:
        return day(text, language)
    return text


def remarks(cell: Cell, language: str) -> list[str]:
    """What belongs to a value and has no column of its own: verbatim, findings, doctor, method, a differing unit or range."""
    said = words(language)
    made = [f"（{said['verbatim']}）"] if cell.verbatim else []
    pairs = (("finding", cell.text), ("doctor", cell.doctor), ("method", cell.method))
    return [*made, *(f"{said[key]}: {text}" for key, text in pairs if text)]
