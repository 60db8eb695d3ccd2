"""One result as hc08 can say it, and the observation that says it (knowledge 3.3).

Guarantees: :func:`express` gives the result as far as one observation carries it (idempotent), and :func:`render` writes
exactly that; both are pure. Refuses: results that were not standardised, units other than the item's, answer codes their
own table does not know (``None``), and L/N/H the source does not give. Trusts: the item table.

A number beyond what can be measured or entered is said as H (以上) or L (以下) and the number, brought into the
item's digits where that keeps the statement true; what was given as 未満 or 超 so becomes the weaker 以下 or 以上.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from xml.sax.saxutils import escape

from akashi.checkup.cells.fold import key, width
from akashi.checkup.cells.numbers import WORD_OF_QUALIFIER
from akashi.checkup.cells.terms import NOT_DONE, UNMEASURABLE
from akashi.checkup.formats.items import Item
from akashi.checkup.model import ItemResult, Status

ROOT = "1.2.392.200119.6"
ITEM_SYSTEM = f"{ROOT}.1005"
HIGH_LOW = "2.16.840.1.113883.5.83"
NO_INFORMATION = "NI"
CODED = frozenset({"CD", "CO"})
FLAGS = frozenset({"L", "N", "H"})
DATE_BYTES = 8
"""Text items of eight bytes are dates without dashes."""
_QUALIFIER = {"L": "<=", "H": ">="}
_MARKED = {"L": Status.BELOW, "H": Status.ABOVE}
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BOUND_WORD = re.compile("(?:" + "|".join(WORD_OF_QUALIFIER.values()) + ")$")
_NUMBER = re.compile(r"(-?)([0-9]{1,18})(\.[0-9]{1,18})?")
_METHOD = re.compile(r"[0-9A-Z]{10}")
_SPECIAL = re.compile(r"[&<>\"\r\n\t]")
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*)){1,20}")
_CODE = re.compile(r"[!-~]{1,20}")


def said(text: str) -> str:
    """The text as XML can carry it: without forbidden signs and outer spaces."""
    return _FORBIDDEN.sub("", text).strip()


def element_text(text: str) -> str:
    """``text`` escaped for an element; a carriage return would otherwise be read as a line feed."""
    return text if _SPECIAL.search(text) is None else escape(text, {"\r": "&#13;"})


def attribute(text: str) -> str:
    """``text`` quoted for an attribute; white space would otherwise be read as spaces."""
    if _SPECIAL.search(text) is None:
        return f'"{text}"'
    return '"' + escape(text, {'"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}) + '"'


def canonical(text: str) -> str:
    """A plain decimal without leading zeros, digits kept as measured; blank where ``text`` is none."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return ""
    sign, whole, fraction = found[1], found[2].lstrip("0") or "0", found[3] or ""
    return f"{sign if (whole + fraction).strip('0.') else ''}{whole}{fraction}"


def compact_date(text: str) -> str:
    """``2026-05-16`` as ``20260516``; blank where ``text`` is no ISO date."""
    try:
        return date.fromisoformat(text).strftime("%Y%m%d") if len(text) == 10 else ""
    except ValueError:
        return ""


def iso_date(text: str) -> str:
    """``20260516`` (a time behind it is cut) as ``2026-05-16``; blank where ``text`` is no date."""
    digits = text[:8]
    if not (text.isascii() and digits.isdigit() and len(digits) == 8):
        return ""
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
    except ValueError:
        return ""


def qualified(number: str, mark: str) -> str:
    """``number`` with the word for H or L: ``251以上``, ``20以下``."""
    return number + WORD_OF_QUALIFIER[_QUALIFIER[mark]]


def same_unit(unit: str, item: Item) -> bool:
    """Whether ``unit`` names the item's unit as shown or as the XML writes it; a blank one says nothing else."""
    return unit in {"", item.unit, item.xml_unit} or key(unit) in {key(item.unit), key(item.xml_unit)}


@dataclass(frozen=True, slots=True)
class Expressed:
    """What one observation says. ``mark`` is H or L where the number is beyond what can be measured or entered."""

    result: ItemResult = field(repr=False)
    mark: str = field(default="", repr=False)


def _beyond(item: Item, result: ItemResult, number: str) -> str:
    marked = {Status.BELOW: "L", Status.ABOVE: "H"}.get(result.status, "")
    if marked or result.qualifier:
        return marked or ("L" if result.qualifier.startswith("<") else "H")
    value = Decimal(number)
    if (item.low and value < Decimal(item.low)) or value < 0:
        return "L"
    if (item.high and value > Decimal(item.high)) or value >= 10 ** max(item.integers, 1):
        return "H"
    return ""


def _contradicts(result: ItemResult) -> bool:
    """Whether the mark is unknown, or says the opposite of the status: then nobody knows which way the value lies."""
    if not result.qualifier:
        return False
    below = result.qualifier.startswith("<")
    return result.qualifier not in WORD_OF_QUALIFIER or result.status is (Status.ABOVE if below else Status.BELOW)


def _clamped(item: Item, number: str, mark: str) -> str:
    """The nearest number that fits the item's digits, where "at least" or "at most" stays true of it."""
    if mark == "H" and Decimal(number) >= 10 ** max(item.integers, 1):
        nines = "9" * max(item.integers, 1)
        return f"{nines}.{'9' * item.decimals}" if item.decimals else nines
    return "0" if mark == "L" and number.startswith("-") else number


