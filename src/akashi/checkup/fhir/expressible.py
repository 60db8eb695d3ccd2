"""What a Bundle of ours says of a record: the record that a reader gets back.

Guarantees: ``read_bundle(write_bundle(r)) == expressible(r)``, and what is expressible once stays so (property tests).
Refuses: nothing; what is lost is lost here and listed in docs/checkup-fhir.md. Trusts: the context.
"""

from __future__ import annotations

from akashi.checkup.fhir.forms import forms, numbered, with_names
from akashi.checkup.fhir.people import DocumentContext, shown_fields, shown_originals
from akashi.checkup.fhir.reader import MAP_ID
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import ItemResult, NeutralRecord


def expressible(record: NeutralRecord, items: ItemTable, context: DocumentContext) -> NeutralRecord:
    """The record as far as the eCheckup profile carries it. ``missing_identity(record)`` must be empty."""
    fields = shown_fields(record, context)
    results: list[ItemResult] = []
    for form in forms(record, items, fields["visit.program"]):
        results += [form.result, *form.components]
    made = with_names(numbered(results), items)
    return NeutralRecord(1, 0, MAP_ID, items.table_id, fields, shown_originals(fields, context), made)
