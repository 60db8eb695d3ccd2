"""特定健診 XML: one hc08 document per person (ministry XSD set v4, knowledge 3.3).

Guarantees: every observation form of the specification: number, code, text, not done, unmeasurable, beyond the
input range (CD H/L, then the measured PQ), grouped (COMP/RSON), the doctor's name as author inside the judgement.
Refuses: values that were not standardised (``unmatched`` names them), L/N/H that the source does not give.
Trusted: the context, which names the sending institution.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from akashi.checkup.cells.fold import width
from akashi.checkup.cells.numbers import WORD_OF_QUALIFIER
from akashi.checkup.formats.items import Item, ItemTable
from akashi.checkup.model import ItemResult, NeutralRecord, Status

_ROOT = "1.2.392.200119.6"
_HIGH_LOW = "2.16.840.1.113883.5.83"
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BOUND_WORD = re.compile("(?:" + "|".join(WORD_OF_QUALIFIER.values()) + ")$")
_CHECKUP, _OPTIONAL = "01010", "01990"
_TITLES = {_CHECKUP: "検査・問診結果セクション", _OPTIONAL: "任意追加項目セクション"}
IDENTITY = ("insurance.insurer", "insurance.number", "person.kana", "person.sex", "person.birth", "visit.date")


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


def document_name(context: SubmissionContext, number: int) -> str:
    """``h`` + institution 10 + day 8 + send count + purpose + serial 6 (knowledge 3.1)."""
    day = context.created.strftime("%Y%m%d")
    return f"h{context.institution_code:0>10}{day}{context.send_count}{context.purpose}{number:06d}.xml"


def missing_identity(record: NeutralRecord) -> tuple[str, ...]:
    """The required personal targets that the record lacks (names of targets, never values)."""
    return tuple(target for target in IDENTITY if not record.fields.get(target))


def _text(value: str) -> str:
    return escape(_FORBIDDEN.sub("", value))


def _attribute(value: str) -> str:
    return quoteattr(_FORBIDDEN.sub("", value))


def _identifier(suffix: str, extension: str) -> str:
    return f'<id root="{_ROOT}.{suffix}" extension={_attribute(extension)}/>' if extension else ""


def _compact(iso: str) -> str:
    return iso.replace("-", "")


def _beyond(item: Item, result: ItemResult) -> str:
    """``H`` or ``L`` where the value lies outside what can be measured or entered, else an empty text."""
    if result.status is not Status.VALUE:
        return {Status.BELOW: "L", Status.ABOVE: "H"}.get(result.status, "")
    value = Decimal(result.standard)
    if item.low and value < Decimal(item.low):
        return "L"
    return "H" if item.high and value > Decimal(item.high) else ""


def _number(result: ItemResult) -> str:
    return _BOUND_WORD.sub("", result.standard) if result.qualifier else result.standard


def usable(result: ItemResult, item: Item) -> bool:
    """Whether the result can be said in this item's type."""
    if result.status in {Status.NOT_DONE, Status.UNMEASURABLE}:
        return True
    if result.status in {Status.EMPTY, Status.UNMATCHED}:
        return False
    if item.type == "PQ":
        return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", _number(result)) is not None
    if item.type in {"CD", "CO"}:
        return bool(result.coded)
    return 0 < width(_string(result, item)) <= item.bytes


def _string(result: ItemResult, item: Item) -> str:
    return _compact(result.standard) if item.bytes == 8 else result.standard


def unmatched(record: NeutralRecord, items: ItemTable) -> tuple[str, ...]:
    """Codes of results that say something the XML cannot take."""
    return tuple(
        result.code
        for result in record.items
        if result.status is not Status.EMPTY
        and (item := items.items.get(result.code)) is not None
        and len(item.code) == 17
        and not usable(result, item)
    )


def _value(result: ItemResult, item: Item) -> str:
    if result.status is Status.NOT_DONE:
        return ""
    if result.status is Status.UNMEASURABLE:
        return f'<value xsi:type="{item.type}" nullFlavor="NI"/>'
    if item.type == "ST":
        return f'<value xsi:type="ST">{_text(_string(result, item))}</value>'
    if item.type in {"CD", "CO"}:
        label = f" displayName={_attribute(result.standard)}"
        return f'<value xsi:type="{item.type}" code={_attribute(result.coded)} codeSystem="{item.oid}"{label}/>'
    mark = _beyond(item, result)
    first = f'<value xsi:type="CD" code="{mark}" codeSystem="{_HIGH_LOW}"/>' if mark else ""
    unit = f" unit={_attribute(item.xml_unit)}" if item.xml_unit else ""
    return f'{first}<value xsi:type="PQ" value="{_number(result)}"{unit}/>'


def _bound(name: str, value: str, item: Item) -> str:
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value) is None:
        return ""
    unit = f" unit={_attribute(item.xml_unit)}" if item.xml_unit else ""
    return f'<{name} value="{value}"{unit}/>'


def _range(result: ItemResult, item: Item) -> str:
    bounds = _bound("low", result.low, item) + _bound("high", result.high, item) if item.type == "PQ" else ""
    if not bounds:
        return ""
    inner = f'<value xsi:type="IVL_PQ">{bounds}</value>'
    return f'<referenceRange typeCode="REFV"><observationRange classCode="OBS" moodCode="EVN.CRT">{inner}</observationRange></referenceRange>'


def _author(name: str) -> str:
    person = f"<assignedPerson><name>{_text(name)}</name></assignedPerson>"
    return f'<author><time nullFlavor="NI"/><assignedAuthor><id nullFlavor="NI"/>{person}</assignedAuthor></author>'


