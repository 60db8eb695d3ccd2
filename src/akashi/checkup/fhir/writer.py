"""One record as one document Bundle of the eCheckup profile.

Guarantees: the same record and context give the same bytes (identifiers are UUIDv5 of what they name, the hour comes
from the context); our checker has nothing to say about it. Refuses: a context without a valid institution number, a
record for which :func:`missing_identity` is not empty. Trusts: the context.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID, uuid5

from akashi.checkup.fhir import names, people
from akashi.checkup.fhir.forms import Form, forms, left_out
from akashi.checkup.fhir.observations import group, observation
from akashi.checkup.fhir.people import DocumentContext, Resource, missing_identity, shown_fields
from akashi.checkup.fhir.strict_json import render
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import Finding, NeutralRecord
from akashi.errors import Misuse

__all__ = ["DocumentContext", "bundle", "missing_identity", "what_is_missing", "write_bundle"]

# The name space of our documents' identifiers; a constant of this format, like a magic number.
_SPACE = UUID("6a0b4c53-43ea-5d0e-9a37-2f3c6a1f0e44")


class _Entries:
    """The entries of one document in order, each under an identifier made of the document's and its own name."""

    def __init__(self, document: UUID) -> None:
        self._document = document
        self.made: list[Resource] = []

    def reference(self, name: str) -> str:
        return f"urn:uuid:{uuid5(self._document, name)}"

    def add(self, name: str, resource: Resource) -> str:
        reference = self.reference(name)
        self.made.append({"fullUrl": reference, "resource": resource})
        return reference


def _accepted(record: NeutralRecord, context: DocumentContext) -> None:
    if missing := missing_identity(record):
        raise Misuse(what=f"record without {', '.join(missing)}")
    if names.INSTITUTION.fullmatch(context.institution_code) is None:
        raise Misuse(what="the sender's number is not a 保険医療機関番号 of ten digits")
    if not context.author.strip() or not context.institution_name.strip():
        raise Misuse(what="a report needs an author and the sender's name")
    year = context.moment[:4]
    if re.fullmatch(r"20[23][0-9]", year) is None:
        raise Misuse(what="the year of the document")


def _people(entries: _Entries, fields: Mapping[str, str], context: DocumentContext) -> Mapping[str, str]:
    """Adds persons and institutions; role -> reference."""
    made = {"person": entries.add("patient", people.patient(fields, context))}
    made["author"] = entries.add("doctor/" + context.author, people.practitioner(context.author, context))
    did = {part: fields.get(f"institution.{part}", "") for part in ("code", "name", "telephone", "postal", "address")}
    if did["code"] == context.institution_code:
        made["sender"] = made["provider"] = entries.add(
            "institution", people.organization(did, ("exec-org", "doc-org"), context)
        )
    else:
        own = {
            "code": context.institution_code, "name": context.institution_name, "telephone": context.telephone,
            "postal": context.postal, "address": context.address,
        }  # fmt: skip
        made["sender"] = entries.add("sender", people.organization(own, ("doc-org",), context))
        made["provider"] = entries.add("institution", people.organization(did, ("exec-org",), context))
    made["visit"] = entries.add("visit", people.encounter(fields, made["provider"], context))
    if fields.get("ticket.number"):
        made["payer"] = entries.add("insurer", people.insurer(fields, context))
        made["ticket"] = entries.add("ticket", people.ticket(fields, made["person"], made["payer"], context))
    return made


def _results(
    entries: _Entries,
    results: tuple[Form, ...],
    items: ItemTable,
    fields: Mapping[str, str],
    roles: Mapping[str, str],
    context: DocumentContext,
) -> dict[str, list[str]]:
    """Adds the Observations, each series behind its head; section code -> references."""
    doctors = {context.author: roles["author"]}

    def doctor(name: str) -> str:
        if name not in doctors:
            doctors[name] = entries.add("doctor/" + name, people.practitioner(name, context))
        return doctors[name]

    def place(index: int) -> str:
        return entries.reference(f"result/{index}")

    series: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for index, form in enumerate(results):
        if form.result.group:
            relation = (form.item.group_rel if form.item else "") or "COMP"
            series.setdefault((form.section, form.result.group), []).append((place(index), relation))
    sections: dict[str, list[str]] = {}
    for index, form in enumerate(results):
        listed = sections.setdefault(form.section, [])
        members = series.pop((form.section, form.result.group), None)
        if members:
            head = group(form.result.group, members, fields, roles["person"], context)
            listed.append(entries.add(f"group/{form.section}/{form.result.group}", head))
        made = observation(form, items, fields, roles["person"], doctor, context)
        listed.append(entries.add(f"result/{index}", made))
    return sections


