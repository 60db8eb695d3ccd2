"""Observations of a Bundle as item results.

Guarantees: code, value, unit, range, flag and method stay as given; a form that is not known is kept as text with a
finding. Refuses: computing a flag, converting a unit, taking the doctor's word for a judgement of ours.
Trusts: nothing; every element may have any shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from akashi.checkup.cells.fold import key
from akashi.checkup.cells.numbers import WORD_OF_QUALIFIER
from akashi.checkup.cells.terms import NOT_DONE, UNMEASURABLE, read_absence
from akashi.checkup.fhir import names
from akashi.checkup.fhir.forms import known
from akashi.checkup.fhir.names import clean
from akashi.checkup.fhir.strict_json import first_text, texts, walk
from akashi.checkup.formats.items import Item, ItemTable
from akashi.checkup.model import ItemResult, Status

Teller = Callable[[str, str, str], None]
"""Takes a finding code, the text it is about, and the item."""
_ABSENCES = {
    "not-performed": Status.NOT_DONE, "not-asked": Status.NOT_DONE, "asked-declined": Status.NOT_DONE,
    "error": Status.UNMEASURABLE, "not-a-number": Status.UNMEASURABLE,
}  # fmt: skip
_WORDS = {Status.NOT_DONE: NOT_DONE, Status.UNMEASURABLE: UNMEASURABLE}
_BEYOND = {names.BELOW_RANGE: Status.BELOW, names.ABOVE_RANGE: Status.ABOVE, "<": Status.BELOW, ">": Status.ABOVE}
_FLAGS = frozenset({"L", "N", "H"})
_CODED = frozenset({"CD", "CO"})
_MEASURED = frozenset({Status.VALUE, Status.BELOW, Status.ABOVE})
_ACCEPTED = frozenset({"final", "amended", "corrected", "cancelled"})


@dataclass(frozen=True, slots=True)
class _Read:
    """What the value says: status, the texts, and where it is a number its unit."""

    status: Status
    original: str = ""
    standard: str = ""
    coded: str = ""
    answers: str = ""
    qualifier: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where results come from: the table, who is told, how a doctor's reference becomes a name, the day of the visit."""

    items: ItemTable
    tell: Teller
    doctor: Callable[[Any], str]
    day: str


def decimal_text(value: object) -> str:
    """A number of the document as decimal text; nothing for anything else."""
    return format(value, "f") if isinstance(value, Decimal) else ""


def _coding(concept: Any, wanted: str) -> Mapping[str, Any]:
    """The coding of the wanted system, else the first that has a code."""
    codings = [
        coding for coding in walk(concept, "coding") if isinstance(coding, dict) and first_text(coding, "code").strip()
    ]
    best = [coding for coding in codings if names.plain(first_text(coding, "system")) == wanted]
    return next(iter(best or codings), {})


def _reason(node: Mapping[str, Any], code: str, tell: Teller) -> _Read:
    reason = node.get("dataAbsentReason")
    text = clean(first_text(reason, "text"))
    status = next((_ABSENCES[word] for word in texts(reason, "coding", "code") if word in _ABSENCES), None)
    if status is None and text:
        outcome = read_absence(text)
        status = outcome.status if outcome is not None and outcome.status in _WORDS else None
    # A reason that is none of ours (unknown, masked …) does not say that nothing was done.
    text = text or next((word for word in map(clean, texts(reason, "coding", "code")) if word), "")
    if status is None and not text:
        status = Status.NOT_DONE
    if status is None:
        tell("fhir.value", text, code)
        return _Read(Status.UNMATCHED, text, text)
    return _Read(status, text or _WORDS[status], _WORDS[status])


