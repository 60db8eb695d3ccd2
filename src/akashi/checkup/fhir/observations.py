"""A result as an Observation, and a series of results as an ObservationGroup.

Guarantees: each form of ``forms`` has one spelling; a number keeps its digits. Refuses: guessing a category. Trusts: its caller for the references.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from akashi.checkup.fhir import names
from akashi.checkup.fhir.forms import Form, Kind
from akashi.checkup.fhir.people import DocumentContext, Resource, coded, meta
from akashi.checkup.formats.items import Item, ItemTable
from akashi.checkup.model import ItemResult, Status

_METHOD_CODE = re.compile(r"[0-9A-Z]{10}")
_QUALIFIER = re.compile(r"^[<>]=?")
Doctor = Callable[[str], str]


def _concept(result: ItemResult, item: Item | None) -> Resource:
    system = names.uri(result.system or (item.system if item else "") or names.ITEMS)
    shown = item.name if item else result.name
    concept = coded(system, result.code, shown)
    # What the source called the item stands beside the table's name, never instead of it.
    return concept | {"text": result.name} if result.name and result.name != shown else concept


def _unit(text: str, item: Item | None, items: ItemTable) -> Resource:
    """Display unit and UCUM code; a unit that no item of the table has gets no code."""
    if not text:
        return {}
    if item is not None and text == item.unit:
        ucum = item.ucum
    else:
        ucum = next((other.ucum for other in items.items.values() if other.unit == text and other.ucum), "")
    return {"unit": text} | ({"system": names.UCUM, "code": ucum} if ucum else {})


def _quantity(number: str, unit: Resource, qualifier: str = "") -> Resource:
    return {"value": Decimal(number)} | ({"comparator": qualifier} if qualifier else {}) | unit


def _answer(result: ItemResult, item: Item | None) -> Resource:
    system = result.answers or (item.oid if item else "")
    coding: Resource = {"system": names.uri(system)} if system else {}
    coding |= {"code": result.coded, "display": result.standard}
    if item is not None and item.type == "CO" and re.fullmatch(r"[0-9]{1,4}", result.coded):
        coding = {"extension": [{"url": names.ORDINAL, "valueDecimal": Decimal(int(result.coded))}]} | coding
    return {"coding": [coding]}


def _value(form: Form, unit: Resource) -> Resource:
    result = form.result
    if form.kind is Kind.QUANTITY:
        digits = _QUALIFIER.sub("", result.original)
        return {"valueQuantity": _quantity(digits, unit, result.qualifier)}
    if form.kind is Kind.CODED:
        return {"valueCodeableConcept": _answer(result, form.item)}
    if form.kind is Kind.DAY:
        return {"valueDateTime": result.standard}
    if form.kind is Kind.WORDS and (form.item is None or form.item.type != "PQ"):
        return {"valueCodeableConcept": {"text": result.standard}}
    if form.kind is Kind.ABSENT:
        reason = names.NOT_PERFORMED if result.status is Status.NOT_DONE else names.ERROR
        return {"dataAbsentReason": coded(names.ABSENCES, reason) | {"text": result.standard}}
    return {"valueString": result.standard}


def _interpretation(result: ItemResult) -> Resource:
    beyond = {Status.BELOW: names.BELOW_RANGE, Status.ABOVE: names.ABOVE_RANGE}.get(result.status, "")
    code = beyond or result.flag
    return {"interpretation": [coded(names.FLAGS, code)]} if code else {}


def _method(text: str, item: Item | None) -> Resource:
    if not text:
        return {}
    if _METHOD_CODE.fullmatch(text):
        shown = item.method_name if item and item.method == text else ""
        return {"method": coded(names.METHODS, text, shown)}
    return {"method": {"text": text}}


def _range(result: ItemResult, unit: Resource) -> Resource:
    bounds = {name: _quantity(text, unit) for name, text in (("low", result.low), ("high", result.high)) if text}
    return {"referenceRange": [bounds]} if bounds else {}


def _component(result: ItemResult, item: Item | None, doctor: Doctor) -> Resource:
    by = {"url": names.PERFORMER, "valueReference": {"reference": doctor(result.performer)}} if result.performer else {}
    head: Resource = {"extension": [by]} if by else {}
    return head | {"code": _concept(result, item), "valueString": result.standard}


def observation(
    form: Form, items: ItemTable, fields: Mapping[str, str], subject: str, doctor: Doctor, context: DocumentContext
) -> Resource:
    """The Observation of one form; ``doctor`` gives the reference of a name, ``subject`` that of the person."""
    result, item = form.result, form.item
    unit = _unit(result.unit, item, items)
    made: Resource = {
        "resourceType": "Observation",
        "meta": meta(names.OBSERVATION_PROFILE, context),
        "status": "cancelled" if form.kind is Kind.ABSENT else "final",
        # The profile allows "exam" for every item; a finer word would be ours, not the source's.
        "category": [coded(names.CATEGORIES, "exam")],
        "code": _concept(result, item),
        "subject": {"reference": subject},
        "effectiveDateTime": fields["visit.date"],
    }
    if result.performer:
        made["performer"] = [{"reference": doctor(result.performer)}]
    made |= _value(form, unit) | _interpretation(result)
    if result.text:
        made["note"] = [{"text": result.text}]
    made |= _method(result.method, item) | _range(result, unit)
    if form.components:
        made["component"] = [_component(text, items.items.get(text.code), doctor) for text in form.components]
    return made


def group(
    name: str, members: Sequence[tuple[str, str]], fields: Mapping[str, str], subject: str, context: DocumentContext
) -> Resource:
    """The ObservationGroup of our group ``name``; ``members`` are (reference, COMP or RSON)."""
    code, shown = names.GROUP_NAMES.get(name, (name[:5] if len(name) == 17 else name, ""))
    links: list[dict[str, Any]] = [
        {"extension": [{"url": names.RELATION, "valueCode": relation}], "reference": reference}
        for reference, relation in members
    ]
    return {
        "resourceType": "Observation",
        "meta": meta(names.GROUP_PROFILE, context),
        "status": "final",
        "code": coded(names.GROUPS, code, shown),
        "subject": {"reference": subject},
        "effectiveDateTime": fields["visit.date"],
        "hasMember": links,
    }
