"""Which observation form each result takes, and what of the result that form carries. Pure.

Guarantees: :func:`forms` gives every result in the order of its section, already reduced to what a reader of the
Bundle finds; what no form can carry is named by :func:`left_out`. Refuses: computing a flag, a unit or a judgement;
an institution's own letter (A-F) has no place in the profile and is never turned into an interpretation.

===========  ===========================================================================
QUANTITY     valueQuantity, with comparator, and LX/HX where the source says "beyond"
CODED        valueCodeableConcept with coding
WORDS        a text no rule understood: valueCodeableConcept.text, or valueString where the item is a number
STRING, DAY  valueString, valueDateTime
ABSENT       cancelled with dataAbsentReason
===========  ===========================================================================
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum

from akashi.checkup.cells.numbers import WORD_OF_QUALIFIER
from akashi.checkup.cells.terms import NOT_DONE, UNMEASURABLE
from akashi.checkup.fhir import names
from akashi.checkup.fhir.names import clean
from akashi.checkup.fhir.people import is_day
from akashi.checkup.formats.items import Item, ItemTable
from akashi.checkup.model import ItemResult, NeutralRecord, Status

_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,12})?")
_BOUND_WORD = re.compile("(?:" + "|".join(WORD_OF_QUALIFIER.values()) + ")$")
_FLAGS = frozenset({"L", "N", "H"})
_CODE = re.compile(r"\S+( \S+)*")
_CODED = frozenset({"CD", "CO"})
# JLAC10 identification of a finding's text: 1608 所見, 1604 what the past history was. They go into the flag's component.
_FINDING_TEXTS = frozenset({"1604", "1608"})
_QUESTIONS = ("質問票", "チェックリスト")


class Kind(Enum):
    """The observation form."""

    QUANTITY = "quantity"
    CODED = "coded"
    WORDS = "words"
    STRING = "string"
    DAY = "day"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Form:
    """One Observation to be: its reduced result, its item, the code of its section."""

    kind: Kind
    result: ItemResult
    item: Item | None
    section: str
    components: tuple[ItemResult, ...] = ()


def known(code: str, system: str, items: ItemTable) -> Item | None:
    """The table's item of this code, where ``system`` is the item's own or JLAC10, of which the national codes are part."""
    item = items.items.get(code)
    if item is None or (system and system not in {item.system or names.ITEMS, names.JLAC10}):
        return None
    return item


def section_of(item: Item | None, program: str) -> str:
    """The section of an item in a report of this program (OID …1002)."""
    results, questions, additional = names.SECTIONS_OF.get(program, names.GENERAL_SECTIONS)
    if item is None or item.section == "01990":
        return additional
    return questions if item.category.endswith(_QUESTIONS) else results


def writable(result: ItemResult, items: ItemTable) -> bool:
    """Whether one of the profile's code systems (national, JLAC10, municipal) holds this item."""
    if result.status is Status.EMPTY or not result.code.isascii() or not _CODE.fullmatch(result.code):
        return False
    item = items.items.get(result.code)
    own = (item.system or names.ITEMS) if item else ""
    return (names.plain(result.system) or own) in names.ITEM_SYSTEMS


def left_out(record: NeutralRecord, items: ItemTable) -> tuple[str, ...]:
    """Codes of results that no Bundle can carry (items of our own, codes of no named system)."""
    return tuple(
        result.code for result in record.items if result.status is not Status.EMPTY and not writable(result, items)
    )


def number(text: str) -> str:
    """``text`` as a canonical decimal, or nothing where it is none."""
    return format(Decimal(text), "f") if _NUMBER.fullmatch(text) else ""


def _measured(result: ItemResult, item: Item | None, value: str) -> ItemResult:
    qualifier = result.qualifier if result.qualifier in WORD_OF_QUALIFIER else ""
    status = result.status
    if status is Status.VALUE and qualifier:
        status = Status.BELOW if qualifier.startswith("<") else Status.ABOVE
    # LX and HX take the place of L and H: the profile has one interpretation.
    flag = result.flag if status is Status.VALUE and result.flag in _FLAGS else ""
    return replace(
        result,
        status=status,
        unit=clean(result.unit) or (item.unit if item else ""),
        original=qualifier + value,
        standard=value + WORD_OF_QUALIFIER.get(qualifier, ""),
        coded="",
        qualifier=qualifier,
        low=number(result.low),
        high=number(result.high),
        flag=flag,
        answers="",
    )