def _quantity(value: Any, item: Item | None, code: str, tell: Teller) -> _Read | None:
    number = next((decimal_text(found) for found in walk(value, "value")), "")
    if not number:
        return None
    qualifier = first_text(value, "comparator")
    shown, ucum = clean(first_text(value, "unit")), first_text(value, "code")
    if (qualifier and qualifier not in WORD_OF_QUALIFIER) or (item is not None and item.type in _CODED):
        # A number under a mark nobody knows, or where a code belongs, would be taken for what it is not.
        tell("fhir.value", clean(qualifier) + number, code)
        return _Read(Status.UNMATCHED, clean(qualifier) + number, clean(qualifier) + number, unit=shown or clean(ucum))
    if item is not None and item.type == "PQ" and not _fits(shown, ucum, item):
        tell("fhir.unit", shown or ucum, code)
    status = Status.VALUE if not qualifier else Status.BELOW if qualifier.startswith("<") else Status.ABOVE
    word = WORD_OF_QUALIFIER.get(qualifier, "")
    return _Read(status, qualifier + number, number + word, qualifier=qualifier, unit=shown or clean(ucum))


def _fits(shown: str, ucum: str, item: Item) -> bool:
    """Whether a unit is the item's: neither the text nor the code may name another."""
    if ucum and item.ucum and ucum not in {item.ucum, item.unit, item.xml_unit}:
        return False
    return shown == item.unit or bool(ucum and ucum == item.ucum and not _names_another(shown, item))


def _names_another(shown: str, item: Item) -> bool:
    return bool(shown) and key(shown) not in {key(item.unit), key(item.xml_unit), key(item.ucum)}


def _answer(concept: Any, item: Item | None, code: str, source: Source) -> _Read | None:
    own = item.oid if item else ""
    coding = _coding(concept, own)
    answer = clean(first_text(coding, "code")).strip()
    if not answer:
        text = clean(first_text(concept, "text"))
        return _Read(Status.UNMATCHED, text, text) if text else None
    system = names.plain(first_text(coding, "system"))
    labels = source.items.answers.get(system or own, {})
    if labels and answer not in labels:
        source.tell("fhir.answer", answer, code)
    shown = clean(first_text(coding, "display")) or labels.get(answer) or answer
    if item is not None and item.type == "ST":
        return _Read(Status.VALUE, shown, shown)
    odd = answer in labels and key(shown) != key(labels[answer])
    if odd:
        source.tell("fhir.label", shown, code)
    if (item is not None and item.type not in _CODED) or (odd and not system):
        # A code where a number belongs; or one whose table is not named and whose words are not those of ours.
        source.tell("fhir.value", shown, code)
        return _Read(Status.UNMATCHED, shown, shown)
    return _Read(Status.VALUE, answer, shown, coded=answer, answers="" if system in {own, ""} else system)


def _text(text: str, item: Item | None) -> _Read:
    # A text where the table wants a number or a code was understood by nobody.
    status = Status.UNMATCHED if item is not None and item.type != "ST" else Status.VALUE
    return _Read(status, text, text)


def _value(node: Mapping[str, Any], item: Item | None, code: str, source: Source) -> _Read | None:
    read: _Read | None = None
    if "valueQuantity" in node:
        read = _quantity(node["valueQuantity"], item, code, source.tell)
    elif "valueCodeableConcept" in node:
        read = _answer(node["valueCodeableConcept"], item, code, source)
    elif text := clean(first_text(node, "valueString")):
        read = _text(text, item)
    elif moment := clean(first_text(node, "valueDateTime")):
        read = _text(moment[:10] if item is not None and item.bytes == 8 else moment, item)
        read = replace(read, original=moment)
    elif number := decimal_text(node.get("valueInteger")):
        numeric = item is None or item.type not in _CODED
        read = _Read(Status.VALUE if numeric else Status.UNMATCHED, number, number)
    elif "dataAbsentReason" in node or node.get("status") == "cancelled":
        read = _reason(node, code, source.tell)
    if read is None:
        source.tell("fhir.value", "", code)
    elif read.status in _MEASURED and (node.get("status") == "cancelled" or "dataAbsentReason" in node):
        # It was not done, and here is its value: both cannot be true.
        source.tell("fhir.value", read.original, code)
        return replace(read, status=Status.UNMATCHED, coded="", answers="", qualifier="")
    return read


