"""The head of an hc08 document: who, insured by whom, on which ticket, when, examined where (knowledge 3.3).

Guarantees: :func:`stamped` fills what a record leaves open from the sender's context; :func:`carried` gives the fields
and their original texts as far as the head carries them, and :func:`head` writes exactly those. Refuses: a head
without the identity the ministry requires (``missing_identity`` names what lacks). Trusts: the context.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from akashi.checkup.cda.forms import ROOT, attribute, compact_date, element_text, said
from akashi.checkup.cells.terms import read_kana
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import NeutralRecord
from akashi.errors import Misuse

IDENTIFIERS = {
    "101": "insurance.insurer", "204": "insurance.symbol", "205": "insurance.number", "211": "insurance.branch",
}  # fmt: skip
"""Suffixes of the OIDs of the person's identifiers."""
TICKET = "209.1"
TELEPHONE = "tel:"
_DATES = ("person.birth", "visit.date", "visit.created", "ticket.expires")
_TEXTS = (
    "insurance.insurer", "insurance.symbol", "insurance.number", "insurance.branch", "person.postal", "person.address",
    "institution.code", "institution.name", "institution.postal", "institution.address", "ticket.number",
)  # fmt: skip
# What a field must look like to be written; a text of another shape counts as missing.
_SHAPES = {
    "insurance.insurer": re.compile(r"[0-9]{1,8}"), "person.sex": re.compile(r"[12]"),
    "visit.report": re.compile(r"[0-9]{2}"), "visit.program": re.compile(r"[0-9]{3}"),
    "ticket.kind": re.compile(r"[0-9]{1,2}"),
}  # fmt: skip
_INSTITUTION = re.compile(r"[0-9]{10}")
IDENTITY = ("insurance.insurer", "insurance.number", "person.kana", "person.sex", "person.birth", "visit.date")
_XMLNS = 'xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


@dataclass(frozen=True)
class SubmissionContext:
    """Who sends what. Codes: report (OID …1001), program (…1002); ``send_count`` is the same-day count 0–9."""

    institution_code: str
    institution_name: str
    created: date
    items: ItemTable = field(repr=False)
    send_count: int = 0
    purpose: int = 1
    report_code: str = "10"
    program_code: str = "010"
    telephone: str = ""
    postal: str = ""
    address: str = ""


def _fit(target: str, text: str) -> str:
    shape = _SHAPES.get(target)
    return text if shape is None or shape.fullmatch(text) else ""