def _plain(result: ItemResult, item: Item | None, **changes: object) -> ItemResult:
    flag = result.flag if result.flag in _FLAGS else ""
    unit = item.unit if item else ""
    fixed = {"unit": unit, "coded": "", "qualifier": "", "low": "", "high": "", "flag": flag, "answers": ""}
    return replace(result, **(fixed | changes))  # type: ignore[arg-type]  # names of the result's own fields


def _absent(result: ItemResult, item: Item | None) -> ItemResult:
    done = result.status is Status.UNMEASURABLE
    word = UNMEASURABLE if done else NOT_DONE
    ranged = done and (item is None or item.type == "PQ")
    return _plain(
        result,
        item,
        original=word,
        standard=word,
        flag="",
        low=number(result.low) if ranged else "",
        high=number(result.high) if ranged else "",
        method=result.method if done else "",
    )


def _answered(result: ItemResult, item: Item | None, items: ItemTable) -> ItemResult:
    answers = names.plain(result.answers)
    own = item.oid if item else ""
    labels = items.answers.get(answers or own, {})
    return _plain(
        result,
        item,
        status=Status.VALUE,
        original=result.coded,
        standard=clean(result.standard) or labels.get(result.coded) or result.coded,
        coded=result.coded,
        answers="" if answers == own else answers,
    )


def _is_number(result: ItemResult, item: Item | None) -> bool:
    return item.type == "PQ" if item else bool(result.unit or result.qualifier or result.low or result.high)


def _contradicts(result: ItemResult) -> bool:
    """Whether status and mark say opposite things: neither can be written as a number."""
    below = result.qualifier.startswith("<")
    marked = result.qualifier in WORD_OF_QUALIFIER
    return marked and result.status is (Status.ABOVE if below else Status.BELOW)


def _reduced(given: ItemResult, item: Item | None, items: ItemTable) -> tuple[Kind, ItemResult] | None:
    if given.status in {Status.NOT_DONE, Status.UNMEASURABLE}:
        return Kind.ABSENT, _absent(given, item)
    spoken = _BOUND_WORD.sub("", given.standard) if given.qualifier else given.standard
    understood = given.status is not Status.UNMATCHED
    numeric = _is_number(given, item)
    if _contradicts(given):
        understood = False
    if numeric and understood and (value := number(spoken)):
        return Kind.QUANTITY, _measured(given, item, value)
    if not numeric and (item is None or item.type in _CODED) and understood and _CODE.fullmatch(clean(given.coded)):
        return Kind.CODED, _answered(replace(given, coded=clean(given.coded)), item, items)
    text = clean(given.standard) or clean(given.original)
    if not text:
        return None
    if item is not None and item.type == "ST":
        kind = Kind.DAY if item.bytes == 8 and is_day(text) else Kind.STRING
        return kind, _plain(given, item, status=Status.VALUE, original=text, standard=text)
    if item is None and understood:
        return Kind.STRING, _plain(given, item, status=Status.VALUE, original=text, standard=text)
    return Kind.WORDS, _plain(given, item, status=Status.UNMATCHED, original=text, standard=text)


def doctors(record: NeutralRecord, items: ItemTable) -> dict[str, str]:
    """Name item -> the doctor's name: from the name item, else from the first judgement that names its performer."""
    named: dict[str, str] = {}
    for result in record.items:
        item = items.items.get(result.code)
        if item is not None and not item.entry and result.status is Status.VALUE and clean(result.standard):
            named.setdefault(result.code, clean(result.standard))
    for result in record.items:
        item = known(result.code, names.plain(result.system), items)
        if item is not None and item.author_item and writable(result, items) and clean(result.performer):
            named.setdefault(item.author_item, clean(result.performer))
    return named