def _section(code: str, references: list[str]) -> Resource:
    shown = names.SECTION_NAMES[code]
    return {
        "title": shown,
        "code": people.coded(names.SECTIONS, code, shown),
        "entry": [{"reference": reference} for reference in references],
    }


def _composition(
    number: str,
    fields: Mapping[str, str],
    roles: Mapping[str, str],
    sections: Mapping[str, list[str]],
    context: DocumentContext,
) -> Resource:
    report, program = fields["visit.report"], fields["visit.program"]
    results = names.SECTIONS_OF.get(program, names.GENERAL_SECTIONS)[0]
    listed = dict(sections)
    if "ticket" in roles:
        listed = {results: [*listed.get(results, []), roles["ticket"]]} | {
            code: references for code, references in listed.items() if code != results
        }
    made: Resource = {
        "resourceType": "Composition",
        "meta": people.meta(names.COMPOSITION_PROFILE, context),
        "language": "ja",
        "extension": [{"url": names.VERSION, "valueString": context.version}],
        "identifier": {"system": names.INSTANCE_ID, "value": number},
        "status": "final",
        "type": people.coded(names.DOCUMENT_TYPES, "53576-5", "検診・健診報告書"),
        "category": [people.coded(names.REPORTS, report, names.REPORT_CODES[report])],
        "subject": {"reference": roles["person"]},
        "encounter": {"reference": roles["visit"]},
        "date": context.moment,
        "author": [{"reference": roles["author"]}, {"reference": roles["sender"]}],
        "title": "健診結果報告書",
        "custodian": {"reference": roles["sender"]},
        "event": [
            {
                "code": [people.coded(names.PROGRAMS, program, names.PROGRAM_CODES[program])],
                "period": {"start": fields["visit.date"], "end": fields["visit.date"]},
                "detail": [{"reference": roles["visit"]}],
            }
        ],
    }
    if listed:
        made["section"] = [_section(code, references) for code, references in listed.items()]
    return made


def _said(form: Form) -> list[str]:
    """All that tells one result from another, for the document's identifier."""
    said = form.result
    return [
        said.code, said.system, said.status.value, said.original, said.standard, said.unit, said.low, said.high, said.flag,
        said.method, said.text, said.performer, said.name,
        *(part for text in form.components for part in (text.code, text.original, text.performer)),
    ]  # fmt: skip


def bundle(record: NeutralRecord, context: DocumentContext, items: ItemTable) -> Resource:
    """The document as plain values; numbers are ``Decimal``. Raises :class:`Misuse` for what the caller should have asked."""
    _accepted(record, context)
    fields = shown_fields(record, context)
    results = forms(record, items, fields["visit.program"])
    said = render([fields, [_said(form) for form in results]])
    year = context.moment[:4]
    document = uuid5(
        _SPACE, f"{context.institution_code}^{context.created}^{record.row}^{uuid5(_SPACE, said.decode())}"
    )
    entries = _Entries(document)
    roles = _people(entries, fields, context)
    sections = _results(entries, results, items, fields, roles, context)
    number = f"{context.institution_code}-{year}-{(context.serial + record.row) % 10**8:08d}"
    head = {"fullUrl": entries.reference("report"), "resource": _composition(number, fields, roles, sections, context)}
    return {
        "resourceType": "Bundle",
        "meta": people.meta(names.BUNDLE_PROFILE, context),
        "identifier": {"system": names.BUNDLE_ID, "value": f"{context.institution_code}^{year}^{document}"},
        "type": "document",
        "timestamp": context.moment,
        "entry": [head, *entries.made],
    }


def what_is_missing(record: NeutralRecord, items: ItemTable) -> tuple[Finding, ...]:
    """The findings of writing this record: targets that it lacks (then it gets no document), results that stay outside."""
    lacking = [("fhir.identity", target) for target in missing_identity(record)]
    outside = [("fhir.left_out", code) for code in left_out(record, items)]
    return tuple(Finding(code, record.row, record.line, 0, item=item) for code, item in (*lacking, *outside))


def write_bundle(record: NeutralRecord, context: DocumentContext, items: ItemTable) -> bytes:
    """The document as JSON, UTF-8, one way of writing it."""
    return render(bundle(record, context, items))
