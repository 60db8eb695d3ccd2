"""Who, where and when: what a Bundle can say of a record's fields, and the resources that say it.

Guarantees: :func:`shown_fields` is exactly what a reader of our Bundle finds; a required element that the record lacks
is written as absent (``data-absent-reason``), never invented. Refuses: persons without the identity the profile asks
for (:func:`missing_identity`). Trusts: the context, which names the sender and the hour.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from akashi.checkup.fhir import names
from akashi.checkup.fhir.names import clean
from akashi.checkup.model import NeutralRecord

Resource = dict[str, Any]
_JAPAN = timezone(timedelta(hours=9))
_SEXES = {"1": "male", "2": "female"}
_MEMBER_PART = re.compile(r"[^:^\s]*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COPIED = (
    "person.id", "person.postal", "person.address", "visit.number", "visit.course", "insurance.symbol",
    "insurance.number",
)  # fmt: skip
_INSTITUTION = ("code", "name", "telephone", "postal", "address")


@dataclass(frozen=True, slots=True)
class DocumentContext:
    """Who sends, and when the document was made (milliseconds since 1970, UTC; shown in Japan's time).

    ``institution_code`` is the sender's 保険医療機関番号 of ten digits. ``author`` is the doctor who answers for the
    report. ``serial`` plus a record's row is its number among the sender's documents of the year (8 digits).
    """

    institution_code: str
    institution_name: str
    created: int
    author: str = field(repr=False)
    telephone: str = ""
    postal: str = ""
    address: str = ""
    report_code: str = "10"
    program_code: str = "010"
    serial: int = 0
    version: str = "1"

    @property
    def moment(self) -> str:
        """The hour of making with milliseconds and zone, as ``instant`` asks."""
        # Whole seconds and milliseconds apart: a float would lose the last digits.
        seconds, rest = divmod(self.created, 1000)
        return f"{datetime.fromtimestamp(seconds, UTC).astimezone(_JAPAN):%Y-%m-%dT%H:%M:%S}.{rest:03d}+09:00"


def is_day(text: str) -> bool:
    """Whether ``text`` is a whole date of the calendar, ISO."""
    if _DAY.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _branch(text: str) -> str:
    return text.zfill(2) if text.isascii() and text.isdigit() else text


def member_id(fields: Mapping[str, str]) -> str:
    """The insured person's identifier: insurer of eight digits, symbol, number, branch."""
    return ":".join(
        (
            fields.get("insurance.insurer", "").zfill(8),
            fields.get("insurance.symbol", ""),
            fields.get("insurance.number", ""),
            _branch(fields.get("insurance.branch", "")),
        )
    )


def missing_identity(record: NeutralRecord) -> tuple[str, ...]:
    """Targets that the profile requires and the record lacks, or has in a shape that cannot be said."""
    fields = record.fields
    number, symbol = fields.get("insurance.number", ""), fields.get("insurance.symbol", "")
    fits = {
        "insurance.insurer": re.fullmatch(r"[0-9]{1,8}", fields.get("insurance.insurer", "")) is not None,
        "insurance.number": bool(number) and _MEMBER_PART.fullmatch(clean(number)) is not None,
        "insurance.symbol": _MEMBER_PART.fullmatch(clean(symbol)) is not None,
        "insurance.branch": re.fullmatch(r"[0-9]{0,2}", fields.get("insurance.branch", "")) is not None,
        "person.kana": bool(clean(fields.get("person.kana", "")) or clean(fields.get("person.name", ""))),
        "person.sex": fields.get("person.sex", "") in _SEXES,
        "person.birth": is_day(fields.get("person.birth", "")),
        "visit.date": is_day(fields.get("visit.date", "")),
    }
    return tuple(target for target, good in fits.items() if not good)


def _institution(record: NeutralRecord, context: DocumentContext) -> dict[str, str]:
    own = {part: clean(record.fields.get(f"institution.{part}", "")) for part in _INSTITUTION}
    if own["code"]:
        return own
    return {
        "code": context.institution_code,
        "name": context.institution_name,
        "telephone": context.telephone,
        "postal": context.postal,
        "address": context.address,
    }


def _has_ticket(fields: Mapping[str, str]) -> bool:
    return bool(clean(fields.get("ticket.number", ""))) and fields.get("ticket.kind", "1") in {"", "1"}


def shown_fields(record: NeutralRecord, context: DocumentContext) -> dict[str, str]:
    """The record's fields as far as a Bundle carries them."""
    fields = record.fields
    shown = {target: clean(fields.get(target, "")) for target in _COPIED}
    # R1113: names are parted by a half-width blank or not at all.
    for target in ("person.name", "person.kana"):
        shown[target] = clean(fields.get(target, "")).replace("　", " ")
    report, program = fields.get("visit.report", ""), fields.get("visit.program", "")
    shown |= {
        "person.sex": fields["person.sex"],
        "person.birth": fields["person.birth"],
        "visit.date": fields["visit.date"],
        "visit.created": context.moment[:10],
        "visit.report": report if report in names.REPORT_CODES else context.report_code,
        "visit.program": program if program in names.PROGRAM_CODES else context.program_code,
        "insurance.insurer": fields["insurance.insurer"].zfill(8),
        "insurance.branch": _branch(fields.get("insurance.branch", "")),
    }
    shown |= {f"institution.{part}": value for part, value in _institution(record, context).items()}
    if _has_ticket(fields):
        expires = fields.get("ticket.expires", "")
        shown |= {
            "ticket.number": clean(fields["ticket.number"]),
            "ticket.kind": "1",
            "ticket.expires": expires if is_day(expires) else "",
            "insurance.insurer_name": clean(fields.get("insurance.insurer_name", "")),
        }
    return {target: value for target, value in shown.items() if value}


def shown_originals(fields: Mapping[str, str], context: DocumentContext) -> dict[str, str]:
    """What stands in the Bundle for these fields."""
    return dict(fields) | {"person.sex": _SEXES[fields["person.sex"]], "visit.created": context.moment}


def absent() -> Resource:
    """What stands beside a required element that the source does not know."""
    return {"extension": [{"url": names.ABSENT, "valueCode": "unknown"}]}


def meta(profile: str, context: DocumentContext) -> Resource:
    """``meta`` of a resource of this profile."""
    return {"lastUpdated": context.moment, "profile": [profile]}


def coded(system: str, code: str, display: str = "") -> Resource:
    """A concept of one coding."""
    coding = {"system": system, "code": code}
    return {"coding": [coding | {"display": display} if display else coding]}


def _text_or_absent(element: str, text: str) -> Resource:
    return {element: text} if text else {f"_{element}": absent()}


def _human_name(text: str, form: str) -> Resource:
    return {"extension": [{"url": names.NAME_FORM, "valueCode": form}], "use": "official", "text": text}


def patient(fields: Mapping[str, str], context: DocumentContext) -> Resource:
    """The examined person."""
    code = fields["institution.code"]
    identifiers = [{"system": names.MEMBER_ID, "value": member_id(fields)}]
    if own := fields.get("person.id"):
        root = f"{names.LOCAL_PATIENT}1" if names.INSTITUTION.fullmatch(code) else names.OTHER_PATIENT
        system = f"{root}{code}" if re.fullmatch(r"[0-9]{10}", code) else names.INSTANCE_ID
        identifiers.append({"system": system, "value": own})
    forms = (("person.name", "IDE"), ("person.kana", "SYL"))
    address: Resource = _text_or_absent("text", fields.get("person.address", ""))
    if postal := fields.get("person.postal"):
        address["postalCode"] = postal
    return {
        "resourceType": "Patient",
        "meta": meta(names.PATIENT_PROFILE, context),
        "identifier": identifiers,
        "name": [_human_name(fields[target], form) for target, form in forms if fields.get(target)],
        "gender": _SEXES[fields["person.sex"]],
        "birthDate": fields["person.birth"],
        "address": [address],
    }


def organization(parts: Mapping[str, str], roles: tuple[str, ...], context: DocumentContext) -> Resource:
    """An institution; ``roles`` are ``doc-org`` (made the report) and ``exec-org`` (did the checkup)."""
    made: Resource = {
        "resourceType": "Organization",
        "meta": meta(names.ORGANIZATION_PROFILE, context),
        "identifier": [{"system": names.INSTITUTION_ID, "value": parts["code"]}],
        "type": [coded(names.ORGANIZATIONS, role) for role in roles],
        **_text_or_absent("name", parts.get("name", "")),
    }
    if telephone := parts.get("telephone"):
        made["telecom"] = [{"system": "phone", "value": telephone}]
    if parts.get("address") or parts.get("postal"):
        text = _text_or_absent("text", parts.get("address", ""))
        made["address"] = [text | _text_or_absent("postalCode", parts.get("postal", ""))]
    return made


def insurer(fields: Mapping[str, str], context: DocumentContext) -> Resource:
    """The insurer that gave out the ticket."""
    return {
        "resourceType": "Organization",
        "meta": meta(names.INSURER_PROFILE, context),
        "identifier": [{"system": names.INSURER_ID, "value": fields["insurance.insurer"]}],
        "type": [coded(names.INSURERS, "ins")],
        **_text_or_absent("name", fields.get("insurance.insurer_name", "")),
    }


def practitioner(name: str, context: DocumentContext) -> Resource:
    """A doctor, by name."""
    return {
        "resourceType": "Practitioner",
        "meta": meta(names.PRACTITIONER_PROFILE, context),
        "name": [{"extension": [{"url": names.NAME_FORM, "valueCode": "IDE"}], "text": name}],
    }


def encounter(fields: Mapping[str, str], provider: str, context: DocumentContext) -> Resource:
    """The visit; ``provider`` is the reference of the institution that did the checkup."""
    made: Resource = {
        "resourceType": "Encounter",
        "meta": meta(names.ENCOUNTER_PROFILE, context),
    }
    if number := fields.get("visit.number"):
        made["identifier"] = [{"system": names.INSTANCE_ID, "value": number}]
    made["status"] = "finished"
    made["class"] = {"system": names.ENCOUNTERS, "code": "checkup", "display": "健診"}
    if course := fields.get("visit.course"):
        made["type"] = [{"text": course}]
    made["period"] = {"start": fields["visit.date"], "end": fields["visit.date"]}
    made["serviceProvider"] = {"reference": provider}
    return made


def ticket(fields: Mapping[str, str], person: str, payer: str, context: DocumentContext) -> Resource:
    """The 受診券; ``person`` and ``payer`` are references."""
    made: Resource = {
        "resourceType": "Coverage",
        "meta": meta(names.SERVICE_PROFILE, context),
        "identifier": [{"system": names.MEMBER_ID, "value": member_id(fields)}],
        "status": "active",
        "type": coded(names.TICKETS, "1"),
        "subscriberId": fields["ticket.number"],
        "beneficiary": {"reference": person},
    }
    if expires := fields.get("ticket.expires"):
        made["period"] = {"end": expires}
    made["payor"] = [{"reference": payer}]
    return made
