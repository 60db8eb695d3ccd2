"""What one ``entry`` of an hc08 document states: results as the document has them.

Guarantees: every observation becomes a result or a finding; codes, answers, units and texts the item table does not know
stay verbatim. Refuses: computing flags, converting units, quoting a document in an error. Trusts: nothing of the
document but its safe parsing (``parsing``); the item table for what codes mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lxml.etree import _Element

from akashi.checkup.cda.forms import (
    CODED,
    DATE_BYTES,
    FLAGS,
    HIGH_LOW,
    ITEM_SYSTEM,
    NO_INFORMATION,
    canonical,
    iso_date,
    qualified,
    same_unit,
)  # fmt: skip
from akashi.checkup.cda.parsing import line_of
from akashi.checkup.cells.fold import key
from akashi.checkup.cells.terms import NOT_DONE, UNMEASURABLE
from akashi.checkup.formats.items import Item, ItemTable
from akashi.checkup.model import ItemResult, Status

NS = "{urn:hl7-org:v3}"
_LOW, _HIGH, _RELATED, _OBSERVATION = NS + "low", NS + "high", NS + "entryRelationship", NS + "observation"
_NAME = f"{NS}assignedAuthor/{NS}assignedPerson/{NS}name"
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_NUMBERS, _CODES, _TEXTS = frozenset({"PQ", "INT", "REAL"}), CODED | {"CE", "CS"}, frozenset({"ST", "ED", "SC"})
# LX and HX: beyond what can be measured, as FHIR says it; some writers use them here too.
_MARKS = {"L": "L", "H": "H", "LX": "L", "HX": "H"}
_QUALIFIERS = {"L": "<=", "H": ">="}
_BOTH = "L/H"
RENEWED = frozenset({"9N736000000000011", "9N786000000000011", "9N791000000000011"})
"""Smoking, drinking and how much: the 4th term gave their codes other meanings, so a code alone, without its table, says nothing."""
_STATUS = {"L": Status.BELOW, "H": Status.ABOVE}


class Remark(NamedTuple):
    """A finding before it has a document: code, line within the entry (from 0), item, name as shown, original text."""

    code: str
    line: int
    item: str
    name: str
    original: str


class Entry(NamedTuple):
    """The results (occurrence 1 each) and remarks of one entry."""

    results: tuple[ItemResult, ...]
    remarks: tuple[Remark, ...]


@dataclass(slots=True)
class _Said:
    """The parts of one observation, as they stand."""

    code: str = ""
    system: str = ""
    name: str = ""
    negated: bool = False
    kind: str = ""
    text: str = field(default="", repr=False)
    unit: str = ""
    answers: str = ""
    shown: str = field(default="", repr=False)
    null: str = ""
    mark: str = field(default="", repr=False)
    values: int = 0
    flag: str = field(default="", repr=False)
    method: str = ""
    low: str = field(default="", repr=False)
    high: str = field(default="", repr=False)
    units: tuple[str, str] = ("", "")
    doctor: str = field(default="", repr=False)


def whole_text(node: _Element | None) -> str:
    """All text below ``node`` without outer spaces."""
    return "" if node is None else "".join(str(part) for part in node.itertext()).strip()


def _marked(known: str, mark: str) -> str:
    """The mark after another one; two that contradict each other are none that anybody knows."""
    return mark if known in {"", mark} else _BOTH


def _take_value(said: _Said, node: _Element) -> None:
    kind = (node.get(_XSI_TYPE) or "").rpartition(":")[2]
    code = node.get("code") or ""
    if kind in _CODES and code in {"H", "L"} and node.get("codeSystem") == HIGH_LOW:
        said.mark = _marked(said.mark, code)
        return
    said.values += 1
    if said.values > 1:
        return
    said.kind, said.null = kind, node.get("nullFlavor") or ""
    said.unit, said.answers = node.get("unit") or "", node.get("codeSystem") or ""
    said.shown = (node.get("displayName") or "").strip()
    said.text = (node.get("value") or "").strip() if kind in _NUMBERS else code if kind in _CODES else whole_text(node)


def _take_code(said: _Said, node: _Element) -> None:
    said.code, said.name = node.get("code") or "", (node.get("displayName") or "").strip()
    system = node.get("codeSystem") or ITEM_SYSTEM
    said.system = "" if system == ITEM_SYSTEM else system


def _take_flag(said: _Said, node: _Element) -> None:
    flag = node.get("code") or ""
    if flag in {"LX", "HX"}:
        said.mark = _marked(said.mark, _MARKS[flag])
    else:
        said.flag = said.flag or flag


def _take_method(said: _Said, node: _Element) -> None:
    said.method = said.method or node.get("code") or ""


def _take_author(said: _Said, node: _Element) -> None:
    said.doctor = said.doctor or whole_text(node.find(_NAME))


def _take_range(said: _Said, node: _Element) -> None:
    for bound in node.iter(_LOW, _HIGH):
        value = (bound.get("value") or "").strip()
        if bound.tag == _LOW and not said.low:
            said.low, said.units = canonical(value) or value, (bound.get("unit") or "", said.units[1])
        elif bound.tag == _HIGH and not said.high:
            said.high, said.units = canonical(value) or value, (said.units[0], bound.get("unit") or "")


_TAKERS: Mapping[str, Callable[[_Said, _Element], None]] = {
    NS + "code": _take_code, NS + "value": _take_value, NS + "interpretationCode": _take_flag,
    NS + "methodCode": _take_method, NS + "author": _take_author, NS + "referenceRange": _take_range,
}  # fmt: skip


def _taken(node: _Element) -> tuple[_Said, list[_Element]]:
    """The observation's own parts, in whatever order they stand, and the observations inside it."""
    said = _Said(negated=(node.get("negationInd") or "").strip().lower() in {"true", "1"})
    inner: list[_Element] = []
    for child in node:
        tag = child.tag
        taker = _TAKERS.get(tag)
        if taker is not None:
            taker(said, child)
        elif tag == _RELATED:
            inner += child.findall(_OBSERVATION)
    return said, inner