def _number(result: ItemResult, item: Item, rest: dict[str, str]) -> Expressed | None:
    text = _BOUND_WORD.sub("", result.standard) if result.qualifier else result.standard
    number = canonical(text)
    if not number or not same_unit(result.unit, item) or _contradicts(result):
        return None
    rest |= {"unit": item.unit, "low": canonical(result.low), "high": canonical(result.high)}
    mark = _beyond(item, result, number)
    if not mark:
        return Expressed(_result(result, Status.VALUE, number, number, rest))
    number = _clamped(item, number, mark)
    rest["qualifier"] = _QUALIFIER[mark]
    return Expressed(_result(result, _MARKED[mark], number, qualified(number, mark), rest), mark)


def _answer(
    result: ItemResult, item: Item, answers: Mapping[str, Mapping[str, str]], rest: dict[str, str]
) -> Expressed | None:
    system = result.answers or item.oid
    labels = answers.get(system, {})
    if not _CODE.fullmatch(result.coded) or not _OID.fullmatch(system) or (labels and result.coded not in labels):
        return None
    shown = labels.get(result.coded) or said(result.standard) or result.coded
    rest |= {"coded": result.coded, "answers": system if system != item.oid else ""}
    return Expressed(_result(result, Status.VALUE, shown, shown, rest))


def _text(result: ItemResult, item: Item, rest: dict[str, str]) -> Expressed | None:
    text = said(result.standard)
    if item.bytes == DATE_BYTES:
        text = compact_date(text) or text
    if not 0 < width(text) <= item.bytes:
        return None
    shown = (iso_date(text) if item.bytes == DATE_BYTES and len(text) == DATE_BYTES else "") or text
    return Expressed(_result(result, Status.VALUE, text, shown, rest))


def _result(given: ItemResult, status: Status, original: str, standard: str, rest: Mapping[str, str]) -> ItemResult:
    return ItemResult(
        code=given.code, occurrence=given.occurrence, status=status, original=original, standard=standard,
        **{"unit": "", **rest},
    )  # fmt: skip


def express(
    result: ItemResult, item: Item, answers: Mapping[str, Mapping[str, str]], doctor: str = ""
) -> Expressed | None:
    """The result as one observation says it; ``None`` where hc08 cannot. ``doctor`` is who judged, of an author item.

    Not carried: judgements, finding texts (they are items of their own), names other than the table's.
    """
    rest = {"name": item.name, "group": item.group, "performer": doctor}
    if result.status in {Status.EMPTY, Status.UNMATCHED} or result.system:
        return None
    if result.status is Status.NOT_DONE:
        return Expressed(_result(result, Status.NOT_DONE, "", NOT_DONE, rest))
    rest["method"] = result.method if _METHOD.fullmatch(result.method) else item.method
    if result.status is Status.UNMEASURABLE:
        return Expressed(_result(result, Status.UNMEASURABLE, NO_INFORMATION, UNMEASURABLE, rest))
    rest["flag"] = result.flag if result.flag in FLAGS else ""
    if item.type == "PQ":
        return _number(result, item, rest)
    return _answer(result, item, answers, rest) if item.type in CODED else _text(result, item, rest)


class Frame(NamedTuple):
    """What every observation of one item begins with, written once."""

    label: str
    unit: str


def frame(item: Item) -> Frame:
    """The ``code`` element and the unit attribute of ``item``."""
    unit = f" unit={attribute(item.xml_unit)}" if item.xml_unit else ""
    return Frame(f"<code code={attribute(item.code)} displayName={attribute(item.name)}/>", unit)


def _value(given: Expressed, item: Item, unit: str) -> str:
    result = given.result
    if result.status is Status.UNMEASURABLE:
        return f'<value xsi:type="{item.type}" nullFlavor="{NO_INFORMATION}"/>'
    if item.type == "ST":
        return f'<value xsi:type="ST">{element_text(result.original)}</value>'
    if item.type in CODED:
        system = result.answers or item.oid
        shown = f" displayName={attribute(result.standard)}"
        return f'<value xsi:type="{item.type}" code={attribute(result.coded)} codeSystem="{system}"{shown}/>'
    first = f'<value xsi:type="CD" code="{given.mark}" codeSystem="{HIGH_LOW}"/>' if given.mark else ""
    return f'{first}<value xsi:type="PQ" value="{result.original}"{unit}/>'


def _range(result: ItemResult, unit: str) -> str:
    if not result.low and not result.high:
        return ""
    low = f'<low value="{result.low}"{unit}/>' if result.low else ""
    high = f'<high value="{result.high}"{unit}/>' if result.high else ""
    return (
        '<referenceRange typeCode="REFV"><observationRange classCode="OBS" moodCode="EVN.CRT">'
        f'<value xsi:type="IVL_PQ">{low}{high}</value></observationRange></referenceRange>'
    )


def _author(name: str) -> str:
    person = f"<assignedPerson><name>{element_text(name)}</name></assignedPerson>"
    return f'<author><time nullFlavor="NI"/><assignedAuthor><id nullFlavor="NI"/>{person}</assignedAuthor></author>'


def render(given: Expressed, item: Item, begun: Frame) -> str:
    """The ``observation`` element that says ``given``; ``begun`` is the item's frame."""
    result = given.result
    absent = result.status is Status.NOT_DONE
    start = '<observation classCode="OBS" moodCode="EVN"' + (' negationInd="true">' if absent else ">")
    value = "" if absent else _value(given, item, begun.unit)
    flag = f'<interpretationCode code="{result.flag}"/>' if result.flag else ""
    method = f'<methodCode code="{result.method}"/>' if result.method else ""
    doctor = _author(result.performer) if result.performer else ""
    return f"{start}{begun.label}{value}{flag}{method}{doctor}{_range(result, begun.unit)}</observation>"