def _observation(result: ItemResult, item: Item, doctor: str) -> str:
    negation = ' negationInd="true"' if result.status is Status.NOT_DONE else ""
    flag = f'<interpretationCode code="{result.flag}"/>' if result.flag in {"L", "N", "H"} and item.type == "PQ" else ""
    method = f"<methodCode code={_attribute(item.method)}/>" if item.method and not negation else ""
    return (
        f'<observation classCode="OBS" moodCode="EVN"{negation}>'
        f"<code code={_attribute(item.code)} displayName={_attribute(item.name)}/>"
        f"{_value(result, item)}{flag}{method}{_author(doctor) if doctor else ''}{_range(result, item)}</observation>"
    )


def _grouped(members: Sequence[tuple[ItemResult, Item]]) -> str:
    # The reason (RSON) stands beside the components of its group; the parent itself has no code of its own.
    inner = "".join(
        f'<entryRelationship typeCode="{item.group_rel or "COMP"}">{_observation(result, item, "")}</entryRelationship>'
        for result, item in members
    )
    return f'<observation classCode="OBS" moodCode="EVN"><code nullFlavor="NA"/>{inner}</observation>'


def _sections(record: NeutralRecord, items: ItemTable) -> Mapping[str, list[str]]:
    groups: dict[str, list[tuple[ItemResult, Item]]] = {}
    for result in record.items:
        item = items.items.get(result.code)
        if item is None or len(item.code) != 17 or not item.entry or not usable(result, item):
            continue
        groups.setdefault(item.group or f"{item.code}/{result.occurrence}", []).append((result, item))
    sections: dict[str, list[str]] = {_CHECKUP: [], _OPTIONAL: []}
    for members in groups.values():
        legal = any(item.required or item.one_of for _result, item in members)
        result, item = members[0]
        if item.group:
            entry = _grouped(members)
        else:
            named = record.item(item.author_item) if item.author_item else None
            entry = _observation(result, item, named.standard if named else "")
        sections[_CHECKUP if legal else _OPTIONAL].append(f"<entry>{entry}</entry>")
    return sections


def _body(record: NeutralRecord, items: ItemTable) -> str:
    parts = []
    for code, entries in _sections(record, items).items():
        # The checkup section is always there, so that a document without results is still one.
        if entries or code == _CHECKUP:
            head = f'<code code="{code}" codeSystem="{_ROOT}.1010"/><title>{_TITLES[code]}</title><text/>'
            parts.append(f"<component><section>{head}{''.join(entries)}</section></component>")
    return f"<component><structuredBody>{''.join(parts)}</structuredBody></component>"


def _organisation(context: SubmissionContext) -> str:
    telecom = f"<telecom value={_attribute('tel:' + context.telephone)}/>" if context.telephone else ""
    return (
        f"<representedOrganization>{_identifier('102', context.institution_code)}"
        f"<name>{_text(context.institution_name)}</name>{telecom}{_addr(context.address, context.postal)}"
        "</representedOrganization>"
    )


def _addr(address: str, postal: str) -> str:
    code = f"<postalCode>{_text(postal)}</postalCode>" if postal else ""
    return f"<addr>{_text(address)}{code}</addr>" if address or postal else ""


def _patient(fields: Mapping[str, str]) -> str:
    ids = "".join(
        _identifier(suffix, fields.get(target, ""))
        for suffix, target in (
            ("101", "insurance.insurer"),
            ("204", "insurance.symbol"),
            ("205", "insurance.number"),
            ("211", "insurance.branch"),
        )
    )
    return (
        f"<recordTarget><patientRole>{ids}{_addr(fields.get('person.address', ''), fields.get('person.postal', ''))}"
        f"<patient><name>{_text(fields['person.kana'])}</name>"
        f'<administrativeGenderCode code={_attribute(fields["person.sex"])} codeSystem="{_ROOT}.1104"/>'
        f"<birthTime value={_attribute(_compact(fields['person.birth']))}/></patient></patientRole></recordTarget>"
    )


def _ticket(fields: Mapping[str, str]) -> str:
    number = fields.get("ticket.number", "")
    if not number:
        return ""
    insurer = fields["insurance.insurer"]
    return (
        f'<participant typeCode="HLD"><functionCode code="1" codeSystem="{_ROOT}.208"/>'
        f'<associatedEntity classCode="IDENT">{_identifier(f"209.1{insurer}", number)}'
        f"<scopingOrganization>{_identifier('101', insurer)}</scopingOrganization></associatedEntity></participant>"
    )


def hc08_document(record: NeutralRecord, context: SubmissionContext) -> bytes:
    """The document, UTF-8. The caller has made sure that ``missing_identity`` is empty."""
    fields = record.fields
    organisation = _organisation(context)
    parts: Iterable[str] = (
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">',
        '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/><id nullFlavor="NI"/>',
        f'<code code="{context.report_code}" codeSystem="{_ROOT}.1001"/>',
        f'<effectiveTime value="{context.created:%Y%m%d}"/><confidentialityCode code="N"/>',
        _patient(fields),
        f'<author><time value="{context.created:%Y%m%d}"/><assignedAuthor><id nullFlavor="NI"/>{organisation}',
        "</assignedAuthor></author>",
        "<custodian><assignedCustodian><representedCustodianOrganization>",
        '<id nullFlavor="NI"/></representedCustodianOrganization></assignedCustodian></custodian>',
        _ticket(fields),
        f'<documentationOf><serviceEvent><code code="{context.program_code}" codeSystem="{_ROOT}.1002"/>',
        f"<effectiveTime value={_attribute(_compact(fields['visit.date']))}/>",
        f'<performer typeCode="PRF"><assignedEntity><id nullFlavor="NI"/>{organisation}</assignedEntity></performer>',
        "</serviceEvent></documentationOf>",
        _body(record, context.items),
        "</ClinicalDocument>",
    )
    return "".join(parts).encode()