def _result(said: _Said, item: Item | None, status: Status, original: str, standard: str, **more: str) -> ItemResult:
    return ItemResult(
        code=said.code, occurrence=1, status=status, original=original, standard=standard,
        low=_bound(said.low, said.units[0], said), high=_bound(said.high, said.units[1], said), flag=said.flag if said.flag in FLAGS else "", method=said.method,
        performer=said.doctor, name=said.name or (item.name if item else ""), group=item.group if item else "",
        system=said.system, **{"unit": "", **more},
    )  # fmt: skip


def _bound(text: str, unit: str, said: _Said) -> str:
    """A bound of the range; one in another unit than the value's keeps it, so that the two are never compared."""
    return text + unit if text and unit and said.unit and key(unit) != key(said.unit) else text


_Read = tuple[ItemResult, tuple[str, ...]]


def _verbatim(said: _Said, item: Item | None, finding: str) -> _Read:
    """Kept as it stands, understood as nothing."""
    coded = {"coded": said.text, "answers": said.answers} if said.kind in _CODES else {}
    text = said.shown or said.text or said.mark or said.null
    return _result(said, item, Status.UNMATCHED, text, text, unit=said.unit, **coded), (finding,)


def _number(said: _Said, item: Item | None) -> _Read:
    number = canonical(said.text)
    if not number or said.mark == _BOTH:
        return _verbatim(said, item, "hc08.value")
    findings: tuple[str, ...] = ()
    unit = said.unit
    if item is not None and same_unit(unit, item):
        unit = item.unit
    elif item is not None:
        findings = ("hc08.unit",)
    if not said.mark:
        return _result(said, item, Status.VALUE, said.text, number, unit=unit), findings
    status, sign = _STATUS[said.mark], _QUALIFIERS[said.mark]
    standard = qualified(number, said.mark)
    return _result(said, item, status, said.text, standard, unit=unit, qualifier=sign), findings