def _prepared(result: ItemResult, items: ItemTable, named: dict[str, str]) -> tuple[ItemResult, Item | None]:
    system = names.plain(result.system)
    item = known(result.code, system, items)
    author = named.get(item.author_item, "") if item and item.author_item else ""
    return replace(
        result,
        group=item.group if item else clean(result.group),
        name=clean(result.name) or (item.name if item else ""),
        method=clean(result.method) or (item.method if item else ""),
        text=clean(result.text),
        performer=clean(result.performer) or author,
        judgement="",
        judgement_standard="",
        system="" if item and system == (item.system or names.ITEMS) else system,
    ), item


def _component(result: ItemResult) -> ItemResult:
    return replace(result, flag="", method="", text="")


def _flag_of(form: Form, flags: dict[tuple[str, int], int]) -> int | None:
    """Where the flag stands whose component this text is."""
    item = form.item
    if item is None or form.kind is not Kind.STRING or item.group or item.code[5:9] not in _FINDING_TEXTS:
        return None
    return flags.get((item.depends, form.result.occurrence))


def _with_components(made: list[Form], items: ItemTable) -> Iterator[Form]:
    """Texts move into their flag; a flag's own text (role TEXT) becomes the text item where the table has one."""
    flags = {
        (form.result.code, form.result.occurrence): index
        for index, form in enumerate(made)
        if form.kind is Kind.CODED and form.item is not None and not form.item.group and not form.result.system
    }
    moved: dict[int, ItemResult] = {}
    taken: set[int] = set()
    for index, form in enumerate(made):
        flag = _flag_of(form, flags)
        if flag is not None and flag not in moved:
            moved[flag] = _component(form.result)
            taken.add(index)
    texts = {flag: code for code, flag in items.dependents().items() if code[5:9] in _FINDING_TEXTS}
    for (code, occurrence), index in flags.items():
        text = made[index].result.text
        item = items.items.get(texts.get(code, ""))
        if text and item is not None and item.type == "ST" and item.bytes != 8 and index not in moved:
            moved[index] = ItemResult(
                item.code, occurrence, Status.VALUE, item.unit, text, text, group=item.group, name=item.name
            )
            made[index] = replace(made[index], result=replace(made[index].result, text=""))
    for index, form in enumerate(made):
        if index not in taken:
            yield replace(form, components=(moved[index],)) if index in moved else form


def forms(record: NeutralRecord, items: ItemTable, program: str) -> tuple[Form, ...]:
    """Every result that a Bundle of this program carries, by section and within it in the record's order."""
    named = doctors(record, items)
    made = []
    for given in record.items:
        known_item = items.items.get(given.code)
        if not writable(given, items) or (known_item is not None and not known_item.entry):
            continue
        result, item = _prepared(given, items, named)
        reduced = _reduced(result, item, items)
        if reduced is not None:
            made.append(Form(*reduced, item, section_of(item, program)))
    order = names.SECTIONS_OF.get(program, names.GENERAL_SECTIONS)
    return tuple(sorted(_with_components(made, items), key=lambda form: order.index(form.section)))


def numbered(results: list[ItemResult]) -> list[ItemResult]:
    """Results with occurrences counted per code, in the order of the document."""
    seen: Counter[tuple[str, str]] = Counter()
    counted = []
    for result in results:
        key = (result.code, result.system)
        seen[key] += 1
        counted.append(replace(result, occurrence=seen[key]))
    return counted


def with_names(results: list[ItemResult], items: ItemTable) -> tuple[ItemResult, ...]:
    """Results followed by one name item for each author item whose judgement names its doctor."""
    named: dict[str, ItemResult] = {}
    for result in results:
        item = known(result.code, result.system, items)
        code = item.author_item if item else ""
        if code and result.performer and code in items.items:
            doctor = result.performer
            named.setdefault(code, ItemResult(code, 1, Status.VALUE, "", doctor, doctor, name=items.items[code].name))
    return (*results, *named.values())