def carried(fields: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """(values, texts as they stand in the XML) of the fields an hc08 head carries; absent ones are left out."""
    values: dict[str, str] = {}
    texts: dict[str, str] = {}
    for target in _TEXTS:
        values[target] = texts[target] = _fit(target, said(fields.get(target, "")))
    for target in ("person.sex", "visit.report", "visit.program"):
        values[target] = texts[target] = _fit(target, fields.get(target, ""))
    for target in _DATES:
        texts[target] = compact_date(fields.get(target, ""))
        values[target] = fields[target] if texts[target] else ""
    values["person.kana"] = texts["person.kana"] = read_kana(said(fields.get("person.kana", ""))).standard
    number = said(fields.get("institution.telephone", ""))
    values["institution.telephone"], texts["institution.telephone"] = number, number and TELEPHONE + number
    if values["ticket.number"]:
        kind = _fit("ticket.kind", fields.get("ticket.kind", "")) or "1"
        values["ticket.kind"] = texts["ticket.kind"] = kind
    else:
        values["ticket.expires"] = ""
    kept = {target: value for target, value in values.items() if value}
    return kept, {target: texts[target] for target in kept}


def missing_identity(record: NeutralRecord) -> tuple[str, ...]:
    """The required personal targets that the record lacks or holds in no usable shape (names of targets, never values)."""
    values = carried(record.fields)[0]
    return tuple(target for target in IDENTITY if target not in values)


def stamped(record: NeutralRecord, context: SubmissionContext) -> NeutralRecord:
    """The record with the sender's facts where it has none.

    An institution number of ten digits in the record wins, with its own name and address; else the record was
    made by the sender.
    """
    fields = record.fields
    own = {
        "institution.code": context.institution_code, "institution.name": context.institution_name,
        "institution.telephone": context.telephone, "institution.postal": context.postal,
        "institution.address": context.address,
    }  # fmt: skip
    code = fields.get("institution.code", "")
    if _INSTITUTION.fullmatch(code):
        place = {
            target: fields.get(target) or (text if code == own["institution.code"] else "")
            for target, text in own.items()
        }
    else:
        place = {target: fields.get(target) or text for target, text in own.items()}
        place["institution.code"] = context.institution_code
    made = {
        "visit.report": _fit("visit.report", fields.get("visit.report", "")) or context.report_code,
        "visit.program": _fit("visit.program", fields.get("visit.program", "")) or context.program_code,
        "visit.created": fields.get("visit.created") or context.created.isoformat(),
    }
    return replace(record, fields={**fields, **place, **made})


def _identifier(suffix: str, extension: str) -> str:
    return f'<id root="{ROOT}.{suffix}" extension={attribute(extension)}/>' if extension else ""


def _addr(address: str, postal: str) -> str:
    code = f"<postalCode>{element_text(postal)}</postalCode>" if postal else ""
    return f"<addr>{element_text(address)}{code}</addr>" if address or postal else ""


def _organisation(values: Mapping[str, str], texts: Mapping[str, str]) -> str:
    telephone = texts.get("institution.telephone", "")
    telecom = f"<telecom value={attribute(telephone)}/>" if telephone else ""
    code = _identifier("102", values.get("institution.code", ""))
    address = _addr(values.get("institution.address", ""), values.get("institution.postal", ""))
    name = f"<name>{element_text(values['institution.name'])}</name>" if "institution.name" in values else ""
    return f"<representedOrganization>{code}{name}{telecom}{address}</representedOrganization>"


def _patient(values: Mapping[str, str], texts: Mapping[str, str]) -> str:
    ids = "".join(_identifier(suffix, values.get(target, "")) for suffix, target in IDENTIFIERS.items())
    return (
        f"<recordTarget><patientRole>{ids}{_addr(values.get('person.address', ''), values.get('person.postal', ''))}"
        f"<patient><name>{element_text(values['person.kana'])}</name>"
        f'<administrativeGenderCode code="{values["person.sex"]}" codeSystem="{ROOT}.1104"/>'
        f'<birthTime value="{texts["person.birth"]}"/></patient></patientRole></recordTarget>'
    )


def _ticket(values: Mapping[str, str], texts: Mapping[str, str]) -> str:
    number = values.get("ticket.number", "")
    if not number:
        return ""
    insurer = values["insurance.insurer"]
    expires = texts.get("ticket.expires", "")
    until = f'<time><high value="{expires}"/></time>' if expires else ""
    return (
        f'<participant typeCode="HLD"><functionCode code="{values["ticket.kind"]}" codeSystem="{ROOT}.208"/>{until}'
        f'<associatedEntity classCode="IDENT">{_identifier(TICKET + insurer, number)}'
        f"<scopingOrganization>{_identifier('101', insurer)}</scopingOrganization></associatedEntity></participant>"
    )


def head(fields: Mapping[str, str]) -> str:
    """Everything before the body, from the root's start tag on. ``fields`` are a stamped record's."""
    values, texts = carried(fields)
    if any(target not in values for target in IDENTITY):
        raise Misuse(what="hc08 without identity")
    organisation = _organisation(values, texts)
    made = texts["visit.created"]
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument {_XMLNS}>'
        '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/><id nullFlavor="NI"/>'
        f'<code code="{values["visit.report"]}" codeSystem="{ROOT}.1001"/>'
        f'<effectiveTime value="{made}"/><confidentialityCode code="N"/>{_patient(values, texts)}'
        f'<author><time value="{made}"/><assignedAuthor><id nullFlavor="NI"/>{organisation}</assignedAuthor></author>'
        "<custodian><assignedCustodian><representedCustodianOrganization>"
        '<id nullFlavor="NI"/></representedCustodianOrganization></assignedCustodian></custodian>'
        f"{_ticket(values, texts)}"
        f'<documentationOf><serviceEvent><code code="{values["visit.program"]}" codeSystem="{ROOT}.1002"/>'
        f'<effectiveTime value="{texts["visit.date"]}"/>'
        f'<performer typeCode="PRF"><assignedEntity><id nullFlavor="NI"/>{organisation}</assignedEntity></performer>'
        "</serviceEvent></documentationOf>"
    )
