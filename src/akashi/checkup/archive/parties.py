"""What checkup claims and guidance claims have in common: the person, charges, adjudications; and a record's person.

Guarantees: each ``write_…`` has its ``read_…``. Refuses: a claim without insurer number, insured number, kana name,
birth date, sex or (in a checkup claim) a postal code: the schema asks for them. Source: co08_V08.xsd.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from akashi.checkup.archive.interchange import CHARGED, PERCENT, Part, Shape
from akashi.checkup.archive.model import INSTITUTION_OID, INSURER_OID, ROOT_OID, Adjudication, Charge, Claimant

SYMBOL_OID, NUMBER_OID, BRANCH_OID = f"{ROOT_OID}.204", f"{ROOT_OID}.205", f"{ROOT_OID}.211"
TICKET_OID, GUIDANCE_TICKET_OID = f"{ROOT_OID}.209", f"{ROOT_OID}.210"
_NAME, _ADDRESS, _REMARK = 64, 256, 100


def postal_code(text: str) -> str:
    """``1000001`` as ``100-0001``, the form that claims ask for; anything else as it is."""
    return f"{text[:3]}-{text[3:]}" if re.fullmatch("[0-9]{7}", text, re.ASCII) else text


def claimant(fields: Mapping[str, str], institution: str) -> Claimant:
    """The person of a record's fields, as a claim names them; ``institution`` where the record names none."""
    return Claimant(
        institution=f"{fields.get('institution.code') or institution:0>10}",
        insurer=fields.get("insurance.insurer", ""),
        number=fields.get("insurance.number", ""),
        kana=fields.get("person.kana", "").strip(),
        birth=fields.get("person.birth", ""),
        sex=fields.get("person.sex", ""),
        symbol=fields.get("insurance.symbol", ""),
        branch=fields.get("insurance.branch", ""),
        postal=postal_code(fields.get("person.postal", "")),
        address=fields.get("person.address", "").strip(),
    )


def differences(one: Claimant, other: Claimant) -> tuple[str, ...]:
    """The field targets in which claim and document name another person or institution. Addresses may differ."""
    pairs = (
        ("institution.code", one.institution, other.institution),
        ("insurance.insurer", one.insurer.lstrip("0"), other.insurer.lstrip("0")),
        ("insurance.symbol", one.symbol, other.symbol),
        ("insurance.number", one.number, other.number),
        ("insurance.branch", one.branch, other.branch),
        ("person.kana", one.kana, other.kana),
        ("person.birth", one.birth, other.birth),
        ("person.sex", one.sex, other.sex),
    )
    return tuple(target for target, left, right in pairs if left != right)


def write_person(shape: Shape, person: Claimant, *, address: bool) -> str:
    """``subjectPerson``. A guidance claim has the postal code only (``address`` false)."""
    symbol = shape.identifier("symbol", SYMBOL_OID, person.symbol, "card") if person.symbol else ""
    branch = shape.identifier("branchCode", BRANCH_OID, person.branch, "branch") if person.branch else ""
    if not person.kana.strip():
        raise shape.wrong("name")
    shape.code("postalCode", person.postal, "postal")
    lines = shape.text(person.address, _ADDRESS, "addr") if address else ""
    return (
        "<subjectPerson><performerOrganization>"
        + shape.identifier("id", INSTITUTION_OID, person.institution, "institution")
        + "</performerOrganization><insuranceCard>"
        + shape.identifier("insurerNumber", INSURER_OID, person.insurer, "insurer")
        + symbol
        + shape.identifier("number", NUMBER_OID, person.number, "card")
        + f"{branch}</insuranceCard><name>{shape.text(person.kana, _NAME, 'name')}</name>"
        + f"<addr>{lines}<postalCode>{person.postal}</postalCode></addr>"
        + shape.day("birthTime", person.birth)
        + shape.code("administrativeGender", person.sex, "sex")
        + "</subjectPerson>"
    )


def read_person(part: Part) -> Claimant:
    """``subjectPerson`` of either kind."""
    card, address = part.need("insuranceCard"), part.need("addr")
    return Claimant(
        institution=part.need("performerOrganization").code("id", "institution", "extension"),
        insurer=card.code("insurerNumber", "insurer", "extension"),
        number=card.code("number", "card", "extension"),
        kana=part.need("name").words(),
        birth=part.day("birthTime"),
        sex=part.code("administrativeGender", "sex"),
        symbol=card.optional("symbol", "card"),
        branch=card.optional("branchCode", "branch"),
        postal=address.need("postalCode").words(),
        address=address.words(),
    )


def write_charge(shape: Shape, element: str, charge: Charge | None, pattern: str = "charge") -> str:
    """A charge; nothing for ``None``. Amount and rate exclude each other."""
    if charge is None:
        return ""
    if charge.amount is not None and charge.rate is not None:
        raise shape.wrong(element)
    amount = shape.charged(charge.amount) if charge.amount is not None else ""
    rate = shape.rate(charge.rate) if charge.rate is not None else ""
    head = shape.code(element, charge.code, pattern)
    return f"{head[:-2]}>{amount}{rate}</{element}>" if amount or rate else head


def read_charge(part: Part, element: str, pattern: str = "charge") -> Charge | None:
    """A charge, or ``None``."""
    found = part.child(element)
    if found is None:
        return None
    amount, rate = found.optional_whole("amount", CHARGED), found.optional_whole("rate", PERCENT)
    if amount is not None and rate is not None:
        raise part.wrong(element)
    return Charge(found.attribute("code", pattern), amount, rate)


def write_limit(shape: Shape, limit: int | None) -> str:
    """``maxInsuranceLimit``: all beyond this sum is paid by the person; nothing for ``None``."""
    return "" if limit is None else f'<maxInsuranceLimit code="4">{shape.charged(limit)}</maxInsuranceLimit>'


def read_limit(part: Part) -> int | None:
    """The limit, or ``None``."""
    found = part.child("maxInsuranceLimit")
    return found.whole("amount", CHARGED) if found else None


def write_expiry(shape: Shape, day: str) -> str:
    """``effectiveTime`` of a ticket: its last day."""
    return f"<effectiveTime>{shape.day('high', day)}</effectiveTime>" if day else ""


def read_expiry(part: Part) -> str:
    """A ticket's last day; empty where none is stated."""
    found = part.child("effectiveTime")
    return found.day("high") if found else ""


def _adjudication(shape: Shape, element: str, result: Adjudication | None) -> str:
    if result is None:
        return ""
    remark = f"<text>{shape.text(result.remark, _REMARK, 'text')}</text>" if result.remark else ""
    code = shape.code("reason", result.reason, "reason")[:-2] if result.reason else "<reason"
    head = shape.code("interactionType", result.interaction, "interaction") + shape.day("recordDate", result.day)
    return f"<{element}>{head}{code}>{remark}</reason></{element}>"


def write_results(shape: Shape, agency: Adjudication | None, insurer: Adjudication | None) -> str:
    """The agency's and the insurer's decisions, in this order."""
    return _adjudication(shape, "agencyAdjudicationResult", agency) + _adjudication(
        shape, "insurerAdjudicationResult", insurer
    )


def read_result(part: Part, element: str) -> Adjudication | None:
    """One decision, or ``None``."""
    found = part.child(element)
    if found is None:
        return None
    reason = found.need("reason")
    remark = reason.child("text")
    return Adjudication(
        interaction=found.code("interactionType", "interaction"),
        day=found.day("recordDate"),
        reason=reason.attribute("code", "reason") if reason.has("code") else "",
        remark=remark.words() if remark else "",
    )