def _beyond(read: _Read, beyond: Status | None, code: str, tell: Teller) -> _Read:
    """The value with what its interpretation says of it; where comparator and interpretation contradict: a text."""
    if beyond is None or read.status not in _MEASURED or beyond is read.status:
        return read
    if read.status is Status.VALUE:
        return replace(read, status=beyond)
    tell("fhir.value", read.original, code)
    return replace(read, status=Status.UNMATCHED, qualifier="")


def _interpretation(node: Mapping[str, Any], code: str, tell: Teller) -> tuple[str, Status | None]:
    flag, beyond = "", None
    for given in texts(node, "interpretation", "coding", "code"):
        if given in _FLAGS:
            flag = flag or given
        elif given in _BEYOND:
            beyond = beyond or _BEYOND[given]
        else:
            tell("fhir.interpretation", given, code)
    return flag, beyond


def _bound(node: Mapping[str, Any], name: str) -> str:
    return next((decimal_text(found) for found in walk(node, "referenceRange", name, "value")), "")


def _method(node: Mapping[str, Any]) -> str:
    concept = node.get("method")
    return clean(first_text(concept, "coding", "code")) or clean(first_text(concept, "text"))


def _unit(read: _Read, item: Item | None) -> str:
    return read.unit or (item.unit if item else "")


def result(node: Mapping[str, Any], source: Source, group: str = "", performer: str = "") -> ItemResult | None:
    """The result in an Observation or in a component, or nothing where it has no code or says nothing."""
    coding = _coding(node.get("code"), names.ITEMS)
    code = clean(first_text(coding, "code")).strip()
    shown, called = clean(first_text(coding, "display")), clean(first_text(node.get("code"), "text"))
    if not code:
        source.tell("fhir.code", called or shown, "")
        return None
    system = names.plain(first_text(coding, "system"))
    item = known(code, system, source.items)
    read = _value(node, item, code, source)
    if read is None:
        return None
    flag, beyond = _interpretation(node, code, source.tell)
    read = _beyond(read, beyond, code, source.tell)
    return ItemResult(
        code=code,
        occurrence=1,
        status=read.status,
        unit=_unit(read, item),
        original=read.original,
        standard=read.standard,
        coded=read.coded,
        qualifier=read.qualifier,
        low=_bound(node, "low"),
        high=_bound(node, "high"),
        flag=flag,
        method=_method(node),
        text="、".join(clean(text) for text in texts(node, "note", "text") if clean(text)),
        performer=performer,
        group=item.group if item else group,
        name=called or shown or (item.name if item else ""),
        system="" if item and system in {item.system or names.ITEMS, ""} else system,
        answers=read.answers,
    )


def _component(node: Mapping[str, Any], source: Source) -> ItemResult | None:
    by = next(
        (
            extension.get("valueReference")
            for extension in walk(node, "extension")
            if isinstance(extension, dict) and extension.get("url") == names.PERFORMER
        ),
        None,
    )
    return result(node, source, performer=source.doctor(by) if by else "")


def results(observation: Mapping[str, Any], source: Source, group: str = "") -> list[ItemResult]:
    """The result of an Observation, then those of its components."""
    status = first_text(observation, "status")
    if status not in _ACCEPTED:
        source.tell("fhir.status", status, first_text(observation, "code", "coding", "code"))
        if status == "entered-in-error":
            return []
    moment = first_text(observation, "effectiveDateTime")
    if moment and source.day and moment[:10] != source.day:
        source.tell("fhir.day", moment, first_text(observation, "code", "coding", "code"))
    said = [node for node in walk(observation, "component") if isinstance(node, dict)]
    valued = any(name.startswith("value") or name == "dataAbsentReason" for name in observation)
    made: list[ItemResult | None] = []
    # A head of a series, or one that only carries components, says nothing of its own.
    if valued or not (said or "hasMember" in observation):
        given = observation.get("performer")
        doctor = source.doctor(next(walk(given), None)) if given else ""
        made.append(result(observation, source, group, doctor))
    made += [_component(node, source) for node in said]
    return [found for found in made if found is not None]