def _answer(said: _Said, item: Item | None, items: ItemTable) -> _Read:
    if not said.text:
        return _verbatim(said, item, "hc08.value")
    oid = item.oid if item else ""
    labels = items.answers.get(said.answers or oid, {})
    label = labels.get(said.text)
    if labels and label is None:
        return _verbatim(said, item, "hc08.answer")
    odd = label is not None and said.shown and key(said.shown) != key(label)
    if said.code in RENEWED and not said.answers and (odd or not said.shown):
        return _verbatim(said, item, "hc08.answer")
    other = said.answers if said.answers != oid else ""
    shown = said.shown or said.text
    result = _result(said, item, Status.VALUE, shown, label or shown, coded=said.text, answers=other)
    return result, ("hc08.label",) if odd else ()


def _text(said: _Said, item: Item | None) -> _Read:
    is_date = item is not None and item.bytes == DATE_BYTES and len(said.text) == DATE_BYTES
    return _result(said, item, Status.VALUE, said.text, (iso_date(said.text) if is_date else "") or said.text), ()


def _valued(said: _Said, item: Item | None, items: ItemTable) -> _Read:
    if said.null:
        if said.null == NO_INFORMATION and not said.text:
            return _result(said, item, Status.UNMEASURABLE, said.null, UNMEASURABLE), ()
        return _verbatim(said, item, "hc08.value")
    wanted = item.type if item is not None else said.kind
    if said.kind in _NUMBERS and wanted in _NUMBERS:
        return _number(said, item)
    if said.kind in _CODES and wanted in _CODES:
        return _answer(said, item, items)
    if said.kind in _TEXTS and wanted in _TEXTS:
        return _text(said, item)
    return _verbatim(said, item, "hc08.value")


def _stated(said: _Said, items: ItemTable) -> tuple[ItemResult | None, tuple[str, ...]]:
    """The result, or none where nothing is stated, and what there is to remark."""
    item = None if said.system else items.items.get(said.code)
    unknown = ("hc08.item",) if item is None else ()
    if said.negated:
        odd = ("hc08.value",) if said.values else ()
        return _result(said, item, Status.NOT_DONE, "", NOT_DONE), unknown + odd
    if not (said.mark or said.text or said.shown or said.null):
        return None, ("hc08.value",)
    result, findings = _valued(said, item, items)
    odd_flag = bool(said.flag) and said.flag not in FLAGS
    return result, unknown + findings + (("hc08.value",) if said.values > 1 or odd_flag else ())


def _observed(
    node: _Element, items: ItemTable, first: int, *, negated: bool = False
) -> Iterator[tuple[ItemResult | None, list[Remark]]]:
    said, inner = _taken(node)
    said.negated = said.negated or negated
    line = line_of(node) - first
    if said.code:
        # A parent with a code and no value of its own only holds its series together.
        if said.values or said.mark or said.negated or not inner:
            result, findings = _stated(said, items)
            original = said.shown or said.text or said.mark or said.name
            yield result, [Remark(code, line, said.code, said.name, original) for code in dict.fromkeys(findings)]
    elif not inner or said.values:
        yield None, [Remark("hc08.value", line, "", said.name, said.shown or said.text)]
    for child in inner:
        # A series that was not done has no member that was.
        yield from _observed(child, items, first, negated=said.negated and not said.code)


def is_silent(node: _Element) -> bool:
    """Whether an observation states nothing itself and, empty of others as it is here, only holds a series together."""
    said, inner = _taken(node)
    return node.tag == _OBSERVATION and not inner and said == _Said()


def read_entry(entry: _Element, items: ItemTable) -> Entry:
    """All that one ``entry`` element states."""
    first = line_of(entry)
    results: list[ItemResult] = []
    remarks: list[Remark] = []
    for node in entry.findall(_OBSERVATION):
        for result, said in _observed(node, items, first):
            if result is not None:
                results.append(result)
            remarks += said
    if not results and not remarks and len(entry):
        # Results in a form that hc08 does not have: nobody should believe there were none.
        remarks.append(Remark("hc08.value", 0, "", "", ""))
    return Entry(tuple(results), tuple(remarks))
